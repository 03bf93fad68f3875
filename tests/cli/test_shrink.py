"""`spectral-core prune` and `spectral-core compact`, from a search to a smaller model."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spectral_core import Predictor, SpectralNetwork
from spectral_core.cli import program, shrink
from spectral_core.cli.program import main
from spectral_core.data import datasets
from spectral_core.data.scaling import Scaling
from spectral_core.networks.compact import CompactNetwork
from spectral_core.networks.predictor import load_any
from spectral_core.resizing import predicting, pruning

for library in ("matplotlib", "pyarrow", "sklearn"):
    pytest.importorskip(library, reason=f"the extra `full` ({library}) is not installed")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of a short search on wine."""
    home = tmp_path_factory.mktemp("wine")
    assert main(["search", "wine", "--hidden", "30", "--epochs", "20", "--strategy", "seed", "--out", str(home)]) == 0
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


def test_single_weights_of_a_searched_model(model: Path, tmp_path: Path, capsys: Any) -> None:
    """On its own rows, refitted on the training part; the tolerance counts on the validation part."""
    options = ["prune", model, "wine", "--unit", "weight", "--ridge", "0.01", "--out", tmp_path]
    text = said(capsys, *options, "--weights", "40", "--retrain", "5")
    assert text.startswith("weights ranked by saliency, compensated, retrained 5 epochs\nhidden neurons 30 -> ")
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert report["unit"] == "weight"
    assert 0 < report["weights_after"] <= 40 < report["weights_before"]
    small = Predictor.load(tmp_path / "pruned.npz")
    assert isinstance(small.network, CompactNetwork)
    assert small.network.n_weights == report["weights_after"] + report["biases_after"]
    data = datasets.load("wine")
    assert small.score(data.x, np.asarray(data.classes)[data.y]) > 0.9
    text = said(capsys, *options, "--tolerance", "0.5", "--no-compensation")
    assert "of the loss that judges: kept" in text
    assert "samples judge" in text
    assert "weights" in said(capsys, "prune", tmp_path / "pruned.npz", "wine", "--unit", "weight", "--fraction", "0.1",
                             "--out", tmp_path / "again")  # fmt: skip
    assert "by belongs to" in refused(capsys, *options, "--weights", "3", "--by", "eigenvalue")


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
    wanted = ["--out", tmp_path / "net-compact.npz", "--onnx", tmp_path / "net.onnx"]
    text = said(capsys, "compact", tmp_path / "net.npz", *wanted)
    assert "neurons by layer 3-12-1\nnothing is dead, nothing to gain\n" in text
    assert " ms" not in text, "times of the same neurons are noise"
    assert "net-compact.npz" in text
    np.testing.assert_allclose(load_any(tmp_path / "net-compact.npz")[0].forward(x), net.forward(x), rtol=1e-12)
    assert (tmp_path / "net.onnx").stat().st_size > 500


def test_compacting_a_searched_model(model: Path, tmp_path: Path, capsys: Any) -> None:
    out = tmp_path / "c.npz"
    assert "nothing is dead, nothing to gain" in said(capsys, "compact", model, "--out", out)
    x = datasets.load("wine").x
    np.testing.assert_allclose(Predictor.load(out).raw(x), Predictor.load(model).raw(x), rtol=0, atol=1e-4)


def test_a_regression_model_is_judged_on_samples_apart(tmp_path: Path, capsys: Any) -> None:
    said(capsys, "search", "diabetes", "--hidden", "20", "--epochs", "30", "--strategy", "seed", "--out", tmp_path)
    model = tmp_path / "model.npz"
    said(capsys, "prune", model, "diabetes", "--fraction", "0.5", "--by", "pivoted_qr", "--out", tmp_path / "p")
    data = datasets.load("diabetes")
    before, after = (Predictor.load(path).score(data.x, data.y) for path in (model, tmp_path / "p" / "pruned.npz"))
    assert after > before - 0.1 > 0.2
    # A model whose split is not known: held out as asked for.
    command = ["prune", str(model), "diabetes", "--validation-fraction", "0.25", "--seed", "3"]
    options = program.build_parser().parse_args(command)
    predictor = replace(Predictor.load(model), rows={}, origin=None)
    parts = shrink._data(options, predictor)
    assert parts.loss == "squared_error"
    assert (len(parts.refit[0]), len(parts.judging[0])) == (332, 110)
    assert np.array_equal(parts.judging[0], parts.reported[0])
    assert not set(map(tuple, parts.refit[0])) & set(map(tuple, parts.judging[0]))
    together = np.vstack([parts.refit[1], parts.judging[1]])
    np.testing.assert_allclose(
        np.sort(predictor.outputs.inverse_transform(together), axis=0), np.sort(data.y, axis=0), rtol=1e-9
    )
    assert np.isclose(together.std(), 1, atol=0.15)
    assert "it is not known how many of them trained the model" in parts.sentence


@pytest.mark.parametrize("amount", [("--fraction", "0.8"), ("--tolerance", "0.5")])
def test_a_model_is_judged_on_rows_that_did_not_train_it(
    model: Path, tmp_path: Path, capsys: Any, amount: tuple[str, str]
) -> None:
    """Both losses are recomputed from the files on the test rows of the search, whatever the seed of the command."""
    text = said(capsys, "prune", model, "wine", *amount, "--seed", "7", "--out", tmp_path)
    before, after = Predictor.load(model), Predictor.load(tmp_path / "pruned.npz")
    rows = before.rows
    assert sorted(np.concatenate(list(rows.values())).tolist()) == list(range(178))
    data = datasets.load("wine")
    x, y = before.inputs.transform(data.x), data.y
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    for name, predictor in (("loss_before", before), ("loss_after", after)):
        assert report[name] == pytest.approx(predictor.network.loss(x[rows["test"]], y[rows["test"]], "cross_entropy"))
        seen = predictor.network.loss(x[rows["training"]], y[rows["training"]], "cross_entropy")
        assert report[name] != pytest.approx(seen, rel=1e-3)
    parts = [len(rows[part]) for part in ("training", "validation", "test")]
    assert (
        f"refitted on {parts[0]} training samples; {parts[1]} validation samples judge, the losses are those of {parts[2]} "
        "test samples; none of these trained the model\n"
    ) in text
    if amount[0] == "--tolerance":
        judged = after.network.loss(x[rows["validation"]], y[rows["validation"]], "cross_entropy")
        assert judged <= report["limit"] * (1 + 1e-5)
        assert report["within"]


def test_which_rows_judge_follows_what_is_known() -> None:
    parts = {"training": np.arange(6), "validation": np.arange(6, 8), "test": np.arange(8, 10)}
    assert [part.tolist() for part in predicting.split_known(parts, None, 10, 0.2, 0)[0]] == [
        [0, 1, 2, 3, 4, 5],
        [6, 7],
        [8, 9],
    ]
    without_validation = {"training": np.arange(8), "validation": np.arange(0), "test": np.arange(8, 10)}
    rows, sentence = predicting.split_known(without_validation, None, 10, 0.2, 0)
    assert [part.tolist() for part in rows] == [list(range(8)), [8, 9], [8, 9]]
    assert sentence == (
        "refitted on 8 training samples; 2 test samples judge, the losses are those of them; none of these trained the model"
    )
    rows, sentence = predicting.split_known({"training": np.arange(10)}, None, 10, 0.2, 0)
    assert [len(part) for part in rows] == [8, 2, 2]
    assert sentence.endswith("2 others judge and give the losses; all of them trained the model")
    net = SpectralNetwork.initialize([2, 3, 1])
    known = Predictor(net, "regression", Scaling.none(2), Scaling.none(1), rows=parts)
    assert predicting.known_rows(known, 10) == parts
    assert predicting.known_rows(known, 11) == {}, "other data than those of the search"


def test_a_live_network_is_not_made_larger_without_a_word(tmp_path: Path, capsys: Any) -> None:
    """Three hidden layers, nothing dead: the blocks between all pairs of layers are more numbers than φ and λ."""
    net = SpectralNetwork.initialize([4, 8, 8, 8, 2], seed=1)
    net = net.with_parameters(np.random.default_rng(0).normal(size=net.n_parameters).astype(np.float32))
    net.save(tmp_path / "net.npz")
    text = said(capsys, "compact", tmp_path / "net.npz", "--onnx", tmp_path / "net.onnx")
    assert "nothing is dead, nothing to gain; the spectral form is the smaller one" in text
    assert text.endswith(f"written: {tmp_path / 'net.onnx'}\n")
    assert not (tmp_path / "net-compact.npz").exists()
    assert "written: nothing" in said(capsys, "compact", tmp_path / "net.npz")
    text = said(capsys, "compact", tmp_path / "net.npz", "--out", tmp_path / "asked.npz")
    assert "nothing is dead" in text
    x = np.ones((3, 4))
    np.testing.assert_allclose(load_any(tmp_path / "asked.npz")[0].forward(x), net.forward(x), rtol=1e-4)
    # One dead neuron: written, and the sizes are said.
    blocks = net.transfer_blocks()
    for (i, j), block in blocks.items():
        block[0] *= i != 3
        block[:, 0] *= j != 3
    assert "few neurons" not in text
    direct = SpectralNetwork(blocks=blocks, activation="relu", bias=True, parametrization="direct")
    direct.save(tmp_path / "direct.npz")
    assert "smaller one" not in said(capsys, "compact", tmp_path / "direct.npz")
    assert (tmp_path / "direct-compact.npz").exists()


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


def test_skip_connections_reach_the_refit(
    model: Path, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []
    real = pruning.prune

    def noted(*arguments: Any, **options: Any) -> Any:
        asked.append(options["skip_connections"])
        return real(*arguments, **options)

    monkeypatch.setattr(pruning, "prune", noted)
    for more in ([], ["--skip-connections"]):
        said(capsys, "prune", model, "wine", "--fraction", "0.5", *more, "--out", tmp_path / "o")
    assert asked == [False, True]
    with pytest.raises(SystemExit):
        main(["prune", str(model), "wine", "--skip-connections", "--no-compensation"])
    assert "not allowed with argument --skip-connections" in capsys.readouterr().err
