"""`spectral-core export`: what was asked for is written, or nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spectral_core import Predictor, SpectralNetwork
from spectral_core.cli.program import main
from spectral_core.data.scaling import Scaling
from spectral_core.exchange import from_torch
from tests.cli.test_shrink import refused, said


@pytest.fixture
def model(tmp_path: Path) -> Path:
    net = SpectralNetwork.initialize([2, 4, 2], parametrization="layerwise", seed=3)
    Predictor(net, "classification", Scaling.none(2), Scaling.none(1), ("a", "b"), ("u", "v"), ("t",)).save(
        tmp_path / "m.npz"
    )
    return tmp_path / "m.npz"


def test_every_format_is_written(model: Path, tmp_path: Path, capsys: Any) -> None:
    pytest.importorskip("onnx", reason="onnx is not installed")
    wanted = ["--torch", tmp_path / "t.npz", "--onnx", tmp_path / "o.onnx"]
    assert said(capsys, "export", model, *wanted).startswith("written: ")
    x = np.random.default_rng(0).normal(size=(5, 2)).astype(np.float32)
    expected = Predictor.load(model).raw(x)
    np.testing.assert_allclose(from_torch(tmp_path / "t.npz").forward(x), expected, rtol=0, atol=1e-5)
    assert (tmp_path / "o.onnx").stat().st_size > 500
    pytest.importorskip("safetensors", reason="safetensors is not installed: pip install -e '.[exchange]'")
    said(capsys, "export", model, "--safetensors", tmp_path / "s.safetensors")
    np.testing.assert_allclose(from_torch(tmp_path / "s.safetensors").forward(x), expected, rtol=0, atol=1e-5)


def test_wrong_requests_leave_nothing(model: Path, tmp_path: Path, capsys: Any) -> None:
    out = tmp_path / "x"
    assert (
        "export needs a format: --onnx FILE or --safetensors FILE or --torch FILE or --c FILE or --js FILE"
        in refused(capsys, "export", model)
    )
    assert "--double belongs to --onnx or --c" in refused(capsys, "export", model, "--double", "--torch", out)
    assert "--name belongs to --c" in refused(capsys, "export", model, "--name", "a", "--torch", out)
    assert "name must be lower-case letters" in refused(capsys, "export", model, "--name", "A-b", "--c", out)
    assert "the command reads this file" in refused(capsys, "export", model, "--torch", model)
    (out.parent / "link.npz").symlink_to(model)
    assert "the command reads this file" in refused(capsys, "export", model, "--torch", out.parent / "link.npz")
    said(capsys, "export", model, "--torch", out, "--quiet")
    record = json.loads(said(capsys, "export", model, "--torch", out, "--json"))
    assert record == {"model": str(model), "written": {"torch": str(out)}, "remark": ""}
    out.unlink()
    assert "must be different" in refused(capsys, "export", model, "--torch", out, "--onnx", out)
    assert "no such model file" in refused(capsys, "export", tmp_path / "none.npz", "--torch", out)
    assert not out.exists()


def test_an_error_in_one_format_leaves_no_other_file(model: Path, tmp_path: Path, capsys: Any) -> None:
    """PyTorch takes these weights in float64, float32 in C does not; PyTorch's file comes first."""
    blocks = {(2, 1): np.array([[1e60, 1.0], [1.0, 2.0]])}
    SpectralNetwork(blocks=blocks, parametrization="direct").save(tmp_path / "wide.npz")
    refused_line = refused(capsys, "export", tmp_path / "wide.npz", "--torch", tmp_path / "a", "--c", tmp_path / "b")
    assert "no normal float32 number" in refused_line
    assert not (tmp_path / "a").exists()
    assert not (tmp_path / "b").exists()


def test_a_c_file_has_the_names_that_were_asked_for(model: Path, tmp_path: Path, capsys: Any) -> None:
    assert said(capsys, "export", model, "--c", tmp_path / "small.c", "--name", "small").startswith("written: ")
    text = (tmp_path / "small.c").read_text(encoding="utf-8")
    assert "int small_class(const float input[SMALL_INPUTS], float output[SMALL_OUTPUTS])" in text
    assert "input: u, v." in text
    assert "classes: a, b." in text
    said(capsys, "export", model, "--c", tmp_path / "small.c", "--name", "small", "--trainable")
    text = (tmp_path / "small.c").read_text(encoding="utf-8")
    assert "void small_train(const float input[SMALL_INPUTS], int label, float rate, int all)" in text
    assert "--trainable belongs to --c" in refused(capsys, "export", model, "--trainable", "--torch", tmp_path / "t")
    said(capsys, "export", model, "--c", tmp_path / "small.c", "--double")
    assert "int net_class(const double input[NET_INPUTS]" in (tmp_path / "small.c").read_text(encoding="utf-8")


def test_integers_are_calibrated_by_a_file(model: Path, tmp_path: Path, capsys: Any) -> None:
    rows = np.random.default_rng(0).normal(size=(30, 2)).round(3).tolist()
    lines = ["v,u,t", *(f"{v},{u},{'a' if u > v else 'b'}" for u, v in rows)]
    (tmp_path / "rows.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    out, wanted = tmp_path / "small.c", ["--c", tmp_path / "small.c", "--int8"]
    said(capsys, "export", model, *wanted, "--calibrate", tmp_path / "rows.csv")
    text = " ".join(out.read_text(encoding="utf-8").split())
    assert "Accuracy on the 30 rows of the calibration: 0." in text
    assert "int net_class(const int16_t input[NET_INPUTS], int32_t output[NET_OUTPUTS])" in text
    out.unlink()
    # The rows are read, and weights of rows have no meaning here.
    error = refused(
        capsys, "export", model, "--c", tmp_path / "rows.csv", "--int8", "--calibrate", tmp_path / "rows.csv"
    )
    assert "the command reads this file" in error
    with pytest.raises(SystemExit):
        main([str(a) for a in ("export", model, *wanted, "--calibrate", tmp_path / "rows.csv", "--weight", "u")])
    assert "unrecognized arguments: --weight" in capsys.readouterr().err
    (tmp_path / "narrow.csv").write_text("v,t\n1,a\n2,b\n", encoding="utf-8")
    assert "no column 'u'" in refused(capsys, "export", model, *wanted, "--calibrate", tmp_path / "narrow.csv")
    assert "--int8 needs --calibrate DATA" in refused(capsys, "export", model, *wanted)
    assert "--int8 belongs to --c" in refused(capsys, "export", model, "--torch", out, "--int8")
    Predictor.load(model).network.save(tmp_path / "bare.npz")
    assert "--calibrate needs a model" in refused(
        capsys, "export", tmp_path / "bare.npz", *wanted, "--calibrate", "wine"
    )
    assert not out.exists()


def test_a_module_for_a_page(model: Path, tmp_path: Path, capsys: Any) -> None:
    assert said(capsys, "export", model, "--js", tmp_path / "m.js") == f"written: {tmp_path / 'm.js'}\n"
    text = (tmp_path / "m.js").read_text(encoding="utf-8")
    assert 'classes=["a","b"]' in text
    assert "--double belongs to --onnx" in refused(capsys, "export", model, "--double", "--js", tmp_path / "n.js")
    (tmp_path / "broken.npz").write_bytes(model.read_bytes()[:-200])
    assert "is not a readable model file" in refused(
        capsys, "export", tmp_path / "broken.npz", "--js", tmp_path / "n.js"
    )
    assert not (tmp_path / "n.js").exists()
