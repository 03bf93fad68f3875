"""Mini-batch training of networks that lose weights, compared with the loop of the paper and a mask."""

from __future__ import annotations

import weakref
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_core.kernels.tables import ZERO_AT_ZERO
from spectral_core.networks.sparse import SparseNetwork
from spectral_core.refitting.masked import MaskedTraining, contiguous_runs, flat_places
from spectral_core.refitting.removal import remove
from spectral_core.refitting.samples import Samples
from spectral_core.training.options import StepOptions
from tests import oracles
from tests.builders import sparse_network, sparse_samples, wanted_of, weights_of

CHECK = settings(deadline=None, max_examples=15)
SEEDS = st.integers(0, 10**6)
BATCH, RATE = 3, 0.05


class Loop:
    """Adam (Kingma and Ba, algorithm 1) on the weights that there are; what goes takes its moments with it."""

    def __init__(self, net: SparseNetwork, samples: Samples, smoothing: float) -> None:
        self.net, self.samples, self.smoothing, self.t = net, samples, smoothing, 0
        self.theta, self.m, self.v = (
            {key: float(value) for key, value in zip(self.keys(net), values, strict=True)}
            for values in (net.weights, 0 * net.weights, 0 * net.weights)
        )

    def keys(self, net: SparseNetwork) -> list[tuple[int, int]]:
        return list(zip(net.receivers.tolist(), net.senders.tolist(), strict=True))

    def run(self, rows: np.ndarray, factors: np.ndarray) -> None:
        for number, factor in enumerate(factors):
            batch = self.samples.part(rows[number * BATCH : (number + 1) * BATCH])
            graph, keys = weights_of(self.net), self.keys(self.net)
            data = (batch.x_rows, wanted_of(batch), batch.loss, batch.weights, self.smoothing)

            def loss(weights: np.ndarray, graph: oracles.Weights = graph, data: tuple[Any, ...] = data) -> Any:
                return graph.loss(weights, *data)

            slope = oracles.gradient(loss, np.array([self.theta[key] for key in keys]))
            self.t += 1
            for key, g in zip(keys, slope, strict=True):
                self.m[key] = 0.9 * self.m[key] + 0.1 * g
                self.v[key] = 0.999 * self.v[key] + 0.001 * g * g
                m, v = self.m[key] / (1 - 0.9**self.t), self.v[key] / (1 - 0.999**self.t)
                self.theta[key] -= RATE * factor * m / (np.sqrt(v) + 1e-8)

    def exchange(self, net: SparseNetwork) -> None:
        self.net = net
        for key, weight in zip(self.keys(net), net.weights, strict=True):
            self.theta[key] = float(weight)
            self.m.setdefault(key, 0.0)
            self.v.setdefault(key, 0.0)


@CHECK
@given(
    SEEDS, st.sampled_from([(3, 3, 2), (3, 2, 2, 2), (2, 2)]), st.sampled_from(ZERO_AT_ZERO), st.booleans(),
    st.sampled_from(oracles.LOSSES), st.sampled_from([0.0, 0.2]),
)  # fmt: skip
def test_the_training_is_that_of_the_paper_with_a_mask(
    seed: int, widths: tuple[int, ...], activation: str, bias: bool, loss: str, smoothing: float
) -> None:
    smoothing = smoothing if loss in ("cross_entropy", "binary_cross_entropy") else 0.0
    net = sparse_network(seed, widths, activation, bias, 0.7).cleaned()
    samples = sparse_samples(seed, net, loss, weighted=True)
    options = StepOptions(batch_size=BATCH, learning_rate=RATE, label_smoothing=smoothing)
    training, loop = MaskedTraining(net, samples, options), Loop(net, samples, smoothing)
    rng = np.random.default_rng(seed)
    for size in (5, 2, 0):
        rows, factors = rng.permutation(len(samples)), np.array([1.0, 0.5, 0.75])
        training.run(rows, factors)
        loop.run(rows, factors)
        now = training.net
        np.testing.assert_allclose(now.weights, [loop.theta[key] for key in loop.keys(now)], rtol=1e-6, atol=1e-8)
        smaller = remove(now, samples, size)
        training.exchange(smaller)
        loop.exchange(smaller)
        np.testing.assert_array_equal(training.net.weights, smaller.weights)
        assert training.net.n_products <= size
    training.run(rng.permutation(len(samples)), np.ones(3))
    assert training.net.n_products == 0


@pytest.mark.parametrize("bias", [True, False])
def test_a_network_without_weights_can_be_trained(bias: bool) -> None:
    net = sparse_network(0, (3, 2, 2), bias=bias, density=0.0, dtype="float32")
    samples = sparse_samples(0, net)
    training = MaskedTraining(net, samples, StepOptions(batch_size=BATCH))
    assert training.run(np.arange(9), np.ones(3)) == pytest.approx(samples.loss_of(net), rel=1e-5)
    training.exchange(net)
    assert len(training.net.weights) == 0


def test_a_removed_weight_that_returns_begins_anew() -> None:
    net = sparse_network(4, (3, 2, 1), density=1.0)
    samples = sparse_samples(4, net)
    training = MaskedTraining(net, samples, StepOptions(batch_size=BATCH))
    training.run(np.arange(9), np.ones(3))
    whole = training.net
    moments = training._stepper.first_moment[training._places].copy()
    training.exchange(whole.keep(np.arange(len(whole.weights)) != 2))
    training.exchange(training.net.with_more(whole.senders[2:3], whole.receivers[2:3]))
    moments[2] = 0
    np.testing.assert_array_equal(training.first_moment, moments)


@CHECK
@given(SEEDS, st.booleans())
def test_the_flat_places_are_those_of_the_dense_network(seed: int, bias: bool) -> None:
    net = sparse_network(seed, (3, 2, 3, 2), bias=bias, density=0.5)
    direct = net.direct()
    np.testing.assert_array_equal(direct.parameters[flat_places(net, direct.layout)], net.weights)


@CHECK
@given(st.sets(st.integers(0, 30)))
def test_runs_of_neighbours(places: set[int]) -> None:
    runs = contiguous_runs(np.array(sorted(places, reverse=True), np.int64))
    assert [place for start, stop in runs for place in range(start, stop)] == sorted(places)
    assert all(one[1] < other[0] for one, other in pairwise(runs))


def test_the_inputs_of_many_samples_are_copied_sample_by_sample() -> None:
    samples = sparse_samples(0, sparse_network(0, (5, 2)), "squared_error", rows=2500)
    inputs = np.array([0, 2, 3])
    np.testing.assert_array_equal(samples.by_sample(inputs), samples.x_rows[inputs].T)
    assert samples.by_sample(inputs).flags.c_contiguous


def test_trainings_share_the_copy_of_their_inputs_while_one_of_them_lives() -> None:
    samples = Samples.of(np.arange(12.0).reshape(4, 3), np.zeros((4, 1)), "squared_error", True)
    inputs = np.array([0, 2])
    first = samples.by_sample(inputs)
    assert samples.by_sample(inputs) is first
    assert samples.by_sample(np.array([0, 1])) is not first
    alive = weakref.ref(first)
    del first
    assert alive() is None
    given = {name: np.arange(12, dtype=name).reshape(4, 3) for name in ("float32", "float64")}
    for name, table in given.items():
        samples.share(table)
        assert np.shares_memory(samples.by_sample(np.arange(3)), table) == (name == "float32")
