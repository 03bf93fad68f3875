"""The arithmetic of error bounds knows no grid where it may not."""

from __future__ import annotations

from fractions import Fraction

from derivations.rounding import Arithmetic, Real

ARITHMETIC = Arithmetic(24, Fraction(1, 2**149))


def test_of_an_interval_around_zero_no_grid_is_known() -> None:
    around = ARITHMETIC.rounded(Real(Fraction(-1), Fraction(1)))
    assert around.grid == 0
    assert ARITHMETIC.multiply(around, around).grid == 0


def test_away_from_zero_the_grid_is_the_last_place_of_the_smallest_number() -> None:
    assert ARITHMETIC.rounded(Real(Fraction(5, 4), Fraction(7))).grid == Fraction(1, 2**23)
