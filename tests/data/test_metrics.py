"""Scores against brute force, and constants that no other constant beats."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_core.data import metrics

pytest.importorskip("sklearn", reason="scikit-learn is not installed: pip install -e '.[full]'")


@given(st.integers(0, 999), st.integers(2, 4), st.integers(1, 30))
@settings(deadline=None, max_examples=60)
def test_scores_of_classes_are_those_of_counting(seed: int, classes: int, rows: int) -> None:
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, classes, rows)
    probabilities = generator.dirichlet(np.ones(classes), rows).round(1)  # with ties
    predicted = probabilities.argmax(axis=1)
    found = metrics.class_scores(truth, predicted, probabilities)
    assert found["accuracy"] == pytest.approx(np.mean(truth == predicted))
    recalls = [np.mean(predicted[truth == label] == label) for label in np.unique(truth)]
    assert found["balanced_accuracy"] == pytest.approx(np.mean(recalls))
    assert ("roc_auc" in found) == (classes == 2)
    if classes == 2:
        ones, zeros = probabilities[truth == 1, 1], probabilities[truth == 0, 1]
        if len(ones) and len(zeros):
            wins = np.mean([(one > zero) + 0.5 * (one == zero) for one in ones for zero in zeros])
            assert found["roc_auc"] == pytest.approx(wins)
        else:
            assert found["roc_auc"] is None
    constant = metrics.constant_class_scores(truth, classes)
    assert constant["accuracy"] == pytest.approx(max(np.mean(truth == label) for label in range(classes)))
    assert constant["balanced_accuracy"] == pytest.approx(1 / len(np.unique(truth)))


@given(st.integers(0, 999), st.integers(1, 3), st.integers(1, 12))
@settings(deadline=None, max_examples=60)
def test_scores_of_numbers_are_those_of_their_definitions(seed: int, outputs: int, rows: int) -> None:
    generator = np.random.default_rng(seed)
    truth, predicted = generator.normal(size=(2, rows, outputs)) * 10.0 ** generator.integers(-3, 4, outputs)
    found = metrics.number_scores(truth, predicted)
    errors = truth - predicted
    assert found["rmse"] == pytest.approx(np.mean(np.sqrt(np.mean(errors**2, axis=0))))
    assert found["mae"] == pytest.approx(np.mean(np.abs(errors)))
    if rows == 1:
        assert found["r2"] is None
    else:
        assert found["r2"] == pytest.approx(np.mean(1 - (errors**2).mean(axis=0) / truth.var(axis=0)))
    constant = metrics.constant_number_scores(truth)
    for value in (predicted[0], truth[0], truth.mean(axis=0), np.median(truth, axis=0)):
        other = metrics.number_scores(truth, np.broadcast_to(value, truth.shape))
        for name in ("rmse", "mae"):
            assert constant[name] <= other[name] * (1 + 1e-12) + 1e-300  # type: ignore[operator]


def test_targets_that_do_not_vary_have_no_r2() -> None:
    assert metrics.number_scores(np.ones((5, 1)), np.zeros((5, 1)))["r2"] is None
    assert metrics.constant_number_scores(np.ones((5, 1)))["r2"] is None


def test_the_share_of_classes_found() -> None:
    logits = np.array([[0.0, 2.0, 1.0], [3.0, 1.0, 2.0], [0.0, 1.0, 5.0], [1.0, 0.0, 0.0]])
    assert metrics.share_found(logits, np.array([1, 0, 0, 0])) == 0.75


def test_the_standard_error_is_that_of_repeated_draws() -> None:
    """The deviation of a weighted mean over many draws, and of one whose rows come several times each."""
    rng = np.random.default_rng(0)
    for groups in (None, np.repeat(np.arange(50), 3)):
        count = 50 if groups is None else 150
        means, errors = [], []
        for _ in range(600):
            weights = rng.uniform(0.2, 3, 50)
            values = rng.normal(size=50) if groups is None else rng.normal(size=50)[groups]
            weights = weights if groups is None else weights[groups]
            means.append(np.average(values, weights=weights))
            errors.append(metrics.standard_error(values, weights, groups))
        assert len(values) == count
        assert np.mean(errors) == pytest.approx(np.std(means), rel=0.1)


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=20))
def test_equal_weights_give_the_usual_standard_error(values: list[float]) -> None:
    rows = np.array(values)
    usual = rows.std(ddof=1) / np.sqrt(len(rows))
    assert metrics.standard_error(rows) == pytest.approx(usual, abs=1e-12)
    assert metrics.standard_error(rows, np.full(len(rows), 0.3)) == pytest.approx(usual, abs=1e-12)
    assert metrics.standard_error(rows[:1]) == 0
