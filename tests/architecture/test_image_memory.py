"""Bytes of a step, counted and measured, and budgets."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from spectral_core.architecture.image_memory import bytes_of, fitting_channels, seconds_of, sized, step_bytes
from spectral_core.errors import InvalidInputError
from spectral_core.networks.image import ImageNetwork


@pytest.mark.parametrize(("channels", "samples"), [(4, 64), (8, 32)])
def test_the_count_is_what_a_step_allocates(channels: int, samples: int) -> None:
    """The parameters and two moments are there before the step; it adds the gradient, the values and the bars that are needed at once."""
    net = ImageNetwork.initialize(channels, 1, 3, image=(1, 8, 8)).split_edge(0, (0, 1))
    x = np.random.default_rng(0).normal(size=(samples, 1, 8, 8)).astype(np.float32)
    y = np.arange(samples) % 3
    net.loss_and_gradients(x, y)
    tracemalloc.start()
    net.loss_and_gradients(x, y)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    counted = step_bytes(net.structure, samples)
    there = 3 * net.parameters.nbytes
    assert counted <= peak + there <= 1.1 * counted


def test_budgets_are_texts_or_numbers() -> None:
    assert (bytes_of("2 KiB"), bytes_of("1.5mb"), bytes_of(10), bytes_of(None)) == (2048, 1_500_000, 10, None)
    assert (seconds_of("2h"), seconds_of("90"), seconds_of("1.5 min")) == (7200, 90, 90)
    assert [sized(n) for n in (1.5e9, 38_412_000, 900)] == ["1.5 GB", "38.4 MB", "900 bytes"]
    for wrong in ("", "GB", "1 XB", "1.2.3 MB", ".", "-1 MB"):
        with pytest.raises(InvalidInputError, match="memory must be a number with a unit"):
            bytes_of(wrong)
    for number in (0, -1, float("nan")):
        with pytest.raises(InvalidInputError, match="time must be"):
            seconds_of(number)


def test_the_most_channels_that_fit() -> None:
    net = ImageNetwork.initialize(8, 1, 3, image=(1, 8, 8))
    five = step_bytes(ImageNetwork.initialize(5, 1, 3, image=(1, 8, 8)).structure, 16)
    assert fitting_channels(net.structure, 16, five) == 5
    assert fitting_channels(net.structure, 16, 100) == 0
