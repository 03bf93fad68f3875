"""The picture of cells over rounds."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("matplotlib", reason="the extra `full` (matplotlib) is not installed")

from spectral_core.errors import InvalidInputError
from spectral_core.networks.image import ImageNetwork
from spectral_core.reports.cells import cells_picture


def row(net: ImageNetwork, nodes: list[list[list[float]]], number: int, final: bool = False) -> dict[str, object]:
    cells = [cell.record() for cell in net.structure.cells]
    return {"round": number, "final": final, "parameters": net.n_parameters, "cells": cells, "nodes": nodes}


def test_a_cell_that_grows_keeps_its_old_nodes_where_they_are(tmp_path: Path) -> None:
    net = ImageNetwork.initialize(1, 0, 2, image=(1, 4, 4))
    first = [[[0.0, 0], [0.5, 0], [1.0, 0]]]
    second = [[[0.0, 0], [0.5, 0], [0.75, 1], [1.0, 0]]]
    rows = [row(net, first, 1), row(net.split_edge(0, (1, 2)), second, 2, final=True)]
    figure = cells_picture(tmp_path / "cells.png", rows, title="one cell")
    assert (tmp_path / "cells.png").stat().st_size > 5000
    above, below = figure.axes
    assert [line.get_xdata()[0] for line in above.lines] == [0.0, 0.5, 1.0]
    assert [line.get_xdata()[0] for line in below.lines] == [0.0, 0.5, 0.75, 1.0]
    assert len(below.texts) == len(rows[1]["cells"][0]["edges"]) == 4  # type: ignore[index]
    assert above.get_title() == "cell 0"
    assert below.get_ylabel().startswith("final\n")
    colours = {text.arrow_patch.get_edgecolor() for text in below.texts}
    assert len(colours) == 2  # edges of the start, and of the split


def test_a_search_without_rounds_has_no_picture() -> None:
    with pytest.raises(InvalidInputError, match="rows must hold a round or more"):
        cells_picture(None, [])
