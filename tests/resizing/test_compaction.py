"""Compaction is exact: the live part computes the same function, over depth, width, activation and dead patterns."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_core import CompactNetwork, InvalidInputError, ModelFileError, SpectralNetwork, compact
from spectral_core.kernels.tables import ZERO_AT_ZERO
from spectral_core.resizing.compaction import live_masks
from tests.builders import mixed

PARAMETRIZATIONS = ("global", "layerwise", "direct")


@st.composite
def networks(draw):
    """A network with random neurons and blocks made dead, in any parametrization."""
    widths = draw(st.lists(st.integers(1, 6), min_size=2, max_size=5))
    kind = draw(st.sampled_from(PARAMETRIZATIONS))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    activation = mixed(draw(st.sampled_from(ZERO_AT_ZERO)), ZERO_AT_ZERO, len(widths) - 2, draw(st.integers(0, 99)))
    net = SpectralNetwork.initialize(
        widths, activation=activation, bias=draw(st.booleans()), parametrization=kind, dtype="float64"
    )
    net = net.with_parameters(rng.normal(size=net.n_parameters))
    share = draw(st.floats(0, 1))
    dead = [rng.random(width) < share for width in net.widths]
    if kind == "direct":
        blocks = {
            (i, j): block * ~dead[i - 1][:, None] * ~dead[j - 1] * (rng.random() > share / 2)
            for (i, j), block in net.blocks.items()
        }
        return SpectralNetwork(
            blocks=blocks, activation=net.activation, bias=net.bias, parametrization="direct", dtype="float64"
        )
    # Spectral: a zero row of φ silences a neuron, a zero column makes it unheard.
    for i, phi in enumerate(net.eigenvectors):
        phi[dead[i + 1]] = 0
        phi[:, dead[i] & (rng.random(net.widths[i]) < 0.5)] = 0
    return net


@settings(max_examples=150, deadline=None)
@given(networks(), st.integers(0, 100))
def test_the_compact_network_is_the_same_function(net, seed):
    before = net.parameters.copy()
    small = compact(net)
    x = np.random.default_rng(seed).normal(size=(9, net.n_features))
    expected = net.forward(x)
    # The scale that rounding follows: the sum of the absolute values, not their difference.
    scale = 1 + np.abs(expected).max() + _absolute(net, x)
    np.testing.assert_allclose(small.forward(x), expected, rtol=0, atol=1e-13 * scale)
    np.testing.assert_allclose(small.expanded().forward(x), expected, rtol=0, atol=1e-13 * scale)
    assert np.array_equal(net.parameters, before)
    assert small.n_parameters == sum(block.size for block in small.blocks.values())
    assert sum(small.live) == sum(small.widths)
    assert small.live[-1] == net.widths[-1]


def _absolute(net, x):
    """An upper bound of every intermediate sum: |W| and |x| pushed through (|f(z)| <= |z| for these f)."""
    blocks = net.transfer_blocks()
    layers = {1: np.abs(np.c_[x, np.ones(len(x))] if net.bias else x)}
    for i in range(2, net.n_layers + 1):
        layers[i] = sum(
            (layers[j] @ np.abs(block).T for (k, j), block in blocks.items() if k == i),
            np.zeros((len(x), net.widths[i - 1])),
        )
    return max(values.max(initial=0) for values in layers.values())


@settings(max_examples=100, deadline=None)
@given(networks())
def test_live_masks_against_paths_found_one_by_one(net):
    blocks = net.transfer_blocks()
    nodes = [(layer, n) for layer, width in enumerate(net.widths, 1) for n in range(width)]
    edges = {((j, b), (i, a)) for (i, j), block in blocks.items() for a, b in np.argwhere(block)}
    reached = {node for node in nodes if node[0] == 1}
    heard = {node for node in nodes if node[0] == net.n_layers}
    for _ in nodes:
        reached |= {end for start, end in edges if start in reached}
        heard |= {start for start, end in edges if end in heard}
    live = live_masks(blocks, net.widths)
    for layer, n in nodes:
        expected = (layer, n) in reached & heard or layer == net.n_layers
        assert live[layer - 1][n] == expected


def test_a_silent_neuron_of_a_spectral_network_still_carries_the_linear_path():
    """M10: λ equal on both sides silences the hidden layer, but W_31 remains, and compaction keeps it."""
    rng = np.random.default_rng(1)
    phi = [rng.normal(size=(4, 3)), rng.normal(size=(2, 4))]
    net = SpectralNetwork(phi, [np.full(3, 0.7), np.full(4, 0.7), np.ones(2)])
    small = compact(net)
    assert small.live == (3, 0, 2)
    assert list(small.blocks) == [(2, 1)]
    x = rng.normal(size=(5, 3))
    np.testing.assert_allclose(small.forward(x), x @ (-0.3 * -1 * -phi[1] @ phi[0]).T * -1, rtol=1e-12)


def test_an_activation_with_an_offset_is_refused():
    net = SpectralNetwork.initialize([2, 3, 1], activation="sigmoid", parametrization="layerwise")
    with pytest.raises(InvalidInputError, match=r"f\(0\) = 0; sigmoid"):
        compact(net)


@settings(max_examples=30, deadline=None)
@given(networks())
def test_saving_and_loading_keeps_every_bit(tmp_path_factory, net):
    path = tmp_path_factory.mktemp("compact") / "c.npz"
    small = compact(net)
    small.save(path)
    again = CompactNetwork.load(path)
    x = np.ones((2, net.n_features))
    assert np.array_equal(again.forward(x), small.forward(x))
    assert (again.widths, again.live, again.layers) == (small.widths, small.live, small.layers)


def test_a_network_file_is_not_a_compact_network(tmp_path):
    net = SpectralNetwork.initialize([2, 3, 1])
    net.save(tmp_path / "n.npz")
    with pytest.raises(ModelFileError, match="holds a network; expected compact network"):
        CompactNetwork.load(tmp_path / "n.npz")
