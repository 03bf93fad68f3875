"""The command `reproduce`: the published experiments, each with its table, its figure and the reference beside ours."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spectral_core.cli import console, reproduce_second, reproduce_spidernet
from spectral_core.cli.console import backend_option, tell
from spectral_core.cli.sweep_options import (
    STORE,
    add_sweep_options,
    shard_of,
    sweep_session,
    time_line,
    unfinished_note,
    write_rows,
)
from spectral_core.errors import InvalidInputError

if TYPE_CHECKING:
    from spectral_core.experiments.catalogue import PublishedExperiment
    from spectral_core.sweeps.runner import SweepResult


def add_parser(commands: Any) -> None:
    """Add the command, its experiments and their options."""
    from spectral_core.experiments.catalogue import PUBLISHED

    first, *others = PUBLISHED
    names = ", ".join([first.name, "sparcs-second", *(published.name for published in others), "spidernet"])
    reproduce = commands.add_parser("reproduce", help=f"repeat a published experiment: {names}")
    experiments = reproduce.add_subparsers(dest="experiment", metavar="EXPERIMENT", required=True)
    _add_published(experiments, first)
    reproduce_second.add_parser(experiments)
    for published in others:
        _add_published(experiments, published)
    reproduce_spidernet.add_parser(experiments)


def _add_published(experiments: Any, published: PublishedExperiment) -> None:
    parser = experiments.add_parser(
        published.name,
        help=published.help,
        description=published.description,
        epilog=f"example: spectral-core reproduce {published.name} {published.example}",
    )
    for option in published.options:
        kind: Any = int if option.kind == "integer" else str
        parser.add_argument(
            f"--{option.name}", type=kind, metavar=option.metavar, default=option.default, help=option.help
        )
    runs = published.runs
    parser.add_argument("--runs", type=int, default=runs, help=f"{published.runs_help} (default: {runs})")
    parser.add_argument("--epochs", type=int, help=published.epochs_help)
    if published.on_gpu:
        backend_option(parser)
    add_sweep_options(parser, f"results/{published.name}")
    parser.set_defaults(run=lambda options: run(options, published))


def run(options: argparse.Namespace, published: PublishedExperiment) -> int:
    """Run an experiment of the catalogue; write its store, rows, table, summary and figure."""
    from spectral_core.files import atomic
    from spectral_core.sweeps import runner

    # Errors come before the work.
    functions = published.load()
    chosen = functions.experiment(**_keywords(options, published))
    home, shard = Path(options.out or f"results/{published.name}"), shard_of(options.shard)
    backend = options.backend if published.on_gpu else "cpu"
    pictures = console.pictures_can_be_drawn()
    # The sweep, and the networks that the figure draws.
    arguments: tuple[object, ...] = ()
    with sweep_session(home, options.dask, f"reproduce {published.name}", options.quiet) as progress:
        result = runner.run(
            chosen, store=home / STORE, jobs=options.jobs, shard=shard, backend=backend, progress=progress
        )
        written = write_rows(result, home)
        if not result.missing and functions.networks is not None and pictures:
            arguments = (functions.networks(chosen, progress, len(result.rows)),)
    if result.missing:
        tell(options, time_line(result) + unfinished_note(result, home), {"missing": result.missing, **_record(result)})
        return 0
    # Table, summary and figure of the whole sweep.
    differences = functions.differences(chosen)
    compared: dict[str, bool] = {"compared": False} if differences else {}
    text = f"the reference is left out: {', '.join(differences)}\n" if differences else ""
    text += functions.table(result.rows, **compared)
    names = [STORE, written, "table.txt", "summary.json"]
    if pictures:
        functions.figure(home / f"{published.name}.png", result.rows, *arguments, **compared)
        names.append(f"{published.name}.png")
    atomic.write_text(home / "table.txt", text)
    summary = {**_record(result), **functions.details(result.rows, **compared)}
    atomic.write_text(home / "summary.json", console.as_json(summary))
    tell(options, f"{time_line(result)}{text}written to {home}: {', '.join(names)}\n", summary)
    return 0


def _keywords(options: argparse.Namespace, published: PublishedExperiment) -> dict[str, Any]:
    """The keywords of the experiment: the options on the command line, lists read from their text."""
    keywords: dict[str, Any] = {"runs": options.runs, "epochs": options.epochs, "seed": options.seed}
    for option in published.options:
        name = option.name.replace("-", "_")
        value = getattr(options, name)
        if value is not None:
            keywords[name] = READERS[option.kind](value, f"--{option.name}")
    return keywords


def _numbers(text: str, option: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise InvalidInputError(f"{option} must be numbers with commas between; got {text!r}") from None


def _integers(text: str, option: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise InvalidInputError(f"{option} must be whole numbers with commas between; got {text!r}") from None


READERS: dict[str, Callable[[Any, str], Any]] = {
    "text": lambda value, option: value,
    "integer": lambda value, option: value,
    "names": lambda value, option: value.split(","),
    "integers": _integers,
    "numbers": _numbers,
}
"""How the text of an option becomes a value, by the kind of the option."""


def _record(result: SweepResult) -> dict[str, Any]:
    """Content hash, number of trainings and time."""
    return {
        "content": result.content,
        "trainings": len(result.rows),
        "seconds": round(result.seconds, 3),
        "sessions": result.sessions,
    }
