"""The intermediate representation between a derivation and a printed kernel.

A program is a list of assignments over named arrays with symbolic sizes:

    target[free indices]  =  Σ_{over} value        (`reduce="max"` for the greatest value)

(`reduce="argmax"`: the number of the first greatest value of a window, its taps counted row by row),
with loops over layers, or over what arrives at a node, around them. The value is a SymPy expression in array elements, so the same
object is differentiated by the proofs and printed by the generators: what is proven is what runs.
A contraction (one summed index, two matrices) may be printed as a library product, anything else
as loops; that is the printer's choice and no concern of the derivations.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

import sympy as sp

from derivations.proof.assignments import (
    Array,
    Assign,
    Incoming,
    Layers,
    Node,
    Rows,
    Sources,
    conditions,
    flatten,
    name_of,
)
from derivations.proof.rules import indices


@dataclass(frozen=True)
class Program:
    """A kernel before it is printed: what it computes, on which arrays, by which theorems."""

    name: str
    summary: str
    theorems: tuple[str, ...]
    arrays: tuple[Array, ...]
    body: tuple[Node, ...]
    scalars: tuple[str, ...] = ()
    result: str = ""

    def __post_init__(self) -> None:
        """Refuse assignments that the proofs, which work on generic elements, would not tell from right ones."""
        if self.arrays:
            scalars = {str(a.target) for a in self.assignments} | set(self.scalars)
            if scalars & {a.name for a in self.arrays}:
                raise ValueError(
                    f"{self.name}: a scalar and an array are both called {scalars & {a.name for a in self.arrays}}"
                )
            self._check(self.body, (), set())
            self._check_inputs()
            for hidden, sender in product((True, False), repeat=2):
                self._check_storage(conditions(hidden, sender))

    def _check(self, body: tuple[Node, ...], around: tuple[Node, ...], assigned: set[str]) -> None:
        for node in body:
            if not isinstance(node, Assign):
                if around and isinstance(node, (Layers, Rows)):
                    raise ValueError(f"{self.name}: a loop over layers or rows stands inside another loop")
                self._check(node.body, (*around, node), assigned)
                continue
            try:
                self._check_indices(node, around)
                self._check_accumulation(node, around, assigned)
            except ValueError as error:
                raise ValueError(f"{self.name}: {node}: {error}") from None
            assigned.add(node.name)

    def _check_indices(self, assign: Assign, around: tuple[Node, ...]) -> None:
        """Every array stands at its own indices; every index is free, summed once, or that of the rows."""
        own = {array.name: array for array in self.arrays}
        for element in (*assign.operands, *([assign.target] if assign.free else [])):
            array = own.get(str(element.base))
            if array is None or not array.admits(element):
                raise ValueError(f"{element} is not at the indices of its array, {array and array.element}")
        read = indices(assign.value) - {s for s in assign.value.free_symbols if str(s) in self.scalars}
        rows = {node.index for node in around if isinstance(node, Rows)}
        if (
            set(assign.over) & {*assign.free, *rows}
            or not set(assign.over) <= read
            or len(set(assign.over)) != len(assign.over)
        ):
            raise ValueError("a summed index must occur in the value, and not in the target")
        if not read <= {*assign.free, *assign.over, *rows}:
            raise ValueError("an index is neither free nor summed")
        windowed = any(array.outside == -sp.oo for array in map(own.get, map(name_of, assign.operands)) if array)
        kinds = ("max", "argmax") if windowed else ("max",)
        if assign.reduce != "sum" and (assign.reduce not in kinds or not assign.over or (assign.free and not windowed)):
            raise ValueError("a reduction other than a sum is the greatest value of a row, or of a window")

    def _check_accumulation(self, assign: Assign, around: tuple[Node, ...], assigned: set[str]) -> None:
        """`+=` exactly where several contributions meet: nothing is added to what was never set."""
        array = next((a for a in self.arrays if a.name == assign.name), None)
        shared = (
            any(isinstance(node, Sources | Incoming) for node in around) and array is not None and array.kind == "state"
        )
        total = assign.name == self.result and any(isinstance(node, Rows) for node in around)
        given = array is not None and (array.kind == "gradient" or (array.kind == "argument" and not array.store))
        if (shared or total) and not assign.accumulate:
            raise ValueError("what several sources or rows contribute to must be accumulated")
        if assign.accumulate and not (shared or total or given or assign.name in assigned):
            raise ValueError("nothing stands there yet to add to")

    def _check_inputs(self) -> None:
        """Every argument of a caller has a place of its own."""
        made = {assign.name for assign in self.assignments}
        for array in self.arrays:
            if array.kind == "argument" and array.store and array.name not in made:
                raise ValueError(f"{self.name}: the argument {array.name} cannot be kept in {array.store}")

    def _check_storage(self, truth: dict[str, bool]) -> None:
        """Nothing is read from a place that another array has taken, nor summed into its own operand."""
        place = {a.name: (a.store or a.name, a.layer, a.kind) for a in self.arrays}
        holder: dict[tuple[str, str, str], str] = {}
        made: set[str] = set()
        for assign in flatten(self.body, truth):
            for operand in assign.operands:
                name = str(operand.base)
                if holder.get(place[name], name) != name:
                    raise ValueError(f"{self.name}: {assign}: {name} was overwritten by {holder[place[name]]}")
                if (
                    assign.free
                    and place[name] == place[assign.name]
                    and (assign.over or operand.indices != assign.free)
                ):
                    raise ValueError(f"{self.name}: {assign}: reads the place it writes")
            # What is only ever added to is cleared by the printer before the first addition.
            set_elsewhere = any(a.name == assign.name and not a.accumulate for a in self.assignments)
            if assign.accumulate and assign.free and assign.name not in made and set_elsewhere:
                raise ValueError(f"{self.name}: {assign}: nothing stands there yet where {truth}")
            made.add(assign.name)
            if assign.free:
                holder[place[assign.name]] = assign.name

    @property
    def assignments(self) -> tuple[Assign, ...]:
        """All assignments in order, loops left out."""
        return tuple(flatten(self.body))

    def step(self, *, hidden: bool, sender_hidden: bool) -> tuple[Assign, ...]:
        """The straight-line program of one layer i: is it hidden (or the last), is the layer before it hidden (or the input)."""
        return tuple(flatten(self.body, conditions(hidden, sender_hidden)))

    def with_assignment(self, position: int, assignment: Assign) -> Program:
        """The same program with one assignment exchanged (used to show that a broken formula fails)."""
        queue = list(self.assignments)
        queue[position] = assignment
        return replace(self, body=_rebuild(self.body, iter(queue)))


def _rebuild(body: tuple[Node, ...], queue: Iterator[Assign]) -> tuple[Node, ...]:
    return tuple(
        next(queue) if isinstance(node, Assign) else replace(node, body=_rebuild(node.body, queue)) for node in body
    )
