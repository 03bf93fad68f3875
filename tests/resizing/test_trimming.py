"""Trimming and path scores."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_core import InvalidInputError, SpectralNetwork
from spectral_core.networks.paths import path_norms, path_scores
from spectral_core.resizing.trimming import Tolerance, largest_fitting, trim


def random_network(seed, widths=(3, 6, 2), bias=False):
    net = SpectralNetwork.initialize(widths, bias=bias, dtype="float64", seed=seed)
    return net.with_parameters(np.random.default_rng(seed).normal(size=net.n_parameters))


@given(st.integers(0, 1000))
def test_the_path_norm_is_the_norm_of_the_path_tensor(seed):
    """M6 against the tensor written out: Γ_abc = (W_32)_ab (W_21)_bc."""
    net = random_network(seed)
    blocks = net.transfer_blocks()
    gamma = np.einsum("ab,bc->abc", blocks[3, 2], blocks[2, 1])
    assert np.isclose(path_norms(blocks, net.widths)[0], np.linalg.norm(gamma), rtol=1e-12)


@given(st.integers(0, 1000), st.floats(-3, 3))
def test_path_scores_do_not_change_with_the_gauge_nor_with_the_scale_of_the_eigenvectors(seed, shift):
    net = random_network(seed)
    scores = path_scores(net.transfer_blocks(), net.widths)[0]
    moved = SpectralNetwork(net.eigenvectors, [values + shift for values in net.eigenvalues])
    np.testing.assert_allclose(path_scores(moved.transfer_blocks(), net.widths)[0], scores, rtol=1e-6, atol=1e-9)
    c = np.exp(np.random.default_rng(seed).normal(size=(6, 1)))
    scaled = SpectralNetwork([net.eigenvectors[0] * c, net.eigenvectors[1] / c.T], net.eigenvalues)
    np.testing.assert_allclose(path_scores(scaled.transfer_blocks(), net.widths)[0], scores, rtol=1e-9)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 1000), st.floats(0, 2))
def test_trimming_stays_within_the_limit_and_leaves_the_network_alone(seed, slack):
    net = random_network(seed, (3, 7, 4, 2), bias=True)
    x = np.random.default_rng(seed).normal(size=(20, 3))
    y = net.forward(x) + 0.1 * np.random.default_rng(seed + 1).normal(size=(20, 2))
    before = net.parameters.copy()
    loss = net.loss(x, y)
    result = trim(net, lambda n: n.loss(x, y), loss * (1 + slack) + 1e-9)
    assert result.loss_before == loss
    assert result.loss_after <= result.limit
    assert np.array_equal(net.parameters, before)
    np.testing.assert_allclose(result.compact.forward(x), result.network.forward(x), rtol=1e-9, atol=1e-9)


def test_what_does_not_contribute_goes_first():
    """A network with three useful neurons of eight: exactly the five useless ones are trimmed."""
    rng = np.random.default_rng(0)
    incoming, outgoing = rng.normal(size=(8, 2)), rng.normal(size=(1, 8))
    outgoing[:, 3:] *= 1e-9
    net = SpectralNetwork(blocks={(2, 1): incoming, (3, 2): outgoing}, parametrization="direct")
    x = rng.normal(size=(50, 2))
    y = net.forward(x)
    result = trim(net, lambda n: n.loss(x, y), 1e-12)
    assert result.compact.neurons[1].tolist() == [0, 1, 2]
    assert trim(net, lambda n: n.loss(x, y), -1.0).compact.widths == (2, 8, 1), "nothing goes where nothing fits"


def test_a_useless_block_goes_and_its_layer_with_it():
    rng = np.random.default_rng(0)
    blocks = {(2, 1): 1e-9 * rng.normal(size=(4, 2)), (3, 2): rng.normal(size=(1, 4)), (3, 1): rng.normal(size=(1, 2))}
    net = SpectralNetwork(blocks=blocks, parametrization="direct")
    x = rng.normal(size=(50, 2))
    y = net.forward(x)
    small = trim(net, lambda n: n.loss(x, y), 1e-12).compact
    assert small.live == (2, 0, 1)
    assert list(small.blocks) == [(2, 1)]


@given(st.integers(0, 300), st.data())
def test_the_largest_number_that_fits_is_found_where_losses_rise(total, data):
    bound = data.draw(st.integers(0, total))
    assert largest_fitting(total, lambda n: n <= bound) == bound


def test_an_activation_with_an_offset_is_refused():
    net = SpectralNetwork.initialize([2, 3, 1], activation="sigmoid", parametrization="layerwise")
    with pytest.raises(InvalidInputError, match="trimming needs"):
        trim(net, lambda n: 0.0, 1.0)


def test_a_tolerance_is_a_share_of_the_loss_or_of_the_loss_and_a_floor():
    assert Tolerance(0.1).limit(2.0) == 2.0 * (1 + 0.1)
    assert Tolerance(0.1, 0.5).limit(2.0) == 2.0 + 0.1 * (2.0 + 0.5)
    assert Tolerance(0.1, 0.5).improvement(2.0) == 2.0 - 0.1 * (2.0 + 0.5)
    assert Tolerance(0.0, 0.5).limit(2.0) == 2.0
    assert Tolerance(0.1, 0.5, -3.0).limit(-2.0) == -2.0 + 0.1 * (1.0 + 0.5)
    assert Tolerance(0.1, 0.5, -3.0).improvement(-2.0) == -2.0 - 0.1 * (1.0 + 0.5)


def test_the_block_with_the_lesser_norm_goes_first():
    """A limit that lets either of two skips go, but not both: the smaller one goes."""
    for small, large in (((3, 1), (4, 1)), ((4, 1), (3, 1))):
        generator = np.random.default_rng(1)
        shapes = {(2, 1): (2, 2), (3, 2): (2, 2), (4, 3): (1, 2), (3, 1): (2, 2), (4, 1): (1, 2)}
        blocks = {pair: generator.normal(size=shape) for pair, shape in shapes.items()}
        for pair, norm in ((small, 0.01), (large, 0.02)):
            blocks[pair] *= norm / np.linalg.norm(blocks[pair])
        net = SpectralNetwork(blocks=blocks, activation="identity", parametrization="direct")
        x = generator.normal(size=(50, 2))
        y = net.forward(x)

        def loss_without(*gone, net=net, blocks=blocks, x=x, y=y):
            parts = {pair: block * (pair not in gone) for pair, block in blocks.items()}
            return SpectralNetwork(blocks=parts, activation="identity", parametrization="direct").loss(x, y)

        either = max(loss_without(small), loss_without(large))
        assert loss_without(small, large) > either
        result = trim(net, lambda n, x=x, y=y: n.loss(x, y), either)
        assert not result.network.blocks[small].any()
        assert result.network.blocks[large].any()
