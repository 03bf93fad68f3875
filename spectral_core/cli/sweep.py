"""The commands `sweep`, `sweep-merge` and `sweep-export`."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spectral_core.cli import data_options
from spectral_core.cli.console import say, tell
from spectral_core.cli.sweep_options import (
    STORE,
    add_sweep_options,
    shard_of,
    sweep_session,
    time_line,
    unfinished_note,
    write_rows,
)
from spectral_core.data.targets import TASKS
from spectral_core.errors import InvalidInputError
from spectral_core.wording import counted


def add_parser(commands: Any) -> None:
    """Add the three commands and their options."""
    sweep = commands.add_parser(
        "sweep",
        help="train on a grid of options, on any data",
        description="Trains for every combination of the grid's values, several runs of each, in parallel, and writes "
        "sweep.sqlite, results.csv and, with pyarrow, results.parquet. The same command continues an interrupted run.",
        epilog="example: spectral-core sweep wine --grid penalty_strength=1e-4,1e-3 --grid hidden=20,50x20 "
        "--grid epochs=50 --runs 5. Options: hidden (50x20 is two layers, none is no layer), activation, bias, parametrization, dtype, and "
        "those of spectral_core.train.",
    )
    sweep.add_argument("data", metavar="DATA", help=data_options.TABLES)
    sweep.add_argument(
        "--grid", metavar="NAME=V[,V...]", action="append", default=[], help="values of an option; may be repeated"
    )
    sweep.add_argument("--runs", type=int, default=1, help="trainings of each point (default: 1)")
    sweep.add_argument("--task", default="auto", choices=("auto", *TASKS), help="default: auto")
    add_sweep_options(sweep, "results/sweep-<data>")
    data_options.add_column_options(sweep, rows=False)
    data_options.add_file_options(sweep)
    sweep.set_defaults(run=run)

    merge = commands.add_parser(
        "sweep-merge",
        help="merge the stores of several shards into one",
        epilog="example: spectral-core sweep-merge one/sweep.sqlite two/sweep.sqlite --into all/sweep.sqlite",
    )
    merge.add_argument("stores", metavar="STORE", nargs="+", help="sweep.sqlite of a shard; it is not changed")
    merge.add_argument("--into", metavar="STORE", required=True, help="a new file, or a store of the same sweep")
    merge.set_defaults(run=run_merge)

    export = commands.add_parser(
        "sweep-export",
        help="write the results of a store as CSV or Parquet",
        epilog="example: spectral-core sweep-export results/sweep-wine/sweep.sqlite wine.csv",
    )
    export.add_argument("store", metavar="STORE", help="sweep.sqlite; its sweep may still be running")
    export.add_argument("file", metavar="FILE", help="a .csv or .parquet file")
    export.set_defaults(run=run_export)


def run(options: argparse.Namespace) -> int:
    """Run `sweep`."""
    from spectral_core.data import datasets
    from spectral_core.sweeps.grid import sweep

    grid = read_grid(options.grid)
    form, columns = data_options.file_form(options), data_options.column_choice(options)
    data = datasets.load(options.data, task=options.task, form=form, columns=columns)
    data_options.note(() if options.quiet else data_options.decisions(data), data.name)
    home, shard = Path(options.out or f"results/sweep-{Path(options.data).stem}"), shard_of(options.shard)
    with sweep_session(home, options.dask, f"sweep {Path(options.data).name}", options.quiet) as progress:
        result = sweep(
            data,
            grid,
            runs=options.runs,
            seed=options.seed,
            store=home / STORE,
            jobs=options.jobs,
            shard=shard,
            progress=progress,
        )
        written = write_rows(result, home)
    text = unfinished_note(result, home) if result.missing else _points(result.rows, list(grid))
    tell(options, f"{time_line(result)}{text}written to {home}: {STORE}, {written}\n", result.rows)
    return 0


def run_merge(options: argparse.Namespace) -> int:
    """Run `sweep-merge`."""
    from spectral_core.files import atomic
    from spectral_core.sweeps.store import merge

    atomic.check_writable(options.into)
    with merge(options.into, options.stores) as store:
        say(f"{options.into} holds {counted(len(store.finished()), 'training')}, content {store.content()[:16]}\n")
    return 0


def run_export(options: argparse.Namespace) -> int:
    """Run `sweep-export`."""
    from spectral_core.files import atomic
    from spectral_core.sweeps.export import export

    atomic.check_writable(options.file, inputs=[options.store])
    say(f"{counted(export(options.store, options.file), 'row')} written to {options.file}\n")
    return 0


def read_grid(texts: Sequence[str]) -> dict[str, list[Any]]:
    """``hidden=20,50x20`` becomes {"hidden": [20, [50, 20]]}."""
    grid: dict[str, list[Any]] = {}
    for text in texts:
        name, sign, values = text.partition("=")
        if not sign or not name or name in grid:
            raise InvalidInputError(f"--grid must be NAME=V[,V...], each name once; got {text!r}")
        grid[name] = [_value(part.strip()) for part in values.split(",")]
    return grid


def _value(text: str) -> Any:
    """A whole number, a number, yes or no, none, a list (``50x20``), else the text itself."""
    words = {"true": True, "false": False, "none": None}
    if text.lower() in words:
        return words[text.lower()]
    parts = []
    for part in text.split("x"):
        try:
            parts.append(int(part) if re.fullmatch(r"[+-]?\d+", part) else float(part))
        except ValueError:
            return text
    return parts if len(parts) > 1 else parts[0]


def _points(rows: Sequence[dict[str, Any]], names: Sequence[str]) -> str:
    """Each point of the grid with mean ± standard error of validation loss and score."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        point = "  ".join(
            f"{name}={'x'.join(map(str, v)) if isinstance(v := row[name], list) else v}" for name in names
        )
        groups.setdefault(point or "defaults", []).append(row)
    wide = max(map(len, groups))
    text = f"{'point':<{wide}}  runs   {'validation loss':<24}{'validation score':<24}\n"
    for point, runs in groups.items():
        shown = (mean_and_error([row.get(f"validation_{what}") for row in runs]) for what in ("loss", "score"))
        text += f"{point:<{wide}}{len(runs):>6}   {''.join(f'{entry:<24}' for entry in shown)}\n"
    return text


def mean_and_error(values: Sequence[float | None]) -> str:
    """``mean ± standard error`` of the values that are not None; the error is √(Σ (v - mean)²/(n - 1)/n).

    By hand: a statistic of a sweep. Checked by test_sweep.test_mean_and_error.
    """
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    mean = math.fsum(known) / len(known)
    if len(known) == 1:
        return f"{mean:.4g}"
    error = math.sqrt(math.fsum((value - mean) ** 2 for value in known) / (len(known) - 1) / len(known))
    return f"{mean:.4g} ± {error:.2g}"
