"""The picture of a network: layers as columns of dots, blocks as bundles of edges, skip connections as arches."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.errors import InvalidInputError
from spectral_core.reports.curves import FAINT, INK, Target, figure_file

Pair = tuple[int, int]

DOTS, EDGES, EDGES_PER_BLOCK = 24, 600, 12  # dots a layer, edges in all, edges that every block may draw
DIVERGING = ["#004c8c", "#6fa3cc", "#cfcfcf", "#ee9a63", "#c23b00"]  # blue to vermilion, apart for the colour-blind too


def strongest(weights: np.ndarray, count: int) -> np.ndarray:
    """Flat indices of the `count` largest |w| other than 0, the largest first."""
    size = np.abs(weights).ravel()
    first = max(size.size - count, 0)
    places = np.argpartition(size, first)[first:] if first < size.size else np.arange(0)
    places = places[np.lexsort((places, -size[places]))]
    return places[size[places] > 0]


def shown_neurons(widths: Sequence[int], blocks: Mapping[Pair, np.ndarray], bias: bool = False) -> list[np.ndarray]:
    """The neurons drawn in each layer: the ends of each block's strongest weights, then an even sample of the rest."""
    seats = max(DOTS, len(widths))  # a seat for the strongest weight of every block, and for the bias
    taken: list[set[int]] = [{widths[0] - 1} if bias else set(), *(set() for _ in widths[1:])]
    ranked = {pair: [divmod(int(k), w.shape[1]) for k in strongest(w, 2 * seats)] for pair, w in sorted(blocks.items())}
    for rank in range(2 * seats):
        for (i, j), places in ranked.items():
            ends = [(i - 1, places[rank][0]), (j - 1, places[rank][1])] if rank < len(places) else []
            if all(h in taken[layer] or len(taken[layer]) < seats for layer, h in ends):
                for layer, h in ends:
                    taken[layer].add(h)
    shown = []
    for width, some in zip(widths, taken, strict=True):
        others = np.setdiff1d(np.arange(width), list(some))
        free = min(seats - len(some), len(others))
        even = others[np.linspace(0, len(others) - 1, free).round().astype(int)] if free else others[:0]
        shown.append(np.sort(np.concatenate([np.array(sorted(some), int), even])))
    return shown


def choose_edges(
    blocks: Mapping[Pair, np.ndarray], limit: int = EDGES, floor: int = EDGES_PER_BLOCK
) -> dict[Pair, np.ndarray]:
    """Flat indices of the edges to draw: each block's `floor` strongest, then the strongest of all, up to `limit`."""
    floor = min(floor, max(limit // max(len(blocks), 1), 1))
    ranked = {pair: strongest(w, max(limit, floor)) for pair, w in sorted(blocks.items())}
    owner = np.repeat(np.arange(len(ranked)), [len(places[floor:]) for places in ranked.values()])
    rest = [np.abs(blocks[pair]).ravel()[places[floor:]] for pair, places in ranked.items()]
    free = limit - sum(len(places[:floor]) for places in ranked.values())
    more = np.bincount(owner[strongest(np.concatenate([np.empty(0), *rest]), max(free, 0))], minlength=len(ranked))
    return {pair: places[: floor + more[k]] for k, (pair, places) in enumerate(ranked.items())}


def column(dots: int, gap: bool, bias: bool) -> tuple[np.ndarray, float]:
    """Heights of a layer's dots in inches, from the top, centred at 0; and where the ellipsis of a `gap` sits."""
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


def _checked(widths: Sequence[int], blocks: Mapping[Pair, Any]) -> tuple[list[int], dict[Pair, np.ndarray]]:
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


def _captions(widths: Sequence[int], names: Sequence[str], bias: bool) -> list[list[str]]:
    """Lines under each layer: name and width."""
    hidden = ["hidden"] if len(widths) == 3 else [f"hidden {k}" for k in range(1, len(widths) - 1)]
    names = list(names) or ["input", *hidden, "output"]
    if len(names) != len(widths):
        raise InvalidInputError(f"names must hold {len(widths)} names, one for each layer; got {len(names)}")
    counts = [f"{widths[0] - 1:,} + bias" if bias else f"{widths[0]:,}", *(f"{width:,}" for width in widths[1:])]
    return [[*textwrap.wrap(str(name), 20), count] for name, count in zip(names, counts, strict=True)]


def _block_label(pair: Pair, weights: np.ndarray) -> str:
    """‖W_ij‖ and its value; scaled, so that the squares cannot overflow."""
    i, j = (str(k).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")) for k in pair)
    largest = np.abs(weights).max()
    return f"‖W{i}{',' if max(pair) > 9 else ''}{j}‖ = {_short(largest * float(np.linalg.norm(weights / largest)))}"


def _short(value: float) -> str:
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e6 else f"{value:.3g}"


def _look(relative: np.ndarray) -> tuple[np.ndarray, Any]:
    """Line widths and colours of weights given relative to the largest, from -1 to 1."""
    from matplotlib.colors import LinearSegmentedColormap

    size = np.abs(relative)
    colours = LinearSegmentedColormap.from_list("weights", DIVERGING)(
        0.5 + np.sign(relative) * (0.24 + 0.26 * size**0.6)
    )
    colours[:, 3] = 0.4 + 0.55 * size**0.6
    return 0.5 + 2.4 * size, colours


def network_picture(
    path: Target,
    widths: Sequence[int],
    blocks: Mapping[Pair, Any],
    *,
    names: Sequence[str] = (),
    layers: Sequence[int] = (),
    title: str = "",
    subtitle: str = "",
    bias: bool = False,
) -> None:
    """Draw a network: layers as columns of dots, its strongest weights as edges, skip connections as arches.

    Width and colour of an edge show its weight against the largest. A layer of more than 24 neurons shows the ends of
    each block's strongest weights and an even sample of the others; at most 600 edges are drawn, every block at least
    with its strongest. Hollow dots are neurons without any weight, the square one is the bias.

    Parameters
    ----------
    path : the picture, PNG unless it ends in .svg or .pdf; written whole or not at all.
    widths : neurons of layers 1..K, the constant neuron included.
    blocks : {(i, j): W_ij (n_i, n_j)}, layers counted from 1, i > j; zero blocks draw nothing.
    names : the K names under the layers.
    layers : the numbers of the layers in the labels, where they are not 1..K (a compact network).
    bias : the last neuron of layer 1 is the constant 1.

    Raises
    ------
    InvalidInputError : a block's key or shape does not fit the widths, or a weight is not finite.
    MissingDependencyError : matplotlib is not installed.
    """
    n, live = _checked(widths, blocks)
    captions, shown = _captions(n, names, bias), shown_neurons(n, live, bias)
    columns = [column(len(some), len(some) < n[k], bias and k == 0) for k, some in enumerate(shown)]
    levels = arch_levels([pair for pair in live if pair[0] - pair[1] > 1])
    step = float(np.clip(6 / (max(levels.values(), default=0) + 1), 0.24, 0.42))
    half = max(y[0] for y, _ in columns)
    spacing = max(2.1 if len(n) > 2 else 3.2, 0.1 * max(len(line) for lines in captions for line in lines))
    width = max(spacing * (len(n) - 1) + 2.0, 6.4)
    head = [textwrap.fill(title, int(width / 0.125)), textwrap.fill(subtitle, int(width / 0.085))]
    used = [0.26 * len(head[0].split("\n")) * bool(title), 0.19 * len(head[1].split("\n")) * bool(subtitle)]
    above = sum(used) + 0.6 + (0.55 + step * max(levels.values()) if levels else 0)
    below = 1.1 + 0.2 * max(map(len, captions))
    x = width / 2 + spacing * (np.arange(len(n)) - (len(n) - 1) / 2)
    with figure_file(path, width, above + 2 * half + below) as figure:
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(-half - below, half + above))
        axes.set_axis_off()
        text = {"parse_math": False, "zorder": 5}
        axes.text(0.4, half + above - 0.3, head[0], size=13, weight="bold", va="top", **text)
        axes.text(0.4, half + above - 0.3 - used[0], head[1], size=9.5, color=FAINT, va="top", **text)
        peaks = {pair: half + 0.5 + step * level for pair, level in levels.items()}
        lowest = _draw_edges(axes, x, [y for y, _ in columns], shown, live, peaks)
        for (i, j), weights in live.items():
            y = peaks[i, j] + 0.17 if (i, j) in peaks else lowest[i, j] - 0.18
            box = {"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.85}
            label = _block_label((layers[i - 1], layers[j - 1]) if layers else (i, j), weights)
            axes.text((x[i - 1] + x[j - 1]) / 2, y, label, size=8.5, ha="center", va="center", bbox=box, **text)
        for k, (y, middle) in enumerate(columns):
            _draw_layer(axes, x[k], y, _connected(k + 1, n[k], live)[shown[k]], bias and k == 0)
            if len(shown[k]) < n[k]:
                axes.text(x[k], middle, "⋮", size=12, color=FAINT, ha="center", va="center", **text)
            for row, line in enumerate(captions[k]):
                axes.text(x[k], -half - 0.55 - 0.19 * row, line, size=9.5, ha="center", **text)


def _connected(layer: int, width: int, live: Mapping[Pair, np.ndarray]) -> np.ndarray:
    """Which neurons of a layer have a weight."""
    used = np.zeros(width, bool)
    for (i, j), weights in live.items():
        if layer in (i, j):
            used |= weights.any(axis=1 if layer == i else 0)
    return used


def _draw_layer(axes: Any, x: float, y: np.ndarray, used: np.ndarray, bias: bool) -> None:
    pitch = np.diff(-y).min() if len(y) > 1 else 0.34
    last = len(y) - 1
    for square in (False, True):
        here = (np.arange(len(y)) == last) & bias if square else ~((np.arange(len(y)) == last) & bias)
        face = np.where(used[here], INK, "white")
        area = (72 * min(0.55 * pitch, 0.13)) ** 2
        axes.scatter(np.full(here.sum(), x), y[here], s=area, c=face, marker="s" if square else "o",
                     edgecolors=np.where(used[here], INK, "#a0a0a0"), linewidths=0.8, zorder=4)  # fmt: skip


def _draw_edges(
    axes: Any, x: np.ndarray, heights: list[np.ndarray], shown: list[np.ndarray],
    live: Mapping[Pair, np.ndarray], peaks: Mapping[Pair, float],
) -> dict[Pair, float]:  # fmt: skip
    """Edges as one collection, the strongest on top, and their legend; gives the height below each block's edges."""
    from matplotlib.collections import LineCollection

    seen = {(i, j): weights[np.ix_(shown[i - 1], shown[j - 1])] for (i, j), weights in live.items()}
    curves, values, lowest = [], [], dict.fromkeys(live, np.inf)
    for (i, j), places in choose_edges(seen).items():
        for place in places:
            a, b = divmod(int(place), len(shown[j - 1]))
            start, end = (x[j - 1], heights[j - 1][b]), (x[i - 1], heights[i - 1][a])
            peak = peaks.get((i, j), 0.0) + 0.02 * (start[1] + end[1])  # a narrow band in the order of its ends
            curves.append(arch(start, end, peak, i - j) if i - j > 1 else np.array([start, end]))
            values.append(seen[i, j][a, b])
            fall = 0.4 * abs(end[1] - start[1]) / (end[0] - start[0])  # over half the width of a label
            lowest[i, j] = min(lowest[i, j], (start[1] + end[1]) / 2 - fall)
    bottom, right = axes.get_ylim()[0] + 0.36, axes.get_xlim()[1] - 0.4
    total = sum(int(np.count_nonzero(weights)) for weights in live.values())
    note = (
        f"{len(values):,} of {total:,} weights drawn"
        if len(values) < total
        else f"{total:,} weight{'s' * (total != 1)}"
    )
    axes.text(right, bottom, note, size=8, color=FAINT, ha="right", va="center")
    if not values:
        return lowest
    largest = max(float(np.abs(weights).max()) for weights in live.values())
    order = np.argsort(np.abs(values), kind="stable")
    line_widths, colours = _look(np.array(values)[order] / largest)
    axes.add_collection(
        LineCollection([curves[k] for k in order], linewidths=line_widths, colors=colours, capstyle="round")
    )
    ramp = np.linspace(-1, 1, 121)
    line_widths, colours = _look(ramp)
    colours = colours[:, :3] * colours[:, 3:] + 1 - colours[:, 3:]  # on white, so that the pieces may overlap
    scale = [[(u, bottom), (u + 0.02, bottom)] for u in 1.7 + 0.7 * ramp]
    axes.add_collection(LineCollection(scale, linewidths=2 * line_widths, colors=colours, capstyle="butt"))
    axes.text(0.93, bottom, f"−{_short(largest)}", size=8, color=FAINT, ha="right", va="center")
    axes.text(2.5, bottom, f"+{_short(largest)}", size=8, color=FAINT, va="center")
    return lowest
