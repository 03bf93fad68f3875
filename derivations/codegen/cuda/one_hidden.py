"""IR -> Numba source for CUDA, for networks with one hidden layer, few inputs and few outputs.

The same programs as in `codegen.one_hidden`. Every thread of a block takes samples on the way forward and neurons on the way back. So the output of a sample and the
gradient of a neuron are sums in one thread's registers, and z, f(z) and u need no storage: the way back computes them again.
Several turns share a sample, each with a part of the neurons, so that no thread waits long for the others.
"""

from __future__ import annotations

import sympy as sp

from derivations.codegen.cuda.parts import DEVICE
from derivations.codegen.expressions import add, indent, typed_constants
from derivations.codegen.one_hidden import OneHiddenPrinter, Side, theorems
from derivations.proof.assignments import Assign
from derivations.proof.programs import Program
from derivations.theorems.spectral import adjoint, propagation

ACTIVATION = "value, slope = gpu_activation(activation, z, parameters)"


class CudaOneHiddenPrinter(OneHiddenPrinter):
    """Prints the forward and the backward pass for one pair of sizes."""

    def output(self, place: int) -> str:
        return f"output_{place}"

    def row(self, array: str, number: int, place: int | None) -> str:
        flat, width = {"u_in": ("u_all", self.inputs), "dz": ("output", self.outputs)}[array]
        return f"{flat}[s * {width} + {place}]"

    def emit(self, side: Side, assign: Assign) -> None:
        if str(assign.target.base) in ("dlam_in", "dlam_out") and side.small in assign.free:  # a sum over the threads
            for place in range(side.size):
                share = side.name(assign.target, place)
                self.lines.after.append(add(share, self.value(side, assign, place)))
        else:
            super().emit(side, assign)

    def forward(self) -> tuple[Side, Side]:
        """The lines of the hidden layer and of its part of every output."""
        sides = self.sides(propagation.GLOBAL)
        self.lines.known.add("value")
        for side in sides:
            for assign in side.step:
                if self.activates(assign):
                    if ACTIVATION not in self.lines.inside:
                        self.lines.inside.append(ACTIVATION)
                else:
                    self.emit(side, assign)
        return sides

    def propagate(self) -> str:
        self.forward()
        rows = [line for line in self.lines.inside if "u_all[" in line]
        inside = [line for line in self.lines.inside if line not in rows]
        zero, places = self.printer.constant(sp.S.Zero), range(self.outputs)
        body = [
            "n_hidden = layout[1, WIDTH]",
            "parts = gpu_parts(count, n_samples)",
            "for turn in range(rank, parts * n_samples, count):",
            "    part = turn // n_samples",
            "    s = turn - part * n_samples",
            *indent([*rows, *(f"output_{place} = {zero}" for place in places)]),
            "    for n in range(part, n_hidden, parts):",
            *indent([*self.lines.before, *inside], 2),
            *(f"    partial[turn * {self.outputs} + {place}] = output_{place}" for place in places),
            "cuda.syncthreads()",
            f"for element in range(rank, n_samples * {self.outputs}, count):",
            f"    total = {zero}",
            "    for part in range(parts):",
            f"        total += partial[part * n_samples * {self.outputs} + element]",
            "    output[element] = total",
            "cuda.syncthreads()",
        ]
        arguments = "rank, count, layout, activation, n_samples, parameters, u_all, output, partial"
        return self.function("propagate", arguments, "z_K of one hidden layer", propagation.GLOBAL, body)

    def adjoint(self) -> str:
        self.forward()
        self.lines.inside = [line for line in self.lines.inside if not line.startswith("output_")]
        self.lines.known |= {"slope", "u1"}
        first, last = self.sides(adjoint.GLOBAL)
        for side in (last, first):
            for assign in side.step:
                self.emit(side, assign)
        zero = self.printer.constant(sp.S.Zero)
        shares = {f"dlam_in1_{k}": f"layout[1, LAMBDA_IN] + {k}" for k in range(self.inputs)}
        shares |= {f"dlam_out2_{h}": f"layout[2, LAMBDA_OUT] + {h}" for h in range(self.outputs)}
        before = list(dict.fromkeys(self.read_lines()))
        body = [
            "n_hidden = layout[1, WIDTH]",
            "gpu_clear(rank, count, parameters.shape[0], gradient)",
            "cuda.syncthreads()",
            *(f"{name} = {zero}" for name in shares),
            "for n in range(rank, n_hidden, count):",
            *indent([*before, *(f"{name} = {zero}" for name in self.lines.reductions)]),
            "    for s in range(n_samples):",
            *indent(self.lines.inside, 2),
            *indent(self.lines.after),
        ]
        for name, at in shares.items():
            body += [f"total = gpu_sum(rank, count, {name}, room)", "if rank == 0:", f"    gradient[{at}] += total"]
        body.append("cuda.syncthreads()")
        arguments = "rank, count, layout, activation, n_samples, parameters, gradient, u_all, output, room"
        summary = "gradient of a loss with respect to every parameter; output holds ∂ℓ/∂z_K"
        return self.function("adjoint", arguments, summary, adjoint.GLOBAL, body)

    def function(self, kind: str, arguments: str, summary: str, program: Program, body: list[str]) -> str:
        doc = [
            f'"""{summary}; {self.inputs} inputs, {self.outputs} output{"s" * (self.outputs > 1)}; by the threads of a block.',
            "",
            f"Theorem: {', '.join(theorems(propagation.GLOBAL) if program is propagation.GLOBAL else (*theorems(program), *theorems(propagation.GLOBAL)))}",
            "",
            "u_all (n_samples, inputs) the mini-batch; output (n_samples, outputs); partial (parts, n_samples, outputs)"
            if kind == "propagate"
            else "u_all (n_samples, inputs) the mini-batch; output (n_samples, outputs); room (threads)",
            '"""',
        ]
        lines = [*doc, *typed_constants(self.printer.constants, "parameters"), *body]
        return "\n".join([DEVICE, f"def gpu_{kind}_{self.inputs}_{self.outputs}({arguments}):", *indent(lines)])
