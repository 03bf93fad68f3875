"""M9: a common shift of all eigenvalues changes nothing, so all eigenvalue gradients sum to zero."""

import sympy as sp

from derivations.proof.algebra import LAYER as j
from derivations.proof.algebra import eigenvalues
from derivations.proof.claims import Claim
from derivations.proof.notation import h, k, lam_in, lam_out
from derivations.proof.rules import marker
from derivations.proof.running import run
from derivations.proof.stated import at
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.spectral import adjoint
from derivations.theorems.spectral.blocks import entries, transfer

c = sp.Symbol("c")
d = sp.Symbol("d", integer=True, nonnegative=True)
i = sp.Symbol("i", integer=True, positive=True)


def shifted(*layers: sp.Expr) -> dict[sp.Expr, sp.Expr]:
    """λ → λ + c in these layers."""
    return {eigenvalues(layer): eigenvalues(layer) + c for layer in layers}


BLOCKS = Claim("weights", at(transfer(i, j), shifted(i - 1, i)), transfer(i, j), (i, j), (i - j - 1,))
ENTRIES = Claim(
    "entries", at(entries(), {lam_in.element: lam_in.element + c, lam_out.element: lam_out.element + c}), entries()
)


def sums() -> tuple[Claim, ...]:
    """The two sums of one layer's eigenvalue gradients, so that those of all layers cancel."""
    claims = []
    for hidden in (True, False):
        values = run(adjoint.GLOBAL.step(hidden=hidden, sender_hidden=True), {})
        total = marker(k) * values["dlam_in"] + marker(h) * values["dlam_out"]
        words = f"{'hidden' if hidden else 'last'} layer, Σ_k λ̄^in_k + Σ_h λ̄^out_h:"
        claims.append(Claim(f"sum of gradients, {'hidden' if hidden else 'last'} layer", total, sp.S.Zero, words=words))
    return tuple(claims)


def argument(proof: Proof) -> None:
    proof.case(BLOCKS, {i: j + d + 1}, cites=("M4",))
    proof.case(ENTRIES)
    for claim in sums():
        proof.case(claim, rule="program", cites=("M8",))


M9 = Theorem(
    id="M9",
    title="gauge",
    claims=(BLOCKS, ENTRIES, *sums()),
    method="path products, cancelling sums of M8",
    argument=argument,
)
