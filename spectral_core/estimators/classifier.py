"""`SpectralClassifier`."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit, softmax
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils import Tags, column_or_1d
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted

from spectral_core.errors import InvalidInputError
from spectral_core.estimators.base import SpectralEstimator
from spectral_core.estimators.objective import Objective
from spectral_core.networks.predictor import Predictor


class SpectralClassifier(ClassifierMixin, SpectralEstimator):
    """A classifier for scikit-learn: the smallest network that does the job, or a given one.

    Parameters
    ----------
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
    class_weight : {label: weight} or ``balanced``, times the sample weights, in losses; in a search in scores too.
    label_smoothing : of the training loss, see `train`.
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
    classes_ : the sorted labels; with several labels for each sample the numbers of the columns of y. A search gives no output to a
        class whose rows all have the weight 0: its probability is 0, and `predictor_` and `result_` do not know it.

    Raises
    ------
    InvalidInputError : a `ValueError`; data or parameters break a rule.

    Notes
    -----
    All classes have an output and a softmax, also two, where MLP has one output for two classes. Sparse X becomes dense.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from spectral_core import SpectralClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = SpectralClassifier(20, search=False, solver="lbfgs", alpha=1.0, random_state=0, max_iter=1000).fit(X, y)
    >>> round(model.score(X, y), 1)
    1.0
    """

    class_weight: Any

    def __init__(
        self,
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
        class_weight: Any = None,
        label_smoothing: Any = 0.0,
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
        """Class indices (samples,), or 0 and 1 for several labels (samples, labels)."""
        check_classification_targets(y)
        kind = type_of_target(y, input_name="y")
        if kind == "multilabel-indicator":
            return self._labels(np.asarray(y, np.float64), known, classes)
        if kind == "multiclass-multioutput":
            raise InvalidInputError(
                "y must be class labels (samples,), or 0 and 1 for several labels (samples, labels)"
            )
        y = column_or_1d(y, warn=True)
        present = np.unique(y)
        if not known:
            self.classes_ = present if classes is None else np.unique(classes)
            self._multilabel = False
        elif self._multilabel:
            raise InvalidInputError("y must hold several labels for each sample, as in the call before")
        if classes is not None and not np.array_equal(self.classes_, np.unique(classes)):
            raise InvalidInputError(
                f"classes={list(classes)} are not those of the first call, {self.classes_.tolist()}"
            )
        if known == "all" and not np.array_equal(present, self.classes_):
            raise InvalidInputError(
                "warm_start can only be used where `y` has the same classes as in the previous call to fit. Previously got "
                f"{self.classes_}, `y` has {present}"
            )
        unknown = np.setdiff1d(present, self.classes_)
        if unknown.size:
            raise InvalidInputError(f"y has classes that are not among {self.classes_}: {unknown}")
        return np.searchsorted(self.classes_, y)

    def _labels(self, y: np.ndarray, known: str, classes: Any) -> np.ndarray:
        """Several labels for each sample; `classes` are the numbers of the labels."""
        if not known:
            self.classes_, self._multilabel = np.arange(y.shape[1]), True
        if not self._multilabel or y.shape[1] != len(self.classes_):
            raise InvalidInputError(
                f"y must have the labels of the call before, {self.classes_}; got {y.shape[1]} columns"
            )
        if classes is not None and len(classes) != y.shape[1]:
            raise InvalidInputError(f"classes must name {y.shape[1]} labels; got {list(classes)}")
        return y

    def _objective_of(self, target: np.ndarray) -> tuple[Objective, int, str]:
        if self._multilabel:
            return Objective.of("binary_cross_entropy", target.shape[1]), target.shape[1], "logistic"
        outputs = max(2, len(self.classes_))
        return Objective.of("cross_entropy", outputs), outputs, "softmax"

    def _strata(self, target: np.ndarray) -> np.ndarray | None:
        if self._multilabel:
            return None
        return (target == 1)[:, None] if len(self.classes_) == 2 else None

    def _score_of(self, target: np.ndarray, sample_weight: np.ndarray | None) -> Any:
        def score(output: np.ndarray) -> float:
            found = output > 0 if self._multilabel else output.argmax(axis=1)
            return float(accuracy_score(target, found, sample_weight=sample_weight))

        return score

    def predict(self, X: Any) -> np.ndarray:
        """The label of greatest probability (samples,); with several labels 1 where it is more than one half."""
        output = self._raw(X)
        if self._multilabel:
            return (output > 0).astype(np.int64)
        return self.classes_[self._by_class(output, -np.inf).argmax(axis=1)]

    def decision_function(self, X: Any) -> np.ndarray:
        """z_K (samples, classes or labels), whose greatest entry is the prediction; with two classes z_2 - z_1 (samples,).

        A class that a search left out has the least number of its type, as in scikit-learn's `cross_val_predict`.
        """
        output = self._raw(X)
        if not self._multilabel and len(self.classes_) == 2:
            return output[:, 1] - output[:, 0]
        return output if self._multilabel else self._by_class(output, float(np.finfo(output.dtype).min))

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities (samples, classes): the softmax of z_K; 1/(1 + exp(-z_K)) with several labels.

        A class that a search left out has the probability 0.

        By hand: outputs as probabilities. Checked by test_beside_mlp.test_a_classifier_has_the_curve_and_the_probabilities_of_mlp.
        """
        output = self._raw(X)
        return expit(output) if self._multilabel else softmax(self._by_class(output, -np.inf), axis=1)

    def _by_class(self, output: np.ndarray, absent: float) -> np.ndarray:
        """A column of z_K for each class (samples, classes); `absent` for classes that have no output."""
        if self._learned is None:
            return output[:, : len(self.classes_)]
        columns = np.full((len(output), len(self.classes_)), absent, output.dtype)
        columns[:, self._learned] = output
        return columns

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """The logarithms of `predict_proba`; -inf where a probability is too small for its type.

        By hand: scikit-learn's interface. Checked by test_beside_mlp.test_a_classifier_has_the_curve_and_the_probabilities_of_mlp.
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    @property
    def predictor_(self) -> Predictor:
        check_is_fitted(self, "network_")
        if self._multilabel and len(self.classes_) > 1:
            return self._predictor("multilabel", ())
        if len(self.classes_) < 2:
            raise InvalidInputError("a model file holds at least two classes; save compact_, whose output is z_K")
        classes = self.classes_ if self._learned is None else self.classes_[self._learned]
        return self._predictor("classification", tuple(classes.tolist()))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
