"""Decides a formula: PROVEN by the normal form of left - right, REFUTED by numbers, or UNDECIDED.

A proof covers every admitted choice of the indices. For a chosen depth these are finitely many, and each is checked. For
a symbolic depth (or more than 1000 choices) the indices stay symbols; where the meaning of a block depends on the order of its two layers, the cases
>, = and < are checked one by one. The definitions are

    Inv(i, j) = (-1)^(i-j) P(i, j) for i >= j, else 0                        (M3)
    A(i, j)   = Σ_m Φ_im L_m Inv(m, j), with Φ_ii = I and Φ_i,i-1 = φ^(i-1)  (the definition A = Φ Λ Φ⁻¹)
    W(i, j)   = A(i, j) for i > j
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import sympy as sp

from derivations.formulas.counterexamples import Counterexample, Instance, disagreement, instances, search
from derivations.formulas.indices import Index, Region
from derivations.formulas.shapes import check, region
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
    parts,
)
from derivations.proof.algebra import eigenvalues, path, phi, sign
from derivations.proof.rules import normal_form

PROVEN, REFUTED, UNDECIDED = "PROVEN", "REFUTED", "UNDECIDED"
MOST_CASES = 1000
"""Choices of the indices at a chosen depth, or orders of layers, that are checked."""
MOST_PRODUCTS = 6000
"""Products of two terms that a proof may expand; a power of a long sum has more than any use."""

Blocks = dict[tuple[int, int], sp.Expr]
"""The blocks of a whole matrix that are not 0."""


class Contradiction(AssertionError):
    """A proof and an exact example disagree: an error of this program, never an answer."""


class _Undecided(Exception):
    """The proof cannot go on; the message says why."""


@dataclass(frozen=True)
class Verdict:
    """The answer, with what it rests on.

    Attributes
    ----------
    status : `PROVEN`, `REFUTED` or `UNDECIDED`.
    scope : the depths and widths that the formula speaks of.
    cases : the cases whose normal form was found to be 0, all of them where the status is PROVEN.
    networks : exact random networks that agree with a proof.
    reason : why nothing was decided.
    """

    status: str
    formula: Formula
    scope: str
    cases: tuple[str, ...] = ()
    networks: int = 0
    counterexample: Counterexample | None = None
    reason: str = ""


@dataclass(frozen=True)
class _Case:
    """A part of the admitted indices in which the order of the layers of every block is known."""

    name: str
    region: Region
    replaced: dict[str, Index]
    instance: Instance | None = None


def decide(formula: Formula) -> Verdict:
    """PROVEN, REFUTED or UNDECIDED; raises `FormulaError` where the formula is not well formed."""
    check(formula)
    scope = "every depth and width" if formula.depth is None else f"B = {formula.depth}, every width"
    proven: list[str] = []
    suspects: Iterator[Instance] = instances(formula)
    try:
        budget = _Budget()
        for case in _cases(formula):
            if not _holds(formula, case, budget):
                if case.instance is not None:
                    suspects = iter((case.instance,))
                reason = f"left - right does not reduce to 0{f' where {case.name}' * bool(case.name)}"
                break
            proven.append(case.name)
        else:
            networks, failed = disagreement(formula)
            if failed is not None:
                raise Contradiction(f"{formula} was proven, and fails: {'; '.join(failed.lines())}")
            if networks:
                return Verdict(PROVEN, formula, scope, tuple(proven), networks)
            return Verdict(
                UNDECIDED, formula, scope, reason="no choice of layers within reach satisfies the conditions"
            )
    except _Undecided as error:
        reason = str(error)
    counterexample = search(formula, suspects)
    if counterexample is not None:
        return Verdict(REFUTED, formula, scope, tuple(proven), counterexample=counterexample)
    reason += ", and no network of small numbers contradicts the formula"
    return Verdict(UNDECIDED, formula, scope, tuple(proven), reason=reason)


# --- cases ------------------------------------------------------------------------------------------------------------


def _cases(formula: Formula) -> Iterator[_Case]:
    chosen = [] if formula.depth is None else list(islice(instances(formula), MOST_CASES + 1))
    if formula.depth is None or len(chosen) > MOST_CASES:
        # Symbols do for a chosen depth as well, where there are too many choices to check each.
        pairs = [n.layers for n in parts(formula) if isinstance(n, Block) and n.name in ("A", "Inv")]
        for count, case in enumerate(_split(region(formula), pairs, ())):
            if count == MOST_CASES:
                raise _Undecided(f"there are more than {MOST_CASES} orders of the layers")
            yield case
        return
    for instance in chosen:
        values = {name: Index((), number) for name, number in instance.indices}
        name = ", ".join(f"{name} = {number}" for name, number in instance.indices)
        yield _Case(name, Region(), values, instance)


def _split(admitted: Region, pairs: list[tuple[Index, ...]], names: tuple[str, ...]) -> Iterator[_Case]:
    """The cases >, = and < of every pair whose order the conditions do not give."""
    if not pairs:
        replaced = admitted.equations()
        yield _Case(", ".join(names), admitted.at(replaced), replaced)
        return
    (a, b), *others = pairs
    rows = {">": (a - b - 1,), "=": (a - b, b - a), "<": (b - a - 1,)}
    if any(all(map(admitted.implies, row)) for row in rows.values()):
        yield from _split(admitted, others, names)
        return
    for relation, row in rows.items():
        if not (part := admitted.also(*row)).empty():
            yield from _split(part, others, (*names, f"{a} {relation} {b}"))


# --- normal forms -----------------------------------------------------------------------------------------------------


class _Budget:
    """Counts products of terms, so that a formula of one line cannot keep the machine busy for hours."""

    def __init__(self) -> None:
        self.left = MOST_PRODUCTS

    def product(self, a: sp.Expr, b: sp.Expr) -> sp.Expr:
        self.left -= len(sp.Add.make_args(a)) * len(sp.Add.make_args(b))
        if self.left < 0:
            raise _Undecided(f"the proof needs more than {MOST_PRODUCTS} products of terms")
        return normal_form(a * b)


def _holds(formula: Formula, case: _Case, budget: _Budget) -> bool:
    reading = _Reading(case, formula.depth, budget)
    remainder = reading.plus(reading.value(formula.left), reading.times(sp.Integer(-1), reading.value(formula.right)))
    blocks = remainder.values() if isinstance(remainder, dict) else [remainder]
    return all(normal_form(block) == 0 for block in blocks)


@dataclass(frozen=True)
class _Reading:
    """The terms of a formula in the path algebra; a number stands for that multiple of the identity."""

    case: _Case
    depth: int | None
    budget: _Budget

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
        if self.case.region.implies(b - a - 1):
            return sp.Integer(0)
        if not self.case.region.implies(a - b):
            raise _Undecided(f"the order of layers {a} and {b} is not known")
        inverse = sign(i - j) * path(i, j)
        if node.name == "Inv":
            return inverse
        if self.case.region.equal(a, b):
            return eigenvalues(i) * inverse
        if not self.case.region.implies(a - b - 1):
            raise _Undecided(f"the order of layers {a} and {b} is not known")
        return eigenvalues(i) * inverse + phi(i - 1) * eigenvalues(i - 1) * sign(i - 1 - j) * path(i - 1, j)

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
