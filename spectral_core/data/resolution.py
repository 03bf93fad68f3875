"""Whether the type of a network can tell the values of a column apart."""

from __future__ import annotations

from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.errors import InvalidInputError

RESOLVED = 1e-3
"""The greatest rounding of a column, as a share of its spread, that a cast to the network's type may cause."""
SPREAD = 1e-12
"""A column whose spread is a smaller share of its size than this is constant up to the rounding of float64."""


def resolved(value: Any, dtype: Any, name: str) -> None:
    """Refuse columns whose values the type of the network can hardly tell apart, such as 10^9 + noise in float32.

    Raises
    ------
    InvalidInputError : the type rounds a column by more than a thousandth of the column's spread.

    By hand: the rounding of a column. Checked by test_epochs.test_data_are_refused_exactly_where_float32_loses_their_spread.
    """
    array, real = checks.as_array(value, name), np.dtype(dtype)
    if array.dtype.kind in "OUS":
        array = array.astype(np.float64)
    if array.dtype.kind == "b" or (array.dtype.kind == "f" and array.dtype.itemsize <= real.itemsize):
        return
    columns = array.reshape(len(array), -1)
    low, high = (bound.astype(np.float64) for bound in (columns.min(axis=0), columns.max(axis=0)))
    size, spread = np.maximum(abs(low), abs(high)), high / 2 - low / 2  # half of it, which cannot overflow
    lost = (size * np.finfo(real).eps / 2 > 2 * RESOLVED * spread) & (2 * spread > SPREAD * size)
    if lost.any():
        column = int(np.argmax(lost))
        raise InvalidInputError(
            f"{name}[:, {column}] varies between {low[column]:.10g} and {high[column]:.10g}, which {real} hardly tells "
            "apart; subtract a constant from it, or take a network with dtype='float64'"
        )


def resolved_data(X: Any, y: Any, loss: str, dtype: Any) -> None:
    """`resolved` for features and real targets; arrays on a GPU are taken as they are."""
    for values, name in ((X, "X"), (y, "y")):
        if not checks.is_device_array(values) and (name == "X" or loss != "cross_entropy"):
            resolved(values, dtype, name)
