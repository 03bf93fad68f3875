"""A network with the scaling and labels of its data: a search saves it, and predictions use it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import expit, softmax

from spectral_core import checks
from spectral_core.data.encoding import Encoder
from spectral_core.data.fingerprints import Origin
from spectral_core.data.framing import features_of, target_array
from spectral_core.data.scaling import Scaling, power_of_two
from spectral_core.data.targets import LOSSES, TASKS, encode_labels, label_matrix, real_targets
from spectral_core.errors import InvalidInputError, ModelFileError
from spectral_core.files import model_file as files
from spectral_core.files.provenance import provenance
from spectral_core.networks.compact import CompactNetwork
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.wording import counted

PARTS = ("training", "validation", "test")
FORMS = {
    "": "of unknown making",
    "trained": "as trained",
    "refitted": "chosen from a curve of sizes and refitted",
    "exact": "the same function as the model it was made from, without what is dead",
    "trimmed": "trimmed within the tolerance of a search: close to the trained model, not the same function",
    "pruned": "pruned: not the same function as the model it was made from",
    "imported": "imported from another library",
}
"""What was done to a network, in words."""


@dataclass(frozen=True, eq=False)
class Predictor:
    """Predictions in the units of the data.

    Parameters
    ----------
    network : spectral or compact.
    task : ``regression``, ``classification``, or ``multilabel``: an output for each of several labels, which `target_names` names.
    inputs, outputs : scaling of features and (regression) targets; predictions are scaled back.
    classes : labels in the order of the outputs (classification).
    feature_names, target_names : columns of the data, for files.
    rows : row numbers of the data by part, ``training``, ``validation`` and ``test``, as far as they are known: the rows
        that a later score must not use, and those it may.
    origin : the data that the model was made from, as far as it is known.
    form : what was done to the network, a name of `FORMS`.
    encoder : turns raw rows of a table into features; None where the features are numbers already.

    Examples
    --------
    >>> import numpy as np
    >>> from spectral_core import Predictor, search
    >>> X = np.linspace(-1, 1, 200).reshape(-1, 1)
    >>> search(X, 100 * np.abs(X), hidden=(10,), epochs=100).predictor.save("model.npz")
    >>> Predictor.load("model.npz").predict([[0.5]]).round().tolist()
    [50.0]
    """

    network: SpectralNetwork | CompactNetwork
    task: str
    inputs: Scaling
    outputs: Scaling
    classes: tuple[Any, ...] = ()
    feature_names: tuple[str, ...] = ()
    target_names: tuple[str, ...] = ()
    rows: Mapping[str, np.ndarray] = field(default_factory=dict)
    origin: Origin | None = None
    form: str = ""
    encoder: Encoder | None = None

    def encoded(self, X: Any) -> np.ndarray:
        """X (samples, features), checked, as numbers in the units of the data.

        Columns of a frame are taken by name, in any order; one that is missing, or that the model does not know, is refused.
        Raw rows go through the encoder.
        """
        return features_of(X, self.encoder, self.feature_names, self.network.n_features)

    def scaled(self, X: Any) -> np.ndarray:
        """X (samples, features) in the units of the network, of X in the units of the data."""
        return self.inputs.transform(self.encoded(X))

    def scaled_targets(self, y: Any, name: str = "y") -> np.ndarray:
        """Class indices (samples,), labels (samples, labels), or targets (samples, outputs) in the units of the network."""
        y = self.targets_of(y)
        if self.task == "classification":
            return encode_labels(y, name, self.classes)[0]
        if self.task == "multilabel":
            return label_matrix(y, name)
        return self.outputs.transform(real_targets(y, name))

    def targets_of(self, y: Any) -> Any:
        """y as an array; several columns of a frame in the order of the targets, by their names."""
        return target_array(y, () if self.task == "classification" else self.target_names)

    def raw(self, X: Any) -> np.ndarray:
        """z_K (samples, outputs), in scaled units, of X (samples, features) in the units of the data; X may have no rows."""
        x = self.scaled(X)
        if not len(x):
            return np.zeros((0, self.network.widths[-1]))
        output = self.network.forward(x).astype(np.float64)
        finite = np.isfinite(output).all(axis=1)
        if not finite.all():
            raise InvalidInputError(
                f"the prediction for row {int(np.argmin(finite))} of X is not finite; X is out of range"
            )
        return output

    def predict(self, X: Any) -> np.ndarray:
        """Targets in the units of the data, (samples,) for one and (samples, outputs) for several, or class labels (samples,).

        Of several labels each is 1 where its probability is more than one half, else 0 (samples, labels).
        """
        output = self.raw(X)
        if self.task == "classification":
            return np.asarray(self.classes)[output.argmax(axis=1)]
        if self.task == "multilabel":
            return (output > 0).astype(np.int64)
        prediction = self.outputs.inverse_transform(output)
        return prediction[:, 0] if prediction.shape[1] == 1 else prediction

    def predict_proba(self, X: Any) -> np.ndarray:
        """Class probabilities (samples, classes), the softmax of z_K; of several labels 1/(1 + exp(-z_K)) (samples, labels).

        By hand: SciPy's, once per prediction. Checked by test_search.test_probabilities_are_the_softmax.
        """
        if self.task == "regression":
            raise InvalidInputError("predict_proba needs a classification model; this one is for regression")
        if self.task == "multilabel":
            return expit(self.raw(X))
        return softmax(self.raw(X), axis=1)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Accuracy for class labels y (samples,), the share of rows with all labels right for several, or R² for targets y (samples,) or (samples, outputs), the mean over outputs.

        NaN if a target does not vary beyond rounding, since R² is then not defined. With `sample_weight` (samples,) all means
        are weighted.

        By hand: a statistic of predictions, not part of the network. Checked by test_search.test_scores_want_what_predictions_are.
        """
        prediction, y = self.predict(X), self.targets_of(y)
        weights = None if sample_weight is None else checks.sample_weights(sample_weight, np.float64, len(prediction))
        if self.task == "classification":
            truth, _ = encode_labels(y, "y", self.classes)
            self._same_shape(truth, prediction)
            return float(np.average(prediction == np.asarray(self.classes)[truth], weights=weights))
        if self.task == "multilabel":
            truth = label_matrix(y, "y")
            self._same_shape(truth, prediction)
            return float(np.average((truth == prediction).all(axis=1), weights=weights))
        truth, prediction = real_targets(y, "y"), prediction.reshape(len(prediction), -1)
        self._same_shape(truth, prediction)
        if Scaling.fit(truth, "y").constant.any():
            return float("nan")
        # In units of a power of two the squares do not underflow, and no digit changes.
        unit = power_of_two(truth)
        errors, truth = (truth - prediction) / unit, truth / unit
        variance = np.average(np.square(truth - np.average(truth, axis=0, weights=weights)), axis=0, weights=weights)
        return float(np.mean(1 - np.average(np.square(errors), axis=0, weights=weights) / variance))

    def plot(self, path: str | os.PathLike[str] | None = None, *, ax: Any = None, **options: Any) -> Any:
        """Draw the network with the names of features and of targets or classes; returns the figure.

        Parameters
        ----------
        path : the picture, PNG unless it ends in .svg or .pdf. Without it no file is written.
        ax : axes of matplotlib to draw into.
        options : of `network_picture`: title, subtitle, names, scale.
        """
        scaled = bool((self.inputs.deviation != 1).any())
        names = self.feature_names if len(self.feature_names) == self.network.n_features else ()
        given = {"inputs": names, "outputs": [str(name) for name in self.classes or self.target_names]}
        given["scale"] = "weight, of standardised data" if scaled else "weight"
        return self.network.plot(path, ax=ax, **given | options)

    def __repr__(self) -> str:
        of = ", ".join(self.target_names) or "y"
        classes = f" in {len(self.classes)} classes" if self.classes else ""
        return f"Predictor({self.task} of {of}{classes} from {counted(self.network.n_features, 'feature')}, {self.network!r})"

    def _repr_html_(self) -> str:
        from spectral_core.reports.page import notebook

        return notebook(repr(self), self.plot, f"network of {self!r}")

    @property
    def loss(self) -> str:
        """The loss of the task, by name."""
        return LOSSES[self.task]

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
            **({} if self.encoder is None else {"encoder": self.encoder.record()}),
            "form": self.form,
            **provenance(),
        }
        origin = self.origin
        if origin is not None:
            record["split"] = {"source": origin.source, "sha256": origin.sha256, "seed": origin.seed}
        stored = {
            "parameters": self.network.parameters,
            "input_mean": self.inputs.mean,
            "input_deviation": self.inputs.deviation,
            "output_mean": self.outputs.mean,
            "output_deviation": self.outputs.deviation,
            **{f"{part}_rows": numbers for part, numbers in self.rows.items()},
            **{f"{part}_prints": numbers for part, numbers in (origin.prints if origin else {}).items()},
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
            rows, prints = (
                {part: stored[f"{part}_{what}"] for part in PARTS if f"{part}_{what}" in stored}
                for what in ("rows", "prints")
            )
            origin = Origin(**record["split"], prints=prints) if "split" in record else None
            # A name of a later version is kept out, so that its words are not looked for.
            form = record.get("form", "") if record.get("form", "") in FORMS else ""
            encoder = Encoder.from_record(record["encoder"]) if "encoder" in record else None
            if encoder is not None and len(encoder.feature_names) != network.n_features:
                raise ValueError("the encoder does not fit the network")
            names = (classes, features, targets)
            return cls(
                network, record["task"], inputs, outputs, *names, rows, origin=origin, form=form, encoder=encoder
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ModelFileError(f"{path} does not describe a predictor: {error}") from None


def load_any(path: str | os.PathLike[str]) -> tuple[SpectralNetwork | CompactNetwork, Predictor | None]:
    """The network of any model file, and its predictor if the file has one; raises `ModelFileError`."""
    kind, _, _ = files.load_model(path, ("network", "compact network", "predictor"))
    if kind == "predictor":
        predictor = Predictor.load(path)
        return predictor.network, predictor
    return (SpectralNetwork if kind == "network" else CompactNetwork).load(path), None
