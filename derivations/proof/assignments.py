"""Assignments over named arrays, and the loops around them: the parts of a program."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import sympy as sp


@dataclass(frozen=True)
class Array:
    """A named array.

    Parameters
    ----------
    name : ASCII name in code.
    indices : its index symbols; each stands for one role (sample, neuron, ...) and so for one size.
    kind : where a printer keeps it: ``parameter`` and its ``gradient`` (views of flat vectors),
        ``state`` (one per layer and sample), ``scratch`` (one for all layers), ``argument``.
    meaning : the entry of the notation table.
    store : the array whose storage it shares; the other's last use comes before its first.
    outside : the value that is read outside of its sizes, 0 or -∞; it may then be read through windows (`windows`).
    """

    name: str
    indices: tuple[sp.Symbol, ...]
    kind: str
    meaning: str
    store: str = ""
    integer: bool = False
    outside: sp.Expr | None = None

    def admits(self, element: sp.Indexed) -> bool:
        """Whether a program may read or set the array there: at its own indices, or through a window."""
        windowed = self.outside is not None and len(element.indices) == len(self.indices)
        return element == self.element or (windowed and all(index.is_integer for index in element.indices))

    @property
    def layer(self) -> str:
        """Whose part of the storage it is, by its name: layer i-1 (``in``), an earlier layer j (``source``), or i (``out``)."""
        return next((end for end in ("in", "source") if self.name.endswith(f"_{end}")), "out")

    @property
    def element(self) -> sp.Indexed:
        """The element at the array's own indices."""
        return sp.IndexedBase(self.name)[self.indices]

    def at(self, *indices: sp.Expr) -> sp.Indexed:
        """The element at other indices."""
        return sp.IndexedBase(self.name)[indices]


def name_of(element: sp.Indexed | sp.Symbol) -> str:
    """The name of an array or a scalar."""
    return str(element.base) if isinstance(element, sp.Indexed) else str(element)


@dataclass(frozen=True)
class Assign:
    """`target = Σ_over value`, or `target += ...` with `accumulate`; a Symbol target is a scalar."""

    target: sp.Indexed | sp.Symbol
    value: sp.Expr
    over: tuple[sp.Symbol, ...] = ()
    accumulate: bool = False
    reduce: str = "sum"

    @property
    def free(self) -> tuple[sp.Symbol, ...]:
        return self.target.indices if isinstance(self.target, sp.Indexed) else ()

    @property
    def name(self) -> str:
        return name_of(self.target)

    @property
    def operands(self) -> tuple[sp.Indexed, ...]:
        """The array elements it reads, in a fixed order."""
        return tuple(sorted(self.value.atoms(sp.Indexed), key=str))

    @property
    def contraction(self) -> tuple[sp.Indexed, sp.Indexed] | None:
        """The two matrices whose product this is, or None."""
        factors = self.value.args if self.value.is_Mul else ()
        matrices = [f for f in factors if isinstance(f, sp.Indexed)]
        one_sum = len(self.over) == 1 and len(self.free) == 2 and self.reduce == "sum"
        if not one_sum or len(factors) != 2 or len(matrices) != 2:
            return None
        left, right = sorted(matrices, key=lambda m: self.free[0] not in m.indices)
        if [set(left.indices), set(right.indices)] != [{self.free[0], *self.over}, {self.free[1], *self.over}]:
            return None
        return left, right

    @cached_property
    def _text(self) -> str:
        sums = "".join(f"{self.reduce}_{index} " for index in self.over)
        return f"{self.target} {'+=' if self.accumulate else '='} {sums}{self.value}"

    def __str__(self) -> str:
        return self._text


@dataclass(frozen=True)
class Layers:
    """The body for every layer i = 2..K, or K..2 with `reverse`."""

    body: tuple[Node, ...]
    reverse: bool = False


@dataclass(frozen=True)
class When:
    """The body where a condition on layer i holds: ``hidden`` (i < K), ``last`` (i = K), ``sender hidden`` (i-1 > 1)."""

    condition: str
    body: tuple[Node, ...]


@dataclass(frozen=True)
class Sources:
    """The body for every layer j < i that sends to layer i; `hidden` leaves out the input layer j = 1."""

    body: tuple[Node, ...]
    hidden: bool = False


@dataclass(frozen=True)
class Incoming:
    """The body for every operation that arrives at a node of a graph, from any node before it."""

    body: tuple[Node, ...]


SAMPLE = sp.Symbol("s", integer=True, nonnegative=True)
"""The index of samples, `s` of the notation."""


@dataclass(frozen=True)
class Rows:
    """The body sample by sample, so that reductions over a row stay scalars."""

    body: tuple[Node, ...]
    index: sp.Symbol = SAMPLE


Node = Assign | Layers | When | Sources | Incoming | Rows


def conditions(hidden: bool, sender_hidden: bool) -> dict[str, bool]:
    """The truth of every condition a `When` may name."""
    return {"hidden": hidden, "last": not hidden, "sender hidden": sender_hidden}


def flatten(body: tuple[Node, ...], truth: dict[str, bool] | None = None) -> Iterator[Assign]:
    """The assignments in order: all, or those whose conditions hold."""
    for node in body:
        if isinstance(node, Assign):
            yield node
        elif truth is None or all(truth[c] for c in _conditions(node)):
            yield from flatten(node.body, truth)


def _conditions(node: Node) -> tuple[str, ...]:
    if isinstance(node, When):
        return (node.condition,)
    return ("sender hidden",) if isinstance(node, Sources) and node.hidden else ()
