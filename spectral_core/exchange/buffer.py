"""A network as rows of one buffer: every row sums over earlier places of it, in their order."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from spectral_core.kernels.tables import ZERO_AT_ZERO
from spectral_core.networks.compact import CompactNetwork
from spectral_core.networks.sparse import SparseNetwork
from spectral_core.networks.spectral import SpectralNetwork


@dataclass(frozen=True, eq=False)
class Rows:
    """A network as rows of one buffer x = [features that are read, hidden neurons, outputs].

    z_k = bias_k + Σ_e weights_k[e] x[senders_k[e]] in the order of the senders; x = f(z), for outputs z itself.

    features : positions in the columns of X. layers : (rows, first, last): neighbouring rows and the places that they read.
    """

    features: np.ndarray
    n_features: int
    n_outputs: int
    activation: str
    layers: tuple[tuple[int, int, int], ...]
    bias: np.ndarray
    weights: tuple[np.ndarray, ...]
    senders: tuple[np.ndarray, ...]

    @classmethod
    def of(cls, network: SpectralNetwork | CompactNetwork) -> Rows:
        """The rows of a network; weights that do not act are left out where f(0) = 0 (M21).

        By hand: sums the weights from the constant 1 into the bias of their neuron. Checked by test_javascript.test_every_network.
        """
        direct, features = network, np.arange(network.n_features)
        constant = isinstance(network, SpectralNetwork) and network.bias
        if isinstance(network, CompactNetwork):
            direct = network.direct
            constant = network.n_features in network.neurons[0]
            features = network.neurons[0][: len(network.neurons[0]) - constant]
        net = SparseNetwork.of(direct)  # type: ignore[arg-type]
        net = SparseNetwork(net.widths, net.activation, bool(constant), net.weights, net.senders, net.receivers)
        net = net.cleaned() if net.activation in ZERO_AT_ZERO else net
        # Places: the features that are read, the hidden neurons that a weight reaches or leaves, the outputs.
        used = np.zeros(net.n_neurons, bool)
        used[net.senders], used[net.receivers] = True, True
        used[net.n_inputs - constant : net.n_inputs] = False
        if net.activation not in ZERO_AT_ZERO:
            used[net.n_inputs :] = True
        used[net.n_neurons - net.n_outputs :] = True
        place = np.full(net.n_neurons, -1)
        place[used] = np.arange(used.sum())
        inputs = np.flatnonzero(used[: len(features)])
        neurons = np.flatnonzero(used[net.n_inputs :]) + net.n_inputs
        bias, weights, senders = np.zeros(len(neurons), net.weights.dtype), [], []
        for k, neuron in enumerate(neurons.tolist()):
            own = slice(net.offsets[neuron - net.n_inputs], net.offsets[neuron - net.n_inputs + 1])
            biases = net.biases[own]
            bias[k] = net.weights[own][biases].sum()
            weights.append(net.weights[own][~biases])
            senders.append(place[net.senders[own][~biases]])
        layers = _layers(net.layers[neurons], senders)
        return cls(
            features[inputs],
            network.n_features,
            net.n_outputs,
            net.activation,
            layers,
            bias,
            tuple(weights),
            tuple(senders),
        )

    def dense(self) -> np.ndarray:
        """All weights row by row, 0 where a row does not read a place of its layer."""
        values, k = [], 0
        for n, first, last in self.layers:
            for _ in range(n):
                row = np.zeros(last - first, self.bias.dtype)
                row[self.senders[k] - first] = self.weights[k]
                values.append(row)
                k += 1
        return np.concatenate(values)

    def gaps(self) -> list[int]:
        """For every weight the distance from the sender before it in its row, from place 0 for the first."""
        return [after - before for senders in self.senders for before, after in pairwise([0, *senders.tolist()])]


def _layers(layer_of: np.ndarray, senders: list[np.ndarray]) -> tuple[tuple[int, int, int], ...]:
    """Neighbouring rows of one layer, with the places that any of them reads."""
    found = []
    for number in np.unique(layer_of):
        rows = np.flatnonzero(layer_of == number)
        read = np.concatenate([senders[k] for k in rows])
        found.append((len(rows), int(read.min()), int(read.max()) + 1) if len(read) else (len(rows), 0, 0))
    return tuple(found)
