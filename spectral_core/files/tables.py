"""Rows as CSV and Parquet files; the same rows give the same bytes."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from typing import Any

from spectral_core.checks import optional
from spectral_core.files import atomic


def columns_of(rows: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    """Rows as columns; None marks a missing value, and lists become text such as ``50x20``.

    Every column holds one type: a column of integers and floats becomes floats, any other mixture becomes text.
    """
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: _column([row.get(name) for row in rows]) for name in names}


def _column(values: list[Any]) -> list[Any]:
    """The values converted to one type."""
    values = ["x".join(map(str, value)) if isinstance(value, list) else value for value in values]
    types = {type(value) for value in values if value is not None}
    if types == {int, float}:
        return [value if value is None else float(value) for value in values]
    return values if len(types) < 2 else [value if value is None else str(value) for value in values]


def write_csv(path: str | os.PathLike[str], rows: Sequence[dict[str, Any]]) -> None:
    """Write rows as CSV, whole or not at all: floats with all their digits, an empty cell for a missing value."""
    columns = columns_of(rows)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    atomic.write_text(path, text.getvalue())


def write_parquet(path: str | os.PathLike[str], rows: Sequence[dict[str, Any]]) -> None:
    """Write rows as Parquet, whole or not at all; needs pyarrow."""
    arrow = optional("pyarrow", "Parquet")
    parquet = optional("pyarrow.parquet", "Parquet")
    table = arrow.table(columns_of(rows))
    atomic.write_atomically(path, lambda file: parquet.write_table(table, file))
