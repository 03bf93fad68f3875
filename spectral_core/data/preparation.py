"""Data for a search or a sweep: checked, split and scaled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from scipy.special import logsumexp

from spectral_core import checks
from spectral_core.data.encoding import Encoder
from spectral_core.data.fingerprints import row_prints
from spectral_core.data.framing import Framed, features_of, framed, labels_of_indicators, target_array, target_names_of
from spectral_core.data.metrics import standard_error
from spectral_core.data.reading.frames import frame_names
from spectral_core.data.scaling import Scaling
from spectral_core.data.splitting import LEFT_OUT, split_rows
from spectral_core.data.targets import LOSSES, encode_labels, infer_task, label_matrix, real_targets
from spectral_core.data.weighting import Weighting
from spectral_core.errors import InvalidInputError
from spectral_core.wording import counted


class Predicting(Protocol):
    """A network that gives raw outputs."""

    def forward(self, X: Any) -> Any: ...


@dataclass(frozen=True, eq=False)
class PreparedData:
    """Training and validation data in scaled units, and how they came from the data given.

    Attributes
    ----------
    x, y, x_valid, y_valid : scaled; class labels as indices, several labels as 0 and 1.
    inputs, outputs : the scalings, fitted to the training part.
    classes : the sorted labels; empty for regression and for several labels.
    validation : (X, y) of the validation part in the units of the data.
    training_rows, validation_rows : the numbers of their rows in the data given; no validation rows where the validation
        data were given apart. Rows of weight 0 are in neither.
    feature_names, target_names : those of frames; none for arrays.
    encoder : of a frame whose columns are not all numbers.
    prints : `row_prints` of the training and of the validation rows in the units of the data.
    weights, weights_valid : the weights of the rows (samples,); None where none were given.
    remarks : sentences on what was taken for what.
    asked : the keywords of `search` about the data that differ from their defaults; True for data and weights.
    """

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
    training_rows: np.ndarray
    validation_rows: np.ndarray
    feature_names: tuple[str, ...] = ()
    target_names: tuple[str, ...] = ()
    encoder: Encoder | None = None
    prints: Mapping[str, np.ndarray] = field(default_factory=dict)
    weights: np.ndarray | None = None
    weights_valid: np.ndarray | None = None
    remarks: tuple[str, ...] = ()
    asked: Mapping[str, Any] = field(default_factory=dict)

    @property
    def loss(self) -> str:
        return LOSSES[self.task]

    @property
    def n_outputs(self) -> int:
        return len(self.classes) if self.task == "classification" else self.y.shape[1]

    def standard_error(self, network: Predicting) -> float:
        """Standard error of the validation loss of a network: `metrics.standard_error` of the samples' losses.

        By hand: a statistic of predictions. Checked by test_search.test_the_standard_error_is_that_of_the_mean_and_does_not_depend_on_the_order_of_rows.
        """
        output = network.forward(self.x_valid).astype(np.float64)
        if self.task == "classification":
            losses = logsumexp(output, axis=1) - output[np.arange(len(output)), self.y_valid]
        elif self.task == "multilabel":
            losses = (np.logaddexp(0, output) - self.y_valid * output).mean(axis=1)
        else:
            losses = np.square(output - self.y_valid).mean(axis=1)
        return standard_error(losses, self.weights_valid)

    def constant_loss(self) -> float:
        """Validation loss of the best constant: frequencies of classes or labels, or the mean target.

        By hand: the loss of one constant. Checked by test_search.test_the_constant_loss_is_that_of_the_best_constant.
        """
        if self.task == "classification":
            counts = np.bincount(self.y, self.weights, len(self.classes)) + 1.0  # a class may be missing on one side
            losses = -np.log(counts / counts.sum())[self.y_valid]
            return float(np.average(losses, weights=self.weights_valid))
        if self.task == "multilabel":  # a label may be missing on one side
            weights = np.ones(len(self.y)) if self.weights is None else self.weights
            shares = (weights @ self.y + 1.0) / (weights.sum() + 2.0)
            losses = -np.where(self.y_valid == 1, np.log(shares), np.log1p(-shares)).mean(axis=1)
            return float(np.average(losses, weights=self.weights_valid))
        squares = np.square(self.y_valid - np.average(self.y, axis=0, weights=self.weights))
        return float(
            squares.mean()
            if self.weights_valid is None
            else np.average(squares.mean(axis=1), weights=self.weights_valid)
        )


NO_WEIGHTS = Weighting()


def prepare(
    X: Any,
    y: Any,
    task: str,
    validation_data: tuple[Any, ...] | None,
    fraction: float,
    standardize: bool,
    seed: int,
    weighting: Weighting = NO_WEIGHTS,
    dtype: Any = np.float64,
) -> PreparedData:
    """Check, split and scale; scaling follows the training part alone. Scaled inputs are of a `dtype`.

    Raises `InvalidInputError`; see `search`.
    """
    # Check.
    standardized = checks.boolean(standardize, "standardize")
    inputs_given, target_names = framed(X), target_names_of(y)
    if validation_data is not None and not (isinstance(validation_data, tuple) and len(validation_data) in (2, 3)):
        raise InvalidInputError("validation_data must be (X, y), or (X, y, sample_weight)")
    y = target_array(y)
    _same_rows(inputs_given.x, y, "X", "y")
    remarks: tuple[str, ...] = ()
    if task in ("auto", "classification") and (labels := labels_of_indicators(y, target_names)) is not None:
        remarks = (f"y has {y.shape[1]} one-hot columns: taken as classes",)
        y, target_names = labels, ()
    if task == "auto" and infer_task(y, task) == "multilabel":
        other = 'task="regression" if they are measurements'
        remarks = (f"y has {y.shape[1]} columns of 0 and 1: taken as several labels for each row; {other}",)
    task = infer_task(y, task)
    classifies = task == "classification"
    target, classes = encode_labels(y, "y") if classifies else (_targets(y, task), ())
    apart = validation_data is not None and len(validation_data) == 2
    weights = weighting.of(target, classes, target, in_rows=apart)
    used = _with_weight(y, task, weights)
    # Split, and fit the encoder of a frame to the training part.
    if validation_data is None:
        fraction = checks.real_number(fraction, "validation_fraction", 0, 0.9, open_low=True)
        labels = target if classifies else None
        training_rows, validation_rows = split_rows(labels, weights, len(target), fraction, seed)
        weights_valid = None if weights is None else weights[validation_rows]
        inputs_given = inputs_given.refitted(training_rows)
        x_valid, y_valid = inputs_given.x[validation_rows], target[validation_rows]
    else:
        training_rows, validation_rows = used, np.arange(0)
        inputs_given = inputs_given if len(used) == len(target) else inputs_given.refitted(used)
        x_valid, y_valid = _validation(validation_data, inputs_given, target, classes, target_names)
        if task == "multilabel":
            y_valid = label_matrix(y_valid, "validation y")
        own = weighting.of_validation(None if apart else validation_data[2])
        weights_valid = own.of(y_valid, classes, target, in_rows=weighting.samples is None)
        if weights_valid is not None and not weights_valid.any():
            raise InvalidInputError("the weights give every row of validation_data the weight 0")
        if weights_valid is not None:  # rows of weight 0 do not judge
            x_valid, y_valid, weights_valid = (one[weights_valid > 0] for one in (x_valid, y_valid, weights_valid))
    x, target = inputs_given.x[training_rows], target[training_rows]
    weights = None if weights is None else weights[training_rows]
    named = (np.asarray(classes)[target], np.asarray(classes)[y_valid]) if classifies else (target, y_valid)
    prints = {"training": row_prints(x, named[0]), "validation": row_prints(x_valid, named[1])}
    # Scale by the training part alone.
    inputs = Scaling.fit(x, "X") if standardized else Scaling.none(x.shape[1])
    if classifies:
        outputs, y_train, y_judge, validation = Scaling.none(1), target, y_valid, named[1]
    else:
        outputs = Scaling.fit(target, "y") if standardized and task == "regression" else Scaling.none(target.shape[1])
        y_train, y_judge, validation = outputs.transform(target), outputs.transform(y_valid), y_valid
        with np.errstate(over="ignore"):  # to infinity
            sized = [part.astype(dtype) for part in (y_train, y_judge)]
        _check_size(sized[0], target, training_rows, "y", standardized)
        _check_size(sized[1], y_valid, validation_rows, "y", standardized)
    return PreparedData(
        task=task,
        x=_scaled(inputs, x, dtype, training_rows, standardized),
        y=y_train,
        x_valid=_scaled(inputs, x_valid, dtype, validation_rows, standardized),
        y_valid=y_judge,
        inputs=inputs,
        outputs=outputs,
        classes=classes,
        validation=(x_valid, validation),
        standardized=standardized,
        training_rows=training_rows,
        validation_rows=validation_rows,
        feature_names=inputs_given.names,
        target_names=target_names,
        encoder=inputs_given.encoder,
        prints=prints,
        weights=weights,
        weights_valid=weights_valid,
        remarks=remarks,
    )


def _scaled(scaling: Scaling, x: np.ndarray, dtype: Any, rows: np.ndarray, standardized: bool) -> np.ndarray:
    """Scaled inputs in a type; see `_check_size`."""
    scaled = scaling.transform(x, dtype)
    _check_size(scaled, x, rows, "X", standardized)
    return scaled


def _check_size(scaled: np.ndarray, given: np.ndarray, rows: np.ndarray, name: str, standardized: bool) -> None:
    """Raise `InvalidInputError` for a scaled number that is too large for its type.

    `rows` are the numbers of the rows in the data; none where they are validation data given apart.
    """
    finite = np.isfinite(scaled)
    if not finite.all():
        row, column = map(int, np.argwhere(~finite)[0])
        place = f"{name}[{rows[row]}, {column}]" if len(rows) else f"validation {name}[{row}, {column}]"
        how = " once standardised" if standardized else ""
        raise InvalidInputError(f"{place} is {given[row, column]:g}, too large for {scaled.dtype}{how}")


def _with_weight(y: np.ndarray, task: str, weights: np.ndarray | None) -> np.ndarray:
    """Numbers of the rows that have a weight; what `y` needs in all rows it needs in these."""
    used = np.arange(len(y)) if weights is None else np.flatnonzero(weights)
    if not len(used):
        raise InvalidInputError("class_weight and sample_weight give every row the weight 0")
    if len(used) < len(y):
        try:
            encode_labels(y[used], "y") if task == "classification" else _targets(y[used], task)
        except InvalidInputError as error:
            raise InvalidInputError(f"{error}{LEFT_OUT}") from None
    return used


def _targets(y: Any, task: str) -> np.ndarray:
    """Labels (samples, labels), not all of them constant; or targets of a regression (samples, outputs), none constant."""
    if task == "multilabel":
        labels = label_matrix(y, "y")
        if (labels == labels[0]).all():
            raise InvalidInputError(
                f"at least one label must vary; all {counted(len(labels), 'row')} of y are {labels[0].astype(int).tolist()}"
            )
        return labels
    target = real_targets(y, "y")
    constant = np.flatnonzero(target.min(axis=0) == target.max(axis=0))
    if constant.size:
        column = int(constant[0])
        raise InvalidInputError(
            f"regression needs targets that vary; all of column {column} of y are {target[0, column]:g}"
        )
    return target


def _validation(
    given: tuple[Any, ...], inputs: Framed, target: np.ndarray, classes: tuple[Any, ...], names: tuple[str, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Validation data given apart, checked against the training data; columns of frames are taken by name."""
    n_features, y = inputs.x.shape[1], target_array(given[1], () if classes else names)
    if inputs.names and (inputs.encoder is not None or frame_names(given[0]) is not None):
        x = features_of(given[0], inputs.encoder, inputs.names, n_features)
    else:
        x = checks.features(given[0], np.float64, n_features, "validation X")
    _same_rows(x, y, "validation X", "validation y")
    if classes:
        labels = labels_of_indicators(y, target_names_of(given[1]))
        return x, encode_labels(y if labels is None else labels, "validation y", classes)[0]
    return x, checks.targets(y, np.float64, len(x), target.shape[1], "validation y")


def _same_rows(x: np.ndarray, y: Any, x_name: str, y_name: str) -> None:
    rows = checks.as_array(y, y_name).shape[:1]
    if rows != (len(x),):
        raise InvalidInputError(f"{x_name} and {y_name} must have equally many rows; got {len(x)} and {sum(rows)}")
