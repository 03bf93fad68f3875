"""Several labels for each row: the task, the search, its scores beside constants, files and commands."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score

from spectral_core import InvalidInputError, Predictor, SpectralClassifier, SpectralNetwork, search
from spectral_core.architecture.judgements import values
from spectral_core.architecture.judging import better_than_constant, constant_score
from spectral_core.architecture.result import SearchResult
from spectral_core.architecture.validation import ValidationLoss
from spectral_core.cli.program import main
from spectral_core.data import metrics
from spectral_core.data.preparation import prepare
from spectral_core.data.targets import infer_task
from spectral_core.refitting.samples import Samples
from tests.builders import sparse_network

QUICK: dict[str, Any] = {"hidden": (6,), "epochs": 30, "seed": 0}
NAMES = ("rain", "wind", "hail")


def weather(rows: int = 240, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Three labels that do not exclude each other; the third needs hidden neurons."""
    x = np.random.default_rng(seed).normal(size=(rows, 3))
    return x, np.stack([x[:, 0] + x[:, 1] > 0, x[:, 1] > 0.4, np.abs(x[:, 2]) > 0.7], axis=1).astype(int)


@pytest.fixture(scope="module")
def found() -> SearchResult:
    return search(*weather(), target_names=NAMES, **QUICK)


@given(st.integers(0, 999), st.integers(2, 4), st.integers(1, 20))
@settings(deadline=None, max_examples=60)
def test_scores_of_labels_are_those_of_counting(seed: int, labels: int, rows: int) -> None:
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, 2, (rows, labels)).astype(float)
    probabilities = generator.uniform(size=truth.shape).round(1)
    got = metrics.label_scores(truth, probabilities)
    right = [
        [(p > 0.5) == (t == 1) for p, t in zip(*both, strict=True)] for both in zip(probabilities, truth, strict=True)
    ]
    assert got["subset_accuracy"] == pytest.approx(np.mean([all(row) for row in right]))
    assert got["label_accuracy"] == pytest.approx(np.mean(right))
    areas = []
    for own, chance in zip(truth.T, probabilities.T, strict=True):
        if 0 < own.sum() < rows:
            areas.append(np.mean([(a > b) + 0.5 * (a == b) for a in chance[own == 1] for b in chance[own == 0]]))
    assert got["roc_auc"] == (pytest.approx(np.mean(areas)) if areas else None)
    # No constant is better than the best one.
    constants = [metrics.label_scores(truth, np.tile(bits, (rows, 1))) for bits in product((0.0, 1.0), repeat=labels)]
    best = metrics.constant_label_scores(truth)
    for name in ("subset_accuracy", "label_accuracy"):
        assert best[name] == pytest.approx(max(constant[name] or 0 for constant in constants))
    assert best["roc_auc"] == (pytest.approx(0.5) if areas else None)


@pytest.mark.parametrize(
    ("y", "task"),
    [
        ([[0, 1], [1, 1], [0, 0]], "multilabel"),
        ([[True, True], [False, True]], "multilabel"),
        ([[0.0, 1.0], [1.0, 1.0]], "multilabel"),
        ([[0, 2], [1, 1]], "regression"),
        ([[0, 0.5], [1, 1]], "regression"),
        ([0, 1, 1], "classification"),
    ],
)
def test_columns_of_0_and_1_are_labels(y: Any, task: str) -> None:
    assert infer_task(np.array(y), "auto") == task


def test_one_1_in_each_row_is_one_label_unless_several_are_asked_for() -> None:
    x, one_hot = np.arange(30.0)[:, None], np.eye(3)[np.arange(30) % 3]
    assert prepare(x, one_hot, "auto", None, 0.2, True, 0).task == "classification"
    assert prepare(x, one_hot, "multilabel", None, 0.2, True, 0).n_outputs == 3
    assert prepare(x, one_hot, "regression", None, 0.2, True, 0).loss == "squared_error"


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.zeros(9), r"a column for each of two or more labels.*got shape \(9,\)"),
        (np.full((9, 2), 0.5), r"labels are 0 or 1.*y\[0, 0\] is 0.5"),
        (np.tile([1, 0], (9, 1)), r"at least one label must vary; all 9 rows of y are \[1, 0\]"),
    ],
)
def test_what_are_no_labels_is_refused(y: np.ndarray, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        search(np.arange(9.0)[:, None], y, task="multilabel", **QUICK)


def test_class_weights_and_other_validation_labels_are_refused() -> None:
    x, y = weather(30)
    with pytest.raises(InvalidInputError, match="class_weight needs one class label for each row"):
        search(x, y, class_weight="balanced", **QUICK)
    other = y.copy()
    other[1, 2] = 3
    with pytest.raises(InvalidInputError, match=r"validation y\[1, 2\] is 3"):
        search(x, y, validation_data=(x, other), **QUICK)


@pytest.mark.parametrize("weighted", [False, True])
def test_losses_of_validation_rows_are_those_of_each_row(weighted: bool) -> None:
    data = prepare(*weather(60), "auto", None, 0.3, True, 0)
    weights = np.linspace(0.5, 2, len(data.x_valid)) if weighted else None
    data = replace(data, weights_valid=weights)
    net = SpectralNetwork.initialize([3, 4, 3], dtype="float64", seed=1)
    losses = [net.loss(data.x_valid[i : i + 1], data.y_valid[i : i + 1], data.loss) for i in range(len(data.x_valid))]
    assert ValidationLoss(data, net)(net) == pytest.approx(np.average(losses, weights=weights), rel=1e-12)
    counted, n = np.ones(len(losses)) if weights is None else weights, len(losses)
    parts = counted * (np.array(losses) - np.average(losses, weights=weights))
    error = math.sqrt(n / (n - 1) * (parts**2).sum()) / counted.sum()
    assert data.standard_error(net) == pytest.approx(error, rel=1e-12)
    rates = [(data.y[:, label].sum() + 1) / (len(data.y) + 2) for label in range(3)]
    constant = [
        -np.mean([math.log(rate if one else 1 - rate) for rate, one in zip(rates, row, strict=True)])
        for row in data.y_valid
    ]
    assert data.constant_loss() == pytest.approx(np.average(constant, weights=weights), rel=1e-12)


@given(st.integers(0, 10**6))
@settings(deadline=None, max_examples=20)
def test_a_row_counts_where_all_its_labels_are_right(seed: int) -> None:
    net = sparse_network(seed, (3, 2, 2), density=0.8)
    generator = np.random.default_rng(seed)
    x, y = generator.normal(size=(12, 2)), generator.integers(0, 2, (12, 2)).astype(float)
    samples = Samples.of(x, y, "binary_cross_entropy", True, net.weights.dtype.name)
    z = samples.forward(net)
    assert values(samples, net).tolist() == [
        float(all((z[row, label] > 0) == (y[row, label] == 1) for label in range(2))) for row in range(12)
    ]


@pytest.mark.parametrize("strategy", ["smallest", "neurons", "seed", "grow"])
def test_each_strategy_learns_labels(strategy: str) -> None:
    x, y = weather()
    some = search(x, y, strategy=strategy, **QUICK)
    fresh, truth = weather(200, seed=1)
    prediction = some.predict(fresh)
    assert prediction.shape == truth.shape
    assert prediction.dtype == np.int64
    assert some.score(fresh, truth) == pytest.approx(accuracy_score(truth, prediction))
    sets, counts = np.unique(truth, axis=0, return_counts=True)
    assert len(sets) > 4
    assert some.score(fresh, truth) > counts.max() / len(truth) + 0.1
    np.testing.assert_array_equal(some.predict_proba(fresh) > 0.5, prediction == 1)


def test_probabilities_are_those_of_each_label_alone(found: SearchResult) -> None:
    x, _ = weather(20, seed=2)
    z = found.predictor.raw(x)
    truth = [[1 / (1 + math.exp(-one)) for one in row] for row in z.tolist()]
    np.testing.assert_allclose(found.predict_proba(x), truth, rtol=1e-12)


def test_the_report_names_task_score_and_constant(found: SearchResult) -> None:
    text = found.report.to_text()
    assert text.startswith(
        "data: multi-label classification of rain, wind, hail; 192 training, 48 validation samples\n"
    )
    assert "taken as several labels for each row" in text
    assert "  subset accuracy    error" in text
    x, y = weather(150, seed=3)
    scored = found.with_test_scores(x, y).report
    assert scored.roc_auc is not None
    assert scored.roc_auc > 0.9
    assert "ROC AUC, the mean over the labels, on test rows (a constant: 0.5)" in scored.to_text()
    _, counts = np.unique(y, axis=0, return_counts=True)
    assert scored.constant_score == counts.max() / 150
    assert found.predictor.score(x, y, np.arange(150)) == pytest.approx(
        accuracy_score(y, found.predict(x), sample_weight=np.arange(150))
    )


def test_a_constant_is_compared_row_by_row(found: SearchResult) -> None:
    x, y = weather(100, seed=4)
    assert better_than_constant(found.predictor, x, y)
    assert not better_than_constant(found.predictor, x, np.tile(y[0], (100, 1)))
    weights = np.zeros(100)
    weights[(y == y[0]).all(axis=1)] = 1
    assert constant_score(found.predictor, y, weights) == 1


def test_files_and_pruning_keep_the_labels(found: SearchResult, tmp_path: Path) -> None:
    x, y = weather(100, seed=5)
    found.save(tmp_path)
    again = Predictor.load(tmp_path / "model.npz")
    np.testing.assert_array_equal(again.predict(x), found.predict(x))
    assert again.target_names == NAMES
    pruned = found.prune(tolerance=0.05)
    assert pruned.predict(x).shape == y.shape
    assert pruned.score(x, y) > 0.7


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table, t.csv, whose labels are words, and a search on it, s/."""
    pytest.importorskip("matplotlib", reason="the extra `full` (matplotlib) is not installed")
    folder = tmp_path_factory.mktemp("labels")
    x, y = weather(150)
    words = np.where(y == 1, "yes", "no")
    with open(folder / "t.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("a", "b", "c", *NAMES), *np.hstack([x.round(6), words]).tolist()])
    arguments = ["--hidden", "5", "--epochs", "20", "--strategy", "seed", "--html", "--quiet", "--compare"]
    assert (
        main(["search", str(folder / "t.csv"), "--target", ",".join(NAMES), *arguments, "--out", str(folder / "s")])
        == 0
    )
    return folder


def test_the_commands_take_columns_of_labels(home: Path, capsys: Any) -> None:
    report = json.loads((home / "s/report.json").read_text(encoding="utf-8"))
    assert report["task"] == "multilabel"
    assert report["target"] == "rain, wind, hail"
    assert report["peer"]["name"].startswith("scikit-learn MLPClassifier")
    assert "multi-label classification" in (home / "s/report.html").read_text(encoding="utf-8")
    model, table = str(home / "s/model.npz"), str(home / "t.csv")
    for options, count in (([], {"0", "1"}), (["--proba"], None)):
        assert main(["predict", model, table, *options]) == 0
        header, *rows = list(csv.reader(capsys.readouterr().out.splitlines()))
        assert header == list(NAMES)
        assert len(rows) == 150
        assert count is None or {cell for row in rows for cell in row} == count
    assert main(["score", model, table, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert list(record["scores"]) == ["subset_accuracy", "label_accuracy", "roc_auc"] == list(record["best_constant"])
    assert main(["prune", model, table, "--out", str(home / "p"), "--quiet"]) == 0
    assert main(["inspect", str(home / "p/pruned.npz")]) == 0
    assert "rain, wind, hail" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("rain", "a column for each of two or more labels"),
        ("rain,a", "labels are 0 or 1"),
    ],
)
def test_a_table_without_several_labels_is_refused(home: Path, capsys: Any, target: str, message: str) -> None:
    command = ["search", str(home / "t.csv"), "--task", "multilabel", "--target", target, "--out", str(home / "no")]
    assert main(command) == 2
    assert message in capsys.readouterr().err
    assert not (home / "no").exists()


def test_the_estimator_searches_for_labels(tmp_path: Path) -> None:
    x, y = weather()
    model = SpectralClassifier(6, max_iter=30, random_state=0, search_options={"sizes": (6, 12)}).fit(x, y)
    fresh, truth = weather(200, seed=1)
    assert model.score(fresh, truth) == accuracy_score(truth, model.predict(fresh)) > 0.6
    assert model.predict_proba(fresh).shape == truth.shape
    assert model.classes_.tolist() == [0, 1, 2]
    model.save(tmp_path / "m.npz")
    np.testing.assert_array_equal(Predictor.load(tmp_path / "m.npz").predict(fresh), model.predict(fresh))
    assert model.prune(x, y).predict(fresh).shape == truth.shape
