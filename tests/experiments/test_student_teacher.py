"""Student and teacher in small: what is trained, measured and said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spectral_core.cli.program import main
from spectral_core.experiments.student_teacher import experiment as student_teacher
from spectral_core.experiments.student_teacher import figure, results
from tests.experiments.spies import trainings


def test_the_student_is_the_published_one() -> None:
    settings = student_teacher.SETTINGS
    master = student_teacher.teacher(settings)
    assert master.widths == (10, 20, 20, 1)
    assert np.all(master.blocks[4, 3] == 1)
    assert 0.2 < master.blocks[2, 1].std() < 0.45
    for kind in student_teacher.STUDENTS:
        net = student_teacher.student(settings, 30, kind, 0)
        weights = net.neighbour_weights()
        np.testing.assert_array_equal(weights[1], net.eigenvectors[1])  # λ^in - λ^out = 1: a direct step
        np.testing.assert_array_equal(weights[2], np.ones((1, 20)))
        np.testing.assert_array_equal(weights[0], -net.eigenvectors[0])
        assert ("eigenvalues_out[0]" in net.frozen) == (kind == "direct")
        assert "eigenvectors[2]" in net.frozen


@pytest.mark.parametrize("kind", student_teacher.STUDENTS)
def test_students_train_as_published(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = trainings(monkeypatch, student_teacher)
    pruned: list[dict[str, Any]] = []
    original = student_teacher.prune

    def spy(net: Any, **options: Any) -> Any:
        pruned.append(options)
        return original(net, **options)

    monkeypatch.setattr(student_teacher, "prune", spy)
    settings = student_teacher.SETTINGS | {"epochs": 20, "patterns": 600}
    student_teacher.measure(settings, {"student": kind, "width": 30}, 5)
    assert all(options["eigenvector_penalty"] == {"eigenvectors[0]": 0.01} for _, options in seen)
    assert all(options["batch_size"] == 300 for _, options in seen)
    rates = [(options["learning_rate"], options["epochs"]) for _, options in seen]
    assert rates == {
        "spectral": [(5e-3, 20)], "direct": [(2e-3, 20)], "proximal": [(5e-3, 14), (1e-3, 4), (2e-4, 2)],
    }[kind]  # fmt: skip
    penalties = {
        tuple(options.get(name) for name in ("penalty", "penalty_strength", "proximal")) for _, options in seen
    }
    assert penalties == {
        "spectral": {("l2", 5e-4, None)}, "direct": {(None, None, None)}, "proximal": {("l1", 1e-3, True)},
    }[kind]  # fmt: skip
    if kind == "proximal":
        assert all(options["layers"] == (2,) and options["by"] == "pivoted_qr" for options in pruned)
        (judged,) = [options for options in pruned if "tolerance" in options]
        assert (len(judged["X"]), len(judged["validation_data"][0])) == (480, 120)
        assert not set(map(tuple, judged["X"])) & set(map(tuple, judged["validation_data"][0]))


@pytest.mark.parametrize("kind", student_teacher.STUDENTS)
def test_one_student_is_measured(kind: str) -> None:
    settings = student_teacher.SETTINGS | {"epochs": 4, "patterns": 600}
    found = student_teacher.measure(settings, {"student": kind, "width": 30}, 5)
    assert 0 < found["effective_size"] <= 30
    assert found["loss"] > 0
    cuts = {name for name in found if name.startswith("cut@")}
    assert {name.replace("cut", "kept") for name in cuts} <= set(found)
    if kind == "proximal":
        assert found["kept@20"] <= 20
    else:
        assert found["cut@0"] == 0
        assert found["kept@0"] == 30
    assert found == student_teacher.measure(settings, {"student": kind, "width": 30}, 5)


def test_a_cut_student_is_the_student_without_those_neurons() -> None:
    net = student_teacher.student(student_teacher.SETTINGS, 6, "spectral", 1)
    keep = np.array([True, False, True, True, False, True])
    cut = student_teacher.without_neurons(net, keep)
    x = np.random.default_rng(0).normal(size=(5, 10)).astype(np.float32)
    weights = net.neighbour_weights()
    hidden = np.maximum(x @ weights[0].T, 0) * keep
    expected = np.maximum(hidden @ weights[1].T, 0).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(cut.forward(x), expected, rtol=1e-5, atol=1e-6)


def test_summaries_of_students_by_hand(tmp_path: Path) -> None:
    students = [
        {"student": "spectral", "width": w, "effective_size": 20 + k, "loss": 0.1 * k, "cut@0.5": 0.25 * k, "kept@0.5": 15}
        for w in (40, 60) for k in range(3)
    ]  # fmt: skip
    table = results.table(students)
    assert "20 / 21 / 22, loss 0.1" in table
    assert results.transition(students, "spectral")[40] == {15: [0.0, 0.25, 0.5]}
    assert "    15        0.25        0.25" in table
    figure.figure(tmp_path / "s.png", students)
    assert (tmp_path / "s.png").stat().st_size > 1000
    figure.figure(tmp_path / "s.svg", students)
    assert "the teacher: 20" in (tmp_path / "s.svg").read_text(encoding="utf-8")


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = str(tmp_path)
    args = ["reproduce", "student-teacher", "--widths", "20", "--students", "proximal", "--runs", "1"]
    assert main([*args, "--epochs", "1", "--jobs", "1", "--out", home]) == 0
    assert {p.name for p in tmp_path.iterdir()} >= {"student-teacher.png", "table.txt", "summary.json", "results.csv"}
    capsys.readouterr()
    assert main(["reproduce", "student-teacher", "--students", "lazy", "--out", home]) == 2
    assert "students[0] must be one of spectral, direct, proximal; got 'lazy'" in capsys.readouterr().err
