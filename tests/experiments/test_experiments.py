"""The second, third and fourth experiments in small: what they build, measure and say."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spectral_core import InvalidInputError, SpectralNetwork, prune
from spectral_core.cli.program import main
from spectral_core.experiments.pruning import experiment as pruning_arms
from spectral_core.experiments.sparcs_second import experiment as sparcs_second
from spectral_core.experiments.student_teacher import experiment as student_teacher
from spectral_core.networks.compact import CompactNetwork
from spectral_core.networks.predictor import load_any
from spectral_core.resizing.rankings import neuron_scores

# --- P2 ---------------------------------------------------------------------------------------------------------------

SMALL: dict[str, Any] = sparcs_second.SETTINGS | {
    "dimensions": 4, "points": 600, "hidden": [8, 8], "epochs": 3, "batch_size": 64,
}  # fmt: skip


def test_the_rotation_teacher() -> None:
    """y = R relu(R x) with R orthogonal of determinant 1; R is found from the data, where no hidden neuron is cut off."""
    data = sparcs_second.rotation_teacher(3, 4000, seed=1)
    assert data.x.shape == data.y_test.shape == (4000, 3)
    assert np.abs(data.x).max() <= 1
    assert abs(data.x.mean()) < 0.02
    again = sparcs_second.rotation_teacher(3, 4000, seed=1)
    assert np.array_equal(again.y, data.y)
    assert not np.array_equal(sparcs_second.rotation_teacher(3, 4000, seed=2).y, data.y)
    # |y| <= |x| with equality exactly where all of R x is positive; there y = R² x.
    x, y = data.x.astype(float), data.y.astype(float)
    uncut = np.linalg.norm(y, axis=1) > np.linalg.norm(x, axis=1) * (1 - 1e-6)
    assert 0.05 < uncut.mean() < 0.25  # an eighth of the directions
    twice = np.linalg.lstsq(x[uncut], y[uncut], rcond=None)[0].T
    np.testing.assert_allclose(twice @ twice.T, np.eye(3), atol=1e-4)
    assert np.isclose(np.linalg.det(twice), 1, atol=1e-4)
    # R is the square root with the same axis and half the angle, or that plus a half turn; one of them gives all of y.
    angle = np.arccos((np.trace(twice) - 1) / 2)
    axis = np.array([twice[2, 1] - twice[1, 2], twice[0, 2] - twice[2, 0], twice[1, 0] - twice[0, 1]]) / (
        2 * np.sin(angle)
    )
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    roots = [np.eye(3) + np.sin(t) * cross + (1 - np.cos(t)) * cross @ cross for t in (angle / 2, angle / 2 + np.pi)]
    assert min(np.abs(np.maximum(x @ r.T, 0) @ r.T - y).max() for r in roots) < 1e-3
    with pytest.raises(InvalidInputError, match="seed must be a whole number of at least 0; got -1"):
        sparcs_second.rotation_teacher(3, 10, seed=-1)


def test_the_student_is_the_published_one_and_its_input_eigenvalues_stay() -> None:
    data = sparcs_second.rotation_teacher(4, 600)
    net = sparcs_second.student(SMALL, data, 0)
    assert (net.widths, net.parametrization, net.activation, net.bias) == ((4, 8, 8, 4), "global", "relu", False)
    assert not np.any(net.eigenvalues[0])
    assert np.any(net.eigenvalues[1])


def test_small_eigenvalues_go_and_are_counted() -> None:
    net = SpectralNetwork.initialize([2, 3, 1], bias=False, dtype="float64")
    values = [np.array([0.0, 2e-3]), np.array([-5e-4, 1e-3, -2.0]), np.array([1e-9])]
    net = SpectralNetwork(net.eigenvectors, values)
    trimmed, count = sparcs_second.without_small_eigenvalues(net, 1e-3)
    assert count == 2
    assert [v.tolist() for v in trimmed.eigenvalues] == [[0, 2e-3], [0, 1e-3, -2], [1e-9]]
    assert net.eigenvalues[1][0] == -5e-4


def test_the_second_experiment_in_small() -> None:
    data = sparcs_second.rotation_teacher(4, 600)
    net = sparcs_second.student(SMALL, data, 0)
    found = sparcs_second.findings(net, data, SMALL, limit=1.0, widths=(5, 2))
    assert found.test_loss == net.loss(data.x_test, data.y_test)
    design = np.hstack([data.x, np.ones((600, 1))])
    fit = np.linalg.lstsq(design, data.y, rcond=None)[0]
    rest = data.y_test - np.hstack([data.x_test, np.ones((600, 1))]) @ fit
    assert np.isclose(found.linear_loss, np.square(rest).mean(), rtol=1e-5)
    assert np.isclose(found.linear_r2, 1 - np.square(rest).mean() / data.y_test.var(axis=0).mean(), rtol=1e-4)
    total = sum(found.live[1:-1])
    assert {p.hidden for p in found.curve} == {total, 5, 2}
    assert found.smallest is not None
    assert found.smallest.hidden == 2
    small = found.networks["smallest"]
    assert isinstance(small, CompactNetwork)
    assert np.isclose(small.loss(data.x_test, data.y_test), found.smallest.loss, rtol=1e-6)
    none = sparcs_second.findings(net, data, SMALL, limit=0.0, widths=(2,))
    assert none.smallest is None
    line = next(line for line in sparcs_second.table(none).splitlines() if "at test loss <= 0" in line)
    assert line.split()[-2:] == ["-", "280"]


def test_the_command_writes_everything_and_continues(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "second"
    assert main(["reproduce", "sparcs-second", "--hidden", "6", "--epochs", "1", "--out", str(out)]) == 0
    names = {path.name for path in out.iterdir()}
    assert {"model.npz", "trimmed.npz", "table.txt", "summary.json", "sparcs-second.png"} <= names
    assert "training.npz" not in names
    assert capsys.readouterr().out.startswith((out / "table.txt").read_text(encoding="utf-8"))
    assert json.loads((out / "summary.json").read_text(encoding="utf-8"))["reference"]["hidden_neurons"] == 280
    assert load_any(out / "model.npz")[0].widths == (20, 6, 6, 20)
    assert main(["reproduce", "sparcs-second", "--full", "--hidden", "6", "--out", str(out)]) == 2
    assert "--full is --hidden 2000; give one of them" in capsys.readouterr().err


def trainings(monkeypatch: pytest.MonkeyPatch, module: Any) -> list[tuple[Any, dict[str, Any]]]:
    """The network and the options of every training that a module asks for."""
    seen: list[tuple[Any, dict[str, Any]]] = []
    original = module.train

    def spy(net: Any, *data: Any, **options: Any) -> Any:
        seen.append((net, options))
        return original(net, *data, **options)

    monkeypatch.setattr(module, "train", spy)
    return seen


def test_the_second_experiment_trains_as_published(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = trainings(monkeypatch, sparcs_second)
    sparcs_second.student(SMALL | {"epochs": 1}, sparcs_second.rotation_teacher(4, 600), 3)
    ((net, options),) = seen
    assert net.frozen == ("eigenvalues[0]",)
    wanted = {"drop_last": True, "learning_rate": 1e-3, "penalty": "group", "penalty_strength": 1e-4, "seed": 3}
    assert {name: options[name] for name in wanted} == wanted
    published = {"points": 100_000, "hidden": [2000, 2000], "epochs": 100, "batch_size": 1024, "threshold": 1e-3}
    assert {name: sparcs_second.SETTINGS[name] for name in published} == published


def test_curves_name_their_arms_and_the_smallest_is_the_narrowest() -> None:
    data = sparcs_second.rotation_teacher(4, 600)
    net = sparcs_second.student(SMALL, data, 0)
    found = sparcs_second.findings(net, data, SMALL, limit=1.0, widths=(6, 3))
    for by, refits in sparcs_second.ARMS:
        points = [point for point in found.curve if (point.by, point.compensated) == (by, refits)]
        assert len(points) == 3
    small = found.networks["trimmed"]
    share = 1 - 3 / sum(found.live[1:-1])
    for refits in (False, True):
        (point,) = [p for p in found.curve if (p.by, p.compensated, p.hidden) == ("path", refits, 3)]
        again = prune(small, by="path", fraction=share, X=data.x, compensate=refits).compact
        assert point.loss == again.loss(data.x_test, data.y_test)
    least = min(p.hidden for p in found.curve if p.loss <= found.limit)
    narrow = found.networks["smallest"]
    assert isinstance(narrow, CompactNetwork)
    assert sum(narrow.live[1:-1]) == least < sum(found.live[1:-1])


def test_a_student_that_learned_nothing_has_no_curve() -> None:
    data = sparcs_second.rotation_teacher(4, 600)
    seed = SpectralNetwork.initialize([4, 8, 8, 4], bias=False)
    found = sparcs_second.findings(seed, data, SMALL)
    assert (found.curve, found.smallest) == ([], None)
    assert "hidden neurons left                            0" in sparcs_second.table(found)


# --- P3 ---------------------------------------------------------------------------------------------------------------


def test_every_arm_has_its_accuracy() -> None:
    chosen = pruning_arms.experiment(hidden=12, epochs=2, depths=[2], activations=["tanh"])
    settings = dict(chosen.settings) | {"percentiles": [50, 90], "retraining_epochs": 1}
    found = pruning_arms.measured(settings, chosen.points[0], 3)
    for arm in pruning_arms.ARMS:
        for percentile in (50, 90):
            assert 0 <= found[f"{arm}@{percentile}"] <= 1, arm
    assert found["dense@0"] == found["dense + M15@0"]
    assert found == pruning_arms.measured(settings, chosen.points[0], 3)


def test_the_arms_train_as_published(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = trainings(monkeypatch, pruning_arms)
    ranked: list[tuple[str, bool]] = []
    original = pruning_arms.prune

    def spy(net: Any, **options: Any) -> Any:
        ranked.append((options["by"], options["compensate"]))
        return original(net, **options)

    monkeypatch.setattr(pruning_arms, "prune", spy)
    generator = np.random.default_rng(0)
    x, y = generator.uniform(0, 1, (60, 5)).astype(np.float32), np.arange(60) % 3
    settings = pruning_arms.SETTINGS | {"hidden": 8, "epochs": 5, "retraining_epochs": 2}
    nets = pruning_arms.trained(x, y, 1, "tanh", 4, settings)
    assert [net.frozen for net, _ in seen] == [("eigenvalues_in",), (), ("eigenvectors", "eigenvalues_in")]
    assert [net.parametrization for net, _ in seen] == ["layerwise", "direct", "layerwise"]
    common = {"batch_size": 200, "learning_rate": 1e-3, "loss": "cross_entropy", "seed": 4}
    assert all(options == common | {"epochs": 5} for _, options in seen)
    assert np.array_equal(nets.values_alone.eigenvectors[0], seen[0][0].eigenvectors[0])
    del seen[:]
    for arm in pruning_arms.ARMS:
        assert nets.network(arm, 50) is not None
    assert ranked == [
        ("eigenvalue", False), ("connectivity", False), ("eigenvalue", True), ("path", True), ("pivoted_qr", True),
        ("connectivity", True), ("eigenvalue", False), ("connectivity", False), ("pivoted_qr", True),
    ]  # fmt: skip
    assert [options["epochs"] for _, options in seen] == [2, 2, 2, 2]
    rebuilt = seen[0][0]
    assert rebuilt.frozen == ("eigenvalues_in",)
    assert rebuilt.widths == (5, 4, 3)


def test_a_recipe_by_name() -> None:
    generator = np.random.default_rng(0)
    x, y = generator.uniform(0, 1, (60, 5)), np.arange(60) % 3
    for arm in ("spectral", "dense", "alternate", "pivoted_qr + M15"):
        net = pruning_arms.recipe(arm, x, y, 50, hidden=8, epochs=2, retraining_epochs=1)
        assert net is not None
        assert net.forward(x).shape == (60, 3)
    with pytest.raises(InvalidInputError, match="arm must be one of spectral, dense"):
        pruning_arms.recipe("best", x, y, 50)
    with pytest.raises(InvalidInputError, match="no setting 'width'; there are hidden"):
        pruning_arms.recipe("dense", x, y, 50, width=3)
    with pytest.raises(InvalidInputError, match="percentile must be at least 0 and at most 100; got 120"):
        pruning_arms.recipe("dense", x, y, 120)
    with pytest.raises(InvalidInputError, match="data must be a built-in name or a path; got None"):
        pruning_arms.experiment(None)  # type: ignore[arg-type]


def test_a_store_knows_what_is_in_a_file(tmp_path: Path) -> None:
    described = []
    for value in (0.0, 1.0):
        np.savez(tmp_path / "d.npz", X=np.arange(24.0).reshape(12, 2) + value, y=np.arange(12) % 2)
        described.append(pruning_arms.experiment(tmp_path / "d.npz").description())
    assert described[0] != described[1]


def test_the_start_is_the_published_one() -> None:
    net = pruning_arms.start(pruning_arms.SETTINGS, [40, 50, 10], "elu", 0)
    assert all(0.19 < np.abs(phi).max() <= 0.2 for phi in net.eigenvectors)
    pairs: list[Any] = list(net.eigenvalues)
    assert all(not lam_in.any() and 0.3 < np.abs(lam_out).max() <= 0.5 for lam_in, lam_out in pairs)
    assert net.frozen == ("eigenvalues_in",)


def test_rebuilding_keeps_the_function_of_what_is_kept() -> None:
    net = pruning_arms.start(pruning_arms.SETTINGS, [5, 8, 6, 3], "tanh", 1)
    keep = pruning_arms.kept(net, "eigenvalue", 50)
    assert [int(mask.sum()) for mask in (keep[0], keep[-1])] == [5, 3]
    assert sum(int(mask.sum()) for mask in keep[1:-1]) == 7
    scores = np.concatenate(neuron_scores(net, "eigenvalue"))
    hidden = np.concatenate(keep[1:-1])
    assert scores[hidden].min() > scores[~hidden].max()
    silenced = net.with_parameters(net.parameters)
    for i, phi in enumerate(silenced.eigenvectors):
        phi[~keep[i + 1]] = 0
    x = np.random.default_rng(0).normal(size=(7, 5)).astype(np.float32)
    np.testing.assert_allclose(pruning_arms.rebuilt(net, keep).forward(x), silenced.forward(x), rtol=1e-5, atol=1e-6)


def test_other_data_come_from_files(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    x, y = generator.uniform(0, 255, (90, 4)), np.arange(90) % 3
    np.savez(tmp_path / "train.npz", X=x, y=y)
    np.savez(tmp_path / "test.npz", X=x[:30], y=y[:30])
    settings = pruning_arms.experiment(tmp_path / "train.npz", test_data=tmp_path / "test.npz").settings
    parts = pruning_arms.prepared(settings, 0)
    assert (len(parts[0]), len(parts[2])) == (90, 30)
    assert parts[0].max() == 1
    np.testing.assert_allclose(parts[2], (x[:30] / x.max()), rtol=1e-6)
    np.savez(tmp_path / "other.npz", X=x[:30, :3], y=y[:30])
    settings = pruning_arms.experiment(tmp_path / "train.npz", test_data=tmp_path / "other.npz").settings
    with pytest.raises(InvalidInputError, match="has other classes or columns than"):
        pruning_arms.prepared(settings, 0)


def test_the_authors_values_are_there() -> None:
    published = pruning_arms.reference()
    assert round(published[1, "relu", "spectral", 90.0], 1) == 67.6
    assert round(published[1, "elu", "dense", 95.0], 1) == 66.1


# --- P4 ---------------------------------------------------------------------------------------------------------------


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
    student_teacher.measured(settings, {"student": kind, "width": 30}, 5)
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
def test_what_one_student_gives(kind: str) -> None:
    settings = student_teacher.SETTINGS | {"epochs": 4, "patterns": 600}
    found = student_teacher.measured(settings, {"student": kind, "width": 30}, 5)
    assert 0 < found["effective_size"] <= 30
    assert found["loss"] > 0
    cuts = {name for name in found if name.startswith("cut@")}
    assert {name.replace("cut", "kept") for name in cuts} <= set(found)
    if kind == "proximal":
        assert found["kept@20"] <= 20
    else:
        assert found["cut@0"] == 0
        assert found["kept@0"] == 30
    assert found == student_teacher.measured(settings, {"student": kind, "width": 30}, 5)


def test_a_cut_student_is_the_student_without_those_neurons() -> None:
    net = student_teacher.student(student_teacher.SETTINGS, 6, "spectral", 1)
    keep = np.array([True, False, True, True, False, True])
    cut = student_teacher._without(net, keep)
    x = np.random.default_rng(0).normal(size=(5, 10)).astype(np.float32)
    weights = net.neighbour_weights()
    hidden = np.maximum(x @ weights[0].T, 0) * keep
    expected = np.maximum(hidden @ weights[1].T, 0).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(cut.forward(x), expected, rtol=1e-5, atol=1e-6)


# --- tables -----------------------------------------------------------------------------------------------------------


def test_summaries_by_hand(tmp_path: Path) -> None:
    rows = [
        {"layers": 1, "activation": "relu", "run": r, "spectral@0": 0.9, "spectral@50": 0.5 + r / 10, "dense@50": None}
        for r in range(3)
    ]
    found = pruning_arms.summary(rows)
    assert found[1, "relu", "spectral", 50] == (pytest.approx(60), pytest.approx(10), 3)
    assert (1, "relu", "dense", 50) not in found
    assert math.isnan(pruning_arms.summary(rows[:1])[1, "relu", "spectral", 50][1])
    text = pruning_arms.table(rows)
    assert "60.0 ± 10.0" in text
    assert "MNIST, spectral" in text
    pruning_arms.figure(tmp_path / "p.png", rows)
    students = [
        {"student": "spectral", "width": w, "effective_size": 20 + k, "loss": 0.1 * k, "cut@0.5": 0.25 * k, "kept@0.5": 15}
        for w in (40, 60) for k in range(3)
    ]  # fmt: skip
    table = student_teacher.table(students)
    assert "20 / 21 / 22, loss 0.1" in table
    assert student_teacher.transition(students, "spectral")[40] == {15: [0.0, 0.25, 0.5]}
    assert "    15        0.25        0.25" in table
    student_teacher.figure(tmp_path / "s.png", students)
    assert (tmp_path / "s.png").stat().st_size > 1000 < (tmp_path / "p.png").stat().st_size


def test_the_commands_of_both(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    common = ["--runs", "1", "--epochs", "1", "--jobs", "1", "--out"]
    first, second = tmp_path / "p", tmp_path / "s"
    args = ["reproduce", "pruning", "--hidden", "8", "--depths", "1", "--activations", "relu", *common, str(first)]
    assert main(args) == 0
    args = ["reproduce", "student-teacher", "--widths", "20", "--students", "proximal", *common, str(second)]
    assert main(args) == 0
    for home, name in ((first, "pruning"), (second, "student-teacher")):
        assert {p.name for p in home.iterdir()} >= {f"{name}.png", "table.txt", "summary.json", "results.csv"}
    assert json.loads((first / "summary.json").read_text(encoding="utf-8"))["trainings"] == 1
    capsys.readouterr()
    assert main(["reproduce", "pruning", "--depths", "one", "--out", str(first)]) == 2
    assert "--depths must be whole numbers with commas between; got 'one'" in capsys.readouterr().err
    assert main(["reproduce", "student-teacher", "--students", "lazy", "--out", str(second)]) == 2
    assert "student must be one of spectral, direct, proximal; got 'lazy'" in capsys.readouterr().err
