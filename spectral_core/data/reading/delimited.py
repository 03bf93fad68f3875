"""Text files of rows and columns (CSV, TSV, TXT), read with the standard library."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from pathlib import Path

import numpy as np

from spectral_core.data.columns import Source, one_line, quoted, shortened
from spectral_core.data.reading.form import FileForm
from spectral_core.data.reading.layout import SHOWN, first_is_data, is_number, rows_of, separator_of
from spectral_core.data.reading.table import Table
from spectral_core.data.reading.text import read_text
from spectral_core.errors import DataFileError
from spectral_core.wording import counted, undergoing

_TOTAL = re.compile(r"(grand\s+)?(totals?|sum|average|mean|summe|gesamt|somme|suma)\b.{0,3}", re.IGNORECASE)


def from_text(source: Source, form: FileForm) -> Table:
    """The table of a text file; what was found and not stated is in its remarks.

    Raises
    ------
    DataFileError : no rows, rows of unequal length, equal names; the message names the row (data rows from 1).
    """
    text, remarks = read_text(source, form.encoding)
    lines = list(io.StringIO(text, newline=None))  # `str.splitlines` knows line ends that may stand inside a cell
    # The separator.
    preferred = "\t" if ".tsv" in Path(source).name.lower() else ","
    skipped, separator = 0, form.separator
    if not separator:
        separator, skipped = separator_of(lines, preferred)
        if separator != preferred:
            remarks.append(f"columns are separated by {SHOWN[separator]}")
    try:
        rows = [row for row in rows_of(lines[skipped:], separator) if row and row != [""]]
    except csv.Error as error:
        raise DataFileError(f"{source} cannot be read as a text file of columns: {one_line(error)}") from None
    return table_of_rows(source, rows, form, remarks, separator)


def table_of_rows(source: Source, rows: list[list[str]], form: FileForm, remarks: list[str], separator: str) -> Table:
    """The table in rows of text cells, among which are names and perhaps comments, titles and empty rows."""
    rows, comments = _without_comments(rows)
    if not rows and not comments:
        raise DataFileError(f"{source} is empty")
    said = [undergoing(len(comments), "line", "with # in front", "skipped")] if comments else []
    names, rows = _header(rows, comments, form.header, said)
    names, rows = _even(source, names, rows, said)
    _refuse_totals(source, rows)
    named, columns = _columns(source, names, rows, said)
    return Table(named, columns, str(source), (*remarks, *said), separator, form.decimal, form.missing, rows=len(rows))


def _without_comments(rows: list[list[str]]) -> tuple[list[list[str]], list[list[str]]]:
    """The rows without comments at the beginning and at the end, and those comments."""
    begin, end = 0, len(rows)
    while begin < end and rows[begin][0].startswith("#"):
        begin += 1
    while end > begin and rows[end - 1][0].startswith("#"):
        end -= 1
    return rows[begin:end], rows[:begin] + rows[end:]


def _header(
    rows: list[list[str]], comments: list[list[str]], stated: bool | None, said: list[str]
) -> tuple[list[str], list[list[str]]]:
    """Names and data rows: titles before the header are skipped, and a first row of data is no header."""
    named = [[row[0].lstrip("# "), *row[1:]] for row in comments]
    if not rows:
        return named[-1], []
    # Titles before the table.
    width = Counter(map(len, rows)).most_common(1)[0][0]
    wide = [k for k, row in enumerate(rows) if len(row) >= width]
    first = next((k for k in wide if sum(map(bool, rows[k])) > 1), wide[0])
    is_data = first_is_data(rows[first], [row for row in rows[first + 1 :][:1000] if len(row) == len(rows[first])])
    if first and width > 1 and (_titles(rows[:first]) or not any(map(is_number, rows[first]))):
        title = " ".join(rows[0]).strip()
        said.append(f"{undergoing(first, 'line', 'before the column names', 'skipped')}: {shortened(title)}")
        rows = rows[first:]
    elif first:
        is_data = False
    # The header.
    if stated is None and is_data and named and len(named[-1]) == width and not first_is_data(named[-1], rows[:1000]):
        said.append("the column names are those of the last line that begins with #")
        return named[-1], rows
    if stated is False or (stated is None and is_data):
        names = [f"column{k}" for k in range(1, width + 1)]
        called = f"column1, ..., column{width}" if width > 2 else ", ".join(names)
        if stated is None:
            said.append(
                f"the first row looks like data, so the columns are called {called}; --header takes it for names"
            )
        return names, rows
    if stated is None and rows[0] and all(map(is_number, rows[0])):
        said.append("the column names are numbers; --no-header takes the first row for data")
    return rows[0], rows[1:]


def _titles(rows: list[list[str]]) -> bool:
    """Whether no row has more than one cell that is filled."""
    return all(sum(map(bool, row)) < 2 for row in rows)


def _even(
    source: Source, names: list[str], rows: list[list[str]], said: list[str]
) -> tuple[list[str], list[list[str]]]:
    """Names and rows of one length; empty cells at the ends of rows and empty rows at the end do not count."""
    while rows and not any(rows[-1]):
        rows = rows[:-1]
    used = len(names)
    while used and not names[used - 1] and not any(len(row) >= used and row[used - 1] for row in rows):
        used -= 1
    longest = max(map(len, rows), default=used)
    extra = used < len(names) or longest > used
    if extra and used and all(len(row) >= used and not any(row[used:]) for row in rows):
        said.append("a separator at the end of the lines was left out")
        names, rows = names[:used], [row[:used] for row in rows]
    for place, row in enumerate(rows, 1):
        if len(row) != len(names):
            raise DataFileError(
                f"{source}: row {place} has {counted(len(row), 'value')}; the header has {counted(len(names), 'column')}"
            )
    return names, rows


def _refuse_totals(source: Source, rows: list[list[str]]) -> None:
    """A last row of totals is no sample."""
    if len(rows) < 3:
        return
    first = next((cell for cell in rows[-1] if cell), "")
    if _TOTAL.fullmatch(first) and all(first not in row for row in rows[:-1]):
        raise DataFileError(
            f"{source}: row {len(rows)}, the last one, begins with {first!r} and looks like a total; remove it"
        )


def _columns(
    source: Source, names: list[str], rows: list[list[str]], said: list[str]
) -> tuple[tuple[str, ...], tuple[np.ndarray, ...]]:
    """Names without quotation marks, all different, and a column of text for each."""
    named = [_unquoted(name) for name in names]
    twice = [name for name, count in Counter(named).items() if count > 1 and name]
    if twice:
        raise DataFileError(f"{source}: column names must differ; more than one column is called {quoted(twice)}")
    cells = list(zip(*rows, strict=True)) if rows else [()] * len(named)
    kept_names, kept = [], []
    for place, (name, column) in enumerate(zip(named, cells, strict=True), 1):
        if not name:
            said.append(f"column {place} has no name: it is called unnamed{place}")
            name = f"unnamed{place}"
        array = np.empty(len(column), dtype=object)
        array[:] = _unquoted_all(column)
        kept_names.append(name)
        kept.append(array)
    return tuple(kept_names), tuple(kept)


def _unquoted(cell: str) -> str:
    return cell[1:-1].strip() if len(cell) > 1 and cell[0] == cell[-1] == "'" else cell


def _unquoted_all(column: tuple[str, ...]) -> list[str | None]:
    """The cells, None for an empty one; single quotation marks go where all cells have them."""
    present = [cell for cell in column if cell]
    if present and all(len(cell) > 1 and cell[0] == cell[-1] == "'" for cell in present):
        return [_unquoted(cell) or None for cell in column]
    return [cell or None for cell in column]
