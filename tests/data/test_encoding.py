"""The encoder: what a column becomes, against scikit-learn's; its record; the parts it is fitted to."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_core.data.datasets import load
from spectral_core.data.encoding import Encoder
from spectral_core.data.splitting import divided, put_aside, train_test_split
from spectral_core.data.tables import ColumnChoice
from spectral_core.errors import DataFileError, InvalidInputError


def _repeats(texts: list[str | None]) -> bool:
    present = [text for text in texts if text]
    return 1 < len(set(present)) < len(present)


@st.composite
def tables(draw):
    """A column of numbers with gaps, one of texts with gaps, one of truth values."""
    rows = draw(st.integers(6, 30))
    column = st.one_of(st.none(), st.floats(-1e6, 1e6))
    text = st.one_of(st.none(), st.sampled_from(["Rome", "Bonn", "Ulm", "Ghent"]))
    return {
        "number": draw(
            st.lists(column, min_size=rows, max_size=rows).filter(lambda c: len({v for v in c if v is not None}) > 1)
        ),
        "town": draw(st.lists(text, min_size=rows, max_size=rows).filter(_repeats)),
        "flag": draw(st.lists(st.booleans(), min_size=rows, max_size=rows).filter(lambda c: len(set(c)) > 1)),
    }


@settings(deadline=None, max_examples=40)
@given(tables())
def test_it_agrees_with_the_transformers_of_scikit_learn(table) -> None:
    impute = pytest.importorskip("sklearn.impute")
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    compose = pytest.importorskip("sklearn.compose")
    encoder = Encoder.fit(table)
    categories = [name.removeprefix("town=") for name in encoder.feature_names if name.startswith("town=")]
    raw = np.empty((len(table["flag"]), 3), dtype=object)
    raw[:, 0] = [np.nan if v is None else v for v in table["number"]]
    raw[:, 1] = ["missing" if v is None else v for v in table["town"]]
    raw[:, 2] = [float(v) for v in table["flag"]]
    one_hot = preprocessing.OneHotEncoder(categories=[categories], handle_unknown="ignore", sparse_output=False)
    theirs = compose.ColumnTransformer([
        ("number", impute.SimpleImputer(strategy="median", add_indicator=True), [0]),
        ("town", one_hot, [1]),
        ("flag", "passthrough", [2]),
    ])  # fmt: skip
    expected = theirs.fit_transform(raw).astype(float)
    np.testing.assert_array_equal(encoder.transform(table), expected)


@settings(deadline=None, max_examples=40)
@given(tables())
def test_the_record_is_json_and_encodes_the_same(table) -> None:
    encoder = Encoder.fit(table | {"when": [f"2020-01-{1 + k:02}" for k in range(len(table["flag"]))]})
    again = Encoder.from_record(json.loads(json.dumps(encoder.record())))
    assert again == encoder
    table = table | {"when": ["2021-05-06"] * len(table["flag"])}
    np.testing.assert_array_equal(again.transform(table), encoder.transform(table))


def test_a_purely_numeric_table_encodes_as_itself() -> None:
    x = np.random.default_rng(0).normal(size=(20, 3))
    encoder = Encoder.fit({name: x[:, k] for k, name in enumerate("abc")})
    assert encoder.is_identity
    assert encoder.feature_names == encoder.feature_names_in == ("a", "b", "c")
    np.testing.assert_array_equal(encoder.transform(x), x)


def test_rare_and_unseen_categories_are_zero_in_all_features() -> None:
    words = [f"w{k:02}" for k in range(30) for _ in range(30 - k)]
    encoder = Encoder.fit({"word": words})
    assert encoder.feature_names == tuple(f"word=w{k:02}" for k in range(20))
    assert "10 rare ones of 30 are 0 in all of them" in encoder.decisions()[0]["became"]
    assert encoder.transform({"word": ["w03", "w29", "new", None]}).sum(axis=1).tolist() == [1, 0, 0, 0]
    assert encoder.encode({"word": ["w03", "new", "new", None]})[2] == {"word": {"new": 2, "a missing value": 1}}


@pytest.mark.parametrize(
    ("column", "kind", "words"),
    [
        ({"c": ["x"] * 30}, "constant", "it is 'x' in all training rows"),
        ({"c": [5.0] * 30}, "constant", "it is 5 in all"),
        ({"c": [None] * 30}, "empty", "no value"),
        ({"c": [f"C{k}" for k in range(30)]}, "identifier", "30 different texts in 30 rows"),
        ({"c": list(range(30))}, "identifier", "it counts the rows"),
        ({"customer_id": [(7 * k) % 31 for k in range(30)]}, "identifier", "it counts the rows"),
        ({"unnamed1": [k * k for k in range(30)]}, "identifier", "it counts the rows"),
        ({"c": ["2020-01-01"] * 30}, "constant", "the same date"),
    ],
)
def test_columns_that_say_nothing_are_left_out_and_said(column, kind, words) -> None:
    (name,) = column
    encoder = Encoder.fit(column | {"x": np.random.default_rng(0).normal(size=30)})
    decision = encoder.decisions()[0]
    assert (encoder.feature_names, decision["column"], decision["kind"]) == (("x",), name, kind)
    assert "left out" in decision["became"]
    assert words in decision["became"]
    if kind == "identifier":
        kept = Encoder.fit(column | {"x": np.random.default_rng(0).normal(size=30)}, keep=[name])
        assert len(kept.feature_names) > 1


def test_a_lone_column_that_counts_the_rows_is_all_there_is() -> None:
    assert Encoder.fit({"t": list(range(40))}).feature_names == ("t",)
    with pytest.raises(DataFileError, match=r"no column can be a feature: 'c': left out"):
        Encoder.fit({"c": [None, None]})


def test_cells_that_cannot_be_encoded_are_named_together() -> None:
    encoder = Encoder.fit(
        {"a": ["1", "2", "4"], "d": ["2020-01-01", "2020-02-03", "2021-01-01"], "b": ["yes", "no", "no"]}
    )
    bad = {"a": ["oops", None, "inf"], "d": ["2020-01-01", "soon", "2020-01-01"], "b": ["no", "maybe", "yes"]}
    with pytest.raises(InvalidInputError) as caught:
        encoder.transform(bad)
    for part in ("'a', row 1: 'oops' is text", "'a', row 2: the value is missing", "'a', row 3: numbers must be finite",
                 "'d', row 2: 'soon' is no date", "'b', row 2: 'maybe' is neither true nor false"):  # fmt: skip
        assert part in str(caught.value)
    with pytest.raises(DataFileError, match="has no column 'd'; it has 'a', 'b'"):
        encoder.transform({"a": ["1"], "b": ["no"]})


def test_a_file_with_the_other_decimal_sign_is_read_by_its_own() -> None:
    encoder = Encoder.fit({"a": ["0,5", "1,25", "7,125"]})
    assert not encoder.is_identity
    assert encoder.transform({"a": ["0.5", "12.25"]}).tolist() == [[0.5], [12.25]]
    assert encoder.transform({"a": ["1,125", "2"]}).tolist() == [[1.125], [2]]


def test_names_of_features_are_different() -> None:
    encoder = Encoder.fit({"a=b": [1.0, 2.5, 3.0, 4.0], "a": ["b", "c", "b", "c"]})
    assert encoder.feature_names == ("a=b", "a=b'", "a=c")


def test_it_is_fitted_to_the_training_rows_and_keeps_its_readings(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    lines = ["id,value,town,y"]
    for k in range(100):
        value = "" if k % 9 == 0 else f"{generator.normal():.3f}".replace(".", ",")
        lines.append(f'{k},"{value}",{"rare" if k == 50 else "Rome" if k % 2 else "Bonn"},{k / 7:.3f}')
    (tmp_path / "t.csv").write_text("\n".join(lines))
    data = load(tmp_path / "t.csv")
    assert data.feature_names == ("value", "value:missing", "town=Bonn", "town=Rome")
    training, test = train_test_split(data, 0.3, 0)
    assert training.encoder is not None
    assert training.table is not None
    assert training.feature_names == test.feature_names == training.encoder.feature_names
    present = training.table["value"][training.x[:, 1] == 0]
    median = np.median([float(cell.replace(",", ".")) for cell in present])
    assert training.encoder.columns[1].fill == (median,) != data.encoder.columns[1].fill
    np.testing.assert_array_equal(test.x[test.x[:, 1] == 1, 0], median)
    np.testing.assert_array_equal(training.encoder.transform(test.table), test.x)
    np.testing.assert_array_equal(test.y, data.y[test.rows])


@given(st.integers(2, 30), st.floats(0.05, 0.9), st.integers(0, 99))
@settings(deadline=None)
def test_groups_and_times_are_not_torn_apart(groups: int, fraction: float, seed: int) -> None:
    from dataclasses import replace

    from spectral_core.data.dataset import Dataset

    generator = np.random.default_rng(seed)
    y = generator.normal(size=(60, 1))
    data = Dataset("t", y, y, "regression", ("a",), ("y",), weight=np.arange(60.0))
    group = generator.integers(0, groups, 60).astype(str)
    group[:2] = ["0", "1"]
    training, test = train_test_split(replace(data, group=group), fraction, seed)
    assert set(training.group) & set(test.group) == set()
    assert sorted([*training.rows, *test.rows]) == list(range(60))
    np.testing.assert_array_equal(test.weight, test.rows)
    times = generator.integers(0, groups, 60).astype(float)
    times[:2] = [0, 1]
    training, test = train_test_split(replace(data, time=times), fraction, seed)
    assert training.time.max() < test.time.min()
    assert len(training.x) + len(test.x) == 60
    inner, valid = (
        divided(training, put_aside(training, 0.2, generator)) if len(set(training.time)) > 1 else (training, test)
    )
    assert set(inner.rows) | set(valid.rows) <= set(range(60))


def test_splits_that_cannot_be_made_are_refused() -> None:
    from spectral_core.data.dataset import Dataset

    x = np.arange(6.0)[:, None]
    same = Dataset("t", x, x, "regression", ("a",), ("y",), group=np.full(6, "g"))
    with pytest.raises(DataFileError, match="needs at least two; all rows are of the group 'g'"):
        train_test_split(same, 0.3, 0)
    still = Dataset("t", x, x, "regression", ("a",), ("y",), time=np.zeros(6))
    with pytest.raises(DataFileError, match="all rows have the same"):
        train_test_split(still, 0.3, 0)
    last = Dataset(
        "t", x, np.array([0, 0, 0, 0, 1, 1]), "classification", ("a",), ("y",), ("p", "q"), time=np.arange(6.0)
    )
    with pytest.raises(DataFileError, match="the training part has no row of the class 'q'"):
        train_test_split(last, 0.34, 0)


def test_columns_by_their_use(tmp_path: Path) -> None:
    rows = [
        f"{k % 3},{k / 7:.3f},{k % 5},{(k % 4) + 1},2020-01-{k % 28 + 1:02},{k * 1.5},{k / 3:.2f}" for k in range(40)
    ]
    (tmp_path / "t.csv").write_text("site,a,b,w,day,y1,y2\n" + "\n".join(rows))
    choice = ColumnChoice(target=("y1", "y2"), drop=("b",), weight="w", group="site")
    data = load(tmp_path / "t.csv", columns=choice)
    assert (data.feature_names[0], data.target_names, data.y.shape) == ("a", ("y1", "y2"), (40, 2))
    assert data.weight.tolist() == [k % 4 + 1 for k in range(40)]
    assert set(data.group) == {"0", "1", "2"}
    ordered = load(tmp_path / "t.csv", columns=ColumnChoice(target=("y1",), features=("a", "b"), time="day"))
    assert ordered.feature_names == ("a", "b")
    assert ordered.time[1] - ordered.time[0] == 1
    for wrong, message in (
        (ColumnChoice(target=("no",)), "has no column 'no'"),
        (ColumnChoice(drop=("a",), features=("a",)), "'a' has more"),
        (ColumnChoice(weight="day"), "weights must be numbers"),
        (ColumnChoice(time="no"), "has no column 'no'"),
        (ColumnChoice(features=("site", "a", "b", "w", "day", "y1", "y2")), "no column is left for the target"),
        (ColumnChoice(target=("y1",), drop=("site", "a", "b", "w", "day", "y2")), "no column is left for the features"),
    ):
        with pytest.raises((DataFileError, InvalidInputError), match=message):
            load(tmp_path / "t.csv", columns=wrong)
    with pytest.raises(InvalidInputError, match="wine has none; got 'b'"):
        load("wine", columns=ColumnChoice(drop=("b",)))
    (tmp_path / "u.csv").write_text("a,town,y\n1,Rome,0.5\n2,Bonn,1.5\n3,Rome,2.5\n")
    with pytest.raises(DataFileError, match="several targets must be numbers; 'town'"):
        load(tmp_path / "u.csv", columns=ColumnChoice(target=("y", "town")))


def test_the_example_of_the_docstring_prints_what_it_shows() -> None:
    import doctest

    from spectral_core.data import encoding

    assert doctest.testmod(encoding) == (0, 4)


def test_the_median_of_numbers_whose_sum_overflows() -> None:
    encoder = Encoder.fit({"a": [1.5e308, 1.7e308, None], "b": [1.0, 2.0, 4.0]})
    assert encoder.transform({"a": [None], "b": [1.0]}).tolist() == [[1.6e308, 1.0, 1.0]]


def test_numbers_whose_difference_overflows_count_no_rows() -> None:
    encoder = Encoder.fit({"a": [-1.7e308, *np.arange(40.0), 1.7e308]})
    assert encoder.decisions()[0]["became"] == "a number"
