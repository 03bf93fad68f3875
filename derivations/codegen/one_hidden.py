"""Networks with one hidden layer, few inputs and few outputs, neuron by neuron: what the printers for CPU and CUDA share.

An index is either the neuron (one turn of a loop), the sample (another loop), or written out. So every assignment becomes
one line for each value of its written-out free index, sums over written-out indices become sums, sums over samples are
collected in a local name, and sums over neurons in memory or in a local name.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field

import sympy as sp

from derivations.codegen.elementwise import activation_theorems
from derivations.codegen.expressions import RealPrinter, add
from derivations.proof.assignments import Assign
from derivations.proof.notation import df, f, h, k, s
from derivations.proof.programs import Program
from derivations.theorems.spectral import propagation

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


class OneHiddenPrinter(ABC):
    """Prints the lines of the forward and the backward pass for one pair of sizes."""

    def __init__(self, inputs: int, outputs: int) -> None:
        self.inputs, self.outputs = inputs, outputs
        self.printer = RealPrinter()
        self.lines = Lines()

    @abstractmethod
    def output(self, place: int) -> str:
        """Where the sum over neurons for an output of a sample is collected."""

    @abstractmethod
    def row(self, array: str, number: int, place: int | None) -> str:
        """Where a sample's element of an array is read in layer `number`; the place is None at the neuron itself."""

    def sides(self, program: Program) -> tuple[Side, Side]:
        first = program.step(hidden=True, sender_hidden=False)
        last = program.step(hidden=False, sender_hidden=True)
        return Side(1, h, k, self.inputs, first), Side(2, k, h, self.outputs, last)

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
                    self.lines.inside.append(add(self.output(place), value))
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
        """Reads from memory what no line has computed."""
        name, array = side.name(element, place), str(element.base)
        if name in self.lines.known:
            return
        self.lines.known.add(name)
        if array in ("phi", "lam_in", "lam_out"):
            self.lines.before.append(f"{name} = parameters[{side.location(array, place)}]")
        else:
            row = self.row(array, side.number, place if side.small in element.indices else None)
            self.lines.inside.append(f"{name} = {row}")

    def read_lines(self) -> list[str]:
        """The lines before the loop over samples, without those whose result nothing reads (M of layer 1)."""
        texts = [line.partition(" = ")[2] for line in (*self.lines.before, *self.lines.after)] + self.lines.inside
        read = set(re.findall(r"\w+", " ".join(texts)))
        return [line for line in self.lines.before if line.partition(" = ")[0] in read]

    def activates(self, assign: Assign) -> bool:
        """Whether this is x = f(z) or slope = f'(z), which the lines of an activation compute."""
        return assign.value.func in (f, df)


def theorems(program: Program) -> tuple[str, ...]:
    """The theorems that a pass rests on: those of the program and, on the way forward, those of the activations."""
    return (*program.theorems, *(activation_theorems() if program is propagation.GLOBAL else ()))
