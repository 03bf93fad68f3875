"""The command `reproduce`: the published experiments, each with its table, its figure and the reference beside ours."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spectral_core.cli import console, interrupts
from spectral_core.cli.console import backend_option, say
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
    names = ", ".join([first.name, "sparcs-second", *(published.name for published in others)])
    reproduce = commands.add_parser("reproduce", help=f"repeat a published experiment: {names}")
    experiments = reproduce.add_subparsers(dest="experiment", metavar="EXPERIMENT", required=True)
    _add_published(experiments, first)
    _add_sparcs_second(experiments)
    for published in others:
        _add_published(experiments, published)


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


def _add_sparcs_second(experiments: Any) -> None:
    parser = experiments.add_parser(
        "sparcs-second",
        help="a student of four layers finds its teacher of three",
        description="The second experiment of arXiv 2504.00885 at a tenth of its width (200-200 hidden neurons), or with "
        "--full at all of it (2000-2000), and how narrow the student can then become. Writes model.npz, trimmed.npz, "
        "table.txt, summary.json, sparcs-second.png and, where a width reaches a loss of 1e-4, smallest.npz. After Ctrl-C "
        "or SIGTERM the same command continues.",
        epilog="example: spectral-core reproduce sparcs-second --full --threads 2",
    )
    parser.add_argument("--full", action="store_true", help="2000-2000 hidden neurons, as published")
    parser.add_argument("--hidden", type=int, metavar="N", help="another width of both hidden layers")
    parser.add_argument("--epochs", type=int, help="epochs of the training (default: 100, as published)")
    backend_option(parser)
    parser.add_argument("--threads", type=int, default=1, help="threads of matrix products (default: 1)")
    console.seed_option(parser, "teacher, points and student")
    parser.add_argument("--out", metavar="DIR", help="folder for the results (default: results/sparcs-second)")
    parser.add_argument("--quiet", action="store_true", help="print neither progress nor results; files are written")
    parser.set_defaults(run=run_sparcs_second)


# --- experiments that are sweeps --------------------------------------------------------------------------------------


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
    tell = (lambda text: None) if options.quiet else say
    tell(time_line(result))
    if result.missing:
        tell(unfinished_note(result, home))
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
    atomic.write_text(home / "summary.json", _json({**_record(result), **functions.details(result.rows, **compared)}))
    tell(f"{text}written to {home}: {', '.join(names)}\n")
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


# --- the second experiment of the Sparcs paper ------------------------------------------------------------------------


def run_sparcs_second(options: argparse.Namespace) -> int:
    """Train one student, narrow it; write the networks, table, summary and figure."""
    from spectral_core.experiments.sparcs_second import experiment
    from spectral_core.experiments.sparcs_second.results import findings, table
    from spectral_core.files import atomic

    # Errors come before the work.
    settings = _sparcs_second_settings(options)
    home = Path(options.out or "results/sparcs-second")
    pictures = console.pictures_can_be_drawn()
    for name in ("model.npz", "sparcs-second.png"):
        atomic.check_writable(home / name)
    # Training and narrowing.
    state = home / "training.npz"
    with (
        interrupts.resumable(state.with_suffix("")),
        console.progress("reproduce sparcs-second", options.quiet) as progress,
    ):
        progress(0, settings["epochs"], "data")
        data = experiment.rotation_teacher(settings["dimensions"], settings["points"], options.seed)
        net = experiment.train_student(
            settings,
            data,
            options.seed,
            threads=options.threads,
            backend=options.backend,
            checkpoint=state,
            keep_checkpoint=True,
            report=lambda p: progress(p.epoch, p.epochs, f"loss {p.history.training_loss[-1]:.3g}"),
        )
    with (
        interrupts.resumable(state.with_suffix("")),
        console.progress("narrowing the student", options.quiet) as progress,
    ):
        found = findings(net, data, settings, report=progress)
    # Networks, table, figure and summary.
    net.save(home / "model.npz")
    written = ["model.npz"]
    for name in ("trimmed", "smallest"):
        if name in found.networks:
            found.networks[name].save(home / f"{name}.npz")
            written.append(f"{name}.npz")
    text, summary = table(found), settings | {"seed": options.seed} | found.summary()
    if pictures:
        from spectral_core.experiments.sparcs_second.figure import figure

        figure(home / "sparcs-second.png", found)
        written.append("sparcs-second.png")
    atomic.write_text(home / "table.txt", text)
    atomic.write_text(home / "summary.json", _json(summary))
    state.unlink(missing_ok=True)
    if not options.quiet:
        say(f"{text}written to {home}: {', '.join([*written, 'table.txt', 'summary.json'])}\n")
    return 0


def _sparcs_second_settings(options: argparse.Namespace) -> dict[str, Any]:
    from spectral_core import checks
    from spectral_core.experiments.sparcs_second.experiment import FULL_WIDTH, SETTINGS

    if options.full and options.hidden is not None:
        raise InvalidInputError("--full is --hidden 2000; give one of them")
    width = FULL_WIDTH if options.full else FULL_WIDTH // 10 if options.hidden is None else options.hidden
    settings = SETTINGS | {"hidden": [checks.integer(width, "--hidden", 1)] * 2}
    return settings if options.epochs is None else settings | {"epochs": checks.integer(options.epochs, "--epochs", 1)}


# --- summary.json -----------------------------------------------------------------------------------------------------


def _record(result: SweepResult) -> dict[str, Any]:
    """Content hash, number of trainings and time."""
    return {
        "content": result.content,
        "trainings": len(result.rows),
        "seconds": round(result.seconds, 3),
        "sessions": result.sessions,
    }


def _json(record: Mapping[str, Any]) -> str:
    """The record as JSON; infinity and NaN become null."""

    def clean(value: Any) -> Any:
        value = value.tolist() if hasattr(value, "tolist") else value
        if isinstance(value, Mapping):
            return {str(name): clean(entry) for name, entry in value.items()}
        if isinstance(value, (list, tuple)):
            return [clean(entry) for entry in value]
        return None if isinstance(value, float) and not math.isfinite(value) else value

    return json.dumps(clean(record), indent=1, ensure_ascii=False) + "\n"
