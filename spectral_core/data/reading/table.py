"""A table as it was read: names, and columns of text or of typed values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from spectral_core.data.columns import quoted
from spectral_core.errors import DataFileError


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of equal length under different names.

    Attributes
    ----------
    columns : each a vector: bools, whole numbers, floats (NaN is missing), datetime64 (NaT is missing), or an object array
        of text without blanks at its ends (None is missing).
    source : what error messages call the table.
    remarks : sentences on how it was read.
    separator : of a text file; ``''`` for other sources.
    decimal : the decimal sign that was asked for; ``''`` where it is to be found.
    missing : the texts that mean a missing value, if they were asked for.
    rows : their number, for a table without columns.
    unusable : why a column cannot be used, by name.
    """

    names: tuple[str, ...]
    columns: tuple[np.ndarray, ...]
    source: str = "X"
    remarks: tuple[str, ...] = ()
    separator: str = ""
    decimal: str = ""
    missing: tuple[str, ...] | None = None
    rows: int = 0
    unusable: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.columns[0]) if self.columns else self.rows

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self), len(self.names)

    def __getitem__(self, name: str) -> np.ndarray:
        """The column of this name; raises `DataFileError` where there is none."""
        self.require((name,))
        return self.columns[self.names.index(name)]

    def require(self, wanted: Sequence[str]) -> None:
        """Raise `DataFileError` where the table lacks a column."""
        absent = [name for name in wanted if name not in self.names]
        if absent:
            raise DataFileError(f"{self.source} has no column {quoted(absent)}; it has {quoted(self.names)}")

    def select(self, names: Sequence[str]) -> Table:
        """These columns, in this order."""
        self.require(names)
        return replace(self, names=tuple(names), columns=tuple(self[name] for name in names), rows=len(self))

    def take(self, rows: np.ndarray) -> Table:
        """These rows: numbers or a mask."""
        return replace(
            self, columns=tuple(column[rows] for column in self.columns), rows=len(np.arange(len(self))[rows])
        )
