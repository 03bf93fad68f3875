"""Soft labels for binary cross entropy: a share ε of every label is spread over both classes.

Cross entropy has its soft labels inside its program (`losses`), since its labels are indices.
"""

import sympy as sp

from derivations.proof.assignments import Array, Assign
from derivations.proof.facts import heads, storage
from derivations.proof.notation import h, s
from derivations.proof.programs import Program
from derivations.proof.stated import at
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.scalar.losses import BINARY_CROSS_ENTROPY, half, smoothing, spread, target, y
from derivations.theorems.scalar.scalar_programs import result_of, scalar_program

soft = Array("soft", (s, h), "argument", "(1 - smoothing) y + smoothing/2, written over the targets", store="target")

SMOOTH_TARGETS = Program(
    "smooth_targets",
    "(1 - smoothing) y + smoothing / 2: soft labels for binary_cross_entropy",
    ("L.smoothing",),
    (target, soft),
    (Assign(soft.element, (1 - smoothing) * y + smoothing / 2),),
    scalars=("smoothing",),
)
classes = sp.Symbol("classes", positive=True)
LABEL_SHARE = scalar_program(
    "label_share", "smoothing / classes, what each class gets", "L.smoothing", (smoothing, classes), smoothing / classes
)


def smoothing_argument(proof: Proof, program: Program = SMOOTH_TARGETS, given: Program = LABEL_SHARE) -> None:
    proof.same("the soft labels take the place of the targets", storage(program), ["", "target"])
    proof.reads(program)
    proof.reads(given)
    (assign,) = program.assignments
    proof.same("once, for every element", heads((assign,)), [(soft.element, (), "sum", False)])
    result = assign.value
    proof.equal("a smoothing of 0 changes nothing", at(result, {smoothing: 0}), y)
    proof.equal("no label is left at 1", at(result, {smoothing: 1}), half)
    proof.equal("it is linear in the smoothing", result, y + smoothing * (half - y))
    # The loss is linear in y, and so is its gradient: they are those of the label and of 1/2, averaged.
    for number, region in enumerate(BINARY_CROSS_ENTROPY.regions, 1):
        for what, expression in (("ℓ", region.value), ("∂ℓ/∂z", region.slope)):
            mixed = (1 - smoothing) * expression + smoothing * at(expression, {y: half})
            proof.equal(f"region {number}: {what}", at(expression, {y: result}), mixed, "rational")
    shares = (1 - smoothing + spread) + (classes - 1) * spread
    proof.equal("the shares of all classes sum to 1", at(shares, {spread: result_of(given)}), sp.S.One, "rational")


L_SMOOTHING = Theorem(
    id="L.smoothing",
    title="label smoothing",
    states=8,
    words="labels (1 - ε) y + ε/2: ℓ and ∂ℓ/∂z of binary cross entropy are (1 - ε) times those of y plus ε times those of 1/2",
    method="linearity in the label",
    argument=smoothing_argument,
    scope="every batch size and width",
    reference="Szegedy et al., CVPR 2016",
)
THEOREMS = (L_SMOOTHING,)
