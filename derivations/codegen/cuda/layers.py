"""The order of the parts of a program with layers: for the threads of a block, or as launches on the whole device.

Threads of one block meet at a barrier behind each part, so a block can train a network of its own (`Blocks`). Threads of a
whole grid meet at the next launch, so there each part is launched by itself, and products of matrices go to a library
(`Launches`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import sympy as sp

from derivations.codegen.cuda.parts import DEVICE, Part, PartPrinter, document
from derivations.codegen.expressions import indent
from derivations.codegen.layers import LayerPrinter
from derivations.proof.assignments import Array, Assign
from derivations.proof.notation import shape, size
from derivations.proof.programs import Program
from derivations.theorems.spectral import adjoint, propagation
from derivations.theorems.spectral.propagation import ACTIVATE

LAYERED = (
    ("global", propagation.GLOBAL, adjoint.GLOBAL),
    ("layerwise", propagation.LAYERWISE, adjoint.LAYERWISE),
    ("direct", propagation.DIRECT, adjoint.DIRECT),
)
KERNEL = "@kernel(256)"
ONE_HIDDEN_KERNEL = "@kernel(192, 2)"
"""Launch bounds, `device.THREADS` and `device.ONE_HIDDEN_THREADS`: they limit the registers that the compiler gives to a thread."""


class PartedPrinter(LayerPrinter, ABC):
    """The loop over layers around the parts, for threads of a block or for launches."""

    def __init__(self, program: Program, printer: PartPrinter) -> None:
        super().__init__(program)
        self.cutter = printer

    def signature(self) -> list[str]:
        return self.layer_arguments()

    def lines(self) -> list[str]:
        body = self.block(self.program.body, set())
        return [*self.cleared(), *body]

    def cleared(self) -> list[str]:
        """The lines that clear the storage that the program adds to."""
        flat = dict.fromkeys(self.flat(self.arrays[name]) for name in self.only_added_to())
        return [line for name in flat for line in self.clear(name)]

    def assignments(self, run: tuple[Assign, ...], open_loops: set[sp.Symbol]) -> list[str]:
        return [line for part in self.cutter.cut(run) for line in self.call(part)]

    def second_half(self, flat: str, array: Array) -> str:
        return " * ".join(map(size, array.indices))

    @abstractmethod
    def clear(self, flat: str) -> list[str]:
        """The lines that put zeros into flat storage."""

    @abstractmethod
    def call(self, part: Part) -> list[str]:
        """The lines that have a part computed."""


class Blocks(PartedPrinter):
    """One device function: the threads of a block compute the whole program together."""

    def function(self) -> str:
        body = self.lines()
        names = ["rank", "count", *self.signature()]
        summary = [f"{self.program.summary}, by the threads of a block"]
        doc = document(summary, (), self.program.theorems, list(self.program.arrays))
        return "\n".join(
            [DEVICE, f"def {self.cutter.prefix}{self.program.name}({', '.join(names)}):", *indent([*doc, *body])]
        )

    def clear(self, flat: str) -> list[str]:
        self.storage[flat] = None
        size = "parameters.shape[0]" if flat == "gradient" else "n_samples * gpu_neurons(layout)"
        return [f"gpu_clear(rank, count, {size}, {flat})", "cuda.syncthreads()"]

    def view(self, array: Array) -> str:
        flat, at = self.place(array)
        return f"{flat}[{at}:]"

    def call(self, part: Part) -> list[str]:
        arguments = ", ".join([*part.sizes, *part.arrays])
        if part.kind == "activation":
            z, x = ACTIVATE[0].value.args[0].base, ACTIVATE[0].target.base
            call = [
                f"gpu_activate(rank, count, {part.elements}, activation[i], {z}, {x})  # x = f(z), slope = f'(z) in the place of z"
            ]
        elif part.kind == "line":
            target, (place,) = part.assigns[0].target, part.assigns[0].free
            given = ", ".join([*part.sizes, *(a for a in part.arrays if a != part.assigns[0].name)])
            call = [
                f"for {place} in range(rank, {size(place)}, count):",
                f"    {target.base}[{place}] += {part.name}({place}, 0, 1, {given})",
            ]
        else:
            call = [f"{part.name}(rank, count, {arguments})"]
        return [f"# {a}" for a in part.assigns if part.kind != "activation"] + [*call, "cuda.syncthreads()"]


class Launches(PartedPrinter):
    """A function of the host: every part a launch, every product a call of the library; and the kernels it launches."""

    def function(self) -> str:
        body = self.lines()
        names = ["device", *self.signature()]
        summary = [f"{self.program.summary}, part by part on the whole device"]
        doc = document(summary, (), self.program.theorems, list(self.program.arrays))
        return "\n".join([f"def wide_{self.program.name}({', '.join(names)}):", *indent([*doc, *body])])

    def clear(self, flat: str) -> list[str]:
        self.storage[flat] = None
        return [f"device.clear({flat})"]

    def view(self, array: Array) -> str:
        flat, at = self.place(array)
        return f"device.view({flat}, {at}, {shape(array.indices)})"

    def call(self, part: Part) -> list[str]:
        head = part.assigns[0]
        comments = [f"# {a}" for a in part.assigns if part.kind != "activation"]
        if part.kind == "activation":
            z, x = head.value.args[0].base, head.target.base
            return [f"device.launch(wide_activate, {part.elements}, ({part.elements}, activation[i], {z}, {x}))"]
        if part.kind == "product":
            left, right = head.contraction  # type: ignore[misc]
            (row, column), (inner,) = head.free, head.over
            a = f"{left.base}" if left.indices == (row, inner) else f"{left.base}.T"
            b = f"{right.base}" if right.indices == (inner, column) else f"{right.base}.T"
            more = ", accumulate=True" if head.accumulate else ""
            return [*comments, f"device.product({a}, {b}, {head.target.base}{more})"]
        arguments = f"({', '.join([*part.sizes, *part.arrays])})"
        kernel = part.name.replace(self.cutter.prefix, "wide_", 1)
        if part.kind == "line":
            return [*comments, f"device.launch_lines({kernel}, {part.elements}, {arguments})"]
        return [*comments, f"device.launch({kernel}, {part.elements}, {arguments})"]


def wide_kernel(part: Part, theorems: tuple[str, ...]) -> str:
    """The kernel that launches one part on a whole grid; the lanes of a line meet in shared memory."""
    kernel = part.name.replace("gpu_", "wide_", 1)
    arguments = ", ".join([*part.sizes, *part.arrays])
    doc = [f'"""`{part.name}` on a grid.', "", f"Theorem: {', '.join(theorems)}", '"""']
    head = [KERNEL, f"def {kernel}({arguments}):", *indent(doc)]
    if part.kind != "line":
        return "\n".join([*head, f"    {part.name}(cuda.grid(1), cuda.gridsize(1), {arguments})"])
    target, (place,) = part.assigns[0].target, part.assigns[0].free
    given = ", ".join([*part.sizes, *(a for a in part.arrays if a != part.assigns[0].name)])
    # Neighbouring threads read neighbouring elements: of one row where the sum runs along it, else of several columns.
    along_row = part.assigns[0].operands[0].indices[-1] in part.assigns[0].over
    one = ("cuda.threadIdx.x // LANES", "cuda.threadIdx.x % LANES")
    other = ("cuda.threadIdx.x % LINES", "cuda.threadIdx.x // LINES")
    line, lane = one if along_row else other
    lines = [
        *head,
        f"    shares = cuda.shared.array(THREADS, {target.base}.dtype)",
        f"    line = {line}",
        f"    lane = {lane}",
        "    at = cuda.blockIdx.x * LINES + line",
        f"    if at < {size(place)}:",
        f"        shares[line * LANES + lane] = {part.name}(at, lane, LANES, {given})",
        "    cuda.syncthreads()",
        f"    if at < {size(place)} and lane == 0:",
        "        for other in range(LANES):",
        f"            {target.base}[at] += shares[line * LANES + other]",
    ]
    return "\n".join(lines)
