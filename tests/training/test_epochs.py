"""What is kept of the epochs: the best ones, checkpoints that remember them, epochs without weight, sizes of weights and data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_core.backends import cpu
from spectral_core.errors import InvalidInputError, ModelFileError
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.training.ensemble import train_ensemble
from spectral_core.training.trainer import train
from tests import oracles
from tests.builders import SAMPLES, data, model_of, network

CHECK = settings(deadline=None, derandomize=True, max_examples=25)


class Interrupted(Exception):
    """Raised by a callback."""


def stop_after(epoch: int) -> Any:
    def stop(progress: Any) -> None:
        if progress.epoch == epoch:
            raise Interrupted

    return stop


@pytest.fixture
def setting() -> tuple[SpectralNetwork, np.ndarray, np.ndarray]:
    model = model_of("global")
    theta, x, y = data(model, 1)
    return network(model, theta), x, y


def scripted(monkeypatch: pytest.MonkeyPatch, losses: list[float]) -> None:
    """The validation losses of the next trainings, whose step says which epoch it is: one mini-batch an epoch."""
    monkeypatch.setattr(cpu.CpuStepper, "evaluate", lambda stepper, problem: losses[stepper.step - 1])


@given(st.lists(st.integers(1, 4), min_size=3, max_size=8), st.integers(1, 4))
@CHECK
def test_the_window_of_the_last_epochs_has_their_number(losses: list[int], last: int) -> None:
    """The best of exactly so many last epochs, the first of equal ones; the best of all is kept beside it."""
    model = model_of("global")
    theta, x, y = data(model, 1)
    with pytest.MonkeyPatch.context() as patch:
        scripted(patch, [float(loss) for loss in losses])
        result = train(network(model, theta), x, y, epochs=len(losses), validation_data=(x, y), best_of_last=last)
    begin = max(len(losses) - last, 0)
    assert result.epoch == begin + int(np.argmin(losses[begin:])) + 1
    assert result.best_epoch == int(np.argmin(losses)) + 1


def test_patience_runs_out_on_a_plateau() -> None:
    """Everything is frozen: the first epoch is the best, and equal losses are no better ones."""
    model = model_of("global")
    theta, x, y = data(model, 1)
    frozen = network(model, theta, frozen=("eigenvectors", "eigenvalues"))
    result = train(frozen, x, y, epochs=20, validation_data=(x, y), patience=3)
    assert (result.best_epoch, len(result.history), result.stopped) == (1, 4, "patience")


@pytest.mark.parametrize("stop", [5, 7])
def test_a_continued_training_returns_the_best_of_its_last_epochs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: Any, stop: int
) -> None:
    """The best of all epochs lies before the window, and must not come back as the best of the window."""
    net, x, y = setting
    scripted(monkeypatch, [5.0, 1.0, 4.0, 4.0, 3.0, 2.5, 2.0, 3.0])
    options: dict[str, Any] = {"epochs": 8, "validation_data": (x, y), "best_of_last": 4}
    whole = train(net, x, y, **options)
    with pytest.raises(Interrupted):
        train(net, x, y, checkpoint=tmp_path / "state.npz", callbacks=[stop_after(stop)], **options)
    continued = train(net, x, y, checkpoint=tmp_path / "state.npz", **options)
    assert (whole.epoch, whole.best_epoch) == (continued.epoch, continued.best_epoch) == (7, 2)
    assert continued.network.parameters.tobytes() == whole.network.parameters.tobytes()
    assert continued.best_network.parameters.tobytes() == whole.best_network.parameters.tobytes()


@pytest.mark.parametrize("part", ["first_moment", "second_moment", "step"])
def test_the_checkpoint_of_another_state_is_refused(tmp_path: Path, setting: Any, part: str) -> None:
    net, x, y = setting
    state = train(net, x, y, epochs=2).state
    path, options = tmp_path / "state.npz", {"epochs": 4}
    with pytest.raises(Interrupted):
        train(net, x, y, state=state, checkpoint=path, callbacks=[stop_after(3)], **options)
    other = replace(state, **{part: getattr(state, part) + 1})
    with pytest.raises(ModelFileError, match="belongs to another training"):
        train(net, x, y, state=other, checkpoint=path, **options)
    continued = train(net, x, y, state=state, checkpoint=path, **options)
    assert (
        continued.network.parameters.tobytes() == train(net, x, y, state=state, **options).network.parameters.tobytes()
    )


# --- weights ----------------------------------------------------------------------------------------------------------


def test_an_epoch_without_weight_takes_no_step(setting: Any) -> None:
    """`drop_last` leaves one of three samples out; only one has a weight. It was reported as divergence."""
    net, x, y = setting
    result = train(net, x[:3], y[:3], epochs=20, batch_size=2, drop_last=True, sample_weight=[0, 0, 1])
    taken = [2 in oracles.order_of_samples(0, epoch, 3)[:2] for epoch in range(1, 21)]
    assert 0 < sum(taken) < 20
    assert result.state.step == sum(taken)
    losses = result.history.training_loss
    assert np.isfinite(losses).all()
    assert all(taken[i] or losses[i] == losses[i - 1] for i in range(1, 20))
    # Samples in their order: the weighted one is never there.
    still = train(net, x[:3], y[:3], epochs=3, batch_size=2, drop_last=True, sample_weight=[0, 0, 1], shuffle=False)
    assert still.network.parameters.tobytes() == net.parameters.tobytes()
    assert still.history.training_loss == [pytest.approx(net.loss(x[2:3], y[2:3]))] * 3
    assert (still.history.penalty, still.state.step) == ([0.0] * 3, 0)


@given(st.sampled_from([1e-300, 1e-42, 3.0, 1e38, 3e300]), st.booleans(), st.sampled_from(["float32", "float64"]))
@CHECK
def test_a_common_factor_of_the_weights_changes_nothing(factor: float, equal: bool, dtype: str) -> None:
    """In float32 the reciprocal of a large sum was a number without digits, and small weights became 0."""
    model = model_of("global")
    theta, x, y = data(model, 1)
    net = network(model, theta, dtype=dtype)
    weight = np.ones(SAMPLES) if equal else np.random.default_rng(2).integers(1, 5, SAMPLES) / 4
    tolerance = 1e-6 if dtype == "float32" else 1e-14
    plain = net.loss(x, y, sample_weight=weight)
    assert net.loss(x, y, sample_weight=factor * weight) == pytest.approx(plain, rel=tolerance)
    trained, same = (train(net, x, y, epochs=2, sample_weight=w).network for w in (weight, factor * weight))
    np.testing.assert_allclose(trained.parameters, same.parameters, rtol=0, atol=100 * tolerance)
    if equal:
        unweighted = train(net, x, y, epochs=2).network
        assert same.parameters.tobytes() == unweighted.parameters.tobytes()


# --- the type of the network ------------------------------------------------------------------------------------------


@given(st.floats(-1e9, 1e9), st.floats(1e-3, 1e6), st.integers(0, 99), st.booleans())
@CHECK
def test_data_are_refused_exactly_where_float32_loses_their_spread(
    offset: float, scale: float, seed: int, in_features: bool
) -> None:
    generator = np.random.default_rng(seed)
    x, y = generator.normal(size=(50, 2)), generator.normal(size=(50, 1))
    moved = offset + scale * (y if not in_features else x[:, :1])
    rounding = abs(moved).max() * 2.0**-24
    x, y = (np.hstack([x[:, 1:], moved]), y) if in_features else (x, moved)
    net = SpectralNetwork.initialize([2, 3, 1], seed=0)
    if rounding <= 1e-3 * (moved.max() - moved.min()):
        train(net, x, y, epochs=1, learning_rate=1e-12)
        return
    name = r"X\[:, 1\]" if in_features else r"y\[:, 0\]"
    with pytest.raises(InvalidInputError, match=f"{name} varies between .* which float32 hardly tells apart"):
        train(net, x, y, epochs=1)
    with pytest.raises(InvalidInputError, match="hardly tells apart"):
        train_ensemble([net], x, y, seeds=[0], epochs=1, backend="cpu")
    train(SpectralNetwork.initialize([2, 3, 1], seed=0, dtype="float64"), x, y, epochs=1, learning_rate=1e-12)


def test_constant_columns_pass_with_and_without_rounding() -> None:
    x = np.column_stack([np.full(9, 0.1), np.full(9, 1e9), np.arange(9.0)])
    x[3, 0] = np.nextafter(0.1, 1)
    train(SpectralNetwork.initialize([3, 2, 1], seed=0), x, np.arange(9.0), epochs=1, learning_rate=1e-12)
