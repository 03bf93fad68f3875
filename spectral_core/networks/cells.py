"""`Cell`: a graph of nodes whose edges hold operations, and how an edge of it is split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.errors import InvalidInputError

Edge = tuple[int, int]
CONVOLUTIONS = {"sep3": (3, 1, 2), "sep5": (5, 1, 2), "dil3": (3, 2, 1), "dil5": (5, 2, 1)}
"""Taps, dilation and halves: each half is a depthwise and a pointwise convolution with a batch norm; relu between them."""
OPERATIONS = ("identity", "max3", "mean3", *CONVOLUTIONS)
"""The operations of an edge, in the order of its gates."""


@dataclass(frozen=True)
class Cell:
    """One cell: nodes 0, 1, ..., of which the first `inputs` read earlier cells and the last is the output.

    Each node is the batch norm of the sum of what arrives. Each edge runs from a lower to a higher node.

    Parameters
    ----------
    inputs : nodes that read the stem and the outputs of earlier cells, one or more.
    nodes : all nodes, one or more behind the inputs.
    edges : {(i, j): names of `OPERATIONS`, each at most once}, sorted by receiver, then by sender.

    Raises
    ------
    InvalidInputError : an edge without operations or with one twice, an edge that does not run upwards or enters an input
        node, an unknown operation, a node behind the inputs that nothing reaches or that nobody reads. An input that nobody
        reads is left out of the network.

    Examples
    --------
    >>> from spectral_core.networks.cells import Cell
    >>> cell = Cell.minimal(2)
    >>> [edge for edge, _ in cell.edges]
    [(0, 2), (1, 2), (2, 3)]
    >>> [edge for edge, _ in cell.split((0, 2)).edges]
    [(0, 2), (0, 3), (1, 3), (2, 3), (3, 4)]
    """

    inputs: int
    nodes: int
    edges: tuple[tuple[Edge, tuple[str, ...]], ...]

    def __init__(self, inputs: int, nodes: int, edges: Mapping[Edge, Any]) -> None:
        inputs = checks.integer(inputs, "inputs", 1)
        nodes = checks.integer(nodes, "nodes", inputs + 1)
        if not isinstance(edges, Mapping):
            raise InvalidInputError(f"edges must be a mapping {{(i, j): operations}}; got {edges!r}")
        edges = {edge_of(key): _operations(names, edge_of(key)) for key, names in edges.items()}
        for i, j in edges:
            if not (0 <= i < j < nodes and j >= inputs):
                raise InvalidInputError(f"edge ({i}, {j}) must run upwards to a node from {inputs} to {nodes - 1}")
        senders, receivers = {i for i, _ in edges}, {j for _, j in edges}
        for node in range(inputs, nodes):
            if node not in receivers or (node < nodes - 1 and node not in senders):
                raise InvalidInputError(f"node {node} must be reached by an edge and read by one")
        ordered = sorted(edges.items(), key=lambda item: (item[0][1], item[0][0]))
        for name, value in (("inputs", inputs), ("nodes", nodes)):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "edges", tuple(ordered))

    @classmethod
    def minimal(cls, inputs: int, operations: Sequence[str] = OPERATIONS) -> Cell:
        """Every input to one node, and this node to the output; these operations on each edge."""
        pairs = [*((i, inputs) for i in range(inputs)), (inputs, inputs + 1)]
        return cls(inputs, inputs + 2, dict.fromkeys(pairs, operations))

    def split(self, edge: Edge) -> Cell:
        """Edge i → j stays, and i → m → j comes beside it, with all operations; m has the number of j (I16)."""
        present, edge = dict(self.edges), edge_of(edge)
        if edge not in present:
            raise InvalidInputError(f"the cell has no edge {edge}; its edges are {', '.join(map(str, present))}")
        i, j = edge
        moved = {self.moved(other, j): names for other, names in present.items()}
        return Cell(self.inputs, self.nodes + 1, moved | {(i, j): OPERATIONS, (j, j + 1): OPERATIONS})

    @staticmethod
    def moved(edge: Edge, node: int) -> Edge:
        """The edge after a split whose new node has this number."""
        return edge[0] + (edge[0] >= node), edge[1] + (edge[1] >= node)

    def record(self) -> dict[str, Any]:
        """The cell for JSON."""
        return {"inputs": self.inputs, "nodes": self.nodes, "edges": [[*edge, *names] for edge, names in self.edges]}

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Cell:
        """The cell of a record."""
        return cls(record["inputs"], record["nodes"], {(i, j): tuple(names) for i, j, *names in record["edges"]})


def edge_of(value: Any) -> Edge:
    """An edge (i, j) as Python's numbers."""
    if isinstance(value, (tuple, list)) and len(value) == 2:
        i, j = value
        if all(isinstance(node, (int, np.integer)) and not isinstance(node, bool) for node in (i, j)):
            return int(i), int(j)
    raise InvalidInputError(f"an edge must be a pair (i, j) of nodes; got {value!r}")


def _operations(names: Any, edge: Edge) -> tuple[str, ...]:
    """The operations of an edge: one or more, each once."""
    given = checks.sequence(names, f"the operations of edge {edge}")
    known = tuple(str(checks.one_of(name, OPERATIONS, f"operations of edge {edge}")) for name in given)
    if not known or len(set(known)) < len(known):
        raise InvalidInputError(f"edge {edge} must hold operations, each once; got {known}")
    return known
