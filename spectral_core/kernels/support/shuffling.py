"""The order of samples: a permutation in which each position is computed by itself, from the key of an epoch.

With 2^b >= n rows, a row number of b bits is cut into two halves. Each round adds (xor) 32 mixed bits of one half to the
other. A round done twice changes nothing, so any number of rounds is a permutation of 0..2^b - 1 (a Feistel network). If
the image of a position is n or more, the permutation is applied again until it is less (cycle walking); that is a
permutation of 0..n-1. Keys come from SplitMix64 at counters (epoch, round). No key depends on the one before, so a block
of a GPU and a CPU find the same mini-batch.

Luby and Rackoff, SIAM J. Comput. 17 (1988); Black and Rogaway, CT-RSA 2002; Steele, Lea and Flood, OOPSLA 2014.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

from spectral_core.kernels.support import cache  # noqa: F401  (imported first, so that Numba can keep this function)

ROUNDS, ROUNDS_OF_MANY, FEW_BITS = 24, 12, 8
"""Up to 2^8 rows need more rounds until all permutations are about equally likely; for some sizes all are even."""
_GOLDEN, _FIRST, _SECOND = (np.uint64(c) for c in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))


def key_of(seed: int) -> int:
    """64 bits for a seed of any size."""
    return int(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0])


def round_keys(key: int | np.ndarray, first_epoch: int, epochs: int) -> np.ndarray:
    """The keys of all rounds (epochs, ROUNDS), uint32; for an array of keys, after its own dimensions.

    By hand: random bits, not numbers. Checked by test_shuffling.test_the_order_is_that_of_plain_integers.
    """
    counters = np.arange(first_epoch * ROUNDS + 1, (first_epoch + epochs) * ROUNDS + 1, dtype=np.uint64)
    z = np.asarray(key, np.uint64)[..., None] + counters * _GOLDEN
    z = (z ^ (z >> np.uint64(30))) * _FIRST
    z = (z ^ (z >> np.uint64(27))) * _SECOND
    z ^= z >> np.uint64(31)
    return (z >> np.uint64(32)).astype(np.uint32).reshape(*np.shape(key), epochs, ROUNDS)


def round_function(device: Callable[[Any], Any]) -> Any:
    """One round on a row number, compiled by the decorator `device`.

    By hand: random bits, not numbers. Checked by test_shuffling.test_the_order_is_that_of_plain_integers.
    """

    def one_round(row, key, odd, bits):  # type: ignore[no-untyped-def]
        low = bits - bits // 2
        half = row >> np.uint32(low) if odd else row & np.uint32((1 << low) - 1)
        # A product of 32 bits each, in 64, keeps its low half without overflow.
        h = np.uint64(half ^ key)
        h = ((h ^ (h >> np.uint64(16))) * np.uint64(0x85EBCA6B)) & np.uint64(0xFFFFFFFF)
        h = ((h ^ (h >> np.uint64(13))) * np.uint64(0xC2B2AE35)) & np.uint64(0xFFFFFFFF)
        h = h ^ (h >> np.uint64(16))
        if odd:
            return np.uint32(row ^ (np.uint32(h) & np.uint32((1 << low) - 1)))
        return np.uint32(row ^ ((np.uint32(h) & np.uint32((1 << (bits // 2)) - 1)) << np.uint32(low)))

    return device(one_round)


_one_round = round_function(njit(nogil=True, forceinline=True))


@njit(cache=True, nogil=True)
def permute(keys, rounds, rows, bits, order):  # type: ignore[no-untyped-def]
    """order = the rows at positions 0, 1, ...; rounds over all of 2^bits at once, so that they are vectorised."""
    image = np.arange(1 << bits).astype(np.uint32)
    for r in range(rounds):
        key, odd = keys[r], r % 2 == 1
        for x in range(image.shape[0]):
            image[x] = _one_round(image[x], key, odd, bits)
    for position in range(order.shape[0]):
        row = image[position]
        while row >= rows:
            row = image[row]
        order[position] = row


def shuffled(key: int, epoch: int, rows: int, used: int) -> np.ndarray:
    """The first `used` of the `rows` in the order of an epoch (used,)."""
    order = np.empty(used, np.int64)
    bits = bits_of(rows)
    permute(round_keys(key, epoch, 1)[0], rounds_of(bits), rows, bits, order)
    return order


def bits_of(rows: int) -> int:
    """The smallest b with 2^b >= rows."""
    return (rows - 1).bit_length()


def rounds_of(bits: int) -> int:
    """The number of rounds."""
    return ROUNDS if bits <= FEW_BITS else ROUNDS_OF_MANY
