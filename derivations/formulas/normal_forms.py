"""The normal form of left - right, for indices whose order is known."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from derivations.formulas.counterexamples import Instance
from derivations.formulas.syntax import (
    Block,
    Expression,
    Formula,
    Identity,
    Matrix,
    Negative,
    Number,
    Power,
    Sign,
    Sum,
)
from derivations.proof.algebra import eigenvalues, path, phi, sign
from derivations.proof.indices import Index, Region
from derivations.proof.rules import normal_form

MOST_PRODUCTS = 6000
"""Products of two terms that a proof may expand; a power of a long sum has more than any use."""


Blocks = dict[tuple[int, int], sp.Expr]
"""The blocks of a whole matrix that are not 0."""


class Undecided(Exception):
    """The proof cannot go on; the message says why."""


@dataclass(frozen=True)
class Case:
    """A part of the admitted indices in which the order of the layers of every block is known."""

    name: str
    region: Region
    replaced: dict[str, Index]
    instance: Instance | None = None


class Budget:
    """Counts products of terms, so that a formula of one line cannot keep the machine busy for hours."""

    def __init__(self) -> None:
        self.left = MOST_PRODUCTS

    def product(self, a: sp.Expr, b: sp.Expr) -> sp.Expr:
        self.left -= len(sp.Add.make_args(a)) * len(sp.Add.make_args(b))
        if self.left < 0:
            raise Undecided(f"the proof needs more than {MOST_PRODUCTS} products of terms")
        return normal_form(a * b)


def holds(formula: Formula, case: Case, budget: Budget) -> bool:
    reading = Reading(case, formula.depth, budget)
    remainder = reading.plus(reading.value(formula.left), reading.times(sp.Integer(-1), reading.value(formula.right)))
    blocks = remainder.values() if isinstance(remainder, dict) else [remainder]
    return all(normal_form(block) == 0 for block in blocks)


@dataclass(frozen=True)
class Reading:
    """The terms of a formula in the path algebra; a number stands for that multiple of the identity."""

    case: Case
    depth: int | None
    budget: Budget

    def layer(self, index: Index) -> sp.Expr:
        index = index.at(self.case.replaced)
        symbols = [c * sp.Symbol(name, integer=True, positive=True) for name, c in index.terms]
        return sp.Add(index.constant, *symbols)

    def value(self, node: Expression) -> sp.Expr | Blocks:
        if isinstance(node, Number):
            return sp.Rational(node.value.numerator, node.value.denominator)
        if isinstance(node, Identity):
            return sp.Integer(1)
        if isinstance(node, Sign):
            return sign(self.layer(node.exponent))
        if isinstance(node, Block):
            return normal_form(self.block(node))
        if isinstance(node, Matrix):
            return self.matrix(node.name)
        if isinstance(node, Negative):
            return self.times(sp.Integer(-1), self.value(node.term))
        if isinstance(node, Power):
            factors = [self.value(node.base)] * node.exponent
        else:
            factors = [self.value(part) for part in (node.terms if isinstance(node, Sum) else node.factors)]
        result: sp.Expr | Blocks = sp.Integer(0 if isinstance(node, Sum) else 1)
        for factor in factors:
            result = self.plus(result, factor) if isinstance(node, Sum) else self.times(result, factor)
        return result

    def block(self, node: Block) -> sp.Expr:
        a, b = (node.layers[0].at(self.case.replaced), node.layers[-1].at(self.case.replaced))
        i, j = self.layer(a), self.layer(b)
        if node.name in ("phi", "L", "P"):
            return {"phi": lambda: phi(i), "L": lambda: eigenvalues(i), "P": lambda: path(i, j)}[node.name]()
        if node.power is not None:
            return self.power(a, b, node.power.at(self.case.replaced))
        if self.case.region.implies(b - a - 1):
            return sp.Integer(0)
        if not self.case.region.implies(a - b):
            raise Undecided(f"the order of layers {a} and {b} is not known")
        inverse = sign(i - j) * path(i, j)
        if node.name == "Inv":
            return inverse
        if self.case.region.equal(a, b):
            return eigenvalues(i) * inverse
        if not self.case.region.implies(a - b - 1):
            raise Undecided(f"the order of layers {a} and {b} is not known")
        return eigenvalues(i) * inverse + phi(i - 1) * eigenvalues(i - 1) * sign(i - 1 - j) * path(i - 1, j)

    def power(self, a: Index, b: Index, exponent: Index) -> sp.Expr:
        """The block of a power of N: the path, if it has as many steps as the power."""
        steps = a - b
        if self.case.region.equal(steps, exponent):
            return path(self.layer(a), self.layer(b))
        if self.case.region.implies(steps - exponent - 1) or self.case.region.implies(exponent - steps - 1):
            return sp.Integer(0)
        raise Undecided(f"it is not known whether {steps} is {exponent}")

    def matrix(self, name: str) -> Blocks:
        assert self.depth is not None  # `check` has seen to that
        one, layers = sp.Integer(1), range(1, self.depth + 2)
        below = {(i + 1, i): phi(sp.Integer(i)) for i in layers[:-1]}
        block = {"Phi^-1": "Inv", "A": "A"}.get(name)
        if block:
            pairs = [(i, j) for i in layers for j in layers if i >= j]
            return {(i, j): normal_form(self.block(Block(block, (Index((), i), Index((), j))))) for i, j in pairs}
        if name == "Lambda":
            return {(i, i): eigenvalues(sp.Integer(i)) for i in layers}
        return below if name == "N" else below | {(i, i): one for i in layers}

    def plus(self, a: sp.Expr | Blocks, b: sp.Expr | Blocks) -> sp.Expr | Blocks:
        if not isinstance(a, dict) and not isinstance(b, dict):
            return sp.expand(a + b)
        x, y = self.spread(a), self.spread(b)
        return {place: sp.expand(x.get(place, 0) + y.get(place, 0)) for place in x | y}

    def times(self, a: sp.Expr | Blocks, b: sp.Expr | Blocks) -> sp.Expr | Blocks:
        if not isinstance(a, dict) and not isinstance(b, dict):
            return self.budget.product(a, b)
        x, y = self.spread(a), self.spread(b)
        result: Blocks = {}
        for (i, m), left in x.items():
            for (k, j), right in y.items():
                if m == k and left != 0 and right != 0:
                    result[i, j] = result.get((i, j), 0) + self.budget.product(left, right)
        return {place: sp.expand(block) for place, block in result.items()}

    def spread(self, value: sp.Expr | Blocks) -> Blocks:
        """A number as that multiple of the whole identity matrix."""
        assert self.depth is not None or isinstance(value, dict)
        return value if isinstance(value, dict) else {(i, i): value for i in range(1, (self.depth or 0) + 2)}
