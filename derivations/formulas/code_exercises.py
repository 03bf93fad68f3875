"""Exercises whose answer is a function in Python: compared with what the definition gives in exact numbers.

The caller runs the function; this module hands over whole numbers and judges what comes back.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from derivations.formulas.definition import RELU, Sample, by_eigenvalues, by_eigenvectors
from derivations.formulas.examples import Network
from derivations.formulas.exercises import Judgement

Run = Callable[[str, tuple[Any, ...]], Any]
"""Runs the function of a name with arguments of nested lists; returns nested lists of numbers."""
Rounds = tuple[tuple[tuple[int, ...], int], ...]
"""Widths, and networks of each: the smallest first."""
TWO_LAYERS: Rounds = (((1, 1), 3), ((2, 2), 6), ((3, 2), 12))
DEEP: Rounds = (((1, 1), 2), ((1, 1, 1), 6), ((2, 2, 1), 9), ((2, 3, 4), 12), ((1, 3, 2, 2), 6))
TOLERANCE = 1e-9
"""Greatest error of a number, relative to the greatest of the right ones and 1."""


@dataclass(frozen=True)
class CodeExercise:
    """A function to write.

    Parameters
    ----------
    name : by which the command knows it.
    question : in one sentence.
    function : its name and its parameters, as a student writes them.
    arguments : what it is called with, from a sample: lists stay lists, tuples of numbers become arrays.
    truth : what it must return, nested tuples of numbers.
    rounds : the networks that are tried.
    mistakes : results that are often returned, each with its hint.
    hint : for any other wrong result.
    """

    name: str
    question: str
    function: str
    arguments: Callable[[Sample], tuple[Any, ...]]
    truth: Callable[[Sample], Any]
    rounds: Rounds
    mistakes: tuple[tuple[Callable[[Sample], Any], str], ...]
    hint: str


def without_skips(sample: Sample) -> tuple[int, ...]:
    """The output without skip connections."""
    sent: list[Any] = [row[0] for row in sample.x]
    network = sample.network
    for i in range(2, len(network.widths) + 1):
        weights: Any = network.block("W", (i, i - 1))
        z = [sum(w * x for w, x in zip(row, sent, strict=True)) for row in weights]
        sent = z if i == len(network.widths) else [max(value, 0) for value in z]
    return tuple(sent)


def squared_error_gradients(sample: Sample) -> Any:
    """The derivatives of Σ_h (z_h - y_h)² by every φ and λ; y is the column that a sample has for z̄."""

    def loss(network: Network) -> Any:
        moved = Sample(network, RELU, sample.x, sample.bar)
        z = moved.forward()["z", len(network.widths)]
        errors = [row[0] + -1 * target[0] for row, target in zip(z, sample.bar, strict=True)]
        return sum(error * error for error in errors)

    network = sample.network
    layers = range(1, len(network.widths) + 1)
    phibar = tuple(by_eigenvectors(network, loss, block) for block in layers[:-1])
    return phibar, tuple(by_eigenvalues(network, loss, layer) for layer in layers)


def output(sample: Sample) -> tuple[Any, ...]:
    return tuple(row[0] for row in sample.forward()["z", len(sample.network.widths)])


def parameters(sample: Sample) -> tuple[list[Any], list[Any]]:
    """The lists phi and lam."""
    return [*sample.network.phi], [*sample.network.eigenvalues]


def vector(column: Any) -> tuple[Any, ...]:
    return tuple(row[0] for row in column)


CODE_EXERCISES = {
    exercise.name: exercise
    for exercise in (
        CodeExercise(
            "code-weights", "Lesson 1: write a function that returns the weights between two layers.",
            "weights(phi, lam_in, lam_out)",
            lambda sample: (sample.network.phi[0], sample.network.eigenvalues[0], sample.network.eigenvalues[1]),
            lambda sample: sample.network.block("W", (2, 1)), TWO_LAYERS,
            ((lambda sample: tuple(tuple(entry * value for entry, value in zip(row, sample.network.eigenvalues[0], strict=True))
                                   for row in sample.network.phi[0]), "The eigenvalues of the receivers, lam_out, are missing."),),
            "Row h and column k hold (lam_in[k] - lam_out[h]) * phi[h, k]. A column of lam_out is lam_out[:, None].",
        ),
        CodeExercise(
            "code-inverse", "Lesson 3: write a function that returns Φ⁻¹ from the list of the blocks phi, without np.linalg.inv.",
            "inverse(phi)", lambda sample: ([*sample.network.phi],), lambda sample: sample.network.matrices["Phi^-1"], DEEP,
            ((lambda sample: sample.network.matrices["Phi"], "That is Φ. The signs of its paths alternate in the inverse."),),
            "Block (i, j) is (-1)^(i-j) times the path phi(i-1) ... phi(j); in the series it is I - N + N² - ...",
        ),
        CodeExercise(
            "code-propagate", "Lesson 5: write a function that returns the output of a network with relu for one input x.",
            "propagate(phi, lam, x)", lambda sample: (*parameters(sample), vector(sample.x)), output, DEEP,
            (
                (without_skips, "The skip connections are missing: u = x - v, not x, goes on to the next layer."),
                (lambda sample: tuple(max(value, 0) for value in output(sample)), "The last layer sends z itself, without relu."),
            ),
            "Layer by layer: z = phi @ (lam_in * u) - lam_out * (phi @ u), then u = relu(z) - phi @ u.",
        ),
        CodeExercise(
            "code-gradient", "Lesson 6: write a function that returns (list of the derivatives by phi, list of those by lam) of "
            "the squared error sum((z - y)**2), relu, one input x, with f'(0) = 0.",
            "gradient(phi, lam, x, y)",
            lambda sample: (*parameters(sample), vector(sample.x), vector(sample.bar)),
            squared_error_gradients, DEEP,
            ((lambda sample: _halved(squared_error_gradients(sample)), "A factor of 2 is missing: the derivative of (z - y)² is 2 (z - y)."),),
            "Start with 2 (z - y) and go back layer by layer with the table of lesson 6. The sum of all derivatives by lam must be 0 (M9).",
        ),
    )
}  # fmt: skip


def _halved(value: Any) -> Any:
    return tuple(map(_halved, value)) if isinstance(value, tuple) else value / 2


def samples(rounds: Rounds) -> list[Sample]:
    """The networks that are tried, always the same."""
    source = random.Random(0)
    return [Sample.drawn(widths, RELU, source) for widths, number in rounds for _ in range(number)]


def leaves(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Every number of nested lists with its place, such as [0][1]."""
    if isinstance(value, tuple | list):
        for number, item in enumerate(value):
            yield from leaves(item, f"{place}[{number}]")
    else:
        yield place, value


def differs(given: Any, right: Any) -> str:
    """The first place where two results differ, in words; empty where they agree."""
    mine, truth = dict(leaves(given)), dict(leaves(right))
    if mine.keys() != truth.keys():
        return f"the function returns {_size(given)}, the right result has {_size(right)}"
    allowed = TOLERANCE * max([1.0, *(abs(float(value)) for value in truth.values())])
    for place, value in truth.items():
        if not abs(mine[place] - value) <= allowed:
            return f"they differ at {place}: the function returns {mine[place]:g}, right is {float(value):g}"
    return ""


def _size(value: Any) -> str:
    """Lengths of nested lists: 2 x 3, or (2 x 3, 1 x 2) where the parts differ."""
    if not isinstance(value, tuple | list):
        return "one number"
    inner = [_size(item) for item in value]
    same = len(set(inner)) == 1 and not inner[0].startswith("(")
    if same:
        return str(len(value)) if inner[0] == "one number" else f"{len(value)} x {inner[0]}"
    return f"({', '.join(inner)})"


def judge(exercise: CodeExercise, run: Run) -> Judgement:
    """The judgement on a function, which `run` calls."""
    name = exercise.function.split("(")[0]
    tried = samples(exercise.rounds)
    given = [run(name, exercise.arguments(sample)) for sample in tried]
    right = [exercise.truth(sample) for sample in tried]
    for sample, mine, truth in zip(tried, given, right, strict=True):
        if place := differs(mine, truth):
            lines = [f"{parameter} = {_text(value)}" for parameter, value in zip(_parameters(exercise), exercise.arguments(sample), strict=True)]  # fmt: skip
            sides = (f"the function returns {_text(mine)}", f"right is {_text(truth)}", place)
            hint = _hint(exercise, tried, given)
            return Judgement(False, (f"Wrong. {name} fails for", *lines, *sides, f"Hint: {hint}"))
    agreed = f"Right: {name} agrees with the definition on {len(tried)} networks of whole numbers."
    return Judgement(True, (agreed, "This is a comparison, not a proof."))


def _parameters(exercise: CodeExercise) -> list[str]:
    return exercise.function.split("(")[1].rstrip(")").split(", ")


def _text(value: Any) -> str:
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_text, value))}]"
    return f"{float(value) + 0:g}"


def _hint(exercise: CodeExercise, tried: list[Sample], given: list[Any]) -> str:
    """Found by trying: the sign, the transpose, and the usual mistakes."""
    right = [exercise.truth(sample) for sample in tried]
    if not any(differs(mine, _negative(truth)) for mine, truth in zip(given, right, strict=True)):
        return "Only the sign is wrong."
    if all(_is_matrix(truth) for truth in right) and not any(
        differs(mine, [*zip(*truth, strict=True)]) for mine, truth in zip(given, right, strict=True)
    ):
        return "The result is transposed: rows are receivers, columns are senders."
    for mistake, hint in exercise.mistakes:
        if not any(differs(mine, mistake(sample)) for mine, sample in zip(given, tried, strict=True)):
            return hint
    return exercise.hint


def _is_matrix(value: Any) -> bool:
    return all(isinstance(row, tuple) and row and not isinstance(row[0], tuple) for row in value)


def _negative(value: Any) -> Any:
    return tuple(map(_negative, value)) if isinstance(value, tuple) else -value
