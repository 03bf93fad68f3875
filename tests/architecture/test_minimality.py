"""The certificate of minimality: its bound is the number of hyperplanes on which the function bends."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_core import SpectralNetwork, compact
from spectral_core.architecture.minimality import SAMPLES, Certificate, certificate
from spectral_core.errors import InvalidInputError
from tests import oracles


def network(rows: np.ndarray, outgoing: np.ndarray, activation: str = "relu", bias: bool = True) -> SpectralNetwork:
    """One hidden layer with a linear skip; the biases are the last column of the rows."""
    blocks = {(2, 1): rows, (3, 2): outgoing, (3, 1): np.ones((len(outgoing), rows.shape[1]))}
    return SpectralNetwork(blocks=blocks, activation=activation, bias=bias, parametrization="direct")


X = np.array([[-2.0, 1.0], [0.5, -1.0], [1.5, 2.0], [-1.0, -3.0]])
ROWS = np.array([[1.0, 0.5, 0.25], [1.0, -1.0, 0.5], [0.0, 1.0, 0.5]])
OUT = np.array([[1.0, -2.0, 0.5]])


def test_five_kinks_are_five_neurons() -> None:
    rows = np.array([[1.0, -p] for p in (-0.8, -0.3, 0.1, 0.4, 0.7)])
    net = network(rows, np.array([[1.0, -1.0, 2.0, -0.5, 1.0]]))
    found = certificate(net, np.linspace(-1, 1, 50)[:, None])
    assert found == Certificate(
        True,
        5,
        5,
        "5 neurons, proven minimal for the function found: 5 distinct hyperplanes cross the data, each with a jump of the gradient",
        (True,) * 5,
        (True,) * 5,
        (True,) * 5,
    )
    assert certificate(compact(net), np.linspace(-1, 1, 50)[:, None]) == found
    one = certificate(network(rows[:1], np.ones((1, 1))), np.linspace(-1, 1, 50)[:, None])
    assert (
        one.reason
        == "1 neuron, proven minimal for the function found: 1 hyperplane crosses the data, with a jump of the gradient"
    )


# One fault a line, with the bound that is left and the reason.
@pytest.mark.parametrize(
    ("row", "out", "bound", "why"),
    [
        (2 * ROWS[0], 1.0, 3, "2 with the hyperplane of another"),
        (-3 * ROWS[0], 1.0, 3, "2 with the hyperplane of another"),
        (2 * ROWS[0], -0.5, 2, "2 with the hyperplane of another"),
        (-ROWS[0], -1.0, 2, "2 with the hyperplane of another"),
        (np.array([1.0, 1.0, 9.0]), 1.0, 3, "1 with one sign of z on all data"),
        (np.array([1.0, 1.0, -9.0]), 1.0, 3, "1 with one sign of z on all data"),
        (np.array([0.0, 0.0, 1.0]), 1.0, 3, "1 with one sign of z on all data"),
        (np.array([0.0, 0.0, 0.0]), 1.0, 3, "1 with one sign of z on all data"),
        (np.array([1.0, 1.0, 0.25]), 0.0, 3, "1 without output"),
    ],
    ids=["twin", "opposite", "twins that cancel", "opposites that cancel", "always on", "dead", "constant", "no input", "no output"],
)  # fmt: skip
@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_a_neuron_that_is_not_needed_is_named(
    row: np.ndarray, out: float, bound: int, why: str, activation: str
) -> None:
    found = certificate(network(np.vstack([ROWS, row]), np.hstack([OUT, [[out]]]), activation), X)
    assert (found.minimal, found.neurons, found.lower_bound) == (False, 4, bound)
    assert found.reason == f"4 neurons, at least {bound} needed for the function found; {why}"


multiples = st.sampled_from([0.5, 1.0, 2.0, 4.0, -0.5, -1.0, -2.0])
whole = st.integers(-4, 4).map(float)


@settings(deadline=None)
@given(st.integers(1, 3), st.integers(1, 2), st.integers(1, 5), st.booleans(), st.data())
def test_the_bound_is_that_of_a_count_in_exact_numbers(
    inputs: int, outputs: int, planes: int, leaky: bool, data: st.DataObject
) -> None:
    base = [data.draw(st.lists(whole, min_size=inputs + 1, max_size=inputs + 1)) for _ in range(planes)]
    copies = data.draw(st.lists(st.tuples(st.integers(0, planes - 1), multiples), max_size=3))
    rows = np.array(base + [[c * entry for entry in base[h]] for h, c in copies])
    sizes = st.lists(st.lists(whole, min_size=len(rows), max_size=len(rows)), min_size=outputs, max_size=outputs)
    outgoing = np.array(data.draw(sizes))
    x = np.array(data.draw(st.lists(st.lists(whole, min_size=inputs, max_size=inputs), min_size=1, max_size=6)))
    net = network(rows, outgoing, "leaky_relu" if leaky else "relu")
    found = certificate(net, x)
    assert found.lower_bound == oracles.needed_neurons(rows, outgoing, x)
    assert found.minimal == (found.lower_bound == len(rows))
    # A flag of a neuron says what the numbers of the whole say.
    assert sum(map(all, zip(found.crosses, found.distinct, found.sends, strict=True))) <= found.lower_bound


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(1e-12, 1e-8))
def test_hyperplanes_that_nearly_agree_count_as_one(seed: int, distance: float) -> None:
    generator = np.random.default_rng(seed)
    row = generator.uniform(0.5, 1, size=3) * [1, -1, 0.1]
    rows = np.vstack([row, row + distance * generator.uniform(0.5, 1, size=3)])
    x = np.array([[-2.0, 2.0], [2.0, -2.0]])
    assert certificate(network(rows, np.ones((1, 2))), x).lower_bound == 1
    apart = np.vstack([row, row + np.array([0, 0, 0.1])])
    assert certificate(network(apart, np.ones((1, 2))), x).lower_bound == 2


def test_a_sample_on_a_hyperplane_is_on_neither_side() -> None:
    x = np.array([[0.1], [0.7], [0.3]])
    for place, crosses in ((0.1, False), (0.7, False), (0.3, True)):
        found = certificate(network(np.array([[3.0, -3.0 * place]]), np.ones((1, 1))), x)
        assert (found.crosses, found.minimal) == ((crosses,), crosses)


def test_without_a_bias_hyperplanes_pass_through_the_origin() -> None:
    net = network(np.array([[1.0, 0.5], [-2.0, -1.0]]), np.ones((1, 2)), bias=False)
    assert certificate(net, X).lower_bound == 1
    assert certificate(net, X[:1]).lower_bound == 0


def test_a_compact_network_knows_its_constant() -> None:
    """The constant 1 is the first live input that is no feature; a row with a bias alone is no hyperplane."""
    rows = np.array([[0.0, 1.0, -0.5], [0.0, 0.0, 2.0]])
    net = compact(SpectralNetwork(blocks={(2, 1): rows, (3, 2): np.ones((1, 2))}, bias=True, parametrization="direct"))
    assert net.neurons[0].tolist() == [1, 2]
    found = certificate(net, X)
    assert (found.neurons, found.lower_bound, found.crosses) == (2, 1, (True, False))


def test_where_the_theorem_says_nothing_nothing_is_claimed() -> None:
    tanh = certificate(network(ROWS, OUT, "tanh"), X)
    assert (tanh.minimal, tanh.neurons, tanh.lower_bound) == (False, 3, 0)
    assert tanh.reason == "no lower bound is known for tanh"
    deep = SpectralNetwork(
        blocks={(2, 1): np.ones((2, 2)), (3, 2): np.ones((3, 2)), (4, 3): np.ones((1, 3))}, parametrization="direct"
    )
    assert certificate(deep, X) == Certificate(False, 5, 0, "no lower bound is known for 2 hidden layers")
    linear = SpectralNetwork(blocks={(2, 1): np.ones((1, 2))}, parametrization="direct")
    assert certificate(linear, X) == Certificate(True, 0, 0, "no hidden neuron, and none is fewer")
    with pytest.raises(InvalidInputError, match="wants a direct or compact network; got global: call compact first"):
        certificate(SpectralNetwork.initialize([2, 3, 1], seed=0), X)


def test_signs_are_looked_for_in_all_samples() -> None:
    """Also where the only one with z below 0 is among the first, and the only one above it among the last."""
    net = network(np.array([[1.0, 0.0]]), np.array([[1.0]]))
    for signs in ([-1.0, 1.0], [1.0, -1.0]):
        x = np.r_[signs[0], np.zeros(2 * SAMPLES), signs[1]][:, None]
        assert certificate(net, x).minimal
        assert not certificate(net, x[1:]).minimal
