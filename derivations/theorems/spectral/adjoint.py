"""M8: the adjoint of the propagation, the gradient of any loss with respect to every parameter.

From i = K down to 2, with bars for ∂ℓ/∂·, in the form of M_i = φ ∘ (λ^in - λ^out):

    z̄_i = ū_i ∘ f'(z_i)                       (hidden; z̄_K = ∂ℓ/∂z_K)
    M̄   = z̄_i u_{i-1}ᵀ
    φ̄   = M̄ ∘ (λ^in - λ^out) - ū_i u_{i-1}ᵀ   (second term hidden)
    λ̄^in += column sums of M̄ ∘ φ,   λ̄^out -= row sums of M̄ ∘ φ
    ū_{i-1} = Mᵀ z̄_i - φᵀ ū_i                  (second term hidden)

The programs below are these lines. `reverse_accumulation` proves each equal to the cotangents of the assignments of
`propagation`, for the hidden and for the last layer; the chain of layers is an induction.
"""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from derivations.proof.assignments import Assign, Layers, Sources, When
from derivations.proof.claims import Claim
from derivations.proof.notation import (
    M,
    W,
    dlam_in,
    dlam_out,
    dM,
    dphi,
    du,
    du_in,
    dW,
    dx,
    dx_in,
    dx_source,
    dz,
    g,
    h,
    k,
    lam_in,
    lam_out,
    phi,
    q,
    s,
    slope,
    u_in,
    x_in,
    x_source,
)
from derivations.proof.programs import Program
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.spectral import propagation
from derivations.theorems.spectral.propagation import MIX
from derivations.theorems.spectral.reverse_accumulation import argument_for, claims_for

EIGENVALUE_GRADIENTS = (
    Assign(dlam_in.element, dM.element * phi.element, over=(h,), accumulate=True),
    Assign(dlam_out.element, -dM.element * phi.element, over=(k,), accumulate=True),
)

GLOBAL = Program(
    "adjoint_global",
    "gradient of a loss with respect to every eigenvector block and eigenvalue",
    ("M8",),
    (phi, lam_in, lam_out, dphi, dlam_in, dlam_out, M, dM, g, u_in, slope, dz, du, du_in, q),
    (
        Layers(
            (
                When("hidden", (Assign(dz.element, du.element * slope.element),)),
                MIX,
                Assign(dM.element, dz.element * u_in.element, over=(s,)),
                When(
                    "hidden",
                    (
                        Assign(g.element, du.element * u_in.element, over=(s,)),
                        Assign(dphi.element, dM.element * (lam_in.element - lam_out.element) - g.element),
                    ),
                ),
                When("last", (Assign(dphi.element, dM.element * (lam_in.element - lam_out.element)),)),
                *EIGENVALUE_GRADIENTS,
                When(
                    "sender hidden",
                    (
                        Assign(du_in.element, dz.element * M.element, over=(h,)),
                        When(
                            "hidden",
                            (
                                Assign(q.element, du.element * phi.element, over=(h,)),
                                Assign(du_in.element, -q.element, accumulate=True),
                            ),
                        ),
                    ),
                ),
            ),
            reverse=True,
        ),
    ),
)

LAYERWISE = Program(
    "adjoint_layerwise",
    "gradient of a loss with respect to every eigenvector block and eigenvalue pair",
    ("M8.layerwise",),
    (phi, lam_in, lam_out, dphi, dlam_in, dlam_out, M, dM, x_in, slope, dz, dx, dx_in),
    (
        Layers(
            (
                When("hidden", (Assign(dz.element, dx.element * slope.element),)),
                MIX,
                Assign(dM.element, dz.element * x_in.element, over=(s,)),
                Assign(dphi.element, dM.element * (lam_in.element - lam_out.element)),
                *EIGENVALUE_GRADIENTS,
                When("sender hidden", (Assign(dx_in.element, dz.element * M.element, over=(h,)),)),
            ),
            reverse=True,
        ),
    ),
)

DIRECT = Program(
    "adjoint_direct",
    "gradient of a loss with respect to every weight W_ij",
    ("M8.direct",),
    (W, dW, x_source, slope, dz, dx, dx_source),
    (
        Layers(
            (
                When("hidden", (Assign(dz.element, dx.element * slope.element),)),
                Sources((Assign(dW.element, dz.element * x_source.element, over=(s,)),)),
                Sources((Assign(dx_source.element, dz.element * W.element, over=(h,), accumulate=True),), hidden=True),
            ),
            reverse=True,
        ),
    ),
)


def published() -> tuple[Claim, ...]:
    """M8 in its first form, v̄_i = -ū_i - L_i z̄_i, is the same: termwise before the sums over samples or neurons."""
    claims: list[Claim] = []
    for where, bar_u in (("hidden", du.element), ("last", sp.Integer(0))):
        bar_z, bar_v = dz.element, -bar_u - lam_out.element * dz.element
        weight = phi.element * (lam_in.element - lam_out.element)
        claims.append(
            Claim(
                f"first form of φ̄, {where} layer",
                bar_v * u_in.element + bar_z * lam_in.element * u_in.element,
                bar_z * u_in.element * (lam_in.element - lam_out.element) - bar_u * u_in.element,
                words=f"{where} layer, v̄ uᵀ + z̄ (L u)ᵀ = M̄ ∘ (λ^in - λ^out) - ū uᵀ:",
            )
        )
        claims.append(
            Claim(
                f"first form of ū, {where} layer",
                phi.element * bar_v + lam_in.element * phi.element * bar_z,
                weight * bar_z - phi.element * bar_u,
                words=f"{where} layer, φᵀ v̄ + L φᵀ z̄ = Mᵀ z̄ - φᵀ ū:",
            )
        )
    return tuple(claims)


def m8_argument(proof: Proof) -> None:
    argument_for(propagation.GLOBAL, GLOBAL)(proof)
    for claim in published():
        proof.case(claim)


SMOOTH = "f is differentiable at every z_i, or f' is a chosen one-sided derivative there"
M8 = Theorem(
    id="M8",
    title="adjoint",
    claims=(*claims_for(propagation.GLOBAL, GLOBAL), *published()),
    method="reverse accumulation, induction",
    argument=m8_argument,
    assumptions=(SMOOTH,),
)
M8_LAYERWISE = replace(
    M8,
    id="M8.layerwise",
    title="layerwise adjoint",
    claims=claims_for(propagation.LAYERWISE, LAYERWISE),
    argument=argument_for(propagation.LAYERWISE, LAYERWISE),
)
M8_DIRECT = replace(
    M8,
    id="M8.direct",
    title="direct adjoint",
    claims=claims_for(propagation.DIRECT, DIRECT),
    argument=argument_for(propagation.DIRECT, DIRECT),
    assumptions=(SMOOTH, "`Sources` runs over every j < i, and += over it is the sum over j"),
)
