"""Columns as people have them, encoded as numbers for a network: fitted once, kept in the model as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from spectral_core.data.meaning.cells import Reading
from spectral_core.data.meaning.kinds import Fault, readings
from spectral_core.data.reading.frames import as_table
from spectral_core.data.reading.table import Table
from spectral_core.data.recipes import Column, fitted
from spectral_core.errors import DataFileError, InvalidInputError


@dataclass(frozen=True)
class Encoder:
    """Raw rows of a table as the numbers of a network.

    - Numbers stay as they are. Missing ones become the median, and a feature ``name:missing`` marks them.
    - Truth values become 0 and 1. A date becomes ``days`` since 1970-01-01, ``month``, ``weekday`` and ``hour``, those that vary.
    - Text becomes one feature ``name=category`` for each of the `recipes.MOST_CATEGORIES` most frequent categories that occur twice;
      a missing value is a category of its own; rare and unseen categories are 0 in all of them.
    - Columns that are empty, do not vary, count the rows, or hold another text in most rows are left out.

    It is fitted on training rows. A purely numeric table without gaps encodes as itself. NumPy does the work and not
    scikit-learn's ColumnTransformer: its fitted imputers cannot be made from a record, so a model file would need pickle, and
    predictions would need scikit-learn. A test compares the two.

    Examples
    --------
    >>> from spectral_core.data.encoding import Encoder
    >>> encoder = Encoder.fit({"age": [30.0, None, 50.0, 30.0], "city": ["Rome", "Bonn", "Rome", "Bonn"]})
    >>> encoder.feature_names
    ('age', 'age:missing', 'city=Bonn', 'city=Rome')
    >>> encoder.transform({"city": ["Rome"], "age": [None]}).tolist()
    [[30.0, 1.0, 0.0, 1.0]]
    """

    columns: tuple[Column, ...]

    @property
    def feature_names_in(self) -> tuple[str, ...]:
        """The columns that `transform` needs."""
        return tuple(column.name for column in self.columns if column.features)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the encoded features."""
        return tuple(feature for column in self.columns for feature in column.features)

    @property
    def is_identity(self) -> bool:
        """Whether all columns that are used are plain numbers, encoded as themselves."""
        return all(
            column.kind in ("number", "boolean")
            and column.features == (column.name,)
            and column.reading.decimal == "."
            and not column.reading.unit
            for column in self.columns
            if column.features
        )

    @classmethod
    def fit(
        cls, table: Any, found: Mapping[str, Reading] | None = None, keep: Collection[str] = (), tidy: bool = True
    ) -> Encoder:
        """The encoder of a table: a frame (pandas, polars, Arrow), a mapping of columns, or a `Table`.

        Parameters
        ----------
        found : the readings of the columns, where they were decided on more rows.
        keep : columns that are never left out for what they hold, unless they are empty.
        tidy : whether numbers that do not vary, or count the rows, are left out.

        Raises
        ------
        DataFileError : all faults of all columns, in one message.
        """
        table = as_table(table)
        if found is None:
            found, faults = readings(table, table.names)
            refuse(table.source, faults)
        columns = [fitted(name, table[name], found[name], name in keep, tidy) for name in table.names]
        if not any(column.features for column in columns):
            # A lone column that counts the rows is still all there is.
            columns = [fitted(name, table[name], found[name], name in keep, False) for name in table.names]
        encoder = cls(tuple(columns))
        if not encoder.feature_names:
            reasons = "; ".join(f"{column.name!r}: {column.became}" for column in columns) or "there is none"
            raise DataFileError(f"{table.source}: no column can be a feature: {reasons}")
        return encoder._with_distinct_names()

    def refitted(self, table: Table) -> Encoder:
        """The same encoder fitted to fewer rows: its columns keep their readings, and what was left out stays out."""
        columns = []
        for old in self.columns:
            new = fitted(old.name, table[old.name], old.reading, True, True, old.gaps) if old.features else old
            columns.append(new)
        encoder = Encoder(tuple(columns))._with_distinct_names()
        return encoder if encoder.feature_names else self

    def _with_distinct_names(self) -> Encoder:
        """No two features of one name, such as a column 'a=b' beside a column 'a' with the category 'b'."""
        taken: set[str] = set()
        columns = []
        for column in self.columns:
            names = []
            for name in column.features:
                while name in taken:
                    name += "'"
                taken.add(name)
                names.append(name)
            columns.append(replace(column, features=tuple(names)))
        return Encoder(tuple(columns))

    def transform(self, table: Any) -> np.ndarray:
        """Features (samples, features) float64 of a frame, a mapping of columns, or an array by position.

        Raises
        ------
        InvalidInputError : a column is missing, or a cell cannot be encoded; the message names column and row.
        """
        table = as_table(table, self.feature_names_in)
        encoded, faults, _ = self.encode(table)
        if faults:
            raise InvalidInputError(f"{table.source}: {joined(faults)}")
        return encoded

    def encode(self, table: Any) -> tuple[np.ndarray, list[Fault], dict[str, Counter[str]]]:
        """Features, the cells that cannot be encoded, and unseen texts by column. Rows with such a cell hold NaN or a guess."""
        table = as_table(table, self.feature_names_in)
        table.require(self.feature_names_in)
        blocks, faults, unseen = [], [], {}
        for column in self.columns:
            if column.features:
                block, wrong, texts = column.encode(table[column.name], table.decimal)
                blocks.append(block)
                faults += wrong
                if texts:
                    unseen[column.name] = texts
        return np.ascontiguousarray(np.concatenate(blocks, axis=1)), faults, unseen

    def record(self) -> dict[str, Any]:
        """The encoder as JSON."""
        return {"columns": [column.record() for column in self.columns]}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Encoder:
        """The encoder of a record; raises KeyError, TypeError or ValueError for what is none."""
        return cls(tuple(Column.from_record(one) for one in record["columns"]))

    def decisions(self) -> list[dict[str, str]]:
        """What became of each column, for reports: its name, its kind, a sentence, a remark on how it was read."""
        return [
            {"column": column.name, "kind": column.kind, "became": column.became, "remark": column.remark}
            for column in self.columns
        ]


def plain_features(table: Table, names: Sequence[str]) -> np.ndarray:
    """The numbers (samples, features) of these columns, for a model without an encoder; raises `DataFileError`."""
    x, faults = plain_rows(table, names)
    refuse(table.source, faults)
    return x


def plain_rows(table: Table, names: Sequence[str]) -> tuple[np.ndarray, list[Fault]]:
    """Read columns of numbers. Returns the numbers, NaN where a cell is no number, and the list of these cells."""
    table.require(names)
    found, faults = readings(table, names)
    x = np.full((len(table), len(names)), np.nan)
    for k, name in enumerate(names):
        reading = found.get(name, Reading("number"))
        reading = reading if reading.kind in ("number", "boolean") else Reading("number")
        column = Column(name, reading.kind, "", features=(name,), reading=reading, fill=(np.nan,))
        block, wrong, _ = column.encode(table[name], table.decimal)
        x[:, k] = block[:, 0]
        faults += wrong if name in found else []
    return x, faults


def joined(faults: list[Fault]) -> str:
    """The first twenty faults in one message."""
    more = f"; {len(faults) - 20} more" if len(faults) > 20 else ""
    return "; ".join(map(str, faults[:20])) + more


def refuse(source: str, faults: list[Fault]) -> None:
    """Raise `DataFileError` with all faults in one message, if there is one."""
    if faults:
        raise DataFileError(f"{source}: {joined(faults)}")
