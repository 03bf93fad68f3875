"""The CPU backend: it chooses the compiled kernel by parametrization and names, and calls it.

Importing this module is cheap; the first call that needs a kernel imports Numba.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.backends.cpu_images import ImageStepper
from spectral_core.backends.problem import Problem, StepArrays, Stepper
from spectral_core.kernels import formulas, tables
from spectral_core.kernels.support.activations import Activation, codes
from spectral_core.kernels.support.image_layout import ImageLayout
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


def predict(layout: Layout, activation: Activation, parameters: np.ndarray, x: np.ndarray) -> np.ndarray:
    """z_K (samples, outputs) of the rows of x, in chunks."""
    from spectral_core.kernels.cpu import dense

    kernel = getattr(dense, f"predict_{layout.parametrization}")
    result = np.empty((x.shape[0], layout.widths[-1]), parameters.dtype)
    order = np.arange(x.shape[0])
    chunk = min(CHUNK, x.shape[0])
    kernel(x, order, chunk, layout.table, codes(activation, len(layout.widths)), parameters, result)
    return result


def activate(activation: str, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """f(z) and f'(z) of a matrix."""
    from spectral_core.kernels.cpu import dense

    slope, value = z.copy(), np.empty_like(z)
    dense.activate(tables.ACTIVATIONS.index(activation), slope, value)
    return value, slope


def loss_and_gradient(
    layout: Layout, activation: Activation, parameters: np.ndarray, problem: Problem
) -> tuple[float, np.ndarray]:
    """Loss over all samples as one batch, and its gradient as a flat vector."""
    from spectral_core.kernels.cpu import dense

    kernel = getattr(dense, f"gradient_{layout.parametrization}")
    gradient = np.zeros_like(parameters)
    kind, f = tables.LOSSES.index(problem.loss), codes(activation, len(layout.widths))
    order = np.arange(problem.x.shape[0])
    data = (problem.x, problem.y, problem.labels, problem.weights, order)
    return float(kernel(*data, layout.table, f, kind, parameters, gradient)), gradient


def loss(layout: Layout, activation: Activation, parameters: np.ndarray, problem: Problem) -> float:
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


def kernel_activation(layout: Layout, activation: Activation) -> Any:
    """What the compiled epoch takes: the number of f for each layer; for one hidden layer with kernels of its own, its number."""
    numbers = codes(activation, len(layout.widths))
    return int(numbers[1]) if has_one_hidden_kernel(layout) else numbers


def run_epoch(
    arrays: StepArrays,
    order: np.ndarray,
    factors: np.ndarray,
    parameters: np.ndarray,
    gradient: np.ndarray,
    moments: tuple[np.ndarray, np.ndarray],
    step: int,
) -> tuple[float, float, int]:
    """One pass over the rows in the given order: mean loss, mean penalty and the number of steps.

    Parameters and moments change in place; `gradient` becomes that of the last mini-batch.
    """
    problem = arrays.problem
    kernel = fastest_epoch(arrays.layout)
    data = (problem.x, problem.y, problem.labels, problem.weights, order, arrays.batch_size)
    f, loss_kind = kernel_activation(arrays.layout, arrays.activation), tables.LOSSES.index(problem.loss)
    penalties = (arrays.penalised, arrays.strengths, arrays.shrunk, arrays.thresholds)
    optimizer = (tables.OPTIMIZERS.index(arrays.optimizer), arrays.trainable, arrays.rates, arrays.decays, factors)
    state = (parameters, gradient, *moments, step)
    mean_loss, penalty, done = kernel(
        *data, arrays.layout.table, f, loss_kind, *penalties, *optimizer, *state, arrays.settings
    )
    return float(mean_loss), float(penalty), done


def objective(arrays: StepArrays, parameters: np.ndarray) -> tuple[float, float, np.ndarray]:
    """Loss over all samples, penalty, and the gradient of their sum as a flat vector in float64.

    The kernel of an epoch, with no group to move, leaves the gradient of its mini-batch; each counts by its weight. It ends
    at a loss that is not finite.

    By hand: a weighted mean over chunks. Checked by test_full_batch.test_the_objective_is_that_of_the_papers.
    """
    real, weights = parameters.dtype, arrays.problem.weights
    none, optimizer = np.empty(0, real), tables.OPTIMIZERS[0]
    still = replace(
        arrays, batch_size=CHUNK, optimizer=optimizer, trainable=np.empty((0, 2), np.int64), rates=none, decays=none
    )
    loss, penalty, total, whole = 0.0, 0.0, float(weights.sum(dtype=np.float64)), np.zeros(len(parameters))
    gradient, factors, moments = np.zeros_like(parameters), np.ones(1, real), (none, none)
    for start in range(0, len(weights), CHUNK):
        order = np.arange(start, min(start + CHUNK, len(weights)))
        share = formulas.chunk_share(float(weights[order].sum(dtype=np.float64)), total)
        if not share:
            continue
        value, penalty, _ = run_epoch(still, order, factors, parameters, gradient, moments, 0)
        loss += formulas.of_share(value, share)
        if not np.isfinite(value):
            break
        whole += formulas.of_share(gradient, share)
    return loss, penalty, whole


def penalty_curvature(arrays: StepArrays) -> np.ndarray:
    """The second derivative of l2 penalties by each parameter (n,): their gradient is linear, so it is that at 1."""
    from spectral_core.kernels.cpu import dense

    ones = np.ones(arrays.layout.size, arrays.strengths.dtype)
    curvature = np.zeros_like(ones)
    dense.add_penalty(arrays.penalised, arrays.strengths, ones, curvature)
    return curvature


def gauss_newton(arrays: StepArrays, parameters: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Σ_m J_mᵀ J_m (n, n) over samples and columns of the factor of ∂²ℓ/∂z² (M20), for the chosen parameters (n,).

    By hand: sums of the kernels' rows. Checked by test_full_batch.test_the_gauss_newton_matrix_is_that_of_differences.
    """
    from spectral_core.kernels.cpu import dense, sparse

    layout, problem, real = arrays.layout, arrays.problem, parameters.dtype
    kernel, f = getattr(dense, f"jacobian_{layout.parametrization}"), codes(arrays.activation, len(layout.widths))
    outputs, kind, total = layout.widths[-1], tables.LOSSES.index(problem.loss), problem.weights.sum()
    matrix = np.zeros((len(chosen), len(chosen)))
    for start in range(0, len(problem.x), CHUNK):
        order = np.arange(start, min(start + CHUNK, len(problem.x)))
        z = predict(layout, arrays.activation, parameters, problem.x[order]).T.copy()
        room, bars = np.empty((len(order), outputs), real), np.empty((outputs, len(order)), real)
        rows = np.empty((len(order), len(parameters)), real)
        for column in range(outputs):
            sparse.factor_column(kind, problem.y, problem.weights, start, column, total, z, outputs, room, bars)
            kernel(problem.x, room, order, layout.table, f, parameters, rows)
            part = rows[:, chosen]
            matrix += part.T @ part
    return matrix


class CpuStepper(Stepper):
    """Runs epochs on the CPU; parameters and moments change in place."""

    def evaluate(self, problem: Problem) -> float:
        """The loss of the current parameters on other data."""
        return loss(self.arrays.layout, self.arrays.activation, self.parameters, problem)

    def epoch(self, order: np.ndarray, factors: np.ndarray) -> tuple[float, float]:
        """One pass over the rows in the given order: mean loss and mean penalty."""
        state = (self.parameters, np.empty_like(self.parameters), (self.first_moment, self.second_moment), self.step)
        mean_loss, penalty, self.step = run_epoch(self.arrays, order, factors, *state)
        return mean_loss, penalty


def stepper(
    arrays: StepArrays, parameters: np.ndarray, first_moment: np.ndarray, second_moment: np.ndarray, step: int = 0
) -> Stepper:
    """The stepper of a network of layers or of an image network, that starts from the given state."""
    kind = ImageStepper if isinstance(arrays.layout, ImageLayout) else CpuStepper
    return kind(arrays, parameters, first_moment, second_moment, step)


def corrections(settings: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """1 - β1^t and 1 - β2^t for the given steps (steps, 2), in the type of the settings, as the kernels compute them."""
    betas = np.array([float(settings[tables.SETTINGS.index(name)]) for name in ("beta1", "beta2")])
    return formulas.bias_correction(betas, np.asarray(steps, np.float64)[:, None]).astype(settings.dtype)
