"""IR -> Numba source for CUDA: the same programs, their loops shared among threads that work together.

Every assignment, or several over the same indices, becomes a *part*: a device function in which thread `rank` of `count`
takes every count-th element. Threads meet between parts: `layers` puts parts in their order, `flat` prints the programs
without layers. Arrays are flat: an element [h, k] stands at h · n_in + k.

    map         every element for itself
    product     Σ over the index that two matrices share
    line        Σ along the rows or columns of a matrix; `lane` of `lanes` threads takes every lanes-th term
    activation  x = f(z), slope = f'(z)
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from derivations.codegen.expressions import RealPrinter, add, indent, typed_constants
from derivations.proof.assignments import Array, Assign
from derivations.proof.notation import df, f, shape, size, storage_order
from derivations.proof.programs import Program
from derivations.theorems.spectral.propagation import ACTIVATE

DEVICE = "@cuda.jit(device=True)"


class FlatRealPrinter(RealPrinter):
    """Scalar expressions whose matrices are flat."""

    printmethod = "_flat"  # an Indexed would else print itself

    def _print_Indexed(self, e: sp.Indexed) -> str:
        if len(e.indices) == 1:
            return f"{e.base}[{e.indices[0]}]"
        row, column = e.indices
        return f"{e.base}[{row} * {size(column)} + {column}]"


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
        return " * ".join(map(size, self.assigns[0].free))


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
        """Whether each of its elements reads only elements that the same thread has computed."""
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
        sizes = tuple(map(size, storage_order(indices)))
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
        printer = FlatRealPrinter()
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
            f"    for {inner} in range({size(inner)}):",
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
            f"for {inner} in range(lane, {size(inner)}, lanes):",
            f"    {add('total', printer.doprint(assign.value))}",
            "return total",
        ]


def elements_of(free: tuple[sp.Symbol, ...]) -> list[str]:
    """The head of the loop in which a thread takes its elements, and their indices."""
    if len(free) == 1:
        return [f"for {free[0]} in range(rank, {size(free[0])}, count):"]
    row, column = free
    return [
        f"for element in range(rank, {size(row)} * {size(column)}, count):",
        f"    {row} = element // {size(column)}",
        f"    {column} = element - {row} * {size(column)}",
    ]


def document(
    summary: list[str], more: tuple[str, ...], theorems: tuple[str, ...], arrays: list[Array], scalars: str = ""
) -> list[str]:
    """The docstring of a printed function: its formula, its theorems and the shapes of its arrays."""
    lines = [f'"""{"; ".join(summary)}.', "", *([f"{text}." for text in more] + [""] if more else [])]
    lines += [f"Theorem: {', '.join(theorems)}", ""]
    for array in arrays:
        lines.append(f"{array.name} ({shape(array.indices)}) {array.meaning}")
    return [*lines, *([scalars] if scalars else []), '"""']
