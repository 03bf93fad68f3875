"""`prune(unit="weight")`: how many products stay, that limits are kept, and what redundancy costs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_core import CompactNetwork, DivergenceError, InvalidInputError, SpectralNetwork, compact, prune
from spectral_core.architecture.curve import CurvePoint
from spectral_core.kernels.tables import LOSSES, ZERO_AT_ZERO
from spectral_core.networks.sparse import SparseNetwork
from spectral_core.refitting.removal import saliencies
from spectral_core.refitting.samples import Samples
from spectral_core.resizing.request import RIDGES
from tests import oracles
from tests.builders import random_network, sparse_network
from tests.resizing.test_insert import PARAMETRIZATIONS

CHECK = settings(deadline=None, max_examples=15)
SEEDS = st.integers(0, 999)


def data(net: SpectralNetwork | CompactNetwork, seed: int, loss: str, rows: int = 30) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng((seed, 7))
    outputs = net.widths[-1]
    return rng.uniform(-1, 1, (rows, net.n_features)), oracles.targets(loss, rng, rows, outputs)


def products(net: CompactNetwork) -> int:
    """Weights that are not 0 and no biases, counted from the blocks."""
    constant = net.neurons[0] == net.n_features
    return sum(int(np.count_nonzero(block[:, ~constant] if j == 1 else block)) for (_, j), block in net.blocks.items())


def teacher(hidden: int = 6) -> SpectralNetwork:
    """Two of the neurons are used, with six products."""
    first, second = np.zeros((hidden, 5)), np.zeros((1, hidden))
    first[0, [0, 1, 4]], first[3, [2, 3]] = [1, -1, 0.3], [0.7, 1.2]
    second[0, [0, 3]] = [1.5, -2]
    return SpectralNetwork(blocks={(2, 1): first, (3, 2): second}, bias=True, parametrization="direct")


def around(net: SpectralNetwork, noise: float, seed: int) -> SpectralNetwork:
    """A network with all its weights, near `net`."""
    rng = np.random.default_rng(seed)
    blocks = {pair: block + noise * rng.normal(size=block.shape) for pair, block in net.blocks.items()}
    blocks[3, 1] = noise * rng.normal(size=(net.widths[2], net.widths[0]))
    return SpectralNetwork(blocks=blocks, activation=net.activation, bias=net.bias, parametrization="direct")


# --- how many -----------------------------------------------------------------------------------------------------------


@CHECK
@given(
    st.sampled_from(PARAMETRIZATIONS), st.sampled_from(ZERO_AT_ZERO), st.booleans(), st.integers(0, 30), SEEDS,
    st.sampled_from(LOSSES), st.booleans(),
)  # fmt: skip
def test_never_more_than_was_asked_for(
    kind: str, activation: str, bias: bool, count: int, seed: int, loss: str, compensated: bool
) -> None:
    net = random_network(kind, [3, 4, 3, 2], activation, seed, bias)
    x, y = data(net, seed, loss)
    before = net.parameters.copy()
    result = prune(net, unit="weight", weights=count, X=x, y=y, loss=loss, compensate=compensated, ridge=1e-3)
    assert products(result.compact) == result.report.weights_after <= count
    assert result.compact.n_weights == result.report.weights_after + result.report.biases_after
    assert result.network.widths == net.widths
    assert np.array_equal(net.parameters, before)
    np.testing.assert_allclose(result.compact.forward(x), result.network.forward(x), rtol=1e-12, atol=1e-12)
    assert result.report.loss_after == pytest.approx(result.compact.loss(x, y, loss))


@CHECK
@given(SEEDS, st.floats(0, 1))
def test_a_fraction_is_one_of_the_products_that_act(seed: int, fraction: float) -> None:
    net = sparse_network(seed, (3, 4, 2), density=0.6)
    x, y = data(net.direct(), seed, "squared_error")
    result = prune(net.direct(), unit="weight", fraction=fraction, X=x, y=y, compensate=False)
    acting = net.cleaned().n_products
    assert result.report.weights_after <= acting - int(fraction * acting)
    everything = prune(net.direct(), unit="weight", fraction=1.0, X=x, y=y)
    assert everything.report.weights_after == 0


def test_without_a_refit_weights_stay_and_a_neuron_with_only_a_bias_goes_into_other_biases() -> None:
    first, second = np.array([[0.0, 0.0, 0.5], [1.0, -0.125, 0.25]]), np.array([[2.0, 1.25]])
    net = SpectralNetwork(blocks={(2, 1): first, (3, 2): second}, bias=True, parametrization="direct")
    x, y = data(net, 0, "squared_error")
    result = prune(net, unit="weight", weights=2, X=x, y=y, compensate=False).network
    assert np.array_equal(result.blocks[2, 1], [[0, 0, 0], [1, 0, 0.25]])
    assert np.array_equal(result.blocks[3, 2], [[0, 1.25]])
    assert np.array_equal(result.blocks[3, 1], [[0, 0, 1]]), "2 relu(0.5)"
    without = SpectralNetwork(blocks={(2, 1): first * [1, 0, 1], (3, 2): second}, bias=True, parametrization="direct")
    np.testing.assert_allclose(result.forward(x), without.forward(x), rtol=1e-15)


@CHECK
@given(SEEDS, st.integers(0, 14))
def test_a_threshold_is_a_saliency_of_the_given_network(seed: int, place: int) -> None:
    net = sparse_network(seed, (3, 4, 2), "relu", density=0.8).cleaned()
    x, y = data(net.direct(), seed, "squared_error")
    found = saliencies(net, Samples.of(x, y, "squared_error", True, "float64"))
    finite = np.sort(found[np.isfinite(found)])
    threshold = float(finite[min(place, len(finite) - 1)])
    plain = prune(net.direct(), unit="weight", threshold=threshold, X=x, y=y, compensate=False)
    wanted = net.keep(found >= threshold).cleaned()
    assert np.array_equal(SparseNetwork.of(plain.network).senders, wanted.senders)
    np.testing.assert_array_equal(SparseNetwork.of(plain.network).weights, wanted.weights)
    refitted = prune(net.direct(), unit="weight", threshold=threshold, X=x, y=y)
    assert refitted.report.weights_after <= wanted.n_products


@CHECK
@given(st.sampled_from(PARAMETRIZATIONS), st.sampled_from(LOSSES), SEEDS, st.floats(0, 3), st.booleans())
def test_a_tolerance_is_kept_on_the_judging_data(
    kind: str, loss: str, seed: int, tolerance: float, compensated: bool
) -> None:
    net = random_network(kind, [2, 4, 2], "tanh", seed, bias=True)
    (x, y), judging = data(net, seed, loss), data(net, seed + 1, loss)
    options: dict[str, Any] = {"X": x, "y": y, "loss": loss, "validation_data": judging, "compensate": compensated}
    result = prune(net, unit="weight", tolerance=tolerance, **options)
    assert result.report.within
    assert result.report.limit is not None
    assert result.network.loss(*judging, loss) <= result.report.limit
    all_of_it = prune(net, unit="weight", tolerance=1e6, **options)
    assert all_of_it.report.weights_after == 0


# --- what redundancy costs -----------------------------------------------------------------------------------------------


@CHECK
@given(SEEDS, st.sampled_from(ZERO_AT_ZERO), st.sampled_from([(3, 5, 2), (2, 3, 3, 1)]), st.booleans())
def test_where_only_dead_weights_go_the_function_stays(
    seed: int, activation: str, widths: tuple[int, ...], bias: bool
) -> None:
    net = sparse_network(seed, widths, activation, bias, density=0.4)
    whole, acting = net.direct(), net.cleaned()
    x, y = data(whole, seed, "squared_error")
    result = prune(whole, unit="weight", weights=acting.n_products, X=x, y=y)
    assert result.report.weights_after == acting.n_products
    np.testing.assert_allclose(result.network.forward(x), whole.forward(x), rtol=0, atol=1e-13)
    exact = prune(whole, unit="weight", tolerance=0, X=x, y=whole.forward(x), compensate=False)
    assert exact.report.weights_after <= net.n_products
    np.testing.assert_allclose(exact.network.forward(x), whole.forward(x), rtol=0, atol=1e-6)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("amount", [{"weights": 6}, {"tolerance": 0.5}, {"weights": 6, "retrain": {"epochs": 20}}])
def test_a_teacher_inside_a_wider_network_is_found(seed: int, amount: dict[str, Any]) -> None:
    net = teacher()
    x = np.random.default_rng(seed).normal(size=(200, 4))
    y = net.forward(x)
    result = prune(around(net, 0.02, seed), unit="weight", X=x, y=y, ridge=1e-8, **amount)
    assert result.report.weights_after == 6
    found, wanted = SparseNetwork.of(result.network), SparseNetwork.of(net)
    assert set(found.live) == set(wanted.live)
    np.testing.assert_allclose(result.network.forward(x), y, rtol=0, atol=1e-2)
    plain = prune(around(net, 0.02, seed), unit="weight", X=x, y=y, weights=6, compensate=False)
    assert result.report.loss_after < plain.report.loss_after / 10


@CHECK
@given(
    st.integers(0, 50), st.sampled_from(["relu", "leaky_relu", "tanh"]), st.integers(-20, 20), st.booleans(),
    st.sampled_from([{}, {"compensate": False}, {"retrain": {"epochs": 3, "learning_rate": 1e-3}}]),
)  # fmt: skip
def test_units_of_inputs_and_scales_of_neurons_do_not_matter(
    seed: int, activation: str, power: int, bias: bool, more: dict[str, Any]
) -> None:
    """The same function of an input in other units, and of a neuron with f(c z) = c f(z) that is c times as loud.

    Powers of two, which no rounding changes, so that the results have the same bits.
    """
    rng, unit = np.random.default_rng(seed), 2.0**power
    net = random_network("direct", [3, 5, 2], activation, seed, bias)
    x = rng.normal(size=(60, 3))
    y = np.column_stack([np.abs(x[:, 0]) - x[:, 1], x[:, 2] * x[:, 1]])
    blocks, moved = {pair: block.copy() for pair, block in net.blocks.items()}, x * [1, unit, 1]
    for (_, sender), block in blocks.items():
        if sender == 1:
            block[:, 1] /= unit
    if activation != "tanh":
        blocks[2, 1][3] *= unit
        blocks[3, 2][:, 3] /= unit
    other = SpectralNetwork(blocks=blocks, activation=activation, bias=bias, parametrization="direct")
    options: dict[str, Any] = {"unit": "weight", "weights": 9, "y": y, **more}
    one, two = prune(net, X=x, **options), prune(other, X=moved, **options)
    assert two.report.loss_after == one.report.loss_after
    np.testing.assert_array_equal(two.network.forward(moved), one.network.forward(x))


@pytest.mark.parametrize("seed", range(3))
def test_copies_of_neurons_go_for_nothing(seed: int) -> None:
    """Each neuron is there twice, with half its outgoing weight."""
    net = teacher(4)
    twice = SpectralNetwork(
        blocks={(2, 1): np.vstack([net.blocks[2, 1]] * 2), (3, 2): np.hstack([net.blocks[3, 2] / 2] * 2)},
        bias=True, parametrization="direct",
    )  # fmt: skip
    x = np.random.default_rng(seed).normal(size=(200, 4))
    y = net.forward(x)
    np.testing.assert_allclose(twice.forward(x), y, atol=1e-12)
    result = prune(twice, unit="weight", weights=6, X=x, y=y, ridge=1e-8)
    assert result.report.weights_before == 12
    assert result.report.loss_after < 1e-6 * np.var(y)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_compact_network_keeps_its_inputs_and_its_constant(dtype: str) -> None:
    """The constant neuron of a compact network still sends biases, which are not counted as weights."""
    net = SpectralNetwork(
        blocks=around(teacher(), 0.02, 0).blocks, bias=True, parametrization="direct", dtype=dtype
    )  # fmt: skip
    x = np.random.default_rng(0).normal(size=(100, 4))
    y = teacher().forward(x)
    first = prune(net, unit="weight", weights=12, X=x, y=y)
    second = prune(first.compact, unit="weight", weights=6, X=x, y=y, validation_data=(x, y))
    assert second.compact.dtype == dtype
    assert second.report.weights_before == first.report.weights_after == 12
    assert second.report.weights_after == products(second.compact) == 6
    assert second.report.widths == list(first.compact.live)
    assert second.compact.original_widths == net.widths
    np.testing.assert_allclose(second.compact.forward(x), y, rtol=0, atol=0.05)
    neurons = prune(first.compact, fraction=0.5, X=x, y=y)
    assert neurons.report.biases_before == first.report.biases_after
    empty = prune(second.compact, unit="weight", weights=0, X=x, y=y).compact
    assert products(prune(empty, unit="weight", weights=0, X=x, y=y).compact) == 0
    assert compact(second.network).n_weights == second.compact.n_weights


def test_bytes_are_counted_as_in_the_curve_of_a_search() -> None:
    x = np.random.default_rng(0).normal(size=(100, 4))
    result = prune(around(teacher(), 0.02, 0), unit="weight", weights=6, X=x, y=teacher().forward(x))
    report = result.report
    point = CurvePoint.of(SparseNetwork.of(result.network), 0.0, 0.0, "linear", 0.0)
    assert report.bytes_after == point.bytes == 4 * (report.weights_after + report.biases_after)
    assert report.bytes_before == 4 * (report.weights_before + report.biases_before)
    shown = f"bytes of these weights and biases in float32 {report.bytes_before} -> {report.bytes_after}\n"
    assert shown in report.to_text()


def test_the_default_ridge_is_that_of_the_unit() -> None:
    net = around(teacher(), 0.3, 0)
    x = np.random.default_rng(0).normal(size=(30, 4))
    y = teacher().forward(x)
    for options, ridge in (({"unit": "weight", "weights": 9}, 1e-2), ({"fraction": 0.5}, 1e-8)):
        own, same = (prune(net, X=x, y=y, **options, **more) for more in ({}, {"ridge": ridge}))
        other = prune(net, X=x, y=y, **options, ridge=1e-3)
        assert np.array_equal(own.network.parameters, same.network.parameters)
        assert not np.array_equal(own.network.parameters, other.network.parameters)


@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_with_a_tolerance_the_ridge_that_needs_fewest_weights_is_found(noise: float) -> None:
    """Without noise only the least of the ridges keeps the limit; with noise a greater one needs fewer weights."""
    rng = np.random.default_rng(1)
    (x, judged), net = (rng.normal(size=(count, 4)) for count in (40, 400)), teacher()
    y = net.forward(x) + noise * rng.normal(size=(40, 1))
    options: dict[str, Any] = {"unit": "weight", "X": x, "y": y, "validation_data": (judged, net.forward(judged))}
    start = around(net, 1e-4 + 0.3 * noise, 0)
    free = prune(start, tolerance=0.01, **options).report
    sizes = {ridge: prune(start, tolerance=0.01, ridge=ridge, **options).report.weights_after for ridge in RIDGES}
    assert free.within
    assert free.weights_after == min(sizes.values())
    assert (sizes[1e-8] < sizes[1e-2]) == (noise == 0)
    assert len(set(sizes.values())) > 1


# --- training while the weights go -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("compensated", [True, False])
def test_a_training_that_breaks_the_limit_is_not_kept(compensated: bool) -> None:
    net = around(teacher(), 0.02, 0)
    x = np.random.default_rng(0).normal(size=(100, 4))
    y = teacher().forward(x)
    options: dict[str, Any] = {"unit": "weight", "X": x, "y": y, "compensate": compensated}
    plain = prune(net, tolerance=0.1, **options)
    wild = prune(net, tolerance=0.1, retrain={"epochs": 2, "learning_rate": 1e200}, **options)
    assert wild.report.retrained_epochs == 0
    assert wild.report.within
    assert np.array_equal(wild.network.parameters, plain.network.parameters)
    calm = prune(net, weights=10, retrain={"epochs": 3, "batch_size": 10, "learning_rate": 1e-4}, **options)
    assert calm.report.retrained_epochs == 3
    assert calm.report.weights_after <= 10
    again = prune(net, weights=10, retrain={"epochs": 3, "batch_size": 10, "learning_rate": 1e-4}, **options)
    assert np.array_equal(calm.network.parameters, again.network.parameters)
    with pytest.raises(DivergenceError, match="diverged within 2 epochs at learning_rate=1e\\+200"):
        prune(net, weights=10, retrain={"epochs": 2, "learning_rate": 1e200}, **options)


# --- wrong requests ----------------------------------------------------------------------------------------------------------

NET = random_network("global", [3, 8, 2], "relu", 1)
X = np.ones((4, 3))
Y = np.ones((4, 2))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"unit": "weight", "weights": 3}, r"unit='weight' measures saliencies on \(X, y\); it needs both"),
        ({"unit": "weight", "weights": 3, "X": X}, r"it needs both"),
        ({"weights": 3, "X": X, "y": Y}, "weights belongs to unit='weight'; the unit is 'neuron'"),
        ({"unit": "layer", "weights": 3}, "the unit is 'layer'"),
        ({"unit": "weight", "weights": -1, "X": X, "y": Y}, "weights must be a whole number of at least 0; got -1"),
        ({"unit": "weight", "weights": 3, "fraction": 0.5}, "takes one of .*; got fraction, weights"),
        ({"unit": "weight", "weights": 3, "X": X, "y": Y, "by": "eigenvalue"}, "by belongs to unit='neuron' or 'layer'"),
        ({"unit": "weight", "weights": 3, "X": X, "y": Y, "layers": [2]}, "layers belongs to"),
        ({"unit": "weight", "weights": 3, "X": X, "y": Y, "merge": 0.0}, "merge belongs to"),
        ({"unit": "weight", "weights": 3, "X": X, "y": Y, "even": True}, "even belongs to"),
        ({"unit": "weight", "weights": 3, "X": X, "y": Y, "towards": "targets"}, "towards belongs to"),
        ({"unit": "weight", "weights": 3, "X": X, "y": Y[:3]}, "y must have shape"),
        ({"unit": "weight", "weights": 3, "X": X, "y": Y, "retrain": {"momentum": 0.9}}, "takes epochs, batch_size"),
        ({"unit": "weight", "weights": 3, "X": X, "y": Y, "retrain": {"epochs": 0}}, "epochs must be"),
    ],
)  # fmt: skip
def test_wrong_requests_for_weights_name_the_rule(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        prune(NET, **options)
