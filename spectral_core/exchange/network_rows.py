"""The rows of a network or a predictor: weights without dead parts, biases apart, the scaling of the data folded in."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from spectral_core.data.scaling import Scaling
from spectral_core.errors import InvalidInputError
from spectral_core.exchange.rows import Rows, layers_of
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


def rows_of(model: SpectralNetwork | CompactNetwork | Predictor, folded: bool = True) -> Rows:
    """The rows of a model in float64, without dead parts (M11, M21).

    Raises `InvalidInputError` where hidden layers have different activations, or a weight is not finite. The scaling of a predictor
    is folded into the weights; that of the inputs only if `folded`.
    """
    network = model.network if isinstance(model, Predictor) else model
    constant = has_constant(network)
    if isinstance(network, CompactNetwork):
        direct, features = network.direct, network.neurons[0]
    else:
        direct, features = network, np.arange(network.widths[0])
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


def has_constant(network: SpectralNetwork | CompactNetwork) -> bool:
    """Whether the first layer has the neuron that is always 1, so that neurons have biases."""
    if isinstance(network, SpectralNetwork):
        return network.bias
    features = network.neurons[0]
    return len(features) > 0 and features[-1] == network.n_features < network.original_widths[0]


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
    layers = layers_of(net.layers[order], rows)
    shift = -mean[of_read] if far else None
    values = tuple(weights[chosen] for chosen in of_row)
    return Rows(of_read, n_features, layers, one_for_all(net.activation), bias[order], values, rows, shift)
