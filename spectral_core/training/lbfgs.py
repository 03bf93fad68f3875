"""L-BFGS by SciPy (Byrd, Lu, Nocedal and Zhu 1995, without bounds)."""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
from scipy.optimize import OptimizeResult, minimize

from spectral_core.training.objective import Objective, Value

PAIRS = 20
"""Pairs of steps and gradient changes that are remembered."""
BARRIER = 1e100
"""The loss that the line search gets where the loss is not finite: so large that the search goes back."""


def minimise(
    objective: Objective, start: np.ndarray, iterations: int, visit: Callable[[np.ndarray, Value], bool]
) -> None:
    """At most so many iterations from the start; `visit` sees each, and ends them with False.

    They also end where the line search finds no lower value: no tolerance is asked for, which would depend on the loss's unit.
    """

    def value_and_gradient(point: np.ndarray) -> tuple[float, np.ndarray]:
        value = objective.at(point)
        return (value.total, value.gradient) if value.is_finite else (BARRIER, np.zeros_like(point))

    def iterated(intermediate_result: OptimizeResult) -> None:  # SciPy knows the argument by its name
        point = intermediate_result.x.copy()
        if not visit(point, objective.at(point)):
            raise StopIteration

    options = {"maxiter": iterations, "maxfun": sys.maxsize, "maxcor": PAIRS, "ftol": 0.0, "gtol": 0.0}
    minimize(value_and_gradient, start, jac=True, method="L-BFGS-B", callback=iterated, options=options)
