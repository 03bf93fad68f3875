"""One split for search, prune and score: which rows are judged, what is said of them, and the numbers."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import metrics

from spectral_core import Predictor, SpectralNetwork
from spectral_core.cli.model_data import ModelData
from spectral_core.cli.program import main
from spectral_core.cli.score import chosen_rows
from spectral_core.data import datasets
from spectral_core.data.fingerprints import Origin, row_prints
from spectral_core.data.metrics import scores_of
from spectral_core.data.scaling import Scaling
from tests.cli.test_shrink import refused, said

for library in ("matplotlib", "pyarrow"):
    pytest.importorskip(library, reason=f"the extra `full` ({library}) is not installed")
QUICK = ("--hidden", "5", "--epochs", "8", "--strategy", "seed")


def write(path: Path, rows: list[list[Any]], header: tuple[str, ...] = ("a", "b", "side")) -> Path:
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def random_rows(seed: int, count: int) -> list[list[Any]]:
    x = np.random.default_rng(seed).normal(size=(count, 2)).round(6)
    return [[a, b, "up" if a + b > 0.3 else "down"] for a, b in x.tolist()]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of two classes, t.csv, and a search on it, s/."""
    folder = tmp_path_factory.mktemp("score")
    write(folder / "t.csv", random_rows(0, 90))
    assert main(["search", str(folder / "t.csv"), *QUICK, "--out", str(folder / "s")]) == 0
    return folder


def scored(capsys: Any, *arguments: object) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(said(capsys, "score", *arguments, "--json"))
    return record


def test_the_scores_are_those_of_scikit_learn_on_the_test_rows(home: Path, capsys: Any) -> None:
    found = scored(capsys, home / "s/model.npz", home / "t.csv")
    model = Predictor.load(home / "s/model.npz")
    with open(home / "t.csv", encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    at = model.rows["test"]
    x, y = np.array([row[:2] for row in rows], float)[at], np.array([row[2] for row in rows])[at]
    assert found["rows"] == len(at) == 27
    assert found["sentence"] == "27 test rows of its search; none of them trained the model"
    truth, probabilities = y == "up", model.predict_proba(x)[:, 1]
    assert found["scores"] == pytest.approx(
        {
            "accuracy": metrics.accuracy_score(y, model.predict(x)),
            "balanced_accuracy": metrics.balanced_accuracy_score(y, model.predict(x)),
            "roc_auc": metrics.roc_auc_score(truth, probabilities),
        }
    )
    assert found["best_constant"] == {
        "accuracy": max(truth.mean(), 1 - truth.mean()),
        "balanced_accuracy": 0.5,
        "roc_auc": 0.5,
    }
    text = said(capsys, "score", home / "s/model.npz", home / "t.csv")
    assert text.startswith("model.npz on t.csv: 27 test rows of its search; none of them trained the model\n")
    assert said(capsys, "score", home / "s/model.npz", home / "t.csv", "--quiet") == ""
    assert "best constant" in text
    assert "balanced accuracy" in text


def test_each_part_says_what_the_model_has_seen(home: Path, capsys: Any) -> None:
    for part, sentence in {
        "validation": "13 validation rows of its search; none of them trained the model, but they judged it",
        "all": "all 90 rows of its search, 50 of which trained the model",
    }.items():
        assert scored(capsys, home / "s/compact.npz", home / "t.csv", "--part", part)["sentence"] == sentence


def test_other_data_are_scored_on_the_rows_that_are_new(home: Path, capsys: Any) -> None:
    """A longer file, a copy under another name, one of training rows alone, and one of new rows alone."""
    model = home / "s/model.npz"
    old, new = random_rows(0, 90), random_rows(1, 40)
    training = [old[row] for row in Predictor.load(model).rows["training"].tolist()]
    longer = write(home / "longer.csv", [*new, *old])
    found = scored(capsys, model, longer)
    assert found["rows"] == 80
    assert found["sentence"].startswith(
        "80 rows that did not train the model, but 13 of them judged it; 50 others did and are left out"
    )
    assert scored(capsys, model, longer, "--part", "all")["sentence"] == "130 rows, 50 of which trained the model"
    assert "is not known as the data of the model's search" in refused(capsys, "score", model, longer, "--part", "test")
    (home / "copy.csv").write_bytes((home / "t.csv").read_bytes())
    assert "test rows of its search" in scored(capsys, model, home / "copy.csv")["sentence"]
    seen = scored(capsys, model, write(home / "seen.csv", training))
    assert seen["sentence"] == "all 50 rows trained the model: these scores say nothing about new rows"
    assert scored(capsys, model, write(home / "new.csv", new))["sentence"] == "40 rows, none of which trained the model"


@pytest.mark.parametrize(
    ("rows", "new", "part", "sentence"),
    [
        ({"test": [2]}, True, None, "1 test row of its search; it did not train the model"),
        ({"test": [1]}, True, None, "1 test row of its search; it did not train the model, but it judged the model"),
        ({"test": [0]}, True, None, "1 test row of its search; it did not train the model; it equals a row that did"),
        (
            {"test": [0, 2]},
            True,
            None,
            "2 test rows of its search; none of them trained the model; 1 of them equals a row that did",
        ),
        ({}, False, None, "all 3 rows trained the model: these scores say nothing about new rows"),
        (
            {},
            True,
            None,
            "2 rows that did not train the model, but 1 of them judged it; 1 other did and is left out "
            "(--part all scores it too)",
        ),
    ],
)
def test_the_sentence_counts_as_people_do(
    rows: dict[str, list[int]], new: bool, part: str | None, sentence: str
) -> None:
    """Of three rows the first trained the model and the second judged it, or all trained it."""
    x, y = np.arange(6.0).reshape(3, 2), np.array(["a", "b", "a"])
    prints = {"training": row_prints(x, y)[:1] if new else row_prints(x, y), "validation": row_prints(x, y)[1:2]}
    origin = Origin("t.csv", "0" * 64, 0, prints)
    model = replace(the_model(), origin=origin)
    data = ModelData(x, y, origin, {name: np.array(numbers) for name, numbers in rows.items()})
    assert chosen_rows(model, data, part)[2] == sentence
    # One row alone.
    for row, single in enumerate(
        (
            "1 row trained the model: these scores say nothing about new rows",
            "1 row, which did not train the model, but it judged the model" if new else None,
            "1 row, which did not train the model" if new else None,
        )
    ):
        if single is not None:
            alone = ModelData(x[row : row + 1], y[row : row + 1], origin, {})
            assert chosen_rows(model, alone, None)[2] == single


def the_model() -> Predictor:
    """A predictor of two classes from two features; its weights do not matter."""
    net = SpectralNetwork.initialize([2, 2, 2], seed=0)
    return Predictor(net, "classification", Scaling.none(2), Scaling.none(1), ("a", "b"))


def test_a_file_without_rows_has_no_score(home: Path, tmp_path: Path, capsys: Any) -> None:
    empty = write(tmp_path / "empty.csv", [])
    assert refused(capsys, "score", home / "s/model.npz", empty).endswith("empty.csv has column names but no rows\n")
    np.savez(tmp_path / "empty.npz", X=np.zeros((0, 2)), y=np.zeros(0))
    assert "X must not be empty" in refused(capsys, "score", home / "s/model.npz", tmp_path / "empty.npz")


def test_prune_reports_and_score_finds_the_same_test_rows(home: Path, tmp_path: Path, capsys: Any) -> None:
    model, table = home / "s/model.npz", home / "t.csv"
    text = said(capsys, "prune", model, table, "--fraction", "0.4", "--out", tmp_path / "p")
    assert "13 validation samples judge, the losses are those of 27 test samples" in text
    assert "27 test rows of its search; none" in scored(capsys, tmp_path / "p/pruned.npz", table)["sentence"]
    assert Predictor.load(tmp_path / "p/pruned.npz").form == "pruned"
    # What was refitted on new rows has seen these too.
    new = write(home / "more.csv", random_rows(5, 40))
    said(capsys, "prune", model, new, "--fraction", "0.4", "--out", tmp_path / "q")
    assert scored(capsys, tmp_path / "q/pruned.npz", new)["sentence"].startswith(
        "8 rows that did not train the model, but they judged it; 32 others did"
    )


def test_a_second_search_keeps_the_test_rows_by_its_seed_or_by_a_model(home: Path, tmp_path: Path, capsys: Any) -> None:
    first = Predictor.load(home / "s/model.npz")
    for out, options in {"seed": ("--hidden", "3"), "split": ("--seed", "4", "--split", home / "s/model.npz")}.items():
        said(capsys, "search", home / "t.csv", *QUICK, *options, "--out", tmp_path / out)
        rows = Predictor.load(tmp_path / out / "model.npz").rows
        assert {part: numbers.tolist() for part, numbers in rows.items()} == {
            part: numbers.tolist() for part, numbers in first.rows.items()
        }
        assert scored(capsys, tmp_path / out / "model.npz", home / "t.csv")["rows"] == 27
    other = write(home / "u.csv", random_rows(2, 90))
    error = refused(capsys, "search", other, *QUICK, "--split", home / "s/model.npz", "--out", tmp_path / "no")
    assert "that model was made from t.csv" in error


def test_a_regression_is_scored_in_its_units(tmp_path: Path, capsys: Any) -> None:
    x = np.random.default_rng(0).normal(size=(80, 2)).round(6)
    rows = [[a, b, 1000 * a - 500 * b] for a, b in x.tolist()]
    write(tmp_path / "r.csv", rows, ("a", "b", "y"))
    said(capsys, "search", tmp_path / "r.csv", *QUICK, "--out", tmp_path / "s")
    found = scored(capsys, tmp_path / "s/model.npz", tmp_path / "r.csv")
    model = Predictor.load(tmp_path / "s/model.npz")
    y = np.array(rows)[model.rows["test"], 2]
    predicted = model.predict(x[model.rows["test"]]).ravel()
    assert found["scores"] == pytest.approx(
        {
            "r2": metrics.r2_score(y, predicted),
            "rmse": metrics.root_mean_squared_error(y, predicted),
            "mae": metrics.mean_absolute_error(y, predicted),
        }
    )
    constant = found["best_constant"]
    assert constant["r2"] == pytest.approx(0)
    assert constant["rmse"] == pytest.approx(y.std())
    assert constant["mae"] == pytest.approx(np.abs(y - np.median(y)).mean())


def test_what_cannot_be_scored_is_one_line(home: Path, tmp_path: Path, capsys: Any) -> None:
    from spectral_core import SpectralNetwork

    SpectralNetwork.initialize([2, 3, 1]).save(tmp_path / "net.npz")
    assert "holds a network; expected predictor" in refused(capsys, "score", tmp_path / "net.npz", home / "t.csv")
    other = write(tmp_path / "labels.csv", [[1, 2, "up"], [2, 3, "left"]])
    assert "a label that is not among the classes: 'left'" in refused(capsys, "score", home / "s/model.npz", other)
    assert "no such file" in refused(capsys, "score", home / "s/model.npz", tmp_path / "none.csv")


@pytest.mark.parametrize("task", ["classification", "several classes", "multilabel", "regression", "several targets"])
def test_a_row_of_weight_two_counts_as_two_rows(task: str) -> None:
    generator = np.random.default_rng(0)
    x, weights = generator.normal(size=(40, 2)), generator.integers(1, 4, 40)
    outputs = {"several classes": 3, "multilabel": 3, "classification": 2, "several targets": 2}.get(task, 1)
    net = SpectralNetwork.initialize([2, 5, outputs], parametrization="direct", seed=0)
    classes = ("a", "b", "c")[:outputs] if "class" in task else ()
    y: Any = generator.normal(size=(40, outputs))
    if classes:
        y = np.array(classes)[generator.integers(0, outputs, 40)]
    elif task == "multilabel":
        y = (y > 0.3).astype(float)
    kind = "classification" if classes else "multilabel" if task == "multilabel" else "regression"
    scale = Scaling.none(outputs if kind == "regression" else 1)
    model = Predictor(net, kind, Scaling.none(2), scale, classes)
    repeated = scores_of(model, np.repeat(x, weights, axis=0), np.repeat(y, weights, axis=0))
    for found, expected in zip(scores_of(model, x, y, weights.astype(float)), repeated, strict=True):
        assert found == pytest.approx(expected, nan_ok=True)
    assert repeated != scores_of(model, x, y)
    one = scores_of(model, x[:1], y[:1], np.ones(1)), scores_of(model, x[:1], y[:1])
    assert one[0] == one[1], "what is not defined for one row is None in both"


def test_scores_are_weighted_by_a_column(home: Path, tmp_path: Path, capsys: Any) -> None:
    """Rows of other data and those of the search; weights of 0 leave rows out, and the output says all this."""
    model, rows = home / "s/model.npz", random_rows(8, 30)
    header = ("a", "b", "side", "w")
    weighted = write(tmp_path / "w.csv", [[*row, k % 3] for k, row in enumerate(rows)], header)
    repeated = write(tmp_path / "r.csv", [[*row, 1] for k, row in enumerate(rows) for _ in range(k % 3)], header)
    found = scored(capsys, model, weighted, "--weight", "w")
    assert found["weight"] == "w"
    assert found["rows"] == 30
    assert found["sentence"].endswith("trained the model; the scores are weighted by 'w', 10 rows of weight 0 left out")
    plain, expected = scored(capsys, model, weighted), scored(capsys, model, repeated)
    for name in ("scores", "best_constant"):
        assert found[name] == pytest.approx(expected[name])
    assert found["scores"] != plain["scores"]
    assert plain["weight"] is None
    assert "the scores are weighted by 'w'" in said(capsys, "score", model, weighted, "--weight", "w")
    # The test rows of a search: the score of the search, which is weighted too.
    table = write(tmp_path / "t.csv", [[*row, k % 3] for k, row in enumerate(random_rows(0, 90))], header)
    options = ("--weight", "w", "--target", "side")
    report = json.loads(said(capsys, "search", table, *QUICK, *options, "--out", tmp_path / "s", "--json"))
    found = scored(capsys, tmp_path / "s/compact.npz", table, "--weight", "w")
    assert "test rows of its search" in found["sentence"]
    assert found["scores"]["accuracy"] == pytest.approx(report["test_score_after"])
    assert found["best_constant"]["accuracy"] == pytest.approx(report["constant_score"])
    # What cannot be weighted.
    assert "--weight names a column of a table; wine has none" in refused(
        capsys, "score", _of_wine(tmp_path), "wine", "--weight", "w"
    )
    seen = random_rows(0, 90)[Predictor.load(model).rows["training"][0]]
    no_weight = write(tmp_path / "n.csv", [*([*row, 0] for row in rows), [*seen, 1]], header)
    assert "column 'w' of the rows to score must not be negative, and not zero everywhere" in refused(
        capsys, "score", model, no_weight, "--weight", "w"
    )


def _of_wine(folder: Path) -> Path:
    data = datasets.load("wine")
    net = SpectralNetwork.initialize([13, 2, 3], seed=0)
    names = (data.classes, data.feature_names, data.target_names)
    Predictor(net, "classification", Scaling.none(13), Scaling.none(1), *names).save(folder / "wine.npz")
    return folder / "wine.npz"
