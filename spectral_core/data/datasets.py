"""Data sets: a built-in name or a file (a table, NPZ, IDX) as checked arrays."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.checks import one_of, optional
from spectral_core.data.columns import Columns, Source, floats
from spectral_core.data.dataset import Dataset
from spectral_core.data.encoding import plain_features
from spectral_core.data.idx import from_idx
from spectral_core.data.npz import from_npz, npz_arrays, npz_features
from spectral_core.data.reading.files import TABLES, read_table, table_kind
from spectral_core.data.reading.form import UNKNOWN, FileForm
from spectral_core.data.reading.table import Table
from spectral_core.data.tables import BY_DEFAULT, ColumnChoice, supervised
from spectral_core.data.targets import TASKS, encode_labels, guessed_task, label_matrix, stranger
from spectral_core.errors import DataFileError, InvalidInputError
from spectral_core.wording import counted

BUILT_IN = ("digits", "diabetes", "breast_cancer", "wine", "sparcs")
SUFFIXES = (*TABLES, ".npz")
IDX = re.compile(r"[.-]idx\d-ubyte(\.gz)?$")


def load(
    source: Source,
    *,
    target: str | Sequence[str] | None = None,
    task: str = "auto",
    alpha: float = 1.0,
    beta: float = 5.0,
    seed: int = 0,
    form: FileForm = UNKNOWN,
    columns: ColumnChoice = BY_DEFAULT,
) -> Dataset:
    """A built-in data set, a table (CSV, TSV, TXT, Parquet, Feather, Excel), an NPZ file, or IDX images with their labels.

    Parameters
    ----------
    source : a name of `BUILT_IN` or a path. NPZ files hold `X` (samples, features) and
        `y` (samples,) or (samples, outputs).
    target : the target column of a table, or several; the last one by default. All other columns are features, encoded by
        `Encoder`, which is fitted to all rows here and to the training part by `train_test_split`.
    task : 'auto' takes text, bools and at most 20 distinct whole numbers for classes, all else for regression.
    alpha, beta, seed : of 'sparcs' only.
    form, columns : what is stated of a table and not to be found: separators, encoding, header; the use of its columns.

    Raises
    ------
    DataFileError : the file or its contents cannot be used; the message names column and row (data rows from 1).
    MissingDependencyError : pyarrow, openpyxl or scikit-learn is needed and not installed.
    """
    one_of(task, ("auto", *TASKS), "task")
    kind = _kind(source)
    if target is not None:
        columns = replace(columns, target=(target,) if isinstance(target, str) else tuple(target))
    if kind not in TABLES and columns != BY_DEFAULT:
        _refuse_columns(source, columns)
    if kind == "sparcs":
        data = sparcs(alpha, beta, seed=seed)
        if task not in ("auto", "regression"):
            raise InvalidInputError(f"sparcs is a regression data set; got task {task!r}")
        return replace(data, fresh=sparcs(alpha, beta, seed=seed, stream=1))
    if kind in BUILT_IN:
        return _dataset(kind, kind, _bundled(kind), task)
    if kind == ".idx":
        return _dataset(Path(source).name.split("-idx")[0], source, from_idx(source), task)
    if kind == ".npz":
        return _dataset(Path(source).stem, source, from_npz(source), task)
    return of_table(read_table(source, kind, form), columns, task)


def _refuse_columns(source: Source, columns: ColumnChoice) -> None:
    stated = next(getattr(columns, name) for name in ("target", *vars(columns)) if getattr(columns, name))
    shown = repr(stated) if isinstance(stated, str) else ", ".join(map(repr, stated))
    what = "target names a column of a table" if columns.target else "columns are named in a table"
    raise InvalidInputError(f"{what}, such as a CSV or Parquet file; {source} has none; got {shown}")


def of_table(table: Table, columns: ColumnChoice, task: str) -> Dataset:
    """The data set in a table."""
    found = supervised(table, columns, task)
    x = found.encoder.transform(found.features)
    data = _dataset(name_of(table), table.source, (x, found.y, found.encoder.feature_names, found.target_names), task)
    return replace(
        data,
        table=found.features,
        encoder=found.encoder,
        remarks=found.remarks,
        weight=found.weight,
        group=found.group,
        time=found.time,
    )


def name_of(table: Table) -> str:
    """The name of a file without its suffix."""
    return Path(table.source.removesuffix(".gz").removesuffix(".GZ")).stem


def load_raw(source: Source, form: FileForm = UNKNOWN) -> Table | None:
    """The raw rows of a table in a file; None for NPZ and IDX files and built-in names, which hold numbers without names."""
    kind = _kind(source)
    return read_table(source, kind, form) if kind in TABLES else None


def load_features(
    source: Source, feature_names: Sequence[str], *, seed: int = 0, form: FileForm = UNKNOWN
) -> np.ndarray:
    """X (samples, features) float64 for predictions, its columns in the order of `feature_names`.

    Columns of a table are picked by name, further ones ignored. NPZ files and built-in sets have no names to go by; there
    the number of columns must agree. NPZ files may have no rows. `seed` is that of 'sparcs'.

    Raises
    ------
    DataFileError : as in `load`, and for missing columns.
    """
    kind = _kind(source)
    if kind in TABLES:
        return plain_features(read_table(source, kind, form), feature_names)
    if kind == ".npz":
        x = npz_features(source, npz_arrays(source, "X")[0], no_rows=True)
    elif kind == ".idx":
        x = from_idx(source)[0]
    else:
        x = load(kind, seed=seed).x
    if x.shape[1] != len(feature_names):
        raise DataFileError(
            f"{source}: the model needs {counted(len(feature_names), 'feature column')}; X has {x.shape[1]}"
        )
    return x


def sparcs(alpha: float, beta: float, points: int = 10_000, seed: int = 0, stream: int = 0) -> Dataset:
    """The target that goes from linear (α = 0) to quadratic (α = 1), protocol P1.

    y = ½(1 - tanh(β(α-½))) mean(x) + ½(1 + tanh(β(α-½))) mean(x²), x uniform in [-1, 1]².

    Parameters
    ----------
    alpha : in [0, 1].
    beta : sharpness of the transition at α = ½, positive.
    stream : different streams of one seed give independent points; stream 0 is the seed's own.

    By hand: the target of a data set. Checked by test_datasets.test_sparcs_formula.
    """
    alpha = checks.real_number(alpha, "alpha", 0, 1)
    beta = checks.real_number(beta, "beta", 0, open_low=True)
    key = (checks.integer(seed, "seed", 0), checks.integer(stream, "stream", 0))
    x = np.random.default_rng(key).uniform(-1, 1, (checks.integer(points, "points", 1), 2))
    share = 0.5 * (1 + np.tanh(beta * (alpha - 0.5)))
    y = (1 - share) * x.mean(axis=1) + share * (x**2).mean(axis=1)
    return Dataset("sparcs", x, y[:, np.newaxis], "regression", ("x1", "x2"), ("y",), standardize=False)


def _dataset(name: str, source: Source, columns: Columns, task: str) -> Dataset:
    """Settle the task and check the target for it; y is (samples,) of text, bools or numbers, or (samples, outputs)."""
    x, y, feature_names, target_names = columns
    if task == "auto":
        task = guessed_task(y)
    if task == "classification":
        classes, indices = _classes(source, y, target_names)
        return Dataset(name, x, indices, task, feature_names, target_names, classes)
    if task == "multilabel":
        return Dataset(name, x, _label_matrix(source, y, target_names), task, feature_names, target_names)
    if y.ndim == 1:
        y = floats(source, target_names[0], y)[:, np.newaxis]
    constant = np.flatnonzero(y.min(axis=0) == y.max(axis=0))
    if constant.size:
        column = int(constant[0])
        raise DataFileError(
            f"{source}: regression needs a target that varies; "
            f"all {counted(len(y), 'row')} of {target_names[column]!r} are {y[0, column]:g}"
        )
    return Dataset(name, x, np.ascontiguousarray(y, np.float64), task, feature_names, target_names)


def _classes(source: Source, y: np.ndarray, target_names: tuple[str, ...]) -> tuple[tuple[Any, ...], np.ndarray]:
    """The sorted labels and the index of each row's label."""
    if y.ndim != 1:
        raise DataFileError(f"{source}: classification needs a single target column; y has {y.shape[1]}")
    try:
        indices, classes = encode_labels(y, f"column {target_names[0]!r}")
    except InvalidInputError as error:
        raise DataFileError(f"{source}: {error}") from None
    return classes, indices.astype(np.int64)


def _label_matrix(source: Source, y: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    """Several labels (samples, labels), each 0 or 1, at least one of which varies."""
    if y.ndim == 2 and y.dtype.kind in "biuf" and (strange := stranger(y)) is not None:
        row, column = strange
        raise DataFileError(
            f"{source}: several labels are 0 or 1 (task 'multilabel'); column {names[column]!r}, row {row + 1} is "
            f"{y[row, column]:g}"
        )
    try:
        labels = label_matrix(y, "y")
    except InvalidInputError as error:
        raise DataFileError(f"{source}: {error}") from None
    if (labels == labels[0]).all():
        raise DataFileError(f"{source}: at least one label must vary; all rows have {labels[0].astype(int).tolist()}")
    return labels


def _kind(source: Source) -> str:
    """A name of `BUILT_IN`, a suffix of `SUFFIXES` or ``.idx``; the file is there."""
    if isinstance(source, str) and source in BUILT_IN:
        return source
    if not isinstance(source, (str, os.PathLike)):
        raise InvalidInputError(f"a data set is a built-in name or a path; got {source!r}")
    path = Path(source)
    known = f"a data set is a {', '.join(SUFFIXES)} or idx3-ubyte file or one of {', '.join(BUILT_IN)}"
    images = IDX.search(path.name) is not None
    kind = table_kind(path) or path.suffix.lower()
    if kind == ".xls":
        raise DataFileError(f"{path} is of the old format of Excel; save it as .xlsx or .csv")
    if kind not in SUFFIXES and not images:
        raise DataFileError(f"{known}; got {os.fspath(source)!r}")
    if not path.is_file():
        raise DataFileError(f"{'not a file' if path.exists() else 'no such file'}: {path}")
    return ".idx" if images else kind


def _bundled(name: str) -> Columns:
    """A data set that comes with scikit-learn; classes are its own 0, 1, ..., so that y is the same as there."""
    sets = optional("sklearn.datasets", f"the data set {name!r}")
    bunch = getattr(sets, f"load_{name}")()
    return np.ascontiguousarray(bunch.data, np.float64), bunch.target, tuple(map(str, bunch.feature_names)), ("target",)
