"""Operations of an image network that are closed for good, and what is dead without them (C1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from spectral_core.networks.cells import Cell, Edge
from spectral_core.networks.image import ImageNetwork
from spectral_core.networks.image_growth import renamed

Place = tuple[int, Edge, str]
"""A cell, an edge of it and an operation on that edge."""
Edges = dict[Edge, list[str]]


@dataclass(frozen=True, eq=False)
class Pruned:
    """A network without closed operations.

    closed : what is gone, dead nodes' operations included. refused : what stays, since a node that is read would have no
    input without it. kept : the old number of each node, by cell.
    """

    network: ImageNetwork
    closed: tuple[Place, ...]
    refused: tuple[Place, ...]
    kept: tuple[tuple[int, ...], ...]


def gates_of(net: ImageNetwork) -> dict[Place, float]:
    """The eigenvalue, or the weight of the published gate, of each operation."""
    family = "eigenvalues" if net.structure.gates == "spectral" else "gates"
    found: dict[Place, float] = {}
    for number, cell in enumerate(net.structure.cells):
        for (i, j), names in cell.edges:
            values = net.groups[f"{family}[{number},{i},{j}]"]
            found |= {(number, (i, j), name): float(value) for name, value in zip(names, values, strict=True)}
    return found


def without(net: ImageNetwork, closing: set[Place]) -> Pruned:
    """The network without these operations, and without the nodes that nobody reads then.

    Where the eigenvalues of the operations are 0, or their published gates closed, the function is the same bit for bit, in
    training too. Of a node that is read one operation stays, the one with the largest eigenvalue or weight.

    Examples
    --------
    >>> from spectral_core import ImageNetwork
    >>> from spectral_core.networks.image_pruning import without
    >>> net = ImageNetwork.initialize(4, 0, 3, image=(1, 8, 8))
    >>> pruned = without(net, {(0, (0, 1), "max3"), (0, (0, 1), "sep5")})
    >>> pruned.network.structure.cells[0].edges[0][1]
    ('identity', 'mean3', 'sep3', 'dil3', 'dil5')
    """
    gates = gates_of(net)
    cells: list[Cell] = []
    kept: list[list[int]] = []
    refused: list[Place] = []
    for number, cell in enumerate(net.structure.cells):
        wanted = {edge: [name for name in names if (number, edge, name) not in closing] for edge, names in cell.edges}
        strength = {(edge, name): gates[number, edge, name] for edge, names in cell.edges for name in names}
        stay = _refused(cell, wanted, strength)
        refused += [(number, edge, name) for edge, name in stay]
        alive = _read(cell, wanted)
        nodes = [node for node in range(cell.nodes) if node < cell.inputs or node in alive]
        kept.append(nodes)
        place = {node: new for new, node in enumerate(nodes)}
        left = {(place[i], place[j]): names for (i, j), names in wanted.items() if names and j in alive}
        cells.append(Cell(cell.inputs, len(nodes), left))
    small = _carried(net, tuple(cells), kept)
    left_over = {(n, (kept[n][i], kept[n][j]), name) for n, (i, j), name in gates_of(small)}
    return Pruned(small, tuple(sorted(gates.keys() - left_over)), tuple(refused), tuple(map(tuple, kept)))


def _read(cell: Cell, edges: Mapping[Edge, list[str]]) -> set[int]:
    """The nodes from which the output can be reached over edges with operations, the output among them."""
    alive = {cell.nodes - 1}
    for i, j in sorted(edges, key=lambda edge: edge[1], reverse=True):
        if j in alive and edges[i, j]:
            alive.add(i)
    return alive


def _refused(cell: Cell, edges: Edges, strength: Mapping[tuple[Edge, str], float]) -> list[tuple[Edge, str]]:
    """Give back one operation to each node that is read and has no input; returns them.

    By hand: a choice among closed operations. Checked by test_image_pruning.test_a_gate_that_would_cut_the_output_is_refused.
    """
    stay: list[tuple[Edge, str]] = []
    while True:
        alive = _read(cell, edges)
        reached = {j for (_, j), names in edges.items() if names}
        lacking = sorted((alive - reached) - set(range(cell.inputs)), reverse=True)
        if not lacking:
            return stay
        own = [place for place in strength if place[0][1] == lacking[0]]
        edge, name = max(own, key=lambda place: abs(strength[place]))
        edges[edge].append(name)
        stay.append((edge, name))


def _carried(net: ImageNetwork, cells: tuple[Cell, ...], kept: list[list[int]]) -> ImageNetwork:
    """A network of these cells with the numbers of the old one; `kept` names the old node of each node, by cell."""
    small = ImageNetwork.of(replace(net.structure, cells=cells), net.dtype, 0)
    values = small.groups
    for name, old in net.groups.items():
        new = _moved(name, kept)
        if new is None or new not in values:
            continue
        if name.startswith(("eigenvalues", "gates")):
            before, after = _operations(net, name), _operations(small, new)
            values[new][...] = np.array([old[before.index(one)] for one in after], old.dtype)
        else:
            values[new][...] = old
    # A name of several groups has no node, and stays.
    moved = {name: _moved(name, kept) for name in net.frozen}
    gone = {name for name, new in moved.items() if name in net.groups and new not in values}
    return replace(small, frozen=tuple(new for name, new in moved.items() if new is not None and name not in gone))


def _moved(name: str, kept: list[list[int]]) -> str | None:
    """The name of a group where nodes have new numbers; None where its node is gone."""
    number = _cell_of(name)
    if number is None:
        return name
    return renamed(name, number, {node: at for at, node in enumerate(kept[number])}.get)


def _cell_of(name: str) -> int | None:
    """The number of the cell of a group; None for the stem and the towers."""
    inside = name.partition("[")[2].removesuffix("]").split(",")
    return int(inside[0]) if len(inside) > 1 else None


def _operations(net: ImageNetwork, name: str) -> tuple[str, ...]:
    """The operations of the edge that a group of eigenvalues or gates belongs to."""
    number, i, j = map(int, name.partition("[")[2].removesuffix("]").split(","))
    return dict(net.structure.cells[number].edges)[i, j]
