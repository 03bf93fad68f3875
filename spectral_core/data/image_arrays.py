"""Arrays of images and labels as people have them: which axis the channels are, which classes there are."""

from __future__ import annotations

from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.errors import InvalidInputError

COLOURS = (1, 2, 3, 4)
"""Numbers of channels by which an axis of an array can be known to be that of the channels."""
ORDERS = ("first", "last")


def in_this_process(value: Any, name: str) -> Any:
    """The value; raises `InvalidInputError` for arrays on a GPU, from which image networks read nothing."""
    if checks.is_device_array(value):
        raise InvalidInputError(f"{name} lies on a GPU; image networks take arrays here: copy it first")
    return value


def channels_first(given: Any, channels: str | None) -> tuple[np.ndarray, tuple[str, ...]]:
    """Images (samples, channels, rows, columns) as they are, and what was assumed.

    Raises
    ------
    InvalidInputError : another number of axes, or both the first and the last axis of an image may be that of the channels.
    """
    if channels is not None:
        checks.one_of(channels, ORDERS, "channels")
    array = checks.as_array(in_this_process(given, "X"), "X")
    if array.ndim == 3:
        return array[:, None], ()
    if array.ndim != 4:
        raise InvalidInputError(f"X must be (samples, channels, rows, columns); got shape {array.shape}")
    if channels is not None:
        return (array if channels == "first" else array.transpose(0, 3, 1, 2)), ()
    first, rows, last = array.shape[1:]
    if first == last and first in COLOURS:
        raise InvalidInputError(
            f"X of shape {array.shape} may be {first}×{rows}×{last} with channels first, or last: say channels='first' or 'last'"
        )
    if last in COLOURS and not (first in COLOURS and first < last):
        return array.transpose(0, 3, 1, 2), (f"the last axis of X, of {last}, is that of the channels",)
    return array, ()


def label_positions(y: Any, rows: int, known: tuple[Any, ...] | None) -> tuple[np.ndarray, tuple[Any, ...]]:
    """Positions of classes, and the classes in order; whole numbers must be 0, 1, ... without a gap.

    known : the classes of other data, which are taken.

    Raises
    ------
    InvalidInputError : another shape, labels that are not finite or of several kinds, one class only, a class without images.
    """
    array = _as_text(checks.as_array(in_this_process(y, "y"), "y"))
    if array.shape != (rows,):
        raise InvalidInputError(f"y must have shape ({rows},), one class for each image; got {array.shape}")
    found = np.unique(_of_one_kind(array))
    if known is not None:
        outside = [value for value in found.tolist() if value not in known]
        if outside:
            raise InvalidInputError(f"y must hold the classes of `like`; {outside[0]!r} is none of them")
        place = {value: number for number, value in enumerate(known)}
        return np.array([place[value] for value in array.tolist()], np.int64), known
    if len(found) < 2:
        raise InvalidInputError(f"y must hold two classes or more; all images are of class {found.tolist()[0]!r}")
    gaps = np.flatnonzero(found != np.arange(len(found))) if array.dtype.kind in "iu" else np.empty(0)
    if len(gaps):
        if found[0] < 0:
            raise InvalidInputError(f"y must hold classes 0, 1, ...; it holds {found[0]}")
        raise InvalidInputError(f"classes must be 0 to {found.max()} without a gap; class {gaps[0]} has no image")
    return np.searchsorted(found, array).astype(np.int64), tuple(found.tolist())


def _as_text(array: np.ndarray) -> np.ndarray:
    """Labels of bytes as text; model files and reports hold text alone."""
    if array.dtype.kind != "S":
        return array
    try:
        return np.asarray(np.strings.decode(array, "utf-8"))
    except UnicodeDecodeError:
        raise InvalidInputError(f"y must hold numbers, or text in UTF-8; it holds bytes ({array.dtype})") from None


def _of_one_kind(array: np.ndarray) -> np.ndarray:
    """Labels that can be sorted: finite numbers, or texts."""
    if array.dtype.kind == "f" or array.dtype.kind == "O":
        for place, value in enumerate(array.tolist()):
            if isinstance(value, float) and not np.isfinite(value):
                raise InvalidInputError(f"y must be finite; y[{place}] is {value}")
    if array.dtype.kind in "biufU":
        return array
    labels = array.tolist()
    for place, value in enumerate(labels):
        if not isinstance(value, (int, float, str)):
            raise InvalidInputError(f"y must hold numbers, or text; y[{place}] is {value!r}")
        if isinstance(value, str) != isinstance(labels[0], str):
            raise InvalidInputError(f"y must hold numbers, or text; y[0] is {labels[0]!r}, y[{place}] {value!r}")
    return array
