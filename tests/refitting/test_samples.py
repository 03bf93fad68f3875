"""What the sparse kernels compute, compared with sums over single weights."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_core.kernels.tables import LOSSES, ZERO_AT_ZERO
from spectral_core.networks.sparse import SparseNetwork
from spectral_core.refitting import samples as module
from spectral_core.refitting.samples import Samples
from tests import oracles
from tests.builders import mixed, sparse_network, sparse_samples, wanted_of, weights_of

CHECK = settings(deadline=None, max_examples=40)
SHAPES = ((2, 2), (3, 2, 1), (3, 3, 2), (2, 2, 3, 2), (3, 2, 2, 2, 1))
TOLERANCE = {"float64": 1e-11, "float32": 2e-5}


@st.composite
def cases(draw: st.DrawFn, dtypes: tuple[str, ...] = ("float64",)) -> tuple[SparseNetwork, Samples]:
    seed, loss = draw(st.integers(0, 10**6)), draw(st.sampled_from(LOSSES))
    shape = draw(st.sampled_from(SHAPES))
    net = sparse_network(
        seed,
        shape,
        mixed(draw(st.sampled_from(ZERO_AT_ZERO)), ZERO_AT_ZERO, len(shape) - 2, seed),
        draw(st.booleans()),
        draw(st.sampled_from([0.0, 0.3, 0.7, 1.0])),
        draw(st.sampled_from(dtypes)),
    )
    rows, smoothing = draw(st.integers(1, 9)), draw(st.sampled_from([0.0, 0.2]))
    return net, sparse_samples(seed, net, loss, rows, smoothing, draw(st.booleans()))


BOTH = cases(("float64", "float32"))


def close(got: Any, wanted: Any, dtype: np.dtype[Any]) -> None:
    scale = 1 + abs(np.asarray(wanted)).max(initial=0)
    np.testing.assert_allclose(got, wanted, rtol=0, atol=TOLERANCE[dtype.name] * scale)


def exact(samples: Samples) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and weights in float64."""
    return samples.x_rows.astype(np.float64), samples.weights.astype(np.float64)


@CHECK
@given(BOTH)
def test_outputs_and_activations(case: tuple[SparseNetwork, Samples]) -> None:
    net, samples = case
    states = weights_of(net).run(net.weights.astype(np.float64), exact(samples)[0])
    close(samples.activations(net), states, net.weights.dtype)
    close(samples.forward(net), states[net.n_neurons - net.n_outputs :].T, net.weights.dtype)
    assert samples.forward(net).dtype == net.weights.dtype
    np.testing.assert_allclose(
        samples.forward(net), net.direct().forward(samples.x_rows[: net.n_inputs - net.bias].T), atol=1e-5
    )


@CHECK
@given(BOTH)
def test_the_loss_and_its_gradient(case: tuple[SparseNetwork, Samples]) -> None:
    net, samples = case
    x, weight = exact(samples)
    graph, theta = weights_of(net), net.weights.astype(np.float64)

    def loss(moved: np.ndarray) -> Any:
        return graph.loss(moved, x, wanted_of(samples), samples.loss, weight, samples.smoothing)

    value, gradient = samples.loss_and_gradient(net, net.weights)
    close(value, loss(theta), net.weights.dtype)
    close(samples.loss_of(net), loss(theta), net.weights.dtype)
    close(gradient, oracles.gradient(loss, theta), net.weights.dtype)
    assert gradient.dtype == net.weights.dtype


@CHECK
@given(cases())
def test_curvatures(case: tuple[SparseNetwork, Samples]) -> None:
    """The diagonal of the Gauss-Newton matrix, and mean (x - x̄)² (∂ℓ/∂x)² of the factors' columns, neuron by neuron."""
    net, samples = case
    x, weight = exact(samples)
    graph, y = weights_of(net), wanted_of(samples)
    diagonal, rise = samples.curvature(net)
    matrix = oracles.gauss_newton(graph, net.weights, x, y, samples.loss, weight, samples.smoothing)
    np.testing.assert_allclose(diagonal, matrix.diagonal(), rtol=0, atol=1e-7 * (1 + abs(matrix).max(initial=0)))
    # A weight from a further constant input into the neuron says what its activation does: x moves, all else follows.
    states = graph.run(net.weights, x)
    for neuron in range(net.n_inputs, net.n_neurons - net.n_outputs):
        mean = (states[neuron] * weight).sum() / weight.sum()
        total = 0.0
        for s in range(len(samples)):
            moved = oracles.moving(graph, net.weights, x[:, s : s + 1], neuron)
            curvature = oracles.loss_curvature(moved[0], y[s : s + 1], samples.loss, samples.smoothing)
            share = weight[s] / weight.sum()
            total += share * (states[neuron, s] - mean) ** 2 * moved[1] @ curvature @ moved[1]
        np.testing.assert_allclose(rise[neuron], total, rtol=1e-6, atol=1e-8)


@CHECK
@given(cases())
def test_samples_without_weight_do_not_count(case: tuple[SparseNetwork, Samples]) -> None:
    net, samples = case
    extended = sparse_samples(77, net, samples.loss, len(samples) + 4, samples.smoothing)
    weights = np.concatenate([samples.weights, np.zeros(4)])
    joined = replace(
        extended, weights=weights, x_rows=np.concatenate([samples.x_rows, extended.x_rows[:, -4:]], axis=1)
    )
    if samples.loss == "cross_entropy":
        joined = replace(joined, labels=np.concatenate([samples.labels, extended.labels[-4:]]))
    else:
        joined = replace(joined, y=np.concatenate([samples.y, extended.y[-4:]]))
    close(joined.loss_of(net), samples.loss_of(net), net.weights.dtype)
    for one, other in zip(
        (*joined.loss_and_gradient(net, net.weights), *joined.curvature(net)),
        (*samples.loss_and_gradient(net, net.weights), *samples.curvature(net)),
        strict=True,
    ):
        close(one, other, net.weights.dtype)


@CHECK
@given(cases(), st.integers(1, 4))
def test_chunks_change_nothing(case: tuple[SparseNetwork, Samples], chunk: int) -> None:
    net, samples = case
    whole = (samples.forward(net), *samples.loss_and_gradient(net, net.weights), *samples.curvature(net))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CHUNK", chunk)
        parts = (samples.forward(net), *samples.loss_and_gradient(net, net.weights), *samples.curvature(net))
    for one, other in zip(whole, parts, strict=True):
        close(one, other, net.weights.dtype)


def test_a_part_of_the_samples() -> None:
    net = sparse_network(1, (3, 2, 2))
    for loss in ("squared_error", "cross_entropy"):
        samples = sparse_samples(1, net, loss, weighted=True)
        rows = np.array([4, 0, 7])
        part = samples.part(rows)
        assert len(part) == 3
        np.testing.assert_array_equal(part.forward(net), samples.forward(net)[rows])
        np.testing.assert_array_equal(part.weights, samples.weights[rows])
        np.testing.assert_array_equal(wanted_of(part), wanted_of(samples)[rows])


def test_samples_are_rows_of_neurons() -> None:
    x, y = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), np.array([[1.0], [0.0], [2.0]])
    samples = Samples.of(x, y, "squared_error", True)
    assert samples.x_rows.dtype == samples.y.dtype == samples.weights.dtype == "float32"
    assert samples.x_rows.tolist() == [[1, 3, 5], [2, 4, 6], [1, 1, 1]]
    assert samples.weights.tolist() == [1, 1, 1]
    labelled = Samples.of(x, np.array([1, 0, 2]), "cross_entropy", False, "float64", 0.1)
    assert labelled.x_rows.tolist() == [[1, 3, 5], [2, 4, 6]]
    assert (labelled.labels.tolist(), len(labelled.y), labelled.smoothing) == ([1, 0, 2], 0, 0.1)
