"""D1 and D2 on exact integers: sums that stay within their bound, shifts and tables within half a unit."""

from __future__ import annotations

from fractions import Fraction

from derivations.recheck.networks import Identity
from derivations.recheck.point import Point


def bound_of_sum(bias: int, weights: list[int], reach: int) -> int:
    """D1: |b| + Σ |w_j| X."""
    return abs(bias) + reach * sum(map(abs, weights))


def d1(point: Point) -> None:
    """Every partial sum, also of the worst inputs, stays within the bound; the worst ones reach it."""
    count, reach = point.size("terms", 1, 9), 2 ** point.size("bits", 1, 15)
    draw = point.values.randint
    weights, bias = [draw(-127, 127) for _ in range(count)], draw(-999, 999)
    bound = bound_of_sum(bias, weights, reach)
    side = 1 if bias >= 0 else -1
    worst = [side * reach if weight >= 0 else -side * reach for weight in weights]
    for inputs in (worst, [draw(-reach, reach) for _ in weights], [-value for value in worst]):
        partial = bias
        for weight, value in zip(weights, inputs, strict=True):
            partial += weight * value
            point.holds("a partial sum is within the bound", abs(partial) <= bound)
    total = bias + sum(weight * value for weight, value in zip(weights, worst, strict=True))
    point.equal("the worst inputs reach it", abs(total), bound)


def d2(point: Point) -> None:
    """A shift with the half added, rounded weights, and a linear interpolation."""
    shift, count = point.size("shift", 1, 9), point.size("terms", 1, 9)
    draw, size = point.values.randint, 2**shift
    a = draw(-(2**20), 2**20)
    rounded = (a + size // 2) // size
    point.holds("the shift is within half a unit", abs(rounded - Fraction(a, size)) <= Fraction(1, 2))
    weights, inputs = [point.rational() for _ in range(count)], [draw(-2047, 2047) for _ in range(count)]
    bias = point.rational()
    exact = bias + sum(weight * value for weight, value in zip(weights, inputs, strict=True))
    whole = round(bias) + sum(round(weight) * value for weight, value in zip(weights, inputs, strict=True))
    point.holds("rounded weights", abs(whole - exact) <= Fraction(sum(map(abs, inputs)) + 1, 2))
    first, second, part = draw(-2047, 2047), draw(-2047, 2047), draw(0, size - 1)
    value = (first * (size - part) + second * part + size // 2) // size
    point.holds("between the entries", min(first, second) <= value <= max(first, second))


INTEGERS: dict[str, Identity] = {"D1": d1, "D2": d2}
