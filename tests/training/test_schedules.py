"""Learning-rate schedules: the factors are those of the theorems, and a training takes the steps they say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy as sp
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from derivations.theorems.scalar import schedules as theorems
from spectral_core.backends import cpu
from spectral_core.errors import InvalidInputError, ModelFileError
from spectral_core.training.ensemble import train_ensemble
from spectral_core.training.options import StepOptions
from spectral_core.training.schedules import PLATEAU_EPOCHS, SCHEDULES, RateSchedule, halvings
from spectral_core.training.trainer import train
from tests import oracles
from tests.builders import PARAMETRIZATIONS, SAMPLES, Truth, data, eigenvalues, model_of, network
from tests.oracles import Model

CHECK = settings(
    deadline=None,
    derandomize=True,
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def value(expression: sp.Expr, **numbers: float) -> float:
    """A formula of the theorems at numbers."""
    return float(expression.subs({symbol: numbers[str(symbol)] for symbol in expression.free_symbols}))


def expected(name: str, warmup: float, final: float, steps: int, step: int) -> float:
    """The factor of a step, from the formulas of the theorems."""
    rising = round(warmup * steps)
    if step < rising:
        if name == "one_cycle":
            return value(theorems.RISE, share=step / rising, start=1 / 25)
        return value(theorems.WARMUP, step=step, steps=rising)
    if name in ("cosine", "one_cycle"):
        return value(theorems.FALL, share=(step - rising) / (steps - rising), final=final)
    return 1.0


@given(st.sampled_from(SCHEDULES), st.floats(0, 1), st.floats(0, 1), st.integers(1, 30))
@CHECK
def test_factors_are_those_of_the_theorems(name: str, warmup: float, final: float, steps: int) -> None:
    schedule = RateSchedule(name, warmup, final, steps)
    factors = schedule.factors(0, steps)
    truth = [expected(name, warmup, final, steps, step) for step in range(steps)]
    np.testing.assert_allclose(factors, truth, rtol=0, atol=1e-14)
    # Any part of the steps has the same bits.
    cut = steps // 3
    assert np.concatenate([schedule.factors(0, cut), schedule.factors(cut, steps)]).tobytes() == factors.tobytes()
    # It rises, then falls; nothing leaves its bounds.
    rising = round(warmup * steps)
    assert np.all(np.diff(factors[:rising]) >= 0)
    assert np.all(np.diff(factors[rising:]) <= 0)
    assert np.all(
        (factors[rising:] >= (final if name in ("cosine", "one_cycle") else 1) - 1e-15) & (factors[rising:] <= 1)
    )
    assert np.all((factors[:rising] > 0) & (factors[:rising] <= 1))


def test_without_a_schedule_every_factor_is_exactly_one() -> None:
    assert np.array_equal(StepOptions().rate_schedule(7).factors(0, 7), np.ones(7))


@given(st.lists(st.integers(0, 5), max_size=60))
@CHECK
def test_plateau_halves_after_epochs_without_a_smaller_loss(losses: list[int]) -> None:
    """By its definition: the epochs since the least loss or the last halving, counted anew for each epoch."""
    count, since = 0, 0
    for epoch, loss in enumerate(losses):
        if all(loss < earlier for earlier in losses[:epoch]):
            since = epoch + 1
        if epoch + 1 - since == PLATEAU_EPOCHS:
            count, since = count + 1, epoch + 1
    assert halvings(losses) == count
    factors = RateSchedule("plateau", 0.0, 0.2, 5).factors(0, 5, losses)
    assert np.array_equal(factors, np.full(5, max(0.2, 0.5**count)))


@given(
    st.sampled_from([*PARAMETRIZATIONS, (3, 1)]),
    st.sampled_from(["cosine", "one_cycle", "constant"]),
    st.sampled_from([None, 0.0, 0.4]),
    st.sampled_from([0.0, 0.3]),
    st.sampled_from(["adam", "plain", "nesterov"]),
    st.sampled_from([None, "group", "l1", "l2"]),
    st.integers(1, SAMPLES),
    st.integers(0, 2**16),
)
@CHECK
def test_scheduled_steps_are_those_of_the_loop_from_the_papers(
    form: Any, schedule: str, warmup: float | None, final: float, optimizer: str, proximal: str | None, batch: int, seed: int
) -> None:  # fmt: skip
    """The rate of each step is the factor times the rate; so is the threshold of its proximal step."""
    assume(schedule != "constant" or not final)
    model = model_of(form, widths=(4, 3, 2)) if isinstance(form, str) else Model("global", (3, 5, 1), "tanh", True)
    theta, x, y = data(model, seed)
    epochs = 2
    rates = np.where(eigenvalues(model), 0.02, 0.05)
    truth = Truth(model, x, y, batch, "squared_error", proximal or "l2", 0.3, None, 0.0, rates if proximal else None)
    steps = epochs * len(truth.rows)
    own = (0.3 if schedule == "one_cycle" else 0.0) if warmup is None else warmup
    truth.factors = np.array([expected(schedule, own, final, steps, step) for step in range(steps)])
    options = {"schedule": schedule, "warmup": warmup, "final_rate": final}

    def rate(step: int) -> np.ndarray:
        return truth.factors[step] * rates

    if optimizer == "adam":
        options |= {"betas": (0.8, 0.95), "epsilon": 1e-3}
        ends = oracles.adam(theta, truth.slope, steps, rate, 0.8, 0.95, 1e-3, truth.shrink)
    else:
        momentum, nesterov = (0.0 if optimizer == "plain" else 0.7), optimizer == "nesterov"
        options |= {"optimizer": "sgd", "momentum": momentum, "nesterov": nesterov}
        ends = oracles.sgd(theta, truth.slope, steps, rate, momentum, nesterov, truth.shrink)
    result = train(
        network(model, theta), x, y, epochs=epochs, batch_size=batch, shuffle=False, learning_rate=0.05,
        eigenvalue_learning_rate=0.02, penalty=proximal or "l2", penalty_strength=0.3, proximal=bool(proximal), **options,
    )  # fmt: skip
    np.testing.assert_allclose(result.network.parameters, ends, rtol=0, atol=1e-11)


@pytest.mark.parametrize("schedule", ["constant", "cosine", "one_cycle"])
@pytest.mark.parametrize("form", [*PARAMETRIZATIONS, (3, 1)])
def test_a_mini_batch_without_weight_counts(form: Any, schedule: str) -> None:
    """Each step has the factor of its mini-batch; those of weight 0 take none. As trainings of one mini-batch each, by plain steps."""
    model = model_of(form, widths=(4, 3, 2)) if isinstance(form, str) else Model("global", (3, 5, 1), "tanh", True)
    theta, x, y = data(model, 8)
    weight, size, epochs = np.array([0, 0, 1, 2, 0, 0, 1], float), 2, 3
    options: dict[str, Any] = {"optimizer": "sgd", "shuffle": False, "batch_size": size}
    net = network(model, theta)
    result = train(
        net, x, y, sample_weight=weight, epochs=epochs, schedule=schedule, warmup=0.4, learning_rate=0.05, **options
    )
    starts = list(range(0, len(x), size))
    factors = iter(RateSchedule(schedule, 0.4, 0.0, epochs * len(starts)).factors(0, epochs * len(starts)))
    for start in epochs * starts:
        rows, factor = slice(start, start + size), next(factors)
        if weight[rows].any():
            given = {"sample_weight": weight[rows], "epochs": 1, "learning_rate": 0.05 * factor}
            net = train(net, x[rows], y[rows], **given, **options).network
    np.testing.assert_allclose(result.network.parameters, net.parameters, rtol=0, atol=1e-12)
    assert result.state.step == 2 * epochs


def test_plateau_trains_in_stages_of_constant_rates() -> None:
    """A frozen network stands still, so every tenth epoch halves; another follows its validation losses."""
    model = model_of("global")
    theta, x, y = data(model, 3)
    seen: list[float] = []
    run = cpu.CpuStepper.epoch

    def noted(stepper: Any, order: np.ndarray, factors: np.ndarray) -> tuple[float, float]:
        seen.append(float(factors[0]))
        return run(stepper, order, factors)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cpu.CpuStepper, "epoch", noted)
        options: dict[str, Any] = {"schedule": "plateau", "shuffle": False}
        frozen = network(model, theta, frozen=("eigenvectors", "eigenvalues"))
        train(frozen, x, y, epochs=33, final_rate=0.2, **options)
        still = seen.copy()
        seen.clear()
        _, other_x, other_y = data(model, 4)
        options |= {"validation_data": (other_x, other_y), "learning_rate": 0.1}
        result = train(network(model, theta), x, y, epochs=60, **options)
    # The first epoch has the least loss; ten more are waited for each time.
    assert still == [1.0] * 11 + [0.5] * 10 + [0.25] * 10 + [0.2] * 2
    losses = result.history.validation_loss
    assert seen == [0.5 ** halvings(losses[:epoch]) for epoch in range(60)]
    assert halvings(losses) > 0


class Interrupted(Exception):
    """Raised by a callback."""


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("weighted", [False, True])
def test_an_interrupted_schedule_continues_with_the_same_bits(tmp_path: Path, schedule: str, weighted: bool) -> None:
    """Also where mini-batches without weight take no step."""
    model = model_of("global")
    theta, x, y = data(model, 5)
    net, path = network(model, theta), tmp_path / "state.npz"
    options: dict[str, Any] = {
        "epochs": 30,
        "batch_size": 2,
        "schedule": schedule,
        "warmup": 0.2,
        "learning_rate": 0.05,
    }
    options |= {"sample_weight": [0, 0, 0, 1, 2, 1, 1]} if weighted else {}
    whole = train(net, x, y, **options)

    def stop(progress: Any) -> None:
        if progress.epoch == 22:
            raise Interrupted

    with pytest.raises(Interrupted):
        train(net, x, y, checkpoint=path, callbacks=[stop], **options)
    for other in ({"warmup": 0.3}, {"schedule": "constant"}, {"final_rate": 0.5}):
        if schedule != "constant" or "warmup" in other:
            with pytest.raises(ModelFileError, match="belongs to another training"):
                train(net, x, y, checkpoint=path, **options | other)
    continued = train(net, x, y, checkpoint=path, **options)
    assert continued.network.parameters.tobytes() == whole.network.parameters.tobytes()
    assert continued.history == whole.history


def test_a_later_call_counts_its_own_steps() -> None:
    model = model_of("global")
    theta, x, y = data(model, 6)
    first = train(network(model, theta), x, y, epochs=2, batch_size=3)
    again = train(first.network, x, y, epochs=3, batch_size=3, schedule="cosine", state=first.state)
    flat = train(first.network, x, y, epochs=3, batch_size=3, state=first.state)
    assert again.history.training_loss[0] != flat.history.training_loss[0]
    assert again.state.step == flat.state.step == 15
    tenth = train(first.network, x, y, epochs=3, batch_size=3, schedule="cosine", final_rate=1.0, state=first.state)
    assert tenth.network.parameters.tobytes() == flat.network.parameters.tobytes()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"schedule": "step"}, "schedule must be one of constant, cosine, one_cycle, plateau; got 'step'"),
        ({"warmup": 1.5}, "warmup must be at least 0 and at most 1; got 1.5"),
        ({"warmup": True}, "warmup must be a number; got True"),
        ({"final_rate": -0.1, "schedule": "cosine"}, "final_rate must be at least 0"),
        ({"final_rate": 0.5}, "final_rate needs another schedule than 'constant'; got 0.5"),
    ],
    ids=str,
)
def test_schedules_that_are_refused(options: dict[str, Any], words: str) -> None:
    model = model_of("global")
    theta, x, y = data(model, 1)
    with pytest.raises(InvalidInputError, match=words):
        train(network(model, theta), x, y, **options)


def test_an_ensemble_takes_schedules() -> None:
    model = model_of("global")
    theta, x, y = data(model, 7)
    net = network(model, theta)
    options = {"schedule": "cosine", "warmup": 0.1, "batch_size": 3}
    (ours,) = train_ensemble([net], x, y, seeds=[4], epochs=3, options=options, backend="cpu").networks
    assert ours is not None
    alone = train(net, x, y, epochs=3, seed=4, backend="cpu", **options).network
    assert ours.parameters.tobytes() == alone.parameters.tobytes()
