"""Networks as lists of weights: their structure, and changes that keep the function."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spectral_core.errors import InvalidInputError
from spectral_core.kernels.tables import ZERO_AT_ZERO
from spectral_core.networks.sparse import SparseNetwork
from tests.builders import network, sparse_network, weights_of
from tests.oracles import Model

SHAPES = ((2, 2), (3, 2, 1), (3, 3, 2), (2, 2, 3, 2), (3, 2, 2, 2, 1))
CHECK = settings(deadline=None, max_examples=60)
networks = st.builds(
    sparse_network,
    st.integers(0, 10**6),
    st.sampled_from(SHAPES),
    st.sampled_from(ZERO_AT_ZERO),
    st.booleans(),
    st.sampled_from([0.0, 0.2, 0.4, 0.7, 1.0]),
)


def inputs_of(net: SparseNetwork) -> np.ndarray:
    x = np.random.default_rng(5).normal(size=(net.n_inputs, 6))
    if net.bias:
        x[-1] = 1
    return x


def same_function(one: SparseNetwork, other: SparseNetwork, tolerance: float = 1e-12) -> None:
    x = inputs_of(one)
    wanted, got = weights_of(one).output(one.weights, x), weights_of(other).output(other.weights, x)
    np.testing.assert_allclose(got, wanted, rtol=0, atol=tolerance * (1 + abs(wanted).max(initial=0)))


def constant_here(net: SparseNetwork, layer: int) -> bool:
    return layer == 1 and net.bias


def is_sorted(net: SparseNetwork) -> bool:
    keys = net.receivers * net.n_neurons + net.senders
    return bool((np.diff(keys) > 0).all())


@CHECK
@given(networks)
def test_the_dense_network_and_back(net: SparseNetwork) -> None:
    dense = net.direct()
    x = inputs_of(net)
    given_rows = x[: net.n_inputs - net.bias].T
    wanted = weights_of(net).output(net.weights, x)
    np.testing.assert_allclose(dense.forward(np.ascontiguousarray(given_rows)), wanted, rtol=0, atol=1e-12)
    back = SparseNetwork.of(dense)
    assert (back.widths, back.activation, back.bias) == (net.widths, net.activation, net.bias)
    for name in ("weights", "senders", "receivers"):
        np.testing.assert_array_equal(getattr(back, name), getattr(net, name))


@pytest.mark.parametrize("parametrization", ["global", "layerwise"])
def test_a_spectral_network_gives_its_transfer_blocks(parametrization: str) -> None:
    model = Model(parametrization, (3, 4, 2, 2), "tanh", True)
    dense = network(model, np.random.default_rng(2).uniform(-1, 1, model.size), dtype="float64")
    net = SparseNetwork.of(dense)
    x = inputs_of(net)
    np.testing.assert_allclose(weights_of(net).output(net.weights, x), dense.forward(x[:2].T), rtol=0, atol=1e-12)
    assert is_sorted(net)


@CHECK
@given(networks)
def test_what_is_counted(net: SparseNetwork) -> None:
    last, pairs = net.n_neurons - net.n_outputs, list(zip(net.receivers, net.senders, strict=True))
    biases = [e for e, (_, sender) in enumerate(pairs) if net.bias and sender == net.n_inputs - 1]
    assert np.flatnonzero(net.biases).tolist() == biases
    assert (net.n_biases, net.n_products) == (len(biases), len(pairs) - len(biases))
    live = [n for n in range(net.n_inputs, last) if {r for r, _ in pairs} & {n} and {s for _, s in pairs} & {n}]
    assert net.live.tolist() == live
    assert [(net.layers[n], net.places[n]) for n in range(net.n_neurons)] == [
        (layer, place) for layer, width in enumerate(net.widths, 1) for place in range(width)
    ]
    for number, receiver in enumerate(range(net.n_inputs, net.n_neurons)):
        start, stop = net.offsets[number : number + 2]
        assert list(range(start, stop)) == [e for e, (r, _) in enumerate(pairs) if r == receiver]


@CHECK
@given(networks)
@example(sparse_network(0, (3, 3, 2), "tanh", True, 0.0))
def test_what_acts_is_found_by_walking_every_path(net: SparseNetwork) -> None:
    graph = weights_of(net)
    paths = graph.paths()
    constant = net.n_inputs - 1 if net.bias else -1
    on_paths = {int(net.receivers[e]) for path in paths for e in path}
    ends = {n for n in range(net.n_inputs) if any(net.senders[path[0]] == n for path in paths)}
    outputs = set(range(net.n_neurons - net.n_outputs, net.n_neurons))
    reached_from = {int(n) for n in np.flatnonzero(net.reaching())}
    assert on_paths | ends | outputs <= reached_from
    assert set(np.flatnonzero(net.acting()).tolist()) == graph.acting(net.bias)
    driven = {
        int(net.receivers[path[i]]) for path in paths for i in range(len(path)) if net.senders[path[0]] != constant
    }
    assert driven <= set(np.flatnonzero(net.driven()).tolist())


@CHECK
@given(networks)
@example(sparse_network(0, (3, 3, 2), "tanh", True, 0.0))
def test_cleaning_keeps_the_function(net: SparseNetwork) -> None:
    clean = net.cleaned()
    same_function(net, clean)
    assert clean.acting().all()
    assert is_sorted(clean)
    assert clean.n_products == int((net.acting() & ~net.biases).sum())
    assert clean.weights.dtype == net.weights.dtype
    assert clean.cleaned() is clean


def test_a_chain_of_constant_neurons_becomes_one_bias() -> None:
    """Input 0 reaches output 6 alone; the constant 1 makes neurons 2 and 4 constant, and 5 leads nowhere."""
    weights = np.array([0.5, 2.0, 3.0, 0.25, 4.0, 7.0])
    senders, receivers = [1, 2, 0, 2, 4, 1], [2, 4, 5, 6, 6, 4]
    net = SparseNetwork.sorted((2, 2, 2, 1), "relu", True, weights, np.array(senders), np.array(receivers))
    net = net.with_more(np.array([0]), np.array([6]), np.array([9.0]))
    clean = net.cleaned()
    # 2 is f(0.5) = 0.5; 4 is f(2·0.5 + 7) = 8; the bias is 0.25·0.5 + 4·8.
    assert (clean.senders.tolist(), clean.receivers.tolist()) == ([0, 1], [6, 6])
    assert clean.weights.tolist() == [9.0, 32.125]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_constants_that_are_0_leave_no_bias(dtype: str) -> None:
    net = SparseNetwork.sorted((2, 1, 1), "relu", True, np.array([-1.0, 5.0], dtype), [1, 2], [2, 3])
    clean = net.cleaned()
    assert len(clean.weights) == 0
    assert clean.weights.dtype == dtype


@CHECK
@given(networks)
def test_narrowing_keeps_the_function(net: SparseNetwork) -> None:
    small, kept = net.narrowed(), net.used.neurons
    x = inputs_of(net)
    wanted = weights_of(net).output(net.weights, x)
    got = weights_of(small).output(small.weights, x[kept[: small.n_inputs]])
    np.testing.assert_array_equal(got, wanted)
    assert len(kept) == small.n_neurons
    assert small.n_outputs == net.n_outputs
    assert len(small.widths) == len(net.widths)
    used = {*net.senders.tolist(), *net.receivers.tolist()}
    for layer, (before, after) in enumerate(zip(net.widths[:-1], small.widths, strict=False), 1):
        constant = constant_here(net, layer)
        start = sum(net.widths[: layer - 1])
        need = {n for n in range(start, start + before) if n in used or (constant and n == before - 1)}
        assert after == max(1 + constant_here(net, layer), len(need))


@CHECK
@given(networks, st.integers(0, 100))
def test_further_weights_are_added_to_those_that_are_there(net: SparseNetwork, seed: int) -> None:
    other = sparse_network(seed, net.widths, net.activation, net.bias, 0.3)
    more = net.with_more(other.senders, other.receivers)
    same_function(net, more)
    assert is_sorted(more)
    assert int(more.has(net).sum()) == len(net.weights)
    assert net.has(more).sum() == len(net.weights)
    total = net.with_more(other.senders, other.receivers, other.weights).direct()
    for pair, block in total.transfer_blocks().items():
        parts = [one.direct().transfer_blocks().get(pair, 0 * block) for one in (net, other)]
        np.testing.assert_array_equal(block, parts[0] + parts[1])


def test_a_part_of_the_weights() -> None:
    net = sparse_network(3, (3, 3, 2))
    kept = np.arange(len(net.weights)) % 2 == 0
    for chosen in (kept, np.flatnonzero(kept)):
        part = net.keep(chosen)
        np.testing.assert_array_equal(part.weights, net.weights[kept])
        assert net.has(part).all()
        np.testing.assert_array_equal(part.has(net), kept)
    assert net.with_weights(np.zeros(len(net.weights))).weights.tolist() == [0.0] * len(net.weights)
    with pytest.raises(InvalidInputError, match=f"the network has {len(net.weights)} weights; got 1"):
        net.with_weights(np.zeros(1))
