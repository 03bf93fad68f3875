"""The proof rules. Everything else in this package produces steps; this file checks them.

Words. A path product P(i, j) = φ^(i-1) φ^(i-2) ... φ^(j) is a non-commutative function of two layers, so i, j and the
depth stay symbols. Two rules define it: P(i, i) = I, and paths join, P(i, m) P(m, j) = P(i, j).
Matrices without layers are non-commutative symbols; `inverse(X)` of a product X has the rule X⁻¹ X = X X⁻¹ = I alone.

Programs assign target = Σ_over value(leaf, ...). A sum over s is written as multiplication with a marker Σ_s; sums are
linear, so such expressions are polynomials, and no size is ever a number. If t̄ is ∂ℓ/∂target, the assignment contributes
Σ t̄ · ∂value/∂leaf to the leaf at its generic indices, summed over its indices that the leaf does not carry, as a leaf
occurs at one pattern of distinct indices. A marker may capture no free index, a sum not stand nonlinearly: all checked.

Trusted besides: SymPy's expand, diff, cancel and the signs its assumptions decide; the definitions; for the theorems E
`rounding`, `exponential_error` and `accuracy`, which compute the numbers that rule "error analysis" compares.
"""

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any

import sympy as sp

from derivations.proof.assignments import Assign, name_of
from derivations.proof.notation import df, f

PATH = sp.Function("P", commutative=False)


def path(i: Any, j: Any) -> sp.Expr:
    """P(i, j), the product of the eigenvector blocks from layer j up to layer i >= j."""
    if (sp.sympify(i) - j).is_negative:
        raise ValueError(f"there is no path up from layer {j} to layer {i}")
    return PATH(i, j)


INVERSE = sp.Function("inverse", commutative=False)


def inverse(matrix: sp.Expr) -> sp.Expr:
    """X⁻¹ of a product of matrices, none of them a sum: that of a sum has no normal form."""
    _factors(matrix)
    return INVERSE(matrix)


def _factors(matrix: sp.Expr) -> list[sp.Expr]:
    """The factors of a product of matrices, from left to right."""
    numbers, word = matrix.args_cnc()
    if numbers or not word or any(factor.is_Add or not factor.as_base_exp()[1].is_Integer for factor in word):
        raise ValueError(f"{matrix} is no product of matrices")
    return [base for base, times in (factor.as_base_exp() for factor in word) for _ in range(times)]


def sign(exponent: Any) -> sp.Expr:
    """(-1)^exponent with every integer coefficient of the exponent reduced modulo 2."""
    terms = [term.as_coeff_Mul() for term in sp.Add.make_args(sp.expand(exponent))]
    if not all(coefficient.is_Integer and symbol.is_integer for coefficient, symbol in terms):
        raise ValueError(f"the exponent {exponent} is no integer")
    return sp.Mul(*[(-1) ** symbol for coefficient, symbol in terms if coefficient % 2])


def normal_form(expression: Any) -> sp.Expr:
    """Multiply out, reduce signs and join paths until nothing changes."""
    while True:
        result = sp.S.Zero
        for term in sp.Add.make_args(sp.expand(expression)):
            commutative, word = term.args_cnc()
            coefficient = sp.Mul(*commutative).replace(lambda e: e.is_Pow and e.base == -1, lambda e: sign(e.exp))
            result += coefficient * sp.Mul(*_join(word))
        if result == expression:
            return result
        expression = result


def _join(factors: list[sp.Expr]) -> list[sp.Expr]:
    """The two rules of path products and that of inverses on one word; a power is a repeated factor."""
    word: list[sp.Expr] = []
    for base, times in (factor.as_base_exp() for factor in factors):
        if not (times.is_Integer and times.is_positive):
            raise ValueError(f"{base}**{times} is no repeated product")
        for factor in times * [base]:
            if factor.func == PATH and word and word[-1].func == PATH and word[-1].args[1] == factor.args[0]:
                factor = path(word.pop().args[0], factor.args[1])
            if factor.func != PATH or factor.args[0] != factor.args[1]:
                word.append(factor)
                _cancel(word)
    return word


def _cancel(word: list[sp.Expr]) -> None:
    """Drop X⁻¹ X or X X⁻¹ from the end of a word."""
    for at, factor in enumerate(word):
        if factor.func == INVERSE:
            whole = _factors(factor.args[0])
            start = at if word[at + 1 :] == whole else at - len(whole)
            last = start == at or (at == len(word) - 1 and start >= 0 and word[start:at] == whole)
            if last:
                del word[start:]
                return


def marker(index: sp.Symbol) -> sp.Symbol:
    """Σ_index as a factor."""
    return sp.Symbol(f"Σ_{index}")


def _sums(expression: sp.Expr, outer: Assign) -> set[str]:
    """The indices that sums in an expression run over; none may be an index of the assignment around it."""
    bound = {symbol.name[2:] for symbol in expression.free_symbols if symbol.name.startswith("Σ_")}
    if clash := bound & {str(index) for index in (*outer.free, *outer.over)}:
        raise ValueError(f"the sum over {sorted(clash)} would capture an index of: {outer}")
    return bound


def _single(program: Iterable[Assign], known: Iterable[str], fixed: tuple[sp.Symbol, ...]) -> list[Assign]:
    """The assignments, all of them sums; a name is set once, before it is read, and if known or set, at one pattern."""
    program, made, read, place = list(program), set[str](), set[str](), dict[str, sp.Expr]()
    for assign in program:
        elements = [assign.target, *leaves(assign.value)]
        read |= set(map(name_of, elements[1:]))
        again = assign.name in read or (assign.name in made and not assign.accumulate)
        moved = [e for e in elements if place.setdefault(name_of(e), e) != e and name_of(e) in {*known, *made}]
        own = [*assign.over, *{*assign.free, *fixed}]  # each by its own name, as a marker knows no more
        loose = indices(assign.value) - {*own} or len({*map(str, own)}) < len(own)
        if assign.reduce != "sum" or again or moved or loose:
            raise ValueError(f"no sum, a name with two meanings, or an index that is neither free nor summed: {assign}")
        made.add(assign.name)
    return program


def indices(value: sp.Expr) -> set[sp.Symbol]:
    """The symbols that stand as indices, of arrays or of deltas."""
    places = [i for e in value.atoms(sp.Indexed, sp.KroneckerDelta) for i in getattr(e, "indices", e.args)]
    return {symbol for place in places if not isinstance(place, sp.Indexed) for symbol in place.free_symbols}


def leaves(value: sp.Expr) -> list[sp.Expr]:
    """Array elements and scalars a value depends on, in a fixed order."""
    indexed = value.atoms(sp.Indexed)
    scalars = value.xreplace(dict.fromkeys(indexed, sp.S.One)).free_symbols - indices(value)
    return sorted(indexed | scalars, key=str)


def derivative(value: sp.Expr, leaf: sp.Expr) -> sp.Expr:
    """∂value/∂leaf, with f' written as `df`; the leaf carries distinct plain indices."""
    if isinstance(leaf, sp.Indexed) and len({i for i in leaf.indices if i.is_Symbol}) < len(leaf.indices):
        raise ValueError(f"{leaf} is not at distinct plain indices")
    if not value.xreplace(dict.fromkeys(value.atoms(sp.KroneckerDelta), sp.S.One)).has(leaf):
        return sp.S.Zero  # a whole number inside a delta does not move
    result = sp.diff(value.subs(leaf, plain := sp.Dummy()), plain)
    slope = result.replace(lambda e: isinstance(e, sp.Derivative) and e.expr.func == f, lambda e: df(*e.expr.args))
    if value.has(sp.Derivative, sp.Subs) or slope.has(sp.Derivative, sp.Subs):
        raise ValueError(f"only f has a derivative with a name: {value}")
    return slope.subs(plain, leaf)


def cotangents(program: Sequence[Assign], seeds: dict[str, Any], fixed: tuple[sp.Symbol, ...] = ()) -> dict[str, Any]:
    """∂ℓ/∂(every array), given those of the outputs; `fixed` indices belong to a loop around and are not summed."""
    total = dict(seeds)
    for assign in reversed(_single(program, {*seeds, *(name_of(e) for a in program for e in leaves(a.value))}, fixed)):
        bar = total.get(assign.name, sp.S.Zero) if assign.accumulate else total.pop(assign.name, sp.S.Zero)
        _sums(bar, assign)
        for leaf in leaves(assign.value) if bar != 0 else ():
            carried = (*fixed, *(leaf.indices if isinstance(leaf, sp.Indexed) else ()))
            summed = [marker(index) for index in (*assign.free, *assign.over) if index not in carried]
            term = bar * derivative(assign.value, leaf) * sp.Mul(*summed)
            total[name_of(leaf)] = sp.expand(total.get(name_of(leaf), sp.S.Zero) + term)
    return total


def evaluate(program: Iterable[Assign], known: dict[str, Any]) -> dict[str, Any]:
    """The value of each target in terms of what is known and of what the program does not compute."""
    values = dict(known)
    for assign in _single(program, known, ()):
        inner = {leaf: values[name_of(leaf)] for leaf in leaves(assign.value) if name_of(leaf) in values}
        sums = {leaf: _sums(value, assign) for leaf, value in inner.items()}
        plain = {leaf: sp.Dummy() for leaf in inner}
        # A sum stands linearly, or whole inside f or f'; a product of sums over different indices is a double sum.
        for part in (assign.value, *(call.args[0] for call in assign.value.find(lambda e: e.func in (f, df)))):
            outside = part.replace(lambda e: e.func in (f, df), lambda e: sp.Dummy()).xreplace(plain)
            for a, b in product(inner, repeat=2):
                tested = sums[a] and any(test.has(plain[a]) for test in outside.atoms(sp.Rel))
                if tested or (sums[a] & sums[b] and sp.diff(outside, plain[a], plain[b]) != 0):
                    raise ValueError(f"a sum stands nonlinearly in: {assign}")
        previous = values.get(assign.name, sp.S.Zero) if assign.accumulate else sp.S.Zero
        values[assign.name] = sp.expand(previous + assign.value.xreplace(inner) * sp.Mul(*map(marker, assign.over)))
    return values
