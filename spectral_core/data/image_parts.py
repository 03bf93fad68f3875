"""Images from files and built-in sets, with or without classes, and their training, validation and test rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.data.augmentation import Augmentation
from spectral_core.data.fingerprints import Origin, origin_of, row_prints
from spectral_core.data.idx import idx_array
from spectral_core.data.images import ImageData, load_images, picture_files, pictures_of
from spectral_core.data.npz import npz_arrays
from spectral_core.data.splitting import held_out
from spectral_core.errors import DataFileError, InvalidInputError
from spectral_core.wording import counted

BUILT_IN = ("digits",)
"""Sets that need no file: scikit-learn's 1,797 digits, 8 × 8 pixels."""


@dataclass(frozen=True, eq=False)
class ImageParts:
    """Training, validation and test images, all standardised by the channels of the training images.

    Attributes
    ----------
    training, validation, test : `validation` may have no images.
    rows : row numbers of the source by part.
    origin : the source, its hash, the seed of the split, and the hashes of training and validation images.
    """

    training: ImageData
    validation: ImageData
    test: ImageData
    rows: Mapping[str, np.ndarray]
    origin: Origin

    def with_augmentation(self, changes: Augmentation | None) -> ImageParts:
        """The same parts, with what each epoch does to the training images."""
        return replace(self, training=replace(self.training, augmentation=changes))


def images_of(source: str, size: int | None = None, known: ImageData | None = None) -> ImageData:
    """All images of a file, a folder or a built-in set as they are, in numbers; `load_images` says what it takes.

    `known` : data whose classes are taken, so that images of some of them are enough.
    """
    given: Any = source
    if _is_built_in(source):
        given = _digits()
    return load_images(given, size=size, standardise=False, like=known)


def _is_built_in(source: str) -> bool:
    """Whether the source is a built-in set; a file of its name comes first."""
    return source in BUILT_IN and not Path(source).exists()


def _digits() -> tuple[np.ndarray, np.ndarray]:
    """scikit-learn's digits as bytes, and their classes."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return bunch.images.astype(np.uint8), bunch.target


def pixels_of(source: str) -> Any:
    """The images of a source without their classes, as the source has them: for predictions.

    A folder may hold the pictures themselves, or a folder of them for each class.
    """
    path = Path(source)
    if _is_built_in(source):
        return _digits()[0]
    if path.is_dir():
        files = picture_files(path, "*") or picture_files(path, "*/*")
        if not files:
            raise DataFileError(f"{source} must hold PNG or JPEG files; it holds none")
        return pictures_of(files)
    return npz_arrays(path, "X")[0] if path.suffix == ".npz" else idx_array(path)


def like(known: ImageData, size: int, pixels: Any, channels: str | None = None) -> np.ndarray:
    """Images without classes (samples, channels, rows, columns), brought to a size and to the scale of other data.

    Parameters
    ----------
    known : its means and deviations are taken; none leave the images as they are.
    size : rows, reached by means of 2 × 2 pixels.
    channels : which axis is that of the channels, ``first`` or ``last``; None as in `load_images`.
    """
    # The first class stands for all, since the images have none.
    labels = [known.classes[0]] * len(checks.as_array(pixels, "X"))
    return load_images(
        (pixels, labels), size=size, standardise=len(known.means) > 0, like=known, channels=channels
    ).images


def parts_of(
    source: str, data: ImageData, seed: int, test_fraction: float, validation_fraction: float = 0.0
) -> ImageParts:
    """The images of a source in parts, drawn by the seed in proportion by class; `drawn_rows` explains the shares.

    data : of `images_of`, not standardised.
    """
    return parts_by(source, data, drawn_rows(data, seed, test_fraction, validation_fraction), seed)


def drawn_rows(
    data: ImageData, seed: int, test_fraction: float, validation_fraction: float = 0.0
) -> dict[str, np.ndarray]:
    """Row numbers by part, drawn by the seed in proportion by class.

    test_fraction, validation_fraction : shares of all images, and of those that are not for tests.

    Raises
    ------
    InvalidInputError : a share is not in (0, 1), or leaves no image.
    """
    checks.real_number(test_fraction, "test_fraction", 0, 1, open_low=True, open_high=True)
    checks.real_number(validation_fraction, "validation_fraction", 0, 1, open_high=True)
    count, generator = len(data), np.random.default_rng(checks.integer(seed, "seed", 0))
    test = held_out(data.labels, count, test_fraction, generator)
    left, judging = np.flatnonzero(~test), np.zeros(int((~test).sum()), bool)
    if validation_fraction:
        judging = held_out(data.labels[left], len(left), validation_fraction, generator)
    return {"training": left[~judging], "validation": left[judging], "test": np.flatnonzero(test)}


def some_of(data: ImageData, count: int, seed: int) -> ImageData:
    """At most so many of the images, drawn by the seed in proportion by class, in their order; files may be sorted by class."""
    if count >= len(data):
        return data
    generator, classes = np.random.default_rng((seed, 5)), len(np.unique(data.labels))
    if count < classes:  # there is no image for each class: some of the classes
        return data.chosen(np.sort(generator.permutation(len(data))[:count]))
    return data.chosen(~held_out(data.labels, len(data), 1 - count / len(data), generator))


def kept_in_training(rows: Mapping[str, np.ndarray], trained: np.ndarray) -> dict[str, np.ndarray]:
    """The same parts, but images that trained a model before are training images again, in whichever part they were.

    trained : (samples,), whether an image trained the model.

    Raises
    ------
    InvalidInputError : no test image is left.
    """
    moved = np.concatenate([rows[part][trained[rows[part]]] for part in ("validation", "test")])
    kept = {part: rows[part][~trained[rows[part]]] for part in ("validation", "test")}
    if not len(kept["test"]):
        raise InvalidInputError(
            f"all {counted(len(rows['test']), 'image')} that the split holds out for tests trained the model before; "
            "add images that are new to the model, or give the data that it was made from"
        )
    return {"training": np.sort(np.concatenate([rows["training"], moved])), **kept}


def parts_by(source: str, data: ImageData, rows: Mapping[str, np.ndarray], seed: int | None) -> ImageParts:
    """The images of a source in parts of these row numbers, with the scale of the training images.

    data : of `images_of`, not standardised. seed : of the split, to be kept in the origin.

    Raises
    ------
    InvalidInputError : a class has no training image.
    """
    if len(np.unique(data.labels[rows["training"]])) < len(data.classes):
        raise InvalidInputError("each class must have a training image; use more images or smaller shares for tests")
    # Means and deviations are those of the training images alone.
    training = data.chosen(rows["training"])
    scale = load_images((training.images, training.labels), channels="first")
    parts = {name: standardised(data.chosen(at), scale) for name, at in rows.items()}
    prints = {name: prints_of(data.chosen(rows[name])) for name in ("training", "validation")}
    origin = replace(origin_of(source, data.images, data.labels, seed), prints=prints)
    return ImageParts(parts["training"], parts["validation"], parts["test"], rows, origin)


def standardised(data: ImageData, scale: ImageData) -> ImageData:
    """The images in the scale of other data; there may be none."""
    if len(data) == 0:
        return replace(data, means=scale.means, deviations=scale.deviations)
    labels = [scale.classes[0]] * len(data)
    # The numbers have been divided already.
    known = replace(scale, divisor=1.0)
    done = load_images((data.images, labels), standardise=len(scale.means) > 0, like=known, channels="first")
    return replace(done, labels=data.labels, classes=data.classes, remarks=data.remarks, divisor=data.divisor)


def prints_of(data: ImageData) -> np.ndarray:
    """A hash of each image with its class, by which a model knows the images that trained it."""
    return row_prints(data.images, np.array([str(data.classes[label]) for label in data.labels]))
