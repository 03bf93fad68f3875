"""Expressions that are kept as they were stated, until a rule asks what they stand for.

SymPy evaluates what it is given: Φ Φ⁻¹ at a place above the diagonal is 0 before anybody has read it. A definition made by
`definition` is therefore not evaluated: `inverse(i, j)` is a term that prints as (Φ⁻¹)_ij, and `meaning` unfolds it. `at`
keeps a substitution, `run` what a program computes, `bars` what reverse accumulation makes of a program. So a step holds
what was claimed, and the chain from there to the normal form (`forms`) can be read and checked again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import sympy as sp

from derivations.proof.capture import check_put_in, check_sums


@dataclass(frozen=True)
class Definition:
    """A name, what it stands for, and how it is written.

    Parameters
    ----------
    name : in certificates, one for each definition.
    value : what a term stands for; it may contain further terms.
    latex, text : patterns with {0}, {1}, ... for the arguments, in formulas and in sentences.
    commutative : False for blocks of matrices.
    ends : the layers that a block leads to and from, a function of the arguments (`block_shapes`).
    """

    name: str
    value: Callable[..., Any]
    latex: str
    text: str
    commutative: bool = False
    ends: Callable[..., tuple[Any, Any]] | None = None

    def __call__(self, *arguments: Any) -> Term:
        kind = Scalar if self.commutative else Block
        return kind(Constant(self.name, self), *map(_basic, arguments))


@dataclass(frozen=True)
class With:
    """A function with its first arguments given; two are equal where these are, which two lambdas never are."""

    function: Callable[..., Any]
    given: tuple[Any, ...] = ()

    def __call__(self, *rest: Any) -> Any:
        return self.function(*self.given, *rest)


class Constant(sp.Atom):
    """An object of Python as a leaf of an expression: a definition, a program, a choice. `key` is its text."""

    value: Any
    key: str

    def __new__(cls, key: str, value: Any) -> Constant:
        made = super().__new__(cls)
        made.key, made.value = key, value
        return made

    def __getnewargs__(self) -> tuple[str, Any]:
        return self.key, self.value

    def _hashable_content(self) -> tuple[str, Any]:
        return self.key, self.value

    def compare(self, other: Any) -> int:
        """By the text alone, as most objects have no order."""
        if not isinstance(other, Constant):
            return int(super().compare(other))
        return (self.key > other.key) - (self.key < other.key)

    def sort_key(self, order: object = None) -> Any:
        return self.class_key(), (1, (self.key,)), sp.S.One.sort_key(), sp.S.One


class Term(sp.Expr):
    """A definition at its arguments, unevaluated."""

    @property
    def definition(self) -> Definition:
        return self.args[0].value

    @property
    def arguments(self) -> tuple[Any, ...]:
        """The arguments as they were given, Python's objects too."""
        return tuple(a.value if isinstance(a, Constant) else a for a in self.args[1:])

    def inside(self, written: Callable[[Any], str], left: str = "(", right: str = ")") -> list[str]:
        """The arguments as they are written inside the pattern of a block: sums and negative factors in brackets."""
        return [
            f"{left}{written(a)}{right}" if not self.is_commutative and _opens_with_a_sign(a) else written(a)
            for a in self.args[1:]
        ]

    def unfolded(self) -> Any:
        """What the term stands for, one definition deep."""
        return _unfolded(self)


class Scalar(Term):
    """A term that commutes."""

    is_commutative = True


class Block(Term):
    """A term that does not commute: a block of a matrix."""

    is_commutative = False


@cache
def _unfolded(term: Term) -> Any:
    return sp.sympify(term.definition.value(*term.arguments))


def _opens_with_a_sign(argument: sp.Basic) -> bool:
    """Whether a factor needs brackets; indices of layers stand in scripts and need none."""
    if not isinstance(argument, sp.Expr) or (argument.is_integer and not argument.is_number):
        return False
    return bool(argument.is_Add or argument.could_extract_minus_sign())


def _basic(argument: Any) -> sp.Basic:
    if isinstance(argument, (sp.Basic, int)) and not isinstance(argument, bool):
        return sp.sympify(argument)
    if isinstance(argument, Mapping):
        argument = tuple(argument.items())
    if isinstance(argument, (tuple, list)):
        parts = [_basic(a) for a in argument]
        plain = not any(isinstance(a, Constant) for a in parts)
        return sp.Tuple(*parts) if plain else Constant("[" + "; ".join(map(str, argument)) + "]", tuple(argument))
    if callable(argument) and not isinstance(argument, Definition):
        raise TypeError(f"{argument} has no name that tells it from others")
    return Constant(argument.name if isinstance(argument, Definition) else str(argument), argument)


def definition(
    name: str,
    latex: str,
    text: str,
    *,
    commutative: bool = False,
    ends: Callable[..., tuple[Any, Any]] | None = None,
) -> Callable[[Callable[..., Any]], Definition]:
    """Makes a function a definition: its terms stay as they are stated."""
    return lambda value: Definition(name, value, latex, text, commutative, ends)


def forms(expression: Any) -> tuple[Any, ...]:
    """The expression as it was stated, and after each unfolding of its definitions."""
    chain = [expression]
    while isinstance(chain[-1], sp.Basic) and chain[-1].has(Term):
        chain.append(once(chain[-1]))
    return tuple(chain)


def once(expression: sp.Basic) -> sp.Basic:
    """Every outermost term by what it stands for."""
    if isinstance(expression, Term):
        return expression.unfolded()
    if not expression.has(Term):
        return expression
    return expression.func(*map(once, expression.args))


def meaning(expression: Any) -> Any:
    """What an expression stands for, without any term."""
    return forms(expression)[-1]


# --- substitution -----------------------------------------------------------------------------------------------------


def apart(expression: Any) -> Any:
    """What an expression stands for, once its products are seen to bring no index under a sum."""
    for form in forms(expression):
        check_sums(form, meaning)
    return meaning(expression)


def _substituted(expression: Any, values: tuple[tuple[Any, Any], ...]) -> Any:
    whole = apart(expression)
    put_in = [(meaning(old), meaning(new)) for old, new in values]
    check_put_in(whole, put_in)
    return whole.subs(put_in, simultaneous=len(values) > 1)


AT = Definition("at", _substituted, "", "", True)
BLOCK_AT = Definition("at", _substituted, "", "", False)


def at(expression: Any, values: Mapping[Any, Any]) -> Term:
    """The expression with values put in, unevaluated."""
    expression = sp.sympify(expression)
    pairs = tuple((sp.sympify(old), sp.sympify(new)) for old, new in values.items())
    return (AT if expression.is_commutative else BLOCK_AT)(expression, pairs)


def without_idle(expression: Any) -> Any:
    """The expression without the substitutions that change nothing."""
    if not isinstance(expression, sp.Basic):
        return expression
    return expression.replace(
        lambda e: isinstance(e, Term) and e.definition in (AT, BLOCK_AT) and meaning(e) == meaning(e.args[1]),
        lambda e: meaning(e),
    )
