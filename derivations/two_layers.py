"""M2: one block. Φ⁻¹ = 2I - Φ and the weights w_ab = (λ_b^in - λ_a^out) φ_ab."""

import sympy as sp

from derivations.algebra import eigenvalues, path, phi
from derivations.blocks import adjacency
from derivations.notation import entries_of_difference, h, k, lam_in, lam_out, phi as phi_array
from derivations.theorem import Proof, Theorem


def argument(proof: Proof) -> None:
    def product(left: list[list[sp.Expr]], right: list[list[sp.Expr]], a: int, b: int) -> sp.Expr:
        return sum((left[a][m] * right[m][b] for m in range(2)), sp.Integer(0))

    matrix = [[sp.Integer(1), sp.Integer(0)], [phi(1), sp.Integer(1)]]
    inverse = [[2 * (a == b) - matrix[a][b] for b in range(2)] for a in range(2)]
    for a in range(2):
        for b in range(2):
            identity = sp.Integer(int(a == b))
            proof.equal(f"(Φ (2I - Φ))_{a + 1}{b + 1}", product(matrix, inverse, a, b), identity, rule="path product")
            proof.equal(f"((2I - Φ) Φ)_{a + 1}{b + 1}", product(inverse, matrix, a, b), identity, rule="path product")
    one = sp.Integer(1)
    proof.equal(
        "W_21 = φ L_1 - L_2 φ", adjacency(one + 1, one), phi(1) * eigenvalues(1) - eigenvalues(2) * path(2, 1),
        rule="path product",
    )
    proof.equal(
        "[φ L_1 - L_2 φ]_ab = (λ_b - λ_a) φ_ab",
        entries_of_difference(),
        (lam_in.at(k) - lam_out.at(h)) * phi_array.at(h, k),
        rule="index sum",
    )


M2 = Theorem(
    id="M2",
    title="two layers",
    statement="B = 1: Φ⁻¹ = 2I - Φ and W_21 = φ L_1 - L_2 φ, elementwise w_ab = (λ_b^in - λ_a^out) φ_ab",
    method="block products; entries by index sums",
    argument=argument,
    reference="arXiv 2504.00885",
    scope="two layers, every width",
)
