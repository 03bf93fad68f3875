"""The command `reproduce`: the published experiments, each with its table, its figure and the reference beside ours."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spectral_core.cli import console
from spectral_core.cli.console import backend_option, say
from spectral_core.cli.sweep import (
    STORE,
    at_work,
    numbers_of,
    shard_of,
    shared_options,
    time_line,
    unfinished,
    write_rows,
)
from spectral_core.errors import InvalidInputError

if TYPE_CHECKING:
    from spectral_core.sweeps.experiment import Experiment
    from spectral_core.sweeps.runner import SweepResult

SHOWN_ALPHAS = (0.0, 0.3, 0.5, 0.7, 1.0)
"""The α whose networks are drawn, where the sweep has them."""
EXPERIMENTS = "sparcs-first, sparcs-second, pruning, student-teacher"


def add_parsers(commands: Any) -> None:
    """The command's experiments and their options."""
    reproduce = commands.add_parser("reproduce", help=f"repeat a published experiment: {EXPERIMENTS}")
    experiments = reproduce.add_subparsers(dest="experiment", metavar="EXPERIMENT", required=True)

    first = experiments.add_parser(
        "sparcs-first", help="how much network emerges from a linear to a quadratic target",
        description="The first experiment of arXiv 2504.00885, 4,200 trainings, or a part of it. Writes "
        "sweep.sqlite, results.csv, results.parquet, table.txt (ours beside the reference), summary.json and "
        "sparcs-first.png. The same command continues where it was stopped, however that happened.",
        epilog="example: spectral-core reproduce sparcs-first --runs 10 --alphas 0,0.3,0.5,0.7,1",
    )  # fmt: skip
    first.add_argument("--alphas", metavar="A[,A...]", help="of the target, in [0, 1] (default: 0,0.05,...,1)")
    first.add_argument("--betas", metavar="B[,B...]", help="sharpness of the transition (default: 5,1000)")
    _sweep_options(first, 100, "trainings for each α and β", "of each training (default: 300, as published)")
    first.add_argument("--points", type=int, help="samples (default: 10000, as published)")
    first.add_argument("--hidden", type=int, metavar="N", help="hidden neurons (default: 300, as published)")
    backend_option(first)
    shared_options(first, "results/sparcs-first")
    first.set_defaults(run=_sparcs_first)

    second = experiments.add_parser(
        "sparcs-second", help="a student of four layers finds its teacher of three",
        description="The second experiment of arXiv 2504.00885 at a tenth of its width (200-200 hidden neurons), or with "
        "--full at all of it (2000-2000), and how narrow the student can then become. Writes model.npz, trimmed.npz, "
        "smallest.npz, table.txt, summary.json and sparcs-second.png. The same command continues where it was stopped by Ctrl-C.",
        epilog="example: spectral-core reproduce sparcs-second --full --threads 2",
    )  # fmt: skip
    second.add_argument("--full", action="store_true", help="2000-2000 hidden neurons, as published")
    second.add_argument("--hidden", type=int, metavar="N", help="another width of both hidden layers")
    second.add_argument("--epochs", type=int, help="of the training (default: 100, as published)")
    backend_option(second)
    second.add_argument("--threads", type=int, default=1, help="of the products of matrices (default: 1)")
    second.add_argument("--seed", type=int, default=0, help="of teacher, points and student (default: 0)")
    second.add_argument("--resume", action="store_true", help="continue an unfinished training, as happens anyway")
    second.add_argument("--out", metavar="DIR", help="folder for the results (default: results/sparcs-second)")
    second.set_defaults(run=_sparcs_second)

    arms = experiments.add_parser(
        "pruning", help="accuracy against neurons trimmed, for the published arms and ours",
        description="Spectral pruning (Sci. Rep. 12, 2022): the arms spectral, dense and alternate, matched in retraining, "
        "and with compensation, on a built-in data set or on files such as MNIST. Writes sweep.sqlite, results.csv, "
        "results.parquet, table.txt, summary.json and pruning.png. The same command continues where it was stopped.",
        epilog="example: spectral-core reproduce pruning --data train-images-idx3-ubyte.gz --test-data "
        "t10k-images-idx3-ubyte.gz --depths 1",
    )  # fmt: skip
    arms.add_argument("--data", default="digits", metavar="DATA", help="as for search, or IDX images (default: digits)")
    arms.add_argument("--test-data", metavar="DATA", help="by default 30 %% of the samples are held out")
    arms.add_argument("--activations", metavar="F[,F...]", help="default: relu,elu,tanh")
    arms.add_argument("--depths", metavar="N[,N...]", help="numbers of hidden layers (default: 1,2)")
    arms.add_argument(
        "--hidden", type=int, metavar="N", help="neurons of each hidden layer (default: 500, as published)"
    )
    _sweep_options(arms, 5, "trainings for each activation and depth", "of each training (default: 100, as published)")
    shared_options(arms, "results/pruning")
    arms.set_defaults(run=_pruning)

    pair = experiments.add_parser(
        "student-teacher", help="whether a student of any width shrinks to the size of its teacher",
        description="Students of several widths learn from a teacher with 20 neurons; effective sizes and the rise of the "
        "loss below them, for the published spectral student, the direct one, and ours. Writes sweep.sqlite, results.csv, "
        "results.parquet, table.txt, summary.json and student-teacher.png. The same command continues where it was stopped.",
        epilog="example: spectral-core reproduce student-teacher --widths 40,100 --runs 1",
    )  # fmt: skip
    pair.add_argument("--widths", metavar="N[,N...]", help="of the students (default: 10,20,40,60,100,200,500)")
    pair.add_argument("--students", metavar="NAME[,NAME...]", help="default: spectral,direct,proximal")
    _sweep_options(pair, 3, "trainings of each student", "of each training (default: 2000, as published)")
    shared_options(pair, "results/student-teacher")
    pair.set_defaults(run=_student_teacher)


def _sweep_options(parser: argparse.ArgumentParser, runs: int, what: str, epochs: str) -> None:
    parser.add_argument("--runs", type=int, default=runs, help=f"{what} (default: {runs})")
    parser.add_argument("--epochs", type=int, help=epochs)
    parser.add_argument("--resume", action="store_true", help="continue an unfinished store, as happens without it too")


# --- experiments ------------------------------------------------------------------------------------------------------


def _sparcs_first(options: argparse.Namespace) -> int:
    from spectral_core.experiments.sparcs_first import experiment as sparcs_first

    chosen = sparcs_first.experiment(
        alphas=sparcs_first.ALPHAS if options.alphas is None else numbers_of(options.alphas, "--alphas"),
        betas=sparcs_first.BETAS if options.betas is None else numbers_of(options.betas, "--betas"),
        runs=options.runs, epochs=options.epochs, points=options.points, hidden=options.hidden, seed=options.seed,
    )  # fmt: skip
    networks: dict[tuple[float, float], Any] = {}

    def draw(progress: console.Report, total: int) -> None:
        for point in (p for p in chosen.points if p["alpha"] in SHOWN_ALPHAS):
            progress(total, total, "networks to draw")
            networks[point["beta"], point["alpha"]] = sparcs_first.emergent(point, chosen)

    def picture(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
        from spectral_core.experiments.sparcs_first.figure import figure

        figure(path, rows, networks, title="From a linear to a quadratic target")

    return _swept(options, chosen, sparcs_first.table, picture, sparcs_first.details, draw, options.backend)


def _pruning(options: argparse.Namespace) -> int:
    from spectral_core.experiments.pruning import experiment as pruning_arms

    chosen = pruning_arms.experiment(
        options.data, test_data=options.test_data,
        activations=pruning_arms.ACTIVATIONS if options.activations is None else options.activations.split(","),
        depths=pruning_arms.DEPTHS if options.depths is None else _wholes(options.depths, "--depths"),
        runs=options.runs, epochs=options.epochs, hidden=options.hidden, seed=options.seed,
    )  # fmt: skip
    return _swept(options, chosen, pruning_arms.table, pruning_arms.figure, pruning_arms.details)


def _student_teacher(options: argparse.Namespace) -> int:
    from spectral_core.experiments.student_teacher import experiment as student_teacher

    chosen = student_teacher.experiment(
        widths=student_teacher.WIDTHS if options.widths is None else _wholes(options.widths, "--widths"),
        students=student_teacher.STUDENTS if options.students is None else options.students.split(","),
        runs=options.runs, epochs=options.epochs, seed=options.seed,
    )  # fmt: skip
    return _swept(options, chosen, student_teacher.table, student_teacher.figure, student_teacher.details)


def _swept(
    options: argparse.Namespace,
    chosen: Experiment,
    table: Callable[[Sequence[Mapping[str, Any]]], str],
    figure: Callable[[Path, Sequence[Mapping[str, Any]]], None],
    details: Callable[[Sequence[Mapping[str, Any]]], Mapping[str, Any]],
    after: Callable[[console.Report, int], None] | None = None,
    backend: str = "cpu",
) -> int:
    """Run an experiment of many trainings and write everything about it."""
    from spectral_core.files import atomic
    from spectral_core.reports.curves import require_matplotlib
    from spectral_core.sweeps import runner

    home, shard = Path(options.out or f"results/{chosen.name}"), shard_of(options.shard)
    require_matplotlib()
    with at_work(home, options.dask, f"reproduce {chosen.name}") as progress:
        result = runner.run(
            chosen, store=home / STORE, jobs=options.jobs, shard=shard, backend=backend, progress=progress
        )
        written = write_rows(result, home)
        if not result.missing and after is not None:
            after(progress, len(result.rows))
    say(time_line(result))
    if result.missing:
        say(unfinished(result, home))
        return 0
    text = table(result.rows)
    figure(home / f"{chosen.name}.png", result.rows)
    atomic.write_text(home / "table.txt", text)
    atomic.write_text(home / "summary.json", _json({**_record(result), **details(result.rows)}))
    say(f"{text}written to {home}: {STORE}, {written}, table.txt, summary.json, {chosen.name}.png\n")
    return 0


def _sparcs_second(options: argparse.Namespace) -> int:
    from spectral_core import checks
    from spectral_core.experiments.sparcs_second import experiment as sparcs_second
    from spectral_core.files import atomic
    from spectral_core.reports.curves import require_matplotlib

    if options.full and options.hidden is not None:
        raise InvalidInputError("--full is --hidden 2000; give one of them")
    tenth = sparcs_second.FULL_WIDTH // 10
    width = sparcs_second.FULL_WIDTH if options.full else tenth if options.hidden is None else options.hidden
    settings = sparcs_second.SETTINGS | {"hidden": [checks.integer(width, "--hidden", 1)] * 2}
    if options.epochs is not None:
        settings["epochs"] = checks.integer(options.epochs, "--epochs", 1)
    home = Path(options.out or "results/sparcs-second")
    require_matplotlib()
    for name in ("model.npz", "sparcs-second.png"):
        atomic.check_writable(home / name)
    state = home / "training.npz"
    with console.resumable(state.with_suffix("")), console.progress("reproduce sparcs-second") as progress:
        progress(0, settings["epochs"], "data")
        data = sparcs_second.rotation_teacher(settings["dimensions"], settings["points"], options.seed)
        net = sparcs_second.student(
            settings, data, options.seed, threads=options.threads, backend=options.backend, checkpoint=state, keep_checkpoint=True,
            report=lambda p: progress(p.epoch, p.epochs, f"loss {p.history.training_loss[-1]:.3g}"),
        )  # fmt: skip
    with console.resumable(state.with_suffix("")), console.progress("narrowing the student") as progress:
        found = sparcs_second.findings(net, data, settings, report=progress)
    net.save(home / "model.npz")
    for name in ("trimmed", "smallest"):
        if name in found.networks:
            found.networks[name].save(home / f"{name}.npz")
    text = sparcs_second.table(found)
    sparcs_second.figure(home / "sparcs-second.png", found)
    atomic.write_text(home / "table.txt", text)
    atomic.write_text(home / "summary.json", _json(settings | {"seed": options.seed} | found.summary()))
    state.unlink(missing_ok=True)
    say(f"{text}written to {home}\n")
    return 0


# --- what they share --------------------------------------------------------------------------------------------------


def _wholes(text: str, option: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise InvalidInputError(f"{option} must be whole numbers with commas between; got {text!r}") from None


def _record(result: SweepResult) -> dict[str, Any]:
    return {
        "content": result.content,
        "trainings": len(result.rows),
        "seconds": round(result.seconds, 3),
        "sessions": result.sessions,
    }


def _json(record: Mapping[str, Any]) -> str:
    """For a program; None where there is no number."""

    def clean(value: Any) -> Any:
        value = value.tolist() if hasattr(value, "tolist") else value
        if isinstance(value, Mapping):
            return {str(name): clean(entry) for name, entry in value.items()}
        if isinstance(value, (list, tuple)):
            return [clean(entry) for entry in value]
        return None if isinstance(value, float) and not math.isfinite(value) else value

    return json.dumps(clean(record), indent=1, ensure_ascii=False) + "\n"
