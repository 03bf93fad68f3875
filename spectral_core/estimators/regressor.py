"""`SpectralRegressor`."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils import Tags, column_or_1d
from sklearn.utils.validation import check_is_fitted

from spectral_core.checks import one_of
from spectral_core.errors import InvalidInputError
from spectral_core.estimators.base import SpectralEstimator
from spectral_core.estimators.objective import Objective
from spectral_core.networks.predictor import Predictor

LOSSES = ("squared_error", "huber", "poisson")


class SpectralRegressor(RegressorMixin, SpectralEstimator):
    """docstring."""

    loss: Any

    def __init__(
        self,
        loss: Any = "squared_error",
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        search: Any = True,
        search_options: Any = None,
        solver: Any = "adam",
        alpha: Any = 0.0001,
        batch_size: Any = "auto",
        learning_rate: Any = "constant",
        learning_rate_init: Any = 0.001,
        power_t: Any = 0.5,
        max_iter: Any = 200,
        shuffle: Any = True,
        random_state: Any = None,
        tol: Any = 1e-4,
        verbose: Any = False,
        warm_start: Any = False,
        momentum: Any = 0.9,
        nesterovs_momentum: Any = True,
        early_stopping: Any = False,
        validation_fraction: Any = None,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        epsilon: Any = 1e-8,
        n_iter_no_change: Any = 10,
        max_fun: Any = 15000,
        parametrization: Any = "direct",
        skip_connections: Any = False,
        eigenvalue_learning_rate: Any = None,
        penalty: Any = "group",
        penalty_strength: Any = None,
        proximal: Any = False,
        backend: Any = "auto",
    ) -> None:
        self._keep(locals())

    def _target(self, y: Any, known: str, classes: Any = None) -> np.ndarray:
        """Targets (samples, outputs)."""
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        target = np.asarray(y, np.float64).reshape(len(y), -1)
        if not known:
            self._flat = y.ndim == 1
        elif target.shape[1] != self.n_outputs_:
            raise InvalidInputError(
                f"y must have {self.n_outputs_} outputs, as in the call before; got {target.shape[1]}"
            )
        if one_of(self.loss, LOSSES, "loss") == "poisson" and (target.min() < 0 or target.max() == 0):
            raise InvalidInputError("loss='poisson' needs y of at least 0, and not 0 everywhere")
        return target

    def _objective_of(self, target: np.ndarray) -> tuple[Objective, int, str]:
        return (
            Objective.of(self.loss, target.shape[1]),
            target.shape[1],
            "exp" if self.loss == "poisson" else "identity",
        )

    def _predicted(self, output: np.ndarray) -> np.ndarray:
        """Predictions from z_K."""
        return np.exp(output) if self.loss == "poisson" else output

    def _score_of(self, target: np.ndarray, sample_weight: np.ndarray | None) -> Any:
        def score(output: np.ndarray) -> float:
            predicted = self._predicted(output)
            if not np.isfinite(predicted).all():
                return float("nan")
            return float(r2_score(target, predicted, sample_weight=sample_weight))

        return score

    def predict(self, X: Any) -> np.ndarray:
        """Targets (samples,), or (samples, outputs) where y had columns."""
        output = self._predicted(self._raw(X))
        return output[:, 0] if self._flat else output

    @property
    def predictor_(self) -> Predictor:
        check_is_fitted(self, "network_")
        if self.loss == "poisson":
            raise InvalidInputError("a model file holds no exponential; save compact_, whose output is log E[y]")
        return self._predictor("regression", ())

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
