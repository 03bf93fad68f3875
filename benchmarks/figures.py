"""From seconds to figures: medians, ratios, exponents."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence


def ratio(theirs: Sequence[float], ours: Sequence[float]) -> tuple[float, tuple[float, float]]:
    """Ratio of the medians; the least and the greatest ratio of two turns side by side."""
    pairs = [a / b for a, b in zip(theirs, ours, strict=True)]
    return statistics.median(theirs) / statistics.median(ours), (min(pairs), max(pairs))


def exponent(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """p of seconds ~ size^p: the slope of the least-squares line through the logarithms."""
    return statistics.linear_regression([math.log(s) for s in sizes], [math.log(s) for s in seconds]).slope


def best(by_threads: dict[int, Sequence[float]]) -> int:
    """The number of threads with the least median."""
    return min(by_threads, key=lambda threads: statistics.median(by_threads[threads]))
