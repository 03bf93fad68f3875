"""The choice along a curve under the budget of a chip."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectral_core import InvalidInputError, search
from spectral_core.architecture.budget import Budget
from spectral_core.architecture.curve import Curve, CurvePoint
from spectral_core.architecture.options import SearchOptions
from spectral_core.exchange.footprint import Footprint, footprint
from tests.cli.test_shrink import refused

POINT = CurvePoint(1, 0, 0, 0, 4, score=0.5, error=0.1, start="linear", l2=0.0)
LIMIT = st.none() | st.integers(1, 60)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=6), st.data(), st.tuples(LIMIT, LIMIT, LIMIT))
def test_the_best_that_fits_is_chosen(scores: list[int], data: st.DataObject, limits: tuple[int | None, ...]) -> None:
    points = tuple(replace(POINT, weights=i + 1, score=score / 10) for i, score in enumerate(scores))
    costs = [Footprint(*data.draw(st.tuples(*[st.integers(1, 60)] * 3))) for _ in points]
    curve = Curve(points, scores.index(max(scores)), data.draw(st.integers(0, len(points) - 1)))
    budget = Budget(*limits)
    fitting = [
        i for i, cost in enumerate(costs) if all(x is None or getattr(cost, n) <= x for n, x in vars(budget).items())
    ]
    if not fitting:
        names = [name for name, limit in vars(budget).items() if limit is not None]
        least = min(getattr(cost, names[0]) for cost in costs)
        with pytest.raises(InvalidInputError, match=f"no network fits .*; the smallest needs {least} "):
            budget.choose(curve, costs)
        return
    kept, told = budget.choose(curve, costs)
    assert kept.chosen in fitting
    assert kept.points == curve.points
    if curve.chosen in fitting:
        assert kept.chosen == curve.chosen
    else:
        assert points[kept.chosen].score == max(points[i].score for i in fitting)
    better = [i for i in range(len(points)) if i not in fitting and points[i].score > points[kept.chosen].score]
    assert any(text.startswith("a wider budget") for text in told) == bool(better)


def test_a_search_keeps_to_its_budget() -> None:
    generator = np.random.default_rng(1)
    x = np.random.default_rng(0).normal(size=(80, 4))
    noisy = np.tanh(2 * x[:, 0]) * x[:, 1] + 0.5 * x[:, 2] + 0.4 * generator.normal(size=80)
    y = np.where(noisy > 0, "far", "near")
    options = {"hidden": (6,), "epochs": 20, "seed": 1}
    free = search(x, y, **options)
    assert free.curve is not None
    assert len(free.curve) > 1
    limit = min(footprint(one, int8=True, calibration=x).flash for one in free.at_sizes)
    found = search(x, y, **options, flash=limit, int8=True)
    assert found.curve is not None
    assert found.curve.points == free.curve.points
    assert footprint(found.compact_predictor, int8=True, calibration=x).flash <= limit
    assert found.compact_predictor is found.at_sizes[found.curve.chosen]
    assert found.report.weights == found.curve[found.curve.chosen].weights
    assert f"budget: {limit:,} bytes of flash" in found.report.to_text()


def test_a_budget_needs_a_curve_and_limits() -> None:
    with pytest.raises(InvalidInputError, match="flash, ram and operations belong to"):
        SearchOptions(strategy="seed", flash=100)
    with pytest.raises(InvalidInputError, match="none of them is given"):
        SearchOptions(int8=True)
    with pytest.raises(InvalidInputError, match="ram"):
        SearchOptions(ram=0)


def test_the_command_refuses_a_budget_without_a_curve(capsys: pytest.CaptureFixture[str]) -> None:
    assert "belong to strategy='smallest'" in refused(capsys, "search", "wine", "--flash", "900", "--strategy", "seed")
    assert "none of them is given" in refused(capsys, "search", "wine", "--int8")
