"""IDX files, the format of MNIST."""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path

import numpy as np

from spectral_core.data.columns import Columns, Source, one_line
from spectral_core.errors import DataFileError


def from_idx(source: Source) -> Columns:
    """Images (samples, pixels) of an IDX file as MNIST has them, and labels from the file beside it.

    `train-images-idx3-ubyte`, also with `.gz` behind, has its labels in `train-labels-idx1-ubyte`. Pixels stay 0 to 255.
    """
    path = Path(source)
    if "images" not in path.name:
        raise DataFileError(
            f"{source}: an IDX file of images must have 'images' in its name, so that its labels are found"
        )
    images, labels = idx_pair(path)
    x = images.reshape(len(images), -1).astype(np.float64)
    return x, labels, tuple(f"pixel{k}" for k in range(1, x.shape[1] + 1)), ("label",)


def idx_pair(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """The images of an IDX file (samples, ...) and the labels (samples,) of the file beside it."""
    other = path.with_name(path.name.replace("images", "labels").replace("idx3", "idx1"))
    images, labels = idx_array(path), idx_array(other)
    if images.ndim < 2 or images.size == 0 or labels.ndim != 1 or len(images) != len(labels):
        raise DataFileError(
            f"{path} must hold images, and {other} as many labels; the shapes are {images.shape} and {labels.shape}"
        )
    return images, labels


def idx_array(source: Source) -> np.ndarray:
    """The bytes of an IDX file: two zeros, 8 for bytes, the number of dimensions, each as 4 bytes, then the data."""
    try:
        with gzip.open(source, "rb") if Path(source).suffix == ".gz" else open(source, "rb") as file:
            text = file.read()
    except FileNotFoundError:
        raise DataFileError(f"{source}: no such file") from None
    except (OSError, EOFError, zlib.error) as error:
        raise DataFileError(f"{source} cannot be read as an IDX file: {one_line(error)}") from None
    if len(text) < 4 or text[:2] != b"\0\0" or text[2] != 8:
        raise DataFileError(f"{source} is no IDX file of bytes: it begins with {text[:4]!r}")
    head = 4 + 4 * text[3]
    shape = tuple(int.from_bytes(text[at : at + 4], "big") for at in range(4, head, 4))
    if len(text) < head or len(text) - head != math.prod(shape):
        raise DataFileError(
            f"{source} announces an array of shape {shape}; behind the header it has {len(text) - head} bytes"
        )
    return np.frombuffer(text, np.uint8, offset=head).reshape(shape)
