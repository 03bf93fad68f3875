"""Answers to the exercises of the course: what is right, what is wrong, and what a student is told."""

from __future__ import annotations

import pytest

from derivations.formulas.exercises import EXERCISES, judge
from spectral_core.cli.program import main

ANSWERS = {
    "neighbours": "phi(1)*L(1) - L(2)*phi(1)",
    "powers": "P(i,j)",
    "diagonal": "L(i)",
    "inverse": "phi(2)*phi(1)",
    "pascal": "4*I - 6*Phi + 4*Phi^2 - Phi^3",
    "skip": "(phi(3)*L(3) - L(4)*phi(3))*phi(2)*phi(1)",
    "weights": "(-1)^(i-1-j)*(phi(i-1)*L(i-1) - L(i)*phi(i-1))*P(i-1,j)",
}


@pytest.mark.parametrize("name", EXERCISES)
def test_the_answer_is_right_and_its_opposite_wrong(name: str) -> None:
    judged = judge(EXERCISES[name], ANSWERS[name])
    assert judged.right
    assert judged.lines[0].startswith("Right: ")
    opposite = judge(EXERCISES[name], f"-({ANSWERS[name]})")
    assert not opposite.right
    assert opposite.lines[-1] == "Hint: Only the sign is wrong."


def test_a_wrong_answer_shows_a_network_and_the_hint() -> None:
    judged = judge(EXERCISES["neighbours"], "2*L(2)*phi(1)")
    assert not judged.right
    assert judged.lines[1].startswith("B = 1, widths 1-1")
    assert judged.lines[-1] == f"Hint: {EXERCISES['neighbours'].hint}"


@pytest.mark.parametrize("name", EXERCISES)
def test_every_mistake_gets_its_hint(name: str) -> None:
    for mistake, hint in EXERCISES[name].mistakes:
        assert judge(EXERCISES[name], mistake).lines[-1] == f"Hint: {hint}"


@pytest.mark.parametrize(
    ("name", "answer", "used"),
    [("skip", "W(4,1)", "W"), ("inverse", "P(3,1)", "P"), ("pascal", "I - N + N^2 - N^3", "N")],
)
def test_an_answer_by_other_blocks_is_refused(name: str, answer: str, used: str) -> None:
    judged = judge(EXERCISES[name], answer)
    assert not judged.right
    assert judged.lines == (f"The answer uses {used}. It may use {', '.join(EXERCISES[name].allowed)}.",)


def test_the_command_lists_shows_and_judges(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["exercise"]) == 0
    listed = capsys.readouterr().out
    assert [name for name in EXERCISES if name not in listed] == []
    assert main(["exercise", "skip"]) == 0
    assert "W(4,1) = (...)" in capsys.readouterr().out
    assert main(["exercise", "skip", ANSWERS["skip"]]) == 0
    assert capsys.readouterr().out.startswith("Right: W(4, 1) = ")
    assert main(["exercise", "inverse", "phi(2)*phi(1) + phi(2)*phi(1)"]) == 1
    assert "Wrong." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("swim", "1"), "there is no exercise 'swim'"),
        (("diagonal", "L(i) for i = 1"), "in A(i,i) = (L(i) for i = 1): column"),
        (("diagonal", "L("), "in A(i,i) = (L(): column"),
    ],
)
def test_what_cannot_be_read_is_one_line(
    words: tuple[str, str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["exercise", *words]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
