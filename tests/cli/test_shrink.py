"""`spectral-core prune` and `spectral-core compact`, from a search to a smaller model."""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spectral_core import Predictor, SpectralNetwork
from spectral_core.cli import shrink
from spectral_core.cli.program import main
from spectral_core.data import datasets
from spectral_core.networks.compact import CompactNetwork
from spectral_core.networks.predictor import load_any

for library in ("matplotlib", "pyarrow", "sklearn"):
    pytest.importorskip(library, reason=f"the extra `full` ({library}) is not installed")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of a short search on wine."""
    home = tmp_path_factory.mktemp("wine")
    assert main(["search", "wine", "--hidden", "30", "--epochs", "20", "--out", str(home)]) == 0
    return home / "model.npz"


def said(capsys: Any, *arguments: object) -> str:
    capsys.readouterr()
    assert main([str(a) for a in arguments]) == 0
    out: str = capsys.readouterr().out
    return out


def refused(capsys: Any, *arguments: object) -> str:
    capsys.readouterr()
    assert main([str(a) for a in arguments]) == 2
    err: str = capsys.readouterr().err
    assert err.count("\n") == 1, err
    return err


def test_a_searched_model_becomes_smaller_and_still_predicts(model: Path, tmp_path: Path, capsys: Any) -> None:
    text = said(capsys, "prune", model, "wine", "--by", "pivoted_qr", "--fraction", "0.8", "--out", tmp_path)
    assert text.startswith("neurons ranked by pivoted_qr, compensated\nhidden neurons 30 -> ")
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert report["live"][1] <= 6
    assert report["loss_after"] > 0 < report["loss_before"]
    small = Predictor.load(tmp_path / "pruned.npz")
    assert isinstance(small.network, CompactNetwork)
    data = datasets.load("wine")
    assert small.score(data.x, np.asarray(data.classes)[data.y]) > 0.9
    assert "hidden neurons" in said(capsys, "prune", tmp_path / "pruned.npz", "wine", "--out", tmp_path / "again")
    assert said(capsys, "predict", tmp_path / "pruned.npz", "wine").count("\n") == 179


def test_retraining_merging_and_layers(model: Path, tmp_path: Path, capsys: Any) -> None:
    options = ["--fraction", "0.5", "--retrain", "3", "--merge", "0", "--even", "--out", tmp_path]
    assert "retrained 3 epochs" in said(capsys, "prune", model, "wine", *options)
    assert "layers ranked by path" in said(
        capsys, "prune", model, "wine", "--unit", "layer", "--tolerance", "100", "--no-compensation", "--out", tmp_path
    )
    assert "hidden neurons 30 -> 0" in (tmp_path / "report.txt").read_text(encoding="utf-8")


def test_a_plain_network_and_a_table(tmp_path: Path, capsys: Any) -> None:
    generator = np.random.default_rng(0)
    net = SpectralNetwork.initialize([2, 12, 1], seed=1, dtype="float64")
    net = net.with_parameters(generator.normal(size=net.n_parameters))
    net.save(tmp_path / "net.npz")
    x = generator.normal(size=(80, 2))
    with open(tmp_path / "d.csv", "w", newline="") as file:
        csv.writer(file).writerows([["a", "b", "y"], *np.hstack([x, net.forward(x)]).tolist()])
    said(capsys, "prune", tmp_path / "net.npz", tmp_path / "d.csv", "--fraction", "0.5", "--out", tmp_path / "out")
    small, predictor = load_any(tmp_path / "out" / "pruned.npz")
    assert predictor is None
    assert isinstance(small, CompactNetwork)
    assert small.live[1] == 6
    text = said(capsys, "compact", tmp_path / "net.npz", "--onnx", tmp_path / "net.onnx")
    assert "neurons by layer 3-12-1 -> 3-12-1" in text
    assert "net-compact.npz" in text
    np.testing.assert_allclose(load_any(tmp_path / "net-compact.npz")[0].forward(x), net.forward(x), rtol=1e-12)
    assert (tmp_path / "net.onnx").stat().st_size > 500


def test_compacting_a_searched_model(model: Path, tmp_path: Path, capsys: Any) -> None:
    out = tmp_path / "c.npz"
    assert "parameters" in said(capsys, "compact", model, "--out", out)
    x = datasets.load("wine").x
    np.testing.assert_allclose(Predictor.load(out).raw(x), Predictor.load(model).raw(x), rtol=0, atol=1e-4)


def test_a_regression_model_is_judged_on_samples_apart(tmp_path: Path, capsys: Any) -> None:
    said(capsys, "search", "diabetes", "--hidden", "20", "--epochs", "30", "--out", tmp_path)
    model = tmp_path / "model.npz"
    said(capsys, "prune", model, "diabetes", "--fraction", "0.5", "--by", "pivoted_qr", "--out", tmp_path / "p")
    data = datasets.load("diabetes")
    before, after = (Predictor.load(path).score(data.x, data.y) for path in (model, tmp_path / "p" / "pruned.npz"))
    assert after > before - 0.1 > 0.2
    options = argparse.Namespace(data="diabetes", target=None, task="auto", validation_fraction=0.25, seed=3)
    predictor = Predictor.load(model)
    learned, held, loss = shrink._data(options, predictor)
    assert loss == "squared_error"
    assert (len(learned[0]), len(held[0])) == (332, 110)
    assert not set(map(tuple, learned[0])) & set(map(tuple, held[0]))
    together = np.vstack([learned[1], held[1]])
    np.testing.assert_allclose(
        np.sort(predictor.outputs.inverse_transform(together), axis=0), np.sort(data.y, axis=0), rtol=1e-9
    )
    assert np.isclose(together.std(), 1, atol=0.15)


def test_wrong_requests_are_one_line_and_leave_nothing(model: Path, tmp_path: Path, capsys: Any) -> None:
    out = tmp_path / "out"
    assert "fraction must be at least 0 and at most 1; got 1.2" in refused(capsys, "prune", model, "wine", "--fraction", "1.2", "--out", out)  # fmt: skip
    assert "by must be one of path" in refused(capsys, "prune", model, "wine", "--by", "size", "--out", out)
    assert "feature column" in refused(capsys, "prune", model, "digits", "--out", out)
    assert "no such model file" in refused(capsys, "prune", tmp_path / "none.npz", "wine", "--out", out)
    loud = SpectralNetwork.initialize([2, 3, 1], activation="sigmoid", parametrization="layerwise")
    loud.save(tmp_path / "loud.npz")
    assert "compaction needs f(0) = 0; sigmoid" in refused(capsys, "compact", tmp_path / "loud.npz")
    assert "--seed must be a whole number of at least 0" in refused(capsys, "prune", model, "wine", "--seed", "-1", "--out", out)  # fmt: skip
    assert "must be different files" in refused(capsys, "compact", model, "--out", model)
    assert "must be different files" in refused(capsys, "compact", model, "--out", out / "a", "--onnx", out / "a")
    assert not out.exists() or not list(out.iterdir())
    assert not (tmp_path / "loud-compact.npz").exists()
