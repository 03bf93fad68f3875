"""M2: the weights between neighbours, w_ab = (λ_b^in - λ_a^out) φ_ab; with one block, Φ⁻¹ = 2I - Φ."""

import sympy as sp

from derivations.proof.algebra import LAYER as j
from derivations.proof.algebra import eigenvalues, phi
from derivations.proof.claims import Claim
from derivations.proof.notation import h, k, lam_in, lam_out
from derivations.proof.notation import phi as phi_array
from derivations.proof.stated import definition
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.spectral.blocks import adjacency, entries
from derivations.theorems.spectral.nilpotency import identity

a, b = sp.symbols("a b", integer=True, positive=True)  # layers 1 and 2


@definition("Phi2", r"\Phi_{{{0},\,{1}}}", "Φ_{{{0},{1}}}", ends=lambda a, b: (a, b))
def matrix(a: sp.Expr, b: sp.Expr) -> sp.Expr:
    """Φ of two layers: I on the diagonal, φ^(1) below it."""
    return sp.Integer(1) if a == b else phi(1) if a > b else sp.Integer(0)


@definition("Inv2", r"(2I - \Phi)_{{{0},\,{1}}}", "(2I - Φ)_{{{0},{1}}}", ends=lambda a, b: (a, b))
def inverse(a: sp.Expr, b: sp.Expr) -> sp.Expr:
    """Twice the identity less Φ."""
    return 2 * identity(a, b) - matrix(a, b)


@definition("PhiInv2", r"(\Phi\,(2I - \Phi))_{{{0},\,{1}}}", "(Φ (2I - Φ))_{{{0},{1}}}", ends=lambda a, b: (a, b))
def left_product(a: sp.Expr, b: sp.Expr) -> sp.Expr:
    """The sum over both layers."""
    return matrix(a, 1) * inverse(1, b) + matrix(a, 2) * inverse(2, b)


@definition("InvPhi2", r"((2I - \Phi)\,\Phi)_{{{0},\,{1}}}", "((2I - Φ) Φ)_{{{0},{1}}}", ends=lambda a, b: (a, b))
def right_product(a: sp.Expr, b: sp.Expr) -> sp.Expr:
    """The sum over both layers."""
    return inverse(a, 1) * matrix(1, b) + inverse(a, 2) * matrix(2, b)


BOTH = (2 - a, 2 - b)
LEFT = Claim("left", left_product(a, b), identity(a, b), (a, b), BOTH, words="one block:")
RIGHT = Claim("right", right_product(a, b), identity(a, b), (a, b), BOTH)
NEIGHBOURS = Claim(
    "neighbours",
    adjacency(j + 1, j),
    phi(j) * eigenvalues(j) - eigenvalues(j + 1) * phi(j),
    (j,),
    words="in every depth:",
)
ELEMENTS = Claim("elements", entries(), (lam_in.at(k) - lam_out.at(h)) * phi_array.at(h, k))


def argument(proof: Proof) -> None:
    for claim in (LEFT, RIGHT):
        proof.case(claim, *({a: row, b: column} for row in (1, 2) for column in (1, 2)))
    proof.case(NEIGHBOURS)
    proof.case(ELEMENTS)


M2 = Theorem(
    id="M2",
    title="neighbouring layers",
    claims=(NEIGHBOURS, ELEMENTS, LEFT, RIGHT),
    method="path products, index sums",
    argument=argument,
    reference="arXiv 2504.00885",
)
