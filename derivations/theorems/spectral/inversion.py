"""M3: the inverse of the eigenvector matrix, as a polynomial in Φ and block by block."""

import sympy as sp

from derivations.proof.algebra import DISTANCE as d
from derivations.proof.algebra import LAYER as j
from derivations.proof.algebra import lower, path, sign, times_phi_left, times_phi_right
from derivations.proof.claims import Claim, Recursion
from derivations.proof.stated import definition
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.spectral.nilpotency import N_POWER, POWERS, identity

i = sp.Symbol("i", integer=True, positive=True)
n, B, e, r = sp.symbols("n B e r", integer=True, nonnegative=True)
m = sp.Symbol("m", integer=True, nonnegative=True)  # a power of x


@definition("Inv", r"(\Phi^{{-1}})_{{{0},\,{1}}}", "(Φ⁻¹)_{{{0},{1}}}", ends=lambda i, j: (i, j))
def inverse(i: sp.Expr, j: sp.Expr) -> sp.Expr:
    """(Φ⁻¹)_ij = (-1)^{i-j} P(i, j) on and below the diagonal."""
    return lower(lambda i, j: sign(i - j) * path(i, j))(i, j)


@definition("PhiInv", r"(\Phi\,\Phi^{{-1}})_{{{0},\,{1}}}", "(Φ Φ⁻¹)_{{{0},{1}}}", ends=lambda i, j: (i, j))
def left_product(i: sp.Expr, j: sp.Expr) -> sp.Expr:
    """Row i of Φ holds two blocks."""
    return times_phi_left(inverse, i, j)


@definition("InvPhi", r"(\Phi^{{-1}}\,\Phi)_{{{0},\,{1}}}", "(Φ⁻¹ Φ)_{{{0},{1}}}", ends=lambda i, j: (i, j))
def right_product(i: sp.Expr, j: sp.Expr) -> sp.Expr:
    """Column j of Φ holds two blocks."""
    return times_phi_right(inverse, i, j)


@definition("choose", r"\binom{{{0}}}{{{1}}}", "C({0}, {1})", commutative=True)
def choose(n: sp.Expr, i: sp.Expr) -> sp.Expr:
    """C(n, i) for n, i >= 0 as Pascal's triangle defines it: C(n, 0) = 1, C(0, i) = 0 and C(n+1, i) = C(n, i) + C(n, i-1)
    for i > 0; so it is 0 for i > n."""
    if i == 0:
        return sp.Integer(1)
    if n == 0 and i.is_positive:
        return sp.Integer(0)
    if (n - 1).is_nonnegative and i.is_positive:
        return choose(n - 1, i) + choose(n - 1, i - 1)
    return sp.Function("choose")(n, i)


# --- polynomials in x, coefficient by coefficient -------------------------------------------------------------------


@definition("one", r"[x^{{{0}}}]\,1", "[x^{0}] 1", commutative=True)
def one(m: sp.Expr) -> sp.Expr:
    """The coefficient of x^m in 1."""
    if m.is_nonzero is None:
        raise ValueError(f"whether the power {m} is 0 is not decided")
    return sp.Integer(int(not m.is_nonzero))


@definition("signed", r"(-1)^{{{1}}}\binom{{{0}}}{{{1}}}", "(-1)^({1}) C({0}, {1})", commutative=True)
def signed(n: sp.Expr, m: sp.Expr) -> sp.Expr:
    """The coefficient of x^m in (1-x)^n, as the binomial theorem says it; no power is negative."""
    return sp.Integer(0) if m == -1 else sign(m) * choose(n, m)


POWER = Recursion(
    "binomial_power",
    r"[x^{{{1}}}]\,(1-x)^{{{0}}}",
    "[x^{1}] (1-x)^{0}",
    one,
    lambda before, n, m: before(m) - before(m - 1),
    commutative=True,
)
"""(1-x)^{n+1} = (1-x)^n - x (1-x)^n."""


@definition("polynomial", r"[x^{{{1}}}]\,S_{{{0}}}(x)", "[x^{1}] S_{0}(x)", commutative=True)
def polynomial(blocks: sp.Expr, m: sp.Expr) -> sp.Expr:
    """S_B(x) = Σ_{i=0}^{B} (-1)^i C(B+1, i+1) x^i."""
    return sign(m) * choose(blocks + 1, m + 1)


@definition("x_polynomial", r"[x^{{{1}}}]\,x\,S_{{{0}}}(x)", "[x^{1}] x S_{0}(x)", commutative=True)
def times_x(blocks: sp.Expr, m: sp.Expr) -> sp.Expr:
    """Times x: every coefficient moves up by one."""
    return polynomial(blocks, m - 1) if one(m).unfolded() == 0 else sp.Integer(0)


@definition("minus_n", r"((-N)^{{{0}}})_{{{1},\,{2}}}", "((-N)^{{{0}}})_{{{1},{2}}}", ends=lambda k, i, j: (i, j))
def power_of_minus_n(exponent: sp.Expr, i: sp.Expr, j: sp.Expr) -> sp.Expr:
    """I - Φ = -N."""
    return sign(exponent) * N_POWER(exponent, i, j)


BINOMIAL = Claim("binomial theorem", POWER(n, m), signed(n, m), (n, m))
POLYNOMIAL = Claim("polynomial", polynomial(B, m), sp.Pow(-1, m) * choose(B + 1, m + 1), (B, m), words="with")
TIMES_X = Claim("times x", times_x(B, m), one(m) - POWER(B + 1, m), (B, m))
VANISHES = Claim(
    "(I - Φ)^{B+1}",
    power_of_minus_n(B + 1, i, j),
    sp.S.Zero,
    (B, i, j),
    (B + 1 - i, B + 1 - j),
    words="x := Φ, I - Φ = -N:",
)
BLOCKS = Claim("blocks", inverse(i, j), sp.Pow(-1, i - j) * path(i, j), (i, j), (i - j,))
LEFT = Claim("left", left_product(i, j), identity(i, j), (i, j))
RIGHT = Claim("right", right_product(i, j), identity(i, j), (i, j))


def argument(proof: Proof) -> None:
    whole = ({m: 0}, {m: i})
    proof.induction(BINOMIAL, POWER, signed, n, whole, whole)
    proof.case(POLYNOMIAL)
    proof.case(TIMES_X, *whole, given=(BINOMIAL,))
    proof.case(VANISHES, {i: j + e, B: e + r}, {j: i + d + 1}, cites=("M1",), given=(POWERS,))
    proof.case(BLOCKS, {i: j + d})
    for claim in (LEFT, RIGHT):
        proof.case(claim, {i: j + d + 1}, {i: j}, {j: i + d + 1})


M3 = Theorem(
    id="M3",
    title="inversion",
    claims=(BINOMIAL, POLYNOMIAL, TIMES_X, VANISHES, BLOCKS, LEFT, RIGHT),
    method="Pascal's rule, path products",
    argument=argument,
    reference="arXiv 2504.00885",
)
