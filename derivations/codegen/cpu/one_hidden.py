"""IR -> Numba source for the CPU, for networks with one hidden layer, few inputs and few outputs.

The same programs as in `layers`, in another order of loops: neuron by neuron, the samples of a mini-batch innermost, and
inputs and outputs written out. Both layers' steps of a neuron share one pass over the samples, so that its numbers stay in
registers: forward the hidden layer and its part of the output, backward the other way round. A library gains nothing from
products with three columns; a step of the published experiment takes a third of the time this way.
"""

from __future__ import annotations

from collections.abc import Iterator

import sympy as sp

from derivations.codegen.cpu.layers import DECORATOR
from derivations.codegen.elementwise import value_and_slope
from derivations.codegen.expressions import choice, indent, typed_constants
from derivations.codegen.one_hidden import SIZES, OneHiddenPrinter, theorems
from derivations.proof.programs import Program
from derivations.theorems.scalar import activations
from derivations.theorems.spectral import adjoint, propagation


class CpuOneHiddenPrinter(OneHiddenPrinter):
    """Prints the forward and the backward pass for one pair of sizes."""

    def output(self, place: int) -> str:
        return f"output_rows[{place}, s]"

    def row(self, array: str, number: int, place: int | None) -> str:
        rows = {"u_in": "x_rows" if number == 1 else "u_rows", "slope": "z_rows", "dz": "output_rows"}[array]
        return f"{rows}[{'n' if place is None else place}, s]"

    def propagate(self) -> str:
        """Forward: z, f(z), u of the hidden layer and its part of every output, in one pass over the samples."""
        first, last = self.sides(propagation.GLOBAL)
        self.lines.known.add("value")  # by the lines of an activation
        for side in (first, last):
            for assign in side.step:
                if not self.activates(assign):
                    self.emit(side, assign)
        cut = next(number for number, line in enumerate(self.lines.inside) if line.startswith("u1 = "))
        bodies: list[str] = []
        for code, item in enumerate(activations.ACTIVATIONS):
            loop = [*self.lines.inside[:cut], *value_and_slope(self.printer, item), *self.lines.inside[cut:]]
            kept = ["z_rows[n, s] = slope", "u_rows[n, s] = u1"]
            bodies += [
                f"{choice('activation', code, code, len(activations.ACTIVATIONS))}  # {item.name}",
                *indent(["for s in range(n_samples):", *indent([*loop, *kept])]),
            ]
        body = [*self.zeroed_outputs(), "for n in range(n_hidden):", *indent([*self.lines.before, *bodies])]
        arguments = "layout, activation, n_samples, parameters, x_rows, z_rows, u_rows, output_rows"
        summary = "z_K of one hidden layer; f'(z) is left in z_rows and u in u_rows, neuron first"
        return self.function("propagate", arguments, summary, propagation.GLOBAL, body)

    def adjoint(self) -> str:
        """Backward: every gradient of a neuron from one pass over the samples."""
        first, last = self.sides(adjoint.GLOBAL)
        for side in (last, first):
            for assign in side.step:
                self.emit(side, assign)
        zero = self.printer.constant(sp.S.Zero)
        turn = [*self.read_lines(), *(f"{name} = {zero}" for name in self.lines.reductions)]
        turn += ["for s in range(n_samples):", *indent(self.lines.inside), *self.lines.after]
        body = [f"gradient[:] = {zero}", "for n in range(n_hidden):", *indent(turn)]
        arguments = "layout, n_samples, parameters, gradient, x_rows, z_rows, u_rows, output_rows"
        summary = "gradient of a loss with respect to every parameter; output_rows holds ∂ℓ/∂z_K"
        return self.function("adjoint", arguments, summary, adjoint.GLOBAL, body)

    def zeroed_outputs(self) -> Iterator[str]:
        zero = self.printer.constant(sp.S.Zero)
        for place in range(self.outputs):
            yield from ("for s in range(n_samples):", f"    output_rows[{place}, s] = {zero}")

    def function(self, kind: str, arguments: str, summary: str, program: Program, body: list[str]) -> str:
        name = f"{kind}_{self.inputs}_{self.outputs}"
        doc = [
            f'"""{summary}; {self.inputs} inputs, {self.outputs} output{"s" * (self.outputs > 1)}.',
            "",
            f"Theorem: {', '.join(theorems(program))}",
            "",
            "x_rows (inputs, n_samples); z_rows, u_rows (n_hidden, n_samples); output_rows (outputs, n_samples)",
            '"""',
        ]
        lines = [*doc, *typed_constants(self.printer.constants, "parameters"), "n_hidden = layout[1, WIDTH]", *body]
        return "\n".join([DECORATOR, f"def {name}({arguments}):", *indent(lines)])


def functions() -> list[str]:
    """All functions for one hidden layer, as text."""
    return [
        text
        for sizes in SIZES
        for text in (CpuOneHiddenPrinter(*sizes).propagate(), CpuOneHiddenPrinter(*sizes).adjoint())
    ]
