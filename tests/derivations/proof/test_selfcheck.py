"""What the checker tries on itself before every run: each false theorem is refused by the check that is meant."""

from __future__ import annotations

import re

import pytest

from derivations.proof.false_theorems import FALSE, TRUE, Attempted
from derivations.proof.selfcheck import accepted, weaknesses
from derivations.proof.theorem import ProofError


@pytest.mark.parametrize("wrong", FALSE, ids=[wrong.name for wrong in FALSE])
def test_a_false_theorem_is_refused_by_its_check(wrong: Attempted) -> None:
    with pytest.raises(ProofError, match=re.escape(wrong.words)):
        wrong.prove()


@pytest.mark.parametrize("right", TRUE, ids=[right.name for right in TRUE])
def test_a_true_theorem_beside_them_is_proven(right: Attempted) -> None:
    assert right.prove()


def test_the_rules_decide_as_they_should() -> None:
    assert weaknesses() == []


def test_an_attempt_that_is_false_or_refused_is_not_accepted() -> None:
    def refused() -> object:
        raise ProofError("refused")

    assert [accepted(lambda: True), accepted(lambda: False), accepted(refused)] == [True, False, False]
