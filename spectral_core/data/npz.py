"""NPZ files as data: `X` (samples, features) and `y`."""

from __future__ import annotations

import zipfile
import zlib

import numpy as np

from spectral_core import checks
from spectral_core.data.columns import Columns, Source, one_line, quoted
from spectral_core.errors import DataFileError, InvalidInputError
from spectral_core.wording import counted


def from_npz(source: Source) -> Columns:
    """`X` (samples, features) and `y` of an NPZ file, their columns called x1, x2, ... and y or y1, y2, ..."""
    x, y = npz_arrays(source, "X", "y")
    x = npz_features(source, x)
    y = _npz_target(source, y, len(x))
    target_names = ("y",) if y.ndim == 1 else tuple(f"y{k}" for k in range(1, y.shape[1] + 1))
    return x, y, tuple(f"x{k}" for k in range(1, x.shape[1] + 1)), target_names


def npz_arrays(source: Source, *wanted: str) -> list[np.ndarray]:
    """The wanted arrays of an NPZ file, under these names or their lower-case form."""
    try:
        with open(source, "rb") as file:
            archive = np.load(file, allow_pickle=False)  # a lone array, if the file is an NPY file
            present = list(getattr(archive, "files", ()))
            names = [name if name in present else name.lower() for name in wanted]
            found = [
                np.asarray(archive[name]) for name in names if name in present
            ]  # NumPy gives other members as bytes
    except FileNotFoundError:
        raise DataFileError(f"{source}: no such file") from None
    except (OSError, EOFError, ValueError, KeyError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise DataFileError(f"{source} cannot be read as an NPZ file of plain arrays: {one_line(error)}") from None
    if len(found) < len(wanted):
        raise DataFileError(f"{source} must hold the arrays {' and '.join(wanted)}; it holds {quoted(present)}")
    return found


def npz_features(source: Source, x: np.ndarray, no_rows: bool = False) -> np.ndarray:
    """X as float64, checked; `no_rows` allows 0 rows."""
    try:
        return checks.real_array(x, "X", np.float64, 2, no_rows)
    except InvalidInputError as error:
        raise DataFileError(f"{source}: {error}") from None


def _npz_target(source: Source, y: np.ndarray, rows: int) -> np.ndarray:
    """y as labels or numbers, one row a sample; a single column becomes a vector."""
    if y.ndim not in (1, 2) or len(y) != rows:
        raise DataFileError(
            f"{source}: X has {counted(rows, 'row')}, y must have shape ({rows},) or ({rows}, outputs); got {y.shape}"
        )
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim == 1 and y.dtype.kind in "Ubiu":  # possible labels stay what they are
        return y.astype(object) if y.dtype.kind == "U" else y
    try:
        return checks.real_array(y, "y", np.float64, y.ndim)
    except InvalidInputError as error:
        raise DataFileError(f"{source}: {error}") from None
