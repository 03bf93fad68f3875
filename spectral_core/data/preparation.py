"""Data as a search trains and judges on it: checked, split, scaled; and what its losses are measured by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from scipy.special import logsumexp

from spectral_core import checks
from spectral_core.data.scaling import Scaling
from spectral_core.data.splitting import held_out
from spectral_core.data.targets import encode_labels, infer_task, real_targets
from spectral_core.errors import InvalidInputError


class Predicting(Protocol):
    """A network that gives raw outputs."""

    def forward(self, X: Any) -> Any: ...


@dataclass(frozen=True, eq=False)
class PreparedData:
    """Training and validation data in scaled units, and how they came from the data given."""

    task: str
    x: np.ndarray
    y: np.ndarray
    x_valid: np.ndarray
    y_valid: np.ndarray
    inputs: Scaling
    outputs: Scaling
    classes: tuple[Any, ...]
    validation: tuple[np.ndarray, np.ndarray]
    standardized: bool

    @property
    def loss(self) -> str:
        return "cross_entropy" if self.task == "classification" else "squared_error"

    @property
    def n_outputs(self) -> int:
        return len(self.classes) if self.task == "classification" else self.y.shape[1]

    def standard_error(self, network: Predicting) -> float:
        """Standard error of the validation loss of a network: deviation of the samples' losses over √samples."""
        output = network.forward(self.x_valid).astype(np.float64)
        if self.task == "classification":
            losses = logsumexp(output, axis=1) - output[np.arange(len(output)), self.y_valid]
        else:
            losses = np.square(output - self.y_valid).mean(axis=1)
        return float(np.std(losses, ddof=1) / np.sqrt(len(losses))) if len(losses) > 1 else 0.0

    def constant_loss(self) -> float:
        """Validation loss of the best constant: class frequencies, or the mean target."""
        if self.task == "classification":
            counts = np.bincount(self.y, minlength=len(self.classes)) + 1.0  # a class may be missing on one side
            return float(-np.log(counts / counts.sum())[self.y_valid].mean())
        return float(np.square(self.y_valid - self.y.mean(axis=0)).mean())


def prepare(
    X: Any, y: Any, task: str, validation_data: tuple[Any, Any] | None, fraction: float, standardize: bool, seed: int
) -> PreparedData:
    """Check, split and scale; scaling follows the training part alone. Raises `InvalidInputError`; see `search`."""
    if not isinstance(standardize, (bool, np.bool_)):
        raise InvalidInputError(f"standardize must be True or False; got {standardize!r}")
    x = checks.real_array(X, "X", np.float64, 2)
    _same_rows(x, y, "X", "y")
    task = infer_task(y, task)
    classifies = task == "classification"
    target, classes = encode_labels(y, "y") if classifies else (real_targets(y, "y"), ())
    if not classifies and (target.min(axis=0) == target.max(axis=0)).any():
        column = int(np.argmax(target.min(axis=0) == target.max(axis=0)))
        raise InvalidInputError(
            f"regression needs targets that vary; all of column {column} of y are {target[0, column]:g}"
        )
    if validation_data is None:
        fraction = checks.real_number(fraction, "validation_fraction", 0, 0.9, open_low=True)
        mask = held_out(target if classifies else None, len(x), fraction, np.random.default_rng((seed, 1)))
        x_valid, y_valid, x, target = x[mask], target[mask], x[~mask], target[~mask]
    else:
        if not isinstance(validation_data, tuple) or len(validation_data) != 2:
            raise InvalidInputError("validation_data must be a pair (X, y)")
        x_valid = checks.features(validation_data[0], np.float64, x.shape[1], "validation X")
        _same_rows(x_valid, validation_data[1], "validation X", "validation y")
        y_valid = (
            encode_labels(validation_data[1], "validation y", classes)[0]
            if classifies
            else checks.targets(validation_data[1], np.float64, len(x_valid), target.shape[1], "validation y")
        )
    inputs = Scaling.fit(x, "X") if standardize else Scaling.none(x.shape[1])
    if classifies:
        outputs, y_train, y_judge, validation = Scaling.none(1), target, y_valid, np.asarray(classes)[y_valid]
    else:
        outputs = Scaling.fit(target, "y") if standardize else Scaling.none(target.shape[1])
        y_train, y_judge, validation = outputs.transform(target), outputs.transform(y_valid), y_valid
    return PreparedData(
        task, inputs.transform(x), y_train, inputs.transform(x_valid), y_judge, inputs, outputs, classes, (x_valid, validation),
        bool(standardize),
    )  # fmt: skip


def _same_rows(x: np.ndarray, y: Any, x_name: str, y_name: str) -> None:
    rows = checks.as_array(y, y_name).shape[:1]
    if rows != (len(x),):
        raise InvalidInputError(f"{x_name} and {y_name} must have equally many rows; got {len(x)} and {sum(rows)}")
