"""Functions as answers to exercises: judged beside the definition, run only where the user names the file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from derivations.formulas import vector_exercises
from derivations.formulas.code_exercises import CODE_EXERCISES, differs, samples
from derivations.formulas.exercises import EXERCISES
from derivations.formulas.number_exercises import NUMBER_EXERCISES
from derivations.formulas.vector_exercises import VECTOR_EXERCISES
from spectral_core import SpectralNetwork
from spectral_core.cli.program import main
from tests.builders import ROOT

RIGHT = ROOT / "docs" / "course" / "solutions" / "functions.py"
WRONG = {
    "code-weights": ("return (phi.T * (lam_in[:, None] - lam_out))", "transposed"),
    "code-inverse": ("import numpy as np\n    N = whole(phi)\n    return np.eye(len(N)) + N", "That is Φ."),
    "code-propagate": (
        "import numpy as np\n    for i in range(1, len(lam)):\n        z = (phi[i-1] * (lam[i-1] - lam[i][:, None])) @ x\n"
        "        x = np.maximum(z, 0)\n    return z",
        "The skip connections are missing",
    ),
    "code-gradient": (
        "a, b = right(phi, lam, x, y)\n    return [p / 2 for p in a], [l / 2 for l in b]",
        "A factor of 2",
    ),
}


def run(tmp_path: Path, name: str, code: str) -> int:
    (tmp_path / "answer.py").write_text(code, encoding="utf-8")
    return main(["exercise", name, "--code", str(tmp_path / "answer.py")])


def body(name: str, lines: str) -> str:
    """The solutions, and after them the function of an exercise with other lines."""
    head = CODE_EXERCISES[name].function
    function = head.split("(")[0]
    return f"{RIGHT.read_text(encoding='utf-8')}\n\nright = {function}\n\n\ndef {head}:\n    {lines}\n"


@pytest.mark.parametrize("name", CODE_EXERCISES)
def test_the_solution_is_right(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["exercise", name, "--code", str(RIGHT)]) == 0
    assert re.match(r"Right: \w+ agrees with the definition on \d\d networks", capsys.readouterr().out)


@pytest.mark.parametrize("name", CODE_EXERCISES)
def test_a_mistake_gets_numbers_and_its_hint(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines, hint = WRONG[name]
    assert run(tmp_path, name, body(name, lines)) == 1
    said = capsys.readouterr().out
    assert said.startswith(f"Wrong. {CODE_EXERCISES[name].function.split('(')[0]} fails for\nphi = [[")
    assert f"Hint: {hint}" in said or hint in said.splitlines()[-1]
    parts = CODE_EXERCISES[name].function.split("(")
    negative = f"def negative(value):\n    return [*map(negative, value)] if isinstance(value, list | tuple) else -value\n\n\n{body(name, f'return negative(right({parts[1]})')}"
    assert run(tmp_path, name, negative) == 1
    assert capsys.readouterr().out.endswith("Hint: Only the sign is wrong.\n")


def test_another_mistake_gets_the_hint_of_the_exercise(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, "code-propagate", "def propagate(phi, lam, x):\n    return 7\n") == 1
    said = capsys.readouterr().out
    assert "the function returns one number, the right result has 1\n" in said
    assert said.splitlines()[-1] == f"Hint: {CODE_EXERCISES['code-propagate'].hint}"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("def inverse(phi):\n    return 1 / 0\n", "answer.py, line 2: ZeroDivisionError: division by zero"),
        ("def inverse(phi:\n", "answer.py, line 1: SyntaxError: "),
        ("x = 1\n", "has no function inverse"),
        ("inverse = 1\n", "has no function inverse"),
        ("def inverse(phi):\n    return 'I'\n", "inverse must return numbers, arrays or lists of them; got str"),
        ("def inverse():\n    return 1\n", "TypeError: inverse() takes 0 positional arguments but 1 was given"),
        ("raise SystemExit('no')\n", "answer.py, line 1: SystemExit: no"),
    ],
)
def test_code_that_cannot_be_judged_is_one_line(
    code: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "code-inverse", code) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["code-inverse", "--code", "nowhere.py"], "there is no file nowhere.py"),
        (["code-inverse", "I"], "code-inverse asks for a function: name your file with --code FILE"),
        (["diagonal", "--code", str(RIGHT)], "diagonal asks for a formula: spectral-core exercise diagonal 'ANSWER'"),
        (["diagonal", "L(i)", "--code", str(RIGHT)], "give a formula or --code FILE, not both"),
        (["--code", str(RIGHT)], "--code needs the name of an exercise before it"),
    ],
)
def test_the_kinds_of_answers_are_not_mixed_up(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["exercise", *words]) == 2
    assert message in capsys.readouterr().err


def test_a_file_runs_only_where_it_is_named_for_a_question_about_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("answer.py").write_text("open('ran', 'w').close()\n", encoding="utf-8")
    for words in (["code-inverse"], ["code-inverse", "answer.py"], ["diagonal", "L(i)"], ["diagonal", "--code", "answer.py"]):  # fmt: skip
        main(["exercise", *words])
        assert not Path("ran").exists(), words
    main(["exercise", "code-inverse", "--code", "answer.py"])
    assert Path("ran").exists()
    capsys.readouterr()


def test_the_help_says_that_the_file_is_run(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["exercise", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "--code runs the file that you name, with all your rights; nothing else is run" in said


def test_the_truths_are_those_of_the_product() -> None:
    for sample in samples(CODE_EXERCISES["code-gradient"].rounds):
        net = SpectralNetwork([*sample.network.phi], [*sample.network.eigenvalues], dtype="float64")
        x, y = ([[float(row[0]) for row in column]] for column in (sample.x, sample.bar))
        assert differs(net.forward(x)[0].tolist(), CODE_EXERCISES["code-propagate"].truth(sample)) == ""
        _, gradients = net.loss_and_gradients(x, y)
        outputs = len(sample.bar)
        ours = [[outputs * g for g in group] for group in (gradients.eigenvectors, gradients.eigenvalues)]
        lists = [[g.tolist() for g in group] for group in ours]
        assert differs(lists, CODE_EXERCISES["code-gradient"].truth(sample)) == ""


def test_the_page_names_every_exercise_and_how_many_networks_are_tried() -> None:
    page = (ROOT / "docs" / "course" / "exercises.md").read_text(encoding="utf-8")
    table = page.split("\n\n")[2]
    listed = re.findall(r"`([\w-]+)`", table)
    assert listed == [*EXERCISES, *VECTOR_EXERCISES, *NUMBER_EXERCISES, *CODE_EXERCISES]
    rounds = sorted({len(samples(exercise.rounds)) for exercise in CODE_EXERCISES.values()})
    assert f"on {' or '.join(map(str, rounds))} networks" in table
    assert f"on {len(vector_exercises.samples())} networks" in table
