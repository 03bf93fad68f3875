"""What a theorem claims, as a structure: sides, indices, conditions, the cases of an argument, its induction.

The sentence that people read is made from a `Claim`, and so are the sides of each step that serves it; an author only says
in which case. That the cases cover all indices is decided by linear arithmetic over whole numbers (`indices`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import sympy as sp

from derivations.proof.coverage import Case, allowed, gap, index, least
from derivations.proof.stated import Definition, Term, forms


@dataclass(frozen=True)
class Assumption:
    """An equation that a proof may use where it says so: `left`, wherever it occurs, is `right`.

    Parameters
    ----------
    reason : why it may be assumed, for readers; it follows the equation wherever this is printed.
    """

    left: sp.Expr
    right: sp.Expr
    reason: str = ""

    def __post_init__(self) -> None:
        if self.left.is_number or not self.right.free_symbols <= self.left.free_symbols:
            raise ValueError(f"{self.left} = {self.right} replaces a number, or names what its left side does not")

    def used(self, expression: Any) -> Any:
        """The expression by the assumption."""
        if not isinstance(expression, sp.Basic):
            return expression
        return expression.xreplace({self.left: self.right})

    def __str__(self) -> str:
        """The equation, and for which values of its symbols it is assumed."""
        ranges = [f"{symbol} > 0" for symbol in sorted(self.left.free_symbols, key=str) if symbol.is_positive]
        equation = f"{self.left} = {self.right}" + f" for {', '.join(ranges)}" * bool(ranges)
        return f"{equation}: {self.reason}" if self.reason else equation


@dataclass(frozen=True)
class Claim:
    """`left = right` for all whole numbers `over` with every one of `where` >= 0.

    Parameters
    ----------
    name : by which steps and certificates refer to it.
    words : in front of the formula in a sentence.
    kind : of a layer that a program is run on (hidden or last; behind a hidden layer or the input); all must be claimed.
    assumes : what the steps that serve it may use; who uses the claim assumes it too.
    """

    name: str
    left: Any
    right: Any
    over: tuple[sp.Symbol, ...] = ()
    where: tuple[sp.Expr, ...] = ()
    words: str = ""
    relation: str = "="
    kind: tuple[bool, bool] | None = None
    assumes: tuple[Assumption, ...] = ()

    def at(self, case: Case) -> tuple[Any, Any]:
        """Both sides in one case."""
        return tuple(_placed(side, case) for side in (self.left, self.right))

    def used(self, expression: Any) -> Any:
        """The expression with every term of the left side's definition written as the right side says."""
        head = self.left
        if not self.usable:
            raise ValueError(f"{self.name} does not say what a term at distinct indices is equal to")
        if not isinstance(expression, sp.Basic):
            return expression
        return expression.replace(
            lambda e: isinstance(e, Term) and e.definition == head.definition,
            lambda e: self._instance(e.args[1:]),
        )

    @property
    def usable(self) -> bool:
        """Whether the left side is one term at distinct indices, all that the claim has, and the relation is `=`."""
        names = self.left.args[1:] if isinstance(self.left, Term) else ()
        return self.relation == "=" and bool(names) and len(set(names)) == len(names) and set(names) == {*self.over}

    def _instance(self, values: tuple[Any, ...]) -> Any:
        """The right side at these indices; that they are indices of the claim, and meet its conditions, is decided."""
        case = dict(zip(self.left.args[1:], values, strict=True))
        known = allowed(sorted({symbol for value in values for symbol in value.free_symbols}, key=str))
        own = {name: index(value) for name, value in case.items()}
        bounds = [own[name] - start for name in case if (start := least(name)) is not None]
        bounds += [index(_placed(sp.sympify(condition), case)) for condition in self.where]
        if not all(map(known.implies, bounds)):
            at = ", ".join(f"{name} = {value}" for name, value in case.items())
            raise ValueError(f"{self.name}: whether it is claimed for {at} is not decided")
        return _placed(self.right, case)

    def uncovered(self, cases: Iterable[Case]) -> str:
        """Where no case of the argument holds; empty if the cases cover the claim."""
        cases = list(cases)
        if not cases:
            return f"no step serves the claim {self.name!r}"
        found = gap(self.over, self.where, cases)
        return found and f"no case of {self.name!r} covers {found}"


def _placed(side: Any, case: Case) -> Any:
    return side.subs(list(case.items()), simultaneous=True) if isinstance(side, sp.Basic) else side


# --- induction --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Recursion:
    """A sequence by its definition: the first member, and the next one from the one before.

    Parameters
    ----------
    name, latex, text : of its terms, n first and then the places.
    first : places -> member 0.
    following : (the member before, as a function of places; n; places) -> member n + 1.
    """

    name: str
    latex: str
    text: str
    first: Callable[..., Any]
    following: Callable[..., Any]
    commutative: bool = False
    ends: Callable[..., tuple[Any, Any]] | None = None

    def __call__(self, n: Any, *places: Any) -> Term:
        """Its member n: for a symbol n only an induction says what it is."""
        return Definition(self.name, self._member, self.latex, self.text, self.commutative, self.ends)(n, *places)

    def _member(self, n: Any, *places: Any) -> Any:
        """Its member of a number, by the definition alone."""
        if not isinstance(n, sp.Integer) or n < 0:
            raise ValueError(f"{self.name} is defined by recursion: what it is follows by induction alone")
        if n == 0:
            return self.first(*places)
        return self.following(lambda *at: self(n - 1, *at), n - 1, *places)


def induction(recursion: Recursion, closed: Definition, claim: Claim, n: sp.Symbol) -> tuple[Claim, Claim]:
    """The two claims of an induction over n for a claim `recursion(n, ...) = closed(n, ...)`: its base and its step."""
    if n not in claim.over or least(n) != 0:
        raise ValueError(
            f"{claim.name}: an induction begins at 0, so {n} is an index from 0 on and no more is known of it"
        )
    if any(sp.sympify(condition).has(n) for condition in claim.where):
        raise ValueError(f"{claim.name}: a condition on {n} would leave members out of the induction")
    if claim.relation != "=":
        raise ValueError(f"{claim.name}: an induction shows an equation")
    places = [name for name in claim.over if name != n]
    if (claim.left, claim.right) != (recursion(n, *places), closed(n, *places)):
        raise ValueError(f"{claim.name} does not say that {recursion.name} is {closed.name}")
    before = sp.Function("before", commutative=recursion.commutative)
    made = forms(sp.sympify(recursion.following(before, n, *places)))
    if not made[-1].has(before):
        raise ValueError(f"{recursion.name}: the next member is not made from the one before")
    if any(term.definition == closed for form in made for term in form.atoms(Term)):
        raise ValueError(f"{recursion.name}: the next member is made from what the claim says it is")
    base = replace(claim, name=f"{claim.name}: {n} = 0", left=sp.sympify(recursion.first(*places)),
                   right=closed(sp.S.Zero, *places), over=tuple(places))  # fmt: skip
    after = recursion.following(lambda *at: closed(n, *at), n, *places)
    step = replace(claim, name=f"{claim.name}: from {n} to {n} + 1", left=after, right=closed(n + 1, *places))
    return base, step
