"""Pictures of cells that grow: one row for each round, one column for each cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from spectral_core.errors import InvalidInputError
from spectral_core.reports.style import COLOURS, FAINT, INK, Target, figure_file, heading

WIDE, HIGH = 3.4, 1.5
"""Inches of a panel."""
STEP = 0.08
"""How far apart edges between the same places are bent."""


def cells_picture(path: Target | None, rows: Sequence[Mapping[str, Any]], *, title: str = "Cells over rounds") -> Any:
    """Draw the cells after each round of a search; returns the figure.

    Nodes lie on a line, inputs on the left and the output on the right; an old node never moves, and a new one lies
    between its receiver and the node before that. An edge is an arc, as wide as it has operations, in the colour of the round in which it was born.

    Parameters
    ----------
    path : the picture, PNG unless it ends in .svg or .pdf. Without it no file is written.
    rows : of `ImageSearchResult`.

    Raises
    ------
    InvalidInputError : there are no rows.
    """
    if not rows:
        raise InvalidInputError("rows must hold a round or more; got none")
    count = len(rows[0]["cells"])
    with figure_file(path, 0.9 + WIDE * count, 0.9 + HIGH * len(rows), layout="constrained") as figure:
        heading(figure, title)
        panels = figure.subplots(len(rows), count, squeeze=False)
        for row, line in zip(rows, panels, strict=True):
            for number, axes in enumerate(line):
                _draw(axes, row["cells"][number], row["nodes"][number])
                if row is rows[0]:
                    axes.set_title(f"cell {number}", fontsize=9)
            name = "final" if row["final"] else f"round {row['round']}"
            line[0].set_ylabel(
                f"{name}\n{row['parameters']:,} numbers", rotation=0, ha="right", va="center", fontsize=8
            )
    return figure


def _draw(axes: Any, cell: Mapping[str, Any], nodes: Sequence[Sequence[float]]) -> None:
    """One cell: edges as arcs, nodes as points."""
    inputs, places = cell["inputs"], []
    for k, (x, _) in enumerate(nodes):
        # Inputs lie above one another.
        spread = (k - (inputs - 1) / 2) * 0.22 if k < inputs else 0.0
        places.append((x, -spread))
    for i, j, *names in cell["edges"]:
        born = int(max(nodes[i][1], nodes[j][1]))
        bend = 0.0 if j == i + 1 and i >= inputs else -0.2 - STEP * (j - i)
        style = {
            "arrowstyle": "-|>",
            "lw": 0.5 + 0.35 * len(names),
            "color": COLOURS[born % len(COLOURS)],
            "alpha": 0.85,
        }
        shape = {"connectionstyle": f"arc3,rad={bend:.3f}", "shrinkA": 4, "shrinkB": 5}
        axes.annotate("", places[j], places[i], arrowprops={**style, **shape})
    for k, (x, y) in enumerate(places):
        axes.plot(x, y, "o", ms=7 if k in (len(places) - 1, *range(inputs)) else 5, color=INK, zorder=3)
    axes.set(xlim=(-0.12, 1.12), ylim=(-0.75, 0.75), xticks=[], yticks=[])
    axes.grid(False)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.tick_params(colors=FAINT)
