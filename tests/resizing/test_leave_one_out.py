"""The ranking `leave_one_out` against least squares solved anew for every removal."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_core import SpectralNetwork, prune
from spectral_core.networks.layer_values import layer_values, with_constant
from spectral_core.resizing.output_losses import curvatures
from spectral_core.resizing.rankings import neuron_scores
from tests.builders import random_network

CHECK = settings(deadline=None, max_examples=25)


def error_without(
    net: SpectralNetwork, x: np.ndarray, layer: int, gone: list[int], loss: str, every: bool = False
) -> float:
    """The least weighted squares, over all receivers of a layer, of what the senders left cannot express.

    `every` layer before a receiver sends, or those that do so in the network.
    """
    blocks = net.transfer_blocks()
    z, values = layer_values(blocks, net.widths, net.activation, with_constant(x, net.widths[0]))
    # An error of a receiver counts by its squared paths to the outputs.
    counting = {net.n_layers: np.ones(net.widths[-1])}
    for i in range(net.n_layers - 1, layer, -1):
        behind = [k for k in range(i + 1, net.n_layers + 1) if (k, i) in blocks]
        counting[i] = np.sum([np.square(blocks[k, i]).T @ counting[k] for k in behind], axis=0)
    total = 0.0
    for i in range(layer + 1, net.n_layers + 1):
        if (i, layer) not in blocks:
            continue
        left = [h for h in range(net.widths[layer - 1]) if h not in gone]
        sending = [j for j in range(1, i) if every or (i, j) in blocks]
        senders = [values[j - 1][:, left] if j == layer else values[j - 1] for j in sending]
        stacked = np.hstack(senders)
        wanted = np.sum([values[j - 1] @ blocks[i, j].T for j in range(1, i) if (i, j) in blocks], axis=0)
        weights = curvatures(z[-1], loss) if i == net.n_layers else np.ones_like(wanted)
        for c in range(wanted.shape[1]):
            root = np.sqrt(weights[:, c])
            rest = root * wanted[:, c]
            rest = rest - (stacked * root[:, None]) @ np.linalg.lstsq(stacked * root[:, None], rest, rcond=1e-12)[0]
            total += float(counting[i][c] * (rest @ rest))
    return total / len(x)


@given(
    st.integers(0, 999), st.sampled_from(["squared_error", "cross_entropy", "poisson"]),
    st.lists(st.integers(2, 5), min_size=1, max_size=2), st.booleans(), st.sampled_from(["direct", "layerwise", "joined"]),
)  # fmt: skip
@CHECK
def test_the_score_is_the_rise_of_the_refitted_error(
    seed: int, loss: str, hidden: list[int], bias: bool, kind: str
) -> None:
    """Neuron after neuron, the one that goes raises the error least, and its score is the error without all so far.

    ``joined``: a network without skip connections whose refit may join its layers.
    """
    net = random_network("direct" if kind == "direct" else "layerwise", [3, *hidden, 2], "tanh", seed, bias)
    x, joined = np.random.default_rng(seed).normal(size=(60, 3)), kind == "joined"
    for layer, scores in enumerate(neuron_scores(net, "leave_one_out", x, loss, skip_connections=joined), 2):
        gone: list[int] = []
        for h in np.argsort(scores, kind="stable").tolist():
            left = [k for k in range(len(scores)) if k not in gone]
            rises = {k: error_without(net, x, layer, [*gone, k], loss, joined) for k in left}
            scale = 1 + max(rises.values())
            assert rises[h] <= min(rises.values()) + 1e-5 * scale
            gone.append(h)
            assert scores[h] == pytest.approx(rises[h], rel=1e-3, abs=1e-5 * scale)


def test_neurons_that_others_express_and_dead_ones_cost_nothing() -> None:
    generator = np.random.default_rng(0)
    rows = generator.normal(size=(6, 3))
    rows[4] = 2 * rows[1]
    blocks = {(2, 1): rows, (3, 2): generator.normal(size=(2, 6))}
    blocks[3, 2][:, 5] = 0
    net = SpectralNetwork(blocks=blocks, activation="relu", parametrization="direct")
    x = generator.normal(size=(80, 3))
    scores = neuron_scores(net, "leave_one_out", x)[0]
    costless = np.flatnonzero(scores < 1e-6 * scores.max())
    assert 5 in costless
    assert len(costless) == 2, "one of the two copies goes too"
    assert {1, 4} & set(costless.tolist())
    result = prune(net, by="leave_one_out", fraction=2 / 6, X=x)
    np.testing.assert_allclose(result.network.forward(x), net.forward(x), rtol=1e-5, atol=1e-6)


@given(st.integers(0, 999), st.floats(-6, 6))
@CHECK
def test_units_and_scales_do_not_change_the_order(seed: int, power: float) -> None:
    unit, generator = 10.0**power, np.random.default_rng(seed)
    blocks = random_network("direct", [3, 6, 2], "relu", seed).transfer_blocks()
    x = generator.normal(size=(60, 3))
    scaled = {pair: block.copy() for pair, block in blocks.items()}
    for pair in ((2, 1), (3, 1)):
        scaled[pair][:, 0] /= unit
    scaled[2, 1][4] *= unit
    scaled[3, 2][:, 4] /= unit
    moved = SpectralNetwork(blocks=scaled, activation="relu", parametrization="direct")
    net = SpectralNetwork(blocks=blocks, activation="relu", parametrization="direct")
    one = neuron_scores(net, "leave_one_out", x)[0]
    other = neuron_scores(moved, "leave_one_out", x * np.array([unit, 1, 1]))[0]
    np.testing.assert_allclose(other, one, rtol=1e-4, atol=1e-6 * (1 + one.max()))


def test_it_keeps_more_than_path_scores_do() -> None:
    """Sixteen neurons, half of them nearly expressed by the others: the refitted error is smaller."""
    generator = np.random.default_rng(1)
    base = generator.normal(size=(8, 4))
    blocks = {
        (2, 1): np.vstack([base, base * 1.5 + 0.05 * generator.normal(size=(8, 4))]),
        (3, 2): generator.normal(size=(2, 16)),
    }
    net = SpectralNetwork(blocks=blocks, activation="relu", parametrization="direct")
    x = generator.normal(size=(400, 4))
    y = net.forward(x)
    losses = {by: prune(net, by=by, fraction=0.5, X=x, y=y).report.loss_after for by in ("path", "leave_one_out")}
    assert losses["leave_one_out"] is not None
    assert losses["path"] is not None
    assert losses["leave_one_out"] < losses["path"] / 3
