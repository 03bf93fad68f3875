"""What both estimators share: checks, the given network trained or an architecture searched, and the results."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.model_selection import train_test_split
from sklearn.utils import Tags, check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import validate_data

from spectral_core import checks
from spectral_core.checks import one_of
from spectral_core.data.framing import by_name, target_names_of
from spectral_core.errors import InvalidInputError
from spectral_core.estimators.lbfgs import minimise
from spectral_core.estimators.objective import SOLVERS, FitData, Objective, check_parameters
from spectral_core.estimators.plain import start
from spectral_core.estimators.results import FittedNetwork, dense
from spectral_core.estimators.searching import fit_searched
from spectral_core.estimators.stochastic import ENDING, OptimizerState, StochasticFit, Validation
from spectral_core.estimators.weights import with_classes
from spectral_core.kernels.support import activations
from spectral_core.kernels.support.layout import PARAMETRIZATIONS
from spectral_core.networks.spectral import SpectralNetwork

SPELLINGS = {"logistic": "sigmoid"}
"""Activations that scikit-learn spells differently."""
EARLY_STOPPING_SHARE = 0.1
"""The share of the rows that `early_stopping` holds out, as in scikit-learn."""


def _can_go_on(estimator: SpectralEstimator) -> bool:
    """Whether `partial_fit` is there: a given network is trained by steps."""
    return estimator.search is False and estimator.solver != "lbfgs"


class SpectralEstimator(FittedNetwork, BaseEstimator):
    """Parameters are those of `SpectralClassifier` and `SpectralRegressor`, which explain them."""

    hidden_layer_sizes: Any
    activation: Any
    solver: Any
    alpha: Any
    early_stopping: Any
    validation_fraction: Any
    warm_start: Any
    random_state: Any
    search: Any
    parametrization: Any
    skip_connections: Any
    max_iter: Any
    learning_rate: Any

    def _keep(self, given: Mapping[str, Any]) -> None:
        """Keep the parameters of the constructor as they are."""
        for name in self._get_param_names():
            setattr(self, name, given[name])

    # --- what the subclasses give ---------------------------------------------------------------------

    @abstractmethod
    def _objective_of(self, target: np.ndarray) -> tuple[Objective, int, str]:
        """The objective, the number of outputs, and the name of the function that turns z_K into predictions."""

    @abstractmethod
    def _score_of(self, target: np.ndarray, sample_weight: np.ndarray | None) -> Any:
        """The function that gives the score of raw outputs."""

    # --- fitting ----------------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any, sample_weight: Any = None, X_val: Any = None, y_val: Any = None) -> Any:
        """Fit to X (samples, features) and y.

        Parameters
        ----------
        sample_weight : (samples,), none negative; losses and scores are weighted means.
        X_val, y_val : validation rows of your own. The loss on them is measured after each epoch
            (`validation_loss_curve_`), and `early_stopping` and the search judge on them. A search also fits them in the end:
            each weighs as much there as the mean row with a weight, and `class_weight` counts for them too.
        """
        again = (
            bool(checks.boolean(self.warm_start, "warm_start")) and hasattr(self, "network_") and self.search is False
        )
        searched, names = self.search is not False, target_names_of(y)
        data = self._data(X, y, sample_weight, None, "all" if again else "", searched)
        given = self._own_validation(X_val, by_name(y_val, names))
        return fit_searched(self, data, given, names) if searched else self._fit_given(data, given, again, False)

    @available_if(_can_go_on)
    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Any:
        """One epoch on (X, y), from where the last call ended; `classes` of all later calls in the first one.

        Moments, and the rates of ``invscaling``, ``adaptive`` and ``plateau``, follow the calls. ``cosine`` and ``one_cycle`` are
        refused, as `early_stopping` is: they end with epoch `max_iter`, and nothing says how many calls there will be.
        """
        if self.early_stopping:
            raise InvalidInputError("partial_fit does not support early_stopping=True")
        if self.learning_rate in tuple(ENDING):
            raise InvalidInputError(
                f"partial_fit does not support learning_rate={self.learning_rate!r}: how many calls will follow is not known; "
                "'constant', 'invscaling', 'adaptive' and 'plateau' need no end"
            )
        if getattr(self, "class_weight", None) == "balanced":
            raise InvalidInputError("partial_fit does not see all rows: give class_weight as a mapping, not 'balanced'")
        again = hasattr(self, "network_")
        return self._fit_given(self._data(X, y, sample_weight, classes, "part" if again else ""), None, again, True)

    def _data(self, X: Any, y: Any, sample_weight: Any, classes: Any, known: str, searched: bool = False) -> FitData:
        """Checked data; classes are learned unless the training goes on. A search has the weights of classes apart."""
        x, y = self._checked_rows(X, y, reset=not known)
        target = self._target(y, known, classes)
        given = None if sample_weight is None else checks.sample_weights(sample_weight, np.float64, len(x))
        if searched and target.ndim == 1:
            return FitData(x, target, given)
        return FitData(x, target, with_classes(given, target, getattr(self, "class_weight", None), self))

    def _checked_rows(self, X: Any, y: Any, reset: bool) -> tuple[np.ndarray, Any]:
        """X dense in float32 or float64, and y as it is."""
        types = (np.float64, np.float32)
        x, y = validate_data(
            self, X, y, accept_sparse=["csr", "csc"], multi_output=True, dtype=types, reset=reset,
            y_numeric=not hasattr(self, "class_weight"),
        )  # fmt: skip
        return dense(x), dense(y)

    def _own_validation(self, X_val: Any, y_val: Any) -> FitData | None:
        if (X_val is None) != (y_val is None):
            raise InvalidInputError("X_val and y_val belong together; got one of them")
        if X_val is None:
            return None
        x, y = self._checked_rows(X_val, y_val, reset=False)
        return FitData(x, self._target(y, "part"), None)

    def _fit_given(self, data: FitData, given: FitData | None, again: bool, incremental: bool) -> Any:
        """Train the given architecture."""
        solver = one_of(self.solver, SOLVERS, "solver")
        check_parameters(self)
        self._random_state = check_random_state(self.random_state)
        net = self._continued(data) if again else self._started(data)
        if solver == "lbfgs":
            self.network_ = minimise(self, net, data)
            return self
        stops_early = checks.boolean(self.early_stopping, "early_stopping")
        if stops_early and given is None:
            data, given = self._held_out(data)
        validation = None if given is None else Validation(given, self._score_of(given.y, given.weights))
        self._follow(stops_early, again)
        if not incremental or not hasattr(self, "_optimizer"):
            zeros = np.zeros_like(net.parameters)
            self._optimizer = OptimizerState(self.learning_rate_init, zeros, zeros.copy())
        fit = StochasticFit(self, net, data, validation)
        self.network_ = fit.run(1 if incremental else self.max_iter, incremental)
        return self

    def _draw_seed(self) -> int:
        return int(self._random_state.randint(np.iinfo(np.int32).max))

    def _started(self, data: FitData) -> SpectralNetwork:
        """A fresh network for the data."""
        self._objective, self.n_outputs_, self.out_activation_ = self._objective_of(data.y)
        hidden = hidden_widths(self.hidden_layer_sizes)
        activation = activations.checked(spelled(self.activation), len(hidden))
        self._inputs = self._outputs = self._compact = self.report_ = self.result_ = self._learned = None
        self._forget()
        chosen = one_of(self.parametrization, PARAMETRIZATIONS, "parametrization")
        widths = [data.x.shape[1], *hidden, self.n_outputs_]
        if not checks.boolean(self.skip_connections, "skip_connections") and chosen == "direct":
            return start(widths, activation, data.x.dtype, self._random_state)
        return SpectralNetwork.initialize(
            widths,
            activation=activation,
            bias=True,
            parametrization=chosen,
            dtype=data.x.dtype,
            seed=self._draw_seed(),
        )

    def _continued(self, data: FitData) -> SpectralNetwork:
        """The network of the last call, in the type of the data."""
        net: SpectralNetwork = self.network_
        widths = (*hidden_widths(self.hidden_layer_sizes), self.n_outputs_)
        if self._inputs is not None or net.widths[1:] != widths:
            raise InvalidInputError(
                f"the training cannot go on: the network has layers {net.widths[1:]} and a search or other "
                f"hidden_layer_sizes={self.hidden_layer_sizes!r} were asked for; use warm_start=False"
            )
        return net

    def _forget(self) -> None:
        """Curves and counts of a new training."""
        self.n_iter_ = self.t_ = self._no_improvement_count = 0
        self.loss_curve_: list[float] = []
        self.validation_loss_curve_: list[float] = []
        self.validation_scores_: list[float] | None = None
        self.best_validation_score_: float | None = None
        self.best_loss_: float | None = np.inf
        self._best_parameters: np.ndarray | None = None

    def _follow(self, stops_early: bool, again: bool) -> None:
        """Keep the numbers that the stopping rule compares: validation scores, or losses. A new rule starts with none."""
        if stops_early and self.validation_scores_ is None:
            self.validation_scores_, self.best_validation_score_, self.best_loss_ = [], -np.inf, None
        elif not stops_early and self.best_loss_ is None:
            self.validation_scores_ = self.best_validation_score_ = None
            self.best_loss_ = np.inf

    def _held_out(self, data: FitData) -> tuple[FitData, FitData]:
        """Rows to train and rows to judge; two classes in proportion, as in scikit-learn."""
        share = EARLY_STOPPING_SHARE if self.validation_fraction is None else self.validation_fraction
        checks.real_number(share, "validation_fraction", 0, 1)
        rows, strata = np.arange(len(data)), self._strata(data.y)
        training, judging = train_test_split(rows, test_size=share, random_state=self._random_state, stratify=strata)
        if len(judging) < 2:
            raise InvalidInputError(
                "The validation set is too small. Increase 'validation_fraction' or the size of your dataset."
            )
        return data.part(training), data.part(judging)

    def _strata(self, target: np.ndarray) -> np.ndarray | None:
        return None

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def spelled(activation: Any) -> Any:
    """The activation, or one for each hidden layer, by our names."""
    if isinstance(activation, (list, tuple)):
        return [spelled(name) for name in activation]
    return SPELLINGS.get(activation, activation) if isinstance(activation, str) else activation


def hidden_widths(given: Any) -> tuple[int, ...]:
    """The widths of hidden layers; a number is one layer."""
    if isinstance(given, (int, np.integer)) and not isinstance(given, bool):
        given = (given,)
    widths = checks.sequence(given, "hidden_layer_sizes")
    return tuple(checks.integer(width, f"hidden_layer_sizes[{i}]", 1) for i, width in enumerate(widths))
