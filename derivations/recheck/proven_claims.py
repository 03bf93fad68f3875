"""The claims of a certificate, read as they were proven, and evaluated at a random point.

A claim is nested lists (`proof/trees.py` says how they are written): blocks of matrices, index sums, programs. Nothing of
the first route is used: blocks come from dense matrices, sums and programs run as loops, and a derivative by reverse
accumulation is that of dual numbers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

from derivations.recheck.claim_names import KNOWN
from derivations.recheck.claim_programs import after
from derivations.recheck.claim_settings import FUNCTION, asks_whether_equal, every_case, network, real_numbers
from derivations.recheck.claim_trees import Tree, free, heads, parts
from derivations.recheck.claim_values import Setting, alike, value
from derivations.recheck.claim_windows import WINDOWS, compare, windowed
from derivations.recheck.exact_reals import REAL, RELATIONS, RealPoint, digits, real
from derivations.recheck.networks import Identity
from derivations.recheck.point import Point

KEPT = {
    FUNCTION,
    "live[k]**2 = live[k]: live_k is 0 or 1",
    "heard[k]**2 = heard[k]: heard_k is 0 or 1",
    "on[m]**2 = on[m]: on_m is 0 or 1",
    "side[m]**2 = 1: side_m is 1 or -1",
}
"""The assumptions that every setting keeps."""
DRAWS = 16
"""Draws at one point where a claim asks whether whole numbers are equal."""
MOST = 27
"""Places of the free indices that are compared at one point."""


def identity_of(claims: list[dict[str, Any]]) -> Identity:
    """The claims as an identity to be evaluated at points: residues where they are rational, else 50 digits."""

    def identity(point: Point) -> None:
        for claim in claims:
            left, relation, right = claim["formula"]
            if windowed(claim):
                compare(point, claim)
                continue
            exact = rational(claim)
            with digits():
                reals = RealPoint(point)
                settings = [network(point, claim)] if exact else _drawn(reals, claim)
                for place in (place for case in settings for place in _places(case, (left, right), 1 if exact else 2)):
                    sides = value(left, place), value(right, place)
                    if exact:
                        point.equal(claim["name"], *alike(*sides))
                    else:
                        reals.compare(claim["name"], real(sides[0]), relation, real(sides[1]))

    return identity


def _drawn(reals: RealPoint, claim: dict[str, Any]) -> Iterator[Setting]:
    """Numbers for every piece of a claim, and several where it asks whether some are equal."""
    for _ in range(DRAWS if asks_whether_equal(claim) else 1):
        yield from every_case(claim, real_numbers(reals, claim))


def readable(claim: dict[str, Any]) -> bool:
    """Whether this route reads a claim: sides that it knows, under assumptions that it keeps."""
    left, relation, right = claim["formula"]
    names = WINDOWS if windowed(claim) else REAL
    known = set(claim["assumes"]) <= KEPT and relation in ("=", *RELATIONS)
    return known and all(name in names for side in (left, right) for name in heads(side))


def rational(claim: dict[str, Any]) -> bool:
    """Whether a claim is an equation of blocks, sums and programs, all rational, so that residues decide it."""
    left, relation, right = claim["formula"]
    every = [part for side in (left, right) for part in parts(side)]
    roots = any(part[0] == "^" and isinstance(part[2], str) and "/" in part[2] for part in every)
    return relation == "=" and not roots and all(name in KNOWN for side in (left, right) for name in heads(side))


def _places(setting: Setting, sides: tuple[Tree, Tree], least: int) -> Iterator[Setting]:
    """Every value of the free indices of arrays, or as many of them as are enough; least : values of an index."""
    indices = sorted({name for side in sides for name in free(side)})
    sizes: dict[str, int] = defaultdict(lambda: setting.point.sizes.randint(least, 3))
    programs = [part[2] for side in sides for part in parts(side) if part[0] == "bar" and len(part) > 3]
    every = list(product(*(range(sizes[name]) for name in indices)))
    for at in every if len(every) <= MOST else setting.point.values.sample(every, MOST):
        place = replace(setting, names=setting.names | dict(zip(indices, at, strict=True)), sizes=sizes)
        # What a differentiated program computes is what both sides call by its name.
        made = {key: number for lines in programs for key, number in after(lines, place).items()}
        yield replace(place, arrays=setting.arrays | made) if made else place
