"""The choice of a size: paired differences, row by row, and the points of the curve."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectral_core.architecture.curve import (
    Curve,
    CurvePoint,
    Judged,
    JudgingRows,
    behind_smaller,
    paired_difference,
    smallest_within,
)
from spectral_core.errors import InvalidInputError
from spectral_core.networks.sparse import SparseNetwork
from tests.builders import sparse_network

rows = st.integers(2, 12).flatmap(
    lambda n: st.lists(st.lists(st.sampled_from([0.0, 1.0]), min_size=n, max_size=n), min_size=1, max_size=6)
)


def point(weights: int, score: float, error: float = 0.0) -> CurvePoint:
    return CurvePoint(weights, 1, 0, 0, 4 * (weights + 1), score, error, "linear", 0.01)


@given(rows, st.sampled_from([0.0, 0.47, 0.97, 1.93]), st.sampled_from([0.0, 0.097]))
def test_the_choice_is_the_smallest_within_the_paired_error(
    table: list[list[float]], errors: float, slack: float
) -> None:
    sizes = [Judged(10 * (i + 1), np.array(values), 0) for i, values in enumerate(table)]
    best, chosen, deviations = smallest_within(sizes, errors, slack)
    means = [sum(values) / len(values) for values in table]
    assert best == means.index(max(means))  # of equal ones the smallest
    good = []
    for i, values in enumerate(table):
        differences = [b - v for b, v in zip(table[best], values, strict=True)]
        n, mean = len(values), sum(differences) / len(values)
        deviation = math.sqrt(sum((d - mean) ** 2 for d in differences) / (n - 1) / n)
        assert deviations[i] == pytest.approx(deviation, abs=1e-12)
        if mean <= max(errors * deviation, slack) + 1e-12:
            good.append(i)
    assert chosen == good[0]
    assert sizes[chosen].mean == pytest.approx(means[chosen])


def test_the_error_is_that_of_repeated_draws() -> None:
    """The deviation of R² over many draws of rows, of a good network and of one that is hardly better than a constant."""
    rng = np.random.default_rng(0)
    for noise in (0.3, 3.0):
        scores, errors = [], []
        for _ in range(400):
            truth = rng.normal(size=100)
            squares, spread = (noise * rng.normal(size=100)) ** 2, (truth - truth.mean()) ** 2
            variance = spread.mean()
            judges = replace(JudgingRows.alike(100), spread=(spread / variance)[:, None])
            judged = Judged(1, 1 - squares / variance, 0, judges)
            scores.append(judged.mean)
            errors.append(judged.error)
        assert np.mean(errors) == pytest.approx(np.std(scores), rel=0.1)


def test_each_target_has_its_own_error() -> None:
    """The deviation of the mean R² of two targets over many draws, one fitted well and one not at all."""
    rng, scores, errors, gains = np.random.default_rng(0), [], [], []
    for _ in range(400):
        truth = rng.normal(size=(100, 2)) * [1, 5]
        squares = np.stack([(0.1 * rng.normal(size=100)) ** 2, (truth[:, 1] - truth[:, 1].mean()) ** 2], axis=1)
        spread = (truth - truth.mean(axis=0)) ** 2
        variance = spread.mean(axis=0)
        judges = replace(JudgingRows.alike(100), spread=spread / variance)
        judged, constant = (Judged(1, 1 - part / variance, 0, judges) for part in (squares, spread))
        scores.append(judged.mean)
        errors.append(judged.error)
        gains.append(paired_difference(judged, constant)[1])
    assert np.mean(errors) == pytest.approx(np.std(scores), rel=0.15)
    assert np.mean(gains) == pytest.approx(np.std(scores), rel=0.15), "the constant's R² is 0 in each draw"


def test_weights_count_in_the_error() -> None:
    """Where all rows have one value its error is 0, whatever they weigh."""
    judges = replace(JudgingRows.alike(6), weights=np.array([1.0, 20, 1, 1, 20, 1]))
    assert Judged(1, np.ones(6), 0, judges).error == 0
    assert Judged(1, np.ones(6), 0, judges).mean == 1


def test_one_row_has_no_error() -> None:
    sizes = [Judged(1, np.array([0.0]), 0), Judged(2, np.array([1.0]), 0)]
    assert smallest_within(sizes, 2.0, 0.0) == (1, 1, [0.0, 0.0])
    assert smallest_within(sizes, 2.0, 1.0) == (1, 0, [0.0, 0.0])


def test_a_point_counts_what_a_network_has() -> None:
    net = SparseNetwork.sorted((3, 2, 2, 1), "relu", True, np.ones(6), [0, 2, 1, 3, 0, 2], [3, 3, 4, 7, 7, 7])
    got = CurvePoint.of(net, 0.5, 0.1, "woken", 0.01)
    # Neuron 4 sends nothing.
    assert got == CurvePoint(4, 2, 1, 1, 24, 0.5, 0.1, "woken", 0.01)
    empty = CurvePoint.of(sparse_network(0, (2, 2, 1), density=0.0), 0.0, 0.0, "linear", 0.0)
    assert (empty.weights, empty.biases, empty.neurons, empty.layers, empty.bytes) == (0, 0, 0, 0, 0)


def test_points_are_found_by_weights_or_score() -> None:
    behind = replace(point(20, 0.85), behind=True)
    curve = Curve((point(5, 0.7), point(10, 0.9), behind, point(40, 0.95)), best=3, chosen=1)
    assert [curve.at(weights=w).weights for w in (5, 9, 10, 39, 1000)] == [5, 5, 10, 10, 40]
    assert [curve.at(score=s).weights for s in (-1.0, 0.7, 0.71, 0.9, 0.91, 0.95)] == [5, 5, 10, 10, 40, 40]
    assert curve.at(score=0.0).weights == 5
    assert (len(curve), curve[1].weights, [p.weights for p in curve]) == (4, 10, [5, 10, 20, 40])
    with pytest.raises(InvalidInputError, match="the smallest network has 5 weights; got weights=4"):
        curve.at(weights=4)
    with pytest.raises(InvalidInputError, match=r"the best network has the validation score 0\.95; got score=0\.96"):
        curve.at(score=0.96)
    for given_values in ({}, {"weights": 5, "score": 0.5}):
        with pytest.raises(InvalidInputError, match="name one of weights and score"):
            curve.index(**given_values)
    other = replace(curve, chosen=2)
    assert (other.chosen, other.best, other.points) == (2, 3, curve.points)


@given(rows)
def test_a_size_is_behind_where_a_smaller_one_is_measurably_better(table: list[list[float]]) -> None:
    """A larger network that fits the noise is passed over; one that differs by less than its standard error is not.

    The error is that of the difference from the best of the smaller ones, whatever a larger one scores.
    """
    found = behind_smaller([Judged(10 * (i + 1), np.array(values), 0) for i, values in enumerate(table)])
    points = tuple(
        replace(point(10 * (i + 1), sum(v) / len(v)), behind=b)
        for i, (v, b) in enumerate(zip(table, found, strict=True))
    )
    curve, means, reachable = Curve(points, 0, 0), [one.score for one in points], 0
    for i, values in enumerate(table):
        best = means.index(max(means[: i + 1]))
        differences = [b - v for b, v in zip(table[best], values, strict=True)]
        n, mean = len(values), sum(differences) / len(values)
        deviation = math.sqrt(sum((d - mean) ** 2 for d in differences) / (n - 1) / n)
        if abs(mean - deviation) > 1e-9:
            assert found[i] == (mean > deviation)
        reachable = reachable if found[i] else i
        assert curve.at(weights=10 * (i + 1) + 3).weights == 10 * (reachable + 1)


def test_a_curve_is_short_to_look_at() -> None:
    curve = Curve(tuple(point(n, n / 100) for n in range(1, 51)), best=49, chosen=9)
    assert repr(curve) == (
        "Curve(50 sizes from 1 to 50 weights; chosen: 10 weights, score 0.1;\n  best: 50 weights, score 0.5)"
    )
