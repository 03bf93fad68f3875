"""Growth and collapse inside the spectral family: layers and neurons come and go, the function stays (M12, M13, M14).

Each change is a value with `apply(net)`, the new network, and `carry(state, net)`, the optimizer's moments of a training
of `net` for the new one: those of what stays move with it, what is new starts at 0.

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
from spectral_core.kernels.support.layout import Layout
from spectral_core.kernels.tables import ZERO_AT_ZERO
from spectral_core.networks.initialization import xavier_uniform
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.training.results import TrainingState

Named = Mapping[str, np.ndarray]


def insert_neurons(
    net: SpectralNetwork,
    layer: int,
    count: int = 1,
    *,
    incoming: Any = None,
    eigenvalues: Any = None,
    seed: int = 0,
) -> SpectralNetwork:
    """New neurons at the end of a hidden layer, the function unchanged (M13); see `InsertNeurons`."""
    return InsertNeurons(layer, count, incoming=incoming, eigenvalues=eigenvalues, seed=seed).apply(net)


def insert_layer(net: SpectralNetwork, after: int, width: int | None = None, *, seed: int = 0) -> SpectralNetwork:
    """A new layer behind layer `after`, the function unchanged (M14, M13); see `InsertLayer`."""
    return InsertLayer(after, width, seed=seed).apply(net)


def collapse_layer(net: SpectralNetwork, layer: int, *, tolerance: float = 0.0) -> SpectralNetwork:
    """The network without a silent hidden layer, the function unchanged (M12); see `CollapseLayer`."""
    return CollapseLayer(layer, tolerance).apply(net)


@dataclass(frozen=True, eq=False)
class InsertNeurons:
    """`count` new neurons at the end of a hidden layer, with outgoing φ (or W) 0: the function is unchanged (M13).

    Parameters
    ----------
    layer : counted from 1; a hidden one, 2..K-1.
    incoming : (count, n_{layer-1}) rows of φ; for `direct` those of the block from the nearest layer that this one hears, or
        {j: (count, n_j)} of several blocks, which are made where they do not exist. By default Xavier uniform by `seed`.
    eigenvalues : one for each new neuron, λ (`global`) or λ^out (`layerwise`, where λ^in is 0); by default 0 and 1.
    """

    layer: int
    count: int = 1
    incoming: Any = None
    eigenvalues: Any = None
    seed: int = 0

    def apply(self, net: SpectralNetwork) -> SpectralNetwork:
        """The grown network; `net` is left as it was."""
        i, count = _hidden(net, self.layer), checks.integer(self.count, "count", 1)
        if self.eigenvalues is not None and net.parametrization == "direct":
            raise InvalidInputError("a direct network has no eigenvalues")
        before = i - 1
        if net.parametrization == "direct":  # the nearest layer that this one hears
            before = max((j for k, j in net.blocks if k == i), default=i - 1)
        rows = _incoming(net, self.incoming, i, before, net.widths[i - 1] + count, count, self.seed)
        usual = np.zeros(count) if net.parametrization == "global" else np.ones(count)
        own = checks.real_array(usual if self.eigenvalues is None else self.eigenvalues, "eigenvalues", net.dtype, 1)
        if own.shape != (count,):
            raise InvalidInputError(f"eigenvalues must hold {count} number(s); got {own.size}")
        filled = {
            f"eigenvectors[{i - 2}]": rows.get(i - 1),
            f"eigenvalues[{i - 1}]": own,
            f"eigenvalues_out[{i - 2}]": own,
        }
        filled |= {f"blocks[{i},{j}]": block for j, block in rows.items()}
        named = _named(net.layout, net.parameters) | self._missing(net, rows)
        return _built(
            net, {name: _widened(name, value, i, count, filled.get(name, 0)) for name, value in named.items()}
        )

    def _missing(self, net: SpectralNetwork, rows: Mapping[int, np.ndarray]) -> dict[str, np.ndarray]:
        """Blocks of zeros that a direct network lacks: from the senders of the new rows, and to the output from a layer that
        nothing hears."""
        if net.parametrization != "direct":
            return {}
        pairs = [(self.layer, j) for j in rows if (self.layer, j) not in net.blocks]
        if not any(j == self.layer for _, j in net.blocks):
            pairs.append((net.n_layers, self.layer))
        return {f"blocks[{i},{j}]": np.zeros((net.widths[i - 1], net.widths[j - 1]), net.dtype) for i, j in pairs}

    def carry(self, state: TrainingState, net: SpectralNetwork) -> TrainingState:
        """The moments of a training of `net`, for the grown network."""
        grown = self.apply(net)
        i, count = self.layer, self.count

        def moved(named: Named) -> dict[str, np.ndarray]:
            new = {name: np.zeros(group.shape, net.dtype) for name, group in grown.layout.groups.items()}
            return new | {name: _widened(name, value, i, count, 0) for name, value in named.items()}

        return _carried(state, net, moved)


@dataclass(frozen=True, eq=False)
class InsertLayer:
    """A new layer behind layer `after` = i, the function unchanged.

    `global` : φ_new = -I, λ_new = λ^(i), the old φ^(i) behind it (M14; needs f(0) = 0). The layer is as wide as layer i,
    silent, and wakes as λ_new departs from λ^(i).
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
        named = self._moved(net, _named(net.layout, net.parameters))
        if net.parametrization == "direct":
            named |= self._blocks(net, filled=True)
        else:
            named[f"eigenvectors[{i - 1}]"] = -np.eye(net.widths[i - 1], dtype=net.dtype)
            named[f"eigenvalues[{i}]"] = np.asarray(net.eigenvalues[i - 1])
        return _built(net, named, rename=lambda name: self._renamed(net, name))

    def carry(self, state: TrainingState, net: SpectralNetwork) -> TrainingState:
        """The moments of a training of `net`, for the grown network."""
        i = self._check(net)

        def moved(named: Named) -> dict[str, np.ndarray]:
            kept = self._moved(net, named)
            if net.parametrization == "direct":
                return kept | self._blocks(net, filled=False)
            width = net.widths[i - 1]
            new = {f"eigenvectors[{i - 1}]": np.zeros((width, width)), f"eigenvalues[{i}]": np.zeros(width)}
            return kept | new

        return _carried(state, net, moved)

    def _check(self, net: SpectralNetwork) -> int:
        if not isinstance(net, SpectralNetwork) or net.parametrization != "direct":
            _spectral(net, "a layer can be inserted")
            if self.width is not None or self.incoming is not None:
                raise InvalidInputError("in a global network a new layer is as wide as the one before; leave out width")
            if net.activation not in ZERO_AT_ZERO:
                raise InvalidInputError(f"inserting a layer needs f(0) = 0; {net.activation} has f(0) != 0")
        else:
            checks.integer(self.width, "width", 1)
        if not 1 <= checks.integer(self.after, "after", 1) < net.n_layers:
            raise InvalidInputError(f"after must be a layer from 1 to {net.n_layers - 1}; got {self.after}")
        return self.after

    def _blocks(self, net: SpectralNetwork, filled: bool) -> dict[str, np.ndarray]:
        """The blocks of the new layer of a direct network; zeros for its moments."""
        width, new = checks.integer(self.width, "width", 1), self.after + 1
        rows = _incoming(net, self.incoming, new, self.after, width, width, self.seed)
        into = {f"blocks[{new},{j}]": block * filled for j, block in rows.items()}
        behind = range(self.after + 1, net.n_layers + 1)
        return into | {f"blocks[{i + 1},{new}]": np.zeros((net.widths[i - 1], width), net.dtype) for i in behind}

    def _renamed(self, net: SpectralNetwork, name: str) -> str:
        if net.parametrization == "direct":
            return "blocks[{},{}]".format(*(n + (n > self.after) for n in _pair(name)))
        family, number = _numbered(name)
        first = self.after - 1 if family == "eigenvectors" else self.after
        return f"{family}[{number + (number >= first)}]"

    def _moved(self, net: SpectralNetwork, named: Named) -> dict[str, np.ndarray]:
        return {self._renamed(net, name): value for name, value in named.items()}


@dataclass(frozen=True)
class CollapseLayer:
    """The network without hidden layer i, where all eigenvalues of layers i and i-1 are one constant c (M12).

    Layer i is silent then; φ' = -φ^(i) φ^(i-1) carries its linear paths on, all other eigenvalues are kept. In a `direct`
    network a layer without an incoming weight goes with its blocks.

    Parameters
    ----------
    layer : counted from 1; a hidden one, 2..K-1.
    tolerance : how far the eigenvalues may lie apart. Beyond rounding the function changes, by that distance times the size
        of the eigenvectors that it meets.
    """

    layer: int
    tolerance: float = 0.0

    def apply(self, net: SpectralNetwork) -> SpectralNetwork:
        """The smaller network; `net` is left as it was.

        By hand: one product, once. Checked by test_insert.test_a_layer_with_one_eigenvalue_collapses.
        """
        i = self._check(net)
        named = self._moved(net, _named(net.layout, net.parameters)) | self._silenced(net)
        if net.parametrization == "global":
            phi = net.eigenvectors
            named[f"eigenvectors[{i - 2}]"] = -phi[i - 1] @ phi[i - 2]
        return _built(net, named, rename=lambda name: self._renamed(net, name))

    def carry(self, state: TrainingState, net: SpectralNetwork) -> TrainingState:
        """The moments of a training of `net`, for the smaller network; φ' starts anew."""
        i = self._check(net)

        def moved(named: Named) -> dict[str, np.ndarray]:
            kept = self._moved(net, named) | self._silenced(net)
            if net.parametrization == "global":
                kept[f"eigenvectors[{i - 2}]"] = np.zeros((net.widths[i], net.widths[i - 2]), net.dtype)
            return kept

        return _carried(state, net, moved)

    def _check(self, net: SpectralNetwork) -> int:
        i = _hidden(net, self.layer)
        tolerance = checks.real_number(self.tolerance, "tolerance", 0)
        if net.activation not in ZERO_AT_ZERO:
            raise InvalidInputError(f"collapsing a layer needs f(0) = 0; {net.activation} has f(0) != 0")
        if net.parametrization == "direct":
            loud = [pair for pair, block in net.blocks.items() if pair[0] == i and block.any()]
            if loud:
                raise InvalidInputError(f"layer {i} is not silent: blocks {loud} lead into it; prune it first")
            return i
        _spectral(net, "a layer can be collapsed")
        values = np.concatenate([np.asarray(net.eigenvalues[i - 1]), np.asarray(net.eigenvalues[i - 2])])
        spread = float(values.max() - values.min())
        if spread > tolerance:
            raise InvalidInputError(
                f"all eigenvalues of layers {i - 1} and {i} must be equal for layer {i} to be silent (M12); they spread "
                f"over {spread:.3g}, more than tolerance={tolerance:g}"
            )
        return i

    def _renamed(self, net: SpectralNetwork, name: str) -> str:
        """The new name of a group; an empty one for what goes."""
        i = self.layer
        if net.parametrization == "direct":
            pair = _pair(name)
            return "" if i in pair else "blocks[{},{}]".format(*(n - (n > i) for n in pair))
        family, number = _numbered(name)
        if family == "eigenvalues":
            return "" if number == i - 1 else f"{family}[{number - (number >= i)}]"
        return "" if number in (i - 2, i - 1) else f"{family}[{number - (number >= i)}]"

    def _moved(self, net: SpectralNetwork, named: Named) -> dict[str, np.ndarray]:
        moved = {self._renamed(net, name): value for name, value in named.items()}
        moved.pop("", None)
        return moved

    def _silenced(self, net: SpectralNetwork) -> dict[str, np.ndarray]:
        """Blocks of zeros for what only the layer led to, in a direct network, so that it stays there and stays 0."""
        if net.parametrization != "direct":
            return {}
        i = self.layer
        alone = [a for a in range(2, net.n_layers + 1) if a != i and all(j == i for k, j in net.blocks if k == a)]
        return {f"blocks[{a - (a > i)},1]": np.zeros((net.widths[a - 1], net.widths[0]), net.dtype) for a in alone}


Change = InsertNeurons | InsertLayer | CollapseLayer


def _hidden(net: SpectralNetwork, layer: int) -> int:
    if not isinstance(net, SpectralNetwork):
        raise InvalidInputError(f"net must be a SpectralNetwork; got {type(net).__name__}")
    if not 2 <= checks.integer(layer, "layer", 1) <= net.n_layers - 1:
        have = f"layers 2 to {net.n_layers - 1}" if net.n_layers > 2 else "none"
        raise InvalidInputError(f"layer must be a hidden layer ({have}); got {layer}")
    return layer


def _spectral(net: SpectralNetwork, what: str) -> None:
    if not isinstance(net, SpectralNetwork):
        raise InvalidInputError(f"net must be a SpectralNetwork; got {type(net).__name__}")
    if net.parametrization != "global":
        raise InvalidInputError(f"{what} in a global network, whose paths skip it; got a {net.parametrization} one")


def _numbered(name: str) -> tuple[str, int]:
    family, number = name[:-1].split("[")
    return family, int(number)


def _pair(name: str) -> tuple[int, int]:
    """(i, j) of ``blocks[i,j]``."""
    i, j = name[len("blocks[") : -1].split(",")
    return int(i), int(j)


def _incoming(
    net: SpectralNetwork, given: Any, layer: int, before: int, receivers: int, count: int, seed: int
) -> dict[int, np.ndarray]:
    """The incoming rows of new neurons by sending layer."""
    if given is None:
        generator = np.random.default_rng(checks.integer(seed, "seed", 0))
        given = xavier_uniform(generator, receivers, net.widths[before - 1])[-count:]
    blocks = given if isinstance(given, Mapping) and net.parametrization == "direct" else {before: given}
    result = {}
    for j, rows in blocks.items():
        name = "incoming" if blocks is not given else f"incoming[{j}]"
        if not 1 <= checks.integer(j, "a layer of incoming", 1) < layer:
            raise InvalidInputError(f"incoming must name layers from 1 to {layer - 1}; got {j}")
        result[j] = checks.real_array(rows, name, net.dtype, 2)
        if result[j].shape != (count, net.widths[j - 1]):
            raise InvalidInputError(f"{name} must have shape ({count}, {net.widths[j - 1]}); got {result[j].shape}")
    return result


def _named(layout: Layout, flat: np.ndarray) -> dict[str, np.ndarray]:
    return {name: group.view(flat) for name, group in layout.groups.items()}


def _widened(name: str, value: np.ndarray, layer: int, count: int, filling: Any) -> np.ndarray:
    """A parameter group with room for new neurons at the end of a layer: `filling` where they receive, 0 elsewhere."""
    family = name.split("[")[0]
    if family == "blocks":
        into, out = (layer == number for number in _pair(name))
    else:
        number = _numbered(name)[1]
        own = {"eigenvectors": number + 2, "eigenvalues": number + 1, "eigenvalues_out": number + 2}.get(family)
        into, out = layer == own, layer == number + 1 and family in ("eigenvectors", "eigenvalues_in")
    if into:
        new = np.zeros((count, *value.shape[1:]), value.dtype)
        new[...] = filling
        return np.concatenate([value, new])
    if out:
        return np.concatenate([value, np.zeros((*value.shape[:-1], count), value.dtype)], axis=-1)
    return value


def _built(net: SpectralNetwork, named: Named, rename: Any = None) -> SpectralNetwork:
    """A network of the same kind from groups by name."""
    frozen = [entry if rename is None or "[" not in entry else rename(entry) for entry in net.frozen]
    common: dict[str, Any] = {
        "activation": net.activation, "bias": net.bias, "parametrization": net.parametrization, "dtype": net.dtype,
        "frozen": [entry for entry in frozen if entry],
    }  # fmt: skip
    if net.parametrization == "direct":
        return SpectralNetwork(blocks={_pair(name): value for name, value in named.items()}, **common)
    count = sum(name.startswith("eigenvectors") for name in named)
    phi = [named[f"eigenvectors[{i}]"] for i in range(count)]
    if net.parametrization == "global":
        return SpectralNetwork(phi, [named[f"eigenvalues[{i}]"] for i in range(count + 1)], **common)
    return SpectralNetwork(
        phi, [(named[f"eigenvalues_in[{i}]"], named[f"eigenvalues_out[{i}]"]) for i in range(count)], **common
    )


def _carried(state: TrainingState, net: SpectralNetwork, moved: Any) -> TrainingState:
    """Both moments through a change of the groups; the order of groups is that of the new layout."""
    if not isinstance(state, TrainingState):
        raise InvalidInputError(f"state must be the .state of a training result; got {type(state).__name__}")
    if state.first_moment.shape != net.parameters.shape:
        raise InvalidInputError(
            f"the state belongs to {state.first_moment.size} parameters; the network has {net.n_parameters}"
        )
    flats = []
    for moment in (state.first_moment, state.second_moment):
        grown = _built(net.with_parameters(net.parameters, frozen=()), moved(_named(net.layout, moment)))
        flats.append(grown.parameters)
    return TrainingState(flats[0], flats[1], state.step, state.epoch)
