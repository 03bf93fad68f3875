"""An activation for each hidden layer: what the object keeps, what files hold, and what each change of the layers does with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_core import CompactNetwork, InvalidInputError, ModelFileError, SpectralNetwork, compact, search, train
from spectral_core.architecture.criterion import Criterion
from spectral_core.exchange.footprint import footprint
from spectral_core.exchange.javascript import javascript
from spectral_core.files import model_file as files
from spectral_core.kernels.support.activations import of_layers
from spectral_core.kernels.tables import POSITIVELY_HOMOGENEOUS, ZERO_AT_ZERO
from spectral_core.refitting.levenberg_marquardt import balanced
from spectral_core.resizing.collapse import collapse_layer
from spectral_core.resizing.insert import InsertLayer, insert_layer
from spectral_core.resizing.merging import merge
from spectral_core.resizing.pruning import prune
from tests.builders import random_network, same_function, sparse_network, sparse_samples, weights_of

CHECK = settings(deadline=None, max_examples=40)
WIDTHS = [2, 4, 3, 1]
BOTH = ("relu", "tanh")


def trained(activation: Any, parametrization: str = "global") -> SpectralNetwork:
    """A network whose hidden layers are awake."""
    net = SpectralNetwork.initialize(WIDTHS, activation=activation, parametrization=parametrization, dtype="float64")
    return net.with_parameters(np.random.default_rng(0).uniform(-1, 1, net.n_parameters))


# --- the object -------------------------------------------------------------------------------------------------------


def test_names_that_are_all_the_same_are_one_name() -> None:
    for given_names in (("relu", "relu"), ["relu", "relu"]):
        net = SpectralNetwork.initialize(WIDTHS, activation=given_names)
        assert net.activation == "relu"
        assert repr(net) == "SpectralNetwork(3-4-3-1, global, relu, bias=True, float32)"
    net = SpectralNetwork.initialize(WIDTHS, activation=["relu", "tanh"])
    assert net.activation == BOTH
    assert repr(net) == "SpectralNetwork(3-4-3-1, global, relu,tanh, bias=True, float32)"
    assert SpectralNetwork.initialize([2, 4, 1], activation=("tanh",)).activation == "tanh"


@pytest.mark.parametrize(
    ("activation", "message"),
    [
        (("relu",), "one for each hidden layer: 2 here; got 1, relu"),
        (("relu", "tanh", "relu"), "one for each hidden layer: 2 here; got 3, relu,tanh,relu"),
        ((), "one name for each hidden layer; got none"),
        (("relu", "sine"), r"activation\[1\] must be one of identity, relu, .*; got 'sine'"),
        (("relu", ("tanh",)), r"activation\[1\] must be one of .*; got \('tanh',\)"),
        ("relu,tanh", "activation must be one of .*; got 'relu,tanh'"),
        (("relu", "sigmoid"), r"the linear start needs f\(0\) = 0; sigmoid has"),
    ],
)
def test_wrong_names_are_refused(activation: Any, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        SpectralNetwork.initialize(WIDTHS, activation=activation)


def test_each_layer_has_its_own_function() -> None:
    net = trained(BOTH, "layerwise")
    x = np.random.default_rng(1).normal(size=(5, 2))
    weights = net.transfer_blocks()
    first = np.maximum(np.hstack([x, np.ones((5, 1))]) @ weights[2, 1].T, 0)
    np.testing.assert_allclose(net.forward(x), np.tanh(first @ weights[3, 2].T) @ weights[4, 3].T, rtol=1e-13)


def test_a_training_keeps_the_names() -> None:
    x = np.random.default_rng(0).normal(size=(20, 2))
    result = train(SpectralNetwork.initialize(WIDTHS, activation=BOTH), x, x[:, :1], epochs=2)
    assert result.network.activation == BOTH


# --- files ------------------------------------------------------------------------------------------------------------


def test_files_hold_the_names_of_the_layers(tmp_path: Path) -> None:
    net, path = trained(BOTH), tmp_path / "network.npz"
    net.save(path)
    again = SpectralNetwork.load(path)
    assert (again.activation, again.parameters.tobytes()) == (BOTH, net.parameters.tobytes())
    small = compact(net)
    small.save(path)
    assert CompactNetwork.load(path).activation == BOTH
    assert repr(small).endswith(", relu,tanh)")
    # One name is written as it always was, so that older versions read the file.
    assert trained("relu").record()["activation"] == "relu"


@pytest.mark.parametrize("wrong", [["relu"], ["relu", "sine"], [], ["relu", 3], 3, None])
def test_a_file_with_wrong_names_is_refused(tmp_path: Path, wrong: Any) -> None:
    net, path = trained(BOTH), tmp_path / "network.npz"
    files.save_model(path, "network", net.record() | {"activation": wrong}, {"parameters": net.parameters})
    with pytest.raises(ModelFileError, match="does not describe a network: activation"):
        SpectralNetwork.load(path)


def test_exports_with_one_activation_refuse_several() -> None:
    with pytest.raises(
        InvalidInputError, match=r"one activation for all hidden layers; the network has relu,tanh\. ONNX"
    ):
        javascript(trained(BOTH))
    with pytest.raises(
        InvalidInputError, match=r"one activation for all hidden layers; the network has relu,tanh\. ONNX"
    ):
        footprint(trained(BOTH))
    assert "export function raw" in javascript(trained(("tanh", "tanh")))
    assert footprint(trained(("relu", "relu"))) == footprint(trained("relu"))


# --- changes of the layers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after", "names"), [(1, ("relu", "relu", "tanh")), (2, ("relu", "relu", "tanh")), (3, ("relu", "tanh", "tanh"))]
)
@pytest.mark.parametrize("parametrization", ["global", "direct"])
def test_a_new_layer_has_the_activation_of_the_one_before(
    after: int, names: tuple[str, ...], parametrization: str
) -> None:
    net = trained(BOTH, parametrization)
    grown = insert_layer(net, after, width=2 if parametrization == "direct" else None)
    assert grown.activation == names
    same_function(net, grown, 0)
    if parametrization == "global":
        assert insert_layer(SpectralNetwork.initialize([2, 1], activation="tanh"), 1).activation == "tanh"


def test_only_the_layer_that_comes_or_goes_needs_f_of_0_to_be_0() -> None:
    base = trained("tanh")
    net = SpectralNetwork(base.eigenvectors, base.eigenvalues, activation=("sigmoid", "tanh"), bias=True)
    grown = insert_layer(net, 3)
    assert grown.activation == ("sigmoid", "tanh", "tanh")
    same_function(net, grown, 0)
    with pytest.raises(InvalidInputError, match=r"inserting a layer needs f\(0\) = 0; sigmoid"):
        insert_layer(net, 2)
    values = [np.zeros(3), np.zeros(4), np.full(3, 0.5), np.array([2.0])]
    silent = SpectralNetwork(base.eigenvectors, values, activation=("tanh", "sigmoid"), bias=True)
    assert collapse_layer(silent, 2).activation == "sigmoid"
    same_function(silent, collapse_layer(silent, 2), 0)
    other = SpectralNetwork(base.eigenvectors, values, activation=("sigmoid", "tanh"), bias=True)
    with pytest.raises(InvalidInputError, match=r"collapsing a layer needs f\(0\) = 0; sigmoid"):
        collapse_layer(other, 2)


def test_moments_follow_a_new_layer() -> None:
    x = np.random.default_rng(0).normal(size=(20, 2))
    result = train(SpectralNetwork.initialize(WIDTHS, activation=BOTH), x, x[:, :1], epochs=1)
    change = InsertLayer(2)
    state = change.carry(result.state, result.network)
    again = train(change.apply(result.network), x, x[:, :1], epochs=1, state=state)
    assert again.network.activation == ("relu", "relu", "tanh")


def test_a_layer_without_live_neurons_goes_with_its_activation() -> None:
    net = trained(("relu", "tanh"), "direct")
    for block in (net.blocks[3, 1], net.blocks[3, 2]):
        block[:] = 0
    small = compact(net)
    assert (small.live, small.activation) == ((3, 4, 0, 1), "relu")
    same_function(net, small.expanded(), 0)
    net.blocks[2, 1][:] = 0
    assert compact(net).widths == (3, 1)
    assert [of_layers(("relu", "tanh", "elu"), kept) for kept in ((1, 3, 5), (1, 2, 4, 5), (1, 5))] == [
        "tanh", ("relu", "elu"), "relu",
    ]  # fmt: skip


@CHECK
@given(st.integers(0, 999))
def test_pruning_keeps_what_it_does_not_remove(seed: int) -> None:
    names = tuple(np.random.default_rng(seed).choice(np.array(ZERO_AT_ZERO), 2).tolist())
    net = random_network("layerwise", WIDTHS, names, seed, True)
    x = np.random.default_rng(seed).normal(size=(30, 2))
    report = prune(net, X=x, fraction=0.0)
    same_function(net, report.network, seed)
    # With all neurons kept but one, the refit is the least squares fit of the network's own pre-activations.
    fewer = prune(net, X=x, fraction=0.3)
    assert sum(fewer.compact.live) < sum(net.widths)
    np.testing.assert_allclose(fewer.compact.forward(x), fewer.network.forward(x), rtol=0, atol=1e-10)


def test_merging_is_for_the_layers_that_may_be_scaled() -> None:
    net = trained(BOTH, "layerwise")
    blocks = net.transfer_blocks()
    blocks[2, 1][1] = 2 * blocks[2, 1][0]
    merged, keep = merge(blocks, net.widths, BOTH, layers=(2,))
    assert [int(mask.sum()) for mask in keep] == [3, 3, 3, 1]
    whole, fewer = (
        SpectralNetwork(blocks=parts, activation=BOTH, bias=True, parametrization="direct")
        for parts in (blocks, merged)
    )
    same_function(whole, fewer, 0)
    with pytest.raises(InvalidInputError, match="got tanh in layer 3; layers= can leave it out"):
        merge(blocks, net.widths, BOTH)


# --- refits and searches ----------------------------------------------------------------------------------------------


@CHECK
@given(st.integers(0, 999))
def test_balancing_scales_only_where_it_keeps_the_function(seed: int) -> None:
    names = tuple(np.random.default_rng(seed).choice(np.array(ZERO_AT_ZERO), 2).tolist())
    net = sparse_network(seed, (3, 3, 3, 2), names)
    x = np.random.default_rng(seed).normal(size=(3, 6))
    wanted, got = weights_of(net).output(net.weights, x), weights_of(net).output(balanced(net).weights, x)
    np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-12 * (1 + abs(wanted).max()))
    for neuron in range(3, 9):
        incoming = balanced(net).weights[net.receivers == neuron]
        if names[(neuron - 3) // 3] in POSITIVELY_HOMOGENEOUS and incoming.any():
            np.testing.assert_allclose(np.linalg.norm(incoming), 1, rtol=1e-12)


def test_only_neurons_whose_scale_is_free_have_a_number_less() -> None:
    net = sparse_network(0, (2, 3, 2, 1), BOTH, density=1.0)
    score = Criterion(sparse_samples(0, net)).score
    step = float(np.log(9))
    relu, tanh = (sparse_network(0, (2, 3, 2, 1), name, density=1.0) for name in BOTH)
    assert score(net, 0.1) - score(relu, 0.1) == pytest.approx(2 * step)
    assert score(tanh, 0.1) - score(net, 0.1) == pytest.approx(3 * step)


@pytest.mark.parametrize("strategy", ["smallest", "neurons", "seed"])
def test_a_search_carries_the_names(strategy: str) -> None:
    x = np.random.default_rng(0).uniform(-1, 1, (80, 2))
    found = search(x, np.abs(x[:, :1]), hidden=(4, 3), activation=BOTH, strategy=strategy, epochs=5, seed=0)
    assert found.network.activation == BOTH
    assert found.report.activation == "relu,tanh"
    assert "activation=['relu', 'tanh']" in "".join(f"{k}={v!r}" for k, v in found.report.settings.items())
    x = x.astype(np.float32)
    same = found.compact if strategy == "seed" else found.network  # trimming changes the function
    other = found.compact.expanded() if strategy == "seed" else found.compact
    np.testing.assert_allclose(other.forward(x), same.forward(x), rtol=0, atol=1e-4)
    assert set(np.atleast_1d(found.compact.activation)) <= set(BOTH)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strategy": "grow"}, "strategy='grow' adds layers one by one and has one activation for all; got relu,tanh"),
        (
            {"flash": 9000},
            "flash, ram and operations are those of a C file, which has one activation .*; got relu,tanh",
        ),
        ({"hidden": (4,)}, "one for each hidden layer: 1 here; got 2, relu,tanh"),
        ({"hidden": ()}, "one for each hidden layer: 0 here; got 2, relu,tanh"),
        ({"activation": ("relu", "sigmoid")}, r"the search needs f\(0\) = 0 .*got activation=\('relu', 'sigmoid'\)"),
    ],
)
def test_searches_that_are_refused(options: dict[str, Any], message: str) -> None:
    x = np.linspace(-1, 1, 20)[:, None]
    with pytest.raises(InvalidInputError, match=message):
        search(x, np.abs(x), **{"hidden": (4, 3), "activation": BOTH} | options)
