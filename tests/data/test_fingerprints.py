"""What identifies rows and files."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from spectral_core.data.fingerprints import Origin, array_hash, file_hash, origin_of, row_prints

TABLES = arrays.arrays(
    np.float64, st.tuples(st.integers(1, 8), st.integers(1, 3)), elements=st.sampled_from([0.0, -0.0, 1.0, 1.5])
)


@given(TABLES, st.booleans())
@settings(deadline=None, max_examples=60)
def test_rows_have_equal_prints_exactly_where_they_are_equal(x: np.ndarray, text: bool) -> None:
    y = np.array(["a", "b"])[(x[:, 0] > 1).astype(int)] if text else x[:, :1] * 2
    prints = row_prints(x, y)
    for i in range(len(x)):
        for j in range(len(x)):
            assert (prints[i] == prints[j]) == bool((x[i] == x[j]).all()), "y follows x"
    order = np.random.default_rng(0).permutation(len(x))
    assert np.array_equal(row_prints(x[order], y[order]), prints[order])


def test_the_target_counts_and_its_type_does_not() -> None:
    x = np.ones((2, 1))
    assert row_prints(x, np.array([1.0, 2.0]))[0] != row_prints(x, np.array([1.0, 2.0]))[1]
    assert np.array_equal(row_prints(x, np.array([1, 2])), row_prints(x, np.array([1, 2], np.int8)))
    assert np.array_equal(row_prints(x, np.array(["a", "b"])), row_prints(x, np.array(["a", "b"], object)))
    assert np.array_equal(row_prints(x, np.array([[1.0], [2.0]])), row_prints(x, np.array([1.0, 2.0])))


def test_a_file_is_known_by_its_bytes_and_a_built_in_set_by_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,b\n" * 1_000_000)
    assert file_hash(path) == hashlib.sha256(path.read_bytes()).hexdigest()
    x, y = np.arange(6.0).reshape(3, 2), np.array(["a", "b", "a"])
    found = origin_of(path, x, y, 3)
    assert (found.source, found.sha256, found.seed) == ("t.csv", file_hash(path), 3)
    built_in = origin_of("wine", x, y, 0)
    assert (built_in.source, built_in.sha256) == ("wine", array_hash(x, y))
    assert array_hash(x, y) != array_hash(x[::-1], y[::-1])


def test_rows_that_were_seen_add_up() -> None:
    origin = Origin(prints={"training": np.array([5, 3], np.uint64)})
    more = origin.having_seen({"training": np.array([7, 5], np.uint64), "validation": np.array([1], np.uint64)})
    asked = np.array([1, 3, 5, 7, 9], np.uint64)
    assert origin.seen(asked, "training").tolist() == [False, True, True, False, False]
    assert more.seen(asked, "training").tolist() == [False, True, True, True, False]
    assert more.seen(asked, "validation").tolist() == [True, False, False, False, False]
    assert not Origin().seen(asked, "training").any()
