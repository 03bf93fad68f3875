"""A network as rows of one buffer [inputs, hidden neurons]: every row sums over earlier places of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from spectral_core.data.scaling import Scaling
from spectral_core.errors import InvalidInputError
from spectral_core.kernels.support.activations import one_for_all
from spectral_core.kernels.tables import ZERO_AT_ZERO
from spectral_core.networks.compact import CompactNetwork
from spectral_core.networks.predictor import Predictor
from spectral_core.networks.sparse import SparseNetwork
from spectral_core.networks.spectral import SpectralNetwork

FOLDED = 64.0
"""Up to this many deviations of distance from 0 the mean of a feature is folded into the biases. Farther away the difference
x - mean is computed first, as the model does: in the bias most of its digits would cancel."""


NEGLIGIBLE = 2.0**-100
"""A weight this much smaller than the greatest of its row, for inputs and activations of one size, adds no digit to a sum.
Decayed weights of other libraries are that small, and no normal float32."""


@dataclass(frozen=True, eq=False)
class Layer:
    """Neighbouring rows that read the places `first` to `last` of the buffer, the last one excluded."""

    rows: int
    first: int
    last: int


@dataclass(frozen=True, eq=False)
class Rows:
    """z_k = bias_k + Σ_e weights_k[e] x[senders_k[e]]; x = f(z) for hidden rows, z itself for outputs.

    features : the features that are read, as positions in the rows of X. n_features : columns of X.
    layers : rows by layer, the outputs last. shift : added to the features first; None where there is nothing to add.
    """

    features: np.ndarray
    n_features: int
    layers: tuple[Layer, ...]
    activation: str
    bias: np.ndarray
    weights: tuple[np.ndarray, ...]
    senders: tuple[np.ndarray, ...]
    shift: np.ndarray | None = None

    @property
    def n_used(self) -> int:
        return len(self.features)

    @property
    def n_outputs(self) -> int:
        return self.layers[-1].rows

    @property
    def n_hidden(self) -> int:
        return len(self.bias) - self.n_outputs

    @property
    def n_weights(self) -> int:
        return sum(map(len, self.weights))

    @property
    def n_slots(self) -> int:
        """Weights of the dense form, zeros included.

        By hand: counts bytes. Checked by test_c.test_decimals_read_back_and_the_smaller_form_is_taken.
        """
        return sum(layer.rows * (layer.last - layer.first) for layer in self.layers)

    def dense(self) -> list[np.ndarray]:
        """By layer, the matrix (rows, places `first` to `last`)."""
        matrices, k = [], 0
        for layer in self.layers:
            matrix = np.zeros((layer.rows, layer.last - layer.first), self.bias.dtype)
            for row in matrix:
                row[self.senders[k] - layer.first] = self.weights[k]
                k += 1
            matrices.append(matrix)
        return matrices

    def gaps(self) -> np.ndarray:
        """For every weight the distance from the sender before it in its row; from place 0 for the first.

        By hand: only counts places. Checked by test_c.test_gcc_gives_the_bits_of_the_plain_reference.
        """
        gaps = [np.diff(senders, prepend=0) for senders in self.senders]
        return np.concatenate(gaps) if gaps else np.zeros(0, np.int64)

    def without_zeros(self) -> tuple[Rows, np.ndarray]:
        """The same rows without weights 0, and without the features and hidden neurons that then nothing reads; which rows are left.

        By hand: only counts places. Checked by test_c_int8.test_weights_that_round_to_zero_are_left_out.
        """
        read, kept = np.zeros(self.n_used + self.n_hidden, bool), np.ones(len(self.bias), bool)
        for k in reversed(range(len(self.bias))):
            kept[k] = k >= self.n_hidden or read[self.n_used + k]
            if kept[k]:
                read[self.senders[k][self.weights[k] != 0]] = True
        place = np.cumsum(read) - 1
        weights = tuple(self.weights[k][self.weights[k] != 0] for k in np.flatnonzero(kept))
        senders = tuple(place[self.senders[k][self.weights[k] != 0]] for k in np.flatnonzero(kept))
        layer_of = np.repeat(np.arange(len(self.layers)), [layer.rows for layer in self.layers])[kept]
        features = self.features[read[: self.n_used]]
        shift = None if self.shift is None else self.shift[read[: self.n_used]]
        layers = _layers(layer_of, senders)
        return Rows(features, self.n_features, layers, self.activation, self.bias[kept], weights, senders, shift), kept

    def with_all_features(self) -> Rows:
        """The same rows with a place for every feature, also for those that are not read.

        By hand: only counts places. Checked by test_c.test_gcc_gives_the_bits_of_the_plain_reference.
        """
        apart = self.n_features - self.n_used
        place = np.concatenate([self.features, np.arange(self.n_used, self.n_used + self.n_hidden) + apart])
        senders = tuple(place[row] for row in self.senders)
        shift = None
        if self.shift is not None:
            shift = np.zeros(self.n_features, self.shift.dtype)
            shift[self.features] = self.shift
        sizes = np.cumsum([0, *(layer.rows for layer in self.layers)])
        layers = _layers(np.repeat(np.arange(len(self.layers)), np.diff(sizes)), senders)
        return replace(self, features=np.arange(self.n_features), senders=senders, shift=shift, layers=layers)

    def astype(self, dtype: Any) -> Rows:
        """The numbers in another precision, rounded."""
        shift = None if self.shift is None else self.shift.astype(dtype)
        weights = tuple(row.astype(dtype) for row in self.weights)
        return replace(self, bias=self.bias.astype(dtype), weights=weights, shift=shift)

    def cast(self, dtype: type[np.floating]) -> Rows:
        """The numbers in another precision; raises `InvalidInputError` where one is not a normal number there.

        By hand: looks at sizes alone. Checked by test_c.test_wrong_requests_are_one_clear_line.
        """
        limits = np.finfo(dtype)

        def check(values: np.ndarray, what: str) -> None:
            size = np.abs(values[values != 0])
            if len(size) and (size.max() > limits.max or size.min() < limits.tiny):
                worst = size.max() if size.max() > limits.max else size.min()
                advice = (
                    "a model in these units needs double"
                    if dtype is np.float32
                    else "scale the data before the training"
                )
                raise InvalidInputError(f"{what} of the size {worst:.3g} is no normal {limits.dtype} number; {advice}")

        bias = np.where(np.abs(self.bias) < limits.tiny, 0, self.bias)
        check(bias, "a bias")
        for row in self.weights:
            check(row, "a weight")
        if self.shift is not None:
            check(self.shift, "a mean")
        return replace(self, bias=bias).astype(dtype)


def rows_of(model: SpectralNetwork | CompactNetwork | Predictor, folded: bool = True) -> Rows:
    """The rows of a model in float64, without dead parts (M11, M21).

    Raises `InvalidInputError` where hidden layers have different activations, or a weight is not finite. The scaling of a predictor
    is folded into the weights; that of the inputs only if `folded`.
    """
    network = model.network if isinstance(model, Predictor) else model
    if isinstance(network, CompactNetwork):
        direct, features = network.direct, network.neurons[0]
        constant = network.original_widths[0] > network.n_features
        if constant and (not len(features) or features[-1] != network.n_features):
            constant = False
    else:
        direct, features, constant = network, np.arange(network.widths[0]), network.bias
    with np.errstate(over="ignore", invalid="ignore"):
        sparse = SparseNetwork.of(direct)
    _check_finite(sparse.weights, f"in {sparse.weights.dtype}")
    sparse = replace(sparse, weights=sparse.weights.astype(np.float64), bias=constant)
    # Cleaning takes f(0) = 0 for a neuron that receives nothing.
    sparse = sparse.cleaned() if one_for_all(sparse.activation) in ZERO_AT_ZERO else sparse
    scaling = model.inputs if isinstance(model, Predictor) else Scaling.none(network.n_features)
    if not folded:  # what did not vary is still not read
        scaling = Scaling(np.zeros(network.n_features), np.where(scaling.constant, 0.0, 1.0))
    outputs = model.outputs if isinstance(model, Predictor) and model.task == "regression" else None
    with np.errstate(over="ignore", invalid="ignore"):
        rows = _scaled(_Edges.of(sparse), np.asarray(features), network.n_features, scaling, outputs)
    _check_finite(np.concatenate([rows.bias, *rows.weights]), "in the units of the data")
    return rows


def _check_finite(weights: np.ndarray, where: str) -> None:
    if not np.isfinite(weights).all():
        raise InvalidInputError(f"a weight of the network is not finite {where}; it cannot be exported")


@dataclass(frozen=True, eq=False)
class _Edges:
    """A sparse network with its biases apart, hidden neurons that send nothing left out."""

    net: SparseNetwork
    bias: np.ndarray
    products: np.ndarray
    hidden: np.ndarray

    @classmethod
    def of(cls, net: SparseNetwork) -> _Edges:
        bias = np.zeros(net.n_neurons)
        bias[net.receivers[net.biases]] = net.weights[net.biases]
        products = ~net.biases & (net.weights != 0)
        sends = np.zeros(net.n_neurons, bool)
        for _ in net.widths:  # what nobody reads sends nothing either
            sends[:] = False
            sends[net.senders[products]] = True
            sends[net.n_neurons - net.n_outputs :] = True
            products = products & sends[net.receivers]
        inside = np.arange(net.n_neurons)
        hidden = sends & (inside >= net.n_inputs) & (inside < net.n_neurons - net.n_outputs)
        return cls(net, bias, products, np.flatnonzero(hidden))


def _scaled(edges: _Edges, features: np.ndarray, n_features: int, inputs: Scaling, outputs: Scaling | None) -> Rows:
    """Rows with (x - mean) / deviation folded into the weights, and the scaling of the outputs too.

    w (x - μ)/σ = (w/σ) x - wμ/σ; a feature that did not vary is 0 whatever it is.

    By hand: folds the scaling into the weights, once for a file. Checked by test_c.test_the_printed_order_is_near_the_kernels.
    """
    net, n_inputs = edges.net, edges.net.n_inputs
    senders, receivers, weights = (values[edges.products] for values in (net.senders, net.receivers, net.weights))
    # Features that did not vary.
    feature_of = np.full(net.n_neurons, -1)
    feature_of[: len(features)] = features
    varies = np.append(inputs.deviation != 0, True)[np.where(senders < n_inputs, feature_of[senders], -1)]
    greatest = np.zeros(net.n_neurons)
    np.maximum.at(greatest, receivers[varies], np.abs(weights[varies]))
    adds = varies & (np.abs(weights) > NEGLIGIBLE * greatest[receivers])
    senders, receivers, weights = senders[adds], receivers[adds], weights[adds]
    # Scale.
    from_input, bias = senders < n_inputs, edges.bias.copy()
    mean, deviation = inputs.mean, inputs.deviation
    read = np.unique(senders[from_input])
    of_read = feature_of[read]
    weights[from_input] /= deviation[feature_of[senders[from_input]]]
    far = len(read) > 0 and bool((np.abs(mean[of_read]) > FOLDED * deviation[of_read]).any())
    if not far:
        np.subtract.at(bias, receivers[from_input], weights[from_input] * mean[feature_of[senders[from_input]]])
    if outputs is not None:
        last = net.n_neurons - net.n_outputs
        to_output = receivers >= last
        weights[to_output] *= outputs.deviation[receivers[to_output] - last]
        bias[last:] = bias[last:] * outputs.deviation + outputs.mean
    # Number the places of the buffer.
    place = np.full(net.n_neurons, -1)
    place[read], place[edges.hidden] = np.arange(len(read)), len(read) + np.arange(len(edges.hidden))
    order = [*edges.hidden, *range(net.n_neurons - net.n_outputs, net.n_neurons)]
    of_row = [receivers == neuron for neuron in order]
    rows = tuple(place[senders[chosen]] for chosen in of_row)
    layers = _layers(net.layers[order], rows)
    shift = -mean[of_read] if far else None
    values = tuple(weights[chosen] for chosen in of_row)
    return Rows(of_read, n_features, layers, one_for_all(net.activation), bias[order], values, rows, shift)


def _layers(layer_of: np.ndarray, senders: tuple[np.ndarray, ...]) -> tuple[Layer, ...]:
    """Neighbouring rows of one layer, with the places that any of them reads."""
    result = []
    for number in np.unique(layer_of):
        read = [senders[k] for k in np.flatnonzero(layer_of == number)]
        every = np.concatenate(read)
        first, last = (int(every.min()), int(every.max()) + 1) if len(every) else (0, 0)
        result.append(Layer(len(read), first, last))
    return tuple(result)
