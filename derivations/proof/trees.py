"""A side of a claim as nested lists: what the second route reads, without SymPy.

A number is itself or "p/q", a symbol its name. ["+", ...], ["*", ...] and ["^", base, exponent] are arithmetic, factors in
their order; ["at_array", array, index, ...] is an element; [name, argument, ...] is a function, or a definition at its arguments.
["unknown", name, argument, ...] is a function of which nothing is known.
A program is {"lines": [[target, over, accumulate, value], ...], "known": [...]}.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef

from derivations.proof.assignments import Assign
from derivations.proof.notation import df, f
from derivations.proof.stated import Constant, Term


def tree(side: Any) -> Any:
    """The side as nested lists."""
    if isinstance(side, Term):
        return [side.definition.name, *map(tree, side.args[1:])]
    if isinstance(side, Constant):
        return _object(side.value)
    if isinstance(side, sp.Tuple):
        return list(map(tree, side))
    if isinstance(side, sp.Integer):
        return int(side)
    if isinstance(side, sp.Rational):
        return f"{side.p}/{side.q}"
    if isinstance(side, sp.Symbol):
        return side.name
    if isinstance(side, sp.Indexed):
        return ["at_array", str(side.base), *map(tree, side.indices)]
    if isinstance(side, (sp.Add, sp.Mul, sp.Pow)):
        return [{sp.Add: "+", sp.Mul: "*", sp.Pow: "^"}[side.func], *map(tree, side.args)]
    if isinstance(side, AppliedUndef) and side.is_commutative and side.func not in (f, df):
        return ["unknown", side.func.__name__, *map(tree, side.args)]
    if isinstance(side, sp.Basic) and side.args:
        return [side.func.__name__, *map(tree, side.args)]
    return str(side)


def kinds_of_symbols(*sides: Any) -> dict[str, list[str]]:
    """What is known of the symbols in sides: positive, a matrix and the like -> names."""
    found: dict[str, set[str]] = {}
    for symbol in {symbol for side in sides for symbol in _symbols(side)}:
        kind = "matrix" if not symbol.is_commutative else ", ".join(_given(symbol))
        found.setdefault(kind, set()).add(symbol.name)
    return {kind: sorted(names) for kind, names in sorted(found.items()) if kind}


def _given(symbol: sp.Symbol) -> list[str]:
    """The assumptions that a symbol was made with, each that does not hold with "not"."""
    given = symbol._assumptions_orig
    return [f"{'' if given[name] else 'not '}{name}" for name in sorted(given) if name != "commutative"]


def _symbols(side: Any) -> Iterator[sp.Symbol]:
    """The symbols of a side, those in the lines of programs too; what an element of an array is, nothing says."""
    if isinstance(side, Constant):
        yield from _symbols(side.value)
    elif isinstance(side, (tuple, list)):
        for part in side:
            yield from _symbols(part)
    elif isinstance(side, Assign):
        yield from (symbol for part in (side.target, side.value, *side.over) for symbol in _symbols(part))
    elif isinstance(side, sp.Symbol):
        yield side
    elif isinstance(side, sp.Basic):
        for part in side.args[1:] if isinstance(side, sp.Indexed) else side.args:
            yield from _symbols(part)


def _object(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return list(map(_object, value))
    if isinstance(value, Assign):
        return [tree(value.target), [str(i) for i in value.over], value.accumulate, value.reduce, tree(value.value)]
    return tree(value) if isinstance(value, sp.Basic) else value if isinstance(value, (bool, int)) else str(value)
