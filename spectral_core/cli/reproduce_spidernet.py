"""The command `reproduce spidernet`: search, chance and a network made by hand with the same budget."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from spectral_core.cli import console
from spectral_core.cli.image_options import IMAGES
from spectral_core.cli.results import check_folder
from spectral_core.cli.sweep_options import (
    STORE,
    add_sweep_options,
    shard_of,
    sweep_session,
    time_line,
    unfinished_note,
    write_rows,
)


def add_parser(experiments: Any) -> None:
    """Add the experiment and its options."""
    parser = experiments.add_parser(
        "spidernet",
        help="a network of cells that grows, beside chance and a network made by hand",
        description="SpiderNet (CVPR-NAS 2022) in small: `images search` with the slope score, with random splits, with restarts, "
        "with the published gates, and a network made by hand, all with the same images and epochs. Writes sweep.sqlite, "
        "results.csv, table.txt, summary.json, spidernet.png and cells.png. A stopped run continues.",
        epilog="examples: spectral-core reproduce spidernet --quick; "
        "spectral-core reproduce spidernet --data cifar10.npz --size 16",
    )
    scale = parser.add_mutually_exclusive_group()
    scale.add_argument("--quick", action="store_true", help="800 images, 4 channels, 1 round, one run: a first look")
    scale.add_argument("--full", action="store_true", help="40,000 images, 16 channels, 8 rounds: days on two cores")
    parser.add_argument("--data", metavar="DATA", default="digits", help=f"{IMAGES} (default: digits)")
    parser.add_argument("--size", type=int, metavar="ROWS", help="rows of the images, by means of 2 × 2 pixels")
    turned = "no image is turned left to right, for images such as MNIST's (with --data; digits never are)"
    parser.add_argument("--no-flip", action="store_true", help=turned)
    arms = "search, random, restart, published, hand-made (default: all; --quick: search, random, hand-made)"
    parser.add_argument("--arms", metavar="NAME[,NAME...]", help=arms)
    parser.add_argument("--runs", type=int, help="of each arm (default: 5; --quick: 1)")
    add_sweep_options(parser, "results/spidernet")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the experiment; write its store, rows, table, summary and figures."""
    from spectral_core.experiments.spidernet import results
    from spectral_core.experiments.spidernet.experiment import experiment
    from spectral_core.files import atomic
    from spectral_core.sweeps import runner

    # Errors come before the work.
    scale = "quick" if options.quick else "full" if options.full else "reduced"
    arms = options.arms.split(",") if options.arms else None
    chosen = experiment(
        scale=scale,
        data=options.data,
        size=options.size,
        flip=not options.no_flip,
        arms=arms,
        runs=options.runs,
        seed=options.seed,
    )
    home, shard = Path(options.out or "results/spidernet"), shard_of(options.shard)
    check_folder(home, "reproduce", None)
    pictures = console.pictures_can_be_drawn()
    with sweep_session(home, options.dask, "reproduce spidernet", options.quiet) as progress:
        result = runner.run(
            chosen, store=home / STORE, jobs=options.jobs, shard=shard, backend="cpu", progress=progress
        )
        written = write_rows(result, home)
    if result.missing:
        record = {"missing": result.missing, "content": result.content}
        console.tell(options, time_line(result) + unfinished_note(result, home), record)
        return 0
    # Table, summary and figures.
    text, names = results.table(result.rows), [STORE, written, "table.txt", "summary.json"]
    if pictures:
        names += _pictures(result.rows, home)
    atomic.write_text(home / "table.txt", text)
    summary = {"content": result.content, "seconds": round(result.seconds, 3), **results.details(result.rows)}
    atomic.write_text(home / "summary.json", console.as_json(summary))
    console.tell(options, f"{time_line(result)}{text}written to {home}: {', '.join(names)}\n", summary)
    return 0


def _pictures(rows: list[dict[str, Any]], home: Path) -> list[str]:
    """Draw the figure, and the cells of the first search; returns their names."""
    from spectral_core.experiments.spidernet.figure import figure
    from spectral_core.reports.cells import cells_picture

    figure(home / "spidernet.png", rows)
    rounds: list[dict[str, Any]] = next(
        (json.loads(row["rounds"]) for row in rows if row["arm"] == "search" and row.get("rounds")), []
    )
    if not rounds:
        return ["spidernet.png"]
    cells_picture(home / "cells.png", rounds, title="Cells of the first search")
    return ["spidernet.png", "cells.png"]
