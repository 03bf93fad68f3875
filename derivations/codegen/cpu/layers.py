"""IR -> Numba source for the CPU: programs as functions.

A contraction becomes `np.dot` into its destination (BLAS), an activation a call of `activate`; everything else becomes loops.
"""

from __future__ import annotations

import sympy as sp

from derivations.codegen.expressions import indent, typed_constants
from derivations.codegen.layers import LayerPrinter
from derivations.proof.assignments import Array, Assign, Layers
from derivations.proof.notation import s, shape, size, storage_order
from derivations.proof.programs import Program
from derivations.theorems.spectral.propagation import ACTIVATE

_PLAIN = 'nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}'
_OPTIONS = f"cache=True, {_PLAIN}"
RUNNER = f"@njit({_OPTIONS})"
# Inlined for the sake of equal bits: a called function exists twice, compiled alone and with its caller, and a
# process that compiles runs the one where a process that loads from the cache runs the other.
DECORATOR = f"@njit({_OPTIONS}, forceinline=True)"
HELPER = f"@njit({_PLAIN}, forceinline=True)"
"""Of what is only inlined into kernels that Python calls. It is in no cache: two processes that compile different kernels write no
file of one function at the same time, which Numba does not guard."""


class CpuPrinter(LayerPrinter):
    """Prints one program as one function."""

    # --- the function -----------------------------------------------------------------------------

    def function(self) -> str:
        """Decorator, signature, docstring with theorem ids and shapes, body."""
        program = self.program
        body = self.block(program.body, set())
        constants = self.constants()
        names = self.signature()
        lines = [DECORATOR, f"def {program.name}({', '.join(names)}):"]
        return "\n".join([*lines, *indent(self.docstring()), *indent(constants + self.zeroed() + body + self.result())])

    def signature(self) -> list[str]:
        layered = any(isinstance(node, Layers) for node in self.program.body)
        arguments = {a.store or a.name: None for a in self.program.arrays if a.kind == "argument"}
        return [*arguments, *self.program.scalars, *(self.layer_arguments() if layered else [])]

    def docstring(self) -> list[str]:
        lines = [
            f'"""{self.program.summary}.',
            "",
            f"Theorem: {', '.join(self.program.theorems)}",
            "",
        ]
        lines += [f"{array.name} ({shape(array.indices)}) {array.meaning}" for array in self.program.arrays]
        return [*lines, '"""']

    def constants(self) -> list[str]:
        first = next(iter(self.storage), None) or next(a.name for a in self.program.arrays if not a.integer)
        return typed_constants(self.printer.constants, first)

    def zeroed(self) -> list[str]:
        """Clear storage that the program adds to, and name the sizes and arrays that come from arguments."""
        added = self.only_added_to()
        cleared = [self.arrays[name] for name in added if name in self.arrays]
        lines = [f"{self.flat(array)}[:] = 0" for array in cleared if array.kind != "argument"]
        if self.program.result in added:
            lines.append(f"{self.program.result} = 0.0")
        given = [array for array in self.program.arrays if array.kind == "argument"]
        for index in storage_order(index for array in given for index in array.indices):
            array = next(array for array in given if index in array.indices)
            lines.append(f"{size(index)} = {array.store or array.name}.shape[{array.indices.index(index)}]")
        lines += [f"{array.name} = {array.store}" for array in given if array.store]
        return list(dict.fromkeys(lines))

    def result(self) -> list[str]:
        return [f"return {self.program.result}"] if self.program.result else []

    # --- arrays -----------------------------------------------------------------------------------

    def view(self, array: Array) -> str:
        kind = "matrix" if len(array.indices) == 2 else "vector"
        flat, at = self.place(array)
        return f"{kind}({flat}, {at}, {shape(array.indices)})"

    def second_half(self, flat: str, array: Array) -> str:
        return f"{flat}.size // 2"

    # --- products and activations -----------------------------------------------------------------

    def activation(self, assign: Assign, run: tuple[Assign, ...]) -> list[str]:
        """`activate` computes x = f(z) with slope = f'(z) in the place of z, and nothing else."""
        if (assign, run[run.index(assign) + 1 :][:1]) != (ACTIVATE[0], (ACTIVATE[1],)):
            raise ValueError(f"no code for {assign}")
        return ["activate(activation[i], z, x)  # x = f(z), slope = f'(z) in the place of z"]

    def product(self, assign: Assign) -> list[str]:
        """One matrix product into its destination."""
        left, right = assign.contraction  # type: ignore[misc]
        (row, column), (inner,) = assign.free, assign.over
        a = f"{left.base}" if left.indices == (row, inner) else f"{left.base}.T"
        b = f"{right.base}" if right.indices == (inner, column) else f"{right.base}.T"
        if not assign.accumulate:
            return [f"np.dot({a}, {b}, {assign.target.base})"]
        self.storage["sample_scratch"] = None
        if s not in assign.free:
            raise ValueError(f"sample_scratch has no room for the product: {assign}")
        if any(a.kind == "scratch" and s in a.indices for a in self.program.arrays):
            raise ValueError(f"the product would overwrite scratch: {assign}")
        return [
            f"product = matrix(sample_scratch, 0, {shape(assign.free)})",
            f"np.dot({a}, {b}, product)",
            *self.nest([Assign(assign.target, sp.IndexedBase("product")[assign.free], accumulate=True)], set()),
        ]


def function(program: Program) -> str:
    """The Numba source of one program."""
    return CpuPrinter(program).function()


def signature(program: Program) -> list[str]:
    """The argument names of the printed function."""
    printer = CpuPrinter(program)
    printer.function()
    return printer.signature()
