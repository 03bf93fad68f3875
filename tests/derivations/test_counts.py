"""What README and docs say about the proofs is what the certificates hold."""

from __future__ import annotations

import json

from derivations import links
from derivations.recheck.identities import IDENTITIES
from derivations.recheck.proven_claims import readable
from tests.builders import ROOT

RECORDS = json.loads((ROOT / "derivations" / "certificates.json").read_text(encoding="utf-8"))


def test_the_documents_count_theorems_definitions_and_steps() -> None:
    defined = sum(record["kind"] == "definition" for record in RECORDS)
    steps = sum(len(record["steps"]) for record in RECORDS)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    docs = (ROOT / "docs" / "verification.md").read_text(encoding="utf-8")
    assert f"{len(RECORDS) - defined} theorems and {defined} definitions in {steps:,} steps" in readme
    assert f"{len(RECORDS) - defined} theorems and {defined} definitions are proven in {steps:,} steps" in docs


NORMAL_FORMS = {"algebra", "program", "reverse accumulation", "induction", "convention", "differentiation"}
"""The rules that `rules.py` decides; `reindexing` is decided by `windows.py`, all others by `steps.py`."""


def test_readme_says_which_file_decides_how_many_steps() -> None:
    rules = [step["rule"] for record in RECORDS for step in record["steps"]]
    forms, planes = sum(rule in NORMAL_FORMS for rule in rules), rules.count("reindexing")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"[`rules.py`](derivations/proof/rules.py) {forms} steps" in readme
    assert f"[`steps.py`](derivations/proof/steps.py) {len(rules) - forms - planes} by" in readme
    assert f"[`windows.py`](derivations/proof/windows.py) {planes} by" in readme
    assert set(rules) >= NORMAL_FORMS
    without = [record["id"] for record in RECORDS if record["id"] not in IDENTITIES]
    assert len(without) == 4, "the theorems on rounding, which README calls four"
    assert all(name.startswith("E.") for name in without)


def test_the_page_counts_functions_without_a_theorem_and_those_by_hand() -> None:
    kernels = [links.theorems_of(ROOT / f"spectral_core/kernels/{module}.py") for module in links.PRINTED]
    page = " ".join((ROOT / "docs" / "verification.md").read_text(encoding="utf-8").split())
    without = links.without_theorem(ROOT)
    assert f"{len(without)} of the {sum(map(len, kernels))} functions in the printed modules of kernels" in page
    assert f"What is left, {len(links.by_hand(ROOT))} functions, says" in page
    by_hand = [name for name in without if not links._reason("cpu/images", name) and name in kernels[4]]
    assert f"{len(by_hand)} of image networks" in page
    assert links.PRINTED[4] == "cpu/images"


def test_no_step_says_nothing() -> None:
    """Facts about programs, of the rule `definition`, are counted as all others are."""
    steps = [step for record in RECORDS for step in record["steps"]]
    formulas = [step["formula"] for step in steps]
    middles = [(text, len(text) // 2) for text in formulas]
    assert [text for text, at in middles if text[at - 1 : at + 2] == " = " and text[: at - 1] == text[at + 2 :]] == []
    assert [text for text in formulas if "True" in text.split(" = ")] == []
    assert sum(step["rule"] == "definition" for step in steps) > 200
    assert len(formulas) > 1000


def test_the_documents_say_which_theorems_list_their_claims_and_how_many_state_them() -> None:
    """M1 to M16 with their variants list them; the argument of every other theorem states them, and words are beside."""
    trust, checks = (
        " ".join((ROOT / "docs" / name).read_text(encoding="utf-8").split())
        for name in ("trusted-base.md", "verification.md")
    )
    stated = [record for record in RECORDS if "words" in record]
    listed = {record["id"].split(".")[0] for record in RECORDS if "words" not in record}
    assert listed == {f"M{number}" for number in range(1, 17)}
    assert listed.isdisjoint(record["id"].split(".")[0] for record in stated)
    assert f"M1 to M16 list their claims. The arguments of the other {len(stated)} theorems state them" in trust
    every = [claim for record in RECORDS for claim in record["claims"]]
    of_stated = [claim for record in stated for claim in record["claims"]]
    assert f"{len(every)} claims, {len(of_stated)} of them stated by arguments" in checks
    assert f"It reads {sum(map(readable, every))} of the {len(every)} claims" in checks


def test_every_certificate_names_the_rules_that_checked_it() -> None:
    assert len({record["checker"] for record in RECORDS}) == 1
    assert all(len(record["source"]) == 16 for record in RECORDS)
    assert len({record["source"] for record in RECORDS}) > 20
