"""The losses and their derivatives with respect to the output z_K.

`weight` are sample weights and `scale` normalises them: 1 / (outputs · Σ weight) for squared error,
1 / Σ weight for cross entropy, so that each loss is a weighted mean.
"""

import sympy as sp

from derivations import exponential_error
from derivations.codegen.ir import Array, Assign, Program, Rows
from derivations.differentiation import cotangents, elements, evaluate, marker
from derivations.notation import h, s
from derivations.theorem import Proof, Theorem

output = Array("output", (s, h), "argument", "z_K, the network's output")
d_output = Array("d_output", (s, h), "argument", "∂ℓ/∂z_K, written over the output", store="output")
target = Array("target", (s, h), "argument", "y, the targets")
label = Array("label", (s,), "argument", "y, the class of each sample", integer=True)
weight = Array("weight", (s,), "argument", "sample weights")
scale, loss, peak, total, chosen = sp.symbols("scale loss peak total chosen")
shifted = Array("shifted", (s, h), "argument", "exp(z - max z), written over the output", store="output")

residual = output.element - target.element
SQUARED_ERROR = Program(
    "squared_error",
    "weighted mean over samples and outputs of (z - y)^2, and its gradient",
    ("L.squared_error",),
    (output, target, weight, d_output),
    (
        Rows(
            (
                Assign(loss, scale * weight.element * residual**2, over=(h,), accumulate=True),
                Assign(d_output.element, 2 * scale * weight.element * residual),
            )
        ),
    ),
    scalars=("scale",),
    result="loss",
)

hit = sp.KroneckerDelta(h, label.element)
CROSS_ENTROPY = Program(
    "cross_entropy",
    "weighted mean over samples of log sum_h exp(z_h) - z_label, and its gradient",
    ("L.cross_entropy", *(theorem.id for theorem in exponential_error.THEOREMS)),
    (output, label, weight, d_output, shifted),
    (
        Rows(
            (
                Assign(peak, output.element, over=(h,), reduce="max"),
                Assign(chosen, hit * output.element, over=(h,)),
                Assign(shifted.element, sp.exp(output.element - peak)),
                Assign(total, shifted.element, over=(h,)),
                Assign(loss, scale * weight.element * (sp.log(total) + peak - chosen), accumulate=True),
                Assign(d_output.element, scale * weight.element * (shifted.element / total - hit)),
            )
        ),
    ),
    scalars=("scale",),
    result="loss",
)

PROGRAMS = (SQUARED_ERROR, CROSS_ENTROPY)


def takes_the_output(proof: Proof, program: Program) -> None:
    stores = {array.store for array in program.arrays if array.store}
    proof.same("∂ℓ/∂z takes the place of the output", stores, ["output"])
    proof.same("one loop over the rows", [type(node) for node in program.body], [Rows])
    proof.same("the loss is returned", [program.result], [loss])


def squared_error_argument(proof: Proof, program: Program = SQUARED_ERROR) -> None:
    takes_the_output(proof, program)
    value = [a for a in program.assignments if a.target == loss]
    # ℓ sums over samples too; the derivative at sample s keeps that sample's term alone.
    truth = cotangents(value, {"loss": sp.Integer(1)}, fixed=(s,)).get("output", sp.Integer(0))
    claimed = evaluate(program.assignments, elements((output, target, weight)))["d_output"]
    proof.equal("∂ℓ/∂z = 2 scale w (z - y)", claimed, truth, rule="termwise")
    proof.equal("ℓ is the sum of squares", value[0].value, scale * weight.element * residual**2, rule="definition")


def cross_entropy_argument(proof: Proof, program: Program = CROSS_ENTROPY) -> None:
    takes_the_output(proof, program)
    rows = list(program.assignments)
    greatest = rows[0]
    proof.same("peak is the greatest output of the row", [greatest], [Assign(peak, output.element, (h,), reduce="max")])
    value = [a for a in rows if a is not greatest and a.target != d_output.element]
    proof.same("total = Σ exp(z - peak), chosen = z_label, ℓ = log total + peak - chosen", value, DEFINITION)
    bars = cotangents(value, {"loss": sp.Integer(1)}, fixed=(s,))
    # `total` stays a symbol on both sides: it is a sum, and stands in a denominator.
    power = {shifted.element: sp.expand(sp.exp(output.element - peak))}
    claimed = next(a for a in rows if a.target == d_output.element).value
    proof.equal(
        "∂ℓ/∂z = scale w (softmax - onehot)",
        claimed.subs(power),
        bars.get("output", sp.Integer(0)).subs(power),
        rule="termwise",
    )
    by_peak = bars.get("peak", sp.Integer(0)).subs(marker(h) * power[shifted.element], total)
    proof.equal("ℓ does not depend on the shift: Σ_h exp(z_h - peak) = total", by_peak, sp.Integer(0), rule="termwise")


DEFINITION = (
    Assign(chosen, hit * output.element, over=(h,)),
    Assign(shifted.element, sp.exp(output.element - peak)),
    Assign(total, shifted.element, over=(h,)),
    Assign(loss, scale * weight.element * (sp.log(total) + peak - chosen), accumulate=True),
)

L_SQUARED_ERROR = Theorem(
    id="L.squared_error",
    title="squared error",
    statement="ℓ = scale Σ_sh w_s (z_sh - y_sh)², ∂ℓ/∂z_sh = 2 scale w_s (z_sh - y_sh)",
    method="reverse accumulation",
    argument=squared_error_argument,
    scope="every batch size and width",
    reference="standard",
)
L_CROSS_ENTROPY = Theorem(
    id="L.cross_entropy",
    title="softmax cross entropy",
    statement="ℓ = scale Σ_s w_s (log Σ_h exp(z_sh) - z_s,label), ∂ℓ/∂z = scale w (softmax(z) - onehot(label))",
    method="reverse accumulation, shift invariance",
    argument=cross_entropy_argument,
    scope="every batch size and class count",
    reference="standard",
)
THEOREMS = (L_SQUARED_ERROR, L_CROSS_ENTROPY)
