"""Statements about blocks of matrices with a flipped sign or a wrong factor are refused."""

from __future__ import annotations

from typing import Any

import pytest
import sympy as sp

from derivations.proof import algebra
from derivations.proof.algebra import DISTANCE as d
from derivations.proof.algebra import LAYER as j
from derivations.proof.rules import normal_form
from derivations.proof.stated import meaning
from derivations.proof.theorem import Proof, ProofError
from derivations.theorems.spectral.blocks import adjacency, transfer
from derivations.theorems.spectral.inversion import inverse

I_ = j + d + 1
BLOCK_STATEMENTS: dict[str, tuple[sp.Expr, sp.Expr]] = {
    "W_ij": (adjacency(I_, j), transfer(I_, j)),
    "A_jj": (adjacency(j, j), algebra.eigenvalues(j)),
    "(Φ Φ⁻¹)_jj": (algebra.times_phi_left(inverse, j, j), sp.Integer(1)),
    "(A Φ)_{j+1,j}": (
        algebra.times_phi_right(algebra.lower(adjacency), j + 1, j),
        algebra.phi(j) * algebra.eigenvalues(j),
    ),
    "φ P": (algebra.phi(I_) * algebra.path(I_, j), algebra.path(I_ + 1, j)),
}


@pytest.mark.parametrize("name", BLOCK_STATEMENTS)
def test_block_statements_with_a_flipped_sign_fail(name: str) -> None:
    left, right = BLOCK_STATEMENTS[name]
    Proof(name).equal(name, left, right)
    for wrong in (-right, 2 * right, right + 1, right * algebra.path(j, j - 1)):
        with pytest.raises(ProofError):
            Proof(name).equal(name, left, wrong)
    terms = sp.Add.make_args(sp.expand(normal_form(meaning(right))))
    for number in range(len(terms)):
        with pytest.raises(ProofError):
            Proof(name).equal(name, left, sp.Add(*terms[:number], -terms[number], *terms[number + 1 :]))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda i, j: algebra.path(i, j),
        lambda i, j: -algebra.sign(i - j) * algebra.path(i, j),
        lambda i, j: algebra.sign(i - j + 1) * algebra.path(i, j),
        lambda i, j: algebra.sign(i - j) * algebra.path(i + 1, j),
    ],
    ids=["no sign", "other sign", "shifted sign", "longer path"],
)
def test_a_wrong_inverse_is_none(wrong: Any) -> None:
    block = algebra.lower(wrong)

    def argument(proof: Proof) -> None:
        proof.equal("below", algebra.times_phi_left(block, I_, j), sp.Integer(0))
        proof.equal("on", algebra.times_phi_left(block, j, j), sp.Integer(1))

    with pytest.raises(ProofError):
        argument(Proof("M3"))


def test_blocks_in_undecided_order_are_refused() -> None:
    free = sp.Symbol("i", integer=True)
    with pytest.raises(ValueError, match="not decided"):
        inverse(free, j).unfolded()
