"""Claims at small numbers, worked out by themselves.

A definition is a function of Python, and may treat a number otherwise than a symbol: `a == b` is false for two symbols.
So what was shown for symbols is evaluated again at every choice of small indices, members of recursions step by step.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import sympy as sp

from derivations.proof.claims import Claim
from derivations.proof.coverage import Case, least
from derivations.proof.steps import RELATIONS, Step

LARGEST = 4
"""The largest index that is tried; with it every order of two or three layers occurs."""


def exception(claim: Claim) -> str:
    """Small indices for which the claim does not hold; empty if there are none."""
    if claim.over and next(instances(claim), None) is None:
        return f"any number up to {LARGEST}, as its conditions allow none"
    rule = "algebra" if claim.relation in RELATIONS["algebra"] else "decided"
    for case in instances(claim):
        left, right = (
            side.xreplace(case) if isinstance(side, sp.Basic) else side for side in (claim.left, claim.right)
        )
        step = Step(rule, "", left, right, relation=claim.relation, given=claim.assumes)
        if step.remainder() != 0:
            # Fractions have no normal form by multiplying out.
            if claim.relation == "=" and not claim.assumes and replace(step, rule="rational").remainder() == 0:
                continue
            return ", ".join(f"{name} = {value}" for name, value in case.items())
    return ""


def instances(claim: Claim) -> Iterator[Case]:
    """Every choice of small indices for which the claim is made."""
    starts = [least(name) for name in claim.over]
    ranges = [range(-1 if start is None else start, LARGEST + 1) for start in starts]
    for values in product(*ranges) if claim.over else ():
        case = dict(zip(claim.over, map(sp.Integer, values), strict=True))
        if all(sp.sympify(condition).xreplace(case) >= 0 for condition in claim.where):
            yield case
