"""The schedules of learning rates.

An angle is given by the tangent of its half, so that every sine and cosine is rational.
"""

from __future__ import annotations

from fractions import Fraction

from derivations.recheck import scalar_statements as claims
from derivations.recheck.field import Number
from derivations.recheck.networks import Identity
from derivations.recheck.point import Point


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


SCHEDULES: dict[str, Identity] = {"S.cosine": s_cosine, "S.rise": s_rise, "S.rate": s_rate}
