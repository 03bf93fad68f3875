"""The command `images search`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spectral_core.cli import console, image_options, images_train
from spectral_core.cli.results import FILES
from spectral_core.errors import InvalidInputError

if TYPE_CHECKING:
    from spectral_core.architecture.image_result import ImageSearchResult
    from spectral_core.data.image_parts import ImageParts

QUICK = {"channels": 4, "reductions": 1, "rounds": 2, "epochs": 1, "final_epochs": 3, "score_images": 64}
"""The options of --quick, where they are not given."""


def add_parsers(commands: Any) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "search",
        help="find a network of cells for images",
        description="A minimal network grows where a score says it pays, and loses the operations that do not. Two choices are "
        "yours: channels and reductions. Writes model.npz, report.json, report.txt and cells.png. After Ctrl-C or SIGTERM the "
        "same command continues at the last round.",
        epilog="examples: spectral-core images search digits --quick; "
        "spectral-core images search cifar10.npz --size 16 --channels 8 --reductions 2 --flip --crop 2 --memory 1GB --time 10m",
    )
    image_options.add_data_options(parser)
    group = parser.add_argument_group("the network")
    group.add_argument("--channels", type=int, metavar="N", help="channels of the first cell (default: 8)")
    group.add_argument("--reductions", type=int, metavar="N", help="how often rows and columns are halved (default: 2)")
    group.add_argument(
        "--memory", metavar="BYTES", help="the most that the arrays of a training step may take, such as 1GB"
    )
    size = "before the final training the network gets more channels, up to so many parameters"
    group.add_argument("--parameters", type=int, metavar="N", help=size)
    budget = "the most that the search may take, such as 10m; about a tenth of it is for the rounds, where their epochs are not given"
    group.add_argument("--time", metavar="TIME", help=budget)
    _add_search_options(parser.add_argument_group("the search"))
    console.seed_option(parser, "split, start, order and scores")
    parser.add_argument("--out", metavar="DIR", help="folder for the results (default: results/<data>)")
    console.output_options(parser)
    parser.set_defaults(run=run)


def _add_search_options(group: Any) -> None:
    quick = "4 channels, 1 reduction, 2 rounds of 1 epoch, 3 final epochs (with --time as many as it allows); options given here win"
    group.add_argument("--quick", action="store_true", help=quick)
    rounds = "that end with a split (default: 4); with eigenvalues one more follows, in which the last splits can close"
    group.add_argument("--rounds", type=int, help=rounds)
    epochs = "of each round; 0.25 is a quarter of the images (default: 2; with --time as many as a tenth of it allows)"
    group.add_argument("--epochs", type=float, metavar="N", help=epochs)
    final = "of the final training (default: 8; with --time as many as it leaves)"
    group.add_argument("--final-epochs", type=int, metavar="N", help=final)
    scores = "where a cell is split: slope at eigenvalue 0, ntk, published or random (default: slope)"
    group.add_argument("--score", choices=("slope", "ntk", "published", "random"), help=scores)
    group.add_argument(
        "--gates", choices=("spectral", "published"), help="default: spectral, eigenvalues with exact zeros"
    )
    group.add_argument("--restart", action="store_true", default=None, help="draw all numbers anew after each round")
    group.add_argument("--published", action="store_true", default=None, help="all choices of the authors at once")
    closing = "of the penalty that makes eigenvalues 0 (default: 0.5)"
    group.add_argument("--penalty-strength", type=float, metavar="S", help=closing)
    drop = (
        "the final training leaves each operation out for an image with this probability (default: 0; --published: 0.1)"
    )
    group.add_argument("--drop-path", type=float, metavar="P", help=drop)
    image_options.add_rate_options(group)


NAMES = (
    "channels", "reductions", "memory", "parameters", "time", "rounds", "epochs", "final_epochs", "score", "gates", "restart",
    "published", "penalty_strength", "drop_path", "batch_size", "learning_rate", "momentum", "weight_decay", "seed",
)  # fmt: skip
"""The options that are handed on where they were given."""


def chosen(options: argparse.Namespace) -> dict[str, Any]:
    """The options of `search_images`: those given, and with --quick its own, but for epochs that follow from --time."""
    own = {name: value for name, value in QUICK.items() if options.time is None or "epochs" not in name}
    given = {name: getattr(options, name) for name in NAMES if getattr(options, name) is not None}
    return own | given if options.quick else given


def run(options: argparse.Namespace) -> int:
    """Search, score the network on test images, and write everything."""
    from spectral_core.architecture.image_options import ImageSearchOptions

    # Errors come before the work.
    given = chosen(options)
    ImageSearchOptions.of(given)
    if options.validation_fraction == 0:
        raise InvalidInputError(
            "--validation-fraction must be more than 0, since validation images judge a search; got 0.0"
        )
    parts = image_options.load_parts(options)
    home = image_options.folder(options, parts, FILES["images search"])
    pictures = console.pictures_can_be_drawn()
    image_options.written(
        options,
        parts,
        home,
        lambda checkpoint, progress: _searched(parts, given, checkpoint, progress),
        lambda result: _write(options, parts, result, home, pictures),
    )
    return 0


def _searched(
    parts: ImageParts, given: dict[str, Any], checkpoint: Path, progress: Callable[[int, int, str], object]
) -> ImageSearchResult:
    from spectral_core.architecture.image_search import search_images

    own: dict[str, Any] = {"progress": progress, "checkpoint": checkpoint, "keep_checkpoint": True}
    return search_images(parts.training, validation_data=parts.validation, **own, **given)


def _write(
    options: argparse.Namespace, parts: ImageParts, result: ImageSearchResult, home: Path, pictures: bool
) -> None:
    """Write the model, its report and the picture of its cells, and tell what they are."""
    from spectral_core.files import atomic
    from spectral_core.networks.image_model import ImageModel

    net, data = result.network, parts.training
    ImageModel.of(net, data, parts.rows, parts.origin).save(home / "model.npz")
    accuracy = {"test": images_train.accuracy_of(net, parts.test)}
    record = result.record() | {
        "data": parts.origin.source,
        "classes": list(data.classes),
        "images": image_options.shares(parts),
        "accuracy": accuracy,
    }
    text = f"{result.to_text()}{images_train.accuracy_text(accuracy)}"
    atomic.write_text(home / "report.json", console.as_json(record))
    atomic.write_text(home / "report.txt", text)
    written = ["model.npz", "report.json", "report.txt"]
    if pictures:
        result.plot(home / "cells.png", title=f"{parts.origin.source}: cells over rounds")
        written.append("cells.png")
    console.tell(options, f"{text}written to {home}: {', '.join(written)}\n", record)
