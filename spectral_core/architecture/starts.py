"""Where a descent starts: the linear seed, or the neurons that the spectrum has woken."""

from __future__ import annotations

from typing import Any

import numpy as np

from spectral_core.kernels.support.activations import Activation
from spectral_core.networks.paths import path_scores
from spectral_core.networks.sparse import SparseNetwork
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.refitting.samples import Samples

LARGEST_START, SMALL_START, FEW_ROWS = 100, 30, 1_000
"""Hidden neurons of a woken start, those of the greatest path score; fewer where there are few samples."""


def joined(widths: tuple[int, ...], activation: Activation, bias: bool, dtype: Any) -> SparseNetwork:
    """Inputs and constant joined to the outputs, all weights 0; no hidden neuron."""
    inputs, outputs = widths[0], widths[-1]
    receivers, senders = np.divmod(np.arange(inputs * outputs), inputs)
    weights = np.zeros(inputs * outputs, dtype)
    return SparseNetwork.sorted(widths, activation, bias, weights, senders, sum(widths) - outputs + receivers)


def linear_start(widths: tuple[int, ...], activation: Activation, bias: bool, samples: Samples) -> SparseNetwork:
    """`joined`, without weights that cannot matter."""
    return _identified(joined(widths, activation, bias, samples.x_rows.dtype), samples)


def woken_start(net: SpectralNetwork, samples: Samples, rows: int | None = None) -> SparseNetwork:
    """The transfer blocks (M4) of the neurons of greatest path score (M6), with all skip connections to the outputs.

    The number of samples, or `rows` in its place, decides how many neurons there are.
    """
    blocks = {pair: np.array(block) for pair, block in net.transfer_blocks().items()}
    scores = path_scores(blocks, net.widths)
    threshold = least_kept(scores, rows or len(samples))
    for layer, values in enumerate(scores, 2):
        silent = values < max(threshold, np.finfo(values.dtype).tiny)
        for (i, j), block in blocks.items():
            if i == layer:
                block[silent] = 0
            if j == layer:
                block[:, silent] = 0
    last = net.n_layers
    blocks[last, 1] = blocks.get((last, 1), np.zeros((net.widths[-1], net.widths[0]), net.dtype))
    direct = SpectralNetwork(
        blocks=blocks, activation=net.activation, bias=net.bias, parametrization="direct", dtype=net.dtype.name
    )
    return _identified(SparseNetwork.of(direct), samples)


def fresh_start(net: SparseNetwork, rng: np.random.Generator) -> SparseNetwork:
    """The neurons and weights of a start, with random values: normal, of deviation 1/√n for n incoming ones.

    By hand: random numbers. Checked by test_starts.test_a_fresh_start_has_the_weights_of_the_woken_one.
    """
    incoming = np.bincount(net.receivers, minlength=net.n_neurons)[net.receivers]
    return net.with_weights(rng.normal(size=len(net.weights)) / np.sqrt(incoming))


def least_kept(scores: list[np.ndarray], samples: int) -> float:
    """The path score of the last neuron that a woken start keeps, for a number of samples."""
    kept = LARGEST_START if samples > FEW_ROWS else SMALL_START
    return float(np.sort(np.concatenate(scores))[::-1][:kept][-1])


def proposed_rows(net: SpectralNetwork) -> np.ndarray:
    """Incoming weights (neurons, inputs) of the first hidden layer's neurons of greatest path score (M6)."""
    if net.n_layers < 3:
        return np.empty((0, net.widths[0]))
    scores = path_scores(net.transfer_blocks(), net.widths)[0]
    chosen = np.argsort(-scores, kind="stable")[:LARGEST_START]
    return np.asarray(net.transfer_blocks()[2, 1], np.float64)[chosen]


def random_start(
    widths: tuple[int, ...],
    hidden: tuple[int, ...],
    activation: Activation,
    rng: np.random.Generator,
    bias: bool = True,
) -> SparseNetwork:
    """A network of `hidden` random neurons by layer with all skip connections, in the first places of the layers.

    Weights have the deviation 1/√n for n incoming ones.

    By hand: random numbers. Checked by test_starts.test_a_random_start_joins_all_its_neurons.
    """
    starts = np.concatenate([[0], np.cumsum(widths)])
    used = [np.arange(start, start + n) for start, n in zip(starts, (widths[0], *hidden, widths[-1]), strict=False)]
    senders, receivers, weights = [], [], []
    for i in range(1, len(widths)):
        before = np.concatenate(used[:i])
        receivers.append(np.repeat(used[i], len(before)))
        senders.append(np.tile(before, len(used[i])))
        weights.append(rng.normal(size=len(receivers[-1])) / np.sqrt(len(before)))
    return SparseNetwork.sorted(widths, activation, bias, *(np.concatenate(p) for p in (weights, senders, receivers)))


def _identified(net: SparseNetwork, samples: Samples) -> SparseNetwork:
    """The same function on the data without weights that cannot matter.

    An input that does not vary has no weight: what it adds becomes a bias. Without biases only inputs that are always 0 go.
    The softmax of two outputs depends on their difference alone, so the first output of two classes is 0 and the second
    is the difference.

    By hand: a product on each way through a network. Checked by test_starts.test_weights_that_cannot_matter_go.
    """
    rows = samples.x_rows[: net.n_inputs - net.bias]
    gone = np.zeros(net.n_neurons, bool)
    gone[: len(rows)] = ~samples.varies[: len(rows)]
    value = np.zeros(net.n_neurons, net.weights.dtype)
    value[: len(rows)] = rows[:, 0]
    if not net.bias:
        gone &= value == 0
    moved = gone[net.senders] & (value[net.senders] * net.weights != 0)
    added, into = value[net.senders[moved]] * net.weights[moved], net.receivers[moved]
    net = net.keep(~gone[net.senders]).with_more(np.full(len(into), net.n_inputs - 1), into, added)
    if samples.loss == "cross_entropy" and net.n_outputs == 2:
        first = net.receivers == net.n_neurons - 2
        second = np.full(int(first.sum()), net.n_neurons - 1)
        net = net.keep(~first).with_more(net.senders[first], second, -net.weights[first])
    return net
