"""What grows an image network: an edge that is split, more channels; and the names of groups when nodes move."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from spectral_core import checks
from spectral_core.errors import InvalidInputError
from spectral_core.networks.cells import Edge, edge_of
from spectral_core.networks.image_start import draw_new, drawn_whole
from spectral_core.networks.image_structure import ImageStructure


def split(
    old: ImageStructure, parameters: np.ndarray, cell: int, edge: Edge, seed: int
) -> tuple[ImageStructure, np.ndarray]:
    """Structure and parameters of `ImageNetwork.split_edge` (G6)."""
    number = checks.integer(cell, "cell", 0)
    if number >= len(old.cells):
        raise InvalidInputError(f"cell must be 0 to {len(old.cells) - 1}; got {number}")
    # The old groups under their new names.
    cells, (i, j) = list(old.cells), edge_of(edge)
    cells[number] = cells[number].split((i, j))
    structure = replace(old, cells=tuple(cells))
    layout = structure.layout()
    flat = np.zeros(layout.size, parameters.dtype)
    kept = old.layout().groups.items()
    moved = {str(renamed(name, number, behind(j))): group for name, group in kept}
    for name, group in moved.items():
        layout.groups[name].view(flat)[...] = group.view(parameters)
    # The new ones.
    added = [name for name in layout.groups if name not in moved]
    draw_new(layout, flat, added, checks.integer(seed, "seed", 0), cells[number].nodes)
    if structure.gates == "spectral":
        layout.groups[f"eigenvalues[{number},{j},{j + 1}]"].view(flat)[...] = 0
    return structure, flat


def widened(old: ImageStructure, parameters: np.ndarray, channels: int, seed: int) -> tuple[ImageStructure, np.ndarray]:
    """Structure and parameters of `ImageNetwork.widen` (G7)."""
    if checks.integer(channels, "channels", 1) <= old.channels:
        raise InvalidInputError(f"channels must be more than {old.channels}, as many as there are; got {channels}")
    structure = replace(old, channels=channels)
    layout = structure.layout()
    flat = drawn_whole(layout, parameters.dtype, checks.integer(seed, "seed", 0))
    for name, group in old.layout().groups.items():
        values, kept = layout.groups[name].view(flat), group.view(parameters)
        if name.startswith(("weights", "towers[")):
            # No old channel and no class reads a new channel.
            values[: len(kept), kept.shape[1] :] = 0
            values[: len(kept), : kept.shape[1]] = kept
        else:
            values[: len(kept)] = kept
    return structure, flat


def behind(node: int) -> Callable[[int], int]:
    """Where nodes go when a new node takes this number."""
    return lambda old: old + (old >= node)


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
