"""Searches inside the estimators: classes without weight, and the labels in results and messages."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from spectral_core import InvalidInputError, Predictor, SpectralClassifier, SpectralRegressor, search

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X = np.random.default_rng(0).normal(size=(120, 3))
LABELS = np.array(["a", "b", "c"])[np.digitize(X[:, 0], [-0.5, 0.5])]
FOUND: dict[str, Any] = {"hidden_layer_sizes": 3, "max_iter": 40, "random_state": 0, "learning_rate_init": 0.01}
GIVEN: dict[str, Any] = {"search": False, "solver": "lbfgs", "hidden_layer_sizes": 3, "random_state": 0}


def fitted(absent: str, by_class: bool = False, **options: Any) -> SpectralClassifier:
    """A classifier of all labels, of which one has the weight 0."""
    if by_class:
        return SpectralClassifier(class_weight={absent: 0.0}, **FOUND | options).fit(X, LABELS)
    return SpectralClassifier(**FOUND | options).fit(X, LABELS, sample_weight=(absent != LABELS) * 1.0)


@pytest.mark.parametrize("by_class", [False, True])
@pytest.mark.parametrize("absent", ["a", "b", "c"])
@pytest.mark.parametrize("options", [{"search": "seed"}, GIVEN])
def test_every_class_of_y_has_a_column(options: dict[str, Any], absent: str, by_class: bool) -> None:
    model = fitted(absent, by_class, **options)
    weighted, column = absent != LABELS, "abc".index(absent)
    assert model.classes_.tolist() == ["a", "b", "c"]
    chances, scores, found = model.predict_proba(X), model.decision_function(X), model.predict(X)
    assert chances.shape == scores.shape == (120, 3)
    assert np.allclose(chances.sum(axis=1), 1)
    for columns in (chances, scores):
        assert np.isfinite(columns).all()
        assert np.array_equal(model.classes_[columns.argmax(axis=1)], found)
    assert model.score(X[weighted], LABELS[weighted]) > 0.95
    assert np.array_equal(model.predictor_.predict(X), found)
    if model.search:
        assert not chances[:, column].any()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert (model.predict_log_proba(X)[:, column] == -np.inf).all()


@pytest.mark.parametrize("strategy", [True, "neurons", "seed", "grow"])
def test_a_class_without_weight_changes_no_other(strategy: Any, tmp_path: Path) -> None:
    """Rows of weight 0 are as rows that are not there, but for a column of zeros."""
    rows = LABELS != "b"
    one = fitted("b", search=strategy)
    other = SpectralClassifier(search=strategy, **FOUND).fit(X[rows], LABELS[rows])
    assert other.classes_.tolist() == ["a", "c"]
    assert np.array_equal(one.predict(X), other.predict(X))
    assert np.array_equal(one.predict_proba(X)[:, [0, 2]], other.predict_proba(X))
    assert one.n_outputs_ == other.n_outputs_ == one.intercepts_[-1].size == 2
    one.save(tmp_path / "m.npz")
    assert np.array_equal(Predictor.load(tmp_path / "m.npz").predict(X), one.predict(X))
    assert one.predictor_.classes == one.result_.predictor.classes == ("a", "c")


def test_rows_of_a_class_without_weight_do_not_prune_or_judge() -> None:
    rows, weights = LABELS != "b", (LABELS != "b") * 1.0
    model = fitted("b", search="seed")
    smaller, other = (model.prune(*data, fraction=0.5) for data in ((X, LABELS), (X[rows], LABELS[rows])))
    assert np.array_equal(smaller.predict_proba(X), other.predict_proba(X))
    assert smaller.predict_proba(X).shape == (120, 3)
    judged = [
        SpectralClassifier(search="seed", **FOUND).fit(X, LABELS, weights, *own)
        for own in ((X, LABELS), (X[rows], LABELS[rows]))
    ]
    assert judged[0].validation_loss_curve_ == judged[1].validation_loss_curve_
    only = X[~rows], LABELS[~rows]
    message = "needs a row of a class that has a weight: 'a', 'c'; all are of others: 'b'"
    with pytest.raises(InvalidInputError, match=f"y_val {message}"):
        SpectralClassifier(search="seed", **FOUND).fit(X, LABELS, weights, *only)
    with pytest.raises(InvalidInputError, match=f"y {message}"):
        model.prune(*only)
    with pytest.raises(InvalidInputError, match=f"validation_data {message}"):
        model.prune(X, LABELS, validation_data=only)
    limits = [
        model.prune(*data, tolerance=0.3, validation_data=data).report_.limit
        for data in ((X, LABELS), (X[rows], LABELS[rows]))
    ]
    assert limits[0] == limits[1]


@pytest.mark.parametrize("labels", [LABELS, LABELS.astype(object), np.digitize(X[:, 0], [-0.5, 0.5]) * 5.0 + 2])
def test_the_result_has_the_labels(labels: np.ndarray) -> None:
    model = SpectralClassifier(search="seed", **FOUND).fit(X, labels)
    assert np.array_equal(model.result_.predict(X), model.predict(X))
    assert list(model.report_.classes) == model.classes_.tolist()


@pytest.mark.parametrize("strategy", [True, "seed"])
def test_a_message_names_the_label(strategy: Any) -> None:
    two = np.where(LABELS == "c", "often", "rare")
    message = re.escape("a search needs at least two classes; y has 1 class with a weight, 'often'")
    with pytest.raises(InvalidInputError, match=message):
        SpectralClassifier(search=strategy, **FOUND).fit(X, two, sample_weight=(two == "often") * 1.0)
    with pytest.raises(InvalidInputError, match="y has 1 class, 'rare'"):
        SpectralClassifier(search=strategy, **FOUND).fit(X, np.full(120, "rare"))


@pytest.mark.parametrize("strategy", [True, False])
def test_weights_that_cancel_each_other_are_refused(strategy: bool) -> None:
    model = SpectralClassifier(search=strategy, class_weight={"a": 0.0, "b": 0.0})
    message = "class_weight and sample_weight give every row the weight 0"
    with pytest.raises(InvalidInputError, match=message):
        model.fit(X, LABELS, sample_weight=(LABELS != "c") * 1.0)
    with pytest.raises(InvalidInputError, match=message):
        search(X, LABELS, class_weight={"a": 0.0, "b": 0.0}, sample_weight=(LABELS != "c") * 1.0)


def test_a_later_part_of_a_class_without_weight_is_refused() -> None:
    model = SpectralClassifier(search=False, class_weight={"b": 0.0}).partial_fit(X, LABELS)
    with pytest.raises(InvalidInputError, match="class_weight gives every row the weight 0"):
        model.partial_fit(X[LABELS == "b"], LABELS[LABELS == "b"])


def imbalanced(seed: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 2))
    return x, np.where(x[:, 0] + rng.normal(size=rows) > 2.2, "rare", "often")


@pytest.mark.parametrize("classes", ["balanced", {"often": 1e-4, "rare": 2e-3}])
def test_classes_weigh_on_rows_of_your_own_as_in_a_search(classes: Any) -> None:
    (x, y), (x_val, y_val) = imbalanced(0, 300), imbalanced(1, 90)
    model = SpectralClassifier(class_weight=classes, **FOUND).fit(x, y, X_val=x_val, y_val=y_val)
    rows = np.lexsort((y == "rare", x[:, 1], x[:, 0]))  # as the estimator orders them
    settings = {"hidden": 3, "epochs": 40, "learning_rate": 0.01, "penalty_strength": 1e-3, "class_weight": classes}
    found = search(x[rows], y[rows], validation_data=(x_val, y_val), seed=model.report_.seed, **settings)
    assert model.report_.score == pytest.approx(found.report.score, abs=1e-3)
    assert model.report_.constant_score == pytest.approx(found.report.constant_score, abs=1e-6)
    assert np.mean(model.predict(x) == found.predict(x)) > 0.98


def test_the_unit_of_sample_weights_does_not_matter_beside_rows_of_your_own() -> None:
    (x, y), (x_val, y_val) = imbalanced(0, 200), imbalanced(1, 60)
    weights = np.linspace(1, 2, 200)
    found = [SpectralClassifier(**FOUND).fit(x, y, weights * unit, x_val, y_val).predict(x) for unit in (1 / 256, 1.0)]
    assert np.array_equal(*found)


def test_repeated_rows_are_weights_also_beside_rows_of_your_own() -> None:
    (x, y), (x_val, y_val) = imbalanced(0, 80), imbalanced(1, 60)
    counts = np.random.default_rng(2).integers(1, 5, 80)
    for classes in (None, {"often": 1.0, "rare": 1.0}, {"often": 1.0, "rare": 5.0}):
        model = SpectralClassifier(class_weight=classes, **FOUND)
        once = model.fit(x, y, counts, x_val, y_val).predict_proba(x)
        many = model.fit(x.repeat(counts, axis=0), y.repeat(counts), X_val=x_val, y_val=y_val).predict_proba(x)
        np.testing.assert_allclose(once, many, rtol=0, atol=1e-5)
        said = [remark for remark in model.report_.remarks if "weights of their classes" in remark]
        assert len(said) == (classes is not None)


def test_targets_of_your_own_rows_are_taken_by_name() -> None:
    targets = pd.DataFrame({"u": 2 * X[:, 0], "v": X[:, 1] + 5})
    options: dict[str, Any] = {
        "hidden_layer_sizes": (),
        "max_iter": 5,
        "random_state": 0,
        "search_options": {"sizes": (2, 4)},
    }
    found = [
        SpectralRegressor(**options).fit(X, targets, X_val=X[:30], y_val=y_val).report_.score
        for y_val in (targets[:30], targets[:30][["v", "u"]])
    ]
    assert found[0] == found[1] > 0.9


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_without_a_search_rows_of_your_own_move_no_weight(solver: str) -> None:
    weights, y = np.full(120, 0.01), X[:, 0] * X[:, 1]
    options: dict[str, Any] = {
        "search": False,
        "solver": solver,
        "hidden_layer_sizes": 3,
        "random_state": 0,
        "alpha": 1.0,
        "max_iter": 20,
    }
    alone = SpectralRegressor(**options).fit(X, y, weights).predict(X)
    beside = SpectralRegressor(**options).fit(X, y, weights, X[:30], y[:30]).predict(X)
    assert np.array_equal(alone, beside)


def test_options_of_a_search_that_parameters_decide_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="search_options names 'epochs', which parameters of the estimator"):
        SpectralClassifier(search_options={"epochs": 5}, **FOUND).fit(X, LABELS)
    with pytest.raises(InvalidInputError, match="search_options names 'class_weight'"):
        SpectralClassifier(search_options={"class_weight": "balanced"}, **FOUND).fit(X, LABELS)
