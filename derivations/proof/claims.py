"""What a theorem claims, as a structure: sides, indices, conditions, the cases of an argument, its induction.

The sentence that people read is made from a `Claim`, and so are the sides of each step that serves it; an author only says
in which case. That the cases cover all indices is decided by linear arithmetic over whole numbers (`indices`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import sympy as sp

from derivations.proof.indices import Index, Region
from derivations.proof.stated import Definition, Term, meaning

Case = Mapping[sp.Symbol, Any]


@dataclass(frozen=True)
class Assumption:
    """An equation that a proof may use where it says so: `left`, wherever it occurs, is `right`."""

    words: str
    left: sp.Expr
    right: sp.Expr

    def used(self, expression: Any) -> Any:
        """The expression by the assumption; one that does not need it is refused."""
        if not isinstance(expression, sp.Basic):
            return expression
        return expression.xreplace({self.left: self.right})

    def __str__(self) -> str:
        return self.words


@dataclass(frozen=True)
class Claim:
    """`left = right` for all whole numbers `over` with every one of `where` >= 0.

    Parameters
    ----------
    name : by which steps and certificates refer to it.
    words : in front of the formula in a sentence.
    kind : of a layer that a program is run on (hidden or last; behind a hidden layer or the input); all must be claimed.
    """

    name: str
    left: Any
    right: Any
    over: tuple[sp.Symbol, ...] = ()
    where: tuple[sp.Expr, ...] = ()
    words: str = ""
    relation: str = "="
    kind: tuple[bool, bool] | None = None

    def at(self, case: Case) -> tuple[Any, Any]:
        """Both sides in one case."""
        return tuple(_placed(side, case) for side in (self.left, self.right))

    def used(self, expression: Any) -> Any:
        """The expression with every term of the left side's definition written as the right side says."""
        head, names = self.left, self.left.args[1:]
        if not isinstance(expression, sp.Basic):
            return expression
        return expression.replace(
            lambda e: isinstance(e, Term) and e.definition == head.definition,
            lambda e: self._instance(names, e.args[1:]),
        )

    def _instance(self, names: tuple[Any, ...], values: tuple[Any, ...]) -> Any:
        case = dict(zip(names, values, strict=True))
        for name, value in case.items():
            bounds = [bound for symbol in value.free_symbols if (bound := _bound(symbol)) is not None]
            if not Region(tuple(bounds)).implies(_index(value) - (1 if name.is_positive else 0)):
                raise ValueError(f"{self.name}: whether {name} = {value} is one of its indices is not decided")
        return _placed(self.right, case)

    def uncovered(self, cases: Iterable[Case]) -> str:
        """Where no case of the argument holds; empty if the cases cover the claim."""
        pieces = [_region(self, case) for case in cases]
        if not pieces:
            return f"no step serves the claim {self.name!r}"
        own = [bound for symbol in self.over if (bound := _bound(symbol)) is not None]
        domain = Region((*own, *map(_index, self.where)))
        gap = _gap(domain, pieces)
        return "" if gap is None else f"no case of {self.name!r} covers {gap}"


def _placed(side: Any, case: Case) -> Any:
    return side.subs(list(case.items()), simultaneous=True) if isinstance(side, sp.Basic) else side


def _index(expression: Any) -> Index:
    """A whole-number combination of names; anything else cannot be decided and is refused."""
    terms, constant = {}, 0
    for term in sp.Add.make_args(sp.expand(expression)):
        coefficient, name = term.as_coeff_Mul()
        if not coefficient.is_Integer or not (name == 1 or (name.is_Symbol and name.is_integer)):
            raise ValueError(f"{expression} is no whole-number combination of indices")
        if name == 1:
            constant += int(coefficient)
        else:
            terms[str(name)] = int(coefficient)
    return Index.of(terms, constant)


def _region(claim: Claim, case: Case) -> Region:
    """The indices that a case covers, without the symbols that it introduces."""
    if unknown := set(case) - set(claim.over):
        raise ValueError(f"{claim.name}: {unknown} is no index of the claim")
    # The case may use indices of the claim itself: those that it leaves as they are.
    values = {name: sp.sympify(case.get(name, name)) for name in claim.over}
    fresh = {symbol for value in values.values() for symbol in value.free_symbols}
    kept = {name for name in claim.over if values[name] == name}
    if twice := (fresh & set(claim.over)) - kept:
        raise ValueError(f"{claim.name}: {twice} is an index of the claim and a symbol of the case")
    equations = [_index(name) - _index(value) for name, value in values.items() if value != name]
    bounds = [bound for symbol in fresh if (bound := _bound(symbol)) is not None]
    for symbol in sorted(map(str, fresh - kept)):
        at = next((e for e in equations if abs(dict(e.terms).get(symbol, 0)) == 1), None)
        if at is None:
            if any(symbol in e.names for e in equations):
                raise ValueError(f"{claim.name}: the case does not determine {symbol}")
            continue
        sign = dict(at.terms)[symbol]
        value = (at - Index(((symbol, sign),))) * -sign
        equations = [e.at({symbol: value}) for e in equations if e is not at]
        bounds = [b.at({symbol: value}) for b in bounds]
    return Region((*bounds, *equations, *(-e for e in equations)))


def _bound(symbol: sp.Symbol) -> Index | None:
    """What a symbol's assumptions say: not negative, positive, or nothing."""
    if not symbol.is_integer:
        raise ValueError(f"{symbol} is no whole number")
    if symbol.is_positive:
        return Index.named(str(symbol)) - 1
    return Index.named(str(symbol)) if symbol.is_nonnegative else None


def _gap(domain: Region, pieces: list[Region]) -> str | None:
    """Conditions that may hold outside of all pieces; None if there certainly are none."""
    if domain.empty():
        return None
    if not pieces:
        return " and ".join(f"{row} >= 0" for row in domain.rows)
    first, *rest = pieces
    for row in first.rows:
        gap = _gap(domain.also(-row - 1), rest)
        if gap is not None:
            return gap
    return None


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
        """Its member n, which nothing unfolds: only an induction says what it is."""
        return Definition(self.name, self._alone, self.latex, self.text, self.commutative, self.ends)(n, *places)

    def _alone(self, *_: Any) -> Any:
        raise ValueError(f"{self.name} is defined by recursion: what it is follows by induction alone")


def induction(recursion: Recursion, closed: Definition, claim: Claim, n: sp.Symbol) -> tuple[Claim, Claim]:
    """The two claims of an induction over n for a claim `recursion(n, ...) = closed(n, ...)`: its base and its step."""
    places = [name for name in claim.over if name != n]
    if (claim.left, claim.right) != (recursion(n, *places), closed(n, *places)):
        raise ValueError(f"{claim.name} does not say that {recursion.name} is {closed.name}")
    before = sp.Function("before", commutative=recursion.commutative)
    if not meaning(recursion.following(before, n, *places)).has(before):
        raise ValueError(f"{recursion.name}: the next member is not made from the one before")
    base = replace(claim, name=f"{claim.name}: {n} = 0", left=sp.sympify(recursion.first(*places)),
                   right=closed(sp.S.Zero, *places), over=tuple(places), where=_of(claim, places))  # fmt: skip
    after = recursion.following(lambda *at: closed(n, *at), n, *places)
    step = replace(claim, name=f"{claim.name}: from {n} to {n} + 1", left=after, right=closed(n + 1, *places))
    return base, step


def _of(claim: Claim, places: list[sp.Symbol]) -> tuple[sp.Expr, ...]:
    """The conditions on the places alone."""
    return tuple(c for c in claim.where if sp.sympify(c).free_symbols <= set(places))
