"""The pictures of spectra and of learning curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from spectral_core import checks
from spectral_core.errors import InvalidInputError
from spectral_core.reports.style import COLOURS, FAINT, INK, MARKERS, Target, figure_file, heading

if TYPE_CHECKING:
    from spectral_core.training.results import History


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
    if lines:
        for text in axes.legend(fontsize=8).get_texts():
            text.set_parse_math(False)
    else:
        axes.text(0.5, 0.5, "none", color=FAINT, ha="center", transform=axes.transAxes)


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


def _spectrum(axes: Any, curves: list[tuple[str, int, np.ndarray]], ylabel: str) -> None:
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
        if any(y[-1] < level for *_, y in ranked):
            axes.axhline(level, color="#999999", lw=0.8, ls=":", zorder=0)
            axes.annotate("0", (1.01, level), xycoords=("axes fraction", "data"), color=FAINT, va="center")


def spectrum_picture(
    path: Target,
    eigenvalues: Sequence[Any],
    scores: Sequence[Any] | None = None,
    *,
    title: str = "",
    labels: Sequence[str] = (),
    cut: float | None = None,
) -> None:
    """Draw |λ| of each layer from the largest down; with `scores`, draw the neurons' scores in a second panel.

    Parameters
    ----------
    path : the picture, PNG unless it ends in .svg or .pdf; written whole or not at all.
    eigenvalues : one vector for each layer.
    scores : one vector, or None, for each layer.
    labels : names of the layers; by default ``layer 1 (input)`` and so on.
    cut : neurons with a score below it were left out, a line in the second panel.
    """
    names = _layer_labels(len(eigenvalues), labels)
    if scores is not None and len(scores) != len(names):
        raise InvalidInputError(f"scores must hold {len(names)} entries, one for each layer; got {len(scores)}")
    panels = [("|λ|", _named_vectors(eigenvalues, names, "eigenvalues"))]
    if scores is not None:
        panels.append(("score", _named_vectors(scores, names, "scores")))
    with figure_file(path, 1.8 + 4.4 * len(panels), 4.2, layout="constrained") as figure:
        heading(figure, title)
        columns = figure.subplots(1, len(panels), squeeze=False)[0]
        for axes, (ylabel, curves) in zip(columns, panels, strict=True):
            _spectrum(axes, curves, ylabel)
            if cut is not None and ylabel == "score":
                axes.axhline(cut, color=INK, lw=0.8, ls="--")
                axes.annotate(
                    "cut", (0.99, cut), xycoords=("axes fraction", "data"), ha="right", va="bottom", color=INK
                )


def _named_vectors(vectors: Sequence[Any], names: Sequence[str], what: str) -> list[tuple[str, int, np.ndarray]]:
    """(name, number of the layer, vector) for each layer that has one."""
    return [
        (names[k], k, checks.real_array(vector, f"{what}[{k}]", np.float64, 1))
        for k, vector in enumerate(vectors)
        if vector is not None
    ]


def training_picture(
    path: Target, history: History, *, title: str = "", labels: Sequence[str] = (), kept: int | None = None
) -> None:
    """Draw losses and penalty (log scale), and the norms of the eigenvalue groups, against the epoch.

    Parameters
    ----------
    path : the picture, PNG unless it ends in .svg or .pdf; written whole or not at all.
    history : losses and norms by epoch, of `train`.
    labels : names of the eigenvalue groups; by default ``layer 1 (input)`` and so on.
    kept : the epoch whose network was kept, a line in both panels.
    """
    losses = [("training loss", history.training_loss), ("validation loss", history.validation_loss)]
    series = [(name, np.asarray(values, np.float64)) for name, values in (*losses, ("penalty", history.penalty))]
    series = [(name, values) for name, values in series if len(values) and (name != "penalty" or values.any())]
    norms = np.asarray(history.eigenvalue_norms or [[]], np.float64)
    names = _layer_labels(norms.shape[1], labels)
    log = any((values > 0).any() for _, values in series) and all((v >= 0).all() for name, v in series)
    with figure_file(path, 10.6, 4.2, layout="constrained") as figure:
        heading(figure, title)
        left, right = figure.subplots(1, 2)
        lines = []
        for k, (name, values) in enumerate(series):
            style = {"label": name, **_line_style(k, len(values))}
            style |= {"color": FAINT, "ls": "--"} if name == "penalty" else {}
            lines.append((np.arange(len(values)) + 1, np.where(values > 0, values, np.nan) if log else values, style))
        _lines(left, lines, "epoch", "loss")
        left.set_yscale("log" if log else "linear")
        epochs = np.arange(len(norms)) + 1
        groups = [(epochs, norms[:, k], {"label": name, **_line_style(k, len(norms))}) for k, name in enumerate(names)]
        _lines(right, groups, "epoch", "‖λ‖₂")
        right.set_ylim(bottom=-0.03 * right.get_ylim()[1])
        edge = max(0.5, 0.02 * len(history.training_loss))
        for axes in (left, right):
            if kept is not None:
                _marked(axes, kept, "kept")
            axes.set_xlim(1 - edge, max(len(history.training_loss), 1) + edge)
            axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)


def _marked(axes: Any, x: float, text: str) -> None:
    """A vertical line with its name."""
    axes.axvline(x, color=INK, lw=0.8, ls="--")
    axes.annotate(text, (x, 0.98), xycoords=("data", "axes fraction"), ha="right", va="top", rotation=90, color=INK)


def curve_picture(path: Target, points: Sequence[Mapping[str, Any]], score: str, *, title: str = "") -> None:
    """Draw the validation score against the number of weights (log scale), with the best and the chosen size.

    The bars are standard errors of the difference from the best size.

    Parameters
    ----------
    path : the picture, PNG unless it ends in .svg or .pdf; written whole or not at all.
    points : ``weights``, ``neurons``, ``score``, ``error``, ``best`` and ``chosen`` of each size, the smallest first.
    score : the name of the score.
    """
    weights, scores, errors = (
        np.array([point[name] for point in points], np.float64) for name in ("weights", "score", "error")
    )
    places = np.maximum(weights, 0.5)  # a network without weights has a place on the log scale
    best, chosen = (next(i for i, point in enumerate(points) if point[name]) for name in ("best", "chosen"))
    named = f"chosen: {points[chosen]['weights']:,} weights, {points[chosen]['neurons']} hidden neurons"
    with figure_file(path, 7.0, 4.2, layout="constrained") as figure:
        heading(figure, title)
        axes = figure.subplots()
        axes.errorbar(places, scores, yerr=errors, color=COLOURS[0], marker="o", ms=4, lw=1.4, capsize=2)
        axes.set_xscale("log")
        for i, marker, colour, label in ((best, "s", COLOURS[2], "best"), (chosen, "D", COLOURS[1], named)):
            axes.plot(places[i], scores[i], marker=marker, ms=9, mfc="none", color=colour, ls="", label=label)
        axes.set(xlabel="weights", ylabel=f"{score} on validation rows")
        # The sizes far below the best one are cut off: near it lies what a reader compares.
        low = max(scores.min(), scores[best] - 10 * max(scores[best] - scores[chosen], np.median(errors), 0.01))
        margin = 0.08 * (scores[best] - low + 1e-9)
        axes.set_ylim(low - margin, scores[best] + errors.max() * 0.2 + margin)
        axes.legend(fontsize=8, loc="lower right")
