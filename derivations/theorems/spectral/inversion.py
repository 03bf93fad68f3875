"""M3: the inverse of the eigenvector matrix, as a polynomial in Φ and block by block."""

from collections.abc import Callable

import sympy as sp

from derivations.proof.algebra import DISTANCE as d
from derivations.proof.algebra import LAYER as j
from derivations.proof.algebra import lower, path, sign, times_phi_left, times_phi_right
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.spectral.nilpotency import power

inverse = lower(lambda i, j: sign(i - j) * path(i, j))
"""(Φ⁻¹)_ij = (-1)^{i-j} P(i, j)."""


def choose(n: sp.Expr, i: sp.Expr) -> sp.Expr:
    """C(n, i) for n, i >= 0 as Pascal's triangle defines it: C(n, 0) = 1, C(0, i) = 0 and C(n+1, i) = C(n, i) + C(n, i-1)
    for i > 0; so it is 0 for i > n."""
    if i == 0:
        return sp.Integer(1)
    if n == 0 and i.is_positive:
        return sp.Integer(0)
    if (n - 1).is_nonnegative and i.is_positive:
        return choose(n - 1, i) + choose(n - 1, i - 1)
    return sp.Function("C")(n, i)


n = sp.Symbol("n", integer=True, nonnegative=True)
i = sp.Symbol("i", integer=True, positive=True)
zero = sp.Integer(0)


def binomial_theorem(proof: Proof) -> None:
    """(1-x)^n = Σ_i (-1)^i C(n, i) x^i, coefficient by coefficient: (1-x)^{n+1} = (1-x)^n - x (1-x)^n."""
    proof.equal("(1-x)^0 has the constant term 1", sp.Integer(1), sign(zero) * choose(zero, zero))
    proof.equal("(1-x)^0 has no other term", zero, sign(i) * choose(zero, i))
    proof.equal("the constant term of (1-x)^n is the same for n + 1", choose(n, zero), choose(n + 1, zero))
    proof.equal(
        "(1-x)^n has the coefficients (-1)^i C(n, i): from n to n + 1",
        sign(i) * choose(n, i) - sign(i - 1) * choose(n, i - 1),
        sign(i) * choose(n + 1, i),
    )


def polynomial(proof: Proof) -> None:
    """x S_B(x) = 1 - (1-x)^{B+1} with S_B = Σ_i (-1)^i C(B+1, i+1) x^i; then x := Φ."""
    # S_{B+1} - S_B = Σ_i (-1)^i C(B+1, i) x^i = (1-x)^{B+1}, with n = B + 1.
    proof.equal(
        "the coefficients of S_{B+1} - S_B, i >= 1, are those of (1-x)^{B+1}",
        sign(i) * (choose(n + 1, i + 1) - choose(n, i + 1)),
        sign(i) * choose(n, i),
    )
    proof.equal("and for i = 0", choose(n + 1, sp.Integer(1)) - choose(n, sp.Integer(1)), choose(n, zero))
    x = sp.Symbol("x")
    proof.recurrence(
        "x S_B = 1 - (1-x)^{B+1}",
        first=x * choose(sp.Integer(1), sp.Integer(1)),
        advance=lambda tail, blocks: tail + x * (1 - x) ** (blocks + 1),
        closed=lambda blocks: 1 - (1 - x) ** (blocks + 1),
        over="B",
    )
    # x := Φ = I + N: (I - Φ)^{B+1} = (-N)^{B+1}, whose blocks are those of M1 up to a sign.
    e, r = sp.symbols("e r", integer=True, nonnegative=True)
    nilpotent = sp.Symbol("N", commutative=False)
    proof.equal("I - Φ = -N", 1 - (1 + nilpotent), -nilpotent)

    def power_of_minus_n(exponent: sp.Expr, i: sp.Expr, j: sp.Expr) -> sp.Expr:
        return sign(exponent) * power(exponent)(i, j)

    proof.equal("(-N)^k, k = d, is ± the path from j to j + d", power_of_minus_n(d, j + d, j), sign(d) * path(j + d, j))
    at = (e + r + 1, j + e, j)
    proof.zero("(-N)^{B+1} = 0 on and below the diagonal, B = e + r", power_of_minus_n, *at, cites=("M1",))
    at = (e + r + 1, j, j + d + 1)
    proof.zero("(-N)^{B+1} = 0 above the diagonal, B = e + r", power_of_minus_n, *at, cites=("M1",))


def blockwise(proof: Proof) -> None:
    """Both products with Φ, block by block; i = j + d + 1 runs over all blocks below the diagonal."""
    for name, times_phi in (("Φ Φ⁻¹", times_phi_left), ("Φ⁻¹ Φ", times_phi_right)):

        def product(i: sp.Expr, j: sp.Expr, times_phi: Callable[..., sp.Expr] = times_phi) -> sp.Expr:
            return times_phi(inverse, i, j)

        proof.zero(f"({name})_ij = 0 for i > j", product, j + d + 1, j)
        proof.equal(f"({name})_jj = I", product(j, j), sp.Integer(1))
        proof.zero(f"({name})_ij = 0 for i < j", product, j, j + d + 1)


def argument(proof: Proof) -> None:
    binomial_theorem(proof)
    polynomial(proof)
    blockwise(proof)


M3 = Theorem(
    id="M3",
    title="inversion",
    statement="Φ⁻¹ = Σ_{i=0}^{B} (-1)^i C(B+1, i+1) Φ^i, and (Φ⁻¹)_ij = (-1)^{i-j} φ^(i-1) ... φ^(j) for i > j",
    method="Pascal's rule, path products",
    argument=argument,
    reference="arXiv 2504.00885",
)
