"""Frames in Python: names are kept, checked and used, and columns that are no numbers are encoded."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from spectral_core import Predictor, search
from spectral_core.data.framing import features_of, framed, labels_of_indicators, target_array, target_names_of
from spectral_core.data.preparation import prepare
from spectral_core.data.reading.frames import as_table, typed
from spectral_core.errors import InvalidInputError

QUICK: dict[str, Any] = {"hidden": (4,), "epochs": 3, "strategy": "seed", "eigenvector_penalties": (0.0,)}


class Series:
    """A column with a name, as libraries of frames have it."""

    def __init__(self, values: Any, name: str) -> None:
        self.values, self.name = np.asarray(values), name

    def to_numpy(self) -> np.ndarray:
        return self.values

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return self.values

    def __len__(self) -> int:
        return len(self.values)


class Frame:
    """A frame as libraries have it: `columns`, and a column by its name."""

    def __init__(self, columns: dict[str, Any]) -> None:
        self.data = columns

    @property
    def columns(self) -> list[str]:
        return list(self.data)

    def __getitem__(self, name: str) -> Series:
        return Series(self.data[name], name)


def customers(kind: str) -> tuple[Any, Any]:
    """A frame of this library, and the same with its columns in another order."""
    generator = np.random.default_rng(0)
    columns = {
        "age": generator.normal(40, 9, 60),
        "income": generator.normal(size=60),
        "town": generator.choice(["Rome", "Bonn"], 60),
        "since": [datetime(2020, 1, 1) + timedelta(days=int(k)) for k in generator.integers(0, 400, 60)],
        "married": generator.random(60) > 0.5,
    }
    other = dict(reversed(columns.items()))
    if kind == "mapping":
        return columns, other
    if kind == "frame":
        return Frame(columns), Frame(other)
    if kind == "arrow":
        arrow = pytest.importorskip("pyarrow")
        return arrow.table(columns), arrow.table(other)
    library = pytest.importorskip(kind)
    return library.DataFrame(columns), library.DataFrame(other)


@pytest.mark.parametrize("kind", ["mapping", "frame", "arrow", "pandas", "polars"])
def test_a_search_on_a_frame_predicts_frames_by_their_names(kind: str, tmp_path: Any) -> None:
    frame, other = customers(kind)
    age = np.asarray(customers("mapping")[0]["age"])
    found = search(frame, Series(age * 2, "worth"), **QUICK)
    model = found.compact_predictor
    assert model.target_names == ("worth",)
    assert model.feature_names == (
        "age", "income", "town=Bonn", "town=Rome", "since:days", "since:month", "since:weekday", "married",
    )  # fmt: skip
    predicted = found.predict(frame)
    assert predicted.shape == (60,)
    np.testing.assert_array_equal(found.predict(other), predicted)
    model.save(tmp_path / "m.npz")
    np.testing.assert_array_equal(Predictor.load(tmp_path / "m.npz").predict(other), predicted)
    assert model.score(other, age * 2) == model.score(frame, Series(age * 2, "worth"))
    # The encoder is fitted to the training part alone.
    training = model.rows["training"]
    assert model.inputs.mean[0] == pytest.approx(age[training].mean())


def test_names_are_checked() -> None:
    frame, _ = customers("mapping")
    numbers = {name: frame[name] for name in ("age", "income")}
    model = search(numbers, frame["age"], **QUICK).predictor
    assert (model.encoder, model.feature_names) == (None, ("age", "income"))
    swapped = dict(reversed(numbers.items()))
    np.testing.assert_array_equal(model.predict(swapped), model.predict(numbers))
    np.testing.assert_array_equal(model.predict(np.c_[frame["age"], frame["income"]]), model.predict(numbers))
    with pytest.raises(InvalidInputError, match="has no column 'income'; it has 'age'"):
        model.predict({"age": frame["age"]})
    with pytest.raises(InvalidInputError, match="X has columns that the model was not made from: 'z'"):
        model.predict({**numbers, "z": frame["age"]})
    with pytest.raises(InvalidInputError, match="column 'age', row 1: 'old' is text in a numeric column"):
        model.predict({"age": ["old", "1"], "income": [1.0, 2.0]})
    raw = search(frame, frame["age"], **QUICK).predictor
    with pytest.raises(InvalidInputError, match="has no column 'married'"):
        raw.predict({name: frame[name] for name in ("age", "income", "town", "since")})
    with pytest.raises(InvalidInputError, match="not made from: 'z'"):
        raw.predict({**frame, "z": frame["age"]})
    # A model of arrays takes any names, by position.
    nameless = search(np.c_[frame["age"], frame["income"]], frame["age"], **QUICK).predictor
    np.testing.assert_array_equal(nameless.predict(numbers), model.predict(numbers))


def test_rows_of_an_array_go_through_the_encoder_by_position() -> None:
    frame = {"a": [1.0, 2.0, 3.0, 4.0], "id": ["p", "q", "r", "s"], "town": ["Rome", "Bonn", "Rome", "Bonn"]}
    given = framed(frame)
    assert given.names == ("a", "town=Bonn", "town=Rome")
    rows = np.array([[5.0, "x", "Rome"]], dtype=object)
    assert features_of(rows, given.encoder, given.names, 3).tolist() == [[5, 0, 1]]
    assert features_of(rows[:, [0, 2]], given.encoder, given.names, 3).tolist() == [[5, 0, 1]]
    with pytest.raises(InvalidInputError, match=r"X must have 2 column\(s\): 'a', 'town'; got shape \(1, 1\)"):
        features_of(rows[:, :1], given.encoder, given.names, 3)


def test_a_frame_of_numbers_gives_the_same_bits_as_its_array() -> None:
    x = np.random.default_rng(0).normal(size=(40, 3))
    x[:, 2] = 5.0
    y = np.abs(x[:, 0])
    data = [prepare(X, y, "auto", None, 0.2, True, 0) for X in (x, {name: x[:, k] for k, name in enumerate("abc")})]
    np.testing.assert_array_equal(data[0].x, data[1].x)
    np.testing.assert_array_equal(data[0].x_valid, data[1].x_valid)
    assert (data[0].feature_names, data[1].feature_names) == ((), ("a", "b", "c"))


def test_gaps_of_a_frame_are_filled_by_the_training_part() -> None:
    x = np.random.default_rng(0).normal(size=40)
    x[3] = np.nan
    data = prepare({"a": x, "b": np.arange(40.0)}, np.arange(40) % 7 / 3, "auto", None, 0.2, True, 0)
    assert data.feature_names == ("a", "a:missing", "b")
    assert data.encoder is not None
    present = x[data.training_rows]
    assert data.encoder.columns[0].fill == (np.median(present[~np.isnan(present)]),)


def test_validation_data_are_taken_by_name() -> None:
    frame, _ = customers("mapping")
    y = np.arange(60) / 7
    other = dict(reversed(frame.items()))
    data = prepare(frame, y, "auto", (other, y), 0.2, True, 0)
    np.testing.assert_array_equal(data.x, data.x_valid)
    np.testing.assert_allclose(data.validation[0], data.inputs.inverse_transform(data.x), rtol=1e-12)


@pytest.mark.parametrize(
    ("y", "classes"),
    [
        (np.array([0, 1, 1, 0] * 5)[:, None], (0, 1)),
        (np.array(["a", "b"] * 10)[:, None], ("a", "b")),
        ({"label": ["a", "b"] * 10}, ("a", "b")),
        (np.eye(2)[[0, 1] * 10], (0, 1)),
        (np.eye(3, dtype=bool)[[0, 1, 2, 1] * 5], (0, 1, 2)),
        ({"cat": [1, 0] * 10, "dog": [0, 1] * 10}, ("cat", "dog")),
        (Series(["a", "b"] * 10, "label"), ("a", "b")),
    ],
)
def test_labels_in_columns_are_labels(y: Any, classes: tuple[Any, ...]) -> None:
    """A column vector is a vector, and one-hot rows are classes."""
    x = np.random.default_rng(0).normal(size=(20, 2))
    data = prepare(x, y, "auto", None, 0.2, True, 0)
    assert (data.task, data.classes) == ("classification", classes)


def test_targets_that_are_no_indicators_stay_numbers() -> None:
    x = np.random.default_rng(0).normal(size=(20, 2))
    several = np.array([[1, 1], [0, 1], [1, 0], [0, 0]] * 5)
    assert labels_of_indicators(several, ()) is None
    assert prepare(x, several, "auto", None, 0.2, True, 0).task == "multilabel"
    assert prepare(x, np.eye(2)[[0, 1] * 10], "regression", None, 0.2, True, 0).task == "regression"
    data = prepare(x, {"u": x[:, 0], "v": x[:, 1]}, "auto", None, 0.2, True, 0)
    assert (data.target_names, data.y.shape[1]) == (("u", "v"), 2)
    assert target_names_of([1, 2]) == target_names_of(Series([1], "")) == ()
    assert target_array([[1], [2]]).tolist() == [1, 2]


def test_columns_of_any_library_become_plain_vectors() -> None:
    zone = timezone(timedelta(hours=2))
    assert typed([1, None, 2.5], "c").tolist()[::2] == [1, 2.5]
    assert typed([Decimal("1.5"), Decimal(2)], "c").tolist() == [1.5, 2]
    assert typed([True, None], "c").tolist() == ["True", None]
    assert typed(["a ", None, float("nan"), ""], "c").tolist() == ["a", None, None, None]
    assert typed([date(2020, 1, 1), None], "c").astype(str).tolist() == ["2020-01-01T00:00:00.000000", "NaT"]
    assert typed([datetime(2020, 1, 1, 2, tzinfo=zone)], "c").astype(str).tolist() == ["2020-01-01T00:00:00.000000"]
    assert typed(np.array([1, "x", 2.0], dtype=object), "c").tolist() == ["1", "x", "2"]
    for wrong in ([[1], [2]], [object()], np.ones((2, 2)), np.ones(2, complex)):
        with pytest.raises(InvalidInputError, match="column 'c' must"):
            typed(wrong, "c")
    with pytest.raises(InvalidInputError, match="must be equally long"):
        as_table({"a": [1, 2], "b": [1]})


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_columns_of_these_libraries(library: str) -> None:
    frames = pytest.importorskip(library)
    columns = {
        "i": [1, None, 3],
        "t": ["a", None, "b"],
        "b": [True, None, False],
        "d": [date(2020, 1, 1), None, date(2020, 1, 2)],
    }
    frame = frames.DataFrame(columns)
    if library == "pandas":
        frame = frame.astype({"i": "Int64", "t": "category", "b": "boolean", "d": "datetime64[ns]"})
    table = as_table(frame)
    assert table["t"].tolist() == ["a", None, "b"]
    assert table["b"].tolist() == ["True", None, "False"]
    np.testing.assert_array_equal(table["i"], [1, np.nan, 3])
    assert table["d"].astype("datetime64[D]").astype(str).tolist() == ["2020-01-01", "NaT", "2020-01-02"]


def test_equal_or_mixed_names_are_refused() -> None:
    class Twice(Frame):
        @property
        def columns(self) -> list[Any]:
            return self.data["names"]

    with pytest.raises(InvalidInputError, match="more than one column is called 'a'"):
        framed(Twice({"names": ["a", "a"]}))
    with pytest.raises(InvalidInputError, match="must be text, all or none"):
        framed(Twice({"names": ["a", 1]}))
