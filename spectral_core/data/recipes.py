"""The recipe by which one column becomes features, and how it is fitted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from spectral_core.data.columns import shortened
from spectral_core.data.meaning import dates
from spectral_core.data.meaning.cells import Reading
from spectral_core.data.meaning.kinds import Fault
from spectral_core.data.meaning.numbers import decimals, plain_numbers
from spectral_core.wording import counted

MOST_CATEGORIES = 20
"""A column of text becomes one feature for each of its categories, for at most this many of the most frequent ones."""
COUNTED = 10
"""Whole numbers that count the rows are recognised from this many rows on."""


@dataclass(frozen=True)
class Column:
    """One column of a table and what became of it.

    Attributes
    ----------
    kind : ``number``, ``boolean``, ``date`` or ``text``; or why it was left out: ``empty``, ``constant``, ``identifier``.
    became : a sentence for the report.
    remark : how its cells were read, where that is more than reading.
    features : the names of its encoded features; none for a column that was left out.
    categories : of text, in the order of the features; None stands for a missing value.
    parts : of a date, names of `dates.PARTS`.
    fill : what stands for a missing value, for each part; a feature for the gaps is added where `gaps`.
    """

    name: str
    kind: str
    became: str
    remark: str = ""
    features: tuple[str, ...] = ()
    reading: Reading = field(default_factory=lambda: Reading("number"))
    categories: tuple[str | None, ...] = ()
    parts: tuple[str, ...] = ()
    fill: tuple[float, ...] = ()
    gaps: bool = False

    def record(self) -> dict[str, Any]:
        """The column as JSON."""
        return asdict(self) | {"reading": self.reading.record()}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Column:
        tuples = {name: tuple(record[name]) for name in ("features", "categories", "parts", "fill")}
        return cls(**{**record, **tuples, "reading": Reading.from_record(record["reading"])})

    def encode(self, raw: np.ndarray, decimal: str = "") -> tuple[np.ndarray, list[Fault], Counter[str]]:
        """Encoded values (samples, features), the cells that cannot be encoded, and texts that are no category.

        decimal : the decimal sign of this table, where it is stated; else that of the fit, if the cells can be read with it.
        """
        reading = replace(self.reading, decimal=decimal or self._decimal(raw))
        values, wrong = reading.values(raw)
        if self.kind == "text":
            encoded = np.stack([values == category for category in self.categories], axis=1).astype(np.float64)
            known = set(self.categories)
            unseen = Counter(str(text or "a missing value") for text in values.tolist() if text not in known)
            return encoded, [], unseen
        what = {"number": "text in a numeric column", "date": "no date in a column of dates"}
        said = what.get(self.kind, "neither true nor false in a column of truth values")
        faults = [
            Fault(self.name, row + 1, f"{shortened(raw[row])} is {said}") for row in np.flatnonzero(wrong).tolist()
        ]
        gone = self.reading.absent(raw)
        if not self.gaps:
            unknown = "the value is missing, and none was missing where the model was fitted"
            faults += [Fault(self.name, row + 1, unknown) for row in np.flatnonzero(gone).tolist()]
        infinite = np.flatnonzero(np.isinf(values)).tolist()
        faults += [Fault(self.name, row + 1, f"numbers must be finite; got {values[row]}") for row in infinite]
        columns = [dates.part(values, part) for part in self.parts] if self.kind == "date" else [values]
        filled = [np.where(np.isnan(column), fill, column) for column, fill in zip(columns, self.fill, strict=True)]
        return np.stack([*filled, gone.astype(np.float64)] if self.gaps else filled, axis=1), faults, Counter()

    def _decimal(self, raw: np.ndarray) -> str:
        """The decimal sign of the fit, or the other one where only that makes all numbers numbers."""
        own = self.reading.decimal
        if self.kind != "number" or raw.dtype.kind != "O":
            return own
        cells = list(dict.fromkeys(raw[~self.reading.absent(raw)].tolist()))
        if own == "." and plain_numbers(cells) is not None:
            return own
        cells = [text for text in cells if decimals((text,))]
        possible = decimals(cells)
        return own if own in possible or not possible else next(iter(possible))


def fitted(name: str, raw: np.ndarray, reading: Reading, keep: bool, tidy: bool, gaps: bool = False) -> Column:
    """The column fitted to the training rows."""
    values, wrong = reading.values(raw)
    gone = reading.absent(raw)
    column = Column(name, reading.kind, "", reading.remark, reading=reading, gaps=gaps or bool(gone.any()))
    if gone.all() or wrong.any():
        return replace(column, kind="empty", became="left out: no value in the training rows")
    if reading.kind == "text":
        return _categories(column, values, keep)
    present = values[~gone]
    if tidy and reading.kind != "date" and (present == present[0]).all() and not column.gaps:
        return replace(column, kind="constant", became=f"left out: it is {present[0]:.15g} in all training rows")
    if reading.kind == "number" and tidy and not keep and _counts_rows(name, values):
        return replace(
            column, kind="identifier", became=f"left out: it counts the rows; --features with {name!r} keeps it"
        )
    if reading.kind == "date":
        return _date(column, present)
    features = (name, f"{name}:missing") if column.gaps else (name,)
    middle = _median(present)
    filled = (
        f"; missing values ({int(gone.sum())}) became {middle:.6g}, the median, and are marked" if column.gaps else ""
    )
    one = "a number" if reading.kind == "number" else "0 or 1"
    return replace(column, became=one + filled, features=features, fill=(middle,))


def _median(values: np.ndarray) -> float:
    """The median, also where the sum of the two middle values overflows.

    By hand: the filling of a gap. Checked by test_encoding.test_the_median_of_numbers_whose_sum_overflows.
    """
    with np.errstate(over="ignore"):
        middle = float(np.median(values))
    return middle if np.isfinite(middle) else float(2 * np.median(values / 2))


def _counts_rows(name: str, values: np.ndarray) -> bool:
    """Whether whole numbers go up by one with the rows, from anywhere; training rows keep the order but not all of them."""
    rise = bool((values[1:] > values[:-1]).all())
    if len(values) < COUNTED or np.isnan(values).any() or (np.mod(values, 1) != 0).any():
        return False
    if not name.strip() or name.startswith(("Unnamed", "unnamed", "__index_level_")):
        return rise
    spread = values[-1] / 2 - values[0] / 2 + 0.5  # half of it, which cannot overflow
    called = name.lower() in ("id", "index", "idx", "row", "nr", "no", "number", "key") or name.lower().endswith(
        ("_id", " id")
    )
    unique = len(np.unique(values)) == len(values)
    return (rise and bool(spread <= 0.55 * len(values))) or (called and unique)


def _date(column: Column, present: np.ndarray) -> Column:
    """A date as those of its parts that vary; of whole months, no weekday.

    By hand: the filling of a gap. Checked by test_encoding.test_it_agrees_with_the_transformers_of_scikit_learn.
    """
    possible = [part for part in dates.PARTS if part != "weekday" or column.reading.form not in dates.WHOLE_MONTHS]
    parts = tuple(part for part in possible if len(np.unique(dates.part(present, part))) > 1)
    if not parts:
        return replace(column, kind="constant", became="left out: it is the same date in all training rows")
    fill = tuple(float(np.median(dates.part(present, part))) for part in parts)
    features = tuple(f"{column.name}:{part}" for part in (*parts, *(("missing",) if column.gaps else ())))
    said = "days since 1970-01-01" if parts == ("days",) else f"the numbers {', '.join(parts)}"
    return replace(column, became=said, features=features, parts=parts, fill=fill)


def _categories(column: Column, values: np.ndarray, keep: bool) -> Column:
    """Text as one feature for each frequent category."""
    counts = Counter(values.tolist())
    missing = counts.pop(None, 0)
    rows = len(values) - missing
    if len(counts) == 1 and not missing:
        return replace(
            column, kind="constant", became=f"left out: it is {shortened(next(iter(counts)))} in all training rows"
        )
    various = len(counts) == rows > 2 or len(counts) > max(MOST_CATEGORIES, rows / 2)
    if various and not keep:
        became = f"left out: {len(counts)} different texts in {rows} rows say nothing on new rows"
        return replace(column, kind="identifier", became=became)
    frequent = sorted(counts, key=lambda text: (-counts[text], text))[:MOST_CATEGORIES]
    repeated = [text for text in frequent if counts[text] > 1] or frequent
    kept: list[str | None] = sorted(repeated)
    categories = (*kept, *((None,) if missing else ()))
    features = tuple(f"{column.name}={'missing' if category is None else category}" for category in categories)
    rare = len(counts) - len(kept)
    became = f"a feature for each of {counted(len(kept), 'category', 'categories')}"
    became += (
        f"; {counted(rare, 'rare one')} of {len(counts)} {'is' if rare == 1 else 'are'} 0 in all of them"
        if rare
        else ""
    )
    became += f"; missing values ({missing}) are a category" if missing else ""
    return replace(column, became=became, features=features, categories=categories)
