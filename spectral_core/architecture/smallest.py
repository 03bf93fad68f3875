"""The smallest network that does the job: the spectrum proposes, joint refits decide, validation rows choose the size."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from spectral_core.architecture.curve import Curve, CurvePoint, Judged, smallest_within
from spectral_core.architecture.descent import Recipe, fit_down, train_down
from spectral_core.architecture.neurons import Criterion, fewest_neurons
from spectral_core.architecture.options import SearchOptions
from spectral_core.architecture.starts import linear_start, proposed_rows, woken_start
from spectral_core.backends.threads import one_thread
from spectral_core.data.preparation import PreparedData
from spectral_core.data.splitting import held_out
from spectral_core.networks.sparse import SparseNetwork
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.refitting.levenberg_marquardt import fit
from spectral_core.refitting.samples import Samples
from spectral_core.training.results import TrainingResult
from spectral_core.training.trainer import train

SIZES = (10, 15, 25, 40, 60)
"""The sizes of the curve, times powers of ten, and the numbers from 1 to 6 below them."""
SPLITS = ((500, 5), (2_000, 3), (5_000, 2))
"""Up to this number of rows, this many splits into training and validation rows; one split from there on."""
PENALTIES = (1e-3, 1e-2, 1e-1)
"""Strengths of l2/2 Σ w² in the refits that are tried; the last one up to `FEW_ROWS` only."""
FEW_ROWS = 1_000
ERRORS = 0.5
"""A size counts as good where its paired difference from the best is within this many standard errors. Measured on digits,
wine, breast_cancer, diabetes and friedman1: half an error keeps the score of the best size, a whole one costs up to 0.01."""
SMOOTHING = 0.05
"""Of class labels, in all trainings and refits."""
HOPE = 1.5
"""A variant is judged on further splits where it is within this many standard errors of the best on the first."""
LEAST_STEPS = 3_000
"""A proposal is trained for at least this many mini-batches, and at least `EPOCHS` epochs."""
EPOCHS = 60
NEURON_INPUTS, NEURON_ROWS = 60, 4_000
"""The search for the fewest neurons runs for regressions with at most so many inputs, on at most so many rows."""


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


@dataclass(frozen=True, eq=False)
class Smallest:
    """What the search found.

    proposal : the spectral training on all rows, and its score on validation rows after trainings without them.
    curve, networks : the points and their networks, trained on all rows.
    """

    proposal: TrainingResult[SpectralNetwork]
    proposal_score: float
    curve: Curve
    networks: tuple[SparseNetwork, ...]
    seconds: float


def find_smallest(data: PreparedData, options: SearchOptions) -> Smallest:
    """The whole curve of scores against sizes, and its networks; see `search`."""
    with one_thread():  # the variants run beside each other; their products are small
        return _find_smallest(data, options)


def _find_smallest(data: PreparedData, options: SearchOptions) -> Smallest:
    """See `find_smallest`.

    By hand: a mean of scores. Checked by test_smallest.test_the_score_of_the_proposal_is_its_mean_over_the_splits.
    """
    begin = time.perf_counter()
    whole = np.concatenate([data.x, data.x_valid]), np.concatenate([data.y, data.y_valid])
    smoothing = SMOOTHING if data.loss == "cross_entropy" else 0.0
    everything = Samples.of(*whole, data.loss, options.bias, options.dtype, smoothing)
    splits = _splits(data, everything, options)
    work = _Work(data, options)
    # Judge every variant on the first split, and those that may win on the others.
    first = work.curves(splits[0], work.variants(everything))
    promising = _promising(first) if len(splits) > 1 else list(first)
    judged = {variant: [first[variant]] for variant in promising}
    for split in splits[1:]:
        for variant, sizes in work.curves(split, promising).items():
            judged[variant].append(sizes)
    envelope = _envelope(judged)
    slack = 0.0 if options.tolerance is None else options.tolerance
    best, chosen, errors = smallest_within(envelope, ERRORS, slack)
    # Train on all rows.
    used = list(dict.fromkeys(promising[size.variant] for size in envelope))
    proposal = work.propose(everything, 0)
    networks = work.networks(everything, proposal.network, used)
    points, found = [], []
    for size, error in zip(envelope, errors, strict=True):
        variant = promising[size.variant]
        sized = networks[variant]
        # The search for the fewest neurons gives one network, on all rows perhaps of another size.
        net = sized[size.size] if variant.start != "neurons" else next(iter(sized.values()))
        points.append(CurvePoint.of(net, size.mean, error, variant.start, variant.l2))
        found.append(net)
    curve, order = _ordered(points, best, chosen)
    score = float(np.mean(work.proposal_scores))
    return Smallest(proposal, score, curve, tuple(found[i] for i in order), time.perf_counter() - begin)


def sizes_below(count: int, least: int) -> list[int]:
    """The sizes of the curve for a start of `count` weights, from `least` on, the greatest first."""
    series = [1, 2, 3, 4, 6, *(size * 10**power for power in range(7) for size in SIZES)]
    return [size for size in reversed(series) if least <= size < count]


class _Work:
    """The trainings of one search, on any samples."""

    def __init__(self, data: PreparedData, options: SearchOptions) -> None:
        self.data, self.options = data, options
        self.proposal_scores: list[float] = []
        self.least = data.n_outputs if data.n_outputs > 2 else 1
        self.widths = (data.x.shape[1] + options.bias, *options.hidden, data.n_outputs)

    def variants(self, samples: Samples) -> list[Variant]:
        """All that are tried."""
        if self.options.strategy == "neurons":
            return [Variant("neurons", 0.0)]
        starts = ["linear"] + (["woken"] if self.options.hidden else [])
        penalties = PENALTIES if len(samples) <= FEW_ROWS else PENALTIES[:-1]
        tried = [Variant(start, l2) for start in starts for l2 in penalties]
        squares = samples.loss == "squared_error" and len(self.widths) == 3
        if squares and self.widths[0] <= NEURON_INPUTS and self.widths[-1] <= 3:
            tried.append(Variant("neurons", 0.0))
        return tried

    def propose(self, samples: Samples, split: int) -> TrainingResult[SpectralNetwork]:
        """A training from the linear seed; its rate falls to 0."""
        options = self.options
        batch = options.batch_size_for(len(samples))
        net = SpectralNetwork.initialize(
            [self.widths[0] - options.bias, *self.widths[1:]],
            activation=options.activation,
            bias=options.bias,
            dtype=options.dtype,
            seed=options.seed + split,
        )
        return train(
            net,
            np.ascontiguousarray(samples.x_rows[: self.widths[0] - options.bias].T),
            samples.labels if samples.loss == "cross_entropy" else samples.y,
            loss=samples.loss,
            epochs=min(options.epochs, max(EPOCHS, -(-LEAST_STEPS * batch // len(samples)))),
            batch_size=batch,
            learning_rate=options.learning_rate,
            eigenvalue_learning_rate=options.eigenvalue_rate,
            penalty=options.penalty,
            penalty_strength=options.penalty_strength,
            schedule="cosine",
            label_smoothing=samples.smoothing,
            seed=options.seed + split,
            backend=options.backend,
        )

    def curves(self, split: Split, variants: Sequence[Variant]) -> dict[Variant, list[Judged]]:
        """The sizes of each variant with their values on the judging rows of a split.

        By hand: a mean of values. Checked by test_smallest.test_the_score_of_the_proposal_is_its_mean_over_the_splits.
        """
        proposal = self.propose(split.fitting, split.number).network
        self.proposal_scores.append(float(values(split.judging, SparseNetwork.of(proposal)).mean()))
        found = self.networks(split.fitting, proposal, variants, split.number)
        return {
            variant: [Judged(size, values(split.judging, net), i) for size, net in found[variant].items()]
            for i, variant in enumerate(variants)
        }

    def networks(
        self, samples: Samples, proposal: SpectralNetwork, variants: Sequence[Variant], split: int = 0
    ) -> dict[Variant, dict[int, SparseNetwork]]:
        """The networks of each variant by size, trained on these samples; the variants run beside each other.

        Variants of one start share its training by mini-batches.
        """
        options, recipe = self.options, Recipe.of(samples, self.options.batch_size_for(len(samples)))
        trained = {}
        for name in {v.start: None for v in variants if v.start != "neurons"}:
            if name == "linear":
                start = linear_start(self.widths, options.activation, options.bias, samples)
            else:
                start = woken_start(proposal, samples)
            sizes = self.sizes(start.n_products)
            trained[name] = sizes, train_down(start, samples, sizes, recipe, self._rng(split))

        def run(variant: Variant) -> dict[int, SparseNetwork]:
            rng = self._rng(split)
            if variant.start == "neurons":
                return self._fewest_neurons(samples, proposal, split)
            sizes, nets = trained[variant.start]
            return {one.size: one.net for one in fit_down(nets, samples, sizes, variant.l2, rng)}

        return dict(zip(variants, _beside(run, variants), strict=True))

    def sizes(self, count: int) -> list[int]:
        """The sizes of the curve below that of the start."""
        if self.options.sizes is None:
            return sizes_below(count, self.least)
        return sorted({size for size in self.options.sizes if size < count}, reverse=True)

    def _rng(self, split: int) -> np.random.Generator:
        return np.random.default_rng((self.options.seed, 2, split))

    def _fewest_neurons(self, samples: Samples, proposal: SpectralNetwork, split: int) -> dict[int, SparseNetwork]:
        """The fewest neurons on some of the samples, fitted on all of them."""
        exact = samples.astype(np.float64)
        rng = self._rng(split)
        some = exact if len(exact) <= NEURON_ROWS else exact.part(np.sort(rng.choice(len(exact), NEURON_ROWS, False)))
        tolerance = self.options.tolerance
        criterion = Criterion(some) if tolerance is None else Criterion(some, tolerance, hard=True)
        widths, seed = self.widths, (self.options.seed, 4, split)
        net = fewest_neurons(some, criterion, widths, self.options.activation, seed, proposed_rows(proposal))
        net = net if some is exact else fit(net, exact, 30).net
        return {net.n_products: net}


def values(samples: Samples, net: SparseNetwork) -> np.ndarray:
    """What each sample adds to the score (samples,): 1 for a right class, or 1 - (squared error)/variance.

    By hand: a statistic of outputs. Checked by test_smallest.test_the_mean_of_the_values_is_the_score.
    """
    output = samples.astype(net.weights.dtype).forward(net)
    if samples.loss == "cross_entropy":
        return (output.argmax(axis=1) == samples.labels).astype(np.float64)
    truth = samples.y.astype(np.float64)
    return np.asarray(1 - ((output - truth) ** 2 / truth.var(axis=0)).mean(axis=1))


def _splits(data: PreparedData, everything: Samples, options: SearchOptions) -> list[Split]:
    """The split of the data, and further ones drawn from all rows where there are few and none was given apart."""
    n, fitted = len(everything), len(data.x)
    splits = [Split(0, everything.part(np.arange(fitted)), everything.part(np.arange(fitted, n)))]
    if not len(data.validation_rows):
        return splits
    count = next((count for rows, count in SPLITS if n <= rows), 1)
    labels = everything.labels if len(everything.labels) else None
    for number in range(1, count):
        judging = held_out(labels, n, (n - fitted) / n, np.random.default_rng((options.seed, 3, number)))
        splits.append(
            Split(number, everything.part(np.flatnonzero(~judging)), everything.part(np.flatnonzero(judging)))
        )
    return splits


def _promising(first: dict[Variant, list[Judged]]) -> list[Variant]:
    """The variants with a size within `HOPE` paired standard errors of the best size of all.

    By hand: a statistic of validation rows. Checked by test_smallest.test_a_variant_may_win_within_its_paired_error.
    """
    best = max((one for sizes in first.values() for one in sizes), key=lambda one: one.mean)

    def may_win(one: Judged) -> bool:
        difference = best.rows - one.rows
        error = difference.std(ddof=1) / np.sqrt(len(difference)) if len(difference) > 1 else 0.0
        return bool(difference.mean() <= HOPE * error)

    return [variant for variant, sizes in first.items() if any(map(may_win, sizes))]


def _envelope(judged: dict[Variant, list[list[Judged]]]) -> list[Judged]:
    """For each size the variant of the greatest mean over all splits, the smallest size first."""
    best: dict[int, Judged] = {}
    for number, splits in enumerate(judged.values()):
        by_size: dict[int, list[np.ndarray]] = {}
        for sizes in splits:
            for one in sizes:
                by_size.setdefault(one.size, []).append(one.rows)
        for size, rows in by_size.items():
            joined = Judged(size, np.concatenate(rows), number)
            if len(rows) == len(splits) and (size not in best or joined.mean > best[size].mean):
                best[size] = joined
    return [best[size] for size in sorted(best)]


def _ordered(points: Sequence[CurvePoint], best: int, chosen: int) -> tuple[Curve, list[int]]:
    """The curve in the order of weights, one point for each number of them, and where its points were."""
    order: list[int] = []
    for i in sorted(range(len(points)), key=lambda i: (points[i].weights, -points[i].score, i not in (best, chosen))):
        if order and points[order[-1]].weights == points[i].weights and not {i} & {best, chosen}:
            continue
        order.append(i)
    return Curve(tuple(points[i] for i in order), order.index(best), order.index(chosen)), order


def _beside(
    run: Callable[[Variant], dict[int, SparseNetwork]], variants: Iterable[Variant]
) -> list[dict[int, SparseNetwork]]:
    """The results of all variants, on the threads of this machine; their order and numbers do not depend on them."""
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        return list(threads.map(run, variants))
