"""The figure of spectral pruning: accuracy against the percentile of trimmed neurons."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from spectral_core.experiments.pruning.methods import METHODS
from spectral_core.experiments.pruning.results import PUBLISHED, authors_data, reference, summary
from spectral_core.reports.style import COLOURS, MARKERS, Target, figure_file, heading, plain_log
from spectral_core.wording import counted

DRAWN = tuple(METHODS)[:7]
"""The methods that are drawn: those without retraining, and *alternate*."""


def figure(path: Target, rows: Sequence[Mapping[str, Any]], compared: bool = True) -> None:
    """Draw accuracy against the share of neurons kept (log scale), a panel for each depth and activation.

    Bars are standard deviations of the runs. Dotted lines are the authors' values; they are drawn with `compared` only.
    """
    dataset = authors_data(rows)
    found, published = summary(rows), reference(dataset) if compared else {}
    accuracy = {key: (mean, deviation) for key, (mean, deviation, _) in found.items()}
    theirs = {key: (mean, math.nan) for key, mean in published.items()}
    depths = sorted({key[0] for key in found})
    activations = list(dict.fromkeys(key[1] for key in found))
    with figure_file(path, 3.4 * len(activations) + 1.4, 2.9 * len(depths) + 1, layout="constrained") as canvas:
        heading(canvas, "Accuracy against neurons kept")
        panels = canvas.subplots(len(depths), len(activations), squeeze=False, sharey=True)
        for r, layers in enumerate(depths):
            for c, activation in enumerate(activations):
                axes = panels[r][c]
                axes.set_title(f"{activation}, {counted(layers, 'hidden layer')}", fontsize=9)
                for k, method in enumerate(DRAWN):
                    style = {
                        "color": COLOURS[k % len(COLOURS)],
                        "marker": MARKERS[k % len(MARKERS)],
                        "ms": 3,
                        "lw": 1.2,
                    }
                    _plot(axes, accuracy, (layers, activation, method), label=method.replace("M15", "refit"), **style)
                for method in PUBLISHED:
                    style = {"color": COLOURS[DRAWN.index(method)], "lw": 0.8, "ls": ":"}
                    _plot(axes, theirs, (layers, activation, method), label=f"{method}, {dataset}, authors", **style)
                xlabel = "% of hidden neurons kept" if r == len(depths) - 1 else ""
                axes.set(xlabel=xlabel, ylabel="accuracy, %" if c == 0 else "", ylim=(0, 101))
                _kept_axis(axes)
        handles, labels = panels[0][0].get_legend_handles_labels()
        canvas.legend(handles, labels, loc="outside right center", fontsize=7.5)


def _plot(axes: Any, values: Mapping[Any, tuple[float, float]], start: tuple[int, str, str], **style: Any) -> None:
    """Plot the values (mean, deviation) whose key starts like this against the share kept, if there are any."""
    points = sorted((100 - key[3], *value) for key, value in values.items() if key[:3] == start and key[3] < 100)
    if points:
        kept, means, deviations = np.array(points, np.float64).T
        axes.errorbar(kept, means, np.nan_to_num(deviations), elinewidth=0.7, **style)


def _kept_axis(axes: Any) -> None:
    """A log axis from all neurons on the left to few on the right."""
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    plain_log(axes.xaxis, low, high)
    axes.set_xlim(high, low)
