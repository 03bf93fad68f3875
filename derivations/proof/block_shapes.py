"""Shapes of blocks, as types: the rows and columns of a block are layers.

P(i, j) leads from layer j to layer i, L_i and C_i stay in layer i, x_j is a column over layer j. A product must join, all
terms of a sum must lead from one layer to one layer, and no block may commute. I, and numbers, fit every layer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef

from derivations.proof.stated import Term

SAMPLES = sp.Symbol("samples")
Shape = tuple[sp.Expr, sp.Expr] | None
"""Rows and columns; None for I and numbers, which fit everywhere, and for matrices without layers."""
ENDS: dict[str, Callable[..., tuple[Any, Any]]] = {
    "P": lambda i, j: (i, j),
    "L": lambda i: (i, i),
    "C": lambda i: (i, i),
    "x": lambda i: (i, SAMPLES),
}
"""The blocks by name -> their rows and columns."""


def check_shapes(chain: Iterable[Any]) -> None:
    """Raises `ValueError` where blocks do not fit, in what was stated or in a form of it."""
    for form in chain:
        if isinstance(form, sp.Expr) and not form.is_Atom and (form.has(AppliedUndef) or not form.is_commutative):
            shape(form)


def shape(expression: sp.Expr) -> Shape:
    """The rows and columns of an expression; raises `ValueError` where blocks do not fit."""
    if isinstance(expression, Term):
        ends = expression.definition.ends
        return None if ends is None or expression.is_commutative else ends(*expression.args[1:])
    if expression.is_Add:
        return _sum(expression)
    if expression.is_Mul or expression.is_Pow:
        return _product(expression)
    if isinstance(expression, AppliedUndef) and expression.func.__name__ in ENDS:
        if expression.is_commutative:
            raise ValueError(f"{expression} is a block and must not commute")
        return ENDS[expression.func.__name__](*expression.args)
    if isinstance(expression, AppliedUndef) and expression.func.__name__ == "inverse":
        inner = shape(expression.args[0])
        return None if inner is None else (inner[1], inner[0])
    return None


def _sum(expression: sp.Expr) -> Shape:
    found = [(term, ends) for term in expression.args if (ends := shape(term)) is not None]
    for term, ends in found[1:]:
        if any(sp.expand(a - b) != 0 for a, b in zip(ends, found[0][1], strict=True)):
            raise ValueError(f"{term} has the layers {ends}, {found[0][0]} has {found[0][1]}: they cannot be added")
    if (
        found
        and any(shape(term) is None for term in expression.args)
        and sp.expand(found[0][1][0] - found[0][1][1]) != 0
    ):
        raise ValueError(f"a multiple of I is added to {found[0][0]}, which leads from one layer to another")
    return found[0][1] if found else None


def _product(expression: sp.Expr) -> Shape:
    joined: Shape = None
    for factor in expression.args if expression.is_Mul else [expression.base] * int(expression.exp.is_Integer):
        ends = shape(factor)
        if ends is None:
            continue
        if joined is not None and sp.expand(joined[1] - ends[0]) != 0:
            raise ValueError(f"{expression}: {factor} follows a block that ends in layer {joined[1]}")
        joined = ends if joined is None else (joined[0], ends[1])
    if expression.is_Pow and joined is not None and sp.expand(joined[0] - joined[1]) != 0:
        raise ValueError(f"{expression} is a power of a block between two layers")
    return joined
