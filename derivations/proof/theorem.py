"""Theorems, proofs and certificates.

A `Theorem` carries a statement and an argument. The argument receives a `Proof` and may only state claims through
it; each becomes a `Step` that `rules` checks, and the first that does not hold raises `ProofError`. Nothing prints and
goes on. The `Certificate` of a finished proof holds every step with its formulas, so it can be checked again by
itself, and text made from it cannot part from what was proven.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import sympy as sp

from derivations.proof.rules import RULES, Step, induction

EVERY_SIZE = "every depth and width"


class ProofError(AssertionError):
    """A step of a proof does not hold; the message names the theorem, the claim and the remainder."""


@dataclass
class Proof:
    """Collects the steps of one argument and refuses every step that does not hold."""

    theorem: str
    steps: list[Step] = field(default_factory=list)

    def step(self, step: Step) -> None:
        if step.rule not in RULES:
            raise ProofError(f"{self.theorem}: {step.claim}: there is no rule {step.rule!r}")
        remainder = step.remainder()
        if remainder != 0:
            what = remainder if isinstance(remainder, str) else f"left - right = {remainder}, not 0"
            raise ProofError(f"{self.theorem}: {step.claim}: {what}")
        self.steps.append(step)

    def equal(self, claim: str, left: Any, right: Any, rule: str = "algebra", cites: Iterable[str] = ()) -> None:
        """Both sides are equal by the rule, with the help of the theorems it cites."""
        self.step(Step(rule, claim, sp.sympify(left), sp.sympify(right), tuple(cites)))

    def zero(
        self, claim: str, block: Callable[..., Any], *at: Any, rule: str = "algebra", cites: Iterable[str] = ()
    ) -> None:
        """A block is 0 at a place. The claim names the place, since the formula, 0 = 0, cannot say where it holds."""
        self.equal(f"{claim}, at {', '.join(map(str, at))}", block(*at), 0, rule, cites)

    def true(self, claim: str, condition: object, rule: str = "decided") -> None:
        """A condition that is decided, not merely plausible: `None` (undecided) fails as `False` does."""
        self.step(Step(rule, claim, True if condition is sp.true else condition, True))

    def same(self, claim: str, left: Iterable[object], right: Iterable[object]) -> None:
        """Two lists hold the same members in the same order, two sets the same members."""
        sides: list[Any] = [
            tuple(s) if isinstance(s, list | tuple) else tuple(sorted(s, key=str)) for s in (left, right)
        ]
        self.step(Step("definition", claim, *sides))

    def at_most(self, claim: str, left: Any, right: Any, rule: str = "bound", cites: Iterable[str] = ()) -> None:
        """left <= right, both exact rational numbers."""
        if not isinstance(left, int | Fraction | sp.Rational) or not isinstance(right, int | Fraction | sp.Rational):
            raise ProofError(f"{self.theorem}: {claim}: {left!r} and {right!r} are not both exact")
        self.step(Step(rule, claim, sp.Rational(left), sp.Rational(right), tuple(cites)))

    def recurrence(
        self, claim: str, *, first: Any, advance: Callable[[Any, Any], Any], closed: Callable[[Any], Any], over: str
    ) -> None:
        """The sequence that starts at `first` and goes from n to n + 1 by `advance` is `closed(n)`."""
        for step in induction(claim, over, first, advance, closed):
            self.step(step)


@dataclass(frozen=True)
class Certificate:
    """The record of a finished proof."""

    id: str
    title: str
    statement: str
    assumptions: tuple[str, ...]
    scope: str
    method: str
    reference: str
    steps: tuple[Step, ...]

    @property
    def cites(self) -> tuple[str, ...]:
        """The theorems that its steps use, in order of first use."""
        return tuple(dict.fromkeys(name for step in self.steps for name in step.cites))

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules that its steps were checked by."""
        return tuple(sorted({step.rule for step in self.steps}))

    @property
    def symbols(self) -> dict[str, tuple[str, ...]]:
        """The assumptions about symbols in the formulas: assumption (integer, positive, ...) -> names."""
        formulas = [side for step in self.steps for side in (step.left, step.right) if isinstance(side, sp.Basic)]
        assumed = {(_assumed(symbol), str(symbol)) for formula in formulas for symbol in formula.atoms(sp.Symbol)}
        return {what: tuple(n for w, n in sorted(assumed) if w == what) for what, _ in sorted(assumed) if what}


def _assumed(symbol: sp.Symbol) -> str:
    """The assumptions a symbol was made with."""
    given = symbol.assumptions0 if isinstance(symbol, sp.Dummy) else symbol._assumptions_orig
    return ", ".join(
        f"{'' if truth else 'not '}{name}" for name, truth in sorted(given.items()) if name != "commutative"
    )


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
        except (ValueError, LookupError, StopIteration, TypeError, AttributeError) as error:
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
