"""L-BFGS on the weights that are there, compared with SciPy's minima."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from spectral_core.kernels.tables import LOSSES, ZERO_AT_ZERO
from spectral_core.networks.sparse import SparseNetwork
from spectral_core.refitting.lbfgs import polish
from spectral_core.refitting.samples import Samples
from tests import oracles
from tests.builders import sparse_network, sparse_samples, wanted_of, weights_of


@pytest.mark.parametrize("loss", LOSSES)
def test_a_convex_objective_ends_at_its_minimum(loss: str) -> None:
    net = sparse_network(5, (4, 3), density=0.8)
    samples = sparse_samples(5, net, loss, rows=40, smoothing=0.1)
    graph, y = weights_of(net), wanted_of(samples)

    def objective(weights: np.ndarray) -> Any:
        decayed = weights[~net.biases]
        return graph.loss(weights, samples.x_rows, y, loss, samples.weights, 0.1) + 0.005 * (decayed**2).sum()

    truth = minimize(lambda w: float(np.real(objective(w))), net.weights, jac=lambda w: oracles.gradient(objective, w))
    found, value = polish(net, samples, 200, 0.01)
    assert value == pytest.approx(truth.fun, rel=1e-7)
    assert value == pytest.approx(float(np.real(objective(found.weights))), rel=1e-10)


@settings(deadline=None, max_examples=25)
@given(
    st.integers(0, 10**6), st.sampled_from([(2, 2), (3, 3, 2), (2, 2, 3, 2)]), st.sampled_from(ZERO_AT_ZERO),
    st.booleans(), st.sampled_from(LOSSES), st.sampled_from([0.0, 0.3, 1.0]),
)  # fmt: skip
def test_more_iterations_never_raise_the_objective(
    seed: int, widths: tuple[int, ...], activation: str, bias: bool, loss: str, density: float
) -> None:
    net = sparse_network(seed, widths, activation, bias, density)
    samples = sparse_samples(seed, net, loss)
    start = samples.loss_of(net) + 0.05 * (net.weights[~net.biases] ** 2).sum()
    values = []
    for iterations in (0, 1, 3, 30):
        found, value = polish(net, samples, iterations, 0.1)
        penalty = 0.05 * (found.weights[~found.biases] ** 2).sum()
        assert value == pytest.approx(samples.loss_of(found) + penalty, rel=1e-9, abs=1e-12)
        values.append(value)
    assert values[0] == pytest.approx(start, rel=1e-12)
    assert (np.diff(values) <= 1e-12 * (1 + abs(values[0]))).all()


def test_single_precision_comes_close() -> None:
    net = sparse_network(5, (4, 3), density=0.8)
    samples = sparse_samples(5, net, "cross_entropy", rows=40)
    single = replace(
        samples, x_rows=samples.x_rows.astype("f4"), y=samples.y.astype("f4"), weights=samples.weights.astype("f4")
    )
    found, value = polish(replace(net, weights=net.weights.astype("f4")), single, 200, 0.01)
    assert found.weights.dtype == "float32"
    assert value == pytest.approx(polish(net, samples, 200, 0.01)[1], rel=1e-5)


def test_a_loss_that_is_not_finite_ends_at_once() -> None:
    net = SparseNetwork.sorted((2, 1), "relu", True, np.array([1e5, 0.0]), [0, 1], [2, 2])
    samples = Samples.of(np.ones((4, 1)), np.ones((4, 1)), "poisson", True, "float64")
    found, value = polish(net, samples, 20, 0.0)
    assert not np.isfinite(value)
    np.testing.assert_array_equal(found.weights, net.weights)


def test_inputs_without_weights_are_left_out() -> None:
    """The same minimum, from the inputs that have weights alone."""
    net = sparse_network(7, (6, 2), density=0.5).keep
    whole = sparse_network(7, (6, 2), density=1.0)
    part = net(sparse_network(7, (6, 2), density=0.5).senders != 1)
    samples = sparse_samples(7, part, rows=30)
    found, _ = polish(part, samples, 100, 0.0)
    assert len(found.weights) == len(part.weights) < len(whole.weights)
    gradient = samples.loss_and_gradient(found, found.weights)[1]
    assert abs(gradient).max() < 1e-3
