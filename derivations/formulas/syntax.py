"""The syntax tree of a formula, and how it is written: `str` of a tree is read back as the same tree.

Every node knows where it began in the text (`at`, counted from 0), which no comparison looks at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from derivations.proof.indices import Index

INVERSE = "Phi^-1"
TOKEN = re.compile(r"\s*([0-9]+|[A-Za-zΑ-Ωα-ω][A-Za-z0-9]*|>=|<=|==|\*\*|\S|$)")
"""A number, a name, a sign of two characters, any other sign, or the end."""


class FormulaError(ValueError):
    """A formula cannot be read; `position` is the column, counted from 1."""

    def __init__(self, text: str, offset: int, message: str) -> None:
        found = TOKEN.match(text, offset)
        near = found[1] if found else ""
        # A control character must not reach the terminal.
        shown = f'"{near}"' if near.isprintable() else f"U+{ord(near[0]):04X}"
        super().__init__(f"column {offset + 1} ({f'near {shown}' if near else 'at the end'}): {message}")
        self.position = offset + 1


@dataclass(frozen=True)
class Number:
    """A rational number; it multiplies, and is no multiple of the identity unless I is written."""

    value: Fraction
    at: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return str(self.value)


@dataclass(frozen=True)
class Identity:
    """I, the identity of fitting size."""

    at: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return "I"


@dataclass(frozen=True)
class Sign:
    """(-1)^exponent."""

    exponent: Index
    at: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return f"(-1)^({self.exponent})"


@dataclass(frozen=True)
class Block:
    """One block, e.g. P(i, j); `power` is k of the block N^k(i, j), None for every other block."""

    name: str
    layers: tuple[Index, ...]
    at: int = field(default=0, compare=False)
    power: Index | None = None

    def __str__(self) -> str:
        power = "" if self.power is None else f"^({self.power})"
        return f"{self.name}{power}({', '.join(map(str, self.layers))})"


@dataclass(frozen=True)
class Matrix:
    """A whole matrix: N, Phi, Lambda, A, or `INVERSE`."""

    name: str
    at: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Negative:
    term: Expression
    at: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return f"-{_within(self.term, Sum, Negative)}"


@dataclass(frozen=True)
class Sum:
    terms: tuple[Expression, ...]
    at: int = field(default=0, compare=False)

    def __str__(self) -> str:
        text = _within(self.terms[0], Sum)
        for term in self.terms[1:]:
            minus = isinstance(term, Negative)
            text += " - " if minus else " + "
            text += _within(term.term if isinstance(term, Negative) else term, Sum, Negative)
        return text


@dataclass(frozen=True)
class Product:
    factors: tuple[Expression, ...]
    at: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return "*".join(_within(factor, Sum, Negative, Product) for factor in self.factors)


@dataclass(frozen=True)
class Power:
    base: Expression
    exponent: int
    at: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return f"{_within(self.base, Sum, Negative, Product, Power, Sign)}^{self.exponent}"


Expression = Number | Identity | Sign | Block | Matrix | Negative | Sum | Product | Power


def _within(node: Expression, *loose: type) -> str:
    """The text of a part, in parentheses where it binds no tighter than what is around it."""
    # A fraction and Phi^-1 are one node each, but no base of a power.
    fraction = isinstance(node, Number) and node.value.denominator > 1
    inverse = isinstance(node, Matrix) and node.name == INVERSE
    return f"({node})" if isinstance(node, loose) or (Power in loose and (fraction or inverse)) else str(node)


@dataclass(frozen=True)
class Relation:
    """A condition on two indices."""

    left: Index
    symbol: str
    right: Index

    def rows(self) -> tuple[Index, ...]:
        """The condition as indices that are >= 0."""
        up, down = self.left - self.right, self.right - self.left
        return {"=": (up, down), ">=": (up,), "<=": (down,), ">": (up - 1,), "<": (down - 1,)}[self.symbol]

    def __str__(self) -> str:
        return f"{self.left} {self.symbol} {self.right}"


@dataclass(frozen=True)
class Formula:
    """left = right under conditions; `depth` is the chosen number B of blocks, None where it is a symbol."""

    left: Expression
    right: Expression
    conditions: tuple[Relation, ...]
    depth: int | None
    text: str = field(default="", compare=False)
    equals_at: int = field(default=0, compare=False)
    conditions_at: int = field(default=0, compare=False)

    def __str__(self) -> str:
        conditions = [f"B = {self.depth}"] * (self.depth is not None) + [str(c) for c in self.conditions]
        return f"{self.left} = {self.right}" + (f" for {', '.join(conditions)}" if conditions else "")

    @property
    def names(self) -> tuple[str, ...]:
        """The free indices, B among them where it is one."""
        found = {name for node in parts(self) for index in indices(node) for name in index.names}
        return tuple(sorted(found | {n for c in self.conditions for n in c.left.names | c.right.names}))


def parts(node: Formula | Expression) -> Iterator[Expression]:
    """Every node of a tree."""
    if isinstance(node, Formula):
        yield from parts(node.left)
        yield from parts(node.right)
        return
    yield node
    if isinstance(node, Negative):
        yield from parts(node.term)
    elif isinstance(node, Power):
        yield from parts(node.base)
    elif isinstance(node, Sum | Product):
        for inner in node.terms if isinstance(node, Sum) else node.factors:
            yield from parts(inner)


def indices(node: Expression) -> tuple[Index, ...]:
    """The indices that a node holds itself."""
    if isinstance(node, Block):
        return node.layers if node.power is None else (node.power, *node.layers)
    return (node.exponent,) if isinstance(node, Sign) else ()


def degree(node: Expression) -> int:
    """How many factors the longest product of a tree has, its powers written out."""
    if isinstance(node, Power):
        return degree(node.base) * node.exponent
    if isinstance(node, Product):
        return sum(map(degree, node.factors))
    if isinstance(node, Sum):
        return max(map(degree, node.terms))
    return degree(node.term) if isinstance(node, Negative) else 1
