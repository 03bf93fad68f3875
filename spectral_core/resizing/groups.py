"""Parameter groups by family and layer, and what a change of the layers does to them and to the optimizer's moments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.errors import InvalidInputError
from spectral_core.kernels.support.activations import Activation, distinct
from spectral_core.kernels.support.layout import Layout
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.training.results import TrainingState

NUMBERED_FROM = {"eigenvectors": 2, "eigenvalues": 1, "eigenvalues_in": 1, "eigenvalues_out": 2}
"""The layer of the group with number 0, by family: ``eigenvectors[0]`` is φ^(1), whose rows belong to layer 2."""


@dataclass(frozen=True)
class Group:
    """One parameter group.

    Parameters
    ----------
    family : eigenvectors, eigenvalues, eigenvalues_in, eigenvalues_out or blocks.
    layer : the layer (from 1) of the neurons that its rows, or its numbers, belong to.
    sending : for a block W_ij the layer j.
    """

    family: str
    layer: int
    sending: int = 0

    @property
    def sender(self) -> int:
        """The layer of the neurons that its columns belong to; 0 for eigenvalues."""
        return self.layer - 1 if self.family == "eigenvectors" else self.sending

    @property
    def name(self) -> str:
        """The group as `Layout` and a user write it: ``eigenvalues[0]``, ``blocks[3,1]``."""
        if self.family == "blocks":
            return f"blocks[{self.layer},{self.sending}]"
        return f"{self.family}[{self.layer - NUMBERED_FROM[self.family]}]"

    def touches(self, layer: int) -> bool:
        """Whether its rows or columns belong to neurons of the layer."""
        return layer in (self.layer, self.sender)

    def moved_behind(self, layer: int, by: int) -> Group:
        """The same group where all layers behind `layer` have moved `by` places."""
        return replace(
            self, layer=self.layer + by * (self.layer > layer), sending=self.sending + by * (self.sending > layer)
        )


Values = Mapping[Group, np.ndarray]


def groups_of(layout: Layout) -> list[Group]:
    """The groups of a layout in the order of its flat vector."""
    layers = range(1, len(layout.widths) + 1)
    if layout.parametrization == "direct":
        return [Group("blocks", i, j) for i, j in layout.pairs]
    eigenvectors = [Group("eigenvectors", layer) for layer in layers[1:]]
    if layout.parametrization == "global":
        return eigenvectors + [Group("eigenvalues", layer) for layer in layers]
    pairs = [(Group("eigenvalues_in", layer - 1), Group("eigenvalues_out", layer)) for layer in layers[1:]]
    return eigenvectors + [group for pair in pairs for group in pair]


def values_of(layout: Layout, flat: np.ndarray) -> dict[Group, np.ndarray]:
    """The values of each group: views of a flat vector."""
    return {group: layout.groups[group.name].view(flat) for group in groups_of(layout)}


def widened(group: Group, values: np.ndarray, layer: int, count: int, new_rows: Any = 0) -> np.ndarray:
    """The values of a group after `count` new neurons at the end of a layer: `new_rows` behind its rows, or columns of 0."""
    if group.layer == layer:
        rows = np.zeros((count, *values.shape[1:]), values.dtype)
        rows[...] = new_rows
        return np.concatenate([values, rows])
    if group.sender == layer:
        return np.concatenate([values, np.zeros((len(values), count), values.dtype)], axis=1)
    return values


def rebuilt(
    net: SpectralNetwork,
    values: Values,
    renumbered: Callable[[Group], Group | None] | None = None,
    activation: Activation | None = None,
) -> SpectralNetwork:
    """A network of the same kind from the values of its groups.

    `renumbered` gives the new place of a group of `net`, or None where the group is gone; frozen groups follow it. `activation` is
    that of the new layers where their number changes.
    """
    common: dict[str, Any] = {
        "activation": net.activation if activation is None else activation,
        "bias": net.bias,
        "parametrization": net.parametrization,
        "dtype": net.dtype,
        "frozen": net.frozen if renumbered is None else _frozen(net, renumbered),
    }
    if net.parametrization == "direct":
        return SpectralNetwork(blocks={(group.layer, group.sender): block for group, block in values.items()}, **common)
    layers = range(1, 2 + sum(group.family == "eigenvectors" for group in values))
    eigenvectors = [values[Group("eigenvectors", layer)] for layer in layers[1:]]
    eigenvalues: list[Any]
    if net.parametrization == "global":
        eigenvalues = [values[Group("eigenvalues", layer)] for layer in layers]
    else:
        eigenvalues = [
            (values[Group("eigenvalues_in", layer - 1)], values[Group("eigenvalues_out", layer)])
            for layer in layers[1:]
        ]
    return SpectralNetwork(eigenvectors, eigenvalues, **common)


def _frozen(net: SpectralNetwork, renumbered: Callable[[Group], Group | None]) -> list[str]:
    """The frozen groups under their new names; families stay, and groups that are gone are left out."""
    known = {group.name: group for group in groups_of(net.layout)}
    moved = [renumbered(known[entry]) if entry in known else entry for entry in net.frozen]
    return [entry.name if isinstance(entry, Group) else entry for entry in moved if entry is not None]


def carried(
    state: TrainingState, net: SpectralNetwork, change: Callable[[Values], dict[Group, np.ndarray]]
) -> TrainingState:
    """The optimizer's moments of a training of `net` after a change of its groups."""
    if not isinstance(state, TrainingState):
        raise InvalidInputError(f"state must be the .state of a training result; got {type(state).__name__}")
    if state.first_moment.shape != net.parameters.shape:
        raise InvalidInputError(
            f"the state belongs to {state.first_moment.size} parameters; the network has {net.n_parameters}"
        )
    free = net.with_parameters(net.parameters, frozen=())
    any_activation = distinct(net.activation)[0]  # moments do not read it, and one name fits any number of layers
    first, second = (
        rebuilt(free, change(values_of(net.layout, moment)), activation=any_activation).parameters
        for moment in (state.first_moment, state.second_moment)
    )
    return TrainingState(first, second, state.step, state.epoch)


def require_hidden(net: SpectralNetwork, layer: int) -> int:
    """The number of a hidden layer, checked."""
    require_network(net)
    if not 2 <= checks.integer(layer, "layer", 1) <= net.n_layers - 1:
        have = f"layers 2 to {net.n_layers - 1}" if net.n_layers > 2 else "none"
        raise InvalidInputError(f"layer must be a hidden layer ({have}); got {layer}")
    return layer


def require_global(net: SpectralNetwork, what: str) -> None:
    """Raise `InvalidInputError` where the network is not `global`."""
    require_network(net)
    if net.parametrization != "global":
        raise InvalidInputError(f"{what} in a global network, whose paths skip it; got a {net.parametrization} one")


def require_network(net: SpectralNetwork) -> None:
    """Raise `InvalidInputError` where `net` is something else."""
    if not isinstance(net, SpectralNetwork):
        raise InvalidInputError(f"net must be a SpectralNetwork; got {type(net).__name__}")
