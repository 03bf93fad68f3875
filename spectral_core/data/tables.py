"""Reading CSV, Parquet, NPZ and IDX files into columns; every error names the file, the column and the row."""

from __future__ import annotations

import gzip
import importlib
import math
import os
import re
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.errors import DataFileError, InvalidInputError, MissingDependencyError

CSV_BLOCK = 2**26  # bytes; Arrow needs each row to fit into one block

Source = str | os.PathLike[str]
Columns = tuple[np.ndarray, np.ndarray, tuple[str, ...], tuple[str, ...]]  # x, y, feature names, target names


def floats(source: Source, column: str, values: np.ndarray) -> np.ndarray:
    """A column as float64; an error names its first text, NaN or infinity."""
    if values.dtype.kind == "O":
        values = np.array([_float(source, column, row, text) for row, text in enumerate(values, 1)])
    values = values.astype(np.float64)
    finite = np.isfinite(values)
    if not finite.all():
        row = int(np.argmin(finite))
        raise DataFileError(f"{source}: column {column!r}, row {row + 1}: numbers must be finite; got {values[row]}")
    return values


def _float(source: Source, column: str, row: int, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise DataFileError(
            f"{source}: column {column!r}, row {row}: {_shown(text)} is text in a numeric column"
        ) from None


def optional(module: str, use: str) -> Any:
    """A library of the extra `full`, imported when it is needed."""
    try:
        return importlib.import_module(module)
    except ImportError:
        library = {"sklearn": "scikit-learn"}.get(module.split(".")[0], "pyarrow")
        raise MissingDependencyError(f"{use} needs {library}: pip install 'spectral-core[full]'") from None


def _one_line(value: object) -> str:
    return " ".join(str(value).split()) or type(value).__name__


def npz_arrays(source: Source, *wanted: str) -> list[np.ndarray]:
    """The wanted arrays of an NPZ file; a lower-case name will do."""
    try:
        with open(source, "rb") as file:
            archive = np.load(file, allow_pickle=False)  # a lone array, if the file is an NPY file
            there = list(getattr(archive, "files", ()))
            names = [name if name in there else name.lower() for name in wanted]
            found = [np.asarray(archive[name]) for name in names if name in there]  # NumPy gives alien members as bytes
    except (OSError, EOFError, ValueError, KeyError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise DataFileError(f"{source} cannot be read as an NPZ file of plain arrays: {_one_line(error)}") from None
    if len(found) < len(wanted):
        raise DataFileError(f"{source} must hold the arrays {' and '.join(wanted)}; it holds {_listed(there)}")
    return found


def npz_features(source: Source, x: np.ndarray) -> np.ndarray:
    try:
        return checks.real_array(x, "X", np.float64, 2)
    except InvalidInputError as error:
        raise DataFileError(f"{source}: {error}") from None


def _npz_target(source: Source, y: np.ndarray, rows: int) -> np.ndarray:
    if y.ndim not in (1, 2) or len(y) != rows:
        raise DataFileError(
            f"{source}: X has {rows} row(s), y must have shape ({rows},) or ({rows}, outputs); got {y.shape}"
        )
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim == 1 and y.dtype.kind in "Ubiu":  # possible labels stay what they are
        return y.astype(object) if y.dtype.kind == "U" else y
    try:
        return checks.real_array(y, "y", np.float64, y.ndim)
    except InvalidInputError as error:
        raise DataFileError(f"{source}: {error}") from None


def from_npz(source: Source) -> Columns:
    x, y = npz_arrays(source, "X", "y")
    x = npz_features(source, x)
    y = _npz_target(source, y, len(x))
    target_names = ("y",) if y.ndim == 1 else tuple(f"y{k}" for k in range(1, y.shape[1] + 1))
    return x, y, tuple(f"x{k}" for k in range(1, x.shape[1] + 1)), target_names


def from_idx(source: Source) -> Columns:
    """Images (samples, pixels) of an IDX file as MNIST has them, and labels from the file beside it.

    `train-images-idx3-ubyte`, also with `.gz` behind, has its labels in `train-labels-idx1-ubyte`. Pixels stay 0 to 255.
    """
    path = Path(source)
    other = path.with_name(path.name.replace("images", "labels").replace("idx3", "idx1"))
    if "images" not in path.name:
        raise DataFileError(
            f"{source}: an IDX file of images must have 'images' in its name, so that its labels are found"
        )
    images, labels = idx_array(path), idx_array(other)
    if images.ndim < 2 or images.size == 0 or labels.ndim != 1 or len(images) != len(labels):
        raise DataFileError(
            f"{source} must hold images, and {other} as many labels; the shapes are {images.shape} and {labels.shape}"
        )
    x = images.reshape(len(images), -1).astype(np.float64)
    return x, labels, tuple(f"pixel{k}" for k in range(1, x.shape[1] + 1)), ("label",)


def idx_array(source: Source) -> np.ndarray:
    """The bytes of an IDX file: two zeros, 8 for bytes, the number of dimensions, each as 4 bytes, then the data."""
    try:
        with gzip.open(source, "rb") if Path(source).suffix == ".gz" else open(source, "rb") as file:
            text = file.read()
    except (OSError, EOFError, zlib.error) as error:
        raise DataFileError(f"{source} cannot be read as an IDX file: {_one_line(error)}") from None
    if len(text) < 4 or text[:2] != b"\0\0" or text[2] != 8:
        raise DataFileError(f"{source} is no IDX file of bytes: it begins with {text[:4]!r}")
    head = 4 + 4 * text[3]
    shape = tuple(int.from_bytes(text[at : at + 4], "big") for at in range(4, head, 4))
    if len(text) < head or len(text) - head != math.prod(shape):
        raise DataFileError(
            f"{source} announces an array of shape {shape}; behind the header it has {len(text) - head} bytes"
        )
    return np.frombuffer(text, np.uint8, offset=head).reshape(shape)


def from_table(source: Source, kind: str, target: str | None) -> Columns:
    table = read_table(source, kind)
    names = table.column_names
    if len(names) < 2:
        raise DataFileError(f"{source} needs a target and at least one feature column; it has {_listed(names)}")
    target = names[-1] if target is None else target
    require_columns(source, table, (target,))
    features = tuple(name for name in names if name != target)
    y = _column(source, target, table.column(target))
    if y.dtype.kind == "f":
        y = floats(source, target, y)
    return feature_matrix(source, table, features), y, features, (target,)


def read_table(source: Source, kind: str) -> Any:
    """An Arrow table with rows and unambiguous column names."""
    library = optional("pyarrow", f"reading {source}")
    try:
        table = _read_csv(source) if kind == ".csv" else _read_parquet(source)
        names = table.column_names
    except (library.ArrowException, OSError, UnicodeDecodeError) as error:
        raise DataFileError(f"{source} cannot be read as a {kind} file: {_one_line(error)}") from None
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1] if len(set(names)) < len(names) else []
    if twice:
        raise DataFileError(f"{source}: column names must differ; more than one column is called {_listed(twice)}")
    if table.num_rows == 0:
        raise DataFileError(f"{source} has column names but no rows")
    return table


def _read_csv(source: Source) -> Any:
    csv = optional("pyarrow.csv", f"reading {source}")
    try:
        return csv.read_csv(
            os.fspath(source),
            read_options=csv.ReadOptions(use_threads=False, block_size=CSV_BLOCK),  # threads lose the row numbers
            parse_options=csv.ParseOptions(newlines_in_values=True),
            convert_options=csv.ConvertOptions(strings_can_be_null=True),  # an empty label is a missing one
        )
    except ValueError as error:  # ArrowInvalid is one
        # From the message, as Arrow's invalid_row_handler cannot take rows that are not UTF-8.
        ragged = re.search(r"Row #(\d+): Expected (\d+) columns, got (\d+)", str(error))
        if ragged is None:
            raise
        number, need, have = map(int, ragged.groups())  # Arrow's row 1 is the header
        raise DataFileError(
            f"{source}: row {number - 1} has {have} value(s); the header has {need} column(s)"
        ) from None


def _read_parquet(source: Source) -> Any:
    parquet = optional("pyarrow.parquet", f"reading {source}")
    with parquet.ParquetFile(os.fspath(source)) as file:  # read_table would add columns for folders called 'a=1'
        return file.read()


def require_columns(source: Source, table: Any, wanted: Sequence[str]) -> None:
    there = set(table.column_names)
    missing = [name for name in wanted if name not in there]
    if missing:
        raise DataFileError(f"{source} has no column {_listed(missing)}; it has {_listed(table.column_names)}")


def feature_matrix(source: Source, table: Any, names: Sequence[str]) -> np.ndarray:
    x = np.empty((table.num_rows, len(names)))
    for k, name in enumerate(names):
        x[:, k] = floats(source, name, _column(source, name, table.column(name)))
    return x


def _column(source: Source, name: str, column: Any) -> np.ndarray:
    """An Arrow column as an array of bools, numbers, or text (as objects); no value may be missing."""
    types = optional("pyarrow.types", f"reading {source}")
    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if column.null_count:
        row = int(np.argmax(column.is_null().to_numpy())) + 1
        raise DataFileError(f"{source}: column {name!r}, row {row}: the value is missing")
    if types.is_decimal(column.type):
        column = column.cast("float64")
    if types.is_boolean(column.type) or types.is_integer(column.type) or types.is_floating(column.type):
        return column.to_numpy()
    if types.is_string(column.type) or types.is_large_string(column.type):
        try:
            return np.array(column.to_pylist(), dtype=object)
        except UnicodeDecodeError as error:  # Arrow checks the text of CSV files only
            raise DataFileError(f"{source}: column {name!r} holds text that is not UTF-8: {_one_line(error)}") from None
    raise DataFileError(
        f"{source}: column {name!r} must hold numbers or text, not {column.type}; row 1 is {_shown(column[0].as_py())}"
    )


def _shown(value: object) -> str:
    text = repr(value) if isinstance(value, (str, bytes)) else _one_line(value)
    return text if len(text) <= 40 else text[:40] + "..."


def _listed(names: Sequence[str]) -> str:
    """Quoted names, the first ten of a long list."""
    shown = ", ".join(map(repr, names[:10])) or "nothing"
    return shown if len(names) <= 10 else f"{shown}, ... ({len(names)} in all)"
