"""Scores beside the best constant's, and the sentences on what was not learned."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from statistics import mean, stdev
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from spectral_core.architecture import judging
from spectral_core.architecture.curve import Judged, JudgingRows, paired_difference
from spectral_core.architecture.judging import Judgement
from spectral_core.architecture.result import SearchResult
from spectral_core.architecture.search import search
from spectral_core.errors import InvalidInputError
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.wording import counted

QUICK: dict[str, Any] = {"hidden": (4,), "epochs": 5, "strategy": "seed", "eigenvector_penalties": (0.0,)}


CONSTANT = SpectralNetwork.initialize([1, 1])


def model(task: str, predictions: Any, classes: tuple[Any, ...] = ()) -> Any:
    """What `better_than_constant` asks of a predictor."""
    return SimpleNamespace(task=task, classes=classes, predict=lambda X: np.asarray(predictions))


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=2, max_size=40))
def test_better_than_a_constant_is_a_paired_test(pairs: list[tuple[str, str]]) -> None:
    truth, predicted = [one for one, _ in pairs], [other for _, other in pairs]
    most = max(sorted(set(truth)), key=truth.count)
    gains = [(one != most) - (one != other) for one, other in pairs]
    error = stdev(gains) / len(gains) ** 0.5
    assume(abs(mean(gains) - error) > 1e-9)  # rounding decides there
    expected = mean(gains) > error
    judge = model("classification", predicted, ("a", "b", "c"))
    assert judging.better_than_constant(judge, np.zeros((len(pairs), 1)), np.array(truth)) == expected


def test_a_regression_is_compared_with_the_mean() -> None:
    y = np.random.default_rng(0).normal(5, 2, 200)
    x = np.zeros((200, 1))
    assert not judging.better_than_constant(model("regression", np.full(200, y.mean())), x, y)
    assert judging.better_than_constant(model("regression", y + 0.1), x, y)
    assert not judging.better_than_constant(model("regression", -y), x, y)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 1), st.integers(0, 4)), min_size=4, max_size=20))
def test_a_weight_of_a_row_counts_as_that_many_rows(rows: list[tuple[str, float, int]]) -> None:
    truth, shares = np.array([label for label, _, _ in rows]), np.array([share for _, share, _ in rows])
    weights = np.array([weight for _, _, weight in rows])
    again = np.repeat(np.arange(len(rows)), weights)
    assume(len(set(truth[again])) == 2)
    x = np.column_stack([1 - shares, shares])
    judge: Any = SimpleNamespace(
        task="classification",
        classes=("a", "b"),
        predict=lambda X: np.array(["a", "b"])[X.argmax(axis=1)],
        predict_proba=lambda X: X,
        network=CONSTANT,
    )
    one, many = (
        Judgement.of(judge, x, truth, "test", weights.astype(float)),
        Judgement.of(judge, x[again], truth[again], "test"),
    )
    for name in ("constant_score", "balanced_accuracy", "roc_auc"):
        assert getattr(one, name) == pytest.approx(getattr(many, name)), name


@given(st.integers(0, 999), st.sampled_from([0.25, 1.0, 8.0]))
def test_equal_weights_are_no_weights(seed: int, weight: float) -> None:
    generator = np.random.default_rng(seed)
    x, y, labels = np.zeros((12, 1)), generator.normal(size=12), generator.choice(["a", "b"], 12)
    for judge, truth in (
        (model("regression", y + generator.normal(size=12)), y),
        (model("classification", generator.choice(["a", "b"], 12), ("a", "b")), labels),
    ):
        weighted = judging.better_than_constant(judge, x, truth, np.full(12, weight))
        assert weighted == judging.better_than_constant(judge, x, truth)


def test_what_is_better_than_a_constant_depends_on_the_weights() -> None:
    x, truth = np.zeros((100, 1)), np.array(["rare"] * 10 + ["often"] * 90)
    judge = model("classification", ["rare"] * 30 + ["often"] * 70, ("often", "rare"))
    assert not judging.better_than_constant(judge, x, truth)
    assert judging.better_than_constant(judge, x, truth, np.where(truth == "rare", 5.0, 5 / 9))
    y, first = np.random.default_rng(0).normal(size=100), np.arange(100) < 50
    partly = model("regression", np.where(first, y, 5.0))
    assert not judging.better_than_constant(partly, x, y)
    assert judging.better_than_constant(partly, x, y, np.where(first, 1.0, 1e-4))


def test_a_search_with_weights_of_classes_is_judged_by_them() -> None:
    generator = np.random.default_rng(3)
    x = generator.normal(size=(300, 2))
    labels = np.where(x[:, 0] > 1.2, "rare", "often")
    for strategy in ("seed", "smallest"):
        options = QUICK | {"strategy": strategy, "class_weight": "balanced"}
        if strategy == "smallest":
            options = options | {"sizes": (2,)}
            del options["eigenvector_penalties"]
        found = search(x, labels, **options).report
        assert found.constant_score == pytest.approx(0.5, abs=0.06), strategy


def test_one_hot_labels_are_said() -> None:
    generator = np.random.default_rng(3)
    x = generator.normal(size=(90, 2))
    hot = np.eye(3)[np.arange(90) % 3]
    told = "y has 3 one-hot columns: taken as classes"
    report = search(x, hot, **QUICK).report
    assert report.remarks == [told]
    assert told in report.to_text().splitlines()
    columns = [{"column": "a", "kind": "number", "became": "a number", "remark": ""}]
    assert search(x, hot, **QUICK).with_columns(columns, ["read"]).report.remarks == [told, "read"]
    assert search(x, hot, task="regression", **QUICK).report.remarks == []
    frame = {"colour": np.array(["red", "blue"] * 45, object), "size": x[:, 0]}
    assert search(pd.DataFrame(frame), hot, **QUICK).report.remarks == [told], "columns that are encoded keep it"


def test_test_rows_count_by_their_weights() -> None:
    found, generator = noise(), np.random.default_rng(2)
    x, labels = generator.normal(size=(40, 3)), np.array(["fraud", "fine"] * 20)
    weights = np.tile([3.0, 1.0], 20)
    report = found.with_test_scores(x, labels, sample_weight=weights).report
    assert report.constant_score == 0.75
    assert report.test_score_after == pytest.approx(np.average(found.predict(x) == labels, weights=weights))
    with pytest.raises(InvalidInputError, match="sample_weight must not be negative"):
        found.with_test_scores(x, labels, sample_weight=-weights)


@cache
def noise() -> SearchResult:
    generator = np.random.default_rng(1)
    x, labels = generator.normal(size=(300, 3)), generator.random(300) < 0.03
    return search(x, np.where(labels, "fraud", "fine"), target_names=["kind"], **QUICK).with_test_scores(
        x, np.where(labels, "fraud", "fine")
    )


def test_a_report_says_when_a_constant_is_as_good() -> None:
    report = noise().report
    assert report.constant_score == pytest.approx(np.mean(noise().predict(np.zeros((1, 3))) == "fine"), abs=0.06)
    assert len(report.sentences) == 1
    assert (
        "the best constant is as good on the 300 test rows" in report.sentences[0] or "constant" in report.sentences[0]
    )
    text = report.to_text()
    assert report.sentences[0] in text.splitlines()[1]
    assert f"{report.constant_score:.5f}      accuracy of the best constant on test rows" in text
    assert report.balanced_accuracy is not None
    assert 0.4 < report.balanced_accuracy <= 1
    assert report.roc_auc is not None


def test_a_network_without_weights_learned_nothing() -> None:
    x, y = np.random.default_rng(0).normal(size=(120, 2)), np.random.default_rng(5).normal(size=120)
    found = search(x, y, **QUICK)
    empty = found.compact_predictor.network.with_parameters(np.zeros_like(found.compact.parameters))
    judged = Judgement.of(replace(found.compact_predictor, network=empty), x, y, "test")
    assert judged.sentences == [judging.NOTHING]
    # On a curve the values of rows are compared with the constant's, here with a standard error of about 0.1.
    values, constant = np.resize([-1.0, 1.0], 120), Judged(0, np.zeros(120), -1)
    learned_nothing = replace(found.compact_predictor, network=empty)
    for beside in (constant, None):
        assert Judgement.of_curve(learned_nothing, Judged(1, values, 0), beside).sentences == [judging.NOTHING]
    assert judging.is_constant(found.predictor) is False
    assert judging.is_constant(replace(found.predictor, network=empty))
    learned = search(x, x[:, 0], **QUICK | {"epochs": 40}).compact_predictor
    assert not judging.is_constant(learned)
    worse = Judgement.of_curve(learned, Judged(1, values - 0.5, 0), constant)
    assert worse.sentences == ["the best constant is as good on the validation rows (R² -0.5 beside 0)"]
    assert worse.constant_score == 0
    for score, said in ((0.05, 1), (0.2, 0), (0.5, 0)):
        assert len(Judgement.of_curve(learned, Judged(1, values + score, 0), constant).sentences) == said


def test_the_first_lines_say_task_target_classes_and_what_was_left_out() -> None:
    columns = [
        {"column": "id", "kind": "identifier", "became": "left out: it counts the rows", "remark": ""},
        {"column": "age", "kind": "number", "became": "a number", "remark": "read with a decimal comma"},
    ]
    lines = noise().with_columns(columns, ["the file has no header"]).report.to_text().splitlines()
    assert lines[0].startswith(
        "data: classification of kind in 2 classes (fine, fraud); 240 training, 60 validation, 300 test"
    )
    assert lines[1] == "left out: id (it counts the rows)"
    assert lines[2:4] == ["the file has no header", "age: read with a decimal comma"]
    size = next(line for line in lines if line.startswith("found "))
    assert size.startswith(f"found {noise().report.weights} weights (biases included), instead of 32 (every pair")


def test_every_sign_of_the_report_has_a_line_of_legend() -> None:
    text = noise().report.to_text()
    for sign in ("kept ", "W_i,j ", "norm ", "‖Γ‖ ", "λ "):
        assert any(line.startswith(sign) for line in text.splitlines()[-7:]), sign
    assert "error " not in text, "no curve, no legend of its errors"
    assert "live" not in text, "inspect uses the word for something else"


def test_the_new_numbers_survive_json() -> None:
    report = noise().with_command("spectral-core search x.csv").report
    again = json.loads(report.to_json())
    for name in (
        "target",
        "classes",
        "constant_score",
        "balanced_accuracy",
        "roc_auc",
        "sentences",
        "command",
        "inputs",
    ):
        assert again[name] == getattr(report, name), name
    assert again["settings"] == {"hidden": [4], "epochs": 5, "strategy": "seed", "eigenvector_penalties": [0.0]}


def test_results_are_short_to_look_at() -> None:
    found = noise()
    for item in (found, found.report, found.predictor, found.history, found.network, found.compact):
        assert len(repr(item).splitlines()) <= 3
        assert len(repr(item)) < 400
    assert "accuracy on test rows" in repr(found)
    pruned = found.prune(fraction=0.5)
    assert len(repr(pruned).splitlines()) <= 3
    assert repr(pruned).startswith("PrunedPredictor(4-")


def test_pictures_go_into_axes_and_give_the_figure(tmp_path: Any) -> None:
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    found = noise()
    for draw in (found.plot, found.predictor.plot, found.network.plot, found.compact.plot, found.history.plot):
        figure = Figure()
        axes = figure.subplots()
        assert draw(ax=axes) is figure
        assert axes.has_data() or axes.texts
        assert len(draw().axes) >= 1
        draw(tmp_path / "one.svg")
        assert (tmp_path / "one.svg").stat().st_size > 1000
        with pytest.raises(InvalidInputError, match="give path or ax, not both"):
            draw(tmp_path / "two.svg", ax=axes)
        with pytest.raises(InvalidInputError, match="ax must be the axes of a figure of matplotlib; got int"):
            draw(ax=3)
    assert not (tmp_path / "two.svg").exists()
    found.plot(tmp_path / "named.svg")
    text = (tmp_path / "named.svg").read_text(encoding="utf-8")
    for name in ("x1", "x3", "fraud", "fine", "bias"):
        assert f"<!-- {name} -->" in text


def test_a_search_tells_its_progress(capsys: pytest.CaptureFixture[str]) -> None:
    x = np.random.default_rng(0).normal(size=(60, 2))
    search(x, x[:, 0], verbose=True, name="line", **QUICK)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "search line: begins; kernels that are not compiled yet are compiled now, once"
    assert any(line.startswith("search line: 100 %") for line in lines)
    told: list[str] = []
    search(x, x[:, 0], verbose=True, progress=lambda done, total, text: told.append(text), **QUICK)
    assert told
    assert capsys.readouterr().err == "", "an own progress takes the place of the lines"
    with pytest.raises(InvalidInputError, match="verbose"):
        search(x, x[:, 0], verbose=2, **QUICK)  # type: ignore[arg-type]


def test_numbers_with_nouns() -> None:
    assert [counted(n, "bias", "biases") for n in (0, 1, 1234)] == ["0 biases", "1 bias", "1,234 biases"]


def test_a_network_is_compared_with_the_constant_as_sizes_are() -> None:
    """The decision is that of the paired difference of two sizes, also of targets with few large values."""
    rng, better = np.random.default_rng(0), 0
    for _ in range(300):
        y = rng.standard_t(1.5, size=(8, 2))
        prediction = rng.uniform(0, 0.4) * y + rng.normal(size=(8, 2)) * rng.uniform(0, 0.5)
        squares = (y - y.mean(axis=0)) ** 2
        variance = squares.mean(axis=0)
        judges = replace(JudgingRows.alike(8), spread=squares / variance)
        network, constant = (Judged(1, 1 - part / variance, 0, judges) for part in ((y - prediction) ** 2, squares))
        gain, error = paired_difference(network, constant)
        model: Any = SimpleNamespace(task="regression", predict=lambda X, found=prediction: found)
        assert judging.better_than_constant(model, np.zeros((8, 1)), y) == (gain > error)
        better += gain > error
    assert 0 < better < 300
