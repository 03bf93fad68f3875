"""Data sets: what is read equals what was written; every refusal names the file and the place."""

from __future__ import annotations

import gzip
import io
import math
import sys
import zipfile
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from spectral_core.data import datasets
from spectral_core.data.datasets import Dataset, load, load_features, sparcs
from spectral_core.data.splitting import train_test_split
from spectral_core.errors import DataFileError, InvalidInputError, MissingDependencyError

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
pytest.importorskip("sklearn")

HERE = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def csv(folder: Path, text: str | bytes, name: str = "data.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def parquet(folder: Path, columns: dict, name: str = "data.parquet") -> Path:
    pq.write_table(pa.table(columns), folder / name)
    return folder / name


def npz(folder: Path, **arrays) -> Path:
    np.savez(folder / "data.npz", **arrays)
    return folder / "data.npz"


def refusal(source, *, error=DataFileError, **options) -> str:
    """The message of the error; always one line, and it names the file."""
    with pytest.raises(error) as caught:
        load(source, **options)
    message = str(caught.value)
    assert "\n" not in message
    assert Path(source).name in message
    return message


# --- built-in ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "rows", "columns", "classes"),
    [("digits", 1797, 64, 10), ("breast_cancer", 569, 30, 2), ("wine", 178, 13, 3), ("diabetes", 442, 10, 0)],
)
def test_bundled_sets_are_those_of_scikit_learn(name, rows, columns, classes):
    from sklearn import datasets as reference

    bunch = getattr(reference, f"load_{name}")()
    data = load(name)
    assert (data.name, data.x.shape, len(data.feature_names)) == (name, (rows, columns), columns)
    assert data.classes == tuple(range(classes))
    assert data.task == ("classification" if classes else "regression")
    assert data.y.dtype == (np.int64 if classes else np.float64)
    np.testing.assert_array_equal(data.x, bunch.data)
    np.testing.assert_array_equal(data.y.ravel(), bunch.target)
    assert data.y.shape == ((rows,) if classes else (rows, 1))
    assert data.standardize
    assert data.fresh is None


def test_task_of_a_built_in_set_can_be_chosen():
    assert load("digits", task="regression").y.shape == (1797, 1)
    with pytest.raises(InvalidInputError, match="sparcs is a regression"):
        load("sparcs", task="classification")
    with pytest.raises(InvalidInputError, match="sparcs is a regression data set; got task 'multilabel'"):
        load("sparcs", task="multilabel")
    with pytest.raises(
        InvalidInputError, match="task must be one of auto, regression, classification, multilabel; got 'guess'"
    ):
        load("digits", task="guess")
    with pytest.raises(InvalidInputError, match="digits has none; got 'a'"):
        load("digits", target="a")


@HERE
@given(st.floats(0, 1), st.floats(1e-3, 1e4), st.integers(0, 2**40))
def test_sparcs_formula(alpha, beta, seed):
    data = sparcs(alpha, beta, points=5, seed=seed)
    for (a, b), (y,) in zip(data.x.tolist(), data.y.tolist(), strict=True):
        step = math.tanh(beta * (alpha - 0.5))
        expected = 0.5 * (1 - step) * (a + b) / 2 + 0.5 * (1 + step) * (a * a + b * b) / 2
        assert abs(y - expected) <= 1e-14
        assert max(abs(a), abs(b)) <= 1


def test_sparcs_draws_are_reproducible_and_fresh_points_are_others():
    data, again, other = load("sparcs", seed=3), load("sparcs", seed=3), load("sparcs", seed=4)
    assert data.x.shape == (10_000, 2)
    assert data.fresh is not None
    assert not data.standardize
    np.testing.assert_array_equal(data.x, again.x)
    np.testing.assert_array_equal(data.fresh.y, again.fresh.y)
    np.testing.assert_array_equal(data.x, np.random.default_rng(3).uniform(-1, 1, (10_000, 2)))
    np.testing.assert_array_equal(load("sparcs", alpha=0.2, beta=1000.0, seed=3).x, data.x)
    assert data.fresh.x.shape == data.x.shape
    assert not np.isin(data.fresh.x, data.x).any()
    assert not np.isin(other.x, data.x).any()


@pytest.mark.parametrize(
    ("alpha", "beta", "name"), [(-0.1, 5, "alpha"), (1.1, 5, "alpha"), (0.5, 0, "beta"), (0.5, math.nan, "beta")]
)
def test_sparcs_refuses(alpha, beta, name):
    with pytest.raises(InvalidInputError, match=f"^{name} must be"):
        sparcs(alpha, beta)


# --- round trips ------------------------------------------------------------------------------------------------------

numbers = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def tables(draw):
    rows, columns = draw(st.integers(2, 12)), draw(st.integers(1, 4))
    x = draw(hnp.arrays(np.float64, (rows, columns), elements=numbers))
    y = draw(hnp.arrays(np.float64, rows, elements=numbers).filter(lambda y: y.min() < y.max()))
    return x, y


@HERE
@given(tables())
def test_numbers_survive_every_format(tmp_path, table):
    x, y = table
    names = [f"c{k}" for k in range(x.shape[1])] + ["out"]
    rows = [",".join(map(repr, [*a, b])) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    sources = (
        csv(tmp_path, "\n".join([",".join(names), *rows])),
        parquet(tmp_path, dict(zip(names, [*x.T, y], strict=True))),
        npz(tmp_path, X=x, y=y),
    )
    varying = [k for k in range(x.shape[1]) if x[:, k].min() < x[:, k].max()]
    for path in sources:
        data = load(path, task="regression")
        if path.suffix != ".npz" and varying:  # columns that do not vary are left out of tables
            np.testing.assert_array_equal(data.x, x[:, varying])
        else:
            np.testing.assert_array_equal(data.x, x)
        np.testing.assert_array_equal(data.y, y[:, np.newaxis])
        assert data.x.dtype == data.y.dtype == np.float64
        assert data.name == "data"
        np.testing.assert_array_equal(load_features(path, names[:-1]), x)


labels = st.text(st.characters(min_codepoint=97, max_codepoint=122), min_size=3, max_size=6).filter(
    lambda t: t not in ("nan", "null", "inf", "true", "false")
)


@HERE
@given(st.lists(labels, min_size=2, max_size=15).filter(lambda t: len(set(t)) > 1))
def test_labels_survive_every_format(tmp_path, words):
    sources = (
        csv(tmp_path, "a,label\n" + "".join(f"{k},{word}\n" for k, word in enumerate(words))),
        parquet(tmp_path, {"a": range(len(words)), "label": words}),
        parquet(tmp_path, {"a": range(len(words)), "label": pa.array(words).dictionary_encode()}, "dictionary.parquet"),
        npz(tmp_path, X=np.arange(len(words))[:, np.newaxis], y=np.array(words)),
    )
    for path in sources:
        data = load(path)
        assert data.task == "classification"
        assert data.classes == tuple(sorted(set(words)))
        assert [data.classes[k] for k in data.y] == words
        assert data.y.dtype == np.int64


def test_target_column_bools_and_integers(tmp_path):
    path = csv(tmp_path, 'flag,cost,"odd, name"\ntrue,7,1\nfalse,9,2\ntrue,7,3\n')
    data = load(path, target="cost")
    assert data.classes == (7, 9)
    assert data.target_names == ("cost",)
    assert data.feature_names == ("flag", "odd, name")
    np.testing.assert_array_equal(data.x, [[1, 1], [0, 2], [1, 3]])
    np.testing.assert_array_equal(data.y, [0, 1, 0])
    assert load(path, target="flag").classes == (False, True)
    assert load(path, target="flag", task="regression").y.tolist() == [[1], [0], [1]]


def test_parquet_types_and_folder_names(tmp_path):
    folder = tmp_path / "year=2020"
    folder.mkdir()
    decimals = pa.array([Decimal("1.00"), Decimal("2.00"), Decimal("3.00")])
    small = pa.array(np.array([1, 2, 3], np.float16))
    text = pa.array(["1", "2.5", "3"], pa.large_string())
    path = parquet(folder, {"d": decimals, "h": small, "t": text, "y": [0.5, 1.5, 2.5]})
    data = load(path)
    assert data.feature_names == ("d", "h", "t")
    np.testing.assert_array_equal(data.x, [[1, 1, 1], [2, 2, 2.5], [3, 3, 3]])


def test_npz_outputs_and_lower_case(tmp_path):
    x = np.arange(6, dtype=np.float32).reshape(3, 2)
    data = load(npz(tmp_path, x=x, y=np.arange(6).reshape(3, 2)))
    assert data.task == "regression"
    assert data.target_names == ("y1", "y2")
    assert data.feature_names == ("x1", "x2")
    assert data.y.dtype == np.float64
    assert load(npz(tmp_path, X=x, y=[[0], [1], [1]])).classes == (0, 1)
    assert load(npz(tmp_path, X=x, y=[0.0, 1.0, 1.0])).classes == (0, 1)


@pytest.mark.parametrize(
    ("y", "task"),
    [
        (np.arange(20), "classification"),
        (np.arange(21), "regression"),
        (np.arange(20) + 0.5, "regression"),
        (np.arange(20) * 1e300, "regression"),
        (np.arange(21).astype(str), "classification"),
        (np.arange(21) > 3, "classification"),
    ],
)
def test_automatic_task(tmp_path, y, task):
    assert load(npz(tmp_path, X=np.ones((len(y), 1)), y=y)).task == task


def test_csv_types_found_late(tmp_path):
    start = "a,b\n" + "1,2\n" * 100
    data = load(csv(tmp_path, start + "1.5,3\n"))
    assert data.x[-1, 0] == 1.5
    assert "column 'a', row 101: 'oops' is text" in refusal(csv(tmp_path, start + "oops,2\n"))
    assert "row 101 has 3 values; the header has 2 columns" in refusal(csv(tmp_path, start + "1,2,3\n"))


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "is empty"),
        ("\n", "is empty"),
        ("a,b\n", "column names but no rows"),
        ("a\n1\n", "needs a target and at least one feature column; it has 'a'"),
        ("a,b,a,b\n1,2,3,4\n", "more than one column is called 'a', 'b'"),
        ("a,b\n1,2\n2\n", "row 2 has 1 value; the header has 2 columns"),
        (b"a,b\n1,2\n\xff\n", "row 2 has 1 value; the header has 2 columns"),
        ("a,b\n" + "1,2\n3,4\n" * 5 + "x,3\n", "column 'a', row 11: 'x' is text in a numeric column (--missing x if"),
        ('a,b\n1,2\n3,4\n"x\ny",3\n', "column 'a', row 3: 'x\\ny' is text"),
        ("a,b\n1,2\n3,4\n" + "z" * 200 + ",3\n", "row 3: '" + "z" * 39 + "... is text"),
        ("a,b\n1,\n2,2\n", "fewer than two rows have a value in 'b'"),
        ("a,b\n1,\n2,\n", "column 'b': the target has no values"),
        ("a,b\n,1\n,2\n", "no column can be a feature: 'a': left out: no value"),
        ("a,b\n1,2\n-inf,3\n", "column 'a', row 2: numbers must be finite; got -inf"),
        ("a,b\n1,0.5\n2,inf\n", "column 'b', row 2: numbers must be finite; got inf"),
        ("a,b\n1,2024-01-01\n2,2024-01-02\n", "column 'b': the target is a date"),
        ("a,b\n1,7\n2,7\n", "needs at least two classes; all 2 labels are 7"),
        ("a,b\n1,x\n2,x\n", "needs at least two classes; all 2 labels are 'x'"),
        ("a,b\n1,0.5\n2,0.5\n", "needs a target that varies; all 2 rows of 'b' are 0.5"),
    ],
)
def test_csv_refusals(tmp_path, text, expected):
    assert expected in refusal(csv(tmp_path, text))


def test_target_refusals(tmp_path):
    path = csv(tmp_path, ",".join(f"c{k}" for k in range(12)) + "\n" + "1," * 11 + "x\n" + "2," * 11 + "y\n")
    message = refusal(path, target="out")
    assert "has no column 'out'; it has 'c0', 'c1'" in message
    assert message.endswith("'c9', ... (12 in all)")
    assert "column 'c11', row 1: 'x' is text in a numeric column" in refusal(path, task="regression")
    path = csv(tmp_path, "a,b\n1,1\n2,2.5\n")
    assert "classification needs text or whole numbers; column 'b'[1] is 2.5" in refusal(path, task="classification")


def test_file_refusals(tmp_path):
    assert "no such file" in refusal(tmp_path / "none.csv")
    (tmp_path / "folder.csv").mkdir()
    assert "not a file" in refusal(tmp_path / "folder.csv")
    for source in ("digit", "data.json"):
        message = refusal(source)
        assert all(name in message for name in (*datasets.BUILT_IN, ".csv", ".parquet", ".npz"))
    with pytest.raises(InvalidInputError, match="a data set is a built-in name or a path; got 3"):
        load(3)  # type: ignore[arg-type]


def test_parquet_refusals(tmp_path):
    good = parquet(tmp_path, {"a": [1, 2], "b": [1, 2]}).read_bytes()
    for content in (b"", b"not parquet at all", good[:-20], good[: len(good) // 2]):
        assert "cannot be read as a .parquet file" in refusal(csv(tmp_path, content, "bad.parquet"))
    assert "no rows" in refusal(parquet(tmp_path, {"a": pa.array([], pa.int64()), "b": pa.array([], pa.int64())}))
    assert "column 'a': must hold numbers" in refusal(parquet(tmp_path, {"a": [[1], [2]], "b": [1, 2]}))
    assert "row 2: numbers must be finite; got inf" in refusal(parquet(tmp_path, {"a": [1, math.inf], "b": [1, 2]}))
    latin = pa.Array.from_buffers(pa.string(), 2, pa.array([b"x", b"\xe9"]).buffers())
    assert "column 'b': it holds text that is not UTF-8" in refusal(parquet(tmp_path, {"a": [1, 2], "b": latin}))
    words = pa.array(["x", None]).dictionary_encode()
    assert "fewer than two rows have a value in 'b'" in refusal(parquet(tmp_path, {"a": [1, 2], "b": words}))


@pytest.mark.parametrize(
    ("arrays", "expected"),
    [
        ({"y": [1, 2], "z": [1]}, "must hold the arrays X and y; it holds 'y', 'z'"),
        ({"X": [[1.0], [2.0]]}, "must hold the arrays X and y; it holds 'X'"),
        ({}, "it holds nothing"),
        ({"X": [[1.0], [2.0]], "y": [1, 2, 3]}, "X has 2 rows, y must have shape (2,) or (2, outputs); got (3,)"),
        ({"X": [[1.0], [2.0]], "y": 1}, "got ()"),
        ({"X": [1.0, 2.0], "y": [1, 2]}, "X must have 2 dimension(s); got shape (2,)"),
        ({"X": np.ones((2, 0)), "y": [1, 2]}, "X must not be empty"),
        ({"X": [["a"], ["b"]], "y": [1, 2]}, "X must hold numbers"),
        ({"X": [[1.0], [math.nan]], "y": [1, 2]}, "X must be finite; X[1, 0] is nan"),
        ({"X": [[1.0], [2.0]], "y": [1.0, math.inf]}, "y must be finite; y[1] is inf"),
        ({"X": [[1.0], [2.0]], "y": [1j, 2]}, "y must hold real numbers; got complex128"),
        ({"X": np.array([[1], [None]]), "y": [1, 2]}, "Object arrays cannot be loaded"),
        ({"X": [[1.0], [2.0]], "y": np.array(["a", None])}, "Object arrays cannot be loaded"),
        ({"X": [[1.0], [2.0]], "y": [[1, 3], [2, 3]]}, "needs a target that varies; all 2 rows of 'y2' are 3"),
    ],
)
def test_npz_refusals(tmp_path, arrays, expected):
    assert expected in refusal(npz(tmp_path, **arrays))


def test_npz_with_several_outputs_is_no_classification(tmp_path):
    path = npz(tmp_path, X=[[1.0], [2.0]], y=[[1, 3], [2, 4]])
    assert "needs a single target column; y has 2" in refusal(path, task="classification")
    with pytest.raises(InvalidInputError, match="has none; got 'y'"):
        load(path, target="y")


def test_damaged_npz(tmp_path):
    path = npz(tmp_path, X=np.ones((20, 3)), y=np.arange(20))
    good = path.read_bytes()
    lone = io.BytesIO()
    np.save(lone, np.ones(3))
    assert "it holds nothing" in refusal(csv(tmp_path, lone.getvalue(), "lone.npz"))
    for content in (
        b"",
        b"PK\x03\x04 no zip",
        b"text",
        good[: len(good) // 2],
        good[:-10],
        good.replace(b"NUMPY", b"NUMPI"),
    ):
        assert "cannot be read as an NPZ file" in refusal(csv(tmp_path, content, "bad.npz"))
    with zipfile.ZipFile(tmp_path / "zip.npz", "w") as archive:
        archive.writestr("X", "text")
    assert "must hold the arrays X and y" in refusal(tmp_path / "zip.npz")
    with zipfile.ZipFile(tmp_path / "zip.npz", "a") as archive:
        archive.writestr("y", "text")
    assert "X must hold numbers" in refusal(tmp_path / "zip.npz")


@HERE
@given(st.data())
def test_no_damage_escapes_as_another_error(tmp_path, data):
    """Bytes overwritten anywhere: either the file still reads, or it is refused."""
    suffix = data.draw(st.sampled_from([".npz", ".parquet", ".csv"]))
    path = {
        ".npz": lambda: npz(tmp_path, X=[[1.0], [2.0]], y=[1, 2]),
        ".parquet": lambda: parquet(tmp_path, {"a": [1.5, 2.5], "b": ["x", "y"]}),
        ".csv": lambda: csv(tmp_path, "a,b\n1,2.5\n2,x\n"),
    }[suffix]()
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        load(path)
    except DataFileError as error:
        assert "\n" not in str(error)  # noqa: PT017


# --- features for predictions -----------------------------------------------------------------------------------------


def test_features_are_picked_by_name(tmp_path):
    path = csv(tmp_path, "b,note,a\n1,x,2\n3,y,4\n")
    np.testing.assert_array_equal(load_features(path, ("a", "b")), [[2, 1], [4, 3]])
    path = parquet(tmp_path, {"b": [1], "a": [2], "when": ["x"]})
    np.testing.assert_array_equal(load_features(path, ["a"]), [[2]])
    np.testing.assert_array_equal(load_features("wine", load("wine").feature_names), load("wine").x)
    np.testing.assert_array_equal(load_features("sparcs", ("x1", "x2"), seed=2), load("sparcs", seed=2).x)


def test_feature_refusals(tmp_path):
    path = csv(tmp_path, "b,a\n1,2\n4,5\n3,z\n")
    with pytest.raises(DataFileError, match="has no column 'p', 'q'; it has 'b', 'a'"):
        load_features(path, ("p", "q"))
    with pytest.raises(DataFileError, match="column 'a', row 3: 'z' is text"):
        load_features(path, ("a",))
    with pytest.raises(DataFileError, match="wine: the model needs 2 feature columns; X has 13"):
        load_features("wine", ("p", "q"))
    path = npz(tmp_path, X=np.ones((3, 2)))
    assert load_features(path, ("p", "q")).shape == (3, 2)
    with pytest.raises(DataFileError, match="the model needs 3 feature columns; X has 2"):
        load_features(path, ("p", "q", "r"))
    with pytest.raises(DataFileError, match="must hold the arrays X; it holds 'y'"):
        load_features(npz(tmp_path, y=[1]), ("p",))


@pytest.mark.parametrize(
    ("module", "source", "library"),
    [
        ("pyarrow", "data.parquet", "pyarrow"),
        ("pyarrow.parquet", "data.parquet", "pyarrow"),
        ("sklearn.datasets", "wine", "scikit-learn"),
    ],
)
def test_missing_libraries_name_the_extra(tmp_path, monkeypatch, module, source, library):
    csv(tmp_path, "a,b\n1,2\n2,3\n")
    parquet(tmp_path, {"a": [1, 2], "b": [2, 3]})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingDependencyError, match=rf"needs {library}: pip install '\.\[full\]' in the sources"):
        load(source)
    assert load("data.csv").x.tolist() == [[1], [2]]


# --- split ------------------------------------------------------------------------------------------------------------


def rows_of(data: Dataset) -> list[int]:
    return data.x[:, 0].astype(int).tolist()


def numbered(y: np.ndarray, task: str) -> Dataset:
    return Dataset("numbered", np.arange(len(y), dtype=float)[:, np.newaxis], y, task, ("row",), ("y",))


@HERE
@given(
    st.lists(st.integers(0, 4), min_size=2, max_size=60), st.floats(0.01, 0.99), st.integers(0, 2**32), st.booleans()
)
def test_split_is_a_partition_that_keeps_each_class(labels, fraction, seed, classify):
    y = np.array(labels)
    data = numbered(y, "classification") if classify else numbered(y[:, np.newaxis].astype(float), "regression")
    groups = len(set(labels)) if classify else 1
    if groups == len(labels):
        with pytest.raises(InvalidInputError, match=r"numbered: .* cannot be split"):
            train_test_split(data, fraction, seed)
        return
    train, test = train_test_split(data, fraction, seed)
    assert sorted(rows_of(train) + rows_of(test)) == list(range(len(labels)))
    assert len(test.x) == min(max(1, round(fraction * len(labels))), len(labels) - groups)
    for part in (train, test):
        np.testing.assert_array_equal(part.y, data.y[rows_of(part)])
    if classify:
        assert set(train.y.tolist()) == set(labels)
    again = train_test_split(data, fraction, seed)
    assert rows_of(again[1]) == rows_of(test)


def test_split_is_in_proportion_and_depends_on_the_seed():
    data = load("digits")
    train, test = train_test_split(data, 0.2, 1)
    share = np.bincount(test.y) / np.bincount(data.y)
    assert np.all(np.abs(share * np.bincount(data.y) - 0.2 * np.bincount(data.y)) <= 1)
    assert len(test.x) == round(0.2 * 1797)
    assert train.classes == test.classes == data.classes
    other = train_test_split(data, 0.2, 2)[1]
    assert not np.array_equal(other.x, test.x)


def test_every_row_can_land_in_the_test_part():
    data = numbered(np.repeat([0, 1], [3, 9]), "classification")
    seen = {row for seed in range(60) for row in rows_of(train_test_split(data, 0.3, seed)[1])}
    assert seen == set(range(12))


@pytest.mark.parametrize("fraction", [0, 1, -0.5, 1.5, math.nan, "half", True])
def test_split_refuses_fractions(fraction):
    with pytest.raises(InvalidInputError, match="test_fraction must be"):
        train_test_split(numbered(np.array([0, 0, 1]), "classification"), fraction, 0)


# --- IDX --------------------------------------------------------------------------------------------------------------


def idx(values: np.ndarray) -> bytes:
    return bytes([0, 0, 8, values.ndim]) + b"".join(n.to_bytes(4, "big") for n in values.shape) + values.tobytes()


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_images_and_labels_of_idx_files(tmp_path, suffix):
    generator = np.random.default_rng(0)
    images, labels = generator.integers(0, 256, (12, 4, 3), dtype=np.uint8), np.arange(12, dtype=np.uint8) % 3
    for name, values in (("train-images-idx3-ubyte", images), ("train-labels-idx1-ubyte", labels)):
        text = idx(values)
        (tmp_path / (name + suffix)).write_bytes(gzip.compress(text) if suffix else text)
    source = tmp_path / f"train-images-idx3-ubyte{suffix}"
    found = datasets.load(source)
    assert (found.name, found.task, found.classes) == ("train-images", "classification", (0, 1, 2))
    assert np.array_equal(found.x, images.reshape(12, 12))
    assert np.array_equal(found.y, labels)
    assert np.array_equal(datasets.load_features(source, found.feature_names), found.x)


def test_idx_files_that_are_none(tmp_path):
    source, beside = tmp_path / "a-images-idx3-ubyte", tmp_path / "a-labels-idx1-ubyte"
    good = idx(np.zeros((2, 2, 2), np.uint8))
    source.write_bytes(good)
    with pytest.raises(DataFileError, match="a-labels-idx1-ubyte: no such file"):
        datasets.load(source)
    beside.write_bytes(idx(np.zeros(3, np.uint8)))
    with pytest.raises(DataFileError, match=r"as many labels; the shapes are \(2, 2, 2\) and \(3,\)"):
        datasets.load(source)
    source.write_bytes(idx(np.zeros((0, 2, 2), np.uint8)))
    beside.write_bytes(idx(np.zeros(0, np.uint8)))
    with pytest.raises(DataFileError, match="must hold images"):
        datasets.load(source)
    for text, message in (
        (good[:-1], r"announces an array of shape \(2, 2, 2\); behind the header it has 7 bytes"),
        (good[:7], "announces an array of shape"),
        (b"\0\0\x0d" + good[3:], "is no IDX file of bytes"),
        (b"", "is no IDX file of bytes"),
    ):
        source.write_bytes(text)
        with pytest.raises(DataFileError, match=message):
            datasets.load(source)
    (tmp_path / "b-idx3-ubyte.gz").write_bytes(b"no gzip")
    with pytest.raises(DataFileError, match="must have 'images' in its name"):
        datasets.load(tmp_path / "b-idx3-ubyte.gz")
    (tmp_path / "b-images-idx3-ubyte.gz").write_bytes(b"no gzip")
    with pytest.raises(DataFileError, match="cannot be read as an IDX file"):
        datasets.load(tmp_path / "b-images-idx3-ubyte.gz")


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5])
def test_a_test_fraction_at_both_ends_gets_one_rule(fraction: float) -> None:
    rule = rf"^test_fraction must be more than 0 and less than 1; got {fraction}$"
    with pytest.raises(InvalidInputError, match=rule):
        train_test_split(datasets.load("wine"), fraction, 0)
