"""The pictures of spectra and of learning curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from spectral_core import checks
from spectral_core.errors import InvalidInputError
from spectral_core.reports.style import (
    COLOURS,
    FAINT,
    INK,
    MARKERS,
    Target,
    checked_axes,
    figure_file,
    heading,
    legend_above,
    plain_log,
)
from spectral_core.wording import counted


class Losses(Protocol):
    """What a history of a training holds, one entry for each epoch."""

    training_loss: list[float]
    validation_loss: list[float]
    penalty: list[float]
    eigenvalue_norms: list[list[float]]


def _layer_labels(count: int, labels: Sequence[str]) -> list[str]:
    if labels and len(labels) != count:
        raise InvalidInputError(f"labels must hold {count} names, one for each list of values; got {len(labels)}")
    ends = {0: " (input)", count - 1: " (output)"} if count > 1 else {}
    return [str(label) for label in labels] or [f"layer {k + 1}{ends.get(k, '')}" for k in range(count)]


def _lines(axes: Any, lines: Sequence[tuple[Any, np.ndarray, dict[str, Any]]], xlabel: str, ylabel: str) -> None:
    """Lines of values against x in one panel, with a legend; a line without any finite value draws nothing."""
    for x, y, style in lines:
        axes.plot(x, np.where(np.isfinite(y), y, np.nan), lw=1.4, **style)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    legend_above(axes)


def _line_style(k: int, points: int) -> dict[str, Any]:
    size = {"markersize": 4.5, "markevery": max(points // 12, 1), "zorder": 2 + 1 / points}  # short lines on top
    return {"color": COLOURS[k % len(COLOURS)], "marker": MARKERS[k % len(MARKERS)], **size}


def sorted_values(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """|values| from the largest down, against the share of the values in per cent (at the middle of each step)."""
    return 100 * (np.arange(len(values)) + 0.5) / len(values), np.sort(np.abs(values))[::-1]


def zero_level(curves: Sequence[np.ndarray]) -> float | None:
    """The height of zeros on a log scale, a third of a decade below the rest; None if the values fit on a linear scale."""
    values = np.concatenate([np.empty(0), *curves])
    above = values[values > 1e-12 * values.max(initial=0)]
    return above.min() / 2.2 if above.size and above.max() > 50 * above.min() else None


def _spectrum(axes: Any, curves: list[tuple[str, int, np.ndarray]], ylabel: str, cut: float | None = None) -> None:
    """One panel: values from the largest down, zeros as a level of their own, and the cut of scores."""
    ranked = [(label, k, *sorted_values(values)) for label, k, values in curves]
    level = zero_level([y for *_, y in ranked])
    floor = 0.0 if level is None else level
    lines = [(x, np.maximum(y, floor), {"label": label, **_line_style(k, len(x))}) for label, k, x, y in ranked]
    _lines(axes, lines, "neurons of the layer, the largest first (%)", ylabel)
    axes.set_xlim(-2, 102)
    if level is None:
        top = max((float(y[0]) for *_, y in ranked), default=0)
        axes.set_ylim(-0.04 * (top or 1), 1.08 * (top or 1))
    else:
        axes.set_yscale("log")
        plain_log(axes.yaxis, level, max(float(y[0]) for *_, y in ranked))
        if any(y[-1] < level for *_, y in ranked):
            axes.axhline(level, color="#999999", lw=0.8, ls=":", zorder=0)
            axes.annotate("0", (1.01, level), xycoords=("axes fraction", "data"), color=FAINT, va="center")
    if cut is not None and ylabel == "path score":
        _draw_cut(axes, curves, cut)


def spectrum_picture(
    path: Target | None,
    eigenvalues: Sequence[Any],
    scores: Sequence[Any] | None = None,
    *,
    title: str = "",
    labels: Sequence[str] = (),
    cut: float | None = None,
    ax: Any = None,
) -> Any:
    """Draw |λ| of each layer from the largest down; with `scores`, draw the neurons' path scores in a second panel.

    Parameters
    ----------
    path : the picture, PNG unless it ends in .svg or .pdf; written whole or not at all. None writes no file.
    eigenvalues : one vector for each layer.
    scores : one vector, or None, for each layer.
    labels : names of the layers; by default ``layer 1 (input)`` and so on.
    cut : neurons with a score below it were left out, a line in the second panel.
    ax : axes of matplotlib to draw |λ| into, without scores, or the scores, where no eigenvalues are given.

    Returns
    -------
    The figure.
    """
    names = _layer_labels(len(eigenvalues), labels)
    if scores is not None and len(scores) != len(names):
        raise InvalidInputError(f"scores must hold {len(names)} entries, one for each layer; got {len(scores)}")
    panels = [("|λ|", _named_vectors(eigenvalues, names, "eigenvalues"))]
    if scores is not None:
        panels.append(("path score", _named_vectors(scores, names, "scores")))
    panels = [panel for panel in panels if panel[1]] or panels[:1]
    if checked_axes(path, ax) is not None:
        _spectrum(ax, panels[0][1], panels[0][0], cut)
        return ax.figure
    with figure_file(path, 1.8 + 4.4 * len(panels), 4.4, layout="constrained") as figure:
        heading(figure, title)
        columns = figure.subplots(1, len(panels), squeeze=False)[0]
        for axes, (ylabel, curves) in zip(columns, panels, strict=True):
            _spectrum(axes, curves, ylabel, cut)
    return figure


def _draw_cut(axes: Any, curves: Sequence[tuple[str, int, np.ndarray]], cut: float) -> None:
    """The line below which neurons were left out, with the number of those above it."""
    values = np.concatenate([vector for *_, vector in curves])
    label = f"cut: {int((values >= cut).sum()):,} of {counted(len(values), 'neuron')} kept"
    axes.axhline(cut, color=INK, lw=0.9, ls="--")
    box = {"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.85}
    place = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
    axes.annotate(label, (0.99, cut), (0, 4), ha="right", va="bottom", color=INK, bbox=box, **place)


def _named_vectors(vectors: Sequence[Any], names: Sequence[str], what: str) -> list[tuple[str, int, np.ndarray]]:
    """(name, number of the layer, vector) for each layer that has one."""
    return [
        (names[k], k, checks.real_array(vector, f"{what}[{k}]", np.float64, 1))
        for k, vector in enumerate(vectors)
        if vector is not None
    ]


def training_picture(
    path: Target | None,
    history: Losses,
    *,
    title: str = "",
    labels: Sequence[str] = (),
    kept: int | None = None,
    ax: Any = None,
) -> Any:
    """Draw losses and penalty (log scale), and the norms of the eigenvalue groups if there are any, against the epoch.

    Parameters
    ----------
    path : the picture, PNG unless it ends in .svg or .pdf; written whole or not at all. None writes no file.
    history : losses and norms by epoch, of `train`.
    labels : names of the eigenvalue groups; by default ``layer 1 (input)`` and so on.
    kept : the epoch whose network was kept, a line in both panels.
    ax : axes of matplotlib to draw the losses into.

    Returns
    -------
    The figure.
    """
    if checked_axes(path, ax) is not None:
        draw_losses(ax, history, kept)
        return ax.figure
    norms = np.asarray(history.eigenvalue_norms or [[]], np.float64)
    panels = 2 if norms.size else 1
    with figure_file(path, 1.6 + 4.5 * panels, 4.4, layout="constrained") as figure:
        heading(figure, title)
        axes = figure.subplots(1, panels, squeeze=False)[0]
        draw_losses(axes[0], history, kept)
        if norms.size:
            draw_norms(axes[1], norms, labels, kept)
    return figure


def draw_losses(axes: Any, history: Losses, kept: int | None = None) -> None:
    """Losses and penalty against the epoch."""
    losses = [("training loss", history.training_loss), ("validation loss", history.validation_loss)]
    series = [(name, np.asarray(values, np.float64)) for name, values in (*losses, ("penalty", history.penalty))]
    series = [(name, values) for name, values in series if len(values) and (name != "penalty" or values.any())]
    log = any((values > 0).any() for _, values in series) and all((v >= 0).all() for name, v in series)
    lines = []
    for k, (name, values) in enumerate(series):
        style = {"label": name, **_line_style(k, len(values))}
        style |= {"color": FAINT, "ls": "--"} if name == "penalty" else {}
        lines.append((np.arange(len(values)) + 1, np.where(values > 0, values, np.nan) if log else values, style))
    _lines(axes, lines, "epoch", "loss and penalty" if any(name == "penalty" for name, _ in series) else "loss")
    axes.set_yscale("log" if log else "linear")
    shown = np.concatenate([y[np.isfinite(y)] for _, y, _ in lines] or [np.empty(0)])
    if log and shown.size:
        plain_log(axes.yaxis, float(shown.min()), float(shown.max()))
    _epochs(axes, len(history.training_loss), kept)


def draw_norms(axes: Any, norms: Any, labels: Sequence[str] = (), kept: int | None = None) -> None:
    """The norms of the eigenvalue groups (epochs, groups) against the epoch; a layer at 0 is linear."""
    norms = np.asarray(norms, np.float64)
    names = _layer_labels(norms.shape[1], labels)
    epochs = np.arange(len(norms)) + 1
    groups = [(epochs, norms[:, k], {"label": name, **_line_style(k, len(norms))}) for k, name in enumerate(names)]
    _lines(axes, groups, "epoch", "‖λ‖₂ of each layer (0: linear)")
    axes.set_ylim(bottom=-0.03 * axes.get_ylim()[1])
    _epochs(axes, len(norms), kept)


def _epochs(axes: Any, count: int, kept: int | None) -> None:
    """The axis of epochs, with the one whose network was kept."""
    if kept is not None:
        _marked(axes, kept, f"kept: epoch {kept}")
    edge = max(0.5, 0.02 * count)
    axes.set_xlim(1 - edge, max(count, 1) + edge)
    axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)


def _marked(axes: Any, x: float, text: str) -> None:
    """A vertical line with its name."""
    axes.axvline(x, color=INK, lw=0.8, ls="--")
    place = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points"}
    axes.annotate(text, (x, 0.98), (-3, 0), ha="right", va="top", rotation=90, color=INK, **place)
