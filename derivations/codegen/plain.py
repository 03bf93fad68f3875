"""IR -> plain Python: programs as loops over flat vectors, every operation in one order.

The Numba kernels leave the order of sums to the compiler. Here it is fixed: an inner sum runs over its index from 0 on, and
nothing is regrouped. Run with NumPy scalars the text is the reference of the printers for other languages, which print the
same operations in the same order and so must reach the same bits.
"""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from derivations.codegen.elementwise import activate_function
from derivations.codegen.expressions import RealPrinter, indent, typed_constants
from derivations.codegen.layers import LayerPrinter
from derivations.proof.assignments import Array, Assign, Layers
from derivations.proof.notation import shape, size, storage_order
from derivations.proof.programs import Program
from derivations.theorems.scalar.activations import ACTIVATIONS
from derivations.theorems.spectral.propagation import ACTIVATE


class FlatPrinter(RealPrinter):
    """Prints an element of a matrix at its place in a flat vector."""

    printmethod = "_flat"
    """No class of SymPy has a method of this name; with SymPy's own, an element would print itself."""

    def _print_Indexed(self, e: sp.Indexed) -> str:
        first, *second = e.indices
        place = f"{first} * {size(second[0])} + {second[0]}" if second else str(first)
        return f"{e.base}[{place}]"


class PlainPrinter(LayerPrinter):
    """Prints one program as one function."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self.printer = FlatPrinter()

    def function(self) -> str:
        """Signature, docstring with theorem ids and shapes, body."""
        program = self.program
        body = self.block(program.body, set())
        first = next(iter(self.storage), None) or next(a.name for a in program.arrays if not a.integer)
        scalars = [f"{name} = {first}.dtype.type({name})" for name in program.scalars]
        constants = typed_constants(self.printer.constants, first)
        result = [f"return {program.result}"] if program.result else []
        lines = [*self.docstring(), *scalars, *constants, *self.zeroed(first), *body, *result]
        return "\n".join([f"def {program.name}({', '.join(self.signature())}):", *indent(lines)])

    def signature(self) -> list[str]:
        """The arrays, the scalars, and for matrices their sizes."""
        if any(isinstance(node, Layers) for node in self.program.body):
            return self.layer_arguments()
        given = [a for a in self.program.arrays if a.kind == "argument"]
        matrices = {size(i): None for i in storage_order(i for a in given if len(a.indices) == 2 for i in a.indices)}
        return [*dict.fromkeys(a.store or a.name for a in given), *self.program.scalars, *matrices]

    def docstring(self) -> list[str]:
        lines = [f'"""{self.program.summary}.', "", f"Theorem: {', '.join(self.program.theorems)}", ""]
        lines += [f"{array.name} ({shape(array.indices)}) {array.meaning}" for array in self.program.arrays]
        return [*lines, '"""']

    def zeroed(self, first: str) -> list[str]:
        """Clear what the program adds to; name the length of vectors, and arrays that share a place."""
        added = self.only_added_to()
        cleared = [self.arrays[name] for name in added if name in self.arrays]
        lines = [f"{self.flat(array)}[:] = 0" for array in cleared if array.kind != "argument"]
        if self.program.result in added:
            lines.append(f"{self.program.result} = {first}.dtype.type(0.0)")
        given = [array for array in self.program.arrays if array.kind == "argument"]
        lines += [
            f"{size(array.indices[0])} = {array.store or array.name}.size"
            for array in given
            if len(array.indices) == 1 and not any(len(a.indices) == 2 for a in given)
        ]
        lines += [f"{array.name} = {array.store}" for array in given if array.store]
        return list(dict.fromkeys(lines))

    def view(self, array: Array) -> str:
        flat, at = self.place(array)
        return f"part({flat}, {at}, {' * '.join(map(size, array.indices))})"

    def second_half(self, flat: str, array: Array) -> str:
        return f"{flat}.size // 2"

    def activation(self, assign: Assign, run: tuple[Assign, ...]) -> list[str]:
        if (assign, run[run.index(assign) + 1 :][:1]) != (ACTIVATE[0], (ACTIVATE[1],)):
            raise ValueError(f"no code for {assign}")
        return ["activate(activation, z, x, n_samples * n_out)  # x = f(z), slope = f'(z) in the place of z"]

    def product(self, assign: Assign) -> list[str]:
        """A product as loops; a sum over an outer index adds to zeros."""
        (inner,) = assign.over
        if assign.accumulate or storage_order({*assign.free, inner})[-1] == inner:
            return self.nest([assign], set())
        zeros = Assign(assign.target, sp.Integer(0))
        return [*self.nest([zeros], set()), *self.nest([replace(assign, accumulate=True)], set())]


def function(program: Program) -> str:
    """One program as plain Python."""
    return PlainPrinter(program).function()


def signature(program: Program) -> list[str]:
    """The names of the arguments of the printed function."""
    printer = PlainPrinter(program)
    printer.function()
    return printer.signature()


def activate() -> str:
    """`activate`: one branch for each activation, value and slope of one number at a time."""
    places = {"size": "size", "z": "pre[i]", "x": "post[i]", "shape": "size"}
    return activate_function(FlatPrinter(), ACTIVATIONS, "def activate(activation, pre, post, size):", places)
