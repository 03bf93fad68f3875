"""Data that calibrate a network in integers, and what it loses on them."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.data.scaling import Scaling
from spectral_core.errors import InvalidInputError
from spectral_core.exchange.integers import IntegerRows
from spectral_core.exchange.network_rows import rows_of
from spectral_core.exchange.quantisation import quantised
from spectral_core.networks.compact import CompactNetwork
from spectral_core.networks.predictor import Predictor
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.wording import counted

Model = SpectralNetwork | CompactNetwork | Predictor
SCORES = {"classification": "Accuracy", "multilabel": "Share of rows with all labels right", "regression": "R2"}
"""The name of `Predictor.score`, by task."""


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
    """What the integers predict, in the form of `Predictor.predict`.

    By hand: undoes the scale of the integers. Checked by test_c_int8.test_the_head_names_the_scores_of_the_rows_given.
    """
    z = net.outputs(net.inputs(x))
    if model.task == "classification":
        return np.asarray(model.classes)[z.argmax(axis=1)]
    if model.task == "multilabel":
        return (z > 0).astype(np.int64)
    values = z * net.unit
    return values[:, 0] if values.shape[1] == 1 else values


@dataclass(frozen=True, eq=False)
class InIntegers(Predictor):
    """A predictor that predicts with the integers; its score is counted like that of any other."""

    net: IntegerRows | None = None

    def predict(self, X: Any) -> np.ndarray:
        """Labels, or targets in the units of the data, of the integers."""
        assert self.net is not None
        return predicted(self, self.net, np.asarray(self.encoded(X), np.float64))


def measured(model: Model, net: IntegerRows, calibration: Any) -> list[str]:
    """Sentences on the outputs and the scores of the integers on the calibration rows.

    Raises `InvalidInputError` where the targets do not fit the rows or the model.

    By hand: a difference and two scores of predictions. Checked by test_c_int8.test_the_head_names_the_scores_of_the_rows_given.
    """
    x = _features(model, calibration)
    rows = f"the {counted(len(x), 'row')} of the calibration"
    # The outputs.
    bare = replace(model, encoder=None) if isinstance(model, Predictor) else model
    if isinstance(bare, Predictor):
        truth = bare.raw(x)
        truth = bare.outputs.inverse_transform(truth) if bare.task == "regression" else truth
    else:
        truth = bare.forward(x).astype(np.float64)
    away = float(np.abs(net.outputs(net.inputs(x)) * net.unit - truth).max(initial=0.0))
    lines = [
        f"On {rows} an output differs by at most {away:.3g} from the model's, which reach {np.abs(truth).max():.3g}."
    ]
    # The scores.
    if not isinstance(bare, Predictor) or not isinstance(calibration, tuple):
        return [*lines, "The loss of score was not measured: the calibration had no targets."]
    whole = InIntegers(**{field.name: getattr(bare, field.name) for field in fields(bare)}, net=net)
    ours, score, name = whole.score(x, calibration[1]), bare.score(x, calibration[1]), SCORES[bare.task]
    if np.isnan(score):
        return [*lines, "R2 is not defined: a target of the calibration does not vary."]
    text = f"{name} on {rows}: {ours:.4f} (the model: {score:.4f})"
    if bare.task == "regression":
        return [*lines, f"{text}."]
    same = (whole.predict(x) == bare.predict(x)).reshape(len(x), -1).all(axis=1)
    return [*lines, f"{text}; the same prediction in {100 * np.mean(same):.2f} % of them."]
