"""M9: a common shift of all eigenvalues changes nothing, so all eigenvalue gradients sum to zero."""

import sympy as sp

from derivations.proof.algebra import LAYER as j
from derivations.proof.algebra import eigenvalues, phi
from derivations.proof.notation import h, k, lam_in, lam_out
from derivations.proof.notation import phi as phi_array
from derivations.proof.rules import evaluate, marker
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.spectral import adjoint
from derivations.theorems.spectral.blocks import difference


def argument(proof: Proof) -> None:
    c = sp.Symbol("c")
    i = j + 1
    shifted = phi(i - 1) * (eigenvalues(i - 1) + c) - (eigenvalues(i) + c) * phi(i - 1)
    proof.equal("the factor of every W_ij is unchanged by λ → λ + c", shifted, difference(i), cites=("M4",))
    m_entry = phi_array.element * (lam_in.element - lam_out.element)
    moved = phi_array.element * ((lam_in.element + c) - (lam_out.element + c))
    proof.equal("M_hk is unchanged by λ → λ + c", moved, m_entry)
    for hidden in (True, False):
        step = adjoint.GLOBAL.step(hidden=hidden, sender_hidden=True)
        values = evaluate(step, {})
        proof.equal(
            f"{'hidden' if hidden else 'last'} layer: Σ_k λ̄^in_k + Σ_h λ̄^out_h = 0, so the sum over all layers is 0",
            marker(k) * values["dlam_in"] + marker(h) * values["dlam_out"],
            sp.Integer(0),
            "program",
            cites=("M8",),
        )


M9 = Theorem(
    id="M9",
    title="gauge",
    statement="λ^(i) → λ^(i) + c for all layers leaves every W_ij unchanged; Σ over all layers of λ̄^(i) is 0 for every loss",
    method="path products, cancelling sums of M8",
    argument=argument,
)
