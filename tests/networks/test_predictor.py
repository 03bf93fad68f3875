"""Scores of a predictor against scikit-learn's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import r2_score

from spectral_core import InvalidInputError, Predictor, SpectralNetwork
from spectral_core.data.encoding import Encoder
from spectral_core.data.metrics import scores_of
from spectral_core.data.scaling import Scaling
from spectral_core.resizing.compaction import compact
from tests.builders import random_network


def predictor(outputs: int, seed: int) -> tuple[Predictor, np.ndarray]:
    net: SpectralNetwork = random_network("direct", [3, 4, outputs], "tanh", seed)
    x = np.random.default_rng(seed).normal(size=(60, 3))
    return Predictor(net, "regression", Scaling.none(3), Scaling.none(outputs)), x


@given(st.integers(0, 999), st.floats(-3, 3))
@settings(deadline=None, max_examples=30)
def test_the_score_of_several_targets_is_the_mean_of_each(seed: int, power: float) -> None:
    """Two targets of very different variances: pooled errors would see the larger one alone."""
    model, x = predictor(2, seed)
    y = np.random.default_rng(seed + 1).normal(size=(60, 2)) * [1, 10**power]
    assert model.score(x, y) == pytest.approx(r2_score(y, model.predict(x)), rel=1e-12)


@pytest.mark.parametrize("value", [0.1, 0.3, 7.0, 1e9, 0.0, 1e-200])
def test_the_score_of_a_target_that_does_not_vary_is_not_defined(value: float) -> None:
    model, x = predictor(1, 0)
    assert np.isnan(model.score(x, np.full((60, 1), value)))
    both, x = predictor(2, 0)
    assert np.isnan(both.score(x, np.c_[np.arange(60.0), np.full(60, value)]))


@pytest.mark.parametrize("power", [-600, -100, 0, 100, 600])
def test_the_score_does_not_depend_on_the_units_of_the_target(power: int) -> None:
    model, x = predictor(1, 3)
    y = model.predict(x)[:, np.newaxis] + 0.1 * np.random.default_rng(0).normal(size=(60, 1))
    unit = np.ldexp(1.0, power)
    scaled = Predictor(model.network, "regression", model.inputs, Scaling(np.zeros(1), np.full(1, unit)))
    assert scaled.score(x, y * unit) == model.score(x, y)


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize(
    "rows", [np.zeros((0, 3)), np.zeros((0, 3), object), pd.DataFrame({"a": [], "b": [], "c": []})]
)
def test_no_rows_give_no_predictions(outputs: int, rows: Any) -> None:
    model, _ = predictor(outputs, 0)
    model = replace(model, feature_names=("a", "b", "c"))
    assert model.predict(rows).shape == ((0,) if outputs == 1 else (0, outputs))
    assert replace(model, network=compact(model.network)).raw(rows).shape == (0, outputs)
    if outputs == 3:
        classifies = replace(model, task="classification", classes=("x", "y", "z"))
        assert classifies.predict(rows).tolist() == []
        assert classifies.predict_proba(rows).shape == (0, 3)
        with pytest.raises(InvalidInputError, match="y must not be empty"):
            classifies.score(rows, [])
        with pytest.raises(InvalidInputError, match="the target must not be empty"):
            scores_of(classifies, rows, [])
    with pytest.raises(InvalidInputError, match="y must not be empty"):
        model.score(rows, np.zeros((0, outputs)))
    with pytest.raises(InvalidInputError, match="the target must not be empty"):
        scores_of(model, rows, np.zeros((0, outputs)))


@pytest.mark.parametrize("rows", [np.zeros((0, 2)), np.zeros((3, 0)), np.zeros(0), []])
def test_no_rows_have_the_columns_of_the_model(rows: Any) -> None:
    with pytest.raises(InvalidInputError, match="X must"):
        predictor(1, 0)[0].predict(rows)


def test_no_raw_rows_give_no_predictions() -> None:
    encoder = Encoder.fit({"age": [30.0, None, 50.0, 30.0], "city": ["Rome", "Bonn", "Rome", "Bonn"]})
    net = random_network("direct", [4, 4, 1], "tanh", 0)
    model = Predictor(net, "regression", Scaling.none(4), Scaling.none(1), encoder=encoder)
    for rows in (np.zeros((0, 2), object), {"age": [], "city": []}, pd.DataFrame({"age": [], "city": []})):
        assert model.predict(rows).shape == (0,)
