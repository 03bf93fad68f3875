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
    """Facts about programs, of the rule `definition`, are counted as all others are."""
    steps = [step for record in RECORDS for step in record["steps"]]
    formulas = [step["formula"] for step in steps]
    middles = [(text, len(text) // 2) for text in formulas]
    assert [text for text, at in middles if text[at - 1 : at + 2] == " = " and text[: at - 1] == text[at + 2 :]] == []
    assert [text for text in formulas if "True" in text.split(" = ")] == []
    assert sum(step["rule"] == "definition" for step in steps) > 200
    assert len(formulas) > 1000


def test_every_certificate_names_the_rules_that_checked_it() -> None:
    assert len({record["checker"] for record in RECORDS}) == 1
    assert all(len(record["source"]) == 16 for record in RECORDS)
    assert len({record["source"] for record in RECORDS}) > 20
