"""M5: the λ are the eigenvalues of A, the columns of Φ its eigenvectors."""

import sympy as sp

from derivations.proof.algebra import DISTANCE as d
from derivations.proof.algebra import LAYER as j
from derivations.proof.algebra import eigenvalues, lower, phi, times_phi_right
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.spectral.blocks import adjacency

weights = lower(adjacency)


def argument(proof: Proof) -> None:
    def product(i: sp.Expr, j: sp.Expr) -> sp.Expr:
        return times_phi_right(weights, i, j)

    # Λ is block diagonal, so (Φ Λ)_ij = Φ_ij L_j: L_j on the diagonal, φ^(j) L_j below it, 0 elsewhere.
    proof.equal("(A Φ)_jj = L_j", product(j, j), eigenvalues(j))
    proof.equal("(A Φ)_{j+1,j} = φ^(j) L_j", product(j + 1, j), phi(j) * eigenvalues(j))
    proof.zero("(A Φ)_ij = 0 for i < j", product, j, j + d + 1)
    proof.zero("(A Φ)_ij = 0 for i > j + 1", product, j + d + 2, j)


M5 = Theorem(
    id="M5",
    title="spectrum",
    statement="A Φ = Φ Λ: the λ are the eigenvalues of A and the columns of Φ its eigenvectors",
    method="path products",
    argument=argument,
    reference="arXiv 2504.00885",
)
