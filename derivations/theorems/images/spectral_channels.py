"""G1: pointwise convolutions from eigenvectors and eigenvalues. G2: what a batch norm hides of them."""

from __future__ import annotations

import sympy as sp

from derivations.proof.assignments import Array, Assign
from derivations.proof.programs import Program
from derivations.proof.rules import derivative, marker
from derivations.proof.running import bars, run
from derivations.proof.stated import at
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.images import notation as n
from derivations.theorems.images import pointwise
from derivations.theorems.images.adjoints import only, stored_step, value_of
from derivations.theorems.images.pointwise import W, dW

phi = n.plane("phi", (n.o, n.c), "φ, eigenvectors from channel c to channel o", "parameter")
dphi = n.plane("dphi", (n.o, n.c), "∂ℓ/∂φ", "gradient")
lam_in, lam_out = (
    Array(f"lam_{end}", (i,), "parameter", f"λ of the {what} channels")
    for end, i, what in (("in", n.c, "sending"), ("out", n.o, "receiving"))
)
dlam_in, dlam_out = (Array(f"dlam_{end}", (i,), "gradient", "∂ℓ/∂λ") for end, i in (("in", n.c), ("out", n.o)))

# --- G1 ---------------------------------------------------------------------------------------------------------------

SPECTRAL = Program(
    "spectral_weights",
    "weights between channels from eigenvectors and eigenvalues, once a step",
    ("G1",),
    (phi, lam_in, lam_out, W),
    (Assign(W.element, phi.element * (lam_in.element - lam_out.element)),),
)
SPECTRAL_ADJOINT = Program(
    "spectral_weights_adjoint",
    "gradients of eigenvectors and eigenvalues of channels from that of the weights",
    ("G1",),
    (phi, lam_in, lam_out, dW, dphi, dlam_in, dlam_out),
    (
        Assign(dphi.element, dW.element * (lam_in.element - lam_out.element)),
        Assign(dlam_in.element, dW.element * phi.element, over=(n.o,), accumulate=True),
        Assign(dlam_out.element, -dW.element * phi.element, over=(n.c,), accumulate=True),
    ),
)


def spectral_argument(proof: Proof, mix: Program = SPECTRAL, adjoint: Program = SPECTRAL_ADJOINT) -> None:
    """M2's weights in a pointwise convolution."""
    proof.equal(
        "W = φ (λ_in - λ_out)",
        value_of(only(mix)),
        phi.element * (lam_in.element - lam_out.element),
        cites=["M7.layerwise"],
    )
    values = run((*mix.assignments, *pointwise.POINTWISE.assignments))
    truth = marker(n.c) * n.x.element * phi.element * (lam_in.element - lam_out.element)
    proof.equal("z = [φ ∘ (λ_in - λ_out)] x in every pixel", values["z"], truth, "program", ["I3"])
    stored_step(proof, mix, adjoint, added=("dlam_in", "dlam_out"))
    truth, claimed = bars(mix.assignments, {"W": dW.element}), run(adjoint.assignments)
    for name in ("phi", "lam_in", "lam_out"):
        proof.equal(
            f"the cotangent of {name}", claimed[f"d{name}"], truth[name], "reverse accumulation", ["M8.layerwise"]
        )


G1 = Theorem(
    id="G1",
    title="spectral pointwise convolution",
    states=5,
    words="W = φ ∘ (λ_in - λ_out) with one eigenvalue a channel; φ̄ = W̄ ∘ (λ_in - λ_out), λ̄_in = Σ_o W̄ φ, λ̄_out = -Σ_c W̄ φ, W̄ of I3",
    method="reverse accumulation",
    argument=spectral_argument,
    scope="every size",
)

# --- G2 ---------------------------------------------------------------------------------------------------------------

x, mu, v, gamma, beta, epsilon, bar = sp.symbols("x mu v gamma beta epsilon bar", real=True)


def norm(value: sp.Expr, mean: sp.Expr, variance: sp.Expr, eps: sp.Expr = epsilon) -> sp.Expr:
    """The batch norm of a value with these statistics."""
    return gamma * (value - mean) / sp.sqrt(variance + eps) + beta


def hidden_argument(proof: Proof, sign: int = -1) -> None:
    """BN(δ z) for both signs of δ, and the slope of a factor in front of a batch norm."""
    size, spread = sp.Symbol("delta", positive=True), sp.Symbol("v", positive=True)
    eps, root = sp.symbols("epsilon root", positive=True)
    for what, delta, turned in (("δ > 0", size, 1), ("δ < 0", -size, sign)):
        moved = norm(delta * x, delta * mu, delta**2 * spread, eps) - beta
        kept = norm(x, mu, spread, eps / size**2) - beta
        # σ of δ z is |δ| √(v + ε/δ²).
        same = moved.replace(
            lambda e: e.is_Pow and sp.expand(e.base - size**2 * spread - eps) == 0,
            lambda e: (size * root) ** (2 * e.exp),
        )
        truth = kept.replace(
            lambda e: e.is_Pow and sp.expand(e.base - spread - eps / size**2) == 0, lambda e: root ** (2 * e.exp)
        )
        proof.equal(
            f"{what}: BN_ε(δ z) - β = sign(δ) (BN_(ε/δ²)(z) - β), root = √(v + ε/δ²)",
            same,
            turned * truth,
            "rational",
        )
    proof.equal("δ² (v + ε/δ²) = δ² v + ε", size**2 * (spread + eps / size**2), size**2 * spread + eps)
    # λ of the channel multiplies z: the slope of ȳ BN(λ z), times λ, at λ = 1.
    factor, sigma = sp.Symbol("lambda", positive=True), sp.Symbol("sigma", positive=True)
    along = derivative(bar * norm(factor * x, factor * mu, factor**2 * v, eps), factor).subs(factor, 1)
    along = along.replace(lambda e: e.is_Pow and e.base == v + eps, lambda e: sigma ** (2 * e.exp)).subs(
        v, sigma**2 - eps
    )
    hat = (x - mu) / sigma
    proof.equal("λ̄ λ, a term: ȳ γ x̂ ε/σ²", along, bar * gamma * hat * eps / sigma**2, "rational")
    proof.equal(
        "its sum is γ γ̄ ε/σ², γ̄ = Σ ȳ x̂: 0 for ε = 0",
        at(bar * gamma * hat * eps / sigma**2, {eps: 0}),
        n.ZERO,
        cites=["I8"],
    )


G2 = Theorem(
    id="G2",
    title="a batch norm hides the receiving eigenvalue",
    states=5,
    words="BN_ε(δ z) = sign(δ) BN_(ε/δ²)(z) up to β; for W = -λ_out φ in front of a batch norm λ̄ λ = γ γ̄ ε/σ²: for ε = 0 the size of the "
    "eigenvalue is no parameter of the function",
    method="substitution, differentiation",
    argument=hidden_argument,
    assumptions=("σ > 0",),
    scope="every size",
)
