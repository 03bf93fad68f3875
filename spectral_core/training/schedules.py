"""Learning-rate schedules: the factor of every learning rate in each mini-batch of one call of `train`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spectral_core.kernels import formulas

SCHEDULES = ("constant", "cosine", "one_cycle", "plateau")
ONE_CYCLE_START = 1 / 25
"""The factor of the first step of ``one_cycle``."""
ONE_CYCLE_WARMUP = 0.3
"""The share of steps in which ``one_cycle`` rises, if `warmup` is None."""
PLATEAU_EPOCHS = 10
"""``plateau`` halves the rates after this many epochs without a smaller loss."""


@dataclass(frozen=True)
class RateSchedule:
    """The schedule of one training.

    Parameters
    ----------
    name : of `SCHEDULES`.
    warmup : the share of steps in which the factor rises, in [0, 1]. Every mini-batch counts as a step, also one without weight.
    final_rate : the factor at the end of ``cosine`` and ``one_cycle``, the least factor of ``plateau``, in [0, 1].
    steps : the number of steps of the whole training, at least 1.
    """

    name: str
    warmup: float
    final_rate: float
    steps: int

    def factors(self, begin: int, end: int, losses: Sequence[float] = ()) -> np.ndarray:
        """The factors of the steps begin, ..., end - 1, counted from 0: a float64 array (end - begin,).

        With T steps, of which the first W rise, step t has the factor

            (t + 1)/W                                      for t < W,
            S + (1 - S) (1 - cos πt/W)/2, S = 1/25         for t < W of ``one_cycle``,
            F + (1 - F) (1 + cos π(t - W)/(T - W))/2       for t >= W of ``cosine`` and ``one_cycle``, F = `final_rate`,
            1                                              for t >= W of ``constant``.

        The factor of ``plateau`` is that of ``constant`` times max(F, 2^-k), for k halvings after the `losses`.

        By hand: the choice between printed formulas, and halvings. Checked by test_schedules.test_factors_are_those_of_the_theorems.
        """
        step, rising = np.arange(begin, end, dtype=np.float64), round(self.warmup * self.steps)
        # The rise.
        if self.name == "one_cycle":
            rise = formulas.cosine_rise(step, max(rising, 1), ONE_CYCLE_START)
        else:
            rise = formulas.warm_up(step, max(rising, 1))
        # What follows.
        after = np.ones(len(step))
        if self.name in ("cosine", "one_cycle"):
            share = (step - rising) / max(self.steps - rising, 1)
            after = formulas.cosine_fall(share, self.final_rate)
        factors = np.where(step < rising, rise, after)
        return factors * max(self.final_rate, 0.5 ** halvings(losses)) if self.name == "plateau" else factors


def of_steps(factors: np.ndarray, weights: np.ndarray, batch_size: int) -> np.ndarray:
    """The factors of the steps that are taken (steps,), of those of all mini-batches of an epoch.

    A mini-batch whose `weights` (samples,), in the order of the epoch, are all 0 takes no step, and kernels count steps.
    """
    if weights.all():
        return factors
    return factors[np.logical_or.reduceat(weights != 0, np.arange(0, len(weights), batch_size))]


def halvings(losses: Sequence[float]) -> int:
    """How often ``plateau`` halves the rates after epochs with these losses.

    It does so after `PLATEAU_EPOCHS` epochs without a loss below the least before, and starts to count anew.
    """
    least, waited, count = np.inf, 0, 0
    for loss in losses:
        waited = 0 if loss < least else waited + 1
        least = min(least, loss)
        if waited == PLATEAU_EPOCHS:
            waited, count = 0, count + 1
    return count
