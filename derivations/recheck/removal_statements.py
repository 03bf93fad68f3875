"""The formulas under test for steps and removals near a minimum, M17, M20 and M22, written by hand as the theorems state them.

In M17 the columns Z are (samples, columns), the weights B are (columns, outputs) and G⁻¹ is the inverse of ZᵀZ.
"""

from __future__ import annotations

from collections.abc import Sequence

from derivations.recheck.dense import (
    Blocks,
    Matrix,
    Vector,
    diagonal,
    identity,
    inner,
    inverse,
    minus,
    plus,
    product,
    times,
    transpose,
)
from derivations.recheck.field import Number

# --- M17: leave-one-out -----------------------------------------------------------------------------------------------


def part(matrix: Matrix, rows: Sequence[int], columns: Sequence[int]) -> Matrix:
    """The entries in these rows and columns."""
    return [[matrix[row][column] for column in columns] for row in rows]


def increase(weights: Matrix, gram_inverse: Matrix, group: Sequence[int]) -> Number:
    """M17: tr(B_gᵀ [(G⁻¹)_gg]⁻¹ B_g), the rise of the loss without the columns g."""
    gone = [weights[column] for column in group]
    return inner(gone, product(inverse(part(gram_inverse, group, group)), gone))


def kept_weights(weights: Matrix, gram_inverse: Matrix, group: Sequence[int], kept: Sequence[int]) -> Matrix:
    """M17: B_r - (G⁻¹)_rg [(G⁻¹)_gg]⁻¹ B_g, the refitted weights of the columns that stay."""
    gone, schur = [weights[column] for column in group], inverse(part(gram_inverse, group, group))
    return minus([weights[column] for column in kept], product(part(gram_inverse, kept, group), schur, gone))


def kept_inverse(gram_inverse: Matrix, group: Sequence[int], kept: Sequence[int]) -> Matrix:
    """M17: (G⁻¹)_rr - (G⁻¹)_rg [(G⁻¹)_gg]⁻¹ (G⁻¹)_gr, the inverse for the columns that stay."""
    schur = inverse(part(gram_inverse, group, group))
    gone = product(part(gram_inverse, kept, group), schur, part(gram_inverse, group, kept))
    return minus(part(gram_inverse, kept, kept), gone)


def outside(column: Matrix, others: Matrix, gram_inverse: Matrix) -> Matrix:
    """M17: a_⊥ = a - Z_r G_rr⁻¹ Z_rᵀ a, the part of a column outside the span of the others."""
    return minus(column, product(others, gram_inverse, transpose(others), column))


def gain(residual: Matrix, a: Matrix) -> Number:
    """M17: ‖Rᵀa_⊥‖² / ‖a_⊥‖², what the column a_⊥ takes from the loss."""
    along = product(transpose(residual), a)
    return inner(along, along) / inner(a, a)


# --- M20: steps and factors -------------------------------------------------------------------------------------------


def projected_gradient(states: Matrix, slopes: Matrix, output_weights: Matrix, residual: Matrix) -> Matrix:
    """M20: -2 ((Vᵀ R) ∘ f'(z)) xᵀ, the gradient of the loss with refitted V by the weights before; (neurons, samples)."""
    back = product(transpose(output_weights), residual)
    sent = [[a * b for a, b in zip(*rows, strict=True)] for rows in zip(back, slopes, strict=True)]
    return times(-2, product(sent, transpose(states)))


def damped_step(seen: Matrix, damping: Number, ridge: Number, scales: Vector, gradient: Matrix) -> Matrix:
    """M20: δ = -(H + μD + εI)⁻¹ g with H = FJᵀ FJ; `seen` is FᵀJ, g is a column."""
    gauss_newton = product(transpose(seen), seen)
    shift = plus(times(damping, diagonal(scales)), times(ridge, identity(len(scales))))
    return times(-1, product(inverse(plus(gauss_newton, shift)), gradient))


def descent(seen: Matrix, damping: Number, ridge: Number, scales: Vector, step: Matrix) -> Number:
    """M20: gᵀδ = -(‖FᵀJδ‖² + μ δᵀDδ + ε‖δ‖²)."""
    sent, scaled = product(seen, step), product(diagonal(scales), step)
    return -(inner(sent, sent) + damping * inner(step, scaled) + ridge * inner(step, step))


def softmax_factor(roots: Vector) -> Matrix:
    """M20: F = diag(√p)(I - √p √pᵀ), so that column m is √p_m (e_m - p)."""
    return [[root * (int(h == m) - roots[h] * other) for m, other in enumerate(roots)] for h, root in enumerate(roots)]


def logistic_curvature(e: Number) -> Number:
    """M20: ρ'' = p(1-p) of binary cross entropy, e = exp(z)."""
    return e / ((1 + e) * (1 + e))


def poisson_curvature(e: Number) -> Number:
    """M20: ρ'' = exp(z)."""
    return e


def squared_curvature() -> int:
    """M20: ρ'' of (z - y)²."""
    return 2


def huber_curvature(r: Number) -> int:
    """M20: ρ'' = 1 for |r| <= 1, 0 beyond."""
    return 1 if abs(r) <= 1 else 0


# --- M22: saliencies --------------------------------------------------------------------------------------------------


def adjoint_sums(blocks: Blocks, slopes: list[Matrix], dz: Matrix, layers: int) -> dict[int, Matrix]:
    """M8.direct: z̄_i of every layer i from z̄_K; matrices are (neurons, samples)."""
    sums = {layers: dz}
    for j in range(layers - 1, 1, -1):
        back = product(transpose(blocks[layers, j]), sums[layers])
        for i in range(j + 1, layers):
            back = plus(back, product(transpose(blocks[i, j]), sums[i]))
        sums[j] = [[a * b for a, b in zip(*rows, strict=True)] for rows in zip(back, slopes[j - 2], strict=True)]
    return sums


def weight_curvature(bars: list[Matrix], sender: Matrix, neuron: int, source: int) -> Number:
    """M22: H_ww of W_ij = Σ_s x_j² Σ_m (z̄_i^(m))², for one entry; a matrix of `bars` for each column m."""
    total: Number = 0
    for sample, value in enumerate(sender[source]):
        total = total + value * value * sum(bar[neuron][sample] * bar[neuron][sample] for bar in bars)
    return total


def removal_cost(weight: Number, curvature: Number) -> Number:
    """M22: ½ w² H_ww."""
    return weight * weight * curvature / 2


def growth(gradient: Number, curvature: Number) -> tuple[Number, Number]:
    """M22: the best δ = -g/H of a new weight, and what it gains, g²/2H."""
    return -gradient / curvature, gradient * gradient / (2 * curvature)


def spread(shares: Vector, weights: Vector) -> Number:
    """M22: Σ p W² - (Σ p W)²."""
    middle = inner([shares], [weights])
    return inner([shares], [[weight * weight for weight in weights]]) - middle * middle


def outgoing_curvature(share: Number, value: Number) -> Number:
    """M22: p_k (1-p_k) x_j², one sample's part of H of W_kj."""
    return share * (1 - share) * value * value


def incoming_curvature(shares: Vector, outgoing: Vector, slope: Number, value: Number) -> Number:
    """M22: x_i² f'(z_j)² (Σ p W² - (Σ p W)²), one sample's part of H of W_ji."""
    return value * value * slope * slope * spread(shares, outgoing)


def neuron_cost(shares: Vector, outgoing: Vector, value: Number, mean: Number) -> Number:
    """M22: ½ (x_j - x̄_j)² (Σ p W² - (Σ p W)²), one sample's part of what neuron j costs."""
    return (value - mean) * (value - mean) * spread(shares, outgoing) / 2
