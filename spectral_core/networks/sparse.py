"""`SparseNetwork`: a direct network as a list of the weights that it has."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from spectral_core.backends import cpu
from spectral_core.errors import InvalidInputError
from spectral_core.kernels.support.activations import Activation, codes, of_layer
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.wording import counted

BYTES_A_NUMBER = 4
"""A weight or a bias in float32."""


@dataclass(frozen=True, eq=False)
class Used:
    """The structure of a sparse network among the neurons that it uses.

    neurons : their numbers in the whole network. widths, senders, receivers, offsets : of the network of these alone.
    functions : the number of f in ``ACTIVATIONS`` for each of these neurons.
    """

    neurons: np.ndarray
    widths: tuple[int, ...]
    senders: np.ndarray
    receivers: np.ndarray
    offsets: np.ndarray
    functions: np.ndarray


@dataclass(frozen=True, eq=False)
class SparseNetwork:
    """A direct network as a list of weights: neuron `receivers[e]` receives weights[e] · x of neuron `senders[e]`.

    Neurons are numbered from 0, layer by layer: inputs (the constant neuron last among them), hidden neurons, outputs. The
    weights are sorted by receiver, then by sender. A weight from the constant neuron is a bias.

    Attributes
    ----------
    widths : neurons by layer, those without a weight and the constant neuron included.
    weights, senders, receivers : (n,) each.

    Examples
    --------
    >>> import numpy as np
    >>> from spectral_core import SpectralNetwork
    >>> from spectral_core.networks.sparse import SparseNetwork
    >>> net = SparseNetwork.of(SpectralNetwork(blocks={(2, 1): np.array([[1.0, 0.0, 2.0]])}, bias=True, parametrization="direct"))
    >>> net.senders, net.receivers, net.n_products, net.n_biases
    (array([0, 2]), array([3, 3]), 1, 1)
    """

    widths: tuple[int, ...]
    activation: Activation
    bias: bool
    weights: np.ndarray
    senders: np.ndarray
    receivers: np.ndarray

    @classmethod
    def of(cls, net: SpectralNetwork) -> SparseNetwork:
        """The weights of a network that are not 0; of a spectral network, its transfer blocks (M4)."""
        starts = np.concatenate([[0], np.cumsum(net.widths)])
        weights, senders, receivers = [], [], []
        for (i, j), block in net.transfer_blocks().items():
            rows, columns = np.nonzero(block)
            weights.append(block[rows, columns])
            receivers.append(starts[i - 1] + rows)
            senders.append(starts[j - 1] + columns)
        parts = (np.concatenate(part) for part in (weights, senders, receivers))
        return cls.sorted(tuple(net.widths), net.activation, net.bias, *parts)

    @classmethod
    def sorted(
        cls, widths: tuple[int, ...], activation: Activation, bias: bool, weights: Any, senders: Any, receivers: Any
    ) -> SparseNetwork:
        """A sparse network of weights in any order."""
        order = np.lexsort((senders, receivers))
        senders, receivers = np.asarray(senders, np.int64)[order], np.asarray(receivers, np.int64)[order]
        return cls(widths, activation, bias, np.asarray(weights)[order], senders, receivers)

    def direct(self) -> SpectralNetwork:
        """The direct network with 0 for every weight that is not here."""
        layer_of, place, dtype = self.layers, self.places, self.weights.dtype
        blocks: dict[tuple[int, int], np.ndarray] = {}
        for i in range(2, len(self.widths) + 1):
            for j in range(1, i):
                here = (layer_of[self.receivers] == i) & (layer_of[self.senders] == j)
                if here.any() or j == 1:  # a block of zeros gives a layer without weights its width
                    block = np.zeros((self.widths[i - 1], self.widths[j - 1]), dtype)
                    block[place[self.receivers[here]], place[self.senders[here]]] = self.weights[here]
                    blocks[i, j] = block
        return SpectralNetwork(
            blocks=blocks, activation=self.activation, bias=self.bias, parametrization="direct", dtype=dtype.name
        )

    # --- structure --------------------------------------------------------------------------------

    @property
    def n_inputs(self) -> int:
        """Neurons of layer 1, the constant one included."""
        return self.widths[0]

    @property
    def n_outputs(self) -> int:
        return self.widths[-1]

    @property
    def n_neurons(self) -> int:
        return sum(self.widths)

    @cached_property
    def layers(self) -> np.ndarray:
        """The layer (from 1) of each neuron."""
        return np.repeat(np.arange(1, len(self.widths) + 1), self.widths)

    @cached_property
    def places(self) -> np.ndarray:
        """The position of each neuron in its layer."""
        return np.concatenate([np.arange(width) for width in self.widths])

    @cached_property
    def offsets(self) -> np.ndarray:
        """Where the weights of each receiver start (n_neurons - n_inputs + 1,)."""
        return np.searchsorted(self.receivers, np.arange(self.n_inputs, self.n_neurons + 1))

    @cached_property
    def biases(self) -> np.ndarray:
        """Which weights are biases: those that the constant neuron sends."""
        return np.asarray(self.senders == self.n_inputs - 1) if self.bias else np.zeros(len(self.senders), bool)

    @property
    def n_products(self) -> int:
        """Weights that are multiplied by an input or an activation."""
        return len(self.weights) - self.n_biases

    @property
    def n_biases(self) -> int:
        return int(self.biases.sum())

    @cached_property
    def live(self) -> np.ndarray:
        """The hidden neurons with a weight in and a weight out."""
        first, last = self.n_inputs, self.n_neurons - self.n_outputs
        receives, sends = np.zeros(self.n_neurons, bool), np.zeros(self.n_neurons, bool)
        receives[self.receivers], sends[self.senders] = True, True
        return first + np.flatnonzero((receives & sends)[first:last])

    # --- changes ----------------------------------------------------------------------------------

    def with_weights(self, weights: np.ndarray) -> SparseNetwork:
        """The same structure with other numbers."""
        if weights.shape != self.weights.shape:
            raise InvalidInputError(f"the network has {counted(len(self.weights), 'weight')}; got {len(weights)}")
        changed = copy(self)  # with what is cached of the structure
        object.__setattr__(changed, "weights", np.asarray(weights, self.weights.dtype))
        return changed

    def keep(self, kept: np.ndarray) -> SparseNetwork:
        """The network of some of its weights, given as a mask or as positions in increasing order."""
        return replace(self, weights=self.weights[kept], senders=self.senders[kept], receivers=self.receivers[kept])

    @cached_property
    def used(self) -> Used:
        """The neurons with a weight; the constant neuron, the outputs, one input and one neuron of each layer count as used.

        By hand: conditions along a network. Checked by test_sparse.test_what_acts_is_found_by_walking_every_path.
        """
        mask = np.zeros(self.n_neurons, bool)
        mask[self.senders], mask[self.receivers] = True, True
        mask[self.n_neurons - self.n_outputs :] = True
        mask[self.n_inputs - 1 : self.n_inputs] |= self.bias
        mask[0] |= not mask[: self.n_inputs - self.bias].any()
        starts = np.cumsum((0, *self.widths[:-1]))
        mask[starts] |= ~np.logical_or.reduceat(mask, starts)
        widths = tuple(np.add.reduceat(mask, starts, dtype=np.int64).tolist())
        number = np.cumsum(mask) - 1
        receivers = number[self.receivers]
        offsets = np.searchsorted(receivers, np.arange(widths[0], sum(widths) + 1))
        functions = np.repeat(codes(self.activation, len(widths)), widths)
        return Used(np.flatnonzero(mask), widths, number[self.senders], receivers, offsets, functions)

    def narrowed(self) -> SparseNetwork:
        """The same weights, in their order, among the neurons `used`."""
        used = self.used
        return replace(self, widths=used.widths, senders=used.senders, receivers=used.receivers)

    def with_more(self, senders: np.ndarray, receivers: np.ndarray, weights: np.ndarray | float = 0.0) -> SparseNetwork:
        """The network with further weights; one that is already there becomes the sum. Weights of 0 keep the function (M13).

        By hand: weights between the same two neurons are added. Checked by
        test_sparse.test_further_weights_are_added_to_those_that_are_there.
        """
        keys = np.concatenate([self._keys(self.senders, self.receivers), self._keys(senders, receivers)])
        values = np.full(len(senders), weights, self.weights.dtype)
        found, places = np.unique(keys, return_inverse=True)
        total = np.zeros(len(found), self.weights.dtype)
        np.add.at(total, places, np.concatenate([self.weights, values]))
        rows, columns = np.divmod(found, self.n_neurons)
        return replace(self, weights=total, senders=columns, receivers=rows)

    def _keys(self, senders: np.ndarray, receivers: np.ndarray) -> np.ndarray:
        """One number for each weight, in the order of the weights."""
        return np.asarray(receivers, np.int64) * self.n_neurons + np.asarray(senders, np.int64)

    def has(self, other: SparseNetwork) -> np.ndarray:
        """Which weights of another network with the same neurons are in this one. Their values are not compared."""
        mine = self._keys(self.senders, self.receivers)
        return np.isin(self._keys(other.senders, other.receivers), mine, assume_unique=True)

    def driven(self) -> np.ndarray:
        """Which neurons depend on an input (n_neurons,)."""
        mask = np.zeros(self.n_neurons, bool)
        mask[: self.n_inputs - self.bias] = True
        for _ in range(len(self.widths) - 1):
            mask[self.receivers[mask[self.senders]]] = True
        return mask

    def reaching(self) -> np.ndarray:
        """Which neurons have a path to an output (n_neurons,)."""
        mask = np.zeros(self.n_neurons, bool)
        mask[self.n_neurons - self.n_outputs :] = True
        for _ in range(len(self.widths) - 1):
            mask[self.senders[mask[self.receivers]]] = True
        return mask

    def acting(self) -> np.ndarray:
        """Which weights act: they have a path to an output, and their hidden ends depend on an input."""
        driven = self.driven()
        driven[self.n_inputs - 1 : self.n_inputs] |= self.bias
        driven[self.n_neurons - self.n_outputs :] = True  # an output may be a constant
        return np.asarray(driven[self.senders] & driven[self.receivers] & self.reaching()[self.receivers])

    def cleaned(self) -> SparseNetwork:
        """The same function without weights that do not act (M21).

        A neuron that no input reaches is the constant f(b); its outgoing weights become biases of their receivers.

        By hand: a walk over the graph; f comes from the kernels. Checked by test_sparse.test_cleaning_keeps_the_function.
        """
        if self.acting().all():
            return self
        constant, net = ~self.driven(), self.keep(self.reaching()[self.receivers])
        for layer in range(2, len(self.widths)):
            here = constant & (self.layers == layer)
            incoming, outgoing = here[net.receivers], here[net.senders]
            value = np.zeros(net.n_neurons, net.weights.dtype)
            biases = incoming & net.biases
            if biases.any():
                name = of_layer(net.activation, layer)
                value[net.receivers[biases]] = cpu.activate(name, net.weights[None, biases])[0][0]
            moved = outgoing & (value[net.senders] != 0)
            added = net.weights[moved] * value[net.senders[moved]]
            into = net.receivers[moved]
            net = net.keep(~(incoming | outgoing)).with_more(np.full(len(into), self.n_inputs - 1), into, added)
        return net
