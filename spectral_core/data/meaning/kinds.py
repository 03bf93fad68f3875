"""The reading of each column of a table: decided on all its rows, said where it is more than reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from spectral_core.data.columns import shortened
from spectral_core.data.meaning import dates
from spectral_core.data.meaning.cells import BOOLEANS, MISSING, Reading
from spectral_core.data.meaning.numbers import SPACES, decimals, is_code, number, plain_number, plain_numbers, unit
from spectral_core.data.reading.table import Table

STRAY = 0.1
"""A column of numbers may hold no text; up to this share of other cells it still counts as a column of numbers."""
FEW_WORDS = 3


@dataclass(frozen=True)
class Fault:
    """Something in a column that cannot be read, and what to do about it."""

    column: str
    row: int | None
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        place = f"column {self.column!r}" + ("" if self.row is None else f", row {self.row}")
        return f"{place}: {self.what}" + (f" ({self.remedy})" if self.remedy else "")


def readings(table: Table, names: Sequence[str]) -> tuple[dict[str, Reading], list[Fault]]:
    """The reading of each of these columns, and the faults of those that have none."""
    evidence = table.decimal or _decimal_of_the_file(table, names)
    found: dict[str, Reading] = {}
    faults: list[Fault] = []
    for name in names:
        reading = _reading(name, table[name], evidence, table)
        if isinstance(reading, Fault):
            faults.append(reading)
        else:
            found[name] = reading
    return found, faults


def _reading(name: str, column: np.ndarray, decimal: str, table: Table) -> Reading | Fault:
    missing = MISSING if table.missing is None else table.missing
    if name in table.unusable:
        return Fault(name, None, table.unusable[name], _leave_out(name))
    if column.dtype.kind != "O":
        return _typed(name, column, missing)
    as_numbers = Reading("number", missing=missing)
    gone = as_numbers.absent(column)
    cells = column[~gone].tolist()
    if not cells:
        return Reading("empty", missing=missing)
    distinct = list(dict.fromkeys(cells))
    words = {text.lower() for text in distinct}
    for labels in BOOLEANS:
        if words == set(labels):
            return Reading("boolean", labels=labels, missing=missing, remark=_words(distinct))
    if any(map(is_code, distinct)):
        code = next(text for text in distinct if is_code(text))
        why = (
            "a code with a leading zero" if code.lstrip("+-")[0] == "0" else "a code of more digits than a number keeps"
        )
        if decimals(distinct):
            return Reading("text", missing=missing, remark=f"{shortened(code)} is {why}: read as text")
    if reading := _numbers(name, distinct, decimal, table, missing):
        return reading
    if reading := _dates(name, distinct, missing):
        return reading
    if fault := _stray(name, column, gone, decimal or "."):
        return fault
    return _text(column, missing, table.missing is None)


def _typed(name: str, column: np.ndarray, missing: tuple[str, ...]) -> Reading | Fault:
    """The reading of a column that is not text."""
    if column.dtype.kind == "M":
        return Reading("empty" if np.isnat(column).all() else "date", missing=missing)
    if column.dtype.kind == "b":
        return Reading("boolean", labels=("false", "true"), missing=missing)
    if column.dtype.kind == "f":
        infinite = np.isinf(column)
        if infinite.any():
            row = int(np.argmax(infinite))
            return Fault(name, row + 1, f"numbers must be finite; got {column[row]}", _leave_out(name))
        if np.isnan(column).all():
            return Reading("empty", missing=missing)
    return Reading("number", missing=missing)


def _words(distinct: list[str]) -> str:
    return "" if {word.lower() for word in distinct} == {"false", "true"} else f"{' and '.join(sorted(distinct))} are read as 0 and 1"  # fmt: skip


def _decimal_of_the_file(table: Table, names: Sequence[str]) -> str:
    """The decimal sign of the file, from the first column that can be read in one way only; ``''`` if there is none."""
    for name in names:
        column = table[name]
        if column.dtype.kind != "O":
            continue
        gone = Reading("number").absent(column)
        distinct = list(dict.fromkeys(column[~gone].tolist()))
        if not distinct or not any("," in text for text in distinct) or any(map(is_code, distinct)):
            continue
        if decimals(distinct) == {","}:
            return ","
    return ""


def _numbers(
    name: str, distinct: list[str], evidence: str, table: Table, missing: tuple[str, ...]
) -> Reading | Fault | None:
    """The reading as numbers, if all cells are."""
    plain = plain_numbers(distinct) if evidence != "," else None
    if plain is not None:
        infinite = [distinct[k] for k in np.flatnonzero(~np.isfinite(plain)).tolist()]
        if infinite:
            return Fault(name, _row(table[name], infinite[0]), f"numbers must be finite; got {float(infinite[0])}", _leave_out(name))  # fmt: skip
        return Reading("number", missing=missing)
    possible = decimals(distinct)
    if not possible:
        return None
    units = {unit(text) for text in distinct}
    if len(units - {""}) > 1 or ("%" in units and len(units) > 1):
        marks = " and ".join(shortened(mark or "no sign") for mark in sorted(units))
        return Fault(name, None, f"the numbers have different units: {marks}", _leave_out(name))
    decimal, remarks = _chosen(distinct, possible, evidence, table.separator)
    sign = next(iter(units - {""}), "")
    example = next((text for text in distinct if plain_number(text) is None), distinct[0])
    if any(plain_number(text) != number(text, decimal) for text in distinct):
        remarks = [f"{shortened(example)} is read as {number(example, decimal):.15g}", *remarks]
    return Reading("number", decimal=decimal, unit=sign, missing=missing, remark="; ".join(remarks))


def _chosen(distinct: list[str], possible: set[str], evidence: str, separator: str) -> tuple[str, list[str]]:
    """The decimal sign among those possible, and remarks where the texts leave it open."""
    if len(possible) == 1:
        return next(iter(possible)), []
    marked = [text for text in distinct if any(mark in text for mark in ",.")]
    if not marked:
        return ".", []
    if evidence:
        return evidence, [f"the decimal sign of the file is {evidence!r}"]
    # 1,234 in a file with semicolons: there the comma is free to be the decimal sign.
    comma = separator == ";" and all("," in text for text in marked)
    return ("," if comma else "."), ["--decimal states the decimal sign"] if any("," in text for text in marked) else []


def _dates(name: str, distinct: list[str], missing: tuple[str, ...]) -> Reading | Fault | None:
    possible = dates.forms(distinct)
    if {"day/month/year", "month/day/year"} <= set(possible):
        either = f"{shortened(distinct[0])} may be day/month or month/day in every row"
        return Fault(name, None, either, f"write dates as 2024-12-31, or {_leave_out(name)}")
    return Reading("date", form=possible[0], missing=missing, remark=f"dates as {possible[0]}") if possible else None


def _stray(name: str, column: np.ndarray, gone: np.ndarray, decimal: str) -> Fault | None:
    """The fault of a column of numbers in which some cells are text.

    By hand: a share of cells. Checked by test_meaning.test_other_texts_among_numbers_are_refused_with_their_place_and_remedy.
    """
    other = [k for k in np.flatnonzero(~gone).tolist() if number(column[k], decimal) is None]
    count = int((~gone).sum())
    if len(other) == count:
        return None
    words = list(dict.fromkeys(column[k] for k in other))
    kept = {column[k] for k in np.flatnonzero(~gone).tolist()} - set(words)
    # Numbers that repeat, beside words, are labels such as 1, 2, 3 and crew.
    numbers = len(kept) > 10 or 1 < len(kept) == count - len(other)
    few = len(words) <= FEW_WORDS and 2 * len(other) <= count and numbers
    if len(other) > STRAY * count and not few:
        return None
    remedy = f"--missing {_word(words[0])} if it means a missing value, or {_leave_out(name)}"
    return Fault(name, other[0] + 1, f"{shortened(words[0])} is text in a numeric column", remedy)


def _text(column: np.ndarray, missing: tuple[str, ...], default: bool) -> Reading:
    """Text; NA among codes of two capitals is a code."""
    texts = Reading("text", missing=missing)
    present = set(column[~texts.absent(column)].tolist())
    codes = bool(present) and all(len(text) == 2 and text.isalpha() and text.isupper() for text in present)
    if default and codes and "NA" in column.tolist():
        remark = "NA is read as a code, like the other texts of two letters; --missing NA reads it as missing"
        return replace(texts, missing=tuple(text for text in missing if text != "NA"), remark=remark)
    gone = {text for text in column.tolist() if text in missing}
    return replace(texts, remark=f"{' and '.join(map(repr, sorted(gone)))} is read as missing" if gone else "")


def _row(column: np.ndarray, text: str) -> int:
    return column.tolist().index(text) + 1


def _leave_out(name: str) -> str:
    return f"--drop {_word(name)}"


def _word(text: str) -> str:
    """A text as a word of a command line."""
    return shortened(text) if set(text) & set(SPACES + ",;&|()$\n\t\"'<>*") or len(text) > 40 else text
