"""The second route reads the claims of the certificates, and refuses each of them with an error in it."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from derivations.recheck.evidence import recheck_claims
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


def test_a_line_of_a_program_with_another_sign_is_refused() -> None:
    record = copy.deepcopy(BY_ID["M8.direct"])
    claim = record["claims"][0]
    run = claim["formula"][0]
    assert run[0] == "run"
    run[2][-1][4] = ["*", -1, run[2][-1][4]]
    evidence = recheck_claims(record | {"claims": [claim]}, 2)
    assert evidence is not None
    assert evidence.failure is not None
