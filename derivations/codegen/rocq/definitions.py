"""Straight-line programs as definitions in Rocq, one for each assignment.

Every array is a function of its indices, which are natural numbers, and a sum over an index is a sum below its size. A
name that is assigned again, or was given, gets a number: `z`, then `z_2`. What a program does not compute
is a variable, so that Rocq itself gathers what each definition depends on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import sympy as sp

from derivations.codegen.rocq.expressions import TermPrinter, UnprintableError
from derivations.proof.assignments import Array, Assign, Node, Rows, Sources, When, conditions, name_of
from derivations.proof.notation import k, size
from derivations.proof.programs import Program


@dataclass(frozen=True)
class Line:
    """An assignment with the loops inside a layer that stand around it."""

    assign: Assign
    sources: bool = False
    without_input: bool = False
    rows: tuple[sp.Symbol, ...] = ()


def lines(body: Iterable[Node], truth: dict[str, bool], around: Line | None = None) -> list[Line]:
    """The assignments of one layer of this kind, in order. A condition of loops over senders is kept in the line."""
    around = around or Line(Assign(sp.Symbol("none"), sp.S.Zero))
    found: list[Line] = []
    for node in body:
        if isinstance(node, Assign):
            found.append(replace(around, assign=node))
        elif isinstance(node, When):
            found += lines(node.body, truth, around) if truth[node.condition] else []
        elif isinstance(node, Sources):
            found += lines(node.body, truth, replace(around, sources=True, without_input=node.hidden))
        elif isinstance(node, Rows):
            found += lines(node.body, truth, replace(around, rows=(node.index,)))
        else:
            raise UnprintableError(f"a loop over layers inside of a layer: {node}")
    return found


@dataclass
class Definitions:
    """Prints the lines of one kind of layer; `made` maps a name to that of its last definition.

    Parameters
    ----------
    uses : what each definition depends on: variables and sizes, through other definitions too.
    given : the arrays and scalars that are variables, and how many indices each has.
    """

    program: Program
    kind: str
    made: dict[str, str] = field(default_factory=dict)
    uses: dict[str, set[str]] = field(default_factory=dict)
    given: dict[str, int] = field(default_factory=dict)
    integers: set[str] = field(default_factory=set)
    text: list[str] = field(default_factory=list)
    field_needed: bool = False
    by_sender: set[str] = field(default_factory=set)
    by_row: dict[str, tuple[sp.Symbol, ...]] = field(default_factory=dict)
    times: dict[str, int] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)

    def print(self, line: Line) -> None:
        """Adds the definition of one line."""
        assign = line.assign
        own = self._array(assign.name)
        scalar_rows = line.rows if not assign.free and self._reads_a_row(assign, line) else ()
        total = bool(scalar_rows) and assign.accumulate
        sent = line.sources and own is not None and k in own.indices
        self._used = set()
        printer = TermPrinter(lambda leaf: self._leaf(leaf, line))
        value = self._reduced(
            assign, printer, line, summed_sender=line.sources and not sent, rows=scalar_rows if total else ()
        )
        indices = [*(["j"] if sent else []), *map(str, () if total else scalar_rows), *map(str, assign.free)]
        value = self._added(assign, value, indices, line if sent else None)
        self._close(assign, value, indices, printer, sent, () if total else scalar_rows)

    def _added(self, assign: Assign, value: str, indices: list[str], sender: Line | None) -> str:
        """The value with what stood there before, where it is added to that; a sender that is left out keeps that."""
        if not assign.accumulate:
            if sender is not None and sender.without_input:
                raise UnprintableError(f"{assign}: nothing stands in the place of the input layer")
            return value
        before = " ".join([self._name(assign.name, len(indices)), *indices])
        minus = value.startswith("- ") and " + " not in value and " - " not in value[2:]
        value = f"{before} - {value[2:]}" if minus else f"{before} + {value}"
        return f"if (0 < j)%N then {value} else {before}" if sender is not None and sender.without_input else value

    def _close(
        self,
        assign: Assign,
        value: str,
        indices: list[str],
        printer: TermPrinter,
        sent: bool,
        rows: tuple[sp.Symbol, ...],
    ) -> None:
        """Writes the definition, and remembers its name and what it depends on."""
        self.times[assign.name] = self.times.get(assign.name, int(assign.name in self.given)) + 1
        number = self.times[assign.name]
        name = f"{self.kind}{assign.name}" + (f"_{number}" if number > 1 else "")
        if name in self.given or name in self.uses:
            raise UnprintableError(f"{self.program.name}: {name} would be defined twice")
        if sent:
            self.by_sender.add(assign.name)
        self.by_row[assign.name] = rows
        self.made[assign.name] = name
        self.uses[name] = self._used | printer.functions
        self.field_needed |= printer.field
        arguments = f" ({' '.join(indices)} : nat)" if indices else ""
        self.text.append(f"Definition {name}{arguments} : R := {value}.")

    def _reduced(
        self, assign: Assign, printer: TermPrinter, line: Line, *, summed_sender: bool, rows: tuple[sp.Symbol, ...]
    ) -> str:
        """The value under its sums: over rows and senders first, then over its own indices."""
        if assign.reduce == "max":
            (index,) = assign.over
            self._used |= {"greatest", size(index)}
            return f"greatest {size(index)} (fun {index} => {printer.term(assign.value)})"
        value, minus = assign.value, False
        bounds = [self._bound(index, line) for index in assign.over]
        sums = [f"\\sum_({row} < {self._bound(row, line)}) " for row in rows]
        if summed_sender:
            self._used.add("n_senders")
            sums.append(f"\\sum_(j < n_senders{' | (0 < j)%N' if line.without_input else ''}) ")
        sums += [f"\\sum_({index} < {bound}) " for index, bound in zip(assign.over, bounds, strict=True)]
        if sums and value.is_Mul and value.could_extract_minus_sign():
            value, minus = -value, True
        body = printer.term(value, 1 if sums else 0)
        return f"{'- ' if minus else ''}{''.join(sums)}{body}" if sums else body

    def _bound(self, index: sp.Symbol, line: Line) -> str:
        """The size of an index; the size of a sender is that of its own layer."""
        if line.sources and index == k:
            self._used.add("n")
            return "n j"
        self._used.add(size(index))
        return size(index)

    def _array(self, name: str) -> Array | None:
        return next((array for array in self.program.arrays if array.name == name), None)

    def _reads_a_row(self, assign: Assign, line: Line) -> bool:
        """Whether a scalar depends on the row: it reads an array at the row, or a scalar that does."""
        return any(
            bool(set(line.rows) & set(leaf.indices))
            if isinstance(leaf, sp.Indexed)
            else bool(self.by_row.get(name_of(leaf)))
            for leaf in assign.value.atoms(sp.Indexed, sp.Symbol)
        )

    def _name(self, name: str, indices: int) -> str:
        """The last definition of a name, or a variable."""
        if name in self.made:
            self._used |= {self.made[name], *self.uses[self.made[name]]}
            return self.made[name]
        if self.given.setdefault(name, indices) != indices:
            raise UnprintableError(f"{self.program.name}: {name} has {self.given[name]} and {indices} indices")
        self._used.add(name)
        return name

    def _leaf(self, leaf: sp.Expr, line: Line) -> str:
        """An array element or a scalar as a term."""
        if isinstance(leaf, sp.Symbol) and str(leaf) in {
            str(i) for i in (*line.assign.free, *line.assign.over, *line.rows)
        }:
            return str(leaf)
        name = name_of(leaf)
        own = self._array(name)
        if own is not None and own.integer:
            self.integers.add(name)
        sender = ["j"] if line.sources and own is not None and k in own.indices else []
        indices = (
            list(map(str, leaf.indices)) if isinstance(leaf, sp.Indexed) else list(map(str, self.by_row.get(name, ())))
        )
        return " ".join([self._name(name, len(sender + indices)), *sender, *indices])


def definitions(program: Program, body: Iterable[Node], kind: str, truth: dict[str, bool] | None = None) -> Definitions:
    """The definitions of a body; of one kind of layer, if the conditions are given."""
    printed = Definitions(program, kind)
    for line in lines(body, truth or conditions(True, True)):
        printed.print(line)
    return printed
