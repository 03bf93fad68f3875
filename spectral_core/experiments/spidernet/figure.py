"""The figure of SpiderNet in small: accuracy against size, and which operations stay."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from spectral_core.experiments.spidernet.experiment import ARMS, SHARES
from spectral_core.experiments.spidernet.results import summary
from spectral_core.networks.cells import OPERATIONS
from spectral_core.reports.style import COLOURS, MARKERS, Target, figure_file, heading, legend_above, plain_log


def figure(path: Target, rows: Sequence[Mapping[str, Any]]) -> None:
    """Draw accuracy against parameters and against multiply-adds, and the operations of the search over rounds."""
    found = summary(rows)
    with figure_file(path, 12.5, 4.4, layout="constrained") as canvas:
        heading(canvas, "SpiderNet in small: search, chance and a network made by hand")
        panels = canvas.subplots(1, 3)
        for axes, name, label in (
            (panels[0], "parameters", "thousands of parameters of the compact network"),
            (panels[1], "products", "thousands of multiply-adds for an image"),
        ):
            for k, arm in enumerate(ARMS):
                _front(axes, [found[arm, share] for share in SHARES if (arm, share) in found], name, arm, k)
            axes.set_xscale("log")
            low, high = axes.get_xlim()
            plain_log(axes.xaxis, low, high)
            axes.set(xlabel=label, ylabel="test accuracy, %")
        legend_above(panels[0], 4)
        _operations(panels[2], rows)


def _front(axes: Any, points: Sequence[Mapping[str, float]], name: str, arm: str, number: int) -> None:
    """One arm: a point for each share of channels, with the deviation over runs."""
    if points:
        x, y = [point[name] / 1000 for point in points], [point["accuracy"] for point in points]
        spread = [0.0 if point["deviation"] != point["deviation"] else point["deviation"] for point in points]
        style = {"color": COLOURS[number], "marker": MARKERS[number], "ms": 4, "lw": 1.2, "elinewidth": 0.7}
        axes.errorbar(x, y, spread, label=arm, **style)


def _operations(axes: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """How many operations of each kind the searched networks have after each round, a mean over runs."""
    runs = [json.loads(row["rounds"]) for row in rows if row["arm"] == "search" and row.get("rounds")]
    for k, kind in enumerate(OPERATIONS):
        counts = [[sum(kind == gate[3] for gate in turn["gates"]) for turn in run] for run in runs]
        if counts:
            means = [sum(values) / len(counts) for values in zip(*counts, strict=True)]
            axes.plot(range(1, len(means) + 1), means, label=kind, color=COLOURS[k % len(COLOURS)], marker="o", ms=3)
    axes.set(xlabel="round (the last: final training)", ylabel="operations that count", ylim=(0, None))
    axes.xaxis.get_major_locator().set_params(integer=True)
    legend_above(axes, 4)
