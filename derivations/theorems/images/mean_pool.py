"""I6: mean pools, padding counted or not."""

from __future__ import annotations

import sympy as sp

from derivations.proof.assignments import Assign
from derivations.proof.facts import heads
from derivations.proof.notation import s
from derivations.proof.programs import Program
from derivations.proof.stated import at
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.images import convolution as conv
from derivations.theorems.images import notation as n
from derivations.theorems.images.adjoints import only, value_of
from derivations.theorems.images.convolution import TAPS, ZERO_OUTSIDE

SCALARS = (*n.WINDOW_SCALARS, "taps")
SHARE = 1 / n.taps**2

number = n.plane("number", (n.i, n.j), "how many positions of the window of (i, j) lie inside the plane", "argument")

MEAN_POOL = Program(
    "mean_pool",
    "mean of each window, padding counted",
    ("I6",),
    (n.x, n.y),
    (Assign(n.y.element, SHARE * conv.AT_WINDOW, over=TAPS),),
    scalars=SCALARS,
)
MEAN_POOL_PHASES = Program(
    "mean_pool_phases",
    "mean of each window for every stride, padding counted, on phases",
    ("I6",),
    (n.x_phase, n.y),
    (Assign(n.y.element, SHARE * conv.AT_PHASE, over=TAPS),),
    scalars=SCALARS,
)
AT_TURNED = n.dy.at(s, n.c, conv.TURNED.at(n.r, n.rho), conv.TURNED.at(n.q, n.kappa))
MEAN_POOL_ADJOINT = Program(
    "mean_pool_adjoint",
    "adjoint of the mean pool at stride 1: the mean pool of dy",
    ("I6",),
    (n.dy, n.dx),
    (Assign(n.dx.element, SHARE * AT_TURNED, over=TAPS),),
    scalars=("dilation", "padding", "taps"),
)
MEAN_POOL_PHASES_ADJOINT = Program(
    "mean_pool_phases_adjoint",
    "adjoint of the mean pool for every stride: what each tap gives to its phase",
    ("I6",),
    (n.dy, n.dx_phase),
    (
        Assign(
            n.dx_phase.element,
            sp.KroneckerDelta(n.e, n.rest(n.rho))
            * sp.KroneckerDelta(n.g, n.rest(n.kappa))
            * SHARE
            * n.dy.at(s, n.c, n.a - n.quotient(n.rho), n.b - n.quotient(n.kappa)),
            over=TAPS,
        ),
    ),
    scalars=SCALARS,
)
MEAN_POOL_INSIDE = Program(
    "mean_pool_inside",
    "mean of each window over the positions inside the plane; at stride 1 the adjoint is that of I2 for dy / number",
    ("I6",),
    (n.x, number, n.y),
    (Assign(n.y.element, conv.AT_WINDOW / number.element, over=TAPS),),
    scalars=n.WINDOW_SCALARS,
)
PAIRS = (
    (MEAN_POOL, conv.DEPTHWISE),
    (MEAN_POOL_PHASES, conv.DEPTHWISE_PHASES),
    (MEAN_POOL_ADJOINT, conv.DEPTHWISE_ADJOINT),
    (MEAN_POOL_PHASES_ADJOINT, conv.DEPTHWISE_PHASES_ADJOINT),
)


def mean_argument(
    proof: Proof, pairs: tuple[tuple[Program, Program], ...] = PAIRS, inside: Program = MEAN_POOL_INSIDE
) -> None:
    """Every line is that of I2 for a kernel whose entries are all 1/k²; turned by 180° it is the same kernel."""
    for pool, convolution in pairs:
        mine, line = only(pool), only(convolution)
        kernel = {e: SHARE for e in line.operands if str(e.base) == "w"}
        proof.equal(f"{pool.name}: I2 for w = 1/k²", value_of(mine), at(value_of(line), kernel), cites=["I2"])
        proof.same(f"{pool.name}: the same sum", heads((mine,)), [(line.target, line.over, "sum", False)])
        proof.reads(pool)
    mine, line = only(inside), only(conv.DEPTHWISE)
    for_one = at(value_of(line), {n.w.element: 1})
    proof.equal(
        "padding not counted: I2 for w = 1, divided by the number inside",
        value_of(mine) * number.element,
        for_one,
        cites=["I2"],
    )
    proof.same("padding not counted: the same sum", heads((mine,)), [(line.target, line.over, "sum", False)])
    proof.reads(inside)


I6 = Theorem(
    id="I6",
    title="mean pool",
    states=5,
    words="y[i,j] = 1/k² Σ x[R(i,ρ),Q(j,κ)], padding counted: I2 with w = 1/k², so at stride 1 x̄ is the mean pool of ȳ with padding "
    "k - 1 - padding; padding not counted: the sum divided by the number inside, and x̄ that of I2 for w = 1 and ȳ / number",
    method="a case of I2",
    argument=mean_argument,
    assumptions=(ZERO_OUTSIDE,),
    scope="every size, stride, dilation and padding",
)
