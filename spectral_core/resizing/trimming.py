"""Trimming: remove as many neurons and blocks as a loss limit allows, without training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from spectral_core import checks
from spectral_core.kernels.tables import ZERO_AT_ZERO
from spectral_core.networks.compact import CompactNetwork
from spectral_core.networks.paths import Blocks, path_scores
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.resizing.compaction import compact

NOISE = 1e-3
"""Losses are compared on the scale of this share of the constant predictor's loss, where the loss itself is less."""
GRID = 32
"""Counts of removed neurons that are tried first; the counts above the best of them are then tried one by one."""


@dataclass(frozen=True)
class Tolerance:
    """How much a loss may rise: `relative` is a share of the loss.

    With a `floor` the share is taken of loss - least + floor, so that a loss near its least value is not judged by its noise.
    `least` is the least loss that any outputs have on the data. It is negative for a loss that is not a distance (poisson).
    """

    relative: float
    floor: float | None = None
    least: float = 0.0

    def limit(self, loss: float) -> float:
        """The greatest loss allowed where `loss` was reached: loss (1 + t), or loss + t (loss - least + floor).

        By hand: a share of a loss. Checked by test_trimming.test_a_tolerance_is_a_share_of_the_loss_or_of_the_loss_and_a_floor.
        """
        return loss * (1 + self.relative) if self.floor is None else loss + self.margin(loss)

    def improvement(self, loss: float) -> float:
        """Losses below this one count as an improvement on `loss`."""
        return loss - self.margin(loss)

    def margin(self, loss: float) -> float:
        """How far two losses must lie apart to count as different: t loss, or t (loss - least + floor).

        By hand: a share of a loss. Checked by test_trimming.test_a_tolerance_is_a_share_of_the_loss_or_of_the_loss_and_a_floor.
        """
        return self.relative * (loss if self.floor is None else loss - self.least + self.floor)


@dataclass(frozen=True)
class Trimmed:
    """`network` is direct, with zeros where something was removed; `compact` is the same function without them."""

    network: SpectralNetwork
    compact: CompactNetwork
    loss_before: float
    loss_after: float
    limit: float


def trim(net: SpectralNetwork, loss: Callable[[SpectralNetwork], float], limit: float) -> Trimmed:
    """Remove as many hidden neurons, then blocks, as a loss limit allows; nothing is retrained.

    Neurons are removed in the order of their path score over all hidden layers together, so whole layers can go. The
    remaining blocks are then removed one by one in the order of their Frobenius norm.

    Parameters
    ----------
    net : any parametrization; it is left as it was.
    loss : the loss of a network, on data that did not train it.
    limit : the greatest loss the result may have; where `net` itself exceeds it, nothing is removed.

    By hand: a search; losses come from the kernels. Checked by test_trimming.test_trimming_stays_within_the_limit_and_leaves_the_network_alone.
    """
    checks.vanishing_at_zero(net.activation, ZERO_AT_ZERO, "trimming")
    blocks = net.transfer_blocks()
    order = removal_order(path_scores(blocks, net.widths), "neuron", range(2, net.n_layers))
    everything = [np.ones(width, dtype=bool) for width in net.widths]

    def without(count: int) -> dict[tuple[int, int], np.ndarray]:
        return masked(blocks, masks_without(everything, order[:count]))

    def fits(parts: Blocks) -> bool:
        return loss(as_direct(net, parts)) <= limit

    # First neurons: as many as the limit allows.
    before = loss(net)
    parts = without(largest_fitting(len(order), lambda count: fits(without(count))))
    # Then whole blocks, each for itself.
    for pair in sorted(parts, key=lambda pair: float(np.linalg.norm(parts[pair]))):
        if parts[pair].any():
            candidate = {**parts, pair: np.zeros_like(parts[pair])}
            if fits(candidate):
                parts = candidate
    result = as_direct(net, parts)
    return Trimmed(result, compact(result), before, loss(result), limit)


@dataclass(frozen=True)
class Removal:
    """One step of a removal: a neuron of a layer (from 1), or all neurons of it, and the score."""

    layer: int
    neurons: int | slice
    score: float


def removal_order(scores: Sequence[np.ndarray], unit: str, layers: Sequence[int]) -> list[Removal]:
    """All neurons, or whole layers, of the hidden layers that may shrink, the least score first.

    By hand: orders whole layers. Checked by test_pruning.test_whole_layers_go_in_the_order_of_their_norms.
    """
    removals: list[Removal] = []
    for layer in layers:
        score = scores[layer - 2]
        if unit == "layer":
            removals.append(Removal(layer, slice(None), float(np.linalg.norm(np.maximum(score, 0)))))
        else:
            removals += [Removal(layer, neuron, value) for neuron, value in enumerate(score.tolist())]
    return sorted(removals, key=lambda removal: removal.score)


def masks_without(keep: Sequence[np.ndarray], removals: Sequence[Removal]) -> list[np.ndarray]:
    """Masks of the kept neurons by layer after some removals; `keep` is not changed."""
    masks = [mask.copy() for mask in keep]
    for removal in removals:
        masks[removal.layer - 1][removal.neurons] = False
    return masks


def masked(blocks: Blocks, keep: Sequence[np.ndarray]) -> dict[tuple[int, int], np.ndarray]:
    """Blocks with zeros in the rows and columns of removed neurons.

    By hand: blocks times masks. Checked by test_trimming.test_trimming_stays_within_the_limit_and_leaves_the_network_alone.
    """
    return {(i, j): block * keep[i - 1][:, None] * keep[j - 1] for (i, j), block in blocks.items()}


def as_direct(net: SpectralNetwork, blocks: Blocks) -> SpectralNetwork:
    """A direct network of the blocks, with activation, bias and precision of `net`."""
    return SpectralNetwork(
        blocks=blocks, activation=net.activation, bias=net.bias, parametrization="direct", dtype=net.dtype
    )


def largest_fitting(total: int, fits: Callable[[int], bool]) -> int:
    """The largest n in 0..total found to fit: a coarse grid from above, then one by one above its best point.

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
