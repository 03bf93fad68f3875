"""The results of the error analysis of the exponential."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from derivations.proof.theorem import Proof
from derivations.theorems.scalar.exponential import FORMATS, Format
from derivations.theorems.scalar.exponential_error import Analysis


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_some_cell_holds_every_exponential(form: Format) -> None:
    """For x <= 0 the cells say where exp(x) lies; the accuracy of tanh and sigmoid rests on it."""
    cells = [cell for cell in Analysis(form, Proof("T")).cells() if cell.sign <= 0]

    @given(st.floats(-5, 0))
    def check(x: float) -> None:
        with mpmath.workprec(200):
            truth = Fraction(*mpmath.libmp.to_rational(mpmath.exp(x)._mpf_))
        assert any(cell.low <= truth <= cell.high for cell in cells)

    check()
