"""Pre-activations and activations of every layer."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from spectral_core.backends import cpu
from spectral_core.kernels.support.activations import Activation, of_layer
from spectral_core.networks.spectral import SpectralNetwork

ROWS = 4096
"""Samples at a time; the values of all layers are in memory at once."""


def layer_values_in_chunks(net: SpectralNetwork, x: np.ndarray) -> Iterator[tuple[list[np.ndarray], list[np.ndarray]]]:
    """`layer_values` of the rows of checked x, `ROWS` of them at a time."""
    blocks = {pair: block.astype(np.float64) for pair, block in net.transfer_blocks().items()}
    for start in range(0, len(x), ROWS):
        yield layer_values(blocks, net.widths, net.activation, with_constant(x[start : start + ROWS], net.widths[0]))


def layer_values(
    blocks: dict[tuple[int, int], np.ndarray], widths: tuple[int, ...], activation: Activation, x: np.ndarray
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Pre-activations z_i = Σ_{j<i} W_ij x_j and values x_i = f(z_i), x_K = z_K, of every layer.

    Parameters
    ----------
    x : (samples, n_1) float64, the constant neuron included.

    Returns
    -------
    z, values : lists with (samples, n_i) for i = 1..K; z of layer 1 is x too.

    By hand: float64 products of whole arrays, outside of training. Checked by test_rankings.test_states_end_in_the_output_and_are_f_of_each_other.
    """
    z, values = [x], [x]
    for i in range(2, len(widths) + 1):
        pre = np.zeros((len(x), widths[i - 1]))
        for j in range(1, i):
            if (i, j) in blocks:
                pre += values[j - 1] @ blocks[i, j].T
        z.append(pre)
        values.append(pre if i == len(widths) else cpu.activate(of_layer(activation, i), pre)[0])
    return z, values


def with_constant(x: np.ndarray, width: int) -> np.ndarray:
    """The rows of x; the constant 1 is appended if layer 1 is wider than x."""
    return np.hstack([x, np.ones((len(x), width - x.shape[1]))])
