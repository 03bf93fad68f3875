"""The CPU backend: it chooses the compiled kernel by parametrization and names, and calls it.

Importing this module is cheap; the first call that needs a kernel imports Numba.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.backends.problem import Problem, StepArrays
from spectral_core.kernels import tables
from spectral_core.kernels.support.layout import Layout

ON_GPU = False
CHUNK = 1024
"""Samples propagated at a time when only outputs are needed."""


def features(X: Any, dtype: Any, columns: int) -> np.ndarray:
    """X (samples, features), checked."""
    return checks.features(X, dtype, columns)


def to_host(values: Any) -> Any:
    """The values as they are: they are in this process already."""
    return values


def predict(layout: Layout, activation: str, parameters: np.ndarray, x: np.ndarray) -> np.ndarray:
    """z_K (samples, outputs) of the rows of x, in chunks."""
    from spectral_core.kernels.cpu import dense

    kernel = getattr(dense, f"predict_{layout.parametrization}")
    result = np.empty((x.shape[0], layout.widths[-1]), parameters.dtype)
    order = np.arange(x.shape[0])
    chunk = min(CHUNK, x.shape[0])
    kernel(x, order, chunk, layout.table, tables.ACTIVATIONS.index(activation), parameters, result)
    return result


def activate(activation: str, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """f(z) and f'(z) of a matrix."""
    from spectral_core.kernels.cpu import dense

    slope, value = z.copy(), np.empty_like(z)
    dense.activate(tables.ACTIVATIONS.index(activation), slope, value)
    return value, slope


def loss_and_gradient(
    layout: Layout, activation: str, parameters: np.ndarray, problem: Problem
) -> tuple[float, np.ndarray]:
    """Loss over all samples as one batch, and its gradient as a flat vector."""
    from spectral_core.kernels.cpu import dense

    kernel = getattr(dense, f"gradient_{layout.parametrization}")
    gradient = np.zeros_like(parameters)
    kind, f = tables.LOSSES.index(problem.loss), tables.ACTIVATIONS.index(activation)
    order = np.arange(problem.x.shape[0])
    data = (problem.x, problem.y, problem.labels, problem.weights, order)
    return float(kernel(*data, layout.table, f, kind, parameters, gradient)), gradient


def loss(layout: Layout, activation: str, parameters: np.ndarray, problem: Problem) -> float:
    """The loss over all samples, propagated in chunks."""
    return output_loss(predict(layout, activation, parameters, problem.x), problem)


def output_loss(output: np.ndarray, problem: Problem) -> float:
    """The loss of given outputs z_K; the array is overwritten with ∂ℓ/∂z_K."""
    from spectral_core.kernels.cpu import dense

    kind = tables.LOSSES.index(problem.loss)
    order = np.arange(output.shape[0])
    unsmoothed = output.dtype.type(0)
    value, _ = dense.output_loss(problem.y, problem.labels, problem.weights, order, kind, unsmoothed, output)
    return float(value)


def has_one_hidden_kernel(layout: Layout) -> bool:
    """Whether there are kernels for exactly this shape: one hidden layer, few inputs and outputs."""
    sizes = (layout.widths[0], layout.widths[-1])
    return layout.parametrization == "global" and len(layout.widths) == 3 and sizes in tables.ONE_HIDDEN_SIZES


def fastest_epoch(layout: Layout) -> Callable[..., tuple[float, float, int]]:
    """The compiled epoch: neuron by neuron for one hidden layer with few inputs and outputs, else by matrix products."""
    if has_one_hidden_kernel(layout):
        from spectral_core.kernels.cpu import one_hidden

        return getattr(one_hidden, f"epoch_{layout.widths[0]}_{layout.widths[-1]}")
    from spectral_core.kernels.cpu import dense

    return getattr(dense, f"epoch_{layout.parametrization}")


class CpuStepper:
    """Runs epochs on the CPU; parameters and moments change in place."""

    def __init__(
        self,
        arrays: StepArrays,
        parameters: np.ndarray,
        first_moment: np.ndarray,
        second_moment: np.ndarray,
        step: int = 0,
    ) -> None:
        self.arrays, self.parameters, self.step = arrays, parameters, step
        self.first_moment, self.second_moment = first_moment, second_moment

    def fetch_moments(self) -> None:
        """The moments are always up to date."""

    def evaluate(self, problem: Problem) -> float:
        """The loss of the current parameters on other data."""
        return loss(self.arrays.layout, self.arrays.activation, self.parameters, problem)

    def epoch(self, order: np.ndarray, factors: np.ndarray) -> tuple[float, float]:
        """One pass over the rows in the given order: mean loss and mean penalty."""
        arrays, problem = self.arrays, self.arrays.problem
        kernel = fastest_epoch(arrays.layout)
        data = (problem.x, problem.y, problem.labels, problem.weights, order, arrays.batch_size)
        f, loss_kind = tables.ACTIVATIONS.index(arrays.activation), tables.LOSSES.index(problem.loss)
        penalties = (arrays.penalised, arrays.strengths, arrays.shrunk, arrays.thresholds)
        optimizer = (tables.OPTIMIZERS.index(arrays.optimizer), arrays.trainable, arrays.rates, arrays.decays, factors)
        gradient = np.empty_like(self.parameters)
        state = (self.parameters, gradient, self.first_moment, self.second_moment, self.step)
        mean_loss, penalty, self.step = kernel(
            *data, arrays.layout.table, f, loss_kind, *penalties, *optimizer, *state, arrays.settings
        )
        return float(mean_loss), float(penalty)


stepper = CpuStepper
"""The name that all backends share."""


def corrections(settings: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """1 - β1^t and 1 - β2^t for the given steps (steps, 2), in the type of the settings, as the kernels compute them.

    By hand: the kernels' own corrections, for the steps of an epoch on a GPU. Checked by test_cuda.test_trainings_on_the_device_are_those_of_the_processor.
    """
    betas = np.array([float(settings[tables.SETTINGS.index(name)]) for name in ("beta1", "beta2")])
    return (1.0 - betas ** np.asarray(steps, np.float64)[:, None]).astype(settings.dtype)
