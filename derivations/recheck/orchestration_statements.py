"""The formulas under test between the parts of a step, written by hand as the theorems state them."""

from __future__ import annotations

from derivations.recheck.dense import Vector, sum_of_products
from derivations.recheck.field import Number


def batch_mean(values: Vector, weights: Vector, outputs: int) -> Number:
    """Σ w ℓ / (Σ w · outputs), the weights summed one by one."""
    total: Number = 0
    for weight in weights:
        total = total + weight
    return sum_of_products(values, weights) * (1 / (total * outputs))


def epoch_mean(losses: Vector, weights: Vector) -> Number:
    """Σ_b W_b ℓ_b / Σ_b W_b over mini-batches."""
    summed: Number = 0
    for loss, weight in zip(losses, weights, strict=True):
        summed = summed + loss * weight
    return summed / sum(weights)


def chunk_mean(losses: Vector, weights: Vector) -> Number:
    """Σ_b ℓ_b W_b / W over chunks."""
    mean: Number = 0
    for loss, weight in zip(losses, weights, strict=True):
        mean = mean + loss * weight / sum(weights)
    return mean


def bias_correction(beta: Number, steps: int) -> Number:
    """1 - β^t."""
    return 1 - beta**steps


def threshold(factor: Number, rate: Number, strength: Number) -> Number:
    """factor · (rate · ρ)."""
    return factor * (rate * strength)


def ridge(strength: Number, weight: Number) -> tuple[Number, Number]:
    """½ρ w² and ρ w."""
    return strength / 2 * weight * weight, strength * weight


def training_step(theta: Number, slope: Number, penalty: Number, share: Number, rate: Number, kappa: Number) -> Number:
    """prox(θ - rate · limit(∂ℓ(θ) + ∂R(θ))), the limit being a share of the sum, and prox the map of κ x²/2."""
    return (theta - rate * (share * (slope + penalty))) / (1 + rate * kappa)
