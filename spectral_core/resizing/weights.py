"""Pruning of single weights: by their Gauss-Newton saliency (M22), with a minimum of the loss after every removal."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from spectral_core.errors import DivergenceError
from spectral_core.kernels.support.activations import of_layer
from spectral_core.kernels.tables import POSITIVELY_HOMOGENEOUS
from spectral_core.networks.sparse import SparseNetwork
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.refitting.descent import MINIMA_BELOW, MINIMA_SHARE, POLISH, SWAPS, Recipe, through_minima, train_to
from spectral_core.refitting.descent import joined_layers as joined
from spectral_core.refitting.lbfgs import polish
from spectral_core.refitting.removal import remove, saliencies
from spectral_core.refitting.samples import Samples
from spectral_core.resizing.compaction import compact
from spectral_core.resizing.report import Pruned
from spectral_core.resizing.request import RIDGES, PruneRequest, checked_training
from spectral_core.resizing.trimming import as_direct


def prune_weights(net: SpectralNetwork, request: PruneRequest, limit: float) -> Pruned:
    """The phases of `prune` for single weights: a size, a training down to it where one was asked for, the result."""
    removal = WeightRemoval.of(net, request)
    limited = request.tolerance is not None
    if limited:
        removal, found = removal.smallest_of_ridges(limit)
    else:
        found = removal.fitted(removal.start, removal.size())
    epochs = 0
    if request.retrain is not None:
        trained = removal.trained(found.n_products)
        if not limited or removal.fits(trained, limit):
            found, epochs = trained, checked_training(request.retrain).epochs
    network = removal.result(found)
    if limited and not request.evaluate(network) <= limit:
        # Only where not even the start, without the weights that do not act, keeps a tolerance of 0: it rounds differently.
        network = as_direct(net, net.transfer_blocks())
    return Pruned(network, compact(network), epochs)


@dataclass(frozen=True, eq=False)
class WeightRemoval:
    """A network without the weights that do not act, the samples that its saliencies are measured on, and the request.

    Where weights are fitted, `start` and `samples` are in units of their own, `scales`; `given` is the network as it came.
    """

    given: SparseNetwork
    start: SparseNetwork
    scales: np.ndarray
    samples: Samples
    request: PruneRequest
    ridge: float

    @classmethod
    def of(cls, net: SpectralNetwork, request: PruneRequest) -> WeightRemoval:
        """The removal that a request asks for.

        By hand: other units of inputs and neurons. Checked by test_prune_weights.test_units_of_inputs_and_scales_of_neurons_do_not_matter.
        """
        problem = net.problem(request.X, request.y, request.loss)
        targets = problem.labels if request.loss == "cross_entropy" else problem.y
        x = np.asarray(request.x, net.dtype)
        samples = Samples.of(x, targets, request.loss, net.bias, net.dtype.name)
        given = SparseNetwork.of(as_direct(net, net.transfer_blocks())).cleaned()
        if not request.compensate and request.retrain is None:
            return cls(given, given, np.ones(given.n_neurons), samples, request, request.strength)
        scales = neuron_scales(given, samples)
        rows = samples.x_rows / scales[: given.n_inputs, None]
        start = given.with_weights(given.weights * scales[given.senders] / scales[given.receivers])
        return cls(given, start, scales, replace(samples, x_rows=rows.astype(net.dtype)), request, request.strength)

    def result(self, net: SparseNetwork) -> SpectralNetwork:
        """The network for inputs as they came.

        By hand: units. Checked by test_prune_weights.test_units_of_inputs_and_scales_of_neurons_do_not_matter.
        """
        if net is self.start:
            return self.given.direct()
        return net.with_weights(net.weights * self.scales[net.receivers] / self.scales[net.senders]).direct()

    @property
    def refits(self) -> bool:
        return bool(self.request.compensate)

    def fits(self, net: SparseNetwork, limit: float) -> bool:
        """Whether a network keeps the limit of the loss on the judging data."""
        return bool(np.isfinite(net.weights).all()) and self.request.evaluate(self.result(net)) <= limit

    def size(self) -> int:
        """The number of products that the result may have, of a request without a tolerance."""
        request, start = self.request, self.start
        if request.weights is not None:
            return request.weights
        if request.threshold is not None:
            kept = start.keep(start.biases | (saliencies(start, self.samples) >= request.threshold))
            return kept.cleaned().n_products
        return start.n_products - int(np.floor((request.fraction or 0) * start.n_products + 1e-9))

    def down(self, net: SparseNetwork, size: int, swaps: int = 0) -> SparseNetwork:
        """A network of at most `size` products: through minima from `net`, or without refits from the start."""
        if net.n_products <= size:
            return net
        if not self.refits:
            return remove(self.start, self.samples, size)
        return through_minima(net, self.samples, (size, swaps), self.ridge, joined(self.start), self.rng())[0]

    def fitted(self, net: SparseNetwork, size: int) -> SparseNetwork:
        """`down` with swaps and a last polish; where nothing has to go, the network as it is."""
        if net.n_products <= size:
            return net
        smaller = self.down(net, size, SWAPS)
        return polish(smaller, self.samples, POLISH, self.ridge)[0] if self.refits else smaller

    def smallest_of_ridges(self, limit: float) -> tuple[WeightRemoval, SparseNetwork]:
        """The removal by the ridge that finds the smallest network within the limit, and that network.

        Where no ridge was given, several are tried: a large one needs fewer weights where there is noise, and where there is
        none, only a small one fits as closely as the given network does.
        """
        unknown = self.refits and self.request.ridge is None
        removal, smallest = self, self.start
        for ridge in RIDGES if unknown else (self.ridge,):
            trial = replace(self, ridge=ridge)
            found = trial.smallest_within(limit, smallest.n_products)
            if found.n_products <= smallest.n_products:
                removal, smallest = trial, found
        return removal, smallest

    def smallest_within(self, limit: float, most: int) -> SparseNetwork:
        """The smallest network found that keeps the limit: in steps of a tenth down to no weight, then by halving steps.

        The loss of other data is not monotone in the size, so the steps go on below a size that breaks the limit. The halving
        ends where the result is sure to have more than `most` products.
        """
        net = best = self.start
        broken = None  # the greatest size below the best that breaks the limit
        while net.n_products:
            net = self.down(net, min(net.n_products - 1, int((1 - MINIMA_SHARE) * net.n_products)))
            if self.fits(net, limit):
                best, broken = net, None
            elif broken is None:
                broken = net.n_products
        while broken is not None and broken < most and best.n_products - broken > 1:
            middle = (best.n_products + broken) // 2
            trial = self.fitted(best, middle)
            if self.fits(trial, limit):
                best = trial
            else:
                broken = middle
        if not self.refits or best is self.start:
            return best
        polished = polish(best, self.samples, POLISH, self.ridge)[0]
        return polished if self.fits(polished, limit) else best

    def trained(self, size: int) -> SparseNetwork:
        """The start, trained by mini-batches while its weights go, and below `MINIMA_BELOW` through minima.

        Raises
        ------
        DivergenceError : the weights diverged, and there is no tolerance that refuses them.
        """
        options = checked_training(self.request.retrain or {})
        recipe = Recipe(options.epochs, options.batch_size, options.learning_rate)
        between = max(size, MINIMA_BELOW) if self.refits else size
        with np.errstate(over="ignore", invalid="ignore"):  # a divergence is reported below
            between = min(between, self.start.n_products)
            net = train_to(self.start, self.samples, between, options.epochs, recipe, self.rng())
            diverged = not (np.isfinite(net.weights).all() and np.isfinite(self.samples.loss_of(net)))
        if diverged:
            if self.request.tolerance is None:
                rate, epochs = options.learning_rate, options.epochs
                message = f"retrain: the weights diverged within {epochs} epochs at learning_rate={rate}"
                raise DivergenceError(f"{message}; a smaller one may help", epochs, self.given.direct())
            return net
        if not self.refits:
            return net
        smaller = self.down(net, size, SWAPS)
        return polish(smaller, self.samples, POLISH, self.ridge)[0]

    def rng(self) -> np.random.Generator:
        return np.random.default_rng(checked_training(self.request.retrain or {}).seed)


def neuron_scales(net: SparseNetwork, samples: Samples) -> np.ndarray:
    """√mean x² of every input and of every neuron with f(c z) = c f(z) for c > 0, else 1 (n_neurons,).

    Weights w s_sender / s_receiver compute the same function of inputs x / s, whatever units the inputs have and however
    loud such a neuron is. So a ridge and a learning rate mean the same for all weights.

    By hand: roots of mean squares. Checked by test_prune_weights.test_units_of_inputs_and_scales_of_neurons_do_not_matter.
    """
    homogeneous = [
        layer == 1 or (layer < len(net.widths) and of_layer(net.activation, layer) in POSITIVELY_HOMOGENEOUS)
        for layer in range(1, len(net.widths) + 1)
    ]
    values, scales = samples.activations(net), np.ones(net.n_neurons)
    for neuron in np.flatnonzero(np.repeat(homogeneous, net.widths)):  # one by one: no second copy of all values
        own = np.abs(values[neuron].astype(np.float64))
        largest = own.max()
        if 0 < largest < np.inf:  # the squares of shares cannot overflow
            scales[neuron] = largest * np.sqrt(np.mean((own / largest) ** 2))
    return scales
