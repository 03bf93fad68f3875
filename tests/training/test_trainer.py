"""Training against plain loops written from the papers, and what a training promises beyond its numbers."""

from __future__ import annotations

import os
import pickle
import re
import subprocess
import sys
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from spectral_core.errors import DivergenceError, InvalidInputError, ModelFileError
from spectral_core.kernels.tables import ONE_HIDDEN_SIZES
from spectral_core.networks.compact import CompactNetwork
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.resizing.compaction import compact
from spectral_core.training.trainer import train
from tests import oracles
from tests.builders import PARAMETRIZATIONS, ROOT, SAMPLES, Truth, data, eigenvalues, mixed, model_of, network
from tests.oracles import ACTIVATIONS, Model

SMOOTH = tuple(name for name in ACTIVATIONS if name not in oracles.KINKED)

CHECK = settings(
    deadline=None,
    derandomize=True,
    max_examples=25,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
"""For every property test, whatever profile another file loads: the first example may compile kernels."""


@given(
    st.sampled_from([*PARAMETRIZATIONS, *ONE_HIDDEN_SIZES]),
    st.sampled_from(SMOOTH),
    st.sampled_from(oracles.LOSSES),
    st.sampled_from(["group", "l1", "l2"]),
    st.sampled_from([0.0, 0.3]),
    st.sampled_from(["adam", "plain", "momentum", "nesterov"]),
    st.integers(1, SAMPLES + 1),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.integers(0, 2**32 - 1),
)
@settings(CHECK, max_examples=100)
def test_epochs_equal_the_loop_from_the_papers(
    form: str | tuple[int, int], activation: str, loss: str, penalty: str, strength: float, optimizer: str, batch: int,
    weighted: bool, apart: bool, proximal: bool, seed: int,
) -> None:  # fmt: skip
    """With `apart`, eigenvalues learn at their own rate and eigenvectors have a penalty of their own."""
    if isinstance(form, str):
        # Four inputs and two outputs: the products of the library.
        model = model_of(form, mixed(activation, SMOOTH, 2, seed), (4, 3, 2) if seed % 2 == 0 else (4, 3, 2, 2))
    else:  # one hidden layer, with kernels of its own; an odd seed makes the last input the constant 1
        assume(loss != "cross_entropy" or form[1] > 1)
        model = Model("global", (form[0], 5, form[1]), activation, bias=bool(seed % 2))
    theta, x, y = data(model, seed, loss)
    weight = np.random.default_rng(seed).uniform(0.5, 2, SAMPLES) if weighted else None
    rates = np.where(eigenvalues(model) & apart, 0.01, 0.05)
    truth = Truth(
        model, x, y, batch, loss, penalty, strength, weight, 0.2 if apart else 0.0, rates if proximal else None
    )
    extra = {"eigenvalue_learning_rate": 0.01, "eigenvector_penalty": 0.2} if apart else {}
    epochs = 2
    steps = epochs * len(truth.rows)
    options: dict[str, Any] = {"learning_rate": 0.05, "betas": (0.8, 0.95), "epsilon": 1e-3}
    momentum, nesterov = (0.0 if optimizer == "plain" else 0.7), optimizer == "nesterov"
    if optimizer != "adam":
        options = {"optimizer": "sgd", "learning_rate": 0.05, "momentum": momentum, "nesterov": nesterov}

    def loop(start: np.ndarray, truth: Truth) -> np.ndarray:
        with np.errstate(over="ignore", invalid="ignore"):  # a training that diverges has no digits to compare
            if optimizer == "adam":
                return oracles.adam(start, truth.slope, steps, rates, 0.8, 0.95, 1e-3, truth.shrink)
            return oracles.sgd(start, truth.slope, steps, rates, momentum, nesterov, truth.shrink)

    final = loop(theta, truth)
    assume(np.all(abs(final) < 100))
    # A training amplifies rounding. So does the loop itself, from a start that is moved by a few roundings.
    moved = copy(truth)
    moved.losses, moved.penalties = [], []
    again = loop(theta * (1 + 1e-15), moved)
    spread = max(abs(again - final).max(), *(abs(np.array(moved.losses) - truth.losses) / np.abs(truth.losses)))
    assume(spread < 1e-8)
    allowed = 1e-12 + 100 * spread
    result = train(
        network(model, theta, frozen=()), x, y, loss=loss, epochs=epochs, batch_size=batch, penalty=penalty,
        penalty_strength=strength, proximal=proximal, sample_weight=weight, shuffle=False, **options, **extra,
    )  # fmt: skip
    np.testing.assert_allclose(result.network.parameters, final, rtol=0, atol=allowed)
    # History: each epoch's mean over its mini-batches, the loss weighted by the samples in them.
    weights = [len(rows) if weight is None else weight[rows].sum() for rows in truth.rows]
    losses = np.reshape(truth.losses, (epochs, -1)) @ weights / sum(weights)
    np.testing.assert_allclose(result.history.training_loss, losses, rtol=allowed)
    np.testing.assert_allclose(
        result.history.penalty, np.reshape(truth.penalties, (epochs, -1)).mean(axis=1), rtol=allowed, atol=1e-15
    )


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_the_first_steps_have_twelve_digits(optimizer: str) -> None:
    """The published defaults, one well-conditioned problem."""
    model = model_of("global")
    theta, x, y = data(model, 1)
    truth = Truth(model, x, y, 3, "squared_error", "group", 1e-2, None)
    result = train(
        network(model, theta), x, y, epochs=1, batch_size=3, optimizer=optimizer, penalty_strength=1e-2, shuffle=False,
        learning_rate=1e-3,
    )  # fmt: skip
    loop = {"adam": lambda: oracles.adam(theta, truth.slope, 3, 1e-3, 0.9, 0.999, 1e-8)}
    final = loop.get(optimizer, lambda: oracles.sgd(theta, truth.slope, 3, 1e-3, 0.0, False))()
    np.testing.assert_allclose(result.network.parameters, final, rtol=0, atol=1e-12)


@pytest.mark.parametrize("activation", oracles.KINKED)
def test_kinked_activations_train_from_the_linear_seed(activation: str) -> None:
    """Every hidden z is 0 at first, the place where the convention f'(0) from the left matters."""
    model = Model("global", (3, 4, 2), activation, True)
    net = SpectralNetwork.initialize([2, 4, 2], activation=activation, dtype="float64", seed=3)
    _, x, y = data(model, 5)
    truth = Truth(model, x, y, SAMPLES, "squared_error", "group", 0.1, None)
    final = oracles.sgd(net.parameters, truth.slope, 1, 0.1, 0.0, False)
    result = train(
        net, x, y, epochs=1, batch_size=SAMPLES, optimizer="sgd", learning_rate=0.1, penalty_strength=0.1, shuffle=False
    )
    np.testing.assert_allclose(result.network.parameters, final, rtol=0, atol=1e-13)


@given(st.sampled_from(PARAMETRIZATIONS), st.sampled_from(["adam", "sgd"]), st.data())
@CHECK
def test_frozen_groups_keep_their_bits(parametrization: str, optimizer: str, data_: st.DataObject) -> None:
    model = model_of(parametrization)
    theta, x, y = data(model, 2)
    families = {
        "global": ["eigenvectors", "eigenvalues", "eigenvectors[0]", "eigenvalues[1]", "eigenvalues[2]"],
        "layerwise": ["eigenvectors", "eigenvalues", "eigenvalues_in", "eigenvalues_out[0]", "eigenvectors[1]"],
        "direct": ["blocks", "blocks[3,1]", "blocks[2,1]"],
    }[parametrization]
    frozen = tuple(data_.draw(st.sets(st.sampled_from(families))))
    net = network(model, theta, frozen=frozen)
    options = {"epochs": 2, "batch_size": 3, "optimizer": optimizer, "learning_rate": 0.01, "penalty_strength": 0.1}
    trained, free = (train(start, x, y, **options).network for start in (net, network(model, theta)))
    assert trained.frozen == frozen
    held = set(net.layout.select(frozen))
    for name, group in net.layout.groups.items():
        same = group.view(trained.parameters).tobytes() == group.view(theta).tobytes()
        assert same is (name in held), name
    if not held:
        assert trained.parameters.tobytes() == free.parameters.tobytes()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_given_network_and_data_are_left_alone(dtype: str) -> None:
    model = model_of("global")
    theta, x, y = data(model, 3)
    net = network(model, theta, dtype=dtype)
    before, inputs, targets = net.parameters.copy(), x.copy(), y.copy()
    result = train(net, x, y, epochs=3, batch_size=2)
    assert np.array_equal(net.parameters, before)
    assert np.array_equal(x, inputs)
    assert np.array_equal(y, targets)
    assert result.network.dtype == dtype
    assert not np.array_equal(result.network.parameters, before)


@given(st.integers(0, 1000), st.integers(1, SAMPLES + 1), st.sampled_from(["float32", "float64"]))
@CHECK
def test_the_seed_decides_the_bits(seed: int, batch: int, dtype: str) -> None:
    model = model_of("global")
    theta, x, y = data(model, 4)
    net = network(model, theta, dtype=dtype)
    options = {"epochs": 3, "batch_size": batch, "penalty_strength": 0.01}
    first, second = (train(net, x, y, seed=seed, **options) for _ in range(2))
    assert first.network.parameters.tobytes() == second.network.parameters.tobytes()
    assert first.history == second.history
    if batch < SAMPLES:
        other = train(net, x, y, seed=seed + 1, **options)
        assert first.network.parameters.tobytes() != other.network.parameters.tobytes()


def test_every_epoch_has_its_own_order_and_longer_trainings_begin_alike() -> None:
    model = model_of("global")
    theta, x, y = data(model, 4)
    net = network(model, theta)
    short, long = (train(net, x, y, epochs=epochs, batch_size=2, seed=9) for epochs in (2, 4))
    assert long.history.training_loss[:2] == short.history.training_loss
    plain = train(net, x, y, epochs=2, batch_size=2, shuffle=False)
    assert plain.history.training_loss != short.history.training_loss


def test_a_full_batch_does_not_care_about_the_order() -> None:
    model = model_of("layerwise")
    theta, x, y = data(model, 4)
    net = network(model, theta)
    results = [train(net, x, y, epochs=2, batch_size=size, seed=size).network.parameters for size in (SAMPLES, 1000)]
    np.testing.assert_allclose(*results, rtol=0, atol=1e-12)


@pytest.mark.parametrize("weight", [[1, 1, 0, 0, 0, 2, 1], [0, 0, 0, 1, 1, 1, 1]])
def test_samples_of_no_weight_might_as_well_not_be_there(weight: list[float]) -> None:
    """Also where a whole mini-batch has no weight: no step is taken."""
    model = model_of("global")
    theta, x, y = data(model, 6)
    net, weight = network(model, theta), np.array(weight, float)
    weighted = train(net, x, y, epochs=1, batch_size=3, sample_weight=weight, shuffle=False, optimizer="sgd")
    x[weight == 0], y[weight == 0] = 5, -5
    other = train(net, x, y, epochs=1, batch_size=3, sample_weight=weight, shuffle=False, optimizer="sgd")
    assert weighted.network.parameters.tobytes() == other.network.parameters.tobytes()
    assert weighted.history == other.history


# --- history, callbacks, early stopping -------------------------------------------------------------------------------


@pytest.mark.parametrize("parametrization", PARAMETRIZATIONS)
def test_history_has_one_entry_an_epoch(parametrization: str) -> None:
    model = model_of(parametrization)
    theta, x, y = data(model, 8)
    seen: list[tuple[int, int, int, bytes]] = []

    def watch(progress: Any) -> None:
        seen.append((progress.epoch, progress.epochs, len(progress.history), progress.network.parameters.tobytes()))

    validation = (x[:3], y[:3])
    result = train(network(model, theta), x, y, epochs=4, batch_size=3, validation_data=validation, callbacks=[watch])
    history = result.history
    assert len(history) == 4
    lengths = {len(history.training_loss), len(history.validation_loss), len(history.penalty)}
    assert lengths | {len(history.eigenvalue_norms)} == {4}
    assert [entry[:3] for entry in seen] == [(epoch, 4, epoch) for epoch in range(1, 5)]
    assert seen[-1][3] == result.network.parameters.tobytes()
    assert (result.best_epoch, result.stopped) == (4, "epochs")
    assert history.validation_loss[-1] == pytest.approx(result.network.loss(*validation), rel=1e-13)
    values = result.network.eigenvalues
    vectors = [vector for pair in values for vector in pair] if parametrization == "layerwise" else values
    assert history.eigenvalue_norms[-1] == [pytest.approx(np.sqrt((vector**2).sum())) for vector in vectors]
    assert train(network(model, theta), x, y, epochs=2).history.validation_loss == []


def test_a_callback_ends_the_training_and_all_of_them_are_called() -> None:
    model = model_of("global")
    theta, x, y = data(model, 8)
    calls: list[str] = []
    callbacks = [lambda p: calls.append("a") or p.epoch == 2, lambda p: calls.append("b") or "go on"]
    result = train(network(model, theta), x, y, epochs=5, callbacks=callbacks)
    assert calls == ["a", "b"] * 2
    assert (len(result.history), result.stopped, result.epoch) == (2, "callback", 2)
    short = train(network(model, theta), x, y, epochs=2)
    assert result.network.parameters.tobytes() == short.network.parameters.tobytes()


@given(st.integers(0, 50), st.integers(1, 3))
@CHECK
def test_early_stopping_returns_the_best_epoch(seed: int, patience: int) -> None:
    model = model_of("global")
    theta, x, y = data(model, seed)
    _, other_x, other_y = data(model, seed + 1000)
    snapshots: list[bytes] = []
    result = train(
        network(model, theta), x, y, epochs=30, batch_size=3, learning_rate=0.1, validation_data=(other_x, other_y),
        patience=patience, callbacks=[lambda p: snapshots.append(p.network.parameters.tobytes())],
    )  # fmt: skip
    losses = result.history.validation_loss
    best = int(np.argmin(losses)) + 1
    assert result.best_epoch == best
    assert result.network.parameters.tobytes() == snapshots[best - 1]
    waits = [epoch - int(np.argmin(losses[:epoch])) - 1 for epoch in range(1, len(losses) + 1)]
    assert all(wait < patience for wait in waits[:-1])
    if len(losses) < 30:
        assert result.stopped == "patience"
        assert waits[-1] == patience


# --- divergence -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_divergence_names_the_epoch_and_returns_the_best_network(optimizer: str, dtype: str) -> None:
    model = model_of("global", "identity", (3, 3, 3, 2))
    theta, x, y = data(model, 9)
    net = network(model, theta, dtype=dtype)
    snapshots: list[tuple[float, bytes]] = []

    def watch(progress: Any) -> None:
        snapshots.append((progress.history.training_loss[-1], progress.network.parameters.tobytes()))

    with pytest.raises(DivergenceError, match=r"diverged in epoch \d+") as caught:
        train(net, x, y, epochs=500, optimizer=optimizer, learning_rate=1e30, callbacks=[watch], batch_size=3)
    error = caught.value
    assert error.epoch == len(snapshots) + 1
    assert f"epoch {error.epoch}" in str(error)
    best = min(snapshots, key=lambda entry: entry[0], default=(0, net.parameters.tobytes()))
    assert error.network.parameters.tobytes() == best[1]
    assert isinstance(error, ArithmeticError)


def test_a_diverging_start_returns_the_start() -> None:
    model = model_of("direct", "identity")
    _, x, y = data(model, 9)
    net = network(model, np.full(model.size, 1e200))
    with pytest.raises(DivergenceError) as caught:
        train(net, x, y, epochs=3)
    assert caught.value.epoch == 1
    assert np.array_equal(caught.value.network.parameters, net.parameters)


# --- checkpoints ------------------------------------------------------------------------------------------------------


class Interrupt:
    """A callback that raises once, after a given epoch."""

    def __init__(self, epoch: int, error: BaseException) -> None:
        self.epoch, self.error, self.seen = epoch, error, []

    def __call__(self, progress: Any) -> None:
        self.seen.append(progress.epoch)
        if progress.epoch == self.epoch:
            self.epoch = -1
            raise self.error


@given(
    st.sampled_from(PARAMETRIZATIONS),
    st.sampled_from(["adam", "sgd"]),
    st.sampled_from(["float32", "float64"]),
    st.none() | st.integers(1, 4),
    st.lists(st.integers(1, 7), min_size=1, max_size=2, unique=True).map(sorted),
    st.integers(0, 99),
)
@settings(CHECK, max_examples=40)
def test_an_interrupted_training_continues_with_the_same_bits(
    tmp_path_factory: pytest.TempPathFactory, parametrization: str, optimizer: str, dtype: str, patience: int | None,
    epochs: list[int], seed: int,
) -> None:  # fmt: skip
    model = model_of(parametrization)
    theta, x, y = data(model, seed)
    _, other_x, other_y = data(model, seed + 1)
    net = network(model, theta, dtype=dtype)
    path = tmp_path_factory.getbasetemp() / "state" / "checkpoint.npz"
    options: dict[str, Any] = {
        "epochs": 7, "batch_size": 3, "optimizer": optimizer, "learning_rate": 0.1, "momentum": 0.5, "seed": seed,
        "validation_data": (other_x, other_y), "patience": patience, "penalty_strength": 0.01,
    }  # fmt: skip
    undisturbed = train(net, x, y, **options)
    interrupted = 0
    for epoch in epochs:
        stop = Interrupt(epoch, KeyboardInterrupt())
        try:
            result = train(net, x, y, checkpoint=path, callbacks=[stop], **options)
        except KeyboardInterrupt:
            interrupted += 1
            assert path.exists() == (epoch > 1), "an epoch that its callbacks did not see is done again"
        else:
            break
    else:
        result = train(net, x, y, checkpoint=path, **options)
    assert not path.exists()
    assert interrupted == sum(epoch <= len(undisturbed.history) for epoch in epochs)
    assert result.network.parameters.tobytes() == undisturbed.network.parameters.tobytes()
    assert result.history == undisturbed.history
    assert (result.best_epoch, result.stopped) == (undisturbed.best_epoch, undisturbed.stopped)


def test_only_the_epoch_that_a_callback_interrupted_is_run_again(tmp_path: Path) -> None:
    model = model_of("global")
    theta, x, y = data(model, 1)
    stop = Interrupt(3, RuntimeError("boom"))
    options: dict[str, Any] = {"epochs": 5, "checkpoint": tmp_path / "state.npz", "callbacks": [stop]}
    with pytest.raises(RuntimeError, match="boom"):
        train(network(model, theta), x, y, **options)
    train(network(model, theta), x, y, **options)
    assert stop.seen == [1, 2, 3, 3, 4, 5]
    assert list(tmp_path.iterdir()) == []


def test_a_kept_checkpoint_gives_the_result_at_once(tmp_path: Path) -> None:
    model = model_of("global")
    theta, x, y = data(model, 1)
    path = tmp_path / "state.npz"
    seen = Interrupt(0, RuntimeError())
    options: dict[str, Any] = {"epochs": 3, "checkpoint": path, "keep_checkpoint": True, "callbacks": [seen]}
    first, second = (train(network(model, theta), x, y, **options) for _ in range(2))
    assert seen.seen == [1, 2, 3]
    assert path.exists()
    assert first.network.parameters.tobytes() == second.network.parameters.tobytes()
    assert (first.history, first.best_epoch) == (second.history, second.best_epoch)


def test_an_interrupt_within_an_epoch_keeps_the_last_whole_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The optimizer works in place, so a half-done epoch must not reach the file."""
    from spectral_core.backends import cpu

    model = model_of("global")
    theta, x, y = data(model, 1)
    options: dict[str, Any] = {"epochs": 4, "batch_size": 2}
    undisturbed = train(network(model, theta), x, y, **options)
    run, calls = cpu.CpuStepper.epoch, []

    def epoch(self: Any, *given: np.ndarray) -> Any:
        calls.append(run(self, *given))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return calls[-1]

    with monkeypatch.context() as patch:
        patch.setattr(cpu.CpuStepper, "epoch", epoch)
        with pytest.raises(KeyboardInterrupt):
            train(network(model, theta), x, y, checkpoint=tmp_path / "state.npz", **options)
    result = train(network(model, theta), x, y, checkpoint=tmp_path / "state.npz", **options)
    assert result.network.parameters.tobytes() == undisturbed.network.parameters.tobytes()
    assert result.history == undisturbed.history


@pytest.fixture
def unfinished(tmp_path: Path) -> tuple[Path, SpectralNetwork, np.ndarray, np.ndarray]:
    model = model_of("global")
    theta, x, y = data(model, 1)
    path, net = tmp_path / "state.npz", network(model, theta)
    with pytest.raises(KeyboardInterrupt):
        train(net, x, y, epochs=5, checkpoint=path, callbacks=[Interrupt(2, KeyboardInterrupt())])
    return path, net, x, y


@pytest.mark.parametrize(
    "change",
    [
        {"epochs": 6}, {"seed": 1}, {"batch_size": 2}, {"learning_rate": 1e-2}, {"optimizer": "sgd"},
        {"penalty_strength": 0.1}, {"penalty_strength": 0.1, "penalty": "l1"},
        {"eigenvector_penalty": 0.1}, {"eigenvalue_learning_rate": 0.1}, {"momentum": 0.5}, {"patience": 3, "validation": 1}, {"shuffle": False}, {"sample_weight": [1, 1, 1, 1, 1, 1, 2]},
        {"betas": (0.5, 0.9)}, {"x": 2.0}, {"y": 2.0}, {"theta": 2.0}, {"activation": "elu"}, {"frozen": ("eigenvectors",)},
    ],
    ids=str,
)  # fmt: skip
def test_the_checkpoint_of_another_training_is_refused(unfinished: Any, change: dict[str, Any]) -> None:
    path, net, x, y = unfinished
    before = path.read_bytes()
    options: dict[str, Any] = {"epochs": 5, "checkpoint": path} | change
    if options.pop("validation", None):
        options["validation_data"] = (x, y)
    x, y = x * options.pop("x", 1), y * options.pop("y", 1)
    theta = net.parameters * options.pop("theta", 1)
    other = SpectralNetwork(
        *Model("global", net.widths).parts(theta), activation=options.pop("activation", "tanh"), bias=True,
        frozen=options.pop("frozen", ()),
    )  # fmt: skip
    with pytest.raises(ModelFileError, match=r"state\.npz belongs to another training"):
        train(other, x, y, **options)
    assert path.read_bytes() == before


def test_damaged_and_foreign_checkpoints_are_refused(unfinished: Any) -> None:
    path, net, x, y = unfinished
    content = path.read_bytes()
    for damaged in (content[:-30], content[: len(content) // 2], b"garbage", b""):
        path.write_bytes(damaged)
        with pytest.raises(ModelFileError, match=r"state\.npz"):
            train(net, x, y, epochs=5, checkpoint=path)
    net.save(path)
    with pytest.raises(ModelFileError, match="holds a network; expected checkpoint"):
        train(net, x, y, epochs=5, checkpoint=path)
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match="checkpoint; expected network"):
        SpectralNetwork.load(path)


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"epochs": 0}, "epochs must be a whole number of at least 1; got 0"),
        ({"epochs": 2.5}, "epochs must be a whole number"),
        ({"batch_size": 0}, "batch_size must be a whole number"),
        ({"learning_rate": 0}, "learning_rate must be more than 0; got 0"),
        ({"learning_rate": -1.0}, "learning_rate must be more than 0"),
        ({"learning_rate": np.nan}, "learning_rate"),
        ({"learning_rate": "fast"}, "learning_rate must be a number; got 'fast'"),
        ({"betas": (0.9, 1.5)}, r"betas\[1\] must be at least 0 and less than 1; got 1.5"),
        ({"betas": (0.9, 1.0)}, r"betas\[1\]"),
        ({"betas": (1.0, 0.9)}, r"betas\[0\]"),
        ({"betas": 0.9}, "betas"),
        ({"betas": (0.9,)}, "betas"),
        ({"eigenvalue_learning_rate": 0}, "eigenvalue_learning_rate must be more than 0"),
        ({"eigenvector_penalty": -1}, "eigenvector_penalty must be at least 0"),
        ({"epsilon": 0}, "epsilon must be more than 0"),
        ({"momentum": 1.5}, "momentum must be at least 0 and at most 1"),
        ({"penalty_strength": -0.1}, "penalty_strength must be at least 0"),
        ({"penalty": "l3"}, "penalty must be one of group, l1, l2; got 'l3'"),
        ({"optimizer": "newton"}, "optimizer must be one of adam, sgd, lbfgs, levenberg_marquardt; got 'newton'"),
        ({"loss": "hinge"}, "loss must be one of"),
        ({"seed": -1}, "seed must be a whole number"),
        ({"patience": 3}, "patience needs validation_data"),
        ({"threads": 0}, "threads must be a whole number, 1 or more; got 0|threads must be"),
        ({"patience": 0, "validation_data": (np.ones((1, 2)), np.ones((1, 2)))}, "patience must be a whole number"),
        ({"validation_data": np.ones((1, 2))}, r"validation_data must be a pair \(X, y\)"),
        ({"validation_data": (np.ones((1, 3)), np.ones((1, 2)))}, r"2 feature column\(s\)"),
        ({"sample_weight": [1, 2]}, "sample_weight must have shape"),
        ({"callbacks": 5}, "callbacks"),
        ({"callbacks": [5]}, "callbacks"),
    ],
    ids=str,
)
def test_options_that_are_refused(options: dict[str, Any], words: str) -> None:
    model = model_of("global")
    theta, x, y = data(model, 1)
    with pytest.raises(InvalidInputError, match=words):
        train(network(model, theta), x, y, **options)


def test_everything_frozen_changes_nothing() -> None:
    model = model_of("global")
    theta, x, y = data(model, 1)
    net = network(model, theta, frozen=("eigenvectors", "eigenvalues"))
    result = train(net, x, y, epochs=2, penalty_strength=0.1)
    assert result.network.parameters.tobytes() == net.parameters.tobytes()
    assert result.history.training_loss[0] == pytest.approx(net.loss(x, y))


# --- compiled code: in processes of their own -------------------------------------------------------------------------

SIGNATURES = """
import numpy as np
from spectral_core.kernels.cpu import dense as cpu, one_hidden as fused
from spectral_core.kernels.tables import ONE_HIDDEN_SIZES
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.training.trainer import train

generator = np.random.default_rng(0)
for parametrization in ("global", "layerwise", "direct"):
    net = SpectralNetwork.initialize([3, 4, 2], parametrization=parametrization, dtype="float32")
    x, y = generator.normal(size=(9, 3)), generator.normal(size=(9, 2))
    protected = x.astype("float32")
    protected.flags.writeable = False
    for inputs in (x, x.tolist(), np.asfortranarray(x), x.astype("float32"), protected, x.astype(">f8"), x.round().astype(int)):
        train(net, inputs, y, epochs=2, batch_size=4, validation_data=(inputs, y), penalty_strength=0.1)
        train(net, inputs, [0, 1, 0, 1, 0, 1, 0, 1, 1], loss="cross_entropy", epochs=1, optimizer="sgd")
        net.loss_and_gradients(inputs, y)
for inputs, outputs in ONE_HIDDEN_SIZES:
    net = SpectralNetwork.initialize([inputs, 4, outputs], bias=False, dtype="float32")
    for data in (x[:, [0, 1, 2, 0][:inputs]], np.asfortranarray(x[:, [0, 1, 2, 0][:inputs]])):
        train(net, data, y[:, :outputs], epochs=2, batch_size=4, penalty_strength=0.1)
counts = {name: len(f.signatures) for home in (cpu, fused) for name, f in vars(home).items() if hasattr(f, "signatures")}
called = [n for n in counts if n.startswith(("epoch_", "predict_", "gradient_"))] + ["output_loss"]
print({n: counts[n] for n in called if counts[n] != 1})
"""


def run(code: str, *arguments: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *arguments], cwd=ROOT, env=os.environ | environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_one_compiled_signature_for_each_kernel() -> None:
    """In one dtype, whatever the memory order, byte order, type or protection of the given arrays."""
    assert run(SIGNATURES).strip() == "{}"


BITS = """
import numpy as np
from spectral_core.kernels.cpu import dense as cpu, one_hidden as fused
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.training.trainer import train

generator = np.random.default_rng(0)
x, y = generator.normal(size=(50, 6)), generator.normal(size=(50, 3))
net = SpectralNetwork.initialize([6, 8, 8, 3], activation="gelu", dtype="float32")
result = train(net, x, y, epochs=5, batch_size=7, penalty_strength=0.1, validation_data=(x, y))
print(result.network.parameters.tobytes().hex(), result.history)
narrow = train(SpectralNetwork.initialize([2, 8, 1], activation="tanh"), x[:, :2], y[:, :1], epochs=5, batch_size=7)
print(narrow.network.parameters.tobytes().hex(), narrow.history)
print(sum(sum(epoch.stats.cache_hits.values()) for epoch in (cpu.epoch_global, fused.epoch_3_1)))
"""


def test_slow_a_cold_and_a_warm_cache_give_the_same_bits(tmp_path: Path) -> None:
    """The slow one: compiles in an empty cache (about half a minute), then runs again from the cache."""
    *cold, cold_hits = run(BITS, NUMBA_CACHE_DIR=str(tmp_path)).splitlines()
    *warm, warm_hits = run(BITS, NUMBA_CACHE_DIR=str(tmp_path)).splitlines()
    assert (cold_hits, warm_hits) == ("0", "2")
    assert cold == warm


WIDE = """
import sys
import numpy as np
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.training.trainer import train

generator = np.random.default_rng(0)
x, y = generator.normal(size=(300, 300)), generator.normal(size=(300, 300))
net = SpectralNetwork.initialize([300, 300, 300], dtype="float32", start="dense", parametrization="layerwise")
result = train(net, x, y, epochs=2, batch_size=300, threads=int(sys.argv[1]))
print(result.network.parameters.tobytes().hex()[:4000], result.history)
"""


def test_the_environment_does_not_choose_the_bits() -> None:
    """27 million multiply-adds in a product, which a library splits among its threads; `threads` decides how many."""
    for threads in ("1", "2"):
        seen = {run(WIDE, threads, OPENBLAS_NUM_THREADS=given) for given in ("1", "2")}
        assert len(seen) == 1


def test_the_best_of_the_last_epochs_is_kept() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 3))
    y = x[:, :1] ** 2
    net = SpectralNetwork.initialize([3, 8, 1], dtype="float64")
    seen: list[np.ndarray] = []
    options = {"epochs": 12, "learning_rate": 0.2, "batch_size": 8, "validation_data": (x, y)}
    result = train(net, x, y, best_of_last=4, callbacks=[lambda p: seen.append(p.network.parameters)], **options)
    losses = result.history.validation_loss
    assert np.argmin(losses) < 8, "the best of all epochs lies earlier, or this test shows nothing"
    assert (result.epoch, result.best_epoch) == (9 + int(np.argmin(losses[8:])), 1 + int(np.argmin(losses)))
    assert np.array_equal(result.network.parameters, seen[result.epoch - 1])
    assert np.array_equal(result.best_network.parameters, seen[result.best_epoch - 1])
    assert train(net, x, y, best_of_last=50, **options).epoch == 1 + int(np.argmin(losses))
    # Stopped before those epochs begin, the last one counts.
    stopped = train(net, x, y, best_of_last=4, callbacks=[lambda p: p.epoch == 3], **options)
    assert (stopped.epoch, len(stopped.history)) == (3, 3)
    assert np.array_equal(stopped.network.parameters, seen[2])
    with pytest.raises(InvalidInputError, match="best_of_last needs validation_data"):
        train(net, x, y, best_of_last=3)
    with pytest.raises(InvalidInputError, match="leave out best_of_last"):
        train(net, x, y, best_of_last=3, patience=3, validation_data=(x, y))


@pytest.mark.parametrize(("rate", "batch_size"), [(10.0, 40), (0.1, 40), (0.03, 10)])
def test_the_network_of_a_divergence_is_no_worse_than_the_start(rate: float, batch_size: int) -> None:
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(40, 3)), rng.normal(size=(40, 1))
    net = SpectralNetwork.initialize([3, 6, 1], activation="identity", dtype="float64")
    net = net.with_parameters(rng.normal(size=net.n_parameters))
    with pytest.raises(DivergenceError) as caught:
        train(net, x, y, optimizer="sgd", learning_rate=rate, epochs=200, batch_size=batch_size)
    assert caught.value.epoch > 1, "an epoch must end before, or there is nothing to choose from"
    assert caught.value.network.loss(x, y) <= net.loss(x, y)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.epoch) == (str(caught.value), caught.value.epoch)
    assert np.array_equal(again.network.parameters, caught.value.network.parameters)


def test_a_stop_by_a_callback_is_kept_in_the_checkpoint(tmp_path: Path) -> None:
    model = model_of("global")
    theta, x, y = data(model, 4)
    options: dict[str, Any] = {
        "epochs": 20, "checkpoint": tmp_path / "state.npz", "keep_checkpoint": True,
        "callbacks": [lambda p: p.epoch == 5],
    }  # fmt: skip
    first, second = (train(network(model, theta), x, y, **options) for _ in range(2))
    assert (first.stopped, len(first.history)) == (second.stopped, len(second.history)) == ("callback", 5)
    assert first.network.parameters.tobytes() == second.network.parameters.tobytes()


def test_a_divergence_leaves_no_checkpoint(tmp_path: Path) -> None:
    model = model_of("global", "identity")
    theta, x, y = data(model, 4)
    with pytest.raises(DivergenceError):
        train(
            network(model, theta), x, y, optimizer="sgd", learning_rate=1e30, epochs=50, checkpoint=tmp_path / "c.npz"
        )
    assert list(tmp_path.iterdir()) == []


# --- continuing, dropping, compact networks ---------------------------------------------------------------------------


@given(st.sampled_from(PARAMETRIZATIONS), st.integers(1, 3), st.integers(1, 3), st.sampled_from(["adam", "sgd"]))
@CHECK
def test_a_continued_training_gives_the_bits_of_one(form: str, first: int, second: int, optimizer: str) -> None:
    model = model_of(form)
    theta, x, y = data(model, 4)
    options: dict[str, Any] = {"batch_size": 3, "optimizer": optimizer, "seed": 5, "learning_rate": 0.01}
    net = network(model, theta)
    whole = train(net, x, y, epochs=first + second, **options)
    part = train(net, x, y, epochs=first, **options)
    moments = part.state.first_moment.copy()
    rest = train(part.network, x, y, epochs=second, state=part.state, **options)
    assert np.array_equal(rest.network.parameters, whole.network.parameters)
    assert rest.state.epoch == first + second == whole.state.epoch
    assert rest.state.step == whole.state.step
    assert np.array_equal(part.state.first_moment, moments)


def test_a_state_of_another_network_is_refused() -> None:
    model = model_of("global")
    theta, x, y = data(model, 4)
    other = train(SpectralNetwork.initialize([2, 5, 1]), np.ones((3, 2)), np.ones(3), epochs=1)
    with pytest.raises(InvalidInputError, match=r"state.first_moment must be float64 of shape \(23,\)"):
        train(network(model, theta), x, y, state=other.state)
    state = train(network(model, theta), x, y, epochs=1).state
    for wrong, message in (
        (replace(state, step=-1), "state.step must be a whole number of at least 0; got -1"),
        (replace(state, epoch=-5), "state.epoch must be a whole number of at least 0; got -5"),
        (replace(state, first_moment=[0.0]), "state.first_moment must be an array; got list"),
    ):
        with pytest.raises(InvalidInputError, match=re.escape(message)):
            train(network(model, theta), x, y, state=wrong)
    with pytest.raises(InvalidInputError, match=r"must be the \.state of a training result; got dict"):
        train(network(model, theta), x, y, state={})  # type: ignore[arg-type]


@given(st.integers(1, SAMPLES))
@CHECK
def test_dropping_the_last_batch_leaves_out_just_its_samples(batch: int) -> None:
    model = model_of("global")
    theta, x, y = data(model, 6)
    used = SAMPLES - SAMPLES % batch
    options: dict[str, Any] = {"batch_size": batch, "epochs": 2, "shuffle": False}
    dropped = train(network(model, theta), x, y, drop_last=True, **options)
    alone = train(network(model, theta), x[:used], y[:used], **options)
    assert np.array_equal(dropped.network.parameters, alone.network.parameters)


def test_proximal_steps_give_exact_zeros_and_leave_frozen_groups_alone() -> None:
    """A penalty that outweighs the loss: every group is exactly 0, but for the frozen one."""
    model = model_of("global")
    theta, x, y = data(model, 3)
    net = network(model, theta, frozen=("eigenvalues[0]",))
    for penalty in ("group", "l1"):
        result = train(net, x, y, epochs=40, penalty=penalty, penalty_strength=50.0, proximal=True)
        assert np.array_equal(result.network.eigenvalues[0], net.eigenvalues[0])
        assert not np.any(result.network.eigenvalues[1])
        assert np.all(result.network.eigenvalues[2])
    smooth = train(net, x, y, epochs=40, penalty_strength=50.0)
    assert np.any(smooth.network.eigenvalues[1])


def test_a_penalty_by_group_acts_on_that_group_alone() -> None:
    model = model_of("layerwise")
    theta, x, y = data(model, 3)
    options: dict[str, Any] = {"epochs": 1, "batch_size": SAMPLES, "optimizer": "sgd", "learning_rate": 1e-3}
    plain = train(network(model, theta), x, y, **options).network
    pulled = train(network(model, theta), x, y, eigenvector_penalty={"eigenvectors[0]": 0.5}, **options).network
    expected = plain.eigenvectors[0] - 1e-3 * 0.5 * 2 * network(model, theta).eigenvectors[0]
    np.testing.assert_allclose(pulled.eigenvectors[0], expected, rtol=1e-13)
    assert np.array_equal(pulled.eigenvectors[1], plain.eigenvectors[1])
    with pytest.raises(InvalidInputError, match="no parameter group 'phi'"):
        train(network(model, theta), x, y, eigenvector_penalty={"phi": 1.0})


def test_a_compact_network_trains_as_its_direct_network_does() -> None:
    generator = np.random.default_rng(0)
    blocks = {(2, 1): generator.normal(size=(4, 3)), (3, 2): generator.normal(size=(2, 4))}
    blocks[2, 1][1] = 0
    blocks[2, 1][:, 2] = 0
    small = compact(SpectralNetwork(blocks=blocks, parametrization="direct", bias=True))
    x, y = generator.normal(size=(20, 2)), generator.normal(size=(20, 2))
    seen: list[type] = []
    options: dict[str, Any] = {"epochs": 3, "batch_size": 6, "validation_data": (x, y), "best_of_last": 1}
    result = train(small, x, y, callbacks=[lambda p: seen.append(type(p.network))], **options)
    plain = train(small.direct, small.columns(x), y, **options | {"validation_data": (small.columns(x), y)})
    assert isinstance(result.network, CompactNetwork)
    assert set(seen) == {CompactNetwork}
    assert np.array_equal(result.network.direct.parameters, plain.network.parameters)
    assert result.network.live == small.live == (2, 3, 2)
    assert result.network.loss(x, y) < small.loss(x, y)
    value, slopes = small.loss_and_gradients(x, y)
    assert value == small.loss(x, y)
    assert set(slopes.blocks) == set(small.blocks)
