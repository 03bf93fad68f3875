"""What onnxruntime computes from an exported model is what the model computes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_core import InvalidInputError, MissingDependencyError, Predictor, SpectralNetwork, compact
from spectral_core.data.scaling import Scaling
from spectral_core.exchange.onnx import export_onnx
from spectral_core.files.onnx_graph import OPSET
from spectral_core.kernels.tables import ACTIVATIONS, ZERO_AT_ZERO
from tests import oracles
from tests.builders import mixed, random_network
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
    net = random_network(kind, widths, mixed(activation, ACTIVATIONS, len(widths) - 2, seed), seed, bias)
    names = set(oracles.names_of(net.activation, len(widths) - 2)) or {activation}
    common = {"activation": net.activation, "bias": bias, "parametrization": kind, "dtype": dtype}
    if kind == "direct":
        net = SpectralNetwork(blocks=net.blocks, **common)
    else:
        net = SpectralNetwork(net.eigenvectors, net.eigenvalues, **common)
    x = np.random.default_rng(seed).normal(size=(7, net.n_features)).astype(dtype)
    models: list[Any] = [net, *([compact(net)] if names <= set(ZERO_AT_ZERO) else [])]
    for model in models:
        export_onnx(model, path)
        expected = model.forward(x)
        limit = {"float32": 3e-5, "float64": 1e-12}[dtype] * (1 + np.abs(expected).max())
        # erf is float32 even for float64.
        limit = max(limit, 3e-6 * (1 + np.abs(expected).max())) if "gelu" in names else limit
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


LABELS = {
    "text": ("cat a", "dog b", "é"),
    "numbers": (-3, 0, 2**40),
    "truth": (False, True),
}


def predictor(kind: str, dtype: str, seed: int, form: str = "whole") -> Predictor:
    """A random predictor of features 3 of which one did not vary; its network whole, compact, sparse or without hidden neurons."""
    classes = LABELS.get(kind, ())
    outputs = len(classes) or 2
    generator = np.random.default_rng(seed)
    net = SpectralNetwork.initialize([3, 6, outputs], seed=seed, dtype=dtype, parametrization="direct")
    parameters = generator.normal(size=net.n_parameters)
    if form == "sparse":
        parameters *= generator.random(net.n_parameters) < 0.3
    net = net.with_parameters(parameters.astype(dtype))
    if form == "no hidden neuron":
        net.blocks[3, 2][:] = 0
    inputs = Scaling(np.array([1e5, -5.0, 0.0]), np.array([10.0, 2.0, 0.0]))
    scaled = (
        (Scaling.none(1), "classification")
        if classes
        else (Scaling(np.array([7.0, 8.0]), np.array([3.0, 0.5])), "regression")
    )
    network = net if form == "whole" else compact(net)
    return Predictor(
        network, scaled[1], inputs, scaled[0], classes, ("u", "v w", "ö"), ("t",) if classes else ("s", "t")
    )


def outputs_of(path: Path, x: np.ndarray) -> dict[str, np.ndarray]:
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {"X": x}), strict=True))


@given(
    st.sampled_from(["regression", *LABELS]), st.sampled_from(["float32", "float64"]), st.booleans(), st.integers(0, 99),
    st.sampled_from(["whole", "compact", "sparse", "no hidden neuron"]), st.sampled_from([0, 1, 9]),
)  # fmt: skip
@settings(deadline=None, max_examples=60)
def test_a_predictor_takes_data_in_their_units(
    tmp_path_factory: Any, kind: str, dtype: str, double: bool, seed: int, form: str, rows: int
) -> None:
    model = predictor(kind, dtype, seed, form)
    path = tmp_path_factory.mktemp("onnx") / "p.onnx"
    export_onnx(model, path, double=double)
    x = np.random.default_rng(seed + 1).normal(size=(rows, 3)) * [10, 2, 1] + [1e5, -5, 0]
    given = x.astype(np.float64 if double else np.float32)
    found = outputs_of(path, given)
    if kind == "regression":
        assert list(found) == ["variable"]
        expected = model.predict(given) if rows else np.zeros((0, 2))
        assert found["variable"].dtype == given.dtype
        limit = 1e-9 if double and dtype == "float64" else 1e-4
        np.testing.assert_allclose(found["variable"], expected.reshape(rows, 2), rtol=0, atol=limit * 10)
        return
    assert list(found) == ["label", "probabilities"]
    assert found["label"].shape == (rows,)
    assert found["probabilities"].shape == (rows, len(model.classes))
    if rows:
        probabilities = model.predict_proba(given)
        np.testing.assert_allclose(found["probabilities"], probabilities, rtol=0, atol=1e-4)
        first, second = np.sort(probabilities, axis=1)[:, -1], np.sort(probabilities, axis=1)[:, -2]
        clear = first - second > 1e-3  # elsewhere rounding may decide
        assert found["label"][clear].tolist() == model.predict(given)[clear].tolist()


def test_a_classifier_gives_labels_and_probabilities(tmp_path: Path) -> None:
    """A file that can be used alone: float32 in, labels and probabilities out, names in the metadata."""
    model = predictor("text", "float32", 1)
    export_onnx(model, tmp_path / "c.onnx")
    session = runtime.InferenceSession(str(tmp_path / "c.onnx"), providers=["CPUExecutionProvider"])
    assert [(end.name, end.type) for end in (*session.get_inputs(), *session.get_outputs())] == [
        ("X", "tensor(float)"),
        ("label", "tensor(string)"),
        ("probabilities", "tensor(float)"),
    ]
    metadata = session.get_modelmeta().custom_metadata_map
    assert metadata["task"] == "classification"
    assert json.loads(metadata["feature_names"]) == ["u", "v w", "ö"]
    assert json.loads(metadata["classes"]) == ["cat a", "dog b", "é"]
    assert json.loads(metadata["target_names"]) == ["t"]
    probabilities = outputs_of(tmp_path / "c.onnx", np.ones((4, 3), np.float32))["probabilities"]
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)


def test_several_labels_have_an_output_each(tmp_path: Path) -> None:
    network = random_network("direct", [3, 4, 2], "tanh", 1, True)
    model = Predictor(network, "multilabel", Scaling.none(3), Scaling.none(2), (), ("a", "b", "c"), ("u", "v"))
    export_onnx(model, tmp_path / "l.onnx")
    x = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    got = outputs_of(tmp_path / "l.onnx", x)
    assert got["label"].dtype == np.int64
    np.testing.assert_array_equal(got["label"], model.predict(x))
    assert set(got["label"].ravel().tolist()) == {0, 1}
    np.testing.assert_allclose(got["probabilities"], model.predict_proba(x), atol=1e-5)
    metadata = onnx.load(tmp_path / "l.onnx").metadata_props
    assert {"task": "multilabel", "target_names": '["u", "v"]'}.items() <= {
        one.key: one.value for one in metadata
    }.items()


def test_refusals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidInputError, match="only networks, predictors and image models can be exported; got str"):
        export_onnx("m", tmp_path / "m.onnx")  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingDependencyError, match=r"needs onnx: pip install '\.\[onnx\]'"):
        export_onnx(SpectralNetwork.initialize([2, 3, 1]), tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())
