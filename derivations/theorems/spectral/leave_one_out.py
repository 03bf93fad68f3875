"""M17: what a least squares loss gains when columns go and the rest is refitted, and what a new column takes away.

Z = [Z_r, Z_g] are the columns, G = ZᵀZ their Gram matrix (of any quadratic loss, with a ridge too), N = ZᵀY, B = G⁻¹ N the
refitted weights. The columns g go, the columns r stay. G is written by its blocks: G_rr, G_rg and the Schur complement
C = G_gg - G_gr G_rr⁻¹ G_rg, so that G_rr and C are the only matrices that are inverted and no size is a number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sympy as sp

from derivations.proof.matrices import inverse, matrix, transpose
from derivations.proof.stated import at
from derivations.proof.theorem import Proof, Theorem

G_rr, G_rg, C = map(matrix, ("G_rr", "G_rg", "C"))
N_r, N_g, YY = map(matrix, ("N_r", "N_g", "YY"))
SYMMETRIC = {G_rr, C, YY}


def turned(expression: sp.Expr) -> sp.Expr:
    return transpose(expression, SYMMETRIC)


Q = inverse(G_rr)
G_gr = turned(G_rg)
G_gg = C + G_gr * Q * G_rg
GRAM = ((G_rr, G_rg), (G_gr, G_gg))
INVERSE = (
    (Q + Q * G_rg * inverse(C) * G_gr * Q, -Q * G_rg * inverse(C)),
    (-inverse(C) * G_gr * Q, inverse(C)),
)
"""G⁻¹ by blocks, r before g."""


@dataclass(frozen=True)
class Removal:
    """The formulas of M17. `schur` stands for [(G⁻¹)_gg]⁻¹.

    Parameters
    ----------
    increase : (B_g, schur) -> the rise of the loss; its trace, with several outputs.
    weights : (B_r, (G⁻¹)_rg, schur, B_g) -> the refitted weights of the columns that stay.
    inverse : ((G⁻¹)_rr, (G⁻¹)_rg, schur, (G⁻¹)_gr) -> G⁻¹ of the columns that stay.
    outside : (Z_g, Z_r (Z_rᵀ Z_r)⁻¹ Z_rᵀ) -> the part of the columns g outside the span of the others.
    gain : (R, outside) -> the fall of the loss when the columns come, R the residual without them.
    """

    increase: Callable[..., sp.Expr] = lambda b, schur: turned(b) * schur * b
    weights: Callable[..., sp.Expr] = lambda b_r, k_rg, schur, b_g: b_r - k_rg * schur * b_g
    inverse: Callable[..., sp.Expr] = lambda k_rr, k_rg, schur, k_gr: k_rr - k_rg * schur * k_gr
    outside: Callable[..., sp.Expr] = lambda a, projection: a - projection * a
    gain: Callable[..., sp.Expr] = lambda r, a: turned(r) * a * inverse(turned(a) * a) * turned(a) * r


REMOVAL = Removal()


def times(left: tuple[tuple[sp.Expr, ...], ...], right: tuple[tuple[sp.Expr, ...], ...]) -> list[list[sp.Expr]]:
    """The product of matrices of blocks."""
    return [
        [sum((a * b for a, b in zip(row, column, strict=True)), sp.S.Zero) for column in zip(*right, strict=True)]
        for row in left
    ]


def loss(b_r: sp.Expr, b_g: sp.Expr) -> sp.Expr:
    """YᵀY - NᵀB - BᵀN + BᵀGB = (Y - ZB)ᵀ(Y - ZB), plus a ridge if G has one."""
    linear = turned(b_r) * N_r + turned(b_g) * N_g
    square = times(((turned(b_r), turned(b_g)),), GRAM)[0]
    return YY - linear - turned(linear) + square[0] * b_r + square[1] * b_g


def argument(proof: Proof, formulas: Removal = REMOVAL) -> None:
    for name, product in (("G G⁻¹", times(GRAM, INVERSE)), ("G⁻¹ G", times(INVERSE, GRAM))):
        for a, row in zip("rg", product, strict=True):
            for b, block in zip("rg", row, strict=True):
                proof.equal(f"({name})_{a}{b} = {'I' if a == b else '0'}", block, sp.Integer(int(a == b)))
    b_r, b_g = (row[0] for row in times(INVERSE, ((N_r,), (N_g,))))
    proof.equal("[(G⁻¹)_gg]⁻¹ = C", C * INVERSE[1][1], sp.S.One)
    removal(proof, formulas, b_r, b_g)
    without_inverse(proof, formulas, b_g)
    best_step(proof, b_g)


def removal(proof: Proof, formulas: Removal, b_r: sp.Expr, b_g: sp.Expr) -> None:
    """The two downdates, and the exact rise."""
    fitted = formulas.weights(b_r, INVERSE[0][1], C, b_g)
    proof.equal(
        "the downdated weights solve G_rr B_r = N_r: they are the least squares weights",
        G_rr * fitted,
        N_r,
        cites=["M15"],
    )
    rest = formulas.inverse(INVERSE[0][0], INVERSE[0][1], C, INVERSE[1][0])
    proof.equal("the downdated inverse is G_rr⁻¹", G_rr * rest, sp.S.One)
    rise = loss(fitted, sp.S.Zero) - loss(b_r, b_g)
    proof.equal("loss without g, refitted - loss = B_gᵀ [(G⁻¹)_gg]⁻¹ B_g", rise, formulas.increase(b_g, C))


def without_inverse(proof: Proof, formulas: Removal, b_g: sp.Expr) -> None:
    """The same by the part of the columns outside the span of the others; the reverse; and what costs nothing."""
    keep, new, target, w, b = map(matrix, ("Z_r", "Z_g", "Y", "w", "b"))
    solve = inverse(turned(keep) * keep)
    projection = keep * solve * turned(keep)
    outside, residual = formulas.outside(new, projection), target - projection * target
    proof.equal("Z_rᵀ a_⊥ = 0 for a_⊥ = Z_g - Z_r (Z_rᵀZ_r)⁻¹ Z_rᵀ Z_g", turned(keep) * outside, sp.S.Zero)
    proof.equal("C = a_⊥ᵀ a_⊥", turned(outside) * outside, turned(new) * new - turned(new) * projection * new)
    proof.equal("C B_g = N_g - G_gr G_rr⁻¹ N_r", C * b_g, N_g - G_gr * Q * N_r)
    across = turned(new) * target - turned(new) * keep * solve * turned(keep) * target
    proof.equal("that is a_⊥ᵀ R with N = ZᵀY, R = Y - Z_r (Z_rᵀZ_r)⁻¹ Z_rᵀ Y", across, turned(outside) * residual)
    e, r = map(matrix, ("a", "R"))  # any a_⊥ and R from here on
    taken = inverse(turned(e) * e) * turned(e) * r
    squares = turned(taken) * (turned(e) * e) * taken
    proof.equal("B_gᵀ C B_g = Rᵀa_⊥ (a_⊥ᵀa_⊥)⁻¹ a_⊥ᵀR with B_g = (a_⊥ᵀa_⊥)⁻¹ a_⊥ᵀR", squares, formulas.gain(r, e))
    after = r - e * taken
    fall = turned(r) * r - turned(after) * after
    proof.equal(
        "the columns come, outgoing weights refitted: the loss falls by that", fall, formulas.gain(r, e), cites=["M13"]
    )
    c, number = sp.symbols("c r", positive=True)
    claim, share = "one column, c = ‖a_⊥‖²: c B_h² = (Rᵀa_⊥)²/‖a_⊥‖²", sp.Symbol("B_h")
    proof.equal(claim, at(c * share**2, {share: number / c}), number**2 / c, "rational")
    proof.equal("Z_g = Z_r w: a_⊥ = 0", formulas.outside(keep * w, projection), sp.S.Zero)
    b_r = matrix("B_r")
    spanned = target - keep * b_r - keep * w * b
    proof.equal("Z_g = Z_r w: B_r + w B_g fits as well alone", spanned, target - keep * (b_r + w * b))


def best_step(proof: Proof, b_g: sp.Expr) -> None:
    """The quadratic model δᵀGδ with δ_g = -B_g given: the least, and that of δ_r = 0."""
    d_r, v = map(matrix, ("d_r", "B_g"))
    step = times(((turned(d_r), -turned(v)),), GRAM)[0]
    cost = step[0] * d_r - step[1] * v
    off = d_r - Q * G_rg * v
    proof.equal(
        "δᵀGδ = B_gᵀ C B_g + eᵀ G_rr e for every δ with δ_g = -B_g, e = δ_r - G_rr⁻¹ G_rg B_g",
        cost,
        turned(v) * C * v + turned(off) * G_rr * off,
    )
    best = -INVERSE[0][1] * C * v
    proof.equal("e = 0 for δ_r = -(G⁻¹)_rg [(G⁻¹)_gg]⁻¹ B_g", best, Q * G_rg * v)
    sent = Q * G_rg * v
    claim = "B_gᵀ G_gg B_g, the rise without a refit, is greater by uᵀ G_rr u, u = G_rr⁻¹ G_rg B_g"
    proof.equal(claim, turned(v) * (G_gg - C) * v, turned(sent) * G_rr * sent)


M17 = Theorem(
    id="M17",
    title="leave-one-out",
    states=24,
    words="columns g go from a least squares fit and the rest is refitted: the loss rises by tr(B_gᵀ [(G⁻¹)_gg]⁻¹ B_g), "
    "B_r falls by (G⁻¹)_rg [(G⁻¹)_gg]⁻¹ B_g, G⁻¹ by (G⁻¹)_rg [(G⁻¹)_gg]⁻¹ (G⁻¹)_gr; one column: the rise is "
    "‖Rᵀa_⊥‖²/‖a_⊥‖², a_⊥ its part outside the span of the others, R the residual without it; a new column lowers the "
    "loss by the same number",
    method="block algebra of matrices of any shape",
    argument=argument,
    assumptions=(
        "G is symmetric, and G_rr and the Schur complement C have inverses: they do where G is positive definite",
        "a positive semidefinite G_rr has eᵀ G_rr e >= 0",
    ),
    reference="standard; optimal brain surgeon: Hassibi and Stork, NeurIPS 1992",
    scope="every number of samples, columns, removed columns and outputs",
)
