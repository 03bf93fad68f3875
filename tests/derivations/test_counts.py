"""What README and docs say about the proofs is what the certificates hold."""

from __future__ import annotations

import json

from tests.builders import ROOT

RECORDS = json.loads((ROOT / "derivations" / "certificates.json").read_text(encoding="utf-8"))


def test_the_documents_count_theorems_definitions_and_steps() -> None:
    defined = sum(record["kind"] == "definition" for record in RECORDS)
    steps = sum(len(record["steps"]) for record in RECORDS)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    docs = (ROOT / "docs" / "verification.md").read_text(encoding="utf-8")
    assert f"{len(RECORDS) - defined} theorems and {defined} definitions in {steps:,} steps" in readme
    assert f"{len(RECORDS) - defined} theorems and {defined} definitions are proven in {steps:,} steps" in docs


def test_no_step_says_nothing() -> None:
    formulas = [step for record in RECORDS for step in record["steps"] if step["rule"] != "definition"]
    empty = [
        step["formula"] for step in formulas if len(set(step["formula"].split(" = "))) == 1 and " = " in step["formula"]
    ]
    assert empty == []
    assert not any(step["formula"] == "True" for step in formulas)
    assert len(formulas) > 500


def test_the_document_on_trust_names_the_theorems_with_claims() -> None:
    """All of M1 to M16 with their variants, and no other: a sentence beside the steps is for a reader to judge."""
    words = " ".join((ROOT / "docs" / "trusted-base.md").read_text(encoding="utf-8").split())
    assert "M1 to M16 alone have claims. For all other theorems the statement is a sentence beside the steps" in words
    claimed = {record["id"].split(".")[0] for record in RECORDS if record["claims"]}
    assert claimed == {f"M{number}" for number in range(1, 17)}
    first = {record["id"] for record in RECORDS if record["id"].split(".")[0] in claimed}
    assert first == {record["id"] for record in RECORDS if record["claims"]}


def test_every_certificate_names_the_rules_that_checked_it() -> None:
    assert len({record["checker"] for record in RECORDS}) == 1
