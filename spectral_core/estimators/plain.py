"""A network of neighbouring layers with a bias for each neuron, the network of scikit-learn's MLP, among the direct ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from spectral_core.networks.spectral import SpectralNetwork


def start(widths: Sequence[int], activation: str, dtype: Any, generator: np.random.RandomState) -> SpectralNetwork:
    """The start of scikit-learn's MLP, number by number: weights and biases uniform in ±√(6/(senders + receivers)).

    The root is that of 2 for the sigmoid. `widths` are those of all layers, without the constant neuron.

    By hand: scikit-learn's random start. Checked by test_beside_mlp.test_a_regressor_has_the_curve_and_the_predictions_of_mlp.
    """
    blocks = {}
    for i in range(2, len(widths) + 1):
        senders, receivers = widths[i - 2], widths[i - 1]
        bound = np.sqrt((2 if activation == "sigmoid" else 6) / (senders + receivers))
        weights = generator.uniform(-bound, bound, (senders, receivers)).T
        biases = generator.uniform(-bound, bound, receivers)
        if i > 2:
            blocks[i, i - 1] = weights
            blocks[i, 1] = np.zeros((receivers, widths[0] + 1))
        else:
            blocks[i, 1] = np.hstack([weights, biases[:, None]])
        blocks[i, 1][:, -1] = biases
    return SpectralNetwork(blocks=blocks, activation=activation, bias=True, parametrization="direct", dtype=dtype)


def movable(net: SpectralNetwork, skips: bool) -> np.ndarray:
    """Which parameters a training moves (n,): none of a frozen group; of a skip block only the biases, unless `skips`."""
    moves, frozen = np.zeros(net.n_parameters, bool), net.layout.select(net.frozen)
    for name, group in net.layout.groups.items():
        moves[group.start : group.stop] = name not in frozen
    if net.parametrization != "direct" or skips:
        return moves
    for i, j in net.layout.pairs:
        if i > j + 1:
            block = net.layout.groups[f"blocks[{i},{j}]"].view(moves)
            block[:, : None if j > 1 else -1] = False
    return moves


def decayed(net: SpectralNetwork, skips: bool) -> np.ndarray:
    """Which parameters α penalises (n,): weights without biases as in MLP; with eigenvectors or skip blocks all but eigenvalues."""
    if net.parametrization == "direct" and not skips:
        weights = movable(net, skips)
        for i, j in net.layout.pairs:
            if j == 1:
                net.layout.groups[f"blocks[{i},{j}]"].view(weights)[:, -1] = False
        return weights
    weights = np.ones(net.n_parameters, bool)
    for name, group in net.layout.groups.items():
        weights[group.start : group.stop] = not name.startswith("eigenvalues")
    return weights
