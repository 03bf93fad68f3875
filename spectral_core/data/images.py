"""Images with classes: from NPZ files, IDX files, folders of pictures and arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.data.augmentation import Augmentation
from spectral_core.data.columns import one_line
from spectral_core.data.idx import idx_array
from spectral_core.data.npz import npz_arrays
from spectral_core.errors import DataFileError, InvalidInputError
from spectral_core.wording import counted

PICTURES = (".png", ".jpg", ".jpeg")
COLOURS = (1, 2, 3, 4)
"""Numbers of channels by which the last axis of an array is known to be that of the channels."""
BYTES = 255.0


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
    """

    images: np.ndarray
    labels: np.ndarray
    classes: tuple[Any, ...]
    means: np.ndarray
    deviations: np.ndarray
    augmentation: Augmentation | None = None
    remarks: tuple[str, ...] = ()

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
) -> ImageData:
    """Images with their classes.

    Parameters
    ----------
    source : an NPZ file with `X` and `y`; an IDX file with 'images' in its name, its labels beside it; a folder with one
        folder of PNG or JPEG files for each class (needs Pillow); or a pair (X, y). X is (samples, channels, rows, columns),
        (samples, rows, columns, channels) or (samples, rows, columns), bytes or numbers.
    size : rows of the images, reached by means of 2 × 2 pixels, any number of times.
    standardise : each channel is shifted and scaled to mean 0 and deviation 1 over all images.
    like : data whose classes, means and deviations are taken, for test data.
    crop, flip, cutout, seed : what each epoch of a training does to the images; `Augmentation` explains them.

    Raises
    ------
    DataFileError : a file cannot be read, or holds no images.
    InvalidInputError : images that are not finite or of several sizes, a class without images, one class only, a size that
        means of 2 × 2 pixels do not reach.
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
    given, y = _read(source)
    images, remarks = _channels_first(given)
    if size is not None:
        images = halved(images, checks.integer(size, "size", 1))
    labels, classes = _classes(y, len(images), None if like is None else like.classes)
    means = deviations = np.empty(0, np.float32)
    if checks.boolean(standardise, "standardise"):
        means, deviations = _scales(images) if like is None else (like.means, like.deviations)
    if len(means):
        if len(means) != images.shape[1]:
            raise InvalidInputError(f"`like` has {counted(len(means), 'channel')}; the images have {images.shape[1]}")
        images = (images - means[:, None, None]) / deviations[:, None, None]
    changes = Augmentation(crop, flip, cutout, seed)
    used = changes if crop or flip or cutout else None
    return ImageData(np.ascontiguousarray(images, np.float32), labels, classes, means, deviations, used, remarks)


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
    path = Path(source)
    if path.is_dir():
        return _pictures(path)
    if path.suffix == ".npz":
        x, y = npz_arrays(path, "X", "y")
        return x, y
    if "images" not in path.name:
        raise DataFileError(
            f"{source} must be an NPZ file, a folder, or an IDX file with 'images' in its name, so that its labels are found"
        )
    return idx_array(path), idx_array(path.with_name(path.name.replace("images", "labels").replace("idx3", "idx1")))


def _pictures(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """All pictures of the folders in a folder, in the order of names; a folder's name is the class."""
    files = [file for file in sorted(folder.glob("*/*")) if file.suffix.lower() in PICTURES]
    if not files:
        raise DataFileError(f"{folder} must hold a folder of PNG or JPEG files for each class; it holds none")
    return pictures_of(files), np.array([file.parent.name for file in files])


def pictures_of(files: list[Path]) -> np.ndarray:
    """PNG and JPEG files of one size (samples, rows, columns, 3)."""
    pillow, pictures = checks.optional("PIL.Image", "reading PNG and JPEG files"), []
    for file in files:
        try:
            with pillow.open(file) as picture:
                pictures.append(np.asarray(picture.convert("RGB")))
        except (OSError, ValueError, SyntaxError) as error:
            raise DataFileError(f"{file} cannot be read as a picture: {one_line(error)}") from None
        if pictures[-1].shape != pictures[0].shape:
            (rows, columns), (height, width) = pictures[0].shape[:2], pictures[-1].shape[:2]
            raise InvalidInputError(
                f"all pictures must have one size; {files[0]} has {rows}×{columns}, {file} {height}×{width}"
            )
    return np.stack(pictures)


def _channels_first(given: Any) -> tuple[np.ndarray, tuple[str, ...]]:
    """Float images (samples, channels, rows, columns), bytes divided by 255, and what was assumed.

    By hand: once for a data set. Checked by test_images.test_idx_files_have_their_labels_beside_them.
    """
    array = checks.as_array(given, "X")
    if array.ndim == 3:
        array = array[:, None]
    if array.ndim != 4:
        raise InvalidInputError(f"X must be (samples, channels, rows, columns); got shape {array.shape}")
    remarks: tuple[str, ...] = ()
    if array.shape[3] in COLOURS and array.shape[1] not in COLOURS:
        remarks = (f"the last axis of X, of {array.shape[3]}, is that of the channels",)
        array = array.transpose(0, 3, 1, 2)
    whole = array.dtype == np.uint8
    images = checks.real_array(array, "X", np.float32, 4)
    return (images / np.float32(BYTES) if whole else images), remarks


def _classes(y: Any, rows: int, known: tuple[Any, ...] | None) -> tuple[np.ndarray, tuple[Any, ...]]:
    """Positions of classes, and the classes in order; whole numbers must be 0, 1, ... without a gap."""
    array = checks.as_array(y, "y")
    if array.shape != (rows,):
        raise InvalidInputError(f"y must have shape ({rows},), one class for each image; got {array.shape}")
    found = np.unique(array)
    if known is not None:
        outside = [value for value in found.tolist() if value not in known]
        if outside:
            raise InvalidInputError(f"y must hold the classes of `like`; {outside[0]!r} is none of them")
        place = {value: number for number, value in enumerate(known)}
        return np.array([place[value] for value in array.tolist()], np.int64), known
    if len(found) < 2:
        raise InvalidInputError(f"y must hold two classes or more; all images are of class {found.tolist()[0]!r}")
    if array.dtype.kind in "iu":
        missing = sorted(set(range(int(found.max()) + 1)) - set(found.tolist()))
        if missing or found[0] < 0:
            place_of = f"class {missing[0]} has no image" if missing else f"y holds {found[0]}"
            raise InvalidInputError(f"classes must be 0 to {found.max()} without a gap; {place_of}")
    return np.searchsorted(found, array).astype(np.int64), tuple(found.tolist())


def _scales(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of each channel; 1 for a constant one.

    By hand: once for a data set. Checked by test_images.test_standardised_channels_and_test_data_like_them.
    """
    means, deviations = images.mean((0, 2, 3), dtype=np.float64), images.std((0, 2, 3), dtype=np.float64)
    return means.astype(np.float32), np.where(deviations > 0, deviations, 1).astype(np.float32)
