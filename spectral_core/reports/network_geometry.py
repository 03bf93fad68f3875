"""Which neurons and edges of a network are drawn, and where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.errors import InvalidInputError

Pair = tuple[int, int]

DOTS = 24
"""Neurons drawn in a layer."""
EDGES, EDGES_PER_BLOCK = 600, 12
"""Edges drawn in all, and edges that every block may draw."""


def strongest(weights: np.ndarray, count: int) -> np.ndarray:
    """Flat indices of the `count` largest |w| other than 0, the largest first."""
    size = np.abs(weights).ravel()
    first = max(size.size - count, 0)
    indices = np.argpartition(size, first)[first:] if first < size.size else np.arange(0)
    indices = indices[np.lexsort((indices, -size[indices]))]
    return indices[size[indices] > 0]


def shown_neurons(widths: Sequence[int], blocks: Mapping[Pair, np.ndarray], bias: bool = False) -> list[np.ndarray]:
    """The neurons drawn in each layer: the ends of each block's strongest weights, then an even sample of the rest."""
    seats = max(DOTS, len(widths))  # a seat for the strongest weight of every block, and for the bias
    taken: list[set[int]] = [{widths[0] - 1} if bias else set(), *(set() for _ in widths[1:])]
    ranked = {pair: [divmod(int(k), w.shape[1]) for k in strongest(w, 2 * seats)] for pair, w in sorted(blocks.items())}
    for rank in range(2 * seats):
        for (i, j), weights in ranked.items():
            ends = [(i - 1, weights[rank][0]), (j - 1, weights[rank][1])] if rank < len(weights) else []
            if all(h in taken[layer] or len(taken[layer]) < seats for layer, h in ends):
                for layer, h in ends:
                    taken[layer].add(h)
    shown = []
    for width, chosen in zip(widths, taken, strict=True):
        others = np.setdiff1d(np.arange(width), list(chosen))
        free = min(seats - len(chosen), len(others))
        even = others[np.linspace(0, len(others) - 1, free).round().astype(int)] if free else others[:0]
        shown.append(np.sort(np.concatenate([np.array(sorted(chosen), int), even])))
    return shown


def choose_edges(
    blocks: Mapping[Pair, np.ndarray], limit: int = EDGES, floor: int = EDGES_PER_BLOCK
) -> dict[Pair, np.ndarray]:
    """Flat indices of the edges to draw: each block's `floor` strongest, then the strongest of all, up to `limit`."""
    floor = min(floor, max(limit // max(len(blocks), 1), 1))
    ranked = {pair: strongest(w, max(limit, floor)) for pair, w in sorted(blocks.items())}
    owner = np.repeat(np.arange(len(ranked)), [len(indices[floor:]) for indices in ranked.values()])
    rest = [np.abs(blocks[pair]).ravel()[indices[floor:]] for pair, indices in ranked.items()]
    free = limit - sum(len(indices[:floor]) for indices in ranked.values())
    more = np.bincount(owner[strongest(np.concatenate([np.empty(0), *rest]), max(free, 0))], minlength=len(ranked))
    return {pair: indices[: floor + more[k]] for k, (pair, indices) in enumerate(ranked.items())}


def column(dots: int, gap: bool, bias: bool) -> tuple[np.ndarray, float]:
    """Heights of a layer's dots in inches, from the top, centred at 0; and the height of the ellipsis of a `gap`."""
    steps = np.ones(max(dots - 1, 0))
    if gap and dots > 1:
        steps[(dots - 1) // 2] = 3
    if bias and dots > 1:
        steps[-1] = max(steps[-1], 1.7)
    y = -np.concatenate([[0], np.cumsum(steps)]) * min(0.34, 3.7 / max(steps.sum(), 1))
    y -= y.mean() if dots < 2 else (y[0] + y[-1]) / 2
    middle = (dots - 1) // 2
    return y, float(y[middle : middle + 2].mean())


def arch(start: tuple[float, float], end: tuple[float, float], peak: float, span: int) -> np.ndarray:
    """Points (81, 2) of y = c + (peak - c)(1 - |2u - 1|^p), c the chord, 0 <= u <= 1; p grows with the layers spanned.

    So the arch is within 2 % of its peak over every layer in between.
    """
    u = (1 - np.cos(np.linspace(0, np.pi, 81))) / 2
    chord = start[1] + (end[1] - start[1]) * u
    rise = 1 - np.abs(2 * u - 1) ** (2 * (span - 1))
    return np.column_stack([start[0] + (end[0] - start[0]) * u, chord + (peak - chord) * rise])


def arch_levels(pairs: Sequence[Pair]) -> dict[Pair, int]:
    """A level for each skip connection: above those it spans, and no two that overlap on the same one."""
    levels: dict[Pair, int] = {}
    for i, j in sorted(pairs, key=lambda pair: (pair[0] - pair[1], pair)):
        crossed = {level: (a, b) for (a, b), level in levels.items() if a > j and b < i}
        inside = [level for (a, b), level in levels.items() if a <= i and b >= j]
        level = max(inside, default=-1) + 1
        while level in crossed:
            level += 1
        levels[i, j] = level
    return levels


def checked_blocks(widths: Sequence[int], blocks: Mapping[Pair, Any]) -> tuple[list[int], dict[Pair, np.ndarray]]:
    """Widths, and the blocks that are not zero."""
    n = [checks.integer(width, f"widths[{k}]", 1) for k, width in enumerate(widths)]
    if len(n) < 2:
        raise InvalidInputError(f"widths must name at least two layers; got {n}")
    live = {}
    for pair, block in blocks.items():
        whole = isinstance(pair, tuple) and len(pair) == 2 and all(isinstance(k, (int, np.integer)) for k in pair)
        if not whole or not len(n) >= pair[0] > pair[1] >= 1:
            raise InvalidInputError(f"a block's key must be (i, j) with layers {len(n)} >= i > j >= 1; got {pair!r}")
        i, j = int(pair[0]), int(pair[1])
        if np.shape(block) != (n[i - 1], n[j - 1]):
            raise InvalidInputError(f"blocks[{i, j}] must have shape {(n[i - 1], n[j - 1])}; got {np.shape(block)}")
        weights = checks.real_array(block, f"blocks[{i, j}]", np.float64, 2)
        if weights.any():
            live[i, j] = weights
    return n, dict(sorted(live.items()))


def connected(layer: int, width: int, live: Mapping[Pair, np.ndarray]) -> np.ndarray:
    """A mask of the neurons of a layer that have a weight."""
    used = np.zeros(width, bool)
    for (i, j), weights in live.items():
        if layer in (i, j):
            used |= weights.any(axis=1 if layer == i else 0)
    return used
