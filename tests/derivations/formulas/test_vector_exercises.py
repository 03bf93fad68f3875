"""Answers with x, z, u and f: the definition beside the networks of the product, what is right, and what a student is told."""

from __future__ import annotations

import random

import numpy as np
import pytest

from derivations.formulas.definition import FUNCTIONS, RELU, Sample, Slope
from derivations.formulas.syntax import FormulaError
from derivations.formulas.vector_exercises import VECTOR_EXERCISES, judge, samples
from derivations.formulas.vectors import Evaluation, names, read
from spectral_core import SpectralNetwork
from spectral_core.cli.program import main
from tests import oracles

ANSWERS = {
    "output": "W(3,1)*x(1) + W(3,2)*f(W(2,1)*x(1))",
    "pre-activation": "phi(2)*L(2)*u(2) - L(3)*phi(2)*u(2)",
    "hand-on": "f(z(2)) - phi(1)*u(1)",
    "through-f": "ubar(2) .* df(z(2))",
    "one-layer-back": "L(2)*T(phi(2))*zbar(3) - T(phi(2))*L(3)*zbar(3)",
    "eigenvectors": "zbar(2)*T(u(1))*L(1) - L(2)*zbar(2)*T(u(1)) - ubar(2)*T(u(1))",
}
OTHERS = {
    "output": "W(3,2)*f(W(2,1)*x(1)) + W(3,1)*x(1)",
    "pre-activation": "(phi(2)*L(2) - L(3)*phi(2))*u(2)",
    "hand-on": "-phi(1)*u(1) + 1/2*f(z(2)) + 1/2*f(z(2))",
    "through-f": "df(z(2)) .* ubar(2)",
    "one-layer-back": "T(phi(2)*L(2) - L(3)*phi(2))*zbar(3)",
    "eigenvectors": "T(u(1)*T(zbar(2)))*L(1) - L(2)*zbar(2)*T(u(1)) - T(u(1)*T(ubar(2)))",
}


# --- the definition -----------------------------------------------------------------------------------------------------


def test_slopes_are_derivatives() -> None:
    t = Slope(3, 1)
    assert (2 - t) * t * t + -t + t * 1 - 5 == Slope(-14, 12 - 27)
    assert [f(Slope(-2, 1)) for f in FUNCTIONS] == [Slope(0, 0), Slope(4, -4), Slope(-6, 11)]


@pytest.mark.parametrize("widths", [(1, 1, 1), (2, 3, 4), (2, 1, 3, 2)])
def test_the_definition_is_that_of_the_product(widths: tuple[int, ...]) -> None:
    sample = Sample.drawn(widths, RELU, random.Random(len(widths)))
    phi = [np.array(block, dtype=float) for block in sample.network.phi]
    lam = [np.array(values, dtype=float) for values in sample.network.eigenvalues]
    x = np.array(sample.x, dtype=float).T
    values = sample.values()
    z, hidden = oracles.forward(oracles.global_blocks(phi, lam), lambda z: np.maximum(z, 0), x, widths)
    for layer, row in enumerate([*hidden, z], 2):
        np.testing.assert_array_equal(np.array(values["z", layer]).T, row)
    # The loss Σ z̄ z is linear in the output: its gradients are those of any loss with that derivative.
    target = np.array(sample.bar, dtype=float).T
    net = SpectralNetwork(phi, lam, dtype="float64")
    moved = np.asarray(net.forward(x) - target * z.size / 2)
    _, gradients = net.loss_and_gradients(x, moved)
    for block, exact in enumerate(gradients.eigenvectors, 1):
        np.testing.assert_allclose(np.array(sample.phibar(block), dtype=float), exact, atol=1e-9)


# --- judging ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", VECTOR_EXERCISES)
def test_the_answer_is_right_in_any_form_and_its_opposite_wrong(name: str) -> None:
    exercise = VECTOR_EXERCISES[name]
    for answer in (ANSWERS[name], OTHERS[name]):
        judged = judge(exercise, answer)
        assert judged.right, judged.lines
        assert judged.lines[0].startswith(f"Right: {exercise.left} = ")
        assert judged.lines[-1].endswith("This is a comparison, not a proof.")
    opposite = judge(exercise, f"-({ANSWERS[name]})")
    assert not opposite.right
    assert opposite.lines[-1] == "Hint: Only the sign is wrong."


@pytest.mark.parametrize("name", VECTOR_EXERCISES)
def test_every_mistake_gets_its_hint_and_a_network_that_shows_it(name: str) -> None:
    exercise = VECTOR_EXERCISES[name]
    for mistake, hint in exercise.mistakes:
        judged = judge(exercise, mistake)
        assert not judged.right
        assert judged.lines[0] == "Wrong. A network that shows it:"
        assert judged.lines[-1] == f"Hint: {hint}"
        assert any(line.startswith("f(z) = ") for line in judged.lines)
    other = judge(exercise, f"2*({ANSWERS[name]})")
    assert other.lines[-1] == f"Hint: {exercise.hint}"


def test_a_hint_names_the_layer_whose_eigenvalues_are_wrong() -> None:
    judged = judge(VECTOR_EXERCISES["pre-activation"], "phi(2)*L(2)*u(2) - 2*L(3)*phi(2)*u(2)")
    expected = "The answer is right where all eigenvalues of layer 3 are 0. Look at the term with L(3)."
    assert judged.lines[-1] == f"Hint: {expected}"


def test_the_numbers_of_a_counterexample_are_those_of_the_definition() -> None:
    lines = judge(VECTOR_EXERCISES["hand-on"], "f(z(2))").lines
    shown = dict(line.split(" = ", 1) for line in lines if " = " in line and not line.startswith("they"))
    z, u, phi = (int(shown[name].strip("()[]")) for name in ("z(2)", "u(1)", "phi(1)"))
    left, right = (int(shown[name].strip("[]")) for name in ("left ", "right"))
    assert right == max(z, 0)
    assert left == right - phi * u


def test_a_product_of_another_size_is_wrong_with_a_reason() -> None:
    exercise = VECTOR_EXERCISES["eigenvectors"]
    first = "Wrong. With widths 2-3-4 the answer has 3 rows and 1 column, and phibar(1) has 3 rows and 2 columns."
    assert judge(exercise, "zbar(2)").lines == (first, f"Hint: {exercise.hint}")


@pytest.mark.parametrize(
    ("name", "answer", "used"),
    [("hand-on", "u(2)", "u(2)"), ("through-f", "f(z(2))", "f"), ("output", "z(3)", "z(3)"), ("pre-activation", "phi(1)*u(2)", "phi(1)")],
)  # fmt: skip
def test_an_answer_by_other_terms_is_refused(name: str, answer: str, used: str) -> None:
    judged = judge(VECTOR_EXERCISES[name], answer)
    assert not judged.right
    assert judged.lines[0].startswith(f"The answer uses {used}. It may use ")


# --- reading --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("phi(2)*u(1)", 8, "columns and rows do not meet (tried with widths 2-3-4)"),
        ("z(2) + 1", 8, "a number can only be multiplied"),
        ("z(2) + u(1)", 8, "what is left of u(1) has 3 rows and 1 column and u(1) has 2 rows and 1 column"),
        ("f(2)", 1, "f is applied to a vector or a matrix"),
        ("W(1,2)*x(1)", 1, "there is no W(1, 2) in a network of 3 layers"),
        ("phi(3)*x(1)", 1, "there is no phi(3)"),
        ("u(4)", 1, "there is no u(4)"),
        ("u(i)", 1, "expected a number as layer"),
        ("A(2,1)*x(1)", 1, "expected a number, phi, L, W, x"),
        ("u(2) . u(2)", 8, 'expected "*" after "."'),
        ("u(2)*", 6, "expected a number"),
        ("u(2) u(2)", 6, "or the end"),
        ("T u(2)", 3, 'expected "(" after T'),
        ("L(2)^2*u(2)", 1, "no power is needed here"),
    ],
)
def test_what_cannot_be_read_names_the_column(text: str, column: int, message: str) -> None:
    sample, values = samples()[-1]
    with pytest.raises(FormulaError) as caught:
        Evaluation(text, sample, values).value(read(text))
    assert caught.value.position == column
    assert message in str(caught.value)


def test_names_and_precedence() -> None:
    tree = read("T(L(2)*u(2)) + W(3,1)*x(1) .* df(z(2))")
    assert names(tree) == {"T", "L(2)", "u(2)", "W(3,1)", "x(1)", "df", "z(2)"}
    assert str(read("L(2)*u(2) .* z(2) - v(2)")) == "(L(2)*u(2) .* z(2)) - v(2)"
    assert read(str(tree)) == tree


def test_the_command_judges_answers_with_f(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["exercise", "hand-on"]) == 0
    assert "Complete: u(2) = (...)\nThe answer may use f, z(2), phi(1), u(1).\n" in capsys.readouterr().out
    assert main(["exercise", "hand-on", ANSWERS["hand-on"]]) == 0
    assert capsys.readouterr().out.startswith("Right: u(2) = ")
    assert main(["exercise", "hand-on", "f(z(2))"]) == 1
    assert main(["exercise", "hand-on", "f(z(2)"]) == 2
    assert "spectral-core: in f(z(2): column 7" in capsys.readouterr().err
