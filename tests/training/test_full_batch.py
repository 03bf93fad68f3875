"""L-BFGS and Levenberg-Marquardt: their objective against the papers, their minima against closed forms, what they refuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from spectral_core import train_ensemble
from spectral_core.backends import cpu
from spectral_core.errors import DivergenceError, InvalidInputError
from spectral_core.kernels.tables import PENALTIES
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.resizing.compaction import compact
from spectral_core.sweeps.grid import sweep
from spectral_core.training import full_batch
from spectral_core.training.full_batch import CURVED_LOSSES
from spectral_core.training.options import FULL_BATCH, StepOptions
from spectral_core.training.results import TrainingState
from spectral_core.training.step_arrays import step_arrays
from spectral_core.training.trainer import train
from tests import oracles
from tests.builders import PARAMETRIZATIONS, SAMPLES, Truth, data, model_of, network
from tests.oracles import Model

CHECK = settings(
    deadline=None,
    derandomize=True,
    max_examples=25,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
FORMS = st.sampled_from([*PARAMETRIZATIONS, (2, 1), (3, 2)])
SEEDS = st.integers(0, 2**16)


def model_for(form: str | tuple[int, int], loss: str, activation: str = "tanh") -> Model:
    """A network of a parametrization; or with one hidden layer, so few inputs and outputs, and kernels of its own."""
    if isinstance(form, str):
        return model_of(form, activation, (4, 3, 2))
    assume(loss != "cross_entropy" or form[1] > 1)
    return Model("global", (form[0], 5, form[1]), activation, bias=True)


def weights_of(seed: int, weighted: bool) -> np.ndarray | None:
    """Weights of which some are 0, those of the first two samples among them."""
    weights = np.random.default_rng(seed).choice([0.0, 0.5, 2.0], SAMPLES)
    weights[:3] = 0, 0, 1
    return weights if weighted else None


@given(
    FORMS, st.sampled_from(oracles.LOSSES), st.sampled_from(PENALTIES), st.sampled_from([0.0, 0.3]), st.booleans(),
    st.sampled_from([1, 2, 1024]), SEEDS,
)  # fmt: skip
@settings(CHECK, max_examples=60)
def test_the_objective_is_that_of_the_papers(
    form: Any, loss: str, penalty: str, smoothing: float, weighted: bool, chunk: int, seed: int
) -> None:
    model = model_for(form, loss)
    theta, x, y = data(model, seed, loss)
    weights = weights_of(seed, weighted)
    smoothing = smoothing if "cross_entropy" in loss else 0.0
    truth = Truth(model, x, y, SAMPLES, loss, penalty, 0.4, weights, 0.2)
    truth.smoothing = smoothing
    net = network(model, theta, frozen=())
    options = StepOptions(
        penalty=penalty, penalty_strength=0.4, eigenvector_penalty=0.2, label_smoothing=smoothing, optimizer="lbfgs"
    )
    if model.parametrization == "direct":  # both penalties are on every block
        options = StepOptions(penalty=penalty, penalty_strength=0.4, label_smoothing=smoothing, optimizer="lbfgs")
        truth.vectors = 0.0
    arrays = step_arrays(net, net.problem(x, y, loss, weights), options)
    with patch.object(cpu, "CHUNK", chunk):
        value, shrinkage, gradient = cpu.objective(arrays, net.parameters)
    slope = truth.slope(theta, 0)
    np.testing.assert_allclose(gradient, slope, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose([value, shrinkage], [truth.losses[0], truth.penalties[0]], rtol=1e-12, atol=1e-14)
    assert np.array_equal(net.parameters, theta)


class NeuronFirst:
    """A model as the oracle of the Gauss-Newton matrix asks for it."""

    def __init__(self, model: Model) -> None:
        self.model, self.widths = model, model.widths

    def output(self, theta: np.ndarray, x: np.ndarray) -> np.ndarray:
        return self.model.output(theta, x.T)


@given(
    st.sampled_from(PARAMETRIZATIONS), st.sampled_from(CURVED_LOSSES), st.booleans(), st.sampled_from([2, 1024]), SEEDS
)
@CHECK
def test_the_gauss_newton_matrix_is_that_of_differences(
    form: str, loss: str, weighted: bool, chunk: int, seed: int
) -> None:
    model = model_of(form)
    theta, x, y = data(model, seed, loss)
    weights = weights_of(seed, weighted)
    net = network(model, theta, frozen=())
    arrays = step_arrays(net, net.problem(x, y, loss, weights), StepOptions(penalty="l2", penalty_strength=0.3))
    chosen = np.flatnonzero(np.random.default_rng(seed).random(model.size) < 0.7)
    with patch.object(cpu, "CHUNK", chunk):
        matrix = cpu.gauss_newton(arrays, net.parameters, chosen)
    every = np.ones(SAMPLES) if weights is None else weights
    wanted: Any = oracles.gauss_newton(NeuronFirst(model), theta, x.T, y, loss, every)  # type: ignore[arg-type]
    np.testing.assert_allclose(matrix, wanted[np.ix_(chosen, chosen)], rtol=1e-5, atol=1e-7)


@given(
    st.sampled_from(FULL_BATCH),
    st.sampled_from(["direct", "global", "layerwise"]),
    st.integers(1, 3),
    st.sampled_from([0.0, 0.1]),
    SEEDS,
)
@CHECK
def test_a_linear_network_reaches_least_squares(
    optimizer: str, parametrization: str, outputs: int, ridge: float, seed: int
) -> None:
    """One block, so the outputs are linear: least squares in closed form; for `direct` with a penalty, ridge regression."""
    ridge = ridge if parametrization == "direct" else 0.0
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(30, 3)), rng.normal(size=(30, outputs))
    net = SpectralNetwork.initialize(
        [3, outputs], parametrization=parametrization, bias=True, dtype="float64", seed=seed
    )
    net = net.with_parameters(rng.uniform(0.5, 1, net.n_parameters) * rng.choice([-1, 1], net.n_parameters))
    result = train(net, x, y, optimizer=optimizer, epochs=500, eigenvector_penalty=ridge)
    ones = np.hstack([x, np.ones((30, 1))])
    # mean over samples and outputs of the squares + ridge |W|²
    weights = np.linalg.solve(ones.T @ ones + ridge * 30 * outputs * np.eye(4), ones.T @ y)
    least = ((ones @ weights - y) ** 2).mean() + ridge * (weights**2).sum()
    history = result.history
    assert history.training_loss[-1] + history.penalty[-1] == pytest.approx(least, rel=1e-9)
    np.testing.assert_allclose(result.network.forward(x), ones @ weights, rtol=0, atol=1e-3)


@given(FORMS, st.sampled_from(["squared_error", "cross_entropy", "poisson"]), st.sampled_from(PENALTIES), SEEDS)
@CHECK
def test_lbfgs_reaches_the_minimum_that_scipy_reaches_on_the_papers_formulas(
    form: Any, loss: str, penalty: str, seed: int
) -> None:
    """Near the start there is one basin: few iterations from the same point are the same iterations."""
    model = model_for(form, loss)
    theta, x, y = data(model, seed, loss)
    truth = Truth(model, x, y, SAMPLES, loss, penalty, 0.05, None)

    def both(point: np.ndarray) -> tuple[float, np.ndarray]:
        slope = truth.slope(point, 0)
        return truth.losses[-1] + truth.penalties[-1], slope

    options = {"maxiter": 5, "maxcor": 20, "ftol": 0.0, "gtol": 0.0}
    found = minimize(both, theta, jac=True, method="L-BFGS-B", options=options)
    again = minimize(both, theta * (1 + 1e-14), jac=True, method="L-BFGS-B", options=options)
    assume(abs(again.x - found.x).max() < 1e-9 and found.nit == 5)
    result = train(
        network(model, theta, frozen=()), x, y, loss=loss, optimizer="lbfgs", epochs=5, penalty=penalty,
        penalty_strength=0.05,
    )  # fmt: skip
    np.testing.assert_allclose(result.network.parameters, found.x, rtol=0, atol=1e-7)
    assert len(result.history) == 5
    assert result.history.training_loss[-1] + result.history.penalty[-1] == pytest.approx(found.fun, rel=1e-9)


@pytest.mark.parametrize("optimizer", FULL_BATCH)
@pytest.mark.parametrize("loss", ["squared_error", "cross_entropy", "binary_cross_entropy", "poisson"])
@pytest.mark.parametrize("parametrization", PARAMETRIZATIONS)
def test_the_gradient_of_loss_and_penalty_vanishes_at_the_result(
    optimizer: str, loss: str, parametrization: str
) -> None:
    model = model_of(parametrization)
    theta, x, y = data(model, 3, loss)
    net = network(model, theta, frozen=())
    # On every group: where the output's λ is free, it grows and φ shrinks without end, and there is no minimum.
    everywhere = dict.fromkeys(net.layout.groups, 0.02)
    result = train(net, x, y, loss=loss, optimizer=optimizer, epochs=2000, eigenvector_penalty=everywhere)
    truth, final = Truth(model, x, y, SAMPLES, loss, "l2", 0.0, None), result.network.parameters
    assert result.stopped == "converged"
    assert abs(truth.slope(final, 0) + 2 * 0.02 * final).max() < 1e-6
    assert result.history.penalty[-1] == pytest.approx(0.02 * (final**2).sum(), rel=1e-12)


@given(st.sampled_from(PARAMETRIZATIONS), st.sampled_from(["tanh", "swish"]), SEEDS)
@CHECK
def test_levenberg_marquardt_fits_a_teacher_exactly(parametrization: str, activation: str, seed: int) -> None:
    """From a start near the teacher. Directions that hardly move the outputs hold up the last digits."""
    model = Model(parametrization, (3, 2, 1), activation, True, model_of(parametrization).pairs)
    rng = np.random.default_rng(seed)
    teacher = rng.uniform(0.5, 1.5, model.size) * rng.choice([-1, 1], model.size)
    x = rng.uniform(-2, 2, (60, 2))
    y = network(model, teacher).forward(x)
    start = network(model, teacher + rng.normal(scale=0.02, size=model.size), frozen=())
    result = train(start, x, y, optimizer="levenberg_marquardt", epochs=100)
    assert result.history.training_loss[-1] < 1e-14 * (1 + (y**2).mean())


@given(
    st.sampled_from(FULL_BATCH), FORMS, st.sampled_from([*CURVED_LOSSES]),
    st.sampled_from(["relu", "tanh"]), st.sampled_from(["float32", "float64"]), st.booleans(), SEEDS,
)  # fmt: skip
@settings(CHECK, max_examples=40)
def test_loss_and_penalty_never_rise_and_repeat_to_the_same_bits(
    optimizer: str, form: Any, loss: str, activation: str, dtype: str, weighted: bool, seed: int
) -> None:
    model = model_for(form, loss, activation)
    theta, x, y = data(model, seed, loss)
    net = network(model, theta.astype(dtype), frozen=(), dtype=dtype)
    options: dict[str, Any] = {
        "loss": loss,
        "optimizer": optimizer,
        "epochs": 12,
        "sample_weight": weights_of(seed, weighted),
    }
    options |= {"penalty": "l2", "penalty_strength": 0.1}
    result, again = (train(net, x, y, **options) for _ in range(2))
    totals = np.array(result.history.training_loss) + result.history.penalty
    first = step_arrays(
        net, net.problem(x, y, loss, options["sample_weight"]), StepOptions(penalty="l2", penalty_strength=0.1)
    )
    start = sum(cpu.objective(first, net.parameters)[:2])
    assert (np.diff([start * (1 + 1e-6), *totals]) <= 0).all()
    assert result.history == again.history
    assert np.array_equal(result.network.parameters, again.network.parameters)
    assert result.network.dtype == dtype


@pytest.mark.parametrize("optimizer", FULL_BATCH)
@pytest.mark.parametrize("frozen", [("eigenvectors",), ("eigenvalues[0]", "eigenvectors[1]"), ()])
def test_frozen_groups_keep_their_bits_and_the_others_move(optimizer: str, frozen: tuple[str, ...]) -> None:
    model = model_of("global")
    theta, x, y = data(model, 5)
    net = network(model, theta, frozen=frozen)
    result = train(net, x, y, optimizer=optimizer, epochs=5)
    still = net.layout.select(frozen)
    for name, group in net.layout.groups.items():
        before, after = group.view(net.parameters), group.view(result.network.parameters)
        assert np.array_equal(before, after) == (name in still), name
    assert np.array_equal(net.parameters, theta)


@pytest.mark.parametrize("optimizer", FULL_BATCH)
def test_a_network_that_is_all_frozen_has_one_row(optimizer: str) -> None:
    model = model_of("layerwise")
    theta, x, y = data(model, 5)
    net = network(model, theta, frozen=("eigenvectors", "eigenvalues_in", "eigenvalues_out"))
    result = train(net, x, y, optimizer=optimizer)
    assert np.array_equal(result.network.parameters, theta)
    assert result.history.training_loss == [pytest.approx(net.loss(x, y))]
    assert result.stopped == "converged"


@pytest.mark.parametrize("optimizer", FULL_BATCH)
def test_a_compact_network_stays_compact(optimizer: str) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 3))
    small = compact(SpectralNetwork.initialize([3, 4, 1], bias=True, dtype="float64", seed=0))
    assert small.live[1] == 0  # the linear start has no hidden neuron
    result = train(small, x, x[:, :1] * 2 + 1, optimizer=optimizer, epochs=30)
    assert result.network.live == small.live
    assert result.history.training_loss[-1] < 1e-20


@pytest.mark.parametrize("optimizer", FULL_BATCH)
def test_a_minimum_is_not_left(optimizer: str) -> None:
    """At an exact minimum no step lowers the loss: one row, that of the start."""
    net = SpectralNetwork(blocks={(2, 1): np.array([[1.0, 2.0]])}, parametrization="direct")
    x = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    result = train(net, x, np.array([[1.0], [2.0], [3.0]]), optimizer=optimizer)
    assert result.history.training_loss == [0.0]
    assert np.array_equal(result.network.parameters, net.parameters)
    assert (result.stopped, result.epoch, result.best_epoch) == ("converged", 1, 1)


@pytest.mark.parametrize("optimizer", FULL_BATCH)
def test_each_iteration_has_a_row_measured_after_it(optimizer: str) -> None:
    model = model_of("global")
    theta, x, y = data(model, 2)
    net, seen = network(model, theta, frozen=()), []

    def look(progress: Any) -> bool:
        seen.append((progress.epoch, progress.network.loss(x, y), progress.network.loss(x[:3], y[:3])))
        return progress.epoch == 4

    result = train(net, x, y, optimizer=optimizer, validation_data=(x[:3], y[:3]), callbacks=[look])
    assert [row[0] for row in seen] == [1, 2, 3, 4]
    np.testing.assert_allclose(result.history.training_loss, [row[1] for row in seen], rtol=1e-12)
    np.testing.assert_allclose(result.history.validation_loss, [row[2] for row in seen], rtol=1e-12)
    assert [len(norms) for norms in result.history.eigenvalue_norms] == [3] * 4
    assert (result.stopped, result.epoch) == ("callback", 4)
    # Without validation data the best network is that of the least training loss, after its iteration.
    plain = train(net, x, y, optimizer=optimizer, epochs=4)
    assert (plain.stopped, plain.best_epoch) == ("epochs", 4)
    assert plain.best_network.loss(x, y) == pytest.approx(min(plain.history.training_loss), rel=1e-12)
    # The state has no moments, so a training by another optimizer begins afresh.
    assert not plain.state.first_moment.any()
    assert not plain.state.second_moment.any()
    assert (plain.state.step, plain.state.epoch) == (0, 4)


@pytest.mark.parametrize("optimizer", FULL_BATCH)
def test_patience_and_best_of_last_choose_by_the_validation_loss(optimizer: str) -> None:
    rng = np.random.default_rng(0)
    x, other = rng.normal(size=(12, 2)), rng.normal(size=(50, 2))
    y, y_other = rng.normal(size=(12, 1)), rng.normal(size=(50, 1))  # noise: fitting it raises the validation loss
    net = SpectralNetwork.initialize([2, 6, 1], bias=True, dtype="float64", seed=1, activation="tanh")
    given: dict[str, Any] = {"optimizer": optimizer, "validation_data": (other, y_other)}
    patient = train(net, x, y, patience=3, **given)
    losses = patient.history.validation_loss
    assert patient.stopped == "patience"
    assert len(losses) == patient.epoch + 3
    assert losses[patient.epoch - 1] == min(losses)
    assert patient.network.loss(other, y_other) == pytest.approx(min(losses), rel=1e-12)
    late = train(net, x, y, epochs=6, best_of_last=4, **given)
    assert late.epoch == 3 + int(np.argmin(late.history.validation_loss[2:]))


@pytest.mark.parametrize("optimizer", FULL_BATCH)
def test_a_start_without_a_finite_loss_diverges(optimizer: str) -> None:
    net = SpectralNetwork(blocks={(2, 1): np.array([[1e200]])}, parametrization="direct")
    with pytest.raises(DivergenceError, match=r"diverged in epoch 1 .*smaller numbers in X, y or the start") as caught:
        train(net, np.array([[1e200], [1.0]]), np.zeros((2, 1)), optimizer=optimizer)
    assert caught.value.epoch == 1
    assert np.array_equal(caught.value.network.parameters, net.parameters)


@pytest.mark.parametrize("optimizer", FULL_BATCH)
def test_a_step_to_where_the_loss_is_not_finite_is_not_taken(optimizer: str) -> None:
    """exp(z) of ``poisson`` overflows soon."""
    x, y = np.array([[30.0], [29.0], [31.0]]), np.array([[1e9], [2e9], [5e9]])
    net = SpectralNetwork(blocks={(2, 1): np.array([[-3.0]])}, parametrization="direct")
    result = train(net, x, y, loss="poisson", optimizer=optimizer, epochs=300)
    slope = ((np.exp(x * result.network.parameters[0]) - y) * x).mean()
    assert abs(slope) < 1e-3 * (y * x).mean()


@pytest.mark.parametrize("optimizer", FULL_BATCH)
@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("batch_size", 32), ("learning_rate", 1e-2), ("eigenvalue_learning_rate", 1e-3), ("betas", (0.8, 0.9)),
        ("epsilon", 1e-6), ("momentum", 0.5), ("nesterov", True), ("proximal", True), ("schedule", "cosine"),
        ("warmup", 0.1), ("weight_decay", 0.1), ("weight_decay", {"eigenvectors": 0.1}), ("clip_norm", 1.0),
        ("shuffle", False), ("drop_last", True), ("keep_checkpoint", True), ("checkpoint", "file"),
        ("state", TrainingState(np.zeros(9), np.zeros(9), 0, 0)),
    ],
)  # fmt: skip
def test_an_option_without_a_meaning_is_refused(optimizer: str, option: str, value: Any, tmp_path: Path) -> None:
    model = model_of("global")
    theta, x, y = data(model, 0)
    value = tmp_path / value if option == "checkpoint" else value
    with pytest.raises(
        InvalidInputError, match=f"optimizer='{optimizer}' has no use for {option}: .*leave {option} out"
    ):
        train(network(model, theta), x, y, optimizer=optimizer, **{option: value})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("optimizer", FULL_BATCH)
def test_the_gpu_is_refused(optimizer: str) -> None:
    model = model_of("global")
    theta, x, y = data(model, 0)
    with pytest.raises(InvalidInputError, match=f"optimizer='{optimizer}' runs on the CPU"):
        train(network(model, theta), x, y, optimizer=optimizer, backend="cuda")
    nets = [network(model, theta)]
    with pytest.raises(InvalidInputError, match=f"an ensemble is trained by mini-batches; optimizer='{optimizer}'"):
        train_ensemble(nets, x, y, seeds=[0], options={"optimizer": optimizer})


def test_levenberg_marquardt_names_the_rule_that_is_broken() -> None:
    model = model_of("global")
    theta, x, y = data(model, 0)
    net, given = network(model, theta), {"optimizer": "levenberg_marquardt"}
    for penalty in ("group", "l1"):
        with pytest.raises(InvalidInputError, match=f"needs penalty='l2', a sum of squares; got '{penalty}'"):
            train(net, x, y, penalty=penalty, penalty_strength=0.1, **given)
    with pytest.raises(InvalidInputError, match="the loss is huber"):
        train(net, x, y, loss="huber", **given)
    with (
        patch.object(full_batch, "LARGEST", 10),
        pytest.raises(InvalidInputError, match="at most 10 trained parameters"),
    ):
        train(net, x, y, **given)
    wide = SpectralNetwork.initialize([100, 50, 2], seed=0)
    with pytest.raises(InvalidInputError, match=r"at most 4000 trained parameters.*lbfgs has no such limit"):
        train(wide, np.zeros((3, 100)), np.zeros((3, 2)), **given)


def test_a_sweep_takes_the_optimizers() -> None:
    x = np.linspace(-1, 1, 60).reshape(-1, 1)
    grid = {"optimizer": ["adam", *FULL_BATCH], "hidden": 4, "epochs": 20, "activation": "tanh"}
    rows = sweep((x, x**2), grid, jobs=1).rows
    losses = {row["optimizer"]: row["training_loss"] for row in rows}
    assert max(losses[name] for name in FULL_BATCH) < losses["adam"]
