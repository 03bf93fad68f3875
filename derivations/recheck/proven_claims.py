"""The claims of a certificate, read as they were proven, and evaluated at a random point.

A claim is nested lists (`proof/trees.py` says how they are written): blocks of matrices, index sums, programs. Nothing of
the first route is used: blocks come from dense matrices, sums and programs run as loops, and a derivative by reverse
accumulation is that of dual numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

from derivations.recheck.claim_values import KNOWN, LAYERS, Setting, Tree, Unread, after, alike, leaves, name_of, value
from derivations.recheck.networks import Identity
from derivations.recheck.point import Point

FUNCTION, LIVE = "f(0) = 0", "live[k]**2 = live[k]: live_k is 0 or 1"
"""The assumptions that every setting keeps."""
TRIES = 200
"""Draws of indices until the conditions of a claim hold."""


def identity_of(claims: list[dict[str, Any]]) -> Identity:
    """The claims as an identity to be evaluated at points."""

    def identity(point: Point) -> None:
        for claim in claims:
            left, relation, right = claim["formula"]
            if relation == "=":
                setting = _setting(point, claim)
                for place in _places(setting, (left, right)):
                    point.equal(claim["name"], *alike(value(left, place), value(right, place)))

    return identity


def readable(claim: dict[str, Any]) -> bool:
    """Whether this route reads a claim: an equation of blocks, sums and programs, under assumptions that it keeps."""
    left, relation, right = claim["formula"]
    known = set(claim["assumes"]) <= {FUNCTION, LIVE}
    return known and relation == "=" and all(name in KNOWN for side in (left, right) for name in _heads(side))


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
    for _ in range(TRIES):
        names = {name: point.sizes.randint(least, len(widths)) for name, least in claim["over"]}
        names |= {"B": len(widths) - 1} if "B" in names else {}
        drawn = replace(setting, names=names)
        inside = all(1 <= layer <= len(widths) for side in claim["formula"][::2] for layer in _layers(side, drawn))
        if inside and all(value(condition, drawn) >= 0 for condition in claim["where"]):
            return drawn
    raise Unread(f"{claim['name']}: no indices were found for which it is made")


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
    sizes = {name: setting.point.sizes.randint(1, 3) for name in "abchkmsp"}
    # What a differentiated program computes is what both sides call by its name.
    for lines in (part[2] for side in sides for part in _parts(side) if part[0] == "bar"):
        setting.arrays.update(after(lines, replace(setting, sizes=sizes)))
    for at in product(*(range(sizes[name]) for name in free)):
        yield replace(setting, names=setting.names | dict(zip(free, at, strict=True)), sizes=sizes)


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
    inside = {name for part in tree[1:] for name in _free(part)}
    bound = (
        {part[2:] for part in tree[1:] if isinstance(part, str) and part.startswith("Σ_")} if tree[0] == "*" else set()
    )
    return inside - bound


def _heads(tree: Tree) -> Iterator[str]:
    """The names of functions and definitions in a side."""
    if isinstance(tree, list) and tree and tree[0] not in ("run", "bar"):
        if isinstance(tree[0], str):
            yield tree[0]
            inner = [line[4] for line in tree[2]] if tree[0] in ("run", "bar") else tree[1:]
            inner = [tree[1], *(side for pair in tree[2] for side in pair)] if tree[0] == "at" else inner
        else:
            inner = tree
        for part in inner:
            yield from _heads(part)
