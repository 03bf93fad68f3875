"""A row of the tables: question, figure, target, met or not."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

Row = dict[str, Any]


def row(
    question: str,
    figure: float,
    unit: str = "",
    note: str = "-",
    *,
    at_most: float | None = None,
    at_least: float | None = None,
    spread: tuple[float, float] | None = None,
) -> Row:
    """`note` stands where there is no target: a reference, or what the figure is not comparable in."""
    target, met = note, None
    if at_most is not None:
        target, met = f"at most {at_most:g}", figure <= at_most
    if at_least is not None:
        target, met = f"at least {at_least:g}", figure >= at_least
    if target != note and note != "-":
        target += f" ({note})"
    return {
        "question": question,
        "figure": float(figure),
        "spread": list(spread) if spread else None,
        "unit": unit,
        "target": target,
        "met": None if met is None else bool(met),
    }


def timed(question: str, seconds: Sequence[float], unit: str = "µs", **options: Any) -> Row:
    """Median and spread of some times."""
    values = [value * {"s": 1, "ms": 1e3, "µs": 1e6}[unit] for value in seconds]
    return row(question, statistics.median(values), unit, spread=(min(values), max(values)), **options)
