"""The figure of the first published experiment: two quantities against α, and the networks that emerge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from spectral_core.experiments.sparcs_first import results
from spectral_core.reports.style import COLOURS, FAINT, INK, MARKERS, Target, figure_file, heading
from spectral_core.wording import counted

Edges = Mapping[tuple[int, int], np.ndarray]

INPUTS = ("x₁", "x₂", "1")


def figure(
    path: Target,
    rows: Sequence[Mapping[str, Any]],
    networks: Mapping[tuple[float, float], Edges],
    compared: bool = True,
) -> None:
    """Draw ‖Γ‖ and mean |λ| against α, the median of the runs with a band from 5 to 95 % of them, and the networks below.

    Parameters
    ----------
    path : the picture, PNG unless it ends in .svg or .pdf; written whole or not at all.
    rows : of the sweep.
    networks : the edges to draw by (β, α).
    compared : draw the reference too.
    """
    betas = sorted({beta for beta, _ in networks})
    columns = max([2, *(sum(b == beta for b, _ in networks) for beta in betas)])
    with figure_file(path, 10.6, 4.4 + 2.3 * len(betas), layout="constrained") as canvas:
        heading(canvas, "From a linear to a quadratic target")
        grid = canvas.add_gridspec(1 + len(betas), 2 * columns, height_ratios=[4.0, *[2.3] * len(betas)])
        panels = [canvas.add_subplot(grid[0, k * columns : (k + 1) * columns]) for k in range(len(results.QUANTITIES))]
        for axes, quantity in zip(panels, results.QUANTITIES, strict=True):
            _curves(axes, rows, quantity, compared)
        handles, labels = panels[0].get_legend_handles_labels()
        if handles:  # one legend for both panels, below them, where it hides no data
            canvas.legend(handles, labels, loc="outside lower left", ncols=3, fontsize=8)
        for row, beta in enumerate(betas, 1):
            for position, (_, alpha) in enumerate(sorted(key for key in networks if key[0] == beta)):
                axes = canvas.add_subplot(grid[row, 2 * position : 2 * position + 2])
                _network(axes, networks[beta, alpha], f"β = {beta:g}, α = {alpha:g}")


def _curves(axes: Any, rows: Sequence[Mapping[str, Any]], quantity: str, compared: bool) -> None:
    """One quantity against α, and the reference with `compared`."""
    name = results.QUANTITIES[quantity]
    reference = results.reference() if compared else []
    for k, curve in enumerate(c for c in results.curves(rows) if c.quantity == quantity):
        colour, marker = COLOURS[k % len(COLOURS)], MARKERS[k % len(MARKERS)]
        most = int(curve.runs.max(initial=0))
        label = f"β = {curve.beta:g}: median of {counted(most, 'run')}, band 5-95 %"
        axes.plot(curve.alphas, curve.medians, color=colour, marker=marker, ms=4, lw=1.3, label=label)
        axes.fill_between(curve.alphas, curve.low, curve.high, color=colour, alpha=0.15, lw=0)
        drawn = set(np.round(curve.alphas, 9).tolist())
        points = [
            (line["alpha"], line[quantity])
            for line in reference
            if line["beta"] == curve.beta and round(line["alpha"], 9) in drawn
        ]
        if points:
            circle = {"s": 70, "facecolors": "none", "edgecolors": colour, "linewidths": 1.3, "zorder": 4}
            label = f"β = {curve.beta:g}: reference, one run each"
            axes.scatter(*zip(*points, strict=True), marker=marker, label=label, **circle)
    axes.set(xlabel="α", ylabel=name, xlim=(-0.03, 1.03))
    axes.set_ylim(bottom=-0.04 * axes.get_ylim()[1])


def _network(axes: Any, edges: Edges, title: str) -> None:
    """Inputs at the bottom, hidden neurons with an edge in the middle, the output on top; skip connections at the sides."""
    from matplotlib.collections import LineCollection

    axes.set(xlim=(-1.25, 1.25), ylim=(-0.25, 2.1))
    axes.set_axis_off()
    hidden = np.flatnonzero(edges[3, 2].any(axis=0))
    axes.set_title(f"{title}\n{counted(len(hidden), 'hidden neuron')}", fontsize=8.5, color=FAINT)
    inputs = np.linspace(-0.8, 0.8, edges[2, 1].shape[1])
    positions = dict(
        zip(hidden.tolist(), np.linspace(-1.1, 1.1, len(hidden)) if len(hidden) > 1 else [0.0], strict=False)
    )
    lines, weights = [], []
    for b, x in positions.items():
        for a in np.flatnonzero(edges[2, 1][b]):
            lines.append([(inputs[a], 0), (x, 1)])
            weights.append(edges[2, 1][b, a])
        lines.append([(x, 1), (0, 2)])
        weights.append(edges[3, 2][0, b])
    for a in np.flatnonzero(edges[3, 1][0]):
        side = 1.2 if inputs[a] > 0 else -1.2
        bend = [(inputs[a] * (1 - t) ** 2 + 2 * side * t * (1 - t), 2 * t) for t in np.linspace(0, 1, 31)]
        lines.append(bend)
        weights.append(edges[3, 1][0, a])
    size = np.abs(weights) / max(np.abs(weights).max(initial=0), 1e-300)
    colours = [COLOURS[1] if w > 0 else COLOURS[0] for w in weights]
    axes.add_collection(LineCollection(lines, linewidths=0.3 + 1.5 * size, colors=colours, alpha=0.7))
    axes.scatter(inputs, np.zeros(len(inputs)), s=14, color=INK, zorder=3)
    axes.scatter([*positions.values()], np.ones(len(positions)), s=5, color=INK, zorder=3)
    axes.scatter([0], [2], s=14, color=INK, zorder=3)
    for x, name in zip(inputs, INPUTS, strict=True):
        axes.text(x, -0.09, name, ha="center", va="top", fontsize=8)
