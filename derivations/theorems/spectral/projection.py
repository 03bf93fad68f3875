"""M20: the gradient of a loss whose output weights are always refitted, and a Levenberg-Marquardt step that goes down.

W are the weights in front of the last hidden layer, V the output weights. W moves along a line, W + t D, and V follows it
by any differentiable path, V + t E; at the refitted V the loss does not see the E.
"""

import sympy as sp

from derivations.proof.assignments import Array, Assign
from derivations.proof.matrices import matrix, transpose
from derivations.proof.notation import df, f, h, k, s
from derivations.proof.rules import marker
from derivations.proof.running import bars
from derivations.proof.theorem import Proof, Theorem

m = sp.Symbol("m", integer=True, nonnegative=True)  # neuron of the last hidden layer
x = Array("x", (s, k), "argument", "activations of the layers before the last hidden one")
W = Array("W", (m, k), "argument", "weights into the last hidden layer")
V = Array("V", (h, m), "argument", "output weights, the least squares solution for W")
D = Array("D", (m, k), "argument", "the direction in which W moves")
E = Array("E", (h, m), "argument", "how V follows")
W0 = Array("W0", (m, k), "argument", "W at t = 0")
V0 = Array("V0", (h, m), "argument", "V at t = 0")
z = Array("z", (s, m), "argument", "pre-activations of the last hidden layer")
a = Array("a", (s, m), "argument", "its activations, f(z)")
r = Array("r", (s, h), "argument", "what is left over, T - V a")
T = Array("T", (s, h), "argument", "the targets, less what reaches the output by other weights")
rho = sp.Symbol("rho", nonnegative=True)
t, loss = sp.symbols("t loss")

NETWORK = (
    Assign(z.element, W.element * x.element, over=(k,)),
    Assign(a.element, f(z.element)),
    Assign(r.element, T.element),
    Assign(r.element, -V.element * a.element, over=(m,), accumulate=True),
    Assign(loss, r.element**2, over=(s, h)),
    Assign(loss, rho * V.element**2, over=(h, m), accumulate=True),
)
LINE = (Assign(W.element, W0.element + t * D.element), Assign(V.element, V0.element + t * E.element))
NORMAL_EQUATIONS = sp.S.Zero
"""∂loss/∂V at the refitted V (M15)."""


def projection(proof: Proof, bar_v: sp.Expr = NORMAL_EQUATIONS) -> None:
    """`bar_v` is what is put for ∂loss/∂V."""
    slopes = bars(NETWORK, {"loss": sp.S.One})
    partial = -2 * r.element * V.element * df(z.element) * x.element * marker(s) * marker(h)
    proof.equal(
        "∂loss/∂W = -2 Σ_s (Vᵀ r ∘ f'(z)) xᵀ: M8 at the output bar -2 r", slopes["W"], partial, "reverse accumulation"
    )
    along = bars((*LINE, *NETWORK), {"loss": sp.S.One})["t"]
    by_w = marker(m) * marker(k) * D.element * slopes["W"]
    by_v = marker(h) * marker(m) * E.element * slopes["V"]
    proof.equal("dloss/dt = Σ_mk D ∂loss/∂W + Σ_hm E ∂loss/∂V", along, by_w + by_v, "reverse accumulation")
    refitted = along - by_v + marker(h) * marker(m) * E.element * bar_v
    claim = "∂loss/∂V = 0 at the refitted V: dloss/dt = Σ_mk D ∂loss/∂W for every E"
    proof.equal(claim, refitted, by_w, cites=["M15"])


J, delta, root, U = map(matrix, ("J", "delta", "D_root", "F"))
mu, epsilon = sp.symbols("mu epsilon", positive=True)


def levenberg_marquardt(proof: Proof, sign: int = -1) -> None:
    """(H + μD + εI) δ = -g with H = Jᵀ F Fᵀ J, D = D_rootᵀ D_root; `sign` is that of g."""
    seen, scaled = transpose(U) * J * delta, root * delta
    gauss_newton = transpose(J) * U * transpose(U) * J
    system = gauss_newton * delta + mu * transpose(root) * root * delta + epsilon * delta
    g = sign * system
    squares = (transpose(seen) * seen, transpose(scaled) * scaled, transpose(delta) * delta)
    slope = -(squares[0] + mu * squares[1] + epsilon * squares[2])
    proof.equal("δᵀg = -‖FᵀJδ‖² - μ‖D^½ δ‖² - ε‖δ‖²", transpose(delta) * g, slope)
    model = transpose(delta) * g + transpose(delta) * gauss_newton * delta / 2
    fall = -squares[0] / 2 - mu * squares[1] - epsilon * squares[2]
    proof.equal("gᵀδ + ½ δᵀHδ = -½‖FᵀJδ‖² - μ‖D^½ δ‖² - ε‖δ‖²: the quadratic model falls", model, fall)
    first, second = sp.symbols("first second", real=True)
    length = sp.Symbol("length", positive=True)
    for part, claim in ((1, "gᵀδ"), (sp.Rational(1, 2), "the model")):
        value = -part * first**2 - mu * second**2 - epsilon * length**2
        proof.compare(f"{claim} is negative where δ is not 0", value, "<")
    proof.equal("δᵀ(H + μD + εI)δ is -gᵀδ: the matrix is positive definite", transpose(delta) * system, -slope)


def argument(proof: Proof) -> None:
    projection(proof)
    levenberg_marquardt(proof)


M20 = Theorem(
    id="M20",
    title="variable projection and damped steps",
    states=8,
    words="at the least squares output weights V(W) the gradient of W → min_V ℓ(W, V) is ∂ℓ/∂W; (H + μD + εI) δ = -g "
    "with H = Jᵀ F Fᵀ J and D >= 0: gᵀδ = -‖FᵀJδ‖² - μ‖D^½ δ‖² - ε‖δ‖² < 0, so a short enough step lowers the loss",
    method="reverse accumulation along a line, sums of squares",
    argument=argument,
    assumptions=(
        "V(W) is differentiable: its Gram matrix is invertible, or the ridge is positive",
        "f is differentiable at every z, or f' is a chosen one-sided derivative there",
        "D is diagonal and not negative, ε > 0; with D > 0 and μ > 0 the ε may be 0",
    ),
    reference="Golub and Pereyra, SIAM J. Numer. Anal. 10 (1973); Marquardt, J. SIAM 11 (1963)",
    scope="every number of samples, neurons, weights and outputs",
)
