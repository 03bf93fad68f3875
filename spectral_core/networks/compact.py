"""`CompactNetwork`: only the live neurons of a network, in the direct parametrization."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.backends import cpu
from spectral_core.backends.problem import Problem
from spectral_core.errors import InvalidInputError, ModelFileError
from spectral_core.files import model_file as files
from spectral_core.kernels.support import activations
from spectral_core.kernels.support.activations import Activation
from spectral_core.kernels.support.layout import Layout
from spectral_core.networks.parameters import Parameters
from spectral_core.networks.pictured import Blocks, Pictured
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.wording import counted


@dataclass(frozen=True, eq=False)
class CompactNetwork(Pictured):
    """The live part of a network: the blocks between live neurons.

    Attributes
    ----------
    direct : the live network in the direct parametrization, its layer 1 the live inputs.
    neurons : for each layer of `direct`, the positions its neurons had in the original layer.
    layers : for each layer of `direct`, the number (from 1) of the original layer.
    n_features : columns of X; with `bias` position n_features in layer 1 is the constant 1.
    original_widths : neurons by layer before compaction.

    Examples
    --------
    >>> import numpy as np
    >>> from spectral_core import SpectralNetwork, compact
    >>> small = compact(SpectralNetwork.initialize([2, 5, 1], seed=0))
    >>> small
    CompactNetwork(3-1, 3 parameters, relu)
    >>> small.forward(np.ones((4, 2))).shape
    (4, 1)
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
        """Live neurons by layer; a layer without live neurons is left out."""
        return self.direct.widths

    @property
    def live(self) -> tuple[int, ...]:
        """Live neurons by layer of the original network, 0 for a layer that is left out."""
        counts = dict(zip(self.layers, self.widths, strict=True))
        return tuple(counts.get(layer, 0) for layer in range(1, len(self.original_widths) + 1))

    @property
    def n_parameters(self) -> int:
        """Σ live_i · live_j over the live blocks."""
        return self.direct.n_parameters

    @property
    def n_weights(self) -> int:
        """The numbers that a prediction multiplies or adds: the weights that are not 0, biases included."""
        return int(np.count_nonzero(self.direct.parameters))

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.direct.dtype

    def forward(self, X: Any) -> np.ndarray:
        """z_K (samples, outputs) of X (samples, features of the original network).

        By hand: gathers columns; the rest is generated. Checked by test_compaction.test_the_compact_network_is_the_same_function.
        """
        direct = self.direct
        return cpu.predict(direct.layout, direct.activation, direct.parameters, self.columns(X))

    def columns(self, X: Any) -> np.ndarray:
        """The live inputs (samples, live_1) of X (samples, features): the input of `direct`."""
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

    # --- what training asks (`trainable.Trainable`) -----------------------------------------------

    @property
    def layout(self) -> Layout:
        return self.direct.layout

    @property
    def parameters(self) -> np.ndarray:
        return self.direct.parameters

    @property
    def activation(self) -> Activation:
        return self.direct.activation

    @property
    def frozen(self) -> tuple[str, ...]:
        return self.direct.frozen

    def problem(self, X: Any, y: Any, loss: str, sample_weight: Any = None) -> Problem:
        """As `SpectralNetwork.problem`, of the live columns of X."""
        if checks.is_device_array(X):
            raise InvalidInputError("a CompactNetwork picks columns of X in this process; X lies on a GPU: copy it")
        return self.direct.problem(self.columns(X), y, loss, sample_weight)

    def with_parameters(self, flat: np.ndarray) -> CompactNetwork:
        """The same network with a copy of other values of its weights."""
        return replace(self, direct=self.direct.with_parameters(flat))

    def trained_record(self) -> dict[str, Any]:
        """The structure of the trained parameters: that of `direct`."""
        return self.direct.record()

    # --- original widths ----------------------------------------------------------------------------

    def narrowed(self, inner: CompactNetwork) -> CompactNetwork:
        """`inner`, the compaction of a network in the widths of `direct`, with positions in the original widths."""
        neurons = tuple(
            self.neurons[layer - 1][places] for layer, places in zip(inner.layers, inner.neurons, strict=True)
        )
        layers = tuple(self.layers[layer - 1] for layer in inner.layers)
        return CompactNetwork(inner.direct, neurons, layers, self.n_features, self.original_widths)

    def expanded(self) -> SpectralNetwork:
        """The direct network of the original widths, with 0 for all other weights; the same function."""
        widths, bias = self.original_widths, self.original_widths[0] > self.n_features

        def zeros(pair: tuple[int, int]) -> np.ndarray:
            return np.zeros((widths[pair[0] - 1], widths[pair[1] - 1]), self.dtype)

        # A block of zeros gives a layer its width if no neuron of it is live.
        blocks = {(i, 1): zeros((i, 1)) for i in range(2, len(widths) + 1) if i not in self.layers}
        for (i, j), block in self.blocks.items():
            pair = self.layers[i - 1], self.layers[j - 1]
            blocks[pair] = zeros(pair)
            blocks[pair][np.ix_(self.neurons[i - 1], self.neurons[j - 1])] = block
        # A layer without live neurons computes nothing, whatever f is, since f(0) = 0.
        known = dict(zip(self.layers[1:], activations.by_layer(self.activation, len(self.layers) - 2), strict=False))
        spare = activations.distinct(self.activation)[0]
        names = [known.get(layer, spare) for layer in range(2, len(widths))] or spare
        return SpectralNetwork(blocks=blocks, activation=names, bias=bias, parametrization="direct", dtype=self.dtype)

    # --- records and files ------------------------------------------------------------------------

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
        """The compact network of a record; a `ModelFileError` names the source if the record does not fit."""
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

    def _drawn(self, inputs: Sequence[str]) -> tuple[tuple[int, ...], Blocks, dict[str, Any]]:
        kept = [position for position in self.neurons[0].tolist() if position < self.n_features]
        bias = len(kept) < len(self.neurons[0])
        named = [inputs[position] for position in kept] if len(inputs) == self.n_features else inputs
        return self.widths, self.blocks, {"bias": bias, "inputs": named, "layers": self.layers}

    def __repr__(self) -> str:
        widths, numbers = "-".join(map(str, self.widths)), counted(self.n_parameters, "parameter")
        return f"CompactNetwork({widths}, {numbers}, {activations.written(self.activation)})"
