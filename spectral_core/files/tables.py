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
    """Rows as columns of one kind each, None where a row has no value; lists become text such as ``50x20``.

    Whole numbers among others become floats; text, booleans and numbers among each other become text.
    """
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: _column([row.get(name) for row in rows]) for name in names}


def _column(values: list[Any]) -> list[Any]:
    values = ["x".join(map(str, value)) if isinstance(value, list) else value for value in values]
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int, float}:
        return [value if value is None else float(value) for value in values]
    return values if len(kinds) < 2 else [value if value is None else str(value) for value in values]


def write_csv(path: str | os.PathLike[str], rows: Sequence[dict[str, Any]]) -> None:
    """Write rows as CSV, whole or not at all: floats with all their digits, nothing where there is no value."""
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
