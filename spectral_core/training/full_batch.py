"""Training on all samples at once, by L-BFGS or Levenberg-Marquardt: what it refuses, its objective and its history."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spectral_core.backends import choice
from spectral_core.backends.problem import Problem, StepArrays
from spectral_core.backends.threads import blas_threads
from spectral_core.errors import InvalidInputError
from spectral_core.kernels.support.image_layout import ImageLayout
from spectral_core.kernels.tables import PENALTIES
from spectral_core.training.loop import SampleOrder, Stopping, TrainingLoop
from spectral_core.training.objective import Objective, Value
from spectral_core.training.options import LoopOptions, StepOptions
from spectral_core.training.results import Best, Network, TrainingResult, TrainingState
from spectral_core.training.step_arrays import in_float64, step_arrays

UNUSED_STEP_OPTIONS = (
    *("batch_size", "learning_rate", "eigenvalue_learning_rate", "betas", "epsilon", "momentum", "nesterov"),
    *("proximal", "schedule", "warmup", "final_rate", "weight_decay", "clip_norm"),
)
UNUSED_LOOP_OPTIONS = ("shuffle", "drop_last", "checkpoint", "keep_checkpoint")
"""Options that have no meaning without mini-batches and rates, or whose state SciPy does not give away."""
CURVED_LOSSES = ("squared_error", "poisson", "binary_cross_entropy", "cross_entropy")
"""The losses whose second derivative is nowhere 0, as Levenberg-Marquardt needs; that of ``huber`` is 0 beyond 1."""
LARGEST = 4000
"""Trained parameters that Levenberg-Marquardt takes: its matrix then has 128 MB, and a step needs three of them."""

Visit = Callable[[np.ndarray, Value], bool]
"""A function that a minimiser calls after each iteration with the point and its value. False ends the work."""


def train(
    net: Network,
    problem: Problem,
    validation: Problem | None,
    step: StepOptions,
    loop: LoopOptions,
    state: TrainingState | None,
) -> TrainingResult[Network]:
    """Minimise loss + penalty over the trained parameters, all samples in one batch, as `trainer.train` explains.

    The history has a row for each iteration, measured after it. Loss + penalty never rises from row to row. Where the start
    cannot be improved, the history has one row, that of the start. The state of the result has moments of 0.

    Raises
    ------
    InvalidInputError : an option has no meaning here, or Levenberg-Marquardt does not take the loss, penalty or size.
    DivergenceError : the loss of the start, or a validation loss, is not finite.
    """
    if isinstance(net.layout, ImageLayout):
        raise InvalidInputError(
            f"an image network learns by mini-batches, with 'sgd' or 'adam'; got {step.optimizer!r}"
        )
    _refuse_unused(step, loop, state, on_gpu=problem.on_gpu or (validation is not None and validation.on_gpu))
    arrays = step_arrays(net, problem, step)
    objective = _objective(arrays, net.parameters)
    # The loop's record of iterations.
    rows, fresh = len(problem.x), TrainingState.fresh(net.parameters)
    moments = (fresh.first_moment, fresh.second_moment)
    stepper = choice.module_of("cpu").stepper(arrays, net.parameters.copy(), *moments)
    stopping = Stopping(loop.epochs, loop.patience, loop.best_of_last)
    order = SampleOrder(loop.seed, 0, rows, rows, False)
    training = TrainingLoop(net, stepper, validation, stopping, order, step.rate_schedule(loop.epochs))

    def visit(point: np.ndarray, value: Value) -> bool:
        stepper.parameters = objective.parameters(point).astype(net.dtype)
        measured = Best(stepper.parameters.copy(), value.loss, len(training.history) + 1)
        training.record(value.loss, value.penalty, measured)
        training.report(loop.callbacks)
        return training.goes_on()

    # The iterations.
    with blas_threads(loop.threads):
        start = objective.start
        begin = objective.at(start)
        if begin.is_finite and len(start):
            _minimiser(step.optimizer)(objective, start, loop.epochs, visit)
        if not training.history:
            visit(start, begin)
    if training.goes_on():
        training.stopped = "converged"
    return training.result()


def _objective(arrays: StepArrays, parameters: np.ndarray) -> Objective:
    """The objective, in the network's type for L-BFGS, in float64 for Levenberg-Marquardt, which squares the Jacobian.

    Raises
    ------
    InvalidInputError : Levenberg-Marquardt does not take the loss, a penalty or the number of parameters.
    """
    objective = Objective(arrays, parameters)
    if arrays.optimizer != "levenberg_marquardt":
        return objective
    if arrays.problem.loss not in CURVED_LOSSES:
        raise InvalidInputError(
            f"levenberg_marquardt needs a loss of {', '.join(CURVED_LOSSES)}; the loss is {arrays.problem.loss}"
        )
    kinds = {PENALTIES[kind] for kind in arrays.penalised[:, 2]} - {"l2"}
    if kinds:
        raise InvalidInputError(f"levenberg_marquardt needs penalty='l2', a sum of squares; got {min(kinds)!r}")
    if len(objective.start) > LARGEST:
        raise InvalidInputError(
            f"levenberg_marquardt takes at most {LARGEST} trained parameters, since its matrix has the square of their "
            f"number; the network has {len(objective.start)}; lbfgs has no such limit"
        )
    return Objective(in_float64(arrays), parameters.astype(np.float64))


def _minimiser(optimizer: str) -> Callable[[Objective, np.ndarray, int, Visit], None]:
    """The function that moves the point; it imports SciPy."""
    from spectral_core.training import lbfgs, levenberg_marquardt

    return lbfgs.minimise if optimizer == "lbfgs" else levenberg_marquardt.minimise


def _refuse_unused(step: StepOptions, loop: LoopOptions, state: TrainingState | None, on_gpu: bool) -> None:
    """Raise `InvalidInputError` for the first option that has no meaning with the optimizer."""
    given = {name: (getattr(step, name), getattr(StepOptions, name)) for name in UNUSED_STEP_OPTIONS}
    given |= {name: (getattr(loop, name), getattr(LoopOptions, name)) for name in UNUSED_LOOP_OPTIONS}
    given["state"] = state, None
    for name, (value, default) in given.items():
        if value is not default and value != default:
            raise InvalidInputError(
                f"optimizer={step.optimizer!r} has no use for {name}: it takes all samples at once, chooses its steps "
                f"itself and cannot be continued; leave {name} out (got {value!r})"
            )
    if loop.backend == "cuda" or on_gpu:
        raise InvalidInputError(
            f"optimizer={step.optimizer!r} runs on the CPU; use backend='cpu' or 'auto', and arrays of this process"
        )
    choice.resolve(loop.backend, 0)
