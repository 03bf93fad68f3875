"""The rise of the loss when a neuron or an input goes and the weights behind it are refitted (M17)."""

from __future__ import annotations

import numpy as np

from spectral_core.networks.sparse import SparseNetwork
from spectral_core.refitting.levenberg_marquardt import normal_equations
from spectral_core.refitting.samples import Samples

RIDGE = 1e-11
"""Added to the diagonal of the Gauss-Newton matrix, on its own scale, so that weights that share a column can be inverted."""


def rises(net: SparseNetwork, samples: Samples) -> list[tuple[float, int]]:
    """(rise, neuron) of every hidden neuron in use, the least first.

    θ_g' [(H⁻¹)_gg]⁻¹ θ_g for the outgoing weights g of a neuron, with H over all weights behind its layer. For one hidden
    layer and squared errors it is twice the exact rise of the loss with refitted outputs; otherwise an estimate.

    By hand: linear algebra on the kernels' derivatives. Checked by test_refitting.test_the_rise_is_that_of_a_refit_without_the_neuron.
    """
    _, _, matrix = normal_equations(net, samples)
    found = []
    layers = net.layers
    for layer in range(2, len(net.widths)):
        free = np.flatnonzero(layers[net.receivers] > layer)
        inverse = _inverse(matrix[np.ix_(free, free)])
        place = np.full(len(net.weights), -1)
        place[free] = np.arange(len(free))
        for neuron in net.live[layers[net.live] == layer]:
            outgoing = np.flatnonzero(net.senders == neuron)
            found.append((_rise(net.weights[outgoing], inverse, place[outgoing]), int(neuron)))
    return sorted(found)


def input_rises(net: SparseNetwork, samples: Samples) -> list[tuple[float, int]]:
    """(rise, input) of every input with a weight, the least first: all weights that leave it go, all others adapt.

    It is measured like `rises`, with H over all weights.
    """
    _, _, matrix = normal_equations(net, samples)
    inverse = _inverse(matrix)
    found = []
    for number in np.unique(net.senders[net.senders < net.n_inputs - net.bias]):
        outgoing = np.flatnonzero(net.senders == number)
        found.append((_rise(net.weights[outgoing], inverse, outgoing), int(number)))
    return sorted(found)


def _inverse(matrix: np.ndarray) -> np.ndarray:
    """The inverse of a symmetric matrix with a small ridge.

    By hand: a library inverts it once a removal. Checked by test_refitting.test_equal_neurons_can_go_for_nothing.
    """
    if not len(matrix):
        return matrix
    diagonal = matrix.diagonal().copy()
    ridge = RIDGE * diagonal + RIDGE * diagonal.mean() + np.finfo(float).tiny
    return np.asarray(np.linalg.inv(matrix + np.diag(ridge)))


def _rise(weights: np.ndarray, inverse: np.ndarray, places: np.ndarray) -> float:
    """θ' B⁻¹ θ for the block B of the inverse at these places.

    By hand: linear algebra. Checked by test_refitting.test_the_rise_is_that_of_a_refit_without_the_neuron.
    """
    block = inverse[np.ix_(places, places)]
    return float(weights @ np.linalg.lstsq(block, weights, rcond=None)[0])
