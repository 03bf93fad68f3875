"""Matrices as letters of words, where sizes play no part: symbols that do not commute, transposes and inverses.

A matrix that is not symmetric has its transpose as a letter of its own. The rule X⁻¹ X = X X⁻¹ = I is in `rules`.
"""

from __future__ import annotations

from collections.abc import Collection

import sympy as sp

from derivations.proof.rules import INVERSE, inverse

__all__ = ["inverse", "matrix", "transpose"]

TRANSPOSE = sp.Function("transpose", commutative=False)


def matrix(name: str) -> sp.Symbol:
    """A matrix of any shape; what products have a meaning is up to the argument that uses it."""
    return sp.Symbol(name, commutative=False)


def transpose(expression: sp.Expr, symmetric: Collection[sp.Symbol] = ()) -> sp.Expr:
    """The transpose: every word turned round, each letter transposed; the symmetric ones stay."""
    total = sp.S.Zero
    for term in sp.Add.make_args(sp.expand(expression)):
        numbers, word = term.args_cnc()
        turned = [_letter(factor, symmetric) for factor in reversed(word)]
        total += sp.Mul(*numbers) * sp.Mul(*turned)
    return total


def _letter(factor: sp.Expr, symmetric: Collection[sp.Symbol]) -> sp.Expr:
    """The transpose of one letter, or of a power of it."""
    base, times = factor.as_base_exp()
    if not (times.is_Integer and times.is_positive):
        raise ValueError(f"{base}**{times} is no repeated product")
    if base.func == INVERSE:
        return inverse(transpose(base.args[0], symmetric)) ** times
    if base.func == TRANSPOSE:
        return base.args[0] ** times
    if not base.is_Symbol:
        raise ValueError(f"{base} is no matrix")
    return (base if base in symmetric else TRANSPOSE(base)) ** times
