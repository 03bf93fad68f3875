"""Image networks on the CPU: outputs, losses, gradients, epochs.

Importing this module is cheap; the first call that needs a kernel imports Numba and compiles that kernel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spectral_core.backends.image_passes import ImagePass
from spectral_core.backends.problem import Problem, StepArrays, Stepper
from spectral_core.data import counters
from spectral_core.data.augmentation import changed
from spectral_core.errors import InvalidInputError
from spectral_core.kernels import formulas, tables
from spectral_core.kernels.support.image_layout import OPERATION_COLUMNS, VALUE_COLUMNS, ImageLayout, ImageTables

BATCH = 64
"""Images propagated at a time when only outputs are needed."""
SHARE = 0.4
"""The weight of the loss of every tower but the last (published)."""
MOMENTUM = 0.1
"""θ, by which running statistics move in a step."""
LIMIT = 0.05
"""The largest |w| of a published gate: five times its start."""
ALL_KEPT = np.empty((0, 0), np.uint8)


def tables_of(layout: object) -> ImageTables:
    """The tables of the layout of an image network."""
    assert isinstance(layout, ImageLayout)
    assert layout.tables is not None
    return layout.tables


def check_batch(layout: object, images: int, why: str) -> None:
    """Raise `InvalidInputError` for a batch of one value a channel: its variance has no unbiased form."""
    if images * tables_of(layout).last_pixels < 2:
        raise InvalidInputError(f"a batch norm needs two values of a channel: {why}")


def predict(layout: ImageLayout, parameters: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Logits (samples, classes) of the last tower, with running statistics; x (samples, channels, pixels)."""
    net = tables_of(layout)
    result = np.empty((len(x), net.classes), parameters.dtype)
    for start in range(0, len(x), BATCH):
        batch = ImagePass(net, parameters, x[start : start + BATCH], ALL_KEPT)
        batch.forward(training=False)
        result[start : start + BATCH] = batch.logits(len(net.towers) - 1)
    return result


def loss(layout: ImageLayout, parameters: np.ndarray, problem: Problem) -> float:
    """The cross entropy of the last tower, with running statistics."""
    from spectral_core.kernels.cpu import dense

    output, rows = predict(layout, parameters, problem.x), np.arange(len(problem.x))
    kind, unsmoothed = tables.LOSSES.index(problem.loss), output.dtype.type(0)
    value, _ = dense.output_loss(problem.y, problem.labels, problem.weights, rows, kind, unsmoothed, output)
    return float(value)


def loss_and_gradient(
    layout: ImageLayout, parameters: np.ndarray, problem: Problem, seed: int | None = None
) -> tuple[float, np.ndarray]:
    """Loss of all towers over all samples as one batch in training mode, and its gradient as a flat vector.

    Drop-path acts with a seed alone. There is no augmentation.
    """
    net, gradient = tables_of(layout), np.empty_like(parameters)
    kept = ALL_KEPT if seed is None else drawn(net, len(problem.x), seed, 0)
    batch = ImagePass(net, parameters, problem.x, kept)
    rows = np.arange(len(problem.x))
    value, _ = pass_of(batch, problem, rows, parameters.dtype.type(0), 0.0, gradient)
    return value, gradient


def pass_of(
    batch: ImagePass, problem: Problem, rows: np.ndarray, smoothing: np.floating, theta: float, gradient: np.ndarray
) -> tuple[float, float]:
    """The loss of one batch and its gradient; returns the loss and the weight of the batch.

    The loss is the cross entropy of the last tower, and `SHARE` times that of every other one.
    """
    from spectral_core.kernels.cpu import dense

    batch.forward(training=True, theta=theta)
    kind, last, total, weight, bars = tables.LOSSES.index("cross_entropy"), len(batch.net.towers) - 1, 0.0, 0.0, []
    for tower in range(last + 1):
        bar = batch.logits(tower)
        value, weight = dense.output_loss(problem.y, problem.labels, problem.weights, rows, kind, smoothing, bar)
        if tower < last:
            np.copyto(bar, formulas.tower_share(bar.dtype.type(SHARE), bar))
            value = formulas.tower_share(SHARE, value)
        total += float(value)
        bars.append(bar)
    batch.adjoint(bars, gradient)
    return total, float(weight)


def loaded(
    before: ImagePass | None, net: ImageTables, parameters: np.ndarray, images: np.ndarray, kept: np.ndarray
) -> ImagePass:
    """The next batch, in the arrays of the one before if there is one: a last batch is never larger."""
    if before is None:
        return ImagePass(net, parameters, images, kept)
    before.load(images, kept)
    return before


def drawn(net: ImageTables, samples: int, seed: int, step: int) -> np.ndarray:
    """1 where drop-path keeps an operation for a sample of the epoch (operations, samples), from (seed, step) alone."""
    if not net.drop_path:
        return ALL_KEPT
    key, kept = counters.key_of(seed, step, 1), np.empty((net.droppable, samples), np.uint8)
    for operation in range(net.droppable):
        kept[operation] = counters.words(key, operation * samples, samples) >= net.drop_path * 2.0**32
    return kept


def shrunk_nodes(arrays: StepArrays) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The nodes all of whose eigenvalues proximal steps shrink: where the places of each begin, the places, and of each node
    where its running means begin and its channels (nodes, 2).

    A batch norm does not see the scale of what arrives at its node, so without a fixed scale a penalty shrinks all
    eigenvalues alike, and none becomes 0 before the others (I13).

    By hand: places of numbers. Checked by test_image_training.test_eigenvalues_of_a_node_keep_their_norm.
    """
    net, nodes = tables_of(arrays.layout), dict[int, list[int]]()
    gate, receiver = OPERATION_COLUMNS.index("gate"), OPERATION_COLUMNS.index("receiver")
    for row in net.operations.tolist():
        if row[gate] >= 0:
            nodes.setdefault(row[receiver], []).append(row[gate])
    shrunk = {place for begin, end, _ in arrays.shrunk.tolist() for place in range(begin, end)}
    kept = {node: places for node, places in nodes.items() if shrunk.issuperset(places)}
    first, channels = VALUE_COLUMNS.index("first"), VALUE_COLUMNS.index("channels")
    running = [(net.running + 2 * net.values[node, first], net.values[node, channels]) for node in kept]
    places = [place for own in kept.values() for place in own]
    return (
        np.cumsum([0, *map(len, kept.values())]),
        np.array(places, np.int64),
        np.array(running, np.int64).reshape(-1, 2),
    )


@dataclass(eq=False)
class ImageStepper(Stepper):
    """Runs epochs of an image network; parameters, running statistics and moments change in place."""

    def __post_init__(self) -> None:
        self.nodes = shrunk_nodes(self.arrays)

    def batch_done(self) -> None:
        """Called after each step of the optimizer."""

    def evaluate(self, problem: Problem) -> float:
        """The loss of the last tower on other data, with running statistics."""
        assert isinstance(self.arrays.layout, ImageLayout)
        return loss(self.arrays.layout, self.parameters, problem)

    def epoch(self, order: np.ndarray, factors: np.ndarray) -> tuple[float, float]:
        """One pass over the rows in the given order: mean loss and mean penalty; it ends at a loss that is not finite.

        A batch whose images all have weight 0 is left out: it moves no parameter and no running statistic.

        By hand: means over batches, outside of the kernels. Checked by test_image_training.test_it_learns_rows_and_columns.
        """
        # What the epoch draws, from the steps before it.
        arrays, net = self.arrays, tables_of(self.arrays.layout)
        problem, size = arrays.problem, arrays.batch_size
        kept, changes = drawn(net, len(order), net.seed, self.step), np.empty((0, 7), np.int64)
        if problem.augmentation is not None:
            changes = problem.augmentation.changes(self.step, len(order), net.image[1:])
        gradient = np.empty_like(self.parameters)
        loss_sum, weight_sum, penalty_sum, batches = 0.0, 0.0, 0.0, 0
        batch: ImagePass | None = None
        smoothing = arrays.settings[tables.SETTINGS.index("smoothing")]
        for start in range(0, len(order), size):
            # One batch forward and back.
            rows = order[start : start + size]
            if not problem.weights[rows].any():
                continue  # no step, so the running statistics stay too
            seen = problem.x[rows]
            if problem.augmentation is not None:
                seen = changed(seen, changes[start : start + size], net.image[1:])
            batch = loaded(batch, net, self.parameters, seen, kept[:, start : start + size])
            value, weight = pass_of(batch, problem, rows, smoothing, MOMENTUM, gradient)
            if not np.isfinite(value):
                return value, penalty_sum / max(batches, 1)
            loss_sum, weight_sum = loss_sum + value * weight, weight_sum + weight
            # One step of the optimizer.
            self.step += 1
            penalty_sum += self._move(factors[batches], gradient)
            batches += 1
        return loss_sum / weight_sum, penalty_sum / batches

    def _move(self, factor: np.floating, gradient: np.ndarray) -> float:
        """One step of the optimizer, with penalties, proximal steps and the limit of published gates; returns the penalty."""
        from spectral_core.kernels.cpu import dense, images

        arrays, net, parameters = self.arrays, tables_of(self.arrays.layout), self.parameters
        penalty = dense.add_penalty(arrays.penalised, arrays.strengths, parameters, gradient)
        dense.limit_norm(arrays.settings[tables.SETTINGS.index("clip_norm")], arrays.trainable, gradient)
        kind, state = tables.OPTIMIZERS.index(arrays.optimizer), (self.first_moment, self.second_moment, self.step)
        rates = (arrays.trainable, arrays.rates, arrays.decays, factor)
        dense.update(kind, *rates, parameters, gradient, *state, arrays.settings)
        dense.shrink(arrays.shrunk, arrays.thresholds, factor, parameters)
        images.keep_norms(parameters, *self.nodes)
        if net.published:
            images.clamp(parameters[net.gates[0] : net.gates[1]], parameters.dtype.type(LIMIT))
        self.batch_done()
        return float(penalty)
