"""Refits by linear algebra, compared with differences, with NumPy's least squares and with SciPy's minima."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.linalg import LinAlgError
from scipy.optimize import minimize

from spectral_core.kernels.tables import LOSSES, POSITIVELY_HOMOGENEOUS, ZERO_AT_ZERO
from spectral_core.networks.sparse import SparseNetwork
from spectral_core.refitting import levenberg_marquardt
from spectral_core.refitting.leave_one_out import input_rises, rises
from spectral_core.refitting.levenberg_marquardt import balanced, fit, normal_equations
from spectral_core.refitting.output_weights import RIDGE, refit
from spectral_core.refitting.samples import Samples
from tests import oracles
from tests.builders import sparse_network, sparse_samples, wanted_of, weights_of

CHECK = settings(deadline=None, max_examples=25)
SHAPES = ((2, 2), (3, 2, 1), (3, 3, 2), (2, 2, 2, 2))
SEEDS = st.integers(0, 10**6)
nets = st.builds(
    sparse_network,
    SEEDS,
    st.sampled_from(SHAPES),
    st.sampled_from(ZERO_AT_ZERO),
    st.booleans(),
    st.sampled_from([0.4, 1.0]),
)


def least_squares(net: SparseNetwork, samples: Samples, activations: np.ndarray) -> float:
    """The least loss over the weights into the outputs, each output by itself; a ridge as small as that of the refit."""
    total, root = 0.0, np.sqrt(samples.weights)
    for c in range(net.n_outputs):
        senders = net.senders[net.receivers == net.n_neurons - net.n_outputs + c]
        columns, target = (activations[senders] * root).T, samples.y[:, c] * root
        length = np.sqrt((columns**2).sum(axis=0))
        ridge, nothing = np.diag(np.sqrt(RIDGE) * length), np.zeros(len(senders))
        solution = np.linalg.lstsq(np.vstack([columns, ridge]), np.concatenate([target, nothing]), rcond=None)[0]
        total += ((columns @ solution - target) ** 2).sum()
    return float(total / samples.weights.sum() / net.n_outputs)


@CHECK
@given(nets, st.sampled_from(LOSSES), st.booleans(), st.sampled_from([0.0, 0.2]))
def test_the_gauss_newton_matrix_is_that_of_differences(
    net: SparseNetwork, loss: str, weighted: bool, smoothing: float
) -> None:
    samples = sparse_samples(len(net.weights), net, loss, smoothing=smoothing, weighted=weighted)
    value, gradient, matrix = normal_equations(net, samples)
    graph, y = weights_of(net), wanted_of(samples)

    def objective(moved: np.ndarray) -> Any:
        return graph.loss(moved, samples.x_rows, y, loss, samples.weights, smoothing)

    assert value == pytest.approx(float(np.real(objective(net.weights))), rel=1e-11)
    np.testing.assert_allclose(gradient, oracles.gradient(objective, net.weights), rtol=0, atol=1e-11)
    truth = oracles.gauss_newton(graph, net.weights, samples.x_rows, y, loss, samples.weights, smoothing)
    np.testing.assert_allclose(matrix, truth, rtol=0, atol=1e-7 * (1 + abs(truth).max(initial=0)))


@CHECK
@given(nets)
def test_balancing_keeps_the_function(net: SparseNetwork) -> None:
    samples = sparse_samples(3, net)
    even = balanced(net)
    np.testing.assert_allclose(samples.forward(even), samples.forward(net), rtol=0, atol=1e-11)
    if net.activation not in POSITIVELY_HOMOGENEOUS:
        assert even is net
        return
    for neuron in range(net.n_inputs, net.n_neurons - net.n_outputs):
        length = np.linalg.norm(even.weights[even.receivers == neuron])
        assert length == pytest.approx(1 if (net.receivers == neuron).any() else 0)


def test_a_neuron_whose_incoming_weights_are_0_is_left() -> None:
    net = SparseNetwork.sorted((2, 1, 1), "relu", True, np.array([0.0, 0.0, 3.0]), [0, 1, 2], [2, 2, 3])
    assert balanced(net).weights.tolist() == [0, 0, 3]


@CHECK
@given(nets, SEEDS, st.booleans())
def test_the_refit_is_the_least_squares_solution(net: SparseNetwork, seed: int, weighted: bool) -> None:
    samples = sparse_samples(seed, net, rows=12, weighted=weighted)
    found = refit(net, samples)
    activations = weights_of(net).run(net.weights, samples.x_rows)
    assert samples.loss_of(found) == pytest.approx(least_squares(net, samples, activations), rel=1e-6, abs=1e-9)
    into_outputs = net.receivers >= net.n_neurons - net.n_outputs
    np.testing.assert_array_equal(found.weights[~into_outputs], net.weights[~into_outputs])


def test_units_of_a_sender_change_no_refit() -> None:
    net = sparse_network(4, (4, 2), density=1.0)
    samples = sparse_samples(4, net, rows=20)
    scale = np.array([1e-9, 1.0, 1e9, 1.0])
    scaled = replace(samples, x_rows=samples.x_rows * scale[:, None])
    np.testing.assert_allclose(scaled.forward(refit(net, scaled)), samples.forward(refit(net, samples)), rtol=1e-9)


def test_equal_columns_share_a_weight() -> None:
    net = SparseNetwork.sorted((3, 1), "relu", False, np.zeros(3), [0, 1, 2], [3, 3, 3])
    x = np.random.default_rng(0).normal(size=(30, 1))
    samples = Samples.of(np.hstack([x, x, 0 * x]), 2 * x, "squared_error", False, "float64")
    np.testing.assert_allclose(refit(net, samples).weights, [1, 1, 0], atol=1e-5)
    np.testing.assert_allclose(fit(net, samples, 5).net.weights, [1, 1, 0], atol=1e-5)


def test_activations_that_overflow_have_no_refit() -> None:
    net = SparseNetwork.sorted((1, 1, 1), "relu", False, np.array([1e300, 1.0]), [0, 1], [1, 2])
    samples = Samples.of(np.ones((3, 1)), np.ones((3, 1)), "squared_error", False, "float64")
    with pytest.raises(LinAlgError, match="too large to be squared"):
        refit(net, samples)


# --- Levenberg-Marquardt ----------------------------------------------------------------------------------------------


@CHECK
@given(nets, st.sampled_from(LOSSES), SEEDS, st.sampled_from([0.0, 0.1]))
def test_the_loss_never_rises(net: SparseNetwork, loss: str, seed: int, l2: float) -> None:
    """Each further step lowers the objective, which is the loss and, unless it is the squared error, l2/2 Σ w²."""
    samples = sparse_samples(seed, net, loss)
    losses = []
    for iterations in (0, 1, 2, 4, 12):
        state = fit(net, samples, iterations, l2=l2)
        products = state.net.weights[~state.net.biases]
        penalty = l2 / 2 * (products**2).sum() if loss != "squared_error" else 0.0
        assert state.loss == pytest.approx(samples.loss_of(state.net) + penalty, rel=1e-9, abs=1e-12)
        losses.append(state.loss)
    assert (np.diff(losses) <= 1e-12 * (1 + abs(losses[0]))).all()


@pytest.mark.parametrize("loss", ["huber", "poisson", "binary_cross_entropy", "cross_entropy"])
def test_a_convex_objective_reaches_its_minimum(loss: str) -> None:
    net = sparse_network(5, (4, 3), density=1.0)
    samples = sparse_samples(5, net, loss, rows=40)
    graph, y = weights_of(net), wanted_of(samples)

    def objective(weights: np.ndarray) -> Any:
        return graph.loss(weights, samples.x_rows, y, loss, samples.weights) + 0.05 * (weights[~net.biases] ** 2).sum()

    truth = minimize(lambda w: float(np.real(objective(w))), net.weights, jac=lambda w: oracles.gradient(objective, w))
    found = fit(net, samples, 60, l2=0.1)
    assert found.loss == pytest.approx(truth.fun, rel=1e-4)
    outputs = [samples.forward(net.with_weights(weights)) for weights in (found.net.weights, truth.x)]
    if loss == "cross_entropy":  # a number added to all outputs changes nothing
        outputs = [output - output.mean(axis=1, keepdims=True) for output in outputs]
    np.testing.assert_allclose(outputs[0], outputs[1], atol=0.02)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_a_teacher_is_found_again(activation: str) -> None:
    teacher = sparse_network(8, (3, 2, 1), activation, density=1.0)
    rng = np.random.default_rng(0)
    blank = sparse_samples(8, teacher, rows=80)
    samples = replace(blank, y=blank.forward(teacher))
    start = teacher.with_weights(teacher.weights + 0.1 * rng.normal(size=len(teacher.weights)))
    found = fit(start, samples, 60)
    assert found.loss < 1e-15
    np.testing.assert_allclose(samples.forward(found.net), samples.y, atol=1e-6)


@pytest.mark.parametrize("loss", LOSSES)
def test_networks_without_weights_or_hidden_neurons_are_fitted(loss: str) -> None:
    net = sparse_network(1, (3, 2), density=0.0)
    samples = sparse_samples(1, net, loss)
    empty = fit(net, samples, 5)
    assert len(empty.net.weights) == 0
    assert empty.loss == pytest.approx(samples.loss_of(net))
    _, gradient, matrix = normal_equations(net, samples)
    assert (gradient.shape, matrix.shape) == ((0,), (0, 0))


def test_a_singular_matrix_is_damped() -> None:
    """Two equal inputs and one that is always 0: the matrix has no inverse, yet the loss falls."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(40, 1))
    data = np.hstack([x, x, 0 * x])
    samples = Samples.of(data, np.maximum(x - 0.2, 0), "squared_error", True, "float64")
    net = sparse_network(3, (4, 2, 1), "tanh", density=1.0)
    assert fit(net, samples, 40).loss < 0.02 * samples.loss_of(net)


def test_a_step_without_finite_numbers_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    net = sparse_network(2, (3, 2, 1))
    samples = sparse_samples(2, net, "huber")

    def broken(*_: Any) -> tuple[float, np.ndarray, np.ndarray]:
        return np.nan, np.full(len(net.weights), np.nan), np.full((len(net.weights),) * 2, np.nan)

    monkeypatch.setattr(levenberg_marquardt, "normal_equations", broken)
    kept = fit(net, samples, 5)
    np.testing.assert_array_equal(kept.net.weights, net.weights)


# --- leave one out ----------------------------------------------------------------------------------------------------


@CHECK
@given(SEEDS, st.sampled_from([(4, 3, 1), (4, 4, 2)]), st.sampled_from(["relu", "leaky_relu", "tanh"]), st.booleans())
def test_the_rise_is_that_of_a_refit_without_the_neuron(
    seed: int, widths: tuple[int, ...], activation: str, weighted: bool
) -> None:
    """One hidden layer, squared errors: twice the exact difference of two least squares solutions."""
    net = sparse_network(seed, widths, activation, density=0.8)
    net = net.with_weights(3 * net.weights)  # far from linear, where neurons could hardly be told apart
    samples = sparse_samples(seed, net, rows=30, weighted=weighted)
    net = refit(net, samples)
    activations = weights_of(net).run(net.weights, samples.x_rows)
    # Where columns nearly express each other, the ridge and rounding decide both sides.
    senders = np.unique(net.senders[net.receivers >= sum(widths[:2])])
    columns = np.sqrt(samples.weights) * np.asarray(activations)[senders]
    sizes = np.linalg.norm(columns, axis=1)
    assume(sizes.min() > 0 and np.linalg.cond(columns.T / sizes) < 1e3)
    found = {neuron: rise for rise, neuron in rises(net, samples)}
    assert set(found) == set(net.live.tolist())
    assert [rise for rise, _ in rises(net, samples)] == sorted(found.values())
    whole = least_squares(net, samples, activations)
    for neuron, rise in found.items():
        without = least_squares(net.keep(net.senders != neuron), samples, activations)
        assert rise / 2 == pytest.approx(without - whole, rel=1e-3, abs=1e-7)


def test_the_rise_of_an_input_is_that_of_a_refit_without_it() -> None:
    net = sparse_network(6, (5, 2), density=0.8)
    samples = sparse_samples(6, net, rows=30)
    net = refit(net, samples)
    whole = least_squares(net, samples, samples.activations(net))
    found = input_rises(net, samples)
    assert {number for _, number in found} == set(net.senders.tolist()) - {net.n_inputs - 1}
    assert [rise for rise, _ in found] == sorted(rise for rise, _ in found)
    for rise, number in found:
        without = least_squares(net.keep(net.senders != number), samples, samples.activations(net))
        assert rise / 2 == pytest.approx(without - whole, rel=1e-5)


def test_equal_neurons_can_go_for_nothing() -> None:
    """The second of two equal neurons takes over: no rise, though the matrix has no inverse."""
    weights = np.array([1.0, 0.3, 1.0, 0.3, 0.7, 0.7])
    net = SparseNetwork.sorted((2, 2, 1), "tanh", True, weights, [0, 1, 0, 1, 2, 3], [2, 2, 3, 3, 4, 4])
    samples = sparse_samples(1, net, rows=20)
    assert max(rise for rise, _ in rises(net, samples)) < 1e-8
    blank = replace(net, weights=np.zeros(6))
    assert [rise for rise, _ in rises(blank, samples)] == [0, 0]
    assert input_rises(net.keep(net.senders == 1), samples) == []


def test_a_network_without_weights_has_no_rises() -> None:
    net = sparse_network(1, (3, 2, 1), density=0.0)
    samples = sparse_samples(1, net)
    assert rises(net, samples) == []
    assert input_rises(net, samples) == []
