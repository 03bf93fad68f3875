"""Style and files of all pictures; the same input gives the same bytes. Needs matplotlib (extra `full`)."""

from __future__ import annotations

import io
import os
import textwrap
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from spectral_core.checks import one_of
from spectral_core.errors import InvalidInputError, MissingDependencyError
from spectral_core.files import atomic

Target = str | os.PathLike[str]

COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#333333"]  # Okabe and Ito
MARKERS = "osD^vP*"
INK, FAINT = "#222222", "#6b6b6b"
STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": "#999999",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#ececec",
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "legend.frameon": False,
    "svg.hashsalt": "spectral-core",
}
UNDATED = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}
"""Metadata that leaves out dates and versions, by file type."""


def require_matplotlib() -> None:
    """Raise `MissingDependencyError` if matplotlib is not installed; call it before long work."""
    try:
        import_module("matplotlib")
    except ImportError:
        raise MissingDependencyError("pictures need matplotlib: pip install '.[full]' in the sources") from None


@contextmanager
def figure_file(path: Target | None, width: float, height: float, **options: Any) -> Iterator[Any]:
    """A figure of this size in inches; the file, if one is named, is written when the block ends without an error."""
    suffix = "" if path is None else Path(path).suffix[1:].lower()
    kind = one_of(suffix or "png", tuple(UNDATED), "the picture's file type")
    require_matplotlib()
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE), _any_letter():
        figure = Figure(figsize=(width, height), facecolor="white", **options)
        FigureCanvasAgg(figure)
        yield figure
        if path is not None:
            atomic.write_atomically(
                path, lambda file: figure.savefig(file, format=kind, dpi=150, metadata=UNDATED[kind])
            )


@contextmanager
def _any_letter() -> Iterator[None]:
    """No warning for a letter that the font lacks: users choose the names. The picture shows a frame instead."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        yield


def checked_axes(path: Target | None, ax: Any) -> Any:
    """The axes of matplotlib to draw into, or None; a picture goes to a file or into axes, not both."""
    if ax is None:
        return None
    require_matplotlib()
    from matplotlib.axes import Axes

    if path is not None:
        raise InvalidInputError("a picture goes to a file or into axes: give path or ax, not both")
    if not isinstance(ax, Axes):
        raise InvalidInputError(f"ax must be the axes of a figure of matplotlib; got {type(ax).__name__}")
    return ax


def svg_text(figure: Any) -> str:
    """A figure as an SVG element for an HTML page, without a background; the same figure gives the same text."""
    import matplotlib

    buffer = io.StringIO()
    with matplotlib.rc_context(STYLE), _any_letter():
        figure.savefig(buffer, format="svg", metadata=UNDATED["svg"], transparent=True)
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def legend_above(axes: Any, columns: int = 3) -> None:
    """The legend above the panel, where it hides no data."""
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        place = {"loc": "lower left", "bbox_to_anchor": (-0.01, 1.0), "borderaxespad": 0.3, "columnspacing": 1.2}
        for text in axes.legend(handles, labels, fontsize=8, ncols=columns, frameon=False, **place).get_texts():
            text.set_parse_math(False)


def plain_log(axis: Any, low: float, high: float) -> None:
    """Ticks of a log axis as plain numbers: powers of ten, with 2 and 5 between them where the axis spans less than two decades."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    steps = (1.0,) if high > 100 * low else (1.0, 2.0, 5.0) if high > 3 * low else tuple(1 + 0.5 * k for k in range(18))
    axis.set_major_locator(LogLocator(base=10, subs=steps, numticks=12))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}" if value >= 1000 else f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def heading(figure: Any, title: str) -> None:
    """Set the margins of a figure and its title, wrapped to its width."""
    figure.get_layout_engine().set(w_pad=0.12, h_pad=0.1, wspace=0.03)
    if title:
        wide = int(figure.get_figwidth() / 0.125)
        figure.suptitle(textwrap.fill(title, wide), x=0.014, ha="left", size=13, weight="bold", parse_math=False)
