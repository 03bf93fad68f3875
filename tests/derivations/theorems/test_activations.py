"""A wrong activation is not proven."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import sympy as sp

from derivations.proof.theorem import ProofError
from derivations.theorems.scalar import activations


def _broken_activations() -> Iterator[Any]:
    z = activations.z
    for item in activations.ACTIVATIONS:
        for what, wrong in (
            ("slope negated", replace(item, slope=-item.slope if item.slope != 0 else sp.Integer(1))),
            ("slope doubled", replace(item, slope=2 * item.slope)),
            ("slope of the argument", replace(item, slope=item.slope.subs(z, 2 * z) + z)),
            ("value doubled", replace(item, value=2 * item.value)),
            ("value shifted", replace(item, value=item.value + z**2)),
            ("f(0) wrong", replace(item, at_zero=item.at_zero + 1)),
            ("another f", replace(item, function=item.function + z**2)),
        ):
            yield pytest.param(wrong, id=f"{item.name}: {what}")
        if item.exponent is not None:
            yield pytest.param(replace(item, exponent=2 * item.exponent), id=f"{item.name}: exponent doubled")
            yield pytest.param(replace(item, exponent=-item.exponent), id=f"{item.name}: exponent negated")
            exchanged = replace(item, slope=item.slope.subs(activations.E, activations.m))
            yield pytest.param(exchanged, id=f"{item.name}: expm1 for exp")
        if item.denominator is not None:
            yield pytest.param(replace(item, denominator=item.denominator + 1), id=f"{item.name}: denominator shifted")
    zero, one = sp.Integer(0), sp.Integer(1)
    jump = activations.elementary("jump", activations.kinked(zero, z + 1), activations.kinked(zero, one))
    yield pytest.param(jump, id="relu: with a jump")
    right = sp.Piecewise((zero, z < 0), (one, True))
    yield pytest.param(
        activations.elementary("relu", activations.kinked(zero, z), right), id="relu: slope from the right"
    )


@pytest.mark.parametrize("wrong", list(_broken_activations()))
def test_a_wrong_activation_is_not_proven(wrong: activations.Activation) -> None:
    with pytest.raises(ProofError):
        activations.theorem_for(wrong).prove()
