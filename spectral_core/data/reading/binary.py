"""Parquet, Feather and Excel files as tables."""

from __future__ import annotations

import json
import os
from datetime import date, datetime
from typing import Any

from spectral_core.checks import optional
from spectral_core.data.columns import Source, one_line, quoted
from spectral_core.data.reading.delimited import table_of_rows
from spectral_core.data.reading.form import FileForm
from spectral_core.data.reading.frames import typed
from spectral_core.data.reading.table import Table
from spectral_core.errors import DataFileError, InvalidInputError, MissingDependencyError


def from_arrow(source: Source, kind: str, form: FileForm) -> Table:
    """A Parquet or Feather file; columns that hold the index of a pandas frame are left out by the file's own metadata."""
    library = optional("pyarrow", f"reading {source}")
    try:
        if kind == ".parquet":
            parquet = optional("pyarrow.parquet", f"reading {source}")
            with parquet.ParquetFile(
                os.fspath(source)
            ) as file:  # read_table would add columns for folders called 'a=1'
                found = file.read()
        else:
            found = optional("pyarrow.feather", f"reading {source}").read_table(os.fspath(source), memory_map=False)
        names = found.column_names
    except (library.ArrowException, OSError, UnicodeDecodeError, ValueError) as error:
        raise DataFileError(f"{source} cannot be read as a {kind} file: {one_line(error)}") from None
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1] if len(set(names)) < len(names) else []
    if twice:
        raise DataFileError(f"{source}: column names must differ; more than one column is called {quoted(twice)}")
    index = _index_columns(found.schema.metadata or {}, names)
    columns, unusable = [], {}
    kept = tuple(name for name in names if name not in index)
    for name in kept:
        try:
            columns.append(typed(found.column(name), name))
        except UnicodeDecodeError as error:  # Arrow does not check the text of these files
            unusable[name] = f"it holds text that is not UTF-8: {one_line(error)}"
        except (InvalidInputError, library.ArrowException, ValueError, OverflowError) as error:
            unusable[name] = one_line(error).removeprefix(f"column {name!r} ")
        if name in unusable:
            columns.append(typed([None] * found.num_rows, name))
    remarks = (f"the index of the pandas frame was left out: {quoted(index)}",) if index else ()
    return Table(
        kept, tuple(columns), str(source), remarks, missing=form.missing, rows=found.num_rows, unusable=unusable
    )


def _index_columns(metadata: dict[bytes, bytes], names: list[str]) -> list[str]:
    """The columns that pandas wrote for the index of its frame."""
    try:
        described = json.loads(metadata.get(b"pandas", b"{}"))
        index = described.get("index_columns", [])
    except (ValueError, AttributeError):
        return []
    return [name for name in index if isinstance(name, str) and name in names and len(index) < len(names)]


def from_excel(source: Source, form: FileForm) -> Table:
    """The first sheet of an Excel file, read as the same table in a text file would be."""
    try:
        reader: Any = optional("openpyxl", f"reading {source}")
    except MissingDependencyError:
        raise MissingDependencyError(
            f"reading {source} needs openpyxl: pip install openpyxl, or save the sheet as CSV"
        ) from None
    try:
        book = reader.load_workbook(os.fspath(source), read_only=True, data_only=True)
        sheets = book.sheetnames
        rows = [[_cell(value) for value in row] for row in book[sheets[0]].iter_rows(values_only=True)]
        book.close()
    except (OSError, ValueError, KeyError, EOFError, TypeError, reader.utils.exceptions.InvalidFileException) as error:
        raise DataFileError(f"{source} cannot be read as an Excel file: {one_line(error)}") from None
    remarks = [f"sheet {sheets[0]!r} was read, the first of {len(sheets)}"] if len(sheets) > 1 else []
    width = max((k + 1 for row in rows for k, cell in enumerate(row) if cell), default=0)
    rows = [(row + [""] * width)[:width] for row in rows]
    # A title stands alone in its row.
    filled = [row if sum(map(bool, row)) > 1 or width == 1 else row[:1] for row in rows if any(row)]
    return table_of_rows(source, _titles_alone(filled, width), form, remarks, "")


def _titles_alone(rows: list[list[str]], width: int) -> list[list[str]]:
    """Short rows stay short before the table only."""
    first = next((k for k, row in enumerate(rows) if len(row) == width), 0)
    return rows[:first] + [(row + [""] * width)[:width] for row in rows[first:]]


def _cell(value: Any) -> str:
    """The text that this cell has in a CSV file.

    By hand: a number as text. Checked by test_reading.test_excel_is_read_like_the_same_csv.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime) and (value.hour, value.minute, value.second, value.microsecond) == (0, 0, 0, 0):
        return value.date().isoformat()
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value).strip()
