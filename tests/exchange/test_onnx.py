"""What onnxruntime computes from an exported model is what the model computes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_core import InvalidInputError, MissingDependencyError, Predictor, SpectralNetwork, compact
from spectral_core.data.scaling import Scaling
from spectral_core.exchange.onnx import OPSET, export_onnx
from spectral_core.kernels.tables import ACTIVATIONS, ZERO_AT_ZERO
from tests.builders import random_network
from tests.resizing.test_insert import PARAMETRIZATIONS

onnx = pytest.importorskip("onnx", reason="onnx is not installed: pip install -e '.[test]'")
runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: pip install -e '.[test]'")


def computed(path: Path, x: np.ndarray) -> np.ndarray:
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (result,) = session.run(["z"], {"X": x})
    return np.asarray(result)


@given(
    st.sampled_from(PARAMETRIZATIONS), st.lists(st.integers(1, 5), min_size=2, max_size=5), st.sampled_from(ACTIVATIONS),
    st.booleans(), st.sampled_from(["float32", "float64"]), st.integers(0, 999),
)  # fmt: skip
@settings(deadline=None, max_examples=50)
def test_every_network(
    tmp_path_factory: Any, kind: str, widths: list[int], activation: str, bias: bool, dtype: str, seed: int
) -> None:
    path = tmp_path_factory.mktemp("onnx") / "m.onnx"
    net = random_network(kind, widths, activation, seed, bias)
    common = {"activation": activation, "bias": bias, "parametrization": kind, "dtype": dtype}
    if kind == "direct":
        net = SpectralNetwork(blocks=net.blocks, **common)
    else:
        net = SpectralNetwork(net.eigenvectors, net.eigenvalues, **common)
    x = np.random.default_rng(seed).normal(size=(7, net.n_features)).astype(dtype)
    models: list[Any] = [net, *([compact(net)] if activation in ZERO_AT_ZERO else [])]
    for model in models:
        export_onnx(model, path)
        expected = model.forward(x)
        limit = {"float32": 3e-5, "float64": 1e-12}[dtype] * (1 + np.abs(expected).max())
        # erf is float32 even for float64.
        limit = max(limit, 3e-6 * (1 + np.abs(expected).max())) if activation == "gelu" else limit
        np.testing.assert_allclose(computed(path, x), expected, rtol=0, atol=limit)


def test_a_compact_network_with_dead_inputs_and_layers(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    blocks = {(i, j): generator.normal(size=(w, v)) for i, w in ((2, 4), (3, 3), (4, 2)) for j, v in ((1, 5), (2, 4), (3, 3)) if j < i}  # fmt: skip
    blocks[3, 1][:] = blocks[3, 2][:] = 0
    for pair in ((2, 1), (4, 1)):
        blocks[pair][:, 1] = 0
    net = SpectralNetwork(blocks=blocks, activation="tanh", bias=True, parametrization="direct")
    small = compact(net)
    assert small.live == (4, 4, 0, 2)
    export_onnx(small, tmp_path / "s.onnx")
    x = generator.normal(size=(6, 4))
    np.testing.assert_allclose(computed(tmp_path / "s.onnx", x), net.forward(x), rtol=0, atol=1e-12)
    assert [entry.version for entry in onnx.load(tmp_path / "s.onnx").opset_import] == [OPSET]


@pytest.mark.parametrize("task", ["regression", "classification"])
def test_a_predictor_takes_data_in_their_units(tmp_path: Path, task: str) -> None:
    net = SpectralNetwork.initialize([3, 6, 2], seed=1)
    net = net.with_parameters(np.random.default_rng(0).normal(size=net.n_parameters).astype(np.float32))
    inputs = Scaling(np.array([100.0, -5.0, 0.0]), np.array([10.0, 2.0, 0.0]))  # the last one did not vary in training
    outputs = Scaling(np.array([7.0, 8.0]), np.array([3.0, 0.5])) if task == "regression" else Scaling.none(1)
    model = Predictor(net, task, inputs, outputs, ("a", "b") if task == "classification" else ())
    export_onnx(model, tmp_path / "p.onnx")
    x = np.random.default_rng(1).normal(size=(9, 3)) * [10, 2, 1] + [100, -5, 0]
    expected = model.predict(x) if task == "regression" else model.raw(x)
    np.testing.assert_allclose(computed(tmp_path / "p.onnx", x), expected, rtol=0, atol=1e-4)


def test_refusals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidInputError, match="only networks and predictors can be exported; got str"):
        export_onnx("m", tmp_path / "m.onnx")  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingDependencyError, match=r"needs onnx: pip install 'spectral-core\[onnx\]'"):
        export_onnx(SpectralNetwork.initialize([2, 3, 1]), tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())
