"""What a search for images finds, what it reports, and the state in which an interrupted one continues."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spectral_core.architecture.image_memory import sized
from spectral_core.errors import ModelFileError
from spectral_core.files import atomic, model_file
from spectral_core.networks.image import ImageNetwork
from spectral_core.wording import counted

STATE = "state of an image search"
Nodes = list[list[list[float]]]
"""By cell and node: the place on a line from 0 to 1, and the round of birth."""


@dataclass(frozen=True, eq=False)
class ImageSearchResult:
    """The network that a search found, and a row for each round.

    Attributes
    ----------
    network : trained.
    rows : one for each round, with eigenvalues one for the round in which the last splits can close, and one for the final
        training: edges, operations, channels, parameters, bytes of a step, training loss, validation accuracy, seconds, splits,
        closed and refused operations, cells.
    remarks : sentences on what a budget ended, and on what the published score is worth.

    Examples
    --------
    >>> import numpy as np
    >>> from spectral_core import load_images, search_images
    >>> X, y = np.random.default_rng(0).random((40, 4, 4)), np.arange(40) % 2
    >>> found = search_images(load_images((X, y)), channels=1, reductions=0, rounds=1, epochs=1, final_epochs=1)
    >>> len(found.rows)
    3
    """

    network: ImageNetwork
    rows: tuple[dict[str, Any], ...]
    remarks: tuple[str, ...] = ()

    @property
    def accuracy(self) -> float:
        """The accuracy on the validation images."""
        return float(self.rows[-1]["validation_accuracy"])

    def to_text(self) -> str:
        """The report for people."""
        lines = [repr(self.network), "", f"{'round':<8}{'edges':>6}{'operations':>12}{'parameters':>12}{'memory':>10}"]
        lines[-1] += f"{'loss':>9}{'validation':>12}{'seconds':>9}"
        for row in self.rows:
            name = "final" if row["final"] else str(row["round"])
            lines.append(
                f"{name:<8}{row['edges']:>6}{row['operations']:>12}{row['parameters']:>12,}{sized(row['bytes']):>10}"
                f"{row['loss']:>9.4f}{row['validation_accuracy']:>12.4f}{row['seconds']:>9.1f}"
            )
        most = max(row.get("score_bytes", 0) for row in self.rows)
        if most > max(row["bytes"] for row in self.rows):
            lines += [
                "",
                f"the slope score, which sees all splits at once, took {sized(most)}, as counted",
            ]
        closed, refused = (sum(len(row[name]) for row in self.rows) for name in ("closed", "refused"))
        lines += ["", f"{counted(closed, 'operation')} closed for good"]
        if refused:
            lines.append(
                f"{counted(refused, 'operation')} stayed, since a node that is read would have had no input without it"
            )
        return "\n".join([*lines, *self.remarks]) + "\n"

    def record(self) -> dict[str, Any]:
        """The report for JSON."""
        net = self.network
        return {
            "image": list(net.structure.image),
            "network": net.structure.record(),
            "parameters": net.n_parameters,
            "rows": list(self.rows),
            "remarks": list(self.remarks),
        }

    def save(self, directory: str | os.PathLike[str]) -> None:
        """Write network.npz, report.json and report.txt to a folder."""
        home = Path(directory)
        self.network.save(home / "network.npz")
        atomic.write_text(home / "report.json", json.dumps(self.record(), indent=1) + "\n")
        atomic.write_text(home / "report.txt", self.to_text())

    def plot(self, path: str | os.PathLike[str] | None = None, **options: Any) -> Any:
        """Draw the cells over rounds; returns the figure."""
        from spectral_core.reports.cells import cells_picture

        return cells_picture(path, self.rows, **options)

    def __repr__(self) -> str:
        return f"ImageSearchResult({self.network!r}, validation accuracy {self.accuracy:.4f})"


@dataclass(eq=False)
class SearchState:
    """A search between two rounds: the network, the rows so far, where its nodes lie, and the seconds it took."""

    net: ImageNetwork
    nodes: Nodes
    rows: list[dict[str, Any]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    seconds: float = 0.0
    epochs: float = 0.0
    """Of a round; 0 before they are known."""

    @classmethod
    def first(cls, net: ImageNetwork) -> SearchState:
        """Nodes at equal distances, born in round 0."""
        nodes = [_line(cell.inputs, cell.nodes) for cell in net.structure.cells]
        return cls(net, nodes)

    def born(self, cell: int, edge: Sequence[int], turn: int) -> None:
        """Add a new node to an edge. It takes the number of the receiver.

        In the picture it lies between the receiver and the node before.
        """
        own, j = self.nodes[cell], edge[1]
        own.insert(j, [between(own[j - 1][0], own[j][0]), turn])

    def save(self, path: Path, fingerprint: str) -> None:
        """Write the state to a file."""
        record = {
            "fingerprint": fingerprint, "network": self.net.trained_record(), "nodes": self.nodes, "rows": self.rows,
            "remarks": self.remarks, "seconds": self.seconds, "epochs": self.epochs,
        }  # fmt: skip
        model_file.save_model(path, STATE, record, {"parameters": self.net.parameters})

    @classmethod
    def load(cls, path: Path, fingerprint: str) -> SearchState | None:
        """The state in a file; None if there is no file.

        Raises
        ------
        ModelFileError : the file cannot be read, or belongs to another search.
        """
        if not path.exists():
            return None
        _, record, stored = model_file.load_model(path, (STATE,))
        if record.get("fingerprint") != fingerprint:
            raise ModelFileError(f"{path} belongs to another search; delete it to start afresh")
        net = ImageNetwork.from_record(record["network"], stored["parameters"])
        return cls(net, record["nodes"], record["rows"], record["remarks"], record["seconds"], record["epochs"])


def _line(inputs: int, nodes: int) -> list[list[float]]:
    """Inputs at 0, the others at equal distances up to 1.

    By hand: places in a picture. Checked by test_image_search.test_a_new_node_lies_before_its_receiver.
    """
    inner = nodes - inputs
    return [[0.0, 0] for _ in range(inputs)] + [[(k + 1) / inner, 0] for k in range(inner)]


def between(one: float, other: float) -> float:
    """The middle.

    By hand: a place in a picture. Checked by test_image_search.test_a_new_node_lies_before_its_receiver.
    """
    return (one + other) / 2
