"""M4: the weights between any two layers are blocks of A = Φ Λ Φ⁻¹."""

import sympy as sp

from derivations.proof.algebra import DISTANCE as d
from derivations.proof.algebra import LAYER as j
from derivations.proof.algebra import eigenvalues, path, phi, sign
from derivations.proof.claims import Claim
from derivations.proof.notation import entries_of_difference
from derivations.proof.stated import definition
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.spectral.inversion import inverse

i = sp.Symbol("i", integer=True, positive=True)


@definition("A", r"A_{{{0},\,{1}}}", "A_{{{0},{1}}}", ends=lambda i, j: (i, j))
def adjacency(i: sp.Expr, j: sp.Expr) -> sp.Expr:
    """A_ij = Σ_m Φ_im L_m (Φ⁻¹)_mj; row i of Φ holds the two blocks m = i and m = i-1."""
    return eigenvalues(i) * inverse(i, j) + phi(i - 1) * eigenvalues(i - 1) * inverse(i - 1, j)


@definition(
    "difference",
    r"\left[\varphi^{{(i-1)}} L_{{i-1}} - L_i\,\varphi^{{(i-1)}}\right]_{{i = {0}}}",
    "[φ^(i-1) L_{{i-1}} - L_i φ^(i-1)]_{{i={0}}}",
    ends=lambda i: (i, i - 1),
)
def difference(i: sp.Expr) -> sp.Expr:
    """φ^(i-1) L_{i-1} - L_i φ^(i-1), the block whose entries are M_i = φ^(i-1) ∘ (λ^(i-1) - λ^(i))."""
    return phi(i - 1) * eigenvalues(i - 1) - eigenvalues(i) * phi(i - 1)


@definition("W", r"W_{{{0},\,{1}}}", "W_{{{0},{1}}}", ends=lambda i, j: (i, j))
def transfer(i: sp.Expr, j: sp.Expr) -> sp.Expr:
    """W_ij = (-1)^{i-1-j} [φ^(i-1) L_{i-1} - L_i φ^(i-1)] P(i-1, j), for i > j."""
    return sign(i - 1 - j) * difference(i) * path(i - 1, j)


@definition(
    "entries",
    r"[\varphi L_{{\mathrm{{in}}}} - L_{{\mathrm{{out}}}}\varphi]_{{h k}}",
    "[φ L_in - L_out φ]_hk",
    commutative=True,
)
def entries() -> sp.Expr:
    """[φ L_in - L_out φ]_hk, by the index sums of the two products with diagonal matrices."""
    return entries_of_difference()


BELOW = Claim("below", adjacency(i, j), sp.Pow(-1, i - 1 - j) * difference(i) * path(i - 1, j), (i, j), (i - j - 1,))
NAMED = Claim("weights", transfer(i, j), adjacency(i, j), (i, j), (i - j - 1,))
DIAGONAL = Claim("diagonal", adjacency(j, j), eigenvalues(j), (j,))
ABOVE = Claim("above", adjacency(i, j), sp.S.Zero, (i, j), (j - i - 1,))


def argument(proof: Proof) -> None:
    proof.case(BELOW, {i: j + d + 1})
    proof.case(NAMED, {i: j + d + 1})
    proof.case(DIAGONAL)
    proof.case(ABOVE, {j: i + d + 1})


M4 = Theorem(
    id="M4",
    title="transfer blocks",
    claims=(BELOW, NAMED, DIAGONAL, ABOVE),
    method="path products",
    argument=argument,
    reference="arXiv 2504.00885",
)
