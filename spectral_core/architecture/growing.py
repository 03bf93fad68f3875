"""`search(strategy="grow")`: from the linear perceptron upwards, where the loss gains most for each new weight.

The network is direct: a trimmed global network is direct too, and here trimming and growing take turns. New neurons have
outgoing weights 0, so the function does not jump (M13), and the optimizer's moments are carried along.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from spectral_core.architecture.directions import greedy_directions, output_slopes
from spectral_core.architecture.options import SearchOptions
from spectral_core.architecture.training import train_candidate
from spectral_core.architecture.validation import ValidationLoss
from spectral_core.data.preparation import PreparedData
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.resizing.compaction import live_masks
from spectral_core.resizing.insert import InsertLayer, InsertNeurons
from spectral_core.resizing.trimming import Tolerance, as_direct, trim
from spectral_core.training.results import History, TrainingState

FIRST, SHARE = 2, 0.25
"""Neurons of the first growth, and of each later one as a share of the hidden neurons present."""
SAMPLES = 4096
"""At most this many training samples judge the directions of new neurons."""
PATIENCE = 3
"""Growth ends after this many growths in a row that do not lower the validation loss by more than its tolerance."""
STAGES = 6
"""The linear perceptron is trained for all epochs, each growth for one part in `STAGES` of them."""
TRIM = 0.25
"""Trimming between growths may cost this share of the tolerance."""


@dataclass(frozen=True, eq=False)
class Grown:
    """One stage: the network (direct), its validation loss, and its epoch and history from the first stage on.

    `epoch` is that of the network: the loss is the entry `epoch` of the history, counted from 1.
    """

    network: SpectralNetwork
    loss: float
    epoch: int
    history: History


def grow(
    start: SpectralNetwork,
    data: PreparedData,
    validation_loss: ValidationLoss,
    options: SearchOptions,
    strength: float,
    store: Callable[[int], Path | None],
    progress: Callable[[int, float], None],
) -> list[Grown]:
    """Train, trim, grow where it gains most, and so on, until the validation loss stops falling.

    Parameters
    ----------
    start : the linear perceptron, `global`.
    options : of the search; `hidden` holds the greatest width of each hidden layer, and so limits their number.
    strength : of the penalty on weights.
    store : the checkpoint file of a stage; progress : called with the stage and its validation loss.

    Returns
    -------
    list : every stage, the linear perceptron first.

    By hand: shares of a tolerance. Checked by test_growing.test_trimming_between_growths_costs_a_share_of_the_tolerance.
    """
    tolerance, trimming = options.loss_tolerance(data), Tolerance(TRIM * options.trimming)
    net, state = as_direct(start, start.transfer_blocks()), None
    stages: list[Grown] = []
    best, since, epoch, history = np.inf, 0, 0, History()
    while True:
        # Train: the linear perceptron as well as possible, each later stage for its share.
        epochs = max(options.epochs // STAGES, 1) if stages else options.epochs
        result = train_candidate(
            net,
            data,
            options,
            strength,
            epochs=epochs,
            best_of_last=max(epochs // 4, 1),
            state=state,
            checkpoint=store(len(stages)),
        )
        # Judge: has the loss fallen by more than the tolerance?
        loss = validation_loss(result.network)
        stages.append(Grown(result.network, loss, epoch + result.epoch, _joined(history, result.history)))
        epoch, history = epoch + epochs, stages[-1].history
        progress(len(stages), loss)
        since = 0 if not stages[1:] or loss < tolerance.improvement(best) else since + 1
        best = min(best, loss)
        # Trim and grow.
        net, state = _trimmed(result.network, result.state, validation_loss, trimming.limit(loss))
        change = best_change(net, data, tuple(options.hidden), (options.seed, len(stages)))
        if since >= PATIENCE or change is None:
            return stages
        net, state = change.apply(net), change.carry(state, net)


def _joined(before: History, after: History) -> History:
    """The entries of two trainings one after the other."""
    return History(**{name: [*entries, *asdict(after)[name]] for name, entries in asdict(before).items()})


def _trimmed(
    net: SpectralNetwork, state: TrainingState, validation_loss: ValidationLoss, limit: float
) -> tuple[SpectralNetwork, TrainingState]:
    """The network and its moments without the neurons and blocks that the limit does not need; inputs and outputs stay."""
    parts = trim(net, validation_loss, limit).network.blocks
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


def best_change(
    net: SpectralNetwork, data: PreparedData, hidden: tuple[int, ...], seed: tuple[int, int]
) -> InsertNeurons | InsertLayer | None:
    """The growth with the greatest gain for each new weight; None where every layer is as wide as it may be.

    By hand: a gain for each weight, of a few candidates. Checked by test_growing.test_the_gain_counts_for_each_new_weight.
    """
    # The training samples, or some of them, and the gradient in every layer.
    generator = np.random.default_rng(seed)
    rows = np.arange(len(data.x))
    if len(rows) > SAMPLES:
        rows = generator.choice(rows, SAMPLES, replace=False)
    values, slopes = output_slopes(net, data, rows)
    # Every place with room, judged by the gain for each new weight.
    best: tuple[float, InsertNeurons | InsertLayer] | None = None
    for layer, new in _places(net, hidden):
        present = 0 if new else net.widths[layer - 1]
        room = hidden[min(layer - 2, len(hidden) - 1)] - present
        count = min(max(FIRST, round(SHARE * sum(net.widths[1:-1]))), room)
        behind = [i for i in range(layer, net.n_layers + 1) if new or (i, layer) in net.blocks]
        senders = [j for j in range(1, layer) if new or (layer, j) in net.blocks]
        if count < 1 or not senders or not behind:
            continue
        incoming, gain = greedy_directions(
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
