"""Exact compaction: the network among live neurons (M10, M11)."""

from __future__ import annotations

import numpy as np

from spectral_core import checks
from spectral_core.errors import InvalidInputError
from spectral_core.kernels.support.activations import of_layers
from spectral_core.kernels.tables import ZERO_AT_ZERO
from spectral_core.networks.compact import CompactNetwork
from spectral_core.networks.paths import Blocks
from spectral_core.networks.spectral import SpectralNetwork


def live_masks(blocks: Blocks, widths: tuple[int, ...]) -> list[np.ndarray]:
    """The live neurons of each layer: those that are reachable from the input and that reach the output.

    A hidden neuron without a non-zero incoming weight is silent (M10, f(0) = 0). A neuron with no outgoing weight cannot
    influence the output. Removing one can cut off others, so the loop repeats until nothing changes. Outputs always count
    as live.

    By hand: a walk through a graph, no arithmetic. Checked by test_compaction.test_live_masks_against_paths_found_one_by_one.
    """
    layers = len(widths)
    live = [np.ones(width, dtype=bool) for width in widths]
    while True:
        before = [mask.copy() for mask in live]
        reachable = [np.zeros(width, dtype=bool) for width in widths]
        reaches_output = [np.zeros(width, dtype=bool) for width in widths]
        for (i, j), block in blocks.items():
            used = (block != 0) & live[i - 1][:, None] & live[j - 1]
            reachable[i - 1] |= used.any(axis=1)
            reaches_output[j - 1] |= used.any(axis=0)
        for layer in range(layers - 1):
            live[layer] &= reaches_output[layer]
            if layer > 0:
                live[layer] &= reachable[layer]
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
    InvalidInputError : the activation has f(0) != 0, so a neuron with pre-activation 0 still outputs a constant.

    By hand: picks rows and columns, no arithmetic. Checked by test_compaction.test_the_compact_network_is_the_same_function.

    Examples
    --------
    >>> from spectral_core import SpectralNetwork, compact
    >>> net = SpectralNetwork.initialize([2, 5, 1], seed=0)  # every hidden neuron of the linear seed is silent
    >>> compact(net).live
    (3, 0, 1)
    """
    if not isinstance(net, SpectralNetwork):
        raise InvalidInputError(f"net must be a SpectralNetwork; got {type(net).__name__}")
    checks.vanishing_at_zero(net.activation, ZERO_AT_ZERO, "compaction")
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
    activation = of_layers(net.activation, kept)
    direct = SpectralNetwork(blocks=parts, activation=activation, parametrization="direct", dtype=net.dtype)
    return CompactNetwork(direct, neurons, tuple(kept), net.n_features, net.widths)
