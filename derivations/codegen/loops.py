"""IR -> Numba source: any program as loops.

Neighbouring assignments over the same indices share one loop nest. Loops run in the storage order of the table of
notation, so the innermost one is contiguous; a sum over an outer index adds into its target row by row. A printer for one
kind of machine or network inherits from `LoopPrinter` and says how products, activations and other loops are printed.
"""

from __future__ import annotations

from itertools import groupby

import sympy as sp

from derivations.codegen.expressions import RealPrinter, add, indent
from derivations.proof.assignments import Assign, Node, Rows, name_of
from derivations.proof.notation import df, f, size, storage_order
from derivations.proof.programs import Program
from derivations.proof.rules import leaves


class LoopPrinter:
    """Prints the body of one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.arrays = {array.name: array for array in program.arrays}
        self.printer = RealPrinter()

    # --- what other printers exchange -------------------------------------------------------------

    def turns(self, index: sp.Symbol, outermost: bool) -> str:
        """The values of a loop's index, as source; `outermost` says that no loop is around it."""
        return f"range({size(index)})"

    def loop(self, node: Node, open_loops: set[sp.Symbol]) -> list[str]:
        """A loop that the program itself names: here one over rows."""
        if isinstance(node, Rows):
            body = self.block(node.body, {node.index})
            return [f"for {node.index} in {self.turns(node.index, True)}:", *indent(body)]
        raise TypeError(f"no code for {node}")

    def product(self, assign: Assign) -> list[str]:
        """A product of two matrices."""
        raise ValueError(f"no code for the product {assign}")

    def activation(self, assign: Assign, run: tuple[Assign, ...]) -> list[str]:
        """The activation of all neurons of a layer; `run` holds the assignments around it."""
        raise ValueError(f"no code for {assign}")

    # --- assignments ------------------------------------------------------------------------------

    def block(self, body: tuple[Node, ...], open_loops: set[sp.Symbol]) -> list[str]:
        lines: list[str] = []
        runs = groupby(body, key=lambda node: isinstance(node, Assign))
        for plain, nodes in runs:
            if plain:
                lines += self.assignments(tuple(nodes), open_loops)  # type: ignore[arg-type]
            else:
                for node in nodes:
                    lines += self.loop(node, open_loops)
        return lines

    def assignments(self, run: tuple[Assign, ...], open_loops: set[sp.Symbol]) -> list[str]:
        lines: list[str] = []
        for nest in self.nests(run):
            head = nest[0]
            if head.contraction:
                lines += [f"# {head}", *self.product(head)]
            elif head.value.func == f:
                lines += self.activation(head, run)
            else:
                lines += self.nest(nest, open_loops)
        return lines

    def nests(self, run: tuple[Assign, ...]) -> list[list[Assign]]:
        """Neighbours over the same indices, unless one reads what another has not finished summing."""
        result: list[list[Assign]] = []
        for assign in run:
            if assign.value.func == df:
                continue  # printed with f, by `activate`
            if result and self.fits(assign, result[-1]):
                result[-1].append(assign)
            else:
                result.append([assign])
        return result

    def fits(self, assign: Assign, nest: list[Assign]) -> bool:
        """Whether an assignment may share the loops of the assignments before it."""
        indices = {*assign.free, *assign.over}
        if any(a.contraction or a.value.func == f or {*a.free, *a.over} != indices for a in (assign, *nest)):
            return False
        unfinished = {a.name for a in nest if a.over}
        reads = set(map(name_of, leaves(assign.value)))
        before = {self.stored(str(o.base)) for a in nest for o in a.operands}
        rewrites = assign.over and assign.free and self.stored(assign.name) in before
        return not unfinished & reads and not rewrites

    def stored(self, name: str) -> tuple[str, str]:
        return (self.arrays[name].store or name, self.arrays[name].layer)

    def nest(self, nest: list[Assign], open_loops: set[sp.Symbol]) -> list[str]:
        """One loop nest for assignments over the same indices."""
        indices = storage_order({*nest[0].free, *nest[0].over} - open_loops)
        before, inside, after = [], [], []
        scalar_level = len(indices)
        for number, assign in enumerate(nest):
            value = self.printer.doprint(assign.value)
            target = self.printer.doprint(assign.target)
            inner_sum = assign.over and assign.over[-1] == indices[-1]
            if inner_sum:
                if len(assign.over) > 1 and not assign.accumulate:
                    raise ValueError(f"a sum over an outer index must accumulate: {assign}")
                name = f"sum_{number}" if isinstance(assign.target, sp.Indexed) or assign.accumulate else target
                scalar_level = len(indices) - 1
                if assign.reduce == "max":
                    self.printer.constants["lowest"] = "-math.inf"
                    before.append(f"{name} = lowest")
                    inside.append(f"{name} = max({name}, {value})")
                else:
                    before.append(f"{name} = {self.printer.constant(sp.S.Zero)}")
                    inside.append(add(name, value))
                if name != target:
                    after.append(f"{target} {'+=' if assign.accumulate else '='} {name}")
            else:
                if assign.over and not assign.accumulate:
                    raise ValueError(f"a sum over an outer index must accumulate: {assign}")
                inside.append(add(target, value) if assign.accumulate else f"{target} = {value}")
        outermost = not open_loops
        return self._loops(indices, outermost, scalar_level, before, inside, after)

    def _loops(
        self,
        indices: list[sp.Symbol],
        outermost: bool,
        level: int,
        before: list[str],
        inside: list[str],
        after: list[str],
    ) -> list[str]:
        lines = inside
        for depth in reversed(range(len(indices))):
            turns = self.turns(indices[depth], outermost and depth == 0)
            lines = [f"for {indices[depth]} in {turns}:", *indent(lines)]
            if depth == level:
                lines = [*before, *lines, *after]
        return lines

    def only_added_to(self) -> list[str]:
        """Arrays and scalars whose first assignment adds to them: the printer must clear them."""
        first: dict[str, bool] = {}
        for assign in self.program.assignments:
            first.setdefault(assign.name, assign.accumulate)
        return [name for name, adds in first.items() if adds]
