"""Every check of what a caller gives: arrays, numbers, names, sequences, optional libraries."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from spectral_core.errors import InvalidInputError, MissingDependencyError

DTYPES = ("float32", "float64")


def is_device_array(value: Any) -> bool:
    """Whether an array is on a GPU: it has `__cuda_array_interface__`."""
    return hasattr(value, "__cuda_array_interface__")


def as_array(value: Any, name: str) -> np.ndarray:
    """`np.asarray`. Rows of unequal length, masked values and arrays on a GPU raise `InvalidInputError`."""
    if is_device_array(value):
        raise InvalidInputError(
            f"{name} lies on a GPU, which is for `train` and for networks' own methods: copy it here first"
        )
    if np.ma.is_masked(value):
        raise InvalidInputError(f"{name} must not have masked values")
    try:
        return np.asarray(value)
    except ValueError as error:
        raise InvalidInputError(f"{name} must be an array: {error}") from None


def real_array(value: Any, name: str, dtype: Any, dimensions: int, no_rows: bool = False) -> np.ndarray:
    """A C-contiguous array of the given type and number of dimensions with only finite values; `no_rows` allows 0 rows.

    Raises
    ------
    InvalidInputError : text or complex numbers, another number of dimensions, no elements, NaN or infinity.
    """
    array = as_array(value, name)
    if array.dtype.kind in "OUS":
        try:
            array = array.astype(np.float64)
        except (TypeError, ValueError):
            raise InvalidInputError(f"{name} must hold numbers; got {_first_text(array)}") from None
    if array.dtype.kind not in "biuf":
        raise InvalidInputError(f"{name} must hold real numbers; got {array.dtype}")
    if array.ndim != dimensions:
        raise InvalidInputError(f"{name} must have {dimensions} dimension(s); got shape {array.shape}")
    if array.size == 0 and not (no_rows and 0 not in array.shape[1:]):
        raise InvalidInputError(f"{name} must not be empty; got shape {array.shape}")
    given = array
    with np.errstate(over="ignore"):  # what overflows float32 is found as infinity in the next line
        array = np.ascontiguousarray(array, dtype=dtype)
    if not (array.flags.writeable and array.flags.aligned):
        array = array.copy()  # Numba takes these flags as types of their own and would compile every kernel again
    finite = np.isfinite(array)
    if not finite.all():
        place = np.unravel_index(int(np.argmin(finite)), array.shape)
        where = ", ".join(map(str, place))
        why = f", too large for {array.dtype.name}" if np.isfinite(given[place]) else ""
        raise InvalidInputError(f"{name} must be finite; {name}[{where}] is {given[place]}{why}")
    return array


def _first_text(array: np.ndarray) -> str:
    for place, item in np.ndenumerate(array):
        try:
            float(item)
        except (TypeError, ValueError):
            return f"{item!r} at [{', '.join(map(str, place))}]"
    return str(array.dtype)


def features(value: Any, dtype: Any, columns: int, name: str = "X", no_rows: bool = False) -> np.ndarray:
    """X (samples, features) with as many columns as the network has inputs; `no_rows` allows 0 samples."""
    array = real_array(value, name, dtype, 2, no_rows)
    if array.shape[1] != columns:
        raise InvalidInputError(f"{name} must have {columns} feature column(s); got shape {array.shape}")
    return array


def targets(
    value: Any, dtype: Any, rows: int, outputs: int, name: str = "y", within: tuple[float, float] = (-np.inf, np.inf)
) -> np.ndarray:
    """y (samples, outputs), no number outside `within`; a vector is accepted for one output."""
    array = as_array(value, name)
    text = array.dtype.kind in "US" or (array.dtype.kind == "O" and array.size > 0 and isinstance(array.flat[0], str))
    if array.ndim == 1 and (text or (outputs > 1 and array.dtype.kind in "biu")):
        raise InvalidInputError(
            f"{name} looks like class labels, and class indices need loss='cross_entropy'; other losses need {name} of shape "
            f"({rows}, {outputs}); got shape {array.shape}, {array.dtype}"
        )
    if array.ndim == 1 and outputs == 1:
        array = array.reshape(-1, 1)
    array = real_array(array, name, dtype, 2)
    if array.shape != (rows, outputs):
        raise InvalidInputError(f"{name} must have shape ({rows}, {outputs}); got {np.asarray(value).shape}")
    outside = (array < within[0]) | (array > within[1])
    if outside.any():
        place = tuple(int(i) for i in np.argwhere(outside)[0])
        raise InvalidInputError(
            f"{name} must lie in [{within[0]}, {within[1]}] for this loss; {name}[{place[0]}, {place[1]}] is {array[place]}"
        )
    return array


def class_indices(value: Any, rows: int, classes: int, name: str = "y") -> np.ndarray:
    """y (samples,) with class indices 0 .. classes-1."""
    array = as_array(value, name)
    if array.shape != (rows,):
        raise InvalidInputError(f"{name} must have shape ({rows},) with class indices; got {array.shape}")
    whole = array.dtype.kind in "iub" or (array.dtype.kind == "f" and bool(np.all(array == np.trunc(array))))
    if not whole:
        raise InvalidInputError(
            f"{name} must hold class indices (whole numbers); got {array.dtype}. np.unique({name}, return_inverse=True) gives labels "
            "and indices; `search` and `SpectralClassifier` take labels of any kind"
        )
    outside = (array < 0) | (array >= classes)
    if outside.any():
        place = int(np.argmax(outside))
        raise InvalidInputError(f"{name} must lie in 0..{classes - 1}; {name}[{place}] is {array[place]}")
    return np.array(array, dtype=np.int64, order="C")


def sample_weights(value: Any, dtype: Any, rows: int, name: str = "sample_weight") -> np.ndarray:
    """Weights (samples,), none negative, not all zero; ones for None."""
    if value is None:
        return np.ones(rows, dtype)
    array = real_array(value, name, dtype, 1)
    if array.shape != (rows,):
        raise InvalidInputError(f"{name} must have shape ({rows},); got {array.shape}")
    if array.min() < 0 or array.max() == 0:
        raise InvalidInputError(f"{name} must not be negative, and not zero everywhere")
    return array


def real_type(value: Any) -> np.dtype[Any]:
    """float32 or float64."""
    try:
        dtype = np.dtype(value)
    except TypeError:
        dtype = None
    if dtype is None or dtype.name not in DTYPES:
        raise InvalidInputError(f"dtype must be one of {', '.join(DTYPES)}; got {value!r}")
    return np.dtype(dtype.name)  # in this machine's byte order


def real_number(
    value: Any, name: str, low: float, high: float = np.inf, *, open_low: bool = False, open_high: bool = False
) -> float:
    """A real number in [low, high], without `low` with `open_low`, without `high` with `open_high`."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise InvalidInputError(f"{name} must be a number; got {value!r}")
    if not np.isfinite(value):
        raise InvalidInputError(f"{name} must be finite; got {value!r}")
    if not low <= value <= high or (open_low and value == low) or (open_high and value == high):
        rule = f"more than {low:g}" if open_low else f"at least {low:g}"
        upper = "" if high == np.inf else f" and less than {high:g}" if open_high else f" and at most {high:g}"
        raise InvalidInputError(f"{name} must be {rule}{upper}; got {value!r}")
    return float(value)


def boolean(value: Any, name: str) -> bool:
    """True or False; other values that Python would accept as a condition are refused."""
    if not isinstance(value, (bool, np.bool_)):
        raise InvalidInputError(f"{name} must be True or False; got {value!r}")
    return bool(value)


def integer(value: Any, name: str, low: int) -> int:
    """A whole number of at least `low`."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < low:
        raise InvalidInputError(f"{name} must be a whole number of at least {low}; got {value!r}")
    return int(value)


LIBRARIES = {"sklearn": "scikit-learn"}
"""Names of libraries on PyPI that differ from their names in Python."""


def optional(module: str, use: str, extra: str = "full") -> Any:
    """A library of an extra, imported when it is needed; `use` says for what.

    Raises
    ------
    MissingDependencyError : it is not installed; the message names the library and the extra.
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        package = module.split(".")[0]
        library = LIBRARIES.get(package, package)
        raise MissingDependencyError(f"{use} needs {library}: pip install '.[{extra}]' in the sources") from None


def pair(value: Any, name: str) -> tuple[Any, Any]:
    """A tuple (X, y)."""
    if not isinstance(value, tuple) or len(value) != 2:
        raise InvalidInputError(f"{name} must be a pair (X, y)")
    return value


def vanishing_at_zero(activation: str | tuple[str, ...], allowed: tuple[str, ...], what: str) -> None:
    """`what` works only with activations f for which f(0) = 0; `allowed` lists them."""
    for name in (activation,) if isinstance(activation, str) else activation:
        if name not in allowed:
            raise InvalidInputError(f"{what} needs f(0) = 0; {name} has f(0) != 0")


def one_of(value: object, allowed: tuple[str, ...], what: str) -> str:
    """The value if it is one of the allowed names; otherwise an error that lists them."""
    if isinstance(value, str) and value in allowed:
        return value
    raise InvalidInputError(f"{what} must be one of {', '.join(allowed)}; got {value!r}")


def sequence(value: Any, name: str) -> list[Any]:
    """The members of a list, tuple or vector."""
    if isinstance(value, (str, bytes)) or not isinstance(value, (Sequence, np.ndarray)):
        raise InvalidInputError(f"{name} must be a sequence; got {value!r}")
    return list(value)
