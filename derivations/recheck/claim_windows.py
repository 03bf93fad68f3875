"""Claims on sums over windows of planes: arrays are 0 outside of their sizes, so sums over all whole numbers are finite.

A sum runs over the places where some array that is a factor may differ from 0; nothing is shifted or picked. A pairing
⟨cotangent, line⟩ and its change along a direction are written out here anew, the change leaf by leaf.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from derivations.recheck.claim_names import KNOWN
from derivations.recheck.claim_trees import Tree, leaves, parts
from derivations.recheck.claim_values import Rule, Setting, Unread, times, value
from derivations.recheck.dense import structural_zero
from derivations.recheck.field import Number
from derivations.recheck.point import Point

MARK = "Σ_"
LEAST = {"stride": 2, "dilation": 2, "taps": 2}
"""With 1 for one of them a wrong window may read what the right one does."""
TRIES = 50
"""Draws until a side is no sum of nothing."""
MOST = 3
"""The greatest number of places of an index of an array, of a stride, a dilation, a padding."""


class Planes(Setting):
    """Arrays that are 0 outside of sizes that are drawn for each index of each."""

    def extent(self, name: str, slot: int) -> int:
        """The number of places that an index of an array has."""
        return self.sizes.setdefault(f"{name} {slot}", self.point.values.randint(2, MOST))

    def element(self, name: str, at: tuple[int, ...]) -> Number:
        inside = all(0 <= place < self.extent(name, slot) for slot, place in enumerate(at))
        return super().element(name, at) if inside else 0


def compare(point: Point, claim: dict[str, Any]) -> None:
    """Both sides are the same, for arrays and numbers for which they are not 0 because nothing meets in them.

    Each draw has sizes of its own, so the record of the point names them.
    """
    left, _, right = claim["formula"]
    for _ in range(TRIES):
        arrays = planes(point, claim)
        sides = value(left, arrays), value(right, arrays)
        point.drawn[claim["name"]] = {**arrays.names, **arrays.sizes}
        if not all(map(structural_zero, sides)):
            point.equal(claim["name"], *sides)
            return
    raise Unread(f"{claim['name']}: both sides are sums of nothing in {TRIES} draws")


def planes(point: Point, claim: dict[str, Any]) -> Planes:
    """Arrays, and whole numbers as the claim knows them to be."""
    names = {
        name: point.values.randint(max(int("positive" in kind), LEAST.get(name, 0)), MOST)
        for kind, of_kind in claim["symbols"].items()
        for name in of_kind
    }
    return Planes(point, [], [], [], names, {}, {}, known=WINDOWS)


def _product(factors: list[Tree], setting: Setting) -> Number:
    """A product; the factors Σ_i sum over i what stands beside them."""
    over = [part.removeprefix(MARK) for part in factors if isinstance(part, str) and part.startswith(MARK)]
    return _total([part for part in factors if part not in [MARK + index for index in over]], over, setting)


def _total(factors: list[Tree], over: list[str], setting: Setting) -> Number:
    """Σ over these indices of a product; what none of them is in stands before the sum."""
    inside = [factor for factor in factors if any(any(leaves(factor, index)) for index in over)]
    before: Number = 1
    for factor in factors:
        before = before if factor in inside else times(before, value(factor, setting))
    if not over or structural_zero(before):
        return before
    index, places = _range(inside, over, setting)
    rest, total = [other for other in over if other != index], 0
    for place in places:
        total = total + _total(inside, rest, replace(setting, names=setting.names | {index: place}))
    return times(before, total)


def _range(factors: list[Tree], over: list[str], setting: Setting) -> tuple[str, list[int]]:
    """An index and the places where an array that is a factor may differ from 0, all other indices of its slot being set."""
    assert isinstance(setting, Planes)
    for _, name, *slots in (factor for factor in factors if isinstance(factor, list) and factor[0] == "at_array"):
        for slot, read in enumerate(slots):
            unset = {index for index in over if any(leaves(read, index))}
            hidden = any(any(leaves(part, index)) for part in parts(read) if part[0] == "unknown" for index in unset)
            if len(unset) == 1 and not hidden:
                (index,) = unset
                first, second = (value(read, replace(setting, names=setting.names | {index: at})) for at in (0, 1))
                distances = [place - first for place in range(setting.extent(name, slot))]
                return index, [d // (second - first) for d in distances if d % (second - first) == 0]
    raise Unread(f"no array holds the sum over {', '.join(over)}")


def _pairing(said: list[Tree], setting: Setting) -> Number:
    """⟨cotangent, line⟩ = Σ over the indices of the line of cotangent · value."""
    line, cotangent = said
    return _paired(line, cotangent, line[4], setting)


def _change(said: list[Tree], setting: Setting) -> Number:
    """⟨cotangent, derivative of the line by an array along a direction⟩: one place of the array moves after the other."""
    line, cotangent, array, direction = said
    moved, along = _name(array), _name(direction)
    factors = line[4][1:] if line[4][0] == "*" else [line[4]]
    total: Number = 0
    for at, factor in enumerate(factors):
        if factor[:2] == ["at_array", moved]:
            other = ["*", *factors[:at], ["at_array", along, *factor[2:]], *factors[at + 1 :]]
            total = total + _paired(line, cotangent, other, setting)
        elif any(leaves(factor, moved)):
            raise Unread(f"{moved} stands inside of a factor")
    return total


def _paired(line: Tree, cotangent: str, result: Tree, setting: Setting) -> Number:
    target, over, *_ = line
    factors = result[1:] if result[0] == "*" else [result]
    return _total([["at_array", _name(cotangent), *target[2:]], *factors], [*target[2:], *over], setting)


def _name(text: str) -> str:
    """The name of an array, from its description."""
    found = re.match(r"Array\(name='(\w+)'", text)
    if found is None:
        raise Unread(f"{text} describes no array")
    return found[1]


WINDOWS: dict[str, Rule] = KNOWN | {"*": _product, "pairing": _pairing, "change": _change}
"""What names mean in claims on sums over windows."""


def windowed(claim: dict[str, Any]) -> bool:
    """Whether a claim is one on sums over all whole numbers."""
    return "reindexing" in claim.get("rules", ())
