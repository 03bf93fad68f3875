"""The score that a number of neurons is chosen by."""

from __future__ import annotations

from dataclasses import dataclass

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

    floor : η in units of the targets' variance; `hard` uses max(L/C, η) in place of L/C + η, so that a loss below η is as
        good as any.
    """

    samples: Samples
    floor: float = FLOOR
    hard: bool = False

    def score(self, net: SparseNetwork, loss: float) -> float:
        """The score of a fitted network; p counts its weights, less one for each neuron whose scale is free (M16).

        By hand: a criterion of a choice. Checked by test_neurons.test_the_score_is_bic_with_a_floor.
        """
        n = len(self.samples)
        live = np.bincount(net.layers[net.live], minlength=len(net.widths) + 1)
        hidden = range(2, len(net.widths))
        scales = sum(int(live[i]) for i in hidden if of_layer(net.activation, i) in POSITIVELY_HOMOGENEOUS)
        free = len(net.weights) - scales
        if self.samples.loss == "squared_error":
            level = max(loss, self.floor) if self.hard else loss + self.floor
            return n * net.n_outputs * float(np.log(level)) + free * float(np.log(n))
        return 2 * n * loss + free * float(np.log(n))

    @property
    def enough(self) -> float:
        """A loss that no further neuron can improve on measurably."""
        return self.floor / 100 if self.samples.loss == "squared_error" else 0.0
