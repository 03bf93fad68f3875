"""Random numbers that are functions of a key and a counter: no number depends on the one before (SplitMix64).

Steele, Lea and Flood, OOPSLA 2014.
"""

from __future__ import annotations

import numpy as np

_GOLDEN, _FIRST, _SECOND = (np.uint64(c) for c in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))


def key_of(*numbers: int) -> np.uint64:
    """64 bits for numbers of any size: a seed, and what it is used for."""
    return np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0]


def words(key: np.uint64, first: int, count: int) -> np.ndarray:
    """32 random bits for each of the counters first, first + 1, ... (count,), uint32.

    By hand: a generator of random bits, as in `shuffling`. Checked by test_image_network.test_drop_path_keeps_the_share_that_it_should.
    """
    counters = np.arange(first + 1, first + count + 1, dtype=np.uint64)
    z = key + counters * _GOLDEN
    z = (z ^ (z >> np.uint64(30))) * _FIRST
    z = (z ^ (z >> np.uint64(27))) * _SECOND
    return ((z ^ (z >> np.uint64(31))) >> np.uint64(32)).astype(np.uint32)
