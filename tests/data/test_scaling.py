"""Standardisation: units do not matter, columns that do not vary become 0."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_core import InvalidInputError
from spectral_core.data.scaling import BLOCK, ROWS, Scaling, power_of_two
from spectral_core.data.splitting import held_out

CHECK = settings(deadline=None, max_examples=60)


@given(st.integers(0, 999), st.integers(-1000, 1000))
@CHECK
def test_a_power_of_two_as_unit_changes_no_digit(seed: int, power: int) -> None:
    generator = np.random.default_rng(seed)
    columns = generator.normal(size=(20, 3)) + generator.normal(size=3) * 10
    plain, moved = Scaling.fit(columns, "X"), Scaling.fit(np.ldexp(columns, power), "X")
    assert np.array_equal(plain.mean, columns.mean(axis=0))
    assert np.array_equal(plain.deviation, columns.std(axis=0))
    assert np.array_equal(moved.mean, np.ldexp(plain.mean, power))
    assert np.array_equal(moved.deviation, np.ldexp(plain.deviation, power))
    assert np.array_equal(moved.transform(np.ldexp(columns, power)), plain.transform(columns))


@pytest.mark.parametrize("value", [0.0, 0.1, -0.3, 1e-170, 1e9, 1e300, -7.0])
@given(other=st.floats(-1e6, 1e6))
@CHECK
def test_a_column_that_does_not_vary_becomes_zero_everywhere(value: float, other: float) -> None:
    columns = np.c_[np.full(60, value), np.arange(60.0)]
    scaling = Scaling.fit(columns, "X")
    assert scaling.constant.tolist() == [True, False]
    assert scaling.transform(np.array([[value, 1.0], [other, 2.0]]))[:, 0].tolist() == [0, 0]
    restored = scaling.inverse_transform(np.array([[3.0, 0.0]]))
    np.testing.assert_allclose(restored, [[value, 29.5]], rtol=1e-14)


def test_what_cannot_be_scaled_is_named() -> None:
    with pytest.raises(InvalidInputError, match=r"y column 1 is too large to be standardised: it reaches 1.7e\+308"):
        Scaling.fit(np.array([[1.0, -1.7e308], [2.0, 1.7e308], [3.0, 1.7e308]]), "y")
    assert np.isfinite(Scaling.fit(np.array([[1e308], [1.5e308]]), "y").deviation).all()


@given(st.floats(5e-324, 1.7e308))
@CHECK
def test_a_power_of_two_is_at_most_the_largest_value_and_more_than_its_half(largest: float) -> None:
    unit = float(power_of_two(np.array([[largest], [-largest]]))[0])
    assert unit <= largest
    assert largest / unit < 2
    assert np.frexp(unit)[0] == 0.5
    assert power_of_two(np.zeros((3, 1))).tolist() == [1]


# --- the held-out part ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_classes_are_held_out_in_proportion(seed: int) -> None:
    labels = np.repeat([0, 1, 2], [50, 30, 7])
    mask = held_out(labels, 87, 0.1, np.random.default_rng(seed))
    assert np.bincount(labels[mask]).tolist() == [5, 3, 1]


@given(st.integers(2, 200), st.floats(0.01, 0.9), st.integers(0, 99))
@CHECK
def test_the_number_of_held_out_samples_is_rounded(rows: int, fraction: float, seed: int) -> None:
    mask = held_out(None, rows, fraction, np.random.default_rng(seed))
    assert mask.sum() == min(max(1, round(fraction * rows)), rows - 1)
    assert held_out(None, 19, 0.3, np.random.default_rng(seed)).sum() == 6


def test_wide_data_are_scaled_as_column_by_column() -> None:
    """Block by block, in the order of the columns; an error names the column by its number."""
    columns = np.random.default_rng(0).normal(size=(30, 2 * BLOCK + 7)) * np.arange(1, 2 * BLOCK + 8)
    whole = Scaling.fit(columns, "X")
    for start in range(0, columns.shape[1] - 1, 2):
        part = Scaling.fit(columns[:, start : start + 2], "X")
        np.testing.assert_array_equal(whole.mean[start : start + 2], part.mean)
        np.testing.assert_array_equal(whole.deviation[start : start + 2], part.deviation)
    columns[:, 50], columns[0, 50] = -1.7e308, 1.7e308
    with pytest.raises(InvalidInputError, match="X column 50 is too large"):
        Scaling.fit(columns, "X")


def test_a_transform_to_another_type_is_the_rounded_one() -> None:
    columns = np.random.default_rng(0).normal(3, 2, (ROWS + 7, 3))
    scaling = Scaling.fit(columns, "X")
    wanted = (columns - scaling.mean) / scaling.deviation
    assert np.array_equal(scaling.transform(columns), wanted)
    assert np.array_equal(scaling.transform(columns, "float32"), wanted.astype("float32"))


def test_columns_of_float32_are_scaled_in_float64() -> None:
    columns = np.random.default_rng(0).normal(3, 2, (50, 3)).astype(np.float32)
    single, double = Scaling.fit(columns, "X"), Scaling.fit(columns.astype(np.float64), "X")
    assert np.array_equal(single.mean, double.mean)
    assert np.array_equal(single.deviation, double.deviation)
    assert np.array_equal(single.transform(columns), double.transform(columns.astype(np.float64)))
