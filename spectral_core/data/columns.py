"""A column as numbers or text; errors that name file, column and row."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from spectral_core.errors import DataFileError

Source = str | os.PathLike[str]
Columns = tuple[np.ndarray, np.ndarray, tuple[str, ...], tuple[str, ...]]
"""x (samples, features), y, names of the features, names of the targets."""


def floats(source: Source, column: str, values: np.ndarray) -> np.ndarray:
    """A column as float64; raises `DataFileError`, which names the first text, NaN or infinity."""
    if values.dtype.kind == "O":
        values = np.array([_float(source, column, row, text) for row, text in enumerate(values, 1)])
    values = values.astype(np.float64)
    finite = np.isfinite(values)
    if not finite.all():
        row = int(np.argmin(finite))
        raise DataFileError(f"{source}: column {column!r}, row {row + 1}: numbers must be finite; got {values[row]}")
    return values


def _float(source: Source, column: str, row: int, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise DataFileError(
            f"{source}: column {column!r}, row {row}: {shortened(text)} is text in a numeric column"
        ) from None


def one_line(value: object) -> str:
    """The text of a value, such as an error, without line breaks."""
    return " ".join(str(value).split()) or type(value).__name__


def shortened(value: object) -> str:
    """A value for an error message: at most 40 characters, text in quotes."""
    text = repr(value) if isinstance(value, (str, bytes)) else one_line(value)
    return text if len(text) <= 40 else text[:40] + "..."


def quoted(names: Sequence[str]) -> str:
    """Names in quotes, the first ten of a long list."""
    shown = ", ".join(map(repr, names[:10])) or "nothing"
    return shown if len(names) <= 10 else f"{shown}, ... ({len(names)} in all)"
