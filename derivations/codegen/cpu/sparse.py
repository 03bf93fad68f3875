"""IR -> Numba source for the CPU, weight by weight: programs of the direct network where every neuron is a layer of its own.

M7 and M8 of the direct network hold for every width, so for layers of one neuron. There a block W_ij is a single number, and
the loop over sending layers runs over the weights that exist. The samples are innermost: each weight is one pass over a row
of samples.
"""

from __future__ import annotations

import sympy as sp

from derivations.codegen.cpu.layers import DECORATOR
from derivations.codegen.expressions import indent, typed_constants
from derivations.codegen.loops import LoopPrinter
from derivations.proof.assignments import Array, Assign, Layers, Node, Sources, When, flatten
from derivations.proof.notation import f, h, k, s
from derivations.proof.programs import Program
from derivations.theorems.spectral.propagation import ACTIVATE

CONDITIONS = {"hidden": "i < n_neurons - n_outputs", "last": "i >= n_neurons - n_outputs"}
"""The conditions of `When` as source; neurons are numbered from 0, inputs first, outputs last."""


class SparsePrinter(LoopPrinter):
    """Prints one program as one function."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self.storage: dict[str, None] = {}

    def function(self, name: str) -> str:
        """Decorator, signature, docstring with theorem ids, body."""
        program = self.program
        body = self.block(program.body, set())
        cleared = [
            f"{self.storage_of(self.arrays[n])}[:] = 0" for n in self.only_added_to() if s in self.arrays[n].indices
        ]
        doc = [
            f'"""{program.summary}, weight by weight.',
            "",
            f"Theorem: {', '.join(program.theorems)}",
            "",
            "senders (n_weights,): the neuron that a weight reads; offsets: where the weights of each receiver start",
            *(f"{array.name} {array.meaning}" for array in program.arrays),
            '"""',
        ]
        sizes = ["n_neurons, n_samples = u_all.shape", "n_inputs = n_neurons - offsets.size + 1"]
        constants = typed_constants(self.printer.constants, "parameters" if "parameters" in self.storage else "u_all")
        lines = [DECORATOR, f"def {name}({', '.join(self.signature())}):"]
        return "\n".join([*lines, *indent([*doc, *constants, *dict.fromkeys(cleared), *sizes, *body])])

    def signature(self) -> list[str]:
        """The argument names of the printed function, once its body is printed."""
        calls_f = any(a.value.func == f for a in self.program.assignments)
        return [*(["activation"] if calls_f else []), "senders", "offsets", "n_outputs", *sorted(self.storage)]

    # --- loops ------------------------------------------------------------------------------------

    def turns(self, index: sp.Symbol, outermost: bool) -> str:
        if index is not s:
            raise ValueError(f"no loop over {index}: every layer has one neuron")
        return "range(n_samples)"

    def loop(self, node: Node, open_loops: set[sp.Symbol]) -> list[str]:
        if isinstance(node, Layers):
            order = "range(n_neurons - 1, n_inputs - 1, -1)" if node.reverse else "range(n_inputs, n_neurons)"
            inner = [*self.views(node.body, "out"), *self.block(node.body, open_loops)]
            return [f"for i in {order}:  # a layer of one neuron", *indent(inner)]
        if isinstance(node, Sources):
            inner = [*self.views(node.body, "source"), *self.block(node.body, open_loops)]
            body = ["if j >= n_inputs:", *indent(inner)] if node.hidden else inner
            return [
                "for e in range(offsets[i - n_inputs], offsets[i - n_inputs + 1]):",
                *indent(["j = senders[e]", *body]),
            ]
        if isinstance(node, When):
            return [f"if {CONDITIONS[node.condition]}:", *indent(self.block(node.body, open_loops))]
        return super().loop(node, open_loops)

    def assignments(self, run: tuple[Assign, ...], open_loops: set[sp.Symbol]) -> list[str]:
        """The assignments without the indices of neurons, and what is summed over samples written to its place."""
        lines: list[str] = []
        for assign in run:
            if assign == ACTIVATE[1]:
                continue  # printed with f, by `activate`
            if assign == ACTIVATE[0]:
                lines.append("activate(activation[i], z, x)  # x = f(z), slope = f'(z) in the place of z")
                continue
            lines += [f"# {assign}", *self.nest([self.of_one_neuron(assign)], open_loops)]
            if s not in assign.free:  # a sum over samples, kept in a local name until it is complete
                place = self.location(self.arrays[assign.name])
                if assign.accumulate:
                    lines[-1] = lines[-1].replace(f"{assign.name} ", f"{place} ", 1)
                else:
                    lines.append(f"{place} = {assign.name}")
        return lines

    def of_one_neuron(self, assign: Assign) -> Assign:
        """The assignment where every index of neurons has one value."""
        target = self.scalar(assign.target)
        value = assign.value.xreplace({operand: self.scalar(operand) for operand in assign.operands})
        return Assign(target, value, tuple(i for i in assign.over if i not in (h, k)), assign.accumulate)

    def scalar(self, element: sp.Indexed) -> sp.Expr:
        """An element of an array without the indices of neurons."""
        return element.base[s] if s in element.indices else sp.Symbol(str(element.base))

    # --- arrays -----------------------------------------------------------------------------------

    def views(self, body: tuple[Node, ...], layer: str) -> list[str]:
        """Name what the body of a loop reads or writes at the neuron or weight of this loop."""
        inner = [a for node in body if isinstance(node, Sources) for a in flatten(node.body)]
        names: dict[str, None] = {}
        for assign in flatten(body):
            if layer == "out" and assign in inner:
                names |= {n: None for n in self.names(assign) if k not in self.arrays[n].indices}
            else:
                names |= {n: None for n in self.names(assign) if layer == "out" or k in self.arrays[n].indices}
        lines: list[str] = []
        placed: dict[str, str] = {}
        for name in names:
            array = self.arrays[name]
            if s not in array.indices and array.kind == "gradient":
                self.location(array)
                continue
            place = self.location(array)
            lines.append(f"{name} = {placed.get(place, place)}")
            placed.setdefault(place, name)
        return lines

    def names(self, assign: Assign) -> list[str]:
        return list(dict.fromkeys([*(str(o.base) for o in assign.operands), str(assign.target.base)]))

    def storage_of(self, array: Array) -> str:
        """The vector or matrix that holds an array of all neurons or weights."""
        name = {"W": "parameters", "dW": "gradient"}.get(array.name, f"{array.store or array.name}_all")
        self.storage[name] = None
        return name

    def location(self, array: Array) -> str:
        """Where the array of the current neuron, or the number of the current weight, is kept."""
        place = "e" if {h, k} <= set(array.indices) else "j" if k in array.indices else "i"
        return f"{self.storage_of(array)}[{place}]"
