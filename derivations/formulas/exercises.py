"""Exercises of the course whose answer is a formula of blocks: the decision procedure judges the answer.

An exercise gives the left side and the conditions; the answer is the right side. It is right if the identity is proven and
the answer uses only the blocks that the exercise allows. A wrong answer gets a network that contradicts it, and a hint.
"""

from __future__ import annotations

from dataclasses import dataclass

from derivations.formulas.decision import PROVEN, UNDECIDED, decide
from derivations.formulas.language import read
from derivations.formulas.shapes import check
from derivations.formulas.syntax import Block, Expression, FormulaError, Identity, Matrix, parts


@dataclass(frozen=True)
class Exercise:
    """A question whose answer is the right side of an identity.

    Parameters
    ----------
    name : by which the command knows it.
    question : in one sentence.
    left, conditions : the identity is `left = ANSWER conditions`.
    allowed : names of blocks and matrices that the answer may use.
    hint : for an answer that is wrong, neither by its sign alone nor by one of the mistakes.
    mistakes : answers that are often given, each with its hint.
    """

    name: str
    question: str
    left: str
    conditions: str
    allowed: tuple[str, ...]
    hint: str
    mistakes: tuple[tuple[str, str], ...] = ()

    def formula(self, answer: str) -> str:
        """The identity; the parentheses keep conditions out of the answer."""
        return f"{self.left} = ({answer}) {self.conditions}".rstrip()


EXERCISES = {
    exercise.name: exercise
    for exercise in (
        Exercise(
            "neighbours", "Lesson 1: write the weights from layer 1 to layer 2 with phi(1), L(1) and L(2).", "W(2,1)", "",
            ("phi", "L"), "A diagonal matrix on the right multiplies columns, which are senders; one on the left multiplies rows.",
            (("phi(1)*L(1)", "The eigenvalues of the receivers, L(2), are missing."),),
        ),
        Exercise(
            "powers", "Lesson 1: write the block of N^k in row i and column j, k layers apart.", "N^k(i,j)", "for i = j + k",
            ("phi", "P"), "N leads from each layer to the next, so N^k leads k layers up, along one path.",
            (("0", "That is the block where i - j is not k. Here a path of k steps leads from layer j to layer i."),),
        ),
        Exercise(
            "diagonal", "Lesson 2: write the block of A in row i and column i.", "A(i,i)", "", ("L",),
            "A is triangular; its eigenvalues stand on its diagonal.",
        ),
        Exercise(
            "inverse", "Lesson 3: write the block of the inverse of Φ in row 3 and column 1 with phi(1) and phi(2).", "Inv(3,1)", "",
            ("phi",), "The series is I - N + N^2 - ...; this block comes from N^2.",
        ),
        Exercise(
            "pascal", "Lesson 3: write the inverse of Φ for three blocks (B = 3) with powers of Phi and I.", "Phi^-1", "for B = 3",
            ("Phi", "I"), "Take the row 1, 4, 6, 4, 1 of Pascal's triangle without its first number, with changing signs.",
            (("3*I - 3*Phi + Phi^2", "That is the inverse for two blocks. Three blocks need the next row of Pascal's triangle."),
             ("4*I + 6*Phi + 4*Phi^2 + Phi^3", "The signs change from term to term."),
             ("2*I - Phi", "That is the inverse for one block.")),
        ),
        Exercise(
            "skip", "Lesson 4: write the weights from layer 1 to layer 4 with phi and L.", "W(4,1)", "", ("phi", "L"),
            "The last step is phi(3)*L(3) - L(4)*phi(3); the path up to layer 3 stands to its right.",
            (("phi(3)*L(3)*phi(2)*phi(1)", "The eigenvalues of layer 4, the receivers, are missing."),
             ("(phi(3)*L(3) - L(4)*phi(3))*phi(2)*L(2)*phi(1)", "The eigenvalues of the layers between cancel: only the last step has any.")),
        ),
        Exercise(
            "weights", "Lesson 4: write the weights from layer j to layer i, for every i > j, with phi, L and P.", "W(i,j)", "for i > j",
            ("phi", "L", "P"), "The sign is (-1)^(i-1-j), and the path is P(i-1,j).",
        ),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Judgement:
    """Whether an answer is right, and what to tell the student."""

    right: bool
    lines: tuple[str, ...]


def judge(exercise: Exercise, answer: str) -> Judgement:
    """The judgement on an answer; raises `FormulaError` where it cannot be read.

    The counterexample of a wrong answer is a network of whole numbers, and the hint says what to look at.
    """
    formula = read(exercise.formula(answer))
    foreign = sorted(_names(formula.right) - {*exercise.allowed})
    if foreign:
        return Judgement(False, (f"The answer uses {', '.join(foreign)}. It may use {', '.join(exercise.allowed)}.",))
    check(formula)
    verdict = decide(formula)
    if verdict.status == PROVEN:
        return Judgement(True, (f"Right: {formula}", f"Proven for {verdict.scope}."))
    if verdict.status == UNDECIDED or verdict.counterexample is None:
        return Judgement(False, (f"Not decided: {verdict.reason}.",))
    opposite = decide(read(exercise.formula(f"-({answer})")))
    hint = "Only the sign is wrong." if opposite.status == PROVEN else _hint(exercise, answer)
    return Judgement(False, ("Wrong. A network that shows it:", *verdict.counterexample.lines(), f"Hint: {hint}"))


def _hint(exercise: Exercise, answer: str) -> str:
    """The hint of the mistake that the answer is equal to, else that of the exercise."""
    for mistake, hint in exercise.mistakes:
        formula = read(f"({answer}) = ({mistake}) {exercise.conditions}".rstrip())
        try:
            check(formula)
        except FormulaError:  # the mistake is a block of another size
            continue
        if decide(formula).status == PROVEN:
            return hint
    return exercise.hint


def _names(answer: Expression) -> set[str]:
    """The blocks and matrices that an answer uses."""
    nodes = list(parts(answer))
    return {node.name for node in nodes if isinstance(node, Block | Matrix)} | {
        "I" for node in nodes if isinstance(node, Identity)
    }
