"""The images that image networks are given, checked."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.data.image_arrays import in_this_process
from spectral_core.data.images import ImageData
from spectral_core.errors import InvalidInputError


def checked_images(X: Any, image: tuple[int, int, int], dtype: np.dtype[Any], name: str) -> np.ndarray:
    """X as (samples, channels, pixels); `ImageData` stands for its images.

    Raises
    ------
    InvalidInputError : another shape, and what would mend it; numbers that are not finite; an array on a GPU.
    """
    array = checks.as_array(in_this_process(X.images if isinstance(X, ImageData) else X, name), name)
    if array.ndim != 4 or array.shape[1:] != image:
        raise InvalidInputError(
            f"{name} must have shape (samples, {', '.join(map(str, image))}): samples, channels, rows, columns; got "
            f"{array.shape}{_mended(array.shape, image, name)}"
        )
    channels, rows, columns = image
    return checks.real_array(array, name, dtype, 4).reshape(len(array), channels, rows * columns)


def _mended(shape: tuple[int, ...], image: tuple[int, int, int], name: str) -> str:
    """What makes images of an array of the wrong shape, for the message; nothing where no guess is near.

    By hand: a count of pixels. Checked by test_image_input.test_another_shape_is_named_with_what_mends_it.
    """
    channels, rows, columns = image
    if len(shape) == 2 and shape[1] == math.prod(image):
        return f"; {name}.reshape(-1, {channels}, {rows}, {columns}) makes images of flat pixels"
    if shape == image:
        return f"; {name}[None] makes one image a batch"
    if channels == 1 and len(shape) == 3 and shape[1:] == (rows, columns):
        return f"; {name}[:, None] gives images without channels one"
    if len(shape) == 4 and shape[1:] == (rows, columns, channels):
        return f"; {name}.transpose(0, 3, 1, 2) brings channels to the front"
    return ""
