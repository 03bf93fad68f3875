"""Theorems, proofs and certificates.

A `Theorem` carries a statement and an argument. The argument receives a `Proof` and may only state claims through
it; each becomes a `Step` that `rules` checks, and the first that does not hold raises `ProofError`. Nothing prints and
goes on. The `Certificate` of a finished proof holds every step with its formulas, so it can be checked again by
itself, and text made from it cannot part from what was proven.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from typing import Any

import sympy as sp

from derivations.proof.agreement import served, unlike_assumptions, unproven
from derivations.proof.block_shapes import check_shapes
from derivations.proof.capture import check_sums
from derivations.proof.certificates import Certificate
from derivations.proof.claims import Assumption, Case, Claim, Recursion, induction
from derivations.proof.facts import listed
from derivations.proof.programs import Program
from derivations.proof.scopes import quantified, unsupported
from derivations.proof.stated import Definition, Term
from derivations.proof.steps import RULES, Step
from derivations.proof.wording import sentence

EVERY_SIZE = "every depth and width"


class ProofError(AssertionError):
    """A step of a proof does not hold; the message names the theorem, the claim and the remainder."""


@dataclass
class Proof:
    """Collects the steps of one argument and refuses every step that does not hold.

    Parameters
    ----------
    listed : whether the theorem lists its claims. If not, the argument states them: each of its formulas is one.
    """

    theorem: str
    steps: list[Step] = field(default_factory=list)
    programs: list[Program] = field(default_factory=list)
    inductions: list[Claim] = field(default_factory=list)
    borrowed: list[tuple[Step, Claim]] = field(default_factory=list)
    listed: bool = False
    stated: list[Claim] = field(default_factory=list)

    def step(self, step: Step) -> None:
        if step.rule not in RULES:
            raise ProofError(f"{self.theorem}: {step.claim}: there is no rule {step.rule!r}")
        if step.empty:
            raise ProofError(f"{self.theorem}: {step.claim}: both sides are written alike, {step.left}")
        try:
            for side in (step.left, step.right):
                chain = step.chain(side)
                check_shapes(chain)
                for form in chain:
                    check_sums(form, step.meaning)
        except ValueError as error:
            raise ProofError(f"{self.theorem}: {step.claim}: {error}") from error
        remainder = step.remainder()
        if remainder != 0:
            what = remainder if isinstance(remainder, str) else f"left - right = {remainder}, not 0"
            raise ProofError(f"{self.theorem}: {step.claim}: {what}")
        for known in step.given:
            if not step.needs(known):
                raise ProofError(f"{self.theorem}: {step.claim}: it holds without {_named(known)}")
            if step.states(known):
                raise ProofError(f"{self.theorem}: {step.claim}: it says {_named(known)} and nothing else")
            if isinstance(known, Claim) and not self.proven(known):
                if not step.cites:
                    raise ProofError(f"{self.theorem}: {step.claim}: {known.name!r} is used and not proven before")
                self.borrowed.append((step, known))
        self.steps.append(step)

    def says(self, step: Step) -> None:
        """A formula of the argument: a claim of its theorem, or a lemma where the theorem lists its claims."""
        if self.listed:
            self.step(step)
            return
        name, names = step.claim, {claim.name for claim in self.stated}
        name = next(n for n in (name, *(f"{name} ({at})" for at in range(2, len(names) + 3))) if n not in names)
        assumes = tuple(sorted(step.assumed, key=str))
        self.step(replace(step, part=name))
        self.stated.append(
            Claim(name, step.left, step.right, words=f"{step.claim}:", relation=step.relation, assumes=assumes)
        )

    def proven(self, claim: Claim) -> bool:
        """Whether the steps so far prove a claim."""
        return claim in self.inductions or not claim.uncovered(served(claim, self.steps))

    def equal(
        self,
        claim: str,
        left: Any,
        right: Any,
        rule: str = "algebra",
        cites: Iterable[str] = (),
        given: tuple[Assumption | Claim, ...] = (),
    ) -> None:
        """Both sides are equal by the rule, with the help of the theorems it cites and the assumptions given."""
        self.says(Step(rule, claim, sp.sympify(left), sp.sympify(right), tuple(cites), given=given))

    def compare(self, claim: str, left: Any, relation: str, right: Any = 0) -> None:
        """left > right, or with >=, <, <=, !=: the sign of the difference is decided, not merely plausible."""
        self.says(Step("decided", claim, sp.sympify(left), sp.sympify(right), relation=relation))

    def without(self, claim: str, expression: Any, what: sp.Expr) -> None:
        """`what` does not occur in the expression."""
        self.says(Step("decided", claim, sp.sympify(expression), what, relation="without"))

    def same(self, claim: str, fact: Term, expected: Iterable[object]) -> None:
        """A fact (`facts`) is the expected list: the same members in the same order, or of a set the same members."""
        if not isinstance(fact, Term):
            raise ProofError(
                f"{self.theorem}: {claim}: {fact!r} is no fact about a program, and could be the list itself"
            )
        self.step(Step("definition", claim, fact, listed(expected)))

    def at_most(self, claim: str, left: Any, right: Any, rule: str = "bound", cites: Iterable[str] = ()) -> None:
        """left <= right, both exact rational numbers."""
        if not isinstance(left, int | Fraction | sp.Rational) or not isinstance(right, int | Fraction | sp.Rational):
            raise ProofError(f"{self.theorem}: {claim}: {left!r} and {right!r} are not both exact")
        self.says(Step(rule, claim, sp.Rational(left), sp.Rational(right), tuple(cites), "<="))

    def reads(self, program: Program) -> None:
        """The argument is about this program: kernels that are printed from it, and from no other, may cite the theorem."""
        self.programs.append(program)

    def case(
        self,
        claim: Claim,
        *cases: Case,
        rule: str = "algebra",
        cites: Iterable[str] = (),
        given: tuple[Assumption | Claim, ...] = (),
    ) -> None:
        """The claim in some of its cases: each gives indices of the claim a value. Without indices there is one case."""
        if more := Step(rule, "", 0, 0, given=given).assumed - set(claim.assumes):
            raise ProofError(f"{self.theorem}: {claim.name} does not say that it assumes {', '.join(map(str, more))}")
        for case in cases or ({},):
            left, right = claim.at(case)
            named = ", ".join(f"{name} = {value}" for name, value in case.items())
            caption = f"{claim.name}, {named}" if named else claim.name
            where = tuple((name, sp.sympify(value)) for name, value in case.items())
            self.step(Step(rule, caption, left, right, tuple(cites), claim.relation, given, claim.name, where))
        self._stated(claim)

    def _stated(self, claim: Claim) -> None:
        """An argument that states its claims states this one; the parts of an induction belong to it."""
        if not self.listed and claim not in self.stated:
            self.stated.append(claim)

    def induction(
        self,
        claim: Claim,
        recursion: Recursion,
        closed: Definition,
        n: sp.Symbol,
        base: Cases = ({},),
        step: Cases = ({},),
    ) -> None:
        """The claim that the members of a recursion are `closed`: its first member, and from n to n + 1, in cases."""
        first, following = induction(recursion, closed, claim, n)
        for part, cases in ((first, base), (following, step)):
            self.case(part, *cases, rule="induction")
            if gap := part.uncovered(cases):
                raise ProofError(f"{self.theorem}: {gap}")
        self.stated = [known for known in self.stated if known not in (first, following)]
        self._stated(claim)
        self.inductions.append(claim)


Cases = tuple[Case, ...]


@dataclass(frozen=True)
class Theorem:
    """What is claimed, with the argument that proves it.

    Parameters
    ----------
    id : name in `mathematics` notation, e.g. ``M8``; variants carry a suffix, ``M8.direct``.
    title : one phrase.
    claims : what is claimed, from which the sentence is made; steps made by `Proof.case` serve them, in all cases. Of a
        theorem that lists none, the formulas of its argument are the claims.
    states : how many claims the argument states, where none are listed.
    words : the theorem in a reader's words, where its claims are not listed. Nothing checks them.
    assumptions : what the argument uses besides definitions; an `Assumption` must be given to a step, a sentence is for readers.
    method : how the argument reaches every size (induction, indices, termwise differentiation).
    reference : where the formula was published, or ``this project``.
    argument : function of a `Proof`.
    scope : what it holds for; the steps must quantify over it.
    by_definition : whether it says what a program is, so that it is a definition and counted apart.
    """

    id: str
    title: str
    words: str = ""
    method: str = ""
    argument: Callable[[Proof], None] = lambda proof: None
    assumptions: tuple[str | Assumption, ...] = ()
    reference: str = "this project"
    scope: str = EVERY_SIZE
    claims: tuple[Claim, ...] = ()
    by_definition: bool = False
    states: int | None = None

    def prove(self) -> Certificate:
        """Run the argument and compare it with the claim; raises `ProofError` at the first step that fails."""
        proof = Proof(self.id, listed=bool(self.claims))
        try:
            self.argument(proof)
            problems = self._problems(proof)
        except (ValueError, LookupError, StopIteration, TypeError, AttributeError) as error:
            # A derivation that is not even well formed is not proven, and must not stop the others from being checked.
            raise ProofError(f"{self.id}: {type(error).__name__}: {error}") from error
        if problems:
            raise ProofError(f"{self.id}: {problems[0]}")
        claims = self.claims or tuple(proof.stated)
        return Certificate(
            self.id,
            self.title,
            sentence(claims, proof.steps),
            tuple(map(str, self.assumptions)),
            self.scope,
            self.method,
            self.reference,
            tuple(proof.steps),
            claims,
            tuple(proof.programs),
            self.by_definition,
            module_of(self.argument),
            tuple(assumption for assumption in self.assumptions if isinstance(assumption, Assumption)),
            tuple(proof.borrowed),
            self.words,
        )

    def _problems(self, proof: Proof) -> list[str]:
        """Where steps and claim do not meet."""
        found = [] if proof.steps else ["the argument states no claim"]
        if self.claims and self.words:
            found.append("the sentence is made from the claims; there is no other statement")
        if self.states not in (None, len(proof.stated)):
            found.append(f"{len(proof.stated)} claims are stated, and the theorem has {self.states}")
        found += unproven(self.claims or proof.stated, proof.inductions, proof.steps)
        found += unlike_assumptions(self.assumptions, proof.steps)
        words = unsupported(self.scope, quantified(proof.steps, proof.programs))
        found += [f"the scope says every {word}, and no step quantifies over it" for word in words]
        return found


def module_of(argument: Callable[..., Any]) -> str:
    """The module that an argument is written in, behind `partial`."""
    while isinstance(argument, partial):
        argument = argument.func
    return argument.__module__


def _named(known: Assumption | Claim) -> str:
    """What a message calls an assumption or a claim."""
    return f"the claim {known.name!r}" if isinstance(known, Claim) else str(known)
