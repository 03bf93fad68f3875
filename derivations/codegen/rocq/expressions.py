"""SymPy expressions as terms of Rocq with MathComp."""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

SUM, PRODUCT, FACTOR, ATOM = range(4)
"""How tightly a term binds; a term stands in brackets where a tighter one is needed."""
WIDTH = 120
FUNCTIONS = {"f": "f", "df": "df", "exp": "exp", "log": "log", "log1p": "log1p"}
"""Functions of which a definition knows nothing: they are its parameters."""


class UnprintableError(ValueError):
    """An expression has no term in Rocq; the message names it."""


class TermPrinter:
    """Prints an expression; `name_of_leaf` gives the term of an array element or of a scalar.

    `functions` collects the parameters that the terms need, `field` says whether they need division, order or roots.
    """

    def __init__(self, name_of_leaf: Callable[[sp.Expr], str]) -> None:
        self.name_of_leaf = name_of_leaf
        self.functions: set[str] = set()
        self.field = False

    def term(self, e: sp.Expr, need: int = SUM) -> str:
        """The term of an expression, in brackets where it does not bind as tightly as is needed."""
        text, level = self._term(e)
        return f"({text})" if level < need else text

    def _term(self, e: sp.Expr) -> tuple[str, int]:
        if isinstance(e, (sp.Indexed, sp.Symbol)):
            text = self.name_of_leaf(e)
            return text, FACTOR if " " in text else ATOM
        if e.is_Rational:
            return self._number(e)
        if e.is_Add:
            return self._sum(e)
        if e.is_Mul:
            return self._product(e)
        if e.is_Pow:
            return self._power(e)
        if isinstance(e, sp.Piecewise):
            return self._pieces(e)
        if isinstance(e, sp.KroneckerDelta):
            left, right = (self.term(a, FACTOR) for a in sorted(e.args, key=lambda a: not a.is_Symbol))
            return f"({left} == {right} :> nat)%:R", FACTOR
        return self._call(e)

    def _number(self, e: sp.Rational) -> tuple[str, int]:
        if e.is_negative:
            return f"- {self.term(-e, PRODUCT)}", SUM
        if not e.is_Integer:
            self.field = True
            return f"{self.term(sp.Integer(e.p))} / {e.q}%:R", PRODUCT
        return (str(e), ATOM) if e in (0, 1) else (f"{e}%:R", ATOM)

    def _sum(self, e: sp.Add) -> tuple[str, int]:
        first, *others = sorted(e.args, key=lambda a: a.could_extract_minus_sign())
        text = self.term(first, PRODUCT) if not first.could_extract_minus_sign() else self.term(first)
        for part in others:
            minus = part.could_extract_minus_sign() and not part.is_Add
            text += f" - {self.term(-part, PRODUCT)}" if minus else f" + {self.term(part, PRODUCT)}"
        return text, SUM

    def _product(self, e: sp.Mul) -> tuple[str, int]:
        number, _ = e.as_coeff_Mul()
        if number.is_negative:
            return f"- {self.term(-e, PRODUCT)}", SUM
        under = [a for a in e.args if a.is_Pow and a.exp.is_negative]
        over = [a for a in e.args if a not in under]
        text = " * ".join(self.term(a, FACTOR) for a in over) or "1"
        for power in under:
            self.field = True
            text += f" / {self.term(power.base**-power.exp, FACTOR)}"
        return text, PRODUCT

    def _power(self, e: sp.Pow) -> tuple[str, int]:
        if e.exp == sp.Rational(1, 2):
            self.field = True
            return f"Num.sqrt {self.term(e.base, ATOM)}", FACTOR
        if e.exp.is_negative and e.exp.is_Rational:
            self.field = True
            return f"{self.term(e.base**-e.exp, ATOM)}^-1", FACTOR
        if not e.exp.is_Integer:
            raise UnprintableError(f"the power {e} has no term in Rocq")
        return f"{self.term(e.base, ATOM)} ^+ {e.exp}", PRODUCT

    def _pieces(self, e: sp.Piecewise) -> tuple[str, int]:
        self.field = True
        *pieces, (last, otherwise) = e.args
        if otherwise != sp.true:
            raise UnprintableError(f"the last piece of {e} is not everywhere else")
        text = "".join(f"if {self._relation(where)} then {self.term(value)} else " for value, where in pieces)
        return text + self.term(last), SUM - 1

    def _relation(self, e: sp.Basic) -> str:
        signs = {sp.StrictLessThan: "<", sp.LessThan: "<=", sp.StrictGreaterThan: ">", sp.GreaterThan: ">="}
        if isinstance(e, (sp.And, sp.Or)):
            parts = sorted(f"({self._relation(part)})" for part in e.args)
            return (" && " if isinstance(e, sp.And) else " || ").join(parts)
        if type(e) not in signs:
            raise UnprintableError(f"the condition {e} has no term in Rocq")
        return f"{self.term(e.lhs)} {signs[type(e)]} {self.term(e.rhs)}"

    def _call(self, e: sp.Expr) -> tuple[str, int]:
        name = type(e).__name__ if not isinstance(e, sp.core.function.AppliedUndef) else str(e.func)
        if isinstance(e, sp.Abs):
            self.field = True
            return f"`|{self.term(e.args[0])}|", ATOM
        if isinstance(e, sp.sign):
            self.field = True
            return f"Num.sg {self.term(e.args[0], ATOM)}", FACTOR
        if name not in FUNCTIONS or len(e.args) != 1:
            raise UnprintableError(f"{e} has no term in Rocq")
        self.functions.add(FUNCTIONS[name])
        return f"{FUNCTIONS[name]} {self.term(e.args[0], ATOM)}", FACTOR


def wrapped(line: str) -> list[str]:
    """A line of at most 120 characters, or several."""
    lead = line[: len(line) - len(line.lstrip())]
    out, rest = [], line
    while len(rest) > WIDTH and (at := rest.rfind(" ", len(lead) + 4, WIDTH)) > 0:
        out.append(rest[:at])
        rest = f"{lead}  {rest[at + 1 :]}"
    return [*out, rest]
