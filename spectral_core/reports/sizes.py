"""The picture of the score against the size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from spectral_core.reports.style import (
    COLOURS,
    FAINT,
    Target,
    checked_axes,
    figure_file,
    heading,
    legend_above,
    plain_log,
)
from spectral_core.wording import counted

BARS = "bars: error of the difference from the best"


def curve_picture(
    path: Target | None,
    points: Sequence[Mapping[str, Any]],
    score: str,
    *,
    title: str = "",
    constant: float | None = None,
    ax: Any = None,
) -> Any:
    """Draw the validation score against the number of weights (log scale), with the best and the chosen size.

    The bars are standard errors of the difference from the best size.

    Parameters
    ----------
    path : the picture, PNG unless it ends in .svg or .pdf; written whole or not at all. None writes no file.
    points : ``weights``, ``neurons``, ``score``, ``error``, ``best`` and ``chosen`` of each size, the smallest first.
    score : the name of the score.
    constant : the score of the best constant, a line where it is near the curve.
    ax : axes of matplotlib to draw into.

    Returns
    -------
    The figure.
    """
    if checked_axes(path, ax) is not None:
        _curve(ax, points, score, constant)
        return ax.figure
    with figure_file(path, 7.0, 4.4, layout="constrained") as figure:
        heading(figure, title)
        _curve(figure.subplots(), points, score, constant)
    return figure


def _curve(axes: Any, points: Sequence[Mapping[str, Any]], score: str, constant: float | None) -> None:
    """The panel of `curve_picture`."""
    weights, scores, errors = (
        np.array([point[name] for point in points], np.float64) for name in ("weights", "score", "error")
    )
    places = np.maximum(weights, 0.5)  # a network without weights has a place on the log scale
    best, chosen = (next(i for i, point in enumerate(points) if point[name]) for name in ("best", "chosen"))
    named = (
        f"chosen: {counted(points[chosen]['weights'], 'weight')}, {counted(points[chosen]['neurons'], 'hidden neuron')}"
    )
    axes.errorbar(places, scores, yerr=errors, color=COLOURS[0], marker="o", ms=4, lw=1.4, capsize=2, label=BARS)
    axes.set_xscale("log")
    plain_log(axes.xaxis, places.min(), places.max())
    for i, marker, colour, label in ((best, "s", COLOURS[2], "best"), (chosen, "D", COLOURS[1], named)):
        axes.plot(places[i], scores[i], marker=marker, ms=9, mfc="none", color=colour, ls="", label=label)
    axes.set(xlabel="weights", ylabel=f"{score} on validation rows")
    # The sizes far below the best one are cut off: near it lies what a reader compares.
    low = max(scores.min(), scores[best] - 10 * max(scores[best] - scores[chosen], np.median(errors), 0.01))
    margin = 0.08 * (scores[best] - low + 1e-9)
    axes.set_ylim(low - margin, scores[best] + errors.max() * 0.2 + margin)
    if constant is not None and constant >= low - margin:
        axes.axhline(constant, color=FAINT, lw=0.9, ls="--", label="best constant")
    legend_above(axes, 2)
