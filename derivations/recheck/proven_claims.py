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

import mpmath

from derivations.recheck.claim_values import KNOWN, LAYERS, Setting, Tree, Unread, after, alike, leaves, name_of, value
from derivations.recheck.networks import Identity
from derivations.recheck.point import Point
from derivations.recheck.real_values import DIGITS, REAL, RELATIONS, Cubic, RealPoint, real

FUNCTION = "f(0) = 0"
KEPT = {
    FUNCTION,
    "live[k]**2 = live[k]: live_k is 0 or 1",
    "heard[k]**2 = heard[k]: heard_k is 0 or 1",
    "on[m]**2 = on[m]: on_m is 0 or 1",
    "side[m]**2 = 1: side_m is 1 or -1",
}
"""The assumptions that every setting keeps."""
TRIES = 200
"""Draws of indices until the conditions of a claim hold."""


def identity_of(claims: list[dict[str, Any]]) -> Identity:
    """The claims as an identity to be evaluated at points: residues where they are rational, else 50 digits."""

    def identity(point: Point) -> None:
        for claim in claims:
            left, relation, right = claim["formula"]
            exact = rational(claim)
            with mpmath.workdps(DIGITS):
                setting = _setting(point, claim) if exact else _real_setting(point, claim)
                for place in _places(setting, (left, right)):
                    sides = value(left, place), value(right, place)
                    if exact:
                        point.equal(claim["name"], *alike(*sides))
                    else:
                        setting.point.compare(claim["name"], *map(real, sides[:1]), relation, real(sides[1]))

    return identity


def readable(claim: dict[str, Any]) -> bool:
    """Whether this route reads a claim: sides that it knows, under assumptions that it keeps, no sum over all integers."""
    left, relation, right = claim["formula"]
    known = set(claim["assumes"]) <= KEPT and "reindexing" not in claim.get("rules", ())
    return (
        known and relation in ("=", *RELATIONS) and all(name in REAL for side in (left, right) for name in _heads(side))
    )


def rational(claim: dict[str, Any]) -> bool:
    """Whether a claim is an equation of blocks, sums and programs, all rational, so that residues decide it."""
    left, relation, right = claim["formula"]
    parts = [part for side in (left, right) for part in _parts(side)]
    roots = any(part[0] == "^" and isinstance(part[2], str) and "/" in part[2] for part in parts)
    return relation == "=" and not roots and all(name in KNOWN for side in (left, right) for name in _heads(side))


def _setting(point: Point, claim: dict[str, Any]) -> Setting:
    """A network, and indices for which the claim is made."""
    widths = [point.sizes.randint(1, 3) for _ in range(point.sizes.randint(4, 6))]
    if any(name in ("Phi2", "Inv2", "PhiInv2", "InvPhi2") for name in _heads(claim["formula"][0])):
        widths = widths[:2]
    samples = 2
    lam = point.eigenvalues(widths)
    setting = Setting(
        point,
        point.eigenvectors(widths),
        lam,
        [point.matrix(w, samples) for w in widths],
        {},
        {},
        {},
        (),
        point.function(True),
    )
    # Matrices without layers are square, of one size, so that every product has a meaning.
    size = point.sizes.randint(1, 3)
    matrices = {name: point.matrix(size, size) for name in claim.get("symbols", {}).get("matrix", ())}
    for _ in range(TRIES):
        names = matrices | {name: point.sizes.randint(least, len(widths)) for name, least in _whole(claim)}
        names |= {"B": len(widths) - 1} if "B" in names else {}
        drawn = replace(setting, names=names)
        inside = all(1 <= layer <= len(widths) for side in claim["formula"][::2] for layer in _layers(side, drawn))
        if inside and all(value(condition, drawn) >= 0 for condition in claim["where"]):
            return drawn
    raise Unread(f"{claim['name']}: no indices were found for which it is made")


def _whole(claim: dict[str, Any]) -> list[tuple[str, int]]:
    """Its indices and other whole numbers, each with the least one."""
    over = {name: -1 if least is None else least for name, least in claim["over"]}
    for kind, names in claim.get("symbols", {}).items():
        if "integer" in kind:
            least = 1 if "positive" in kind else 0
            over = dict.fromkeys(names, least) | over
    return list(over.items())


def _real_setting(point: Point, claim: dict[str, Any]) -> Setting:
    """Real numbers, as the claim knows them to be, and whole numbers for which it is made."""
    reals = RealPoint(point)
    # Of two symbols with one name, one is put in for the other: the one of which more is known is the one that stays.
    every = sorted(
        claim.get("symbols", {}).items(), key=lambda item: any(sign in item[0] for sign in ("positive", "negative"))
    )
    kinds = {name: kind for kind, names in every for name in names}
    for _ in range(TRIES):
        names: dict[str, Any] = {"pi": +mpmath.pi} | {name: reals.drawn(kind) for name, kind in kinds.items()}
        names |= {name: point.values.randint(least, 5) for name, least in _whole(claim)}
        function = Cubic(reals, FUNCTION in claim["assumes"])
        setting = Setting(reals, [], [], [], names, {}, {}, (), function, REAL)  # type: ignore[arg-type]
        if all(value(condition, setting) >= 0 for condition in claim["where"]):
            return setting
    raise Unread(f"{claim['name']}: no numbers were found for which it is made")


def _layers(tree: Tree, setting: Setting) -> Iterator[int]:
    """The layers that a side names."""
    if isinstance(tree, list) and tree and tree[0] not in ("run", "bar"):
        if isinstance(tree[0], str) and tree[0] in LAYERS:
            numbers = [value(part, setting) for part in tree[1:]]
            yield from numbers[LAYERS[tree[0]] :]
            yield from [sum(numbers)] * (tree[0] in ("u", "after_x"))
        else:
            for part in tree:
                yield from _layers(part, setting)


def _places(setting: Setting, sides: tuple[Tree, Tree]) -> Iterator[Setting]:
    """Every value of the free indices of arrays."""
    free = sorted({name for side in sides for name in _free(side)})
    sizes: dict[str, int] = defaultdict(lambda: setting.point.sizes.randint(1, 3))
    programs = [part[2] for side in sides for part in _parts(side) if part[0] == "bar" and len(part) > 3]
    for at in product(*(range(sizes[name]) for name in free)):
        place = replace(setting, names=setting.names | dict(zip(free, at, strict=True)), sizes=sizes)
        # What a differentiated program computes is what both sides call by its name.
        made = {key: number for lines in programs for key, number in after(lines, place).items()}
        yield replace(place, arrays=setting.arrays | made) if made else place


def _parts(tree: Tree) -> Iterator[list[Tree]]:
    """Every list with a name in a side."""
    if isinstance(tree, list) and tree:
        yield from [tree] * isinstance(tree[0], str)
        for part in tree:
            yield from _parts(part)


def _free(tree: Tree) -> set[str]:
    """The indices of arrays that no sum inside binds."""
    if not isinstance(tree, list) or not tree:
        return set()
    if tree[0] == "at_array":
        return {i for i in tree[2:] if isinstance(i, str)}
    if tree[0] in ("run", "bar"):
        lines = [line for line in tree[2] if name_of(line[0]) == tree[1]]
        targets = [line[0] for line in lines] or [leaf for line in tree[2] for leaf in leaves(line[4], tree[1])]
        return {i for target in targets[:1] if isinstance(target, list) for i in target[2:]}
    if tree[0] == "entries":
        return {"h", "k"}
    if tree[0] == "at":
        return _free(tree[1]) | {name for _, new in tree[2] for name in _free(new)}
    if tree[0] == "value":
        return _free(tree[1][4])
    if tree[0] == "pick":
        return {name for part in tree[1] for name in _free(part)}
    if tree[0] == "Piecewise":
        return {name for piece in tree[1:] for part in piece for name in _free(part)}
    inside = {name for part in tree[1:] for name in _free(part)}
    bound = (
        {part[2:] for part in tree[1:] if isinstance(part, str) and part.startswith("Σ_")} if tree[0] == "*" else set()
    )
    return inside - bound


def _heads(tree: Tree) -> Iterator[str]:
    """The names of functions and definitions in a side, those in the lines of programs too."""
    if not isinstance(tree, list) or not tree:
        return
    head, *parts = tree
    yield head
    if head in ("run", "bar"):
        yield from (f"{line[3]} of values" for line in parts[1] if line[3] != "sum")
        parts = [*(line[4] for line in parts[1]), *(pair[1] for pair in parts[2])]
    elif head == "at":
        yield from (f"put in for {old[0]}" for old, _ in parts[1] if isinstance(old, list) and old[0] not in PLACES)
        parts = [parts[0], *(new for _, new in parts[1])]
    elif head == "value":
        parts = [parts[0][4]]
    elif head == "pick":
        parts = parts[0]
    elif head == "on_region":
        parts = parts[:1]
    elif head == "Piecewise":
        parts = [part for piece in parts for part in (piece[0], *_sides(piece[1]))]
    for part in parts:
        yield from _heads(part)


PLACES = (*LAYERS, "at_array", "KroneckerDelta", "Piecewise")
"""What something else may be put in for, as each stands by itself."""


def _sides(condition: Tree) -> Iterator[Tree]:
    """What a condition compares."""
    if isinstance(condition, list):
        for part in condition[1:]:
            yield from _sides(part) if condition[0] in ("Or", "And") else (part,)
