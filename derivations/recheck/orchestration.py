"""Means over mini-batches, epochs and chunks, bias corrections, thresholds, the l2 term of L-BFGS."""

from __future__ import annotations

from derivations.recheck import orchestration_statements as claims
from derivations.recheck.dense import Vector, sum_of_products
from derivations.recheck.field import Number, power, slope_of, value_of
from derivations.recheck.networks import Identity
from derivations.recheck.point import Point


def o_batch(point: Point) -> None:
    """A mean moves with its values: alike, they are the mean; moved by c, it moves by c."""
    samples, outputs = point.size("samples", 1, 4), point.size("outputs", 1, 3)
    weights, c = point.vector(samples), point.number()
    # The loss of a sample is the sum over its outputs.
    values = [sum(point.vector(outputs)) for _ in range(samples)]
    mean = claims.batch_mean(values, weights, outputs)
    point.equal("mean · Σ w · outputs", mean * sum(weights) * outputs, sum_of_products(values, weights))
    point.equal("all alike", claims.batch_mean([outputs * c] * samples, weights, outputs), c)
    moved = claims.batch_mean([value + outputs * c for value in values], weights, outputs)
    point.equal("moved", moved, mean + c)


def o_epoch(point: Point) -> None:
    """The mean over all samples, in whatever mini-batches they come."""
    batches: list[tuple[Vector, Vector]] = []
    for number in range(point.size("batches", 1, 3)):
        samples = point.size(f"samples {number}", 1, 3)
        batches.append((point.vector(samples), point.vector(samples)))
    values = [value for part, _ in batches for value in part]
    weights = [weight for _, part in batches for weight in part]
    truth = sum_of_products(values, weights) / sum(weights)
    losses = [sum_of_products(v, w) / sum(w) for v, w in batches]
    shares = [sum(w) for _, w in batches]
    point.equal("mini-batches", claims.epoch_mean(losses, shares), truth)
    point.equal("chunks", claims.chunk_mean(losses, shares), truth)


def o_correction(point: Point) -> None:
    """1 - β^t = (1 - β) Σ β^(t-i)."""
    beta, steps = point.number(), point.size("steps", 1, 6)
    weights: list[Number] = [(1 - beta) * power(beta, steps - i) for i in range(1, steps + 1)]
    point.equal("Σ (1 - β) β^(t-i)", claims.bias_correction(beta, steps), sum(weights))


def p_threshold(point: Point) -> None:
    """Differences of the two objectives at two places, whatever the penalty is there."""
    theta, slope, rate, strength, factor = point.vector(5)
    t = claims.threshold(factor, rate, strength)
    (x, r), (y, q) = point.vector(2), point.vector(2)

    def objective(at: Number, penalty: Number) -> Number:
        return slope * (at - theta) + strength * penalty + (at - theta) * (at - theta) / (2 * factor * rate)

    def proximal(at: Number, penalty: Number) -> Number:
        distance = at - (theta - factor * rate * slope)
        return distance * distance / 2 + t * penalty

    left = factor * rate * (objective(x, r) - objective(y, q))
    point.equal("factor · rate times the difference", left, proximal(x, r) - proximal(y, q))


def r_ridge(point: Point) -> None:
    """The derivative by dual numbers."""
    strength, weight = point.number(), point.moving(point.number())
    term, _ = claims.ridge(strength, weight)
    _, slope = claims.ridge(strength, value_of(weight))
    point.equal("derivative", slope_of(term), slope * slope_of(weight))


def o_step(point: Point) -> None:
    """θ' is where c (∂ℓ + ∂R)(θ) · (x - θ) + κ x²/2 + (x - θ)²/(2 rate) has no slope, c being the share of the limit."""
    theta, target, curvature, ridge, c, kappa, rate = point.vector(7)
    moved = point.moving(theta)
    smooth = curvature * (moved - target) * (moved - target) / 2 + ridge * moved * moved / 2
    slope = c * slope_of(smooth) / slope_of(moved)
    x = point.moving(claims.training_step(theta, curvature * (theta - target), ridge * theta, c, rate, kappa))
    objective = slope * (x - theta) + kappa * x * x / 2 + (x - theta) * (x - theta) / (2 * rate)
    point.equal("no slope there", slope_of(objective), 0)


ORCHESTRATION: dict[str, Identity] = {
    "O.batch": o_batch,
    "O.epoch": o_epoch,
    "O.step": o_step,
    "O.correction": o_correction,
    "P.threshold": p_threshold,
    "R.ridge": r_ridge,
}
