"""Programs without layers for CUDA: losses, penalties, proximal maps, optimizers.

Each is one function of `rank` and `count` that returns the thread's share of its result; one that needs the sum of all shares
before it can go on is cut there in two.
"""

from __future__ import annotations

import sympy as sp

from derivations.codegen.cuda.parts import DEVICE, FlatRealPrinter, document
from derivations.codegen.expressions import indent, typed_constants
from derivations.codegen.loops import LoopPrinter
from derivations.proof.assignments import Assign, Node, Rows, flatten
from derivations.proof.notation import size, storage_order
from derivations.proof.programs import Program


class FlatPrinter(LoopPrinter):
    """Losses, penalties, proximal maps and optimizers, their outermost loop shared among threads."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self.printer = FlatRealPrinter()

    def functions(self) -> list[str]:
        """One function, or two where a sum over all elements is needed on the way."""
        body, result = self.program.body, self.program.result
        flat = [a for a in body if isinstance(a, Assign)]
        sums = [a for a in flat if a.over and not a.free and a.name != result]
        if not sums:
            return [self.function(f"gpu_{self.program.name}", body, (), result)]
        (total,) = sums
        cut = body.index(total)
        name = f"gpu_{self.program.name}"
        return [
            self.function(f"{name}_{total.name}", body[: cut + 1], (), total.name),
            self.function(name, body[cut + 1 :], (total.name,), result),
        ]

    def function(self, name: str, body: tuple[Node, ...], known: tuple[str, ...], result: str) -> str:
        """The statements of `body` as a device function; `known` are sums that the caller passes in."""
        self.printer = FlatRealPrinter()
        lines = [*self.block(body, set()), *self.returned(body, result)]
        everything = tuple(flatten(body))
        # The arguments: sizes and arrays that the body uses, then known sums and scalars.
        used = {str(operand.base) for a in everything for operand in a.operands} | {a.name for a in everything}
        arrays = [a for a in self.program.arrays if a.name in used]
        owners, stored = [a for a in arrays if not a.store], [a for a in arrays if a.store]
        names = dict.fromkeys([*(a.name for a in owners), *(a.store for a in stored)])
        sizes = [size(index) for index in storage_order(index for a in arrays for index in a.indices)]
        named = {str(symbol) for a in everything for symbol in a.value.free_symbols}
        scalars = [scalar for scalar in self.program.scalars if scalar in named]
        # Before the loops: arrays that share storage, and a result that rows add to.
        starts = [f"{a.name} = {a.store}" for a in stored]
        if result and any(isinstance(node, Rows) for node in body):
            starts.append(f"{result} = {self.printer.constant(sp.S.Zero)}")
        constants = typed_constants(self.printer.constants, next(a.name for a in owners if not a.integer))
        own = not result or result == self.program.result
        summary = self.program.summary if own else f"{result} of {self.program.name}"
        more = (f"Returns the thread's share of {result}",) if result else ()
        doc = document([summary], more, self.program.theorems, arrays)
        arguments = ", ".join(["rank", "count", *sizes, *names, *known, *scalars])
        return "\n".join([DEVICE, f"def {name}({arguments}):", *indent([*doc, *constants, *starts, *lines])])

    def returned(self, body: tuple[Node, ...], result: str) -> list[str]:
        """The line that returns the thread's share; one thread returns a result that every thread knows."""
        if not result:
            return []
        rows = any(isinstance(node, Rows) for node in body)
        if rows or any(isinstance(a, Assign) and a.name == result and (a.over or a.accumulate) for a in body):
            return [f"return {result}"]
        return [f"return {result} if rank == 0 else {self.printer.constant(sp.S.Zero)}"]

    def turns(self, index: sp.Symbol, outermost: bool) -> str:
        """The outermost loop is shared among the threads."""
        return f"range(rank, {size(index)}, count)" if outermost else super().turns(index, outermost)
