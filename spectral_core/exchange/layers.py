"""Dense layers with biases as one network, in two parametrizations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spectral_core import checks
from spectral_core.backends import cpu
from spectral_core.errors import InvalidInputError
from spectral_core.kernels.support import activations
from spectral_core.kernels.support.activations import Activation
from spectral_core.networks.spectral import SpectralNetwork

Layer = tuple[np.ndarray, np.ndarray]
"""Weights (receivers, senders) and biases (receivers,) of one step."""
PARAMETRIZATIONS = ("direct", "layerwise")
CONSTANT = {
    "identity": (1.0, 1.0),
    "relu": (1.0, 1.0),
    "leaky_relu": (1.0, 1.0),
    "elu": (1.0, 1.0),
    "sigmoid": (0.0, 0.5),
}
"""By activation: what a hidden neuron receives to be a constant, and that constant f(z), where it is exact."""


def dense(layers: Sequence[Layer], activation: str | Sequence[str], parametrization: str = "direct") -> SpectralNetwork:
    """The network of dense layers with biases, in the parametrization ``direct`` or ``layerwise``; see `from_torch`.

    By hand: only places weights. Checked by test_dense.test_a_dense_network_is_the_same_function.
    """
    checks.one_of(parametrization, PARAMETRIZATIONS, "parametrization")
    if not layers:
        raise InvalidInputError("a dense network has at least one layer; got none")
    for number, (weight, bias) in enumerate(layers):
        senders = layers[number - 1][0].shape[0] if number else weight.shape[1]
        if weight.shape[1] != senders or bias.shape != (len(weight),):
            raise InvalidInputError(
                f"layer {number + 1} has weights {weight.shape} and biases {bias.shape}; it receives {senders} values"
            )
    functions = activations.checked(activation, len(layers) - 1)
    if parametrization == "direct":
        return _direct(layers, functions)
    return _layerwise(layers, functions)


def _direct(layers: Sequence[Layer], activation: Activation) -> SpectralNetwork:
    """W_{i+1,i} between neighbours; the bias of layer i+1 is the last column of W_{i+1,1}.

    By hand: only places weights. Checked by test_dense.test_a_dense_network_is_the_same_function.
    """
    inputs, blocks = layers[0][0].shape[1], {}
    for i, (weight, bias) in enumerate(layers, 2):
        if i == 2:
            blocks[2, 1] = np.column_stack([weight, bias])
            continue
        blocks[i, i - 1] = weight
        if bias.any():
            blocks[i, 1] = np.column_stack([np.zeros((len(weight), inputs), weight.dtype), bias])
    return SpectralNetwork(blocks=blocks, activation=activation, bias=True, parametrization="direct")


def _layerwise(layers: Sequence[Layer], activation: Activation) -> SpectralNetwork:
    """φ^(i) = -M_i, λ^in = 0, λ^out = 1, the last neuron of each hidden layer a constant.

    By hand: only places weights. Checked by test_dense.test_a_dense_network_is_the_same_function.
    """
    vectors, values, sent = [], [], 1.0
    for number, (weight, bias) in enumerate(layers, 1):
        block = np.column_stack([weight, bias / sent])
        if number < len(layers):
            name = activations.of_layer(activation, number + 1)
            receives, constant = CONSTANT.get(name, (1.0, 0.0))
            if not constant:
                constant = float(cpu.activate(name, np.ones((1, 1)))[0][0, 0])
            row = np.zeros(block.shape[1])
            row[-1] = receives / sent
            block, sent = np.vstack([block, row]), constant
        vectors.append(-block.astype(weight.dtype))
        values.append((np.zeros(block.shape[1], weight.dtype), np.ones(len(block), weight.dtype)))
    return SpectralNetwork(
        vectors, values, activation=activation, bias=True, parametrization="layerwise", frozen=("eigenvalues_in",)
    )
