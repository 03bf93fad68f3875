"""The second experiment in small: what it builds, measures and says."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spectral_core import InvalidInputError, SpectralNetwork, prune
from spectral_core.cli.program import main
from spectral_core.experiments.sparcs_second import experiment as sparcs_second
from spectral_core.experiments.sparcs_second import figure, results
from spectral_core.networks.compact import CompactNetwork
from spectral_core.networks.predictor import load_any
from tests.experiments.spies import trainings

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
    net = sparcs_second.train_student(SMALL, data, 0)
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
    assert sparcs_second.trimmable_eigenvalues(net) == [0, 1]


def test_eigenvalues_that_were_held_at_zero_are_not_counted_as_trimmed() -> None:
    """Every hidden eigenvalue is 1: nothing was trimmed, though the input's 4 are 0 by the protocol."""
    data = sparcs_second.rotation_teacher(4, 60)
    net = sparcs_second.train_student(SMALL | {"epochs": 1}, data, 0)
    ones = [np.zeros(4), np.ones(8), np.ones(8), np.ones(4)]
    net = SpectralNetwork(net.eigenvectors, ones, bias=False, frozen=net.frozen)
    assert sparcs_second.without_small_eigenvalues(net, 1e-3)[1] == 0
    found = results.findings(net, data, SMALL, widths=(2,))
    assert (found.eigenvalues, found.trimmed_eigenvalues) == (16, 0)
    assert "trained eigenvalues trimmed                0.00%" in results.table(found)


def test_the_smallest_network_is_not_chosen_on_the_test_points() -> None:
    """Other test points, other test losses: the choice stays, and each set of points is new."""
    data = sparcs_second.rotation_teacher(4, 600)
    parts = [{tuple(row) for row in part.tolist()} for part in (data.x, data.x_test, data.x_valid)]
    assert len(set.union(*parts)) == sum(map(len, parts)), "no point is in two parts"
    again = sparcs_second.rotation_teacher(4, 600)
    assert np.array_equal(data.x_valid, again.x_valid)
    net = sparcs_second.train_student(SMALL, data, 0)
    limit = 1.1 * net.loss(data.x_valid, data.y_valid)
    found = results.findings(net, data, SMALL, limit=limit, widths=(6, 5, 3, 2))
    other = results.findings(net, replace(data, y_test=1e3 * data.y_test), SMALL, limit=limit, widths=(6, 5, 3, 2))
    assert found.smallest is not None
    assert other.smallest is not None
    assert (found.smallest.by, found.smallest.hidden) == (other.smallest.by, other.smallest.hidden)
    assert other.smallest.loss > 100 * found.smallest.loss
    assert found.networks["smallest"].loss(data.x_valid, data.y_valid) == found.smallest.validation_loss <= limit


def test_the_second_experiment_in_small() -> None:
    data = sparcs_second.rotation_teacher(4, 600)
    net = sparcs_second.train_student(SMALL, data, 0)
    found = results.findings(net, data, SMALL, limit=1.0, widths=(5, 2))
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
    none = results.findings(net, data, SMALL, limit=0.0, widths=(2,))
    assert none.smallest is None
    line = next(line for line in results.table(none).splitlines() if "hidden neurons at loss <= 0" in line)
    assert line.split()[-1] == "-"
    assert "there is no smallest network: none of the curves reaches a loss of 0" in results.table(none)
    assert "there is no smallest network" not in results.table(found)


@pytest.mark.parametrize(
    ("hidden", "epochs", "words", "compared"),
    [
        ((2000, 2000), 100, "", True),
        ((200, 200), 100, "beside a reference with other settings: hidden 200-200, not 2000-2000", True),
        ((200, 200), 5, "the reference is left out: hidden 200-200, not 2000-2000, epochs 5, not 100", False),
        ((30, 30), 100, "the reference is left out: hidden 30-30, not 2000-2000", False),
    ],
)
def test_only_what_can_be_compared_is_compared(
    tmp_path: Path, hidden: tuple[int, int], epochs: int, words: str, compared: bool
) -> None:
    data = sparcs_second.rotation_teacher(4, 200)
    net = SpectralNetwork.initialize([4, 3, 3, 4], bias=False, seed=0)
    found = replace(results.findings(net, data, SMALL, limit=1.0, widths=(2,)), hidden=hidden, epochs=epochs)
    text = results.table(found)
    assert text.startswith(words)
    assert ("reference" in text.splitlines()[1 if words else 0]) == compared
    assert ("0.9993" in text) == compared
    assert (found.summary()["reference"] is None) == (not compared)
    figure.figure(tmp_path / "f.svg", found)
    assert ("<!-- the authors' student -->" in (tmp_path / "f.svg").read_text(encoding="utf-8")) == compared


def test_a_trimmed_network_with_more_parameters_is_called_so() -> None:
    data = sparcs_second.rotation_teacher(4, 200)
    net = SpectralNetwork.initialize([4, 3, 3, 4], bias=False, seed=0)
    found = results.findings(net, data, SMALL, limit=1.0, widths=(2,))
    for student, larger in ((1, True), (10**6, False)):
        text = results.table(replace(found, parameters=found.parameters | {"student": student}))
        assert ("trimmed has fewer neurons and more parameters" in text) == larger


def test_the_command_writes_everything_and_continues(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "second"
    assert main(["reproduce", "sparcs-second", "--hidden", "6", "--epochs", "1", "--out", str(out)]) == 0
    names = {path.name for path in out.iterdir()}
    assert {"model.npz", "trimmed.npz", "table.txt", "summary.json", "sparcs-second.png"} <= names
    assert "training.npz" not in names
    assert capsys.readouterr().out.startswith((out / "table.txt").read_text(encoding="utf-8"))
    assert json.loads((out / "summary.json").read_text(encoding="utf-8"))["reference"] is None
    assert load_any(out / "model.npz")[0].widths == (20, 6, 6, 20)
    assert main(["reproduce", "sparcs-second", "--full", "--hidden", "6", "--out", str(out)]) == 2
    assert "--full is --hidden 2000; give one of them" in capsys.readouterr().err


def test_the_second_experiment_trains_as_published(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = trainings(monkeypatch, sparcs_second)
    sparcs_second.train_student(SMALL | {"epochs": 1}, sparcs_second.rotation_teacher(4, 600), 3)
    ((net, options),) = seen
    assert net.frozen == ("eigenvalues[0]",)
    wanted = {"drop_last": True, "learning_rate": 1e-3, "penalty": "group", "penalty_strength": 1e-4, "seed": 3}
    assert {name: options[name] for name in wanted} == wanted
    published = {"points": 100_000, "hidden": [2000, 2000], "epochs": 100, "batch_size": 1024, "threshold": 1e-3}
    assert {name: sparcs_second.SETTINGS[name] for name in published} == published


def test_curves_name_their_rankings_and_the_smallest_is_the_narrowest() -> None:
    data = sparcs_second.rotation_teacher(4, 600)
    net = sparcs_second.train_student(SMALL, data, 0)
    found = results.findings(net, data, SMALL, limit=1.0, widths=(6, 3))
    for by, refits in results.RANKINGS:
        points = [point for point in found.curve if (point.by, point.compensated) == (by, refits)]
        assert len(points) == 3
    small = found.networks["trimmed"]
    share = 1 - 3 / sum(found.live[1:-1])
    for refits in (False, True):
        (point,) = [p for p in found.curve if (p.by, p.compensated, p.hidden) == ("path", refits, 3)]
        again = prune(small, by="plain_path", fraction=share, X=data.x, compensate=refits).compact
        assert point.loss == again.loss(data.x_test, data.y_test)
    least = min(p.hidden for p in found.curve if p.validation_loss <= found.limit)
    narrow = found.networks["smallest"]
    assert isinstance(narrow, CompactNetwork)
    assert sum(narrow.live[1:-1]) == least < sum(found.live[1:-1])


def test_a_student_that_learned_nothing_has_no_curve() -> None:
    data = sparcs_second.rotation_teacher(4, 600)
    seed = SpectralNetwork.initialize([4, 8, 8, 4], bias=False)
    found = results.findings(seed, data, SMALL)
    assert (found.curve, found.smallest) == ([], None)
    assert "hidden neurons left                            0" in results.table(found)


def test_the_widths_of_the_curves() -> None:
    widths = results.WIDTHS
    assert len(set(widths)) == len(widths) == 31
    assert list(widths) == sorted(widths, reverse=True)
    assert (widths[6:15], widths[15:18], widths[-5:]) == (
        (100, 80, 70, 60, 50, 45, 40, 35, 32),
        (30, 28, 27),
        (18, 16, 14, 12, 10),
    )
