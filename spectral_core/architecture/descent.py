"""The descent through the sizes of a network: trainings that lose weights, then minima at every removal, and swaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spectral_core.networks.sparse import SparseNetwork
from spectral_core.refitting.lbfgs import polish
from spectral_core.refitting.masked import MaskedTraining
from spectral_core.refitting.removal import grow, remove
from spectral_core.refitting.samples import Samples
from spectral_core.training.options import StepOptions
from spectral_core.training.schedules import RateSchedule

MINIMA_BELOW = 400
"""From this number of weights on, each removal ends at a minimum of the loss over all samples."""
EVENT_STEPS = 20
"""Mini-batches between two looks at whether a removal is due."""
LEAST_SHARE = 0.04
"""A removal is due when this share of the weights is to go."""
MINIMA_SHARE, MINIMA_ITERATIONS = 0.1, 20
"""Share of the weights that goes at each removal between minima, and the iterations of the polish that follows."""
SWAPS, SWAP_SHARE, SWAP_BELOW = 10, 0.05, 150
"""At sizes up to `SWAP_BELOW`: swaps of this share of the weights, each kept if the loss falls."""
POLISH = 150
"""Iterations of the polish of a network that is noted."""
SALIENCY_ROWS = 512
"""Samples that the saliency of a large network is measured on."""


@dataclass(frozen=True)
class Recipe:
    """How a descent trains.

    epochs : of mini-batch training at each size of at least `minima_below` weights.
    """

    epochs: int = 20
    batch_size: int = 32
    learning_rate: float = 2e-3
    minima_below: int = MINIMA_BELOW


@dataclass(frozen=True, eq=False)
class Noted:
    """A network of the descent and its loss with the l2 term."""

    size: int
    net: SparseNetwork
    loss: float


def train_down(
    start: SparseNetwork, samples: Samples, sizes: Sequence[int], recipe: Recipe, rng: np.random.Generator
) -> list[tuple[int, SparseNetwork]]:
    """Trained networks of at most `sizes` products each, as far as mini-batches go: the start, and down to `minima_below`."""
    net, trained = start, [(start.n_products, start)]
    for size in sorted(sizes, reverse=True):
        if recipe.minima_below <= size < net.n_products:
            net = _stage(net, samples, size, recipe.epochs, recipe, rng)
            trained.append((size, net))
    return trained


def fit_down(
    trained: Sequence[tuple[int, SparseNetwork]],
    samples: Samples,
    sizes: Sequence[int],
    l2: float,
    rng: np.random.Generator,
) -> list[Noted]:
    """The trained networks polished, then networks of the smaller `sizes`, each from a minimum of the one before."""
    noted = [Noted(size, *polish(net, samples, POLISH, l2)) for size, net in trained]
    net = noted[-1].net
    some = _some(samples, rng)
    pairs = {(int(net.layers[r]), int(net.layers[s])) for r, s in zip(net.receivers, net.senders, strict=True)}
    for size in sorted(sizes, reverse=True):
        if size < trained[-1][0]:
            net, _ = _through_minima(net, samples, some, size, l2, pairs)
            noted.append(Noted(size, *polish(net, samples, POLISH, l2)))
    return noted


def _stage(
    net: SparseNetwork, samples: Samples, size: int, epochs: int, recipe: Recipe, rng: np.random.Generator
) -> SparseNetwork:
    """A training whose rate falls to 0 as a cosine; in its first half the network goes down to `size`, geometrically."""
    options = StepOptions(batch_size=recipe.batch_size, learning_rate=recipe.learning_rate)
    training = MaskedTraining(net, samples, options)
    batch = min(recipe.batch_size, len(samples))
    batches = len(samples) // batch
    total = epochs * batches
    factors = RateSchedule("cosine", 0.0, 0.0, total).factors(0, total)
    begin = net.n_products
    rows = np.concatenate([rng.permutation(len(samples))[: batches * batch] for _ in range(epochs)])
    for step in range(0, total, EVENT_STEPS):
        until = min(step + EVENT_STEPS, total)
        training.run(rows[step * batch : until * batch], factors[step:until])
        if net.n_products <= size:
            continue
        share = min(1.0, until / (total / 2))
        due = round(begin * (size / begin) ** share)
        if net.n_products - due >= LEAST_SHARE * net.n_products or due == size:
            net = remove(training.net, _some(samples, rng), due)
            training.exchange(net)
    return training.net


def _through_minima(
    net: SparseNetwork, samples: Samples, some: Samples, size: int, l2: float, pairs: set[tuple[int, int]]
) -> tuple[SparseNetwork, float]:
    """Down to `size` with a polish after every removal, then swaps; `some` of the samples judge single weights."""
    net, loss = polish(net, samples, MINIMA_ITERATIONS, l2)
    while net.n_products > size:
        due = max(size, min(net.n_products - 1, int((1 - MINIMA_SHARE) * net.n_products)))
        net, loss = polish(remove(net, some, due), samples, MINIMA_ITERATIONS, l2)
    for _ in range(SWAPS if size <= SWAP_BELOW and net.n_products else 0):
        more = grow(net, some, max(1, round(SWAP_SHARE * size)), l2, pairs)
        more, _ = polish(more, samples, MINIMA_ITERATIONS, l2)
        swapped, new = polish(remove(more, some, size), samples, MINIMA_ITERATIONS, l2)
        if not new < loss:
            break
        net, loss = swapped, new
    return net, loss


def _some(samples: Samples, rng: np.random.Generator) -> Samples:
    """At most `SALIENCY_ROWS` of the samples."""
    if len(samples) <= SALIENCY_ROWS:
        return samples
    return samples.part(np.sort(rng.choice(len(samples), SALIENCY_ROWS, replace=False)))
