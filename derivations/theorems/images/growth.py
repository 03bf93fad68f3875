"""G6: new edges with eigenvalue 0. G7: new channels with column 0. G8: what a candidate edge would gain."""

from __future__ import annotations

import sympy as sp

from derivations.proof.assignments import Array, Assign
from derivations.proof.notation import s
from derivations.proof.programs import Program
from derivations.proof.rules import cotangents, evaluate
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.images import batch_norm as bn
from derivations.theorems.images import notation as n
from derivations.theorems.images import pointwise
from derivations.theorems.images.graph import dnode, node
from derivations.theorems.images.pointwise import W, dz
from derivations.theorems.images.steps import equal, holds

operation = sp.Symbol("m", integer=True, nonnegative=True)
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
    kept = evaluate(before, {})["node"]
    equal(
        proof,
        "λ = 0: the receiver's sum is the same, in training too: its statistics are those of the same u",
        evaluate(after, {})["node"].subs(new_value, start),
        kept,
        "program",
        ["I15"],
    )
    bars = cotangents(after, {"node": dnode.element})
    truth = dnode.element * entry.element
    everything = evaluate((Assign(sp.Symbol("slope"), truth, over=node.indices),), {})["slope"]
    equal(
        proof,
        "λ̄ = ⟨ū, op(x_m)⟩: it does not depend on λ",
        bars["new_value"],
        everything,
        "reverse accumulation",
        ["I15"],
    )
    equal(
        proof,
        "what is inside the new edge has the slope λ ū = 0 in the first step only",
        bars["entry"].subs(new_value, start),
        n.ZERO,
        "reverse accumulation",
    )
    # λ = 0 on both new edges: x_m is a batch norm of 0.
    _, scale, shift = (line.value for line in bn.COEFFICIENTS.assignments)
    norm = (scale * n.x.element + shift).xreplace({bn.scale.element: scale})
    silent = norm.subs({n.x.element: 0, bn.mean.element: 0}).subs(bn.beta.element, 0)
    equal(proof, "λ = 0 on the way in, β = 0: x_m = BN(0) = 0", silent, n.ZERO, cites=["C1"])
    equal(proof, "op(0) = 0: λ̄ of the way out is 0", everything.subs(entry.element, 0), n.ZERO)
    chained = (Assign(entry.element, first_value * n.x.element), *after)
    inward = cotangents(chained, {"node": dnode.element})["first_value"]
    equal(
        proof,
        "and λ̄ of the way in is a multiple of λ of the way out: 0, a dead point",
        inward.subs(new_value, 0),
        n.ZERO,
        "reverse accumulation",
    )


G6 = Theorem(
    id="G6",
    title="splitting an edge",
    statement="i → l is split by m: i → m with λ = 1, m → l with λ = 0, i → l kept: the function is the same, in training too, as u of l is the same sum "
    "plus 0; λ̄ = ⟨ū, op(x_m)⟩ there; with λ = 0 on both new edges and β = 0 at m all slopes are 0",
    method="evaluation on symbols, reverse accumulation",
    argument=split_argument,
    assumptions=("operations give 0 for 0 (the dead point)",),
    scope="every graph",
)

# --- G7 ---------------------------------------------------------------------------------------------------------------


def channel_argument(proof: Proof, value: Program = pointwise.POINTWISE) -> None:
    """The terms of a new channel in its reader."""
    term = evaluate(value.assignments, {})["z"]
    equal(
        proof,
        "column 0: a new hidden channel adds nothing, whatever its row, batch norm and kernel",
        term.subs(W.element, 0),
        n.ZERO,
        "program",
        ["G3", "M13"],
    )
    bars = cotangents(value.assignments, {"z": dz.element})
    equal(
        proof,
        "its own bar is 0 in the first step",
        bars["x"].subs(W.element, 0),
        n.ZERO,
        "reverse accumulation",
        ["I3"],
    )
    slope = evaluate(pointwise.POINTWISE_WEIGHTS.assignments, {})["dW"]
    equal(
        proof, "the column's slope does not contain the column: Σ z̄ h", slope, bars["W"], "reverse accumulation", ["I3"]
    )
    holds(proof, "so it is not 0 in general, and the channel wakes", not slope.has(W.element))


G7 = Theorem(
    id="G7",
    title="new channels",
    statement="a new hidden channel whose column in the reader is 0 changes nothing, in training too; W̄ of the column is Σ z̄ h, its own bar 0; a new channel of the "
    "nodes changes nothing if its column is 0 in every pointwise convolution, scaler and tower (G4)",
    method="evaluation on symbols",
    argument=channel_argument,
    scope="every size",
)

# --- G8 ---------------------------------------------------------------------------------------------------------------

slope, length, move = sp.symbols("slope length move", positive=True)
SCORE = slope**2 / length**2


def slope_argument(proof: Proof, score: sp.Expr = SCORE) -> None:
    """The decrease of ℓ + Σ λ̄ δ + ½ Σ ‖op δ‖², an operation at a time."""
    model = slope * move + (length * move) ** 2 / 2
    square = (length * move + slope / length) ** 2 / 2
    equal(proof, "λ̄ δ + ½ ‖op‖² δ² = ½ (‖op‖ δ + λ̄/‖op‖)² - ½ λ̄²/‖op‖²", model, square - score / 2, "rational")
    equal(
        proof,
        "least at δ = -λ̄/‖op‖², lower by half the score",
        model.subs(move, -slope / length**2),
        -score / 2,
        "rational",
    )
    other, long = sp.symbols("other long", positive=True)
    both = score + score.subs({slope: other, length: long}, simultaneous=True)
    lagrange = both * ((length * move) ** 2 + (long * first_value) ** 2) - (slope * move + other * first_value) ** 2
    square = (slope * long * first_value / length - other * length * move / long) ** 2
    equal(
        proof,
        "two operations: (Σ λ̄ δ)² <= score Σ ‖op δ‖² (Lagrange): the difference is a square",
        lagrange,
        square,
        "rational",
    )
    scaled = score.subs({slope: 2 * slope, length: 2 * length}, simultaneous=True)
    equal(proof, "op → 2 op: λ̄ and ‖op‖ double, the score stays", scaled, score, "rational")


G8 = Theorem(
    id="G8",
    title="slope score",
    statement="Σ_e λ̄_e²/‖op_e(x_m)‖² of a candidate edge is twice the decrease of ℓ + Σ λ̄ δ + ½ Σ ‖op_e δ_e‖² at its least, and the square of the "
    "steepest descent per unit of √Σ ‖op_e δ_e‖²; it does not change when an operation is scaled",
    method="completing the square, Lagrange's identity for two operations",
    argument=slope_argument,
    assumptions=("first order in δ: the loss itself has a curvature of its own",),
    scope="every candidate edge",
)
