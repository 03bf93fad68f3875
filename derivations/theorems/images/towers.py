"""I11: the mean of a plane. I12: a tower, a linear map with bias behind it, and the weights of the losses of all towers."""

from __future__ import annotations

import sympy as sp

from derivations.proof.assignments import Array, Assign
from derivations.proof.facts import added, targets
from derivations.proof.notation import s
from derivations.proof.programs import Program
from derivations.proof.running import bars, run, slope
from derivations.proof.stated import at
from derivations.proof.theorem import Proof, Theorem
from derivations.proof.windows import sums
from derivations.theorems.images import notation as n
from derivations.theorems.images.adjoints import adjoint_step, only, paired, value_of
from derivations.theorems.images.convolution import ZERO_OUTSIDE
from derivations.theorems.images.pointwise import LINEAR

pooled = n.plane("pooled", (s, n.c), "mean of each plane")
dpooled = n.plane("dpooled", (s, n.c), "∂ℓ/∂ of the means")
SHARE = 1 / (n.rows * n.columns)

GLOBAL_MEAN = Program(
    "global_mean",
    "mean of each plane",
    ("I11",),
    (n.x, pooled),
    (Assign(pooled.element, SHARE * n.x.element, over=(n.r, n.q)),),
    scalars=("rows", "columns"),
)
GLOBAL_MEAN_ADJOINT = Program(
    "global_mean_adjoint",
    "adjoint of the mean: the same share for each pixel",
    ("I11",),
    (dpooled, n.dx),
    (Assign(n.dx.element, SHARE * dpooled.element),),
    scalars=("rows", "columns"),
)


def mean_argument(proof: Proof, value: Program = GLOBAL_MEAN, adjoint: Program = GLOBAL_MEAN_ADJOINT) -> None:
    """A sum, and a copy to every pixel."""
    formula = sums(s, n.c, n.r, n.q) * dpooled.element * n.x.element / (n.rows * n.columns)
    proof.equal("the mean is Σ x / (rows columns)", paired(only(value), dpooled), formula, "reindexing")
    adjoint_step(proof, "⟨ȳ, mean of v⟩ = ⟨x̄, v⟩", value, n.x, adjoint)
    # Self-adjoint up to the factor: mean of (copy of y) is y.
    copied = value_of(only(adjoint)) * n.rows * n.columns
    for program in (value, adjoint):
        proof.reads(program)
    proof.equal("the adjoint is a copy of ȳ, divided by rows columns", copied, dpooled.element)


I11 = Theorem(
    id="I11",
    title="mean of a plane",
    states=3,
    words="y[s,c] = Σ x[s,c,r,q] / (rows columns); x̄[s,c,r,q] = ȳ[s,c] / (rows columns)",
    method=LINEAR,
    argument=mean_argument,
    assumptions=(ZERO_OUTSIDE,),
    reference="standard",
    scope="every size",
)

# --- I12: towers ------------------------------------------------------------------------------------------------------

V = n.plane("V", (n.o, n.c), "V, weights of a tower", "parameter")
dV = n.plane("dV", (n.o, n.c), "∂ℓ/∂V", "gradient")
bias = Array("bias", (n.o,), "parameter", "e, bias of a tower")
dbias = Array("dbias", (n.o,), "gradient", "∂ℓ/∂e")
logits = n.plane("logits", (s, n.o), "z, the logits of a tower")
dlogits = n.plane("dlogits", (s, n.o), "∂ℓ/∂z")
share = sp.Symbol("share")

TOWER = Program(
    "tower",
    "logits of a tower",
    ("I12",),
    (pooled, V, bias, logits),
    (
        Assign(logits.element, V.element * pooled.element, over=(n.c,)),
        Assign(logits.element, bias.element, accumulate=True),
    ),
)
TOWER_ADJOINT = Program(
    "tower_adjoint",
    "adjoint of a tower; dlogits are share times the gradient of its cross entropy",
    ("I12",),
    (pooled, V, dlogits, dpooled, dV, dbias),
    (
        Assign(dV.element, dlogits.element * pooled.element, over=(s,), accumulate=True),
        Assign(dbias.element, dlogits.element, over=(s,), accumulate=True),
        Assign(dpooled.element, V.element * dlogits.element, over=(n.o,)),
    ),
)


loss_of = sp.Symbol("loss")
TOWER_SHARE = Program(
    "tower_share",
    "share loss, what a tower but the last adds to the loss, and to its bar",
    ("I12",),
    (),
    (Assign(sp.Symbol("result"), share * loss_of),),
    scalars=("share", "loss"),
    result="result",
)


def tower_argument(
    proof: Proof, value: Program = TOWER, adjoint: Program = TOWER_ADJOINT, part: Program = TOWER_SHARE
) -> None:
    """M8.direct of one block with a bias; the loss is linear in the towers' losses."""
    truth = bars(value.assignments, {"logits": dlogits.element})
    whole = sums(n.c) * V.element * pooled.element + bias.element
    proof.equal("z = V y + e", run(value.assignments)["logits"], whole, "program", ["M7.direct"])
    lines = {line.name: line for line in adjoint.assignments}
    proof.same("one line for each", targets(adjoint.assignments), [dV.element, dbias.element, dpooled.element])
    for name, line in lines.items():
        mine = value_of(line) * sums(*line.over)
        proof.equal(f"the cotangent of {name[1:]}", mine, truth[name[1:]], "reverse accumulation", ["M8.direct"])
    proof.same("gradients add up over batches", added(adjoint.assignments), [dV.name, dbias.name])
    for program in (value, adjoint, part):
        proof.reads(program)
    last, other = sp.symbols("last other")
    whole = last + at(run(part.assignments)["result"], {loss_of: other})
    proof.equal("the printed part of another tower", run(part.assignments)["result"], share * loss_of, "program")
    for what, term, factor in (("the last tower", last, sp.S.One), ("every other tower", other, share)):
        proof.equal(
            f"{what}: its share of the loss is the factor of its z̄",
            slope(whole, term),
            factor,
            "differentiation",
            ["L.cross_entropy"],
        )


I12 = Theorem(
    id="I12",
    title="linear tower",
    states=7,
    words="z = V y + e; V̄ = Σ_s z̄ yᵀ, ē = Σ_s z̄, ȳ = Vᵀ z̄; in the loss CE(last) + share Σ CE(others), z̄ of another tower is share "
    "times that of its cross entropy (the published share is 0.4)",
    method="reverse accumulation",
    argument=tower_argument,
    reference="standard",
    scope="every size",
)
