"""Answers with activations: the language of `language.py` with x, z, u, v, their derivatives, f, f' and transposes.

    term     = product { ".*" product }
    product  = factor { "*" factor }
    atom     = number | block | vector | ( "f" | "df" | "T" ) "(" expression ")" | "(" expression ")"
    block    = ( "phi" | "L" ) "(" layer ")" | "W" "(" layer "," layer ")"
    vector   = ( "x" | "z" | "u" | "v" | "zbar" | "ubar" ) "(" layer ")"

A vector is a column. `*` is the product of matrices and `.*` the product entry by entry, df is the derivative of f, and T
is the transpose. Such a formula is compared with the definition on networks of whole numbers; it is not proven.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from derivations.formulas.definition import Sample, Values
from derivations.formulas.examples import Dense, Value, plus, times
from derivations.formulas.language import Reader
from derivations.formulas.syntax import Block, Expression, FormulaError, Negative, Number, Power, Product, Sum, indices

VECTORS = ("x", "z", "u", "v", "zbar", "ubar")
APPLIED = ("f", "df", "T")
BLOCKS = ("phi", "L", "W")


@dataclass(frozen=True)
class Applied:
    """f, df or T of an expression."""

    name: str
    inner: Tree
    at: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return f"{self.name}({self.inner})"


@dataclass(frozen=True)
class Entrywise:
    """a .* b"""

    terms: tuple[Tree, ...]
    at: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return "(" + " .* ".join(map(str, self.terms)) + ")"


Tree = Expression | Applied | Entrywise


def read(text: str) -> Tree:
    """The answer that a text says; raises `FormulaError` at the first place that cannot be read."""
    reader = VectorReader(text)
    tree = reader.expression()
    if reader.token.text:
        raise reader.fail('expected an operator ("+", "-", "*", ".*") or the end')
    for node in nodes(tree):
        if not isinstance(node, Applied | Entrywise) and any(index.terms for index in indices(node)):
            raise FormulaError(text, node.at, "expected a number as layer: these exercises have three layers")
    return tree


class VectorReader(Reader):
    def term(self) -> Expression:
        start = self.token.at
        terms = [super().term()]
        while self.accept("."):
            self.expect("*", '"*" after ".": the product entry by entry is .*')
            terms.append(super().term())
        return terms[0] if len(terms) == 1 else Entrywise(tuple(terms), start)  # type: ignore[return-value]

    def atom(self) -> Expression:
        token = self.token
        if token.text in VECTORS:
            self.here += 1
            return Block(token.text, self.layers(token.text, 1), token.at)
        if token.text in APPLIED:
            self.here += 1
            self.expect("(", f'"(" after {token.text}')
            inner = self.nested(self.expression)
            return Applied(token.text, inner, token.at)  # type: ignore[arg-type, return-value]
        if token.text not in (*BLOCKS, "(") and not token.text.isdecimal():
            raise self.fail(f'expected a number, {", ".join((*BLOCKS, *VECTORS, *APPLIED))} or "("')
        return super().atom()


def nodes(tree: Tree) -> Iterator[Tree]:
    """Every node of a tree."""
    yield tree
    inner: tuple[Tree, ...] = ()
    if isinstance(tree, Applied):
        inner = (tree.inner,)
    elif isinstance(tree, Negative):
        inner = (tree.term,)
    elif isinstance(tree, Power):
        inner = (tree.base,)
    elif isinstance(tree, Sum | Entrywise):
        inner = tree.terms
    elif isinstance(tree, Product):
        inner = tree.factors
    for node in inner:
        yield from nodes(node)


def names(tree: Tree) -> set[str]:
    """The blocks, vectors and functions that an answer uses, such as phi(1), u(2) and f."""
    found = {node.name if isinstance(node, Applied) else str(node) for node in nodes(tree) if isinstance(node, Applied | Block)}  # fmt: skip
    return {name.replace(", ", ",") for name in found}


@dataclass(frozen=True)
class Evaluation:
    """The value of an answer for one sample; raises `FormulaError` where sizes do not fit."""

    text: str
    sample: Sample
    values: Values

    def fail(self, node: Tree, message: str) -> FormulaError:
        """An error with the sizes of the network, which explain it."""
        widths = "-".join(map(str, self.sample.network.widths))
        return FormulaError(self.text, node.at, f"{message} (tried with widths {widths})")

    def value(self, node: Tree) -> Value:
        if isinstance(node, Number):
            return node.value if node.value.denominator > 1 else int(node.value)
        if isinstance(node, Block):
            return self.block(node)
        if isinstance(node, Negative):
            return times(-1, self.value(node.term))
        if isinstance(node, Applied):
            return self.applied(node)
        if isinstance(node, Power):
            raise self.fail(node, "no power is needed here")
        parts = node.factors if isinstance(node, Product) else node.terms  # type: ignore[union-attr]
        result = self.value(parts[0])
        for part in parts[1:]:
            value = self.value(part)
            if isinstance(node, Product):
                result = self.product(result, value, part)
            else:
                self.fits(result, value, part)
                result = plus(result, value) if isinstance(node, Sum) else _entrywise(result, value)
        return result

    def block(self, node: Block) -> Value:
        layers = tuple(index.constant for index in node.layers)
        last = len(self.sample.network.widths)
        if node.name in BLOCKS:
            known = {"phi": layers[0] < last, "L": True, "W": layers[0] > layers[-1]}[node.name]
            if not (known and min(layers) >= 1 and max(layers) <= last):
                raise self.fail(node, f"there is no {node} in a network of {last} layers")
            return self.sample.network.block(node.name, layers)
        if (node.name, layers[0]) not in self.values:
            raise self.fail(node, f"there is no {node} in a network of {last} layers")
        return self.values[node.name, layers[0]]

    def applied(self, node: Applied) -> Value:
        inner = self.value(node.inner)
        if not isinstance(inner, tuple):
            raise self.fail(node, f"{node.name} is applied to a vector or a matrix, not to a number")
        if node.name == "T":
            return tuple(zip(*inner, strict=True))
        function = self.sample.function
        rule = function.value if node.name == "f" else function.slope
        return tuple(tuple(rule(entry) for entry in row) for row in inner)

    def product(self, a: Value, b: Value, node: Tree) -> Value:
        if isinstance(a, tuple) and isinstance(b, tuple) and len(a[0]) != len(b):
            message = (
                f"what is left of {node} has {size_of(a)} and {node} has {size_of(b)}: columns and rows do not meet"
            )
            raise self.fail(node, message)
        return times(a, b)

    def fits(self, a: Value, b: Value, node: Tree) -> None:
        if not isinstance(a, tuple) or not isinstance(b, tuple):
            raise self.fail(node, "a number can only be multiplied")
        if (len(a), len(a[0])) != (len(b), len(b[0])):
            raise self.fail(node, f"what is left of {node} has {size_of(a)} and {node} has {size_of(b)}")


def size_of(a: Dense) -> str:
    """Rows and columns in words."""
    rows, columns = len(a), len(a[0])
    return f"{rows} row{'s' * (rows != 1)} and {columns} column{'s' * (columns != 1)}"


def _entrywise(a: Value, b: Value) -> Value:
    assert isinstance(a, tuple)
    assert isinstance(b, tuple)
    return tuple(tuple(x * y for x, y in zip(p, q, strict=True)) for p, q in zip(a, b, strict=True))
