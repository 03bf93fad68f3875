"""`search(strategy="grow")`: from the linear perceptron upwards, where the loss gains most for each new weight.

The network is direct: a trimmed global network is one, and here trimming and growing take turns. New neurons come with
outgoing weights 0, so the function does not jump (M13), and the optimizer's moments are carried along.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spectral_core.backends import cpu
from spectral_core.data.preparation import PreparedData
from spectral_core.networks.layer_values import layer_values, with_constant
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.resizing.compaction import live_masks
from spectral_core.resizing.insert import InsertLayer, InsertNeurons
from spectral_core.resizing.trimming import as_direct, trim
from spectral_core.training.checkpoint import History
from spectral_core.training.loop import TrainingState
from spectral_core.training.trainer import train

FIRST, SHARE = 2, 0.25
"""Neurons of the first growth, and of each later one as a share of the hidden neurons there are."""
POOL = 256
"""Random directions among which the incoming weights of new neurons are chosen."""
SAMPLES = 4096
"""Training samples on which they are judged."""
PATIENCE = 3
"""So many growths in a row that do not pay end the search: the validation loss falls by less than its tolerance."""
NOISE = 1e-3
"""Losses are compared on the scale of this share of the constant predictor's loss, where the loss itself is less."""
STAGES = 6
"""Each growth is trained for one part in so many of the epochs, the linear perceptron for all of them."""
TRIM = 0.25
"""Trimming between growths may cost this share of the tolerance."""


@dataclass(frozen=True, eq=False)
class Grown:
    """One stage: the network (direct), its validation loss, the epoch (over all stages) and the history of the stage."""

    network: SpectralNetwork
    loss: float
    epoch: int
    history: History


def grow(
    data: PreparedData,
    start: SpectralNetwork,
    hidden: tuple[int, ...],
    options: Mapping[str, Any],
    tolerance: float,
    store: Callable[[int], Path | None],
    tell: Callable[[int, float], None],
) -> list[Grown]:
    """Train, grow where it pays most, trim, and so on, until the validation loss stops falling.

    Parameters
    ----------
    start : the linear perceptron, `global`.
    hidden : greatest width of each hidden layer; their number is that of the layers that may come.
    options : of `train`, with ``epochs`` for the whole, of which each stage takes a share.
    store : the checkpoint file of a stage; tell : called with the stage and its validation loss.

    Returns
    -------
    list : every stage, the linear perceptron first.
    """
    share = max(options["epochs"] // STAGES, 1)
    common = dict(options) | {
        "loss": data.loss, "validation_data": (data.x_valid, data.y_valid), "keep_checkpoint": True,
    }  # fmt: skip
    net, state = as_direct(start, start.transfer_blocks()), None
    stages: list[Grown] = []
    best, since, epoch, noise = np.inf, 0, 0, NOISE * data.constant_loss()
    while True:
        epochs = share if stages else options["epochs"]  # the linear perceptron is to be what it can be
        lengths = {"epochs": epochs, "best_of_last": max(epochs // 4, 1)}
        result = train(net, data.x, data.y, state=state, checkpoint=store(len(stages)), **common | lengths)
        epoch += epochs
        loss = data.validation_loss(result.network)
        stages.append(Grown(result.network, loss, epoch, result.history))
        tell(len(stages), loss)
        since = 0 if not stages[1:] or loss < best - tolerance * (best + noise) else since + 1
        best = min(best, loss)
        net, state = _trimmed(result.network, result.state, data, loss * (1 + TRIM * tolerance))
        change = _best_change(net, data, hidden, (options["seed"], len(stages)))
        if since >= PATIENCE or change is None:
            return stages
        net, state = change.apply(net), change.carry(state, net)


def _trimmed(
    net: SpectralNetwork, state: TrainingState, data: PreparedData, limit: float
) -> tuple[SpectralNetwork, TrainingState]:
    """Without the neurons, and blocks, that the limit does not need; inputs and outputs all stay."""
    parts = trim(net, data.validation_loss, limit).network.blocks
    live = live_masks(parts, net.widths)
    live[0][:] = True
    layers = [i for i in range(1, net.n_layers + 1) if live[i - 1].any()]
    number = {layer: place for place, layer in enumerate(layers, 1)}

    def smaller(blocks: Mapping[tuple[int, int], np.ndarray]) -> dict[tuple[int, int], np.ndarray]:
        return {
            (number[i], number[j]): block[np.ix_(live[i - 1], live[j - 1])]
            for (i, j), block in blocks.items()
            if i in number and j in number and (parts[i, j].any() or (i, j) == (net.n_layers, 1))
        }

    result = as_direct(net, smaller(parts))
    moments = [
        as_direct(net, smaller(net.with_parameters(moment).blocks)).parameters
        for moment in (state.first_moment, state.second_moment)
    ]
    return result, TrainingState(moments[0], moments[1], state.step, state.epoch)


def _best_change(
    net: SpectralNetwork, data: PreparedData, hidden: tuple[int, ...], seed: tuple[int, int]
) -> InsertNeurons | InsertLayer | None:
    """The growth with the greatest gain for each new weight; None where every layer is as wide as it may be."""
    generator = np.random.default_rng(seed)
    rows = np.arange(len(data.x))
    if len(rows) > SAMPLES:
        rows = generator.choice(rows, SAMPLES, replace=False)
    values, slopes = output_slopes(net, data, rows)
    best: tuple[float, InsertNeurons | InsertLayer] | None = None
    for layer, new in _places(net, hidden):
        have = 0 if new else net.widths[layer - 1]
        room = hidden[min(layer - 2, len(hidden) - 1)] - have
        count = min(max(FIRST, round(SHARE * sum(net.widths[1:-1]))), room)
        behind = [i for i in range(layer, net.n_layers + 1) if new or (i, layer) in net.blocks]
        senders = [j for j in range(1, layer) if new or (layer, j) in net.blocks]
        if count < 1 or not senders or not behind:
            continue
        incoming, gain = _directions(
            [values[j - 1] for j in senders], [slopes[i] for i in behind], net.activation, count, generator
        )
        weights = count * (sum(net.widths[j - 1] for j in senders) + sum(net.widths[i - 1] for i in behind))
        blocks = {j: block.astype(net.dtype) for j, block in zip(senders, incoming, strict=True)}
        change = InsertLayer(layer - 1, count, blocks) if new else InsertNeurons(layer, count, incoming=blocks)
        if best is None or gain / weights > best[0]:
            best = gain / weights, change
    return None if best is None else best[1]


def _places(net: SpectralNetwork, hidden: tuple[int, ...]) -> Iterator[tuple[int, bool]]:
    """Every hidden layer, and a new one in front of the output where another may come."""
    yield from ((layer, False) for layer in range(2, net.n_layers))
    if net.n_layers - 2 < len(hidden):
        yield net.n_layers, True


def output_slopes(
    net: SpectralNetwork, data: PreparedData, rows: np.ndarray
) -> tuple[list[np.ndarray], dict[int, np.ndarray]]:
    """Values x_i of every layer, and δ_i = ∂loss/∂z_i of every layer behind the first, for some training samples.

    δ_K is the loss's own; δ_j = f'(z_j) ∘ Σ_i δ_i W_ij (M8.direct).

    By hand: once per growth, for every sample; kernels keep their sum only. Checked by test_growing.test_slopes_are_those_of_the_gradient.
    """
    blocks = {pair: block.astype(np.float64) for pair, block in net.blocks.items()}
    x = with_constant(data.x[rows].astype(np.float64), net.widths[0])
    z, values = layer_values(blocks, net.widths, net.activation, x)
    problem = net.problem(data.x[rows], data.y[rows], data.loss)
    output = values[-1].astype(net.dtype)
    cpu.output_loss(output, problem)
    slopes = {net.n_layers: output.astype(np.float64)}
    for j in range(net.n_layers - 1, 1, -1):
        total = sum((slopes[i] @ block for (i, k), block in blocks.items() if k == j), np.zeros_like(z[j - 1]))
        slopes[j] = total * cpu.activate(net.activation, z[j - 1])[1]
    return values, slopes


def _directions(
    senders: list[np.ndarray], slopes: list[np.ndarray], activation: str, count: int, generator: np.random.Generator
) -> tuple[list[np.ndarray], float]:
    """Incoming rows of `count` neurons, one after the other those whose value x gains most, and what they gain.

    The gain of x is Σ_i ‖δ_iᵀ x‖² / ‖x‖², the squared gradient of its outgoing weights by the size of x; then its part is
    taken out of every δ_i, so that the next one does not repeat it.

    By hand: once per growth. Checked by test_growing.test_directions_are_greedy.
    """
    widths = [values.shape[1] for values in senders]
    stacked = np.hstack(senders)
    spread = stacked.std(axis=0)
    rows = generator.normal(size=(POOL, stacked.shape[1])) / np.where(spread > 0, spread, 1)
    z = stacked @ rows.T
    size = np.sqrt(np.square(z).mean(axis=0))
    rows /= np.where(size > 0, size, 1)[:, None]
    values = cpu.activate(activation, z / np.where(size > 0, size, 1))[0]
    norms = np.square(values).sum(axis=0)
    left = [slope.copy() for slope in slopes]
    chosen: list[int] = []
    total = 0.0
    for _ in range(count):
        gains = sum(np.square(slope.T @ values).sum(axis=0) for slope in left) / np.where(norms > 0, norms, np.inf)
        gains[chosen] = -1
        place = int(np.argmax(gains))
        chosen.append(place)
        total += float(gains[place])
        x = values[:, place]
        left = [slope - np.outer(x, x @ slope) / max(norms[place], np.finfo(np.float64).tiny) for slope in left]
    return np.split(rows[chosen], np.cumsum(widths)[:-1], axis=1), total
