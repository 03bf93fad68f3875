"""Where the steps of a proof and what it claims do not meet."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

from derivations.proof.claims import Assumption, Claim
from derivations.proof.coverage import Case
from derivations.proof.instances import exception
from derivations.proof.steps import Step

KINDS = tuple(product((True, False), repeat=2))
"""The kinds of layers: hidden or last, behind a hidden layer or the input."""


def name_of_kind(hidden: bool, sender_hidden: bool) -> str:
    """What a kind of layer is called."""
    return f"{'hidden' if hidden else 'last'} layer, {'hidden' if sender_hidden else 'input'} layer before it"


def served(claim: Claim, steps: Iterable[Step]) -> list[Case]:
    """The cases of the steps that state this very claim, and assume no more than it says."""
    cases: list[Case] = []
    for step in (step for step in steps if step.part == claim.name and step.assumed <= set(claim.assumes)):
        case = dict(step.where)
        if (step.relation, step.left, step.right) == (claim.relation, *claim.at(case)):
            cases.append(case)
    return cases


def unproven(claims: Iterable[Claim], inductions: list[Claim], steps: list[Step]) -> list[str]:
    """Claims that no step serves in some case, that small numbers contradict, or that leave out a kind of layer."""
    claims = tuple(claims)
    found = [gap for claim in claims if claim not in inductions and (gap := claim.uncovered(served(claim, steps)))]
    every = dict.fromkeys((*claims, *inductions))
    found += [f"{claim.name!r} does not hold for {numbers}" for claim in every if (numbers := exception(claim))]
    kinds = {claim.kind for claim in claims if claim.kind is not None}
    return found + [f"nothing is claimed for {name_of_kind(*kind)}" for kind in KINDS if kinds and kind not in kinds]


def unlike_assumptions(assumptions: Iterable[str | Assumption], steps: Iterable[Step]) -> list[str]:
    """Equations that a step uses and the theorem does not assume, and the other way round."""
    formal = {assumption for assumption in assumptions if isinstance(assumption, Assumption)}
    used = {assumption for step in steps for assumption in step.assumed}
    found = [f"a step uses {assumption}, which is not assumed" for assumption in used - formal]
    return found + [f"{assumption} is assumed, and no step uses it" for assumption in formal - used]
