"""I9: batch norm in evaluation, folded into the convolution before it. I10: relu behind a batch norm, its mask recomputed."""

from __future__ import annotations

import sympy as sp

from derivations.proof.assignments import Array, Assign
from derivations.proof.facts import conditions, piece, targets
from derivations.proof.notation import s
from derivations.proof.programs import Program
from derivations.proof.running import run, slope
from derivations.proof.stated import Term, at
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.images import batch_norm as bn
from derivations.theorems.images import notation as n
from derivations.theorems.images.adjoints import only, stored_step, value_of
from derivations.theorems.images.pointwise import W, z

# --- I9: evaluation and folding ---------------------------------------------------------------------------------------

running_mean = bn.per_channel("running_mean", "m, running mean", "argument")
running_variance = bn.per_channel("running_variance", "u, running variance", "argument")
scale_out = Array("scale_out", (n.o,), "argument", "a of the batch norm behind the pointwise convolution")
shift_out = Array("shift_out", (n.o,), "argument", "b of the batch norm behind the pointwise convolution")
folded = n.plane("folded", (n.o, n.c), "diag(a) W", "argument")
read = n.plane("read", (n.o, n.c), "W diag(a), for a batch norm in front", "argument")
bias = Array("bias", (n.o,), "argument", "W b, for a batch norm in front")
normed = n.plane("normed", (s, n.o, n.r, n.q), "a z + b")

EVALUATION = Program(
    "batch_norm_evaluation",
    "a batch norm with running statistics as a x + b",
    ("I9",),
    (running_mean, running_variance, bn.gamma, bn.beta, bn.scale, bn.shift),
    (
        Assign(bn.scale.element, bn.gamma.element / sp.sqrt(running_variance.element + bn.epsilon)),
        Assign(bn.shift.element, bn.beta.element - bn.scale.element * running_mean.element),
    ),
    scalars=("epsilon",),
)
FOLD = Program(
    "fold",
    "a pointwise convolution with the batch norm behind it: the matrix; its bias is shift_out",
    ("I9",),
    (W, scale_out, folded),
    (Assign(folded.element, scale_out.element * W.element),),
)
FOLD_READER = Program(
    "fold_reader",
    "a batch norm with the pointwise convolution behind it: the matrix and its bias",
    ("I9",),
    (W, bn.scale, bn.shift, read, bias),
    (
        Assign(read.element, W.element * bn.scale.element),
        Assign(bias.element, W.element * bn.shift.element, over=(n.c,)),
    ),
)


def evaluation_argument(
    proof: Proof, coefficients: Program = EVALUATION, fold: Program = FOLD, reader: Program = FOLD_READER
) -> None:
    """a x + b with running statistics; both ways to fold it into a matrix."""
    stored_step(proof, coefficients, fold, reader)
    a, b = map(value_of, coefficients.assignments)
    u, m, x = running_variance.element, running_mean.element, n.x.element
    claim = "a x + b = γ (x - m)/√(u + ε) + β"
    truth = bn.gamma.element * (x - m) / sp.sqrt(u + bn.epsilon) + bn.beta.element
    proof.equal(claim, at(a * x + b, {bn.scale.element: a}), truth)
    multiply = Assign(z.element, W.element * x, over=(n.c,))
    norm = Assign(normed.element, scale_out.element * z.element + shift_out.element)
    with_bias = Assign(normed.element, folded.element * x, over=(n.c,))
    both = run((multiply, norm))["normed"]
    one = run((*fold.assignments, with_bias))["normed"] + shift_out.element
    proof.equal("behind: a (W x) + b = (diag(a) W) x + b", both, one, "program", ["I3"])
    in_front = Assign(z.element, W.element * (bn.scale.element * x + bn.shift.element), over=(n.c,))
    moved = run((*reader.assignments, Assign(z.element, read.element * x, over=(n.c,))))
    claim = "in front: W (a x + b) = (W diag(a)) x + W b"
    proof.equal(claim, run((in_front,))["z"], moved["z"] + moved["bias"], "program")
    proof.reads(bn.VALUE)


I9 = Theorem(
    id="I9",
    title="batch norm in evaluation",
    states=3,
    words="y = a x + b with a = γ/√(u + ε), b = β - a m; behind a pointwise W: (diag(a) W) x + b; in front of it: (W diag(a)) x + W b",
    method="evaluation on symbols",
    argument=evaluation_argument,
    assumptions=("u + ε > 0",),
    reference="standard",
    scope="every size",
)

# --- I10: relu --------------------------------------------------------------------------------------------------------

held = n.plane("held", (s, n.c, n.r, n.q), "max(a x + b, 0), what a reader takes", "scratch")
dheld = n.plane("dheld", (s, n.c, n.r, n.q), "∂ℓ/∂ of what a reader takes")
AFFINE = bn.scale.element * n.x.element + bn.shift.element

LOAD = Program(
    "relu_load",
    "what a reader behind relu takes, with the batch norm in front applied: nothing of it is stored",
    ("I10",),
    (n.x, bn.scale, bn.shift, held),
    (Assign(held.element, sp.Piecewise((0, AFFINE <= 0), (AFFINE, True))),),
)
LOAD_ADJOINT = Program(
    "relu_adjoint",
    "adjoint of relu by the mask of a x + b, computed again",
    ("I10",),
    (n.x, bn.scale, bn.shift, dheld, bn.dnormed),
    (Assign(bn.dnormed.element, sp.Piecewise((0, AFFINE <= 0), (dheld.element, True))),),
)


def on_side(value: sp.Expr, below: bool) -> Term:
    """The piece for a x + b <= 0, or for a x + b > 0."""
    (piecewise,) = value.atoms(sp.Piecewise)
    return at(value, {piecewise: piece(piecewise, 1 if below else 2)})


def relu_argument(proof: Proof, load: Program = LOAD, adjoint: Program = LOAD_ADJOINT) -> None:
    """Two sides of 0 and the slope at 0."""
    stored_step(proof, load, adjoint)
    taken, given = only(load), only(adjoint)
    for line in (taken, given):
        sides = conditions(next(iter(line.value.atoms(sp.Piecewise))))
        proof.same(f"{line.name}: the two sides of a x + b = 0", sides, [AFFINE <= 0, sp.true])
    y = sp.Symbol("y")
    for below, truth in ((True, n.ZERO), (False, y)):
        where = "a x + b <= 0" if below else "a x + b > 0"
        proof.equal(f"{where}: relu(a x + b)", on_side(taken.value, below), truth.subs(y, AFFINE), cites=["F.relu"])
        proof.equal(
            f"{where}: the adjoint is dheld times the slope",
            on_side(given.value, below),
            dheld.element * slope(truth, y),
            "differentiation",
        )
    proof.same("what is taken and given", targets((taken, given)), [held.element, bn.dnormed.element])
    zero = {n.x.element: 0, bn.shift.element: 0}
    proof.equal(
        "at a x + b = 0 the slope is 0, as that of F.relu",
        at(value_of(given), zero),
        n.ZERO,
        "convention",
        ["F.relu"],
    )


I10 = Theorem(
    id="I10",
    title="relu behind a batch norm",
    states=5,
    words="a reader takes max(a x + b, 0); its adjoint is that of the reader where a x + b > 0, and 0 elsewhere, at 0 too",
    method="cases of a sign",
    argument=relu_argument,
    reference="standard",
    scope="every size",
)
