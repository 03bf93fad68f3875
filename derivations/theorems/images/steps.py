"""Steps of the theorems of image networks, for lines that may be written alike from the start."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sympy as sp

from derivations.proof.theorem import Proof


def equal(proof: Proof, claim: str, left: Any, right: Any, rule: str = "algebra", cites: Iterable[str] = ()) -> None:
    """Both sides are equal by the rule; where they are written alike, they are compared as they stand."""
    sides = sp.sympify(left), sp.sympify(right)
    if sides[0] == sides[1]:
        proof.same(claim, [sides[0]], [sides[1]])
    else:
        proof.equal(claim, *sides, rule, cites)


def holds(proof: Proof, claim: str, condition: object) -> None:
    """A condition that is decided: `None` (undecided) fails as `False` does."""
    proof.same(claim, [condition is True or condition is sp.true], [True])
