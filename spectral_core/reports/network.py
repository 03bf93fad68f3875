"""The picture of a network: layers as columns of dots, blocks as bundles of edges, skip connections as arches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from spectral_core.reports.network_geometry import (
    Pair,
    arch,
    checked_blocks,
    choose_edges,
    connected,
)
from spectral_core.reports.network_plan import Plan, neuron_names, planned
from spectral_core.reports.style import FAINT, INK, Target, checked_axes, figure_file
from spectral_core.wording import counted

TEXT: dict[str, Any] = {"parse_math": False, "zorder": 5}
CONSTANT = "no weight is left: the output is a constant"
DIVERGING = [
    "#004c8c",
    "#6fa3cc",
    "#cfcfcf",
    "#ee9a63",
    "#c23b00",
]  # blue to vermilion, which colour-blind readers can tell apart


def _block_label(pair: Pair, weights: np.ndarray) -> str:
    """The text ``‖W_ij‖ = value``; scaled, so that the squares cannot overflow."""
    i, j = (str(k).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")) for k in pair)
    largest = np.abs(weights).max()
    return f"‖W{i}{',' if max(pair) > 9 else ''}{j}‖ = {_rounded(largest * float(np.linalg.norm(weights / largest)))}"


def _rounded(value: float) -> str:
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e6 else f"{value:.3g}"


def _line_style(relative: np.ndarray) -> tuple[np.ndarray, Any]:
    """Line widths and colours of weights given relative to the largest, from -1 to 1."""
    from matplotlib.colors import LinearSegmentedColormap

    size = np.abs(relative)
    colours = LinearSegmentedColormap.from_list("weights", DIVERGING)(
        0.5 + np.sign(relative) * (0.24 + 0.26 * size**0.6)
    )
    colours[:, 3] = 0.4 + 0.55 * size**0.6
    return 0.5 + 2.4 * size, colours


def network_picture(
    path: Target | None,
    widths: Sequence[int],
    blocks: Mapping[Pair, Any],
    *,
    names: Sequence[str] = (),
    layers: Sequence[int] = (),
    inputs: Sequence[str] = (),
    outputs: Sequence[str] = (),
    title: str = "",
    subtitle: str = "",
    bias: bool = False,
    scale: str = "weight",
    ax: Any = None,
) -> Any:
    """Draw a network: layers as columns of dots, its strongest weights as edges, skip connections as arches.

    Width and colour of an edge show its weight against the largest. A layer of more than 24 neurons shows the ends of
    each block's strongest weights and an even sample of the others; at most 600 edges are drawn, every block at least
    with its strongest. Hollow dots are neurons without any weight, the square one is the bias. Neurons that are left out are
    counted at the place of the gap.

    Parameters
    ----------
    path : the picture, PNG unless it ends in .svg or .pdf; written whole or not at all. None writes no file.
    widths : neurons of layers 1..K, the constant neuron included.
    blocks : {(i, j): W_ij (n_i, n_j)}, layers counted from 1, i > j; zero blocks draw nothing.
    names : the K names under the layers.
    layers : the numbers of the layers in the labels, where they are not 1..K (a compact network).
    inputs, outputs : the names of the neurons of the first layer, without the bias, and of the last.
    bias : the last neuron of layer 1 is the constant 1.
    scale : the name of the scale of colours.
    ax : axes of matplotlib to draw into instead of a figure of its own.

    Returns
    -------
    The figure.

    Raises
    ------
    InvalidInputError : a block's key or shape does not fit the widths, or a weight is not finite.
    MissingDependencyError : matplotlib is not installed.
    """
    n, live = checked_blocks(widths, blocks)
    axes = checked_axes(path, ax)
    labels = {0: neuron_names(inputs, n[0] - bias, "inputs") + ["bias"] * bias}
    labels[len(n) - 1] = neuron_names(outputs, n[-1], "outputs")
    plan = planned(n, live, names, labels, bias, title, subtitle)
    if axes is not None:
        axes.set(xlim=(0, plan.width), ylim=(plan.bottom, plan.top), aspect="equal")
        _draw(axes, plan, live, layers, bias, scale)
        return axes.figure
    with figure_file(path, plan.width, plan.top - plan.bottom) as figure:
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, plan.width), ylim=(plan.bottom, plan.top))
        _draw(axes, plan, live, layers, bias, scale)
    return figure


def _draw(
    axes: Any, plan: Plan, live: Mapping[Pair, np.ndarray], layers: Sequence[int], bias: bool, scale: str
) -> None:
    """Draw everything that is planned, from the edges upwards."""
    axes.set_axis_off()
    axes.text(0.4, plan.top - 0.3, plan.title, size=13, weight="bold", va="top", **TEXT)
    axes.text(0.4, plan.top - 0.3 - plan.title_height, plan.subtitle, size=9.5, color=FAINT, va="top", **TEXT)
    lowest = _draw_edges(axes, plan, live, bias, scale)
    _label_blocks(axes, plan, live, lowest, layers)
    for k, width in enumerate(plan.widths):
        _draw_layer(axes, plan, k, connected(k + 1, width, live)[plan.shown[k]], bias and k == 0)
        _draw_names(axes, plan, k)
        if len(plan.shown[k]) < width:
            box = {"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.85}
            more = f"{width - len(plan.shown[k]):,} more"
            axes.text(plan.x[k], plan.ellipses[k], "⋮", size=12, color=FAINT, ha="center", va="center", **TEXT)
            axes.text(plan.x[k] + 0.1, plan.ellipses[k], more, size=7.5, color=FAINT, va="center", bbox=box, **TEXT)
        for row, line in enumerate(plan.captions[k]):
            axes.text(plan.x[k], -plan.half - 0.55 - 0.19 * row, line, size=9.5, ha="center", **TEXT)


def _draw_names(axes: Any, plan: Plan, k: int) -> None:
    """Write the names of neurons: those of the inputs to the left, those of the outputs to the right."""
    side = -1 if k == 0 else 1
    for place, neuron in enumerate(plan.shown[k].tolist()):
        text = plan.labels[k][neuron] if k in plan.labels else ""
        if text:
            x, y = plan.x[k] + 0.16 * side, plan.heights[k][place]
            axes.text(x, y, text, size=8.5, ha="right" if side < 0 else "left", va="center", **TEXT)


def _label_blocks(
    axes: Any, plan: Plan, live: Mapping[Pair, np.ndarray], lowest: Mapping[Pair, float], layers: Sequence[int]
) -> None:
    """Write the norm of each block above its arch or below its edges."""
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.85}
    for (i, j), weights in live.items():
        y = plan.peaks[i, j] + 0.17 if (i, j) in plan.peaks else lowest[i, j] - 0.18
        label = _block_label((layers[i - 1], layers[j - 1]) if layers else (i, j), weights)
        middle = (plan.x[i - 1] + plan.x[j - 1]) / 2
        axes.text(middle, y, label, size=8.5, ha="center", va="center", bbox=box, **TEXT)


def _draw_layer(axes: Any, plan: Plan, k: int, used: np.ndarray, bias: bool) -> None:
    """Draw the neurons of layer k: filled if `used`; the bias, the last one, as a square."""
    y = plan.heights[k]
    pitch = np.diff(-y).min() if len(y) > 1 else 0.34
    area = (72 * min(0.55 * pitch, 0.13)) ** 2
    is_bias = (np.arange(len(y)) == len(y) - 1) & bias
    for marker, here in (("o", ~is_bias), ("s", is_bias)):
        face, edge = np.where(used[here], INK, "white"), np.where(used[here], INK, "#a0a0a0")
        x = np.full(here.sum(), plan.x[k])
        axes.scatter(x, y[here], s=area, c=face, marker=marker, edgecolors=edge, linewidths=0.8, zorder=4)


def _draw_edges(axes: Any, plan: Plan, live: Mapping[Pair, np.ndarray], bias: bool, scale: str) -> dict[Pair, float]:
    """Draw edges as one collection, the strongest on top, and their legend; returns the height below each block's edges."""
    from matplotlib.collections import LineCollection

    seen = {(i, j): weights[np.ix_(plan.shown[i - 1], plan.shown[j - 1])] for (i, j), weights in live.items()}
    curves, values, lowest = [], [], dict.fromkeys(live, np.inf)
    for (i, j), indices in choose_edges(seen).items():
        for index in indices:
            a, b = divmod(int(index), len(plan.shown[j - 1]))
            start, end = (plan.x[j - 1], plan.heights[j - 1][b]), (plan.x[i - 1], plan.heights[i - 1][a])
            peak = plan.peaks.get((i, j), 0.0) + 0.02 * (start[1] + end[1])  # a narrow band in the order of its ends
            curves.append(arch(start, end, peak, i - j) if i - j > 1 else np.array([start, end]))
            values.append(seen[i, j][a, b])
            fall = 0.4 * abs(end[1] - start[1]) / (end[0] - start[0])  # over half the width of a label
            lowest[i, j] = min(lowest[i, j], (start[1] + end[1]) / 2 - fall)
    total = sum(int(np.count_nonzero(weights)) for weights in live.values())
    part = f"{len(values):,} of {counted(total, 'weight')} drawn"
    note = part if len(values) < total else counted(total, "weight")
    note += ", biases included" * bias * bool(total)
    bottom, right = axes.get_ylim()[0] + 0.36, axes.get_xlim()[1] - 0.4
    if not total:  # at the place of the scale, which has nothing to show
        axes.text(0.4, bottom, CONSTANT, size=9.5, va="center", **TEXT)
    axes.text(right, bottom, note, size=8, color=FAINT, ha="right", va="center")
    if values:
        largest = max(float(np.abs(weights).max()) for weights in live.values())
        order = np.argsort(np.abs(values), kind="stable")
        widths, colours = _line_style(np.array(values)[order] / largest)
        lines = [curves[k] for k in order]
        axes.add_collection(LineCollection(lines, linewidths=widths, colors=colours, capstyle="round"))
        _draw_legend(axes, bottom, largest, scale)
    return lowest


def _draw_legend(axes: Any, bottom: float, largest: float, scale: str) -> None:
    """Draw the scale of widths and colours from -largest to +largest."""
    from matplotlib.collections import LineCollection

    ramp = np.linspace(-1, 1, 121)
    widths, colours = _line_style(ramp)
    colours = colours[:, :3] * colours[:, 3:] + 1 - colours[:, 3:]  # on white, so that the pieces may overlap
    pieces = [[(u, bottom), (u + 0.02, bottom)] for u in 1.7 + 0.7 * ramp]
    axes.add_collection(LineCollection(pieces, linewidths=2 * widths, colors=colours, capstyle="butt"))
    axes.text(0.93, bottom, f"−{_rounded(largest)}", size=8, color=FAINT, ha="right", va="center")
    axes.text(2.5, bottom, f"+{_rounded(largest)}", size=8, color=FAINT, va="center")
    axes.text(1.7, bottom + 0.12, scale, size=8, color=FAINT, ha="center", va="bottom", **TEXT)
