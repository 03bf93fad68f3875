"""Results of a sweep as rows, and rows as CSV and Parquet files; the same results give the same bytes."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spectral_core.data.tables import optional
from spectral_core.errors import InvalidInputError
from spectral_core.files import model_file as files
from spectral_core.sweeps.store import Outcome, Store

SUFFIXES = (".csv", ".parquet")


def rows_of(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Results as rows: the point, then `run` and `seed`, then what was measured, and why it failed (None: it did not)."""
    rows = []
    for outcome in outcomes:
        point = json.loads(outcome.task)
        run = point.pop("run")
        rows.append({**point, "run": run, "seed": outcome.seed, **outcome.measured, "failure": outcome.failure or None})
    return rows


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
    files.write_text(path, text.getvalue())


def write_parquet(path: str | os.PathLike[str], rows: Sequence[dict[str, Any]]) -> None:
    """Write rows as Parquet, whole or not at all; needs pyarrow."""
    arrow = optional("pyarrow", "Parquet")
    parquet = optional("pyarrow.parquet", "Parquet")
    table = arrow.table(columns_of(rows))
    files.write_beside(path, lambda file: parquet.write_table(table, file))


def export(store: str | os.PathLike[str], path: str | os.PathLike[str]) -> int:
    """Write all results of a store as .csv or .parquet, run after run; gives the number of rows."""
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise InvalidInputError(f"results are written as {' or '.join(SUFFIXES)}; got {os.fspath(path)!r}")
    with Store(store) as kept:
        rows = sorted(rows_of(kept.outcomes()), key=_place)
    (write_csv if suffix == ".csv" else write_parquet)(path, rows)
    return len(rows)


def _place(row: dict[str, Any]) -> tuple[Any, ...]:
    """Run after run; in each, numbers by size and before everything else."""
    point = [value for name, value in row.items() if name not in ("run", "seed")]
    numbers = (int, float)
    return (row["run"], [(0, v, "") if isinstance(v, numbers) else (1, 0, str(v)) for v in point])
