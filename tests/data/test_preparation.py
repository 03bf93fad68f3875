"""Rows of weight 0 leave the data of a search before anything is drawn or fitted."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectral_core import InvalidInputError
from spectral_core.data.preparation import PreparedData, prepare
from spectral_core.data.weighting import Weighting

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 2))
TARGETS = {
    "regression": X[:, 0] + X[:, 1],
    "classification": np.array(["x", "y", "z"])[np.arange(60) % 3],
    "multilabel": RNG.integers(0, 2, (60, 3)),
}


def weights_of(seed: int, rows: int) -> np.ndarray:
    """Weights of 60 rows, so many of them not 0, of each class (row mod 3) as many."""
    weights = np.zeros(60)
    kept = np.concatenate([np.random.default_rng((seed, k)).permutation(np.arange(k, 60, 3)) for k in range(3)])
    weights[kept.reshape(3, 20)[:, : rows // 3]] = np.random.default_rng(seed).uniform(0.5, 2, (3, rows // 3))
    return weights


def prepared(X: Any, y: Any, task: str, weighting: Weighting, seed: int, validation: Any = None) -> PreparedData:
    return prepare(X, y, task, validation, 0.2, True, seed, weighting)


@given(st.integers(0, 999), st.sampled_from([6, 9, 30, 60]), st.sampled_from(sorted(TARGETS)), st.booleans())
def test_rows_of_weight_zero_are_as_rows_that_are_not_there(seed: int, rows: int, task: str, apart: bool) -> None:
    weights = weights_of(seed, rows)
    kept, y = np.flatnonzero(weights), TARGETS[task]
    own = (X[:9], y[:9]) if apart else None
    whole = prepared(X, y, task, Weighting(weights), seed, own)
    part = prepared(X[kept], y[kept], task, Weighting(weights[kept]), seed, own)
    for name in ("x", "y", "x_valid", "y_valid", "weights"):
        assert np.array_equal(getattr(whole, name), getattr(part, name)), name
    assert np.array_equal(whole.training_rows, kept[part.training_rows])
    assert np.array_equal(whole.validation_rows, kept[part.validation_rows])
    assert np.array_equal(whole.inputs.mean, part.inputs.mean)
    if task == "classification":
        assert set(whole.y) == {0, 1, 2}, "each class keeps a training row"
    if not apart:
        assert whole.weights_valid is not None
        assert np.array_equal(whole.weights_valid, weights[whole.validation_rows])
        assert len(whole.validation_rows) == round(0.2 * len(kept))


@given(st.integers(0, 999), st.sampled_from(sorted(TARGETS)))
def test_weights_that_are_not_zero_leave_the_split_as_it_is(seed: int, task: str) -> None:
    weighted = prepared(X, TARGETS[task], task, Weighting(np.linspace(1, 2, 60)), seed)
    plain = prepared(X, TARGETS[task], task, Weighting(), seed)
    assert np.array_equal(weighted.training_rows, plain.training_rows)
    assert np.array_equal(weighted.validation_rows, plain.validation_rows)


@pytest.mark.parametrize("apart", [False, True])
def test_an_encoder_sees_no_row_of_weight_zero(apart: bool) -> None:
    """The median that fills a gap, and the categories, are those of the rows with a weight."""
    weights, age, city = np.repeat([0.0, 1.0], 30), np.repeat([90.0, 20.0], 30), np.repeat(["Rome", "Bonn"], 30)
    age[::7] = np.nan
    city[::5] = "Kiel"
    frame, y = pd.DataFrame({"age": age, "city": city}), np.arange(60.0)
    own = (frame, y) if apart else None
    data = prepared(frame, y, "regression", Weighting(weights), 0, own)
    assert data.encoder is not None
    assert data.encoder.transform(pd.DataFrame({"age": [np.nan], "city": ["Bonn"]}))[0, 0] == 20
    assert [name for name in data.encoder.feature_names if name.startswith("city")] == ["city=Bonn", "city=Kiel"]


def test_validation_rows_of_a_class_without_weight_are_left_out() -> None:
    y = TARGETS["classification"]
    weighting = Weighting(classes={"y": 0.0, "z": 2.0})
    data = prepared(X[30:], y[30:], "classification", weighting, 0, (X[:30], y[:30]))
    kept = np.flatnonzero(y[:30] != "y")
    assert np.array_equal(data.validation[0], X[kept])
    assert data.validation[1].tolist() == y[kept].tolist()
    assert data.weights_valid is not None
    assert data.weights_valid.tolist() == np.where(y[kept] == "z", 2.0, 1.0).tolist()
    assert data.classes == ("x", "y", "z")
    assert {len(data.x_valid), len(data.y_valid), len(data.prints["validation"])} == {20}


@pytest.mark.parametrize(
    ("y", "task", "message"),
    [
        (np.repeat(["rare", "often"], 30), "classification", "at least two classes; all 30 labels are 'often'"),
        (np.repeat([1.5, 4.0], 30), "regression", "needs targets that vary; all of column 0 of y are 4"),
        (np.repeat([[0, 1], [1, 0]], 30, axis=0), "multilabel", r"label must vary; all 30 rows of y are \[1, 0\]"),
    ],
)
def test_targets_vary_among_the_rows_with_a_weight(y: np.ndarray, task: str, message: str) -> None:
    with pytest.raises(InvalidInputError, match=f"{message}; rows of weight 0 are left out"):
        prepared(X, y, task, Weighting(np.repeat([0.0, 1.0], 30)), 0)


def test_too_few_rows_with_a_weight_are_said() -> None:
    weights = np.zeros(60)
    weights[:3] = 1
    with pytest.raises(InvalidInputError, match=r"3 samples cannot be split.*; rows of weight 0 are left out"):
        prepared(X, TARGETS["classification"], "classification", Weighting(weights), 0)


@pytest.mark.parametrize("task", sorted(TARGETS))
def test_a_table_of_float32_is_prepared_as_one_of_float64(task: str) -> None:
    single = X.astype(np.float32)
    got, wanted = (
        prepared(table, TARGETS[task], task, Weighting(), 0) for table in (single, single.astype(np.float64))
    )
    for name in ("x", "y", "x_valid", "y_valid"):
        assert np.array_equal(getattr(got, name), getattr(wanted, name)), name
    assert np.array_equal(got.inputs.deviation, wanted.inputs.deviation)
    assert all(np.array_equal(got.prints[part], wanted.prints[part]) for part in ("training", "validation"))


def test_the_largest_copy_of_a_table_is_the_scaled_one() -> None:
    table = np.random.default_rng(0).normal(size=(3_000, 200)).astype(np.float32)
    y = table[:, 0] > 0
    tracemalloc.start()
    try:
        prepare(table, y, "classification", None, 0.2, True, 0, dtype="float32")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 3.5 * table.nbytes, "training and validation rows, the same scaled, and some rows or columns"


def test_an_input_that_is_too_large_once_scaled_is_named() -> None:
    given, own = X.copy(), (X[:9].copy(), TARGETS["regression"][:9])
    data = prepare(given, TARGETS["regression"], "regression", None, 0.2, False, 0, dtype="float32")
    row = int(data.validation_rows[0])
    given[row, 1] = 1e39
    with pytest.raises(InvalidInputError, match=rf"^X\[{row}, 1\] is 1e\+39, too large for float32$"):
        prepare(given, TARGETS["regression"], "regression", None, 0.2, False, 0, dtype="float32")
    own[0][3, 0] = -1e39
    large = np.where(np.arange(9) == 4, 1e300, own[1])
    with pytest.raises(InvalidInputError, match=r"^validation y\[4, 0\] is 1e\+300, too large for float32 once stand"):
        prepare(X, TARGETS["regression"], "regression", (X[:9], large), 0.2, True, 0, dtype="float32")
    with pytest.raises(InvalidInputError, match=r"^validation X\[3, 0\] is -1e\+39, too large for float32"):
        prepare(X, TARGETS["regression"], "regression", own, 0.2, True, 0, dtype="float32")
    assert np.isfinite(prepare(given, TARGETS["regression"], "regression", None, 0.2, False, 0).x).all()


@pytest.mark.parametrize("task", sorted(TARGETS))
def test_rows_of_validation_data_have_weights_of_their_own(task: str) -> None:
    y, weights = TARGETS[task], np.linspace(0, 2, 9)
    data = prepared(X, y, task, Weighting(np.linspace(1, 2, 60)), 0, (X[:9], y[:9], weights))
    assert data.weights is not None
    assert data.weights_valid is not None
    assert data.weights_valid.tolist() == weights[1:].tolist(), "a row of weight 0 does not judge"
    assert np.array_equal(data.x_valid, prepared(X, y, task, Weighting(), 0, (X[1:9], y[1:9])).x_valid)
    with pytest.raises(
        InvalidInputError, match="sample_weight of validation_data must not be negative, and not zero everywhere"
    ):
        prepared(X, y, task, Weighting(), 0, (X[:9], y[:9], np.zeros(9)))
    with pytest.raises(InvalidInputError, match=r"must be \(X, y\), or \(X, y, sample_weight\)"):
        prepared(X, y, task, Weighting(), 0, (X[:9],))


@pytest.mark.parametrize("task", sorted(TARGETS))
def test_rows_without_weights_weigh_as_the_mean_row_beside_them(task: str) -> None:
    """Whatever the sum of the weights that are given on one side alone."""
    y, own = TARGETS[task], np.r_[0.0, np.linspace(1, 3, 59)]
    given = [prepared(X, y, task, Weighting(own * unit), 0, (X[:9], y[:9])) for unit in (1e-3, 1.0, 40.0)]
    for data in given:
        assert data.weights is not None
        assert data.weights.mean() == pytest.approx(1)
        assert data.weights_valid is None
    apart = prepared(X, y, task, Weighting(), 0, (X[:9], y[:9], np.full(9, 7.0)))
    assert apart.weights_valid is not None
    assert apart.weights_valid.tolist() == [1.0] * 9


def test_targets_of_validation_frames_are_taken_by_name() -> None:
    names = ["u", "v"]
    y = pd.DataFrame(np.c_[X[:, 0], X[:, 1] + 5], columns=names)
    plain = prepared(X, y, "regression", Weighting(), 0, (X[:9], y[:9]))
    turned = prepared(X, y, "regression", Weighting(), 0, (X[:9], y[:9][["v", "u"]]))
    assert np.array_equal(plain.y_valid, turned.y_valid)
    with pytest.raises(InvalidInputError, match="the targets are 'u', 'v'; got the columns 'u', 'w'"):
        prepared(X, y, "regression", Weighting(), 0, (X[:9], y[:9].rename(columns={"v": "w"})))
    given = prepared(X, y.to_numpy(), "regression", Weighting(), 0, (X[:9], y[:9].rename(columns={"v": "w"})))
    assert np.array_equal(given.y_valid, plain.y_valid), "arrays have no names"
    other = prepared(X, y, "regression", Weighting(), 0, (X[:9], y[:9].rename(columns={"u": "p", "v": "q"})))
    assert np.array_equal(other.y_valid, plain.y_valid), "names of another kind say nothing on the order"


def test_raw_rows_of_validation_data_go_through_the_encoder() -> None:
    frame = pd.DataFrame({"a": X[:, 0], "color": np.array(["r", "g"])[np.arange(60) % 2]})
    by_name, raw = (
        prepared(frame, X[:, 1], "regression", Weighting(), 0, (rows, X[:9, 1]))
        for rows in (frame[:9], frame[:9].to_numpy())
    )
    assert np.array_equal(by_name.x_valid, raw.x_valid)
