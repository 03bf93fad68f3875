"""Targets: regression or classification, labels as indices and back."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.checks import one_of
from spectral_core.errors import InvalidInputError

TASKS = ("regression", "classification", "multilabel")
"""Numbers; one label for each row; several labels for each row, each 0 or 1."""
LOSSES = {"regression": "squared_error", "classification": "cross_entropy", "multilabel": "binary_cross_entropy"}
"""The loss of each task."""
MOST_CLASSES = 20
"""More distinct whole numbers than this are taken for measurements, not labels."""


def is_whole(y: np.ndarray) -> np.ndarray:
    """Which numbers are whole and exact; beyond 2⁵³ every float is whole, so those do not count.

    By hand: a test for whole numbers. Checked by test_datasets.test_automatic_task.
    """
    return np.ones(len(y), bool) if y.dtype.kind in "biu" else (np.mod(y, 1) == 0) & (np.abs(y) < 2**53)


def looks_like_classes(y: np.ndarray) -> bool:
    """Text, booleans, and whole numbers with at most `MOST_CLASSES` different values."""
    if y.ndim != 1:
        return False
    if y.dtype.kind in "OUb":
        return True
    return bool(np.isfinite(y).all() and is_whole(y).all() and len(np.unique(y)) <= MOST_CLASSES)


def looks_like_labels(y: np.ndarray) -> bool:
    """Two or more columns of 0 and 1, or of truth values."""
    return y.ndim == 2 and y.shape[1] > 1 and y.dtype.kind in "biuf" and bool(((y == 0) | (y == 1)).all())


def stranger(y: np.ndarray) -> tuple[int, int] | None:
    """Row and column of the first entry that is neither 0 nor 1; None where there is none."""
    other = (y != 0) & (y != 1)
    if not other.any():
        return None
    row, column = np.unravel_index(int(np.argmax(other)), y.shape)
    return int(row), int(column)


def guessed_task(y: np.ndarray) -> str:
    """The task that a target of this look is taken for."""
    if looks_like_labels(y):
        return "multilabel"
    return "classification" if looks_like_classes(y) else "regression"


def _plain(y: Any, name: str) -> np.ndarray:
    """y as an array; a table library's column of objects that are all numbers becomes numbers."""
    array = checks.as_array(y, name)
    if array.dtype.kind == "O" and all(isinstance(v, Real) and not isinstance(v, bool) for v in array.flat):
        return array.astype(np.float64)
    return array


def infer_task(y: Any, task: str) -> str:
    """The task, by `looks_like_classes` where it is left to ``auto``."""
    if one_of(task, ("auto", *TASKS), "task") != "auto":
        return task
    array = _plain(y, "y")
    if array.dtype.kind not in "OUbiuf":
        raise InvalidInputError(f"y must hold numbers or labels; got {array.dtype}")
    return guessed_task(array)


def real_targets(y: Any, name: str) -> np.ndarray:
    """y as float64 (samples, outputs)."""
    array = checks.as_array(y, name)
    return checks.real_array(array.reshape(-1, 1) if array.ndim == 1 else array, name, np.float64, 2)


def label_matrix(y: Any, name: str) -> np.ndarray:
    """Several labels for each row as float64 (samples, labels), each 0 or 1.

    Raises
    ------
    InvalidInputError : fewer than two columns, or an entry that is neither 0 nor 1.
    """
    array = _plain(y, name)
    if array.ndim != 2 or array.shape[1] < 2:
        raise InvalidInputError(
            f"{name} must have a column for each of two or more labels (task 'multilabel'); got shape {array.shape}"
        )
    labels = checks.real_array(array, name, np.float64, 2)
    if (strange := stranger(labels)) is not None:
        row, column = strange
        raise InvalidInputError(
            f"several labels are 0 or 1 (task 'multilabel'); {name}[{row}, {column}] is {labels[row, column]:g}"
        )
    return labels


def encode_labels(y: Any, name: str, classes: tuple[Any, ...] | None = None) -> tuple[np.ndarray, tuple[Any, ...]]:
    """Index of each label (samples,), and the sorted labels; with `classes` given, indices into those.

    Raises
    ------
    InvalidInputError : no labels or not a vector of them, labels of mixed kinds, one class only, a label `classes` lacks.
    """
    array = _plain(y, name)
    if array.size == 0:
        raise InvalidInputError(f"{name} must not be empty; got shape {array.shape}")
    if array.ndim != 1 or array.dtype.kind not in "OUbiuf":
        raise InvalidInputError(f"{name} must be a vector of class labels; got shape {array.shape}, {array.dtype}")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise InvalidInputError(f"{name} must be finite; {name}[{int(np.argmin(np.isfinite(array)))}] is not")
    if array.dtype.kind == "f":
        whole = is_whole(array)
        if not whole.all():
            row = int(np.argmin(whole))
            raise InvalidInputError(f"classification needs text or whole numbers; {name}[{row}] is {array[row]}")
        array = array.astype(np.int64)
    kinds = sorted({type(label).__name__ for label in array.tolist()})
    if kinds not in (["str"], ["bool"], ["int"]):
        raise InvalidInputError(f"{name} must hold labels of one kind, text or numbers; got {', '.join(kinds)}")
    if classes is None:
        labels = tuple(np.unique(array).tolist())
        if len(labels) < 2:
            raise InvalidInputError(
                f"classification needs at least two classes; all {len(array)} labels are {labels[0]!r}"
            )
        classes = labels
    number = {label: index for index, label in enumerate(classes)}
    unknown = [label for label in array.tolist() if label not in number]
    if unknown:
        raise InvalidInputError(f"{name} has a label that is not among the classes: {unknown[0]!r}")
    return np.array([number[label] for label in array.tolist()]), classes
