"""The algebra of blocks: path products with symbolic layers, and their normal form.

A path product P(i, j) = φ^(i-1) φ^(i-2) ... φ^(j) leads from layer j to layer i. It is a
non-commutative function of two layer indices, so i, j and the depth stay symbols and no formula is
ever expanded for one depth. Two rules define it:

    P(i, i) = I                  (the empty path)
    P(i, m) P(m, j) = P(i, j)    (paths join)

and φ^(i) is the path of one step, P(i+1, i). Everything else (associativity, distributivity, signs)
is SymPy's non-commutative arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

_PATH = sp.Function("P", commutative=False)
_EIGENVALUES = sp.Function("L", commutative=False)
_ACTIVATIONS = sp.Function("x", commutative=False)

LAYER = sp.Symbol("j", integer=True, positive=True)
DISTANCE = sp.Symbol("d", integer=True, nonnegative=True)

Block = Callable[[sp.Expr, sp.Expr], sp.Expr]


def path(i: sp.Expr, j: sp.Expr) -> sp.Expr:
    """P(i, j), the product of the eigenvector blocks from layer j up to layer i >= j."""
    if (sp.sympify(i) - j).is_negative:
        raise ValueError(f"there is no path up from layer {j} to layer {i}")
    return _PATH(sp.sympify(i), sp.sympify(j))


def phi(i: sp.Expr) -> sp.Expr:
    """φ^(i), the eigenvector block between layers i and i+1."""
    return path(sp.sympify(i) + 1, i)


def eigenvalues(i: sp.Expr) -> sp.Expr:
    """L_i = diag(λ^(i))."""
    return _EIGENVALUES(sp.sympify(i))


def activation(i: sp.Expr) -> sp.Expr:
    """x_i, the activations of layer i."""
    return _ACTIVATIONS(sp.sympify(i))


def sign(exponent: sp.Expr) -> sp.Expr:
    """(-1)^exponent with every integer coefficient of the exponent reduced modulo 2."""
    constant, terms = sp.expand(exponent).as_coeff_add()
    result = sp.Integer(-1) ** (constant % 2)
    for term in terms:
        coefficient, symbol = term.as_coeff_Mul()
        if not (coefficient.is_Integer and symbol.is_integer):
            raise ValueError(f"the exponent {exponent} is no integer")
        if coefficient % 2:
            result *= sp.Pow(-1, symbol, evaluate=False)
    return result


def lower(entry: Block) -> Block:
    """A block lower triangular matrix: `entry(i, j)` on and below the diagonal, 0 above it.

    Where the order of i and j is not decided by their assumptions, the entry is not defined and
    `ValueError` is raised: a proof must split the cases itself.
    """

    def block(i: sp.Expr, j: sp.Expr) -> sp.Expr:
        distance = sp.expand(sp.sympify(i) - j)
        if distance.is_nonnegative:
            return entry(i, j)
        if distance.is_negative:
            return sp.Integer(0)
        raise ValueError(f"the order of layers {i} and {j} is not decided")

    return block


def times_phi_left(x: Block, i: sp.Expr, j: sp.Expr) -> sp.Expr:
    """(Φ X)_ij = X_ij + φ^(i-1) X_{i-1,j}: row i of Φ = I + N holds two blocks."""
    return x(i, j) + phi(i - 1) * x(i - 1, j)


def times_phi_right(x: Block, i: sp.Expr, j: sp.Expr) -> sp.Expr:
    """(X Φ)_ij = X_ij + X_{i,j+1} φ^(j): column j of Φ = I + N holds two blocks."""
    return x(i, j) + x(i, j + 1) * phi(j)


def _join(factors: list[sp.Expr]) -> list[sp.Expr]:
    """Apply the two rules of path products to one word."""
    word: list[sp.Expr] = []
    for factor in factors:
        if factor.func == _PATH:
            top, bottom = (sp.expand(a) for a in factor.args)
            if word and word[-1].func == _PATH and sp.expand(word[-1].args[1] - top) == 0:
                top = word.pop().args[0]
            if sp.expand(top - bottom) == 0:
                continue
            factor = path(top, bottom)
        elif factor.args:
            factor = factor.func(*(sp.expand(a) for a in factor.args))
        word.append(factor)
    return word


def normal_form(expression: sp.Expr) -> sp.Expr:
    """Expand, reduce signs and join path products until nothing changes."""
    expression = sp.sympify(expression)
    while True:
        result = sp.Integer(0)
        for term in sp.Add.make_args(sp.expand(expression)):
            commutative, word = term.args_cnc()
            coefficient = sp.Mul(*commutative).replace(lambda e: e.is_Pow and e.base == -1, lambda e: sign(e.exp))
            result += coefficient * sp.Mul(*_join(_unfold(word)))
        if result == expression:
            return result
        expression = result


def _unfold(word: list[sp.Expr]) -> list[sp.Expr]:
    """Write powers P**n of a word as repeated factors, so that neighbours can join."""
    result: list[sp.Expr] = []
    for factor in word:
        if factor.is_Pow and not (factor.exp.is_Integer and factor.exp.is_positive):
            raise ValueError(f"{factor} is no repeated product")
        result += [factor.base] * int(factor.exp) if factor.is_Pow else [factor]
    return result
