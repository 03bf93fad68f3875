"""D1 and D2 on exact integers: sums that stay within their bound, shifts and tables within half a unit."""

from __future__ import annotations

from fractions import Fraction

from derivations.recheck import integer_statements as statements
from derivations.recheck.networks import Identity
from derivations.recheck.point import Point

HALF = Fraction(1, 2)


def d1(point: Point) -> None:
    """Every partial sum, also of the worst inputs, stays within the bound; the worst ones reach it."""
    count, reach = point.size("terms", 1, 9), 2 ** point.size("bits", 1, 15)
    draw = point.values.randint
    weights, bias = [draw(-127, 127) for _ in range(count)], draw(-999, 999)
    bound = statements.bound_of_sum(bias, weights, reach)
    side = 1 if bias >= 0 else -1
    worst = [side * reach if weight >= 0 else -side * reach for weight in weights]
    for inputs in (worst, [draw(-reach, reach) for _ in weights], [-value for value in worst]):
        partial = bias
        for weight, value in zip(weights, inputs, strict=True):
            partial += weight * value
            point.holds("a partial sum is within the bound", abs(partial) <= bound)
    total = bias + sum(weight * value for weight, value in zip(weights, worst, strict=True))
    point.equal("the worst inputs reach it", Fraction(abs(total)), Fraction(bound))


def d2(point: Point) -> None:
    """A shift with the half added, rounded weights, and a linear interpolation."""
    size, count = 2 ** point.size("shift", 1, 6), point.size("terms", 1, 9)
    draw = point.values.randint
    for a in range(-size, size + 1):
        point.holds("the shift is within half a unit", abs(statements.shifted(a, size) - Fraction(a, size)) <= HALF)
    # Weights that round up by a half where that adds, and down where that subtracts, reach the bound.
    inputs = [draw(-2047, 2047) for _ in range(count)]
    worst = [3 * HALF if value > 0 else HALF for value in inputs]
    for weights, bias in ((worst, 3 * HALF), ([point.rational() for _ in inputs], point.rational())):
        exact = bias + sum(weight * value for weight, value in zip(weights, inputs, strict=True))
        whole = round(bias) + sum(round(weight) * value for weight, value in zip(weights, inputs, strict=True))
        point.holds("rounded weights", abs(whole - exact) <= statements.rounding_bound(inputs))
        if weights is worst:
            point.equal("they reach the bound", whole - exact, statements.rounding_bound(inputs))
    first, second, part = draw(-2047, 2047), draw(-2047, 2047), draw(0, size - 1)
    value, exact = statements.interpolated(first, second, part, size), first + Fraction((second - first) * part, size)
    point.holds("between the entries", min(first, second) <= value <= max(first, second))
    point.holds("the nearest integer", abs(value - exact) <= HALF)


INTEGERS: dict[str, Identity] = {"D1": d1, "D2": d2}
