"""M3: the inverse of the eigenvector matrix, as a polynomial in Φ and block by block."""

import sympy as sp

from derivations.algebra import DISTANCE as d
from derivations.algebra import LAYER as j
from derivations.algebra import lower, path, sign, times_phi_left, times_phi_right
from derivations.theorem import Proof, Theorem

inverse = lower(lambda i, j: sign(i - j) * path(i, j))
"""(Φ⁻¹)_ij = (-1)^{i-j} P(i, j)."""


def argument(proof: Proof) -> None:
    # --- the polynomial: x S_B(x) = 1 - (1-x)^{B+1} with S_B = Σ_i (-1)^i C(B+1, i+1) x^i, then x := Φ
    n = sp.Symbol("n", integer=True, nonnegative=True)
    i = sp.Symbol("i", integer=True, positive=True)

    def coefficient(n: sp.Expr, i: sp.Expr) -> sp.Expr:
        return sign(i) * sp.binomial(n, i)

    def pascal(claim: str, left: sp.Expr, right: sp.Expr) -> None:
        proof.equal(claim, sp.combsimp(sp.expand(left / right)), sp.Integer(1), rule="Pascal")

    proof.equal("(1-x)^0 = C(0, 0)", sp.Integer(1), coefficient(sp.Integer(0), sp.Integer(0)), rule="induction: base")
    pascal(
        "(1-x)^n has the coefficients (-1)^i C(n, i): (1-x)^n (1-x) carries n to n+1",
        coefficient(n, i) - coefficient(n, i - 1),
        coefficient(n + 1, i),
    )
    pascal(
        "S_{B+1} - S_B = Σ_i (-1)^i C(B+1, i) x^i = (1-x)^{B+1}, with n = B+1",
        sign(i) * (sp.binomial(n + 1, i + 1) - sp.binomial(n, i + 1)),
        coefficient(n, i),
    )
    x, power, tail = sp.symbols("x power S")  # power = (1-x)^{B+1}, tail = S_B
    proof.induction(
        "x S_B = 1 - (1-x)^{B+1}",
        base=(x * sp.binomial(1, 1), 1 - (1 - x)),
        step=(sp.expand(x * (tail + power)).subs(x * tail, 1 - power), 1 - (1 - x) * power),
        over="B",
    )
    nilpotent = sp.Symbol("N", commutative=False)
    proof.equal("1 - Φ = -N, so Φ S_B(Φ) = I - (-N)^{B+1}", 1 - (1 + nilpotent), -nilpotent)
    # Two layers are e apart with e <= B = e + r, r >= 0, and M1 puts N^{B+1} only where e = B + 1.
    e, r = sp.symbols("e r", integer=True, nonnegative=True)
    proof.true("N^{B+1} = 0 (M1), so Φ S_B(Φ) = I", sp.Lt(e - (e + r + 1), 0), rule="M1")
    # --- blockwise, both sides: i = j + d + 1 runs over all blocks below the diagonal
    proof.equal("(Φ Φ⁻¹)_ij = 0 for i > j", times_phi_left(inverse, j + d + 1, j), sp.Integer(0), rule="path product")
    proof.equal("(Φ Φ⁻¹)_jj = I", times_phi_left(inverse, j, j), sp.Integer(1), rule="path product")
    proof.equal("(Φ⁻¹ Φ)_ij = 0 for i > j", times_phi_right(inverse, j + d + 1, j), sp.Integer(0), rule="path product")
    proof.equal("(Φ⁻¹ Φ)_jj = I", times_phi_right(inverse, j, j), sp.Integer(1), rule="path product")


M3 = Theorem(
    id="M3",
    title="inversion",
    statement="Φ⁻¹ = Σ_{i=0}^{B} (-1)^i C(B+1, i+1) Φ^i, and (Φ⁻¹)_ij = (-1)^{i-j} φ^(i-1) ... φ^(j) for i > j",
    method="Pascal's rule, path products",
    argument=argument,
    reference="arXiv 2504.00885",
)
