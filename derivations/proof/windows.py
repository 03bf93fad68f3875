"""Windows on planes, and the rule "reindexing" for sums over them.

A window of row i of the output reads row R(i, ρ) = stride · i + dilation · ρ - padding of the input. Every array is 0
outside of its sizes, so every sum runs over all integers and no proof has a border. A sum over all integers stays the
same when its variables change by shears, i = ± i' + (anything without i), as these are one to one; and a Kronecker delta
picks one term. `reindexed` brings every term to one form by these two alone. Each variable must be held by an array that
is a factor: then no sum is infinite.

A formula is not 0 where the array that it computes has no place. So no index may hold more than a position and a tap: a
window of a window is a formula that stands where an array was, and it is refused.

The gradient of ℓ by x is the array x̄ with ⟨x̄, v⟩ = ⟨ȳ, derivative of y by x along v⟩ for every v. That is how adjoints are
proven here: both sides are sums, and no inverse of R is needed. This module imports SymPy alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sympy as sp

MARK = "Σ_"
"""How the name of a sum over an index begins, `Σ_i`, as in `rules`."""


@dataclass(frozen=True)
class Window:
    """Which row (or column) of the input an output row reads at a tap: stride · i + dilation · tap - padding."""

    stride: sp.Expr
    dilation: sp.Expr
    padding: sp.Expr

    def at(self, position: sp.Expr, tap: sp.Expr) -> sp.Expr:
        """R(i, ρ)."""
        return self.stride * position + self.offset(tap)

    def offset(self, tap: sp.Expr) -> sp.Expr:
        """R(0, ρ)."""
        return self.dilation * tap - self.padding

    @classmethod
    def of(cls, index: sp.Expr, position: sp.Symbol, tap: sp.Symbol) -> Window:
        """The window that an index is; raises `ValueError` where it is none. For printers."""
        expanded = sp.expand(index)
        stride, dilation = expanded.coeff(position, 1), expanded.coeff(tap, 1)
        padding = sp.expand(stride * position + dilation * tap - expanded)
        if stride == 0 or {position, tap} & (stride.free_symbols | dilation.free_symbols | padding.free_symbols):
            raise ValueError(f"{index} is no window over {position} and {tap}")
        return cls(stride, dilation, padding)


def sums(*over: sp.Symbol) -> sp.Expr:
    """Σ over each of the indices, as a factor."""
    return sp.Mul(*[sp.Symbol(f"{MARK}{index}") for index in over])


def pairing(assign: Any, cotangent: Any, value: sp.Expr | None = None) -> sp.Expr:
    """⟨cotangent, target⟩ of an assignment of `assignments`; `value` in place of its own, a derivative say."""
    element = cotangent.at(*assign.free)
    inner = assign.value if value is None else value
    return sp.expand(sums(*assign.free, *assign.over) * element * inner)


def along(value: sp.Expr, array: Any, direction: Any) -> sp.Expr:
    """The derivative of a value by an array along a direction, at all the places where the array is read."""
    total = sp.S.Zero
    for leaf in sorted((e for e in value.atoms(sp.Indexed) if str(e.base) == array.name), key=str):
        slope = sp.diff(value.xreplace({leaf: (moved := sp.Dummy())}), moved).xreplace({moved: leaf})
        if slope.has(sp.Derivative, sp.Subs):
            raise ValueError(f"{value} has no elementary derivative by {leaf}")
        total += slope * direction.at(*leaf.indices)
    return total


def reindexed(expression: sp.Expr) -> sp.Expr:
    """Every term with its variables of summation replaced as far as arrays hold them alone."""
    return sp.Add(*map(_term, sp.Add.make_args(sp.expand(expression))))


def _term(term: sp.Expr) -> sp.Expr:
    factors = sp.Mul.make_args(term)
    marks = [factor for factor in factors if factor.is_Symbol and factor.name.startswith(MARK)]
    body = _with_plain_indices(sp.Mul(*[factor for factor in factors if factor not in marks]))
    names = {mark.name.removeprefix(MARK) for mark in marks}
    if any(symbol.name.startswith(MARK) for symbol in body.atoms(sp.Symbol)):
        raise ValueError(f"a sum stands twice or nonlinearly in {term}")
    # One kind of symbol for all variables: what is known of an index, such as a sign, is no part of the rule.
    if len(named := [s.name for s in body.atoms(sp.Symbol) if s.name in names]) > len(set(named)):
        raise ValueError(f"two symbols have one name in {term}")
    variables = {name: sp.Symbol(name, integer=True) for name in names}
    body = body.xreplace({s: variables[s.name] for s in body.atoms(sp.Symbol) if s.name in variables})
    bound = set(variables.values())
    for read in {index for element in body.atoms(sp.Indexed) for index in element.indices}:
        if len(bound & read.free_symbols) > 2:
            raise ValueError(f"the index {read} is a window of a window, and a formula is not 0 outside of its array")
    for delta in sorted(body.atoms(sp.KroneckerDelta), key=str):
        body, bound = _sifted(body, delta, bound)
    done: set[sp.Symbol] = set()
    while place := next(_places(body, bound - done), None):
        element, slot, variable, sign = place
        fresh = sp.Symbol(_name(element, slot, body.atoms(sp.Symbol)), integer=True)
        rest = element.indices[slot] - sign * variable
        body = _with_plain_indices(body.xreplace({variable: sign * (fresh - rest)}))
        bound, done = (bound - {variable}) | {fresh}, done | {fresh}
    powers = [factor.as_base_exp() for factor in sp.Mul.make_args(body)]
    arrays = [base for base, power in powers if isinstance(base, sp.Indexed) and power.is_positive]
    held = {symbol for element in arrays for i in element.indices for symbol in i.free_symbols}
    if loose := bound - held:
        raise ValueError(f"no array holds the sum over {sorted(map(str, loose))} in {term}")
    return body * sums(*sorted(bound, key=str))


def _name(element: sp.Indexed, slot: int, taken: set[sp.Symbol]) -> str:
    """A name for the index in a slot of an array that nothing has yet: arrays may stand at two places."""
    name, names = f"{element.base.label}{slot}", {symbol.name for symbol in taken}
    while name in names:
        name += "'"
    return name


def _with_plain_indices(body: sp.Expr) -> sp.Expr:
    """The same with all indices multiplied out."""
    places: dict[sp.Expr, sp.Expr] = {e: e.base[tuple(map(sp.expand, e.indices))] for e in body.atoms(sp.Indexed)}
    return body.xreplace({old: new for old, new in places.items() if old != new})


def _sifted(body: sp.Expr, delta: sp.KroneckerDelta, bound: set[sp.Symbol]) -> tuple[sp.Expr, set[sp.Symbol]]:
    """Σ_v δ(v, a) F(v) = F(a): the first variable of the delta that stands alone in it, and its sum, go."""
    difference = sp.expand(delta.args[0] - delta.args[1])
    for variable in sorted(bound & difference.free_symbols, key=str):
        for sign in (1, -1):
            rest = sp.expand(difference - sign * variable)
            if variable not in rest.free_symbols:
                inner = body.xreplace({delta: sp.S.One}).xreplace({variable: -sign * rest})
                return _with_plain_indices(inner), bound - {variable}
    return body, bound


def _places(body: sp.Expr, free: set[sp.Symbol]) -> Iterator[tuple[sp.Indexed, int, sp.Symbol, int]]:
    """Where a variable that is still free stands once, with the factor 1 or -1: the arrays by name, their slots in order.

    A slot without such a variable is passed over. Which variable of a slot is taken does not matter: the form depends
    on the slots that were settled alone.
    """
    for element in sorted(body.atoms(sp.Indexed), key=lambda e: (e.base.label.name, str(e.indices))):
        for slot, index in enumerate(element.indices):
            for variable in sorted(free & index.free_symbols, key=str):
                for sign in (1, -1):
                    if variable not in sp.expand(index - sign * variable).free_symbols:
                        yield element, slot, variable, sign
