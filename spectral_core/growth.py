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

from spectral_core import arrays
from spectral_core.errors import InvalidInputError
from spectral_core.kernels.tables import ZERO_AT_ZERO
from spectral_core.layout import Layout
from spectral_core.network import SpectralNetwork
from spectral_core.parameters import xavier_uniform
from spectral_core.trainer import TrainingState

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


def insert_layer(net: SpectralNetwork, after: int) -> SpectralNetwork:
    """A new silent layer behind layer `after`, the function unchanged (M14); see `InsertLayer`."""
    return InsertLayer(after).apply(net)


def collapse_layer(net: SpectralNetwork, layer: int, *, tolerance: float = 0.0) -> SpectralNetwork:
    """The network without a silent hidden layer, the function unchanged (M12); see `CollapseLayer`."""
    return CollapseLayer(layer, tolerance).apply(net)


@dataclass(frozen=True, eq=False)
class InsertNeurons:
    """`count` new neurons at the end of a hidden layer, with outgoing φ (or W) 0: the function is unchanged (M13).

    Parameters
    ----------
    layer : counted from 1; a hidden one, 2..K-1.
    incoming : (count, n_{layer-1}) rows of φ (`direct`: of each block between neighbours); Xavier uniform by `seed` by
        default.
    eigenvalues : one for each new neuron, λ (`global`) or λ^out (`layerwise`, where λ^in is 0); by default 0 and 1.
    """

    layer: int
    count: int = 1
    incoming: Any = None
    eigenvalues: Any = None
    seed: int = 0

    def apply(self, net: SpectralNetwork) -> SpectralNetwork:
        """The grown network; `net` is left as it was."""
        i, count = _hidden(net, self.layer), arrays.whole(self.count, "count", 1)
        if self.eigenvalues is not None and net.parametrization == "direct":
            raise InvalidInputError("a direct network has no eigenvalues")
        senders, receivers = net.widths[i - 2], net.widths[i - 1] + count
        rows = self.incoming
        if rows is None:
            rows = xavier_uniform(np.random.default_rng(arrays.whole(self.seed, "seed", 0)), receivers, senders)[
                -count:
            ]
        rows = arrays.real_array(rows, "incoming", net.dtype, 2)
        if rows.shape != (count, senders):
            raise InvalidInputError(f"incoming must have shape ({count}, {senders}); got {rows.shape}")
        usual = np.zeros(count) if net.parametrization == "global" else np.ones(count)
        own = arrays.real_array(usual if self.eigenvalues is None else self.eigenvalues, "eigenvalues", net.dtype, 1)
        if own.shape != (count,):
            raise InvalidInputError(f"eigenvalues must hold {count} number(s); got {own.size}")
        filled = {
            f"eigenvectors[{i - 2}]": rows, f"blocks[{i},{i - 1}]": rows,
            f"eigenvalues[{i - 1}]": own, f"eigenvalues_out[{i - 2}]": own,
        }  # fmt: skip
        named = _named(net.layout, net.parameters)
        return _built(
            net, {name: _widened(name, value, i, count, filled.get(name, 0)) for name, value in named.items()}
        )

    def carry(self, state: TrainingState, net: SpectralNetwork) -> TrainingState:
        """The moments of a training of `net`, for the grown network."""
        i, count = _hidden(net, self.layer), arrays.whole(self.count, "count", 1)
        return _carried(
            state, net, lambda named: {name: _widened(name, value, i, count, 0) for name, value in named.items()}
        )


@dataclass(frozen=True)
class InsertLayer:
    """A new layer behind layer `after` = i: φ_new = -I, λ_new = λ^(i), the old φ^(i) behind it (M14).

    It is silent, so that the function is unchanged, and wakes as λ_new departs from λ^(i). Needs a `global` network and
    f(0) = 0.

    Parameters
    ----------
    after : counted from 1; any layer but the last.
    """

    after: int

    def apply(self, net: SpectralNetwork) -> SpectralNetwork:
        """The grown network; `net` is left as it was."""
        self._check(net)
        i = self.after
        named = self._moved(_named(net.layout, net.parameters))
        named[f"eigenvectors[{i - 1}]"] = -np.eye(net.widths[i - 1], dtype=net.dtype)
        named[f"eigenvalues[{i}]"] = net.eigenvalues[i - 1]  # type: ignore[assignment]
        return _built(net, named, rename=self._renamed)

    def carry(self, state: TrainingState, net: SpectralNetwork) -> TrainingState:
        """The moments of a training of `net`, for the grown network."""
        self._check(net)

        def moved(named: Named) -> dict[str, np.ndarray]:
            width = (net.widths[self.after - 1],)
            return self._moved(named) | {
                f"eigenvectors[{self.after - 1}]": np.zeros(width * 2, net.dtype),
                f"eigenvalues[{self.after}]": np.zeros(width, net.dtype),
            }

        return _carried(state, net, moved)

    def _check(self, net: SpectralNetwork) -> None:
        _spectral(net, "a layer can be inserted")
        if not 1 <= arrays.whole(self.after, "after", 1) < net.n_layers:
            raise InvalidInputError(f"after must be a layer from 1 to {net.n_layers - 1}; got {self.after}")
        if net.activation not in ZERO_AT_ZERO:
            raise InvalidInputError(f"inserting a layer needs f(0) = 0; {net.activation} has f(0) != 0")

    def _renamed(self, name: str) -> str:
        family, number = _numbered(name)
        first = self.after - 1 if family == "eigenvectors" else self.after
        return f"{family}[{number + (number >= first)}]"

    def _moved(self, named: Named) -> dict[str, np.ndarray]:
        return {self._renamed(name): value for name, value in named.items()}


@dataclass(frozen=True)
class CollapseLayer:
    """The network without hidden layer i, where all eigenvalues of layers i and i-1 are one constant c (M12).

    Layer i is silent then; φ' = -φ^(i) φ^(i-1) carries its linear paths on, all other eigenvalues are kept. In a `direct`
    network a layer without an incoming weight goes with its blocks.

    Parameters
    ----------
    layer : counted from 1; a hidden one, 2..K-1.
    tolerance : how far the eigenvalues may lie apart; beyond rounding the function changes by as much.
    """

    layer: int
    tolerance: float = 0.0

    def apply(self, net: SpectralNetwork) -> SpectralNetwork:
        """The smaller network; `net` is left as it was."""
        i = self._check(net)
        named = self._moved(net, _named(net.layout, net.parameters))
        if net.parametrization == "global":
            phi = net.eigenvectors
            named[f"eigenvectors[{i - 2}]"] = -phi[i - 1] @ phi[i - 2]
        return _built(net, named, rename=lambda name: self._renamed(net, name))

    def carry(self, state: TrainingState, net: SpectralNetwork) -> TrainingState:
        """The moments of a training of `net`, for the smaller network; φ' starts anew."""
        i = self._check(net)

        def moved(named: Named) -> dict[str, np.ndarray]:
            kept = self._moved(net, named)
            if net.parametrization == "global":
                kept[f"eigenvectors[{i - 2}]"] = np.zeros((net.widths[i], net.widths[i - 2]), net.dtype)
            return kept

        return _carried(state, net, moved)

    def _check(self, net: SpectralNetwork) -> int:
        i = _hidden(net, self.layer)
        tolerance = arrays.number(self.tolerance, "tolerance", 0)
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
            pair = [int(n) for n in name[len("blocks[") : -1].split(",")]
            return "" if i in pair else "blocks[{},{}]".format(*(n - (n > i) for n in pair))
        family, number = _numbered(name)
        if family == "eigenvalues":
            return "" if number == i - 1 else f"{family}[{number - (number >= i)}]"
        return "" if number in (i - 2, i - 1) else f"{family}[{number - (number >= i)}]"

    def _moved(self, net: SpectralNetwork, named: Named) -> dict[str, np.ndarray]:
        moved = {self._renamed(net, name): value for name, value in named.items()}
        moved.pop("", None)
        return moved


Change = InsertNeurons | InsertLayer | CollapseLayer


def _hidden(net: SpectralNetwork, layer: int) -> int:
    if not isinstance(net, SpectralNetwork):
        raise InvalidInputError(f"net must be a SpectralNetwork; got {type(net).__name__}")
    if not 2 <= arrays.whole(layer, "layer", 1) <= net.n_layers - 1:
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


def _named(layout: Layout, flat: np.ndarray) -> dict[str, np.ndarray]:
    return {name: group.view(flat) for name, group in layout.groups.items()}


def _widened(name: str, value: np.ndarray, layer: int, count: int, filling: Any) -> np.ndarray:
    """A parameter group with room for new neurons at the end of a layer: `filling` where they receive, 0 elsewhere."""
    family = name.split("[")[0]
    if family == "blocks":
        into, out = (layer == int(number) for number in name[len("blocks[") : -1].split(","))
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
        pairs = {tuple(map(int, name[len("blocks[") : -1].split(","))): value for name, value in named.items()}
        return SpectralNetwork(blocks=pairs, **common)  # type: ignore[arg-type]
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
    if state.first.shape != net.parameters.shape:
        raise InvalidInputError(
            f"the state belongs to {state.first.size} parameters; the network has {net.n_parameters}"
        )
    flats = []
    for moment in (state.first, state.second):
        grown = _built(net.with_parameters(net.parameters, frozen=()), moved(_named(net.layout, moment)))
        flats.append(grown.parameters)
    return TrainingState(flats[0], flats[1], state.step, state.epoch)
