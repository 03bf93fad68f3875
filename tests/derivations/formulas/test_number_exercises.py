"""Numbers as answers: the network is that of the course, the truths are those of the product, and mistakes get hints."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from derivations.formulas.number_exercises import COURSE, NUMBER_EXERCISES, NumberError, judge, numbers
from docs.course.pictures import example
from spectral_core.cli.program import main


def truth(name: str) -> tuple[float, ...]:
    return tuple(map(float, NUMBER_EXERCISES[name].truth()))


def test_the_truths_are_those_of_the_network_of_the_course() -> None:
    net = example()
    assert [block.tolist() for block in net.eigenvectors] == [[*map(list, block)] for block in COURSE.phi]
    assert [values.tolist() for values in net.eigenvalues] == [*map(list, COURSE.eigenvalues)]
    weights, x = net.transfer_blocks(), np.array([[0.0, 1.0]])
    assert truth("number-weight") == (weights[2, 1][1, 1],)
    assert truth("number-trace") == (np.trace(net.adjacency()),)
    assert truth("number-skip") == (weights[3, 1][0, 1],)
    assert truth("number-output") == (net.forward(x)[0, 0],)
    _, gradients = net.loss_and_gradients(x, np.array([[1.0]]))
    assert truth("number-slopes") == tuple(gradients.eigenvalues[0])


@pytest.mark.parametrize("name", NUMBER_EXERCISES)
def test_right_wrong_and_usual_answers(name: str) -> None:
    exercise = NUMBER_EXERCISES[name]
    right = exercise.truth()
    assert judge(exercise, ", ".join(map(str, right))).right
    for mistake, hint in exercise.mistakes:
        assert judge(exercise, ", ".join(map(str, mistake))).lines[-1] == f"Hint: {hint}"
    other = judge(exercise, ", ".join(str(value + 100) for value in right))
    assert not other.right
    assert other.lines[-1] == f"Hint: {exercise.hint}"
    assert "The question asks for" in judge(exercise, "1 2 3").lines[-1]
    if any(right):
        assert judge(exercise, ", ".join(str(-value) for value in right)).lines[-1] == "Hint: Only the sign is wrong."


def test_the_order_of_numbers_matters() -> None:
    exercise = NUMBER_EXERCISES["number-slopes"]
    swapped = ", ".join(map(str, reversed(exercise.truth())))
    assert judge(exercise, swapped).lines[-1] == "Hint: The numbers are right, their order is not."


def test_numbers_are_read_in_every_form() -> None:
    assert numbers("(4, -1/2; 2.5 −3)") == (4, Fraction(-1, 2), Fraction(5, 2), -3)
    for text, message in (
        ("four", "'four' is no number"),
        ("", "has no number"),
        ("1/0", "denominator"),
        ("1e3", "no number"),
    ):
        with pytest.raises(NumberError, match=message):
            numbers(text)


def test_the_command_takes_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["exercise", "number-weight"]) == 0
    assert "Answer with a number" in capsys.readouterr().out
    assert main(["exercise", "number-weight", "--", "-1"]) == 0
    assert main(["exercise", "number-weight", "1"]) == 1
    assert capsys.readouterr().out == "Right: -1\nWrong: 1\nHint: Only the sign is wrong.\n"
    assert main(["exercise", "number-weight", "b"]) == 2
    assert (
        capsys.readouterr().err
        == "spectral-core: 'b' is no number; write numbers with commas between, such as 4, -1/2\n"
    )
    assert main(["exercise", "number-weight", "--code", "x.py"]) == 2
    assert "number-weight asks for numbers: spectral-core exercise number-weight 'ANSWER'" in capsys.readouterr().err
