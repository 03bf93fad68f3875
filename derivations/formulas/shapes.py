"""Shapes in a formula: between which layers its blocks lead, and whether those layers exist.

Every term of a sum must lead from the same layer to the same layer, a product's layers must meet, and every layer that
is named must exist wherever the conditions hold. All of it must follow from the conditions; a formula for which it does
not is refused, since it would say nothing for some admitted index.
"""

from __future__ import annotations

from dataclasses import dataclass

from derivations.formulas.syntax import (
    Block,
    Expression,
    Formula,
    FormulaError,
    Identity,
    Matrix,
    Negative,
    Number,
    Power,
    Product,
    Sign,
    Sum,
    parts,
)
from derivations.proof.indices import Index, Region

NOWHERE = Index()


@dataclass(frozen=True)
class Shape:
    """`block`: from layer `below` to layer `above`; `identity`: a multiple of I, which fits any square block."""

    kind: str  # "number", "zero", "identity", "matrix" or "block"
    above: Index = NOWHERE
    below: Index = NOWHERE

    def __str__(self) -> str:
        if self.kind == "block":
            return f"a block from layer {self.below} to layer {self.above}"
        return {"matrix": "a whole matrix", "identity": "a multiple of I"}.get(self.kind, "a number")


NUMBER, ZERO, IDENTITY, MATRIX = Shape("number"), Shape("zero"), Shape("identity"), Shape("matrix")


def top_layer(formula: Formula) -> Index | None:
    """The last layer, B+1; None where B does not occur in the formula: then every depth that has its layers is meant."""
    if formula.depth is not None:
        return Index((), formula.depth + 1)
    return Index.named("B") + 1 if "B" in formula.names else None


def region(formula: Formula) -> Region:
    """The conditions of a formula, and that every index is a layer (B is at least 1)."""
    rows = [row for condition in formula.conditions for row in condition.rows()]
    top = top_layer(formula)
    for name in formula.names:
        rows.append(Index.named(name) - 1)
        if top is not None and name != "B":
            rows.append(top - Index.named(name))
    return Region(tuple(rows))


def check(formula: Formula) -> None:
    """Raises `FormulaError` where the formula is not well formed for every admitted index."""
    admitted = region(formula)
    if admitted.empty():
        raise FormulaError(formula.text, formula.conditions_at, "no layers satisfy the conditions")
    checker = _Checker(formula, admitted)
    for node in parts(formula):
        if isinstance(node, Block):
            checker.exists(node)
        elif isinstance(node, Matrix) and formula.depth is None:
            message = f"{node} as a whole matrix needs a chosen depth: add for B = 4, say"
            raise FormulaError(formula.text, node.at, message)
    left, right = checker.shape(formula.left), checker.shape(formula.right)
    checker.joined(left, right, formula.equals_at, f"the left side is {left}, the right side is {right}")


class _Checker:
    def __init__(self, formula: Formula, admitted: Region) -> None:
        self.formula, self.admitted, self.top = formula, admitted, top_layer(formula)

    def fail(self, at: int, message: str) -> FormulaError:
        return FormulaError(self.formula.text, at, message)

    def exists(self, block: Block) -> None:
        """Every layer of a block lies between 1 and B+1, and leads upwards where it must."""
        high, low = block.layers[0], block.layers[-1]
        if block.name == "phi":
            high = low + 1
        needs = [(low - 1, f"{low} >= 1")]
        if block.name in ("A", "Inv", "N"):
            needs.append((high - 1, f"{high} >= 1"))
            needs += [] if block.power is None else [(block.power, f"{block.power} >= 0")]
        elif block.name == "P":
            needs.append((high - low, f"{high} >= {low}"))
        elif block.name == "W":
            needs.append((high - low - 1, f"{high} > {low}"))
        if self.top is not None:
            needs += [(self.top - layer, f"{layer} <= {self.top}") for layer in dict.fromkeys((high, low))]
        for row, text in needs:
            if not self.admitted.implies(row):
                layers = f"1..{self.top}" if self.top is not None else "1, 2, ..."
                remedy = "the conditions do not give that: add it" if row.terms else "that is not so"
                raise self.fail(block.at, f"{block} needs {text} (layers are {layers}); {remedy}")

    def shape(self, node: Expression) -> Shape:
        if isinstance(node, Number):
            return NUMBER if node.value else ZERO
        if isinstance(node, Sign):
            return NUMBER
        if isinstance(node, Identity):
            return IDENTITY
        if isinstance(node, Matrix):
            return MATRIX
        if isinstance(node, Block):
            if node.name == "phi":
                return Shape("block", node.layers[0] + 1, node.layers[0])
            return Shape("block", node.layers[0], node.layers[-1])
        if isinstance(node, Negative):
            return self.shape(node.term)
        if isinstance(node, Power):
            return self.power(node)
        if isinstance(node, Product):
            return self.product(node)
        return self.sum(node)

    def power(self, node: Power) -> Shape:
        base = self.shape(node.base)
        if base.kind == "block" and not self.admitted.equal(base.above, base.below):
            raise self.fail(node.at, f"a power needs a square block, and {node.base} is {base}")
        return NUMBER if base == ZERO else base

    def product(self, node: Product) -> Shape:
        result = NUMBER
        for factor in node.factors:
            shape = self.shape(factor)
            if {result.kind, shape.kind} == {"block", "matrix"}:
                raise self.fail(factor.at, f"{shape} cannot be multiplied with {result}")
            if result.kind == shape.kind == "block":
                if not self.admitted.equal(result.below, shape.above):
                    message = f"the layers do not meet: {factor} ends in layer {shape.above}, what is left of it "
                    message += f"starts in layer {result.below}{self.remedy(shape.above, result.below)}"
                    raise self.fail(factor.at, message)
                result = Shape("block", result.above, shape.below)
            elif RANK[shape.kind] > RANK[result.kind]:
                result = shape
        return result

    def sum(self, node: Sum) -> Shape:
        result = self.shape(node.terms[0])
        for term in node.terms[1:]:
            shape = self.shape(term)
            result = self.joined(result, shape, term.at, f"{shape} cannot be added to {result}")
        return result

    def joined(self, a: Shape, b: Shape, at: int, otherwise: str) -> Shape:
        """The shape of a sum of two shapes, and of both sides of an equation."""
        if a == ZERO or b == ZERO:
            return b if a == ZERO else a
        low, high = sorted((a, b), key=lambda shape: RANK[shape.kind])
        fits = low.kind == high.kind
        remedy = ""
        if low.kind == "number" and not fits:
            remedy = "; a number is no multiple of I: write 2*I for 2"
        elif low.kind == "identity" and high.kind == "block":
            fits = self.admitted.equal(high.above, high.below)
            remedy = f"; I fits square blocks only{self.remedy(high.above, high.below)}"
        elif low.kind == "identity":
            fits = True
        elif fits and low.kind == "block":
            fits = self.admitted.equal(a.above, b.above) and self.admitted.equal(a.below, b.below)
            remedy = self.remedy(a.above, b.above) or self.remedy(a.below, b.below)
        if not fits:
            raise self.fail(at, f"{otherwise}{remedy}")
        return high

    def remedy(self, a: Index, b: Index) -> str:
        """A hint where two layers could be one under a further condition."""
        possible = a != b and not self.admitted.also(a - b, b - a).empty()
        return f" (the conditions do not give {a} = {b})" if possible else ""


RANK = {"number": 0, "zero": 0, "identity": 1, "matrix": 2, "block": 3}
"""The kind of a product: a number times I is a multiple of I, and a multiple of I times a block is a block."""
