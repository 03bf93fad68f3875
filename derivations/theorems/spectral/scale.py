"""M23, M24: which changes of φ and λ keep the network, and the representative of least size among them.

All weights are kept by few changes: λ moves by one constant (M9), and the eigenvalues of the last layer are free, since
L_K and φ^(K-1) occur in no other product than M_K. A common scale of φ and λ multiplies skip connections.
"""

from collections.abc import Callable

import sympy as sp

from derivations.proof.algebra import DISTANCE as d
from derivations.proof.algebra import LAYER as j
from derivations.proof.algebra import activation, eigenvalues, path, phi, sign
from derivations.proof.claims import Assumption, Claim, Recursion
from derivations.proof.matrices import inverse, matrix, transpose
from derivations.proof.notation import f, lam_in, lam_out
from derivations.proof.notation import phi as phi_array
from derivations.proof.running import slope as slope_of
from derivations.proof.stated import at, definition
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.spectral.blocks import difference, transfer

i = j + d + 1
e = sp.Symbol("e", integer=True, nonnegative=True)
c = sp.Symbol("c")
scale = sp.Symbol("scale", positive=True)
new = sp.Symbol("t")  # the new eigenvalue of the receiving neuron
sender = sp.Symbol("l")  # the new eigenvalue of the sending neuron
weight = phi_array.element * (lam_in.element - lam_out.element)  # M_hk

# --- M23 --------------------------------------------------------------------------------------------------------------


size, value = sp.Symbol("c_h", positive=True), sp.Symbol("z_h")
HOMOGENEOUS = Assumption(f(size * value), size * f(value), "where neurons are rescaled (M16)")
n = sp.Symbol("n", integer=True, nonnegative=True)


@definition("scaled_path", "s^{{{0}}}\\,P_{{{1} + {0},\\,{1}}}", "s^{0} P({1} + {0}, {1})")
def SCALED_PATH(n: sp.Expr, j: sp.Expr) -> sp.Expr:
    """A path of n steps, each scaled."""
    return scale**n * path(j + n, j)


@definition(
    "neuron_path",
    "C_{{{1} + {0}}}\\,P_{{{1} + {0},\\,{1}}}\\,C_{{{1}}}^{{-1}}",
    "C_[{1} + {0}] P({1} + {0}, {1}) C_{1}⁻¹",
)
def NEURON_PATH(n: sp.Expr, j: sp.Expr) -> sp.Expr:
    """A path between layers whose neurons are scaled."""
    own = sp.Function("C", commutative=False)
    return own(j + n) * path(j + n, j) * inverse(own(j))


def last_layer(proof: Proof, moved: sp.Expr = weight / (lam_in.element - new)) -> None:
    """`moved` is the φ_hk of the last block for the new eigenvalue t of output h."""
    other = sp.Symbol("other")
    claim = "last layer: φ'_hk (λ_k - t_h) = M_hk"
    proof.equal(claim, at(other * (lam_in.element - new), {other: moved}), weight, "rational")
    product = sign(d) * difference(i) * path(i - 1, j)
    proof.equal("W_Kj is M_K times a path that ends in layer K-1", transfer(i, j), product, cites=["M4"])
    last = i + 1 + e
    proof.compare("W_ij, i < K, has eigenvalues of layers before K", last, ">", i)
    proof.compare("and a path that ends before layer K-1: no φ^(K-1)", last - 1, ">", i - 1)
    layerwise = weight / (sender - new)
    proof.equal(
        "layerwise: φ'_hk (λ'^in_k - λ'^out_h) = M_hk, whatever both are",
        at(other * (sender - new), {other: layerwise}),
        weight,
        "rational",
        ["M7.layerwise"],
    )


def common_scale(proof: Proof, inner: sp.Expr = scale) -> None:
    """φ' = s φ, λ' = λ/s + c; `inner` is what a block multiplies a path with."""
    new_values = [eigenvalues(layer) / scale + c for layer in (i - 1, i)]
    block = scale * phi(i - 1)
    proof.equal("M'_i = M_i", block * new_values[0] - new_values[1] * block, difference(i))
    paths = Recursion(
        "P'",
        "P'_{{{1} + {0},\\,{1}}}",
        "P'({1} + {0}, {1})",
        lambda j: sp.S.One,
        lambda before, n, j: inner * phi(j + n) * before(j),
    )
    claim = Claim("P'(j + n, j) = s^n P(j + n, j)", paths(n, j), SCALED_PATH(n, j), (n, j))
    proof.induction(claim, paths, SCALED_PATH, n)
    moved = sign(d) * difference(i) * scale**d * path(i - 1, j)
    proof.equal("W'_ij = s^(i-1-j) W_ij", moved, scale**d * transfer(i, j), cites=["M4"])
    proof.equal("a skip of two steps, W' - W = (s - 1) W", at(scale**d - 1, {d: 1}), scale - 1)


def all_that_stay(proof: Proof) -> None:
    """W' = W: W_{i,i-1} = M_i stays, and then each skip fixes a path."""
    proof.equal("W_{i,i-1} = M_i stays", transfer(j + 1, j), difference(j + 1), cites=["M4"])
    skip = -difference(j + 2) * phi(j)
    proof.equal("W_{j+2,j} = -M_{j+2} φ^(j)", transfer(j + 2, j), skip, cites=["M4"])
    W, moved = matrix("W"), matrix("Δ")
    turned = transpose(W)
    found = inverse(turned * W) * turned * W * moved
    proof.equal("W Δ = 0 gives Δ = (WᵀW)⁻¹ Wᵀ W Δ = 0 for full column rank, Δ = φ'^(j) - φ^(j)", found, moved)
    known = at(weight / phi_array.element, {lam_out.element: lam_in.element - sp.Symbol("gap")})
    proof.equal("φ_hk ≠ 0 as before: λ_k - λ_h = M_hk / φ_hk stays", known, sp.Symbol("gap"), "rational")


def neuron_scale(proof: Proof, factor: Callable[[sp.Expr], sp.Expr] | None = None) -> None:
    """φ'^(i) = C_{i+1} φ^(i) C_i⁻¹ with the same λ; `factor(i)` stands for C_i where it is undone."""
    own = sp.Function("C", commutative=False)
    undone = own if factor is None else factor
    to, from_ = sp.symbols("to from_", positive=True)
    entry = at(weight, {phi_array.element: to * phi_array.element / from_})
    proof.equal("M'_hk = c_h M_hk / c_k", entry, to * weight / from_, "rational")
    paths = Recursion(
        "P''",
        "P'_{{{1} + {0},\\,{1}}}",
        "P'({1} + {0}, {1})",
        lambda j: sp.S.One,
        lambda before, n, j: own(j + n + 1) * phi(j + n) * inverse(undone(j + n)) * before(j),
    )
    claim = Claim("P'(j + n, j) = C_{j+n} P(j + n, j) C_j⁻¹", paths(n, j), NEURON_PATH(n, j), (n, j))
    proof.induction(claim, paths, NEURON_PATH, n)
    block = own(i) * difference(i) * inverse(own(i - 1))
    through = own(i - 1) * path(i - 1, j) * inverse(own(j))
    moved = sign(d) * block * through
    proof.equal("W'_ij = C_i W_ij C_j⁻¹", moved, own(i) * transfer(i, j) * inverse(own(j)), cites=["M4"])
    z = own(i) * transfer(i, j) * inverse(own(j)) * own(j) * activation(j)
    proof.equal("z'_i = C_i z_i for x'_j = C_j x_j", z, own(i) * transfer(i, j) * activation(j), "induction")
    received = f(at(value, {value: size * value}))
    proof.equal("x'_h = f(c z) = c x_h", received, size * f(value), "induction", ["M16"], (HOMOGENEOUS,))


def scale_argument(proof: Proof) -> None:
    last_layer(proof)
    common_scale(proof)
    all_that_stay(proof)
    neuron_scale(proof)


# --- M24 --------------------------------------------------------------------------------------------------------------

norm, square = sp.symbols("norm square", positive=True)  # ‖w_h‖ and λ_h²


def rows(proof: Proof, least: sp.Expr = norm) -> None:
    """φ_h = -w_h / λ_h: ‖φ_h‖² + λ_h² = ‖w_h‖²/λ_h² + λ_h² is least at λ_h² = `least`."""
    total = norm**2 / square + square
    there = at(total, {square: least})
    excess = (square - norm) ** 2 / square
    proof.equal("‖φ_h‖² + λ_h² = 2 ‖w_h‖ + (λ_h² - ‖w_h‖)²/λ_h²", total, there + excess, "rational")
    apart = sp.Symbol("apart", real=True)
    proof.compare("the excess is a square over λ_h²", apart**2 / square, ">=")
    proof.equal("both norms are then equal: ‖φ_h‖² = λ_h²", at(norm**2 / square, {square: norm}), norm, "rational")


def outputs(proof: Proof, slope: sp.Expr | None = None) -> None:
    """g(t) = Σ_h w_h²/(λ_h - t)² + t² on an interval without a λ_h; `slope` is the term of g'/2."""
    w, own, t, gap = sp.symbols("w lambda t gap", real=True)
    term = w**2 / (own - t) ** 2
    half = w**2 / (own - t) ** 3 if slope is None else slope
    proof.equal("g'/2 = Σ w²/(λ - t)³ + t: each term", slope_of(term, t) / 2, half, "rational")
    proof.equal("and that of t²", slope_of(t**2, t) / 2, t, "differentiation")
    curved = 3 * w**2 / gap**4
    proof.equal("its derivative, λ - t = gap", at(slope_of(half, t), {own: gap + t}), curved, "rational")
    away = sp.Symbol("away", real=True, nonzero=True)
    claim = "is not negative, and that of t is 1: g' rises strictly, one minimum"
    proof.compare(claim, at(curved, {gap: away}), ">=")
    bound, size = sp.symbols("bound size", positive=True)
    near = at(size**2 / gap**2, {gap: size / sp.sqrt(bound)})
    proof.equal("towards a λ_h with w_h ≠ 0 g passes every bound: w²/gap² = bound at gap = |w|/√bound", near, bound)
    reach, more = sp.Symbol("reach", positive=True), sp.Symbol("more", nonnegative=True)
    # Beyond all λ_h, at t = max(λ, 0) + reach with reach² = ‖w‖: t - λ_h = reach + more.
    claim = "(t - λ_h)³ >= reach³, so -Σ w²/(λ_h - t)³ <= ‖w‖²/reach³"
    proof.compare(claim, (reach + more) ** 3, ">=", reach**3)
    total = sp.Symbol("total")
    claim = "‖w‖²/reach³ = reach <= t, with ‖w‖ = reach²: g' is not negative there"
    proof.equal(claim, at(total**2 / reach**3, {total: reach**2}), reach, "rational")


def shift(proof: Proof) -> None:
    count, total, squares = sp.symbols("count total squares", positive=True)
    moved = squares + 2 * c * total + count * c**2
    best = squares - total**2 / count
    proof.equal("Σ (λ_k + c)² is least where c = -mean λ", moved, best + count * (c + total / count) ** 2, "rational")


def balance_argument(proof: Proof) -> None:
    shift(proof)
    rows(proof)
    outputs(proof)


M23 = Theorem(
    id="M23",
    title="gauge and scale",
    states=18,
    words="W_ij all stay for λ^(K)_h → t_h, φ^(K-1)_hk → M_hk / (λ_k - t_h), any t_h ≠ λ_k, and for layerwise any λ^in, λ^out; "
    "for φ → s φ, λ → λ/s + c W_ij becomes s^(i-1-j) W_ij; W_32 fixed, W_31 stays if W_32 Δφ^(1) = 0, so φ^(1) and its λ_k - λ_h "
    "stay if W_32 has full column rank; for f(c z) = c f(z) the output stays for φ^(i) → C_{i+1} φ^(i) C_i⁻¹, C > 0 diagonal, "
    "C_1 = C_K = I, λ as before",
    method="path products, induction over layers, words of matrices",
    argument=scale_argument,
    assumptions=(
        HOMOGENEOUS,
        "L_i and C_i are diagonal, so the products of entries are the products of matrices",
    ),
)
M24 = Theorem(
    id="M24",
    title="balanced scale",
    states=11,
    words="w_h fixed, λ^in = 0: ‖φ_h‖² + λ_h² >= 2 ‖w_h‖, equal only where |λ_h| = ‖φ_h‖ = √‖w_h‖; for λ^in_k of any values "
    "Σ_k (w_hk / (λ_k - t))² + t² has one minimum between two neighbouring λ_k; Σ (λ_k + c)² is least for c = -mean",
    method="sum of squares, convexity",
    argument=balance_argument,
    scope="a row of weights by its norm, eigenvalues by their number, sum and sum of squares",
)
