"""The arithmetic of error bounds knows no grid where it may not."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from derivations.proof.rounding import Arithmetic, Real, ln2

ARITHMETIC = Arithmetic(24, Fraction(1, 2**149))


def test_of_an_interval_around_zero_no_grid_is_known() -> None:
    around = ARITHMETIC.rounded(Real(Fraction(-1), Fraction(1)))
    assert around.grid == 0
    assert ARITHMETIC.multiply(around, around).grid == 0


def test_away_from_zero_the_grid_is_the_last_place_of_the_smallest_number() -> None:
    assert ARITHMETIC.rounded(Real(Fraction(5, 4), Fraction(7))).grid == Fraction(1, 2**23)


def test_a_number_that_is_no_float_lies_within_its_ends() -> None:
    third = Real.exactly(Fraction(1, 3), known_as=Fraction(0.3))
    assert third.low < Fraction(1, 3) < third.high
    assert Fraction(1, 3) - Fraction(0.3) <= third.error


numbers32 = st.floats(-1e6, 1e6, width=32)


@given(numbers32, numbers32, numbers32)
@example(3.0, 0.1, -0.3)
def test_running_bounds_hold(a: float, b: float, c: float) -> None:
    """Plain float32 arithmetic stays within the bounds for points, for intervals around them, and scaled."""
    lines = ("p = a * b", "q = p + c", "result = q * a - p")
    floats = {name: np.float32(value) for name, value in zip("abc", (a, b, c), strict=True)}
    space: dict[str, Any] = dict(floats)
    exec("\n".join(lines), space)
    exact: dict[str, Any] = {name: Fraction(float(value)) for name, value in floats.items()}
    exec("\n".join(lines), exact)
    u, underflow = Fraction(1, 2**24), Fraction(1, 2**150)
    widened = {name: Real(value - 1, value + 2) for name, value in list(exact.items()) if name in floats}
    points = {name: Real.exactly(exact[name]) for name in floats}
    for known in (points, widened):
        for scaled in (False, True):
            bound = Arithmetic(24, underflow, scaled).run(lines, known)["result"]
            assert bound.low <= exact["result"] <= bound.high
            assert abs(Fraction(float(space["result"])) - exact["result"]) <= bound.error
    assert u == Arithmetic(24, underflow).u


def test_ln2_is_enclosed() -> None:
    low, high = ln2()
    with mpmath.workprec(400):
        assert (
            mpmath.mpf(low.numerator) / low.denominator < mpmath.log(2) < mpmath.mpf(high.numerator) / high.denominator
        )
    # The terms that are left out count with their bound, 2^-256, besides the rounding outwards.
    assert Fraction(1, 2**256) < high - low < Fraction(1, 2**250)


def test_lines_without_a_bound_are_refused() -> None:
    arithmetic = Arithmetic(24, Fraction(0))
    one = {"a": Real.exactly(1), "b": Real.exactly(2)}
    for line in ("a / b", "c = a / b", "c = a if a < b else b", "c = a if a < b else a", "c = f(a)"):
        with pytest.raises(ValueError, match="no "):
            arithmetic.run((line,), one)


@given(st.fractions(1, 2), st.fractions(1, 2))
def test_scaled_bounds_count_the_size_and_not_the_binade(a: Fraction, b: Fraction) -> None:
    """A common factor may push a result just above a power of two, where half an ulp is u times the result."""
    product = Arithmetic(24, Fraction(0), scaled=True).multiply(Real.exactly(a), Real.exactly(b))
    assert product.error >= a * b / 2**24


def test_the_smallest_computed_value_counts_the_error_on_both_sides() -> None:
    one = Fraction(1)
    assert Real(Fraction(3), Fraction(5), one).least == Real(Fraction(-5), Fraction(-3), one).least == 2
    assert Real(Fraction(-5), Fraction(3), one).least == 0
    assert Real(Fraction(-5), Fraction(3), one).greatest == 6
