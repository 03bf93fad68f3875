"""The dispatcher: parametrization and names in, compiled kernel out.

Importing this module is cheap; Numba is imported with the first call that needs a kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from spectral_core.kernels import tables
from spectral_core.kernels.support.layout import Layout

CHUNK = 1024
"""Samples propagated at a time where only outputs are wanted."""


@dataclass(frozen=True)
class Problem:
    """Data and loss as the kernels take them: real targets or class labels, whichever the loss wants."""

    x: np.ndarray
    y: np.ndarray
    labels: np.ndarray
    weights: np.ndarray
    loss: str


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
    loss, f = tables.LOSSES.index(problem.loss), tables.ACTIVATIONS.index(activation)
    order = np.arange(problem.x.shape[0])
    data = (problem.x, problem.y, problem.labels, problem.weights, order)
    return float(kernel(*data, layout.table, f, loss, parameters, gradient)), gradient


def output_loss(output: np.ndarray, problem: Problem) -> float:
    """The loss of given outputs z_K; the array is overwritten with ∂ℓ/∂z_K."""
    from spectral_core.kernels.cpu import dense

    loss = tables.LOSSES.index(problem.loss)
    order = np.arange(output.shape[0])
    value, _ = dense.output_loss(problem.y, problem.labels, problem.weights, order, loss, output)
    return float(value)


def fastest_epoch(layout: Layout) -> Callable[..., tuple[float, float, int]]:
    """The compiled epoch: neuron by neuron for one hidden layer with few inputs and outputs, else by matrix products."""
    inputs, outputs = layout.widths[0], layout.widths[-1]
    if layout.parametrization == "global" and len(layout.widths) == 3 and (inputs, outputs) in tables.ONE_HIDDEN_SIZES:
        from spectral_core.kernels.cpu import one_hidden

        return getattr(one_hidden, f"epoch_{inputs}_{outputs}")
    from spectral_core.kernels.cpu import dense

    return getattr(dense, f"epoch_{layout.parametrization}")


@dataclass
class Stepper:
    """The optimizer's state and the one function that runs an epoch on it.

    penalised : (groups, 3), start and stop in the flat parameters and the number of the penalty; `strengths` (groups,).
    shrunk : (groups, 3), likewise, of the penalties taken by proximal steps; `thresholds` (groups,), rate · strength.
    trainable : (groups, 2), start and stop; `rates` (groups,), learning rates.
    settings : the numbers named in `tables.SETTINGS`. All real numbers are in the parameters' type.
    """

    layout: Layout
    activation: str
    problem: Problem
    batch_size: int
    penalised: np.ndarray
    strengths: np.ndarray
    shrunk: np.ndarray
    thresholds: np.ndarray
    optimizer: str
    trainable: np.ndarray
    rates: np.ndarray
    settings: np.ndarray
    parameters: np.ndarray
    first_moment: np.ndarray
    second_moment: np.ndarray
    step: int = 0

    def fetch_moments(self) -> None:
        """Bring `first_moment` and `second_moment` up to date, where an epoch leaves them elsewhere."""

    def evaluate(self, problem: Problem) -> float:
        """The loss of the present parameters on other data."""
        return output_loss(predict(self.layout, self.activation, self.parameters, problem.x), problem)

    def epoch(self, order: np.ndarray) -> tuple[float, float]:
        """One pass over the rows in the given order: mean loss and mean penalty."""
        kernel = fastest_epoch(self.layout)
        data = (self.problem.x, self.problem.y, self.problem.labels, self.problem.weights, order, self.batch_size)
        f, loss_kind = tables.ACTIVATIONS.index(self.activation), tables.LOSSES.index(self.problem.loss)
        loss, penalty, self.step = kernel(
            *data, self.layout.table, f, loss_kind, self.penalised, self.strengths, self.shrunk, self.thresholds,
            tables.OPTIMIZERS.index(self.optimizer), self.trainable, self.rates, self.parameters,
            np.empty_like(self.parameters), self.first_moment, self.second_moment, self.step, self.settings,
        )  # fmt: skip
        return float(loss), float(penalty)


def corrections(settings: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """1 - β1^t and 1 - β2^t for the given steps (steps, 2), in the type of the settings, as the kernels compute them.

    By hand: the kernels' own corrections, for the steps of an epoch on a GPU. Checked by test_cuda.test_trainings_on_the_device_are_those_of_the_processor.
    """
    betas = np.array([float(settings[tables.SETTINGS.index(name)]) for name in ("beta1", "beta2")])
    return (1.0 - betas ** np.asarray(steps, np.float64)[:, None]).astype(settings.dtype)
