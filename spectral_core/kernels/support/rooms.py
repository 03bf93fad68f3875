"""Where arrays that are needed at different times lie in one buffer."""

from __future__ import annotations

from collections.abc import Sequence


def places(sizes: Sequence[int], lives: Sequence[tuple[int, int]]) -> tuple[list[int], int]:
    """Where each array begins, and the size of the buffer: an array takes the first room that is free all its life.

    Parameters
    ----------
    sizes : numbers of each array.
    lives : the first and the last time at which each array is needed; two that share a time do not overlap.

    Examples
    --------
    >>> from spectral_core.kernels.support.rooms import places
    >>> places([4, 2, 3], [(0, 1), (1, 2), (2, 3)])  # the third array takes room of the first
    ([0, 4, 0], 6)
    """
    begins, size = [0] * len(sizes), 0
    held: dict[int, tuple[int, int]] = {}
    for array in sorted(range(len(sizes)), key=lambda k: lives[k][0]):
        held = {other: room for other, room in held.items() if lives[other][1] >= lives[array][0]}
        place = 0
        for begin, end in sorted(held.values()):
            if begin - place >= sizes[array]:
                break
            place = max(place, end)
        begins[array], held[array] = place, (place, place + sizes[array])
        size = max(size, place + sizes[array])
    return begins, size
