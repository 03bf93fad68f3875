"""Claims and formulas as plain text: what certificates hold, and the sentences made from claims."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sympy as sp
from sympy.printing.str import StrPrinter

from derivations.proof.assignments import Assign
from derivations.proof.claims import Claim
from derivations.proof.coverage import least
from derivations.proof.stated import Constant, Term
from derivations.proof.steps import Step

LONG = 10**18
"""From here on twelve digits of an exact rational are enough to read."""
RELATIONS = {">=": "≥", "<=": "≤", "!=": "≠", "without": "does not contain"}


class Plain(StrPrinter):
    """SymPy's printer, definitions in their own words."""

    computed = False

    def _print_Term(self, expr: Term) -> str:
        name = expr.definition.name
        if name == "at":
            whole, pairs = expr.args[1:]
            values = ", ".join(f"{self._print(a)} = {self._print(b)}" for a, b in pairs)
            return f"[{self._print(whole)}]({values})"
        if name in ("run", "bar"):
            what, lines = expr.arguments[:2]
            element = next((a.target for a in lines if a.name == what), what)
            if self.computed:
                return _own(what, lines) if name == "run" else f"∂ℓ/∂{what}"
            text = "; ".join(map(str, lines))
            return f"{element} of ({text})" if name == "run" else f"∂/∂{what} of ({text})"
        if name == "slope":
            return f"∂/∂{self._print(expr.args[2])} ({self._print(expr.args[1])})"
        return expr.definition.text.format(*expr.inside(self._print))

    def _print_Constant(self, expr: Constant) -> str:
        return expr.key


def _own(what: str, lines: tuple[Assign, ...]) -> str:
    """The right sides of a target's own lines."""
    own = [line for line in lines if line.name == what]
    sums = [("".join(f"{line.reduce}_{i} " for i in line.over) + str(line.value)) for line in own]
    return f"({' + '.join(sums)})"


class Short(Plain):
    """The same without the lines of programs, for sentences."""

    computed = True


PRINTER, SHORT = Plain(), Short()


def text(side: Any, printer: Plain = PRINTER) -> str:
    """A side of a step."""
    if isinstance(side, sp.Rational) and max(abs(side.p), side.q) >= LONG:
        return f"{float(side):.12g}"
    return str(printer.doprint(side)) if isinstance(side, sp.Basic) else str(side)


def formula(step: Step) -> str:
    """A step's own formula."""
    if step.rule in ("bound", "error analysis"):  # exact rationals of many digits; twelve are enough to read
        return f"{float(step.left):.12g} <= {float(step.right):.12g}"
    return f"{text(step.left)} {RELATIONS.get(step.relation, step.relation)} {text(step.right)}"


def sentence(claims: Iterable[Claim], steps: Iterable[Step]) -> str:
    """Claims as people read them; of several with one formula, for several kinds of layers, the first."""
    steps = tuple(steps)
    return "; ".join(dict.fromkeys(_sentence(claim, steps) for claim in claims))


def _sentence(claim: Claim, steps: tuple[Step, ...]) -> str:
    """The formula, its indices, and what must not be 0 as the steps that serve the claim divide by it."""
    left, right = text(claim.left, SHORT), text(claim.right, SHORT)
    divisors = dict.fromkeys(text(d, SHORT) for step in steps if step.part == claim.name for d in step.denominators)
    where = f" where {', '.join(f'{d} ≠ 0' for d in divisors)}" if divisors else ""
    formula = f"{claim.words} {left} {RELATIONS.get(claim.relation, claim.relation)} {right}"
    return f"{formula}{_domain(claim)}{where}".strip()


def _domain(claim: Claim) -> str:
    """For which indices the claim is made."""
    if not claim.over:
        return ""
    starts = [(name, least(name)) for name in claim.over]
    names = [str(name) if start is None else f"{name} ≥ {start}" for name, start in starts]
    return f" for all {', '.join([*names, *(f'{text(c)} ≥ 0' for c in claim.where)])}"
