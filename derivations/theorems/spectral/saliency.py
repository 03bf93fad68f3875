"""M22: what it costs to take a weight or a neuron away, or what a new weight is worth, by the Gauss-Newton matrix.

F are the factors of M20.factor, one matrix for each sample, and z̄^(m) is the adjoint M8.direct with column m of F as its
output bar: the derivative of (Fᵀ z_K)_m by z_i. The Gauss-Newton matrix is Σ_s (∂Fᵀz_K)ᵀ (∂Fᵀz_K) with F held fixed, so its
diagonal is a sum of squares of gradients that M8 gives, one sample and one column at a time. Sums over samples carry the
scale and the weights of the loss inside F.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import sympy as sp

from derivations.proof.assignments import Array, Assign
from derivations.proof.facts import loops, shared, targets, whole
from derivations.proof.notation import dx, dz, elements, h, k, lam_in, lam_out, s
from derivations.proof.notation import phi as phi_array
from derivations.proof.notation import x as values_x
from derivations.proof.programs import Program
from derivations.proof.rules import marker
from derivations.proof.running import run
from derivations.proof.stated import at, definition, meaning
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.spectral import adjoint
from derivations.theorems.spectral.blocks import entries
from derivations.theorems.spectral.curvature import CURVATURE, JACOBIAN
from derivations.theorems.spectral.curvature import mean as average

m = sp.Symbol("m", integer=True, nonnegative=True)  # column of F, an output
bar = Array("bar", (s, m, h), "argument", "z̄_i^(m), adjoint of column m of F")
x = Array("x", (s, k), "argument", "x_j, what the weight W_ij is multiplied with")
squares = Array("squares", (s, h), "argument", "Σ_m (z̄_i^(m))²")
H = Array("H", (h, k), "argument", "diagonal of the Gauss-Newton matrix, entry of W_ij")
w, d, g, curvature, c, t = sp.symbols("w d g H c t", positive=True)

share = Array("share", (s, m), "argument", "p_m, of a sample")
out = Array("out", (h, m), "argument", "W_mj, outgoing weights of neuron j of the hidden layer")
mean = Array("mean", (s, h), "argument", "Σ_m p_m W_mj")
total = Array("total", (s, h), "argument", "a sum over m")


def quadratic(proof: Proof) -> None:
    """One weight in the quadratic model g δ + ½ H δ²."""
    model = g * d + curvature * d**2 / 2
    proof.equal(
        "at a minimum, g = 0, the weight goes: δ = -w costs ½ w² H", at(model, {g: 0, d: -w}), w**2 * curvature / 2
    )
    square = curvature * (d + g / curvature) ** 2 / 2
    proof.equal(
        "growth: g δ + ½ H δ² = ½ H (δ + g/H)² - g²/2H, least at δ = -g/H",
        model,
        square - g**2 / (2 * curvature),
        "rational",
    )


def diagonal(proof: Proof, claimed: sp.Expr = x.element**2 * squares.element) -> None:
    """`claimed` is the term of a sample in H_ww."""
    step = run(adjoint.DIRECT.step(hidden=False, sender_hidden=True), {"dz": dz.element, "x_source": x.element})
    per_sample = dz.element * x.element
    proof.equal("W̄_ij of one sample is z̄_i x_j", step["dW"], marker(s) * per_sample, "program", ["M8.direct"])
    # (∂Fᵀz_K)ᵀ (∂Fᵀz_K) on the diagonal: the squares of these gradients, over samples and columns.
    truth = (Assign(H.element, (bar.element * x.element) ** 2, over=(s, m)),)
    formula = (Assign(squares.element, bar.element**2, over=(m,)), Assign(H.element, claimed, over=(s,)))
    known = elements((bar, x))
    proof.equal(
        "H_ww = Σ_s Σ_m (z̄_i^(m) x_j)² = Σ_s x_j² Σ_m (z̄_i^(m))²",
        run(truth, known)["H"],
        run(formula, known)["H"],
        "program",
        ["M20.factor"],
    )


Spread = Callable[[sp.Expr, sp.Expr], sp.Expr]


def programs(proof: Proof, jacobian: Program = JACOBIAN, squared: Program = CURVATURE) -> None:
    """The programs of the kernels: the adjoint's own loop, with each sample's gradient, or its square, in place of the sum."""
    for program in (jacobian, squared):
        proof.reads(program)
    for program, added in ((jacobian, {"dx_source"}), (squared, {"dx_source", "H", "rise"})):
        proof.same(f"{program.name}: one loop over all layers, back", loops(program), [("Layers", "back")])
        several = shared(program.assignments)
        proof.same(f"{program.name}: what several layers or columns of F add to is accumulated", several, added)
    for hidden, sender_hidden in product((True, False), repeat=2):
        where = f"{'hidden' if hidden else 'last'} layer, {'hidden' if sender_hidden else 'input'} layer before it"
        truth = adjoint.DIRECT.step(hidden=hidden, sender_hidden=sender_hidden)
        values = run(truth, {})
        steps = {p.name: p.step(hidden=hidden, sender_hidden=sender_hidden) for p in (jacobian, squared)}
        for name, step in steps.items():
            own, expected = (tuple(a for a in body if a.name in ("dz", "dx_source")) for body in (step, truth))
            proof.same(f"{name}, {where}: z̄ and x̄ are passed on as by the adjoint", whole(own), expected)
        rows, sums = (run(step, {}) for step in steps.values())
        row = rows["J"]
        proof.equal(f"{where}: Σ_s J is W̄_ij of the adjoint", marker(s) * row, values["dW"], "program", ["M8.direct"])
        proof.equal(f"{where}: H is Σ_s J²", sums["H"], marker(s) * row**2, "program")
        if hidden:
            moved = marker(s) * ((values_x.element - average.element) * dx.element) ** 2
            claim = f"{where}: x_i goes to its mean, Fᵀ z_K moves by x̄_i^(m) (mean - x_i): rise is Σ_s of the square"
            proof.equal(claim, sums["rise"], moved, "program", ["M8.direct"])
        rises = tuple(a for a in steps[squared.name] if a.name == "rise")
        proof.same(
            f"{where}: a rise is that of a hidden layer",
            targets(rises),
            [array.element for array in squared.arrays if array.name == "rise"] * hidden,
        )


first, second = sp.symbols("first second")  # Σ_k p_k W_kj, Σ_k p_k W_kj²


@definition("by_sums", "{0}", "{0}, first = Σ p W, second = Σ p W²", commutative=True)
def by_sums(expression: sp.Expr) -> sp.Expr:
    """Σ p = 1, Σ p W = first (that is the mean, too) and Σ p W² = second."""
    sums = {
        sp.expand(marker(m) * share.element * out.element**2): second,
        sp.expand(marker(m) * share.element * out.element * mean.element): first * mean.element,
        sp.expand(marker(m) * share.element * mean.element**2): mean.element**2,
    }
    parts = [term.as_coeff_Mul() for term in sp.Add.make_args(meaning(expression))]
    return sp.Add(*(number * sums[rest] for number, rest in parts)).subs(mean.element, first)


def one_hidden_layer(proof: Proof, spread: Spread = lambda second, first: second - first**2) -> None:
    """Softmax and one hidden layer: column m of F is √p_m (e_m - p); `spread` is Σ p W² - (Σ p W)² from both sums."""
    root = sp.sqrt(share.element)
    p_k = sp.Symbol("p_k", positive=True)
    # Outgoing weight W_kj: z̄_k^(m) = √p_m (δ_km - p_k); Σ_m of its square from the terms m = k and m != k.
    hit = sp.Symbol("hit")
    off = p_k * (hit - p_k) ** 2
    outgoing = at(off, {hit: 1}) + (1 - p_k) * p_k**2
    proof.equal(
        "outgoing: Σ_m p_m (δ_km - p_k)² = p_k (1 - p_k), as the sum of the other p_m = 1 - p_k",
        outgoing,
        p_k * (1 - p_k),
    )
    # Incoming weight W_ji: z̄_j^(m) = f'(z_j) Σ_k W_kj F_km = f'(z_j) √p_m (W_mj - Σ_k p_k W_kj).
    term = (root * (out.element - mean.element)) ** 2
    program = (Assign(total.element, sp.expand(term), over=(m,)),)
    collected = by_sums(run(program, elements((share, out, mean)))["total"])
    proof.equal(
        "incoming: Σ_m p_m (W_mj - Σ_k p_k W_kj)² = Σ p W² - (Σ p W)², as Σ p = 1", collected, spread(second, first)
    )
    moved = at(spread(second, first), {second: second + 2 * c * first + c**2, first: first + c})
    proof.equal("it stays when c is added to all outgoing weights: Σ p (W+c)², Σ p (W+c)", moved, spread(second, first))
    # A neuron: x_j goes to its mean, so z_K moves by W (x̄ - x), and ½ Δzᵀ (diag p - p pᵀ) Δz is ½ (x - x̄)² times the same.
    step = sp.Symbol("step")
    cost = (step**2 * second - (step * first) ** 2) / 2
    proof.equal(
        "neuron: ½ Σ p (W Δx)² - ½ (Σ p W Δx)² = ½ Δx² (Σ p W² - (Σ p W)²)", cost, step**2 * spread(second, first) / 2
    )


def gauges(proof: Proof) -> None:
    """½ w² H_ww, and the neuron's number, in other parameters of the same function."""
    weight, gradient, value = sp.symbols("weight gradient value")
    curved = weight**2 * (gradient * value) ** 2
    incoming = at(curved, {weight: c * weight, gradient: gradient / c})
    outgoing = at(curved, {weight: weight / c, value: c * value})
    for where, moved in (("incoming: w → c w, z̄ → z̄/c", incoming), ("outgoing: w → w/c, x → c x", outgoing)):
        proof.equal(f"relu rescaling, {where}: w² H_ww stays", moved, curved, cites=["M16"])
    centred, spread = sp.symbols("centred spread")
    scaled = at(centred**2 * spread, {centred: c * centred, spread: spread / c**2})
    proof.equal("neuron: (c Δx)² (spread of W/c) stays", scaled, centred**2 * spread, "rational")
    shifted = at(entries(), {lam_in.at(k): lam_in.at(k) + t, lam_out.at(h): lam_out.at(h) + t})
    proof.equal("the λ-gauge changes no weight", shifted, entries(), cites=["M9"])
    factor = lam_in.element - lam_out.element
    rate = sp.Symbol("rate")
    by_phi = at(phi_array.element**2 * rate**2, {rate: dz.element * x.element * factor})
    w_entry = phi_array.element * factor
    proof.equal(
        "φ in place of w = φ (λ_in - λ_out): ∂/∂φ = (λ_in - λ_out) ∂/∂w, so φ² H_φφ = w² H_ww",
        by_phi,
        w_entry**2 * (dz.element * x.element) ** 2,
        cites=["M8.layerwise"],
    )


def argument(proof: Proof) -> None:
    quadratic(proof)
    diagonal(proof)
    programs(proof)
    one_hidden_layer(proof)
    gauges(proof)


M22 = Theorem(
    id="M22",
    title="Gauss-Newton saliency",
    states=23,
    words="H_ww of W_ij is Σ_s x_j² Σ_m (z̄_i^(m))², z̄^(m) the adjoint of column m of F; a weight that goes costs ½ w² H_ww, a "
    "new one gains g²/2H; one hidden layer and softmax: H is p_k (1-p_k) x_j² outgoing, x_i² f'(z_j)² (Σ p W² - (Σ p W)²) "
    "incoming, and neuron j costs ½ (x_j - x̄_j)² (Σ p W² - (Σ p W)²), summed over samples; w² H_ww is the same number "
    "under relu rescaling, the λ-gauge and with φ for w",
    method="evaluation on symbols, sums of squares, completing the square",
    argument=argument,
    assumptions=(
        "the loss is replaced by its quadratic model with the Gauss-Newton matrix, F held fixed",
        "Σ p = 1 over the outputs of each sample",
        "φ in place of w: the layerwise network at fixed λ, where φ stands in one weight",
    ),
    reference="LeCun et al., NeurIPS 1989, with Gauss-Newton for the second derivative",
)
