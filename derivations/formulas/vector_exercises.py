"""Exercises whose answer is a formula with x, z, u, f and derivatives: compared with the definition on networks of numbers.

An answer is right if it agrees with the definition on every network that is tried, for three activations. This is no proof,
and the judgement says so. A wrong answer gets a network on which it fails, and a hint that is found by trying.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

from derivations.formulas.counterexamples import Counterexample
from derivations.formulas.definition import FUNCTIONS, Sample, Values
from derivations.formulas.examples import Dense, times
from derivations.formulas.exercises import Judgement
from derivations.formulas.vectors import Evaluation, Tree, names, read, size_of

ROUNDS = (((1, 1, 1), 6), ((2, 2, 1), 9), ((2, 3, 4), 24))
"""Widths, and networks of each: the smallest first. The last widths differ, so that sizes that do not fit are noticed."""


@dataclass(frozen=True)
class VectorExercise:
    """A question on a network of three layers whose answer is a formula with vectors.

    Parameters
    ----------
    name : by which the command knows it.
    question : in one sentence.
    left : what the answer equals, as text.
    truth : its value, from the definition.
    allowed : the terms that the answer may use.
    mistakes : answers that are often given, each with its hint.
    hint : for any other wrong answer.
    """

    name: str
    question: str
    left: str
    truth: Callable[[Sample, Values], Dense]
    allowed: tuple[str, ...]
    mistakes: tuple[tuple[str, str], ...]
    hint: str


VECTOR_EXERCISES = {
    exercise.name: exercise
    for exercise in (
        VectorExercise(
            "output", "Lesson 5: write the output z(3) with W, f and the input x(1) alone.", "z(3)",
            lambda sample, values: values["z", 3], ("W(2,1)", "W(3,1)", "W(3,2)", "x(1)", "f"),
            (
                ("W(3,2)*f(W(2,1)*x(1))", "The skip connection is missing: layer 3 hears layer 1 too."),
                ("W(3,1)*x(1) + W(3,2)*W(2,1)*x(1)", "Layer 2 sends f of what it receives."),
                ("f(W(3,1)*x(1) + W(3,2)*f(W(2,1)*x(1)))", "The last layer sends z itself, without f."),
            ),
            "Layer 3 receives a sum: from layer 1 directly, and from layer 2, which sends f(z(2)).",
        ),
        VectorExercise(
            "pre-activation", "Lesson 5: write z(3) with phi(2), L(2), L(3) and u(2).", "z(3)",
            lambda sample, values: values["z", 3], ("phi(2)", "L(2)", "L(3)", "u(2)"),
            (
                ("phi(2)*L(2)*u(2)", "The eigenvalues of the receivers are missing."),
                ("phi(2)*L(2)*u(2) + L(3)*phi(2)*u(2)", "Only the sign of the second term is wrong."),
            ),
            "M(3) is phi(2)*L(2) - L(3)*phi(2), and z(3) is M(3) times u(2).",
        ),
        VectorExercise(
            "hand-on", "Lesson 5: write u(2), what layer 2 hands on, with f, z(2), phi(1) and u(1).", "u(2)",
            lambda sample, values: values["u", 2], ("f", "z(2)", "phi(1)", "u(1)"),
            (
                ("f(z(2))", "That is x(2). The linear path is missing."),
                ("f(z(2)) + phi(1)*u(1)", "The linear path has the other sign: row 2 of Φ u = x is u(2) + phi(1)*u(1) = x(2)."),
                ("z(2) - phi(1)*u(1)", "Layer 2 sends f(z(2)), not z(2)."),
            ),
            "Row 2 of Φ u = x says u(2) + phi(1)*u(1) = x(2).",
        ),
        VectorExercise(
            "through-f", "Lesson 6: write zbar(2) with ubar(2), z(2) and df, the derivative of f.", "zbar(2)",
            lambda sample, values: values["zbar", 2], ("ubar(2)", "z(2)", "df"),
            (("ubar(2)", "The slope of f at z(2) is missing: a small change of z(2) passes through f."),),
            "Entry by entry (.*): the derivative by z(2) is the derivative by u(2) times the slope of f.",
        ),
        VectorExercise(
            "one-layer-back", "Lesson 6: write ubar(2) of the last hidden layer with phi(2), L(2), L(3) and zbar(3).", "ubar(2)",
            lambda sample, values: values["ubar", 2], ("phi(2)", "L(2)", "L(3)", "zbar(3)", "T"),
            (("L(2)*T(phi(2))*zbar(3)", "The eigenvalues of layer 3 are missing."),),
            "z(3) is M(3) u(2), so ubar(2) is the transpose of M(3) = phi(2)*L(2) - L(3)*phi(2), times zbar(3).",
        ),
        VectorExercise(
            "eigenvectors", "Lesson 6: write the derivative of the loss by phi(1) with zbar(2), ubar(2), u(1), L(1) and L(2).",
            "phibar(1)", lambda sample, values: sample.phibar(1), ("zbar(2)", "ubar(2)", "u(1)", "L(1)", "L(2)", "T"),
            (
                ("zbar(2)*T(u(1))*L(1) - L(2)*zbar(2)*T(u(1))", "The linear path is missing: phi(1) stands in v(2) = phi(1)*u(1) too."),
                ("zbar(2)*T(u(1)) - ubar(2)*T(u(1))", "M(2) is phi(1)*L(1) - L(2)*phi(1): the eigenvalues are missing."),
                ("zbar(2)*T(u(1))*L(1) - L(2)*zbar(2)*T(u(1)) + ubar(2)*T(u(1))", "The linear path v(2) enters u(2) with a minus sign."),
            ),
            "phi(1) stands in two places: in z(2) = phi(1)*L(1)*u(1) - L(2)*phi(1)*u(1), and in u(2) = f(z(2)) - phi(1)*u(1).",
        ),
    )
}  # fmt: skip


@cache
def samples(silent: int = 0) -> tuple[tuple[Sample, Values], ...]:
    """The networks that are tried, always the same, with their values; `silent`: a layer whose eigenvalues become 0."""
    source = random.Random(0)
    drawn = [
        Sample.drawn(widths, FUNCTIONS[count % len(FUNCTIONS)], source)
        for widths, number in ROUNDS
        for count in range(number)
    ]
    among = [sample.silent_in(silent) for sample in drawn] if silent else drawn
    return tuple((sample, sample.values()) for sample in among)


@cache
def truths(name: str, silent: int = 0) -> tuple[Dense, ...]:
    """What the answer of an exercise is for each of these networks."""
    return tuple(VECTOR_EXERCISES[name].truth(sample, values) for sample, values in samples(silent))


def judge(exercise: VectorExercise, answer: str) -> Judgement:
    """The judgement on an answer; raises `FormulaError` where it cannot be read or its sizes do not fit."""
    tree = read(answer)
    foreign = sorted(names(tree) - {*exercise.allowed})
    if foreign:
        return Judgement(False, (f"The answer uses {', '.join(foreign)}. It may use {', '.join(exercise.allowed)}.",))
    # The widest network first: every layer has another width, so sizes that do not fit are noticed.
    right = truths(exercise.name)
    sizes = size_of(_values(tree, answer, samples()[-1:])[0]), size_of(right[-1])
    if sizes[0] != sizes[1]:
        widths = "-".join(map(str, ROUNDS[-1][0]))
        said = f"Wrong. With widths {widths} the answer has {sizes[0]}, and {exercise.left} has {sizes[1]}."
        return Judgement(False, (said, f"Hint: {exercise.hint}"))
    # All networks, the smallest first.
    given = _values(tree, answer, samples())
    for (sample, values), mine, truth in zip(samples(), given, right, strict=True):
        if mine != truth:
            lines = _shown(exercise, sample, values, mine, truth)
            hint = _hint(exercise, tree, answer, given)
            return Judgement(False, ("Wrong. A network that shows it:", *lines, f"Hint: {hint}"))
    agreed = f"It agrees with the definition on {len(given)} networks of whole numbers, for three activations f."
    return Judgement(True, (f"Right: {exercise.left} = {tree}", f"{agreed} This is a comparison, not a proof."))


def _values(tree: Tree, text: str, among: Iterable[tuple[Sample, Values]]) -> tuple[Dense, ...]:
    found = []
    for sample, values in among:
        evaluation = Evaluation(text, sample, values)
        value = evaluation.value(tree)
        if not isinstance(value, tuple):
            raise evaluation.fail(tree, "expected a vector or a matrix, not a number")
        found.append(value)
    return tuple(found)


def _hint(exercise: VectorExercise, tree: Tree, answer: str, given: tuple[Dense, ...]) -> str:
    """Found by trying: the sign, the usual mistakes, and the layer whose eigenvalues matter."""
    if given == tuple(times(-1, truth) for truth in truths(exercise.name)):
        return "Only the sign is wrong."
    for mistake, hint in exercise.mistakes:
        if given == _values(read(mistake), mistake, samples()):
            return hint
    for layer in (n for n in (1, 2, 3) if f"L({n})" in exercise.allowed):
        if _values(tree, answer, samples(layer)) == truths(exercise.name, layer):
            where = f"The answer is right where all eigenvalues of layer {layer} are 0."
            return f"{where} Look at the term with L({layer})."
    return exercise.hint


def _shown(exercise: VectorExercise, sample: Sample, values: Values, mine: Dense, truth: Dense) -> list[str]:
    """The network, the vectors that the answer may use, and both sides."""
    row, column = next(
        (r, c) for r, pair in enumerate(zip(mine, truth, strict=True)) for c in range(len(mine[0])) if pair[0][c] != pair[1][c]
    )  # fmt: skip
    *numbers, left, right, place = Counterexample(sample.network, (), truth, mine, row + 1, column + 1).lines()
    given = [
        f"{name}({layer}) = {_column(column)}" for (name, layer), column in values.items() if f"{name}({layer})" in exercise.allowed
    ]  # fmt: skip
    return [*numbers, f"f(z) = {sample.function.text}", *given, left, right, place]


def _column(vector: Dense) -> str:
    return f"({', '.join(str(row[0]) for row in vector)})"
