"""Mini-batch training of the weights that a sparse network has; a weight that is gone stays 0, its moments too (M21)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spectral_core.backends.cpu import CpuStepper
from spectral_core.backends.problem import Problem
from spectral_core.kernels.support.layout import Layout
from spectral_core.networks.sparse import SparseNetwork
from spectral_core.refitting.samples import Samples
from spectral_core.training.options import StepOptions
from spectral_core.training.step_arrays import step_arrays


class MaskedTraining:
    """A training whose network may lose weights between its steps.

    The kernels of dense networks train the direct network of the neurons in use. Its trainable parts are the runs of weights
    that are there, so no step touches another weight.
    """

    def __init__(self, net: SparseNetwork, samples: Samples, options: StepOptions) -> None:
        self.samples, self.options, self.step = samples, options, 0
        self.first_moment = np.zeros_like(net.weights)
        self.second_moment = np.zeros_like(net.weights)
        self._inputs, self._x = np.empty(0, np.int64), np.empty((len(samples), 0), net.weights.dtype)
        self._load(net)

    @property
    def net(self) -> SparseNetwork:
        """The network with its current weights."""
        return self._net.with_weights(self._stepper.parameters[self._places])

    def run(self, rows: np.ndarray, factors: np.ndarray) -> float:
        """Steps on mini-batches of these rows in this order, at rates times `factors` (mini-batches,); the mean loss."""
        loss, _ = self._stepper.epoch(rows, factors.astype(self._stepper.parameters.dtype))
        return loss

    def exchange(self, net: SparseNetwork) -> None:
        """Go on with a network of some of the weights; they keep their moments."""
        known = self._net.has(net)  # a bias may be new
        kept = self._places[net.has(self._net)]
        self.first_moment, self.second_moment = (np.zeros_like(net.weights) for _ in range(2))
        self.first_moment[known] = self._stepper.first_moment[kept]
        self.second_moment[known] = self._stepper.second_moment[kept]
        self.step = self._stepper.step
        del self._stepper  # and the inputs that it holds
        self._load(net)

    def _load(self, net: SparseNetwork) -> None:
        """Put the network into the flat storage of the kernels."""
        small, kept = net.narrowed(), net.used.neurons
        direct, samples, inputs = small.direct(), self.samples, kept[: small.n_inputs - small.bias]
        if not np.array_equal(inputs, self._inputs):  # most removals leave all inputs
            del self._x
            self._inputs, self._x = inputs, samples.by_sample(inputs)
        problem = Problem(self._x, samples.y, samples.labels, samples.weights, samples.loss)
        arrays = step_arrays(direct, problem, self.options)
        self._net, self._places = net, flat_places(small, direct.layout)
        runs = contiguous_runs(self._places)
        rates, decays = (
            np.full(len(runs), value, direct.dtype) for value in (self.options.learning_rate, self.options.weight_decay)
        )
        parameters, first, second = (np.zeros(direct.layout.size, direct.dtype) for _ in range(3))
        parameters[self._places] = net.weights
        first[self._places], second[self._places] = self.first_moment, self.second_moment
        self._stepper = CpuStepper(
            replace(arrays, trainable=runs, rates=rates, decays=decays), parameters, first, second, self.step
        )


def flat_places(net: SparseNetwork, layout: Layout) -> np.ndarray:
    """Where each weight is in the flat parameters of a direct layout (n,)."""
    places = np.empty(len(net.weights), np.int64)
    for i, j in layout.pairs:
        group = layout.groups[f"blocks[{i},{j}]"]
        here = (net.layers[net.receivers] == i) & (net.layers[net.senders] == j)
        rows, columns = net.places[net.receivers[here]], net.places[net.senders[here]]
        places[here] = group.start + rows * group.shape[1] + columns
    return places


def contiguous_runs(places: np.ndarray) -> np.ndarray:
    """[start, stop) of the runs of neighbouring places (runs, 2).

    By hand: runs of positions. Checked by test_masked.test_runs_of_neighbours.
    """
    ordered = np.sort(places)
    breaks = np.flatnonzero(np.diff(ordered) != 1) + 1
    starts = np.concatenate([ordered[:1], ordered[breaks]])
    stops = np.concatenate([ordered[breaks - 1], ordered[-1:]]) + 1
    return np.stack([starts, stops], axis=1)
