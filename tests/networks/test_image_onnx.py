"""What onnxruntime computes from an exported image network is what the network computes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_core import InvalidInputError, load_images
from spectral_core.exchange.onnx import export_onnx
from spectral_core.files.onnx_graph import OPSET
from spectral_core.networks.cells import OPERATIONS, Cell
from spectral_core.networks.compact_image import ABSENT
from spectral_core.networks.image import ImageNetwork
from spectral_core.networks.image_model import ImageModel
from tests.cli.test_shrink import refused, said
from tests.exchange.test_onnx import outputs_of, predictor
from tests.networks.test_compact_image import lived

onnx = pytest.importorskip("onnx", reason="onnx is not installed: pip install -e '.[test]'")
runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: pip install -e '.[test]'")
STANDARD = {
    *(
        "Add",
        "ArgMax",
        "AveragePool",
        "Cast",
        "Concat",
        "Conv",
        "Div",
        "Expand",
        "Gather",
        "Gemm",
        "Identity",
        "MaxPool",
    ),
    *("Mul", "ReduceMean", "Relu", "Shape", "Slice", "Softmax", "Sub"),
}


def random_network(
    reductions: int = 1,
    splits: int = 0,
    seed: int = 0,
    image: tuple[int, int, int] = (2, 8, 8),
    cells: list[Cell] | None = None,
    **options: Any,
) -> ImageNetwork:
    """A network of small width in which no group is at its start."""
    net = ImageNetwork.initialize(2, reductions, 3, image=image, cells=cells, seed=seed, **options)
    generator = np.random.default_rng(seed)
    for number in range(splits):
        net = net.split_edge(number % (reductions + 1), (0, net.structure.cells[0].inputs + number % (reductions + 1)))
    for name, values in net.groups.items():
        if name.startswith(("scales", "shifts", "eigenvalues", "gates")):
            values += generator.uniform(-0.4, 0.4, values.shape).astype(values.dtype)
    return lived(net, seed)


def model_of(
    net: ImageNetwork, seed: int = 0, standardise: bool = True, scale: str = "bytes"
) -> tuple[ImageModel, Any]:
    """The model of a network and of random images, bytes or numbers, and these images (samples, channels, rows, columns)."""
    generator, size = np.random.default_rng(seed), (9, *net.image)
    x = generator.integers(0, 256, size, dtype=np.uint8) if scale == "bytes" else generator.normal(3, 5, size)
    data = load_images((x, ["cat a", "dog b", "é"] * 3), standardise=standardise, channels="first")
    return ImageModel.of(with_wide_logits(net, data.images), data), x


def with_wide_logits(net: ImageNetwork, images: np.ndarray) -> ImageNetwork:
    """The network with another last classifier: each logit has mean 0 over the images, and all have deviation 1.

    A network that gives every image the same logits stays as it is.
    Otherwise one class would have the probability 1 of every image, whatever else is wrong.
    """
    logits = net.forward(images).astype(np.float64)
    centred, own = logits - logits.mean(0), net.with_parameters(net.parameters)
    spread, last = centred.std(), net.structure.reductions
    if spread < 1e-6:
        return net
    own.groups[f"towers[{last}]"][...] /= spread
    own.groups[f"tower_biases[{last}]"][...] = (own.groups[f"tower_biases[{last}]"] - logits.mean(0)) / spread
    return own


def agrees(model: ImageModel, x: np.ndarray, path: Path) -> None:
    """The file gives the labels and the probabilities of the model."""
    model.to_onnx(path)
    found, expected = outputs_of(path, x.astype(np.float32)), model.predict_proba(x, channels="first")
    assert list(found) == ["label", "probabilities"]
    assert (found["probabilities"].dtype, found["probabilities"].shape) == (np.float32, expected.shape)
    np.testing.assert_allclose(found["probabilities"], expected, rtol=0, atol=1e-5)
    second, first = np.sort(expected, axis=1)[:, -2:].T
    clear = first - second > 1e-4  # elsewhere rounding may decide
    assert clear.mean() > 0.5
    assert found["label"][clear].tolist() == model.predict(x, channels="first")[clear].tolist()


@settings(max_examples=12, deadline=None)
@given(
    st.integers(0, 2), st.integers(0, 2), st.integers(0, 999), st.sampled_from(["float32", "float64"]), st.booleans()
)
def test_every_network_is_the_same_function(
    tmp_path_factory: Any, reductions: int, splits: int, seed: int, dtype: str, published: bool
) -> None:
    """All operations, reductions 0 to 2, with and without splits; one row of pixels is left where 4 rows are halved twice."""
    net = random_network(reductions, splits, seed, (2, 4, 8), dtype=dtype, published=published)
    model, x = model_of(net, seed)
    agrees(model, x, tmp_path_factory.mktemp("onnx") / "m.onnx")


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_alone(name: str, stride: int, tmp_path: Path) -> None:
    """On an edge of its own, so that no other operation hides a wrong border; the borders are 12 pixels of 16."""
    first, second = Cell(1, 2, {(0, 1): (name,)}), Cell(2, 3, {(0, 2): (name,), (1, 2): (name,)})
    cells = [first, second][:stride]
    net = random_network(stride - 1, seed=4, image=(1, 4, 4), cells=cells, dtype="float64")
    model, x = model_of(net, scale="numbers")
    agrees(model, x, tmp_path / "m.onnx")
    export_onnx(net, tmp_path / "z.onnx")
    z = outputs_of(tmp_path / "z.onnx", x.astype(np.float32))["z"]
    np.testing.assert_allclose(z, net.forward(x), rtol=0, atol=1e-5 * (1 + np.abs(net.forward(x)).max()))
    used = {node.op_type for node in onnx.load(tmp_path / "z.onnx").graph.node}
    assert ({"max3": "MaxPool", "mean3": "AveragePool"}.get(name, "Conv")) in used


@pytest.mark.parametrize("standardise", [False, True])
@pytest.mark.parametrize("scale", ["bytes", "numbers"])
def test_images_are_raw(scale: str, standardise: bool, tmp_path: Path) -> None:
    agrees(*model_of(random_network(0), 1, standardise, scale), tmp_path / "m.onnx")


@pytest.mark.parametrize("share", [0.6, 1.0])
def test_planes_that_nothing_reaches_are_constants(share: float, tmp_path: Path) -> None:
    """Closed operations leave planes of zeros, which others read, and at last a network without a step."""
    for seed in range(3):
        net = random_network(1, 2, seed)
        for name, values in net.groups.items():
            if name.startswith("eigenvalues"):
                values[np.random.default_rng(seed).random(values.shape) < share] = 0
        agrees(*model_of(net, seed), tmp_path / "m.onnx")


def test_every_convolution_may_have_a_bias(tmp_path: Path) -> None:
    """Folding writes none, but the form of a compact network allows one for each."""
    net, generator = random_network(1, 1).compact(), np.random.default_rng(0)
    steps, arrays = list(net.steps), list(net.arrays[:-2])
    for number, step in enumerate(net.steps):
        if step.matrix != ABSENT:
            steps[number] = replace(step, bias=len(arrays))
            arrays.append(generator.normal(size=net.planes[step.receiver][0]).astype(net.dtype))
    small = replace(net, steps=tuple(steps), arrays=(*arrays, *net.arrays[-2:]))
    x = generator.normal(size=(4, *net.image)).astype(np.float32)
    export_onnx(small, tmp_path / "z.onnx")
    assert np.abs(small.forward(x) - net.forward(x)).max() > 0.01
    np.testing.assert_allclose(outputs_of(tmp_path / "z.onnx", x)["z"], small.forward(x), rtol=1e-5, atol=1e-5)


def test_a_file_can_be_used_alone(tmp_path: Path) -> None:
    """Any number of images, none too; the opset, the operators and the metadata."""
    model, x = model_of(random_network(1, 1))
    model.to_onnx(tmp_path / "m.onnx")
    session = runtime.InferenceSession(str(tmp_path / "m.onnx"), providers=["CPUExecutionProvider"])
    ends = [(end.name, end.type, end.shape) for end in (*session.get_inputs(), *session.get_outputs())]
    assert ends == [
        ("X", "tensor(float)", ["samples", 2, 8, 8]),
        ("label", "tensor(string)", ["samples"]),
        ("probabilities", "tensor(float)", ["samples", 3]),
    ]
    metadata = session.get_modelmeta().custom_metadata_map
    assert metadata["task"] == "classification"
    named = {name: json.loads(metadata[name]) for name in ("classes", "image", "divisor")}
    assert named == {"classes": ["cat a", "dog b", "é"], "image": [2, 8, 8], "divisor": 255.0}
    for count in (0, 1, 9):
        label, probabilities = session.run(None, {"X": x[:count].astype(np.float32)})
        assert (label.shape, probabilities.shape) == ((count,), (count, 3))
    written = onnx.load(tmp_path / "m.onnx")
    assert [(entry.domain, entry.version) for entry in written.opset_import] == [("", OPSET)]
    assert {node.op_type for node in written.graph.node} <= STANDARD


def test_whole_compact_and_loaded_models_are_the_same_file(tmp_path: Path) -> None:
    """The graph is that of the compact network, whichever form the model has; classes may be numbers."""
    model, _ = model_of(random_network(1, 1))
    model = replace(model, classes=(-3, 0, 2**40))
    small = replace(model, network=model.network.compact())  # type: ignore[union-attr]
    small.save(tmp_path / "small.npz")
    for number, one in enumerate((model, small, ImageModel.load(tmp_path / "small.npz"))):
        one.to_onnx(tmp_path / f"{number}.onnx")
    first, *others = ((tmp_path / f"{number}.onnx").read_bytes() for number in range(3))
    assert all(other == first for other in others)
    export_onnx(model, tmp_path / "other.onnx")
    assert (tmp_path / "other.onnx").read_bytes() == first


def test_the_command_writes_a_model_or_a_network(tmp_path: Path, capsys: Any) -> None:
    model, x = model_of(random_network(0))
    path, out = tmp_path / "m.npz", tmp_path / "new" / "m.onnx"
    model.save(path)
    assert said(capsys, "images", "export", path, "--onnx", out) == f"written: {out}\n"
    probabilities = outputs_of(out, x.astype(np.float32))["probabilities"]
    np.testing.assert_allclose(probabilities, model.predict_proba(x), rtol=0, atol=1e-5)
    record = json.loads(said(capsys, "images", "export", path, "--onnx", out, "--json"))
    assert record == {"model": str(path), "written": {"onnx": str(out)}, "remark": ""}
    # A model of an earlier version does not know its divisor.
    replace(model, divisor=None).save(path)
    assert "it takes images divided by 255 if they were" in said(capsys, "images", "export", path, "--onnx", out)
    scaled = outputs_of(out, x.astype(np.float32) / 255)["probabilities"]
    np.testing.assert_allclose(scaled, probabilities, rtol=0, atol=1e-5)
    for number, network in enumerate((model.network, model.network.compact())):  # type: ignore[union-attr]
        network.save(tmp_path / f"{number}.npz")
        said(capsys, "images", "export", tmp_path / f"{number}.npz", "--onnx", out)
        z = outputs_of(out, model.prepared(x))["z"]
        np.testing.assert_allclose(z, network.forward(model.prepared(x)), rtol=0, atol=1e-5)


def test_each_command_names_the_other(tmp_path: Path, capsys: Any) -> None:
    image, dense, out = tmp_path / "image.npz", tmp_path / "dense.npz", tmp_path / "m.onnx"
    model_of(random_network(0))[0].save(image)
    predictor("text", "float32", 1).save(dense)
    assert refused(capsys, "export", image, "--onnx", out).endswith(
        f"{image} holds a model of images; use spectral-core images export {image} --onnx FILE\n"
    )
    assert refused(capsys, "images", "export", dense, "--onnx", out).endswith(
        f"{dense} holds a model without images; use spectral-core export {dense} --onnx FILE\n"
    )
    assert "the command reads this file" in refused(capsys, "images", "export", image, "--onnx", image)
    assert "no such model file" in refused(capsys, "images", "export", tmp_path / "none.npz", "--onnx", out)
    assert "name a file: --onnx FILE or --c FILE" in refused(capsys, "images", "export", image)
    with pytest.raises(InvalidInputError, match="double=True is not for images"):
        export_onnx(ImageModel.load(image), out, double=True)
    assert not out.exists()


def test_a_failed_export_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, _ = model_of(random_network(0))
    (tmp_path / "m.onnx").write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("spectral_core.files.atomic.os.replace", full)
    with pytest.raises(InvalidInputError, match=r"cannot write .*m\.onnx: No space left on device"):
        model.to_onnx(tmp_path / "m.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["m.onnx"]
    assert (tmp_path / "m.onnx").read_text() == "old"
