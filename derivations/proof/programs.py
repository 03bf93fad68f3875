"""The intermediate representation between a derivation and a printed kernel.

A program is a list of assignments over named arrays with symbolic sizes:

    target[free indices]  =  Σ_{over} value        (`reduce="max"` for the greatest value)

with loops over layers around them. The value is a SymPy expression in array elements, so the same
object is differentiated by the proofs and printed by the generators: what is proven is what runs.
A contraction (one summed index, two matrices) may be printed as a library product, anything else
as loops; that is the printer's choice and no concern of the derivations.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

import sympy as sp


@dataclass(frozen=True)
class Array:
    """A named array.

    Parameters
    ----------
    name : ASCII name in code.
    indices : its index symbols; each stands for one role (sample, neuron, ...) and so for one size.
    kind : where a printer keeps it: ``parameter`` and its ``gradient`` (views of flat vectors),
        ``state`` (one per layer and sample), ``scratch`` (one for all layers), ``argument``.
    meaning : the entry of the notation table.
    store : the array whose storage it shares; the other's last use comes before its first.
    """

    name: str
    indices: tuple[sp.Symbol, ...]
    kind: str
    meaning: str
    store: str = ""
    integer: bool = False

    @property
    def layer(self) -> str:
        """Whose part of the storage it is, by its name: layer i-1 (``in``), an earlier layer j (``source``), or i (``out``)."""
        return next((end for end in ("in", "source") if self.name.endswith(f"_{end}")), "out")

    @property
    def element(self) -> sp.Indexed:
        """The element at the array's own indices."""
        return sp.IndexedBase(self.name)[self.indices]

    def at(self, *indices: sp.Expr) -> sp.Indexed:
        """The element at other indices."""
        return sp.IndexedBase(self.name)[indices]


def name_of(element: sp.Indexed | sp.Symbol) -> str:
    """The name of an array or a scalar."""
    return str(element.base) if isinstance(element, sp.Indexed) else str(element)


@dataclass(frozen=True)
class Assign:
    """`target = Σ_over value`, or `target += ...` with `accumulate`; a Symbol target is a scalar."""

    target: sp.Indexed | sp.Symbol
    value: sp.Expr
    over: tuple[sp.Symbol, ...] = ()
    accumulate: bool = False
    reduce: str = "sum"

    @property
    def free(self) -> tuple[sp.Symbol, ...]:
        return self.target.indices if isinstance(self.target, sp.Indexed) else ()

    @property
    def name(self) -> str:
        return name_of(self.target)

    @property
    def operands(self) -> tuple[sp.Indexed, ...]:
        """The array elements it reads, in a fixed order."""
        return tuple(sorted(self.value.atoms(sp.Indexed), key=str))

    @property
    def contraction(self) -> tuple[sp.Indexed, sp.Indexed] | None:
        """The two matrices whose product this is, or None."""
        factors = self.value.args if self.value.is_Mul else ()
        matrices = [f for f in factors if isinstance(f, sp.Indexed)]
        one_sum = len(self.over) == 1 and len(self.free) == 2 and self.reduce == "sum"
        if not one_sum or len(factors) != 2 or len(matrices) != 2:
            return None
        left, right = sorted(matrices, key=lambda m: self.free[0] not in m.indices)
        if [set(left.indices), set(right.indices)] != [{self.free[0], *self.over}, {self.free[1], *self.over}]:
            return None
        return left, right

    def __str__(self) -> str:
        sums = "".join(f"{self.reduce}_{index} " for index in self.over)
        return f"{self.target} {'+=' if self.accumulate else '='} {sums}{self.value}"


@dataclass(frozen=True)
class Layers:
    """The body for every layer i = 2..K, or K..2 with `reverse`."""

    body: tuple[Node, ...]
    reverse: bool = False


@dataclass(frozen=True)
class When:
    """The body where a condition on layer i holds: ``hidden`` (i < K), ``last`` (i = K), ``sender hidden`` (i-1 > 1)."""

    condition: str
    body: tuple[Node, ...]


@dataclass(frozen=True)
class Sources:
    """The body for every layer j < i that sends to layer i; `hidden` leaves out the input layer j = 1."""

    body: tuple[Node, ...]
    hidden: bool = False


SAMPLE = sp.Symbol("s", integer=True, nonnegative=True)
"""The index of samples, `s` of the notation."""


@dataclass(frozen=True)
class Rows:
    """The body sample by sample, so that reductions over a row stay scalars."""

    body: tuple[Node, ...]
    index: sp.Symbol = SAMPLE


Node = Assign | Layers | When | Sources | Rows


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
        own = {array.name: array.element for array in self.arrays}
        for element in (*assign.operands, *([assign.target] if assign.free else [])):
            if own.get(str(element.base)) != element:
                raise ValueError(f"{element} is not at the indices of its array, {own.get(str(element.base))}")
        read = {index for element in assign.operands for index in element.indices}
        read |= {i for delta in assign.value.atoms(sp.KroneckerDelta) for i in delta.args if i.is_Symbol}
        rows = {node.index for node in around if isinstance(node, Rows)}
        if (
            set(assign.over) & {*assign.free, *rows}
            or not set(assign.over) <= read
            or len(set(assign.over)) != len(assign.over)
        ):
            raise ValueError("a summed index must occur in the value, and not in the target")
        if not read <= {*assign.free, *assign.over, *rows}:
            raise ValueError("an index is neither free nor summed")
        if assign.reduce != "sum" and (assign.reduce != "max" or not assign.over or assign.free):
            raise ValueError("a reduction other than a sum is the greatest value of a row")

    def _check_accumulation(self, assign: Assign, around: tuple[Node, ...], assigned: set[str]) -> None:
        """`+=` exactly where several contributions meet: nothing is added to what was never set."""
        array = next((a for a in self.arrays if a.name == assign.name), None)
        shared = any(isinstance(node, Sources) for node in around) and array is not None and array.kind == "state"
        total = assign.name == self.result and any(isinstance(node, Rows) for node in around)
        given = array is not None and (array.kind == "gradient" or (array.kind == "argument" and not array.store))
        if (shared or total) and not assign.accumulate:
            raise ValueError("what several sources or rows contribute to must be accumulated")
        if assign.accumulate and not (shared or total or given or assign.name in assigned):
            raise ValueError("nothing stands there yet to add to")

    def _check_inputs(self) -> None:
        """What a caller passes in has a place of its own."""
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


def conditions(hidden: bool, sender_hidden: bool) -> dict[str, bool]:
    """The truth of every condition a `When` may name."""
    return {"hidden": hidden, "last": not hidden, "sender hidden": sender_hidden}


def flatten(body: tuple[Node, ...], truth: dict[str, bool] | None = None) -> Iterator[Assign]:
    """The assignments in order: all, or those whose conditions hold."""
    for node in body:
        if isinstance(node, Assign):
            yield node
        elif truth is None or all(truth[c] for c in _conditions(node)):
            yield from flatten(node.body, truth)


def _conditions(node: Node) -> tuple[str, ...]:
    if isinstance(node, When):
        return (node.condition,)
    return ("sender hidden",) if isinstance(node, Sources) and node.hidden else ()


def _rebuild(body: tuple[Node, ...], queue: Iterator[Assign]) -> tuple[Node, ...]:
    return tuple(
        next(queue) if isinstance(node, Assign) else replace(node, body=_rebuild(node.body, queue)) for node in body
    )
