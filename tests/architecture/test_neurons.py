"""The search for the fewest neurons: its criterion, its candidates, the gain of a neuron, and targets of known size."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spectral_core.architecture import neurons
from spectral_core.architecture.criterion import Criterion
from spectral_core.architecture.neurons import NeuronSearch, fewest_neurons
from spectral_core.networks.sparse import SparseNetwork
from spectral_core.refitting.levenberg_marquardt import Fit
from spectral_core.refitting.output_weights import refit
from spectral_core.refitting.samples import Samples
from tests import oracles
from tests.builders import sparse_network, sparse_samples, weights_of

CHECK = settings(deadline=None, max_examples=20)


def samples_of(x: np.ndarray, y: np.ndarray, bias: bool = True, loss: str = "squared_error") -> Samples:
    return Samples.of(x, y, loss, bias, "float64")


def search_of(
    samples: Samples, widths: tuple[int, ...], activation: str = "relu", seed: int = 0, **options: object
) -> NeuronSearch:
    return NeuronSearch(samples, Criterion(samples), widths, activation, np.random.default_rng(seed), **options)  # type: ignore[arg-type]


def kinks(x: np.ndarray, places: tuple[float, ...]) -> np.ndarray:
    return np.sum([np.maximum(x - place, 0) * (-1) ** i * 3 for i, place in enumerate(places)], axis=0) + x


@pytest.mark.parametrize(("activation", "free"), [("relu", 1), ("tanh", 0)])
def test_the_score_is_bic_with_a_floor(activation: str, free: int) -> None:
    """log n for every weight; a relu neuron has one number less, as its scale is free."""
    net = SparseNetwork.sorted((2, 1, 2), activation, True, np.ones(5), [0, 1, 2, 2, 1], [2, 2, 3, 4, 4])
    samples = samples_of(np.arange(6.0)[:, None], np.zeros((6, 2)))
    n, p = 6, 5 - free
    assert Criterion(samples, 0.1).score(net, 0.3) == pytest.approx(2 * n * np.log(0.4) + p * np.log(n))
    assert Criterion(samples, 0.1, hard=True).score(net, 0.3) == pytest.approx(2 * n * np.log(0.3) + p * np.log(n))
    assert Criterion(samples, 0.1, hard=True).score(net, 0.01) == pytest.approx(2 * n * np.log(0.1) + p * np.log(n))
    labelled = samples_of(np.arange(6.0)[:, None], np.array([0, 1] * 3), loss="cross_entropy")
    assert Criterion(labelled).score(net, 0.3) == pytest.approx(2 * n * 0.3 + p * np.log(n))
    assert Criterion(labelled).enough == 0
    assert Criterion(samples, 0.1).enough == pytest.approx(0.001)


def test_samples_of_little_weight_count_little() -> None:
    """Nearly no weight is no weight; equal weights count as none."""
    samples = samples_of(np.arange(8.0)[:, None], np.zeros((8, 1)))
    few = replace(samples, weights=np.array([1.0] * 3 + [1e-9] * 5))
    assert Criterion(few).count == pytest.approx(3)
    assert Criterion(replace(samples, weights=np.full(8, 0.3))).count == pytest.approx(8)
    assert Criterion(samples).count == 8
    net = SparseNetwork.sorted((2, 1, 1), "tanh", True, np.ones(3), [0, 1, 2], [2, 2, 3])
    assert Criterion(few, 0.1).score(net, 0.3) == pytest.approx(3 * np.log(0.4) + 3 * np.log(3))


@CHECK
@example(73, "relu", 1)  # a plane through an outermost point, where relu gives rounding alone
@given(st.integers(0, 10**6), st.sampled_from(["relu", "tanh"]), st.integers(1, 2))
def test_a_new_neuron_has_the_gain_of_its_refit(seed: int, activation: str, outputs: int) -> None:
    """Of all candidates it lowers the squared error most when the output's weights are refitted."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(40, 2))
    samples = samples_of(x, rng.normal(size=(40, outputs)))
    search = search_of(samples, (3, 4, outputs), activation, seed)
    net = search.best.net
    state = search.rng.bit_generator.state
    search._layer_to_grow(net)
    rows = search.candidates(samples.x_rows)
    search.rng.bit_generator.state = state
    grown = search._with_neuron(net)
    assert grown is not None
    losses = []
    for row in rows:
        column = oracles.activation(activation, row @ samples.x_rows)
        column = np.where(abs(column).max() > 1e-8, column, 0)
        basis = np.vstack([samples.x_rows, column]).T
        solution = np.linalg.lstsq(basis, samples.y, rcond=None)[0]
        losses.append(((basis @ solution - samples.y) ** 2).mean())
    assert samples.loss_of(refit(grown, samples)) == pytest.approx(min(losses), rel=1e-6)
    assert abs(rows - grown.weights[grown.receivers == grown.live[0]]).max(axis=1).min() < 1e-12


@CHECK
@given(st.integers(0, 10**6), st.sampled_from(oracles.LOSSES))
def test_a_new_neuron_lowers_every_loss(seed: int, loss: str) -> None:
    """-∂ℓ/∂z of the sum, against differences; and a short step along the new neuron's outgoing weights goes down."""
    net = sparse_network(seed, (3, 2), "tanh", density=1.0)
    samples = sparse_samples(seed, net, loss, rows=20)
    search = search_of(samples, (3, 4, 2), "tanh", seed)
    wide = search.best.net
    residual = search._residual(wide, samples.activations(wide))
    wanted = samples.labels if loss == "cross_entropy" else samples.y
    output = weights_of(wide).output(wide.weights, samples.x_rows)
    slope = oracles.gradient(lambda z: oracles.loss(loss, z.reshape(20, 2), wanted, np.ones(20)), output.ravel())
    factor = 20 if loss != "squared_error" else 20 * 2 / 2
    np.testing.assert_allclose(residual.T.ravel(), -factor * slope, rtol=0, atol=1e-9)
    grown = search._with_neuron(wide)
    if grown is not None and abs(residual).max() > 1e-3:
        outgoing = np.isin(grown.senders, grown.live)
        small = grown.with_weights(np.where(outgoing, 1e-4 * grown.weights, grown.weights))
        assert samples.loss_of(small) <= samples.loss_of(wide) + 1e-12


@pytest.mark.parametrize("bias", [True, False])
def test_candidates_go_through_data_points(bias: bool) -> None:
    """The plane of a candidate meets a data point, and its values on the data have the mean square 1; proposals come last."""
    rng = np.random.default_rng(0)
    x = np.hstack([rng.normal(size=(30, 2)), np.full((30, 1), 0.1)])
    samples = samples_of(x, rng.normal(size=(30, 1)), bias)
    proposal = np.array([[1.0, 2.0, 0.0] + [0.5] * bias])
    search = search_of(samples, (3 + bias, 4, 1), proposals=proposal)
    rows = search.candidates(samples.x_rows)
    values = rows @ samples.x_rows
    np.testing.assert_allclose((values**2).mean(axis=1), 1)
    assert np.isfinite(rows).all()
    assert not rows[:-1, 2].any()  # 0.1 does not vary, whatever rounding its deviation has
    np.testing.assert_allclose(rows[-1] / rows[-1, 0], proposal[0])
    if bias:
        assert abs(values[:-1]).min(axis=1).max() < 1e-12
    else:
        assert rows[:-1, 1].any()


def test_inputs_that_do_not_vary_give_a_constant() -> None:
    samples = samples_of(np.full((20, 2), 0.3), np.arange(20.0)[:, None])
    net = search_of(samples, (3, 4, 1)).run()
    assert len(net.live) == 0
    np.testing.assert_allclose(samples.forward(net), 9.5, rtol=1e-6)


@pytest.mark.parametrize("places", [(), (0.3,), (-0.4, 0.2), (-1.0, 0.0, 0.8)])
def test_one_neuron_for_each_kink(places: tuple[float, ...]) -> None:
    rng = np.random.default_rng(1)
    x = rng.uniform(-2, 2, (200, 2))  # the second input does not matter
    y = kinks(x[:, :1], places)
    samples = samples_of(x, (y - y.mean()) / y.std())
    net = fewest_neurons(samples, Criterion(samples), (3, 8, 1), "relu", (0,))
    assert len(net.live) == len(places)
    assert not (net.senders == 1).any()
    assert samples.loss_of(net) < 1e-8


def test_without_a_constant_neuron_no_bias_is_made_up() -> None:
    """The last input is an input like all others."""
    rng = np.random.default_rng(1)
    x = np.hstack([rng.normal(size=(150, 2)), np.ones((150, 1))])  # a column of ones is no constant neuron either
    y = 2 * np.maximum(x[:, :1] - x[:, 1:2], 0) - x[:, :1]
    samples = samples_of(x, y / y.std(), bias=False)
    net = fewest_neurons(samples, Criterion(samples), (3, 5, 1), "relu", (0,))
    assert not net.bias
    assert len(net.live) == 1
    assert samples.loss_of(net) < 1e-8


def test_no_place_is_left_and_no_hidden_layer_is_there() -> None:
    rng = np.random.default_rng(1)
    x = rng.uniform(-2, 2, (100, 1))
    samples = samples_of(x, kinks(x, (-1.0, 0.0, 1.0)))
    assert len(search_of(samples, (2, 1, 1)).run().live) <= 1
    linear = search_of(samples, (2, 1)).run()
    assert samples.loss_of(linear) == pytest.approx(samples.loss_of(refit(linear, samples)))


def test_inputs_that_say_nothing_all_go() -> None:
    """Targets at right angles to every input, without a constant: no weight at all is left."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 3)), rng.normal(size=(60, 1))
    samples = samples_of(x, y - x @ np.linalg.lstsq(x, y, rcond=None)[0], bias=False)
    assert len(search_of(samples, (3, 1)).run().weights) == 0


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_a_neuron_reads_only_the_inputs_that_it_needs(seed: int, noise: float) -> None:
    """Two neurons with three products in, not six; with the other sign a neuron needs a larger linear part."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, (400, 3))
    exact = x[:, :1] - 2 * np.maximum(x[:, :1] + x[:, 1:2] - 0.2, 0) + 1.5 * np.maximum(x[:, 2:] + 0.3, 0)
    samples = samples_of(x, exact + noise * rng.normal(size=exact.shape))
    search = search_of(samples, (4, 8, 1), seed=seed)
    search.shrink(search.grow())
    search.remove_inputs()
    before, score = search.best.net, search.best_score
    search.remove_weights()
    net = search.best.net
    assert len(net.live) == len(before.live) == 2
    assert ((net.receivers < net.n_neurons - 1) & ~net.biases).sum() == 3
    assert net.n_products <= 8 < before.n_products
    assert search.best_score < score
    assert search.best_score == pytest.approx(search.criterion.score(net, samples.loss_of(net)))
    assert samples_of(x, exact).loss_of(net) < max(1e-8, 0.2 * noise**2)
    assert fewest_neurons(samples, Criterion(samples), (4, 8, 1), "relu", (seed,)).n_products <= 8


def test_of_several_starts_the_one_of_least_score_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two hidden layers; each round has random networks of its own, and all of them are shrunk."""
    monkeypatch.setattr(neurons, "DEEP_STARTS", (2, 3))
    x = np.random.default_rng(0).normal(size=(80, 2))
    y = np.maximum(np.maximum(x[:, :1], 0) - np.maximum(x[:, 1:], 0) - 0.3, 0)
    samples, given, scores = samples_of(x, y / y.std()), [], []
    shrink = NeuronSearch.shrink

    def spied(self: NeuronSearch, state: Fit) -> None:
        given.append(state.net.weights.tobytes())
        shrink(self, state)
        scores.append(self.best_score)

    monkeypatch.setattr(NeuronSearch, "shrink", spied)
    criterion = Criterion(samples)
    net = fewest_neurons(samples, criterion, (3, 4, 3, 1), "relu", (0,), rounds=2)
    assert len(set(given)) == 4
    assert criterion.score(net, samples.loss_of(net)) <= min(scores) + 1e-6 * abs(min(scores))
    once = fewest_neurons(samples, criterion, (3, 4, 3, 1), "relu", (0,))
    assert len(given) == 6
    assert set(given[4:]) < set(given[:4]), "the first round is always the same"
    assert criterion.score(net, samples.loss_of(net)) <= criterion.score(once, samples.loss_of(once)) + 1e-6


def test_a_weight_that_is_needed_stays() -> None:
    x = np.random.default_rng(0).normal(size=(100, 3))
    samples = samples_of(x, x @ np.array([[1.0], [2.0], [3.0]]))
    search = search_of(samples, (4, 2, 1))
    search.remove_weights()
    assert search.best.net.n_products == 3
    nothing = search_of(samples_of(x, np.zeros((100, 1))), (4, 2, 1))
    nothing.remove_weights()
    assert nothing.best.net.n_products == 0
