"""The structure of an image network, and the tables and parameter groups that follow from it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.checks import one_of
from spectral_core.errors import InvalidInputError
from spectral_core.kernels.support.image_layout import KINDS, OPERATION_COLUMNS, ImageLayout, ImageTables
from spectral_core.networks.cells import CONVOLUTIONS, Cell
from spectral_core.wording import counted

GATES = ("spectral", "published")
ABSENT = -1


@dataclass(frozen=True)
class ImageStructure:
    """All of an image network but its numbers; `ImageNetwork.initialize` explains the fields.

    `scaled_first`: an input is brought to its width before the rows are skipped, as published; else after, with less work.
    """

    channels: int
    classes: int
    image: tuple[int, int, int]
    cells: tuple[Cell, ...]
    gates: str = "spectral"
    drop_path: float = 0.0
    seed: int = 0
    scaled_first: bool = False

    def __post_init__(self) -> None:
        # NumPy's numbers become Python's, so that the record is JSON.
        checked = {
            "channels": checks.integer(self.channels, "channels", 1),
            "classes": checks.integer(self.classes, "classes", 2),
            "seed": checks.integer(self.seed, "seed", 0),
            "drop_path": checks.real_number(self.drop_path, "drop_path", 0, 1, open_high=True),
            "gates": one_of(self.gates, GATES, "gates"),
            "scaled_first": checks.boolean(self.scaled_first, "scaled_first"),
            "image": _image_size(self.image),
            "cells": _checked_cells(self.cells),
        }
        for field_name, value in checked.items():
            object.__setattr__(self, field_name, value)
        # Each reduction halves rows and columns.
        for name, size in (("rows", self.image[1]), ("columns", self.image[2])):
            if size % 2**self.reductions:
                most = (size & -size).bit_length() - 1
                raise InvalidInputError(
                    f"{name} must be divisible by 2^reductions: {size} {name} allow {counted(most, 'reduction')}, "
                    f"{self.reductions} asked; image={self.image} is (channels, rows, columns)"
                )

    @property
    def reductions(self) -> int:
        """Cells that halve rows and columns: all but the first."""
        return len(self.cells) - 1

    def layout(self) -> ImageLayout:
        """The parameter groups in order, and the tables."""
        return _Builder(self).layout()

    def record(self) -> dict[str, Any]:
        """The structure for JSON."""
        names = ("channels", "classes", "gates", "drop_path", "seed", "scaled_first")
        own = {name: getattr(self, name) for name in names}
        return {**own, "image": list(self.image), "cells": [cell.record() for cell in self.cells]}

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> ImageStructure:
        """The structure of a record."""
        cells = tuple(Cell.from_record(cell) for cell in record["cells"])
        return cls(**{**record, "cells": cells})


def _image_size(image: Any) -> tuple[int, int, int]:
    """Channels, rows and columns of an image."""
    sizes = checks.sequence(image, "image")
    if len(sizes) != 3:
        raise InvalidInputError(f"image must be (channels, rows, columns); got {image!r}")
    names = ("channels", "rows", "columns")
    whole = [checks.integer(size, f"{name} of the image", 1) for size, name in zip(sizes, names, strict=True)]
    return whole[0], whole[1], whole[2]


def _checked_cells(cells: Any) -> tuple[Cell, ...]:
    """One cell or more."""
    given = checks.sequence(cells, "cells")
    if not given:
        raise InvalidInputError("cells must be one or more; there is none")
    for number, cell in enumerate(given):
        if not isinstance(cell, Cell):
            raise InvalidInputError(f"cells[{number}] must be a Cell; got {cell!r}")
    return tuple(given)


@dataclass
class _Builder:
    """Values and operations in order, with the parameters that they need."""

    structure: ImageStructure
    shapes: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)
    values: list[list[int]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    operations: list[dict[str, int]] = field(default_factory=list)
    towers: list[list[int]] = field(default_factory=list)
    size: int = 0
    drops: int = 0

    def layout(self) -> ImageLayout:
        """All values from the stem to the last output, the towers, the gates, the running statistics."""
        structure = self.structure
        colours, rows, columns = shape = structure.image
        kernel = self.group("kernels[stem]", structure.channels, colours, 3, 3)
        self.value(
            "stem", structure.channels, rows, columns, [{"kind": KINDS["stem"], "sender": ABSENT, "matrix": kernel}]
        )
        outputs = [0]
        for number, cell in enumerate(structure.cells):
            outputs.append(self.cell(number, cell, outputs))
        for number, value in enumerate(outputs[1:]):
            width = self.values[value][1]
            matrix = self.group(f"towers[{number}]", structure.classes, width)
            self.towers.append([value, matrix, self.group(f"tower_biases[{number}]", structure.classes)])
        begin = self.size
        self.gate_groups()
        end = self.size
        for name, row in zip(self.names, self.values, strict=True):
            self.group(f"running_means[{name}]", row[1])
            self.group(f"running_variances[{name}]", row[1])
        rows_of = [[operation.get(name, 0) for name in OPERATION_COLUMNS] for operation in self.operations]
        tables = ImageTables(
            np.array(self.values, np.int64), np.array(rows_of, np.int64), np.array(self.towers, np.int64),
            structure.image, structure.classes, structure.gates == "published", (begin, end), end, self.drops,
            structure.drop_path, structure.seed,
        )  # fmt: skip
        widths = (math.prod(shape), structure.classes)
        return ImageLayout("image", widths, shapes=tuple(self.shapes), tables=tables)

    def group(self, name: str, *shape: int) -> int:
        """Where a new group of parameters starts."""
        start = self.size
        self.shapes.append((name, shape))
        self.size += math.prod(shape)
        return start

    def value(self, name: str, channels: int, rows: int, columns: int, arriving: list[dict[str, int]]) -> int:
        """A new value with its batch norm, and the operations that arrive at it; returns its number."""
        number = len(self.values)
        start, first = (
            (self.values[-1][0] + self.values[-1][6], self.values[-1][4] + self.values[-1][1]) if number else (0, 0)
        )
        norm = self.group(f"scales[{name}]", channels)
        self.group(f"shifts[{name}]", channels)
        self.values.append([start, channels, rows, columns, first, norm, channels * rows * columns])
        self.names.append(name)
        self.operations += [
            {"gate": ABSENT, "drop": ABSENT, "kernel": ABSENT, "stride": 1, **row, "receiver": number}
            for row in arriving
        ]
        return number

    def cell(self, number: int, cell: Cell, earlier: list[int]) -> int:
        """All nodes of a cell; returns the value of its output."""
        if cell.inputs != len(earlier):
            raise InvalidInputError(f"cell {number} must have {counted(len(earlier), 'input')}; it has {cell.inputs}")
        width, halved = self.structure.channels * 2**number, int(number > 0)
        size = [self.structure.image[k] // 2 ** max(number - 1, 0) for k in (1, 2)]
        read = {i for (i, _), _ in cell.edges}
        nodes = [
            self.input(f"{number},{i}", source, width, size) if i in read else ABSENT
            for i, source in enumerate(earlier)
        ]
        out = [part // 2**halved for part in size]
        for node in range(cell.inputs, cell.nodes):
            arriving = []
            for (i, j), names in cell.edges:
                if j == node:
                    stride = 2 if halved and i < cell.inputs else 1
                    places = range(len(names))
                    arriving += [
                        self.operation(f"{number},{i},{j}", names[k], k, nodes[i], stride, out) for k in places
                    ]
            nodes.append(self.value(f"{number},{node}", width, out[0], out[1], arriving))
        return nodes[-1]

    def input(self, name: str, source: int, width: int, size: list[int]) -> int:
        """An input node: the earlier value, brought to width and rows of the cell where they differ."""
        channels, rows, columns = self.values[source][1:4]
        stride = rows // size[0]
        if (channels, stride) == (width, 1):
            return self.value(name, width, rows, columns, [{"kind": KINDS["link"], "sender": source}])
        matrix = self.group(f"weights[{name}]", width, channels)
        early = stride if not self.structure.scaled_first else 1
        row = {"kind": KINDS["convolution"], "taps": 1, "stride": early, "sender": source, "matrix": matrix}
        scaled = self.value(f"{name},scaler", width, rows // early, columns // early, [row])
        link = {"kind": KINDS["link"], "sender": scaled, "stride": stride // early}
        return self.value(name, width, size[0], size[1], [link])

    def operation(self, edge: str, name: str, place: int, sender: int, stride: int, out: list[int]) -> dict[str, int]:
        """The values inside an operation; returns the row that arrives at the node."""
        row = {"kind": KINDS["link"], "sender": sender, "stride": stride}
        if name in CONVOLUTIONS:
            taps, dilation, halves = CONVOLUTIONS[name]
            width, value = self.values[sender][1], sender
            for half in range(halves):
                key = f"{edge},{name},{half}"
                kernel, matrix = (
                    self.group(f"kernels[{key}]", width, taps, taps),
                    self.group(f"weights[{key}]", width, width),
                )
                inner = {
                    "kind": KINDS["convolution"],
                    "taps": taps,
                    "dilation": dilation,
                    "sender": value,
                    "relu": half,
                }
                inner |= {"stride": stride if half == 0 else 1, "kernel": kernel, "matrix": matrix}
                value = self.value(key, width, out[0], out[1], [inner])
            row = {"kind": KINDS["link"], "sender": value}
        elif name != "identity":
            row["kind"] = KINDS[name.removesuffix("3")]
        if name != "identity":
            row["drop"] = self.drops
            self.drops += 1
        row["gate"] = ABSENT - 1 - place  # its place among the gates of the edge, until they have theirs
        return row

    def gate_groups(self) -> None:
        """One group of gates for each edge; the operations get the places of theirs."""
        family = "eigenvalues" if self.structure.gates == "spectral" else "gates"
        gated = iter([row for row in self.operations if row["gate"] < ABSENT])
        for number, cell in enumerate(self.structure.cells):
            for (i, j), names in cell.edges:
                start = self.group(f"{family}[{number},{i},{j}]", len(names))
                for place in range(len(names)):
                    next(gated)["gate"] = start + place
