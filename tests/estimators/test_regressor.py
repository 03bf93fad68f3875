"""`SpectralRegressor`: the number of outputs, with validation rows of the caller."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from spectral_core import InvalidInputError, SpectralRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X = np.random.default_rng(0).normal(size=(80, 2))
TARGETS = np.column_stack([np.abs(X[:, 0]), X[:, 1]])
QUICK: dict[str, Any] = {"hidden_layer_sizes": 3, "max_iter": 5, "random_state": 0}
HALVES = (slice(None, 50), slice(50, None))


def with_own_rows(model: SpectralRegressor, y: np.ndarray) -> SpectralRegressor:
    first, last = HALVES
    return model.fit(X[first], y[first], X_val=X[last], y_val=y[last])


@pytest.mark.parametrize("y", [TARGETS[:, 0], TARGETS], ids=["one", "two"])
@pytest.mark.parametrize("strategy", [True, False, "neurons", "seed", "grow"])
def test_a_fresh_object_takes_own_validation_rows(strategy: Any, y: np.ndarray) -> None:
    model = with_own_rows(SpectralRegressor(search=strategy, **QUICK), y)
    assert model.n_outputs_ == np.size(y[0])
    after_epochs = strategy not in (True, "neurons")  # these train their proposal on all rows
    assert len(model.validation_loss_curve_) == after_epochs * model.n_iter_
    assert model.predict(X).shape == y.shape


@pytest.mark.parametrize("strategy", [True, "seed"])
def test_the_report_has_the_names_of_the_targets(strategy: Any) -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    model = SpectralRegressor(search=strategy, **QUICK).fit(X, pandas.Series(TARGETS[:, 0], name="price"))
    assert model.report_.target == "price"
    two = SpectralRegressor(search=strategy, **QUICK).fit(X, pandas.DataFrame(TARGETS, columns=["price", "size"]))
    assert two.report_.target == "price, size"
    assert SpectralRegressor(search=strategy, **QUICK).fit(X, TARGETS[:, 0]).report_.target == "y"


@pytest.mark.parametrize("strategy", [False, "seed"])
@pytest.mark.parametrize("number", [1, 2])
def test_the_outputs_are_those_of_this_fit(strategy: Any, number: int) -> None:
    before, after = (TARGETS[:, 0], TARGETS)[:: 1 if number == 2 else -1]
    model = SpectralRegressor(search=strategy, **QUICK).fit(X, before)
    assert with_own_rows(model, after).predict(X).shape == after.shape
    fresh = with_own_rows(SpectralRegressor(search=strategy, **QUICK), after)
    assert np.array_equal(model.predict(X), fresh.predict(X))


def test_own_rows_stop_a_regression() -> None:
    model = SpectralRegressor(search=False, early_stopping=True, **QUICK | {"max_iter": 30, "n_iter_no_change": 3})
    with_own_rows(model, TARGETS[:, 0])
    assert model.best_validation_score_ == pytest.approx(model.score(X[HALVES[1]], TARGETS[HALVES[1], 0]))


@pytest.mark.parametrize("strategy", [False, "seed"])
def test_validation_targets_of_another_number_are_refused(strategy: Any) -> None:
    with pytest.raises(InvalidInputError, match="y must have 2 outputs, as in the call before; got 1"):
        SpectralRegressor(search=strategy, **QUICK).fit(X, TARGETS, X_val=X, y_val=TARGETS[:, 0])


def test_a_later_part_has_the_outputs_of_the_first() -> None:
    model = SpectralRegressor(search=False, **QUICK).partial_fit(X, TARGETS)
    with pytest.raises(InvalidInputError, match="y must have 2 outputs"):
        model.partial_fit(X, TARGETS[:, 0])
    again = SpectralRegressor(search=False, warm_start=True, **QUICK).fit(X, TARGETS)
    with pytest.raises(InvalidInputError, match="y must have 2 outputs"):
        again.fit(X, TARGETS[:, 0])
