"""What a program computes, and what reverse accumulation makes of it, as terms that stay as they are stated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import sympy as sp

from derivations.proof.assignments import Assign
from derivations.proof.rules import cotangents, derivative, evaluate, leaves, name_of
from derivations.proof.stated import Definition, Term, apart

Lines = tuple[Assign, ...]
Pairs = tuple[tuple[str, Any], ...]


@cache
def _evaluated(lines: Lines, known: Pairs) -> dict[str, Any]:
    return evaluate(lines, dict(known))


@cache
def _cotangents(lines: Lines, seeds: Pairs, fixed: tuple[sp.Symbol, ...]) -> dict[str, Any]:
    return cotangents(lines, dict(seeds), fixed)


def _value(name: str, lines: Lines, known: Pairs) -> Any:
    return _evaluated(lines, known)[name]


def _bar(name: str, lines: Lines, seeds: Pairs, fixed: tuple[sp.Symbol, ...]) -> Any:
    return _cotangents(lines, seeds, fixed).get(name, sp.S.Zero)


RUN = Definition("run", _value, "", "", True)
BAR = Definition("bar", _bar, "", "", True)
SLOPE = Definition("slope", lambda value, leaf: derivative(apart(value), leaf), "", "", True)


class Values(Mapping[str, Term]):
    """Terms by the name of the array."""

    def __init__(self, made: Definition, names: Iterable[str], *rest: Any) -> None:
        self.terms = {name: made(name, *rest) for name in names}

    def __getitem__(self, name: str) -> Term:
        return self.terms[name]

    def __iter__(self) -> Any:
        return iter(self.terms)

    def __len__(self) -> int:
        return len(self.terms)


def run(program: Iterable[Assign], known: Mapping[str, Any] | None = None) -> Values:
    """The value of each target in terms of what is known and of what the program does not compute."""
    lines, pairs = tuple(program), tuple((known or {}).items())
    _evaluated(lines, pairs)  # what is no program is refused here
    values = Values(RUN, ())
    values.terms = {name: RUN(name, needed(name, lines), pairs) for name in dict.fromkeys(a.name for a in lines)}
    return values


def needed(name: str, lines: Lines) -> Lines:
    """The lines that a target depends on; every name is set before it is read, so the others change nothing."""
    wanted, kept = {name}, []
    for assign in reversed(lines):
        if assign.name in wanted:
            kept.append(assign)
            wanted |= {name_of(leaf) for leaf in leaves(assign.value)}
    return tuple(reversed(kept))


def bars(program: Iterable[Assign], seeds: Mapping[str, Any], fixed: tuple[sp.Symbol, ...] = ()) -> Values:
    """∂ℓ/∂(every array), given those of the outputs; `fixed` indices belong to a loop around and are not summed."""
    lines, pairs = tuple(program), tuple(seeds.items())
    _cotangents(lines, pairs, fixed)
    names = dict.fromkeys(name_of(leaf) for assign in lines for leaf in [*leaves(assign.value), assign.target])
    return Values(BAR, names, lines, pairs, fixed)


def slope(value: Any, leaf: sp.Expr) -> Term:
    """∂value/∂leaf, unevaluated; f' is written as `df`."""
    return SLOPE(value, leaf)
