"""What is read off programs, as terms: their targets, sums, loops and storage.

A step that compares such a fact with what is expected keeps the fact as it was stated, `added(...)`, beside the expected list,
and the program that it was read off; the rule `definition` decides whether both are the same list.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import sympy as sp

from derivations.proof.assignments import Array, Assign, Layers, name_of
from derivations.proof.programs import Program
from derivations.proof.stated import Constant, Definition, Term, meaning

Lines = tuple[Assign, ...]


def listed(values: Iterable[Any]) -> Constant:
    """A list as a side of a step; a set is sorted by its text."""
    items = tuple(values) if isinstance(values, list | tuple) else tuple(sorted(values, key=str))
    return Constant(f"({', '.join(map(_written, items))})", items)


def _written(item: Any) -> str:
    if isinstance(item, Array):
        return item.name
    return f"({', '.join(map(_written, item))})" if isinstance(item, tuple) else str(item)


def named(thing: Any) -> Any:
    """Programs, arrays and formats by their names, as arguments of terms; everything else as it is."""
    return Constant(thing.name, thing) if hasattr(thing, "name") and not isinstance(thing, sp.Basic) else thing


class Fact(Definition):
    """A definition whose value is a list."""

    def __call__(self, *arguments: Any) -> Term:
        return super().__call__(*map(named, arguments))


def fact(name: str, words: str) -> Callable[[Callable[..., Iterable[Any]]], Fact]:
    """Makes a function, whose result is a list, a definition; {0}, {1}, ... in the words are its arguments."""

    def made(function: Callable[..., Iterable[Any]]) -> Fact:
        latex = re.sub(r"(\{\d\})", r"}} \1 \\text{{", words)
        return Fact(name, Listed(function), rf"\text{{{{{latex}}}}}", words, True)

    return made


@dataclass(frozen=True)
class Listed:
    """A function whose result becomes a list as a side of a step."""

    function: Callable[..., Iterable[Any]]

    def __call__(self, *arguments: Any) -> Constant:
        return listed(self.function(*arguments))


# --- of programs ------------------------------------------------------------------------------------------------------


@fact("storage", "the arrays that those of {0} take the place of")
def storage(program: Program) -> Any:
    """The array that each takes the place of, if any, in order."""
    return [array.store for array in program.arrays]


@fact("returned", "what {0} returns")
def returned(program: Program) -> Any:
    """The name of the result."""
    return [program.result]


@fact("loops", "the outer loops of {0}")
def loops(program: Program) -> Any:
    """The kind of each outer node, and whether a loop over layers runs back."""
    return [
        (type(node).__name__, "back" if node.reverse else "forward")
        if isinstance(node, Layers)
        else type(node).__name__
        for node in program.body
    ]


@fact("places", "where {0} keeps {1}")
def places(program: Program, names: tuple[str, ...]) -> Any:
    """The array in whose storage each is kept, its own or another, and the kind of storage."""
    own = {array.name: (array.store or array.name, array.kind) for array in program.arrays}
    return [own[str(name)] for name in names]


# --- of lines ---------------------------------------------------------------------------------------------------------


@fact("targets", "the targets of {0}")
def targets(lines: Lines) -> Any:
    """What each line sets, in order."""
    return [line.target for line in lines]


@fact("heads", "the heads of {0}")
def heads(lines: Lines) -> Any:
    """What each line sets, over what it runs, how it reduces, and whether it adds: everything but its value."""
    return [(line.target, line.over, line.reduce, line.accumulate) for line in lines]


@fact("lines", "the lines {0}")
def whole(lines: Lines) -> Any:
    """The lines themselves: target, value, sums, reduction, accumulation."""
    return list(lines)


@fact("added", "what is added to in {0}")
def added(lines: Lines) -> Any:
    """The names of the targets that are added to instead of set."""
    return [line.name for line in lines if line.accumulate]


@fact("shared", "the arrays that lines of {0} add to")
def shared(lines: Lines) -> Any:
    """The same as a set."""
    return {line.name for line in lines if line.accumulate}


@fact("kinds", "the targets of {0}, and how each is reduced")
def kinds(lines: Lines) -> Any:
    """Name and reduction of each line."""
    return [(line.name, line.reduce) for line in lines]


@fact("reductions", "the reductions of {0}")
def reductions(lines: Lines) -> Any:
    """Sum, greatest value, or its place: of each line."""
    return [line.reduce for line in lines]


@fact("sums", "the indices that {0} sum over")
def summed(lines: Lines) -> Any:
    """The indices that each line sums over."""
    return [line.over for line in lines]


@fact("read", "the arrays that {0} read and do not make")
def read(lines: Lines) -> Any:
    """The names of the arrays and scalars that the lines read before they set them."""
    return {name_of(e) for line in lines for e in line.operands} - {line.name for line in lines}


@fact("indices", "the indices of {0} among {1}")
def indices_among(lines: Lines, symbols: tuple[sp.Symbol, ...]) -> Any:
    """The given symbols that stand as indices of what is read or set."""
    elements = [e for line in lines for e in (*line.operands, line.target) if isinstance(e, sp.Indexed)]
    return {i for e in elements for i in e.indices if i in symbols}


@fact("first indices", "the first indices of {0}, {1} left out")
def first_indices(lines: Lines, without: tuple[str, ...]) -> Any:
    """The first index of all that is read or set, but of the arrays that are named."""
    elements = [e for line in lines for e in (*line.operands, line.target)]
    return {e.indices[0] for e in elements if name_of(e) not in tuple(map(str, without))}


@fact("summing", "the lines of {0} that sum over {1}")
def summing(lines: Lines, index: sp.Symbol) -> Any:
    """The names of the targets of these lines."""
    return [line.name for line in lines if index in line.over]


# --- of values --------------------------------------------------------------------------------------------------------


@fact("conditions", "the conditions of the pieces of {0}")
def conditions(value: Any) -> Any:
    """When each piece of a piecewise function is taken; none where it has one piece."""
    found = meaning(value)
    return [condition for _, condition in found.args] if isinstance(found, sp.Piecewise) else []


@fact("arrays", "the arrays in {0}")
def arrays(value: Any) -> Any:
    """The names of the arrays whose elements an expression, or some of them, contain."""
    return {name_of(leaf) for leaf in meaning(value).atoms(sp.Indexed)}


@fact("left out", "the members of {0} that are not in {1}")
def left_out(whole: tuple[str, ...], part: tuple[str, ...]) -> Any:
    """What one list has and another does not."""
    return {*whole} - {*part}


def piece(value: sp.Expr, number: int) -> Any:
    """The value of a piece of a piecewise function, unevaluated; numbers begin at 1."""
    return PIECE(value, number)


def pick(values: Iterable[sp.Expr], number: sp.Expr) -> Any:
    """The value of that number in a list, unevaluated; numbers begin at 1."""
    return PICK(sp.Tuple(*values), number)


def pieces(*values: sp.Expr) -> int:
    """How many pieces the piecewise functions in expressions have; 1 where there is none."""
    found = {len(piecewise.args) for value in values for piecewise in meaning(value).atoms(sp.Piecewise)}
    if len(found) > 1:
        raise ValueError(f"piecewise functions of {sorted(found)} pieces have no common number")
    return found.pop() if found else 1


PICK = Definition(
    "pick",
    lambda values, number: values[int(number) - 1],
    r"\left({0}\right)_{{{1}}}",
    "{0}[{1}]",
    True,
)
PIECE = Definition(
    "piece",
    lambda value, number: meaning(value).args[int(number) - 1][0],
    r"\left({0}\right)_{{\mathrm{{piece}}\,{1}}}",
    "(piece {1} of {0})",
    True,
)
