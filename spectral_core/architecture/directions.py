"""The incoming weights of new neurons: among random ones those with which the loss falls most."""

from __future__ import annotations

import numpy as np

from spectral_core.backends import cpu
from spectral_core.data.preparation import PreparedData
from spectral_core.kernels.support.activations import of_layer
from spectral_core.networks.layer_values import layer_values, with_constant
from spectral_core.networks.spectral import SpectralNetwork

POOL = 256
"""Random directions among which the incoming weights of new neurons are chosen."""


def output_slopes(
    net: SpectralNetwork, data: PreparedData, rows: np.ndarray
) -> tuple[list[np.ndarray], dict[int, np.ndarray]]:
    """Values x_i of every layer, and δ_i = ∂loss/∂z_i of every layer behind the first, for the training samples `rows`.

    δ_K is the loss's own; δ_j = f'(z_j) ∘ Σ_i δ_i W_ij (M8.direct).

    By hand: once per growth, for every sample; kernels keep their sum only. Checked by test_growing.test_slopes_are_those_of_the_gradient.
    """
    blocks = {pair: block.astype(np.float64) for pair, block in net.blocks.items()}
    x = with_constant(data.x[rows].astype(np.float64), net.widths[0])
    z, values = layer_values(blocks, net.widths, net.activation, x)
    weights = None if data.weights is None else data.weights[rows]
    problem = net.problem(data.x[rows], data.y[rows], data.loss, weights)
    output = values[-1].astype(net.dtype)
    cpu.output_loss(output, problem)
    slopes = {net.n_layers: output.astype(np.float64)}
    for j in range(net.n_layers - 1, 1, -1):
        total = sum((slopes[i] @ block for (i, k), block in blocks.items() if k == j), np.zeros_like(z[j - 1]))
        slopes[j] = total * cpu.activate(of_layer(net.activation, j), z[j - 1])[1]
    return values, slopes


def greedy_directions(
    senders: list[np.ndarray], slopes: list[np.ndarray], activation: str, count: int, generator: np.random.Generator
) -> tuple[list[np.ndarray], float]:
    """Incoming rows of `count` neurons, and the sum of their gains.

    Neurons are drawn at random (`POOL`) and chosen one after the other by the gain of their value x,
    Σ_i ‖δ_iᵀ x‖² / ‖x‖²: the squared gradient of the outgoing weights by the size of x. The part of every δ_i along x is
    then removed, so that the next neuron does not repeat it.

    By hand: once per growth. Checked by test_growing.test_directions_are_greedy.
    """
    # The pool: random rows, scaled so that every pre-activation has mean square 1; no weight for what is always 0.
    widths = [values.shape[1] for values in senders]
    stacked = np.hstack(senders)
    spread = stacked.std(axis=0)
    rows = generator.normal(size=(POOL, stacked.shape[1])) / np.where(spread > 0, spread, 1)
    rows[:, ~stacked.any(axis=0)] = 0
    z = stacked @ rows.T
    size = np.sqrt(np.square(z).mean(axis=0))
    rows /= np.where(size > 0, size, 1)[:, None]
    values = cpu.activate(activation, z / np.where(size > 0, size, 1))[0]
    norms = np.square(values).sum(axis=0)
    # The greedy choice.
    left = [slope.copy() for slope in slopes]
    chosen: list[int] = []
    total = 0.0
    for _ in range(count):
        gains = sum(np.square(slope.T @ values).sum(axis=0) for slope in left) / np.where(norms > 0, norms, np.inf)
        gains[chosen] = -1
        place = int(np.argmax(gains))
        chosen.append(place)
        total += float(gains[place])
        x = values[:, place]
        left = [slope - np.outer(x, x @ slope) / max(norms[place], np.finfo(np.float64).tiny) for slope in left]
    return np.split(rows[chosen], np.cumsum(widths)[:-1], axis=1), total
