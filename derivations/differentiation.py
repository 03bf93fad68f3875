"""Reverse accumulation on straight-line programs, with sums over symbolic sizes.

Rule. Let a program assign target = Σ_over value(leaf, ...), and let t̄ be the derivative of a scalar ℓ
with respect to the target. The pairing is Σ t̄ · value over *all* indices of the assignment, so the
contribution to the leaf at its generic indices is

    Σ_{indices of the assignment that the leaf does not carry}  t̄ · ∂value/∂leaf.

It holds because each leaf occurs in an assignment with one pattern of distinct indices (checked here):
then the delta of the generic position removes exactly the leaf's own sums.

A sum is written as multiplication with a marker Σ_s. Linearity makes such expressions polynomials with a
normal form, and no size is ever a number. A marker may not capture an index that is free elsewhere;
`_capture_free` refuses that.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

import sympy as sp

from derivations.codegen.ir import Array, Assign
from derivations.notation import df, f


def marker(index: sp.Symbol) -> sp.Symbol:
    """Σ_index as a factor."""
    return sp.Symbol(f"Σ_{index}")


def _bound(expression: sp.Expr) -> set[str]:
    return {symbol.name[2:] for symbol in expression.free_symbols if symbol.name.startswith("Σ_")}


def _capture_free(inner: sp.Expr, outer: Assign) -> None:
    clash = _bound(inner) & {str(index) for index in (*outer.free, *outer.over)}
    if clash:
        raise ValueError(f"the sum over {sorted(clash)} would capture an index of: {outer}")


def _sums_only(assign: Assign) -> None:
    if assign.reduce != "sum":
        raise ValueError(f"only sums have a normal form here: {assign}")


def _single(program: Iterable[Assign]) -> list[Assign]:
    """The assignments, if a name has one meaning throughout: not set twice, not changed once it was read."""
    program, made, read = list(program), set(), set()
    for assign in program:
        read |= set(map(_name, leaves(assign.value)))
        if assign.name in read or (assign.name in made and not assign.accumulate):
            raise ValueError(f"{assign.name} would have two meanings: {assign}")
        made.add(assign.name)
    return program


def _linear(assign: Assign, sums: dict[sp.Expr, sp.Expr]) -> None:
    """A marker stands for a sum only where the sum stands linearly, or whole inside f or f'.

    A product of sums over different indices is the sum over both (distributivity): neither summand carries the
    index of the other, which `_capture_free` has seen to.
    """
    outside = assign.value.replace(lambda e: e.func in (f, df), lambda e: sp.Dummy())
    plain = {leaf: sp.Dummy() for leaf in sums}
    outside = outside.xreplace(plain)
    for a, b in product(sums, repeat=2):
        if _bound(sums[a]) & _bound(sums[b]) and sp.diff(outside, plain[a], plain[b]) != 0:
            raise ValueError(f"a sum stands nonlinearly in: {assign}")


def _name(element: sp.Indexed | sp.Symbol) -> str:
    return str(element.base) if isinstance(element, sp.Indexed) else str(element)


def leaves(value: sp.Expr) -> list[sp.Expr]:
    """Array elements and scalars a value depends on, in a fixed order."""
    indexed = value.atoms(sp.Indexed)
    hidden = {symbol for element in indexed for symbol in element.free_symbols}
    indices = {index for delta in value.atoms(sp.KroneckerDelta) for index in delta.free_symbols}
    scalars = {symbol for symbol in value.free_symbols if symbol not in hidden | indices}
    return sorted([*indexed, *scalars], key=str)


def derivative(value: sp.Expr, leaf: sp.Expr) -> sp.Expr:
    """∂value/∂leaf, with f' written as `df`; the leaf must carry distinct plain indices, in one pattern."""
    patterns = {element for element in leaves(value) if _name(element) == _name(leaf)}
    distinct = not isinstance(leaf, sp.Indexed) or (
        len(set(leaf.indices)) == len(leaf.indices) and all(i.is_Symbol for i in leaf.indices)
    )
    if patterns - {leaf} or not distinct:
        raise ValueError(f"{_name(leaf)} occurs as {sorted(map(str, patterns))}: more than one index pattern")
    plain = sp.Dummy("leaf")
    result = sp.diff(value.subs(leaf, plain), plain)
    result = result.replace(lambda e: isinstance(e, sp.Derivative) and e.expr.func == f, lambda e: df(e.expr.args[0]))
    return result.subs(plain, leaf)


def cotangents(
    program: Iterable[Assign], seeds: dict[str, sp.Expr], fixed: tuple[sp.Symbol, ...] = ()
) -> dict[str, sp.Expr]:
    """∂ℓ/∂(every array of the program), given the derivatives of its outputs in `seeds`.

    `fixed` indices belong to a loop around the program (one sample after the other) and are not summed.
    """
    total = dict(seeds)
    for assign in reversed(_single(program)):
        _sums_only(assign)
        bar = total.get(_name(assign.target), sp.Integer(0))
        if not assign.accumulate:
            total.pop(_name(assign.target), None)
        if bar == 0:
            continue
        _capture_free(bar, assign)
        for leaf in leaves(assign.value):
            carried = set(leaf.indices) if isinstance(leaf, sp.Indexed) else set()
            summed = [index for index in (*assign.free, *assign.over) if index not in carried and index not in fixed]
            term = bar * derivative(assign.value, leaf) * sp.Mul(*map(marker, summed))
            total[_name(leaf)] = sp.expand(total.get(_name(leaf), sp.Integer(0)) + term)
    return total


class Values(dict[str, sp.Expr]):
    """What a program computed, by name."""

    def __missing__(self, name: str) -> sp.Expr:
        raise ValueError(f"the program does not compute {name}")


def evaluate(program: Iterable[Assign], known: dict[str, sp.Expr]) -> Values:
    """Run a program on symbols: the value of each target in terms of what the program did not compute."""
    values = Values(known)
    for assign in _single(program):
        _sums_only(assign)
        inner = {leaf: values[_name(leaf)] for leaf in leaves(assign.value) if _name(leaf) in values}
        for bound in inner.values():
            _capture_free(bound, assign)
        _linear(assign, {leaf: bound for leaf, bound in inner.items() if _bound(bound)})
        value = assign.value.xreplace(inner)
        value = sp.expand(value * sp.Mul(*map(marker, assign.over)))
        previous = values.get(_name(assign.target), sp.Integer(0)) if assign.accumulate else sp.Integer(0)
        values[_name(assign.target)] = sp.expand(previous + value)
    return values


def elements(arrays: Iterable[Array]) -> dict[str, sp.Expr]:
    """The arrays as themselves, for `evaluate` and `cotangents`."""
    return {array.name: array.element for array in arrays}
