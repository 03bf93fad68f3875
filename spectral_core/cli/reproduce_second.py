"""The command `reproduce sparcs-second`: one student, trained and narrowed."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from spectral_core.cli import console, interrupts
from spectral_core.cli.console import backend_option
from spectral_core.cli.results import afresh_where_stale, check_folder
from spectral_core.errors import InvalidInputError


def add_parser(experiments: Any) -> None:
    """Add the experiment and its options."""
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
    console.output_options(parser, "the summary")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Train one student, narrow it; write the networks, table, summary and figure."""
    from spectral_core import checks
    from spectral_core.experiments.sparcs_second import experiment
    from spectral_core.experiments.sparcs_second.results import findings, table
    from spectral_core.files import atomic

    # Errors come before the work.
    settings = _settings(options)
    checks.integer(options.threads, "--threads", 1)
    checks.integer(options.seed, "--seed", 0)
    home = Path(options.out or "results/sparcs-second")
    pictures = console.pictures_can_be_drawn()
    for name in ("model.npz", "sparcs-second.png"):
        atomic.check_writable(home / name)
    check_folder(home, "reproduce", None)
    # Training and narrowing.
    state = home / "training.npz"
    with (
        interrupts.resumable(state.with_suffix("")),
        console.progress("reproduce sparcs-second", options.quiet) as progress,
    ):
        progress(0, settings["epochs"], "data")
        data = experiment.rotation_teacher(settings["dimensions"], settings["points"], options.seed)
        net = afresh_where_stale(
            lambda: [state] if state.exists() else [],
            lambda: experiment.train_student(
                settings,
                data,
                options.seed,
                threads=options.threads,
                backend=options.backend,
                checkpoint=state,
                keep_checkpoint=True,
                report=lambda p: progress(p.epoch, p.epochs, f"loss {p.history.training_loss[-1]:.3g}"),
            ),
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
    atomic.write_text(home / "summary.json", console.as_json(summary))
    state.unlink(missing_ok=True)
    console.tell(options, f"{text}written to {home}: {', '.join([*written, 'table.txt', 'summary.json'])}\n", summary)
    return 0


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    from spectral_core import checks
    from spectral_core.experiments.sparcs_second.experiment import FULL_WIDTH, SETTINGS

    if options.full and options.hidden is not None:
        raise InvalidInputError("--full is --hidden 2000; give one of them")
    width = FULL_WIDTH if options.full else FULL_WIDTH // 10 if options.hidden is None else options.hidden
    settings = SETTINGS | {"hidden": [checks.integer(width, "--hidden", 1)] * 2}
    return settings if options.epochs is None else settings | {"epochs": checks.integer(options.epochs, "--epochs", 1)}
