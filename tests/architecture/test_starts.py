"""Where the way down through the sizes starts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_core import SpectralNetwork
from spectral_core.architecture import starts
from spectral_core.architecture.starts import fresh_start, linear_start, random_start, woken_start
from spectral_core.refitting.samples import Samples
from tests.builders import sparse_network, sparse_samples, weights_of


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.booleans(), st.sampled_from(["squared_error", "cross_entropy"]), st.integers(1, 3))
def test_weights_that_cannot_matter_go(seed: int, bias: bool, loss: str, outputs: int) -> None:
    """The outputs on the data stay; of two classes their difference does."""
    net = sparse_network(seed, (4, 3, outputs), "tanh", bias, 0.8)
    samples = sparse_samples(seed, net, loss)
    x = samples.x_rows.copy()
    x[0], x[1] = 0.0, (0.5 if seed % 2 else x[1])  # one or two inputs do not vary
    samples = replace(samples, x_rows=x)
    found = starts._identified(net, samples)
    before, after = (weights_of(one).output(one.weights, x) for one in (net, found))
    if loss == "cross_entropy" and outputs == 2:
        assert not (found.receivers == found.n_neurons - 2).any()
        before, after = before[:, 1] - before[:, 0], after[:, 1] - after[:, 0]
    np.testing.assert_allclose(after, before, rtol=0, atol=1e-12)
    assert not (found.senders == 0).any()
    if bias and seed % 2:
        assert not (found.senders == 1).any()


@pytest.mark.parametrize("bias", [True, False])
def test_the_linear_start_joins_every_input_that_varies(bias: bool) -> None:
    x = np.array([[1.0, 5.0, 0.0], [2.0, 5.0, 1.0], [3.0, 5.0, 0.0]])
    samples = Samples.of(x, np.zeros((3, 2)), "squared_error", bias)
    net = linear_start((3 + bias, 4, 2), "relu", bias, samples)
    # Without biases a constant input takes their place.
    assert net.senders.tolist() == ([0, 2, 3] * 2 if bias else [0, 1, 2] * 2)
    assert net.weights.tolist() == [0.0] * 6
    assert net.weights.dtype == "float32"
    assert len(net.live) == 0


def test_the_woken_start_has_the_neurons_of_greatest_score(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starts, "SMALL_START", 2)
    blocks = {
        (2, 1): np.array([[1.0, 2.0], [0.1, 0.1], [2.0, 2.0], [0.0, 0.0]]),
        (3, 2): np.array([[1.0, 1.0, 1.0, 9.0]]),
    }
    spectral = SpectralNetwork(blocks=blocks, activation="relu", bias=True, parametrization="direct", dtype="float64")
    samples = Samples.of(np.array([[1.0], [2.0]]), np.zeros((2, 1)), "squared_error", True, "float64")
    net = woken_start(spectral, samples)
    assert net.live.tolist() == [2, 4]
    same = SpectralNetwork(
        blocks={(2, 1): blocks[2, 1] * np.array([[1], [0], [1], [0]]), (3, 2): blocks[3, 2]},
        activation="relu", bias=True, parametrization="direct", dtype="float64",
    )  # fmt: skip
    np.testing.assert_allclose(samples.forward(net), same.forward(samples.x_rows[:1].T))


def test_a_random_start_joins_all_its_neurons() -> None:
    net = random_start((3, 5, 4, 2), (3, 1), "tanh", np.random.default_rng(0))
    used = [[0, 1, 2], [3, 4, 5], [8], [12, 13]]
    wanted = {(r, s) for i, layer in enumerate(used) for r in layer for j in range(i) for s in used[j]}
    assert set(zip(net.receivers.tolist(), net.senders.tolist(), strict=True)) == wanted
    assert len(net.weights) == len(wanted)
    assert net.live.tolist() == [3, 4, 5, 8]
    many = random_start((100, 90, 1), (90,), "tanh", np.random.default_rng(0))
    for neuron, width in ((slice(100, 190), 100), (slice(190, 191), 190)):
        here = (many.receivers >= neuron.start) & (many.receivers < neuron.stop)
        assert many.weights[here].std() == pytest.approx(1 / np.sqrt(width), rel=0.15)


def test_a_fresh_start_has_the_weights_of_the_woken_one() -> None:
    net = random_start((200, 40, 3), (40,), "tanh", np.random.default_rng(0))
    fresh = fresh_start(net, np.random.default_rng(1))
    np.testing.assert_array_equal(fresh.senders, net.senders)
    np.testing.assert_array_equal(fresh.receivers, net.receivers)
    hidden = fresh.weights[fresh.receivers < net.n_neurons - 3]
    assert abs(hidden.mean()) < 0.01
    assert abs(hidden.std() * np.sqrt(200) - 1) < 0.05
    assert abs(np.corrcoef(fresh.weights, net.weights)[0, 1]) < 0.1
