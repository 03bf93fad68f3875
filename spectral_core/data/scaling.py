"""Standardisation of columns, and its inverse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spectral_core.errors import InvalidInputError

BLOCK = 32
"""Columns that a scaling is fitted to at a time, and up to as many more."""
ROWS = 1_000
"""Rows that are scaled at a time."""


@dataclass(frozen=True, eq=False)
class Scaling:
    """x' = (x - mean) / deviation, columnwise; a column that does not vary has deviation 0 and x' = 0 for every x.

    So what a feature is outside of the training part does not matter if it did not vary there.
    """

    mean: np.ndarray
    deviation: np.ndarray

    @classmethod
    def fit(cls, columns: np.ndarray, name: str) -> Scaling:
        """The scaling that gives these columns mean 0 and standard deviation 1; `name` is for the error message.

        By hand: columns before any training. Checked by test_scaling.test_a_power_of_two_as_unit_changes_no_digit.
        """
        if columns.shape[1] > BLOCK:  # wide data block by block, without copies of all
            blocks = np.array_split(columns, columns.shape[1] // BLOCK, axis=1)
            starts = np.cumsum([0, *(block.shape[1] for block in blocks)])
            parts = [cls._of_block(block, name, int(start)) for block, start in zip(blocks, starts, strict=False)]
            return cls(np.concatenate([p.mean for p in parts]), np.concatenate([p.deviation for p in parts]))
        return cls._of_block(columns, name, 0)

    @classmethod
    def _of_block(cls, columns: np.ndarray, name: str, first: int) -> Scaling:
        """`fit` of neighbouring columns, the first of which has this number.

        By hand: columns before any training. Checked by test_scaling.test_a_power_of_two_as_unit_changes_no_digit.
        """
        # In units of a power of two nothing overflows or underflows, and no digit changes.
        unit = power_of_two(columns)
        scaled = columns / unit  # float64, as the unit is
        mean, deviation = scaled.mean(axis=0), scaled.std(axis=0)
        with np.errstate(over="ignore"):
            reach = np.abs(scaled - mean).max(axis=0) * unit
        for column in np.flatnonzero(~np.isfinite(reach)):
            largest = np.abs(columns[:, column]).max()
            raise InvalidInputError(
                f"{name} column {first + column} is too large to be standardised: it reaches {largest:g}"
            )
        # A constant column has a deviation of rounding size, not 0; dividing by it would blow up the rounding.
        constant = deviation <= 16 * np.finfo(np.float64).eps * np.abs(scaled).max(axis=0)
        return cls(mean * unit, np.where(constant, 0.0, deviation) * unit)

    @classmethod
    def none(cls, columns: int) -> Scaling:
        return cls(np.zeros(columns), np.ones(columns))

    @property
    def constant(self) -> np.ndarray:
        """Which columns did not vary where the scaling was fitted."""
        return self.deviation == 0

    @property
    def divisor(self) -> np.ndarray:
        """The deviation; infinity for a column that did not vary, so that a quotient by it is 0."""
        return np.where(self.constant, np.inf, self.deviation)

    def transform(self, columns: np.ndarray, dtype: Any = np.float64) -> np.ndarray:
        """The scaled columns in a type; computed in float64, some rows at a time, so that no other copy is held.

        By hand: columns before any training. Checked by test_scaling.test_a_power_of_two_as_unit_changes_no_digit.
        """
        result, divisor = np.empty(columns.shape, dtype), self.divisor
        for start in range(0, len(columns), ROWS):
            with np.errstate(over="ignore"):  # to infinity
                result[start : start + ROWS] = (columns[start : start + ROWS] - self.mean) / divisor
        return result

    def inverse_transform(self, columns: np.ndarray) -> np.ndarray:
        """By hand: columns after any training. Checked by test_search.test_scaling_is_undone_and_a_constant_column_keeps_its_value."""
        return columns * self.deviation + self.mean


def power_of_two(columns: np.ndarray) -> np.ndarray:
    """For each column the power of two at or below its largest absolute value; 1 for a column of zeros.

    By hand: a unit of a column. Checked by test_scaling.test_a_power_of_two_is_at_most_the_largest_value_and_more_than_its_half.
    """
    largest = np.abs(columns).max(axis=0)
    return np.where(largest > 0, np.ldexp(1.0, np.frexp(largest)[1] - 1), 1.0)
