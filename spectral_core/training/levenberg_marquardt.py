"""Levenberg-Marquardt on the trained parameters of a network (M20)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from spectral_core.training.objective import Objective, Value

FIRST_DAMPING, LEAST_DAMPING, LARGEST_DAMPING = 1e-3, 1e-9, 1e100
"""The damping μ at the start, and its bounds. Where a loss is flat, as exp is on the left, μ must be very large."""


def minimise(
    objective: Objective, start: np.ndarray, iterations: int, visit: Callable[[np.ndarray, Value], bool]
) -> None:
    """At most so many steps from the start; `visit` sees each, and ends them with False.

    (H + μ diag H + ε I) δ = -g. A step counts only where loss + penalty falls: then μ becomes μ/5. Else it becomes 4 μ, then
    8 times as large, then 16 times, and so on. They end where no step is left that changes the point.
    """
    point, damping = start, FIRST_DAMPING
    for _ in range(iterations):
        found = _step(objective, point, damping)
        if found is None:
            return
        point, damping = found
        if not visit(point, objective.at(point)):
            return


def damped_step(matrix: np.ndarray, gradient: np.ndarray, damping: np.ndarray) -> np.ndarray:
    """δ (n,) with (H + diag(damping) + ε I) δ = g, where ε is 1e-10 of the mean of diag H, and 1e-12 of its own entry.

    Raises
    ------
    LinAlgError : the matrix is not positive definite in its rounding.

    By hand: linear algebra on the kernels' derivatives. Checked by test_full_batch.test_a_linear_network_reaches_least_squares.
    """
    damped, diagonal = matrix.copy(), matrix.diagonal()
    damped[np.diag_indices(len(damped))] += damping + 1e-10 * diagonal.mean() + 1e-12 * diagonal
    return np.asarray(cho_solve(cho_factor(damped), gradient))


def _step(objective: Objective, point: np.ndarray, damping: float) -> tuple[np.ndarray, float] | None:
    """The next point and damping; None where no damping gives a lower value.

    By hand: a damped diagonal, once an iteration. Checked by test_full_batch.test_the_gauss_newton_matrix_is_that_of_differences.
    """
    before, matrix = objective.at(point), objective.curvature(point)
    if not np.isfinite(matrix).all():
        return None
    diagonal, growth = matrix.diagonal(), 4.0
    while damping < LARGEST_DAMPING:
        with suppress(LinAlgError):
            moved = point - damped_step(matrix, before.gradient, damping * diagonal)
            if np.array_equal(moved, point):
                return None
            after = objective.at(moved)
            if after.is_finite and after.total < before.total:
                return moved, max(damping / 5, LEAST_DAMPING)
        damping, growth = max(damping, LEAST_DAMPING) * growth, 2 * growth
    return None
