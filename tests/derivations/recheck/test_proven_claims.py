"""The second route reads the claims of the certificates, and refuses each of them with an error in it."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from derivations.recheck.claim_trees import leaves
from derivations.recheck.claim_values import Unread, value
from derivations.recheck.claim_windows import planes, windowed
from derivations.recheck.evidence import recheck_claims
from derivations.recheck.point import Point
from derivations.recheck.proven_claims import readable
from tests.builders import ROOT

RECORDS = json.loads((ROOT / "derivations" / "certificates.json").read_text(encoding="utf-8"))
BY_ID: dict[str, dict[str, Any]] = {record["id"]: record for record in RECORDS}
FORMULAS = [record["id"] for record in RECORDS if any(map(readable, record["claims"]))]


def test_the_claims_of_m1_to_m15_are_read() -> None:
    unread = {r["id"]: [c["name"] for c in r["claims"] if not readable(c)] for r in RECORDS if "words" not in r}
    # Pieces of activations, and a function that is homogeneous by assumption.
    assert {name for name, claims in unread.items() if claims} == {"M16"}
    assert {f"M{n}" for n in range(1, 16)} <= set(FORMULAS)


@pytest.mark.parametrize("theorem", [name for name in FORMULAS if name not in ("M8", "M8.layerwise")])
def test_the_claims_hold_as_they_stand(theorem: str) -> None:
    evidence = recheck_claims(BY_ID[theorem], 2)
    assert evidence is not None
    assert evidence.failure is None


def doubled(claim: dict[str, Any]) -> dict[str, Any]:
    """The claim with 2 times its left side, or 1 more where a side is 0."""
    wrong = copy.deepcopy(claim)
    left, relation, right = wrong["formula"]
    wrong["formula"] = [["+", 1, left], relation, right] if right == 0 else [["*", 2, left], relation, right]
    return wrong


@pytest.mark.parametrize("theorem", ["M2", "M4", "M5", "M6", "M7", "M9", "M10", "M13"])
def test_a_claim_with_a_wrong_factor_is_refused(theorem: str) -> None:
    record = BY_ID[theorem]
    refused = 0
    for claim in record["claims"][:4]:
        evidence = recheck_claims(record | {"claims": [doubled(claim)]}, 4)
        assert evidence is not None
        refused += evidence.failure is not None
    assert refused >= len(record["claims"][:4]) - 1, "a block above the diagonal has no multiple of I"


WINDOWED = [(record["id"], claim) for record in RECORDS for claim in record["claims"] if windowed(claim)]


def with_a_place_moved(tree: Any, side: Any) -> Iterator[Any]:
    """The part of a side with 1 more in one index of one array, for each that stands at more than one place."""
    if isinstance(tree, list):
        for at, part in enumerate(tree):
            if tree[:1] == ["at_array"] and at > 1 and (isinstance(part, list) or len(list(leaves(side, part))) > 1):
                yield [*tree[:at], ["+", 1, part], *tree[at + 1 :]]
            yield from ([*tree[:at], other, *tree[at + 1 :]] for other in with_a_place_moved(part, side))


@pytest.mark.parametrize(("theorem", "claim"), WINDOWED, ids=[f"{name}: {claim['name']}" for name, claim in WINDOWED])
def test_a_window_that_reads_the_next_place_is_refused(theorem: str, claim: dict[str, Any]) -> None:
    left, relation, right = claim["formula"]
    tried = 0
    for other in with_a_place_moved(right, right):
        if other[0] in ("pairing", "change") and other[1][0] != right[1][0]:
            continue  # the place that a line sets stands on its left side, and what is read moves with it
        wrong = claim | {"formula": [left, relation, other]}
        evidence = recheck_claims(BY_ID[theorem] | {"claims": [wrong]}, 4)
        assert evidence is not None
        assert evidence.failure is not None, other
        tried += 1
    assert tried > 0


def test_a_sum_over_planes_is_the_sum_that_is_written_out() -> None:
    """Σ_i Σ_ρ y[i] w[ρ] x[2 i + ρ - 1] over all whole numbers."""
    point = Point(random.Random(1), random.Random(2))
    sums: dict[str, Any] = {"symbols": {"integer, nonnegative": ["i", "rho"]}}
    setting = planes(point, sums)
    factors = [["at_array", "y", "i"], ["at_array", "w", "rho"], ["at_array", "x", ["+", ["*", 2, "i"], "rho", -1]]]
    found = value(["*", "Σ_i", "Σ_rho", *factors], setting)
    y, w, x = ([setting.element(name, (at,)) for at in range(-9, 9)] for name in "ywx")
    expected: Any = 0
    for i in range(-9, 9):
        for rho in range(-9, 9):
            if -9 <= 2 * i + rho - 1 < 9:
                expected = expected + y[i + 9] * w[rho + 9] * x[2 * i + rho - 1 + 9]
    point.equal("the sum", found, expected)
    assert point.modular == 1
    with pytest.raises(Unread, match="no array holds"):
        value(["*", "Σ_k", ["at_array", "y", "i"], "k"], setting)


def test_a_claim_of_which_both_sides_are_sums_of_nothing_is_refused() -> None:
    (claim,) = (claim for name, claim in WINDOWED if claim["name"] == "y[i,j] = x[stride i, stride j]")
    sides = [["*", *side[1:], 0] if side[0] == "*" else ["*", 0, side] for side in claim["formula"][::2]]
    evidence = recheck_claims(BY_ID["I5"] | {"claims": [claim | {"formula": [sides[0], "=", sides[1]]}]}, 1)
    assert evidence is not None
    assert evidence.failure is not None
    assert "both sides are sums of nothing in 50 draws" in evidence.failure.message


def test_a_line_of_a_program_with_another_sign_is_refused() -> None:
    record = copy.deepcopy(BY_ID["M8.direct"])
    claim = record["claims"][0]
    run = claim["formula"][0]
    assert run[0] == "run"
    run[2][-1][4] = ["*", -1, run[2][-1][4]]
    evidence = recheck_claims(record | {"claims": [claim]}, 2)
    assert evidence is not None
    assert evidence.failure is not None
