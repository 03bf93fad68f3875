"""One column under one reading: typed values, and the cells that do not fit it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from spectral_core.data.meaning import dates
from spectral_core.data.meaning.numbers import number, plain_numbers

MISSING = ("NA", "N/A", "n/a", "na", "NaN", "nan", "null", "NULL", "Null", "?", "#N/A", "<NA>")
"""Texts that mean a missing value, besides the empty one."""
BARE = ("-", "--", ".", "None", "none")
"""They mean a missing value among numbers, dates and booleans; among labels they are labels."""
BOOLEANS = (("false", "true"), ("no", "yes"), ("n", "y"), ("f", "t"))
"""Pairs of words for 0 and 1, in any case."""


@dataclass(frozen=True)
class Reading:
    """What the cells of a column mean.

    Attributes
    ----------
    kind : ``number``, ``boolean``, ``date``, ``text`` or ``empty``.
    decimal : the decimal sign of numbers in text.
    unit : the sign of a currency, or %, that stood beside the numbers.
    labels : of a boolean, the words for 0 and 1 in lower case.
    form : of a date, a name of `dates.FORMS`; ``''`` for a column that was typed already.
    missing : the texts that mean a missing value, besides the empty one.
    remark : a sentence for the report, where something was decided.
    """

    kind: str
    decimal: str = "."
    unit: str = ""
    labels: tuple[str, ...] = ()
    form: str = ""
    missing: tuple[str, ...] = MISSING
    remark: str = ""

    def record(self) -> dict[str, Any]:
        """The reading as JSON."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Reading:
        lists = {name: tuple(record[name]) for name in ("labels", "missing")}
        return cls(**{**record, **lists})

    def absent(self, column: np.ndarray) -> np.ndarray:
        """A mask of the missing values of a column."""
        if column.dtype.kind == "O":
            texts = {None, "", *self.missing, *(BARE if self.kind in ("number", "boolean", "date") else ())}
            return np.array([value in texts for value in column.tolist()], dtype=bool)
        if column.dtype.kind == "M":
            return np.asarray(np.isnat(column))
        return np.isnan(column) if column.dtype.kind == "f" else np.zeros(len(column), bool)

    def values(self, column: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Typed values, and a mask of the cells that do not fit the reading.

        Numbers, booleans (0 and 1) and dates (days since 1970-01-01) are float64, NaN where missing. Text is an array of
        objects, None where missing.
        """
        absent = self.absent(column)
        if self.kind in ("text", "empty"):
            texts = [None if gone else text_of(value) for value, gone in zip(column.tolist(), absent, strict=True)]
            return np.array(texts, dtype=object), np.zeros(len(column), bool)
        found = np.full(len(column), np.nan)
        if column.dtype.kind == "M":
            if self.kind == "date":
                return dates.days_of(column), np.zeros(len(column), bool)
            return found, ~absent
        if column.dtype.kind in "biuf":
            if self.kind == "date":
                return found, ~absent
            typed = column.astype(np.float64)
            wrong = ~absent & ((typed != 0) & (typed != 1)) if self.kind == "boolean" else np.zeros(len(column), bool)
            return typed, wrong
        wrong = np.zeros(len(column), bool)
        if self.kind == "number" and self.decimal == ".":
            plain = plain_numbers(column[~absent].tolist())
            if plain is not None:
                found[~absent] = plain
                return found, wrong
        read: dict[str, float | None] = {}
        for row, value in enumerate(column.tolist()):
            if absent[row]:
                continue
            if value not in read:
                read[value] = self._cell(value)
            cell = read[value]
            if cell is None:
                wrong[row] = True
            else:
                found[row] = cell
        return found, wrong

    def _cell(self, text: str) -> float | None:
        if self.kind == "number":
            return number(text, self.decimal)
        if self.kind == "date":
            return dates.days(text, self.form) if self.form else next(
                (found for form in dates.FORMS if (found := dates.days(text, form)) is not None), None
            )  # fmt: skip
        words = {**{pair[k]: float(k) for pair in BOOLEANS for k in (0, 1)}, "0": 0.0, "1": 1.0}
        return words.get(text.lower())


def text_of(value: Any) -> str:
    """A value as the label of a category: 1, 1.0 and '1' are one label.

    By hand: a number as text. Checked by test_meaning.test_a_float_reads_back_with_either_sign.
    """
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value).strip()
