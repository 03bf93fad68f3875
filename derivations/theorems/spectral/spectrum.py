"""M5: the λ are the eigenvalues of A, the columns of Φ its eigenvectors."""

import sympy as sp

from derivations.proof.algebra import DISTANCE as d
from derivations.proof.algebra import LAYER as j
from derivations.proof.algebra import eigenvalues, lower, phi, times_phi_right
from derivations.proof.claims import Claim
from derivations.proof.stated import definition
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.spectral.blocks import adjacency

i = sp.Symbol("i", integer=True, positive=True)


@definition("APhi", r"(A\,\Phi)_{{{0},\,{1}}}", "(A Φ)_{{{0},{1}}}", ends=lambda i, j: (i, j))
def product(i: sp.Expr, j: sp.Expr) -> sp.Expr:
    """Column j of Φ holds two blocks, and A none above the diagonal."""
    return times_phi_right(lower(adjacency), i, j)


@definition("PhiLambda", r"(\Phi\,\Lambda)_{{{0},\,{1}}}", "(Φ Λ)_{{{0},{1}}}", ends=lambda i, j: (i, j))
def scaled(i: sp.Expr, j: sp.Expr) -> sp.Expr:
    """Λ is block diagonal, so (Φ Λ)_ij = Φ_ij L_j: L_j on the diagonal, φ^(j) L_j below it, 0 elsewhere."""
    distance = sp.expand(i - j)
    if distance == 0:
        return eigenvalues(j)
    if distance == 1:
        return phi(j) * eigenvalues(j)
    if distance.is_negative or (distance - 2).is_nonnegative:
        return sp.Integer(0)
    raise ValueError(f"the order of layers {i} and {j} is not decided")


EIGENVECTORS = Claim("eigenvectors", product(i, j), scaled(i, j), (i, j))


def argument(proof: Proof) -> None:
    proof.case(EIGENVECTORS, {i: j}, {i: j + 1}, {i: j + d + 2}, {j: i + d + 1})


M5 = Theorem(
    id="M5",
    title="spectrum",
    claims=(EIGENVECTORS,),
    method="path products",
    argument=argument,
    reference="arXiv 2504.00885",
)
