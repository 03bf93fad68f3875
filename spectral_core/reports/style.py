"""Style and files of all pictures; the same input gives the same bytes. Needs matplotlib (extra `full`)."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from spectral_core.checks import one_of
from spectral_core.errors import MissingDependencyError
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
def figure_file(path: Target, width: float, height: float, **options: Any) -> Iterator[Any]:
    """A figure of this size in inches; the file is written when the block ends without an error."""
    kind = one_of(Path(path).suffix[1:].lower() or "png", tuple(UNDATED), "the picture's file type")
    require_matplotlib()
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(width, height), facecolor="white", **options)
        FigureCanvasAgg(figure)
        yield figure
        atomic.write_atomically(path, lambda file: figure.savefig(file, format=kind, dpi=150, metadata=UNDATED[kind]))


def heading(figure: Any, title: str) -> None:
    """Set the margins of a figure and its title, wrapped to its width."""
    figure.get_layout_engine().set(w_pad=0.12, h_pad=0.1, wspace=0.03)
    if title:
        wide = int(figure.get_figwidth() / 0.125)
        figure.suptitle(textwrap.fill(title, wide), x=0.014, ha="left", size=13, weight="bold", parse_math=False)
