"""The values of networks on validation rows, split by split; an interrupted search leaves them in files."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spectral_core.architecture.candidates import Stores
from spectral_core.architecture.curve import Judged, JudgingRows
from spectral_core.architecture.variants import Split, Trainings, Variant
from spectral_core.backends.problem import of_mean_one
from spectral_core.errors import ModelFileError
from spectral_core.files import model_file
from spectral_core.networks.sparse import SparseNetwork
from spectral_core.refitting.samples import Samples

KIND = "unfinished search"
UNIDENTIFYING = ("progress", "checkpoint", "keep_checkpoint", "name", "feature_names", "target_names")
"""The options that no number depends on."""


@dataclass(frozen=True, eq=False)
class SplitJudgement:
    """The sizes of each variant with their values on the judging rows of a split, and the score of the proposal there."""

    curves: dict[Variant, list[Judged]]
    proposal_score: float


class Judgements:
    """Judges variants on splits, or reads what an interrupted search has judged."""

    def __init__(self, trainings: Trainings, everything: Samples, stores: Stores) -> None:
        self.trainings, self.stores = trainings, stores
        self.identity = _identity(everything, trainings)

    def state_of_proposal(self, rows: str) -> Path | None:
        """The file of an unfinished proposal on these rows."""
        return self.stores.of(f"{rows}-proposal")

    def are_kept(self, split: Split) -> bool:
        """Whether there is a file of judgements on this split, of this search or another one."""
        path = self.stores.of(str(split.number))
        return path is not None and path.exists()

    def of(self, split: Split, variants: Sequence[Variant]) -> SplitJudgement:
        """The judgement of a split.

        By hand: a sum over samples, once per network. Checked by test_judging.test_better_than_a_constant_is_a_paired_test.
        """
        path, state = self.stores.of(str(split.number)), self.state_of_proposal(str(split.number))
        names = [f"{variant.start}/{variant.l2!r}" for variant in variants]
        identity = {"identity": self.identity, "split": split.number, "variants": names}
        if path is not None and self.are_kept(split):
            known = _read(path, identity, variants, split.judges)
            if known is not None:
                return known
        # Train and judge.
        proposal = self.trainings.propose(split.fitting, split.number, state).network
        found = self.trainings.networks(split.fitting, proposal, variants, split.number)
        curves = {
            variant: [
                Judged(size, values(split.judging, net, split.judges.variance), number, split.judges)
                for size, net in found[variant].items()
            ]
            for number, variant in enumerate(variants)
        }
        whole = values(split.judging, SparseNetwork.of(proposal), split.judges.variance)
        score = Judged(0, whole, -1, split.judges).mean
        if path is not None:
            rows = {f"{n}/{one.size}": one.rows for n, sizes in enumerate(curves.values()) for one in sizes}
            model_file.save_model(path, KIND, identity | {"score": score}, rows)
        return SplitJudgement(curves, score)


def judging_rows(samples: Samples, numbers: np.ndarray, everything: Samples) -> JudgingRows:
    """How some rows judge, which have these numbers among `everything`.

    A target that does not vary on them has no R² there; its squared errors are divided by its variance on all rows.

    By hand: a statistic of targets. Checked by test_smallest.test_a_target_that_does_not_vary_is_judged_by_its_variance_on_all_rows.
    """
    weights = of_mean_one(samples.weights.astype(np.float64))
    if samples.loss != "squared_error":
        return JudgingRows(numbers, weights, np.empty(0), np.ones((len(samples), 1)))
    y = samples.y.astype(np.float64)
    squares = (y - np.average(y, axis=0, weights=weights)) ** 2
    own, there = np.average(squares, axis=0, weights=weights), varies(samples.y)
    known = there & (own > 0)  # the squares of tiny numbers are 0
    variance = np.where(known, own, _variance(everything))
    return JudgingRows(numbers, weights, variance, np.where(known, squares / variance, 1.0), bool(there.all()))


def varies(y: np.ndarray) -> np.ndarray:
    """Whether each target (samples, outputs) has two values."""
    return np.asarray(y.min(axis=0) < y.max(axis=0))


def _variance(samples: Samples) -> np.ndarray:
    """Of each target, weighted; 1 where it does not vary.

    By hand: a statistic of targets. Checked by test_smallest.test_the_mean_of_the_values_is_the_score.
    """
    y, weights = samples.y.astype(np.float64), samples.weights.astype(np.float64)
    variance = np.average((y - np.average(y, axis=0, weights=weights)) ** 2, axis=0, weights=weights)
    return np.where(varies(y) & (variance > 0), variance, 1.0)


def values(samples: Samples, net: SparseNetwork, variance: np.ndarray | None = None) -> np.ndarray:
    """The value of each sample for a network; see `_of_output`."""
    return _of_output(samples, samples.astype(net.weights.dtype).forward(net), variance)


def constant_values(samples: Samples, variance: np.ndarray | None = None) -> np.ndarray:
    """The value of each sample for the best constant; see `_of_output`.

    By hand: a statistic of targets. Checked by test_whole_curve.test_no_constant_has_a_greater_score.
    """
    targets = samples.labels[:, None] if samples.loss == "cross_entropy" else samples.y
    if samples.loss == "squared_error":
        constant = np.average(targets.astype(np.float64), axis=0, weights=samples.weights.astype(np.float64))
    else:
        kinds, number = np.unique(targets, axis=0, return_inverse=True)
        most = kinds[np.bincount(number.ravel(), samples.weights).argmax()]
        constant = np.eye(int(most[0]) + 1)[-1] if samples.loss == "cross_entropy" else most - 0.5
    return _of_output(samples, np.tile(constant, (len(samples), 1)), variance)


def _of_output(samples: Samples, output: np.ndarray, variance: np.ndarray | None) -> np.ndarray:
    """The value of each sample for outputs z_K (samples, outputs): 1 where class or all labels are right, or
    1 - (squared error)/variance, by default the weighted one of these samples. The score is the weighted mean.

    (samples,), or (samples, outputs) of several targets.

    By hand: a statistic of outputs. Checked by test_smallest.test_the_mean_of_the_values_is_the_score.
    """
    if samples.loss == "cross_entropy":
        return (output.argmax(axis=1) == samples.labels).astype(np.float64)
    if samples.loss == "binary_cross_entropy":
        return ((output > 0) == (samples.y > 0.5)).all(axis=1).astype(np.float64)
    variance = _variance(samples) if variance is None else variance
    found = 1 - (output - samples.y.astype(np.float64)) ** 2 / variance
    return found if found.shape[1] > 1 else found[:, 0]


def _read(
    path: object, identity: dict[str, object], variants: Sequence[Variant], judges: JudgingRows
) -> SplitJudgement | None:
    """A judgement of this very search; None where the file holds another."""
    try:
        _, record, rows = model_file.load_model(path, (KIND,))  # type: ignore[arg-type]
    except ModelFileError:
        return None
    if any(record.get(name) != value for name, value in identity.items()):
        return None
    curves: dict[Variant, list[Judged]] = {variant: [] for variant in variants}
    for key, stored in rows.items():
        number, size = map(int, key.split("/"))
        curves[variants[number]].append(Judged(size, stored, number, judges))
    return SplitJudgement(curves, record["score"])


def _identity(samples: Samples, trainings: Trainings) -> str:
    """Identifies data, their split and options, so that a file continues this search only."""
    digest = hashlib.sha256(f"values {samples.loss} {trainings.rows}".encode())
    weights = () if (samples.weights == 1).all() else (samples.weights,)
    for array in (samples.x_rows, samples.y, samples.labels, *weights):
        digest.update(np.ascontiguousarray(array).data)
    named = {name: value for name, value in vars(trainings.options).items() if name not in UNIDENTIFYING}
    digest.update(repr(sorted(named.items())).encode())
    return digest.hexdigest()
