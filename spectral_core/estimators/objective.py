"""The objective of an estimator: loss and penalties in the units of scikit-learn's MLP, as options of our training step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.checks import one_of
from spectral_core.training.options import StepOptions
from spectral_core.training.schedules import SCHEDULES

SOLVERS = ("adam", "sgd", "lbfgs")
LEARNING_RATES = (*SCHEDULES, "invscaling", "adaptive")


@dataclass(frozen=True, eq=False)
class FitData:
    """Features (samples, features); targets (samples, outputs) or class indices (samples,); weights (samples,) or None."""

    x: np.ndarray
    y: np.ndarray
    weights: np.ndarray | None

    def __len__(self) -> int:
        return len(self.x)

    def part(self, rows: np.ndarray) -> FitData:
        """Some of the samples."""
        return FitData(self.x[rows], self.y[rows], None if self.weights is None else self.weights[rows])

    @property
    def weight(self) -> float:
        """The sum of the weights, the number of samples without weights.

        By hand: a sum of weights. Checked by test_beside_mlp.test_weighted_batches_are_those_of_mlp_where_a_batch_is_everything.
        """
        return float(len(self)) if self.weights is None else float(self.weights.sum())


@dataclass(frozen=True)
class Objective:
    """A loss of ours, and the factor that gives the loss of scikit-learn's MLP.

    MLP sums over outputs where ours are means, and its squared error has the factor 1/2. So `scale` times our loss is

        squared_error  mean over samples of Σ_outputs (z - y)²/2       cross_entropy  mean over samples of log Σ exp z - z_y

    and the same sums for the others. The penalty α/(2 n) Σ φ² is added to it, with n the sum of the weights of a mini-batch.
    """

    loss: str
    scale: float

    @classmethod
    def of(cls, loss: str, outputs: int) -> Objective:
        """The objective of a loss for so many outputs."""
        return cls(loss, {"cross_entropy": 1.0, "squared_error": outputs / 2}.get(loss, float(outputs)))

    def shown(self, loss: float, penalty: float) -> float:
        """The number that MLP shows for a loss and penalty of ours: squared errors are a mean over outputs there.

        By hand: scikit-learn's scale of a loss. Checked by test_beside_mlp.test_a_regressor_has_the_curve_and_the_predictions_of_mlp.
        """
        return (0.5 if self.loss == "squared_error" else self.scale) * loss + self.scale * penalty

    def decay(self, alpha: float, weight: float) -> float:
        """The strength of Σ φ² beside our loss, for samples of this sum of weights.

        By hand: scikit-learn's scale of alpha. Checked by test_beside_mlp.test_a_regressor_has_the_curve_and_the_predictions_of_mlp.
        """
        return alpha / (2 * weight * self.scale)


def check_parameters(estimator: Any) -> None:
    """Refuse values of parameters, also of those that the solver does not read, as scikit-learn does.

    Raises
    ------
    InvalidInputError : a value that no solver takes. Those of steps are checked by `step_options`.
    """
    one_of(estimator.learning_rate, LEARNING_RATES, "learning_rate")
    for name in ("shuffle", "early_stopping"):
        checks.boolean(getattr(estimator, name), name)
    for name in ("power_t", "tol"):
        checks.real_number(getattr(estimator, name), name, 0)
    for name in ("max_iter", "max_fun"):
        checks.integer(getattr(estimator, name), name, 1)
    if estimator.n_iter_no_change != np.inf:  # scikit-learn's word for never
        checks.integer(estimator.n_iter_no_change, "n_iter_no_change", 1)
    if not isinstance(estimator.batch_size, str):
        checks.integer(estimator.batch_size, "batch_size", 1)
    else:
        one_of(estimator.batch_size, ("auto",), "batch_size, if not a number,")


def step_options(estimator: Any, objective: Objective, batch_size: int, batch_weight: float) -> StepOptions:
    """The options of a step. Steps of ``sgd`` are those of MLP's objective; those of ``adam`` do not change
    if the loss and epsilon have a common factor; ``lbfgs`` takes no steps and has the penalty and label smoothing alone.

    By hand: scikit-learn's scale of a rate. Checked by test_beside_mlp.test_a_regressor_has_the_curve_and_the_predictions_of_mlp.
    """
    solver = one_of(estimator.solver, SOLVERS, "solver")
    factor = objective.scale if solver == "sgd" else 1.0
    own = estimator.eigenvalue_learning_rate
    strength = 0.0 if estimator.penalty_strength is None else estimator.penalty_strength
    # Checked here by the names that they have here.
    beta_1, beta_2 = (
        checks.real_number(getattr(estimator, name), name, 0, 1, open_high=True) for name in ("beta_1", "beta_2")
    )
    return StepOptions(
        batch_size=batch_size,
        optimizer=solver,
        learning_rate=factor * checks.real_number(estimator.learning_rate_init, "learning_rate_init", 0, open_low=True),
        eigenvalue_learning_rate=(
            None if own is None else factor * checks.real_number(own, "eigenvalue_learning_rate", 0, open_low=True)
        ),
        betas=(beta_1, beta_2),
        epsilon=checks.real_number(estimator.epsilon, "epsilon", 0, open_low=True) / objective.scale,
        momentum=estimator.momentum,
        nesterov=checks.boolean(estimator.nesterovs_momentum, "nesterovs_momentum"),
        penalty=estimator.penalty,
        penalty_strength=checks.real_number(strength, "penalty_strength", 0) / objective.scale,
        proximal=estimator.proximal,
        eigenvector_penalty=objective.decay(checks.real_number(estimator.alpha, "alpha", 0), batch_weight),
        label_smoothing=getattr(estimator, "label_smoothing", 0.0),
    )
