"""The score that a number of neurons is chosen by."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from spectral_core.kernels.support.activations import of_layer
from spectral_core.kernels.tables import POSITIVELY_HOMOGENEOUS
from spectral_core.networks.sparse import SparseNetwork
from spectral_core.refitting.samples import Samples

FLOOR = 1e-4
"""Losses are told apart down to this share of the variance of the targets."""


@dataclass(frozen=True)
class Criterion:
    """The score that a number of neurons is chosen by: BIC with a floor, n C log(L/C + η) + p log n, or 2 n L + p log n.

    floor : η as a share of the variance of the samples' targets; `hard` uses max(L/C, η) in place of L/C + η, so that a loss
        below η is as good as any.
    """

    samples: Samples
    floor: float = FLOOR
    hard: bool = False

    def score(self, net: SparseNetwork, loss: float) -> float:
        """The score of a fitted network; p counts its weights, less one for each neuron whose scale is free (M16).

        By hand: a criterion of a choice. Checked by test_neurons.test_the_score_is_bic_with_a_floor.
        """
        n = self.count
        live = np.bincount(net.layers[net.live], minlength=len(net.widths) + 1)
        hidden = range(2, len(net.widths))
        scales = sum(int(live[i]) for i in hidden if of_layer(net.activation, i) in POSITIVELY_HOMOGENEOUS)
        free = len(net.weights) - scales
        if self.samples.loss == "squared_error":
            floor = self.floor * self.variance
            level = max(loss, floor) if self.hard else loss + floor
            return n * net.n_outputs * float(np.log(level)) + free * float(np.log(n))
        return 2 * n * loss + free * float(np.log(n))

    @cached_property
    def count(self) -> float:
        """n: the number of samples, or how many of equal weight tell as much: (Σ w)²/Σ w² (Kish).

        By hand: a statistic of weights. Checked by test_neurons.test_samples_of_little_weight_count_little.
        """
        weights = self.samples.weights.astype(np.float64)
        return float(weights.sum() ** 2 / np.square(weights).sum())

    @property
    def enough(self) -> float:
        """A loss that no further neuron can improve on measurably.

        By hand: a share of a variance. Checked by test_whole_curve.test_a_tolerance_is_a_share_of_the_variance.
        """
        return self.floor / 100 * self.variance if self.samples.loss == "squared_error" else 0.0

    @cached_property
    def variance(self) -> float:
        """Of the targets, weighted, the mean over the outputs; 1 where they do not vary.

        By hand: a statistic of targets. Checked by test_whole_curve.test_a_tolerance_is_a_share_of_the_variance.
        """
        y, weights = self.samples.y.astype(np.float64), self.samples.weights.astype(np.float64)
        mean = np.average(y, axis=0, weights=weights)
        return float(np.average((y - mean) ** 2, axis=0, weights=weights).mean()) or 1.0
