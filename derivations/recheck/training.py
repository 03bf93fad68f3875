"""Penalties, their proximal maps, and optimizers.

No root is ever extracted: a vector with a rational norm comes from the rational parametrization of the sphere, and the
gradients of an Adam step from that of the quadric v̂ = s². Both reach every generic point, so nothing is conditioned on.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from derivations.recheck import scalar_statements as claims
from derivations.recheck.dense import Vector, sum_of_products
from derivations.recheck.field import Number, power, slope_of, value_of
from derivations.recheck.networks import Identity
from derivations.recheck.point import Point, structure

OTHERS = 20
"""Rational points that a proximal map is compared with, beside 0 and v itself."""


def on_sphere(radius: Number, parameters: Vector) -> Vector:
    """radius · (2t, 1 - |t|²)/(1 + |t|²), a vector of norm |radius| with one entry more than t."""
    squares = sum_of_products(parameters, parameters)
    return [radius * (2 * t) / (1 + squares) for t in parameters] + [radius * (1 - squares) / (1 + squares)]


def rational_vector(point: Point, size: int) -> tuple[Vector, Fraction]:
    """A random vector with a rational norm, and that norm; sometimes 0."""
    norm = abs(point.rational())
    return on_sphere(norm * point.values.choice((1, -1)), [point.rational() for _ in range(size - 1)]), norm


# --- penalties --------------------------------------------------------------------------------------------------------


def r_group(point: Point) -> None:
    """ρ‖λ‖₂ has the gradient ρ λ/‖λ‖₂, and 0 is a subgradient at λ = 0."""
    size, strength = point.size("size", 1, 4), point.number()
    norm = point.moving(point.number())
    value = on_sphere(norm, point.moving(point.vector(size - 1)))
    claimed, gradient = claims.group(strength, structure(value_of, value), norm.value, False)
    point.equal("penalty", claimed, strength * norm.value)
    point.equal("d penalty", sum_of_products(gradient, structure(slope_of, value)), strength * norm.slope)
    rho = point.positive()
    at_zero, subgradient = claims.group(rho, [Fraction(0)] * size, Fraction(0), True)
    point.equal("penalty at 0", at_zero, 0)
    point.equal("the gradient taken at 0", subgradient, [0] * size)
    _subgradient(point, size, at_zero, subgradient, lambda norm, value: rho * norm)


def _subgradient(
    point: Point, size: int, at_zero: Number, gradient: Vector, penalty: Callable[[Fraction, Vector], Number]
) -> None:
    """penalty(λ) >= penalty(0) + g·λ at random λ."""
    for _ in range(OTHERS):
        value, norm = rational_vector(point, size)
        bound = at_zero + sum_of_products(gradient, value)
        point.holds(f"penalty({value}) >= penalty(0) + g·λ", penalty(norm, value) >= bound)


def r_l1(point: Point) -> None:
    """ρ‖λ‖₁ has the gradient ρ sign(λ) where no entry is 0, and a subgradient with 0 where one is."""
    size, strength = point.size("size", 1, 4), point.positive()
    value = [point.rational() for _ in range(size)]
    value[0] = point.values.choice((Fraction(0), value[0]))
    claimed, gradient = claims.l1(strength, value)
    point.equal("penalty", claimed, strength * sum(max(entry, -entry) for entry in value))
    for entry, slope in zip(value, gradient, strict=True):
        if entry == 0:
            point.equal("the gradient taken at 0", slope, 0)
        else:
            step = abs(entry) / 2
            quotient = (max(entry + step, -entry - step) - max(entry - step, step - entry)) / (2 * step)
            point.equal(f"slope at {entry}", slope, strength * quotient)
    for _ in range(OTHERS):
        other = [point.rational() for _ in range(size)]
        change = [b - a for a, b in zip(value, other, strict=True)]
        bound = claimed + sum_of_products(gradient, change)
        point.holds("penalty(λ̃) >= penalty(λ) + g·(λ̃ - λ)", strength * sum(map(abs, other)) >= bound)


def r_l2(point: Point) -> None:
    """ρ‖λ‖₂² has the gradient 2ρ λ."""
    strength, value = point.number(), point.moving(point.vector(point.size("size", 1, 4)))
    truth = strength * sum_of_products(value, value)
    claimed, gradient = claims.l2(strength, structure(value_of, value))
    point.equal("penalty", claimed, truth.value)
    point.equal("d penalty", sum_of_products(gradient, structure(slope_of, value)), truth.slope)


# --- proximal maps ----------------------------------------------------------------------------------------------------


def _distance(left: Vector, right: Vector) -> Number:
    change = [a - b for a, b in zip(left, right, strict=True)]
    return sum_of_products(change, change)


def _is_minimum(
    point: Point, v: Vector, x: Vector, value: Number, others: list[tuple[Vector, Number]], t: Fraction
) -> None:
    """½‖x-v‖² + t·penalty is 1-strongly convex, so another point costs at least ½ of the squared distance more.

    A point that is not the minimum x* fails this beside x* and towards it; `others` holds far and near points.
    """
    here = _distance(x, v) / 2 + t * value
    for other, penalty in others:
        there = _distance(other, v) / 2 + t * penalty
        point.holds(f"the objective at {other} is not below that at {x}", there >= here + _distance(other, x) / 2)


def _thresholds(point: Point, critical: Fraction) -> tuple[Fraction, ...]:
    """t below, at and above the value at which the map reaches 0, none of them 0."""
    return tuple(t for t in (critical / 3, critical, critical * 2, point.positive()) if t > 0)


def p_group(point: Point) -> None:
    """argmin ½‖x-v‖² + t‖x‖ = max(0, 1 - t/‖v‖) v."""
    size = point.size("size", 1, 4)
    for v, norm in (rational_vector(point, size), ([Fraction(0)] * size, Fraction(0))):
        for t in _thresholds(point, norm):
            x = claims.prox_group(t, v, norm)
            length = max(Fraction(0), norm - t)
            point.equal("‖x‖²", sum_of_products(x, x), length * length)
            others = [rational_vector(point, size) for _ in range(OTHERS)]
            # Also on the ray of v, where the minimum must lie: the norm there is a multiple of ‖v‖.
            scales = [Fraction(k, 16) for k in range(17)]
            others += [([s * entry for entry in v], s * norm) for s in scales]
            _is_minimum(point, v, x, length, others, t)
            slack = [b - a for a, b in zip(x, v, strict=True)]
            if length > 0:
                point.equal("v - x = t x/‖x‖", [entry * length for entry in slack], [t * entry for entry in x])
            else:
                point.holds("‖v - x‖ <= t", sum_of_products(slack, slack) <= t * t)


def p_l1(point: Point) -> None:
    """argmin ½‖x-v‖² + t‖x‖₁ = sign(v) max(0, |v| - t)."""
    size = point.size("size", 1, 4)
    v = [point.rational() for _ in range(size)]
    for t in (*_thresholds(point, abs(v[0])), Fraction(0)):
        x = claims.prox_l1(t, v)
        others = [[point.rational() for _ in range(size)] for _ in range(OTHERS)]
        others += [[s * entry for entry in v] for s in (Fraction(0), Fraction(1, 2), Fraction(1))]
        pairs = [(other, sum(map(abs, other))) for other in others]
        _is_minimum(point, v, x, sum(map(abs, x)), pairs, t)
        for a, b in zip(x, v, strict=True):
            if a != 0:
                point.equal("v - x = t sign(x)", b - a, t if a > 0 else -t)
            else:
                point.holds("|v - x| <= t", abs(b) <= t)


def p_l2(point: Point) -> None:
    """argmin ½‖x-v‖² + t‖x‖² = v/(1 + 2t): every other point costs (½ + t) times the squared distance more."""
    size = point.size("size", 1, 4)
    t, v, other = point.number(), point.vector(size), point.vector(size)
    x = claims.prox_l2(t, v)

    def objective(y: Vector) -> Number:
        return _distance(y, v) / 2 + t * sum_of_products(y, y)

    point.equal("objective(y) - objective(x)", (1 + 2 * t) * _distance(other, x) / 2, objective(other) - objective(x))


# --- optimizers -------------------------------------------------------------------------------------------------------


def o_adam(point: Point) -> None:
    """The recurrences give the weighted means of g and g², the corrections make their weights sum to 1."""
    steps = point.size("steps", 1, 5)
    beta1, beta2, rate, epsilon = point.vector(4)
    shares1 = [(1 - beta1) * power(beta1, steps - i) for i in range(1, steps + 1)]
    shares2 = [(1 - beta2) * power(beta2, steps - i) for i in range(1, steps + 1)]
    gradients, root = _gradients_with_a_root(point, shares2)
    theta, m, v = point.number(), 0, 0
    for g in gradients:
        m, v = claims.adam_moments(m, v, g, beta1, beta2)
    mean, square = sum_of_products(shares1, gradients), sum_of_products(shares2, [g * g for g in gradients])
    point.equal("m", m, mean)
    point.equal("v", v, square)
    corrected = claims.adam_corrected(m, v, beta1, beta2, steps)
    truth = (mean / sum(shares1), square / sum(shares2))
    point.equal("m̂, v̂", corrected, truth)

    def square_root(number: Number) -> Number:
        point.equal("the number under the root", number, root * root)
        return root

    claimed = claims.adam_step(theta, *corrected, rate, epsilon, square_root)
    point.equal("θ", (theta - claimed) * (root + epsilon), rate * truth[0])
    g, m, v = point.number(), 0, 0
    for t in range(1, steps + 1):
        m, v = claims.adam_moments(m, v, g, beta1, beta2)
        point.equal(f"constant gradient, t = {t}", claims.adam_corrected(m, v, beta1, beta2, t), (g, g * g))


def _gradients_with_a_root(point: Point, shares: Vector) -> tuple[Vector, Number]:
    """Gradients g and s with Σ share g² = (Σ share) s²: on a random line through the solution g = (1 .. 1), s = 1."""
    total = sum(shares)
    ahead, aside, size = point.vector(len(shares)), point.number(), point.number()
    first = sum_of_products(shares, ahead) - total * aside
    second = sum_of_products(shares, [a * a for a in ahead]) - total * aside * aside
    step = -2 * first / second
    return [size * (1 + step * a) for a in ahead], size * (1 + step * aside)


def o_sgd(point: Point) -> None:
    """b_t = Σ μ^{t-i} g_i; θ falls by rate Σ b_t, or by rate Σ (g_t + μ b_t) in Nesterov's form."""
    steps = point.size("steps", 1, 5)
    rate, momentum, start = point.vector(3)
    gradients = point.vector(steps)
    sums = [sum(power(momentum, t - i) * gradients[i] for i in range(t + 1)) for t in range(steps)]
    ahead = [gradients[t] + momentum * sums[t] for t in range(steps)]
    for nesterov, moves in ((False, sums), (True, ahead)):
        theta, b = start, 0
        for t, g in enumerate(gradients):
            theta, b = claims.sgd_step(theta, b, g, rate, momentum, nesterov)
            point.equal(f"b_{t + 1}", b, sums[t])
            point.equal(f"θ_{t + 1}, Nesterov {nesterov}", theta, start - rate * sum(moves[: t + 1]))


TRAINING: dict[str, Identity] = {
    "R.group": r_group,
    "R.l1": r_l1,
    "R.l2": r_l2,
    "P.group": p_group,
    "P.l1": p_l1,
    "P.l2": p_l2,
    "O.adam": o_adam,
    "O.sgd": o_sgd,
}
