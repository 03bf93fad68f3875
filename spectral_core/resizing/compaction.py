"""Exact compaction: the network among live neurons (M10, M11)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.backends import cpu
from spectral_core.errors import InvalidInputError, ModelFileError
from spectral_core.files import model_file as files
from spectral_core.kernels.tables import ZERO_AT_ZERO
from spectral_core.networks.parameters import Parameters
from spectral_core.networks.spectral import SpectralNetwork

Blocks = Mapping[tuple[int, int], np.ndarray]


@dataclass(frozen=True, eq=False)
class CompactNetwork:
    """The live part of a network: blocks among live neurons, blocks with no live end gone.

    Attributes
    ----------
    direct : the live network in the direct parametrization, its layer 1 the live inputs.
    neurons : for each layer of `direct`, the positions its neurons had in the original layer.
    layers : for each layer of `direct`, the number (from 1) of the original layer.
    n_features : columns of X; with `bias` position n_features in layer 1 is the constant 1.
    original_widths : neurons by layer before compaction.
    """

    direct: SpectralNetwork
    neurons: tuple[np.ndarray, ...]
    layers: tuple[int, ...]
    n_features: int
    original_widths: tuple[int, ...]

    @property
    def blocks(self) -> dict[tuple[int, int], np.ndarray]:
        """{(i, j): W_ij} among live neurons; layers counted from 1 in the compact network."""
        return self.direct.blocks

    @property
    def widths(self) -> tuple[int, ...]:
        """Live neurons by layer; layers without live neurons do not exist."""
        return self.direct.widths

    @property
    def live(self) -> tuple[int, ...]:
        """Live neurons by layer of the original network, 0 where the layer is gone."""
        counts = dict(zip(self.layers, self.widths, strict=True))
        return tuple(counts.get(layer, 0) for layer in range(1, len(self.original_widths) + 1))

    @property
    def n_parameters(self) -> int:
        """Σ live_i · live_j over the live blocks."""
        return self.direct.n_parameters

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.direct.dtype

    def forward(self, X: Any) -> np.ndarray:
        """z_K (samples, outputs) of X (samples, features of the original network)."""
        direct = self.direct
        return cpu.predict(direct.layout, direct.activation, direct.parameters, self.columns(X))

    def columns(self, X: Any) -> np.ndarray:
        """The live inputs (samples, live_1) of X (samples, features): what `direct` takes."""
        x = checks.features(X, self.dtype, self.n_features)
        columns = np.empty((len(x), len(self.neurons[0])), self.dtype)
        for place, feature in enumerate(self.neurons[0]):
            columns[:, place] = x[:, feature] if feature < self.n_features else 1
        return columns

    def loss(self, X: Any, y: Any, loss: str = "squared_error", sample_weight: Any = None) -> float:
        """As `SpectralNetwork.loss`."""
        return self.direct.loss(self.columns(X), y, loss, sample_weight)

    def loss_and_gradients(
        self, X: Any, y: Any, loss: str = "squared_error", sample_weight: Any = None
    ) -> tuple[float, Parameters]:
        """As `SpectralNetwork.loss_and_gradients`; `gradients.blocks` are structured like `blocks` (M8, direct)."""
        return self.direct.loss_and_gradients(self.columns(X), y, loss, sample_weight)

    def with_direct(self, direct: SpectralNetwork) -> CompactNetwork:
        """The same places with other weights."""
        return replace(self, direct=direct)

    def narrowed(self, inner: CompactNetwork) -> CompactNetwork:
        """`inner`, the compaction of a network in the widths of `direct`, told in the original widths."""
        neurons = tuple(
            self.neurons[layer - 1][places] for layer, places in zip(inner.layers, inner.neurons, strict=True)
        )
        layers = tuple(self.layers[layer - 1] for layer in inner.layers)
        return CompactNetwork(inner.direct, neurons, layers, self.n_features, self.original_widths)

    def expanded(self) -> SpectralNetwork:
        """The direct network of the original widths, 0 where nothing is live; the same function."""
        widths, bias = self.original_widths, self.original_widths[0] > self.n_features

        def zeros(pair: tuple[int, int]) -> np.ndarray:
            return np.zeros((widths[pair[0] - 1], widths[pair[1] - 1]), self.dtype)

        # A layer that is gone keeps its width by a block of zeros.
        blocks = {(i, 1): zeros((i, 1)) for i in range(2, len(widths) + 1) if i not in self.layers}
        for (i, j), block in self.blocks.items():
            pair = self.layers[i - 1], self.layers[j - 1]
            blocks[pair] = zeros(pair)
            blocks[pair][np.ix_(self.neurons[i - 1], self.neurons[j - 1])] = block
        return SpectralNetwork(
            blocks=blocks, activation=self.direct.activation, bias=bias, parametrization="direct", dtype=self.dtype
        )

    def record(self) -> dict[str, Any]:
        """Everything but the parameter values, for JSON."""
        return {
            "direct": self.direct.record(),
            "neurons": [positions.tolist() for positions in self.neurons],
            "layers": list(self.layers),
            "n_features": self.n_features,
            "original_widths": list(self.original_widths),
        }

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the compact network to a model file (NPZ without pickle)."""
        files.save_model(path, "compact network", self.record(), {"parameters": self.direct.parameters})

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> CompactNetwork:
        """Read a compact network from a model file; raises `ModelFileError`."""
        _, record, stored = files.load_model(path, ("compact network",))
        return cls.from_record(record, stored.get("parameters"), path)

    @classmethod
    def from_record(cls, record: dict[str, Any], flat: Any, source: object) -> CompactNetwork:
        """The compact network of a record; what does not fit is a `ModelFileError` naming the source."""
        try:
            direct = SpectralNetwork.from_record(record["direct"], flat, source)
            neurons = tuple(np.array(positions, dtype=np.int64) for positions in record["neurons"])
            widths = tuple(int(width) for width in record["original_widths"])
            result = cls(direct, neurons, tuple(map(int, record["layers"])), int(record["n_features"]), widths)
            layers = (0, *result.layers, len(widths) + 1)
            if min(widths) < 1 or any(a >= b for a, b in pairwise(layers)) or result.layers[-1] != len(widths):
                raise ValueError("the layers do not go up from 1 to the last of the original network")
            if tuple(map(len, neurons)) != direct.widths or len(result.layers) != len(neurons):
                raise ValueError("the live neurons do not match the widths")
            if any(
                p.size and not 0 <= p.min() <= p.max() < widths[i - 1]
                for i, p in zip(result.layers, neurons, strict=True)
            ):
                raise ValueError("a live neuron lies outside its layer")
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise ModelFileError(f"{source} does not describe a compact network: {error}") from None
        return result

    def __repr__(self) -> str:
        return f"CompactNetwork({'-'.join(map(str, self.widths))}, {self.n_parameters} parameters, {self.direct.activation})"


def live_masks(blocks: Blocks, widths: tuple[int, ...]) -> list[np.ndarray]:
    """Which neurons can matter: those reached from the input that reach the output.

    A hidden neuron without a non-zero incoming weight is silent (M10, f(0) = 0); one without a non-zero outgoing
    weight is not heard. Either makes others so, hence the repetition. Outputs always count as live.
    """
    layers = len(widths)
    live = [np.ones(width, dtype=bool) for width in widths]
    while True:
        before = [mask.copy() for mask in live]
        reached = [np.zeros(width, dtype=bool) for width in widths]
        heard = [np.zeros(width, dtype=bool) for width in widths]
        for (i, j), block in blocks.items():
            used = (block != 0) & live[i - 1][:, None] & live[j - 1]
            reached[i - 1] |= used.any(axis=1)
            heard[j - 1] |= used.any(axis=0)
        for layer in range(layers - 1):
            live[layer] &= heard[layer]
            if layer > 0:
                live[layer] &= reached[layer]
        if all(np.array_equal(a, b) for a, b in zip(before, live, strict=True)):
            return live


def compact(net: SpectralNetwork) -> CompactNetwork:
    """The same function with only the live neurons: exact, not approximate (M10, M11).

    Parameters
    ----------
    net : any parametrization; it is left as it was.

    Returns
    -------
    CompactNetwork : equal to `net` within rounding, Σ live_i · live_j weights over the live blocks.

    Raises
    ------
    InvalidInputError : the activation has f(0) != 0, so that a silent neuron still speaks.
    """
    if not isinstance(net, SpectralNetwork):
        raise InvalidInputError(f"net must be a SpectralNetwork; got {type(net).__name__}")
    if net.activation not in ZERO_AT_ZERO:
        raise InvalidInputError(f"compaction needs f(0) = 0; {net.activation} has f(0) != 0")
    # In float64 if the network is: the blocks of a float32 network are products of float32 numbers.
    blocks = net.transfer_blocks()
    live = live_masks(blocks, net.widths)
    if not live[0].any():
        live[0][0] = True  # a constant network still needs an input layer
    kept = [layer for layer in range(1, net.n_layers + 1) if live[layer - 1].any()]
    neurons = tuple(np.flatnonzero(live[layer - 1]) for layer in kept)
    number = {layer: position + 1 for position, layer in enumerate(kept)}
    parts = {
        (number[i], number[j]): block[np.ix_(live[i - 1], live[j - 1])]
        for (i, j), block in blocks.items()
        if i in number and j in number
    }
    parts = {pair: part for pair, part in parts.items() if part.any()}
    reaching = {pair[0] for pair in parts} | {pair[1] for pair in parts}
    if not {1, len(kept)} <= reaching:
        parts[len(kept), 1] = np.zeros((len(neurons[-1]), len(neurons[0])), net.dtype)
    direct = SpectralNetwork(blocks=parts, activation=net.activation, parametrization="direct", dtype=net.dtype)
    return CompactNetwork(direct, neurons, tuple(kept), net.n_features, net.widths)
