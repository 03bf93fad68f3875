"""The ways down through the sizes of a network, and their trainings on any samples."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spectral_core.architecture.criterion import Criterion
from spectral_core.architecture.curve import JudgingRows
from spectral_core.architecture.neurons import DEEP_ROUNDS, fewest_neurons
from spectral_core.architecture.options import MANY_SAMPLES, SearchOptions
from spectral_core.architecture.starts import fresh_start, linear_start, proposed_rows, woken_start
from spectral_core.backends.choice import multiply_adds
from spectral_core.data.preparation import PreparedData
from spectral_core.errors import ModelFileError
from spectral_core.networks.sparse import SparseNetwork
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.refitting.descent import SWAPS, Noted, Recipe, fit_down, train_down
from spectral_core.refitting.levenberg_marquardt import fit
from spectral_core.refitting.samples import Samples
from spectral_core.training.results import TrainingResult
from spectral_core.training.trainer import train

SIZES = (10, 15, 25, 40, 60)
"""The sizes of the curve, times powers of ten, and the numbers from 1 to 6 below them."""
PENALTIES = (1e-3, 1e-2, 1e-1)
"""Strengths of l2/2 Σ w² in the refits that are tried; the last one up to `FEW_ROWS` only."""
FEW_ROWS = 1_000
LEAST_STEPS = 3_000
"""A proposal is trained for at least this many mini-batches, and at least `EPOCHS` epochs."""
NEURON_INPUTS, NEURON_ROWS = 60, 4_000
"""The search for the fewest neurons runs for regressions with at most so many inputs, on at most so many rows."""
EPOCHS = 60
LONG = 3 * 10**10
"""Multiply-adds of a proposal from which its state is kept when it is interrupted: two seconds on one core."""
FRESH_ROWS = 5_000
"""From so many rows with class labels on, the woken neurons also start with random weights. Measured on 8,000 Fashion-MNIST
images: 0.839 with 1,600 weights, where the weights of the proposal lead to 0.826."""
JUDGED_SWAPS = 4
"""Swaps at each size where the networks are only judged."""

Sized = dict[int, SparseNetwork]
"""Networks by size."""


@dataclass(frozen=True)
class Variant:
    """One way down: where it starts, and how its refits are penalised."""

    start: str
    l2: float


@dataclass(frozen=True, eq=False)
class Split:
    """Rows that fit and rows that judge."""

    number: int
    fitting: Samples
    judging: Samples
    judges: JudgingRows


def sizes_below(count: int, least: int) -> list[int]:
    """The sizes of the curve for a start of `count` weights, from `least` on, the greatest first."""
    series = [1, 2, 3, 4, 6, *(size * 10**power for power in range(7) for size in SIZES)]
    return [size for size in reversed(series) if least <= size < count]


class Trainings:
    """The trainings of one search, on any samples.

    The number of rows that fit the first split decides on epochs and mini-batches, of the trainings on all rows too.
    """

    def __init__(self, data: PreparedData, options: SearchOptions) -> None:
        self.options, self._begun = options, dict[Samples, Future[TrainingResult[SpectralNetwork]]]()
        self.rows, self.batch_size = len(data.x), options.batch_size_for(len(data.x))
        self._waiting: list[tuple[Samples, int]] = []
        self.least = data.n_outputs if data.n_outputs > 2 else 1
        self.widths = (data.x.shape[1] + options.bias, *options.hidden, data.n_outputs)

    def variants(self, samples: Samples) -> list[Variant]:
        """All that are tried."""
        if self.options.strategy == "neurons":
            return [Variant("neurons", 0.0)]
        starts = ["linear"] + (["woken"] if self.options.hidden else [])
        if self.options.hidden and samples.loss == "cross_entropy" and len(samples) >= FRESH_ROWS:
            starts.append("fresh")
        penalties = PENALTIES if len(samples) <= FEW_ROWS else PENALTIES[:-1]
        tried = [Variant(start, l2) for start in starts for l2 in penalties]
        squares = samples.loss == "squared_error" and len(self.widths) == 3
        if squares and self.widths[0] <= NEURON_INPUTS and self.widths[-1] <= 3:
            tried.append(Variant("neurons", 0.0))
        return tried

    def begin_proposals(
        self, threads: Executor, splits: Sequence[tuple[Samples, int]], then: Callable[[], object] = lambda: None
    ) -> None:
        """Let the trainings of several proposals run beside everything else; `propose` then waits for its own. `then` is called
        when they have begun.

        They begin when the first one is done, which runs in this thread: it compiles the kernels, and there an interrupt is
        served. None runs early where they are long, since an interruption leaves the state of a long one in a file, or where a GPU
        trains.
        """
        long = any(len(samples) >= MANY_SAMPLES or self._work(samples) >= LONG for samples, _ in splits)
        self._waiting = [] if long or self.options.backend == "cuda" else list(splits)
        self._threads, self._then = threads, then

    def _work(self, samples: Samples) -> float:
        """The multiply-adds of a proposal on these samples.

        By hand: a count of products. Checked by test_smallest.test_short_proposals_begin_beside_each_other.
        """
        return multiply_adds(self.widths, len(samples)) * self.epochs

    @property
    def epochs(self) -> int:
        """The epochs of a proposal."""
        return min(self.options.epochs, max(EPOCHS, -(-LEAST_STEPS * self.batch_size // self.rows)))

    def propose(self, samples: Samples, split: int, state: Path | None) -> TrainingResult[SpectralNetwork]:
        """A training from the linear seed; its rate falls to 0. An interrupted one leaves its state in a file."""
        if samples in self._begun:
            return self._begun.pop(samples).result()
        try:
            result = self._proposal(samples, split, state)
        except ModelFileError:  # the state of a search of other data or options
            if state is None:
                raise
            state.unlink()
            result = self._proposal(samples, split, state)
        waiting, self._waiting = [pair for pair in self._waiting if pair[0] is not samples], []
        self._begun |= {one: self._threads.submit(self._proposal, one, number, None) for one, number in waiting}
        if waiting:
            self._then()
        self._then = lambda: None  # what it refers to may go
        return result

    def _proposal(self, samples: Samples, split: int, state: Path | None) -> TrainingResult[SpectralNetwork]:
        options = self.options
        net = SpectralNetwork.initialize(
            [self.widths[0] - options.bias, *self.widths[1:]],
            activation=options.activation,
            bias=options.bias,
            dtype=options.dtype,
            seed=options.seed + split,
        )
        return train(
            net,
            samples.by_sample(np.arange(self.widths[0] - options.bias)),
            samples.labels if samples.loss == "cross_entropy" else samples.y,
            loss=samples.loss,
            sample_weight=samples.weights,
            epochs=self.epochs,
            batch_size=self.batch_size,
            learning_rate=options.learning_rate,
            eigenvalue_learning_rate=options.eigenvalue_rate,
            penalty=options.penalty,
            penalty_strength=options.penalty_strength,
            schedule="cosine",
            label_smoothing=samples.smoothing,
            seed=options.seed + split,
            backend=options.backend,
            checkpoint=state,
            keep_checkpoint=True,
        )

    def networks(
        self,
        samples: Samples,
        proposal: SpectralNetwork,
        variants: Sequence[Variant],
        split: int,
        repeats: int = 1,
        wanted: Sequence[int] = (),
    ) -> dict[Variant, Sized]:
        """The networks of each variant by size, trained on these samples; the variants run beside each other.

        Variants of one start share its training by mini-batches. Of several `repeats` of the refits, which see other samples
        at each removal, the network of least loss stays at each size. `wanted` sizes are added to those of the curve.
        """
        swaps = SWAPS if repeats > 1 else JUDGED_SWAPS
        recipe = Recipe.of(samples, self.batch_size, self.rows)

        def train(name: str) -> tuple[list[int], list[tuple[int, SparseNetwork]]]:
            start = self._start(name, samples, proposal, split)
            count = start.n_products
            sizes = sorted({*self.sizes(count), *(size for size in wanted if size < count)}, reverse=True)
            return sizes, train_down(start, samples, sizes, recipe, self._rng(split))

        def run(task: tuple[Variant, int]) -> list[Noted]:
            variant, repeat = task
            if variant.start == "neurons":
                return [self._fewest_neurons(samples, proposal, split, repeats)] if repeat == 0 else []
            sizes, nets = trained[variant.start].result()  # in the queue before this task, so it has begun
            return fit_down(nets, samples, sizes, variant.l2, self._rng(split, repeat), swaps)

        tasks = [(variant, repeat) for variant in variants for repeat in range(repeats)]
        with ThreadPoolExecutor(os.cpu_count()) as threads:  # the results do not depend on their number
            names = {v.start: None for v in variants if v.start != "neurons"}
            trained = {name: threads.submit(train, name) for name in names}
            found = dict(zip(tasks, threads.map(run, tasks), strict=True))
        return {
            variant: _of_least_loss([one for repeat in range(repeats) for one in found[variant, repeat]])
            for variant in variants
        }

    def _start(self, name: str, samples: Samples, proposal: SpectralNetwork, split: int) -> SparseNetwork:
        """The network that the descents of some variants begin with."""
        if name == "linear":
            return linear_start(self.widths, self.options.activation, self.options.bias, samples)
        woken = woken_start(proposal, samples, self.rows)
        return fresh_start(woken, self._rng(split)) if name == "fresh" else woken

    def sizes(self, count: int) -> list[int]:
        """The sizes of the curve below that of the start."""
        if self.options.sizes is None:
            return sizes_below(count, self.least)
        return sorted({size for size in self.options.sizes if size < count}, reverse=True)

    def _rng(self, split: int, repeat: int = 0) -> np.random.Generator:
        return np.random.default_rng((self.options.seed, 2, split, repeat))

    def _fewest_neurons(self, samples: Samples, proposal: SpectralNetwork, split: int, repeats: int) -> Noted:
        """The fewest neurons on some of the samples, fitted on all of them; from more starts where it is not only judged."""
        exact = samples.astype(np.float64)
        rng = self._rng(split)
        some = exact if len(exact) <= NEURON_ROWS else exact.part(np.sort(rng.choice(len(exact), NEURON_ROWS, False)))
        tolerance = self.options.tolerance
        criterion = Criterion(some) if tolerance is None else Criterion(some, tolerance, hard=True)
        widths, seed = self.widths, (self.options.seed, 4, split)
        rounds = DEEP_ROUNDS if repeats > 1 else 1
        net = fewest_neurons(some, criterion, widths, self.options.activation, seed, proposed_rows(proposal), rounds)
        net = net if some is exact else fit(net, exact, 30).net
        return Noted(net.n_products, net, np.nan)


def _of_least_loss(noted: Sequence[Noted]) -> Sized:
    """The network of least loss for each size; the first one where it is not at a minimum."""
    best: dict[int, Noted] = {}
    for one in noted:
        if one.size not in best or one.loss < best[one.size].loss:
            best[one.size] = one
    return {size: one.net for size, one in best.items()}
