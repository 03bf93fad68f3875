"""The algebra of blocks and of sums refuses expressions without a meaning."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sympy as sp

from derivations.proof import algebra
from derivations.proof.algebra import DISTANCE as d
from derivations.proof.algebra import LAYER as j
from derivations.proof.assignments import Array, Assign
from derivations.proof.notation import elements, h, k, s
from derivations.proof.rules import evaluate
from derivations.proof.theorem import Proof, ProofError


@pytest.mark.parametrize(
    ("what", "claim"),
    [
        ("a negative power", lambda: (algebra.phi(j) ** -1, sp.Integer(1))),
        ("a root", lambda: (sp.sqrt(algebra.eigenvalues(j)), sp.Integer(1))),
        ("half a sign", lambda: (algebra.sign(d / 2), algebra.sign(d))),
        ("a path down", lambda: (algebra.path(j, j + 1) * algebra.phi(j), sp.Integer(1))),
    ],
)
def test_the_algebra_refuses_what_has_no_meaning(what: str, claim: Callable[[], tuple[sp.Expr, sp.Expr]]) -> None:
    with pytest.raises((ValueError, ProofError)):
        Proof("T").equal(what, *claim())


def test_sums_are_linear_only() -> None:
    """Σ x · Σ y is not Σ Σ x y, and a sum in a denominator is no term of a sum."""
    x, y, w = (Array(n, (s, k), "argument", "") for n in "xyw")
    total, other, result = (Array(n, (s,), "argument", "") for n in ("total", "other", "result"))
    sums = (
        Assign(total.element, x.element, over=(k,)),
        Assign(other.element, y.element, over=(k,)),
    )
    for value in (total.element * other.element, 1 / total.element, sp.exp(total.element)):
        with pytest.raises(ValueError, match=r"nonlinearly|capture"):
            evaluate([*sums, Assign(result.element, value)], elements((x, y, w)))
    # Over different indices a product of sums is a double sum.
    v = Array("v", (s, h), "argument", "")
    both = (sums[0], Assign(other.element, v.element, over=(h,)), Assign(result.element, total.element * other.element))
    double = (Assign(result.element, x.element * v.element, over=(h, k)),)
    known = elements((x, v))
    assert evaluate(both, known)["result"] == evaluate(double, known)["result"]
    again = (Assign(result.element, x.element, over=(k,)), Assign(result.element, y.element, over=(k,)))
    with pytest.raises(ValueError, match="two meanings"):
        evaluate(again, elements((x, y)))
