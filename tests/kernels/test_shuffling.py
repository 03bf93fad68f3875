"""The order of samples: a permutation for every number of rows, every key and epoch, all about equally likely."""

from __future__ import annotations

from math import factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from spectral_core.kernels.support import shuffling
from tests.oracles import order_of_samples

SEEDS = st.integers(0, 2**70)
EPOCHS = st.integers(0, 2**40)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 700), SEEDS, EPOCHS)
def test_the_order_is_that_of_plain_integers(rows: int, seed: int, epoch: int) -> None:
    order = shuffling.shuffled(shuffling.key_of(seed), epoch, rows, rows)
    assert order.tolist() == order_of_samples(seed, epoch, rows)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 70_000), SEEDS, EPOCHS, st.data())
def test_every_row_comes_once_and_fewer_are_the_first_ones(
    rows: int, seed: int, epoch: int, data: st.DataObject
) -> None:
    key, used = shuffling.key_of(seed), data.draw(st.integers(1, rows))
    order = shuffling.shuffled(key, epoch, rows, rows)
    np.testing.assert_array_equal(np.sort(order), np.arange(rows))
    np.testing.assert_array_equal(shuffling.shuffled(key, epoch, rows, used), order[:used])


def test_keys_of_several_epochs_are_those_of_each() -> None:
    together = shuffling.round_keys(7, 5, 3)
    assert together.dtype == np.uint32
    for place, epoch in enumerate((5, 6, 7)):
        np.testing.assert_array_equal(together[place], shuffling.round_keys(7, epoch, 1)[0])
    many = shuffling.round_keys(np.array([7, 2**64 - 1], np.uint64), 5, 3)
    np.testing.assert_array_equal(many, [together, shuffling.round_keys(2**64 - 1, 5, 3)])


@pytest.mark.parametrize("rows", [2, 3, 4, 5, 6])
def test_all_permutations_of_a_few_rows_are_about_equally_likely(rows: int) -> None:
    key, times = shuffling.key_of(0), 60 * factorial(rows)
    drawn = [tuple(shuffling.shuffled(key, epoch, rows, rows)) for epoch in range(times)]
    counts = np.unique(np.array(drawn), axis=0, return_counts=True)[1]
    assert len(counts) == factorial(rows)
    assert chisquare(counts).pvalue > 1e-4


@pytest.mark.parametrize("rows", [100, 257, 1000])
def test_places_and_neighbours_are_spread_evenly(rows: int) -> None:
    key = shuffling.key_of(1)
    drawn = np.array([shuffling.shuffled(key, epoch, rows, rows) for epoch in range(40 * rows)])
    for place in (0, rows // 2, rows - 1):
        assert chisquare(np.bincount(drawn[:, place], minlength=rows)).pvalue > 1e-4
    apart = (drawn[:, 1] - drawn[:, 0]) % rows
    assert chisquare(np.bincount(apart, minlength=rows)[1:]).pvalue > 1e-4
    follow = (drawn[1:, 0] - drawn[:-1, 0]) % rows  # of one epoch after the other
    assert chisquare(np.bincount(follow, minlength=rows)).pvalue > 1e-4
    assert abs((drawn == np.arange(rows)).sum(axis=1).mean() - 1) < 0.05
