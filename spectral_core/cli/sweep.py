"""The commands `sweep`, `sweep-merge` and `sweep-export`, and what every sweep on the command line shares."""

from __future__ import annotations

import argparse
import contextlib
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spectral_core.cli import console
from spectral_core.cli.console import say
from spectral_core.errors import InvalidInputError, MissingDependencyError

if TYPE_CHECKING:
    from spectral_core.sweeps.runner import SweepResult

STORE = "sweep.sqlite"


def add_parsers(commands: Any) -> None:
    """The commands' options."""
    sweep = commands.add_parser(
        "sweep", help="train on a grid of options, on any data",
        description="Trains for every combination of the grid's values, several runs of each, in parallel, and writes "
        "sweep.sqlite, results.csv and results.parquet. The same command continues where it was stopped.",
        epilog="example: spectral-core sweep wine --grid penalty_strength=1e-4,1e-3 --grid hidden=20,50x20 "
        "--grid epochs=50 --runs 5. Options: hidden (50x20 is two layers), activation, bias, parametrization, dtype, and "
        "those of spectral_core.train.",
    )  # fmt: skip
    sweep.add_argument("data", metavar="DATA", help="a CSV, Parquet or NPZ file, or a built-in name, as for search")
    sweep.add_argument(
        "--grid", metavar="NAME=V[,V...]", action="append", default=[], help="values of an option; may be repeated"
    )
    sweep.add_argument("--runs", type=int, default=1, help="trainings of each point (default: 1)")
    sweep.add_argument("--target", metavar="COLUMN", help="target column of a table (default: the last)")
    sweep.add_argument("--task", default="auto", choices=("auto", "regression", "classification"), help="default: auto")
    shared_options(sweep, "results/sweep-<data>")
    sweep.set_defaults(run=_sweep)

    merge = commands.add_parser("sweep-merge", help="put the stores of several shards into one")
    merge.add_argument("stores", metavar="STORE", nargs="+", help="sweep.sqlite of a shard; left as it is")
    merge.add_argument("--into", metavar="STORE", required=True, help="a new file, or a store of the same sweep")
    merge.set_defaults(run=_merge)

    export = commands.add_parser("sweep-export", help="write the results of a store as CSV or Parquet")
    export.add_argument("store", metavar="STORE", help="sweep.sqlite; it may still be at work")
    export.add_argument("file", metavar="FILE", help="a .csv or .parquet file")
    export.set_defaults(run=_export)


def shared_options(parser: argparse.ArgumentParser, home: str) -> None:
    parser.add_argument("--seed", type=int, default=0, help="of the sweep; each training's own follows (default: 0)")
    parser.add_argument("--jobs", type=int, metavar="N", help="processes at a time (default: one for each core)")
    parser.add_argument("--shard", metavar="I/N", help="do the I-th of N parts; their stores merge")
    parser.add_argument("--dask", metavar="ADDRESS", help="work on the cluster of this Dask scheduler")
    parser.add_argument("--out", metavar="DIR", help=f"folder for the results (default: {home})")


# --- commands ---------------------------------------------------------------------------------------------------------


def _sweep(options: argparse.Namespace) -> int:
    from spectral_core.sweeps.grid import sweep

    grid = _grid(options.grid)
    home, shard = Path(options.out or f"results/sweep-{Path(options.data).stem}"), shard_of(options.shard)
    with at_work(home, options.dask, f"sweep {Path(options.data).name}") as progress:
        result = sweep(
            options.data, grid, runs=options.runs, task=options.task, target=options.target, seed=options.seed,
            store=home / STORE, jobs=options.jobs, shard=shard, progress=progress,
        )  # fmt: skip
        written = write_rows(result, home)
    say(time_line(result))
    say(unfinished(result, home) if result.missing else _points(result.rows, list(grid)))
    say(f"written to {home}: {STORE}, {written}\n")
    return 0


def _merge(options: argparse.Namespace) -> int:
    from spectral_core.files import atomic
    from spectral_core.sweeps.store import merge

    atomic.check_writable(options.into)
    with merge(options.into, options.stores) as store:
        say(f"{options.into} holds {len(store.finished()):,} trainings, content {store.content()[:16]}\n")
    return 0


def _export(options: argparse.Namespace) -> int:
    from spectral_core.files import atomic
    from spectral_core.sweeps.export import export

    atomic.check_writable(options.file)
    say(f"{export(options.store, options.file):,} rows written to {options.file}\n")
    return 0


# --- what they share --------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def at_work(home: Path, address: str | None, title: str) -> Iterator[console.Report]:
    """Progress; Ctrl-C that says that the store continues; a Dask cluster where one is named."""
    from spectral_core.checks import optional
    from spectral_core.files import atomic

    optional("pyarrow", "results.parquet")  # what could stop us at the end is asked at the beginning
    atomic.check_writable(home / STORE)
    with console.resumable(home / Path(STORE).stem), _cluster(address), console.progress(title) as progress:
        yield progress


@contextlib.contextmanager
def _cluster(address: str | None) -> Iterator[None]:
    if address is None:
        yield
        return
    try:
        import joblib
        from dask.distributed import Client
    except ImportError:
        raise MissingDependencyError("--dask needs dask: pip install 'spectral-core[cluster]'") from None
    try:
        client = Client(address, timeout="10s")
    except (OSError, ValueError) as error:
        raise InvalidInputError(f"no Dask scheduler answers at {address}: {error}") from None
    with client, joblib.parallel_config(backend="dask"):
        yield


def numbers_of(text: str, option: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise InvalidInputError(f"{option} must be numbers with commas between; got {text!r}") from None


def shard_of(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    if found is None:
        raise InvalidInputError(f"--shard must be I/N, such as 1/4; got {text!r}")
    return int(found[1]), int(found[2])


def _grid(texts: Sequence[str]) -> dict[str, list[Any]]:
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


def write_rows(result: SweepResult, home: Path) -> str:
    result.to_csv(home / "results.csv")
    result.to_parquet(home / "results.parquet")
    return "results.csv, results.parquet"


def time_line(result: SweepResult) -> str:
    failed = sum(row["failure"] is not None for row in result.rows)
    sessions = f"in {result.sessions} sessions" if result.sessions > 1 else "in one session"
    return (
        f"{len(result.rows):,} trainings{f', {failed} of them diverged' * bool(failed)}; {result.seconds:,.1f} s of work "
        f"{sessions}; content {result.content[:16]}\n"
    )


def unfinished(result: SweepResult, home: Path) -> str:
    return (
        f"{result.missing:,} trainings are left to other shards; bring the stores together with\n"
        f"  spectral-core sweep-merge STORE... --into {home / STORE}\nand give the command again without --shard\n"
    )


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
    for point, some in groups.items():
        shown = (mean_and_error([row.get(f"validation_{what}") for row in some]) for what in ("loss", "score"))
        text += f"{point:<{wide}}{len(some):>6}   {''.join(f'{entry:<24}' for entry in shown)}\n"
    return text


def mean_and_error(values: Sequence[float | None]) -> str:
    """``mean ± standard error`` of the values there are; the error is √(Σ (v - mean)²/(n - 1)/n)."""
    there = [value for value in values if value is not None]
    if not there:
        return "-"
    mean = math.fsum(there) / len(there)
    if len(there) == 1:
        return f"{mean:.4g}"
    error = math.sqrt(math.fsum((value - mean) ** 2 for value in there) / (len(there) - 1) / len(there))
    return f"{mean:.4g} ± {error:.2g}"
