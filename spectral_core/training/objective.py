"""Loss + penalty over all samples, as a function of the parameters that are trained."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spectral_core.backends import cpu
from spectral_core.backends.problem import StepArrays


@dataclass(frozen=True, eq=False)
class Value:
    """Loss and penalty at a point, and the gradient of their sum by the trained parameters, in float64."""

    loss: float
    penalty: float
    gradient: np.ndarray

    @property
    def total(self) -> float:
        """What is minimised."""
        return self.loss + self.penalty

    @property
    def is_finite(self) -> bool:
        return bool(np.isfinite(self.total) and np.isfinite(self.gradient).all())


class Objective:
    """Loss + penalty of a problem. A point (n,) has the trained parameters in float64; the others keep their values.

    start : the point of the given parameters.
    """

    def __init__(self, arrays: StepArrays, parameters: np.ndarray) -> None:
        self.arrays, self.given = arrays, parameters
        runs = [np.arange(start, stop) for start, stop in arrays.trainable]
        self.trained = np.concatenate([np.empty(0, np.int64), *runs])
        self.start = parameters[self.trained].astype(np.float64)
        self._last: tuple[np.ndarray, Value] | None = None

    def parameters(self, point: np.ndarray) -> np.ndarray:
        """All parameters of the network, in their type."""
        flat = self.given.copy()
        with np.errstate(over="ignore"):  # a point too large for the type has no finite loss
            flat[self.trained] = point
        return flat

    def at(self, point: np.ndarray) -> Value:
        """The value at a point; that of the last point is kept."""
        if self._last is None or not np.array_equal(self._last[0], point):
            loss, penalty, gradient = cpu.objective(self.arrays, self.parameters(point))
            self._last = point.copy(), Value(loss, penalty, gradient[self.trained])
        return self._last[1]

    def curvature(self, point: np.ndarray) -> np.ndarray:
        """The Gauss-Newton matrix of the loss (M20) plus the second derivative of the l2 penalties (n, n)."""
        matrix = cpu.gauss_newton(self.arrays, self.parameters(point), self.trained)
        matrix[np.diag_indices(len(matrix))] += cpu.penalty_curvature(self.arrays)[self.trained]
        return matrix
