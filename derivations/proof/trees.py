"""A side of a claim as nested lists: what the second route reads, without SymPy.

A number is itself or "p/q", a symbol its name. ["+", ...], ["*", ...] and ["^", base, exponent] are arithmetic, factors in
their order; ["at_array", array, index, ...] is an element; [name, argument, ...] is a function, or a definition at its arguments.
A program is {"lines": [[target, over, accumulate, value], ...], "known": [...]}.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from derivations.proof.assignments import Assign
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
    if isinstance(side, sp.Basic) and side.args:
        return [side.func.__name__, *map(tree, side.args)]
    return str(side)


def _object(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return list(map(_object, value))
    if isinstance(value, Assign):
        return [tree(value.target), [str(i) for i in value.over], value.accumulate, value.reduce, tree(value.value)]
    return tree(value) if isinstance(value, sp.Basic) else value if isinstance(value, (bool, int)) else str(value)
