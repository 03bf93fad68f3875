"""CSV and Parquet files as columns; every error names the file, the column and the row."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from spectral_core.checks import optional
from spectral_core.data.columns import Columns, Source, floats, one_line, quoted, shortened
from spectral_core.errors import DataFileError

CSV_BLOCK = 2**26
"""Bytes that Arrow reads at a time; each row must fit into one block."""


def from_table(source: Source, kind: str, target: str | None) -> Columns:
    """Features and target of a table; the target is the last column by default."""
    table = read_table(source, kind)
    names = table.column_names
    if len(names) < 2:
        raise DataFileError(f"{source} needs a target and at least one feature column; it has {quoted(names)}")
    target = names[-1] if target is None else target
    require_columns(source, table, (target,))
    features = tuple(name for name in names if name != target)
    y = _column(source, target, table.column(target))
    if y.dtype.kind == "f":
        y = floats(source, target, y)
    return feature_matrix(source, table, features), y, features, (target,)


def read_table(source: Source, kind: str) -> Any:
    """An Arrow table with rows and unambiguous column names."""
    library = optional("pyarrow", f"reading {source}")
    try:
        table = _read_csv(source) if kind == ".csv" else _read_parquet(source)
        names = table.column_names
    except (library.ArrowException, OSError, UnicodeDecodeError) as error:
        raise DataFileError(f"{source} cannot be read as a {kind} file: {one_line(error)}") from None
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1] if len(set(names)) < len(names) else []
    if twice:
        raise DataFileError(f"{source}: column names must differ; more than one column is called {quoted(twice)}")
    if table.num_rows == 0:
        raise DataFileError(f"{source} has column names but no rows")
    return table


def _read_csv(source: Source) -> Any:
    csv = optional("pyarrow.csv", f"reading {source}")
    try:
        return csv.read_csv(
            os.fspath(source),
            read_options=csv.ReadOptions(use_threads=False, block_size=CSV_BLOCK),  # threads lose the row numbers
            parse_options=csv.ParseOptions(newlines_in_values=True),
            convert_options=csv.ConvertOptions(strings_can_be_null=True),  # an empty label is a missing one
        )
    except ValueError as error:  # ArrowInvalid is one
        # From the message, as Arrow's invalid_row_handler cannot take rows that are not UTF-8.
        ragged = re.search(r"Row #(\d+): Expected (\d+) columns, got (\d+)", str(error))
        if ragged is None:
            raise
        number, need, have = map(int, ragged.groups())  # Arrow's row 1 is the header
        raise DataFileError(
            f"{source}: row {number - 1} has {have} value(s); the header has {need} column(s)"
        ) from None


def _read_parquet(source: Source) -> Any:
    parquet = optional("pyarrow.parquet", f"reading {source}")
    with parquet.ParquetFile(os.fspath(source)) as file:  # read_table would add columns for folders called 'a=1'
        return file.read()


def require_columns(source: Source, table: Any, wanted: Sequence[str]) -> None:
    """Raise `DataFileError` where the table lacks a column."""
    present = set(table.column_names)
    missing = [name for name in wanted if name not in present]
    if missing:
        raise DataFileError(f"{source} has no column {quoted(missing)}; it has {quoted(table.column_names)}")


def feature_matrix(source: Source, table: Any, names: Sequence[str]) -> np.ndarray:
    """Columns of a table as (samples, features) float64."""
    x = np.empty((table.num_rows, len(names)))
    for k, name in enumerate(names):
        x[:, k] = floats(source, name, _column(source, name, table.column(name)))
    return x


def _column(source: Source, name: str, column: Any) -> np.ndarray:
    """An Arrow column as an array of bools, numbers, or text (as objects); no value may be missing."""
    types = optional("pyarrow.types", f"reading {source}")
    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if column.null_count:
        row = int(np.argmax(column.is_null().to_numpy())) + 1
        raise DataFileError(f"{source}: column {name!r}, row {row}: the value is missing")
    if types.is_decimal(column.type):
        column = column.cast("float64")
    if types.is_boolean(column.type) or types.is_integer(column.type) or types.is_floating(column.type):
        return column.to_numpy()
    if types.is_string(column.type) or types.is_large_string(column.type):
        try:
            return np.array(column.to_pylist(), dtype=object)
        except UnicodeDecodeError as error:  # Arrow checks the text of CSV files only
            raise DataFileError(f"{source}: column {name!r} holds text that is not UTF-8: {one_line(error)}") from None
    raise DataFileError(
        f"{source}: column {name!r} must hold numbers or text, not {column.type}; row 1 is {shortened(column[0].as_py())}"
    )
