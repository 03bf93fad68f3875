"""The gradient of each sample, and sums of its squares: what second-order refits and saliencies read.

The adjoint M8 with an output bar of the caller's choice gives z̄_i for every layer and sample. Its products z̄_i x_jᵀ, one
sample at a time, are the rows of the Jacobian; the sums of their squares are the diagonal of the Gauss-Newton matrix.
"""

from derivations.proof.assignments import Array, Assign, Layers, Sources, When
from derivations.proof.notation import W, dx, dx_source, dz, h, k, s, slope, x, x_source
from derivations.proof.programs import Program

J = Array("J", (h, k, s), "gradient", "∂ℓ_s/∂W_ij, the derivative of one sample's loss")
H = Array("H", (h, k), "gradient", "Σ_s (∂ℓ_s/∂W_ij)²")
mean = Array("mean", (h,), "state", "x̄_i, the mean of x_i over all samples")
rise = Array("rise", (h,), "gradient", "Σ_s ((x_i - x̄_i) ∂ℓ_s/∂x_i)²")

BACK = Sources((Assign(dx_source.element, dz.element * W.element, over=(h,), accumulate=True),), hidden=True)

JACOBIAN = Program(
    "jacobian_direct",
    "gradient of each sample's loss with respect to every weight W_ij",
    ("M8.direct", "M22"),
    (W, J, x_source, slope, dz, dx, dx_source),
    (
        Layers(
            (
                When("hidden", (Assign(dz.element, dx.element * slope.element),)),
                Sources((Assign(J.element, dz.element * x_source.element),)),
                BACK,
            ),
            reverse=True,
        ),
    ),
)

CURVATURE = Program(
    "curvature_direct",
    "squared derivatives by every weight W_ij and by every hidden activation, summed over samples",
    ("M8.direct", "M22"),
    (W, H, mean, rise, x, x_source, slope, dz, dx, dx_source),
    (
        Layers(
            (
                When(
                    "hidden",
                    (
                        Assign(
                            rise.element, ((x.element - mean.element) * dx.element) ** 2, over=(s,), accumulate=True
                        ),
                        Assign(dz.element, dx.element * slope.element),
                    ),
                ),
                Sources((Assign(H.element, (dz.element * x_source.element) ** 2, over=(s,), accumulate=True),)),
                BACK,
            ),
            reverse=True,
        ),
    ),
)
