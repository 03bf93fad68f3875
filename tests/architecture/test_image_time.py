"""Budgets of time for a search for images."""

from __future__ import annotations

import pytest

from spectral_core.architecture.image_options import ImageSearchOptions
from spectral_core.architecture.image_time import final_epochs, is_short, round_epochs


@pytest.mark.parametrize(
    ("seconds", "wanted"),
    [(10.0, 2), (15.0, 2), (25.0, 1), (31.0, 30 / 31), (1e9, 9600 / 10_000)],
)
def test_rounds_get_a_tenth_of_the_time(seconds: float, wanted: float) -> None:
    """900 s and five trainings, of which four count half: 30 s for the first; at least 150 steps, or an epoch."""
    own = ImageSearchOptions(time=900.0, rounds=4)
    assert round_epochs(own, seconds, 10_000) == pytest.approx(wanted)
    assert round_epochs(own, seconds, 50) <= max(1, wanted)


def test_rounds_with_published_gates_have_no_further_one() -> None:
    own = ImageSearchOptions(time=900.0, rounds=1, gates="published")
    assert round_epochs(own, 180.0, 10**6) == 0.5


def test_one_more_round_must_leave_the_final_training_its_time() -> None:
    """With 1.5 times the seconds expected; without epochs given, three fifths of the budget are left to it."""
    given, free = ImageSearchOptions(time=100.0, final_epochs=4), ImageSearchOptions(time=100.0)
    assert not is_short(given, 10.0, 20.0, 10.0)
    assert is_short(given, 10.0, 20.1, 10.0)
    assert not is_short(free, 10.0, 20.0, None)
    assert is_short(free, 10.0, 20.1, None)
    assert not is_short(ImageSearchOptions(), 1e9, 1e9, 1e9)


def test_the_final_training_takes_what_is_left() -> None:
    """As many epochs as fit, a few hundredths of the time left over; no more than were asked for, and at least one."""
    free = ImageSearchOptions(time=100.0)
    assert final_epochs(free, 0.0, 9.8) == 9
    assert final_epochs(free, 50.0, 5.0) == 9
    assert final_epochs(free, 100.0, 5.0) == final_epochs(free, 300.0, 5.0) == 1
    assert final_epochs(ImageSearchOptions(time=100.0, final_epochs=3), 0.0, 1.0) == 3
