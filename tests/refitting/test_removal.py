"""Which weights go and which come back, compared with losses after the removal and with walks over every path."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_core.kernels.tables import LOSSES, ZERO_AT_ZERO
from spectral_core.networks.sparse import SparseNetwork
from spectral_core.refitting import removal
from spectral_core.refitting.output_weights import refit
from spectral_core.refitting.removal import grow, remove, saliencies
from tests import oracles
from tests.builders import sparse_network, sparse_samples, wanted_of, weights_of

CHECK = settings(deadline=None, max_examples=40)
SHAPES = ((2, 2), (3, 2, 1), (3, 3, 2), (2, 2, 3, 2), (3, 2, 2, 2, 1))
SEEDS = st.integers(0, 10**6)
nets = st.builds(
    sparse_network,
    SEEDS,
    st.sampled_from(SHAPES),
    st.sampled_from(ZERO_AT_ZERO),
    st.booleans(),
    st.sampled_from([0.3, 0.6, 1.0]),
)


def all_pairs(net: SparseNetwork) -> set[tuple[int, int]]:
    return {(i, j) for i in range(2, len(net.widths) + 1) for j in range(1, i)}


def leaving(net: SparseNetwork, neuron: int) -> int:
    """The products at a hidden neuron."""
    return int((((net.senders == neuron) | (net.receivers == neuron)) & ~net.biases).sum())


@CHECK
@given(SEEDS, st.sampled_from(["tanh", "relu", "swish"]), st.booleans())
def test_the_saliency_is_the_rise_of_the_quadratic_loss(seed: int, activation: str, weighted: bool) -> None:
    """Squared errors at their minimum over the output's weights: the loss without a weight, and with a neuron at its mean."""
    net = sparse_network(seed, (4, 3, 2), activation, density=0.8)
    samples = sparse_samples(seed, net, rows=30, weighted=weighted)
    net = refit(net, samples)
    least, found = samples.loss_of(net), saliencies(net, samples)
    last = net.n_neurons - net.n_outputs
    share = samples.weights / samples.weights.sum()
    means = samples.activations(net) @ share
    whole = np.full(net.n_neurons, np.inf)
    for neuron in np.unique(net.senders[net.senders >= net.n_inputs]):
        outgoing = np.flatnonzero(net.senders == neuron)
        at_mean = net.with_more(
            np.full(len(outgoing), net.n_inputs - 1), net.receivers[outgoing], net.weights[outgoing] * means[neuron]
        )
        constant = at_mean.with_weights(np.where(at_mean.senders == neuron, 0, at_mean.weights))
        has_bias = np.isin(net.receivers[outgoing], net.receivers[net.biases])
        if has_bias.all():  # else the outputs are not at their minimum along the constant
            whole[neuron] = (samples.loss_of(constant) - least) / leaving(net, int(neuron))
    matrix = oracles.gauss_newton(
        weights_of(net), net.weights, samples.x_rows, samples.y, "squared_error", samples.weights
    )
    for e in range(len(net.weights)):
        if net.biases[e]:
            assert np.isinf(found[e])
            continue
        own = net.weights[e] ** 2 * matrix[e, e] / 2
        if net.receivers[e] >= last:
            without = net.with_weights(np.where(np.arange(len(net.weights)) == e, 0, net.weights))
            assert own == pytest.approx(samples.loss_of(without) - least, rel=1e-4, abs=1e-7)
        ends = [n for n in (net.senders[e], net.receivers[e]) if net.n_inputs <= n < last]
        if all(np.isfinite(whole[n]) for n in ends):
            assert found[e] == pytest.approx(min([own, *(whole[n] for n in ends)]), rel=1e-4, abs=1e-7)


@CHECK
@given(nets, st.integers(0, 30), SEEDS)
def test_what_stays_is_the_most_salient_that_acts(net: SparseNetwork, count: int, seed: int) -> None:
    samples = sparse_samples(seed, net)
    clean = net.cleaned()
    small = remove(net, samples, count)
    if clean.n_products <= count:
        np.testing.assert_array_equal(small.weights, clean.weights)
        return
    graph, products = weights_of(clean), np.flatnonzero(~clean.biases)
    order = sorted(products, key=lambda e: -saliencies(clean, samples)[e])

    def acting(number: int) -> set[int]:
        kept = [*np.flatnonzero(clean.biases).tolist(), *(int(e) for e in order[:number])]
        return graph.acting(clean.bias, kept) - set(np.flatnonzero(clean.biases).tolist())

    number = max(n for n in range(len(order) + 1) if len(acting(n)) <= count)
    places = set(zip(small.receivers[~small.biases], small.senders[~small.biases], strict=True))
    assert places == {(clean.receivers[e], clean.senders[e]) for e in acting(number)}
    assert small.acting().all()
    assert small.n_products <= count


def test_nothing_is_left_of_0_weights_but_constants() -> None:
    net = sparse_network(2, (3, 3, 2))
    left = remove(net, sparse_samples(2, net), 0)
    assert left.n_products == 0
    assert (left.receivers >= net.n_neurons - net.n_outputs).all()


def test_saliencies_that_overflow_do_not_keep_more_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    net = sparse_network(2, (3, 3, 2), density=1.0)
    samples = sparse_samples(2, net)
    monkeypatch.setattr(removal, "saliencies", lambda net, _: np.full(len(net.weights), np.inf))
    for count in (0, 1, 3, 5):
        assert remove(net, samples, count).n_products <= count


@CHECK
@given(nets, st.integers(1, 6), st.sampled_from(LOSSES), st.sampled_from([0.0, 0.1]), SEEDS)
def test_growth_takes_the_greatest_gain(net: SparseNetwork, count: int, loss: str, l2: float, seed: int) -> None:
    samples = sparse_samples(seed, net, loss)
    net = net.cleaned()
    grown = grow(net, samples, samples, count, l2, all_pairs(net))
    # Everything that may be there: no other constant, nothing at idle neurons or outputs.
    used = {
        *range(net.n_inputs - net.bias),
        *net.live.tolist(),
        *(int(r) for r in net.receivers if r >= net.n_neurons - net.n_outputs),
    }
    present = set(zip(net.receivers.tolist(), net.senders.tolist(), strict=True))
    absent = [
        (r, s) for r in sorted(used) for s in sorted(used) if net.layers[s] < net.layers[r] and (r, s) not in present
    ]
    extra = set(zip(grown.receivers.tolist(), grown.senders.tolist(), strict=True)) - present
    assert len(extra) == min(count, len(absent))
    assert extra <= set(absent)
    assert int(net.has(grown).sum()) == len(net.weights)
    if not absent:
        return
    wide = net.with_more(np.array([s for _, s in absent]), np.array([r for r, _ in absent]))
    graph, y = weights_of(wide), wanted_of(samples)

    def objective(weights: np.ndarray) -> Any:
        return graph.loss(weights, samples.x_rows, y, loss, samples.weights)

    slope = oracles.gradient(objective, wide.weights)
    curvature = oracles.gauss_newton(graph, wide.weights, samples.x_rows, y, loss, samples.weights).diagonal()
    gain = slope**2 / (2 * (curvature + l2 + 1e-3 * curvature.mean()) + 1e-300)
    gains = dict(zip(zip(wide.receivers.tolist(), wide.senders.tolist(), strict=True), gain, strict=True))
    least = min(gains[pair] for pair in extra)
    assert all(gains[pair] <= least * (1 + 1e-5) + 1e-9 for pair in absent if pair not in extra)


def test_weights_that_happen_to_be_0_stay() -> None:
    net = sparse_network(3, (4, 4, 2), density=0.5).cleaned()
    net = net.with_weights(np.where(np.arange(len(net.weights)) % 2, net.weights, 0))
    grown = grow(net, sparse_samples(3, net), sparse_samples(3, net), 1, 0.0, all_pairs(net))
    assert net.has(grown).sum() == len(net.weights)
    assert len(grown.weights) == len(net.weights) + 1


def test_nothing_grows_where_nothing_may_be_joined() -> None:
    net = sparse_network(3, (3, 3, 1), density=1.0)
    samples = sparse_samples(3, net)
    assert grow(net, samples, samples, 5, 0.0, all_pairs(net)) is net
    part = replace(net.keep(np.arange(len(net.weights)) % 2 == 0))
    assert grow(part, samples, samples, 5, 0.0, set()) is part


@pytest.mark.parametrize("bias", [True, False])
def test_nothing_grows_from_inputs_that_do_not_vary(bias: bool) -> None:
    """Without biases a constant input may take their place; one that is always 0 may not."""
    net = sparse_network(3, (5, 3, 2), bias=bias, density=1.0)
    net = net.keep(net.senders > 1)
    samples = sparse_samples(3, net)
    x = samples.x_rows.copy()
    x[0], x[1] = 0.0, 0.5
    samples = replace(samples, x_rows=x)
    grown = grow(net, samples, samples, 50, 0.0, all_pairs(net))
    assert set(grown.senders.tolist()) - set(net.senders.tolist()) == (set() if bias else {1})
