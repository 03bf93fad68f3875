"""Spectral pruning in small: every method, its data, its table."""

from __future__ import annotations

import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from spectral_core import InvalidInputError
from spectral_core.cli.program import main
from spectral_core.experiments.pruning import experiment, figure, methods, results
from spectral_core.resizing.rankings import neuron_scores
from tests.experiments.spies import trainings


def test_every_method_has_its_accuracy() -> None:
    chosen = experiment.experiment(hidden=12, epochs=2, depths=[2], activations=["tanh"])
    settings = dict(chosen.settings) | {"percentiles": [50, 90], "retraining_epochs": 1}
    found = experiment.measure(settings, chosen.points[0], 3)
    for method in methods.METHODS:
        for percentile in (50, 90):
            assert 0 <= found[f"{method}@{percentile}"] <= 1, method
    assert found["dense@0"] == found["dense + M15@0"]
    assert found == experiment.measure(settings, chosen.points[0], 3)


def test_the_methods_train_as_published(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = trainings(monkeypatch, methods)
    ranked: list[tuple[str, bool]] = []
    original = methods.prune

    def spy(net: Any, **options: Any) -> Any:
        ranked.append((options["by"], options["compensate"]))
        return original(net, **options)

    monkeypatch.setattr(methods, "prune", spy)
    generator = np.random.default_rng(0)
    x, y = generator.uniform(0, 1, (60, 5)).astype(np.float32), np.arange(60) % 3
    settings = methods.SETTINGS | {"hidden": 8, "epochs": 5, "retraining_epochs": 2}
    nets = methods.train_networks(x, y, 1, "tanh", 4, settings)
    assert [net.frozen for net, _ in seen] == [("eigenvalues_in",), (), ("eigenvectors", "eigenvalues_in")]
    assert [net.parametrization for net, _ in seen] == ["layerwise", "direct", "layerwise"]
    common = {"batch_size": 200, "learning_rate": 1e-3, "loss": "cross_entropy", "seed": 4}
    assert all(options == common | {"epochs": 5} for _, options in seen)
    assert np.array_equal(nets.eigenvalues_alone.eigenvectors[0], seen[0][0].eigenvectors[0])
    del seen[:]
    for method in methods.METHODS:
        assert nets.trimmed(method, 50) is not None
    assert ranked == [
        ("eigenvalue", False), ("connectivity", False), ("eigenvalue", True), ("plain_path", True), ("pivoted_qr", True),
        ("connectivity", True), ("eigenvalue", False), ("connectivity", False), ("pivoted_qr", True),
    ]  # fmt: skip
    assert [options["epochs"] for _, options in seen] == [2, 2, 2, 2]
    rebuilt = seen[0][0]
    assert rebuilt.frozen == ("eigenvalues_in",)
    assert rebuilt.widths == (5, 4, 3)


def test_a_recipe_by_name() -> None:
    generator = np.random.default_rng(0)
    x, y = generator.uniform(0, 1, (60, 5)), np.arange(60) % 3
    for method in ("spectral", "dense", "alternate", "pivoted_qr + M15"):
        net = methods.recipe(method, x, y, 50, hidden=8, epochs=2, retraining_epochs=1)
        assert net is not None
        assert net.forward(x).shape == (60, 3)
    with pytest.raises(InvalidInputError, match="method must be one of spectral, dense"):
        methods.recipe("best", x, y, 50)
    with pytest.raises(InvalidInputError, match="no setting 'width'; there are hidden"):
        methods.recipe("dense", x, y, 50, width=3)
    with pytest.raises(InvalidInputError, match="percentile must be at least 0 and at most 100; got 120"):
        methods.recipe("dense", x, y, 120)
    with pytest.raises(InvalidInputError, match="data must be a built-in name or a path; got None"):
        experiment.experiment(None)  # type: ignore[arg-type]


def test_a_store_knows_what_is_in_a_file(tmp_path: Path) -> None:
    described = []
    for value in (0.0, 1.0):
        np.savez(tmp_path / "d.npz", X=np.arange(24.0).reshape(12, 2) + value, y=np.arange(12) % 2)
        described.append(experiment.experiment(tmp_path / "d.npz").description())
    assert described[0] != described[1]


def test_the_start_is_the_published_one() -> None:
    net = methods.spectral_start(methods.SETTINGS, [40, 50, 10], "elu", 0)
    assert all(0.19 < np.abs(phi).max() <= 0.2 for phi in net.eigenvectors)
    pairs: list[Any] = list(net.eigenvalues)
    assert all(not lam_in.any() and 0.3 < np.abs(lam_out).max() <= 0.5 for lam_in, lam_out in pairs)
    assert net.frozen == ("eigenvalues_in",)


def test_rebuilding_keeps_the_function_of_what_is_kept() -> None:
    net = methods.spectral_start(methods.SETTINGS, [5, 8, 6, 3], "tanh", 1)
    keep = methods.kept_neurons(net, "eigenvalue", 50)
    assert [int(mask.sum()) for mask in (keep[0], keep[-1])] == [5, 3]
    assert sum(int(mask.sum()) for mask in keep[1:-1]) == 7
    scores = np.concatenate(neuron_scores(net, "eigenvalue"))
    hidden = np.concatenate(keep[1:-1])
    assert scores[hidden].min() > scores[~hidden].max()
    silenced = net.with_parameters(net.parameters)
    for i, phi in enumerate(silenced.eigenvectors):
        phi[~keep[i + 1]] = 0
    x = np.random.default_rng(0).normal(size=(7, 5)).astype(np.float32)
    np.testing.assert_allclose(methods.rebuild(net, keep).forward(x), silenced.forward(x), rtol=1e-5, atol=1e-6)


def test_other_data_come_from_files(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    x, y = generator.uniform(0, 255, (90, 4)), np.arange(90) % 3
    np.savez(tmp_path / "train.npz", X=x, y=y)
    np.savez(tmp_path / "test.npz", X=x[:30] / 2, y=y[:30])  # its largest value is not that of the training part
    settings = experiment.experiment(tmp_path / "train.npz", test_data=tmp_path / "test.npz").settings
    parts = experiment.prepare_data(settings, 0)
    assert (len(parts[0]), len(parts[2])) == (90, 30)
    assert parts[0].max() == 1
    np.testing.assert_allclose(parts[2], x[:30] / (2 * x.max()), rtol=1e-6)
    np.savez(tmp_path / "other.npz", X=x[:30, :3], y=y[:30])
    settings = experiment.experiment(tmp_path / "train.npz", test_data=tmp_path / "other.npz").settings
    with pytest.raises(InvalidInputError, match="has other classes or columns than"):
        experiment.prepare_data(settings, 0)


def test_the_authors_values_are_there() -> None:
    published = results.reference("MNIST")
    assert round(published[1, "relu", "spectral", 90.0], 1) == 67.6
    assert round(published[1, "elu", "dense", 95.0], 1) == 66.1


def test_fashion_is_shown_beside_the_authors_fashion(tmp_path: Path) -> None:
    row = {"layers": 1, "activation": "elu", "run": 0, "alternate@50": 0.8}
    fashion = row | {"authors": results.compared_with("/data/fashion-mnist/train-images-idx3-ubyte.gz")}
    assert results.authors_data([fashion]) == "Fashion-MNIST"
    assert results.authors_data([row | {"authors": results.compared_with("digits")}]) == "MNIST"
    assert results.authors_data([row]) == "MNIST"
    published = results.reference("Fashion-MNIST")
    assert round(published[1, "elu", "alternate", 5.0], 3) == 88.606
    assert f"{published[1, 'elu', 'alternate', 50.0]:.1f}" in results.table([fashion])
    assert "\nFashion-MNIST, alternate" in results.table([fashion])
    figure.figure(tmp_path / "p.png", [fashion])


def test_summaries_by_hand(tmp_path: Path) -> None:
    rows = [
        {"layers": 1, "activation": "relu", "run": r, "spectral@0": 0.9, "spectral@50": 0.5 + r / 10, "dense@50": None}
        for r in range(3)
    ]
    found = results.summary(rows)
    assert found[1, "relu", "spectral", 50] == (pytest.approx(60), pytest.approx(10), 3)
    assert (1, "relu", "dense", 50) not in found
    assert math.isnan(results.summary(rows[:1])[1, "relu", "spectral", 50][1])
    assert "MNIST" not in results.table(rows, compared=False)
    text = results.table(rows)
    assert "60.0 ± 10.0" in text
    assert "MNIST, spectral" in text
    figure.figure(tmp_path / "p.png", rows)
    assert (tmp_path / "p.png").stat().st_size > 1000


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = str(tmp_path)
    args = ["reproduce", "pruning", "--hidden", "8", "--depths", "1", "--activations", "relu", "--runs", "1"]
    assert main([*args, "--epochs", "1", "--jobs", "1", "--out", home]) == 0
    assert {p.name for p in tmp_path.iterdir()} >= {"pruning.png", "table.txt", "summary.json", "results.csv"}
    assert json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))["trainings"] == 1
    capsys.readouterr()
    assert main(["reproduce", "pruning", "--depths", "one", "--out", home]) == 2
    assert "--depths must be whole numbers with commas between; got 'one'" in capsys.readouterr().err


def test_networks_are_as_wide_as_the_authors_and_tables_say_how_wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """2,000 neurons of a single hidden layer, 500 of each of two; the authors' lines name theirs where ours differ."""
    monkeypatch.setattr(methods, "train", lambda net, *_, **__: SimpleNamespace(network=net))
    x, y = np.zeros((4, 3), np.float32), np.array([0, 1, 0, 1])
    for layers, width in ((1, 2000), (2, 500)):
        assert methods.train_networks(x, y, layers, "relu", 0).dense.widths == (3, *[width] * layers, 2)
    settings = methods.SETTINGS | {"hidden": 7}
    assert methods.train_networks(x, y, 1, "relu", 0, settings).dense.widths == (3, 7, 2)
    row = {"layers": 1, "activation": "relu", "run": 0, "authors": "MNIST", "spectral@90": 0.5}
    texts = [results.table([row | {"hidden": width}]) for width in (500, 2000)]
    assert "1 hidden layer of 500 neurons, relu" in texts[0]
    assert "MNIST, spectral (2000) " in texts[0]
    assert "1 hidden layer of 2000 neurons, relu" in texts[1]
    assert "(2000)" not in texts[1]
