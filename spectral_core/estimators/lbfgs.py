"""Training by L-BFGS on all samples at once, with SciPy."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from scipy.optimize import minimize
from sklearn.exceptions import ConvergenceWarning

from spectral_core.backends import cpu
from spectral_core.backends.problem import problem_of
from spectral_core.backends.threads import blas_threads
from spectral_core.errors import InvalidInputError
from spectral_core.estimators.objective import FitData, Objective, step_options
from spectral_core.estimators.plain import decayed, movable
from spectral_core.estimators.stochastic import NOT_FINITE
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.training.options import StepOptions
from spectral_core.training.step_arrays import in_float64, step_arrays


def minimise(estimator: Any, net: SpectralNetwork, data: FitData) -> SpectralNetwork:
    """The network at a minimum of the objective over the groups that are not frozen; computed in float64.

    By hand: a vector of one decay. Checked by test_beside_mlp.test_lbfgs_finds_what_mlp_finds.
    """
    objective: Objective = estimator._objective
    if estimator.penalty_strength:
        raise InvalidInputError("penalty_strength needs solver='adam' or 'sgd': 'lbfgs' takes smooth objectives only")
    options = step_options(estimator, objective, len(data), data.weight)
    # The problem in float64, and the parameters that move.
    start = net.parameters.astype(np.float64)
    sizes = net.n_features, net.widths[-1]
    problem = problem_of(cpu, data.x, data.y, objective.loss, data.weights, sizes, np.float64)
    moves = movable(net, estimator.skip_connections)
    decay = np.full(start.size, options.eigenvector_penalty) * decayed(net, estimator.skip_connections)
    smoothing = StepOptions(label_smoothing=options.label_smoothing)
    smoothed = in_float64(step_arrays(net, problem, smoothing)) if options.label_smoothing else None

    def value(point: np.ndarray) -> tuple[float, np.ndarray]:
        flat = start.copy()
        flat[moves] = point
        if smoothed is None:
            loss, gradient = cpu.loss_and_gradient(net.layout, net.activation, flat, problem)
        else:
            loss, _, gradient = cpu.objective(smoothed, flat)
        total = loss + float(decay @ flat**2)
        return objective.scale * total, objective.scale * (gradient + 2 * decay * flat)[moves]

    limits = {
        "maxiter": int(estimator.max_iter),
        "maxfun": int(estimator.max_fun),
        "gtol": float(estimator.tol),
    }
    with blas_threads(1):
        found = minimize(value, start[moves], method="L-BFGS-B", jac=True, options=limits)
    # What the estimator keeps.
    estimator.n_iter_, estimator.loss_ = min(int(found.nit), limits["maxiter"]), float(found.fun)
    if estimator.verbose:
        print(f"Iteration {estimator.n_iter_}, loss = {estimator.loss_:.8f}")
    if found.status != 0:
        message = f"lbfgs stopped after {found.nit} iterations before it converged: {found.message}"
        warnings.warn(f"{message}. Scale the data, or increase max_iter or max_fun.", ConvergenceWarning, stacklevel=5)
    start[moves] = found.x
    if not np.isfinite(start).all():
        raise InvalidInputError(NOT_FINITE)
    return net.with_parameters(start.astype(net.dtype))
