"""The scale of a loss on given targets: its least value, and the constant predictor's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spectral_core.backends import cpu
from spectral_core.backends.problem import Problem
from spectral_core.resizing.trimming import NOISE, Tolerance

LEAST_LOG = -69.0
"""Stands for log 0: about log 1e-30, small enough that exp of it does not count."""


def tolerance_on(problem: Problem, relative: float) -> Tolerance:
    """A share of the loss above its least value and a thousandth of the constant predictor's loss above it.

    By hand: a share of a loss. Checked by test_loss_scale.test_a_larger_tolerance_allows_a_larger_loss.
    """
    least, constant = loss_scale(problem)
    return Tolerance(relative, NOISE * max(constant - least, 0.0), least)


def loss_scale(problem: Problem) -> tuple[float, float]:
    """The least loss that any outputs have on the targets, and the loss of one constant output, that of the mean target.

    The least loss is 0 for ``squared_error``, ``huber`` and ``cross_entropy``, the mean of y - y log y for ``poisson`` and of
    the entropy of y for ``binary_cross_entropy``.

    By hand: the outputs of given means; the losses come from the kernels. Checked by test_loss_scale.test_the_least_loss_and_that_of_a_constant.
    """
    exact = replace(problem, y=problem.y.astype(np.float64), weights=problem.weights.astype(np.float64))
    if problem.loss == "cross_entropy":
        means = np.zeros((len(problem.labels), problem.y.shape[1]))
        means[np.arange(len(means)), problem.labels] = 1
    else:
        means = exact.y
    constant = np.average(means, axis=0, weights=exact.weights)
    least, flat = (
        cpu.output_loss(_outputs(values, problem.loss), exact)
        for values in (means, np.broadcast_to(constant, means.shape).copy())
    )
    return least, flat


def _outputs(means: np.ndarray, loss: str) -> np.ndarray:
    """z_K of the predicted means: themselves, log y, log y - log (1 - y).

    By hand: the inverse link functions of five losses. Checked by test_loss_scale.test_the_least_loss_and_that_of_a_constant.
    """
    if loss in ("squared_error", "huber"):
        return means.copy()
    logarithm = _log(means)
    return logarithm - _log(1 - means) if loss == "binary_cross_entropy" else logarithm


def _log(values: np.ndarray) -> np.ndarray:
    """log v, and `LEAST_LOG` for v = 0.

    By hand: a guard around NumPy's logarithm. Checked by test_loss_scale.test_the_least_loss_and_that_of_a_constant.
    """
    return np.log(values, where=values > 0, out=np.full(values.shape, LEAST_LOG))
