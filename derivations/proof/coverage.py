"""Which indices the cases of an argument cover, decided by linear arithmetic over whole numbers (`indices`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sympy as sp

from derivations.proof.indices import Index, Region

Case = Mapping[sp.Symbol, Any]


def gap(over: tuple[sp.Symbol, ...], where: tuple[sp.Expr, ...], cases: Iterable[Case]) -> str:
    """Indices `over` with every one of `where` >= 0 for which no case holds; empty if there are none."""
    if strange := {symbol for condition in where for symbol in sp.sympify(condition).free_symbols} - set(over):
        raise ValueError(f"{sorted(map(str, strange))} stands in a condition and is no index of the claim")
    pieces = [_region(over, case) for case in cases]
    return _gap(allowed(over).also(*map(index, where)), pieces) or ""


def least(symbol: sp.Symbol) -> int | None:
    """The least value of an index: 1, 0 or none. Of an index that may have no other values nothing follows for all."""
    for start, assumptions in ((None, {}), (0, {"nonnegative": True}), (1, {"positive": True})):
        if symbol == sp.Symbol(symbol.name, integer=True, **assumptions):
            return start
    raise ValueError(f"{symbol} is no index: it is more than a whole number, one from 0 on, or one from 1 on")


def allowed(symbols: Iterable[sp.Symbol]) -> Region:
    """The values of indices; two with one name are refused, as a region knows names alone."""
    symbols = list(dict.fromkeys(symbols))
    names = [symbol.name for symbol in symbols]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"two indices have the name {sorted(twice)}")
    starts = {symbol.name: least(symbol) for symbol in symbols}
    return Region(tuple(Index.named(name) - start for name, start in starts.items() if start is not None))


def index(expression: Any) -> Index:
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


def _region(over: tuple[sp.Symbol, ...], case: Case) -> Region:
    """The indices that a case covers, without the symbols that it introduces."""
    if unknown := set(case) - set(over):
        raise ValueError(f"{unknown} is no index of the claim")
    # The case may use indices of the claim itself: those that it leaves as they are.
    values = {name: sp.sympify(case.get(name, name)) for name in over}
    fresh = {symbol for value in values.values() for symbol in value.free_symbols}
    kept = {name for name in over if values[name] == name}
    if twice := (fresh & set(over)) - kept:
        raise ValueError(f"{twice} is an index of the claim and a symbol of the case")
    allowed((*over, *sorted(fresh, key=str)))
    equations = [index(name) - index(value) for name, value in values.items() if value != name]
    bounds = list(allowed(sorted(fresh, key=str)).rows)
    for symbol in sorted(map(str, fresh - kept)):
        at = next((e for e in equations if abs(dict(e.terms).get(symbol, 0)) == 1), None)
        if at is None:
            if any(symbol in e.names for e in equations):
                raise ValueError(f"the case does not determine {symbol}")
            continue
        sign = dict(at.terms)[symbol]
        value = (at - Index(((symbol, sign),))) * -sign
        equations = [e.at({symbol: value}) for e in equations if e is not at]
        bounds = [b.at({symbol: value}) for b in bounds]
    return Region((*bounds, *equations, *(-e for e in equations)))


def _gap(domain: Region, pieces: list[Region]) -> str | None:
    """Conditions that may hold outside of all pieces; None if there certainly are none."""
    if domain.empty():
        return None
    if not pieces:
        return " and ".join(f"{row} >= 0" for row in domain.rows) or "any index"
    first, *rest = pieces
    for row in first.rows:
        found = _gap(domain.also(-row - 1), rest)
        if found is not None:
            return found
    return None
