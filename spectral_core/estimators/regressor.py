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
    """A regressor for scikit-learn: the smallest network that does the job, or a given one.

    Parameters
    ----------
    loss : ``squared_error`` (y - z)²/2; ``poisson`` exp(z) - y z, predictions are exp(z); ``huber`` (y - z)²/2 within a distance of 1
        and |y - z| - 1/2 beyond. A search knows ``squared_error`` alone.
    search : True (the default, since a small network is what this package is for): the smallest network that `spectral_core.search`
        finds, with `hidden_layer_sizes` as greatest widths; ``smallest``, ``neurons``, ``seed``, ``grow``: its strategies. False: the
        given network is trained. `search_options` are further keywords of `search`, such as ``{"sizes": (5, 20)}``. A search
        reads `hidden_layer_sizes`, `activation`, `max_iter`, `batch_size`, `learning_rate_init`, `eigenvalue_learning_rate`,
        `penalty`, `penalty_strength`, `validation_fraction`, `random_state`, `backend`, `verbose` and the weights; it scales the data
        itself. The other parameters are for ``search=False``.
    hidden_layer_sizes : neurons of each hidden layer; a number is one layer, () a linear model.
    activation : relu, tanh, logistic (or sigmoid), identity, leaky_relu, elu, gelu, swish; a search needs f(0) = 0. One name for all
        hidden layers, or a tuple with a name for each, ``("relu", "tanh")``; ``grow`` takes one name.
    solver : ``adam``, ``sgd``, ``lbfgs`` (all samples at once, with SciPy).
    alpha : adds α/(2 n) Σ w² over the weights, without biases, for a mini-batch of weight n, as in scikit-learn. With other
        parametrizations than ``direct``, or skip connections, the sum is over all eigenvectors, or block weights.
    batch_size, learning_rate, learning_rate_init, power_t, max_iter, shuffle, random_state : as in scikit-learn's MLP.
    tol, verbose, warm_start, momentum, nesterovs_momentum, early_stopping, beta_1, beta_2 : as there.
    epsilon, n_iter_no_change, max_fun : as there. `learning_rate` also takes ``cosine``, ``one_cycle``, see `train`, and ``plateau``, which
        halves the rate where ``adaptive`` divides it by 5, and ends as that does, at a rate of 1e-6; these are for ``adam`` too.
    validation_fraction : the share that judges; None is 0.1 for `early_stopping` and 0.2 for a search.
    parametrization : ``direct``: the weights themselves, which start and move number by number as those of MLP; ``global`` or
        ``layerwise``: eigenvalues and eigenvectors, see `SpectralNetwork`. `skip_connections` joins all layers (``direct``).
    penalty, penalty_strength, proximal, eigenvalue_learning_rate : on eigenvalues, see `train`; None is 0, and 1e-3 for a search.
    backend : ``cpu``, ``cuda`` or ``auto``, see `train`.

    Attributes
    ----------
    network_, compact_ : the `SpectralNetwork`, and the same function without dead neurons (activations with f(0) = 0).
    result_, report_ : of the search, or the report of `prune`; None with ``search=False``.
    coefs_, intercepts_, skip_coefs_ : weights in the units of X and y, made from `network_`.
    feature_importances_ : path scores of the features, with the sum 1.
    loss_, best_loss_, loss_curve_, validation_loss_curve_, validation_scores_, best_validation_score_ : as in scikit-learn's MLP.
    n_iter_, t_, n_layers_, n_outputs_, out_activation_, n_features_in_, feature_names_in_ : as there.

    Raises
    ------
    InvalidInputError : a `ValueError`; data or parameters break a rule.

    Notes
    -----
    Losses are summed over outputs, and `loss_` of squared errors shows their mean, as in scikit-learn. Sparse X becomes dense.

    Examples
    --------
    >>> import numpy as np
    >>> from spectral_core import SpectralRegressor
    >>> X = np.linspace(-1, 1, 200).reshape(-1, 1)
    >>> model = SpectralRegressor(hidden_layer_sizes=10, search=False, solver="lbfgs", random_state=0, max_iter=1000)
    >>> float(model.fit(X, np.abs(X[:, 0])).predict([[0.5]])[0].round(1))
    0.5
    """

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
            self._flat, self.n_outputs_ = y.ndim == 1, target.shape[1]
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
        """Predictions from z_K.

        By hand: the mean of counts. Checked by test_estimators.test_further_losses.
        """
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
