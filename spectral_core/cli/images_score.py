"""The commands `images score` and `images predict`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spectral_core.cli import console, image_options
from spectral_core.cli.predict import as_csv, as_json_rows
from spectral_core.cli.results import check_file
from spectral_core.cli.score import table
from spectral_core.errors import InvalidInputError
from spectral_core.wording import counted, undergoing

if TYPE_CHECKING:
    import numpy as np

    from spectral_core.networks.image_model import ImageModel

PARTS = ("test", "validation", "all")


def add_parsers(commands: Any) -> None:
    """Add the commands and their options."""
    parser = commands.add_parser(
        "score",
        help="scores of a saved model on images that it has not seen",
        description="Scores a model of `images` on raw images: it has their classes, scale and size. On the data that it was "
        "made from, the test images are scored. On other data, the images that did not train it are.",
        epilog="example: spectral-core images score results/digits/model.npz digits",
    )
    parser.add_argument("model", metavar="MODEL", help="a model file of `images`")
    parser.add_argument("data", metavar="DATA", help=image_options.IMAGES)
    parser.add_argument("--part", choices=PARTS, help="test or validation images, or all (default: see above)")
    console.output_options(parser, "the scores", writes=False)
    parser.set_defaults(run=run_score)
    parser = commands.add_parser(
        "predict",
        help="classes of images as CSV",
        description="Writes the class of each image, one line for each, as CSV in UTF-8.",
        epilog="example: spectral-core images predict results/digits/model.npz new.npz --proba --out predicted.csv",
    )
    parser.add_argument("model", metavar="MODEL", help="a model file of `images`")
    pictures = "an NPZ file with X, an IDX file of images, a folder of pictures, or digits"
    parser.add_argument("data", metavar="DATA", help=pictures)
    parser.add_argument("--proba", action="store_true", help="class probabilities instead of classes")
    parser.add_argument("--out", metavar="FILE", help="write to this file instead of standard output")
    parser.add_argument("--json", action="store_true", help="a JSON list of rows instead of CSV")
    parser.set_defaults(run=run_predict)


def run_score(options: argparse.Namespace) -> int:
    """Print the scores."""
    from spectral_core.data.image_parts import images_of, standardised
    from spectral_core.data.metrics import class_scores, constant_class_scores
    from spectral_core.networks.image_model import ImageModel

    model = ImageModel.load(options.model)
    shape = model.network.image
    data = images_of(options.data, shape[1], model.reference)
    rows, sentence = chosen(model, options, data)
    scored = standardised(data.chosen(rows), model.reference)
    logits = model.network.forward(scored.images)
    found = class_scores(scored.labels, logits.argmax(1), model.probabilities(logits))
    constant = constant_class_scores(scored.labels, len(model.classes))
    title = f"{Path(options.model).name} on {console.printable(Path(options.data).name)}"
    record = {"model": options.model, "data": options.data, "images": len(scored), "sentence": sentence}
    record |= {"scores": found, "best_constant": constant}
    console.tell(options, f"{title}: {sentence}\n\n{table(found, constant)}", record)
    return 0


def chosen(model: ImageModel, options: argparse.Namespace, data: Any) -> tuple[np.ndarray, str]:
    """The images to score, and a sentence on what the model has seen of them.

    By hand: a number of images. Checked by test_images_command.test_score_leaves_out_what_trained_the_model.
    """
    import numpy as np

    from spectral_core.data.fingerprints import origin_of
    from spectral_core.data.image_parts import prints_of

    known, every = model.origin, np.arange(len(data))
    same = known is not None and origin_of(options.data, data.images, data.labels, None).sha256 == known.sha256
    if same and options.part != "all":
        part = options.part or "test"
        rows = np.asarray(model.rows.get(part, ()), np.int64)
        if not len(rows):
            raise InvalidInputError(f"--part {part}: the model kept no {part} images of {options.data}")
        return _unseen(model, rows, part, prints_of(data))
    if options.part in ("test", "validation"):
        raise InvalidInputError(
            f"--part {options.part}: {options.data} is not the data of the model; --part all scores it"
        )
    if known is None:
        return every, f"{counted(len(data), 'image')}; it is not known how many of them trained the model"
    trained = known.seen(prints_of(data), "training")
    if options.part == "all" or not trained.any() or trained.all():
        return every, f"{counted(len(data), 'image')}, {int(trained.sum()):,} of which trained the model"
    left = np.flatnonzero(~trained)
    others = undergoing(int(trained.sum()), "image", "that trained the model", "left out")
    return left, f"{counted(len(left), 'image')}; {others}"


def _unseen(model: ImageModel, rows: np.ndarray, part: str, prints: np.ndarray) -> tuple[np.ndarray, str]:
    """The rows of a part without images that trained the model later, as those of a refit may have, and a sentence on them.

    An image that equals a training image of the same data is no later one.

    By hand: a number of images. Checked by test_images_command.test_test_images_of_a_refit_are_left_out_of_the_score.
    """
    import numpy as np

    assert model.origin is not None
    own = prints[np.asarray(model.rows.get("training", ()), np.int64)]
    later = model.origin.seen(prints[rows], "training") & ~np.isin(prints[rows], own)
    if later.all():
        raise InvalidInputError(f"--part {part}: all of these images trained the model later; --part all scores them")
    kept = f"{counted(int((~later).sum()), f'{part} image')} of its training"
    if not later.any():
        return rows, f"{kept}; none of them trained the model"
    return rows[~later], f"{kept}; {undergoing(int(later.sum()), 'image', 'that trained the model later', 'left out')}"


def run_predict(options: argparse.Namespace) -> int:
    """Write the classes, or their probabilities, to a file or to standard output."""
    from spectral_core.data.image_parts import pixels_of
    from spectral_core.files import atomic
    from spectral_core.networks.image_model import ImageModel

    if options.out:
        check_file(options.out, inputs=[options.model, options.data])
    model, pixels = ImageModel.load(options.model), pixels_of(options.data)
    found = model.predict_proba(pixels) if options.proba else model.predict(pixels)[:, None]
    header = [str(label) for label in model.classes] if options.proba else ["class"]
    text = (as_json_rows if options.json else as_csv)(header, found.tolist())
    if options.out:
        atomic.write_text(options.out, text)
    else:
        console.say_data(text)
    return 0
