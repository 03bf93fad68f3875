"""Data that calibrate a network in integers, and what it loses on them."""

from __future__ import annotations

from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.data.scaling import Scaling
from spectral_core.errors import InvalidInputError
from spectral_core.exchange.integers import IntegerRows, quantised
from spectral_core.exchange.rows import rows_of
from spectral_core.networks.compact import CompactNetwork
from spectral_core.networks.predictor import Predictor
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.wording import counted

Model = SpectralNetwork | CompactNetwork | Predictor


def integers_of(model: Model, calibration: Any) -> IntegerRows:
    """The network in integers, calibrated by X or (X, y)."""
    x = _features(model, calibration)
    if not len(x):
        raise InvalidInputError("calibration needs at least one row; got none")
    scaling = model.inputs if isinstance(model, Predictor) else Scaling.none(x.shape[1])
    return quantised(rows_of(model, folded=False), scaling.transform(x), scaling.mean, scaling.deviation)


def _features(model: Model, calibration: Any) -> np.ndarray:
    """X (samples, n_features) in the units of the data, checked."""
    given = calibration[0] if isinstance(calibration, tuple) else calibration
    if isinstance(model, Predictor):
        return np.asarray(model.encoded(given), np.float64)
    return checks.features(given, np.float64, model.n_features, "calibration X")


def predicted(model: Predictor, net: IntegerRows, x: np.ndarray) -> np.ndarray:
    """Labels, or targets (samples, outputs) in the units of the data, of the integers.

    By hand: undoes the scale of the integers. Checked by test_c_int8.test_the_head_names_the_scores_of_the_rows_given.
    """
    z = net.outputs(net.inputs(x))
    return np.asarray(model.classes)[z.argmax(axis=1)] if model.task == "classification" else z * net.unit


def measured(model: Model, net: IntegerRows, calibration: Any) -> list[str]:
    """Sentences on the scores on the calibration rows, where they have targets.

    By hand: accuracy and R² of predictions. Checked by test_c_int8.test_the_head_names_the_scores_of_the_rows_given.
    """
    if not isinstance(model, Predictor) or not isinstance(calibration, tuple):
        return ["The loss of score was not measured: the calibration had no targets."]
    x, y = _features(model, calibration), calibration[1]
    ours, rows = predicted(model, net, x), counted(len(x), "row")
    if model.task == "classification":
        score, same = float(np.mean(ours == np.asarray(y))), float(np.mean(ours == model.predict(x)))
        return [
            f"Accuracy on the {rows} of the calibration: {score:.4f} (the model: {model.score(x, y):.4f}); "
            f"the same class in {100 * same:.2f} % of them."
        ]
    truth = np.asarray(y, np.float64).reshape(len(x), -1)
    r2 = 1 - np.square(truth - ours).mean(axis=0) / np.square(truth - truth.mean(axis=0)).mean(axis=0)
    return [f"R2 on the {rows} of the calibration: {float(r2.mean()):.4f} (the model: {model.score(x, y):.4f})."]
