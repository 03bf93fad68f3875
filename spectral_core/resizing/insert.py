"""New neurons and new layers, the function unchanged (M13, M14).

Each change is a value with two methods: `apply(net)` gives the new network, `carry(state, net)` the optimizer's moments of
a training of `net` for it. Moments move with their parameters; those of new parameters are 0.

    grown = InsertNeurons(layer=2, count=5)
    again = train(grown.apply(result.network), X, y, state=grown.carry(result.state, result.network), ...)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.errors import InvalidInputError
from spectral_core.kernels.support.activations import by_layer, distinct, joined
from spectral_core.kernels.tables import ZERO_AT_ZERO
from spectral_core.networks.initialization import xavier_uniform
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.resizing.groups import (
    Group,
    Values,
    carried,
    groups_of,
    rebuilt,
    require_global,
    require_hidden,
    values_of,
    widened,
)
from spectral_core.training.results import TrainingState


def insert_neurons(
    net: SpectralNetwork,
    layer: int,
    count: int = 1,
    *,
    incoming: Any = None,
    eigenvalues: Any = None,
    seed: int = 0,
) -> SpectralNetwork:
    """New neurons at the end of a hidden layer, the function unchanged (M13).

    Their outgoing φ (or W) is 0: z_{i+1} = Σ_h W_h f(z_h) gets no new term. Training wakes them, since the slope of that 0 is
    not 0. `InsertNeurons` also carries the optimizer's moments.

    Parameters
    ----------
    layer : counted from 1; a hidden one, 2..K-1.
    count : new neurons.
    incoming : (count, n_{layer-1}) rows of φ or W, or, for `direct`, {j: (count, n_j)} of several blocks; by default Xavier
        uniform by `seed`.
    eigenvalues : (count,), λ (`global`, by default 0) or λ^out (`layerwise`, by default 1).

    Returns
    -------
    SpectralNetwork : a new one; `net` stays as it is.

    Raises
    ------
    InvalidInputError : no hidden layer, a wrong shape, or eigenvalues for a direct network.

    Examples
    --------
    >>> from spectral_core import SpectralNetwork, insert_neurons
    >>> insert_neurons(SpectralNetwork.initialize([2, 5, 1], seed=0), layer=2, count=3).widths
    (3, 8, 1)
    """
    return InsertNeurons(layer, count, incoming=incoming, eigenvalues=eigenvalues, seed=seed).apply(net)


def insert_layer(net: SpectralNetwork, after: int, width: int | None = None, *, seed: int = 0) -> SpectralNetwork:
    """A new layer behind layer `after`, the function unchanged (M14, M13).

    φ_new = -I with λ_new = λ^(after) gives weights W = φ_new L - L φ_new = 0, and the linear paths go through it.
    `InsertLayer` says how it is done in each parametrization, and carries the optimizer's moments.

    Parameters
    ----------
    after : the layer before the new one, counted from 1; 1 (the input) to K-1.
    width : neurons of the new layer of a `direct` network; in a `global` one left out, since it is as wide as layer `after`.
    seed : of the weights that do not change the function.

    Returns
    -------
    SpectralNetwork : a new one; `net` stays as it is.

    Raises
    ------
    InvalidInputError : no such layer, a width that does not belong, a layerwise network, or an activation with f(0) other than 0.

    Examples
    --------
    >>> from spectral_core import SpectralNetwork, insert_layer
    >>> insert_layer(SpectralNetwork.initialize([2, 5, 1], seed=0), after=2).widths
    (3, 5, 5, 1)
    """
    return InsertLayer(after, width, seed=seed).apply(net)


@dataclass(frozen=True, eq=False)
class InsertNeurons:
    """Add `count` neurons to the end of a hidden layer, with outgoing φ (or W) 0: the function is unchanged (M13).

    Parameters
    ----------
    layer : counted from 1; a hidden one, 2..K-1.
    incoming : (count, n_{layer-1}) rows of φ; for `direct` those of the block from the nearest layer with a block into this
        one, or {j: (count, n_j)} of several blocks, which are made where they do not exist. By default Xavier uniform by
        `seed`.
    eigenvalues : one for each new neuron, λ (`global`) or λ^out (`layerwise`, where λ^in is 0); by default 0 and 1.
    """

    layer: int
    count: int = 1
    incoming: Any = None
    eigenvalues: Any = None
    seed: int = 0

    def apply(self, net: SpectralNetwork) -> SpectralNetwork:
        """The grown network; `net` is left as it was."""
        i, count = require_hidden(net, self.layer), checks.integer(self.count, "count", 1)
        if self.eigenvalues is not None and net.parametrization == "direct":
            raise InvalidInputError("a direct network has no eigenvalues")
        rows = _incoming(net, self.incoming, i, self._nearest_sender(net), count, self.seed, net.widths[i - 1] + count)
        usual = np.zeros(count) if net.parametrization == "global" else np.ones(count)
        own = checks.real_array(usual if self.eigenvalues is None else self.eigenvalues, "eigenvalues", net.dtype, 1)
        if own.shape != (count,):
            raise InvalidInputError(f"eigenvalues must hold {count} number(s); got {own.size}")
        # What the new rows of each group hold; those of all other groups are 0.
        new_rows = {Group("eigenvalues", i): own, Group("eigenvalues_out", i): own}
        for j, block in rows.items():
            new_rows[Group("eigenvectors", i) if net.parametrization != "direct" else Group("blocks", i, j)] = block
        values = values_of(net.layout, net.parameters) | self._missing(net, rows)
        return rebuilt(net, {group: widened(group, v, i, count, new_rows.get(group, 0)) for group, v in values.items()})

    def _nearest_sender(self, net: SpectralNetwork) -> int:
        """The layer that new rows come from by default: the one before; in a direct network the nearest with a block."""
        if net.parametrization != "direct":
            return self.layer - 1
        return max((j for i, j in net.blocks if i == self.layer), default=self.layer - 1)

    def _missing(self, net: SpectralNetwork, rows: Mapping[int, np.ndarray]) -> dict[Group, np.ndarray]:
        """Blocks of zeros that a direct network lacks: from the senders of the new rows, and to the output from a layer
        without an outgoing block."""
        if net.parametrization != "direct":
            return {}
        pairs = [(self.layer, j) for j in rows if (self.layer, j) not in net.blocks]
        if not any(j == self.layer for _, j in net.blocks):
            pairs.append((net.n_layers, self.layer))
        return {Group("blocks", i, j): np.zeros((net.widths[i - 1], net.widths[j - 1]), net.dtype) for i, j in pairs}

    def carry(self, state: TrainingState, net: SpectralNetwork) -> TrainingState:
        """The moments of a training of `net`, for the grown network."""
        grown = self.apply(net).layout

        def change(moments: Values) -> dict[Group, np.ndarray]:
            new = {group: np.zeros(grown.groups[group.name].shape, net.dtype) for group in groups_of(grown)}
            return new | {group: widened(group, moment, self.layer, self.count) for group, moment in moments.items()}

        return carried(state, net, change)


@dataclass(frozen=True, eq=False)
class InsertLayer:
    """Add a layer behind layer `after` = i, the function unchanged.

    It has the activation of layer i; behind the input, that of the first hidden layer.

    `global` : φ_new = -I, λ_new = λ^(i), the old φ^(i) behind it (M14; needs f(0) = 0). The layer is as wide as layer i. It
    is silent until training moves λ_new away from λ^(i).
    `direct` : `width` neurons with the rows `incoming`, and outgoing blocks 0 to every layer behind (M13).

    Parameters
    ----------
    after : counted from 1; any layer but the last.
    width, incoming, seed : of a `direct` network, as for `InsertNeurons`.
    """

    after: int
    width: int | None = None
    incoming: Any = None
    seed: int = 0

    def apply(self, net: SpectralNetwork) -> SpectralNetwork:
        """The grown network; `net` is left as it was."""
        i = self._check(net)
        values = self._moved(values_of(net.layout, net.parameters))
        if net.parametrization == "direct":
            values |= self._blocks(net)
        else:
            values[Group("eigenvectors", i + 1)] = -np.eye(net.widths[i - 1], dtype=net.dtype)
            values[Group("eigenvalues", i + 1)] = np.asarray(net.eigenvalues[i - 1])
        return rebuilt(net, values, self._renumbered, joined(self._names(net)))

    def carry(self, state: TrainingState, net: SpectralNetwork) -> TrainingState:
        """The moments of a training of `net`, for the grown network."""
        i = self._check(net)
        if net.parametrization == "direct":
            new = {group: np.zeros_like(block) for group, block in self._blocks(net).items()}
        else:
            width = net.widths[i - 1]
            new = {Group("eigenvectors", i + 1): np.zeros((width, width)), Group("eigenvalues", i + 1): np.zeros(width)}
        return carried(state, net, lambda moments: self._moved(moments) | new)

    def _names(self, net: SpectralNetwork) -> list[str]:
        """The activation of each hidden layer of the grown network."""
        names, place = by_layer(net.activation, net.n_layers - 2), self.after - 1
        new = names[max(place - 1, 0)] if names else distinct(net.activation)[0]
        return [*names[:place], new, *names[place:]]

    def _check(self, net: SpectralNetwork) -> int:
        if not isinstance(net, SpectralNetwork) or net.parametrization != "direct":
            require_global(net, "a layer can be inserted")
            if self.width is not None or self.incoming is not None:
                raise InvalidInputError("in a global network a new layer is as wide as the one before; leave out width")
        else:
            checks.integer(self.width, "width", 1)
        if not 1 <= checks.integer(self.after, "after", 1) < net.n_layers:
            raise InvalidInputError(f"after must be a layer from 1 to {net.n_layers - 1}; got {self.after}")
        if net.parametrization == "global":
            checks.vanishing_at_zero(self._names(net)[self.after - 1], ZERO_AT_ZERO, "inserting a layer")
        return self.after

    def _blocks(self, net: SpectralNetwork) -> dict[Group, np.ndarray]:
        """The blocks of the new layer of a direct network: the incoming rows, and zeros to all layers behind."""
        width, new = checks.integer(self.width, "width", 1), self.after + 1
        rows = _incoming(net, self.incoming, new, self.after, width, self.seed, width)
        into = {Group("blocks", new, j): block for j, block in rows.items()}
        behind = range(self.after + 1, net.n_layers + 1)
        return into | {Group("blocks", i + 1, new): np.zeros((net.widths[i - 1], width), net.dtype) for i in behind}

    def _renumbered(self, group: Group) -> Group:
        return group.moved_behind(self.after, 1)

    def _moved(self, values: Values) -> dict[Group, np.ndarray]:
        return {self._renumbered(group): value for group, value in values.items()}


def _incoming(
    net: SpectralNetwork, incoming: Any, layer: int, before: int, count: int, seed: int, receivers: int
) -> dict[int, np.ndarray]:
    """The incoming rows of `count` new neurons by sending layer; by default random ones from layer `before`."""
    if incoming is None:
        generator = np.random.default_rng(checks.integer(seed, "seed", 0))
        incoming = xavier_uniform(generator, receivers, net.widths[before - 1])[-count:]
    blocks = incoming if isinstance(incoming, Mapping) and net.parametrization == "direct" else {before: incoming}
    result = {}
    for j, rows in blocks.items():
        name = "incoming" if blocks is not incoming else f"incoming[{j}]"
        if not 1 <= checks.integer(j, "a layer of incoming", 1) < layer:
            raise InvalidInputError(f"incoming must name layers from 1 to {layer - 1}; got {j}")
        result[j] = checks.real_array(rows, name, net.dtype, 2)
        if result[j].shape != (count, net.widths[j - 1]):
            raise InvalidInputError(f"{name} must have shape ({count}, {net.widths[j - 1]}); got {result[j].shape}")
    return result
