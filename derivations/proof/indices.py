"""Layer indices: whole-number combinations such as i - 2*j + 1, and what conditions on them imply.

A `Region` is a set of conditions `index >= 0`. Whether it has a solution is decided by Fourier-Motzkin elimination with
every row tightened to whole numbers. "No solution" is always right; "there may be one" can be wrong for multiples such
as 2*i = 3*m, so whatever follows from it is a refusal or "undecided", never a proof.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import gcd

MOST_ROWS = 200
"""Elimination may square the number of rows at each step; beyond this it gives up and answers "there may be one"."""


@dataclass(frozen=True)
class Index:
    """constant + Σ coefficient · name; the terms are sorted and none is zero, so equal indices compare equal."""

    terms: tuple[tuple[str, int], ...] = ()
    constant: int = 0

    @classmethod
    def of(cls, coefficients: Mapping[str, int], constant: int) -> Index:
        return cls(tuple(sorted((name, c) for name, c in coefficients.items() if c)), constant)

    @classmethod
    def named(cls, name: str) -> Index:
        return cls(((name, 1),))

    def __add__(self, other: Index | int) -> Index:
        if isinstance(other, int):
            return Index(self.terms, self.constant + other)
        total = dict(self.terms)
        for name, coefficient in other.terms:
            total[name] = total.get(name, 0) + coefficient
        return Index.of(total, self.constant + other.constant)

    def __mul__(self, factor: int) -> Index:
        return Index.of({name: factor * c for name, c in self.terms}, factor * self.constant)

    def __neg__(self) -> Index:
        return self * -1

    def __sub__(self, other: Index | int) -> Index:
        return self + -other

    def at(self, values: Mapping[str, Index]) -> Index:
        """The index with names replaced."""
        result = Index((), self.constant)
        for name, coefficient in self.terms:
            result += values.get(name, Index.named(name)) * coefficient
        return result

    def number(self, values: Mapping[str, int]) -> int:
        """The value where every name has one."""
        return self.constant + sum(coefficient * values[name] for name, coefficient in self.terms)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(name for name, _ in self.terms)

    def __str__(self) -> str:
        parts = [("", self.constant)] if self.constant or not self.terms else []
        # What is positive first, and the constant last: i - j - 1, but 3 - 2*i.
        written = []
        for name, coefficient in sorted([*self.terms, *parts], key=lambda part: (part[1] < 0, not part[0], part[0])):
            size = "*".join([str(abs(coefficient))] * (abs(coefficient) != 1 or not name) + [name] * bool(name))
            written.append((" - " if coefficient < 0 else " + ") + size)
        text = "".join(written)
        return ("-" if text.startswith(" - ") else "") + text[3:]


@dataclass(frozen=True)
class Region:
    """All whole numbers for which every one of `rows` is >= 0."""

    rows: tuple[Index, ...] = ()

    def also(self, *rows: Index) -> Region:
        return Region(self.rows + rows)

    def at(self, values: Mapping[str, Index]) -> Region:
        return Region(tuple(row.at(values) for row in self.rows))

    def contains(self, values: Mapping[str, int]) -> bool:
        return all(row.number(values) >= 0 for row in self.rows if row.names <= values.keys())

    def empty(self) -> bool:
        """Certainly no solution; False means that there may be one."""
        rows = _tight(self.rows)
        while rows is not None and rows and len(rows) <= MOST_ROWS:
            rows = _tight(_without(_cheapest(rows), rows))
        return rows is None

    def implies(self, index: Index) -> bool:
        """index >= 0 certainly holds everywhere."""
        return index.constant >= 0 if not index.terms else self.also(-index - 1).empty()

    def equal(self, a: Index, b: Index) -> bool:
        """a = b certainly holds everywhere."""
        return a == b or (self.implies(a - b) and self.implies(b - a))

    def equations(self) -> dict[str, Index]:
        """Names that the conditions tie to others (i >= m, m >= i), each with what it is equal to."""
        solved: dict[str, Index] = {}
        region = self
        while step := region._equation():
            region = region.at(step)
            solved = {name: value.at(step) for name, value in solved.items()} | step
        return solved

    def _equation(self) -> dict[str, Index]:
        for row in self.rows:
            unit = [(name, c) for name, c in row.terms if abs(c) == 1]
            if unit and self.implies(-row):
                name, coefficient = unit[-1]
                # row = coefficient · name + rest = 0, and the coefficient is its own inverse.
                return {name: (row - Index(((name, coefficient),))) * -coefficient}
        return {}

    def choices(self, names: tuple[str, ...], top: int, chosen: Mapping[str, int]) -> Iterator[dict[str, int]]:
        """All values 1..top of the names that satisfy the conditions, in lexicographic order."""
        if not names:
            yield dict(chosen)
            return
        for value in range(1, top + 1):
            values = {**chosen, names[0]: value}
            if self.contains(values):
                yield from self.choices(names[1:], top, values)


Rows = dict[tuple[tuple[str, int], ...], int]


def _tight(rows: tuple[Index, ...]) -> Rows | None:
    """Rows divided by the greatest common divisor of their coefficients, the strictest of each kind; None: no solution."""
    result: Rows = {}
    for row in rows:
        if not row.terms:
            if row.constant < 0:
                return None
            continue
        divisor = gcd(*(coefficient for _, coefficient in row.terms))
        terms, constant = tuple((name, c // divisor) for name, c in row.terms), row.constant // divisor
        result[terms] = min(constant, result.get(terms, constant))
    return result


def _cheapest(rows: Rows) -> str:
    """The name whose elimination makes the fewest rows."""

    def cost(name: str) -> tuple[int, str]:
        signs = [dict(terms).get(name, 0) for terms in rows]
        return sum(c > 0 for c in signs) * sum(c < 0 for c in signs), name

    return min({name for terms in rows for name, _ in terms}, key=cost)


def _without(name: str, rows: Rows) -> tuple[Index, ...]:
    """The rows without a name: every pair that bounds it from below and from above is added up."""
    below: list[tuple[int, Index]] = []
    above: list[tuple[int, Index]] = []
    others: list[tuple[int, Index]] = []
    for terms, constant in rows.items():
        coefficient = dict(terms).get(name, 0)
        home = below if coefficient > 0 else above if coefficient < 0 else others
        home.append((abs(coefficient), Index(terms, constant)))
    pairs = [low * b + high * a for a, low in below for b, high in above]
    return tuple(row for _, row in others) + tuple(pairs)
