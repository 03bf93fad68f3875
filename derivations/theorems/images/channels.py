"""G3 to G5: how channels go without a change of the function, and the evaluation form that is left."""

from __future__ import annotations

import sympy as sp

from derivations.proof.assignments import Array, Assign
from derivations.proof.facts import indices_among, summing
from derivations.proof.programs import Program
from derivations.proof.running import run
from derivations.proof.stated import Term, at
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.images import batch_norm as bn
from derivations.theorems.images import convolution as conv
from derivations.theorems.images import evaluation, gates, graph, max_pool, mean_pool, pointwise, towers
from derivations.theorems.images import notation as n
from derivations.theorems.images.adjoints import only, value_of
from derivations.theorems.images.pointwise import W, z

# --- G3: hidden channels ----------------------------------------------------------------------------------------------


def removal_argument(proof: Proof, row: int = 0) -> None:
    """A channel between the halves of a sep-conv: what its column and its batch norm must be."""
    own = tuple(line for p in (bn.SUMS, bn.COEFFICIENTS, bn.VALUE) for line in p.assignments)
    proof.same("a batch norm reads its own channel alone", indices_among(own, (n.c, n.o)), {n.c})
    term = run(pointwise.POINTWISE.assignments)["z"]
    for what, element in (("its column of the reader is 0", W.element), ("its values are 0", n.x.element)):
        proof.equal(f"{what}: it adds nothing", at(term, {element: 0}), n.ZERO, "program", ["I3"])
    taken = at(value_of(only(evaluation.LOAD)), {bn.scale.element: 0})
    shift = sp.Symbol("shift", nonpositive=True)
    proof.equal("γ = 0, β <= 0: relu gives 0", at(taken, {bn.shift.element: shift}), n.ZERO, "convention", ["I10"])
    proof.equal(
        "and the depthwise convolution of 0 is 0",
        at(value_of(only(conv.DEPTHWISE)), {conv.AT_WINDOW: 0}),
        n.ZERO,
        cites=["I2"],
    )
    level = sp.Symbol("shift", positive=True)
    constant = at(taken, {bn.shift.element: level})
    proof.equal("γ = 0, β > 0: relu gives β in every pixel", constant, level, "convention", ["I10"])
    border_argument(proof, level, row)
    pointwise_constant = run((Assign(z.element, W.element * level, over=(n.c,)),))["z"]
    for what, index in (("row", n.r), ("column", n.q)):
        claim = f"a pointwise reader makes of β a constant W β of each channel: no {what}"
        proof.without(claim, pointwise_constant, index)


def border_argument(proof: Proof, level: sp.Symbol, row: int) -> None:
    """A depthwise kernel reads β where a tap lies inside of the plane, and 0 elsewhere."""
    above = sp.Symbol("padding", integer=True, positive=True)
    inside = Array("inside", conv.TAPS, "argument", "1 where the tap lies inside of the plane, else 0").element
    total = Array("total", (n.c,), "argument", "what the kernel gives").element

    def over_taps(term: sp.Expr) -> Term:
        return run((Assign(total, term * n.w.element, over=conv.TAPS),))["total"]

    claim = "a padded depthwise kernel: inside and border differ by β Σ w over the taps outside, so no bias replaces it"
    lost = over_taps(level * (1 - inside))
    proof.equal(claim, over_taps(level) - over_taps(level * inside), lost, "program", ["I2"])
    first = {n.i: 0, n.rho: row, n.dilation: 1}
    proof.compare(
        "padding > 0: tap 0 of the first row lies outside", at(n.WINDOW.at(n.i, n.rho), first | {n.padding: above}), "<"
    )
    proof.compare(
        "the tap in the middle, ρ = padding, lies inside",
        at(n.WINDOW.at(n.i, n.rho), {n.i: 0, n.rho: above, n.dilation: 1, n.padding: above}),
        ">=",
    )


G3 = Theorem(
    id="G3",
    title="removing a hidden channel",
    states=10,
    words="channel c between the halves of a sep-conv changes nothing, in training too, if its column of the second pointwise convolution is 0, or "
    "γ_c = 0 and β_c <= 0; with γ_c = 0 and β_c > 0 a padded depthwise kernel makes a plane that differs at the border by β Σ w over "
    "the taps outside, so a bias replaces it only where these sums are 0",
    method="evaluation on symbols, cases",
    argument=removal_argument,
    scope="every size",
)

# --- G4: width of a cell ----------------------------------------------------------------------------------------------

ALONG_CHANNELS = (conv.DEPTHWISE, conv.DEPTHWISE_PHASES, mean_pool.MEAN_POOL, mean_pool.MEAN_POOL_PHASES, max_pool.MAX_POOL, pointwise.SUBSAMPLE,
                  bn.SUMS, bn.COEFFICIENTS, bn.VALUE, evaluation.LOAD, gates.GATE, gates.DROP_PATH, graph.NODE, towers.GLOBAL_MEAN)  # fmt: skip
ACROSS = ((pointwise.POINTWISE, W), (pointwise.STEM, pointwise.kernel), (towers.TOWER, towers.V))


def width_argument(proof: Proof, along: tuple[Program, ...] = ALONG_CHANNELS) -> None:
    """Where a channel's values can go."""
    for program in along:
        places = indices_among(program.assignments, (n.c, n.o))
        proof.same(f"{program.name}: channel c of what it gives reads channel c alone", places, {n.c})
        proof.same(f"{program.name}: no sum over channels", summing(program.assignments, n.c), [])
    for program, weights in ACROSS:
        line = program.assignments[0]
        proof.equal(
            f"{program.name}: column c is 0, so channel c adds nothing",
            at(value_of(line), {weights.element: 0}),
            n.ZERO,
        )


G4 = Theorem(
    id="G4",
    title="width of a cell",
    states=3,
    words="channel c of all nodes of a cell may go if column c is 0 in every live pointwise convolution, scaler and tower that reads the cell: "
    "depthwise kernels, pools, identities, batch norms, relu, gates and sums keep channels apart, so its values reach no other channel",
    method="what each program reads",
    argument=width_argument,
    scope="every cell",
)

# --- G5: the evaluation form ------------------------------------------------------------------------------------------


def compact_argument(proof: Proof, fold: Program = evaluation.FOLD) -> None:
    """A half block is one depthwise and one biased pointwise convolution; factors go into the matrix."""
    a, b, factor = evaluation.scale_out.element, evaluation.shift_out.element, sp.Symbol("factor")
    convolved = Array("convolved", n.x.indices, "state", "the depthwise convolution's value").element
    multiply = Assign(z.element, W.element * convolved, over=(n.c,))
    normed = Assign(evaluation.normed.element, factor * (a * z.element + b))
    whole = run((multiply, normed))["normed"]
    folded = Assign(evaluation.normed.element, factor * evaluation.folded.element * convolved, over=(n.c,))
    own = run((*fold.assignments, folded))["normed"] + factor * b
    proof.equal("λ BN(W dw(x)) = (λ diag(a) W) dw(x) + λ b", whole, own, "program", ["I9"])
    proof.equal("a closed gate: nothing is left", at(whole, {factor: 0}), n.ZERO, cites=["I13"])
    constant = at(whole, {a: 0})
    proof.equal("γ = 0 in a channel: the constant λ b of that channel is left", constant, factor * b, cites=["I9"])


G5 = Theorem(
    id="G5",
    title="the evaluation form",
    states=3,
    words="in evaluation an operation with a batch norm behind it is a depthwise and one biased pointwise convolution: λ BN(W dw(x)) = "
    "(λ diag(a) W) dw(x) + λ b; a node's batch norm goes into readers that begin with a pointwise convolution (I9)",
    method="evaluation on symbols",
    argument=compact_argument,
    scope="every size",
)
