"""IR -> Numba source for CUDA: the same programs, their loops shared among threads that work together.

Every assignment, or several over the same indices, becomes a *part*: a device function in which thread `rank` of `count`
takes every count-th element. Threads meet between parts. Those of one block meet at a barrier, so a block can train a
network of its own (`Blocks`); those of a whole grid meet at the next launch, so there each part is launched by itself, and
products of matrices go to a library (`Launches`). Arrays are flat: an element [h, k] stands at h · n_in + k.

    map         every element for itself
    product     Σ over the index that two matrices share
    line        Σ along the rows or columns of a matrix; `lane` of `lanes` threads takes every lanes-th term
    activation  x = f(z), slope = f'(z)

Programs without layers (losses, penalties, proximal maps, optimizers) are single functions of `rank` and `count` that
return the thread's share of their result; one that needs the sum of all shares before it can go on is cut there in two.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from derivations.codegen.cpu import LAYER, OFFSETS, ORDER, SIZES, CpuPrinter, add, indent, typed_constants
from derivations.codegen.expressions import RealPrinter
from derivations.codegen.ir import Array, Assign, Node, Program, Rows, flatten, name_of
from derivations.notation import df, f, s
from derivations.propagation import ACTIVATE

DEVICE = "@cuda.jit(device=True)"
KERNEL = "@kernel(256)"
FUSED_KERNEL = "@kernel(192, 2)"
# With the bound the compiler gives a thread no more registers than so many threads can have (`gpu.THREADS`, `gpu.FUSED`).


class FlatPrinter(RealPrinter):
    """Scalar expressions whose matrices are flat."""

    printmethod = "_flat"  # an Indexed would else print itself

    def _print_Indexed(self, e: sp.Indexed) -> str:
        if len(e.indices) == 1:
            return f"{e.base}[{e.indices[0]}]"
        row, column = e.indices
        return f"{e.base}[{row} * {SIZES[column]} + {column}]"


@dataclass(frozen=True)
class Part:
    """A device function: what it computes, on which arrays, with which sizes."""

    name: str
    kind: str
    assigns: tuple[Assign, ...]
    sizes: tuple[str, ...]
    arrays: tuple[str, ...]
    text: str

    @property
    def elements(self) -> str:
        """How many elements its threads share."""
        return " * ".join(SIZES[index] for index in self.assigns[0].free)


class PartPrinter:
    """Cuts a program with layers into parts and prints each as a device function."""

    def __init__(self, program: Program, prefix: str = "gpu_") -> None:
        self.program, self.prefix = program, prefix
        self.arrays = {array.name: array for array in program.arrays}
        self.parts: list[Part] = []

    def cut(self, run: tuple[Assign, ...]) -> list[Part]:
        """The parts of neighbouring assignments; the derivative of an activation is printed with its value."""
        groups: list[list[Assign]] = []
        for assign in (a for a in run if a.value.func != df):
            if groups and not assign.over and self.fits(assign, groups[-1]):
                groups[-1].append(assign)
            else:
                groups.append([assign])
        return [self.part(tuple(group)) for group in groups]

    def fits(self, assign: Assign, group: list[Assign]) -> bool:
        """Whether an element of it needs nothing but what the same thread has computed."""
        alike = all(a.free == assign.free and not a.over and a.value.func != f for a in (assign, *group))
        made = {a.name for a in group}
        return alike and all(o.indices == assign.free for o in assign.operands if str(o.base) in made)

    def part(self, assigns: tuple[Assign, ...]) -> Part:
        head = assigns[0]
        kind = (
            "activation" if head.value.func == f else "product" if head.contraction else "line" if head.over else "map"
        )
        if kind == "activation" and head != ACTIVATE[0]:
            raise ValueError(f"no code for {head}")
        indices = {index for a in assigns for index in (*a.free, *a.over)}
        sizes = tuple(SIZES[index] for index in ORDER if index in indices)
        arrays = dict.fromkeys(str(e.base) for a in assigns for e in (*a.operands, a.target))
        number = 1 + sum(part.kind != "activation" for part in self.parts)
        name = f"{self.prefix}{self.program.name}_{number}"
        text = "" if kind == "activation" else self.function(name, kind, assigns, sizes, sorted(arrays))
        made = Part(name, kind, assigns, sizes, tuple(sorted(arrays)), text)
        self.parts.append(made)
        return made

    def function(
        self, name: str, kind: str, assigns: tuple[Assign, ...], sizes: tuple[str, ...], arrays: list[str]
    ) -> str:
        printer = FlatPrinter()
        body = {"map": self.map, "product": self.product, "line": self.line}[kind](printer, assigns)
        given = [a for a in arrays if kind != "line" or a != assigns[0].name]
        first = ("at", "lane", "lanes") if kind == "line" else ("rank", "count")
        constants = typed_constants(printer.constants, given[0])
        doc = document(
            [str(a) for a in assigns],
            (f"One element, the terms of one lane: the sum of all lanes is {assigns[0].target}",)
            if kind == "line"
            else (),
            self.program.theorems,
            [self.arrays[a] for a in given],
        )
        lines = [DEVICE, f"def {name}({', '.join([*first, *sizes, *given])}):", *indent([*doc, *constants, *body])]
        return "\n".join(lines)

    def map(self, printer: RealPrinter, assigns: tuple[Assign, ...]) -> list[str]:
        lines = elements_of(assigns[0].free)
        for assign in assigns:
            target, value = printer.doprint(assign.target), printer.doprint(assign.value)
            lines.append(f"    {add(target, value) if assign.accumulate else f'{target} = {value}'}")
        return lines

    def product(self, printer: RealPrinter, assigns: tuple[Assign, ...]) -> list[str]:
        (assign,) = assigns
        (inner,) = assign.over
        zero = printer.constant(sp.S.Zero)
        return [
            *elements_of(assign.free),
            f"    total = {zero}",
            f"    for {inner} in range({SIZES[inner]}):",
            f"        {add('total', printer.doprint(assign.value))}",
            f"    {printer.doprint(assign.target)} {'+=' if assign.accumulate else '='} total",
        ]

    def line(self, printer: RealPrinter, assigns: tuple[Assign, ...]) -> list[str]:
        (assign,) = assigns
        (place,), (inner,) = assign.free, assign.over
        if not assign.accumulate:
            raise ValueError(f"a sum along a line must accumulate: {assign}")
        zero = printer.constant(sp.S.Zero)
        return [
            f"{place} = at",
            f"total = {zero}",
            f"for {inner} in range(lane, {SIZES[inner]}, lanes):",
            f"    {add('total', printer.doprint(assign.value))}",
            "return total",
        ]


def elements_of(free: tuple[sp.Symbol, ...]) -> list[str]:
    """The head of the loop in which a thread takes its elements, and their indices."""
    if len(free) == 1:
        return [f"for {free[0]} in range(rank, {SIZES[free[0]]}, count):"]
    row, column = free
    return [
        f"for element in range(rank, {SIZES[row]} * {SIZES[column]}, count):",
        f"    {row} = element // {SIZES[column]}",
        f"    {column} = element - {row} * {SIZES[column]}",
    ]


def document(
    summary: list[str], more: tuple[str, ...], theorems: tuple[str, ...], arrays: list[Array], scalars: str = ""
) -> list[str]:
    """The docstring of a printed function: what it computes, by which theorem, on arrays of which shapes."""
    lines = [f'"""{"; ".join(summary)}.', "", *([f"{text}." for text in more] + [""] if more else [])]
    lines += [f"Theorem: {', '.join(theorems)}", ""]
    for array in arrays:
        shape = ", ".join(SIZES[index] for index in array.indices)
        lines.append(f"{array.name} ({shape}) {array.meaning}")
    return [*lines, *([scalars] if scalars else []), '"""']


# --- programs with layers ---------------------------------------------------------------------------------------------


class LayerPrinter(CpuPrinter):
    """The loop over layers around the parts, for threads of a block or for launches."""

    def __init__(self, program: Program, printer: PartPrinter) -> None:
        super().__init__(program)
        self.cutter = printer

    def signature(self) -> list[str]:
        calls_f = any(a.value.func == f for a in self.program.assignments)
        return ["layout", *(["activation"] if calls_f else []), "n_samples", *sorted(self.storage)]

    def lines(self) -> list[str]:
        body = self.block(self.program.body, set())
        return [*self.cleared(), *body]

    def cleared(self) -> list[str]:
        """Zero what the first assignment to it only adds to."""
        seen: dict[str, bool] = {}
        for assign in self.program.assignments:
            seen.setdefault(name_of(assign.target), assign.accumulate)
        flat = dict.fromkeys(self.flat(self.arrays[name]) for name, adds in seen.items() if adds)
        return [line for name in flat for line in self.clear(name)]

    def flat(self, array: Array) -> str:
        return "gradient" if array.kind == "gradient" else f"{array.store or array.name}_all"

    def assignments(self, run: tuple[Assign, ...], open_loops: set[sp.Symbol]) -> list[str]:
        return [line for part in self.cutter.cut(run) for line in self.call(part)]

    def place(self, array: Array) -> tuple[str, str]:
        """The flat storage an array is part of, and where it begins."""
        if array.kind in ("parameter", "gradient"):
            flat = "parameters" if array.kind == "parameter" else "gradient"
            name = (array.store or array.name).removeprefix("d") if array.kind == "gradient" else array.name
            return flat, f"layout[i, {OFFSETS[name]}]" if name in OFFSETS else "layout[i, BLOCKS + j]"
        if array.kind == "state":
            return f"{array.store or array.name}_all", f"n_samples * layout[{LAYER[array.layer]}, START]"
        samples = s in array.indices
        mates = [a.name for a in self.program.arrays if a.kind == "scratch" and (s in a.indices) == samples]
        if len(mates) > (1 if samples else 2):
            raise ValueError(f"no room for {mates}")
        sizes = " * ".join(SIZES[index] for index in array.indices)
        return "sample_scratch" if samples else "block_scratch", sizes if mates.index(array.name) else "0"

    def clear(self, flat: str) -> list[str]:
        raise NotImplementedError

    def call(self, part: Part) -> list[str]:
        raise NotImplementedError


class Blocks(LayerPrinter):
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
        self.storage[flat] = None
        return f"{flat}[{at}:]"

    def call(self, part: Part) -> list[str]:
        arguments = ", ".join([*part.sizes, *part.arrays])
        if part.kind == "activation":
            z, x = ACTIVATE[0].value.args[0].base, ACTIVATE[0].target.base
            call = [
                f"gpu_activate(rank, count, {part.elements}, activation, {z}, {x})  # x = f(z), slope = f'(z) in the place of z"
            ]
        elif part.kind == "line":
            target, (place,) = part.assigns[0].target, part.assigns[0].free
            given = ", ".join([*part.sizes, *(a for a in part.arrays if a != part.assigns[0].name)])
            call = [
                f"for {place} in range(rank, {SIZES[place]}, count):",
                f"    {target.base}[{place}] += {part.name}({place}, 0, 1, {given})",
            ]
        else:
            call = [f"{part.name}(rank, count, {arguments})"]
        return [f"# {a}" for a in part.assigns if part.kind != "activation"] + [*call, "cuda.syncthreads()"]


class Launches(LayerPrinter):
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
        self.storage[flat] = None
        return f"device.view({flat}, {at}, {', '.join(SIZES[index] for index in array.indices)})"

    def call(self, part: Part) -> list[str]:
        head = part.assigns[0]
        comments = [f"# {a}" for a in part.assigns if part.kind != "activation"]
        if part.kind == "activation":
            z, x = head.value.args[0].base, head.target.base
            return [f"device.launch(wide_activate, {part.elements}, ({part.elements}, activation, {z}, {x}))"]
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
    return "\n".join([
        *head,
        f"    shares = cuda.shared.array(THREADS, {target.base}.dtype)",
        f"    line = {line}",
        f"    lane = {lane}",
        "    at = cuda.blockIdx.x * LINES + line",
        f"    if at < {SIZES[place]}:",
        f"        shares[line * LANES + lane] = {part.name}(at, lane, LANES, {given})",
        "    cuda.syncthreads()",
        f"    if at < {SIZES[place]} and lane == 0:",
        "        for other in range(LANES):",
        f"            {target.base}[at] += shares[line * LANES + other]",
    ])  # fmt: skip


# --- programs without layers ------------------------------------------------------------------------------------------


class TeamPrinter(CpuPrinter):
    """Losses, penalties, proximal maps and optimizers, their outermost loop shared among threads."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self.printer = FlatPrinter()

    def functions(self) -> list[str]:
        """One function, or two where a sum over all elements is needed on the way."""
        body, result = self.program.body, self.program.result
        flat = [a for a in body if isinstance(a, Assign)]
        sums = [a for a in flat if a.over and not a.free and a.name != result]
        if not sums:
            return [self.team(f"gpu_{self.program.name}", body, (), result)]
        (total,) = sums
        cut = body.index(total)
        name = f"gpu_{self.program.name}"
        return [
            self.team(f"{name}_{total.name}", body[: cut + 1], (), total.name),
            self.team(name, body[cut + 1 :], (total.name,), result),
        ]

    def team(self, name: str, body: tuple[Node, ...], known: tuple[str, ...], result: str) -> str:
        self.printer = FlatPrinter()
        lines = self.block(body, set())
        everything = tuple(flatten(body))
        used = {str(operand.base) for a in everything for operand in a.operands} | {a.name for a in everything}
        arrays = [a for a in self.program.arrays if a.name in used]
        owners = [a for a in arrays if not a.store]
        stored = [a for a in arrays if a.store]
        names = dict.fromkeys([*(a.name for a in owners), *(a.store for a in stored)])
        sizes = [SIZES[index] for index in ORDER if any(index in a.indices for a in arrays)]
        named = {str(symbol) for a in everything for symbol in a.value.free_symbols}
        scalars = [scalar for scalar in self.program.scalars if scalar in named]
        starts = [f"{a.name} = {a.store}" for a in stored]
        flat = [a for a in body if isinstance(a, Assign)]
        shared = any(a.name == result and (a.over or a.accumulate) for a in flat) or any(
            isinstance(n, Rows) for n in body
        )
        if result and any(isinstance(n, Rows) for n in body):
            starts.append(f"{result} = {self.printer.constant(sp.S.Zero)}")
        end = []
        if result:
            zero = self.printer.constant(sp.S.Zero)
            end = [f"return {result}" if shared else f"return {result} if rank == 0 else {zero}"]
        by_type = next(a.name for a in owners if not a.integer)
        constants = typed_constants(self.printer.constants, by_type)
        more = (f"Returns the thread's share of {result}",) if result else ()
        summary = [
            self.program.summary if not result or result == self.program.result else f"{result} of {self.program.name}"
        ]
        doc = document(summary, more, self.program.theorems, arrays)
        arguments = ", ".join(["rank", "count", *sizes, *names, *known, *scalars])
        return "\n".join([DEVICE, f"def {name}({arguments}):", *indent([*doc, *constants, *starts, *lines, *end])])

    def loop(self, node: Node, open_loops: set[sp.Symbol]) -> list[str]:
        if isinstance(node, Rows):
            return ["for s in range(rank, n_samples, count):", *indent(self.block(node.body, {s}))]
        raise TypeError(f"no code for {node}")

    def nest(self, nest: list[Assign], open_loops: set[sp.Symbol]) -> list[str]:
        """The outermost loop is the threads'."""
        lines = super().nest(nest, open_loops)
        indices = sorted({*nest[0].free, *nest[0].over} - open_loops, key=ORDER.index)
        if open_loops or not indices:
            return lines
        size = SIZES[indices[0]]
        whole, mine = f"for {indices[0]} in range({size}):", f"for {indices[0]} in range(rank, {size}, count):"
        return [mine if line == whole else line for line in lines]
