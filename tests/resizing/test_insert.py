"""Growth and collapse keep the function, and carry the moments of a training along."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_core import InvalidInputError, SpectralNetwork, collapse_layer, insert_layer, insert_neurons, train
from spectral_core.kernels.tables import ACTIVATIONS, ZERO_AT_ZERO
from spectral_core.resizing.collapse import CollapseLayer
from spectral_core.resizing.insert import InsertLayer, InsertNeurons
from spectral_core.training.results import TrainingState
from tests.builders import mixed, random_network, same_function

PARAMETRIZATIONS = ("global", "layerwise", "direct")
CHECK = settings(deadline=None, max_examples=60)


@given(
    st.sampled_from(PARAMETRIZATIONS), st.lists(st.integers(1, 5), min_size=3, max_size=5), st.sampled_from(ACTIVATIONS),
    st.integers(0, 1000), st.integers(1, 4), st.booleans(), st.data(),
)  # fmt: skip
@CHECK
def test_new_neurons_leave_the_function(
    kind: str, widths: list[int], activation: str, seed: int, count: int, bias: bool, draw: st.DataObject
) -> None:
    net = random_network(kind, widths, mixed(activation, ACTIVATIONS, len(widths) - 2, seed), seed, bias)
    before = net.parameters.copy()
    layer = draw.draw(st.integers(2, len(widths) - 1))
    own = None if kind == "direct" else np.random.default_rng(seed).normal(size=count)
    grown = insert_neurons(net, layer, count, eigenvalues=own, seed=seed)
    assert grown.widths[layer - 1] == net.widths[layer - 1] + count
    assert np.array_equal(net.parameters, before)
    same_function(net, grown, seed)
    # They are no dead weight: their outgoing weights have a gradient.
    x = np.random.default_rng(seed).normal(size=(6, net.n_features))
    y = grown.forward(x) + 1
    slopes = grown.loss_and_gradients(x, y)[1]
    out = slopes.blocks[layer + 1, layer] if kind == "direct" else slopes.eigenvectors[layer - 1]
    if net.activation == "identity" and widths[-1] == 1 and kind != "global":
        assert np.any(out[:, -count:])


@given(
    st.lists(st.integers(1, 5), min_size=2, max_size=4), st.sampled_from(ZERO_AT_ZERO), st.integers(0, 1000),
    st.booleans(), st.booleans(), st.data(),
)  # fmt: skip
@CHECK
def test_a_new_layer_leaves_the_function_and_collapses_again(
    widths: list[int], activation: str, seed: int, bias: bool, even: bool, draw: st.DataObject
) -> None:
    net = random_network("global", widths, mixed(activation, ZERO_AT_ZERO, len(widths) - 2, seed), seed, bias)
    if even:
        net = SpectralNetwork(
            net.eigenvectors, [np.full(len(v), v[0]) for v in net.eigenvalues], activation=net.activation, bias=bias
        )
    after = draw.draw(st.integers(1, len(widths) - 1))
    grown = insert_layer(net, after)
    assert grown.widths == (*net.widths[:after], net.widths[after - 1], *net.widths[after:])
    same_function(net, grown, seed)
    # Where all eigenvalues of layer `after` are one number, the new layer collapses again (M12 undoes M14).
    if np.ptp(net.eigenvalues[after - 1]) == 0:
        again = collapse_layer(grown, after + 1)
        assert (again.widths, again.activation) == (net.widths, net.activation)
        np.testing.assert_allclose(again.parameters, net.parameters, rtol=0, atol=1e-15)
    else:
        with pytest.raises(InvalidInputError, match="all eigenvalues of layers"):
            collapse_layer(grown, after + 1)


@given(st.lists(st.integers(1, 4), min_size=3, max_size=5), st.integers(0, 1000), st.data())
@CHECK
def test_a_layer_with_one_eigenvalue_collapses(widths: list[int], seed: int, draw: st.DataObject) -> None:
    net = random_network("global", widths, "relu", seed)
    layer = draw.draw(st.integers(2, len(widths) - 1))
    values = [np.asarray(v) for v in net.eigenvalues]
    values[layer - 1] = np.full(widths[layer - 1], 0.7)
    values[layer - 2] = np.full(widths[layer - 2], 0.7)
    silent = SpectralNetwork(net.eigenvectors, values)
    smaller = collapse_layer(silent, layer)
    assert smaller.widths == (*widths[: layer - 1], *widths[layer:])
    same_function(silent, smaller, seed)


@given(st.lists(st.integers(1, 4), min_size=2, max_size=4), st.integers(1, 3), st.integers(0, 1000), st.data())
@CHECK
def test_a_new_layer_of_a_direct_network(widths: list[int], width: int, seed: int, draw: st.DataObject) -> None:
    net = random_network("direct", widths, "sigmoid", seed)
    after = draw.draw(st.integers(1, len(widths) - 1))
    rows = {j: np.random.default_rng(j).normal(size=(width, widths[j - 1])) for j in range(1, after + 1)}
    change = InsertLayer(after, width, rows)
    grown = change.apply(net)
    assert grown.widths == (*widths[:after], width, *widths[after:])
    for j, block in rows.items():
        assert np.array_equal(grown.blocks[after + 1, j], block)
    same_function(net, grown, seed)
    carried = change.carry(TrainingState(net.parameters, net.parameters, 1, 1), net)
    assert np.isclose(np.abs(carried.first_moment).sum(), np.abs(net.parameters).sum())
    same_function(net, insert_layer(net, after, width, seed=seed), seed)
    more = insert_neurons(grown, after + 1, 2, incoming={j: np.ones((2, widths[j - 1])) for j in rows})
    same_function(net, more, seed)
    assert np.all(more.blocks[after + 1, 1][-2:] == 1)


def test_a_silent_layer_of_a_direct_network_goes_with_its_blocks() -> None:
    net = random_network("direct", [3, 4, 2, 1], "tanh", 0)
    blocks = {pair: block * (pair[0] != 3) for pair, block in net.blocks.items()}
    silent = SpectralNetwork(blocks=blocks, activation="tanh", parametrization="direct")
    smaller = collapse_layer(silent, 3)
    assert smaller.widths == (3, 4, 1)
    same_function(silent, smaller, 1)
    with pytest.raises(InvalidInputError, match=r"layer 2 is not silent: blocks \[\(2, 1\)\] lead into it"):
        collapse_layer(silent, 2)


CHANGES = (InsertNeurons(2, 2, seed=3), InsertNeurons(3, 1), InsertLayer(1), InsertLayer(2), InsertLayer(3))


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_moments_move_with_their_parameters(change: Any) -> None:
    """Moments that name their parameter (its value) stand beside it again; those of new ones are 0."""
    net = random_network("global", [3, 4, 2, 1], "tanh", 1)
    state = TrainingState(net.parameters.copy(), 2 * net.parameters, 7, 3)
    grown, carried = change.apply(net), change.carry(state, net)
    assert (carried.step, carried.epoch) == (7, 3)
    assert carried.first_moment.shape == grown.parameters.shape
    known = carried.first_moment != 0
    assert np.array_equal(carried.first_moment[known], grown.parameters[known])
    assert np.array_equal(carried.second_moment, 2 * carried.first_moment)
    assert sorted(carried.first_moment[known]) == sorted(net.parameters)


def test_collapse_carries_all_but_the_new_block() -> None:
    net = insert_layer(SpectralNetwork.initialize([3, 4, 1], activation="tanh", bias=False, dtype="float64", seed=1), 1)
    state = TrainingState(net.parameters.copy(), net.parameters.copy(), 1, 1)
    change = CollapseLayer(2)
    smaller, carried = change.apply(net), change.carry(state, net)
    assert carried.first_moment.shape == smaller.parameters.shape
    assert not carried.first_moment[: 4 * 3].any()
    assert np.array_equal(carried.first_moment[4 * 3 :], smaller.parameters[4 * 3 :])


def test_growing_between_epochs_keeps_the_loss_and_goes_on_learning() -> None:
    generator = np.random.default_rng(0)
    x = generator.uniform(-1, 1, (200, 2))
    y = (x**2).mean(axis=1)
    net = SpectralNetwork.initialize([2, 1], dtype="float64")
    options: dict[str, Any] = {"batch_size": 20, "learning_rate": 1e-2}
    linear = train(net, x, y, epochs=20, **options)
    deep = InsertLayer(1)
    grown, state = deep.apply(linear.network), deep.carry(linear.state, linear.network)
    wide = InsertNeurons(2, 8, seed=1)
    grown, state = wide.apply(grown), wide.carry(state, grown)
    assert np.isclose(grown.loss(x, y), linear.network.loss(x, y), rtol=1e-12)
    result = train(grown, x, y, epochs=150, state=state, **options)
    assert result.network.loss(x, y) < 0.1 * linear.network.loss(x, y)
    assert result.state.epoch == 170


def test_frozen_groups_keep_their_place() -> None:
    net = random_network("global", [2, 3, 1], "relu", 0, frozen=("eigenvalues[0]", "eigenvectors[1]"))
    assert insert_layer(net, 1).frozen == ("eigenvalues[0]", "eigenvectors[2]")
    assert insert_layer(net, 2).frozen == ("eigenvalues[0]", "eigenvectors[2]")
    assert insert_neurons(net, 2).frozen == net.frozen


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda n: insert_neurons(n, 1), r"layer must be a hidden layer \(layers 2 to 2\); got 1"),
        (lambda n: insert_neurons(n, 3), "layer must be a hidden layer"),
        (lambda n: insert_neurons(n, 2, 0), "count must be a whole number of at least 1; got 0"),
        (lambda n: insert_neurons(n, 2, 2, incoming=np.ones((2, 2))), r"incoming must have shape \(2, 3\)"),
        (lambda n: insert_neurons(n, 2, 2, eigenvalues=[1.0]), r"eigenvalues must hold 2 number\(s\); got 1"),
        (lambda n: insert_layer(n, 3), "after must be a layer from 1 to 2; got 3"),
        (lambda n: insert_layer(n, 0), "after must be a whole number of at least 1; got 0"),
        (lambda n: collapse_layer(n, 3), "layer must be a hidden layer"),
        (lambda n: collapse_layer(n, 2, tolerance=-1), "tolerance must be at least 0"),
        (lambda n: insert_layer("n", 1), "net must be a SpectralNetwork; got str"),
        (lambda n: InsertLayer(1).carry({}, n), "state must be the .state of a training result; got dict"),
        (lambda n: InsertLayer(1).carry(TrainingState(np.ones(2), np.ones(2), 0, 0), n), "belongs to 2 parameters"),
    ],
)
def test_wrong_requests_name_the_rule(call: Any, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        call(random_network("global", [3, 4, 2], "relu", 0))


def test_what_only_a_global_network_can_do() -> None:
    layerwise = random_network("layerwise", [3, 4, 2], "relu", 0)
    with pytest.raises(InvalidInputError, match="a layer can be inserted in a global network"):
        insert_layer(layerwise, 1)
    with pytest.raises(InvalidInputError, match="a layer can be collapsed in a global network"):
        collapse_layer(layerwise, 2)
    with pytest.raises(InvalidInputError, match=r"inserting a layer needs f\(0\) = 0; sigmoid"):
        insert_layer(random_network("global", [3, 4, 2], "sigmoid", 0), 1)
    direct = random_network("direct", [3, 4, 2], "relu", 0)
    with pytest.raises(InvalidInputError, match="width must be a whole number of at least 1; got None"):
        insert_layer(direct, 1)
    with pytest.raises(InvalidInputError, match="incoming must name layers from 1 to 1; got 2"):
        insert_neurons(direct, 2, incoming={2: np.ones((1, 4))})
    with pytest.raises(InvalidInputError, match="as wide as the one before; leave out width"):
        insert_layer(random_network("global", [3, 4, 2], "relu", 0), 1, 5)
    with pytest.raises(InvalidInputError, match="a direct network has no eigenvalues"):
        insert_neurons(random_network("direct", [3, 4, 2], "relu", 0), 2, eigenvalues=[0.0])


@pytest.mark.parametrize("kind", ["global", "layerwise"])
def test_new_neurons_have_the_eigenvalues_that_were_asked_for(kind: str) -> None:
    net = random_network(kind, [2, 3, 1], "relu", 0)

    def own(grown: SpectralNetwork) -> np.ndarray:
        values: Any = grown.eigenvalues
        return np.asarray(values[1] if kind == "global" else values[0][1])[3:]

    assert own(insert_neurons(net, 2, 2)).tolist() == ([0, 0] if kind == "global" else [1, 1])
    assert own(insert_neurons(net, 2, 2, eigenvalues=[0.5, -2])).tolist() == [0.5, -2]
    rows = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert np.array_equal(insert_neurons(net, 2, 2, incoming=rows).eigenvectors[0][3:], rows)


def test_a_tolerance_of_collapsing_is_the_spread_of_the_eigenvalues() -> None:
    net = random_network("global", [2, 3, 1], "relu", 0)
    values = [np.array([0.5, 0.55]), np.array([0.5, 0.52, 0.51]), np.array([1.0])]
    near = SpectralNetwork(net.eigenvectors, values)
    assert collapse_layer(near, 2, tolerance=0.051).widths == (2, 1)
    with pytest.raises(InvalidInputError, match=r"they spread over 0.05, more than tolerance=0.049"):
        collapse_layer(near, 2, tolerance=0.049)


def test_what_only_a_collapsed_layer_led_to_stays_silent() -> None:
    """The output hears nothing but layer 3, which hears nothing: without layer 3 it is still 0, not layer 2."""
    generator = np.random.default_rng(0)
    blocks = {(2, 1): generator.normal(size=(4, 3)), (3, 2): np.zeros((2, 4)), (4, 3): generator.normal(size=(1, 2))}
    net = SpectralNetwork(blocks=blocks, activation="tanh", parametrization="direct")
    smaller = collapse_layer(net, 3)
    assert smaller.widths == (3, 4, 1)
    same_function(net, smaller, 0)
    alone = SpectralNetwork(blocks={(2, 1): 0 * blocks[2, 1], (3, 2): np.ones((2, 4))}, parametrization="direct")
    assert collapse_layer(alone, 2).widths == (3, 2)
    same_function(alone, collapse_layer(alone, 2), 0)
    state = TrainingState(net.parameters.copy(), net.parameters.copy(), 0, 0)
    assert CollapseLayer(3).carry(state, net).first_moment.shape == smaller.parameters.shape


def test_new_neurons_of_a_direct_network_hear_and_are_heard() -> None:
    """A layer that does not hear the one before it: new rows go to the one it hears, or make the block."""
    generator = np.random.default_rng(0)
    shapes = {(2, 1): (4, 3), (3, 1): (2, 3), (4, 2): (1, 4), (4, 3): (1, 2)}
    net = SpectralNetwork(
        blocks={pair: generator.normal(size=shape) for pair, shape in shapes.items()}, parametrization="direct"
    )
    grown = insert_neurons(net, 3, 2)
    assert np.all(np.abs(grown.blocks[3, 1][2:]).sum(axis=1) > 0)
    same_function(net, grown, 0)
    change = InsertNeurons(3, 2, incoming={2: np.ones((2, 4))})
    made = change.apply(net)
    assert np.array_equal(made.blocks[3, 2], np.vstack([np.zeros((2, 4)), np.ones((2, 4))]))
    same_function(net, made, 0)
    state = TrainingState(net.parameters.copy(), net.parameters.copy(), 0, 0)
    carried = change.carry(state, net)
    assert carried.first_moment.shape == made.parameters.shape
    assert np.isclose(np.abs(carried.first_moment).sum(), np.abs(net.parameters).sum())
    unheard = SpectralNetwork(
        blocks={(2, 1): np.ones((2, 3)), (3, 1): np.ones((1, 3))}, activation="tanh", parametrization="direct"
    )
    heard = insert_neurons(unheard, 2, 1)
    assert heard.blocks[3, 2].shape == (1, 3)
    same_function(unheard, heard, 0)
