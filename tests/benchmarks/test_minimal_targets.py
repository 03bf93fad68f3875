"""The targets of known size are what their names say."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.minimal_size import Run, rows, table
from benchmarks.minimal_targets import FRESH_ROWS, NOISE, ROWS, SMOOTH, TARGETS, kinks, relu, teacher


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_has_its_rows_and_is_drawn_anew_by_seed(name: str) -> None:
    target = TARGETS[name]
    x, y, fresh, truth = target.data(3)
    assert x.shape == (ROWS, target.inputs)
    assert fresh.shape == (FRESH_ROWS, target.inputs)
    assert y.shape == (ROWS,)
    assert truth.shape == (FRESH_ROWS,)
    for first, again in zip(target.data(3), (x, y, fresh, truth), strict=True):
        np.testing.assert_array_equal(first, again)
    assert not np.array_equal(target.data(4)[0], x)


@pytest.mark.parametrize("name", [name for name, target in TARGETS.items() if target.relevant is not None])
def test_an_irrelevant_input_does_not_matter_and_the_others_do(name: str) -> None:
    target = TARGETS[name]
    function = target.draw(np.random.default_rng(1))
    x = target.data(1)[0]
    for column in range(target.inputs):
        moved = x.copy()
        moved[:, column] += 1
        assert np.array_equal(function(moved), function(x)) == (column >= target.relevant)


@pytest.mark.parametrize("count", [1, 2, 5, 10])
def test_a_function_of_one_input_has_its_number_of_kinks(count: int) -> None:
    """The slope between neighbours of a fine grid changes near `count` places, and nowhere else."""
    x = np.linspace(-1, 1, 20_001)[:, None]
    bend = np.abs(np.diff(kinks(count)(np.random.default_rng(count))(x), 2)) > 1e-7
    starts = bend & ~np.concatenate([[False], bend[:-1]])
    assert starts.sum() == count


@pytest.mark.parametrize("count", [1, 4])
def test_along_a_line_a_teacher_has_a_kink_for_each_neuron(count: int) -> None:
    """A generic line crosses every hyperplane once."""
    rng = np.random.default_rng(5)
    start, direction = rng.normal(size=3), rng.normal(size=3)
    along = np.linspace(-300, 300, 600_001)[:, None]
    values = teacher(count, 3)(np.random.default_rng(count))(start + along * direction)
    bend = np.abs(np.diff(values, 2)) > 1e-6
    starts = bend & ~np.concatenate([[False], bend[:-1]])
    assert starts.sum() == count


def test_fixed_targets_are_sums_of_the_neurons_that_they_need() -> None:
    x, y, _, _ = TARGETS["absolute"].data(0)
    np.testing.assert_allclose(y, 2 * relu(x[:, 0]) - x[:, 0])
    x, y, _, _ = TARGETS["absolute-2"].data(0)
    np.testing.assert_allclose(y, 2 * relu(x[:, 0] - x[:, 1]) - x[:, 0] + x[:, 1] + relu(x[:, 0] + x[:, 1] - 0.2))


def test_noise_has_its_share_of_the_variance() -> None:
    """The draws of the function and of the rows come before the noise, so both versions share them."""
    target = TARGETS["teacher-7-noise"]
    x, y, _, _ = target.data(2)
    rng = np.random.default_rng((2, *target.title.encode()))
    clean = target.draw(rng)(x)
    assert (y - clean).var() * NOISE == pytest.approx(clean.var(), rel=0.1)


def test_smooth_activations_have_their_values() -> None:
    assert SMOOTH["swish"](np.array([2.0])) == pytest.approx(2 / (1 + np.exp(-2)))
    assert SMOOTH["gelu"](np.array([1.0])) == pytest.approx(0.8413447)


def test_the_table_and_the_rows_of_fixed_runs() -> None:
    runs = [
        Run("kinks-3", 0, 3, 1.0, True, True, 1.0),
        Run("kinks-3", 1, 4, 0.99995, True, True, 3.0),
        Run("irrelevant-5", 0, 1, 1.0, True, True, 1.0),
        Run("irrelevant-5", 1, 1, 1.0, False, True, 1.0),
        Run("deep-3-2", 0, 6, 1.0, True, True, 20.0),
    ]
    lines = table(runs).splitlines()
    assert "| kinks-3 | kinks of one input: 3 | 3 | 2 | 1/2 | 3.5, 3 to 4 | 0.999950 | - | 2.0, 3.0 |" in lines
    assert any(line.startswith("| irrelevant-5 ") and "| 1/2 | 1.0, 1.0 |" in line for line in lines)
    found = {row["question"]: (row["figure"], row["met"]) for row in rows(runs)}
    assert found["one layer, no noise: exactly the needed number"] == (0.75, False)
    assert found["one layer, no noise: most neurons above it"] == (1.0, True)
    assert found["irrelevant inputs gone, the others kept"] == (0.5, False)
    assert found["two layers: at most the teacher's size"] == (0.0, False)
    assert found["two layers: largest size over the teacher's"] == (pytest.approx(1.2), True)
    assert "SNR 20: exactly the needed number" not in found
