"""The results of a store as files."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from spectral_core import sweep
from spectral_core.errors import InvalidInputError
from spectral_core.files.tables import columns_of
from spectral_core.sweeps.export import export
from tests.sweeps.small import GRID, line


def test_what_is_exported_is_what_was_found(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="Parquet needs pyarrow")
    result = sweep(line(), GRID | {"patience": [None, 5]}, runs=2, jobs=1, store=tmp_path / "s")
    for name in ("a.csv", "a.parquet"):
        assert export(tmp_path / "s", tmp_path / name) == 16
    result.to_parquet(tmp_path / "b.parquet")
    result.to_csv(tmp_path / "b.csv")
    columns = columns_of(result.rows)
    assert parquet.read_table(tmp_path / "b.parquet").to_pydict() == columns
    assert set(columns["hidden"]) == {"4", "5x3"}
    exported = parquet.read_table(tmp_path / "a.parquet").to_pylist()
    assert sorted(map(str, exported)) == sorted(map(str, parquet.read_table(tmp_path / "b.parquet").to_pylist()))
    with open(tmp_path / "b.csv", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [float(row["validation_loss"]) for row in lines] == columns["validation_loss"]
    assert {row["patience"] for row in lines} == {"", "5"}
    with pytest.raises(InvalidInputError, match=r"\.csv or \.parquet"):
        export(tmp_path / "s", tmp_path / "a.txt")


def test_columns_are_of_one_kind() -> None:
    rows = [{"a": 1, "b": True, "c": [1, 2]}, {"a": 0.5, "b": "x", "d": None}]
    assert columns_of(rows) == {"a": [1.0, 0.5], "b": ["True", "x"], "c": ["1x2", None], "d": [None, None]}
