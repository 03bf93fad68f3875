"""IR -> Numba source: programs with layers, their loops over layers and senders, and their flat storage.

What the printers for the CPU and for CUDA share. `layout` has one row for each layer; parameters, their gradient and the
states of all layers are flat vectors.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import sympy as sp

from derivations.codegen.expressions import indent
from derivations.codegen.loops import LoopPrinter
from derivations.proof.assignments import Array, Assign, Layers, Node, Sources, When, flatten
from derivations.proof.notation import f, k, s
from derivations.proof.programs import Program

CONDITIONS = {"hidden": "i < n_layers - 1", "last": "i == n_layers - 1", "sender hidden": "i > 1"}
"""The conditions of `When` as source; layers are numbered from 0."""
COLUMNS = {"phi": "PHI", "lam_in": "LAMBDA_IN", "lam_out": "LAMBDA_OUT"}
"""The column of `layout` that says where an array of parameters starts; blocks of weights have a column each."""
LAYER = {"in": "i - 1", "out": "i", "source": "j"}


class LayerPrinter(LoopPrinter, ABC):
    """Prints loops over layers around what another printer makes of the assignments."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self.storage: dict[str, None] = {}

    def layer_arguments(self) -> list[str]:
        """The arguments of a printed function that runs over layers, once its body is printed."""
        calls_f = any(a.value.func == f for a in self.program.assignments)
        return ["layout", *(["activation"] if calls_f else []), "n_samples", *sorted(self.storage)]

    # --- loops ------------------------------------------------------------------------------------

    def loop(self, node: Node, open_loops: set[sp.Symbol]) -> list[str]:
        if isinstance(node, Layers):
            order = "range(n_layers - 1, 0, -1)" if node.reverse else "range(1, n_layers)"
            sizes = ["n_out = layout[i, WIDTH]"]
            if not any(isinstance(inner, Sources) for inner in node.body):
                sizes.append("n_in = layout[i - 1, WIDTH]")
            return [
                "n_layers = layout.shape[0]",
                f"for i in {order}:  # layer i+1 of the formulas",
                *indent(sizes + self.views(node.body) + self.block(node.body, open_loops)),
            ]
        if isinstance(node, Sources):
            first = 1 if node.hidden else 0
            return [
                f"for j in range({first}, i):  # sent by layer j+1",
                "    if layout[i, BLOCKS + j] >= 0:  # the block exists",
                *indent(
                    [
                        "n_in = layout[j, WIDTH]",
                        *self.views(node.body, source=True),
                        *self.block(node.body, open_loops),
                    ],
                    2,
                ),
            ]
        if isinstance(node, When):
            return [f"if {CONDITIONS[node.condition]}:", *indent(self.block(node.body, open_loops))]
        return super().loop(node, open_loops)

    # --- arrays -----------------------------------------------------------------------------------

    def views(self, body: tuple[Node, ...], source: bool = False) -> list[str]:
        """Name the parts of the flat storage that the body of a loop uses."""
        nested = [a for node in body if isinstance(node, Sources) for a in flatten(node.body)]
        outside = {n for a in nested for n in self.names(a) if k in self.arrays[n].indices}
        used = dict.fromkeys(n for a in flatten(body) for n in self.names(a) if n not in outside)
        if source:
            used = {n: None for n in used if k in self.arrays[n].indices}
        lines: list[str] = []
        placed: dict[tuple[str, str, str], str] = {}
        for name in used:
            array = self.arrays[name]
            place = (array.store or name, array.layer, array.kind)
            if place in placed:
                lines.append(f"{name} = {placed[place]}")
            else:
                placed[place] = name
                lines.append(f"{name} = {self.view(array)}")
        return lines

    def names(self, assign: Assign) -> list[str]:
        operands = [str(operand.base) for operand in assign.operands]
        return [*operands, str(assign.target.base)] if isinstance(assign.target, sp.Indexed) else operands

    def flat(self, array: Array) -> str:
        """The flat vector that an array of all layers is kept in."""
        if array.kind == "parameter":
            return "parameters"
        return "gradient" if array.kind == "gradient" else f"{array.store or array.name}_all"

    def place(self, array: Array) -> tuple[str, str]:
        """The flat vector an array is part of, and where it starts."""
        if array.kind in ("parameter", "gradient"):
            flat = self.flat(array)
            name = (array.store or array.name).removeprefix("d") if array.kind == "gradient" else array.name
            at = f"layout[i, {COLUMNS[name]}]" if name in COLUMNS else "layout[i, BLOCKS + j]"
        elif array.kind == "state":
            flat, at = self.flat(array), f"n_samples * layout[{LAYER[array.layer]}, START]"
        else:
            samples = s in array.indices
            flat = "sample_scratch" if samples else "block_scratch"
            mates = [a.name for a in self.program.arrays if a.kind == "scratch" and (s in a.indices) == samples]
            if len(mates) > (1 if samples else 2):
                raise ValueError(f"{flat} has room for {'one' if samples else 'two'} of {mates}")
            at = self.second_half(flat, array) if mates.index(array.name) else "0"
        self.storage[flat] = None
        return flat, at

    @abstractmethod
    def second_half(self, flat: str, array: Array) -> str:
        """Where the second of two arrays in one scratch vector starts."""

    @abstractmethod
    def view(self, array: Array) -> str:
        """An array of the current layer as part of its flat vector, as source."""
