"""The outputs' part of a refit: how much each output counts, and outputs fitted to the targets themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from scipy.special import expit, softmax

from spectral_core.backends import cpu
from spectral_core.backends.problem import Problem

FLOOR = 3e-3
"""Added to p (1 - p), so that samples whose class is certain count a little too."""
STEPS, HALVINGS, ENOUGH = 40, 12, 1e-5
"""At most so many steps of `fit_outputs`, halvings of one; steps end when the loss falls by less than this share of it."""
PROMISED = 0.25
"""A step is taken if the loss falls by this share of what its slope promises; a smaller step would gain more otherwise."""

Chunks = Callable[[], Iterator[tuple[slice, np.ndarray]]]
"""Gives the values (samples, senders) of the senders of the output, chunk by chunk with its rows; may be called again."""


def curvatures(z: np.ndarray, loss: str) -> np.ndarray:
    """∂²ℓ/∂z² of each output z (samples, outputs) where the prediction is right: the weight of its error.

    1 for ``squared_error`` and ``huber``, exp z for ``poisson``, p (1 - p) + `FLOOR` for the cross entropies.

    By hand: second derivatives of five losses, once per refit. Checked by test_output_losses.test_the_weight_of_an_error_is_the_second_derivative.
    """
    if loss == "poisson":
        return np.exp(z)
    if loss in ("squared_error", "huber"):
        return np.ones_like(z)
    p = expit(z) if loss == "binary_cross_entropy" else softmax(z, axis=1)
    return p * (1 - p) + FLOOR


def fit_outputs(weights: np.ndarray, senders: Chunks, problem: Problem, ridge: float) -> np.ndarray:
    """The weights (outputs, senders) into the output that fit the targets best, all else fixed.

    Newton's steps with the part of the curvature that belongs to one output at a time, in closed form for each output:

        (Σ_s w_sc x_s x_sᵀ + R) d_c = Σ_s ∂ℓ_s/∂z_c x_s,      R = ridge · the diagonal

    A step is halved until the loss falls by enough. For squared errors the first step is the least squares solution.

    Parameters
    ----------
    weights : the present ones; they are left as they are.
    problem : targets and loss in float64; its x is not read.

    By hand: SciPy's solver; losses and their gradients come from the kernels. Checked by test_output_losses.test_outputs_reach_the_least_loss.
    """
    best = weights.copy()
    loss, slope, matrices = _local(best, senders, problem)
    for _ in range(STEPS):
        # The step of each output on its own.
        own = np.einsum("cqq->cq", matrices)
        level = own.mean(axis=1, keepdims=True)
        matrices[:, np.arange(own.shape[1]), np.arange(own.shape[1])] += np.where(
            own > 0, ridge * own, level + (level == 0)
        )
        step = np.linalg.solve(matrices, slope[..., None])[..., 0]
        # As much of it as lowers the loss.
        before, size, promise = loss, 1.0, float((slope * step).sum())
        for _ in range(HALVINGS):
            loss = _loss(best - size * step, senders, problem)
            if before - loss > PROMISED * size * promise:
                break
            size /= 2
        else:
            return best
        best = best - size * step
        if before - loss <= ENOUGH * abs(before):
            return best
        loss, slope, matrices = _local(best, senders, problem)
    return best


def _loss(weights: np.ndarray, senders: Chunks, problem: Problem) -> float:
    """By hand: one product; the loss comes from the kernels. Checked by test_output_losses.test_outputs_reach_the_least_loss."""
    output = np.empty((len(problem.weights), len(weights)))
    for rows, values in senders():
        output[rows] = values @ weights.T
    return cpu.output_loss(output, problem)


def _local(weights: np.ndarray, senders: Chunks, problem: Problem) -> tuple[float, np.ndarray, np.ndarray]:
    """Loss, its gradient (outputs, senders), and for each output the curvature (senders, senders).

    By hand: sums of products; the loss's gradient comes from the kernels. Checked by test_output_losses.test_outputs_reach_the_least_loss.
    """
    count, (outputs, size) = len(problem.weights), weights.shape
    slopes, wide = np.empty((count, outputs)), np.empty((count, outputs))
    for rows, values in senders():
        slopes[rows] = values @ weights.T
    share = problem.weights[:, None] / problem.weights.sum() / (1 if problem.loss == "cross_entropy" else outputs)
    factor = 2 if problem.loss == "squared_error" else 1
    wide[:] = factor * share * curvatures(slopes, problem.loss)
    loss = cpu.output_loss(slopes, problem)  # `slopes` now holds the gradient
    gradient, matrices = np.zeros((outputs, size)), np.zeros((outputs, size, size))
    for rows, values in senders():
        gradient += slopes[rows].T @ values
        for c, root in enumerate(np.sqrt(wide[rows].T)):
            scaled = values * root[:, None]
            matrices[c] += scaled.T @ scaled  # a product with itself takes half the time
    return loss, gradient, matrices
