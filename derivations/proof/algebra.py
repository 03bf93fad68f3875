"""The vocabulary of blocks: what Φ, Λ and their products are, layer by layer, in path products.

The rules for path products are in `rules`; here are the definitions that statements are made of. Layers are counted
from 1, i and j stay symbols, and no formula is ever expanded for one depth.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from derivations.proof.rules import path, sign

__all__ = [
    "DISTANCE",
    "LAYER",
    "Block",
    "activation",
    "eigenvalues",
    "lower",
    "path",
    "phi",
    "sign",
    "times_phi_left",
    "times_phi_right",
]

EIGENVALUES = sp.Function("L", commutative=False)
ACTIVATIONS = sp.Function("x", commutative=False)

LAYER = sp.Symbol("j", integer=True, positive=True)
DISTANCE = sp.Symbol("d", integer=True, nonnegative=True)

Block = Callable[[Any, Any], sp.Expr]


def phi(i: Any) -> sp.Expr:
    """φ^(i), the eigenvector block between layers i and i+1: the path of one step, P(i+1, i)."""
    return path(i + 1, i)


def eigenvalues(i: Any) -> sp.Expr:
    """L_i = diag(λ^(i))."""
    return EIGENVALUES(i)


def activation(i: Any) -> sp.Expr:
    """x_i, the activations of layer i."""
    return ACTIVATIONS(i)


def lower(entry: Block) -> Block:
    """A block lower triangular matrix: `entry(i, j)` on and below the diagonal, 0 above it.

    Where the order of i and j is not decided by their assumptions, the entry is not defined and
    `ValueError` is raised: a proof must split the cases itself.
    """

    def block(i: Any, j: Any) -> sp.Expr:
        distance = sp.expand(i - j)
        if distance.is_nonnegative:
            return entry(i, j)
        if distance.is_negative:
            return sp.Integer(0)
        raise ValueError(f"the order of layers {i} and {j} is not decided")

    return block


def times_phi_left(x: Block, i: Any, j: Any) -> sp.Expr:
    """(Φ X)_ij = X_ij + φ^(i-1) X_{i-1,j}: row i of Φ = I + N holds two blocks."""
    return x(i, j) + phi(i - 1) * x(i - 1, j)


def times_phi_right(x: Block, i: Any, j: Any) -> sp.Expr:
    """(X Φ)_ij = X_ij + X_{i,j+1} φ^(j): column j of Φ = I + N holds two blocks."""
    return x(i, j) + x(i, j + 1) * phi(j)
