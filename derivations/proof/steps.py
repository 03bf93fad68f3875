"""One step of a proof: what it claims, as it was stated, and the rule that decides it."""

from dataclasses import dataclass, replace
from typing import Any

import sympy as sp

from derivations.proof.claims import Assumption, Claim
from derivations.proof.rules import normal_form
from derivations.proof.stated import Term, once, without_idle
from derivations.proof.windows import reindexed

RULES = {
    "algebra": "both sides have one normal form: multiplied out, paths joined, inverses cancelled, signs reduced modulo 2",
    "induction": "base or step of an induction; each has its normal form",
    "program": "the program, run on symbols, gives this normal form",
    "reverse accumulation": "the derivative that reverse accumulation makes of the program has this normal form",
    "differentiation": "SymPy's derivative of an elementary function has this normal form",
    "convention": "the value chosen at a kink or a boundary has this normal form",
    "rational": "equal as rational functions, where no denominator is 0",
    "definition": "two lists, or two sets, have the same members",
    "decided": "a sign, or that something does not occur, which SymPy's assumptions decide",
    "bound": "an inequality between exact rational numbers",
    "reindexing": "equal once sums over all integers are renamed by shears and deltas have picked their terms (`windows`)",
    "error analysis": "the same, the left number computed by `rounding` from the printed lines",
}


DECIDED = {">": "is_positive", ">=": "is_nonnegative", "<": "is_negative", "<=": "is_nonpositive", "!=": "is_nonzero"}
"""How SymPy calls the sign of a difference."""
RELATIONS = {
    **dict.fromkeys(RULES, ("=",)),
    "decided": (*DECIDED, "without"),
    "bound": ("<=",),
    "error analysis": ("<=",),
}
"""The relations that each rule shows; a step with another one is refused."""


@dataclass(frozen=True)
class Step:
    """One claim: `left relation right`, both sides as they were stated.

    Parameters
    ----------
    rule, claim : how it is checked; a caption for readers, which nothing reads.
    left, right : expressions with their definitions (`stated`), lists, or numbers.
    cites : theorems. given : assumptions and proven claims that turn one side into the other.
    part : the claim that it serves. where : the indices of that claim, each with its value in this case.
    """

    rule: str
    claim: str
    left: Any
    right: Any
    cites: tuple[str, ...] = ()
    relation: str = "="
    given: tuple[Assumption | Claim, ...] = ()
    part: str = ""
    where: tuple[tuple[sp.Symbol, sp.Expr], ...] = ()

    @property
    def empty(self) -> bool:
        """Whether both sides are written alike before anything is done, so that the step says nothing."""
        return self.relation == "=" and not isinstance(self.left, tuple) and bool(self.left == self.right)

    @property
    def assumed(self) -> set[Assumption]:
        """The assumptions that it is given, by themselves or by a claim that was proven under them."""
        return {one for known in self.given for one in (known.assumes if isinstance(known, Claim) else (known,))}

    def states(self, known: Assumption | Claim) -> bool:
        """Whether it says what it is given and nothing else."""
        return {without_idle(self.left), without_idle(self.right)} == {known.left, known.right}

    def needs(self, known: Assumption | Claim) -> bool:
        """Whether it does not hold without this one."""
        try:
            return bool(replace(self, given=tuple(one for one in self.given if one != known)).remainder() != 0)
        except ValueError:  # a recursion that nothing unfolds
            return True

    @property
    def denominators(self) -> tuple[sp.Expr, ...]:
        """What it divides by and may be 0 for all that is known: it is shown where none of these is 0."""
        forms = [form for side in (self.left, self.right) for form in self.chain(side) if isinstance(form, sp.Basic)]
        powers = {power for form in forms for power in form.atoms(sp.Pow) if power.exp.could_extract_minus_sign()}
        bases = {power.base for power in powers if power.base.is_zero is not False and not power.base.has(Term)}
        return tuple(sorted(bases, key=str))

    def remainder(self) -> Any:
        """0 if the step holds by its rule; else what is left over."""
        if self.relation not in RELATIONS[self.rule]:
            return f"the rule {self.rule!r} does not show {self.relation!r}"
        left, right = (self.meaning(side) for side in (self.left, self.right))
        if self.rule == "definition":
            return 0 if left == right and type(left) is type(right) else f"{left} is not {right}"
        if self.rule == "decided":  # undecided, `None`, fails as `False` does
            return 0 if self._decided(left, right) is True else f"{left} {self.relation} {right} is not decided"
        if self.rule in ("bound", "error analysis"):
            return 0 if left.is_Rational and right.is_Rational and left <= right else f"{left} > {right}"
        if self.rule == "reindexing":
            return normal_form(reindexed(left) - reindexed(right))
        if self.rule == "rational":
            return sp.cancel(left - right)
        rest = normal_form(left - right)
        for known in self.given:
            rest = normal_form(known.used(rest))
        return rest

    def meaning(self, side: Any) -> Any:
        """What a side stands for, without any term, by what is given."""
        return self.chain(side)[-1] if self.given or (isinstance(side, sp.Basic) and side.has(Term)) else side

    def chain(self, side: Any) -> tuple[Any, ...]:
        """A side as it was stated, and every form of it, with what is given, down to what it stands for."""
        chain = [side]
        while isinstance(chain[-1], sp.Basic):
            following = chain[-1]
            for known in self.given:
                following = known.used(following)
            chain.append(following)
            if not following.has(Term):
                break
            chain.append(once(following))
        return tuple(form for at, form in enumerate(chain) if at == 0 or form != chain[at - 1])

    def _decided(self, left: Any, right: Any) -> bool | None:
        if self.relation == "without":
            return not left.has(right)
        forms = (left - right, sp.expand(left - right), sp.factor(left - right))
        return next((truth for form in forms if (truth := getattr(form, DECIDED[self.relation])) is not None), None)
