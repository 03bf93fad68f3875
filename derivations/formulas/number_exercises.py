"""Exercises whose answer is one or more numbers of the network of the course, computed from the definition."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from derivations.formulas.definition import RELU, Sample, by_eigenvalues
from derivations.formulas.examples import Network
from derivations.formulas.exercises import Judgement

COURSE = Network((2, 2, 1), (((1, 2), (3, 1)), ((1, -1),)), ((1, 2), (0, 3), (1,)))
"""The network of the lessons: a, b below, c, d in the middle, e on top."""
NUMBER = re.compile(r"[-−]?\d+(?:\.\d+|/\d+)?")


class NumberError(ValueError):
    """An answer is no list of numbers; the message is one line."""


@dataclass(frozen=True)
class NumberExercise:
    """A question on the network of the course whose answer is a list of numbers.

    Parameters
    ----------
    name : by which the command knows it.
    question : in one sentence.
    truth : the numbers, from the definition.
    mistakes : numbers that are often given, each with their hint.
    hint : for any other wrong answer.
    """

    name: str
    question: str
    truth: Callable[[], tuple[Any, ...]]
    mistakes: tuple[tuple[tuple[int, ...], str], ...]
    hint: str


def output(x: tuple[int, int]) -> Any:
    """The output of the network for an input, with relu."""
    return Sample(COURSE, RELU, ((x[0],), (x[1],)), ((1,),)).forward()["z", 3][0][0]


def slopes() -> tuple[Any, ...]:
    """The derivatives of (z - 1)² by the eigenvalues of a and b, for the input (0, 1)."""

    def loss(network: Network) -> Any:
        error = Sample(network, RELU, ((0,), (1,)), ((1,),)).forward()["z", 3][0][0] - 1
        return error * error

    return by_eigenvalues(COURSE, loss, 1)


NUMBER_EXERCISES = {
    exercise.name: exercise
    for exercise in (
        NumberExercise(
            "number-weight", "Lesson 1: which weight does the arrow from b to d have in the network of the course?",
            lambda: (COURSE.matrices["A"][3][1],), (((5,), "The weight has the difference of the eigenvalues, not their sum."),),
            "It is the eigenvalue of the sender b minus that of the receiver d, times the entry of φ.",
        ),
        NumberExercise(
            "number-trace", "Lesson 2: what is the trace of A, the sum of its diagonal, in the network of the course?",
            lambda: (sum(COURSE.matrices["A"][k][k] for k in range(5)),),
            (((5,), "That is the trace of Φ: its diagonal holds ones."),), "The diagonal of A holds the eigenvalues.",
        ),
        NumberExercise(
            "number-skip", "Lesson 4: which weight does the skip connection from b to e have in the network of the course?",
            lambda: (COURSE.matrices["A"][4][1],), (((2,), "Both paths from b to e count: over c and over d."),),
            "It is minus the sum over both paths: the weight into e times the entry of φ from b.",
        ),
        NumberExercise(
            "number-output", "Lesson 5: what does the network of the course answer for the input (0, 1), with relu?",
            lambda: (output((0, 1)),), (((-4,), "The skip connections are missing: e hears a and b too."),),
            "z_2 = W_21 x_1, x_2 = relu(z_2), and z_3 = W_31 x_1 + W_32 x_2.",
        ),
        NumberExercise(
            "number-slopes", "Lesson 6: the loss is (z_3 - 1)² for the input (0, 1). What are its derivatives by the eigenvalues of a "
            "and b?", slopes, (((0, 2), "A factor of 2 is missing: the derivative of (z_3 - 1)² is 2 (z_3 - 1)."),),
            "Go back as in the table of lesson 6: z̄_3, M̄_3, ū_2, z̄_2, M̄_2, and then the sum of each column of M̄_2 ∘ φ.",
        ),
    )
}  # fmt: skip


def numbers(answer: str) -> tuple[Fraction, ...]:
    """The numbers of an answer, such as 4, -1/2 or (0, 2.5); raises `NumberError`."""
    parts = [part for part in re.split(r"[\s,;()]+", answer) if part]
    for part in parts:
        if not NUMBER.fullmatch(part):
            raise NumberError(f"{part!r} is no number; write numbers with commas between, such as 4, -1/2")
    if not parts:
        raise NumberError("the answer has no number")
    try:
        return tuple(Fraction(part.replace("−", "-")) for part in parts)
    except ZeroDivisionError:
        raise NumberError("a fraction needs a denominator that is not 0") from None


def judge(exercise: NumberExercise, answer: str) -> Judgement:
    """The judgement on numbers."""
    given, right = numbers(answer), exercise.truth()
    shown = ", ".join(map(str, given))
    if given == right:
        return Judgement(True, (f"Right: {shown}",))
    if len(given) != len(right):
        hint = f"The question asks for {len(right)} number{'s' * (len(right) > 1)}; the answer has {len(given)}."
    elif given == tuple(-value for value in right):
        hint = "Only the sign is wrong."
    elif sorted(given) == sorted(right):
        hint = "The numbers are right, their order is not."
    else:
        hint = next((hint for mistake, hint in exercise.mistakes if given == mistake), exercise.hint)
    return Judgement(False, (f"Wrong: {shown}", f"Hint: {hint}"))
