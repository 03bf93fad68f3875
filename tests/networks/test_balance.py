"""`SpectralNetwork.balanced` (M23, M24): the same weights, a fixed gauge, and no other scale with a smaller sum of squares."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_core import InvalidInputError, SpectralNetwork
from spectral_core.networks.balance import balance_outputs
from tests import oracles
from tests.builders import model_of, network, random_network
from tests.oracles import Model

CHECK = settings(deadline=None, max_examples=60)
seeds = st.integers(0, 2**32 - 1)
depths = st.sampled_from([(3, 2), (3, 4, 2), (2, 3, 4, 1), (3, 2, 3, 2, 2)])
kinds = st.sampled_from(["global", "layerwise"])


def theta_of(model: Model, seed: int) -> np.ndarray:
    """Random numbers, some of them exactly 0 and some eigenvalues equal."""
    rng = np.random.default_rng(seed)
    theta = rng.uniform(-2, 2, model.size)
    return np.where(rng.random(model.size) < 0.2, np.round(theta), theta)


def bounds(model: Model, theta: np.ndarray) -> dict[tuple[int, int], np.ndarray]:
    """What the rounding of a block is relative to: every product counted by absolute values, every λ as the greatest."""
    phi, lam = model.parts(theta)
    pairs = list(pairwise(lam)) if model.parametrization == "global" else lam
    greatest = 4 * max(abs(value).max() for pair in pairs for value in pair)
    result = {}
    for j in range(1, len(model.widths)):
        path = np.eye(model.widths[j - 1])
        for i in range(j + 1, len(model.widths) + 1 if model.parametrization == "global" else j + 2):
            result[i, j] = greatest * abs(phi[i - 2]) @ path
            path = abs(phi[i - 2]) @ path
    return result


@given(kinds, depths, seeds, st.sampled_from(["float32", "float64"]))
@CHECK
def test_a_balanced_network_has_the_same_weights(kind: str, widths: tuple[int, ...], seed: int, dtype: str) -> None:
    """Against the dense matrix; the gauge is that of mean λ^(1) = 0, and the given network does not change."""
    model = model_of(kind, widths=widths)
    theta = theta_of(model, seed).astype(dtype)
    net = network(model, theta, dtype=dtype)
    balanced = net.balanced()
    assert np.array_equal(net.parameters, theta)
    assert balanced.dtype == dtype
    unit = np.finfo(dtype).eps
    scale = bounds(model, theta.astype(np.float64))
    after = model.blocks(balanced.parameters.astype(np.float64))
    for pair, block in model.blocks(theta.astype(np.float64)).items():
        assert np.all(abs(after[pair] - block) <= 20 * unit * scale[pair])
    first = balanced.eigenvalues[0] if kind == "global" else np.concatenate([pair[0] for pair in balanced.eigenvalues])
    assert abs(np.mean(first, dtype=np.float64)) <= 4 * unit


@given(seeds, st.integers(-3, 3), st.sampled_from([1, 16]))
@CHECK
def test_balancing_is_exact_where_roots_and_quotients_are(seed: int, power: int, senders: int) -> None:
    """In fractions: rows of 1 or 16 weights ± 4^p have the norm of a power of 4."""
    rng = np.random.default_rng(seed)
    signs = rng.choice([-1.0, 1.0], (3, senders))
    values = 2.0 ** rng.integers(-4, 5, 3)
    phi = signs * 4.0**power / values[:, None]
    for kind, lam in (
        ("layerwise", [(np.full(senders, 5.0), 5.0 - values)]),
        ("global", [np.full(senders, 5.0), 5.0 - values]),
    ):
        net = SpectralNetwork([phi], lam, parametrization=kind)
        balanced = net.balanced()
        value = oracles.exact(balanced.eigenvalues[0][1] if kind == "layerwise" else balanced.eigenvalues[1])
        row = oracles.exact(balanced.eigenvectors[0])
        assert (-value[:, None] * row).tolist() == oracles.exact(signs * 4.0**power).tolist()
        assert [sum(entry * entry for entry in entries) for entries in row] == [one * one for one in value]


@given(seeds, depths, st.floats(0.3, 3))
@CHECK
def test_rows_have_the_least_sum_of_squares(seed: int, widths: tuple[int, ...], other: float) -> None:
    model = model_of("layerwise", widths=widths)
    net = network(model, theta_of(model, seed))
    balanced = net.balanced()
    steps = zip(net.neighbour_weights(), balanced.eigenvectors, balanced.eigenvalues, strict=True)
    for weights, phi, (lam_in, lam_out) in steps:
        assert not lam_in.any()
        for row, vector, value in zip(weights, phi, lam_out, strict=True):
            if not row.any():
                assert value == 0
                continue
            least = float(vector @ vector + value**2)
            np.testing.assert_allclose(value**2, np.sqrt(row @ row), rtol=1e-13)
            assert least <= float(row @ row) / (other * value) ** 2 + (other * value) ** 2 + 1e-13 * least


def _objective(weights: np.ndarray, senders: np.ndarray, t: float) -> float:
    acts = weights != 0
    return float(np.sum((weights[acts] / (senders[acts] - t)) ** 2) + t * t)


@given(seeds, st.integers(1, 6), st.booleans())
@CHECK
def test_outputs_have_the_least_sum_of_squares(seed: int, count: int, silent: bool) -> None:
    """On their side of the eigenvalues before them, and their weights stay: in fractions within five roundings."""
    rng = np.random.default_rng(seed)
    senders = np.zeros(count) if silent else rng.uniform(-2, 2, count)
    before = rng.uniform(-3, 3, 2)
    phi = np.where(rng.random((2, count)) < 0.2, 0, rng.uniform(-1, 1, (2, count)))
    after, values = phi.copy(), before.copy()
    balance_outputs(after, senders, values)
    for row, old, vector, t in zip(phi, before, after, values, strict=True):
        weights = row * (senders - old)
        if not weights.any():
            assert (t, vector.tolist()) == (old, row.tolist())
            continue
        for a, b, value in zip(row, vector, senders, strict=True):
            exact = Fraction(a) * (Fraction(value) - Fraction(old))
            assert abs(Fraction(b) * (Fraction(value) - Fraction(t)) - exact) <= 5 * abs(exact) / 2**52
        acting = senders[weights != 0]
        assert np.array_equal(acting < t, acting < old)
        low, high = max([-9.0, *acting[acting < t]]), min([9.0, *acting[acting > t]])
        least = _objective(weights, senders, t)
        for other in np.linspace(low, high, 203)[1:-1]:
            assert least <= _objective(weights, senders, other) * (1 + 1e-12)
        if silent:
            np.testing.assert_allclose(np.linalg.norm(vector), abs(t), rtol=1e-14)


@given(seeds, depths, st.integers(-3, 3), st.floats(0.5, 2))
@CHECK
def test_what_does_not_change_the_function_does_not_change_its_eigenvalues(
    seed: int, widths: tuple[int, ...], shift: int, factor: float
) -> None:
    """Other gauges, and other scales of the outputs behind the greatest eigenvalue of the layer before them."""
    model = model_of("global", widths=widths)
    net = network(model, np.random.default_rng(seed).uniform(-1, 1, model.size))
    senders, values = net.eigenvalues[-2], net.eigenvalues[-1]
    values[...] = senders.max() + 0.5
    moved = net.with_parameters(net.parameters)
    moved.eigenvalues[-1][...] = senders.max() + 0.5 * factor
    moved.eigenvectors[-1][...] *= (senders - values[:, None]) / (senders - moved.eigenvalues[-1][:, None])
    for own in moved.eigenvalues:
        own += shift
    first, second = net.balanced(), moved.balanced()
    np.testing.assert_allclose(second.parameters, first.parameters, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(first.balanced().parameters, first.parameters, rtol=1e-9, atol=1e-9)


def test_an_eigenvalue_of_a_layerwise_network_is_the_root_of_its_incoming_norm_whatever_the_scale() -> None:
    """So by=`eigenvalue` ranks a balanced network as by=`scaled_eigenvalue` ranks the given one."""
    from spectral_core.resizing.rankings import neuron_scores

    net = random_network("layerwise", [3, 6, 2], "relu", 3)
    for lam_in, _ in net.eigenvalues:
        lam_in[...] = 0
    own = neuron_scores(net.balanced(), "eigenvalue")[0]
    np.testing.assert_allclose(own**2 * np.sqrt(6), neuron_scores(net, "scaled_eigenvalue")[0], rtol=1e-13)


def test_a_direct_network_has_nothing_to_balance() -> None:
    with pytest.raises(InvalidInputError, match="no eigenvalues to balance"):
        random_network("direct", [2, 3, 1], "relu", 0).balanced()
