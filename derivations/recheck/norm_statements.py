"""The formulas under test for batch norms, gates and towers, I8 to I14, of one channel, written by hand."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from derivations.recheck.dense import Matrix, Vector, inner, product, transpose
from derivations.recheck.field import Number
from derivations.recheck.planes import pair

Sums = tuple[Number, Number]


def affine(gamma: Number, beta: Number, mean: Number, sigma: Number) -> Sums:
    """I8: y = a x + b; I9 with the running statistics."""
    scale = gamma / sigma
    return scale, beta - scale * mean


def norm_gradients(x: Vector, bars: Vector, mean: Number, sigma: Number) -> Sums:
    """I8: γ̄ = Σ ȳ x̂, β̄ = Σ ȳ."""
    return pair(bars, [(entry - mean) / sigma for entry in x]), sum(bars)


def norm_adjoint(x: Vector, bars: Vector, scale: Number, mean: Number, sigma: Number) -> Vector:
    """I8: x̄ = a ȳ + k1 x + k0."""
    d_gamma, d_beta = norm_gradients(x, bars, mean, sigma)
    linear = -scale * d_gamma / (len(x) * sigma)
    constant = -scale * d_beta / len(x) - linear * mean
    return [scale * bar + linear * entry + constant for bar, entry in zip(bars, x, strict=True)]


def hat_sum(scale: Number, d_gamma: Number, epsilon: Number, sigma: Number) -> Number:
    """I8: Σ x̄ x̂ = a γ̄ ε/σ²."""
    return scale * d_gamma * epsilon / (sigma * sigma)


def merged(first: tuple[int, Number, Number], second: tuple[int, Number, Number]) -> tuple[int, Number, Number]:
    """I8.blocks: count, mean and squares of two parts."""
    (n_a, mean_a, squares_a), (n_b, mean_b, squares_b) = first, second
    count, step = n_a + n_b, mean_b - mean_a
    return count, mean_a + step * n_b / count, squares_a + squares_b + step * step * n_a * n_b / count


def running(old: Sums, theta: Number, mean: Number, squares: Number, count: int) -> Sums:
    """I8.blocks: m and u after a batch."""
    return (1 - theta) * old[0] + theta * mean, (1 - theta) * old[1] + theta * squares / (count - 1)


def folded(weights: Matrix, scale: Vector) -> Matrix:
    """I9: diag(a) W, for a batch norm behind."""
    return [[a * entry for entry in row] for a, row in zip(scale, weights, strict=True)]


def folded_reader(weights: Matrix, scale: Vector, shift: Vector) -> tuple[Matrix, Vector]:
    """I9: W diag(a) and W b, for a batch norm in front."""
    return [[entry * a for entry, a in zip(row, scale, strict=True)] for row in weights], [
        inner([row], [shift]) for row in weights
    ]


def taken(x: Fraction, scale: Fraction, shift: Fraction) -> Fraction:
    """I10: max(a x + b, 0)."""
    return max(scale * x + shift, Fraction(0))


def given_back(x: Fraction, scale: Fraction, shift: Fraction, bar: Fraction) -> Fraction:
    """I10: the bar of a x + b, by the mask."""
    return bar if scale * x + shift > 0 else Fraction(0)


def mean_adjoint(bar: Number, pixels: int) -> Vector:
    """I11: the same share for each pixel."""
    return [bar / pixels] * pixels


def tower_gradients(weights: Matrix, x: Matrix, bars: Matrix, share: Number) -> tuple[Matrix, Matrix, Vector]:
    """I12, samples in rows: x̄, V̄, ē for a tower whose loss has this share."""
    own = [[share * bar for bar in row] for row in bars]
    return product(own, weights), product(transpose(own), x), [sum(column) for column in transpose(own)]


def gate_slope(gamma: Vector, beta: Vector, hats: Vector, plain: Vector) -> Number:
    """I13: w̄ = Σ_c γ A + β B."""
    return inner([gamma], [hats]) + inner([beta], [plain])


def clamped(weight: Fraction, limit: Fraction) -> Fraction:
    """I13: the nearest of what is within the limit."""
    return max(-limit, min(limit, weight))


def dropped(values: Vector, kept: Sequence[bool], keep: Number) -> Vector:
    """I14: m_s / keep times each sample's number; the adjoint is the same."""
    return [value / keep if here else 0 * value for value, here in zip(values, kept, strict=True)]
