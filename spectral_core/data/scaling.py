"""Standardisation of columns, and its inverse."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spectral_core.errors import InvalidInputError


@dataclass(frozen=True, eq=False)
class Scaling:
    """x' = (x - mean) / deviation, columnwise; a constant column has deviation 1."""

    mean: np.ndarray
    deviation: np.ndarray

    @classmethod
    def fit(cls, columns: np.ndarray, name: str) -> Scaling:
        """The scaling that gives these columns mean 0 and standard deviation 1; `name` is for the error message."""
        with np.errstate(over="ignore", invalid="ignore"):  # what overflows is found in the next lines
            mean, deviation = columns.mean(axis=0), columns.std(axis=0)
        for column in np.flatnonzero(~np.isfinite(deviation)):
            largest = np.abs(columns[:, column]).max()
            raise InvalidInputError(f"{name} column {column} is too large to be standardised: it reaches {largest:g}")
        # A constant column has a deviation of rounding size, not 0; dividing by it would blow up the rounding.
        constant = deviation <= 16 * np.finfo(np.float64).eps * np.abs(columns).max(axis=0)
        return cls(mean, np.where(constant, 1.0, deviation))

    @classmethod
    def none(cls, columns: int) -> Scaling:
        return cls(np.zeros(columns), np.ones(columns))

    def transform(self, columns: np.ndarray) -> np.ndarray:
        return (columns - self.mean) / self.deviation

    def inverse_transform(self, columns: np.ndarray) -> np.ndarray:
        return columns * self.deviation + self.mean
