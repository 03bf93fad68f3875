"""M15: the normal equations refit the outgoing weights of the neurons that are kept.

T (samples, outputs) are the pre-activations to reproduce, X (samples, kept) the activations of the kept neurons, W the
weights in question: minimise Σ (T - X Wᵀ)² + ρ Σ W².
"""

import sympy as sp

from derivations.proof.assignments import Array, Assign
from derivations.proof.claims import Claim
from derivations.proof.notation import h, k, s
from derivations.proof.rules import marker
from derivations.proof.running import bars, run
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


# The residual, written with another summation index, since m is the index of the slope.
AGAIN = (RESIDUAL, Assign(r.element, -W.at(h, k) * X.at(s, k), over=(k,), accumulate=True))
MIXED = (-2 * r.element * Y.element, 2 * rho * W.element * D.element)
y, change_of_one = sp.Symbol("y", real=True), sp.Symbol("d", real=True, nonzero=True)
ridge = sp.Symbol("rho", positive=True)
SQUARES = Claim(
    "squares",
    (r.element - Y.element) ** 2 - r.element**2,
    Y.element**2 + MIXED[0],
    words="loss(W + D) - loss(W), Y = X Dᵀ, termwise:",
)
RIDGE = Claim("ridge", rho * ((W.element + D.element) ** 2 - W.element**2), rho * D.element**2 + MIXED[1], words="and")
MINIMUM = Claim("minimum", y**2 + sp.Symbol("rho", nonnegative=True) * change_of_one**2, sp.S.Zero, relation=">=")
UNIQUE = Claim("the only one", y**2 + ridge * change_of_one**2, sp.S.Zero, relation=">", words="D = d ≠ 0 and ρ > 0:")


def claims_for(normal: tuple[Assign, ...] = NORMAL) -> tuple[Claim, Claim, Claim]:
    truth = bars((RESIDUAL, FIT, *LOSS), {"loss": sp.S.One})["W"]
    gradient = Claim("gradient", truth, run(SLOPE, {})["slope"], words="∂loss/∂W:")
    equations = run(normal, {})["slope"]
    normals = Claim("normal equations", run((*AGAIN, *SLOPE), {})["slope"], equations, words="2 (W (XᵀX + ρI) - TᵀX):")
    mixed = run(
        (
            Assign(Y.element, D.element * X.element, over=(m,)),
            Assign(change, MIXED[0], over=(s, h)),
            Assign(change, MIXED[1], over=(h, m), accumulate=True),
        ),
        {},
    )
    along = marker(h) * marker(m) * D.element * run(SLOPE, {})["slope"]
    return gradient, normals, Claim("mixed terms", mixed["change"], along, words="0 at the solution:")


def argument(proof: Proof, normal: tuple[Assign, ...] = NORMAL) -> None:
    gradient, normals, mixed = claims_for(normal)
    proof.case(gradient, rule="reverse accumulation")
    proof.case(normals, rule="program")
    # Any other W + D is worse: the loss grows by ‖X Dᵀ‖² + ρ‖D‖² >= 0 and the slope's part, which is 0.
    proof.case(SQUARES)
    proof.case(RIDGE)
    proof.case(mixed, rule="program")
    proof.case(MINIMUM, rule="decided")
    proof.case(UNIQUE, rule="decided")


M15 = Theorem(
    id="M15",
    title="compensation",
    claims=(*claims_for(), SQUARES, RIDGE, MINIMUM, UNIQUE),
    method="reverse accumulation, completing the square",
    argument=argument,
    scope="every number of samples, kept neurons and outputs",
)
