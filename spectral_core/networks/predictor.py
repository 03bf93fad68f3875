"""A network with the scaling and labels of its data: a search saves it, and predictions use it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import softmax

from spectral_core import checks
from spectral_core.data.scaling import Scaling, power_of_two
from spectral_core.data.targets import TASKS, encode_labels, real_targets
from spectral_core.errors import InvalidInputError, ModelFileError
from spectral_core.files import model_file as files
from spectral_core.networks.compact import CompactNetwork
from spectral_core.networks.spectral import SpectralNetwork

PARTS = ("training", "validation", "test")


@dataclass(frozen=True, eq=False)
class Predictor:
    """Predictions in the units of the data.

    Parameters
    ----------
    network : spectral or compact.
    task : ``regression`` or ``classification``.
    inputs, outputs : scaling of features and (regression) targets; predictions are scaled back.
    classes : labels in the order of the outputs (classification).
    feature_names, target_names : columns of the data, for files.
    rows : row numbers of the data by part, ``training``, ``validation`` and ``test``, as far as they are known: the rows
        that a later score must not use, and those it may.

    Examples
    --------
    >>> import numpy as np
    >>> from spectral_core import Predictor, search
    >>> X = np.linspace(-1, 1, 200).reshape(-1, 1)
    >>> search(X, 100 * np.abs(X), hidden=(10,), epochs=100).predictor.save("model.npz")
    >>> Predictor.load("model.npz").predict([[0.5]]).round().tolist()
    [[50.0]]
    """

    network: SpectralNetwork | CompactNetwork
    task: str
    inputs: Scaling
    outputs: Scaling
    classes: tuple[Any, ...] = ()
    feature_names: tuple[str, ...] = ()
    target_names: tuple[str, ...] = ()
    rows: Mapping[str, np.ndarray] = field(default_factory=dict)

    def raw(self, X: Any) -> np.ndarray:
        """z_K (samples, outputs), in scaled units, of X (samples, features) in the units of the data."""
        x = checks.features(X, np.float64, self.network.n_features)
        output = self.network.forward(self.inputs.transform(x)).astype(np.float64)
        finite = np.isfinite(output).all(axis=1)
        if not finite.all():
            raise InvalidInputError(
                f"the prediction for row {int(np.argmin(finite))} of X is not finite; X is out of range"
            )
        return output

    def predict(self, X: Any) -> np.ndarray:
        """Targets (samples, outputs) in the units of the data, or class labels (samples,)."""
        output = self.raw(X)
        if self.task == "classification":
            return np.asarray(self.classes)[output.argmax(axis=1)]
        return self.outputs.inverse_transform(output)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Class probabilities (samples, classes), the softmax of z_K.

        By hand: SciPy's, once per prediction. Checked by test_search.test_probabilities_are_the_softmax.
        """
        if self.task != "classification":
            raise InvalidInputError("predict_proba needs a classification model; this one is for regression")
        return softmax(self.raw(X), axis=1)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Accuracy for class labels y (samples,), or R² for targets y (samples, outputs), the mean over outputs.

        NaN if a target does not vary beyond rounding, since R² is then not defined. With `sample_weight` (samples,) all means
        are weighted.

        By hand: a statistic of predictions, not part of the network. Checked by test_search.test_scores_want_what_predictions_are.
        """
        prediction = self.predict(X)
        weights = None if sample_weight is None else checks.sample_weights(sample_weight, np.float64, len(prediction))
        if self.task == "classification":
            truth, _ = encode_labels(y, "y", self.classes)
            self._same_shape(truth, prediction)
            return float(np.average(prediction == np.asarray(self.classes)[truth], weights=weights))
        truth = real_targets(y, "y")
        self._same_shape(truth, prediction)
        if Scaling.fit(truth, "y").constant.any():
            return float("nan")
        # In units of a power of two the squares do not underflow, and no digit changes.
        unit = power_of_two(truth)
        errors, truth = (truth - prediction) / unit, truth / unit
        variance = np.average(np.square(truth - np.average(truth, axis=0, weights=weights)), axis=0, weights=weights)
        return float(np.mean(1 - np.average(np.square(errors), axis=0, weights=weights) / variance))

    @staticmethod
    def _same_shape(truth: np.ndarray, prediction: np.ndarray) -> None:
        if truth.shape != prediction.shape:
            raise InvalidInputError(f"y must have the shape of the predictions, {prediction.shape}; got {truth.shape}")

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write network and scaling to one model file."""
        record = {
            "compact": isinstance(self.network, CompactNetwork),
            "network": self.network.record(),
            "task": self.task,
            "classes": [label.item() if isinstance(label, np.generic) else label for label in self.classes],
            "feature_names": list(self.feature_names),
            "target_names": list(self.target_names),
        }
        stored = {
            "parameters": self.network.parameters,
            "input_mean": self.inputs.mean,
            "input_deviation": self.inputs.deviation,
            "output_mean": self.outputs.mean,
            "output_deviation": self.outputs.deviation,
            **{f"{part}_rows": numbers for part, numbers in self.rows.items()},
        }
        files.save_model(path, "predictor", record, stored)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Predictor:
        """Read a predictor from a model file; raises `ModelFileError`."""
        _, record, stored = files.load_model(path, ("predictor",))
        try:
            home = CompactNetwork if record["compact"] else SpectralNetwork
            network = home.from_record(record["network"], stored.get("parameters"), path)
            inputs = Scaling(stored["input_mean"], stored["input_deviation"])
            outputs = Scaling(stored["output_mean"], stored["output_deviation"])
            if record["task"] not in TASKS or inputs.mean.shape != (network.n_features,):
                raise ValueError("task or scaling do not fit the network")
            classes, features, targets = (tuple(record[name]) for name in ("classes", "feature_names", "target_names"))
            rows = {part: stored[f"{part}_rows"] for part in PARTS if f"{part}_rows" in stored}
            return cls(network, record["task"], inputs, outputs, classes, features, targets, rows)
        except (KeyError, TypeError, ValueError) as error:
            raise ModelFileError(f"{path} does not describe a predictor: {error}") from None


def load_any(path: str | os.PathLike[str]) -> tuple[SpectralNetwork | CompactNetwork, Predictor | None]:
    """The network of any model file, and its predictor if the file has one; raises `ModelFileError`."""
    kind, _, _ = files.load_model(path, ("network", "compact network", "predictor"))
    if kind == "predictor":
        predictor = Predictor.load(path)
        return predictor.network, predictor
    return (SpectralNetwork if kind == "network" else CompactNetwork).load(path), None
