"""Scores of predictions, and those of the best constant, by scikit-learn's metrics."""

from __future__ import annotations

from typing import Any

import numpy as np

from spectral_core.checks import optional
from spectral_core.data.targets import encode_labels, label_matrix, real_targets

TITLES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "roc_auc": "ROC AUC",
    "subset_accuracy": "subset accuracy",
    "label_accuracy": "label accuracy",
    "r2": "R²",
    "rmse": "RMSE",
    "mae": "MAE",
}
"""The names of the scores for people."""


def share_found(logits: np.ndarray, truth: np.ndarray) -> float:
    """The share of rows whose largest logit is that of their class.

    logits : (samples, classes). truth : class indices (samples,).

    By hand: a share of rows. Checked by test_metrics.test_the_share_of_classes_found.
    """
    return float(np.mean(logits.argmax(1) == truth))


def standard_error(values: np.ndarray, weights: np.ndarray | None = None, groups: np.ndarray | None = None) -> float:
    """The standard error of the weighted mean Σ w v / Σ w of some rows; 0 for one row.

    It is √(n/(n - 1) Σ_g (Σ_(s in g) w_s (v_s - mean))²) / Σ w with n groups: rows of one group, such as one row that was
    judged several times, are not independent. With equal weights and each row on its own it is the deviation over √n.

    Parameters
    ----------
    values, weights : (rows,); no weights are equal ones.
    groups : numbers (rows,) from 0; by default each row is a group.

    By hand: a statistic of rows. Checked by test_metrics.test_the_standard_error_is_that_of_repeated_draws.
    """
    weights = np.ones(len(values)) if weights is None else weights.astype(np.float64)
    parts = weights * (values - np.average(values, weights=weights))
    if groups is not None:
        parts = np.bincount(groups, parts)
    if len(parts) < 2:
        return 0.0
    return float(np.sqrt(np.square(parts).sum() * (len(parts) / (len(parts) - 1))) / weights.sum())


def class_scores(
    truth: np.ndarray, predicted: np.ndarray, probabilities: np.ndarray | None, weights: np.ndarray | None = None
) -> dict[str, float | None]:
    """Accuracy and balanced accuracy of class indices; with two classes ROC AUC.

    Parameters
    ----------
    truth, predicted : class indices (samples,).
    probabilities : (samples, classes); None leaves ROC AUC out.
    weights : of the rows (samples,), all positive; each row counts by its weight.

    Returns
    -------
    scores : by name; a score that is not defined on these rows, such as ROC AUC of one class, is None.
    """
    metrics = optional("sklearn.metrics", "scores")
    present = np.unique(truth)
    of_all = {"sample_weight": weights}
    recall = metrics.recall_score(truth, predicted, labels=present, average="macro", zero_division=0, **of_all)
    scores: dict[str, float | None] = {
        "accuracy": float(metrics.accuracy_score(truth, predicted, **of_all)),
        "balanced_accuracy": float(recall),  # the mean over the classes of these rows
    }
    if probabilities is not None and probabilities.shape[1] == 2:
        both = len(present) == 2
        scores["roc_auc"] = float(metrics.roc_auc_score(truth, probabilities[:, 1], **of_all)) if both else None
    return scores


def constant_class_scores(
    truth: np.ndarray, classes: int, weights: np.ndarray | None = None
) -> dict[str, float | None]:
    """The scores of the most frequent class of these rows; no constant has a greater accuracy."""
    counts = np.bincount(truth, weights, minlength=classes)
    chance = np.full((len(truth), classes), 1 / classes)
    return class_scores(truth, np.full(len(truth), counts.argmax()), chance, weights)


def label_scores(
    truth: np.ndarray, probabilities: np.ndarray, weights: np.ndarray | None = None
) -> dict[str, float | None]:
    """Scores of several labels (samples, labels), each 0 or 1; a label is predicted where its probability is above one half.

    Returns
    -------
    scores : ``subset_accuracy``, the share of rows with all labels right; ``label_accuracy``, the share of right labels,
        1 - Hamming loss; ``roc_auc``, the mean over the labels that have both values on these rows, None without any.

    By hand: scores of predictions. Checked by test_several_labels.test_scores_of_labels_are_those_of_counting.
    """
    metrics = optional("sklearn.metrics", "scores")
    predicted, of_all = probabilities > 0.5, {"sample_weight": weights}
    both = np.flatnonzero(truth.min(axis=0) < truth.max(axis=0))
    curves = [metrics.roc_auc_score(truth[:, label], probabilities[:, label], **of_all) for label in both]
    return {
        "subset_accuracy": float(metrics.accuracy_score(truth, predicted, **of_all)),
        "label_accuracy": float(1 - metrics.hamming_loss(truth, predicted, **of_all)),
        "roc_auc": float(np.mean(curves)) if curves else None,
    }


def constant_label_scores(truth: np.ndarray, weights: np.ndarray | None = None) -> dict[str, float | None]:
    """The subset accuracy of the most frequent set of labels, and the label accuracy of the majority of each label.

    By hand: scores of a constant. Checked by test_several_labels.test_scores_of_labels_are_those_of_counting.
    """
    sets, group = np.unique(truth, axis=0, return_inverse=True)
    most = sets[np.bincount(group.ravel(), weights).argmax()]
    whole = label_scores(truth, np.broadcast_to(most, truth.shape), weights)
    shares = np.average(truth, axis=0, weights=weights)
    each = label_scores(truth, np.broadcast_to(shares, truth.shape), weights)
    return each | {"subset_accuracy": whole["subset_accuracy"]}


def number_scores(
    truth: np.ndarray, predicted: np.ndarray, weights: np.ndarray | None = None
) -> dict[str, float | None]:
    """R² (the mean over targets), RMSE and MAE of targets (samples, outputs) in their units; None where R² is not defined."""
    metrics = optional("sklearn.metrics", "scores")
    varies = len(truth) > 1 and bool((truth.min(axis=0) < truth.max(axis=0)).all())
    given = {"sample_weight": weights}
    return {
        "r2": float(metrics.r2_score(truth, predicted, **given)) if varies else None,
        "rmse": float(metrics.root_mean_squared_error(truth, predicted, **given)),
        "mae": float(metrics.mean_absolute_error(truth, predicted, **given)),
    }


def constant_number_scores(truth: np.ndarray, weights: np.ndarray | None = None) -> dict[str, float | None]:
    """The scores of the mean of these rows, and the MAE of their median; no constant has better ones.

    By hand: scores of a constant. Checked by test_metrics.test_scores_of_numbers_are_those_of_their_definitions.
    """
    middle = np.quantile(truth, 0.5, axis=0, method="inverted_cdf", weights=weights)
    constants = (np.average(truth, axis=0, weights=weights), middle)
    mean, median = (number_scores(truth, np.broadcast_to(one, truth.shape), weights) for one in constants)
    return mean | {"mae": median["mae"]}


def scores_of(
    model: Any, X: Any, y: Any, weights: np.ndarray | None = None
) -> tuple[dict[str, float | None], dict[str, float | None]]:
    """The scores of a predictor on rows in the units of the data, and those of the best constant on the same rows.

    Parameters
    ----------
    model : a `Predictor`, or what has its `task`, `classes`, `predict` and `predict_proba`.
    y : labels (samples,), several labels (samples, labels) or targets (samples, outputs).
    weights : of the rows (samples,), all positive; the best constant is that of the weighted rows.

    Raises
    ------
    InvalidInputError : there are no rows, or a label is not among the classes.
    """
    if model.task == "classification":
        truth = encode_labels(y, "the target", model.classes)[0]
        probabilities = model.predict_proba(X)
        found = class_scores(truth, probabilities.argmax(axis=1), probabilities, weights)
        return found, constant_class_scores(truth, len(model.classes), weights)
    if model.task == "multilabel":
        labels = label_matrix(y, "the target")
        return label_scores(labels, model.predict_proba(X), weights), constant_label_scores(labels, weights)
    targets = real_targets(y, "the target")
    predicted = np.asarray(model.predict(X), np.float64).reshape(targets.shape)
    return number_scores(targets, predicted, weights), constant_number_scores(targets, weights)
