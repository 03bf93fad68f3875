"""G6: new edges with eigenvalue 0. G7: new channels with column 0. G8: what a candidate edge would gain."""

from __future__ import annotations

import sympy as sp

from derivations.proof.assignments import Array, Assign
from derivations.proof.notation import s
from derivations.proof.programs import Program
from derivations.proof.running import bars, run
from derivations.proof.stated import Term, at
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.images import batch_norm as bn
from derivations.theorems.images import notation as n
from derivations.theorems.images import pointwise
from derivations.theorems.images.adjoints import only, value_of
from derivations.theorems.images.graph import dnode, node, operation
from derivations.theorems.images.pointwise import W, dz

eigenvalue = Array("eigenvalue", (operation,), "parameter", "λ_e, one number an operation of an edge")
old = Array("old", (s, n.c, n.r, n.q, operation), "state", "op_e(x) of the old operations")
new_value = sp.Symbol("new_value")  # λ of the edge to the receiver
first_value = sp.Symbol("first_value")  # λ of the edge from the sender
entry = n.plane("entry", node.indices, "op(x_m), what the new edge gives to the receiver")

# --- G6 ---------------------------------------------------------------------------------------------------------------


def split_argument(proof: Proof, start: sp.Expr = n.ZERO) -> None:
    """The receiver's sum before and after a split, and the slopes there."""
    before = (Assign(node.element, eigenvalue.element * old.element, over=(operation,)),)
    after = (*before, Assign(node.element, new_value * entry.element, accumulate=True))
    kept = run(before)["node"]
    proof.equal(
        "λ = 0: the receiver's sum is the same, in training too: its statistics are those of the same u",
        at(run(after)["node"], {new_value: start}),
        kept,
        "program",
        ["I15"],
    )
    back = bars(after, {"node": dnode.element})
    truth = dnode.element * entry.element
    everything = run((Assign(sp.Symbol("slope"), truth, over=node.indices),))["slope"]
    proof.equal(
        "λ̄ = ⟨ū, op(x_m)⟩: it does not depend on λ",
        back["new_value"],
        everything,
        "reverse accumulation",
        ["I15"],
    )
    proof.equal(
        "what is inside the new edge has the slope λ ū = 0 in the first step only",
        at(back["entry"], {new_value: start}),
        n.ZERO,
        "reverse accumulation",
    )
    # λ = 0 on both new edges: x_m is a batch norm of 0.
    _, scale, shift = (line.value for line in bn.COEFFICIENTS.assignments)
    norm = at(at(value_of(only(bn.VALUE)), {bn.shift.element: shift}), {bn.scale.element: scale})
    silent = at(norm, {n.x.element: 0, bn.mean.element: 0, bn.beta.element: 0})
    proof.equal("λ = 0 on the way in, β = 0: x_m = BN(0) = 0", silent, n.ZERO, cites=["C1"])
    proof.equal("op(0) = 0: λ̄ of the way out is 0", at(everything, {entry.element: 0}), n.ZERO)
    chained = (Assign(entry.element, first_value * n.x.element), *after)
    inward = bars(chained, {"node": dnode.element})["first_value"]
    proof.equal(
        "and λ̄ of the way in is a multiple of λ of the way out: 0, a dead point",
        at(inward, {new_value: 0}),
        n.ZERO,
        "reverse accumulation",
    )


G6 = Theorem(
    id="G6",
    title="splitting an edge",
    states=6,
    words="i → l is split by m: i → m with λ = 1, m → l with λ = 0, i → l kept: the function is the same, in training too, as u of l is the same sum "
    "plus 0; λ̄ = ⟨ū, op(x_m)⟩ there; with λ = 0 on both new edges and β = 0 at m all slopes are 0",
    method="evaluation on symbols, reverse accumulation",
    argument=split_argument,
    assumptions=("operations give 0 for 0 (the dead point)",),
    scope="every graph",
)

# --- G7 ---------------------------------------------------------------------------------------------------------------


def channel_argument(proof: Proof, value: Program = pointwise.POINTWISE) -> None:
    """The terms of a new channel in its reader."""
    term = run(value.assignments)["z"]
    proof.equal(
        "column 0: a new hidden channel adds nothing, whatever its row, batch norm and kernel",
        at(term, {W.element: 0}),
        n.ZERO,
        "program",
        ["G3", "M13"],
    )
    back = bars(value.assignments, {"z": dz.element})
    proof.equal(
        "its own bar is 0 in the first step",
        at(back["x"], {W.element: 0}),
        n.ZERO,
        "reverse accumulation",
        ["I3"],
    )
    slope = run(pointwise.POINTWISE_WEIGHTS.assignments)["dW"]
    proof.equal(
        "the column's slope does not contain the column: Σ z̄ h", slope, back["W"], "reverse accumulation", ["I3"]
    )
    proof.without("so it is not 0 in general, and the channel wakes", slope, W.element)


G7 = Theorem(
    id="G7",
    title="new channels",
    states=4,
    words="a new hidden channel whose column in the reader is 0 changes nothing, in training too; W̄ of the column is Σ z̄ h, its own bar 0; a new channel of the "
    "nodes changes nothing if its column is 0 in every pointwise convolution, scaler and tower (G4)",
    method="evaluation on symbols",
    argument=channel_argument,
    scope="every size",
)

# --- G8 ---------------------------------------------------------------------------------------------------------------

slopes = Array("slope", (operation,), "argument", "λ̄_e of an operation of the edge")
lengths = Array("length", (operation,), "argument", "‖op_e(x_m)‖")
moves = Array("move", (operation,), "argument", "δ_e, a change of its eigenvalue")
slope, length, move = slopes.element, lengths.element, moves.element
SCORE = slope**2 / length**2
"""The term of one operation; the score of an edge is the sum over its operations."""


def sum_of(term: sp.Expr) -> Term:
    """Σ_e of a term of each operation."""
    return run((Assign(sp.Symbol("total"), term, over=(operation,)),))["total"]


def slope_argument(proof: Proof, score: sp.Expr = SCORE) -> None:
    """The decrease of ℓ + Σ λ̄ δ + ½ Σ ‖op δ‖², and its direction, for any number of operations."""
    t, positive = sp.Symbol("t", real=True), sp.symbols("slope length move", positive=True)
    numbers = dict(zip((slope, length, move), positive, strict=True))
    # The least value.
    model = sum_of(slope * move + (length * move) ** 2 / 2)
    squares = (length * move + slope / length) ** 2 / 2
    claim = "Σ λ̄ δ + ½ ‖op‖² δ² = Σ ½ (‖op‖ δ + λ̄/‖op‖)² - ½ Σ λ̄²/‖op‖²"
    proof.equal(claim, model, sum_of(squares) - sum_of(score) / 2, "program")
    proof.compare("a term of the first sum is at least 0", at(squares, numbers), ">=")
    proof.equal("and 0 at δ = -λ̄/‖op‖²: lower by half the score", at(squares, {move: -slope / length**2}), n.ZERO)
    # (Σ λ̄ δ)² <= score Σ ‖op δ‖²: for each t a sum of squares; t = Σ λ̄ δ / score.
    gap = (length * move - t * slope / length) ** 2
    whole = sum_of((length * move) ** 2) - 2 * t * sum_of(slope * move) + t**2 * sum_of(score)
    proof.equal("Σ (‖op‖ δ - t λ̄/‖op‖)² = Σ ‖op δ‖² - 2 t Σ λ̄ δ + t² score", sum_of(gap), whole, "program")
    proof.compare("it is at least 0", at(gap, numbers), ">=")
    reach, change, points = sp.symbols("reach change points", positive=True)
    claim = "t = Σ λ̄ δ / score: (Σ λ̄ δ)²/score <= Σ ‖op δ‖², with equality at δ = t λ̄/‖op‖²"
    at_best = at(reach - 2 * t * change + t**2 * points, {t: change / points})
    proof.equal(claim, at_best, reach - change**2 / points, "rational")
    proof.equal("there every square is 0", at(gap, {move: t * slope / length**2}), n.ZERO)
    scaled = at(score, {slope: 2 * slope, length: 2 * length})
    proof.equal("op → 2 op: λ̄ and ‖op‖ double, the score stays", scaled, score, "rational")


G8 = Theorem(
    id="G8",
    title="slope score",
    states=8,
    words="Σ_e λ̄_e²/‖op_e(x_m)‖² of a candidate edge is twice the decrease of ℓ + Σ λ̄ δ + ½ Σ ‖op_e δ_e‖² at its least, and the square of the "
    "steepest descent per unit of √Σ ‖op_e δ_e‖²; it does not change when an operation is scaled",
    method="completing the square, sums of squares over operations",
    argument=slope_argument,
    assumptions=("first order in δ: the loss itself has a curvature of its own",),
    scope="every candidate edge",
)
