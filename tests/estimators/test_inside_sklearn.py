"""The estimators inside scikit-learn's tools, and with the tables of pandas and polars."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import joblib
import matplotlib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_iris, make_regression
from sklearn.inspection import DecisionBoundaryDisplay, permutation_importance
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import GridSearchCV, cross_val_score, learning_curve
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from spectral_core import SpectralClassifier, SpectralRegressor

matplotlib.use("Agg")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, y = load_iris(return_X_y=True)
NAMES = ["sepal length", "sepal width", "petal length", "petal width"]


def classifier(**options: Any) -> SpectralClassifier:
    defaults = {"hidden_layer_sizes": 8, "search": False, "solver": "lbfgs", "max_iter": 100, "random_state": 0}
    return SpectralClassifier(**defaults | options)


def regressor(**options: Any) -> SpectralRegressor:
    defaults = {"hidden_layer_sizes": 8, "search": False, "solver": "lbfgs", "max_iter": 100, "random_state": 0}
    return SpectralRegressor(**defaults | options)


def test_grid_search_over_a_pipeline() -> None:
    pipeline = make_pipeline(StandardScaler(), classifier())
    grid = GridSearchCV(pipeline, {"spectralclassifier__alpha": [1e-4, 100.0]}, cv=3).fit(X, y)
    assert grid.best_params_ == {"spectralclassifier__alpha": 1e-4}
    assert grid.score(X, y) > 0.95


def test_scores_of_folds_and_a_learning_curve() -> None:
    assert cross_val_score(classifier(), X, y, cv=3).mean() > 0.9
    sizes, _, held = learning_curve(classifier(), X, y, cv=3, train_sizes=[0.2, 1.0], shuffle=True, random_state=0)
    assert sizes.tolist() == [20, 100]
    assert held[-1].mean() > 0.9


def test_permutation_importance_names_the_feature_that_matters() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3))
    found = permutation_importance(regressor().fit(x, x[:, 1] ** 2), x, x[:, 1] ** 2, random_state=0)
    assert found.importances_mean.argmax() == 1


def test_calibration() -> None:
    calibrated = CalibratedClassifierCV(classifier(), cv=3).fit(X, y)
    assert np.allclose(calibrated.predict_proba(X).sum(axis=1), 1)
    assert calibrated.score(X, y) > 0.9


def test_a_clone_has_the_parameters_and_no_fit() -> None:
    fitted = classifier(alpha=0.5, class_weight="balanced").fit(X, y)
    fresh = clone(fitted)
    assert fresh.get_params() == fitted.get_params()
    assert not hasattr(fresh, "network_")
    assert fresh.set_params(alpha=0.1).alpha == 0.1


@pytest.mark.parametrize("search", [False, True])
def test_pickle_and_joblib_keep_predictions(search: bool, tmp_path: Path) -> None:
    few = {
        "search": search,
        "hidden_layer_sizes": 3,
        "max_iter": 5,
        "search_options": {"sizes": (6,)} if search else None,
    }
    fitted = classifier(**few).fit(X, y)
    joblib.dump(fitted, tmp_path / "model.joblib")
    for copy in (pickle.loads(pickle.dumps(fitted)), joblib.load(tmp_path / "model.joblib")):
        assert np.array_equal(copy.predict_proba(X), fitted.predict_proba(X))


def test_displays() -> None:
    two = classifier().fit(X[:, 2:], y)
    shown = ConfusionMatrixDisplay.from_estimator(two, X[:, 2:], y)
    assert shown.confusion_matrix.sum() == len(y)
    boundary = DecisionBoundaryDisplay.from_estimator(two, X[:, 2:], response_method="predict", grid_resolution=10)
    assert boundary.response.shape == (10, 10)


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_columns_of_a_frame_are_kept_and_checked(frame: Any) -> None:
    table = frame({name: X[:, i] for i, name in enumerate(NAMES)})
    fitted = classifier().fit(table, y)
    assert fitted.feature_names_in_.tolist() == NAMES
    assert np.array_equal(fitted.predict(table), fitted.predict_proba(table).argmax(axis=1))
    with pytest.raises(ValueError, match="feature names should match"):
        fitted.predict(frame({name: X[:, i] for i, name in reversed(list(enumerate(NAMES)))}))


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_set_output_of_a_step_before_gives_its_names(kind: str) -> None:
    table = pd.DataFrame(X, columns=NAMES)
    pipeline = make_pipeline(StandardScaler(), classifier()).set_output(transform=kind).fit(table, y)
    assert pipeline[-1].feature_names_in_.tolist() == NAMES
    assert pipeline.score(table, y) > 0.95


def test_sample_weights_are_routed() -> None:
    rng = np.random.default_rng(0)
    weights = rng.uniform(0.5, 2, len(y))
    with sklearn.config_context(enable_metadata_routing=True):
        one = classifier().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        routed = GridSearchCV(one, {"alpha": [1e-4]}, cv=3).fit(X, y, sample_weight=weights)
    expected = classifier().fit(X, y, sample_weight=weights)
    assert np.array_equal(routed.best_estimator_.predict_proba(X), expected.predict_proba(X))
    assert not np.array_equal(expected.predict_proba(X), classifier().fit(X, y).predict_proba(X))


def test_text_labels_come_back() -> None:
    names = np.array(["setosa", "versicolor", "virginica"], dtype=object)[y]
    fitted = classifier().fit(X, names)
    assert set(fitted.predict(X)) == {"setosa", "versicolor", "virginica"}
    assert fitted.predictor_.classes == ("setosa", "versicolor", "virginica")


def test_several_targets_keep_their_columns() -> None:
    x, target = make_regression(n_samples=60, n_features=3, n_targets=2, random_state=0)
    assert regressor().fit(x, target).predict(x).shape == (60, 2)
    assert regressor().fit(x, target[:, 0]).predict(x).shape == (60,)
