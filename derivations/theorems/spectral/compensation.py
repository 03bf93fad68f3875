"""M15: the normal equations refit the outgoing weights of the neurons that are kept.

T (samples, outputs) are the pre-activations to reproduce, X (samples, kept) the activations of the kept neurons, W the
weights in question: minimise Σ (T - X Wᵀ)² + ρ Σ W².
"""

import sympy as sp

from derivations.proof.assignments import Array, Assign
from derivations.proof.notation import h, k, s
from derivations.proof.rules import cotangents, evaluate, marker
from derivations.proof.theorem import Proof, Theorem

m = sp.Symbol("m", integer=True, nonnegative=True)
T = Array("T", (s, h), "argument", "the pre-activations to reproduce")
X = Array("X", (s, m), "argument", "activations of the kept neurons")
W = Array("W", (h, m), "argument", "their outgoing weights")
D = Array("D", (h, m), "argument", "any change of the weights")
Y = Array("Y", (s, h), "argument", "what D adds to the pre-activations")
r = Array("r", (s, h), "argument", "what is left over, T - X Wᵀ")
slope = Array("slope", (h, m), "argument", "∂loss/∂W")
gram = Array("gram", (k, m), "argument", "Xᵀ X")
cross = Array("cross", (h, m), "argument", "Tᵀ X")
rho = sp.Symbol("rho", nonnegative=True)
loss, change = sp.symbols("loss change")

RESIDUAL = Assign(r.element, T.element)
FIT = Assign(r.element, -W.element * X.element, over=(m,), accumulate=True)
LOSS = (Assign(loss, r.element**2, over=(s, h)), Assign(loss, rho * W.element**2, over=(h, m), accumulate=True))
SLOPE = (
    Assign(slope.element, -2 * r.element * X.element, over=(s,)),
    Assign(slope.element, 2 * rho * W.element, accumulate=True),
)
NORMAL = (
    Assign(gram.element, X.at(s, k) * X.element, over=(s,)),
    Assign(cross.element, T.element * X.element, over=(s,)),
    Assign(slope.element, 2 * W.at(h, k) * gram.element, over=(k,)),
    Assign(slope.element, 2 * rho * W.element - 2 * cross.element, accumulate=True),
)
"""∂loss/∂W = 2 (W (XᵀX + ρI) - TᵀX): zero exactly where the normal equations W (XᵀX + ρI) = TᵀX hold."""


def argument(proof: Proof, normal: tuple[Assign, ...] = NORMAL) -> None:
    truth = cotangents((RESIDUAL, FIT, *LOSS), {"loss": sp.S.One})["W"]
    proof.equal("∂loss/∂W = -2 Σ_s r X + 2ρ W", evaluate(SLOPE, {})["slope"], truth, "reverse accumulation")
    # The residual, written with another summation index, since m is the index of the slope.
    again = (RESIDUAL, Assign(r.element, -W.at(h, k) * X.at(s, k), over=(k,), accumulate=True))
    values = evaluate((*again, *SLOPE), {})["slope"]
    equations = evaluate(normal, {})["slope"]
    proof.equal("= 2 (W (XᵀX + ρI) - TᵀX), 0 where the normal equations hold", values, equations, "program")
    # Any other W + D is worse: the loss grows by ‖X Dᵀ‖² + ρ‖D‖² >= 0 and the slope's part, which is 0.
    grown = ((r.element - Y.element) ** 2 - r.element**2, rho * ((W.element + D.element) ** 2 - W.element**2))
    squares = (Y.element**2, rho * D.element**2)
    linear = (-2 * r.element * Y.element, 2 * rho * W.element * D.element)
    for what, left, square, mixed in zip(("sum of squares", "ridge"), grown, squares, linear, strict=True):
        proof.equal(f"loss(W + D) - loss(W), termwise: {what}", left, square + mixed)
    mixed = (
        Assign(Y.element, D.element * X.element, over=(m,)),
        Assign(change, linear[0], over=(s, h)),
        Assign(change, linear[1], over=(h, m), accumulate=True),
    )
    whole = sp.expand(marker(h) * marker(m) * D.element * evaluate(SLOPE, {})["slope"])
    proof.equal("the mixed terms are Σ_hm D ∂loss/∂W", evaluate(mixed, {})["change"], whole, "program")
    y = sp.Symbol("y", real=True)
    proof.true(
        "Y² + ρ D² >= 0: the solution is a minimum, and the only one if ρ > 0", (y**2 + rho * y**2).is_nonnegative
    )


M15 = Theorem(
    id="M15",
    title="compensation",
    statement="W (XᵀX + ρI) = TᵀX minimises Σ (T - X Wᵀ)² + ρ Σ W²: loss(W + D) = loss(W) + ‖X Dᵀ‖² + ρ‖D‖²",
    method="reverse accumulation, completing the square",
    argument=argument,
    scope="every number of samples, kept neurons and outputs",
)
