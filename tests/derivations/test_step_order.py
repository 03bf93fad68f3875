"""The loops over mini-batches follow the proven order of a step; another order, a part twice or left out is named."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import sympy as sp

from derivations.proof.assignments import Assign
from derivations.proof.theorem import ProofError
from derivations.step_order import LOOPS, called_by, problems
from derivations.theorems.scalar import training_step
from derivations.theorems.scalar.training_step import STEP, step_argument
from tests.builders import ROOT

(THEOREM,) = training_step.THEOREMS


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for file in LOOPS:
        (tmp_path / "spectral_core" / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "spectral_core" / file, tmp_path / "spectral_core" / file)
    return tmp_path


def test_every_loop_follows_the_proven_order() -> None:
    assert list(problems(ROOT)) == []
    assert called_by(STEP) == ["gather", "propagate", "loss", "adjoint", "penalty", "limit", "step", "shrink"]


# A file, two functions that change places or one that goes, and what is said.
EDITS = [
    ("kernels/cpu/dense.py", ("limit_norm", "update"), "epoch_global calls"),
    ("kernels/cpu/one_hidden.py", ("update", "shrink"), "epoch_3_2 calls"),
    ("kernels/cuda/ensemble.py", ("gpu_limit_norm", "gpu_shrink"), "train_direct calls"),
    ("kernels/cuda/one_hidden.py", ("gpu_shrink", "nothing"), "train_2_1 calls"),
    ("kernels/javascript/float64.js", ("limitNorm", "update"), "epochLayerwise calls"),
    ("backends/cuda.py", ("_limit_norm", "_update"), "CudaStepper._plan calls"),
    ("backends/cpu_images.py", ("shrink", "nothing"), "ImageStepper.epoch calls"),
]


@pytest.mark.parametrize(("file", "names", "said"), EDITS, ids=[edit[0] for edit in EDITS])
def test_another_order_or_a_part_left_out_is_named(tree: Path, file: str, names: tuple[str, str], said: str) -> None:
    path, turned = tree / "spectral_core" / file, dict([names, names[::-1]])
    text = path.read_text(encoding="utf-8")
    edited = re.sub(rf"(?<!def )(?<!function )\b({'|'.join(names)})\(", lambda call: f"{turned[call[1]]}(", text)
    assert edited != text
    path.write_text(edited, encoding="utf-8")
    found = list(problems(tree))
    assert any(f"{file}: {said}" in sentence for sentence in found)
    assert all("a step is gather, propagate, loss, adjoint, penalty, limit, step, shrink (O.step)" in s for s in found)


# A file, a line as it stands, what takes its place, and what is said.
PLACES = [
    (
        "kernels/cpu/dense.py",
        "        shrink(shrunk, thresholds, factor, parameters)\n",
        "    shrink(shrunk, thresholds, factor, parameters)\n",
        "in several loops or under conditions",
    ),
    (
        "kernels/cpu/one_hidden.py",
        "        limit_norm(settings[CLIP_NORM], trainable, gradient)\n",
        "        if batches < 0:\n            limit_norm(settings[CLIP_NORM], trainable, gradient)\n",
        "in several loops or under conditions",
    ),
    (
        "backends/cpu_images.py",
        "            batches += 1\n",
        "            batches += 1\n            self._move(factors[0], gradient)\n",
        "ImageStepper.epoch calls gather",
    ),
    ("kernels/javascript/float32.js", "    limitNorm(options", "    // limitNorm(options", "epochGlobal calls gather"),
    (
        "kernels/javascript/float64.js",
        "    shrink(options",
        "    if (batches < 0) { shrink(options",
        "in several loops or under conditions",
    ),
]


@pytest.mark.parametrize(("file", "line", "other", "said"), PLACES)
def test_a_part_elsewhere_or_twice_is_named(tree: Path, file: str, line: str, other: str, said: str) -> None:
    path = tree / "spectral_core" / file
    text = path.read_text(encoding="utf-8")
    assert line in text
    path.write_text(text.replace(line, other), encoding="utf-8")
    assert any(said in sentence for sentence in problems(tree))


def test_a_loop_that_is_gone_is_named(tree: Path) -> None:
    path = tree / "spectral_core" / "kernels/cpu/dense.py"
    path.write_text(path.read_text(encoding="utf-8").replace("def epoch_direct(", "def once("), encoding="utf-8")
    assert [sentence.split(";")[0] for sentence in problems(tree)] == [
        "kernels/cpu/dense.py: epoch_direct calls nothing"
    ]


def with_line(name: str, value: sp.Expr) -> tuple[Assign, ...]:
    """The program with another value in one line."""
    return tuple(replace(line, value=value) if line.name == name else line for line in STEP.assignments)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("penalised", training_step.slope + training_step.penalty(training_step.slope)),
        ("limited", training_step.limit(training_step.slope)),
        ("moved", training_step.step(training_step.theta, training_step.penalised, training_step.moments, 1)),
        ("updated", training_step.moved),
    ],
)
def test_a_step_in_another_order_is_not_proven(name: str, value: sp.Expr) -> None:
    wrong = replace(STEP, body=with_line(name, value))
    with pytest.raises(ProofError):
        replace(THEOREM, argument=lambda proof: step_argument(proof, wrong)).prove()
    assert THEOREM.prove().claims
