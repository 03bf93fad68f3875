"""Frames in Python: their names are kept and checked, and columns that are no numbers are encoded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.data.columns import quoted
from spectral_core.data.encoding import Encoder, plain_features
from spectral_core.data.reading.frames import as_table, frame_names
from spectral_core.data.reading.table import Table
from spectral_core.errors import InvalidInputError


@dataclass(frozen=True, eq=False)
class Framed:
    """X (samples, features) float64, or float32 as given, and for a frame the names of its columns; an encoder where they are not all numbers."""

    x: np.ndarray
    names: tuple[str, ...] = ()
    table: Table | None = None
    encoder: Encoder | None = None

    def refitted(self, rows: np.ndarray) -> Framed:
        """The same with the encoder fitted to these rows."""
        if self.encoder is None or self.table is None:
            return self
        encoder = self.encoder.refitted(self.table.take(rows))
        return replace(self, x=encoder.transform(self.table), names=encoder.feature_names, encoder=encoder)


def framed(X: Any) -> Framed:
    """X of an array, or of a frame with its names; raises `InvalidInputError`."""
    names = frame_names(X)
    if names is None:
        single = getattr(X, "dtype", None) == np.float32  # no copy in float64 of a large array
        return Framed(checks.real_array(X, "X", np.float32 if single else np.float64, 2))
    table = as_table(X)
    if all(column.dtype.kind in "biuf" and not np.isnan(column).any() for column in table.columns):
        columns = [column.astype(np.float64) for column in table.columns] or [np.zeros(0)]
        return Framed(checks.real_array(np.stack(columns, axis=1), "X", np.float64, 2), names)
    encoder = Encoder.fit(table, tidy=False)
    x = encoder.transform(table)
    kept = (encoder.feature_names, table, None if encoder.is_identity else encoder)
    return Framed(checks.real_array(x, "X", np.float64, 2), *kept)


def features_of(X: Any, encoder: Encoder | None, names: Sequence[str], count: int) -> np.ndarray:
    """X (samples, features) float64 for a model: raw rows through its encoder, the columns of a frame by their names.

    There may be no rows.

    Raises
    ------
    InvalidInputError : a frame lacks a column of the model, or has one that the model does not know.
    """
    own = frame_names(X)
    if encoder is not None:
        if own is not None and not isinstance(X, Table):
            _check_names(own, encoder.feature_names_in, [column.name for column in encoder.columns])
        elif own is None:
            shape = checks.as_array(X, "X").shape
            if len(shape) == 2 and shape[1] == len(encoder.columns):
                X = as_table(X, [column.name for column in encoder.columns])
        return checks.features(encoder.transform(X), np.float64, count, no_rows=True)
    numbered = tuple(names) == tuple(f"x{k}" for k in range(1, count + 1)) or not names
    if own is None or (numbered and not set(own) & set(names)):
        return checks.features(X if own is None else framed_numbers(X, own), np.float64, count, no_rows=True)
    if isinstance(X, Table):
        return checks.features(plain_features(X, names), np.float64, count, no_rows=True)
    _check_names(own, names, names)
    return checks.features(framed_numbers(X, names), np.float64, count, no_rows=True)


def framed_numbers(X: Any, names: Sequence[str]) -> np.ndarray:
    """The numbers of these columns of a frame, in this order."""
    return plain_features(as_table(X).select(names), names)


def _check_names(own: Sequence[str], needed: Sequence[str], known: Sequence[str]) -> None:
    absent = [name for name in needed if name not in own]
    if absent:
        raise InvalidInputError(f"X has no column {quoted(absent)}; it has {quoted(list(own))}")
    unknown = [name for name in own if name not in known]
    if unknown:
        raise InvalidInputError(f"X has columns that the model was not made from: {quoted(unknown)}")


def target_names_of(y: Any) -> tuple[str, ...]:
    """The names of a frame of targets, or of a series; none where they have no text for names."""
    names = frame_names(y)
    if names is None:
        name = getattr(y, "name", None)
        names = (name,) if isinstance(name, str) and name.strip() else ()
    return names


def target_array(y: Any, known: Sequence[str] = ()) -> Any:
    """y as an array; a frame column by column, a column vector as a vector.

    Several columns are taken by their `known` names, in any order. Where no name is known, as of names for reports, they are
    taken as they come.

    Raises
    ------
    InvalidInputError : some names are known and others are not.
    """
    names = frame_names(y)
    if names is not None:
        columns = as_table(y, source="y").columns
        if len(known) == len(names) > 1 and set(names) == set(known):
            columns = tuple(columns[names.index(name)] for name in known)
        elif len(names) > 1 and set(names) & set(known):
            raise InvalidInputError(f"the targets are {quoted(known)}; got the columns {quoted(names)}")
        y = columns[0] if len(columns) == 1 else np.stack(columns, axis=1)
    array = checks.as_array(y, "y")
    return array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array


def by_name(y: Any, known: Sequence[str]) -> Any:
    """`target_array` of a frame of several targets; anything else as it is."""
    names = frame_names(y)
    return target_array(y, known) if names is not None and len(names) > 1 else y


def labels_of_indicators(y: np.ndarray, names: Sequence[str]) -> np.ndarray | None:
    """The class labels of one-hot rows (samples, classes): the names of the columns, or their numbers; None for other targets.

    By hand: a test for one 1 in each row. Checked by test_framing.test_labels_in_columns_are_labels.
    """
    if y.ndim != 2 or y.shape[1] < 2 or len(y) < 2 or y.dtype.kind not in "biuf":
        return None
    numbers = y.astype(np.float64)
    if not (((numbers == 0) | (numbers == 1)).all() and (numbers.sum(axis=1) == 1).all() and numbers.any(axis=0).all()):
        return None
    place = numbers.argmax(axis=1)
    return np.array(names, dtype=object)[place] if len(names) == y.shape[1] else place
