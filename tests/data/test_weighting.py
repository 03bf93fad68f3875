"""Weights of samples and classes, from the caller to the fits and scores of a search."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectral_core import InvalidInputError, search
from spectral_core.architecture.judgements import values
from spectral_core.data.preparation import prepare
from spectral_core.data.weighting import Weighting
from spectral_core.networks.sparse import SparseNetwork
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.refitting.samples import Samples

RNG = np.random.default_rng(0)


@given(st.lists(st.integers(0, 2), min_size=6, max_size=30).filter(lambda labels: len(set(labels)) == 3))
def test_balanced_classes_weigh_alike(labels: list[int]) -> None:
    target = np.array(labels)
    weights = Weighting(classes="balanced").of(target, ("a", "b", "c"), target)
    assert weights is not None
    totals = np.bincount(target, weights)
    assert np.allclose(totals, len(target) / 3)


def test_weights_multiply_and_unnamed_labels_have_one() -> None:
    target = np.array([0, 1, 1])
    weights = Weighting([1.0, 2.0, 0.0], {"b": 3.0}).of(target, ("a", "b"), target)
    assert weights is not None
    assert weights.tolist() == [1.0, 6.0, 0.0]


@pytest.mark.parametrize(
    ("given_weights", "classes", "message"),
    [
        ({"z": 2.0}, ("a", "b"), "'z'"),
        ({"a": -1.0}, ("a", "b"), r"class_weight\['a'\]"),
        ("even", ("a", "b"), "balanced"),
        ("balanced", (), "regression"),
        ({"a": 0.0, "b": 0.0}, ("a", "b"), "every row"),
    ],
)
def test_weights_that_mean_nothing_are_refused(given_weights: Any, classes: tuple[str, ...], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        Weighting(classes=given_weights).of(np.array([0, 1]), classes, np.array([0, 1]))


def test_rows_without_weight_are_in_no_part() -> None:
    x, y = RNG.normal(size=(40, 2)), RNG.normal(size=40)
    weights = np.where(np.arange(40) % 4 == 0, 0.0, 2.0)
    data = prepare(x, y, "regression", None, 0.25, True, 0, Weighting(weights))
    rows = np.concatenate([data.training_rows, data.validation_rows])
    assert sorted(rows.tolist()) == np.flatnonzero(weights).tolist()
    assert data.weights is not None
    assert data.weights_valid is not None
    assert np.array_equal(data.weights, weights[data.training_rows])
    assert np.array_equal(data.weights_valid, weights[data.validation_rows])


@pytest.mark.parametrize("loss", ["squared_error", "cross_entropy"])
def test_a_weighted_score_is_that_of_repeated_rows(loss: str) -> None:
    from dataclasses import replace

    x = RNG.normal(size=(12, 2))
    y = RNG.integers(0, 2, 12) if loss == "cross_entropy" else RNG.normal(size=(12, 1))
    net = SparseNetwork.of(
        SpectralNetwork.initialize([2, 2 if loss == "cross_entropy" else 1], parametrization="direct", seed=1)
    )
    counts = RNG.integers(1, 4, 12)
    once = Samples.of(x, y, loss, True, "float64")
    weighted = replace(once, weights=counts / counts.mean())
    repeated = once.part(np.repeat(np.arange(12), counts))
    assert np.average(values(weighted, net), weights=counts) == pytest.approx(values(repeated, net).mean(), rel=1e-6)


def test_a_balanced_search_finds_the_rare_class() -> None:
    """With 5 % of overlapping rare rows the unweighted search has no reason to name them."""
    rng = np.random.default_rng(3)
    x = np.concatenate([rng.normal(size=(285, 1)), rng.normal(1.5, 1, size=(15, 1))])
    y = np.repeat(["often", "rare"], [285, 15])
    settings: dict[str, Any] = {"hidden": 4, "sizes": (1,), "epochs": 20}
    plain = search(x, y, **settings).predict(x)
    balanced = search(x, y, class_weight="balanced", **settings).predict(x)
    assert (plain[y == "rare"] == "rare").mean() < 0.3
    assert (balanced[y == "rare"] == "rare").mean() > 0.6


def test_weights_count_in_a_search_for_regression() -> None:
    """Rows of a second line have next to no weight: the search finds the first."""
    x = np.linspace(-1, 1, 120)[:, None]
    y = np.where(np.arange(120) % 2, -x[:, 0], x[:, 0])
    weights = np.where(np.arange(120) % 2, 1e-4, 1.0)
    found = search(x, y, hidden=2, sizes=(1,), epochs=20, sample_weight=weights)
    assert np.allclose(np.ravel(found.predict([[0.5], [-0.5]])), [0.5, -0.5], atol=0.05)


@pytest.mark.parametrize("strategy", ["seed", "grow"])
def test_the_other_strategies_take_weights(strategy: str) -> None:
    x = np.linspace(-1, 1, 120)[:, None]
    y = np.where(np.arange(120) % 2, -x[:, 0], x[:, 0])
    weights = np.where(np.arange(120) % 2, 1e-4, 1.0)
    found = search(x, y, hidden=2, epochs=60, strategy=strategy, learning_rate=0.02, sample_weight=weights)
    assert np.allclose(np.ravel(found.predict([[0.5], [-0.5]])), [0.5, -0.5], atol=0.1)


def test_a_number_is_one_hidden_layer() -> None:
    x = RNG.normal(size=(60, 2))
    y = x[:, 0]
    one = search(x, y, hidden=3, sizes=(1,), epochs=5)
    assert one.network.widths == search(x, y, hidden=(3,), sizes=(1,), epochs=5).network.widths
    with pytest.raises(InvalidInputError, match="hidden"):
        search(x, y, hidden=0)
