"""What the commands of `images` share: options on images and networks, and the folder of results."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spectral_core import checks
from spectral_core.cli import console, data_options
from spectral_core.cli.results import check_folder

if TYPE_CHECKING:
    from spectral_core.data.image_parts import ImageParts
    from spectral_core.data.images import ImageData

IMAGES = "an NPZ file with X and y, an IDX file, a folder with a folder of pictures for each class, or digits"


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """Add the images, their size, their parts, and what each epoch does to them."""
    parser.add_argument("data", metavar="DATA", help=IMAGES)
    group = parser.add_argument_group("the images")
    size = "rows of the images, reached by means of 2 × 2 pixels (default: as they are)"
    group.add_argument("--size", type=int, metavar="ROWS", help=size)
    share = "share held out for the test score (default: 0.2)"
    group.add_argument("--test-fraction", type=float, default=0.2, metavar="SHARE", help=share)
    share = "share of the rest that only judges (default: 0.1)"
    group.add_argument("--validation-fraction", type=float, default=0.1, metavar="SHARE", help=share)
    moved = "each epoch moves each image by up to this many pixels (default: 0)"
    group.add_argument("--crop", type=int, default=0, metavar="PIXELS", help=moved)
    group.add_argument("--flip", action="store_true", help="each epoch turns half of the images left to right")
    cut = "each epoch blanks a square of this side in each image (default: 0)"
    group.add_argument("--cutout", type=int, default=0, metavar="PIXELS", help=cut)


def add_network_options(parser: argparse.ArgumentParser) -> None:
    """Add the two choices of a network: channels and reductions."""
    group = parser.add_argument_group("the network")
    group.add_argument("--channels", type=int, default=8, metavar="N", help="channels of the first cell (default: 8)")
    halved = "how often rows and columns are halved (default: 2)"
    group.add_argument("--reductions", type=int, default=2, metavar="N", help=halved)


def add_rate_options(group: Any) -> None:
    """Add the options of the optimizer, SGD with momentum and a cosine."""
    group.add_argument("--batch-size", type=int, default=64, metavar="N", help="default: 64")
    group.add_argument("--learning-rate", type=float, default=0.05, metavar="RATE", help="default: 0.05")
    group.add_argument("--momentum", type=float, default=0.9, help="default: 0.9")
    group.add_argument("--weight-decay", type=float, default=3e-4, metavar="D", help="of kernels (default: 0.0003)")


def step_keywords(options: argparse.Namespace) -> dict[str, Any]:
    """The keywords of `train` that these options give."""
    return {
        "loss": "cross_entropy",
        "optimizer": "sgd",
        "schedule": "cosine",
        "batch_size": options.batch_size,
        "learning_rate": options.learning_rate,
        "momentum": options.momentum,
        "weight_decay": options.weight_decay,
        "seed": options.seed,
    }


def load_parts(options: argparse.Namespace) -> ImageParts:
    """The images in parts, with what was assumed about them said on stderr."""
    from spectral_core.data.augmentation import Augmentation
    from spectral_core.data.image_parts import images_of, parts_of

    changes = Augmentation(options.crop, options.flip, options.cutout, checks.integer(options.seed, "--seed", 0))
    data = images_of(options.data, options.size)
    if not options.quiet:
        data_options.note(data.remarks, console.printable(Path(options.data).name))
    parts = parts_of(options.data, data, options.seed, options.test_fraction, options.validation_fraction)
    used = changes if options.crop or options.flip or options.cutout else None
    return parts.with_augmentation(used)


def folder(options: argparse.Namespace, parts: ImageParts, names: tuple[str, ...]) -> Path:
    """The folder of the results, which can be written and holds no other results."""
    from spectral_core.files import atomic

    home = Path(options.out) if options.out else Path("results") / Path(options.data).name.split(".")[0]
    for name in names:
        atomic.check_writable(home / name, inputs=[options.data])
    check_folder(home, "images", parts.origin)
    return home


def shares(parts: ImageParts) -> dict[str, int]:
    """The number of images of each part."""
    return {name: len(rows) for name, rows in parts.rows.items()}


def shape_text(data: ImageData) -> str:
    """Channels, rows and columns as text."""
    return "×".join(map(str, data.shape))
