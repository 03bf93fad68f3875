"""What grows an image network: an edge that is split, more channels; and the names of groups when nodes move."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from spectral_core import checks
from spectral_core.errors import InvalidInputError
from spectral_core.networks.cells import Edge, edge_of
from spectral_core.networks.image_start import draw_new, drawn_whole
from spectral_core.networks.image_structure import ImageStructure

if TYPE_CHECKING:
    from spectral_core.networks.image import ImageNetwork


def split(net: ImageNetwork, cell: int, edge: Edge, seed: int) -> tuple[ImageStructure, np.ndarray]:
    """Structure and parameters of `ImageNetwork.split_edge` (G6)."""
    number = checks.integer(cell, "cell", 0)
    if number >= len(net.structure.cells):
        raise InvalidInputError(f"cell must be 0 to {len(net.structure.cells) - 1}; got {number}")
    # The old groups under their new names.
    cells, (i, j) = list(net.structure.cells), edge_of(edge)
    cells[number] = cells[number].split((i, j))
    structure = replace(net.structure, cells=tuple(cells))
    layout = structure.layout()
    flat = np.zeros(layout.size, net.dtype)
    moved = {str(renamed(name, number, lambda node: node + (node >= j))): old for name, old in net.groups.items()}
    for name, old in moved.items():
        layout.groups[name].view(flat)[...] = old
    # The new ones.
    added = [name for name in layout.groups if name not in moved]
    draw_new(layout, flat, added, checks.integer(seed, "seed", 0), cells[number].nodes)
    if structure.gates == "spectral":
        layout.groups[f"eigenvalues[{number},{j},{j + 1}]"].view(flat)[...] = 0
    return structure, flat


def widened(net: ImageNetwork, channels: int, seed: int) -> tuple[ImageStructure, np.ndarray]:
    """Structure and parameters of `ImageNetwork.widen` (G7)."""
    if checks.integer(channels, "channels", 1) <= net.structure.channels:
        raise InvalidInputError(
            f"channels must be more than {net.structure.channels}, as many as there are; got {channels}"
        )
    structure = replace(net.structure, channels=channels)
    layout = structure.layout()
    flat = drawn_whole(layout, net.dtype, checks.integer(seed, "seed", 0))
    for name, old in net.groups.items():
        values = layout.groups[name].view(flat)
        if name.startswith(("weights", "towers[")):
            # No old channel and no class reads a new channel.
            values[: len(old), old.shape[1] :] = 0
            values[: len(old), : old.shape[1]] = old
        else:
            values[: len(old)] = old
    return structure, flat


def renamed(name: str, cell: int, place: Callable[[int], int | None]) -> str | None:
    """The name of a group when the nodes of a cell have other numbers; None where a node of it is gone."""
    family, _, rest = name.partition("[")
    parts = rest.removesuffix("]").split(",")
    if len(parts) < 2 or parts[0] != str(cell):
        return name
    count = 2 if len(parts) > 2 and parts[2].isdigit() else 1
    for k in range(1, 1 + count):
        moved = place(int(parts[k]))
        if moved is None:
            return None
        parts[k] = str(moved)
    return f"{family}[{','.join(parts)}]"
