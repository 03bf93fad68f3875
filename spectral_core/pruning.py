"""Trimming: remove neurons and blocks by what they contribute, within a validation tolerance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from spectral_core.compaction import Blocks, CompactNetwork, compact
from spectral_core.errors import InvalidInputError
from spectral_core.kernels.tables import ZERO_AT_ZERO
from spectral_core.network import SpectralNetwork

GRID = 32
"""Numbers of removed neurons tried first; the gap behind the best one is then searched one by one."""


@dataclass(frozen=True)
class Trimmed:
    """`network` is direct, with zeros where something was removed; `compact` the same function without them."""

    network: SpectralNetwork
    compact: CompactNetwork
    loss_before: float
    loss_after: float
    limit: float


def path_scores(blocks: Blocks, widths: tuple[int, ...]) -> list[np.ndarray]:
    """Contribution of each hidden neuron, ‖incoming row‖₂ ‖outgoing column‖₂ over all its transfer blocks.

    For one hidden layer the squares sum to ‖Γ‖² (M6). Unlike |λ| it does not change with the scale of φ nor with a
    common shift of the eigenvalues (M9), and it is 0 exactly for a silent or unheard neuron (M10).

    Returns
    -------
    list of (n_i,) arrays for the hidden layers i = 2..K-1.
    """
    incoming = [np.zeros(width) for width in widths]
    outgoing = [np.zeros(width) for width in widths]
    for (i, j), block in blocks.items():
        squares = np.square(block, dtype=np.float64)
        incoming[i - 1] += squares.sum(axis=1)
        outgoing[j - 1] += squares.sum(axis=0)
    return [np.sqrt(incoming[layer] * outgoing[layer]) for layer in range(1, len(widths) - 1)]


def path_norms(blocks: Blocks, widths: tuple[int, ...]) -> list[float]:
    """‖Γ‖ through each hidden layer: the root of the sum of squared path scores."""
    return [float(np.linalg.norm(scores)) for scores in path_scores(blocks, widths)]


def trim(net: SpectralNetwork, loss: Callable[[SpectralNetwork], float], limit: float) -> Trimmed:
    """Remove as many hidden neurons, then blocks, as a loss limit allows; nothing is retrained.

    Neurons go in the order of their path score over all hidden layers together, so whole layers go too; blocks
    that are left go in the order of their Frobenius norm.

    Parameters
    ----------
    net : any parametrization; it is left as it was.
    loss : of a network, on data that did not train it.
    limit : the greatest loss the result may have; where `net` itself exceeds it, nothing is removed.
    """
    if net.activation not in ZERO_AT_ZERO:
        raise InvalidInputError(f"trimming needs f(0) = 0; {net.activation} has f(0) != 0")
    blocks = net.transfer_blocks()
    scores = path_scores(blocks, net.widths)
    layer = np.concatenate([np.full(len(s), i + 2) for i, s in enumerate(scores)]) if scores else np.empty(0, int)
    neuron = np.concatenate([np.arange(len(s)) for s in scores]) if scores else np.empty(0, int)
    order = np.argsort(np.concatenate(scores), kind="stable") if scores else np.empty(0, int)

    def without(count: int) -> dict[tuple[int, int], np.ndarray]:
        keep = [np.ones(width, dtype=bool) for width in net.widths]
        for index in order[:count]:
            keep[layer[index] - 1][neuron[index]] = False
        return {(i, j): block * keep[i - 1][:, None] * keep[j - 1] for (i, j), block in blocks.items()}

    def judge(parts: Blocks) -> float:
        return loss(as_direct(net, parts))

    before = loss(net)
    count = _largest(len(order), lambda n: judge(without(n)) <= limit)
    parts = without(count)
    for pair in sorted(parts, key=lambda pair: float(np.linalg.norm(parts[pair]))):
        if parts[pair].any():
            candidate = {**parts, pair: np.zeros_like(parts[pair])}
            if judge(candidate) <= limit:
                parts = candidate
    result = as_direct(net, parts)
    return Trimmed(result, compact(result), before, loss(result), limit)


def as_direct(net: SpectralNetwork, blocks: Blocks) -> SpectralNetwork:
    return SpectralNetwork(
        blocks=blocks, activation=net.activation, bias=net.bias, parametrization="direct", dtype=net.dtype
    )


def _largest(total: int, fits: Callable[[int], bool]) -> int:
    """The largest n in 0..total found to fit: a coarse grid from above, then one by one behind its best point.

    Losses are not monotone in n, so a bisection could stop short.
    """
    grid = sorted({round(total * step / GRID) for step in range(GRID + 1)}, reverse=True)
    above = total + 1
    best = 0
    for n in grid:
        if n == 0 or fits(n):
            best = n
            break
        above = n
    while best + 1 < above and fits(best + 1):
        best += 1
    return best
