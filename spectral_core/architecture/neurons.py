"""The fewest hidden neurons: forward selection by exact gain, removal by leave-one-out, a joint refit after every change."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from spectral_core.architecture.criterion import Criterion
from spectral_core.architecture.starts import joined, random_start
from spectral_core.backends import cpu
from spectral_core.networks.sparse import SparseNetwork
from spectral_core.refitting.leave_one_out import input_rises, rises
from spectral_core.refitting.levenberg_marquardt import Fit, fit
from spectral_core.refitting.removal import remove
from spectral_core.refitting.samples import Samples

CANDIDATES = 50
"""Random hyperplanes through the data for each new neuron, beside the neurons that the spectrum proposes."""
TRIES = 3
"""Neurons, or inputs, of least rise whose removal is tried with a refit."""
DEEP_STARTS = (8, 12, 16)
"""Neurons of the first hidden layer of the random starts where there are several; each further layer has 0.6 of them."""
DEEP_ROUNDS = 2
"""Random starts of each of these widths on all rows. Three starts are not enough: they ended above the teacher's size in two of
eight runs of `minimal_size`."""


def fewest_neurons(
    samples: Samples,
    criterion: Criterion,
    widths: tuple[int, ...],
    activation: str,
    seed: tuple[int, ...],
    proposals: np.ndarray | None = None,
    rounds: int = 1,
) -> SparseNetwork:
    """The fitted network of least score.

    With one hidden layer it is grown from the linear model, then shrunk. With more layers one start is not reliable: random
    networks of moderate width are shrunk beside each other, and the one of least score stays.

    Parameters
    ----------
    samples : in float64.
    widths : greatest numbers of neurons by layer, the constant one included.
    proposals : incoming rows (neurons, inputs) of neurons that may enter, beside random hyperplanes.
    rounds : random networks of each width in `DEEP_STARTS`, where there are several hidden layers.
    """
    if len(widths) <= 3:
        return NeuronSearch(samples, criterion, widths, activation, np.random.default_rng(seed), proposals).run()

    def shrunk(start: tuple[int, int]) -> NeuronSearch:
        number, first = start
        rng = np.random.default_rng((*seed, first, number))
        hidden = tuple(min(max(2, round(first * 0.6**i)), cap) for i, cap in enumerate(widths[1:-1]))
        search = NeuronSearch(samples, criterion, widths, activation, rng)
        search.shrink(search.fitted(random_start(widths, hidden, activation, rng, search.bias)))
        return search

    starts = [(number, first) for number in range(rounds) for first in DEEP_STARTS]
    with ThreadPoolExecutor(os.cpu_count()) as threads:  # each has its own random numbers
        found = list(threads.map(shrunk, starts))
    best = min(found, key=lambda search: search.best_score)
    best.remove_inputs()
    best.remove_weights()
    return best.best.net


class NeuronSearch:
    """Grows from the linear model, then shrinks; `best` is the fitted network of least score."""

    def __init__(
        self,
        samples: Samples,
        criterion: Criterion,
        widths: tuple[int, ...],
        activation: str,
        rng: np.random.Generator,
        proposals: np.ndarray | None = None,
        l2: float = 0.0,
    ) -> None:
        self.samples, self.criterion, self.rng, self.l2 = samples, criterion, rng, l2
        self.widths, self.activation = widths, activation
        self.bias = samples.bias
        self.proposals = np.empty((0, widths[0])) if proposals is None else proposals
        self.best = self.fitted(joined(widths, activation, self.bias, np.float64))
        self.best_score = self._score(self.best)

    # --- the whole --------------------------------------------------------------------------------

    def run(self) -> SparseNetwork:
        """Grow, shrink, remove inputs, then single weights."""
        self.shrink(self.grow())
        self.remove_inputs()
        self.remove_weights()
        return self.best.net

    def grow(self) -> Fit:
        """Add neurons until the score has not fallen three times in a row; the last network, well fitted."""
        state, failures = self.best, 0
        while failures < 3 and state.loss > self.criterion.enough:
            hidden = len(state.net.live)
            net = state.net
            for _ in range(max(1, hidden // 4)):
                grown = self._with_neuron(net)
                if grown is None:
                    return self.fitted(net)
                net = grown
            state = self.fitted(net, 10)
            failures = 0 if self._keep(state) else failures + 1
        return self.fitted(state.net)

    def shrink(self, state: Fit) -> None:
        """Remove neurons one by one until the score has not fallen three times in a row."""
        failures = 0
        self._keep(state)
        while failures < 3 and len(state.net.live):
            trials = [self.fitted(_without(state.net, neuron)) for _, neuron in rises(state.net, self.samples)[:TRIES]]
            state = min(trials, key=self._score)
            failures = 0 if self._keep(state) else failures + 1

    def remove_inputs(self) -> None:
        """Remove inputs while the score falls."""
        while True:
            order = input_rises(self.best.net, self.samples)[:TRIES]
            trials = [self.fitted(_without(self.best.net, number)) for _, number in order]
            if not trials or not self._keep(min(trials, key=self._score)):
                return

    def remove_weights(self) -> None:
        """Remove the products of least saliency while the score falls: half of them at once, then half as many, down to one."""
        count = max(1, self.best.net.n_products // 2)
        while count and self.best.net.n_products:
            net = self.best.net
            fewer = remove(net, self.samples, max(0, net.n_products - count))
            if not self._keep(self.fitted(fewer)):
                count //= 2

    # --- steps ------------------------------------------------------------------------------------

    def fitted(self, net: SparseNetwork, iterations: int = 30) -> Fit:
        """A network after so many steps, thorough by default."""
        return fit(net, self.samples, iterations, self.criterion.enough * 0.1, self.l2)

    def _score(self, state: Fit) -> float:
        return self.criterion.score(state.net, state.loss)

    def _keep(self, state: Fit) -> bool:
        """Whether a network is the best so far; it is then kept."""
        score = self._score(state)
        if score >= self.best_score:
            return False
        self.best, self.best_score = state, score
        return True

    def _with_neuron(self, net: SparseNetwork) -> SparseNetwork | None:
        """The network with the neuron of greatest gain ‖Rᵀ a_⊥‖²/‖a_⊥‖² (M17); None where all layers are full or none gains.

        Weighted samples enter with the roots of their weights.

        By hand: a choice among candidates. Checked by test_neurons.test_a_new_neuron_has_the_gain_of_its_refit.
        """
        layer = self._layer_to_grow(net)
        if layer is None:
            return None
        slot = int(np.setdiff1d(np.flatnonzero(net.layers == layer), net.senders)[0])
        senders = np.concatenate([np.arange(net.n_inputs), net.live[net.layers[net.live] < layer]])
        activations = self.samples.activations(net).astype(np.float64)
        rows = self.candidates(activations[senders])
        root = np.sqrt(self.samples.weights.astype(np.float64))
        values = cpu.activate(net.activation, np.ascontiguousarray(rows @ activations[senders]))[0] * root
        basis = np.vstack([activations[: net.n_inputs], activations[net.live]]) * root
        orthonormal, _ = np.linalg.qr(basis.T)
        residual = self._residual(net, activations) * root
        outside = values.T
        for _ in range(2):  # twice: the first pass leaves rounding of the size of the column
            outside = outside - orthonormal @ (orthonormal.T @ outside)
        size = (outside**2).sum(axis=0)
        # Pre-activations have the mean square 1: a column as small as their rounding is none.
        fresh = size > np.maximum(1e-8 * (values**2).sum(axis=1), 1e-16 * values.shape[1])
        gains = np.where(fresh, ((residual @ outside) ** 2).sum(axis=0) / np.where(fresh, size, 1), 0)
        chosen = int(np.argmax(gains))
        if not gains[chosen] > 0:
            return None
        into = np.concatenate(
            [net.n_neurons - net.n_outputs + np.arange(net.n_outputs), net.live[net.layers[net.live] > layer]]
        )
        outgoing = np.zeros(len(into))  # the later hidden neurons are joined with 0
        outgoing[: net.n_outputs] = residual @ outside[:, chosen] / size[chosen]
        return net.with_more(
            np.concatenate([senders, np.full(len(into), slot)]),
            np.concatenate([np.full(len(senders), slot), into]),
            np.concatenate([rows[chosen], outgoing]),
        )

    def _layer_to_grow(self, net: SparseNetwork) -> int | None:
        """A hidden layer with a free place: the first, or any of those whose senders are there."""
        used = [int((net.layers[net.live] == layer).sum()) for layer in range(2, len(net.widths))]
        open_layers = [
            number + 2
            for number, count in enumerate(used)
            if count < net.widths[number + 1] and (number == 0 or used[number - 1] > 1)
        ]
        return int(self.rng.choice(open_layers)) if open_layers else None

    def _residual(self, net: SparseNetwork, activations: np.ndarray) -> np.ndarray:
        """y - z_K of squared errors (outputs, samples); of other losses -∂ℓ/∂z_K of each sample's own loss.

        By hand: the kernels' gradient without its scale. Checked by test_neurons.test_a_new_neuron_has_the_gain_of_its_refit.
        """
        outputs = activations[net.n_neurons - net.n_outputs :]
        if self.samples.loss == "squared_error":
            return self.samples.y.T - outputs
        return -len(self.samples) * self.samples.output_gradient(outputs.T).T / self.samples.weights

    def candidates(self, senders: np.ndarray) -> np.ndarray:
        """Incoming rows (candidates, senders): proposals, and random hyperplanes through data points.

        senders : (senders, samples), the inputs first, the constant last among them. Without a constant all hyperplanes go
            through 0.

        By hand: random rows, scaled by the data. Checked by test_neurons.test_candidates_go_through_data_points.
        """
        n, samples = senders.shape
        varies = senders.min(axis=1) != senders.max(axis=1)
        rows = self.rng.normal(size=(CANDIDATES, n)) * varies / np.where(varies, senders.std(axis=1), 1)
        if varies.any():
            for number in range(CANDIDATES // 3):  # hyperplanes that one or two senders decide
                chosen = self.rng.choice(np.flatnonzero(varies), min(1 + number % 2, int(varies.sum())), replace=False)
                rows[number] *= np.isin(np.arange(n), chosen)
        through = senders[:, self.rng.integers(samples, size=CANDIDATES)]
        if self.bias:
            rows[:, self.widths[0] - 1] = -(rows * through.T).sum(axis=1)
        proposed = np.zeros((len(self.proposals), n))
        proposed[:, : self.widths[0]] = self.proposals
        rows = np.vstack([rows, proposed])
        size = np.sqrt(((rows @ senders) ** 2).mean(axis=1))
        return rows / np.where(size > 0, size, 1)[:, None]


def _without(net: SparseNetwork, neuron: int) -> SparseNetwork:
    """The network without a neuron or input: none of its weights stays."""
    return net.keep((net.senders != neuron) & (net.receivers != neuron)).cleaned()
