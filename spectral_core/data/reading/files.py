"""Which files are tables, and the table of a file."""

from __future__ import annotations

from pathlib import Path

from spectral_core.data.columns import Source
from spectral_core.data.reading.binary import from_arrow, from_excel
from spectral_core.data.reading.delimited import from_text
from spectral_core.data.reading.form import UNKNOWN, FileForm
from spectral_core.data.reading.table import Table

TEXT_FILES = (".csv", ".tsv", ".txt")
TABLES = (*TEXT_FILES, ".parquet", ".feather", ".xlsx")
"""Suffixes of tables, in any case; those of text files also with ``.gz`` behind."""


def table_kind(source: Source) -> str:
    """The suffix of `TABLES` that a file name has; ``''`` for another name."""
    path = Path(source)
    name = path.name.lower()
    if name.endswith(".gz"):
        inner = Path(name.removesuffix(".gz")).suffix
        return inner if inner in TEXT_FILES else ""
    return path.suffix.lower() if path.suffix.lower() in TABLES else ""


def read_table(source: Source, kind: str, form: FileForm = UNKNOWN) -> Table:
    """The table of a file."""
    if kind in TEXT_FILES:
        return from_text(source, form)
    return from_excel(source, form) if kind == ".xlsx" else from_arrow(source, kind, form)
