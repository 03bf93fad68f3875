"""Images with classes: from NPZ files, IDX files, folders of pictures and arrays."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.data.augmentation import Augmentation
from spectral_core.data.columns import one_line
from spectral_core.data.idx import idx_pair
from spectral_core.data.image_arrays import channels_first, label_positions
from spectral_core.data.npz import npz_arrays
from spectral_core.errors import DataFileError, InvalidInputError
from spectral_core.wording import counted

PICTURES = (".png", ".jpg", ".jpeg")
BYTES = 255.0
DEEP = ("I", "F")
"""Modes of pictures whose colours have more bits than a byte."""


@dataclass(frozen=True, eq=False)
class ImageData:
    """Images and their classes; `train` and `ImageNetwork` take them as X.

    Attributes
    ----------
    images : (samples, channels, rows, columns), float32, each channel with mean 0 and deviation 1 if standardised.
    labels : (samples,), the position of each image's class in `classes`.
    means, deviations : (channels,), by which the channels were standardised; empty if they were not.
    augmentation : what each epoch of a training does to the images.
    remarks : what was assumed about the source.
    divisor : by which the numbers of the source were divided first, 255 for bytes, else 1; None where that is not known.
    """

    images: np.ndarray
    labels: np.ndarray
    classes: tuple[Any, ...]
    means: np.ndarray
    deviations: np.ndarray
    augmentation: Augmentation | None = None
    remarks: tuple[str, ...] = ()
    divisor: float | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, rows and columns of an image."""
        channels, rows, columns = self.images.shape[1:]
        return channels, rows, columns

    def __len__(self) -> int:
        return len(self.images)

    def chosen(self, rows: Any) -> ImageData:
        """Some of the images, by positions or by a mask."""
        return replace(self, images=self.images[rows], labels=self.labels[rows])

    def __repr__(self) -> str:
        shape = "×".join(map(str, self.shape))
        return f"ImageData({counted(len(self), 'image')} {shape}, {counted(len(self.classes), 'class', 'classes')})"


def load_images(
    source: Any,
    *,
    size: int | None = None,
    standardise: bool = True,
    like: ImageData | None = None,
    crop: int = 0,
    flip: bool = False,
    cutout: int = 0,
    seed: int = 0,
    channels: str | None = None,
) -> ImageData:
    """Images with their classes.

    Parameters
    ----------
    source : an NPZ file with `X` and `y`; an IDX file with 'images' in its name, its labels beside it; a folder with one
        folder of PNG or JPEG files for each class (needs Pillow); or a pair (X, y). X is (samples, channels, rows, columns),
        (samples, rows, columns, channels) or (samples, rows, columns), bytes or numbers. Bytes (uint8) are divided by 255.
    size : rows of the images, reached by means of 2 × 2 pixels, any number of times.
    standardise : each channel is shifted and scaled to mean 0 and deviation 1 over all images.
    like : data whose classes, divisor, means and deviations are taken, for test data.
    crop, flip, cutout, seed : what each epoch of a training does to the images; `Augmentation` explains them.
    channels : which axis of images of three axes is that of the channels, ``first`` or ``last``. None takes an axis of 1 to 4;
        if both are, the shorter one.

    Raises
    ------
    DataFileError : a file cannot be read, or what it holds breaks one of the next rules.
    InvalidInputError : images that are not finite or of several sizes; a class without images, or one class only; a size
        that means of 2 × 2 pixels do not reach; numbers that cannot be on the scale of `like`; channels that may be first
        or last.
    MissingDependencyError : a folder of pictures, and Pillow is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from spectral_core import load_images
    >>> X, y = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), dtype=np.uint8), [0, 1, 2, 0, 1, 2]
    >>> load_images((X, y), size=4)
    ImageData(6 images 3×4×4, 3 classes)

    By hand: once for a data set. Checked by test_images.test_standardised_channels_and_test_data_like_them.
    """
    if like is not None and not isinstance(like, ImageData):
        raise InvalidInputError(f"like must be ImageData, of `load_images`; got {type(like).__name__}")
    # What the source holds; an error says which file.
    given, y = _read(source)
    try:
        array, order = channels_first(given, channels)
        divisor, scale = _divisor(array, None if like is None else like.divisor)
        images = checks.real_array(array, "X", np.float32, 4) / np.float32(divisor)
        labels, classes = label_positions(y, len(images), None if like is None else like.classes)
    except InvalidInputError as error:
        if isinstance(source, tuple):
            raise
        raise DataFileError(f"{source}: {error}") from None
    # Size and scale.
    if size is not None:
        images = halved(images, checks.integer(size, "size", 1))
    means = deviations = np.empty(0, np.float32)
    if checks.boolean(standardise, "standardise"):
        means, deviations = _scales(images) if like is None else (like.means, like.deviations)
    if len(means):
        if len(means) != images.shape[1]:
            raise InvalidInputError(f"`like` has {counted(len(means), 'channel')}; the images have {images.shape[1]}")
        images = (images - means[:, None, None]) / deviations[:, None, None]
    changes = Augmentation(crop, flip, cutout, seed)
    used = changes if crop or flip or cutout else None
    images = np.ascontiguousarray(images, np.float32)
    return ImageData(images, labels, classes, means, deviations, used, (*order, *scale), divisor)


def halved(images: np.ndarray, rows: int) -> np.ndarray:
    """The images with means of 2 × 2 pixels in the place of pixels until they have this many rows.

    Raises
    ------
    InvalidInputError : no number of halvings gives so many rows, or the columns are odd before.

    By hand: once for a data set. Checked by test_images.test_standardised_channels_and_test_data_like_them.
    """
    start = images.shape[2:]
    while images.shape[2] > rows and images.shape[2] % 2 == 0 and images.shape[3] % 2 == 0:
        count, channels, height, width = images.shape
        images = images.reshape(count, channels, height // 2, 2, width // 2, 2).mean((3, 5), dtype=images.dtype)
    if images.shape[2] != rows:
        raise InvalidInputError(
            f"size must be the rows of the images, halved any number of times; {start[0]}×{start[1]} pixels do not become "
            f"{rows} rows"
        )
    return images


def _read(source: Any) -> tuple[Any, Any]:
    """The arrays of a source as they are."""
    if isinstance(source, tuple):
        return checks.pair(source, "source")
    if not isinstance(source, (str, os.PathLike)):
        raise InvalidInputError(f"source must be a file, a folder or a pair (X, y); got {type(source).__name__}")
    path = Path(source)
    if path.is_dir():
        return _pictures(path)
    if not path.exists():
        raise DataFileError(f"{source}: no such file or folder")
    if path.suffix == ".npz":
        x, y = npz_arrays(path, "X", "y")
        return x, y
    if "images" not in path.name:
        raise DataFileError(
            f"{source} must be an NPZ file, a folder, or an IDX file with 'images' in its name, so that its labels are found"
        )
    return idx_pair(path)


def _pictures(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """All pictures of the folders in a folder, in the order of names; a folder's name is the class."""
    files = picture_files(folder, "*/*")
    if not files:
        raise DataFileError(f"{folder} must hold a folder of PNG or JPEG files for each class; it holds none")
    return pictures_of(files), np.array([file.parent.name for file in files])


def picture_files(folder: Path, pattern: str) -> list[Path]:
    """PNG and JPEG files in the order of their names; what begins with a dot, such as .trash/1.png, is left out."""
    found = sorted(folder.glob(pattern))
    hidden = [any(part.startswith(".") for part in file.relative_to(folder).parts) for file in found]
    return [file for file, out in zip(found, hidden, strict=True) if file.suffix.lower() in PICTURES and not out]


def pictures_of(files: list[Path]) -> np.ndarray:
    """PNG and JPEG files of one size (samples, rows, columns, 3), in bytes; a grey one with more bits is refused."""
    pillow, pictures = checks.optional("PIL.Image", "reading PNG and JPEG files"), []
    for file in files:
        try:
            with pillow.open(file) as picture:
                mode = picture.mode
                pictures.append(np.asarray(picture.convert("RGB")))
        except (OSError, ValueError, SyntaxError) as error:
            raise DataFileError(f"{file} cannot be read as a picture: {one_line(error)}") from None
        if mode.startswith(DEEP):
            raise DataFileError(f"{file} must have 8 bits a colour; it has more (Pillow's mode {mode}): save it with 8")
        if pictures[-1].shape != pictures[0].shape:
            (rows, columns), (height, width) = pictures[0].shape[:2], pictures[-1].shape[:2]
            raise InvalidInputError(
                f"all pictures must have one size; {files[0]} has {rows}×{columns}, {file} {height}×{width}"
            )
    return np.stack(pictures)


def _divisor(array: np.ndarray, known: float | None) -> tuple[float, tuple[str, ...]]:
    """By what numbers are divided, 255 or 1, and what was assumed; `known` is the divisor of `like`."""
    if known is None and array.dtype == np.uint8:
        return BYTES, ()
    if array.dtype.kind not in "biuf" or array.size == 0:
        return known or 1.0, ()  # the check of the images names what is wrong
    largest, whole = array.max(), array.dtype.kind != "f" or bool((array == np.trunc(array)).all())
    if known is None:
        remark = (
            f"X holds whole numbers up to {largest:g} as {array.dtype}, which are not divided by 255; bytes (uint8) are"
        )
        return 1.0, (remark,) if whole and largest > 1 else ()
    if known == BYTES and largest <= 1 and not whole:
        raise InvalidInputError(
            f"X holds numbers up to {largest:g} and `like` was read from bytes, 0 to 255: give X as it was before its division"
        )
    if known != BYTES and array.dtype == np.uint8:
        raise InvalidInputError(
            "X holds bytes and `like` was read from numbers that are not bytes: give both as the same type"
        )
    return known, ()


def _scales(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of each channel; 1 for a constant one.

    By hand: once for a data set. Checked by test_images.test_standardised_channels_and_test_data_like_them.
    """
    means, deviations = images.mean((0, 2, 3), dtype=np.float64), images.std((0, 2, 3), dtype=np.float64)
    return means.astype(np.float32), np.where(deviations > 0, deviations, 1).astype(np.float32)
