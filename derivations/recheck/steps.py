"""What else a step has: schedules of learning rates, decay, clipping, smoothed labels.

An angle is given by the tangent of its half, so that every sine and cosine is rational.
"""

from __future__ import annotations

from fractions import Fraction

from derivations.recheck import scalar_statements as claims
from derivations.recheck.dense import sum_of_products
from derivations.recheck.field import Number, slope_of, value_of
from derivations.recheck.networks import Identity
from derivations.recheck.point import Point, structure
from derivations.recheck.training import on_sphere

ONE = Fraction(1)


def angle(point: Point) -> tuple[Number, Number]:
    """Cosine and sine of a random angle."""
    t = point.number()
    return (1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)


def s_cosine(point: Point) -> None:
    """Both ends; the squares that keep it in [F, 1]; the product of sines that makes it fall."""
    final = point.number()
    point.equal("first", claims.fall(ONE, final), 1)
    point.equal("last", claims.fall(-ONE, final), final)
    c, s = angle(point)  # of half the angle
    value = claims.fall(c * c - s * s, final)
    point.equal("value - F", value - final, (1 - final) * c * c)
    point.equal("1 - value", 1 - value, (1 - final) * s * s)
    (c, s), (d, r) = angle(point), angle(point)  # half the sum and half the difference of two angles
    earlier, later = c * d + s * r, c * d - s * r
    point.equal("fall", claims.fall(earlier, final) - claims.fall(later, final), (1 - final) * s * r)


def s_rise(point: Point) -> None:
    """The same for the rise; the warm-up ends at 1 and grows by 1/W."""
    start = point.number()
    point.equal("first", claims.rise(ONE, start), start)
    point.equal("last", claims.rise(-ONE, start), 1)
    c, s = angle(point)
    value = claims.rise(c * c - s * s, start)
    point.equal("value - S", value - start, (1 - start) * s * s)
    point.equal("1 - value", 1 - value, (1 - start) * c * c)
    (c, s), (d, r) = angle(point), angle(point)
    earlier, later = c * d + s * r, c * d - s * r
    point.equal("rise", claims.rise(later, start) - claims.rise(earlier, start), (1 - start) * s * r)
    step, steps = point.number(), point.number()
    point.equal("the end of the warm-up", claims.warmup(steps - 1, steps), 1)
    rise = claims.warmup(step + 1, steps) - claims.warmup(step, steps)
    point.equal("a step of the warm-up", rise * steps, 1)


def s_rate(point: Point) -> None:
    """The step is linear in the rate: a factor scales it."""
    factor, theta, g, b, rate, momentum, m, v, epsilon = point.vector(9)

    def adam(rate: Number) -> Number:
        return theta - claims.adam_step(theta, m, v * v, rate, epsilon, lambda number: v)

    point.equal("Adam", adam(factor * rate), factor * adam(rate))
    for nesterov in (False, True):
        moved = [claims.sgd_step(theta, b, g, r, momentum, nesterov) for r in (rate, factor * rate)]
        point.equal(f"SGD, Nesterov {nesterov}", theta - moved[1][0], factor * (theta - moved[0][0]))
        point.equal("the first moment", moved[1][1], moved[0][1])


def o_decay(point: Point) -> None:
    """A step of size share along the gradient of ½‖θ‖², taken from dual numbers."""
    share, theta = point.number(), point.moving(point.vector(point.size("size", 1, 4)))
    energy = sum_of_products(theta, theta) / 2
    plain = structure(value_of, theta)
    moved = [before - after for before, after in zip(plain, claims.decay(plain, share), strict=True)]
    point.equal(
        "the step along the direction", sum_of_products(moved, structure(slope_of, theta)), share * energy.slope
    )


def o_clip(point: Point) -> None:
    """Above the limit a multiple of g of that norm, below it g."""
    norm, limit = point.number(), point.number()
    gradient = on_sphere(norm, point.vector(point.size("size", 0, 3)))
    clipped = claims.clip(gradient, norm, limit, True)
    point.equal("‖g‖²", sum_of_products(clipped, clipped), limit * limit)
    point.equal("a multiple of g", [entry * norm for entry in clipped], [entry * limit for entry in gradient])
    point.equal("below the limit", claims.clip(gradient, norm, limit, False), gradient)


def l_smoothing(point: Point) -> None:
    """The loss of a smoothed label is (1 - ε) times that of the label plus ε times that of 1/2; so is its gradient."""
    smoothing, z, y, e, log = point.vector(5)
    weight = [ONE]

    def loss(label: Number) -> tuple[Number, Number]:
        value, gradient = claims.binary_cross_entropy([[z]], [[e]], [[log]], [[label]], weight)
        return value, gradient[0][0]

    claimed, plain, even = loss(claims.smoothed(y, smoothing)), loss(y), loss(ONE / 2)
    for what, got, one, other in zip(("loss", "slope"), claimed, plain, even, strict=True):
        point.equal(what, got, (1 - smoothing) * one + smoothing * other)


STEPS: dict[str, Identity] = {
    "S.cosine": s_cosine,
    "S.rise": s_rise,
    "S.rate": s_rate,
    "O.decay": o_decay,
    "O.clip": o_clip,
    "L.smoothing": l_smoothing,
}
