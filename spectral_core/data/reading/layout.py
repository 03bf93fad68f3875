"""Where the table of a text file begins and how its rows are separated."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from spectral_core.data.meaning.cells import BARE, MISSING
from spectral_core.data.meaning.numbers import number
from spectral_core.data.reading.form import SEPARATORS

SAMPLE = 200
"""Lines by which the separator is found."""
SHOWN = {"\t": "a tab", " ": "blanks", ",": "','", ";": "';'", "|": "'|'"}
_HINT = re.compile(r"sep=(.)\s*", re.IGNORECASE)


def rows_of(lines: Sequence[str], separator: str) -> Iterator[list[str]]:
    """The cells of each row, without blanks at their ends; a quoted cell may hold line breaks."""
    if separator == " ":
        for line in lines:
            yield line.split()
    else:
        for row in csv.reader(lines, delimiter=separator, skipinitialspace=True):
            yield [cell.strip() for cell in row]


def is_number(cell: str) -> bool:
    """Whether a cell is a number with either decimal sign."""
    return number(cell, ".") is not None or number(cell, ",") is not None


def separator_of(lines: Sequence[str], preferred: str = "") -> tuple[str, int]:
    """How many lines to skip for a hint such as ``sep=;``, and the separator that gives rows of equal length.

    The separator with which most lines have the most common number of cells wins; of equals, that with which most cells
    are numbers. A file of one column has a comma.

    By hand: a share of lines, a guess. Checked by test_reading.test_any_form_reads_back.
    """
    filled = [line for line in lines if line.strip()]
    if filled and (hint := _HINT.fullmatch(filled[0])) and hint[1] in SEPARATORS:
        return hint[1], list(lines).index(filled[0]) + 1
    sample = [line for line in filled if not line.startswith("#")][:SAMPLE]
    best, found = (0.0, 0.0, 0), ","
    for separator in SEPARATORS:
        try:
            rows = [row for row in rows_of(sample, separator) if row]
        except csv.Error:
            continue
        if not rows:
            continue
        width, count = Counter(map(len, rows)).most_common(1)[0]
        if width < 2 or (separator == " " and (best[0] > 0 or count < len(rows) or not _numeric(rows[1:], 0.5))):
            continue
        cells = [cell for row in rows for cell in row if cell]
        numbers = sum(map(is_number, cells)) / max(len(cells), 1)
        score = (count / len(rows) * (1 if len(rows[0]) == width else 0.9), numbers, separator == preferred)
        if score > best:
            best, found = score, separator
    return found, 0


def _numeric(rows: list[list[str]], share: float) -> bool:
    cells = [cell for row in rows for cell in row]
    return bool(cells) and sum(map(is_number, cells)) >= share * len(cells)


def first_is_data(first: Sequence[str], rest: Sequence[Sequence[str]]) -> bool:
    """Whether the first row looks like data and not like names, beside the rows that follow (a sample).

    Text above numbers is a name. A number above numbers is data, and so is a number above nothing, and a text that occurs
    again in its column. Whole numbers that count 0, 1, 2, ... or years may be names.
    """
    if not first or all(not cell for cell in first):
        return False
    columns = list(zip(*rest, strict=True)) if rest else [()] * len(first)
    gaps = {"", *MISSING, *BARE}
    data = 0
    for cell, column in zip(first, columns, strict=True):
        present = [value for value in column if value not in gaps]
        numeric = bool(present) and sum(map(is_number, present)) >= 0.9 * len(present)
        if cell and cell not in gaps and not is_number(cell) and numeric:
            return False
        data += is_number(cell) and (numeric or not present)
        data += bool(cell) and not is_number(cell) and cell in present
    numbers = [cell for cell in first if is_number(cell)]
    return data > 0 and not (len(numbers) > 1 and _may_be_names(numbers))


def _may_be_names(numbers: list[str]) -> bool:
    """Whether whole numbers count on by one from 0, from 1, or from a year."""
    if not all(cell.isascii() and cell.isdigit() for cell in numbers):
        return False
    values = [int(cell) for cell in numbers]
    counts = values == list(range(values[0], values[0] + len(values)))
    return counts and (values[0] in (0, 1) or 1800 <= values[0] <= 2200)
