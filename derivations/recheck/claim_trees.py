"""Walks through the nested lists of a claim: the names in it, its parts, the free indices of arrays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Tree = Any
"""A part of a claim: a number, a name, or a list with the name of what is done to the parts behind it."""
LAYERS = {"C": 0, "P": 0, "L": 0, "x": 0, "I": 0, "Inv": 0, "PhiInv": 0, "InvPhi": 0, "A": 0, "W": 0, "APhi": 0, "PhiLambda": 0,
          "PhiInv2": 0, "InvPhi2": 0, "difference": 0, "N_power": 1, "minus_n": 1, "power": 1, "from_x": 0, "u": 1, "after_x": 1}  # fmt: skip
"""Names whose arguments are layers, and how many come before those."""
PLACES = (*LAYERS, "at_array", "KroneckerDelta", "Piecewise")
"""What something else may be put in for, as each stands by itself."""


def leaves(tree: Tree, name: str) -> Iterator[Tree]:
    """The places where an array or a scalar is read."""
    if tree == name or (isinstance(tree, list) and tree[:2] == ["at_array", name]):
        yield tree
    elif isinstance(tree, list):
        for part in tree:
            yield from leaves(part, name)


def name_of(target: Tree) -> str:
    """The name of an array or a scalar."""
    return target[1] if isinstance(target, list) else target


def heads(tree: Tree) -> Iterator[str]:
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
    elif head in ("pairing", "change"):
        yield from (f"{parts[0][3]} of values" for _ in range(parts[0][3] != "sum"))
        parts = [parts[0][0], parts[0][4]]
    elif head == "pick":
        parts = parts[0]
    elif head == "on_region":
        parts = parts[:1]
    elif head == "Piecewise":
        parts = [part for piece in parts for part in (piece[0], *sides(piece[1]))]
    for part in parts:
        yield from heads(part)


def sides(condition: Tree) -> Iterator[Tree]:
    """What a condition compares."""
    if isinstance(condition, list):
        for part in condition[1:]:
            yield from sides(part) if condition[0] in ("Or", "And") else (part,)


def parts(tree: Tree) -> Iterator[list[Tree]]:
    """Every list with a name in a side."""
    if isinstance(tree, list) and tree:
        yield from [tree] * isinstance(tree[0], str)
        for part in tree:
            yield from parts(part)


def free(tree: Tree) -> set[str]:
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
        return free(tree[1]) | {name for _, new in tree[2] for name in free(new)}
    if tree[0] == "value":
        return free(tree[1][4])
    if tree[0] == "pick":
        return {name for part in tree[1] for name in free(part)}
    if tree[0] == "Piecewise":
        return {name for piece in tree[1:] for part in piece for name in free(part)}
    inside = {name for part in tree[1:] for name in free(part)}
    bound = (
        {part[2:] for part in tree[1:] if isinstance(part, str) and part.startswith("Σ_")} if tree[0] == "*" else set()
    )
    return inside - bound
