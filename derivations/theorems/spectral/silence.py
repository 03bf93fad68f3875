"""M10, M11: when a neuron is silent, what a silent neuron still does, and what may be dropped."""

import sympy as sp

from derivations.proof.algebra import DISTANCE as d
from derivations.proof.algebra import LAYER as j
from derivations.proof.algebra import path, phi, sign
from derivations.proof.assignments import Array, Assign
from derivations.proof.notation import elements, entries_of_difference, f, h, k, lam_in, lam_out, s
from derivations.proof.notation import phi as phi_array
from derivations.proof.rules import evaluate, marker
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.spectral.blocks import difference, transfer

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
kept = Array("kept", (s, h), "argument", "Σ_k W_hk x_k over its live neurons")


def silence_argument(proof: Proof) -> None:
    i = j + d + 1
    proof.equal(
        "every W_ij is M_i times a path: W_ij = (-1)^{i-1-j} [φ L - L φ] P(i-1, j)",
        transfer(i, j),
        sign(d) * difference(i) * path(i - 1, j),
        cites=("M4",),
    )
    entry = phi_array.element * (lam_in.element - lam_out.element)
    proof.equal("[φ L - L φ]_hk = φ_hk (λ_k - λ_h)", entries_of_difference(), entry)
    values = evaluate(
        (
            Assign(W.element, M.element * product.element, over=(k,)),
            Assign(z.element, W.element * x.element, over=(c,)),
        ),
        elements((M, product, x)),
    )
    proof.equal(
        "z_h = Σ_c W_hc x_c with W_hc = Σ_k M_hk P_kc",
        values["z"],
        marker(c) * marker(k) * M.element * product.element * x.element,
        rule="program",
    )
    premise = {M.element: sp.Integer(0)}
    proof.equal("row h of W_ij is 0 where M_hk = 0 for all k", values["W"].xreplace(premise), sp.Integer(0))
    proof.equal("z_h = 0: every layer j < i sends 0", values["z"].xreplace(premise), sp.Integer(0))
    zero = sp.Integer(0)
    proof.equal("x_h = f(0) = 0", f(zero).xreplace({f(zero): zero}), zero, rule="convention")
    # Not enough, and not all.
    alone = entry.subs(lam_out.at(h), 0)
    proof.equal("λ_h = 0 alone leaves M_hk = φ_hk λ_k", alone, phi_array.element * lam_in.element)
    proof.equal(
        "the linear path stays: W_{i+1,i-1} = -[φ L - L φ]^(i) φ^(i-1) does not contain M_i",
        transfer(j + 2, j),
        -difference(j + 2) * phi(j),
        cites=("M4",),
    )


def compaction_argument(proof: Proof) -> None:
    def on_all(summand: sp.Expr) -> dict[str, sp.Expr]:
        program = (Assign(full.element, weight.element * summand, over=(k,)),)
        return evaluate(program, elements((weight, live, signal)))

    # x_k = live_k · signal_k, and live² = live for 0 and 1.
    activation = live.element * signal.element
    everything = on_all(activation)["full"]
    only_live = on_all(live.element * activation)["full"]
    proof.equal(
        "Σ_k W_hk x_k = Σ_{k live} W_hk x_k",
        only_live.subs(live.element**2, live.element),
        everything,
        rule="program",
    )
    for value in (0, 1):
        proof.equal(f"live² = live for {value}", sp.Integer(value) ** 2, sp.Integer(value))
    # A row whose neuron is silent need not be computed: its x_h is 0 whatever receives it (M10).
    # A neuron that no live neuron hears: W_hk = live_k W_hk for every live h, whatever its x_k.
    heard = {weight.element: live.element * weight.element}
    everything = sp.expand(on_all(signal.element)["full"].xreplace(heard))
    only_heard = sp.expand(on_all(live.element * signal.element)["full"].xreplace(heard))
    proof.equal(
        "Σ_k W_hk x_k = Σ_{k live} W_hk x_k where W_hk = 0 for every k that is not live",
        only_heard.subs(live.element**2, live.element),
        everything,
        rule="program",
    )


M10 = Theorem(
    id="M10",
    title="silence",
    statement="f(0) = 0 and φ_hk (λ_k - λ_h) = 0 for all k: every incoming weight of neuron h is 0, so x_h = 0; λ_h = 0 "
    "alone is not enough, and the linear path through Φ⁻¹ stays",
    method="path products, index sums",
    argument=silence_argument,
    assumptions=("f(0) = 0",),
)
M11 = Theorem(
    id="M11",
    title="compaction",
    statement="the blocks W_ij among live neurons compute the same function: Σ_k W_hk x_k = Σ_{k live} W_hk x_k",
    method="termwise",
    argument=compaction_argument,
    assumptions=(
        "a neuron that is not live has x = 0 on every input (M10), or W_hk = 0 for every live h that it sends to",
    ),
)
