"""Where everything of the picture of a network is drawn."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from spectral_core.errors import InvalidInputError
from spectral_core.reports.network_geometry import Pair, arch_levels, column, shown_neurons

LONGEST_NAME = 24
"""Letters of a neuron's name that are drawn."""


def captions_of(widths: Sequence[int], names: Sequence[str], bias: bool) -> list[list[str]]:
    """Lines under each layer: name and width."""
    hidden = ["hidden"] if len(widths) == 3 else [f"hidden {k}" for k in range(1, len(widths) - 1)]
    names = list(names) or ["input", *hidden, "output"]
    if len(names) != len(widths):
        raise InvalidInputError(f"names must hold {len(widths)} names, one for each layer; got {len(names)}")
    counts = [f"{widths[0] - 1:,} + bias" if bias else f"{widths[0]:,}", *(f"{width:,}" for width in widths[1:])]
    return [[*textwrap.wrap(str(name), 20), count] for name, count in zip(names, counts, strict=True)]


def neuron_names(names: Sequence[str], count: int, what: str) -> list[str]:
    """The names of a layer's neurons, shortened; empty texts where none are given."""
    if len(names) and len(names) != count:
        raise InvalidInputError(f"{what} must hold {count} names, one for each neuron; got {len(names)}")
    texts = [" ".join(str(name).split()) for name in names] or [""] * count
    return [text if len(text) <= LONGEST_NAME else text[: LONGEST_NAME - 1] + "…" for text in texts]


@dataclass(frozen=True, eq=False)
class Plan:
    """Positions in inches. Layer k is at `x[k]`; its neurons `shown[k]` have the heights `heights[k]`, centred at 0."""

    widths: Sequence[int]
    labels: Mapping[int, list[str]]
    width: float
    bottom: float
    top: float
    half: float
    title: str
    subtitle: str
    title_height: float
    captions: list[list[str]]
    shown: list[np.ndarray]
    x: np.ndarray
    heights: list[np.ndarray]
    ellipses: list[float]
    peaks: dict[Pair, float]


def planned(
    n: Sequence[int],
    live: Mapping[Pair, np.ndarray],
    names: Sequence[str],
    labels: Mapping[int, list[str]],
    bias: bool,
    title: str,
    subtitle: str,
) -> Plan:
    """Where everything is drawn."""
    # Layers: the neurons shown, their heights, and the arches above them.
    captions, shown = captions_of(n, names, bias), shown_neurons(n, live, bias)
    columns = [column(len(drawn), len(drawn) < n[k], bias and k == 0) for k, drawn in enumerate(shown)]
    levels = arch_levels([pair for pair in live if pair[0] - pair[1] > 1])
    step = float(np.clip(6 / (max(levels.values(), default=0) + 1), 0.24, 0.42))
    half = max(y[0] for y, _ in columns)
    # The width follows from the captions, the height from titles, arches and captions.
    spacing = max(2.1 if len(n) > 2 else 3.2, 0.1 * max(len(line) for lines in captions for line in lines))
    left, right = (
        max([0.075 * len(labels[k][neuron]) for neuron in shown[k].tolist()], default=0.0) for k in (0, len(n) - 1)
    )
    inner = spacing * (len(n) - 1) + 2.0 + left + right
    width = max(inner, 6.4)
    title, subtitle = textwrap.fill(title, int(width / 0.125)), textwrap.fill(subtitle, int(width / 0.085))
    title_height = 0.26 * len(title.split("\n")) * bool(title)
    subtitle_height = 0.19 * len(subtitle.split("\n")) * bool(subtitle)
    above = title_height + subtitle_height + 0.6 + (0.55 + step * max(levels.values()) if levels else 0)
    return Plan(
        widths=n,
        labels=labels,
        width=width,
        bottom=-half - 1.1 - 0.2 * max(map(len, captions)),
        top=half + above,
        half=half,
        title=title,
        subtitle=subtitle,
        title_height=title_height,
        captions=captions,
        shown=shown,
        x=(width + left - right) / 2 + spacing * (np.arange(len(n)) - (len(n) - 1) / 2),
        heights=[y for y, _ in columns],
        ellipses=[middle for _, middle in columns],
        peaks={pair: half + 0.5 + step * level for pair, level in levels.items()},
    )
