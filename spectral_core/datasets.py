"""Data sets: built-in names and CSV, Parquet and NPZ files become checked arrays, or an error that names the place."""

from __future__ import annotations

import importlib
import os
import re
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from spectral_core import arrays
from spectral_core.errors import DataFileError, InvalidInputError, MissingDependencyError, one_of

BUILT_IN = ("digits", "diabetes", "breast_cancer", "wine", "sparcs")
SUFFIXES = (".csv", ".parquet", ".npz")
TASKS = ("auto", "regression", "classification")
MOST_CLASSES = 20  # more distinct whole numbers than this are taken for measurements, not labels
CSV_BLOCK = 2**26  # bytes; Arrow needs each row to fit into one block

Source = str | os.PathLike[str]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Checked arrays and what their columns are called.

    Attributes
    ----------
    x : float64 (samples, features).
    y : float64 (samples, outputs) for regression, int64 class indices (samples,) for classification.
    task : 'regression' or 'classification'.
    target_names : one per output; a single name for classification.
    classes : the sorted labels as found, `classes[y]` gives them back; empty for regression.
    standardize : whether scaling the columns is sensible.
    fresh : other points of the same distribution, where the source can draw them.
    """

    name: str
    x: np.ndarray
    y: np.ndarray
    task: str
    feature_names: tuple[str, ...]
    target_names: tuple[str, ...]
    classes: tuple[Any, ...] = ()
    standardize: bool = True
    fresh: Dataset | None = None


def load(
    source: Source,
    *,
    target: str | None = None,
    task: str = "auto",
    alpha: float = 1.0,
    beta: float = 5.0,
    seed: int = 0,
) -> Dataset:
    """A built-in data set, or a CSV, Parquet or NPZ file.

    Parameters
    ----------
    source : a name of `BUILT_IN` or a path. NPZ files hold `X` (samples, features) and
        `y` (samples,) or (samples, outputs).
    target : the target column of a CSV or Parquet file; the last one by default. All other columns are features.
    task : 'auto' takes text, bools and at most 20 distinct whole numbers for classes, all else for regression.
    alpha, beta, seed : of 'sparcs' only.

    Raises
    ------
    DataFileError : the file or its contents cannot be used; the message names column and row (data rows from 1).
    MissingDependencyError : pyarrow or scikit-learn is needed and not installed.
    """
    one_of(task, TASKS, "task")
    kind = _kind(source)
    if target is not None and kind not in (".csv", ".parquet"):
        raise InvalidInputError(f"target names a column of a CSV or Parquet file; {source} has none; got {target!r}")
    if kind == "sparcs":
        data = sparcs(alpha, beta, seed=seed)
        if task == "classification":
            raise InvalidInputError("sparcs is a regression data set; got task 'classification'")
        return replace(data, fresh=sparcs(alpha, beta, seed=seed, stream=1))
    if kind in BUILT_IN:
        return _dataset(kind, kind, _bundled(kind), task)
    read = _from_npz(source) if kind == ".npz" else _from_table(source, kind, target)
    return _dataset(Path(source).stem, source, read, task)


def load_features(source: Source, feature_names: Sequence[str], *, seed: int = 0) -> np.ndarray:
    """X (samples, features) float64 for predictions, its columns in the order of `feature_names`.

    Columns of a CSV or Parquet file are picked by name, further ones ignored. NPZ files and built-in sets have no names
    to go by; there the number of columns must agree. `seed` is that of 'sparcs'.

    Raises
    ------
    DataFileError : as in `load`, and for missing columns.
    """
    kind = _kind(source)
    if kind in (".csv", ".parquet"):
        table = _read_table(source, kind)
        _require_columns(source, table, feature_names)
        return _feature_matrix(source, table, feature_names)
    if kind == ".npz":
        x = _npz_features(source, *_npz_arrays(source, "X"))
    else:
        x = load(kind, seed=seed).x
    if x.shape[1] != len(feature_names):
        raise DataFileError(f"{source}: {len(feature_names)} feature column(s) are needed; X has {x.shape[1]}")
    return x


def sparcs(alpha: float, beta: float, points: int = 10_000, seed: int = 0, stream: int = 0) -> Dataset:
    """The target that goes from linear (α = 0) to quadratic (α = 1), protocol P1.

    y = ½(1 - tanh(β(α-½))) mean(x) + ½(1 + tanh(β(α-½))) mean(x²), x uniform in [-1, 1]².

    Parameters
    ----------
    alpha : in [0, 1].
    beta : sharpness of the transition at α = ½, positive.
    stream : different streams of one seed give independent points; stream 0 is the seed's own.
    """
    alpha = arrays.number(alpha, "alpha", 0, 1)
    beta = arrays.number(beta, "beta", 0, open_low=True)
    key = (arrays.whole(seed, "seed", 0), arrays.whole(stream, "stream", 0))
    x = np.random.default_rng(key).uniform(-1, 1, (arrays.whole(points, "points", 1), 2))
    share = 0.5 * (1 + np.tanh(beta * (alpha - 0.5)))
    y = (1 - share) * x.mean(axis=1) + share * (x**2).mean(axis=1)
    return Dataset("sparcs", x, y[:, np.newaxis], "regression", ("x1", "x2"), ("y",), standardize=False)


def train_test_split(dataset: Dataset, test_fraction: float, seed: int) -> tuple[Dataset, Dataset]:
    """Train and test part at random, in the order of the rows; for classification with each class in proportion.

    The test part has `test_fraction` of the rows, rounded, and at least one; each class keeps at least one row for
    training.
    """
    fraction = arrays.number(test_fraction, "test_fraction", 0, 1, open_low=True)
    if fraction == 1:
        raise InvalidInputError(f"test_fraction must be less than 1; got {test_fraction!r}")
    rows = len(dataset.x)
    order = np.random.default_rng(arrays.whole(seed, "seed", 0)).permutation(rows)
    labels = dataset.y[order] if dataset.task == "classification" else np.zeros(rows, np.int64)
    # Each class is spread evenly over (0, 1): the front of the common order then holds all classes in proportion.
    place = np.empty(rows)
    present = np.unique(labels)
    for label in present:
        members = np.flatnonzero(labels == label)
        place[members] = (np.arange(len(members)) + 0.5) / len(members)
        place[members[-1]] = np.inf  # kept for training
    if rows == len(present):
        raise InvalidInputError(f"{dataset.name} cannot be split: its {rows} row(s) are all needed for training")
    count = min(max(1, round(fraction * rows)), rows - len(present))
    ranked = order[np.argsort(place, kind="stable")]
    test, train = np.sort(ranked[:count]), np.sort(ranked[count:])
    return replace(dataset, x=dataset.x[train], y=dataset.y[train]), replace(
        dataset, x=dataset.x[test], y=dataset.y[test]
    )


# --- from columns to a data set ---------------------------------------------------------------------------------------

Columns = tuple[np.ndarray, np.ndarray, tuple[str, ...], tuple[str, ...]]  # x, y, feature names, target names


def _dataset(name: str, source: Source, columns: Columns, task: str) -> Dataset:
    """Settle the task and check the target for it; y is (samples,) of text, bools or numbers, or (samples, outputs)."""
    x, y, feature_names, target_names = columns
    if task == "auto":
        task = "classification" if _looks_like_classes(y) else "regression"
    if task == "classification":
        classes, indices = _classes(source, y, target_names)
        return Dataset(name, x, indices, task, feature_names, target_names, classes)
    if y.ndim == 1:
        y = _floats(source, target_names[0], y)[:, np.newaxis]
    constant = np.flatnonzero(y.min(axis=0) == y.max(axis=0))
    if constant.size:
        column = int(constant[0])
        raise DataFileError(
            f"{source}: regression needs a target that varies; "
            f"all {len(y)} row(s) of {target_names[column]!r} are {y[0, column]:g}"
        )
    return Dataset(name, x, np.ascontiguousarray(y, np.float64), task, feature_names, target_names)


def _is_whole(y: np.ndarray) -> np.ndarray:
    """Where numbers are whole and exact; beyond 2⁵³ every float is whole and says nothing."""
    return np.ones(len(y), bool) if y.dtype.kind in "biu" else (np.mod(y, 1) == 0) & (np.abs(y) < 2**53)


def _looks_like_classes(y: np.ndarray) -> bool:
    if y.ndim != 1:
        return False
    return y.dtype.kind in "Ob" or bool(_is_whole(y).all() and len(np.unique(y)) <= MOST_CLASSES)


def _classes(source: Source, y: np.ndarray, target_names: tuple[str, ...]) -> tuple[tuple[Any, ...], np.ndarray]:
    """The sorted labels and the index of each row's label."""
    if y.ndim != 1:
        raise DataFileError(f"{source}: classification needs a single target column; y has {y.shape[1]}")
    if y.dtype.kind == "f":
        whole = _is_whole(y)
        if not whole.all():
            row = int(np.argmin(whole))
            raise DataFileError(
                f"{source}: classification needs text or whole numbers; "
                f"column {target_names[0]!r}, row {row + 1} is {y[row]}"
            )
        y = y.astype(np.int64)
    labels, indices = np.unique(y, return_inverse=True)
    classes = tuple(labels.tolist())
    if len(classes) < 2:
        raise DataFileError(
            f"{source}: classification needs at least two classes; "
            f"all {len(y)} row(s) of {target_names[0]!r} are {classes[0]!r}"
        )
    return classes, indices.astype(np.int64)


def _floats(source: Source, column: str, values: np.ndarray) -> np.ndarray:
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


# --- sources ----------------------------------------------------------------------------------------------------------


def _kind(source: Source) -> str:
    """A name of `BUILT_IN` or a suffix of `SUFFIXES`; the file is there."""
    if isinstance(source, str) and source in BUILT_IN:
        return source
    if not isinstance(source, (str, os.PathLike)):
        raise InvalidInputError(f"a data set is a built-in name or a path; got {source!r}")
    path = Path(source)
    known = f"a data set is a {', '.join(SUFFIXES)} file or one of {', '.join(BUILT_IN)}"
    if path.suffix.lower() not in SUFFIXES:
        raise DataFileError(f"{known}; got {os.fspath(source)!r}")
    if not path.is_file():
        raise DataFileError(f"{'not a file' if path.exists() else 'no such file'}: {path}")
    return path.suffix.lower()


def _optional(module: str, use: str) -> Any:
    """A library of the extra `full`, imported when it is needed."""
    try:
        return importlib.import_module(module)
    except ImportError:
        library = {"sklearn": "scikit-learn"}.get(module.split(".")[0], "pyarrow")
        raise MissingDependencyError(f"{use} needs {library}: pip install 'spectral-core[full]'") from None


def _bundled(name: str) -> Columns:
    """A data set that comes with scikit-learn; classes are its own 0, 1, ..., so that y is the same as there."""
    sets = _optional("sklearn.datasets", f"the data set {name!r}")
    bunch = getattr(sets, f"load_{name}")()
    return np.ascontiguousarray(bunch.data, np.float64), bunch.target, tuple(map(str, bunch.feature_names)), ("target",)


def _one_line(value: object) -> str:
    return " ".join(str(value).split()) or type(value).__name__


def _npz_arrays(source: Source, *wanted: str) -> list[np.ndarray]:
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


def _npz_features(source: Source, x: np.ndarray) -> np.ndarray:
    try:
        return arrays.real_array(x, "X", np.float64, 2)
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
        return arrays.real_array(y, "y", np.float64, y.ndim)
    except InvalidInputError as error:
        raise DataFileError(f"{source}: {error}") from None


def _from_npz(source: Source) -> Columns:
    x, y = _npz_arrays(source, "X", "y")
    x = _npz_features(source, x)
    y = _npz_target(source, y, len(x))
    target_names = ("y",) if y.ndim == 1 else tuple(f"y{k}" for k in range(1, y.shape[1] + 1))
    return x, y, tuple(f"x{k}" for k in range(1, x.shape[1] + 1)), target_names


def _from_table(source: Source, kind: str, target: str | None) -> Columns:
    table = _read_table(source, kind)
    names = table.column_names
    if len(names) < 2:
        raise DataFileError(f"{source} needs a target and at least one feature column; it has {_listed(names)}")
    target = names[-1] if target is None else target
    _require_columns(source, table, (target,))
    features = tuple(name for name in names if name != target)
    y = _column(source, target, table.column(target))
    if y.dtype.kind == "f":
        y = _floats(source, target, y)
    return _feature_matrix(source, table, features), y, features, (target,)


def _read_table(source: Source, kind: str) -> Any:
    """An Arrow table with rows and unambiguous column names."""
    library = _optional("pyarrow", f"reading {source}")
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
    csv = _optional("pyarrow.csv", f"reading {source}")
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
    parquet = _optional("pyarrow.parquet", f"reading {source}")
    with parquet.ParquetFile(os.fspath(source)) as file:  # read_table would add columns for folders called 'a=1'
        return file.read()


def _require_columns(source: Source, table: Any, wanted: Sequence[str]) -> None:
    there = set(table.column_names)
    missing = [name for name in wanted if name not in there]
    if missing:
        raise DataFileError(f"{source} has no column {_listed(missing)}; it has {_listed(table.column_names)}")


def _feature_matrix(source: Source, table: Any, names: Sequence[str]) -> np.ndarray:
    x = np.empty((table.num_rows, len(names)))
    for k, name in enumerate(names):
        x[:, k] = _floats(source, name, _column(source, name, table.column(name)))
    return x


def _column(source: Source, name: str, column: Any) -> np.ndarray:
    """An Arrow column as an array of bools, numbers, or text (as objects); no value may be missing."""
    types = _optional("pyarrow.types", f"reading {source}")
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
