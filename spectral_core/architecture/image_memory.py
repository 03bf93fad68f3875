"""Bytes that a step of an image network takes, counted before the network is made, and budgets of bytes and minutes."""

from __future__ import annotations

import re
from dataclasses import replace

from spectral_core import checks
from spectral_core.errors import InvalidInputError
from spectral_core.networks.image_structure import ImageStructure

VECTORS = 4
"""Vectors of the length of the parameters: values, gradients, both moments of the optimizer."""
STATISTICS = 32
"""Bytes of mean, deviation, scale and shift of a channel."""
BYTES = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}


def step_bytes(structure: ImageStructure, batch: int, itemsize: int = 4) -> int:
    """Bytes of a training step: parameters, gradients and moments, of a batch all values, and the bars that are needed at once.

    Scratch planes of a kernel and the lists of the network, some hundred kilobytes, are not counted.

    Examples
    --------
    >>> from spectral_core import ImageNetwork
    >>> from spectral_core.architecture.image_memory import step_bytes
    >>> step_bytes(ImageNetwork.initialize(4, 1, 3, image=(1, 8, 8)).structure, 64)
    2951952

    By hand: bytes counted. Checked by test_image_memory.test_the_count_is_what_a_step_allocates.
    """
    layout = structure.layout()
    assert layout.tables is not None
    channels = int(layout.tables.values[:, 1].sum())
    planes = batch * (layout.tables.numbers_of_a_sample + layout.tables.bars[1])
    return itemsize * (VECTORS * layout.size + planes) + STATISTICS * channels


def fitting_channels(structure: ImageStructure, batch: int, limit: int) -> int:
    """The most channels with which a network of these cells fits; 0 where one channel does not."""
    channels = structure.channels
    while channels and step_bytes(replace(structure, channels=channels), batch) > limit:
        channels -= 1
    return channels


def most_channels(structure: ImageStructure, batch: int, limit: int | None, parameters: int | None) -> int:
    """The most channels, and no fewer than now, whose parameters and bytes of a step keep within their limits.

    Without a limit of parameters those of now.

    By hand: a number of channels, found by halving. Checked by test_image_search.test_channels_come_before_the_final_training_up_to_the_parameters.
    """

    def fits(channels: int) -> bool:
        wide = replace(structure, channels=channels)
        if limit is not None and step_bytes(wide, batch) > limit:
            return False
        return wide.layout().trained_size <= (parameters or 0)

    least = structure.channels
    if not fits(least + 1):
        return least
    most = least + 2
    while fits(most):
        least, most = most, 2 * most
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (middle, most) if fits(middle) else (least, middle)
    return least


def bytes_of(text: int | str | None) -> int | None:
    """A number of bytes, or a text such as ``1 GB`` or ``500MB``.

    Examples
    --------
    >>> from spectral_core.architecture.image_memory import bytes_of
    >>> bytes_of("1.5 GB"), bytes_of(2000)
    (1500000000, 2000)
    """
    value = _amount(text, "memory", BYTES, "1 GB")
    return None if value is None else int(value)


def seconds_of(text: float | str | None) -> float | None:
    """A number of seconds, or a text such as ``10m``.

    Examples
    --------
    >>> from spectral_core.architecture.image_memory import seconds_of
    >>> seconds_of("10m"), seconds_of(30)
    (600.0, 30.0)
    """
    return _amount(text, "time", SECONDS, "10m")


def _amount(
    given: float | str | None, name: str, units: dict[str, float] | dict[str, int], example: str
) -> float | None:
    """A number, or a text of a number and a unit.

    By hand: units. Checked by test_image_memory.test_budgets_are_texts_or_numbers.
    """
    if given is None:
        return None
    if not isinstance(given, str):
        return checks.real_number(given, name, 0, open_low=True)
    match = re.fullmatch(r"\s*([0-9.]+)\s*([A-Za-z]*)\s*", given)
    unit = match.group(2).lower() if match else "?"
    if match is None or unit not in units or match.group(1).count(".") > 1 or match.group(1) == ".":
        known = ", ".join(one for one in units if one)
        raise InvalidInputError(f"{name} must be a number with a unit ({known}), such as {example!r}; got {given!r}")
    value = float(match.group(1)) * units[unit]
    return checks.real_number(value, name, 0, open_low=True)


def sized(count: float) -> str:
    """Bytes for people.

    Examples
    --------
    >>> from spectral_core.architecture.image_memory import sized
    >>> sized(38_400_000), sized(900)
    ('38.4 MB', '900 bytes')

    By hand: units. Checked by test_image_memory.test_budgets_are_texts_or_numbers.
    """
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("KB", 10**3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count:.0f} bytes"
