"""G3 to G5: how channels go without a change of the function, and the evaluation form that is left."""

from __future__ import annotations

import sympy as sp

from derivations.proof.assignments import Array, Assign
from derivations.proof.programs import Program
from derivations.proof.rules import evaluate
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.images import batch_norm as bn
from derivations.theorems.images import convolution as conv
from derivations.theorems.images import evaluation, gates, graph, max_pool, mean_pool, pointwise, towers
from derivations.theorems.images import notation as n
from derivations.theorems.images.adjoints import only
from derivations.theorems.images.pointwise import W, z
from derivations.theorems.images.steps import equal, holds

# --- G3: hidden channels ----------------------------------------------------------------------------------------------


def removal_argument(proof: Proof, row: int = 0) -> None:
    """A channel between the halves of a sep-conv: what its column and its batch norm must be."""
    own = [e for p in (bn.SUMS, bn.COEFFICIENTS, bn.VALUE) for line in p.assignments for e in line.operands]
    proof.same(
        "a batch norm reads its own channel alone", {i for e in own for i in e.indices if i in (n.c, n.o)}, {n.c}
    )
    term = evaluate(pointwise.POINTWISE.assignments, {})["z"]
    for what, element in (("its column of the reader is 0", W.element), ("its values are 0", n.x.element)):
        equal(proof, f"{what}: it adds nothing", term.subs(element, 0), n.ZERO, "program", ["I3"])
    taken = only(evaluation.LOAD).value.subs(bn.scale.element, 0)
    shift = sp.Symbol("shift", nonpositive=True)
    equal(proof, "γ = 0, β <= 0: relu gives 0", taken.subs(bn.shift.element, shift), n.ZERO, "convention", ["I10"])
    equal(
        proof,
        "and the depthwise convolution of 0 is 0",
        only(conv.DEPTHWISE).value.subs(conv.AT_WINDOW, 0),
        n.ZERO,
        cites=["I2"],
    )
    level = sp.Symbol("shift", positive=True)
    constant = taken.subs(bn.shift.element, level)
    equal(proof, "γ = 0, β > 0: relu gives β in every pixel", constant, level, "convention", ["I10"])
    # 3 taps, padding 1: the first row reads no row above it.
    kernel = {(i, j): sp.Symbol(f"w{i}{j}") for i in range(3) for j in range(3)}
    inside = sum(level * kernel[i, j] for i in range(3) for j in range(3))
    first = sum(
        level * kernel[i, j]
        for i in range(3)
        for j in range(3)
        if n.WINDOW.at(0, i).subs({n.dilation: 1, n.padding: 1}) >= 0
    )
    lost = sum(level * kernel[row, j] for j in range(3))
    equal(
        proof,
        "a padded depthwise kernel of 3 taps: inside and first row differ by β Σ_κ w[0,κ], so no bias replaces it",
        inside - first,
        lost,
        cites=["I2"],
    )
    holds(proof, "a pointwise reader makes of β a constant W β of each channel", not (W.element * level).has(n.r, n.q))


G3 = Theorem(
    id="G3",
    title="removing a hidden channel",
    statement="channel c between the halves of a sep-conv changes nothing, in training too, if its column of the second pointwise convolution is 0, or "
    "γ_c = 0 and β_c <= 0; with γ_c = 0 and β_c > 0 a padded depthwise kernel makes a plane that differs at the border by β Σ w over "
    "the taps outside, so a bias replaces it only where these sums are 0",
    method="evaluation on symbols, cases",
    argument=removal_argument,
    scope="every size; the border for kernels of 3 taps",
)

# --- G4: width of a cell ----------------------------------------------------------------------------------------------

ALONG_CHANNELS = (conv.DEPTHWISE, conv.DEPTHWISE_PHASES, mean_pool.MEAN_POOL, mean_pool.MEAN_POOL_PHASES, max_pool.MAX_POOL, pointwise.SUBSAMPLE,
                  bn.SUMS, bn.COEFFICIENTS, bn.VALUE, evaluation.LOAD, gates.GATE, gates.DROP_PATH, graph.NODE, towers.GLOBAL_MEAN)  # fmt: skip
ACROSS = ((pointwise.POINTWISE, W), (pointwise.STEM, pointwise.kernel), (towers.TOWER, towers.V))


def width_argument(proof: Proof, along: tuple[Program, ...] = ALONG_CHANNELS) -> None:
    """Where a channel's values can go."""
    for program in along:
        places = {
            i
            for line in program.assignments
            for e in (*line.operands, line.target)
            if isinstance(e, sp.Indexed)
            for i in e.indices
            if i in (n.c, n.o)
        }
        proof.same(f"{program.name}: channel c of what it gives reads channel c alone", places, {n.c})
        holds(proof, f"{program.name}: no sum over channels", all(n.c not in line.over for line in program.assignments))
    for program, weights in ACROSS:
        line = program.assignments[0]
        equal(
            proof,
            f"{program.name}: column c is 0, so channel c adds nothing",
            line.value.subs(weights.element, 0),
            n.ZERO,
        )


G4 = Theorem(
    id="G4",
    title="width of a cell",
    statement="channel c of all nodes of a cell may go if column c is 0 in every live pointwise convolution, scaler and tower that reads the cell: "
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
    whole = evaluate((multiply, normed), {})["normed"]
    folded = Assign(evaluation.normed.element, factor * evaluation.folded.element * convolved, over=(n.c,))
    own = evaluate((*fold.assignments, folded), {})["normed"] + factor * b
    equal(proof, "λ BN(W dw(x)) = (λ diag(a) W) dw(x) + λ b", whole, own, "program", ["I9"])
    equal(proof, "a closed gate: nothing is left", whole.subs(factor, 0), n.ZERO, cites=["I13"])
    constant = whole.subs(a, 0)
    equal(proof, "γ = 0 in a channel: the constant λ b of that channel is left", constant, factor * b, cites=["I9"])


G5 = Theorem(
    id="G5",
    title="the evaluation form",
    statement="in evaluation an operation with a batch norm behind it is a depthwise and one biased pointwise convolution: λ BN(W dw(x)) = "
    "(λ diag(a) W) dw(x) + λ b; a node's batch norm goes into readers that begin with a pointwise convolution (I9)",
    method="evaluation on symbols",
    argument=compact_argument,
    scope="every size",
)
