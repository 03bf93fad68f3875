"""Weights as named arrays: what they say, by hand, and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_core import DataFileError, InvalidInputError, Predictor, SpectralNetwork, compact
from spectral_core.data.scaling import Scaling
from spectral_core.exchange import export_safetensors, export_torch, from_torch
from spectral_core.exchange.tensors import state_dict
from tests import oracles
from tests.builders import PARAMETRIZATIONS, random_network
from tests.exchange.test_dense import by_hand, random_layers


def output_of(state: dict[str, np.ndarray], activation: str, x: np.ndarray) -> np.ndarray:
    """z_K from the named arrays alone, as a user of another library computes it."""
    if "0.weight" in state:
        layers = [(state[f"{n}.weight"], state[f"{n}.bias"]) for n in range(0, len(state), 2)]
        return by_hand(layers, activation, x)
    last = max(int(name.split(".")[1]) for name in state)
    values = {1: x}
    for i in range(2, last + 1):
        z = np.tile(state[f"layers.{i}.bias"].astype(float), (len(x), 1))
        for j in range(1, i):
            if f"layers.{i}.from_{j}.weight" in state:
                z = z + values[j] @ state[f"layers.{i}.from_{j}.weight"].T
        values[i] = z if i == last else np.asarray(oracles.activation(activation, z), dtype=np.float64)
    return values[last]


@given(
    st.sampled_from(PARAMETRIZATIONS), st.lists(st.integers(1, 5), min_size=2, max_size=5),
    st.sampled_from(["relu", "tanh", "sigmoid"]), st.booleans(), st.booleans(), st.integers(0, 999),
)  # fmt: skip
@settings(deadline=None, max_examples=40)
def test_the_state_of_a_predictor_takes_data_in_their_units(
    kind: str, widths: list[int], activation: str, bias: bool, small: bool, seed: int
) -> None:
    net: Any = random_network(kind, widths, activation, seed, bias)
    if small and activation != "sigmoid":
        net = compact(net)
    generator = np.random.default_rng(seed)
    features, outputs = net.n_features, net.widths[-1]
    inputs = Scaling(generator.normal(size=features) * 50, np.where(np.arange(features) == 1, 0.0, 7.0))
    model = Predictor(net, "regression", inputs, Scaling(np.full(outputs, 3.0), np.full(outputs, 2.0)))
    x = generator.normal(size=(5, features)) * 7 + inputs.mean
    expected = model.predict(x).reshape(5, -1)
    limit = 1e-10 * (1 + np.abs(expected).max())
    np.testing.assert_allclose(output_of(state_dict(model), activation, x), expected, rtol=0, atol=limit)
    plain = net.forward(x)
    limit = 1e-11 * (1 + np.abs(plain).max())
    np.testing.assert_allclose(output_of(state_dict(net), activation, x), plain, rtol=0, atol=limit)
    np.testing.assert_allclose(from_torch(state_dict(net), activation).forward(x), plain, rtol=0, atol=limit)


@given(
    st.lists(st.integers(1, 5), min_size=2, max_size=5), st.sampled_from(["direct", "layerwise"]), st.integers(0, 99)
)
@settings(deadline=None, max_examples=20)
def test_a_dense_network_keeps_every_weight_on_its_way_through_torch(widths: list[int], kind: str, seed: int) -> None:
    layers = random_layers(widths, seed, "float32")
    state = {f"{2 * n}.{what}": part for n, layer in enumerate(layers) for what, part in zip(("weight", "bias"), layer, strict=True)}  # fmt: skip
    net = from_torch(state, parametrization=kind)
    again = state_dict(net)
    if kind == "layerwise" and len(widths) > 2:
        assert again["0.weight"].shape == (widths[1] + 1, widths[0]), "with the constant neuron"
        return
    assert again.keys() == state.keys()
    assert all(np.array_equal(again[name], array) for name, array in state.items())


def test_the_file_for_torch_is_its_state(tmp_path: Path) -> None:
    net = random_network("global", [3, 4, 4, 2], "tanh", 1, bias=True)
    export_torch(net, tmp_path / "m.npz")
    with np.load(tmp_path / "m.npz", allow_pickle=False) as stored:
        assert {name: stored[name].tolist() for name in stored.files} == {
            n: a.tolist() for n, a in state_dict(net).items()
        }
    x = np.ones((2, 3))
    np.testing.assert_allclose(from_torch(tmp_path / "m.npz", "tanh").forward(x), net.forward(x), rtol=1e-12)


def test_a_safetensors_file_holds_weights_and_names(tmp_path: Path) -> None:
    library = pytest.importorskip("safetensors", reason="safetensors is not installed: pip install -e '.[exchange]'")
    net = random_network("layerwise", [3, 4, 2], "tanh", 1, bias=True)
    model = Predictor(net, "classification", Scaling.none(3), Scaling.none(1), ("a", "é"), ("u", "v", "w"), ("t",))
    path = tmp_path / "m.safetensors"
    export_safetensors(model, path)
    with library.safe_open(path, "numpy") as stored:
        metadata = stored.metadata()
    assert json.loads(metadata["classes"]) == ["a", "é"]
    assert json.loads(metadata["feature_names"]) == ["u", "v", "w"]
    assert json.loads(metadata["activation"]) == "tanh"
    x = np.random.default_rng(0).normal(size=(5, 3))
    np.testing.assert_allclose(from_torch(path, "tanh").forward(x), net.forward(x), rtol=1e-12)
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(DataFileError, match="cannot be read as a safetensors file"):
        from_torch(path)


def test_only_networks_and_predictors_have_a_state() -> None:
    with pytest.raises(InvalidInputError, match="only networks and predictors can be exported; got str"):
        state_dict("m")  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="a network with skip connections is direct"):
        from_torch({"layers.2.from_1.weight": np.ones((1, 2))}, parametrization="layerwise")
    with pytest.raises(InvalidInputError, match="no layer receives from layer 1"):
        from_torch({"layers.2.bias": np.ones(2)})
    assert isinstance(from_torch({"layers.2.from_1.weight": np.ones((1, 2))}), SpectralNetwork)
