"""Decides a formula: PROVEN by the normal form of left - right, REFUTED by numbers, or UNDECIDED.

A proof covers every admitted choice of the indices. For a chosen depth these are finitely many, and each is checked. For
a symbolic depth (or more than 1000 choices) the indices stay symbols; where the meaning of a block depends on the order of
its two layers, or of their distance and k, the cases >, = and < are checked one by one. The definitions are

    N^k(i, j) = P(i, j) for i - j = k, else 0                                (M1)
    Inv(i, j) = (-1)^(i-j) P(i, j) for i >= j, else 0                        (M3)
    A(i, j)   = Σ_m Φ_im L_m Inv(m, j), with Φ_ii = I and Φ_i,i-1 = φ^(i-1)  (the definition A = Φ Λ Φ⁻¹)
    W(i, j)   = A(i, j) for i > j
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from derivations.formulas.counterexamples import Counterexample, Instance, disagreement, instances, search
from derivations.formulas.normal_forms import Budget, Case, Undecided, holds
from derivations.formulas.shapes import check, region
from derivations.formulas.syntax import Block, Formula, parts
from derivations.proof.indices import Index, Region

PROVEN, REFUTED, UNDECIDED = "PROVEN", "REFUTED", "UNDECIDED"
MOST_CASES = 1000
"""Choices of the indices at a chosen depth, or orders of layers, that are checked."""


class Contradiction(AssertionError):
    """A proof and an exact example disagree: an error of this program, never an answer."""


@dataclass(frozen=True)
class Verdict:
    """The answer and its reasons.

    Attributes
    ----------
    status : `PROVEN`, `REFUTED` or `UNDECIDED`.
    scope : the depths and widths that the formula covers.
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


def decide(formula: Formula) -> Verdict:
    """PROVEN, REFUTED or UNDECIDED; raises `FormulaError` where the formula is not well formed."""
    check(formula)
    scope = "every depth and width" if formula.depth is None else f"B = {formula.depth}, every width"
    proven: list[str] = []
    suspects: Iterator[Instance] = instances(formula)
    try:
        budget = Budget()
        for case in _cases(formula):
            if not holds(formula, case, budget):
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
    except Undecided as error:
        reason = str(error)
    counterexample = search(formula, suspects)
    if counterexample is not None:
        return Verdict(REFUTED, formula, scope, tuple(proven), counterexample=counterexample)
    reason += ", and no network of small numbers contradicts the formula"
    return Verdict(UNDECIDED, formula, scope, tuple(proven), reason=reason)


# --- cases ------------------------------------------------------------------------------------------------------------


def _cases(formula: Formula) -> Iterator[Case]:
    chosen = [] if formula.depth is None else list(islice(instances(formula), MOST_CASES + 1))
    if formula.depth is None or len(chosen) > MOST_CASES:
        # Symbols do for a chosen depth as well, where there are too many choices to check each.
        blocks = [n for n in parts(formula) if isinstance(n, Block)]
        pairs: list[tuple[Index, ...]] = [n.layers for n in blocks if n.name in ("A", "Inv")]
        pairs += [(n.layers[0] - n.layers[1], n.power) for n in blocks if n.power is not None]
        for count, case in enumerate(_split(region(formula), pairs, ())):
            if count == MOST_CASES:
                raise Undecided(f"there are more than {MOST_CASES} orders of the layers")
            yield case
        return
    for instance in chosen:
        values = {name: Index((), number) for name, number in instance.indices}
        name = ", ".join(f"{name} = {number}" for name, number in instance.indices)
        yield Case(name, Region(), values, instance)


def _split(admitted: Region, pairs: list[tuple[Index, ...]], names: tuple[str, ...]) -> Iterator[Case]:
    """The cases >, = and < of every pair whose order the conditions do not give."""
    if not pairs:
        replaced = admitted.equations()
        yield Case(", ".join(names), admitted.at(replaced), replaced)
        return
    (a, b), *others = pairs
    rows = {">": (a - b - 1,), "=": (a - b, b - a), "<": (b - a - 1,)}
    if any(all(map(admitted.implies, row)) for row in rows.values()):
        yield from _split(admitted, others, names)
        return
    for relation, row in rows.items():
        if not (part := admitted.also(*row)).empty():
            yield from _split(part, others, (*names, f"{a} {relation} {b}"))
