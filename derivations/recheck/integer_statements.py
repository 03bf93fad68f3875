"""The formulas under test for integers, D1 and D2, written by hand as the theorems state them."""

from __future__ import annotations

from fractions import Fraction


def bound_of_sum(bias: int, weights: list[int], reach: int) -> int:
    """D1: |b| + Σ |w_j| X."""
    return abs(bias) + reach * sum(map(abs, weights))


def shifted(a: int, size: int) -> int:
    """D2: ⌊(a + 2^s/2)/2^s⌋."""
    return (a + size // 2) // size


def rounding_bound(inputs: list[int]) -> Fraction:
    """D2: (Σ |x_j| + 1)/2."""
    return Fraction(sum(map(abs, inputs)) + 1, 2)


def interpolated(first: int, second: int, part: int, size: int) -> int:
    """D2: two entries of a table weighed by 2^s - f and f, and shifted."""
    return shifted(first * (size - part) + second * part, size)
