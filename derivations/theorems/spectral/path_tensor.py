"""M6: the norm of the path tensor splits over the hidden neurons, which gives each of them a score."""

import sympy as sp

from derivations.proof.assignments import Array, Assign
from derivations.proof.claims import Claim
from derivations.proof.notation import elements, h, k, lam_in, lam_out, phi
from derivations.proof.running import run
from derivations.proof.stated import at
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.spectral.blocks import entries

a, b, c = sp.symbols("a b c", integer=True, nonnegative=True)  # neurons of layers 3, 2 and 1
outer = Array("outer", (a, b), "argument", "W_32")
inner = Array("inner", (b, c), "argument", "W_21")
incoming = Array("incoming", (b,), "argument", "‖(W_21)_{b,:}‖²")
outgoing = Array("outgoing", (b,), "argument", "‖(W_32)_{:,b}‖²")
norm = sp.Symbol("norm")
t = sp.Symbol("t", positive=True)
shift = sp.Symbol("shift")

TENSOR = (Assign(norm, (outer.element * inner.element) ** 2, over=(a, b, c)),)
SCORES = (Assign(incoming.element, inner.element**2, over=(c,)), Assign(outgoing.element, outer.element**2, over=(a,)))
SPLIT = (*SCORES, Assign(norm, incoming.element * outgoing.element, over=(b,)))
KNOWN = elements((outer, inner))
SCORE = run(SCORES, KNOWN)["incoming"] * run(SCORES, KNOWN)["outgoing"]

SPLITS = Claim(
    "norm", run(TENSOR, KNOWN)["norm"], run(SPLIT, KNOWN)["norm"], words="‖Γ‖² of Γ_abc = (W_32)_ab (W_21)_bc:"
)
ROW = Claim("row", at(entries(), {phi.at(h, k): t * phi.at(h, k)}), t * entries(), words="t times a row of φ:")
COLUMN = Claim(
    "column", at(entries(), {phi.at(h, k): phi.at(h, k) / t}), entries() / t, words="1/t times a column of φ:"
)
RESCALED = Claim(
    "score",
    at(SCORE, {inner.element: t * inner.element, outer.element: outer.element / t}),
    SCORE,
    words="both leave each term:",
)
GAUGE = Claim(
    "gauge", at(entries(), {lam_in.at(k): lam_in.at(k) + shift, lam_out.at(h): lam_out.at(h) + shift}), entries()
)


def argument(proof: Proof) -> None:
    proof.case(SPLITS, rule="program")
    proof.case(ROW)
    proof.case(COLUMN)
    proof.case(RESCALED, rule="program")
    proof.case(GAUGE)


M6 = Theorem(
    id="M6",
    title="path tensor",
    claims=(SPLITS, ROW, COLUMN, RESCALED, GAUGE),
    method="distributivity of sums",
    argument=argument,
    scope="one hidden layer, every width",
    reference="arXiv 2504.00885",
)
