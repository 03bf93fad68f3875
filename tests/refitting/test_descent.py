"""The way down through the sizes of a network."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_core.networks.sparse import SparseNetwork
from spectral_core.refitting import descent
from spectral_core.refitting.descent import Recipe, fit_down, train_down
from spectral_core.refitting.samples import Samples
from tests.builders import sparse_network, sparse_samples

LOSSES = ("squared_error", "cross_entropy")


def start_of(loss: str, widths: tuple[int, ...] = (5, 4, 3), rows: int = 40) -> tuple[SparseNetwork, Samples]:
    net = sparse_network(3, widths, density=0.8).cleaned()
    return net, sparse_samples(3, net, loss, rows=rows)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_stage_goes_down_geometrically_in_its_first_half(loss: str, monkeypatch: pytest.MonkeyPatch) -> None:
    net, samples = start_of(loss)
    steps, removals, begin, size, epochs = 0, [], net.n_products, 6, 30
    run, remove = descent.MaskedTraining.run, descent.remove

    def counted(self: Any, rows: np.ndarray, factors: np.ndarray) -> float:
        nonlocal steps
        steps += len(factors)
        assert len(rows) == 8 * len(factors)
        wanted = (1 + np.cos(np.pi * np.arange(steps - len(factors), steps) / 150)) / 2
        np.testing.assert_allclose(factors, wanted, atol=1e-12)
        return run(self, rows, factors)

    def noted(net: SparseNetwork, samples: Samples, count: int) -> SparseNetwork:
        removals.append((steps, count))
        return remove(net, samples, count)

    monkeypatch.setattr(descent.MaskedTraining, "run", counted)
    monkeypatch.setattr(descent, "remove", noted)
    recipe = Recipe(epochs=epochs, batch_size=8, minima_below=0)
    found = descent.train_to(net, samples, size, epochs, recipe, np.random.default_rng(0))
    assert steps == 150  # 5 mini-batches in each of 30 epochs
    assert found.n_products <= size
    assert [count for _, count in removals] == sorted((count for _, count in removals), reverse=True)
    for step, count in removals:
        assert count == round(begin * (size / begin) ** min(1, step / 75))
    assert removals[-1][1] == size
    assert removals[-1][0] <= 80
    assert samples.loss_of(found) < samples.loss_of(net)


@pytest.mark.parametrize("loss", LOSSES)
def test_every_size_gets_a_network_that_acts(loss: str) -> None:
    net, samples = start_of(loss)
    sizes = [1000, 20, 12, 8, 5, 3]
    recipe = Recipe(epochs=4, batch_size=8, minima_below=10)
    trained = train_down(net, samples, sizes, recipe, np.random.default_rng(0))
    assert [size for size, _ in trained] == [net.n_products, 20, 12]
    noted = fit_down(trained, samples, sizes, 1e-3, np.random.default_rng(0))
    assert [one.size for one in noted] == [net.n_products, 20, 12, 8, 5, 3]
    for one in noted:
        assert one.net.n_products <= one.size
        assert one.net.acting().all()
        assert np.isfinite(one.net.weights).all()
    for one in noted[2:]:
        penalty = 0.5e-3 * (one.net.weights[~one.net.biases] ** 2).sum()
        assert one.loss == pytest.approx(samples.loss_of(one.net) + penalty, rel=1e-9)
        gradient = samples.loss_and_gradient(one.net, one.net.weights)[1] + 1e-3 * one.net.weights * ~one.net.biases
        assert abs(gradient).max() < 0.02


def test_the_same_numbers_each_time() -> None:
    net, samples = start_of("cross_entropy", rows=60)
    recipe = Recipe(epochs=2, batch_size=8, minima_below=10)
    found = []
    for _ in range(2):
        rng = np.random.default_rng(4)
        trained = train_down(net, samples, [12, 5], recipe, rng)
        found.append(fit_down(trained, samples, [12, 5], 1e-3, rng))
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one.net.weights, other.net.weights)
        np.testing.assert_array_equal(one.net.senders, other.net.senders)


def test_a_start_that_is_not_polished_is_trained() -> None:
    """The linear start has weights 0, and predicts nothing until it is trained."""
    x = np.random.default_rng(0).normal(size=(60, 4))
    samples = Samples.of(x, x[:, :2] - x[:, 2:], "squared_error", True, "float64")
    start = SparseNetwork.sorted((5, 2), "relu", True, np.zeros(4), [0, 2, 1, 3], [5, 5, 6, 6])
    recipe = Recipe(epochs=100, batch_size=8, learning_rate=1e-2, minima_below=0)
    (_, trained), *_ = train_down(start, samples, [2], recipe, np.random.default_rng(0))
    assert samples.loss_of(trained) < 0.1 * samples.loss_of(start)


@pytest.mark.parametrize("density", [0.0, 1.0])
@pytest.mark.parametrize("widths", [(3, 1), (3, 2, 1)])
def test_networks_that_are_small_already(widths: tuple[int, ...], density: float) -> None:
    """No weight at all, one output, sizes beyond the network: every size is some network."""
    net = sparse_network(0, widths, density=density)
    samples = sparse_samples(0, net, rows=20)
    recipe = Recipe.of(samples, 8)
    trained = train_down(net, samples, [500, 2, 1, 0], recipe, np.random.default_rng(0))
    noted = fit_down(trained, samples, [500, 2, 1, 0], 1e-2, np.random.default_rng(0))
    assert [one.size for one in noted] == (sorted({net.n_products, 2, 1, 0}, reverse=True) if density else [0])
    assert all(np.isfinite(one.net.weights).all() for one in noted)
    assert noted[-1].net.n_products == 0


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10**6), st.sampled_from(LOSSES), st.integers(0, 4))
def test_no_network_is_in_a_worse_minimum_than_a_smaller_one(seed: int, loss: str, swaps: int) -> None:
    net = sparse_network(seed, (5, 4, 2), density=0.8).cleaned()
    samples = sparse_samples(seed, net, loss, rows=30)
    noted = fit_down(
        [(net.n_products, net)], samples, [15, 10, 6, 4, 3, 2, 1], 1e-3, np.random.default_rng(seed), swaps
    )
    losses = [one.loss for one in noted]
    assert all(larger <= smaller + 1e-9 for larger, smaller in pairwise(losses)), losses
    assert all(one.net.n_products <= one.size for one in noted)


def test_a_bad_minimum_is_left_from_below() -> None:
    """Two inputs of three matter; the network of two weights has lost one of them, that of one weight has not."""
    x = np.random.default_rng(0).normal(size=(60, 3))
    samples = Samples.of(x, 3 * x[:, :1] + x[:, 1:2], "squared_error", True, "float64")
    bad = SparseNetwork.sorted((4, 1), "relu", True, np.array([0.5, 0.5]), [1, 2], [4, 4])
    good = SparseNetwork.sorted((4, 1), "relu", True, np.array([3.0]), [0], [4])
    noted = [descent.Noted(size, net, samples.loss_of(net)) for size, net in ((2, bad), (1, good))]
    mended = descent._mended(noted, samples, (1e-9, 0), {(2, 1)}, np.random.default_rng(0))
    assert mended[1] is noted[1]
    assert mended[0].net.senders.tolist() == [0, 1]
    np.testing.assert_allclose(mended[0].net.weights, [3, 1], atol=1e-2)


def test_swaps_end_after_failures_one_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    net, samples = start_of("squared_error", rows=40)
    monkeypatch.setattr(descent, "SALIENCY_ROWS", 20)
    tried = []

    def unchanged(net: SparseNetwork, *rest: Any) -> SparseNetwork:
        tried.append(net)
        return net

    monkeypatch.setattr(descent, "grow", unchanged)
    monkeypatch.setattr(descent, "polish", lambda net, *rest: (net, 1.0))  # no swap lowers the loss
    descent.through_minima(net, samples, (net.n_products, 10), 1e-3, set(), np.random.default_rng(0))
    assert len(tried) == descent.SWAP_PATIENCE


def test_swaps_keep_what_is_better(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bad removal is found out: the swap brings the weight back that matters."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 4))
    samples = Samples.of(x, 3 * x[:, :1], "squared_error", True, "float64")
    net = SparseNetwork.sorted((5, 1), "relu", True, np.array([0.01, 1.0]), [1, 4], [5, 5])
    found, loss = descent.through_minima(net, samples, (1, 10), 1e-6, {(2, 1)}, rng)
    assert (found.senders.tolist(), found.n_products) == ([0, 4], 1)
    assert loss < 1e-4


def test_the_recipe_depends_on_the_number_of_samples() -> None:
    net = sparse_network(0, (3, 1))
    few, many = sparse_samples(0, net, rows=64), sparse_samples(0, net, rows=6400)
    assert Recipe.of(few, 32) == Recipe(500, 32, minima_below=15625)
    assert Recipe.of(many, 32) == Recipe(20, 32, minima_below=400)
    assert Recipe.of(sparse_samples(0, sparse_network(0, (3, 2)), "cross_entropy", rows=6400), 32).epochs == 5
    assert Recipe.of(few, 1000).epochs == 1000
