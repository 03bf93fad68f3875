"""The curve of a search: its sizes, its errors, the constant beside it, and its networks on all rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_core import InvalidInputError, search
from spectral_core.architecture import smallest, starts, variants
from spectral_core.architecture.criterion import Criterion
from spectral_core.architecture.curve import CurvePoint, Judged
from spectral_core.architecture.judgements import Judgements, constant_values
from spectral_core.architecture.options import SearchOptions
from spectral_core.architecture.variants import Trainings, Variant
from spectral_core.data.preparation import prepare
from spectral_core.networks.sparse import SparseNetwork
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.refitting.descent import Recipe, fit_down, train_down
from spectral_core.refitting.samples import Samples
from tests.builders import sparse_network, sparse_samples

QUICK = {"hidden": (6,), "epochs": 5, "seed": 0}


def kink(rows: int = 120) -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(0).uniform(-1, 1, (rows, 2))
    return x, x[:, 0] - 2 * x[:, 1] + np.maximum(x[:, 0] + x[:, 1], 0)


def test_the_fewest_neurons_do_not_take_the_other_sizes_away() -> None:
    """The search for the fewest neurons fits exactly, and has one size."""
    x, y = kink()
    found = search(x, y, **QUICK)
    assert found.curve is not None
    assert found.curve[found.curve.chosen].start == "neurons"
    assert found.report.weights == 5
    assert found.at(weights=3).network.n_weights <= 4
    wanted = search(x, y, sizes=(2, 3, 10), **QUICK).curve
    assert wanted is not None
    assert {2, 3} & {point.weights for point in wanted}
    assert search(x, y, operations=4, **QUICK).compact.n_weights <= 5


def test_where_no_other_way_is_tried_none_stays() -> None:
    judged = {Variant("neurons", 0.0): [[Judged(5, np.ones(4), 0)]]}
    assert smallest._promising(judged) == list(judged)


@pytest.mark.parametrize("labels", [False, True])
def test_a_start_of_another_size_on_all_rows(labels: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """More rows keep more neurons, so a search at that border compares starts of two sizes."""
    monkeypatch.setattr(starts, "FEW_ROWS", 100)
    monkeypatch.setattr(starts, "SMALL_START", 3)
    begun: list[tuple[int, int]] = []

    def noted(net: SpectralNetwork, samples: Samples, *rows: int) -> SparseNetwork:
        start = starts.woken_start(net, samples, *rows)
        begun.append((len(samples), len(start.live)))
        return start

    monkeypatch.setattr(variants, "woken_start", noted)
    x = np.random.default_rng(0).normal(size=(110, 4))
    y = np.sin(2 * x[:, 0]) * x[:, 1] + 0.1 * np.random.default_rng(1).normal(size=110)
    found = search(x, (y > 0).astype(int) if labels else y, **QUICK)
    assert found.curve is not None
    assert len(found.curve) == len(found.at_sizes)
    assert {rows for rows, _ in begun} == {88, 110}
    assert {neurons for _, neurons in begun} == {3}


def test_starts_that_no_two_splits_share() -> None:
    """A feature that varies in some splits alone gives them starts of other sizes; the largest networks count together."""
    good, bad = np.array([1.0, 1.0, 0.0]), np.array([0.0, 1.0, 0.0])
    judged = {Variant("woken", 0.1): [[Judged(7, good, 0), Judged(3, bad, 0)], [Judged(8, bad, 0)]]}
    assert smallest._promising(judged) == list(judged)
    (size,) = smallest._envelope(judged)
    assert (size.size, size.rows.tolist()) == (8, [*good, *bad])


def test_a_feature_that_varies_on_the_validation_rows_alone() -> None:
    """Its weights are there on all rows only; the linear start has more of them than any that was judged."""
    rng = np.random.default_rng(0)
    x, judging = rng.normal(size=(40, 9)), rng.normal(size=(30, 9))
    x[:, 8] = 1.0
    given = {"standardize": False, "validation_data": (judging, judging[:, :8].sum(axis=1)), "hidden": ()}
    found = search(x, x[:, :8].sum(axis=1), **QUICK | given)
    assert found.curve is not None
    assert found.curve[found.curve.chosen].score > 0.99
    assert 8 in [point.weights for point in found.curve]  # the size that was judged, which the usual sizes have not


@given(st.integers(0, 10**6), st.sampled_from(["cross_entropy", "squared_error", "binary_cross_entropy"]))
@settings(max_examples=30)
def test_no_constant_has_a_greater_score(seed: int, loss: str) -> None:
    """Each class, each set of labels, or many numbers as the constant, with weights."""
    samples = sparse_samples(seed, sparse_network(seed, (3, 2, 2)), loss, rows=12)
    weights = np.random.default_rng(seed).uniform(0.5, 2, 12).astype(samples.x_rows.dtype)
    samples = Samples(samples.x_rows, samples.y, samples.labels, weights, loss, 0.0, samples.bias)
    share, found = weights / weights.sum(), np.average(constant_values(samples), axis=0, weights=weights).mean()
    if loss == "cross_entropy":
        best = max(share[samples.labels == label].sum() for label in range(2))
    elif loss == "squared_error":
        best = 0.0
    else:
        best = max(share[(samples.y == row).all(axis=1)].sum() for row in samples.y)
    assert found == pytest.approx(best, abs=1e-6)


def test_a_point_has_the_error_of_its_score(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smallest, "SPLITS", ())
    x, y = kink()
    noise = np.random.default_rng(1).normal(size=len(y))  # the best size is not perfect either
    found = search(x, (y + noise > 0.2).astype(int), **QUICK)
    assert found.curve is not None
    for point in found.curve:  # 24 judging rows
        assert point.score_error == pytest.approx(np.sqrt(point.score * (1 - point.score) / 23))
    rows = np.array([1.0, 0.0, 1.0, 1.0])
    assert Judged(1, rows, 0).error == pytest.approx(np.sqrt(0.25 / 4))
    assert Judged(1, rows[:1], 0).error == 0


def test_weights_that_stayed_0_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    networks = Trainings.networks

    def with_a_zero(self: Trainings, *given: object) -> object:
        found = networks(self, *given)  # type: ignore[arg-type]
        for sized in found.values():
            for size, net in sized.items():
                sized[size] = net.with_weights(np.where(np.arange(len(net.weights)) == 0, 0, net.weights))
        return found

    monkeypatch.setattr(Trainings, "networks", with_a_zero)
    monkeypatch.setattr(Trainings, "variants", lambda *_: [Variant("linear", 1e-2)])
    found = search(*kink(60), **QUICK)
    assert found.curve is not None
    assert [p.weights + p.biases for p in found.curve] == [one.network.n_weights for one in found.at_sizes]
    assert found.curve[-1].weights == 1


def test_of_equal_numbers_of_weights_the_better_point_stays() -> None:
    points = [
        CurvePoint(weights, 1, 0, 0, 8, score, 0.0, start, 0.0)
        for weights, score, start in ((10, 0.5, "woken"), (4, 0.4, "linear"), (10, 0.7, "neurons"), (20, 0.7, "woken"))
    ]
    curve, order = smallest._ordered(points, best=3, chosen=0)
    assert order == [1, 2, 3]
    assert (curve.best, curve.chosen) == (2, 1)
    assert curve.at(weights=10).start == "neurons"


def test_what_is_judged_is_trained_alike_on_all_rows() -> None:
    """Epochs and mini-batches are those of the rows that fit the first split."""
    x, y = kink(100)
    options = SearchOptions(**QUICK | {"epochs": 10**6})
    trainings = Trainings(prepare(x, y, "auto", None, 0.2, True, 0), options)
    assert (trainings.rows, trainings.batch_size, trainings.epochs) == (80, 32, 1200)
    everything = sparse_samples(0, sparse_network(0, (3, 2)), "squared_error", rows=100)
    assert Recipe.of(everything, 32, 80) == Recipe(400, 32, minima_below=12500)


def test_every_training_of_a_search_has_one_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those on all rows too: as many passes, and minima from the same size on."""
    recipes, train_down = [], variants.train_down

    def noted(start: object, samples: Samples, sizes: object, recipe: Recipe, rng: object) -> object:
        recipes.append((len(samples), recipe))
        return train_down(start, samples, sizes, recipe, rng)  # type: ignore[arg-type]

    monkeypatch.setattr(variants, "train_down", noted)
    x, y = kink(100)
    search(x, np.sin(3 * y), **QUICK)
    assert {rows for rows, _ in recipes} == {80, 100}
    assert len({recipe for _, recipe in recipes}) == 1


def test_an_empty_network_grows_back() -> None:
    """A removal down to one weight can leave none; a swap brings one."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 4))
    samples = Samples.of(x, x[:, [0]] - x[:, [1]], "squared_error", True)
    start = starts.linear_start((5, 1), "relu", True, samples)
    empty = start.keep(start.biases)
    assert empty.n_products == 0
    recipe = Recipe.of(samples, 32)
    trained = train_down(start, samples, [1], recipe, rng)
    noted = fit_down([(4, start.with_weights(np.zeros(len(start.weights))))], samples, [1], 1e-3, rng)
    assert [one.net.n_products for one in noted][-1] == 1
    assert len(trained) == 1


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_a_tolerance_is_a_share_of_the_variance(scale: float) -> None:
    """Also of targets that are not standardised."""
    net = sparse_network(3, (3, 2, 1), dtype="float64")
    samples = sparse_samples(3, net, "squared_error", rows=40)
    samples = Samples(samples.x_rows, samples.y * scale, samples.labels, samples.weights, samples.loss)
    criterion = Criterion(samples, 0.01, hard=True)
    variance = float(samples.y.var())
    assert criterion.enough == pytest.approx(1e-4 * variance)
    assert criterion.score(net, 0.009 * variance) == criterion.score(net, 0.0)
    assert criterion.score(net, 0.011 * variance) > criterion.score(net, 0.0)


def test_a_tolerance_of_classes_needs_a_curve() -> None:
    x, y = kink(60)
    with pytest.raises(InvalidInputError, match="tolerance is a share of the variance of the targets"):
        search(x, (y > 0).astype(int), tolerance=0.1, strategy="neurons", **QUICK)


def test_another_split_of_the_same_rows_is_another_search(tmp_path: Path) -> None:
    """Judgements that an interrupted search has left are those of its own validation rows."""
    x, y = kink(60)
    found = []
    for fitted in (40, 30):
        data = prepare(x[:fitted], y[:fitted], "auto", (x[fitted:], y[fitted:]), 0.2, False, 0)
        everything = smallest._all_samples(data, SearchOptions(**QUICK))
        trainings = Trainings(data, SearchOptions(**QUICK))
        found.append(Judgements(trainings, everything, smallest.Stores(None)).identity)
    assert found[0] != found[1]
