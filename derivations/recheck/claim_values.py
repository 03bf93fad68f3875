"""What a side of a claim is worth in one network: a setting, and numbers and blocks that are added and multiplied."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from derivations.recheck import dense
from derivations.recheck.claim_trees import LAYERS, Tree
from derivations.recheck.dense import Matrix
from derivations.recheck.field import Number
from derivations.recheck.point import Point

Rule = Callable[[list[Tree], "Setting"], Any]
BITS, SIGNS = ("live", "on", "heard"), ("side",)
"""Arrays whose entries are 0 or 1, or 1 or -1, as the claims about them assume."""
CLASSES = ("label",)
"""Arrays of whole numbers, each the number of a class."""


class Unread(LookupError):
    """A claim that says something this route cannot read."""


@dataclass(frozen=True)
class Setting:
    """One network and one choice of arrays; `put` holds what a claim puts in place of something else.

    phi, lam, x : the network and activations of each layer.
    names : values of indices and symbols. sizes : how far each index of arrays runs.
    known : what names in claims mean. piece : the piece of piecewise functions that is asked for, if not 0.
    moving : the key of what moves as a dual number, and where it rests.
    """

    point: Point
    phi: list[Matrix]
    lam: list[list[Number]]
    x: list[Matrix]
    names: dict[str, Any]
    sizes: dict[str, int]
    arrays: dict[tuple[Any, ...], Number]
    put: tuple[tuple[Tree, Tree, Setting], ...] = ()
    function: Any = field(default=None)
    known: Mapping[str, Rule] = field(kw_only=True)
    piece: int = 0
    moving: tuple[tuple[str, Any], Number] | None = None

    def resting(self, before: Setting) -> Setting:
        """The same where nothing moves, for what was put in before something moved."""
        if self.moving is None or before.moving is not None:
            return self
        (name, *at), number = self.moving
        if at:
            return replace(self, arrays=self.arrays | {(name, *at): number}, moving=None)
        return replace(self, names=self.names | {name: number}, moving=None)

    def symbol(self, name: str) -> Any:
        """An index, or a number that is drawn once."""
        return self.names[name] if name in self.names else self.arrays.setdefault((name,), self.point.number())

    def element(self, name: str, at: tuple[int, ...]) -> Number:
        """An element of an array, drawn once."""
        values = self.point.values
        if name in BITS or name in SIGNS:
            number: Number = values.randint(0, 1) * (2 if name in SIGNS else 1) - (name in SIGNS)
        else:
            number = values.randint(0, 2) if name in CLASSES else self.point.number()
        return self.arrays.setdefault((name, *at), number)


def value(tree: Tree, setting: Setting) -> Any:
    """A number, or a block as a matrix."""
    for old, new, before in setting.put:
        if _same(old, tree, setting):
            return value(new, replace(setting.resting(before), put=before.put))
    if isinstance(tree, int):
        return tree
    if tree in ("oo", "-oo"):
        return float(tree.replace("oo", "inf"))
    if isinstance(tree, str):
        return Fraction(tree) if tree[0].isdigit() or tree[0] == "-" else setting.symbol(tree)
    head, *parts = tree
    if head not in setting.known:
        raise Unread(f"{head} is no name that the second route knows")
    return setting.known[head](parts, setting)


def _same(old: Tree, tree: Tree, setting: Setting) -> bool:
    """Whether what is put in stands here: the same array or symbol, or the same block of the same layer."""
    if not (isinstance(old, list) and isinstance(tree, list)):
        return bool(old == tree)
    if old[0] != tree[0] or len(old) != len(tree):
        return False
    if old[0] in LAYERS:
        return [value(a, setting) for a in old[1:]] == [value(a, setting) for a in tree[1:]]
    return bool(old == tree)


# --- numbers and blocks -----------------------------------------------------------------------------------------------


def add(left: Any, right: Any) -> Any:
    """A number added to a block is that multiple of I."""
    if isinstance(left, list) and isinstance(right, list):
        return dense.plus(left, right)
    if isinstance(left, list) or isinstance(right, list):
        block, number = (left, right) if isinstance(left, list) else (right, left)
        if number.__class__ is int and number == 0:
            return block
        return dense.plus(block, dense.times(number, dense.identity(len(block))))
    return left + right


def alike(left: Any, right: Any) -> tuple[Any, Any]:
    """A block and a number: 0 is the block of zeros, another number that multiple of I."""
    if isinstance(left, list) == isinstance(right, list):
        return left, right
    block, number = (left, right) if isinstance(left, list) else (right, left)
    other = add(dense.zeros(len(block), len(block[0])), number) if block else number
    return (block, other) if isinstance(left, list) else (other, block)


def times(left: Any, right: Any) -> Any:
    """Products of blocks and numbers."""
    if isinstance(left, list) and isinstance(right, list):
        return dense.product(left, right)
    if isinstance(left, list):
        return dense.times(right, left)
    return dense.times(left, right) if isinstance(right, list) else left * right
