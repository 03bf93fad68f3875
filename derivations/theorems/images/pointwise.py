"""I3 to I5: pointwise convolution, the stem, subsampling; the flattened window behind the stem."""

from __future__ import annotations

import sympy as sp

from derivations.proof.assignments import Assign
from derivations.proof.facts import added, heads
from derivations.proof.notation import s
from derivations.proof.programs import Program
from derivations.proof.stated import at
from derivations.proof.theorem import Proof, Theorem
from derivations.proof.windows import sums
from derivations.theorems.images import notation as n
from derivations.theorems.images.adjoints import adjoint_step, only, paired, value_of
from derivations.theorems.images.convolution import TAPS, ZERO_OUTSIDE

LINEAR = "adjoint identity for every direction, sums reindexed"

# --- I3: pointwise ----------------------------------------------------------------------------------------------------

W = n.plane("W", (n.o, n.c), "W, weights from channel c to channel o", "parameter")
dW = n.plane("dW", (n.o, n.c), "∂ℓ/∂W", "gradient")
z = n.plane("z", (s, n.o, n.r, n.q), "z, what a pointwise convolution gives")
dz = n.plane("dz", (s, n.o, n.r, n.q), "∂ℓ/∂z")

POINTWISE = Program(
    "pointwise",
    "every pixel's channels multiplied with one matrix",
    ("I3",),
    (n.x, W, z),
    (Assign(z.element, W.element * n.x.element, over=(n.c,)),),
)
POINTWISE_ADJOINT = Program(
    "pointwise_adjoint",
    "adjoint of the pointwise convolution: the transposed matrix",
    ("I3",),
    (dz, W, n.dx),
    (Assign(n.dx.element, W.element * dz.element, over=(n.o,)),),
)
POINTWISE_WEIGHTS = Program(
    "pointwise_weights",
    "gradient of the matrix of a pointwise convolution",
    ("I3",),
    (n.x, dz, dW),
    (Assign(dW.element, dz.element * n.x.element, over=(s, n.r, n.q), accumulate=True),),
)


def pointwise_argument(
    proof: Proof,
    value: Program = POINTWISE,
    adjoint: Program = POINTWISE_ADJOINT,
    weights: Program = POINTWISE_WEIGHTS,
) -> None:
    """M7.direct and M8.direct of one block, a pixel of a sample in the place of the sample."""
    formula = sums(s, n.o, n.r, n.q, n.c) * dz.element * W.element * n.x.element
    proof.equal("z = W x in every pixel", paired(only(value), dz), formula, "reindexing", ["M7.direct"])
    adjoint_step(proof, "x̄ = Wᵀ z̄ in every pixel", value, n.x, adjoint, ("M8.direct",))
    adjoint_step(proof, "W̄ = Σ z̄ xᵀ over samples and pixels", value, W, weights, ("M8.direct",))
    proof.same("what batches share is accumulated", added(weights.assignments), [dW.name])
    for program in (value, adjoint, weights):
        proof.reads(program)


I3 = Theorem(
    id="I3",
    title="pointwise convolution",
    states=3,
    words="z[s,o,r,q] = Σ_c W[o,c] x[s,c,r,q]; x̄ = Wᵀ z̄ in every pixel, W̄[o,c] = Σ z̄[s,o,r,q] x[s,c,r,q] over samples and pixels",
    method=LINEAR,
    argument=pointwise_argument,
    assumptions=(ZERO_OUTSIDE,),
    scope="every size",
)

# --- I4: the stem -----------------------------------------------------------------------------------------------------

kernel = n.plane("kernel", (n.o, n.c, n.rho, n.kappa), "w, a dense kernel of taps × taps", "parameter")
dkernel = n.plane("dkernel", (n.o, n.c, n.rho, n.kappa), "∂ℓ/∂w", "gradient")
out = n.plane("out", (s, n.o, n.i, n.j), "y, what the stem gives")
dout = n.plane("dout", (s, n.o, n.i, n.j), "∂ℓ/∂y")
patch = n.plane("patch", (s, n.c, n.rho, n.kappa, n.i, n.j), "x[R(i,ρ),Q(j,κ)], the windows laid out", "scratch")
AT_WINDOW = n.x.at(s, n.c, n.WINDOW.at(n.i, n.rho), n.WINDOW.at(n.j, n.kappa))

STEM = Program(
    "stem",
    "dense convolution of the images",
    ("I4",),
    (n.x, kernel, out),
    (Assign(out.element, kernel.element * AT_WINDOW, over=(n.c, *TAPS)),),
    scalars=n.WINDOW_SCALARS,
)
STEM_WEIGHTS = Program(
    "stem_weights",
    "gradient of the stem's kernel; the images need none",
    ("I4",),
    (n.x, dout, dkernel),
    (Assign(dkernel.element, dout.element * AT_WINDOW, over=(s, n.i, n.j), accumulate=True),),
    scalars=n.WINDOW_SCALARS,
)
PATCHES = Program(
    "patches",
    "the windows of the images laid out, for a stem as one matrix product",
    ("I4",),
    (n.x, patch),
    (Assign(patch.element, AT_WINDOW),),
    scalars=n.WINDOW_SCALARS,
)


def stem_argument(
    proof: Proof, value: Program = STEM, weights: Program = STEM_WEIGHTS, patches: Program = PATCHES
) -> None:
    """The dense convolution is a pointwise one after the windows are laid out."""
    place = n.x.at(
        s, n.c, n.stride * n.i + n.dilation * n.rho - n.padding, n.stride * n.j + n.dilation * n.kappa - n.padding
    )
    over = (s, n.o, n.i, n.j, n.c, *TAPS)
    formula = sums(*over) * dout.element * kernel.element * place
    proof.equal("y is the sum over channels and taps", paired(only(value), dout), formula, "reindexing")
    laid = at(sums(*over) * dout.element * kernel.element * patch.element, {patch.element: only(patches).value})
    claim = "y = w · patches: (channel, tap, tap) in the place of the channel of I3"
    proof.equal(claim, laid, paired(only(value), dout), "reindexing", ["I3"])
    proof.same("every window is laid out once", heads(patches.assignments), [(patch.element, (), "sum", False)])
    adjoint_step(proof, "⟨ȳ, v * x⟩ = ⟨w̄, v⟩", value, kernel, weights)
    proof.same("what batches share is accumulated", added(weights.assignments), [dkernel.name])
    for program in (value, weights, patches):
        proof.reads(program)


I4 = Theorem(
    id="I4",
    title="dense convolution",
    states=3,
    words="y[s,o,i,j] = Σ w[o,c,ρ,κ] x[s,c,R(i,ρ),Q(j,κ)] over c, ρ, κ; w̄[o,c,ρ,κ] = Σ ȳ[s,o,i,j] x[s,c,R,Q]; it is the pointwise "
    "convolution I3 of the windows laid out",
    method=LINEAR,
    argument=stem_argument,
    assumptions=(ZERO_OUTSIDE,),
    scope="every size, stride, dilation and padding",
)

# --- I5: subsampling --------------------------------------------------------------------------------------------------

SUBSAMPLE = Program(
    "subsample",
    "every stride-th row and column",
    ("I5",),
    (n.x, n.y),
    (Assign(n.y.element, n.x.at(s, n.c, n.stride * n.i, n.stride * n.j)),),
    scalars=("stride",),
)
SUBSAMPLE_ADJOINT = Program(
    "subsample_adjoint",
    "adjoint of the subsampling: dy at the rows and columns that were read, 0 elsewhere",
    ("I5",),
    (n.dy, n.dx),
    (
        Assign(
            n.dx.element,
            sp.KroneckerDelta(n.r, n.stride * n.place(n.r))
            * sp.KroneckerDelta(n.q, n.stride * n.place(n.q))
            * n.dy.at(s, n.c, n.place(n.r), n.place(n.q)),
        ),
    ),
    scalars=("stride",),
)


def subsample_argument(proof: Proof, value: Program = SUBSAMPLE, adjoint: Program = SUBSAMPLE_ADJOINT) -> None:
    """Row stride i is read by row i alone; the rows between are read by none."""
    formula = sums(*n.y.indices) * n.dy.element * n.x.at(s, n.c, n.stride * n.i, n.stride * n.j)
    proof.equal("y[i,j] = x[stride i, stride j]", paired(only(value), n.dy), formula, "reindexing")
    # r = stride place(r) + phase(r): the delta is 1 where the phase is 0, and there place(r) is the row of y.
    line, more = only(adjoint), sp.Symbol("more", integer=True, positive=True)
    proof.same("the adjoint is x̄", heads((line,)), [(n.dx.element, (), "sum", False)])
    places = {n.place(n.r): n.i, n.place(n.q): n.j}
    read = at(at(value_of(line), places), {n.r: n.stride * n.i, n.q: n.stride * n.j})
    proof.equal("r = stride i, q = stride j: x̄ = ȳ[i,j]", read, n.dy.element)
    for what, row in (("row", n.r), ("column", n.q)):
        own = n.i if row is n.r else n.j
        between = at(at(value_of(line), places), {row: n.stride * own + more})
        proof.equal(f"between the {what}s that are read: x̄ = 0", between, sp.S.Zero)
    for program in (value, adjoint):
        proof.reads(program)


I5 = Theorem(
    id="I5",
    title="subsampling",
    states=4,
    words="y[i,j] = x[stride i, stride j]; x̄[r,q] = ȳ[r/stride, q/stride] where the stride divides r and q, else 0",
    method="cases of the remainder",
    argument=subsample_argument,
    assumptions=("row r = stride place(r) + phase(r), 0 <= phase(r) < stride (I2)",),
    scope="every size and stride",
)
