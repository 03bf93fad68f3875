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

MINIMA_BELOW, MINIMA_WORK = 400, 1_000_000
"""From this number of weights down, or from this many weights times samples, each removal ends at a minimum."""
EVENT_STEPS = 20
"""Mini-batches between two looks at whether a removal is due."""
LEAST_SHARE = 0.04
"""A removal is due when this share of the weights is to go."""
MINIMA_SHARE, MINIMA_ITERATIONS = 0.1, 20
"""Share of the weights that goes at each removal between minima, and the iterations of the polish that follows."""
SWAPS, SWAP_SHARE, SWAP_BELOW = 10, 0.05, 150
"""At sizes up to `SWAP_BELOW`: at most this many swaps of this share of the weights, each kept if the loss falls."""
SWAP_PATIENCE = 2
"""Swaps that fail one after another end the swaps of a size."""
POLISH = 150
"""Iterations of the polish of a network that is noted, at most."""
MINIMA_STILL, POLISH_STILL = 2e-5, 1e-6
"""A polish between two removals, or of a network that is noted, ends where a step lowers the loss by less than this."""
SALIENCY_ROWS = 256
"""Samples that saliencies are measured on, at most."""
START_STAGES = 2
"""A start is trained for so many times the epochs of a size."""
LEAST_EPOCHS, LEAST_EPOCHS_LABELS, LEAST_STEPS = 20, 4, 1_000
"""Passes over the samples (of class labels: fewer) and mini-batches at each size, at least. Measured on 8,000 Fashion-MNIST
images, where 20 passes at each size learn labels by heart (0.825 with 1,600 weights; 0.840 with 4), and on houses, where a
regression gains by them (R² 0.888 with 250 weights; 0.860)."""


@dataclass(frozen=True)
class Recipe:
    """How a descent trains.

    epochs : of mini-batch training at each size of at least `minima_below` weights.
    """

    epochs: int = 20
    batch_size: int = 32
    learning_rate: float = 2e-3
    minima_below: int = MINIMA_BELOW

    @classmethod
    def of(cls, samples: Samples, batch_size: int, rows: int | None = None) -> Recipe:
        """The recipe for some samples, or for as many `rows` of them: minima from more weights on where there are few.

        By hand: a number of epochs. Checked by test_descent.test_the_recipe_depends_on_the_number_of_samples.
        """
        rows = rows or len(samples)
        least = LEAST_EPOCHS if samples.loss == "squared_error" else LEAST_EPOCHS_LABELS
        epochs = max(least, -(-LEAST_STEPS * min(batch_size, rows) // rows))
        return cls(epochs, batch_size, minima_below=max(MINIMA_BELOW, MINIMA_WORK // rows))


@dataclass(frozen=True, eq=False)
class Noted:
    """A network of the descent; the loss with the l2 term where it is at a minimum, else NaN."""

    size: int
    net: SparseNetwork
    loss: float


def train_down(
    start: SparseNetwork, samples: Samples, sizes: Sequence[int], recipe: Recipe, rng: np.random.Generator
) -> list[tuple[int, SparseNetwork]]:
    """Trained networks of at most `sizes` products each, as far as mini-batches go: the start, and down to `minima_below`."""
    net = start
    if net.n_products >= recipe.minima_below:  # a smaller one is polished
        net = train_to(net, samples, net.n_products, START_STAGES * recipe.epochs, recipe, rng)
    trained = [(net.n_products, net)]
    for size in sorted(sizes, reverse=True):
        if recipe.minima_below <= size < net.n_products:
            net = train_to(net, samples, size, recipe.epochs, recipe, rng)
            trained.append((size, net))
    return trained


def fit_down(
    trained: Sequence[tuple[int, SparseNetwork]],
    samples: Samples,
    sizes: Sequence[int],
    l2: float,
    rng: np.random.Generator,
    swaps: int = SWAPS,
) -> list[Noted]:
    """The trained networks, the last of them polished, then networks of the smaller `sizes`, each from a minimum of the one before.

    A network in a worse minimum than a smaller one is replaced: see `_mended`.
    """
    *above, (size, net) = trained
    noted = [Noted(size, net, np.nan) for size, net in above]
    noted.append(Noted(size, *polish(net, samples, POLISH, l2, POLISH_STILL)))
    net = noted[-1].net
    pairs = joined_layers(net)
    for size in sorted(sizes, reverse=True):
        if size < trained[-1][0]:
            net, _ = through_minima(net, samples, (size, swaps), l2, pairs, rng)
            noted.append(Noted(size, *polish(net, samples, POLISH, l2, POLISH_STILL)))
    return [*noted[: len(above)], *_mended(noted[len(above) :], samples, (l2, swaps), pairs, rng)]


def _mended(
    noted: Sequence[Noted],
    samples: Samples,
    aim: tuple[float, int],
    pairs: set[tuple[int, int]],
    rng: np.random.Generator,
) -> list[Noted]:
    """The networks from the smallest to the largest: each grown from the one below it where that lowers the loss.

    A removal can lead into a bad minimum, and a network that is larger then fits worse than a smaller one. The smaller one
    with further weights of 0 has its loss, and a polish does not raise it, so no loss stays above that of a smaller network.
    `aim` holds the penalty and the number of swaps.
    """
    (l2, swaps), better = aim, list(noted)
    for i in reversed(range(len(noted) - 1)):
        below, here = better[i + 1], better[i]
        if here.size > SWAP_BELOW and here.loss <= below.loss:
            continue
        count = here.size - below.net.n_products
        grown = grow(below.net, samples, _some(samples, SALIENCY_ROWS, rng), count, l2, pairs)
        net, loss = polish(grown, samples, MINIMA_ITERATIONS, l2, MINIMA_STILL)
        if loss < here.loss:
            net, _ = through_minima(net, samples, (here.size, swaps), l2, pairs, rng)
            better[i] = Noted(here.size, *polish(net, samples, POLISH, l2, POLISH_STILL))
    return better


def joined_layers(net: SparseNetwork) -> set[tuple[int, int]]:
    """The pairs (receiver, sender) of layers, counted from 1, with a weight between them."""
    return {(int(net.layers[r]), int(net.layers[s])) for r, s in zip(net.receivers, net.senders, strict=True)}


def train_to(
    net: SparseNetwork, samples: Samples, size: int, epochs: int, recipe: Recipe, rng: np.random.Generator
) -> SparseNetwork:
    """A training whose rate falls to 0 as a cosine; in its first half the network goes down to `size`, geometrically.

    By hand: sizes of a schedule. Checked by test_descent.test_a_stage_goes_down_geometrically_in_its_first_half.
    """
    options = StepOptions(
        batch_size=recipe.batch_size, learning_rate=recipe.learning_rate, label_smoothing=samples.smoothing
    )
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
            net = remove(training.net, _some(samples, SALIENCY_ROWS, rng), due)
            training.exchange(net)
    return training.net


def through_minima(
    net: SparseNetwork,
    samples: Samples,
    aim: tuple[int, int],
    l2: float,
    pairs: set[tuple[int, int]],
    rng: np.random.Generator,
) -> tuple[SparseNetwork, float]:
    """Down to a size with a polish after every removal, then swaps; `aim` holds both numbers.

    Saliencies are measured on new samples each time, so a swap that failed is followed by another one.
    """
    size, swaps = aim
    net, loss = polish(net, samples, MINIMA_ITERATIONS, l2, MINIMA_STILL)
    while net.n_products > size:
        due = max(size, min(net.n_products - 1, int((1 - MINIMA_SHARE) * net.n_products)))
        smaller = remove(net, _some(samples, SALIENCY_ROWS, rng), due)
        net, loss = polish(smaller, samples, MINIMA_ITERATIONS, l2, MINIMA_STILL)
    failed = 0
    for _ in range(swaps if size <= SWAP_BELOW and not _faultless(net, samples) else 0):
        some = _some(samples, SALIENCY_ROWS, rng)
        more = grow(net, samples, some, max(1, round(SWAP_SHARE * size)), l2, pairs)
        more, _ = polish(more, samples, MINIMA_ITERATIONS, l2, MINIMA_STILL)
        swapped, new = polish(remove(more, some, size), samples, MINIMA_ITERATIONS, l2, MINIMA_STILL)
        failed = 0 if new < loss else failed + 1
        if new < loss:
            net, loss = swapped, new
        elif some is samples or failed >= SWAP_PATIENCE:
            break
    return net, loss


def _faultless(net: SparseNetwork, samples: Samples) -> bool:
    """Whether every label of every sample is right, so that a lower loss gains nothing."""
    if samples.loss == "binary_cross_entropy":
        return bool(((samples.forward(net) > 0) == (samples.y > 0.5)).all())
    labelled = samples.loss == "cross_entropy"
    return labelled and bool((samples.forward(net).argmax(axis=1) == samples.labels).all())


def _some(samples: Samples, count: int, rng: np.random.Generator) -> Samples:
    """At most `count` of the samples."""
    if len(samples) <= count:
        return samples
    return samples.part(np.sort(rng.choice(len(samples), count, replace=False)))
