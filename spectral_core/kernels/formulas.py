"""Formulas of a step for the host, printed from the proven programs in `derivations`. Do not edit.

made by       python -m derivations
certificates  sha256 f9dcf0ea5ffd7d47

Scalars may be numbers or NumPy arrays.
"""

from typing import Any

import numpy as np


def sample_scale(total: Any) -> Any:
    """1 / the sum of weights.

    Theorem: O.batch
    """
    return 1 / total


def output_scale(total: Any, outputs: Any) -> Any:
    """1 / (the sum of weights times outputs).

    Theorem: O.batch
    """
    return 1 / (total * outputs)


def mean_of(loss_sum: Any, total: Any) -> Any:
    """A sum / what it counts.

    Theorem: O.epoch
    """
    return loss_sum / total


def chunk_share(part: Any, total: Any) -> Any:
    """The share of a chunk in all weight.

    Theorem: O.epoch
    """
    return part / total


def of_share(value: Any, share: Any) -> Any:
    """A chunk's value times its share.

    Theorem: O.epoch
    """
    return value * share


def bias_correction(beta: Any, step: Any) -> Any:
    """1 - beta^step.

    Theorem: O.correction
    """
    return 1 - beta ** step


def threshold_of(rate: Any, strength: Any) -> Any:
    """Rate strength.

    Theorem: P.threshold
    """
    return rate * strength


def warm_up(step: Any, steps: Any) -> Any:
    """(step + 1) / steps.

    Theorem: S.rise
    """
    return (1 + step) / steps


def cosine_rise(step: Any, steps: Any, start: Any) -> Any:
    """Start + (1 - start) (1 - cos(pi step/steps))/2.

    Theorem: S.rise
    """
    return 0.5 * (1 - np.cos(np.pi * step / steps)) * (1 - start) + start


def cosine_fall(share: Any, final: Any) -> Any:
    """Final + (1 - final) (1 + cos(pi share))/2.

    Theorem: S.cosine
    """
    return 0.5 * (1 + np.cos(np.pi * share)) * (1 - final) + final


def tower_share(share: Any, loss: Any) -> Any:
    """Share loss, what a tower but the last adds to the loss, and to its bar.

    Theorem: I12
    """
    return share * loss
