"""The choice along a curve under the budget of a chip."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectral_core import InvalidInputError, search
from spectral_core.architecture.budget import UNITS, Budget
from spectral_core.architecture.curve import Curve, CurvePoint
from spectral_core.architecture.options import SearchOptions
from spectral_core.exchange.footprint import Footprint, footprint
from tests.cli.test_shrink import refused

POINT = CurvePoint(1, 0, 0, 0, 4, score=0.5, error=0.1, start="linear", l2=0.0)
LIMIT = st.none() | st.integers(1, 60)


COST = st.builds(Footprint, *[st.integers(1, 60)] * 3) | st.just(InvalidInputError("no C file"))


@given(st.lists(st.tuples(st.integers(0, 9), COST), min_size=1, max_size=6), st.data(), st.tuples(LIMIT, LIMIT, LIMIT))
def test_the_best_that_fits_is_chosen(
    networks: list[tuple[int, Any]], data: st.DataObject, limits: tuple[int | None, ...]
) -> None:
    """Against a search through all sizes, the sentences included."""
    scores, costs = [score / 10 for score, _ in networks], [cost for _, cost in networks]
    points = tuple(replace(POINT, weights=i + 1, score=score) for i, score in enumerate(scores))
    curve = Curve(points, scores.index(max(scores)), data.draw(st.integers(0, len(points) - 1)))
    budget = Budget(*limits)
    names = [name for name, limit in vars(budget).items() if limit is not None]
    known = [i for i, cost in enumerate(costs) if isinstance(cost, Footprint)]
    fitting = [i for i in known if all(getattr(costs[i], name) <= getattr(budget, name) for name in names)]

    def needs(i: int) -> str:
        return ", ".join(f"{getattr(costs[i], name)} {UNITS[name]}" for name in names)

    if not fitting:
        words = "no network can be exported"
        if known:
            least = min(known, key=lambda i: [getattr(costs[i], name) for name in names])
            words = f"no network fits {budget}; the smallest needs {needs(least)}"
        with pytest.raises(InvalidInputError, match=f"^{re.escape(words)}"):
            budget.choose(curve, costs)
        return
    kept, remarks = budget.choose(curve, costs)
    best = max(scores[i] for i in fitting)
    chosen = curve.chosen if curve.chosen in fitting else min(i for i in fitting if scores[i] == best)
    assert (kept.points, kept.chosen) == (curve.points, chosen)
    weights = "1 weight" if chosen == 0 else f"{chosen + 1} weights"
    expected = [f"budget: {budget}; the chosen network, {weights}, takes {needs(chosen)}"]
    wider = [i for i in known if i not in fitting and scores[i] > scores[chosen]]
    if wider:
        gain = f"{scores[wider[0]]:.4f} instead of {scores[chosen]:.4f}"
        expected.append(f"a wider budget of {needs(wider[0])} would give the validation score {gain}")
    tighter = [i for i in fitting if i < chosen]
    if tighter:
        i = min(i for i in tighter if scores[i] == max(scores[j] for j in tighter))
        expected.append(f"a tighter budget of {needs(i)} would give the validation score {scores[i]:.4f}")
    assert remarks == expected


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
    # The best of those that fit, and not just any.
    fitting = [i for i, one in enumerate(free.at_sizes) if footprint(one, int8=True, calibration=x).flash <= limit]
    assert found.curve[found.curve.chosen].score == max(free.curve[i].score for i in fitting)
    with pytest.raises(
        InvalidInputError, match=f"no network fits 1 bytes of flash; the smallest needs {limit:,} bytes"
    ):
        search(x, y, **options, flash=1, int8=True)
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
