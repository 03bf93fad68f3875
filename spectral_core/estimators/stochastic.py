"""Epochs of mini-batches with the stopping rules of scikit-learn's MLP."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import shuffle

from spectral_core.backends import choice, cpu
from spectral_core.backends.problem import StepArrays, Stepper
from spectral_core.backends.threads import blas_threads
from spectral_core.errors import InvalidInputError
from spectral_core.estimators.objective import FitData, Objective, step_options
from spectral_core.estimators.plain import decayed, movable
from spectral_core.kernels.tables import PENALTIES
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.refitting.masked import contiguous_runs
from spectral_core.training.options import StepOptions
from spectral_core.training.schedules import ONE_CYCLE_WARMUP, RateSchedule, of_steps
from spectral_core.training.step_arrays import step_arrays

BATCH = 200
"""The largest batch size of ``auto``."""
LEAST_RATE = 1e-6
"""``adaptive`` and ``plateau`` stop where their learning rate is no larger."""
LOWERED = {"adaptive": 5, "plateau": 2}
"""What divides the learning rate after `n_iter_no_change` epochs without improvement; ``adaptive`` is for ``sgd``, as in MLP."""
ENDING = {"cosine": 0.0, "one_cycle": ONE_CYCLE_WARMUP}
"""Schedules that end with epoch `max_iter`, and the share of the steps in which they rise."""
NOT_FINITE = (
    "Solver produced non-finite parameter weights. The input data may contain large values and need to be preprocessed."
)


@dataclass
class OptimizerState:
    """What a later call of `partial_fit` continues: the learning rate, the moments, the steps that are done."""

    learning_rate: float
    first_moment: np.ndarray
    second_moment: np.ndarray
    step: int = 0


@dataclass(frozen=True, eq=False)
class Validation:
    """Rows that measure epochs, and the score of raw outputs z_K on them."""

    data: FitData
    score: Callable[[np.ndarray], float]


class StochasticFit:
    """One call of `fit` or `partial_fit` with ``adam`` or ``sgd``; it keeps its results in the estimator."""

    def __init__(self, estimator: Any, net: SpectralNetwork, data: FitData, validation: Validation | None) -> None:
        self.estimator, self.net, self.data, self.validation = estimator, net, data, validation
        self.objective: Objective = estimator._objective
        state: OptimizerState = estimator._optimizer
        # Steps.
        rows = len(data)
        self.batch_size = batch_size(estimator.batch_size, rows)
        options = step_options(estimator, self.objective, self.batch_size, data.weight * self.batch_size / rows)
        problem = net.problem(data.x, data.y, self.objective.loss, data.weights)
        arrays = step_arrays(net, problem, options)
        backend = choice.resolve(estimator.backend, choice.multiply_adds(net.widths, self.batch_size))
        if (
            net.parametrization == "direct" and not estimator.skip_connections
        ):  # parts of blocks: kernels of the CPU only
            arrays, backend = _plain_arrays(net, arrays, options), "cpu"
        module = choice.module_of(backend)
        moments = state.first_moment.copy(), state.second_moment.copy()
        self.stepper: Stepper = module.stepper(arrays, net.parameters.copy(), *moments, state.step)
        # Order and rates.
        self.order, self.shuffles = np.arange(rows), bool(estimator.shuffle)
        self.batches = -(-rows // self.batch_size)
        name = estimator.learning_rate if estimator.learning_rate in ENDING else "constant"
        self.schedule = RateSchedule(name, ENDING.get(name, 0.0), 0.0, estimator.max_iter * self.batches)
        self.measured = None
        if validation is not None:
            held = validation.data
            self.measured = net.problem(held.x, held.y, self.objective.loss, held.weights)

    def run(self, epochs: int, incremental: bool) -> SpectralNetwork:
        """Run the epochs; the network afterwards, the best one with `early_stopping`."""
        one = self.estimator
        one.n_iter_ = 0
        try:
            with blas_threads(1):
                while one.n_iter_ < epochs:
                    if not self._epoch() or self._stops(incremental):
                        break
                    if one.n_iter_ == epochs and not incremental:
                        message = f"Stochastic Optimizer: Maximum iterations ({epochs}) reached and the optimization "
                        warnings.warn(message + "hasn't converged yet.", ConvergenceWarning, stacklevel=5)
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=5)
        state, stepper = one._optimizer, self.stepper
        stepper.fetch_moments()
        state.first_moment, state.second_moment, state.step = stepper.first_moment, stepper.second_moment, stepper.step
        parameters = one._best_parameters if self._stops_early else stepper.parameters
        return self.net.with_parameters(parameters)

    @property
    def _stops_early(self) -> bool:
        return self.estimator.best_validation_score_ is not None

    def _epoch(self) -> bool:
        """One epoch and its measurements; False where the training diverged.

        By hand: a ratio of rates. Checked by test_estimators.test_schedules_fall_and_are_for_adam_too.
        """
        one, first = self.estimator, self.estimator.n_iter_ * self.batches
        # The rates of MLP and ``plateau`` move between epochs, the other schedules from step to step.
        factor = one._optimizer.learning_rate / one.learning_rate_init
        factors = factor * self.schedule.factors(first, first + self.batches)
        if self.shuffles:
            self.order = shuffle(self.order, random_state=one._random_state)
        weights = self.stepper.arrays.problem.weights[self.order]
        factors = of_steps(factors.astype(self.net.dtype), weights, self.batch_size)
        loss, penalty = self.stepper.epoch(self.order, factors)
        one.n_iter_ += 1
        one.t_ += len(self.data)
        one.loss_ = self.objective.shown(loss, penalty)
        finite = bool(np.isfinite(one.loss_) and np.isfinite(self.stepper.parameters).all())
        if not finite and not self._stops_early:
            raise InvalidInputError(NOT_FINITE)
        one.loss_curve_.append(one.loss_)
        if one.verbose:
            print(f"Iteration {one.n_iter_}, loss = {one.loss_:.8f}")
        self._measure(finite)
        return finite

    def _change_rate(self, rate: float) -> None:
        """The rate of the next epoch. MLP's velocity contains the rate and ours does not, so ours changes inversely.

        By hand: a ratio of rates. Checked by test_beside_mlp.test_a_regressor_has_the_curve_and_the_predictions_of_mlp.
        """
        state: OptimizerState = self.estimator._optimizer
        if self.estimator.solver == "sgd" and isinstance(self.stepper, cpu.CpuStepper):
            self.stepper.first_moment *= self.net.dtype.type(state.learning_rate / rate)
        state.learning_rate = rate

    def _measure(self, finite: bool) -> None:
        """Loss and score on the validation rows."""
        one = self.estimator
        if self.validation is None:
            return
        loss = score = float("nan")
        if finite:
            loss = self.objective.shown(self.stepper.evaluate(self.measured), 0.0)  # type: ignore[arg-type]
            net = self.net
            output = cpu.predict(net.layout, net.activation, self.stepper.parameters, self.measured.x)  # type: ignore[union-attr]
            score = self.validation.score(output)
        one.validation_loss_curve_.append(loss)
        if self._stops_early:
            one.validation_scores_.append(score)
            if one.verbose:
                print(f"Validation score: {score:f}")

    def _stops(self, incremental: bool) -> bool:
        """Count epochs without improvement; whether the training ends here.

        By hand: scikit-learn's schedule. Checked by test_estimators.test_plateau_halves_as_adaptive_divides_by_five.
        """
        one, state = self.estimator, self.estimator._optimizer
        tolerance = float(one.tol)
        if self._stops_early:
            score = one.validation_scores_[-1]
            improved = score >= one.best_validation_score_ + tolerance
            if score > one.best_validation_score_:
                one.best_validation_score_, one._best_parameters = score, self.stepper.parameters.copy()
        else:
            improved = one.loss_ <= one.best_loss_ - tolerance
            one.best_loss_ = min(one.best_loss_, one.loss_)
        one._no_improvement_count = 0 if improved else one._no_improvement_count + 1
        # The learning rate of the next epoch.
        if one.solver == "sgd" and one.learning_rate == "invscaling":
            self._change_rate(one.learning_rate_init / (one.t_ + 1) ** one.power_t)
        if one._no_improvement_count <= one.n_iter_no_change:
            return incremental
        lowers = one.learning_rate == "plateau" or (one.solver == "sgd" and one.learning_rate == "adaptive")
        if lowers and state.learning_rate > LEAST_RATE:
            self._change_rate(state.learning_rate / LOWERED[one.learning_rate])
            one._no_improvement_count = 0
            return incremental
        if one.verbose:
            what = "Validation score" if self._stops_early else "Training loss"
            print(
                f"{what} did not improve more than tol={tolerance:f} for {one.n_iter_no_change} consecutive epochs. Stopping."
            )
        return True


def _plain_arrays(net: SpectralNetwork, arrays: StepArrays, options: StepOptions) -> StepArrays:
    """The arrays of a step that moves the weights and biases of MLP, and penalises its weights."""
    runs = contiguous_runs(np.flatnonzero(movable(net, False)))
    rates, decays = np.full(len(runs), options.learning_rate, net.dtype), np.zeros(len(runs), net.dtype)
    arrays = replace(arrays, trainable=runs, rates=rates, decays=decays)
    strength = options.eigenvector_penalty
    if not strength:
        return arrays
    parts = contiguous_runs(np.flatnonzero(decayed(net, False)))
    penalised = np.column_stack([parts, np.full(len(parts), PENALTIES.index("l2"))])
    return replace(arrays, penalised=penalised, strengths=np.full(len(parts), strength, net.dtype))


def batch_size(given: Any, rows: int) -> int:
    """The samples of a mini-batch: at most all of them."""
    if given == "auto":
        return min(BATCH, rows)
    if given > rows:
        warnings.warn(f"batch_size={given} is larger than the number of samples, {rows}: it is clipped", stacklevel=6)
    return min(int(given), rows)
