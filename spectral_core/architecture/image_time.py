"""A budget of time for a search for images: how many epochs the rounds and the final training get."""

from __future__ import annotations

from spectral_core.architecture.image_options import EPOCHS, ImageSearchOptions

ROUNDS = 0.1
"""The share of a budget that the rounds are to take where their epochs are not given; the final training needs the rest."""
LATER = 0.5
"""What a later round is expected to take of the first, in which no operation is closed yet."""
FINAL = 0.6
"""The least share of a budget that the final training keeps where its epochs are not given."""
RISE = 1.5
"""How much longer than expected a round and a final training of given epochs may take."""
SLACK = 0.97
"""Of the time that is left, the share that the final training is planned for."""
STEPS = 150
"""Steps of a round, at least, or one epoch: fewer close little (docs/experiments/spidernet.md)."""


def round_epochs(own: ImageSearchOptions, seconds: float, images: int) -> float:
    """Epochs of a round, or a share of the images, for a tenth of the budget; `seconds` are those of an epoch of the first.

    By hand: a share of a time. Checked by test_image_time.test_rounds_get_a_tenth_of_the_time.
    """
    budget = ROUNDS * float(own.time or 0) / (1 + LATER * max(0, own.trainings - 1))
    epochs = budget / seconds
    if epochs >= 1:
        return min(EPOCHS, int(epochs))
    return min(1, max(epochs, STEPS * own.batch_size / images))


def is_short(own: ImageSearchOptions, taken: float, round_seconds: float, epoch: float | None) -> bool:
    """Whether one more round and the final training would exceed the budget.

    Parameters
    ----------
    taken, round_seconds, epoch : seconds so far, of one more round, and of an epoch of the final training, where it has a
        given number of them.

    By hand: seconds expected. Checked by test_image_time.test_one_more_round_must_leave_the_final_training_its_time.
    """
    if not isinstance(own.time, float):
        return False
    final = FINAL * own.time if epoch is None else RISE * (own.final_epochs or 0) * epoch
    return taken + RISE * round_seconds + final > own.time


def final_epochs(own: ImageSearchOptions, taken: float, epoch: float) -> int:
    """The epochs of the final training, at least 1: as many as the time leaves, and no more than were asked for.

    By hand: seconds expected. Checked by test_image_time.test_the_final_training_takes_what_is_left.
    """
    possible = max(1, int(SLACK * (float(own.time or 0) - taken) / epoch))
    return possible if own.final_epochs is None else min(possible, own.final_epochs)
