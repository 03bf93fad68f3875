"""M4: the weights between any two layers are blocks of A = Φ Λ Φ⁻¹."""

import sympy as sp

from derivations.proof.algebra import DISTANCE as d
from derivations.proof.algebra import LAYER as j
from derivations.proof.algebra import eigenvalues, path, phi, sign
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.spectral.inversion import inverse


def adjacency(i: sp.Expr, j: sp.Expr) -> sp.Expr:
    """A_ij = Σ_m Φ_im L_m (Φ⁻¹)_mj; row i of Φ holds the two blocks m = i and m = i-1."""
    return eigenvalues(i) * inverse(i, j) + phi(i - 1) * eigenvalues(i - 1) * inverse(i - 1, j)


def difference(i: sp.Expr) -> sp.Expr:
    """φ^(i-1) L_{i-1} - L_i φ^(i-1), the block whose entries are M_i = φ^(i-1) ∘ (λ^(i-1) - λ^(i))."""
    return phi(i - 1) * eigenvalues(i - 1) - eigenvalues(i) * phi(i - 1)


def transfer(i: sp.Expr, j: sp.Expr) -> sp.Expr:
    """W_ij = (-1)^{i-1-j} [φ^(i-1) L_{i-1} - L_i φ^(i-1)] P(i-1, j), for i > j."""
    return sign(i - 1 - j) * difference(i) * path(i - 1, j)


def argument(proof: Proof) -> None:
    i = j + d + 1
    proof.equal("A_ij = W_ij for every i > j", adjacency(i, j), transfer(i, j))
    proof.equal("A_jj = L_j", adjacency(j, j), eigenvalues(j))
    proof.zero("A_ij = 0 for i < j", adjacency, j, j + d + 1)


M4 = Theorem(
    id="M4",
    title="transfer blocks",
    statement="W_ij = (-1)^{i-1-j} [φ^(i-1) L_{i-1} - L_i φ^(i-1)] φ^(i-2) ... φ^(j) for i > j",
    method="path products",
    argument=argument,
    reference="arXiv 2504.00885",
)
