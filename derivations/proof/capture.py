"""Sums stay apart: no product may bring an index of its own under the sum of another factor.

A sum over k is written as a factor Σ_k, and a product of two sums over k would read as one double sum, or as one sum of
products. So a factor that holds a sum over k stands beside no other factor with the index k, and in no power; Σ_k written
out stands once, and its sum reaches over the whole product.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

MARK = "Σ_"
"""How the name of a sum over an index begins, `Σ_i`."""


Opened = Callable[[Any], Any]
"""An expression -> what it stands for, without any term."""


def check_sums(form: Any, opened: Opened) -> None:
    """Raises `ValueError` where a sum would capture an index of another factor, in what was stated or in a form of it."""
    # Sums inside of terms may cancel in the whole before anybody has looked at its products: every product is opened.
    if not isinstance(form, sp.Basic) or (opened(form) == form and not any(map(_is_mark, form.free_symbols))):
        return
    for part in sp.preorder_traversal(form):
        if isinstance(part, sp.Mul):
            _product(part, opened)
        elif isinstance(part, sp.Pow) and summed(opened(part.base)):
            raise ValueError(f"the sum over {sorted(summed(opened(part.base)))} stands in a power")


def _product(product: sp.Mul, opened: Opened) -> None:
    """Refuses two factors of which one sums over an index of the other."""
    marks = {factor.name.removeprefix(MARK) for factor in product.args if _is_mark(factor)}
    factors = [factor for factor in product.args if not _is_mark(factor)]
    wholes = [opened(factor) for factor in factors]
    for at, own in enumerate(map(summed, wholes)):
        others = {name for other, whole in enumerate(wholes) if own and other != at for name in named(whole)}
        if clash := own & (marks | others):
            raise ValueError(f"the sum over {sorted(clash)} in one factor would capture an index of another")


def _is_mark(factor: sp.Basic) -> bool:
    return isinstance(factor, sp.Symbol) and factor.name.startswith(MARK)


def summed(whole: sp.Basic) -> set[str]:
    """The indices that an expression without terms sums over, functions of sums apart: these are closed."""
    if _is_mark(whole):
        return {whole.name.removeprefix(MARK)}
    if isinstance(whole, (sp.Add, sp.Mul, sp.Pow)):
        return set().union(*map(summed, whole.args))
    return set()


def named(whole: sp.Basic) -> set[str]:
    """The names of all symbols of an expression without terms, and of the indices that it sums over."""
    return {symbol.name.removeprefix(MARK) for symbol in whole.free_symbols}


def check_put_in(whole: Any, values: list[tuple[Any, Any]]) -> None:
    """Refuses values whose indices a sum around them, or whose sums indices around them, would capture."""
    gone = {old: sp.Dummy() for old, _ in values}
    for term in sp.Add.make_args(whole):
        around = named(term.xreplace(gone))
        bound = {symbol.name.removeprefix(MARK) for symbol in term.free_symbols if _is_mark(symbol)}
        for old, new in ((old, new) for old, new in values if term.has(old)):
            own = {symbol.name.removeprefix(MARK) for symbol in new.free_symbols if _is_mark(symbol)}
            if clash := (bound & (named(new) - named(old))) | (own & around):
                raise ValueError(f"{new} in the place of {old}: the sum over {sorted(clash)} would capture an index")
