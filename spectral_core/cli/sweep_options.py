"""Options and messages that all sweeps on the command line share."""

from __future__ import annotations

import argparse
import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from spectral_core.cli import console, interrupts
from spectral_core.errors import InvalidInputError, MissingDependencyError
from spectral_core.wording import counted

if TYPE_CHECKING:
    from spectral_core.sweeps.runner import SweepResult

STORE = "sweep.sqlite"


def add_sweep_options(parser: argparse.ArgumentParser, home: str) -> None:
    """Add the options of every command that runs a sweep; `home` is the default folder, for the help text."""
    console.seed_option(parser, "the sweep; trainings derive theirs")
    parser.add_argument("--jobs", type=int, metavar="N", help="number of processes (default: one for each core)")
    parser.add_argument("--shard", metavar="I/N", help="compute the I-th of N parts; sweep-merge joins their stores")
    parser.add_argument("--dask", metavar="ADDRESS", help="compute on the cluster of this Dask scheduler")
    parser.add_argument("--out", metavar="DIR", help=f"folder for the results (default: {home})")
    console.output_options(parser, "the results")


@contextlib.contextmanager
def sweep_session(home: Path, address: str | None, title: str, quiet: bool) -> Iterator[console.Report]:
    """Show progress, use a Dask cluster if one is named, and say after Ctrl-C that the store can be continued."""
    from spectral_core.files import atomic

    atomic.check_writable(home / STORE)
    with interrupts.resumable(home / Path(STORE).stem), _cluster(address), console.progress(title, quiet) as progress:
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
        raise MissingDependencyError("--dask needs dask: pip install '.[cluster]' in the sources") from None
    try:
        client = Client(address, timeout="30s")
    except (OSError, ValueError) as error:
        raise InvalidInputError(f"no Dask scheduler answers at {address}: {error}") from None
    with client, joblib.parallel_config(backend="dask"):
        yield


def shard_of(text: str | None) -> tuple[int, int] | None:
    """(I, N) of the text ``I/N``."""
    if text is None:
        return None
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    if found is None:
        raise InvalidInputError(f"--shard must be I/N, such as 1/4; got {text!r}")
    return int(found[1]), int(found[2])


def write_rows(result: SweepResult, home: Path) -> str:
    """Write the rows as CSV, and as Parquet where pyarrow is installed; returns the names of the files."""
    result.to_csv(home / "results.csv")
    if not console.parquet_can_be_written():
        return "results.csv"
    result.to_parquet(home / "results.parquet")
    return "results.csv, results.parquet"


def time_line(result: SweepResult) -> str:
    """Number of trainings, time and content hash, as one line."""
    failed = sum(row["failure"] is not None for row in result.rows)
    sessions = f"in {result.sessions} sessions" if result.sessions > 1 else "in one session"
    return (
        f"{counted(len(result.rows), 'training')}{f', {failed} of them diverged' * bool(failed)}; "
        f"{result.seconds:,.1f} s of work "
        f"{sessions}; content {result.content[:16]}\n"
    )


def unfinished_note(result: SweepResult, home: Path) -> str:
    """The number of trainings left to other shards, and the commands that complete the sweep."""
    return (
        f"{counted(result.missing, 'training')} {'is' if result.missing == 1 else 'are'} left to other shards; bring the "
        "stores together with\n"
        f"  spectral-core sweep-merge STORE... --into {home / STORE}\nand give the command again without --shard\n"
    )
