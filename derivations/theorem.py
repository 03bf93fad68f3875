"""Theorems, proofs and certificates.

A `Theorem` carries a statement and an argument. The argument receives a `Proof` and may only state
claims through its methods; every method checks its claim and raises `ProofError` where it does not
hold. Nothing prints and goes on. The `Certificate` of a finished proof lists each step with its rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction

import sympy as sp

from derivations.algebra import normal_form

EVERY_SIZE = "every depth and width"


class ProofError(AssertionError):
    """A step of a proof does not hold; the message names the theorem, the claim and the remainder."""


@dataclass(frozen=True)
class Step:
    """One checked claim and the rule that checked it."""

    rule: str
    claim: str


@dataclass(frozen=True)
class Certificate:
    """The record of a finished proof, as written to `certificates.json`."""

    id: str
    title: str
    statement: str
    assumptions: tuple[str, ...]
    scope: str
    method: str
    reference: str
    steps: tuple[Step, ...]


@dataclass
class Proof:
    """Collects the steps of one argument and refuses every step that does not hold."""

    theorem: str
    steps: list[Step] = field(default_factory=list)

    def equal(
        self, claim: str, left: sp.Expr, right: sp.Expr, rule: str = "algebra", *, simplify: bool = False
    ) -> None:
        """Both sides have one normal form (path products joined, signs reduced, expanded).

        `simplify` lets SymPy's simplification finish where expansion does not (quotients of exponentials).
        """
        remainder = normal_form(sp.sympify(left) - sp.sympify(right))
        if remainder != 0 and simplify:
            remainder = sp.simplify(remainder)
        if remainder != 0:
            raise ProofError(f"{self.theorem}: {claim}: left - right = {remainder}, not 0")
        self.steps.append(Step(rule, claim))

    def true(self, claim: str, condition: object, rule: str = "definition") -> None:
        """A condition that is decided, not merely plausible: `None` (undecided) fails as `False` does."""
        if condition is not True and condition is not sp.true:
            raise ProofError(f"{self.theorem}: {claim}: the condition is {condition}, not true")
        self.steps.append(Step(rule, claim))

    def at_most(self, claim: str, value: Fraction, bound: Fraction, rule: str = "comparison") -> None:
        """A comparison of two rational numbers, decided exactly."""
        if not value <= bound:
            raise ProofError(f"{self.theorem}: {claim}: {float(value):.9g} is more than {float(bound):.9g}")
        self.steps.append(Step(rule, claim))

    def same(self, claim: str, left: Iterable[object], right: Iterable[object], rule: str = "structure") -> None:
        """Two collections hold the same members."""
        left, right = sorted(map(str, left)), sorted(map(str, right))
        if left != right:
            raise ProofError(f"{self.theorem}: {claim}: {left} is not {right}")
        self.steps.append(Step(rule, claim))

    def recurrence(
        self,
        claim: str,
        *,
        first: sp.Expr,
        advance: Callable[[sp.Expr, sp.Expr], sp.Expr],
        closed: Callable[[sp.Expr], sp.Expr],
        over: str,
    ) -> None:
        """Induction over n = 0, 1, ...: what starts at `first` and goes from n to n+1 by `advance` is `closed(n)`.

        The step advances the closed form itself, so base and step cannot speak of different things.
        """
        n = sp.Symbol(over, integer=True, nonnegative=True)
        self.equal(f"{claim} [base]", first, closed(sp.Integer(0)), rule=f"induction over {over}: base")
        self.equal(f"{claim} [step]", advance(closed(n), n), closed(n + 1), rule=f"induction over {over}: step")


@dataclass(frozen=True)
class Theorem:
    """A statement with the argument that proves it.

    Parameters
    ----------
    id : name in `mathematics` notation, e.g. ``M8``; variants carry a suffix, ``M8.direct``.
    title, statement : one phrase; the formula in plain text.
    assumptions : what the argument uses besides definitions.
    method : how the argument reaches every size (induction, indices, termwise differentiation).
    reference : where the formula was published, or ``this project``.
    argument : function of a `Proof`.
    """

    id: str
    title: str
    statement: str
    method: str
    argument: Callable[[Proof], None]
    assumptions: tuple[str, ...] = ()
    reference: str = "this project"
    scope: str = EVERY_SIZE

    def prove(self) -> Certificate:
        """Run the argument; raises `ProofError` at the first step that fails."""
        proof = Proof(self.id)
        try:
            self.argument(proof)
        except (ValueError, LookupError, StopIteration, TypeError) as error:
            # A derivation that is not even well formed is not proven, and must not stop the others from being checked.
            raise ProofError(f"{self.id}: {type(error).__name__}: {error}") from error
        if not proof.steps:
            raise ProofError(f"{self.id}: the argument states no claim")
        return Certificate(
            self.id,
            self.title,
            self.statement,
            self.assumptions,
            self.scope,
            self.method,
            self.reference,
            tuple(proof.steps),
        )
