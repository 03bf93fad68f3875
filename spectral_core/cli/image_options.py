"""What the commands of `images` share: options on images and networks, and the folder of results."""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from spectral_core import checks
from spectral_core.cli import console, data_options, interrupts
from spectral_core.cli.results import afresh_where_stale, check_folder, drop_other_states, note
from spectral_core.errors import InvalidInputError
from spectral_core.wording import undergoing

if TYPE_CHECKING:
    import numpy as np

    from spectral_core.data.fingerprints import Origin
    from spectral_core.data.image_parts import ImageParts
    from spectral_core.data.images import ImageData
    from spectral_core.networks.image_model import ImageModel

T = TypeVar("T")
WITHOUT_EFFECT = ("run", "out", "quiet", "json", "config")
"""The options that no number of a training depends on."""
TEST_FRACTION, VALIDATION_FRACTION = 0.2, 0.1
IMAGES = "an NPZ file with X and y, an IDX file, a folder with a folder of pictures for each class, or digits"


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """Add the images, their size, their parts, and what each epoch does to them."""
    parser.add_argument("data", metavar="DATA", help=IMAGES)
    group = parser.add_argument_group("the images")
    size = "rows of the images, reached by means of 2 × 2 pixels (default: as they are)"
    group.add_argument("--size", type=int, metavar="ROWS", help=size)
    share = f"share held out for the test score (default: {TEST_FRACTION})"
    group.add_argument("--test-fraction", type=float, metavar="SHARE", help=share)
    share = f"share of the rest that only judges (default: {VALIDATION_FRACTION})"
    group.add_argument("--validation-fraction", type=float, metavar="SHARE", help=share)
    moved = "each epoch moves each image by up to this many pixels (default: 0)"
    group.add_argument("--crop", type=int, default=0, metavar="PIXELS", help=moved)
    group.add_argument("--flip", action="store_true", help="each epoch turns half of the images left to right")
    cut = "each epoch blanks a square of this side in each image (default: 0)"
    group.add_argument("--cutout", type=int, default=0, metavar="PIXELS", help=cut)


def add_network_options(parser: argparse.ArgumentParser) -> None:
    """Add the two choices of a network: channels and reductions."""
    group = parser.add_argument_group("the network")
    group.add_argument("--channels", type=int, metavar="N", help="channels of the first cell (default: 8)")
    group.add_argument("--reductions", type=int, metavar="N", help="how often rows and columns are halved (default: 2)")


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


def load_parts(options: argparse.Namespace, model: ImageModel | None = None) -> ImageParts:
    """The images in parts, with what was assumed about them said on stderr.

    model : to be trained further; no image that trained it becomes a test image.
    """
    from spectral_core.data.augmentation import Augmentation
    from spectral_core.data.image_parts import images_of, parts_of

    changes = Augmentation(options.crop, options.flip, options.cutout, checks.integer(options.seed, "--seed", 0))
    size = model.network.image[1] if model is not None and options.size is None else options.size
    data = images_of(options.data, size)
    if not options.quiet:
        data_options.note(data.remarks, console.printable(Path(options.data).name))
    if model is None or model.origin is None:
        parts = parts_of(options.data, data, options.seed, *_fractions(options))
    else:
        parts = _further_parts(options, data, model.rows, model.origin)
    used = changes if options.crop or options.flip or options.cutout else None
    return parts.with_augmentation(used)


def _fractions(options: argparse.Namespace) -> tuple[float, float]:
    """The shares of test and validation images."""
    test, validation = options.test_fraction, options.validation_fraction
    return TEST_FRACTION if test is None else test, VALIDATION_FRACTION if validation is None else validation


def _further_parts(
    options: argparse.Namespace, data: ImageData, rows: Mapping[str, np.ndarray], known: Origin
) -> ImageParts:
    """The parts for a model that was trained before: its own on the same data; elsewhere what trained it is no test image.

    The origin goes on to know all images that trained or judged the model.

    By hand: a number of images.
    Checked by test_images_command.test_no_image_that_trained_a_model_tests_it_after_a_further_training.
    """
    from dataclasses import replace

    from spectral_core.data.fingerprints import origin_of
    from spectral_core.data.image_parts import drawn_rows, kept_in_training, parts_by, prints_of

    if known.sha256 == origin_of(options.data, data.images, data.labels, None).sha256 and "test" in rows:
        for name in ("test_fraction", "validation_fraction"):
            if getattr(options, name) is not None:
                raise InvalidInputError(
                    f"--{name.replace('_', '-')}: {options.model} keeps its split of {options.data}; leave the option out"
                )
        parts = parts_by(options.data, data, rows, known.seed)
    else:
        drawn, trained = drawn_rows(data, options.seed, *_fractions(options)), known.seen(prints_of(data), "training")
        parts = parts_by(options.data, data, kept_in_training(drawn, trained), options.seed)
        if trained.any() and not options.quiet:
            again = undergoing(
                int(trained.sum()), "image", f"of {options.data} that trained {options.model}", "kept for training"
            )
            note(f"{again}; the test images are new to the model")
    return replace(parts, origin=parts.origin.having_seen(known.prints))


def folder(options: argparse.Namespace, parts: ImageParts, names: tuple[str, ...]) -> Path:
    """The folder of the results, which can be written, holds no other results and no file that the command reads."""
    from spectral_core.files import atomic

    home = Path(options.out) if options.out else Path("results") / Path(options.data).name.split(".")[0]
    model = getattr(options, "model", None)
    for name in names:
        atomic.check_writable(home / name, inputs=[options.data, *([model] if model else [])])
    check_folder(home, f"images {options.images_command}", parts.origin)
    return home


def written(
    options: argparse.Namespace,
    parts: ImageParts,
    home: Path,
    work: Callable[[Path, Any], T],
    write: Callable[[T], None],
) -> None:
    """Do the work and write its result; after an interrupt the same command continues.

    States of other commands stay until the result is written, so a command that is refused destroys none.

    Parameters
    ----------
    work : takes the file of its state, and a function for progress.
    """
    state = home / f"unfinished-{fingerprint(options, parts)}"
    title = f"{options.images_command} {parts.origin.source}"
    checkpoint = state.with_name(f"{state.name}.npz")
    with interrupts.resumable(state), console.progress(title, options.quiet) as progress:
        result = afresh_where_stale(lambda: home.glob(f"{state.name}.*"), lambda: work(checkpoint, progress))
    write(result)
    checkpoint.unlink(missing_ok=True)
    drop_other_states(home, state)


def fingerprint(options: argparse.Namespace, parts: ImageParts) -> str:
    """A short hash of options and data, so that only the same command on the same data continues an unfinished state."""
    named = sorted((name, str(value)) for name, value in vars(options).items() if name not in WITHOUT_EFFECT)
    return hashlib.sha256(repr([named, parts.origin.sha256]).encode()).hexdigest()[:8]


def shares(parts: ImageParts) -> dict[str, int]:
    """The number of images of each part."""
    return {name: len(rows) for name, rows in parts.rows.items()}


def shape_text(data: ImageData) -> str:
    """Channels, rows and columns as text."""
    return "×".join(map(str, data.shape))
