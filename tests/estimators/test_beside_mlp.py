"""A given network is trained number by number as scikit-learn's MLP."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

from spectral_core import SpectralClassifier, SpectralRegressor

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 4))
LABELS = np.argmax(X[:, :3] + 0.3 * RNG.normal(size=(90, 3)), axis=1)
TARGETS = np.tanh(X[:, :2]) + X[:, 2:]
options = st.fixed_dictionaries(
    {
        "solver": st.sampled_from(["adam", "sgd"]),
        "activation": st.sampled_from(["relu", "tanh", "logistic", "identity"]),
        "hidden_layer_sizes": st.sampled_from([(), (5,), (4, 3)]),
        "alpha": st.sampled_from([0.0, 1e-4, 1.0]),
        "batch_size": st.sampled_from(["auto", 9]),  # no smaller last batch: MLP divides alpha by its own size
        "learning_rate": st.sampled_from(["constant", "invscaling", "adaptive"]),
        "momentum": st.sampled_from([0.0, 0.9]),
        "nesterovs_momentum": st.booleans(),
        "early_stopping": st.booleans(),
        "shuffle": st.booleans(),
        "random_state": st.integers(0, 5),
        "max_iter": st.sampled_from([1, 15]),
        "tol": st.sampled_from([1e-4, 0.05]),
    }
)


def both(ours: Any, theirs: Any, keywords: dict[str, Any], y: np.ndarray, weights: Any = None) -> tuple[Any, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        one = ours(search=False, **keywords).fit(X, y, sample_weight=weights)
        return one, theirs(**keywords).fit(X, y, sample_weight=weights)


def apart(keywords: dict[str, Any]) -> float:
    """How far numbers may be apart. Adam divides a gradient by its own size, so at a dead relu rounding decides a step's sign."""
    return 1e-2 if (keywords["solver"], keywords["activation"]) == ("adam", "relu") else 1e-4


@settings(max_examples=8, deadline=None)
@given(options)
def test_a_classifier_has_the_curve_and_the_probabilities_of_mlp(keywords: dict[str, Any]) -> None:
    assume(apart(keywords) < 1e-3 or keywords["max_iter"] == 1)  # later steps decide when it stops
    one, other = both(SpectralClassifier, MLPClassifier, keywords, LABELS)
    assert one.n_iter_ == other.n_iter_
    assert np.allclose(one.loss_curve_, other.loss_curve_, rtol=apart(keywords), atol=1e-6)
    assert np.allclose(one.predict_proba(X), other.predict_proba(X), atol=apart(keywords))
    for mine, its in zip([*one.coefs_, *one.intercepts_], [*other.coefs_, *other.intercepts_], strict=True):
        assert np.allclose(mine, its, atol=apart(keywords))
    if keywords["early_stopping"] and apart(keywords) < 1e-3:
        assert np.allclose(one.validation_scores_, other.validation_scores_)


@settings(max_examples=8, deadline=None)
@given(options, st.booleans())
def test_a_regressor_has_the_curve_and_the_predictions_of_mlp(keywords: dict[str, Any], several: bool) -> None:
    assume(apart(keywords) < 1e-3 or keywords["max_iter"] == 1)  # later steps decide when it stops
    one, other = both(SpectralRegressor, MLPRegressor, keywords, TARGETS if several else TARGETS[:, 0])
    assert (one.n_iter_, one.t_, one.n_layers_, one.n_outputs_) == (
        other.n_iter_, other.t_, other.n_layers_, other.n_outputs_
    )  # fmt: skip
    assert np.allclose(one.loss_curve_, other.loss_curve_, rtol=apart(keywords), atol=1e-6)
    assert np.allclose(one.predict(X), other.predict(X), atol=apart(keywords))


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
def test_lbfgs_finds_what_mlp_finds(activation: str) -> None:
    keywords = {
        "solver": "lbfgs",
        "activation": activation,
        "random_state": 1,
        "max_iter": 15,
        "hidden_layer_sizes": (5,),
    }
    weights = RNG.uniform(0.5, 2, len(X))
    one, other = both(SpectralClassifier, MLPClassifier, keywords, LABELS, weights)
    assert one.loss_ == pytest.approx(other.loss_, rel=1e-6)
    assert np.allclose(one.predict_proba(X), other.predict_proba(X), atol=1e-5)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_weighted_batches_are_those_of_mlp_where_a_batch_is_everything(solver: str) -> None:
    weights = RNG.uniform(0.5, 2, len(X))
    keywords = {"solver": solver, "alpha": 0.5, "random_state": 1, "max_iter": 20, "hidden_layer_sizes": (5,)}
    one, other = both(SpectralRegressor, MLPRegressor, keywords, TARGETS[:, 0], weights)
    assert np.allclose(one.predict(X), other.predict(X), atol=1e-6)
