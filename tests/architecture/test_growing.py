"""The search that grows: its judgement against gradients, its promises on small data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_core import InvalidInputError, SpectralNetwork, search
from spectral_core.architecture import directions, growing
from spectral_core.architecture.options import SearchOptions
from spectral_core.architecture.validation import ValidationLoss
from spectral_core.cli.program import main
from spectral_core.data.datasets import sparcs
from spectral_core.data.preparation import PreparedData, prepare
from spectral_core.resizing.insert import InsertLayer, InsertNeurons
from tests.builders import random_network

CHECK = settings(deadline=None, max_examples=30)


def data_of(seed: int, classes: int = 0, features: int = 3) -> PreparedData:
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(40, features))
    y = generator.integers(0, classes, 40) if classes else np.sin(2 * x[:, :2]) + x[:, :2] ** 2
    return prepare(x, y, "classification" if classes else "regression", None, 0.2, True, seed)


@given(
    st.lists(st.integers(1, 4), min_size=0, max_size=3),
    st.integers(0, 999),
    st.booleans(),
    st.sampled_from(["tanh", "elu", "gelu"]),
)
@CHECK
def test_slopes_are_those_of_the_gradient(hidden: list[int], seed: int, classifies: bool, activation: str) -> None:
    """∂loss/∂W_ij = Σ_s δ_i x_j, for every block, against the compiled gradient."""
    data = data_of(seed, classes=2 if classifies else 0)
    net = random_network("direct", [3, *hidden, data.n_outputs], activation, seed, bias=bool(seed % 2))
    values, slopes = directions.output_slopes(net, data, np.arange(len(data.x)))
    truth = net.loss_and_gradients(data.x, data.y, data.loss)[1].blocks
    for (i, j), block in truth.items():
        np.testing.assert_allclose(slopes[i].T @ values[j - 1], block, rtol=1e-9, atol=1e-12)


@given(st.integers(0, 999), st.integers(1, 4))
@CHECK
def test_directions_are_greedy(seed: int, count: int) -> None:
    """Neuron after neuron the one of the pool whose best outgoing weights leave the least of δ."""
    generator = np.random.default_rng(seed)
    senders = [generator.normal(size=(30, 2)), generator.normal(size=(30, 3))]
    slope = generator.normal(size=(30, 2))
    rows, gain = directions.greedy_directions(senders, [slope], "tanh", count, np.random.default_rng(seed))
    assert [block.shape for block in rows] == [(count, 2), (count, 3)]
    left, total = slope, 0.0
    for h in range(count):
        x = np.tanh(senders[0] @ rows[0][h] + senders[1] @ rows[1][h])
        fit = np.outer(x, x @ left) / (x @ x)
        total += float(np.square(left).sum() - np.square(left - fit).sum())
        left = left - fit
    assert np.isclose(gain, total, rtol=1e-9)
    pre = senders[0] @ rows[0].T + senders[1] @ rows[1].T
    np.testing.assert_allclose(np.square(pre).mean(axis=0), 1, rtol=1e-9)


def test_new_neurons_lower_the_loss_when_they_are_fitted() -> None:
    data = data_of(1)
    net = random_network("direct", [3, 2], "relu", 1, bias=True)
    change = growing.best_change(net, data, (10,), (0, 1))
    assert isinstance(change, InsertLayer)
    grown = change.apply(net)
    assert np.isclose(grown.loss(data.x, data.y), net.loss(data.x, data.y), rtol=1e-12)
    slopes = grown.loss_and_gradients(data.x, data.y)[1]
    assert np.all(np.abs(slopes.blocks[3, 2]).max(axis=0) > 1e-6)  # each new neuron is of use at once


def test_growth_goes_where_there_is_room() -> None:
    data = data_of(1)
    net = random_network("direct", [3, 4, 2], "relu", 1, bias=True)
    assert growing.best_change(net, data, (4,), (0, 1)) is None
    more = growing.best_change(net, data, (5,), (0, 1))
    assert isinstance(more, InsertNeurons)
    assert more.count == 1
    deeper = growing.best_change(net, data, (4, 4), (0, 1))
    assert isinstance(deeper, InsertLayer)
    assert deeper.after == 2


def square(rows: int = 600) -> tuple[np.ndarray, np.ndarray]:
    found = sparcs(1.0, 5.0, rows)
    return found.x, found.y


def test_a_grown_network_that_is_as_good_as_a_trimmed_one_is_smaller() -> None:
    x, y = square()
    common: dict[str, Any] = {"epochs": 120, "standardize": False, "hidden": (60,), "eigenvector_penalties": (0.0,)}
    grown = search(x, y, strategy="grow", **common)
    seeded = search(x, y, strategy="seed", **common)
    reached = [c for c in grown.report.candidates if c["validation_loss"] <= seeded.report.validation_loss_after]
    assert min(c["parameters"] for c in reached) < seeded.report.compact_parameters / 2
    assert grown.network.parametrization == "direct"
    assert grown.report.mean_abs_eigenvalue is None
    sizes = [c["parameters"] for c in grown.report.candidates]
    assert sizes[0] == 3
    assert sorted(sizes) == sizes
    losses = [c["validation_loss"] for c in grown.report.candidates]
    assert losses[-1] < losses[0] / 50
    assert "grown from the linear perceptron" in grown.report.to_text()
    again = search(x, y, strategy="grow", **common)
    assert np.array_equal(again.network.parameters, grown.network.parameters)


def test_a_linear_target_needs_no_hidden_neuron() -> None:
    found = sparcs(0.0, 1000.0, 2000)
    noisy = found.y + 0.1 * np.random.default_rng(0).normal(size=found.y.shape)
    result = search(found.x, noisy, strategy="grow", epochs=60, hidden=(20,), eigenvector_penalties=(0.0,))
    assert result.report.live[1:-1] in ([], [0])
    assert result.compact.n_parameters == 3


def test_an_interrupted_growth_continues_with_the_same_bits(tmp_path: Path) -> None:
    x, y = square(200)
    common: dict[str, Any] = {
        "strategy": "grow", "epochs": 24, "standardize": False, "hidden": (8, 4), "eigenvector_penalties": (0.0, 1e-3),
    }  # fmt: skip
    whole = search(x, y, **common)

    def stop(done: int, total: int, text: str) -> None:
        if "stage 3" in text:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search(x, y, progress=stop, checkpoint=tmp_path / "c", **common)
    assert len(list(tmp_path.iterdir())) == 3
    rest = search(x, y, checkpoint=tmp_path / "c", **common)
    assert np.array_equal(rest.network.parameters, whole.network.parameters)
    assert not list(tmp_path.iterdir())


def test_what_does_not_go_together() -> None:
    x, y = square(50)
    with pytest.raises(InvalidInputError, match="strategy must be one of smallest, neurons, seed, grow; got 'shrink'"):
        search(x, y, strategy="shrink")
    with pytest.raises(InvalidInputError, match="patience belongs to strategy='seed'"):
        search(x, y, strategy="grow", patience=3)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for library in ("matplotlib", "sklearn"):
        pytest.importorskip(library, reason=f"the extra `full` ({library}) is not installed")
    arguments = ["search", "wine", "--strategy", "grow", "--hidden", "10", "--epochs", "30", "--out", str(tmp_path)]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert "grown from the linear perceptron" in out
    assert "spectrum.png" not in out
    assert {p.name for p in tmp_path.iterdir()} >= {"model.npz", "compact.npz", "report.json", "network.png"}
    assert main(["inspect", str(tmp_path / "model.npz")]) == 0


# --- what growing decides ---------------------------------------------------------------------------------------------


def deep(seed: int = 1) -> tuple[PreparedData, SpectralNetwork]:
    return data_of(seed), random_network("direct", [3, 6, 2, 2], "relu", seed, bias=True)


def test_the_gain_counts_for_each_new_weight(monkeypatch: pytest.MonkeyPatch) -> None:
    data, net = deep()
    asked: list[tuple[int, int]] = []
    gains = {2: 1.0, 4: 1.0}

    def found(senders: Any, slopes: Any, activation: str, count: int, generator: Any) -> Any:
        width = sum(values.shape[1] for values in senders)
        asked.append((width, len(slopes)))
        place = {4: 2, 10: 3, 12: 4}[width]
        rows = [np.ones((count, values.shape[1])) for values in senders]
        return rows, gains.get(place, 0.0)

    monkeypatch.setattr(growing, "greedy_directions", found)
    # A neuron of layer 2 has 4 incoming and 2 + 2 outgoing weights; one of a new layer 4 has 4 + 6 + 2 and 2.
    cheap = growing.best_change(net, data, (20, 20, 20), (0, 1))
    assert isinstance(cheap, InsertNeurons)
    assert cheap.layer == 2
    assert asked == [(4, 2), (10, 1), (12, 1)]
    gains[4] = 1.7  # of 14 weights a neuron: still less for each than 1 of 8
    assert isinstance(growing.best_change(net, data, (20, 20, 20), (0, 1)), InsertNeurons)
    gains[4] = 1.8
    assert isinstance(growing.best_change(net, data, (20, 20, 20), (0, 1)), InsertLayer)


def test_each_layer_has_a_width_of_its_own() -> None:
    data, net = deep()
    assert growing.best_change(net, data, (6, 2), (0, 1)) is None
    only = growing.best_change(net, data, (6, 3), (0, 1))
    assert isinstance(only, InsertNeurons)
    assert (only.layer, only.count) == (3, 1)


def test_neurons_are_judged_on_some_samples_and_chosen_once(monkeypatch: pytest.MonkeyPatch) -> None:
    data, net = deep()
    monkeypatch.setattr(growing, "SAMPLES", 10)
    monkeypatch.setattr(directions, "POOL", 3)
    seen: list[int] = []
    original = growing.output_slopes
    monkeypatch.setattr(growing, "output_slopes", lambda n, d, rows: (seen.append(len(rows)), original(n, d, rows))[1])
    change = growing.best_change(net, data, (9, 2), (0, 1))
    assert seen == [10]
    assert isinstance(change, InsertNeurons)
    assert len({tuple(row) for row in change.incoming[1]}) == change.count == 2


def test_growths_that_do_not_pay_end_it_and_moments_are_carried(monkeypatch: pytest.MonkeyPatch) -> None:
    data = data_of(2)
    linear = random_network("global", [3, 2], "relu", 0, bias=True)

    def grown(tolerance: float) -> list[growing.Grown]:
        options = SearchOptions(hidden=(30,), epochs=12, batch_size=8, learning_rate=1e-2, tolerance=tolerance)
        judge = ValidationLoss(data, linear)
        return growing.grow(linear, data, judge, options, 0.0, lambda stage: None, lambda stage, loss: None)

    states: list[Any] = []
    original = growing.train_candidate

    def spy(*arguments: Any, **named: Any) -> Any:
        states.append(named["state"])
        return original(*arguments, **named)

    monkeypatch.setattr(growing, "train_candidate", spy)
    stages = grown(10.0)
    assert len(stages) == 1 + growing.PATIENCE  # a tolerance that no growth can pay for
    assert states[0] is None
    assert [state.epoch for state in states[1:]] == [12, 14, 16]
    assert all(state.step > 0 for state in states[1:])
    assert all(np.any(state.first_moment) for state in states[1:])
    longer = grown(1e-3)
    assert len(longer) > len(stages)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_kept_epoch_of_a_grown_network_is_that_of_its_loss(seed: int) -> None:
    """`epochs` counts all stages up to the kept one, `epoch` is one of them, and the history names its loss."""
    x, y = square(200)
    result = search(
        x, y, strategy="grow", epochs=24, hidden=(8, 4), eigenvector_penalties=(0.0,), standardize=False, seed=seed
    )
    report, history = result.report, result.history
    assert 24 < report.epochs == len(history)
    assert 24 < report.epoch <= report.epochs
    losses = [history.validation_loss[int(c["epoch"]) - 1] for c in report.candidates if c["epoch"] <= len(history)]
    given = [c["validation_loss"] for c in report.candidates if c["epoch"] <= len(history)]
    np.testing.assert_allclose(losses, given, rtol=1e-5)
    np.testing.assert_allclose(history.validation_loss[report.epoch - 1], report.validation_loss_before, rtol=1e-5)
    assert (len(history) - 24) % 4 == 0, "every growth is trained for a sixth of the epochs"


def test_the_epoch_of_a_stage_has_its_loss() -> None:
    """Also where it is not the last one: the rate is high here, and the loss swings."""
    data, linear = data_of(2), random_network("global", [3, 2], "relu", 0, bias=True)
    options = SearchOptions(hidden=(30,), epochs=96, batch_size=4, learning_rate=5e-2, tolerance=0.02)
    judge = ValidationLoss(data, linear)
    stages = growing.grow(linear, data, judge, options, 0.0, lambda stage: None, lambda stage, loss: None)
    assert any(stage.epoch < len(stage.history) for stage in stages[1:])
    for number, stage in enumerate(stages):
        assert len(stage.history) == 96 + 16 * number
        assert stage.loss == pytest.approx(stage.history.validation_loss[stage.epoch - 1], rel=1e-5)


def test_growth_follows_the_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where trainings do not: all of them have the seed 0 here."""
    data, linear = data_of(2), random_network("global", [3, 2], "relu", 0, bias=True)
    original, began = growing.train_candidate, dict[int, list[SpectralNetwork]]()

    def trained(net: SpectralNetwork, data: PreparedData, options: SearchOptions, *others: Any, **named: Any) -> Any:
        began.setdefault(options.seed, []).append(net)
        return original(net, data, replace(options, seed=0), *others, **named)

    monkeypatch.setattr(growing, "train_candidate", trained)
    for seed in (0, 1):
        options = SearchOptions(hidden=(30,), epochs=12, seed=seed)
        judge = ValidationLoss(data, linear)
        growing.grow(linear, data, judge, options, 0.0, lambda stage: None, lambda stage, loss: None)
    (first, grown), (again, other) = began[0][:2], began[1][:2]
    assert np.array_equal(first.parameters, again.parameters)
    assert not np.array_equal(grown.blocks[2, 1], other.blocks[2, 1])


def test_directions_follow_the_seed_and_not_the_units_of_a_sender() -> None:
    generator = np.random.default_rng(0)
    senders = [generator.normal(size=(40, 2)), generator.normal(size=(40, 3))]
    slope = generator.normal(size=(40, 2))

    def found(units: np.ndarray, seed: int) -> tuple[np.ndarray, float]:
        scaled = [senders[0] * units, senders[1]]
        rows, gain = directions.greedy_directions(scaled, [slope], "tanh", 3, np.random.default_rng(seed))
        return np.hstack([rows[0] * units, rows[1]]), gain

    rows, gain = found(np.ones(2), 0)
    for units in (np.array([1e3, 1.0]), np.array([1e-3, 1e6])):
        again, same = found(units, 0)
        np.testing.assert_allclose(again, rows, rtol=1e-9)
        assert same == pytest.approx(gain, rel=1e-9)
    assert not np.allclose(found(np.ones(2), 1)[0], rows)
    data, net = deep()
    one, other = (growing.best_change(net, data, (20, 2), (seed, 1)) for seed in (0, 1))
    assert isinstance(one, InsertNeurons)
    assert isinstance(other, InsertNeurons)
    assert not np.allclose(one.incoming[1], other.incoming[1])


def test_a_sender_that_is_always_zero_gets_no_weight() -> None:
    generator = np.random.default_rng(0)
    senders = [np.c_[generator.normal(size=40), np.zeros(40)], np.ones((40, 1))]
    rows, _ = directions.greedy_directions(senders, [generator.normal(size=(40, 1))], "relu", 4, generator)
    assert not rows[0][:, 1].any()
    assert rows[0][:, 0].all()
    assert rows[1].all(), "the constant neuron keeps its weights"


def test_trimming_between_growths_costs_a_share_of_the_tolerance(monkeypatch: pytest.MonkeyPatch) -> None:
    data = data_of(2)
    linear = random_network("global", [3, 2], "relu", 0, bias=True)
    options = SearchOptions(hidden=(30,), epochs=12, batch_size=8, learning_rate=1e-2, tolerance=0.02)
    limits: list[float] = []
    original = growing.trim

    def spy(net: SpectralNetwork, loss: Any, limit: float) -> Any:
        limits.append(limit / loss(net))
        return original(net, loss, limit)

    monkeypatch.setattr(growing, "trim", spy)
    judge = ValidationLoss(data, linear)
    growing.grow(linear, data, judge, options, 0.0, lambda stage: None, lambda stage, loss: None)
    np.testing.assert_allclose(limits, 1 + 0.25 * 0.02, rtol=1e-6)
