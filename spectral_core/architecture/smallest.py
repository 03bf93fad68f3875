"""The smallest network that does the job: the spectrum proposes, joint refits decide, validation rows choose the size."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np

from spectral_core.architecture.candidates import Stores
from spectral_core.architecture.curve import (
    Curve,
    CurvePoint,
    Judged,
    behind_smaller,
    paired_difference,
    smallest_within,
)
from spectral_core.architecture.judgements import Judgements, constant_values, judging_rows, varies
from spectral_core.architecture.options import SearchOptions
from spectral_core.architecture.variants import Sized, Split, Trainings, Variant
from spectral_core.backends.problem import of_mean_one
from spectral_core.backends.threads import one_thread
from spectral_core.data.preparation import PreparedData
from spectral_core.data.splitting import held_out
from spectral_core.errors import InvalidInputError
from spectral_core.networks.sparse import SparseNetwork
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.refitting.samples import Samples
from spectral_core.training.results import TrainingResult
from spectral_core.wording import counted

SPLITS = ((500, 5), (1_000, 3), (5_000, 2))
"""Up to this number of rows, this many splits into training and validation rows; one split from there on."""
SCORED_ONCE = 1_000
"""Above this number of rows ``neurons`` has one split: BIC chooses its size, and validation rows give the score alone."""
ERRORS = 0.5
"""A size counts as good where its paired difference from the best is within this many standard errors. Measured on digits,
wine, breast_cancer, diabetes and friedman1: half an error keeps the score of the best size, a whole one costs up to 0.01."""
DRAWS = 20
"""How often the rows that judge a split are drawn anew, where a target does not vary on them."""
SMOOTHING = 0.05
"""Of labels, in all trainings and refits."""
REPEATS = 2
"""Refits of the whole curve on all rows; the network of least loss stays at each size."""
HOPE = 1.5
"""A variant is judged on a further split where it is within this many standard errors of the best on those before."""


@dataclass(frozen=True, eq=False)
class Smallest:
    """What the search found.

    proposal : the spectral training on all rows, and its score on validation rows after trainings without them.
    curve, networks : the points and their networks, trained on all rows.
    judged, constant : the values of the validation rows of all splits for each point, and for the best constant; None where
        R² is not defined.
    """

    proposal: TrainingResult[SpectralNetwork]
    proposal_score: float
    curve: Curve
    networks: tuple[SparseNetwork, ...]
    judged: tuple[Judged, ...]
    constant: Judged | None
    seconds: float


def find_smallest(data: PreparedData, options: SearchOptions) -> Smallest:
    """The whole curve of scores against sizes, and its networks; see `search`.

    Raises
    ------
    InvalidInputError : a tolerance for ``neurons`` and a target without a variance.
    """
    if options.strategy == "neurons" and options.tolerance is not None and data.loss != "squared_error":
        raise InvalidInputError(
            "tolerance is a share of the variance of the targets; strategy='neurons' takes none for classes or labels"
        )
    # The variants run beside each other; their products are small.
    with one_thread(), ThreadPoolExecutor(os.cpu_count()) as threads:
        try:
            return _find_smallest(data, options, threads)
        finally:
            threads.shutdown(wait=False, cancel_futures=True)  # what an interrupted search has not begun


def _find_smallest(data: PreparedData, options: SearchOptions, threads: Executor) -> Smallest:
    begin, stores = time.perf_counter(), Stores(options.checkpoint)
    everything = _all_samples(data, options)
    trainings = Trainings(data, options)
    judgements, variants = Judgements(trainings, everything, stores), trainings.variants(everything)

    wanted: list[int] = []  # the sizes of the starts, which are not always the same on all rows

    def on_all_rows(used: Sequence[Variant]) -> tuple[TrainingResult[SpectralNetwork], dict[Variant, Sized]]:
        proposal = trainings.propose(everything, 0, judgements.state_of_proposal("all"))
        return proposal, trainings.networks(everything, proposal.network, used, 0, REPEATS, wanted)

    # Alone, a variant needs no judgement to be trained on all rows.
    early: list[Future[tuple[TrainingResult[SpectralNetwork], dict[Variant, Sized]]]] = []

    def train_early() -> None:
        if len(variants) == 1:
            early.append(threads.submit(on_all_rows, variants))

    splits = _splits(data, everything, options)
    unjudged = [(split.fitting, split.number) for split in splits if not judgements.are_kept(split)]
    trainings.begin_proposals(threads, [*unjudged, (everything, 0)], train_early)
    constant, steps = _constant(splits), len(splits) + 1
    judged, score = _judged(splits, judgements, variants, options)
    del splits, unjudged  # their copies of the rows
    promising = list(judged)
    envelope = _envelope(judged)
    best, chosen, errors = smallest_within(envelope, ERRORS, options.tolerance or 0.0)
    # Train on all rows.
    used = list(dict.fromkeys(promising[one.variant] for one in envelope))
    wanted = [one.size for one in envelope if promising[one.variant].start != "neurons"]
    proposal, networks = early[0].result() if early else on_all_rows(used)
    points, found = [], []
    for size, error, behind in zip(envelope, errors, behind_smaller(envelope), strict=True):
        variant = promising[size.variant]
        sized = networks[variant]
        # The search for the fewest neurons gives one network, on all rows perhaps of another size, and a start may be smaller there.
        net = sized[max((one for one in sized if one <= size.size), default=min(sized))]
        net = net.keep(net.weights != 0).cleaned()  # a weight that came back may have stayed 0
        more = {"behind": behind, "score_error": size.error}
        points.append(CurvePoint.of(net, size.mean, error, variant.start, variant.l2, **more))
        found.append(net)
    curve, order = _ordered(points, best, chosen)
    options.report_progress(steps, steps, "done")
    if not options.keep_checkpoint:
        stores.remove()
    nets, judgements_of = tuple(found[i] for i in order), tuple(envelope[i] for i in order)
    return Smallest(proposal, score, curve, nets, judgements_of, constant, time.perf_counter() - begin)


def _judged(
    splits: Sequence[Split], judgements: Judgements, variants: Sequence[Variant], options: SearchOptions
) -> tuple[dict[Variant, list[list[Judged]]], float]:
    """The sizes of each variant on each split, for those that may win; and the mean score of the proposals.

    Every variant is judged on the first split, and on each further one those that may win after the splits before.

    By hand: the mean of a few scores. Checked by test_smallest.test_the_score_of_the_proposal_is_its_mean_over_the_splits.
    """
    judged: dict[Variant, list[list[Judged]]] = {variant: [] for variant in variants}
    scores = []
    for number, split in enumerate(splits, 1):
        judgement = judgements.of(split, list(judged))
        scores.append(judgement.proposal_score)
        judged = {variant: [*judged[variant], sizes] for variant, sizes in judgement.curves.items()}
        if number < len(splits):
            judged = {variant: judged[variant] for variant in _promising(judged)}
        options.report_progress(number, len(splits) + 1, _progress(judged))
    return judged, sum(scores) / len(scores)


def _constant(splits: Sequence[Split]) -> Judged | None:
    """The best constant on the judging rows of each split; None where R² is not defined on them."""
    parts = [Judged(0, constant_values(one.judging, one.judges.variance), -1, one.judges) for one in splits]
    constant = Judged.joined(parts, 0, -1)
    return constant if constant.judges is not None and constant.judges.defined else None


def _all_samples(data: PreparedData, options: SearchOptions) -> Samples:
    """Training and validation rows, the training rows first."""
    whole = np.concatenate([data.x, data.x_valid], dtype=options.dtype), np.concatenate([data.y, data.y_valid])
    smoothing = 0.0 if data.task == "regression" else SMOOTHING
    samples = Samples.of(*whole, data.loss, options.bias, options.dtype, smoothing)
    if data.weights is None and data.weights_valid is None:
        return samples
    parts = ((data.weights, data.x), (data.weights_valid, data.x_valid))
    weights = np.concatenate([np.ones(len(rows)) if own is None else own for own, rows in parts])
    return replace(samples, weights=of_mean_one(weights).astype(options.dtype))


def _progress(judged: dict[Variant, list[list[Judged]]]) -> str:
    """A line of text on the best size so far."""
    best = max(_envelope(judged), key=lambda one: one.mean)
    return f"validation score {best.mean:.4f} with {counted(best.size, 'weight')}"


def _splits(data: PreparedData, everything: Samples, options: SearchOptions) -> list[Split]:
    """The split of the data, and further ones drawn from all rows where there are few and none was given apart.

    A split whose judging rows have one value of a target is left out where another is not so: R² is not defined there.

    By hand: a share of rows. Checked by test_smallest.test_the_score_of_the_proposal_is_its_mean_over_the_splits.
    """
    n, fitted = len(everything), len(data.x)
    count = next((count for rows, count in SPLITS if n <= rows), 1)
    if not len(data.validation_rows) or (options.strategy == "neurons" and n > SCORED_ONCE):
        count = 1
    own = np.arange(n) >= fitted

    def drawn(*numbers: int) -> np.ndarray:
        labels = everything.labels if len(everything.labels) else None
        return held_out(labels, n, (n - fitted) / n, np.random.default_rng((options.seed, 3, *numbers)))

    masks = [own, *(drawn(number) for number in range(1, count))]
    if everything.loss == "squared_error" and count > 1:
        tries = [chain([mask], (drawn(k, again) for again in range(1, DRAWS))) for k, mask in enumerate(masks)]
        varying = (next((mask for mask in some if varies(everything.y[mask]).all()), None) for some in tries)
        masks = [mask for mask in varying if mask is not None] or [own]
    splits = []
    for number, mask in enumerate(masks):
        fitting, judging = np.flatnonzero(~mask), np.flatnonzero(mask)
        some = everything.part(judging)
        splits.append(Split(number, everything.part(fitting), some, judging_rows(some, judging, everything)))
    if masks[0] is own:
        splits[0].fitting.share(data.x)
    return splits


def _promising(judged: dict[Variant, list[list[Judged]]]) -> list[Variant]:
    """The variants that may win after some splits, where they are compared row by row.

    They have a size within `HOPE` paired standard errors of the best size of all, and a size at which no variant is better.
    Where these are the fewest neurons alone, which are one size, the variant of the most sizes stays too, for the curve; of
    several, that of the greatest scores.

    By hand: a statistic of validation rows. Checked by test_smallest.test_a_variant_may_win_within_its_paired_error.
    """
    curves = [_joined(number, splits) for number, splits in enumerate(judged.values())]
    highest: dict[int, float] = {}
    for one in chain(*curves):
        highest[one.size] = max(one.mean, highest.get(one.size, -np.inf))
    best = max(chain(*curves), key=lambda one: one.mean)

    def may_win(one: Judged) -> bool:
        mean, error = paired_difference(best, one)
        return mean <= HOPE * error

    staying = [any(map(may_win, one)) and any(o.mean >= highest[o.size] for o in one) for one in curves]
    variants = list(judged)
    if all(variant.start == "neurons" for variant, stays in zip(variants, staying, strict=True) if stays):
        others = [i for i, variant in enumerate(variants) if variant.start != "neurons"]
        most = max(others, key=lambda i: (len(curves[i]), sum(one.mean for one in curves[i])), default=0)
        staying[most] = True
    return [variant for variant, stays in zip(variants, staying, strict=True) if stays]


def _joined(number: int, splits: Sequence[Sequence[Judged]]) -> list[Judged]:
    """The sizes of a variant, with the rows of all splits; only those that every split has.

    Where no size is in every split, as of the search for the fewest neurons, the largest networks count together as one of the
    greatest size among them.
    """
    by_size: dict[int, list[Judged]] = {}
    for one in chain(*splits):
        by_size.setdefault(one.size, []).append(one)
    common = {size: parts for size, parts in by_size.items() if len(parts) == len(splits)}
    if not common:
        largest = [max(sizes, key=lambda one: one.size) for sizes in splits]
        common = {max(one.size for one in largest): largest}
    return [Judged.joined(parts, size, number) for size, parts in common.items()]


def _envelope(judged: dict[Variant, list[list[Judged]]]) -> list[Judged]:
    """For each size the variant of the greatest mean over all splits, the smallest size first."""
    best: dict[int, Judged] = {}
    for number, splits in enumerate(judged.values()):
        for one in _joined(number, splits):
            if one.size not in best or one.mean > best[one.size].mean:
                best[one.size] = one
    return [best[size] for size in sorted(best)]


def _ordered(points: Sequence[CurvePoint], best: int, chosen: int) -> tuple[Curve, list[int]]:
    """The curve in the order of weights, and where its points were; of equal numbers of weights the point of the greatest score.

    Another point of as many weights is best or chosen in the place of one that goes.
    """
    kept: dict[int, int] = {}
    for i in sorted(range(len(points)), key=lambda i: (points[i].weights, -points[i].score, i not in (best, chosen))):
        kept.setdefault(points[i].weights, i)
    order = list(kept.values())
    best, chosen = (order.index(kept[points[i].weights]) for i in (best, chosen))
    return Curve(tuple(points[i] for i in order), best, chosen), order
