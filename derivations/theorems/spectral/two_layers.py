"""M2: the weights between neighbours, w_ab = (λ_b^in - λ_a^out) φ_ab; with one block, Φ⁻¹ = 2I - Φ."""

import sympy as sp

from derivations.proof.algebra import LAYER as j
from derivations.proof.algebra import eigenvalues, phi
from derivations.proof.notation import entries_of_difference, h, k, lam_in, lam_out
from derivations.proof.notation import phi as phi_array
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.spectral.blocks import adjacency


def argument(proof: Proof) -> None:
    def product(left: list[list[sp.Expr]], right: list[list[sp.Expr]], a: int, b: int) -> sp.Expr:
        return sum((left[a][m] * right[m][b] for m in range(2)), sp.Integer(0))

    matrix = [[sp.Integer(1), sp.Integer(0)], [phi(1), sp.Integer(1)]]
    inverse = [[2 * (a == b) - matrix[a][b] for b in range(2)] for a in range(2)]
    for a in range(2):
        for b in range(2):
            identity = sp.Integer(int(a == b))
            proof.equal(f"(Φ (2I - Φ))_{a + 1}{b + 1}", product(matrix, inverse, a, b), identity)
            proof.equal(f"((2I - Φ) Φ)_{a + 1}{b + 1}", product(inverse, matrix, a, b), identity)
    proof.equal(
        "neighbours in every depth: W_{j+1,j} = φ^(j) L_j - L_{j+1} φ^(j)",
        adjacency(j + 1, j),
        phi(j) * eigenvalues(j) - eigenvalues(j + 1) * phi(j),
    )
    proof.equal(
        "[φ L_in - L_out φ]_ab = (λ_b^in - λ_a^out) φ_ab",
        entries_of_difference(),
        (lam_in.at(k) - lam_out.at(h)) * phi_array.at(h, k),
    )


M2 = Theorem(
    id="M2",
    title="neighbouring layers",
    statement="W_{j+1,j} = φ^(j) L_j - L_{j+1} φ^(j), elementwise w_ab = (λ_b^in - λ_a^out) φ_ab; for B = 1, Φ⁻¹ = 2I - Φ",
    method="path products, index sums",
    argument=argument,
    reference="arXiv 2504.00885",
)
