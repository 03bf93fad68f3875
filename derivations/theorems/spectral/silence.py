"""M10, M11: when a neuron is silent, what a silent neuron still does, and what may be dropped."""

import sympy as sp

from derivations.proof.algebra import DISTANCE as d
from derivations.proof.algebra import LAYER as j
from derivations.proof.algebra import path, phi
from derivations.proof.assignments import Array, Assign
from derivations.proof.claims import Assumption, Claim
from derivations.proof.notation import elements, f, h, k, lam_in, lam_out, s
from derivations.proof.notation import phi as phi_array
from derivations.proof.rules import marker
from derivations.proof.running import run
from derivations.proof.stated import at
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.spectral.blocks import difference, entries, transfer

c = sp.Symbol("c", integer=True, nonnegative=True)  # neuron of an earlier layer j
M = Array("M", (h, k), "argument", "M_i, row h belongs to the neuron in question")
product = Array("product", (k, c), "argument", "the entries of ± P(i-1, j)")
x = Array("x", (s, c), "argument", "x_j")
W = Array("W", (h, c), "argument", "W_ij")
z = Array("z", (s, h), "argument", "z_i, the part that comes from layer j")
weight = Array("weight", (h, k), "argument", "W_ij")
live = Array("live", (k,), "argument", "1 for a live neuron of layer j, 0 for a silent one")
signal = Array("signal", (s, k), "argument", "x_j where it is live")
full = Array("full", (s, h), "argument", "Σ_k W_hk x_k over all neurons of layer j")


ZERO_AT_ZERO = Assumption(f(sp.S.Zero), sp.S.Zero)
LIVE = Assumption(live.element**2, live.element, "live_k is 0 or 1")
layer = sp.Symbol("i", integer=True, positive=True)

RECEIVED = run(
    (Assign(W.element, M.element * product.element, over=(k,)), Assign(z.element, W.element * x.element, over=(c,))),
    elements((M, product, x)),
)
PREMISE = {M.element: sp.Integer(0)}
ENTRY = phi_array.element * (lam_in.element - lam_out.element)

FACTORS = Claim(
    "every weight",
    transfer(layer, j),
    sp.Pow(-1, layer - 1 - j) * difference(layer) * path(layer - 1, j),
    (layer, j),
    (layer - j - 1,),
)
ENTRIES = Claim("entries", entries(), ENTRY, words="M_hk:")
ROW = Claim("row", at(RECEIVED["W"], PREMISE), sp.S.Zero, words="row h of W_ij where M_hk = 0 for all k:")
SUM = Claim("sum", at(RECEIVED["z"], PREMISE), sp.S.Zero, words="then z_h, as every layer j < i sends 0:")
SILENT = Claim("silent", f(at(RECEIVED["z"], PREMISE)), sp.S.Zero, words="then x_h:", assumes=(ZERO_AT_ZERO,))
ALONE = Claim(
    "λ alone", at(entries(), {lam_out.element: 0}), phi_array.element * lam_in.element, words="λ_h = 0 leaves M_hk:"
)
LINEAR = Claim(
    "linear path",
    transfer(j + 2, j),
    -difference(j + 2) * phi(j),
    (j,),
    words="the linear path stays, without M_{j+1}:",
)


def silence_argument(proof: Proof) -> None:
    proof.case(FACTORS, {layer: j + d + 1}, cites=("M4",))
    proof.case(ENTRIES)
    claim = "z_h = Σ_c W_hc x_c with W_hc = Σ_k M_hk P_kc"
    summed = marker(c) * marker(k) * M.element * product.element * x.element
    proof.equal(claim, RECEIVED["z"], summed, rule="program")
    proof.case(ROW)
    proof.case(SUM)
    proof.case(SILENT, rule="convention", given=(ZERO_AT_ZERO,))
    proof.case(ALONE)
    proof.case(LINEAR, cites=("M4",))


def _sum(summand: sp.Expr) -> sp.Expr:
    """Σ_k W_hk times the summand."""
    program = (Assign(full.element, weight.element * summand, over=(k,)),)
    return run(program, elements((weight, live, signal)))["full"]


# x_k = live_k · signal_k; a sum over the live neurons has the factor live_k once more.
SILENT_NEURONS = Claim(
    "silent neurons",
    _sum(live.element * live.element * signal.element),
    _sum(live.element * signal.element),
    words="x_k = 0 for every k that is not live:",
    assumes=(LIVE,),
)
HEARD = {weight.element: live.element * weight.element}
UNHEARD_NEURONS = Claim(
    "unheard neurons",
    at(_sum(live.element * signal.element), HEARD),
    at(_sum(signal.element), HEARD),
    words="W_hk = 0 for every k that is not live:",
    assumes=(LIVE,),
)


def compaction_argument(proof: Proof) -> None:
    for value in (0, 1):
        case = {live.element: sp.Integer(value)}
        proof.equal(f"live² = live for {value}", at(live.element**2, case), at(live.element, case))
    # A row whose neuron is silent need not be computed: its x_h is 0 whatever receives it (M10).
    proof.case(SILENT_NEURONS, rule="program", given=(LIVE,))
    # A neuron that no live neuron hears: W_hk = live_k W_hk for every live h, whatever its x_k.
    proof.case(UNHEARD_NEURONS, rule="program", given=(LIVE,))


M10 = Theorem(
    id="M10",
    title="silence",
    claims=(FACTORS, ENTRIES, ROW, SUM, SILENT, ALONE, LINEAR),
    method="path products, index sums",
    argument=silence_argument,
    assumptions=(ZERO_AT_ZERO,),
)
M11 = Theorem(
    id="M11",
    title="compaction",
    claims=(SILENT_NEURONS, UNHEARD_NEURONS),
    method="termwise",
    argument=compaction_argument,
    assumptions=(
        LIVE,
        "a neuron that is not live has x = 0 on every input (M10), or W_hk = 0 for every live h that it sends to",
    ),
    scope="one layer, every width and every number of samples",
)
