"""The score of a network against its size, and the choice of a size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.data.metrics import standard_error
from spectral_core.errors import InvalidInputError
from spectral_core.networks.sparse import BYTES_A_NUMBER, SparseNetwork
from spectral_core.wording import counted


@dataclass(frozen=True)
class CurvePoint:
    """One size of network.

    weights : numbers that a prediction multiplies by an input or an activation.
    biases : numbers that it adds.
    neurons : live hidden neurons. layers : hidden layers with a live neuron.
    bytes : of weights and biases in float32.
    score : accuracy or R² on validation rows, the mean over the splits.
    error : standard error of the difference between this score and that of the best point, row by row.
    start : how the network began, ``linear``, ``woken``, ``fresh`` (the woken neurons, random weights) or ``neurons``. l2 : the penalty of its refits.
    behind : whether the best of the smaller networks scores more, by over the standard error of their paired difference.
    score_error : standard error of the score itself; None in results of earlier versions.
    """

    weights: int
    biases: int
    neurons: int
    layers: int
    bytes: int
    score: float
    error: float
    start: str
    l2: float
    behind: bool = False
    score_error: float | None = None

    @classmethod
    def of(cls, net: SparseNetwork, score: float, error: float, start: str, l2: float, **more: Any) -> CurvePoint:
        """By hand: bytes of a number. Checked by test_curve.test_a_point_counts_what_a_network_has."""
        layers = len(np.unique(net.layers[net.live]))
        numbers = net.n_products + net.n_biases
        counts = (net.n_products, net.n_biases, len(net.live), layers, BYTES_A_NUMBER * numbers)
        return cls(*counts, score, error, start, l2, **more)


@dataclass(frozen=True, eq=False)
class Curve(Sequence[CurvePoint]):
    """Points from the smallest network to the largest; `best` has the greatest score, `chosen` is the one a search keeps.

    Examples
    --------
    >>> from spectral_core.architecture.curve import Curve, CurvePoint
    >>> small = CurvePoint(5, 1, 0, 0, 24, score=0.8, error=0.05, start="linear", l2=0.01)
    >>> curve = Curve((small, CurvePoint(40, 9, 8, 1, 196, score=0.9, error=0.0, start="woken", l2=0.01)), best=1, chosen=1)
    >>> curve.at(weights=20).weights, curve.at(score=0.85).weights
    (5, 40)
    """

    points: tuple[CurvePoint, ...]
    best: int
    chosen: int

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        return self.points[index]

    def __repr__(self) -> str:
        chosen, best = self.points[self.chosen], self.points[self.best]
        sizes = f"{counted(len(self), 'size')} from {self.points[0].weights} to {counted(self.points[-1].weights, 'weight')}"
        return (
            f"Curve({sizes}; chosen: {counted(chosen.weights, 'weight')}, score {chosen.score:.4g};\n"
            f"  best: {counted(best.weights, 'weight')}, score {best.score:.4g})"
        )

    def index(self, weights: int | None = None, score: float | None = None) -> int:  # type: ignore[override]
        """The network for at most so many `weights`, or the smallest whose validation score is at least `score`.

        Of the networks that have at most `weights`, the largest that is not `behind` a smaller one: one that scores
        measurably less, as it fits the noise, is passed over.

        Raises
        ------
        InvalidInputError : not exactly one of the two is given, or no network fits.
        """
        if (weights is None) == (score is None):
            raise InvalidInputError("name one of weights and score")
        if weights is not None:
            checks.integer(weights, "weights", 0)
            fitting = [i for i, point in enumerate(self.points) if point.weights <= weights]
            if not fitting:
                raise InvalidInputError(
                    f"the smallest network has {counted(self.points[0].weights, 'weight')}; got weights={weights}"
                )
            return max((i for i in fitting if not self.points[i].behind), default=fitting[0])
        least = checks.real_number(score, "score", -math.inf)
        fitting = [i for i, point in enumerate(self.points) if point.score >= least]
        if not fitting:
            most = self.points[self.best].score
            raise InvalidInputError(f"the best network has the validation score {most:.5g}; got score={score}")
        return fitting[0]

    def at(self, weights: int | None = None, score: float | None = None) -> CurvePoint:
        """The point of `index`."""
        return self.points[self.index(weights, score)]


@dataclass(frozen=True, eq=False)
class JudgingRows:
    """The rows that judge networks, those of several splits one after another.

    numbers : of the rows in the data; a row that judges in several splits comes several times.
    weights : of mean 1 in each split.
    variance : of each target (outputs,), which squared errors of one split are divided by; empty for classes and labels, and for
        several splits.
    spread : what each row adds to that variance, over its mean (rows, targets): it is estimated from the same rows. 1 where it
        is not.
    defined : whether R² is: every target varies. Always so for classes and labels.
    """

    numbers: np.ndarray
    weights: np.ndarray
    variance: np.ndarray
    spread: np.ndarray
    defined: bool = True

    @classmethod
    def alike(cls, count: int) -> JudgingRows:
        """So many rows of one split, each of weight 1."""
        return cls(np.arange(count), np.ones(count), np.empty(0), np.ones((count, 1)))

    @classmethod
    def joined(cls, parts: Sequence[JudgingRows]) -> JudgingRows:
        """Those of several splits."""
        if len(parts) == 1:
            return parts[0]
        numbers = np.concatenate([part.numbers for part in parts])
        weights = np.concatenate([part.weights for part in parts])
        spread = np.concatenate([part.spread for part in parts])
        return cls(numbers, weights, np.empty(0), spread, all(part.defined for part in parts))

    @cached_property
    def groups(self) -> np.ndarray | None:
        """A number for each row, the same for the same row of the data; None where each is judged once."""
        kinds, groups = np.unique(self.numbers, return_inverse=True)
        return None if len(kinds) == len(self.numbers) else groups.ravel()


@dataclass(frozen=True, eq=False)
class Judged:
    """A network size with the value of every validation row: 1 or 0 for a class, or 1 less its squared error over the variance.

    rows : (rows,), or (rows, targets) of several targets.
    judges : the rows; where none are given, as many rows alike.
    perfect : the value of a network without an error, 1; of the difference of two networks, 0.
    """

    size: int
    rows: np.ndarray
    variant: int
    judges: JudgingRows | None = None
    perfect: float = 1.0

    @cached_property
    def _judges(self) -> JudgingRows:
        return JudgingRows.alike(len(self.rows)) if self.judges is None else self.judges

    @property
    def mean(self) -> float:
        """The score on all rows.

        By hand: a mean. Checked by test_curve.test_the_choice_is_the_smallest_within_the_paired_error.
        """
        return float(np.average(self.rows, axis=0, weights=self._judges.weights).mean())

    @property
    def error(self) -> float:
        """The standard error of the score; 0 for one row. R² also varies with the variance of the targets.

        By hand: a statistic of rows. Checked by test_curve.test_the_error_is_that_of_repeated_draws.
        """
        judges, values = self._judges, self.rows.reshape(len(self.rows), -1)
        means = np.average(values, axis=0, weights=judges.weights)
        values = (values + (self.perfect - means) * judges.spread).mean(axis=1)
        return standard_error(values, judges.weights, judges.groups)

    @classmethod
    def joined(cls, parts: Sequence[Judged], size: int, variant: int) -> Judged:
        """The values on the rows of several splits; all rows are different where they are not known."""
        if len(parts) == 1:
            return replace(parts[0], size=size, variant=variant)
        known = [part.judges for part in parts if part.judges is not None]
        judges = JudgingRows.joined(known) if len(known) == len(parts) else None
        return cls(size, np.concatenate([part.rows for part in parts]), variant, judges)


def smallest_within(sizes: Sequence[Judged], errors: float, slack: float) -> tuple[int, int, list[float]]:
    """The best of some sizes, the smallest that is not measurably worse, and the standard errors of the differences.

    Each size is compared with the best one, row by row. It is not measurably worse if the mean of the differences is at
    most `errors` of its standard errors, or at most `slack`.

    By hand: a statistic of validation rows. Checked by test_curve.test_the_choice_is_the_smallest_within_the_paired_error.
    """
    best = max(range(len(sizes)), key=lambda i: (sizes[i].mean, -sizes[i].size))
    differences = [paired_difference(sizes[best], judged) for judged in sizes]
    fitting = [i for i, (mean, error) in enumerate(differences) if mean <= max(errors * error, slack)]
    return best, min(fitting, key=lambda i: sizes[i].size), [error for _, error in differences]


def behind_smaller(sizes: Sequence[Judged]) -> list[bool]:
    """Whether the best of the smaller sizes has a greater score, by more than one standard error of their difference.

    By hand: a statistic of validation rows. Checked by test_curve.test_a_size_is_behind_where_a_smaller_one_is_measurably_better.
    """
    result = []
    for own in sizes:
        best = max((one for one in sizes if one.size <= own.size), key=lambda one: (one.mean, -one.size))
        mean, error = paired_difference(best, own)
        result.append(mean > error)
    return result


def paired_difference(best: Judged, other: Judged) -> tuple[float, float]:
    """The mean of the differences, row by row, and its standard error.

    By hand: a statistic of validation rows. Checked by test_curve.test_the_choice_is_the_smallest_within_the_paired_error.
    """
    difference = Judged(best.size, best.rows - other.rows, best.variant, best.judges, perfect=0.0)
    return difference.mean, difference.error
