"""Whether a network is better than a constant on rows that did not fit it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.architecture.curve import Judged, paired_difference
from spectral_core.architecture.numbers import SCORES
from spectral_core.data.metrics import class_scores, constant_class_scores, label_scores, standard_error
from spectral_core.data.targets import encode_labels, label_matrix, real_targets
from spectral_core.networks.compact import CompactNetwork
from spectral_core.networks.predictor import Predictor
from spectral_core.wording import counted

MARGIN = 0.02
"""A balanced accuracy this much above a constant's is worth a word where the accuracy is no better."""


@dataclass(frozen=True)
class Judgement:
    """Scores on the rows that judge a network, beside the best constant's, and sentences; see `Numbers`."""

    constant_score: float | None
    balanced_accuracy: float | None = None
    roc_auc: float | None = None
    sentences: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, model: Predictor, X: Any, y: Any, rows: str, weights: np.ndarray | None = None) -> Judgement:
        """The judgement on rows in the units of the data, which `rows` names; none of them may have fitted the model.

        With `weights` (samples,) each row counts by its weight; rows of weight 0 do not count.
        """
        if weights is not None:
            used = np.flatnonzero(weights)
            X, y, weights = checks.as_array(X, "X")[used], checks.as_array(y, "y")[used], weights[used]
        count = len(X)
        others, chance = cls(constant_score(model, y, weights)), None
        if model.task == "classification":
            truth, probabilities = encode_labels(y, "y", model.classes)[0], model.predict_proba(X)
            scores = class_scores(truth, probabilities.argmax(axis=1), probabilities, weights)
            constant = constant_class_scores(truth, len(model.classes), weights)
            score, chance = scores["accuracy"], constant["balanced_accuracy"]
            others = cls(constant["accuracy"], scores["balanced_accuracy"], scores.get("roc_auc"))
        else:
            score = model.score(X, y, weights)
            if model.task == "multilabel":
                found = label_scores(label_matrix(y, "y"), model.predict_proba(X), weights)
                others = replace(others, roc_auc=found["roc_auc"])
        sentences = []
        if is_constant(model):
            sentences.append(NOTHING)
        elif others.constant_score is not None and not better_than_constant(model, X, y, weights):
            beside = f"{_shown(score)} beside {_shown(others.constant_score)}"
            sentences.append(
                f"the best constant is as good on the {counted(count, f'{rows} row')} ({_title(model)} {beside})"
            )
            balanced = others.balanced_accuracy
            if balanced is not None and chance is not None and balanced > chance + MARGIN:
                sentences[-1] += f"; the balanced accuracy of the network is better, {balanced:.3g} beside {chance:.3g}"
        return replace(others, sentences=sentences)

    @classmethod
    def of_curve(cls, model: Predictor, judged: Judged, constant: Judged | None) -> Judgement:
        """The judgement of a size by the validation rows of all splits, before these fitted it too.

        constant : the best constant on each split's rows; None where R² is not defined.
        """
        if constant is None:
            return cls(None, sentences=[NOTHING] if is_constant(model) else [])
        gain, error = paired_difference(judged, constant)
        score, sentences = round(constant.mean, 12) + 0.0, []  # R² of the mean is 0 but for rounding
        if is_constant(model):
            sentences.append(NOTHING)
        elif gain <= error:
            beside = f"{_shown(judged.mean)} beside {_shown(score)}"
            sentences.append(f"the best constant is as good on the validation rows ({_title(model)} {beside})")
        return cls(score, sentences=sentences)


NOTHING = (
    "nothing was learned: the network that was found is a constant, since the features say nothing that it could use"
)


def is_constant(model: Predictor) -> bool:
    """Whether no feature has a weight in the network."""
    network = model.network
    if isinstance(network, CompactNetwork):
        blocks, first = network.blocks, int((network.neurons[0] < network.n_features).sum())
    else:
        blocks, first = network.transfer_blocks(), network.n_features
    return not any(block[:, :first].any() for (_, sender), block in blocks.items() if sender == 1)


def constant_score(model: Predictor, y: Any, weights: np.ndarray | None = None) -> float | None:
    """The greatest accuracy of a constant on these labels; R² of the mean is 0. None where R² is not defined.

    By hand: the share of a class. Checked by test_judging.test_better_than_a_constant_is_a_paired_test.
    """
    if model.task == "multilabel":
        _, group = np.unique(label_matrix(y, "y"), axis=0, return_inverse=True)
        counts = np.bincount(group.ravel(), weights)
        return float(counts.max() / counts.sum())
    if model.task == "classification":
        counts = np.bincount(encode_labels(y, "y", model.classes)[0], weights)
        return float(counts.max() / counts.sum())
    targets = real_targets(y, "y")
    return 0.0 if bool((targets.min(axis=0) < targets.max(axis=0)).all()) else None


def better_than_constant(model: Predictor, X: Any, y: Any, weights: np.ndarray | None = None) -> bool:
    """Whether the mean of the paired differences of errors from the best constant's exceeds its standard error.

    Errors are 0 or 1 for classes, and for all labels of a row together; for numbers they are squared and divided by the variance of the target. With weights the
    constant, the variance and the mean are weighted, and so is the standard error, as `Judged.error` has it.

    By hand: a statistic of predictions. Checked by test_judging.test_better_than_a_constant_is_a_paired_test.
    """
    prediction, spread = model.predict(X), np.ones((len(y), 1))
    if model.task == "classification":
        labels, found = (encode_labels(values, "y", model.classes)[0] for values in (y, prediction))
        gain = (labels != np.bincount(labels, weights).argmax()).astype(float) - (labels != found)
    elif model.task == "multilabel":
        labels = label_matrix(y, "y")
        sets, group = np.unique(labels, axis=0, return_inverse=True)
        constant = sets[np.bincount(group.ravel(), weights).argmax()]
        gain = (labels != constant).any(axis=1).astype(float) - (labels != prediction).any(axis=1)
    else:
        targets = real_targets(y, "y")
        deviations, errors = (
            targets - np.average(targets, axis=0, weights=weights),
            targets - np.reshape(prediction, targets.shape),
        )
        scale = np.abs(deviations).max(axis=0)
        deviations, errors = deviations / scale, errors / scale
        variance = np.average(np.square(deviations), axis=0, weights=weights)
        spread = np.square(deviations) / variance
        gain = spread - np.square(errors) / variance
    gain = gain.reshape(len(gain), -1)
    means = np.average(gain, axis=0, weights=weights)
    return float(means.mean()) > standard_error((gain - means * spread).mean(axis=1), weights)


def _shown(score: float | None) -> str:
    return "-" if score is None else f"{score:.3g}"


def _title(model: Predictor) -> str:
    """The name of the score."""
    return SCORES[model.task]
