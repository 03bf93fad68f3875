"""Networks and numbers for which a claim is made: what its symbols are worth, as the claim knows them to be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from derivations.recheck.claim_names import KNOWN
from derivations.recheck.claim_trees import LAYERS, Tree, heads, parts
from derivations.recheck.claim_values import Setting, Unread, value
from derivations.recheck.exact_reals import REAL, Cubic, RealPoint
from derivations.recheck.point import Point

FUNCTION = "f(0) = 0"
TRIES = 200
"""Draws of numbers until the conditions of a claim hold."""
TALL = ("Z_r", "Z_g", "Y", "R", "a", "W")
"""Matrices without layers that have more rows than columns, a row for each sample: square ones would span everything."""
CASES = ("piece", "region", "pick", "on_region", "side")
"""What has a number of a piece or a region as its last argument."""
MOST_CASES = 6
"""The greatest number of pieces or regions."""


def network(point: Point, claim: dict[str, Any]) -> Setting:
    """A network, and indices for which the claim is made."""
    widths = [point.sizes.randint(1, 3) for _ in range(point.sizes.randint(4, 6))]
    if any(name in ("Phi2", "Inv2", "PhiInv2", "InvPhi2") for name in heads(claim["formula"][0])):
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
        known=KNOWN,
    )
    # Other matrices without layers are square, of one size, so that every product has a meaning.
    size = point.sizes.randint(1, 3)
    every = claim.get("symbols", {}).get("matrix", ())
    matrices = {name: point.matrix(size + 2 * (name in TALL), size) for name in every}
    for _ in range(TRIES):
        names = matrices | {name: point.sizes.randint(least, len(widths)) for name, least in whole_numbers(claim)}
        names |= {"B": len(widths) - 1} if "B" in names else {}
        drawn = replace(setting, names=names)
        inside = divides(claim, drawn) and all(
            1 <= layer <= len(widths) for side in claim["formula"][::2] for layer in layers(side, drawn)
        )
        if inside and all(value(condition, drawn) >= 0 for condition in claim["where"]):
            return drawn
    raise Unread(f"{claim['name']}: no indices were found for which it is made")


def whole_numbers(claim: dict[str, Any]) -> list[tuple[str, int]]:
    """Its indices and other whole numbers, each with the least one."""
    over = {name: -1 if least is None else least for name, least in claim["over"]}
    for kind, names in claim.get("symbols", {}).items():
        if "integer" in kind:
            least = 1 if "positive" in kind else 0
            # Of two symbols with one name, one is put in for the other.
            over |= {name: max(least, over.get(name, least)) for name in names if name not in dict(claim["over"])}
    return list(over.items())


def divides(claim: dict[str, Any], setting: Setting) -> bool:
    """Whether no whole number that the claim divides by is 0."""
    known = {name for name, _ in whole_numbers(claim)}
    divisors = (tree for tree in claim.get("not zero", ()) if symbols(tree) <= known)
    return all(value(tree, setting) != 0 for tree in divisors)


def symbols(tree: Tree) -> set[str]:
    """The symbols and names in a side."""
    if isinstance(tree, list):
        return {name for part in (tree[1:] if tree and tree[0] in ("+", "*", "^") else tree) for name in symbols(part)}
    return {tree} if isinstance(tree, str) and not tree[0].isdigit() and tree[0] != "-" else set()


def real_numbers(reals: RealPoint, claim: dict[str, Any]) -> Setting:
    """Real numbers, as the claim knows them to be, and whole numbers for which it is made."""
    # Of two symbols with one name, one is put in for the other: the one of which more is known is the one that stays.
    every = sorted(
        claim.get("symbols", {}).items(), key=lambda item: any(sign in item[0] for sign in ("positive", "negative"))
    )
    kinds = {name: kind for kind, names in every for name in names}
    most = 2 if asks_whether_equal(claim) else 5
    for _ in range(TRIES):
        names: dict[str, Any] = reals.constants | {name: reals.drawn(kind) for name, kind in kinds.items()}
        names |= {name: reals.values.randint(least, most) for name, least in whole_numbers(claim)}
        function = Cubic(reals, FUNCTION in claim["assumes"])
        setting = Setting(reals, [], [], [], names, {}, {}, (), function, known=REAL)  # type: ignore[arg-type]
        if divides(claim, setting) and all(value(condition, setting) >= 0 for condition in claim["where"]):
            return setting
    raise Unread(f"{claim['name']}: no numbers were found for which it is made")


def asks_whether_equal(claim: dict[str, Any]) -> bool:
    """Whether a claim asks of whole numbers if they are equal, which drawn ones seldom are."""
    return any(part[0] == "KroneckerDelta" for side in claim["formula"][::2] for part in parts(side))


def every_case(claim: dict[str, Any], setting: Setting) -> Iterator[Setting]:
    """The setting with every number that the pieces or regions of the claim have; as it is, where it has none."""
    sides = claim["formula"][::2]
    numbers = {part[-1] for side in sides for part in parts(side) if part[0] in CASES and isinstance(part[-1], str)}
    names = [(name, least) for name, least in whole_numbers(claim) if name in numbers]
    if not names:
        yield setting
    for name, least in names:
        for number in range(least, MOST_CASES + 1):
            case = replace(setting, names=setting.names | {name: number})
            if all(value(condition, case) >= 0 for condition in claim["where"]):
                yield case


def layers(tree: Tree, setting: Setting) -> Iterator[int]:
    """The layers that a side names."""
    if isinstance(tree, list) and tree and tree[0] not in ("run", "bar"):
        if isinstance(tree[0], str) and tree[0] in LAYERS:
            numbers = [value(part, setting) for part in tree[1:]]
            yield from numbers[LAYERS[tree[0]] :]
            yield from [sum(numbers)] * (tree[0] in ("u", "after_x"))
        else:
            for part in tree:
                yield from layers(part, setting)
