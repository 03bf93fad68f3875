"""Frames (pandas, polars, Arrow), mappings of columns and arrays as tables; none of these libraries is imported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.data.columns import quoted, shortened
from spectral_core.data.reading.table import Table
from spectral_core.errors import InvalidInputError


def frame_names(value: Any) -> tuple[str, ...] | None:
    """The names of the columns of a frame, a mapping or a `Table`; None for an array or rows."""
    if isinstance(value, Table):
        return value.names
    if isinstance(value, Mapping):
        names: Any = list(value)
    elif hasattr(value, "column_names"):
        names = value.column_names
    elif hasattr(value, "columns") and hasattr(value, "__getitem__"):
        names = list(value.columns)
    else:
        return None
    if not all(isinstance(name, str) for name in names):
        if any(isinstance(name, str) for name in names):
            raise InvalidInputError(
                f"the column names of X must be text, all or none; got {quoted(list(map(str, names)))}"
            )
        return None  # pandas numbers the columns of an array
    twice = [name for name in dict.fromkeys(names) if list(names).count(name) > 1]
    if twice:
        raise InvalidInputError(f"X: column names must differ; more than one column is called {quoted(twice)}")
    return tuple(names)


def as_table(value: Any, names: Sequence[str] = (), source: str = "X") -> Table:
    """A frame, a mapping of columns, or an array, whose columns have these names by position, as a `Table`.

    Raises
    ------
    InvalidInputError : columns of unequal length, or of a kind that is neither numbers, text, truth values nor dates.
    """
    if isinstance(value, Table):
        return value
    own = frame_names(value)
    if own is None:
        array = checks.as_array(value, source)
        if array.ndim != 2 or (names and array.shape[1] != len(names)):
            need = f"{len(names)} column(s): {quoted(list(names))}" if names else "two dimensions"
            raise InvalidInputError(f"{source} must have {need}; got shape {array.shape}")
        own = tuple(names) or tuple(f"x{k}" for k in range(1, array.shape[1] + 1))
        return Table(own, tuple(typed(array[:, k], name) for k, name in enumerate(own)), source, rows=len(array))
    get = value.column if hasattr(value, "column_names") else value.__getitem__
    columns = tuple(typed(get(name), name) for name in own)
    if len({len(column) for column in columns}) > 1:
        raise InvalidInputError(
            f"the columns of {source} must be equally long; got {[len(column) for column in columns]}"
        )
    return Table(own, columns, source)


def typed(column: Any, name: str) -> np.ndarray:
    """A column of any library as a vector of bools, numbers, datetime64, or text as objects with None for missing."""
    if type(column).__module__.startswith("pyarrow"):
        array = _of_arrow(column)
    elif hasattr(column, "to_numpy"):
        array = np.asarray(column.to_numpy())
    else:
        array = np.asarray(column)
    if array.ndim != 1:
        raise InvalidInputError(f"column {name!r} must be a vector; got shape {array.shape}")
    if array.dtype.kind in "biufM":
        return array.astype(np.float64) if array.dtype.itemsize == 2 and array.dtype.kind == "f" else array
    if array.dtype.kind in "UT":
        array = array.astype(object)
    if array.dtype.kind != "O":
        raise InvalidInputError(f"column {name!r} must hold numbers, text, truth values or dates; got {array.dtype}")
    return _objects([_plain(value) for value in array.tolist()], name)


def _of_arrow(column: Any) -> np.ndarray:
    """An Arrow column; whole numbers with gaps become floats."""
    kind = str(column.type)
    if kind.startswith("dictionary"):
        column = column.cast(column.type.value_type)
        kind = str(column.type)
    simple = kind.startswith(("int", "uint", "float", "double", "halffloat"))
    if simple or (
        kind in ("bool", "timestamp[ns]", "timestamp[us]", "timestamp[ms]", "timestamp[s]") and not column.null_count
    ):
        return np.asarray(column.to_numpy())
    values = np.empty(len(column), dtype=object)
    values[:] = column.to_pylist()
    return values


def _plain(value: Any) -> Any:
    """A value without its library's own kind of missing value."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, Decimal):
        value = float(value)
    return None if isinstance(value, float) and np.isnan(value) else value


def _objects(values: list[Any], name: str) -> np.ndarray:
    """Python values as a typed vector, if all that are there are of one kind, else as text."""
    present = [value for value in values if value is not None]
    if present and all(isinstance(value, bool) for value in present):
        if len(present) == len(values):
            return np.array(values, bool)
        return np.array([None if value is None else str(value) for value in values], dtype=object)
    if present and all(isinstance(value, Real) and not isinstance(value, bool) for value in present):
        return np.array([np.nan if value is None else float(value) for value in values])
    if present and all(isinstance(value, date) for value in present):
        return np.array(
            [np.datetime64("NaT") if value is None else _moment(value) for value in values], "datetime64[us]"
        )
    others = [value for value in present if not isinstance(value, (str, Real))]
    if others:
        raise InvalidInputError(
            f"column {name!r} must hold numbers, text, truth values or dates; got {shortened(others[0])}"
        )
    texts = [None if value is None else _text(value) for value in values]
    array = np.empty(len(texts), dtype=object)
    array[:] = [text or None for text in texts]
    return array


def _moment(value: date) -> np.datetime64:
    """A date or a time, in UTC where it has a zone."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        value = (value - (value.utcoffset() or value.replace(tzinfo=None) - value.replace(tzinfo=None))).replace(
            tzinfo=None
        )
    return np.datetime64(value.replace(tzinfo=None) if isinstance(value, datetime) else value, "us")


def _text(value: Any) -> str:
    """By hand: a number as text. Checked by test_framing.test_columns_of_these_libraries."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    return " ".join(str(value).split()) if "\n" in str(value) else str(value).strip()
