"""IR -> Numba source for networks with one hidden layer, few inputs and few outputs.

The same programs as in `cpu`, in another order of loops: neuron by neuron, the samples of a mini-batch innermost, and what
runs over inputs or outputs written out. Both layers' steps of a neuron share one pass over the samples, so that its
numbers stay in registers: forward the hidden layer and its part of the output, backward the other way round. Products with
three columns leave a library nothing to do; a step of the published experiment takes a third of the time this way.

An index is either the neuron (one turn of the outer loop), the sample (the inner loop), or written out. So every
assignment becomes one line for each value of its written-out free index, sums over written-out indices become sums, sums
over samples are collected in a local name, and sums over neurons in memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import sympy as sp

from derivations.codegen.cpu.layers import DECORATOR, add, choice, indent, typed_constants
from derivations.codegen.elementwise import activation_theorems, value_and_slope
from derivations.codegen.expressions import RealPrinter
from derivations.proof.notation import df, f, h, k, s
from derivations.proof.programs import Assign, Program
from derivations.theorems.scalar import activations
from derivations.theorems.spectral import adjoint, propagation

SIZES = ((2, 1), (3, 1), (4, 1), (3, 2))
"""Inputs (with the constant) and outputs for which code is printed."""

GLOBAL_NAMES = {"u_in1": "x", "z1": "z", "x1": "value", "slope1": "slope", "du1": "du", "du_in2": "du", "dz1": "dz"}
"""Names that both layers, or the activation's own lines, know: u_in of the hidden layer is the input."""


def product(count: int, name: str) -> str:
    """``count * name`` without the factors that change nothing."""
    return {0: "0", 1: name}.get(count, f"{count} * {name}")


@dataclass(frozen=True)
class Side:
    """One of the two layer steps: which index runs over hidden neurons, which is written out, and how far."""

    number: int
    neuron: sp.Symbol
    small: sp.Symbol
    size: int
    step: tuple[Assign, ...]

    def name(self, element: sp.Indexed | sp.Symbol, place: int) -> str:
        """The local name of an array's element at the neuron, the sample, and this value of the written-out index."""
        base = f"{element.base}{self.number}"
        base = {"u_in2": "u1"}.get(base, GLOBAL_NAMES.get(base, base))
        return f"{base}_{place}" if self.small in element.indices else base

    def location(self, name: str, place: int) -> str:
        """Where a parameter or its gradient stands in the flat vectors."""
        layer, array = self.number, name.removeprefix("d")
        if array == "phi":
            row = f"n * {self.size}" if layer == 1 else product(place, "n_hidden")
            column = str(place) if layer == 1 else "n"
            return " + ".join(term for term in (f"layout[{layer}, PHI]", row, column) if term != "0")
        row = "LAMBDA_IN" if array == "lam_in" else "LAMBDA_OUT"
        on_neuron = (array == "lam_out") == (layer == 1)
        return f"layout[{layer}, {row}] + {'n' if on_neuron else place}"


@dataclass
class Lines:
    """The parts of one turn of the loop over neurons."""

    before: list[str] = field(default_factory=list)
    inside: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    reductions: list[str] = field(default_factory=list)
    known: set[str] = field(default_factory=set)


class FusedPrinter:
    """Prints the forward and the backward pass for one pair of sizes."""

    def __init__(self, inputs: int, outputs: int) -> None:
        self.inputs, self.outputs = inputs, outputs
        self.printer = RealPrinter()
        self.lines = Lines()

    def sides(self, program: Program) -> tuple[Side, Side]:
        first = program.step(hidden=True, sender_hidden=False)
        last = program.step(hidden=False, sender_hidden=True)
        return Side(1, h, k, self.inputs, first), Side(2, k, h, self.outputs, last)

    # --- one assignment ---------------------------------------------------------------------------

    def emit(self, side: Side, assign: Assign) -> None:
        places = range(side.size) if side.small in assign.free else (0,)
        for place in places:
            value = self.value(side, assign, place)
            name = str(assign.target.base)
            target = side.name(assign.target, place)
            if s in assign.over:  # collected over the samples
                self.lines.reductions.append(target)
                self.lines.inside.append(add(target, value))
                self.lines.known.add(target)
            elif s in assign.free:
                if side.neuron in assign.over:  # an output, collected over the neurons
                    self.lines.inside.append(add(f"output_rows[{place}, s]", value))
                else:
                    self.lines.inside.append(f"{target} = {value}")
                    self.lines.known.add(target)
            elif name in ("dphi", "dlam_in", "dlam_out"):
                at = f"gradient[{side.location(name, place)}]"
                self.lines.after.append(add(at, value) if assign.accumulate else f"{at} = {value}")
            else:
                self.lines.before.append(f"{target} = {value}")
                self.lines.known.add(target)

    def value(self, side: Side, assign: Assign, place: int) -> str:
        """The right-hand side, a sum written out where the written-out index is summed."""
        places = range(side.size) if side.small in assign.over else (place,)
        terms = []
        for at in places:
            names = {}
            for element in assign.operands:
                names[element] = sp.Symbol(side.name(element, at))
                self.load(side, element, at)
            terms.append(assign.value.xreplace(names))
        return self.printer.doprint(sp.Add(*terms))

    def load(self, side: Side, element: sp.Indexed, place: int) -> None:
        """What no line has computed is read from where it is kept."""
        name, array = side.name(element, place), str(element.base)
        if name in self.lines.known:
            return
        self.lines.known.add(name)
        if array in ("phi", "lam_in", "lam_out"):
            self.lines.before.append(f"{name} = parameters[{side.location(array, place)}]")
            return
        rows = {"u_in": "x_rows" if side.number == 1 else "u_rows", "slope": "z_rows", "dz": "output_rows"}[array]
        at = place if side.small in element.indices else "n"
        self.lines.inside.append(f"{name} = {rows}[{at}, s]")

    # --- the two functions ------------------------------------------------------------------------

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

    def read_lines(self) -> list[str]:
        """The lines before the loop over samples, without those whose result nothing reads (M of layer 1)."""
        texts = [line.partition(" = ")[2] for line in (*self.lines.before, *self.lines.after)] + self.lines.inside
        read = set(re.findall(r"\w+", " ".join(texts)))
        return [line for line in self.lines.before if line.partition(" = ")[0] in read]

    def activates(self, assign: Assign) -> bool:
        """x = f(z) and slope = f'(z), for which the lines of each activation stand."""
        return assign.value.func in (f, df)

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


def theorems(program: Program) -> tuple[str, ...]:
    """The theorems a fused pass rests on: the program's own, and forward those of the activations."""
    return (*program.theorems, *(activation_theorems() if program is propagation.GLOBAL else ()))


def functions() -> list[str]:
    """All fused functions as text."""
    return [text for sizes in SIZES for text in (FusedPrinter(*sizes).propagate(), FusedPrinter(*sizes).adjoint())]
