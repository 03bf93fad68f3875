"""M6: the norm of the path tensor splits over the hidden neurons, which gives each of them a score."""

import sympy as sp

from derivations.proof.assignments import Array, Assign
from derivations.proof.notation import elements, entries_of_difference, h, k, lam_in, lam_out, phi
from derivations.proof.rules import evaluate
from derivations.proof.theorem import Proof, Theorem

a, b, c = sp.symbols("a b c", integer=True, nonnegative=True)  # neurons of layers 3, 2 and 1
outer = Array("outer", (a, b), "argument", "W_32")
inner = Array("inner", (b, c), "argument", "W_21")
incoming = Array("incoming", (b,), "argument", "‖(W_21)_{b,:}‖²")
outgoing = Array("outgoing", (b,), "argument", "‖(W_32)_{:,b}‖²")
norm = sp.Symbol("norm")


def argument(proof: Proof) -> None:
    tensor = (Assign(norm, (outer.element * inner.element) ** 2, over=(a, b, c)),)
    split = (
        Assign(incoming.element, inner.element**2, over=(c,)),
        Assign(outgoing.element, outer.element**2, over=(a,)),
        Assign(norm, incoming.element * outgoing.element, over=(b,)),
    )
    known = elements((outer, inner))
    proof.equal(
        "Σ_abc ((W_32)_ab (W_21)_bc)² = Σ_b ‖(W_32)_{:,b}‖² ‖(W_21)_{b,:}‖²",
        evaluate(tensor, known)["norm"],
        evaluate(split, known)["norm"],
        rule="program",
    )
    # The score ‖incoming‖ ‖outgoing‖ of neuron b: rescaling its row of φ by t and its column by 1/t changes neither W.
    t, shift = sp.symbols("t shift", positive=True)
    weight = entries_of_difference()
    proof.equal(
        "φ_hk → t φ_hk scales the incoming row by t (the outgoing column by 1/t), so the score stays",
        weight.subs(phi.at(h, k), t * phi.at(h, k)),
        t * weight,
    )
    moved = {lam_in.at(k): lam_in.at(k) + shift, lam_out.at(h): lam_out.at(h) + shift}
    proof.equal("λ → λ + c changes no weight, so no score (M9)", weight.subs(moved), weight)


M6 = Theorem(
    id="M6",
    title="path tensor",
    statement="‖Γ‖² = Σ_h ‖(W_32)_{:,h}‖² ‖(W_21)_{h,:}‖² for Γ_abc = (W_32)_ab (W_21)_bc; each term is invariant "
    "under rescaling of φ and under the gauge",
    method="distributivity of sums",
    argument=argument,
    scope="one hidden layer, every width",
    reference="arXiv 2504.00885",
)
