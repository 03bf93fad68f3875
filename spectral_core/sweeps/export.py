"""The results of a store as rows, and those rows as a CSV or Parquet file."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spectral_core.errors import InvalidInputError
from spectral_core.files.tables import write_csv, write_parquet
from spectral_core.sweeps.store import Store, TaskResult

SUFFIXES = (".csv", ".parquet")


def rows_of(outcomes: Sequence[TaskResult]) -> list[dict[str, Any]]:
    """Results as rows: the point, then `run` and `seed`, then the measured numbers, then `failure` (a text or None)."""
    rows = []
    for outcome in outcomes:
        point = json.loads(outcome.task)
        run = point.pop("run")
        rows.append({**point, "run": run, "seed": outcome.seed, **outcome.measured, "failure": outcome.failure or None})
    return rows


def export(store: str | os.PathLike[str], path: str | os.PathLike[str]) -> int:
    """Write all results of a store as .csv or .parquet, run after run; returns the number of rows."""
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise InvalidInputError(f"results are written as {' or '.join(SUFFIXES)}; got {os.fspath(path)!r}")
    with Store(store) as opened:
        rows = sorted(rows_of(opened.outcomes()), key=_sort_key)
    (write_csv if suffix == ".csv" else write_parquet)(path, rows)
    return len(rows)


def _sort_key(row: dict[str, Any]) -> tuple[Any, ...]:
    """Sort run after run; within a run numbers come first, by size."""
    point = [value for name, value in row.items() if name not in ("run", "seed")]
    numbers = (int, float)
    return (row["run"], [(0, v, "") if isinstance(v, numbers) else (1, 0, str(v)) for v in point])
