"""I2 to I5: convolutions of planes, their adjoints and their kernels' gradients, for every stride, dilation and padding.

Three forms of one map. `DEPTHWISE` is the definition. At stride 1 the adjoint is a convolution with the kernel turned by
180°, so one kernel serves both. For every stride, with the input split into phases, the value, the adjoint and the
gradient are loops of stride 1 in which tap ρ reads phase rest(ρ), shifted by quotient(ρ). The adjoint of the split is
to put the phases together again.
"""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from derivations.proof.assignments import Array, Assign
from derivations.proof.facts import added, heads, whole
from derivations.proof.notation import s
from derivations.proof.programs import Program
from derivations.proof.stated import at, definition, meaning
from derivations.proof.theorem import Proof, Theorem
from derivations.proof.windows import Window, sums
from derivations.theorems.images import notation as n
from derivations.theorems.images.adjoints import adjoint_step, only, paired

ZERO_OUTSIDE = "every array is 0 outside of its sizes"
TAPS = (n.rho, n.kappa)
AT_WINDOW = n.x.at(s, n.c, n.WINDOW.at(n.i, n.rho), n.WINDOW.at(n.j, n.kappa))
AT_PHASE = n.x_phase.at(s, n.c, n.rest(n.rho), n.rest(n.kappa), n.i + n.quotient(n.rho), n.j + n.quotient(n.kappa))

# --- I2: depthwise ----------------------------------------------------------------------------------------------------

DEPTHWISE = Program(
    "depthwise",
    "each channel convolved with its own kernel",
    ("I2",),
    (n.x, n.w, n.y),
    (Assign(n.y.element, n.w.element * AT_WINDOW, over=TAPS),),
    scalars=n.WINDOW_SCALARS,
)
TURNED = Window(sp.S.One, n.dilation, n.dilation * (n.taps - 1) - n.padding)
DEPTHWISE_ADJOINT = Program(
    "depthwise_adjoint",
    "adjoint of the depthwise convolution at stride 1: the convolution of dy with the kernel turned by 180°",
    ("I2",),
    (n.dy, n.w, n.dx),
    (
        Assign(
            n.dx.element,
            n.w.at(n.c, n.taps - 1 - n.rho, n.taps - 1 - n.kappa)
            * n.dy.at(s, n.c, TURNED.at(n.r, n.rho), TURNED.at(n.q, n.kappa)),
            over=TAPS,
        ),
    ),
    scalars=("dilation", "padding", "taps"),
)
DEPTHWISE_WEIGHTS = Program(
    "depthwise_weights",
    "gradient of the depthwise kernels",
    ("I2",),
    (n.x, n.dy, n.dw),
    (Assign(n.dw.element, n.dy.element * AT_WINDOW, over=(s, n.i, n.j), accumulate=True),),
    scalars=n.WINDOW_SCALARS,
)
PHASES = Program(
    "phases",
    "the plane split into stride x stride phases",
    ("I2",),
    (n.x, n.x_phase),
    (Assign(n.x_phase.element, n.x.at(s, n.c, n.stride * n.a + n.e, n.stride * n.b + n.g)),),
    scalars=("stride",),
)
PHASES_JOINED = Program(
    "phases_joined",
    "adjoint of the split: the phases put together",
    ("I2",),
    (n.dx_phase, n.dx),
    (Assign(n.dx.element, n.dx_phase.at(s, n.c, n.phase(n.r), n.phase(n.q), n.place(n.r), n.place(n.q))),),
    scalars=("stride",),
)
DEPTHWISE_PHASES = Program(
    "depthwise_phases",
    "the depthwise convolution for every stride, tap by tap on the phases",
    ("I2",),
    (n.x_phase, n.w, n.y),
    (Assign(n.y.element, n.w.element * AT_PHASE, over=TAPS),),
    scalars=n.WINDOW_SCALARS,
)
DEPTHWISE_PHASES_ADJOINT = Program(
    "depthwise_phases_adjoint",
    "adjoint of the depthwise convolution for every stride: what each tap gives to its phase",
    ("I2",),
    (n.dy, n.w, n.dx_phase),
    (
        Assign(
            n.dx_phase.element,
            sp.KroneckerDelta(n.e, n.rest(n.rho))
            * sp.KroneckerDelta(n.g, n.rest(n.kappa))
            * n.w.element
            * n.dy.at(s, n.c, n.a - n.quotient(n.rho), n.b - n.quotient(n.kappa)),
            over=TAPS,
        ),
    ),
    scalars=n.WINDOW_SCALARS,
)
DEPTHWISE_PHASES_WEIGHTS = Program(
    "depthwise_phases_weights",
    "gradient of the depthwise kernels for every stride",
    ("I2",),
    (n.x_phase, n.dy, n.dw),
    (Assign(n.dw.element, n.dy.element * AT_PHASE, over=(s, n.i, n.j), accumulate=True),),
    scalars=n.WINDOW_SCALARS,
)


def split(array: Array) -> sp.Expr:
    """The phases of an array, at the indices of `x_phase`."""
    return array.at(s, n.c, n.stride * n.a + n.e, n.stride * n.b + n.g)


@definition("as_floor", "{0}", "({0}, with floors)", commutative=True)
def as_floor(expression: sp.Expr) -> sp.Expr:
    """`quotient` and `place` by their definitions, and frac(t) as t - ⌊t⌋."""
    return n.numbers(meaning(expression)).rewrite(sp.floor)


def split_is_one_to_one(proof: Proof) -> None:
    """Every row lies in exactly one phase, at one place: Euclid's division by the stride."""
    row, more = sp.Symbol("row", integer=True), sp.Symbol("more", integer=True, nonnegative=True)
    share = sp.frac(row / n.stride)
    whole_and_rest = n.stride * as_floor(n.place(row)) + n.stride * as_floor(share)
    proof.equal("row = stride ⌊row/stride⌋ + stride frac(row/stride)", whole_and_rest, row)
    proof.equal("phase(row) = stride frac(row/stride)", as_floor(n.phase(row)), n.stride * as_floor(share))
    proof.compare("the phase is at least 0: 0 <= frac", share, ">=")
    proof.compare("the phase is below the stride: frac < 1", share, "<", 1)
    larger = n.e + 1 + more  # any stride above e
    proof.compare("a = ⌊(stride a + e)/stride⌋ as e < stride: e/stride < 1", sp.S.One, ">", n.e / larger)


PLACES = {n.e: n.rest(n.rho), n.g: n.rest(n.kappa), n.a: n.i + n.quotient(n.rho), n.b: n.j + n.quotient(n.kappa)}
"""Where the tap (ρ, κ) of (i, j) reads the phases."""


def formula() -> sp.Expr:
    """⟨ȳ, y⟩ written out."""
    rows, columns = n.stride * n.i + n.dilation * n.rho - n.padding, n.stride * n.j + n.dilation * n.kappa - n.padding
    return sums(*n.y.indices, *TAPS) * n.dy.element * n.w.element * n.x.at(s, n.c, rows, columns)


def plain_argument(
    proof: Proof,
    value: Program = DEPTHWISE,
    adjoint: Program = DEPTHWISE_ADJOINT,
    weights: Program = DEPTHWISE_WEIGHTS,
) -> None:
    """The definition, its adjoint at stride 1 and its kernel's gradient; tests exchange a program."""
    line = only(value)
    proof.equal("y is the sum over all taps", paired(line, n.dy), formula(), "reindexing")
    at_one = replace(value, body=(replace(line, value=line.value.subs(n.stride, 1)),))
    adjoint_step(proof, "stride 1: ⟨ȳ, w * v⟩ = ⟨x̄, v⟩, x̄ with the turned kernel", at_one, n.x, adjoint)
    half = n.dilation * (n.taps - 1) / 2
    proof.equal("dilation (taps - 1)/2 is its own turned padding", at(TURNED.padding, {n.padding: half}), half)
    adjoint_step(proof, "⟨ȳ, v * x⟩ = ⟨w̄, v⟩", value, n.w, weights)
    proof.same("what batches share is accumulated", added(weights.assignments), [n.dw.name])
    for program in (value, adjoint, weights):
        proof.reads(program)


def phases_argument(
    proof: Proof,
    phases: Program = PHASES,
    value: Program = DEPTHWISE_PHASES,
    adjoint: Program = DEPTHWISE_PHASES_ADJOINT,
    weights: Program = DEPTHWISE_PHASES_WEIGHTS,
    joined: Program = PHASES_JOINED,
) -> None:
    """The same map for every stride, on phases; tests exchange a program."""
    parts, line, put = only(phases), only(value), only(joined)
    proof.same("the phases", whole((parts,)), [Assign(n.x_phase.element, split(n.x))])
    split_is_one_to_one(proof)
    inside = replace(line, value=line.value.xreplace({AT_PHASE: split(n.x).subs(PLACES, simultaneous=True)}))
    claim = "tap ρ reads phase rest(ρ) at row i + quotient(ρ)"
    proof.equal(claim, paired(inside, n.dy), formula(), "reindexing")
    proof.same("the phases give all of y", heads((line,)), [(n.y.element, TAPS, "sum", False)])
    adjoint_step(proof, "⟨ȳ, w * v⟩ = ⟨x̄_phase, v⟩ for every stride", value, n.x_phase, adjoint)
    adjoint_step(proof, "⟨ȳ, v * x⟩ = ⟨w̄, v⟩ on phases", value, n.w, weights)
    proof.same("what batches share is accumulated", added(weights.assignments), [n.dw.name])
    for program in (phases, value, adjoint, weights, joined):
        proof.reads(program)
    back = {n.e: n.phase(n.r), n.g: n.phase(n.q), n.a: n.place(n.r), n.b: n.place(n.q)}
    own = Assign(n.dx.element, n.dx_phase.element.subs(back, simultaneous=True))
    proof.same("row r of x̄ is read at its own phase and place", whole((put,)), [own])
    claim = "the phase and place of row r are those where the split of v holds v[r]"
    every = sums(*n.vx.indices)  # a sum over all places, so that the rule renames the indices
    held = at(split(n.vx), back)
    proof.equal(claim, every * n.dx.element * held, every * n.dx.element * n.vx.element, "reindexing")


def depthwise_argument(proof: Proof) -> None:
    plain_argument(proof)
    phases_argument(proof)


I2 = Theorem(
    id="I2",
    title="depthwise convolution",
    states=13,
    words="y[i,j] = Σ w[ρ,κ] x[R(i,ρ),Q(j,κ)] for each sample and channel, R(i,ρ) = stride i + dilation ρ - padding: w̄[ρ,κ] = "
    "Σ ȳ[i,j] x[R,Q] over samples too; at stride 1 x̄ is the convolution of ȳ with the kernel turned by 180°, padding "
    "dilation (taps - 1) - padding; for every stride, R(i,ρ) = stride (i + quotient(ρ)) + rest(ρ): tap ρ reads phase rest(ρ) "
    "at row i + quotient(ρ), and gives x̄_phase[e,a] = Σ_{ρ: rest(ρ) = e} w[ρ] ȳ[a - quotient(ρ)]",
    method="adjoint identity for every direction, sums reindexed",
    argument=depthwise_argument,
    assumptions=(ZERO_OUTSIDE, "stride · quotient(ρ) + rest(ρ) = dilation · ρ - padding, 0 <= rest(ρ) < stride"),
    scope="every size, stride, dilation and padding",
)
