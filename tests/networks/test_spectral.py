"""The network against brute force: values, blocks, gradients, exact arithmetic, files, and what it refuses."""

from __future__ import annotations

import inspect
import io
import json
import pickle
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from spectral_core.errors import InvalidInputError, ModelFileError, SpectralCoreError
from spectral_core.files import model_file as files
from spectral_core.networks.spectral import SpectralNetwork
from tests import oracles
from tests.builders import mixed
from tests.oracles import ACTIVATIONS, KINKED, LOSSES, ZERO_AT_ZERO, Model

PARAMETRIZATIONS = ("global", "layerwise", "direct")
ROUNDING = 1e-13
"""Relative to the sum of the absolute values of all terms, see `Model.magnitude`."""

CHECK = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
"""For every property test, whatever profile another file loads: the first example may compile kernels."""


# --- strategies -------------------------------------------------------------------------------------------------------


def numbers(size: int | tuple[int, ...], bound: float = 1.5) -> st.SearchStrategy[np.ndarray]:
    """Generic numbers from a seed, or sparse ones that Hypothesis chooses and shrinks."""
    seeded = st.integers(0, 2**32 - 1).map(lambda seed: np.random.default_rng(seed).uniform(-bound, bound, size))
    return st.one_of(seeded, hnp.arrays(np.float64, size, elements=st.floats(-bound, bound, allow_subnormal=False)))


@st.composite
def models(
    draw: st.DrawFn,
    parametrizations: tuple[str, ...] = PARAMETRIZATIONS,
    activations: tuple[str, ...] = ACTIVATIONS,
    layers: int = 6,
    width: int = 5,
) -> Model:
    widths = draw(st.lists(st.integers(1, width), min_size=2, max_size=layers))
    bias = draw(st.booleans())
    widths[0] += bias
    parametrization = draw(st.sampled_from(parametrizations))
    pairs: set[tuple[int, int]] = set()
    if parametrization == "direct":
        every = [(i, j) for i in range(2, len(widths) + 1) for j in range(1, i)]
        pairs = draw(st.sets(st.sampled_from(every)))
        reached = {layer for pair in pairs for layer in pair}
        pairs |= {(i, i - 1) for i in range(2, len(widths) + 1) if not {i, i - 1} <= reached}
    activation = mixed(draw(st.sampled_from(activations)), activations, len(widths) - 2, draw(st.integers(0, 99)))
    return Model(parametrization, tuple(widths), activation, bias, tuple(sorted(pairs)))


@st.composite
def networks(draw: st.DrawFn, **options: Any) -> tuple[Model, np.ndarray, np.ndarray]:
    """A model, its parameters, inputs for it."""
    model = draw(models(**options))
    return model, draw(numbers(model.size)), draw(numbers((draw(st.integers(1, 4)), model.n_features), 2.0))


@st.composite
def problems(draw: st.DrawFn, **options: Any) -> tuple[Model, np.ndarray, np.ndarray, np.ndarray, str, Any]:
    """A network with targets, a loss and perhaps sample weights."""
    model, theta, x = draw(networks(**options))
    # poisson grows as exp(z), beyond any polynomial tolerance: it has a test of its own
    name = draw(
        st.sampled_from([n for n in LOSSES if n != "poisson" and (n != "cross_entropy" or model.widths[-1] > 1)])
    )
    if name == "cross_entropy":
        y = draw(hnp.arrays(np.int64, len(x), elements=st.integers(0, model.widths[-1] - 1)))
    elif name == "binary_cross_entropy":
        y = draw(hnp.arrays(np.float64, (len(x), model.widths[-1]), elements=st.floats(0, 1)))
    else:
        y = draw(numbers((len(x), model.widths[-1])))
    weight = draw(st.none() | hnp.arrays(np.float64, len(x), elements=st.floats(0, 3, allow_subnormal=False)))
    assume(weight is None or weight.sum() > 0.1)
    return model, theta, x, y, name, weight


def network(model: Model, theta: np.ndarray, dtype: str = "float64", **options: Any) -> SpectralNetwork:
    common = {"activation": model.activation, "bias": model.bias, "dtype": dtype, **options}
    if model.parametrization == "direct":
        return SpectralNetwork(blocks=model.blocks(theta), parametrization="direct", **common)
    return SpectralNetwork(*model.parts(theta), parametrization=model.parametrization, **common)


def flat(model: Model, gradients: Any) -> np.ndarray:
    """Structured parameters in the order of the oracle's θ."""
    if model.parametrization == "direct":
        return np.concatenate([gradients.blocks[pair].ravel() for pair in model.pairs])
    values = gradients.eigenvalues
    if model.parametrization == "layerwise":
        values = [vector for pair in values for vector in pair]
    return np.concatenate([array.ravel() for array in [*gradients.eigenvectors, *values]])


def tolerance(model: Model, theta: np.ndarray, x: np.ndarray) -> np.ndarray:
    output, _ = model.magnitude(abs(theta), abs(x))
    return ROUNDING * (1 + output)


def gradient_tolerance(model: Model, theta: np.ndarray, x: np.ndarray, y: Any, name: str) -> float:
    """The derivative, all parameters growing at once, of a loss in which nothing cancels."""
    target = abs(y) if y.ndim == 2 else 0

    def bound(parameters: np.ndarray) -> Any:
        return ((1 + target + model.magnitude(parameters, abs(x))[0]) ** 2).sum()

    output, hidden = model.magnitude(abs(theta), abs(x))
    largest = max(1 + layer.max() for layer in [output, *hidden])
    return ROUNDING * (1 + largest * oracles.derivative(bound, abs(theta), np.ones(model.size)))


# --- values -----------------------------------------------------------------------------------------------------------


@given(networks())
@CHECK
def test_forward_sums_over_all_blocks(case: tuple[Model, np.ndarray, np.ndarray]) -> None:
    model, theta, x = case
    result = network(model, theta).forward(x)
    assert result.dtype == np.float64
    assert result.shape == (len(x), model.widths[-1])
    assert np.all(abs(result - model.output(theta, x)) <= tolerance(model, theta, x))


@given(networks(layers=4), st.integers(1, 7))
@CHECK
def test_forward_takes_any_number_of_samples(case: tuple[Model, np.ndarray, np.ndarray], copies: int) -> None:
    """Also more samples than are propagated at a time (1024); each row is computed alike."""
    model, theta, x = case
    net = network(model, theta)
    rows = np.tile(x, (copies * 300, 1))
    error = abs(net.forward(rows) - np.tile(net.forward(x), (copies * 300, 1)))
    assert np.all(error <= np.tile(tolerance(model, theta, x), (copies * 300, 1)))


@given(networks(parametrizations=("global", "layerwise")))
@CHECK
def test_transfer_blocks_are_those_of_the_dense_matrix(case: tuple[Model, np.ndarray, np.ndarray]) -> None:
    model, theta, _ = case
    blocks, truth = network(model, theta).transfer_blocks(), model.blocks(theta)
    scale = max(1.0, *(abs(block).max() for block in truth.values()), 1.5 ** len(model.widths) * 5 ** len(model.widths))
    assert set(blocks) == set(truth)
    for pair, block in blocks.items():
        np.testing.assert_allclose(block, truth[pair], rtol=0, atol=ROUNDING * scale)


@given(networks(parametrizations=("global",)))
@CHECK
def test_adjacency_has_the_given_spectrum(case: tuple[Model, np.ndarray, np.ndarray]) -> None:
    """A = Φ Λ Φ⁻¹ (M3, M4) and A Φ = Φ Λ (M5)."""
    model, theta, _ = case
    net = network(model, theta)
    phi, lam = model.parts(theta)
    matrix = net.eigenvector_matrix()
    assert np.array_equal(matrix, oracles.eigenvector_matrix(phi))
    condition = np.linalg.norm(matrix, 1) * np.linalg.norm(np.linalg.inv(matrix), 1)
    atol = ROUNDING * condition * (1 + abs(theta).max())
    np.testing.assert_allclose(net.adjacency(), oracles.dense_adjacency(phi, lam), rtol=0, atol=atol * condition)
    np.testing.assert_allclose(net.adjacency() @ matrix, matrix * np.concatenate(lam), rtol=0, atol=atol)


@given(networks(parametrizations=("layerwise", "direct")))
@CHECK
def test_adjacency_holds_the_blocks(case: tuple[Model, np.ndarray, np.ndarray]) -> None:
    model, theta, _ = case
    matrix = network(model, theta).adjacency()
    at = np.cumsum([0, *model.widths])
    for (i, j), block in model.blocks(theta).items():
        place = (slice(at[i - 1], at[i]), slice(at[j - 1], at[j]))
        np.testing.assert_allclose(matrix[place], block, rtol=1e-14, atol=1e-14)
        matrix[place] = 0
    assert not matrix.any()


@given(networks(parametrizations=("global",)), st.floats(-3, 3, allow_subnormal=False))
@CHECK
def test_a_common_shift_of_the_eigenvalues_changes_nothing(
    case: tuple[Model, np.ndarray, np.ndarray], shift: float
) -> None:
    """M9."""
    model, theta, x = case
    phi, lam = model.parts(theta)
    moved = np.concatenate([*(block.ravel() for block in phi), *(values + shift for values in lam)])
    error = abs(network(model, theta).forward(x) - network(model, moved).forward(x))
    assert np.all(error <= tolerance(model, abs(theta) + abs(shift), x))


# --- gradients --------------------------------------------------------------------------------------------------------


def _away_from_kinks(model: Model, theta: np.ndarray, x: np.ndarray) -> bool:
    """No hidden z so close to 0 that rounding decides the piece."""
    names = oracles.names_of(model.activation, len(model.widths) - 2)
    _, hidden = model.run(theta, x)
    _, scale = model.magnitude(abs(theta), abs(x))
    return all(
        np.all(abs(z) > 1e-12 * (1 + bound))
        for z, bound, name in zip(hidden, scale, names, strict=True)
        if name in KINKED
    )


def _all_pairs(layers: int) -> tuple[tuple[int, int], ...]:
    """Every pair but (4, 2), so that an absent block is among them."""
    return tuple((i, j) for i in range(2, layers + 1) for j in range(1, i) if (i, j) != (4, 2))


@given(problems(layers=5, width=4))
@CHECK
def test_gradients_equal_the_complex_step(case: tuple[Model, np.ndarray, np.ndarray, np.ndarray, str, Any]) -> None:
    model, theta, x, y, name, weight = case
    assume(_away_from_kinks(model, theta, x))
    value, gradients = network(model, theta).loss_and_gradients(x, y, name, weight)
    truth = model.loss(theta, x, y, name, weight)
    slope = oracles.gradient(lambda moved: model.loss(moved, x, y, name, weight), theta)
    atol = gradient_tolerance(model, theta, x, y, name)
    assert abs(value - truth) <= atol
    assert np.all(abs(flat(model, gradients) - slope) <= atol)
    assert abs(network(model, theta).loss(x, y, name, weight) - truth) <= atol


@pytest.mark.parametrize("widths", [(4, 3), (4, 5, 3, 3), (4, 3, 5, 2, 4, 3)], ids=["2 layers", "4 layers", "6 layers"])
@pytest.mark.parametrize("parametrization", PARAMETRIZATIONS)
@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_gradient_to_eleven_digits(
    parametrization: str, name: str, activation: str, widths: tuple[int, ...]
) -> None:
    """One generic, well-conditioned network of each kind: here the tolerance is relative to the gradient itself."""
    pairs = _all_pairs(len(widths)) if parametrization == "direct" else ()
    model = Model(parametrization, widths, activation, bias=True, pairs=pairs)
    generator = np.random.default_rng(7)
    theta, x = generator.uniform(-1, 1, model.size), generator.uniform(-2, 2, (6, 3))
    y = oracles.targets(name, generator, 6, 3)
    if name == "poisson":  # exp(z) of an unbounded activation
        theta *= 0.5
    weight = generator.uniform(0.5, 2, 6)
    value, gradients = network(model, theta).loss_and_gradients(x, y, name, weight)
    slope = oracles.gradient(lambda moved: model.loss(moved, x, y, name, weight), theta)
    assert value == pytest.approx(model.loss(theta, x, y, name, weight), rel=1e-13)
    np.testing.assert_allclose(flat(model, gradients), slope, rtol=1e-11, atol=1e-11 * abs(slope).max())


@given(problems(parametrizations=("global",)))
@CHECK
def test_eigenvalue_gradients_sum_to_zero(case: tuple[Model, np.ndarray, np.ndarray, np.ndarray, str, Any]) -> None:
    """M9: for every loss, kinks included."""
    model, theta, x, y, name, weight = case
    _, gradients = network(model, theta).loss_and_gradients(x, y, name, weight)
    assert abs(np.concatenate(gradients.eigenvalues).sum()) <= gradient_tolerance(model, theta, x, y, name)


@given(networks(layers=5), st.integers(0, 2**32 - 1))
@CHECK
def test_gradient_is_the_adjoint_of_the_derivative(case: tuple[Model, np.ndarray, np.ndarray], seed: int) -> None:
    """⟨J v, u⟩ = ⟨v, Jᵀ u⟩: targets z - N u / 2 make ∂ℓ/∂z = u, so that the gradient is Jᵀ u."""
    model, theta, x = case
    assume(_away_from_kinks(model, theta, x))
    generator = np.random.default_rng(seed)
    net = network(model, theta)
    z = net.forward(x)
    u, v = generator.uniform(-1, 1, z.shape), generator.uniform(-1, 1, model.size)
    y = z - u * z.size / 2
    _, gradients = net.loss_and_gradients(x, y)
    forward = (oracles.derivative(lambda moved: model.output(moved, x), theta, v) * u).sum()
    assert abs(forward - v @ flat(model, gradients)) <= model.size * gradient_tolerance(
        model, theta, x, y, "squared_error"
    )


@pytest.mark.parametrize("parametrization", PARAMETRIZATIONS)
@pytest.mark.parametrize("activation", ["identity", "tanh", "sigmoid", "gelu", "swish"])
def test_the_remainder_of_the_loss_is_quadratic(parametrization: str, activation: str) -> None:
    """ℓ(θ + εv) - ℓ(θ) - ε⟨∇ℓ, v⟩ shrinks with slope 2."""
    pairs = ((2, 1), (3, 1), (3, 2)) if parametrization == "direct" else ()
    model = Model(parametrization, (3, 4, 2), activation, pairs=pairs)
    generator = np.random.default_rng(3)
    theta, v = generator.uniform(-1, 1, model.size), generator.uniform(-1, 1, model.size)
    x, y = generator.uniform(-1, 1, (5, 3)), generator.uniform(-1, 1, (5, 2))
    net = network(model, theta)
    start, gradients = net.loss_and_gradients(x, y)
    steps = 2.0 ** -np.arange(9, 13)
    rest = [abs(network(model, theta + e * v).loss(x, y) - start - e * (v @ flat(model, gradients))) for e in steps]
    slopes = np.diff(np.log(rest)) / np.diff(np.log(steps))
    assert np.all(abs(slopes - 2) < 0.1)


# --- exact arithmetic -------------------------------------------------------------------------------------------------

halves = st.integers(-3, 3).map(lambda n: n / 2)


@st.composite
def dyadic(draw: st.DrawFn) -> tuple[Model, np.ndarray, np.ndarray, np.ndarray, Any]:
    """Numbers so few and so round that no operation of a float64 kernel rounds."""
    model = draw(models(activations=("identity", "relu"), layers=4, width=3))
    outputs = draw(st.sampled_from([1, 2]))
    model = Model(model.parametrization, (*model.widths[:-1], outputs), model.activation, model.bias, model.pairs)
    samples = draw(st.sampled_from([1, 2, 4]))
    theta = draw(hnp.arrays(np.float64, model.size, elements=halves))
    x = draw(hnp.arrays(np.float64, (samples, model.n_features), elements=halves))
    y = draw(hnp.arrays(np.float64, (samples, outputs), elements=halves))
    weight = draw(st.none() | st.permutations([1.0, 3.0, 0.0, 4.0]).map(np.array)) if samples == 4 else None
    return model, theta, x, y, weight


@given(dyadic())
@settings(CHECK, max_examples=80)
def test_round_numbers_are_computed_without_error(case: tuple[Model, np.ndarray, np.ndarray, np.ndarray, Any]) -> None:
    model, theta, x, y, weight = case
    net = network(model, theta)
    fractions, samples, targets = map(oracles.exact, (theta, x, y))
    assert net.forward(x).tolist() == model.output(fractions, samples).tolist()
    value, gradients = net.loss_and_gradients(x, y, sample_weight=weight)
    weight = None if weight is None else oracles.exact(weight)

    def loss(moved: np.ndarray) -> Any:
        return model.loss(moved, samples, targets, "squared_error", weight)

    assert value == loss(fractions)
    assert flat(model, gradients).tolist() == oracles.exact_gradient(loss, fractions)
    if model.parametrization == "global":
        assert np.concatenate(gradients.eigenvalues).sum() == 0


@given(networks(parametrizations=("global",), activations=("identity", "relu"), layers=4, width=3))
@CHECK
def test_round_numbers_give_exact_blocks(case: tuple[Model, np.ndarray, np.ndarray]) -> None:
    model, theta, _ = case
    theta = np.round(2 * theta) / 2
    blocks, truth = network(model, theta).transfer_blocks(), model.blocks(oracles.exact(theta))
    assert {pair: block.tolist() for pair, block in blocks.items()} == {
        pair: block.tolist() for pair, block in truth.items()
    }


# --- float32 ----------------------------------------------------------------------------------------------------------


@given(problems(layers=4, activations=("identity", "elu", "tanh", "sigmoid", "gelu", "swish")))
@settings(CHECK, max_examples=30)
def test_float32_stays_float32(case: tuple[Model, np.ndarray, np.ndarray, np.ndarray, str, Any]) -> None:
    model, theta, x, y, name, weight = case
    net = network(model, theta, "float32")
    rounded, inputs = net.parameters.astype(np.float64), x.astype(np.float32).astype(np.float64)
    output = net.forward(x)
    assert output.dtype == net.dtype == np.float32
    assert np.all(abs(output - model.output(rounded, inputs)) <= 1e9 * tolerance(model, theta, x))
    value, gradients = net.loss_and_gradients(x, y, name, weight)
    assert isinstance(value, float)
    assert gradients.flat.dtype == np.float32
    _, double = network(model, rounded).loss_and_gradients(inputs, y, name, weight)
    bound = 1e9 * gradient_tolerance(model, theta, x, y, name)
    assert np.all(abs(flat(model, gradients) - flat(model, double)) <= bound)
    assert {array.dtype for array in net.transfer_blocks().values()} == {np.dtype(np.float32)}
    assert net.adjacency().dtype == np.float32


def test_the_type_follows_the_arrays() -> None:
    phi, lam = [np.ones((2, 2), np.float32)], [np.zeros(2, np.float32), np.ones(2, np.float32)]
    assert SpectralNetwork(phi, lam).dtype == np.float32
    assert SpectralNetwork(phi, [lam[0], lam[1].astype(np.float64)]).dtype == np.float64
    assert SpectralNetwork([[[1, 2]]], [[0, 0], [1]]).dtype == np.float64
    assert SpectralNetwork(phi, lam, dtype="float64").dtype == np.float64


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("size", [4, 8])
def test_the_byte_order_of_the_arrays_does_not_matter(order: str, size: int) -> None:
    phi, lam, x = [np.ones((2, 2))], [np.zeros(2), np.ones(2)], np.ones((1, 2))
    kind = f"{order}f{size}"
    net = SpectralNetwork([phi[0].astype(kind)], [values.astype(kind) for values in lam])
    assert net.dtype.isnative
    assert net.dtype.itemsize == size
    assert net.forward(x.astype(kind)).tolist() == SpectralNetwork(phi, lam).forward(x).tolist()
    assert SpectralNetwork(phi, lam, dtype=kind).dtype.isnative


def test_memory_order_and_write_protection_do_not_matter() -> None:
    model = Model("global", (3, 4, 2), "tanh")
    generator = np.random.default_rng(0)
    theta, x = generator.uniform(-1, 1, model.size), generator.uniform(-1, 1, (8, 3))
    net = network(model, theta)
    truth = net.forward(x)
    protected = x.copy()
    protected.flags.writeable = False
    for variant in (np.asfortranarray(x), np.repeat(x, 2, axis=0)[::2], x.tolist(), protected, x.astype(object)):
        assert np.array_equal(net.forward(variant), truth)
        assert net.loss(variant, truth) == 0


# --- start ------------------------------------------------------------------------------------------------------------


@given(
    st.lists(st.integers(1, 6), min_size=2, max_size=5),
    st.sampled_from(ZERO_AT_ZERO),
    st.booleans(),
    st.sampled_from(["float32", "float64"]),
    st.integers(0, 99),
)
@CHECK
def test_the_linear_start_is_exactly_linear(
    widths: list[int], activation: str, bias: bool, dtype: str, seed: int
) -> None:
    """Every hidden z is 0, so the output is W_K1 x_1, doubling x_1 doubles it, and no activation is in the way."""
    net = SpectralNetwork.initialize(widths, activation=activation, bias=bias, dtype=dtype, seed=seed)
    other = SpectralNetwork.initialize(widths, activation="identity", bias=bias, dtype=dtype, seed=seed)
    last, layers = len(widths), net.transfer_blocks()
    assert all(not block.any() for (i, _), block in layers.items() if i < last)
    x = np.random.default_rng(seed).normal(size=(5, widths[0]))
    result = net.forward(x)
    assert np.array_equal(result, other.forward(x))
    inputs = oracles.with_constant(x.astype(dtype), bias)
    np.testing.assert_allclose(
        result, inputs @ layers[last, 1].T, rtol=1e-4, atol=1e-4 if dtype == "float32" else 1e-12
    )
    if not bias:
        assert np.array_equal(net.forward(2 * x), 2 * result)
    assert [values.tolist() for values in net.eigenvalues] == [
        *([0.0] * width for width in net.widths[:-1]),
        [1.0] * widths[-1],
    ]


@given(st.lists(st.integers(1, 6), min_size=2, max_size=5), st.booleans(), st.sampled_from(PARAMETRIZATIONS))
@CHECK
def test_the_start_is_xavier_uniform(widths: list[int], bias: bool, parametrization: str) -> None:
    options = {"bias": bias, "parametrization": parametrization, "dtype": "float64"}
    net = SpectralNetwork.initialize(widths, seed=5, **options)
    assert net.widths == (widths[0] + bias, *widths[1:])
    assert net.n_features == widths[0]
    assert net.n_layers == len(widths)
    weights = net.eigenvectors or [net.blocks[i + 1, i] for i in range(1, len(widths))]
    for block, (columns, rows) in zip(weights, pairwise(net.widths), strict=True):
        assert block.shape == (rows, columns)
        assert 0 < abs(block).max() <= np.sqrt(6 / (rows + columns))
    n = net.widths
    sizes = {
        "global": sum(a * b for a, b in pairwise(n)) + sum(n),
        "layerwise": sum(a * b + a + b for a, b in pairwise(n)),
        "direct": sum(n[i] * n[j] for i in range(len(n)) for j in range(i)),
    }
    assert net.n_parameters == sizes[parametrization]
    assert np.array_equal(net.parameters, SpectralNetwork.initialize(widths, seed=5, **options).parameters)
    assert not np.array_equal(net.parameters, SpectralNetwork.initialize(widths, seed=6, **options).parameters)


def test_the_layerwise_and_direct_starts() -> None:
    layerwise = SpectralNetwork.initialize([2, 3, 1], parametrization="layerwise", bias=False)
    assert layerwise.frozen == ("eigenvalues_in",)
    for lam_in, lam_out in layerwise.eigenvalues:
        assert not lam_in.any()
        assert np.all(lam_out == 1)
    direct = SpectralNetwork.initialize([2, 3, 1], parametrization="direct", bias=False)
    assert set(direct.blocks) == {(2, 1), (3, 1), (3, 2)}
    assert not direct.blocks[3, 1].any()


def test_counting() -> None:
    """mathematics.md, n = 10."""
    for layers, spectral, free in ((2, 120, 100), (3, 230, 300), (4, 340, 600), (5, 450, 1000)):
        widths = [10] * layers
        assert SpectralNetwork.initialize(widths, bias=False).n_parameters == spectral
        assert SpectralNetwork.initialize(widths, bias=False, parametrization="direct").n_parameters == free


def test_a_network_cannot_be_changed_through_its_sources() -> None:
    phi, lam = [np.ones((2, 2))], [np.zeros(2), np.ones(2)]
    net = SpectralNetwork(phi, lam)
    phi[0][:], lam[1][:] = 7, 7
    assert net.parameters.tolist() == [1, 1, 1, 1, 0, 0, 1, 1]
    values = np.arange(8.0)
    other = net.with_parameters(values)
    values[:] = 0
    assert other.parameters.tolist() == list(range(8))
    blocks = {(2, 1): np.ones((1, 1))}
    direct = SpectralNetwork(blocks=blocks, parametrization="direct")
    direct.transfer_blocks()[2, 1][:] = 5
    assert direct.parameters.tolist() == [1]


# --- files ------------------------------------------------------------------------------------------------------------


def _same(a: SpectralNetwork, b: SpectralNetwork) -> bool:
    return a.record() == b.record() and a.dtype == b.dtype and a.parameters.tobytes() == b.parameters.tobytes()


@given(networks(), st.sampled_from(["float32", "float64"]), st.booleans())
@CHECK
def test_saved_and_pickled_networks_come_back_bit_by_bit(
    tmp_path_factory: pytest.TempPathFactory, case: tuple[Model, np.ndarray, np.ndarray], dtype: str, frozen: bool
) -> None:
    model, theta, x = case
    family = "blocks" if model.parametrization == "direct" else "eigenvectors"
    net = network(model, theta, dtype, frozen=(family,) if frozen else ())
    path = tmp_path_factory.getbasetemp() / "network.npz"
    net.save(path)
    for other in (SpectralNetwork.load(path), pickle.loads(pickle.dumps(net))):
        assert _same(net, other)
        assert np.array_equal(net.forward(x), other.forward(x))


@pytest.fixture
def saved(tmp_path: Any) -> Any:
    path = tmp_path / "model.npz"
    SpectralNetwork.initialize([3, 4, 2], seed=1).save(path)
    return path


def test_a_truncated_file_is_refused(saved: Any) -> None:
    content = saved.read_bytes()
    for cut in [*range(0, len(content), 7), len(content) - 1]:
        saved.write_bytes(content[:cut])
        with pytest.raises(ModelFileError, match=r"model\.npz"):
            SpectralNetwork.load(saved)


@given(st.data())
@settings(CHECK, max_examples=200)
def test_a_damaged_file_is_refused(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """One wrong byte anywhere is a `ModelFileError`, never another exception, also where the numbers would be the same."""
    net = SpectralNetwork.initialize([3, 4, 2], seed=1)
    path = tmp_path_factory.getbasetemp() / "damaged.npz"
    net.save(path)
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1), "place")
    content[place] ^= data.draw(st.integers(1, 255), "bits")
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=r"damaged\.npz"):
        SpectralNetwork.load(path)


@pytest.mark.parametrize(
    "content", [b"", b"garbage", b"PK\x03\x04", b"\x80\x04\x95", b"\x93NUMPY", b"{}", bytes(1000)], ids=repr
)
def test_garbage_is_refused(tmp_path: Any, content: bytes) -> None:
    path = tmp_path / "garbage.npz"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=r"garbage\.npz"):
        SpectralNetwork.load(path)


def test_other_numpy_files_are_refused(tmp_path: Any) -> None:
    np.save(tmp_path / "array.npy", np.ones(3))
    np.savez(tmp_path / "arrays.npz", x=np.ones(3))
    np.savez(tmp_path / "objects.npz", header=np.array([{}], dtype=object))
    for name in ("array.npy", "arrays.npz", "objects.npz", "missing.npz", "."):
        with pytest.raises(ModelFileError):
            SpectralNetwork.load(tmp_path / name)


def _file(path: Any, header: Any, **arrays: np.ndarray) -> Any:
    text = json.dumps(header).encode()
    np.savez(path, header=np.frombuffer(text, np.uint8), **arrays)
    return path


def _header(**changes: Any) -> dict[str, Any]:
    record = {
        "parametrization": "global", "widths": [2, 1], "pairs": [], "activation": "relu", "bias": False, "frozen": [],
    }  # fmt: skip
    record.update(changes)
    return {"format": "spectral-core", "version": 1, "kind": "network", "record": record}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "compact"}, "compact"),
        ({"version": 3}, "has the format 3 .*: update spectral-core"),
        ({"version": 2}, "checksum does not fit"),
        ({"version": "1"}, "no format version"),
        ({"format": "other"}, "spectral-core"),
        ({"record": None}, "spectral-core"),
    ],
)
def test_files_of_another_kind_are_refused(tmp_path: Any, change: dict[str, Any], words: str) -> None:
    header = _header()
    assert SpectralNetwork.load(_file(tmp_path / "good.npz", header, parameters=np.arange(5.0))).widths == (2, 1)
    with pytest.raises(ModelFileError, match=words):
        SpectralNetwork.load(_file(tmp_path / "bad.npz", header | change, parameters=np.arange(5.0)))


@pytest.mark.parametrize(
    "change",
    [
        {"parametrization": "spectral"},
        {"activation": "sine"},
        {"widths": [2, 0]},
        {"widths": [5]},
        {"widths": []},
        {"widths": "21"},
        {"widths": [3, 1]},
        {"widths": None},
        {"pairs": [[3]]},
        {"bias": True, "widths": [1, 2]},
        {"frozen": ["weights"]},
        {"frozen": None},
        {"parametrization": "direct", "pairs": [[7, 1]]},
        {"parametrization": "direct", "pairs": [[1, 2]], "widths": [5, 1]},
        {"parametrization": "direct", "pairs": [[2, 0]], "widths": [5, 1]},
    ],
    ids=str,
)
def test_records_that_do_not_fit_are_refused(tmp_path: Any, change: dict[str, Any]) -> None:
    with pytest.raises(ModelFileError, match=r"record\.npz"):
        SpectralNetwork.load(_file(tmp_path / "record.npz", _header(**change), parameters=np.arange(5.0)))


@pytest.mark.parametrize("values", [np.array([1, 2, 3, 4, np.nan]), np.arange(4.0), np.arange(5), np.ones((5, 1))])
def test_parameters_that_do_not_fit_are_refused(tmp_path: Any, values: np.ndarray) -> None:
    with pytest.raises(ModelFileError, match=r"values\.npz"):
        SpectralNetwork.load(_file(tmp_path / "values.npz", _header(), parameters=values))
    with pytest.raises(ModelFileError, match=r"none\.npz"):
        SpectralNetwork.load(_file(tmp_path / "none.npz", _header()))


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt(), RuntimeError("boom")])
def test_a_failed_save_leaves_the_old_file(saved: Any, monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    before = saved.read_bytes()

    def half(file: io.BufferedWriter) -> None:
        file.write(b"half")
        raise error

    whole = files.atomic.write_atomically
    monkeypatch.setattr(files.atomic, "write_atomically", lambda path, write: whole(path, half))
    expected = InvalidInputError if isinstance(error, OSError) else type(error)
    with pytest.raises(expected):
        SpectralNetwork.initialize([3, 4, 2], seed=2).save(saved)
    assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]


def test_saving_where_no_file_can_be(saved: Any) -> None:
    net = SpectralNetwork.initialize([2, 1])
    for path in (saved / "inside", saved.parent):
        with pytest.raises(InvalidInputError, match="cannot write"):
            net.save(path)
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]


def test_saving_makes_the_folder_and_takes_strings(tmp_path: Any) -> None:
    net = SpectralNetwork.initialize([2, 1])
    net.save(str(tmp_path / "new" / "folder" / "model"))
    assert _same(net, SpectralNetwork.load(str(tmp_path / "new" / "folder" / "model")))


# --- what is refused --------------------------------------------------------------------------------------------------

NET = SpectralNetwork([[[1.0, 2.0, 0.5], [0.5, 1.0, 2.0]]], [[0.0, 0.0, 0.0], [1.0, 1.0]], bias=True)
X, Y = np.ones((4, 2)), np.ones((4, 2))


@given(hnp.array_shapes(min_dims=2, max_dims=2, max_side=5), st.data())
@CHECK
def test_the_place_of_a_bad_number_is_named(shape: tuple[int, int], data: st.DataObject) -> None:
    rows, columns = shape
    net = SpectralNetwork([np.ones((1, columns))], [np.zeros(columns), [1.0]])
    x, y = np.ones(shape), np.ones((rows, 1))
    row, column = data.draw(st.integers(0, rows - 1)), data.draw(st.integers(0, columns - 1))
    bad = data.draw(st.sampled_from([np.nan, np.inf, -np.inf]))
    x[row, column] = bad
    with pytest.raises(InvalidInputError, match=rf"X\[{row}, {column}\] is {bad}"):
        net.forward(x)
    x[row, column], y[row, 0] = 1, bad
    with pytest.raises(InvalidInputError, match=rf"y\[{row}, 0\] is {bad}"):
        net.loss_and_gradients(x, y)


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (np.ones(2), r"X must have 2 dimension\(s\); got shape \(2,\)"),
        (np.ones((2, 2, 2)), "X must have 2 dimension"),
        (np.ones((4, 3)), r"2 feature column\(s\); got shape \(4, 3\)"),
        (np.empty((0, 2)), "X must not be empty"),
        ([], "X must"),
        ([[1, "two"]], r"X must hold numbers; got .*two.* at \[0, 1\]"),
        ("text", "X must hold numbers"),
        (None, "X must"),
        ([[1, None]], r"X must be finite; X\[0, 1\] is nan|X must hold numbers"),
        ([[1, 2j]], "real numbers; got complex"),
        ([[1, 2], [3]], "X must"),
        (np.array([["2020-01-01", "2020-01-02"]], "datetime64[D]"), "X must hold real numbers"),
        ({"a": 1}, "X must"),
    ],
    ids=str,
)
def test_inputs_that_are_refused(x: Any, words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        NET.forward(x)
    with pytest.raises(InvalidInputError, match=words):
        NET.loss_and_gradients(x, Y)


def test_float32_overflow_is_refused() -> None:
    with pytest.raises(InvalidInputError, match=r"X\[0, 1\]"):
        SpectralNetwork([[[1, 1]]], [[0, 0], [1]], dtype="float32").forward([[1, 1e300]])


@pytest.mark.parametrize(
    ("y", "options", "words"),
    [
        (np.ones(4), {}, r"y must have 2 dimension|y must have shape \(4, 2\)"),
        (np.ones((3, 2)), {}, r"y must have shape \(4, 2\); got \(3, 2\)"),
        ([["a", "b"]] * 4, {}, "y must hold numbers"),
        ([[1, 2], [3]], {}, "y must"),
        (np.ones((4, 2)), {"loss": "cross_entropy"}, r"y must have shape \(4,\) with class indices"),
        ([0, 1, 2, 0], {"loss": "cross_entropy"}, r"y must lie in 0\.\.1; y\[2\] is 2"),
        ([0, 1, 0, -1], {"loss": "cross_entropy"}, r"y\[3\] is -1"),
        ([0, 1, 0.5, 0], {"loss": "cross_entropy"}, "whole numbers"),
        ([0, 1, np.nan, 0], {"loss": "cross_entropy"}, "y must"),
        ([0, 1, np.inf, 0], {"loss": "cross_entropy"}, "y must"),
        (["a", "b", "a", "b"], {"loss": "cross_entropy"}, "y must hold class indices"),
        ([[0], [1, 0], [1], [1]], {"loss": "cross_entropy"}, "y must"),
        (Y, {"loss": "hinge"}, "loss must be one of squared_error, huber, .*cross_entropy; got 'hinge'"),
        (
            [[1, 2], [3, 0], [0, -3], [4, 1]],
            {"loss": "poisson"},
            r"y must lie in \[0, inf\] for this loss; y\[2, 1\] is -3",
        ),
        ([[1, 0]] * 3 + [[2, 0.5]], {"loss": "binary_cross_entropy"}, r"y must lie in \[0, 1\] .*; y\[3, 0\] is 2"),
        (Y, {"loss": None}, "loss must be one of"),
        (Y, {"sample_weight": [1, 1]}, r"sample_weight must have shape \(4,\)"),
        (Y, {"sample_weight": [1, 1, 1, -1]}, "sample_weight must not be negative"),
        (Y, {"sample_weight": [0, 0, 0, 0]}, "sample_weight"),
        (Y, {"sample_weight": [1, 1, np.nan, 1]}, r"sample_weight\[2\] is nan"),
        (Y, {"sample_weight": "heavy"}, "sample_weight must hold numbers"),
    ],
    ids=str,
)
def test_targets_that_are_refused(y: Any, options: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        NET.loss_and_gradients(X, y, **options)
    with pytest.raises(InvalidInputError, match=words):
        NET.loss(X, y, **options)


def test_class_indices_may_be_floats_and_one_output_takes_a_vector() -> None:
    labels = [0, 1, 1, 0]
    assert NET.loss(X, np.array(labels, float), "cross_entropy") == NET.loss(X, labels, "cross_entropy")
    single = SpectralNetwork([[[1, 1]]], [[0, 0], [1]])
    assert single.loss(X, np.arange(4)) == single.loss(X, np.arange(4).reshape(4, 1))
    with pytest.raises(InvalidInputError, match="at least two outputs"):
        single.loss(X, labels, "cross_entropy")


ONES = [np.ones((2, 3)), np.ones((1, 2))]
VALUES = [np.zeros(3), np.zeros(2), np.ones(1)]
PAIRS = [(np.zeros(3), np.ones(2)), (np.zeros(2), np.ones(1))]


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        (([], []), {}, "at least one block"),
        (([np.ones(3)], [np.ones(3)]), {}, r"eigenvectors\[0\] must have shape \(n_2, n_1\)"),
        (([np.ones((0, 3))], [np.ones(3), []]), {}, r"eigenvectors\[0\]"),
        (([np.ones((2, 3)), np.ones((1, 3))], VALUES), {}, r"eigenvectors\[1\] must have 2 columns"),
        ((ONES, VALUES[:2]), {}, "eigenvalues must hold 3 vectors for 2 blocks; got 2"),
        ((ONES, [np.zeros(3), np.zeros(3), np.ones(1)]), {}, r"eigenvalues\[1\] must have shape \(2,\); got \(3,\)"),
        ((ONES, [np.zeros(3), np.zeros((2, 1)), np.ones(1)]), {}, r"eigenvalues\[1\] must have shape"),
        ((ONES, [np.zeros(3), [0, np.nan], np.ones(1)]), {}, r"eigenvalues\[1\] must be finite"),
        ((ONES, [np.zeros(3), ["a", "b"], np.ones(1)]), {}, r"eigenvalues\[1\] must hold numbers"),
        (([[[1, 2], [3]]], VALUES), {}, r"eigenvectors\[0\]"),
        ((5, VALUES), {}, "eigenvectors"),
        ((ONES, PAIRS[:1]), {"parametrization": "layerwise"}, "must hold 2 pairs"),
        ((ONES, VALUES[:2]), {"parametrization": "layerwise"}, r"eigenvalues\[0\] must be a pair"),
        ((ONES, [PAIRS[0], PAIRS[0]]), {"parametrization": "layerwise"}, r"eigenvalues_in\[1\] must have shape"),
        ((ONES, VALUES), {"parametrization": "spectral"}, "parametrization must be one of global, layerwise, direct"),
        ((ONES, VALUES), {"parametrization": "direct"}, "takes blocks"),
        ((), {"parametrization": "direct"}, "takes blocks"),
        ((ONES, VALUES), {"blocks": {}}, "takes eigenvectors and eigenvalues"),
        ((ONES,), {}, "takes eigenvectors and eigenvalues"),
        ((ONES, VALUES), {"activation": "sine"}, "activation must be one of identity, relu"),
        ((ONES, VALUES), {"activation": ["sine"]}, r"activation\[0\] must be one of identity, relu"),
        ((ONES, VALUES), {"bias": "yes"}, "bias must be True or False; got 'yes'"),
        ((ONES, VALUES), {"dtype": "float16"}, "dtype must be one of float32, float64; got 'float16'"),
        ((ONES, VALUES), {"dtype": "double precision"}, "dtype must be one of"),
        ((ONES, VALUES), {"frozen": ["weights"]}, "no parameter group 'weights'; a global network has"),
        ((ONES, VALUES), {"frozen": ["eigenvalues_in"]}, "no parameter group 'eigenvalues_in'"),
        ((ONES, VALUES), {"frozen": ["eigenvalues[3]"]}, "no parameter group"),
        (([np.ones((2, 1))], [np.ones(1), np.ones(2)]), {"bias": True}, "with bias, layer 1 needs a feature"),
    ],
    ids=str,
)
def test_spectral_networks_that_are_refused(arguments: tuple[Any, ...], options: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        SpectralNetwork(*arguments, **options)


@pytest.mark.parametrize(
    ("blocks", "words"),
    [
        ({}, "must reach every layer"),
        ({(1, 2): np.ones((1, 1))}, "layers i > j >= 1"),
        ({(1, 0): np.ones((1, 1))}, "layers i > j >= 1"),
        ({(2, 1.0): np.ones((1, 1))}, "layers i > j >= 1"),
        ({2: np.ones((1, 1))}, "layers i > j >= 1"),
        ({(2, 1): np.ones(3)}, r"must have shape \(n_i, n_j\)"),
        ({(2, 1): np.ones((1, 1)), (4, 2): np.ones((1, 1))}, r"missing: \[3\]"),
        ({(2, 1): np.ones((2, 1)), (3, 2): np.ones((1, 3))}, "gives layer 2 3 neurons, another block 2"),
        ({(2, 1): [[np.nan]]}, r"blocks\[2,1\] must be finite"),
    ],
    ids=str,
)
def test_direct_networks_that_are_refused(blocks: dict[Any, Any], words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        SpectralNetwork(blocks=blocks, parametrization="direct")


@pytest.mark.parametrize(
    ("widths", "options", "words"),
    [
        ([3], {}, "at least two layers"),
        ([], {}, "at least two layers"),
        ([3, 0], {}, r"widths\[1\] must be a whole number of at least 1; got 0"),
        ([3, 2.5], {}, r"widths\[1\]"),
        ([3, True], {}, r"widths\[1\]"),
        ("32", {}, "widths must be a sequence"),
        (3, {}, "widths must be a sequence"),
        ([3, 2], {"activation": "sigmoid"}, r"the linear start needs f\(0\) = 0; sigmoid"),
        ([3, 2], {"activation": "sine"}, "activation must be one of"),
        ([3, 2], {"start": "dense"}, "a global network starts 'linear'"),
        ([3, 2], {"start": "warm"}, "start must be one of linear, dense; got 'warm'"),
        ([3, 2], {"start": "linear", "parametrization": "direct"}, "a direct network starts 'dense'"),
        ([3, 2], {"parametrization": "none"}, "parametrization must be one of"),
        ([3, 2], {"seed": -1}, "seed must be a whole number"),
        ([3, 2], {"seed": None}, "seed must be a whole number"),
        ([3, 2], {"dtype": int}, "dtype must be one of"),
        ([3, 2], {"bias": "no"}, "bias must be True or False"),
        ([3, 2], {"frozen": ("blocks",)}, "no parameter group 'blocks'"),
    ],
    ids=str,
)
def test_starts_that_are_refused(widths: Any, options: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        SpectralNetwork.initialize(widths, **options)


def test_what_a_parametrization_does_not_have() -> None:
    direct = SpectralNetwork.initialize([2, 1], parametrization="direct")
    with pytest.raises(InvalidInputError, match="no eigenvectors"):
        direct.eigenvector_matrix()
    with pytest.raises(InvalidInputError, match="no eigenvectors"):
        direct.neighbour_weights()
    _, gradients = direct.loss_and_gradients([[1, 1]], [1])
    assert gradients.eigenvectors == gradients.eigenvalues == []
    with pytest.raises(InvalidInputError, match=r"no parameter group 'eigenvectors\[0\]'; there are blocks\[2,1\]"):
        gradients["eigenvectors[0]"]
    with pytest.raises(InvalidInputError, match="parameters must have shape"):
        direct.with_parameters(np.ones(2))


def test_every_error_is_one_of_ours() -> None:
    assert issubclass(InvalidInputError, SpectralCoreError)
    assert issubclass(InvalidInputError, ValueError)
    assert issubclass(ModelFileError, SpectralCoreError)
    assert issubclass(ModelFileError, OSError)


@given(st.floats(-1e300, 1e300))
@example(-1e300)
@example(1e300)
@example(-800.0)
@example(0.0)
@example(-0.0)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@settings(CHECK, max_examples=20)
def test_no_activation_breaks_down_far_out(activation: str, dtype: str, value: float) -> None:
    """x → φ λ-difference 1 → f → 1: the value and its slope are finite wherever z is, without warnings."""
    blocks = {(2, 1): [[1.0]], (3, 2): [[1.0]]}
    net = SpectralNetwork(blocks=blocks, parametrization="direct", activation=activation, dtype=dtype)
    z = float(np.clip(value, -3e38, 3e38)) if dtype == "float32" else value
    output = net.forward([[z]])
    with np.errstate(over="ignore", under="ignore"):
        truth = oracles.activation(activation, np.array([[z]]).astype(dtype).astype(float))
    np.testing.assert_allclose(output, truth, rtol=1e-5 if dtype == "float32" else 1e-13, atol=1e-37)
    _, gradients = net.loss_and_gradients([[z]], output)
    assert np.isfinite(gradients.flat).all()


@pytest.mark.parametrize("activation", KINKED)
def test_the_slope_at_the_kink_is_the_left_one(activation: str) -> None:
    blocks = {(2, 1): [[1.0]], (3, 2): [[1.0]]}
    net = SpectralNetwork(blocks=blocks, parametrization="direct", activation=activation, bias=False)
    for zero in (0.0, -0.0):
        zero_net = net.with_parameters([zero, 1.0])
        _, gradients = zero_net.loss_and_gradients([[1.0]], [[-0.5]])
        assert gradients.blocks[2, 1].item() == pytest.approx(0 if activation == "relu" else 0.01)


def test_both_ways_to_make_a_network_tell_their_default_bias() -> None:
    """Arrays that are given may have no place for the constant neuron; arrays that are made have one."""
    for function, default, words in (
        (SpectralNetwork, False, "False by default"),
        (SpectralNetwork.initialize, True, "It does so by default"),
    ):
        assert inspect.signature(function).parameters["bias"].default is default
        assert words in (function.__doc__ or "")
    assert SpectralNetwork([[[1.0, 2.0]]], [[3.0, 4.0], [1.0]]).n_features == 2
    assert SpectralNetwork.initialize([2, 1]).widths[0] == 3
