"""Formulas of steps in LaTeX: SymPy's printer with the notation of the project, definitions in their own."""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy.printing.latex import LatexPrinter

from derivations.proof.assignments import Assign, name_of
from derivations.proof.claims import Claim
from derivations.proof.notation import df
from derivations.proof.rules import leaves
from derivations.proof.stated import Constant, Term
from derivations.proof.steps import Step

# A table to read across: one entry a line would fill a page.
NAMES = {
    "phi": r"\varphi", "lam_in": r"\lambda^{\mathrm{in}}", "lam_out": r"\lambda^{\mathrm{out}}", "u_in": "u^{-}",
    "x_in": "x^{-}", "x_source": "x^{j}", "slope": r"f'(z)", "output": "z", "target": "y", "weight": "w",
    "label": r"\mathrm{label}", "value": "v", "parameter": r"\theta", "gradient": "g", "first": "m", "second": "v",
    "rho": r"\rho", "beta1": r"\beta_1", "beta2": r"\beta_2", "epsilon": r"\varepsilon", "momentum": r"\mu",
    "Δ": r"\Delta", "deviation": r"\sigma",
}  # fmt: skip
"""Array names as the formulas write them; `d...` is a cotangent and gets a bar, `^-` marks the layer before."""


class Formula(LatexPrinter):
    """SymPy's printer with the notation of the project: sums first, paths of one step as φ."""

    by_lines = False

    def _print_Function(self, expr: sp.Expr, exp: Any = None) -> str:
        name, arguments = type(expr).__name__, [self._print(a) for a in expr.args]
        if name == "P":
            one_step = sp.expand(expr.args[0] - expr.args[1] - 1) == 0
            text = rf"\varphi^{{({arguments[1]})}}" if one_step else f"P_{{{', '.join(arguments)}}}"
        elif name in ("L", "x"):
            text = f"{name}_{{{arguments[0]}}}"
        elif expr.func == df:
            text = rf"f'\left({arguments[0]}\right)"
        elif name in ("transpose", "inverse"):
            inner = arguments[0] if expr.args[0].is_Symbol else rf"\left({arguments[0]}\right)"
            text = f"{inner}^{{{'T' if name == 'transpose' else '-1'}}}"
        elif name == "choose":
            text = rf"\binom{{{arguments[0]}}}{{{arguments[1]}}}"
        elif name == "normal_cdf":
            text = rf"\mathrm{{cdf}}\left({arguments[0]}\right)"
        else:
            return str(super()._print_Function(expr, exp))
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"

    _print_P = _print_L = _print_x = _print_df = _print_normal_cdf = _print_Function
    _print_transpose = _print_inverse = _print_Function

    def _print_Term(self, expr: Term, exp: Any = None) -> str:
        text = self._term(expr)
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"

    _print_Scalar = _print_Block = _print_Term

    def _term(self, expr: Term) -> str:
        name, arguments = expr.definition.name, expr.args[1:]
        if name == "at":
            values = ",\\, ".join(f"{self._print(a)} = {self._print(b)}" for a, b in arguments[1])
            return rf"\left. {self._print(arguments[0])} \right\vert_{{{values}}}"
        if name in ("run", "bar"):
            what, lines = expr.arguments[:2]
            if name == "run" and self.by_lines:
                return " + ".join(line_of(line).split("=", 1)[1] for line in lines if line.name == what)
            element = next((leaf for leaf in elements_of(lines) if name_of(leaf) == what), sp.Symbol(what))
            return (
                self._print(element) if name == "run" else rf"\frac{{\partial \ell}}{{\partial {self._print(element)}}}"
            )
        if name == "slope":
            return (
                rf"\frac{{\partial}}{{\partial {self._print(arguments[1])}}} \left({self._print(arguments[0])}\right)"
            )
        return expr.definition.latex.format(*expr.inside(self._print, r"\left(", r"\right)"))

    def _print_Constant(self, expr: Constant) -> str:
        lines = expr.value if isinstance(expr.value, tuple | list) else (expr.value,)
        if lines and all(isinstance(line, Assign) for line in lines):
            return r"\left[" + r";\ ".join(map(line_of, lines)) + r"\right]"
        return rf"\mathrm{{{expr.key}}}".replace("_", r"\_").replace("<=", r"\le ")

    def _print_Indexed(self, expr: sp.Indexed) -> str:
        places = " " if all(index.is_Atom for index in expr.indices) else ", "
        return f"{array_name(str(expr.base))}_{{{places.join(map(self._print, expr.indices))}}}"

    def _print_Symbol(self, expr: sp.Symbol, style: str = "plain") -> str:
        if expr.name.startswith("Σ_"):
            return rf"\sum_{{{self._print(sp.Symbol(expr.name[2:]))}}}"
        return NAMES.get(expr.name) or str(super()._print_Symbol(expr, style))

    def _print_Mul(self, expr: sp.Mul) -> str:
        """A marker is a sum and comes first; what it sums is a product, or stands in brackets."""
        sums = sorted((a for a in expr.args if isinstance(a, sp.Symbol) and a.name.startswith("Σ_")), key=str)
        if not sums:
            return str(super()._print_Mul(expr))
        rest = sp.Mul(*[a for a in expr.args if a not in sums], evaluate=False)
        number, rest = rest.as_coeff_Mul()
        text = self._print(rest)
        inner = rf"\left({text}\right)" if rest.is_Add else text
        sign = "- " if number == -1 else "" if number == 1 else f"{self._print(number)} "
        return sign + " ".join(map(self._print, sums)) + f" {inner}"


def array_name(name: str) -> str:
    """ASCII array name to symbol."""
    if name in NAMES:
        return NAMES[name]
    if name.startswith("d") and len(name) > 1:
        return rf"\bar{{{array_name(name.removeprefix('d').removeprefix('_'))}}}"
    return name if len(name) == 1 else rf"\mathrm{{{name}}}".replace("_", r"\_")


def elements_of(lines: tuple[Assign, ...]) -> list[sp.Expr]:
    """The array elements and scalars of a program: targets first."""
    return [*(line.target for line in lines), *(leaf for line in lines for leaf in leaves(line.value))]


class ByLines(Formula):
    """What a program computes is printed as the right side of its line."""

    by_lines = True


PRINTER, BY_LINES = Formula({"mul_symbol": None}), ByLines({"mul_symbol": None})
SIGNS = {">=": r"\ge", "<=": r"\le", "!=": r"\ne", "<": "<", ">": ">", "=": "=", "without": r"\text{ is without }"}


def formula(step: Step) -> str:
    """The step's formula as it was stated."""
    if step.rule in ("bound", "error analysis"):  # exact rationals of many digits; twelve are enough to read
        return rf"{sp.latex(sp.Float(step.left, 12))} \le {sp.latex(sp.Float(step.right, 12))}"
    sides = [PRINTER.doprint(side) for side in (step.left, step.right)]
    if sides[0] == sides[1]:  # two programs that compute one name
        sides = [BY_LINES.doprint(side) for side in (step.left, step.right)]
    return f"{sides[0]} {SIGNS[step.relation]} {sides[1]}"


def forms(step: Step) -> list[str]:
    """Both sides from what was stated to what it stands for, a chain for each side that has one."""
    if step.rule in ("bound", "error analysis", "definition"):
        return []
    chains = [[PRINTER.doprint(form) for form in step.chain(side)] for side in (step.left, step.right)]
    shown = [" = ".join(dict.fromkeys(chain)) for chain in chains if len(dict.fromkeys(chain)) > 1]
    return [text for text in shown if text != formula(step)]


def lines_of(step: Step) -> list[str]:
    """The lines of the programs that the step is about, once each."""
    terms = [t for side in (step.left, step.right) for t in sp.sympify(side).atoms(Term)]
    programs = [t.arguments[1] for t in sorted(terms, key=str) if t.definition.name in ("run", "bar")]
    return [line_of(line) for line in dict.fromkeys(line for lines in programs for line in lines)]


def line_of(line: Assign) -> str:
    """One line of a program."""
    reduce, sign = ("sum" if line.reduce == "sum" else "max"), (r"\mathrel{+}=" if line.accumulate else "=")
    sums = "".join(rf"\{reduce}_{{{index}}} " for index in line.over)
    value = PRINTER.doprint(line.value)
    inner = rf"\left({value}\right)" if line.over and line.value.is_Add else value
    return f"{PRINTER.doprint(line.target)} {sign} {sums}{inner}"


def claim_formula(claim: Claim) -> str:
    """A claim with its indices."""
    least = [f"{PRINTER.doprint(name)} \\ge {1 if name.is_positive else 0}" for name in claim.over]
    domain = ",\\ ".join([*least, *(f"{PRINTER.doprint(c)} \\ge 0" for c in claim.where)])
    body = f"{PRINTER.doprint(claim.left)} {SIGNS[claim.relation]} {PRINTER.doprint(claim.right)}"
    return rf"{body} \qquad {domain}" if domain else body


def case_row(step: Step) -> tuple[str, str, str]:
    """One case of a claim: its indices, and what both sides stand for there."""
    where = ",\\ ".join(f"{PRINTER.doprint(name)} = {PRINTER.doprint(value)}" for name, value in step.where)
    return where, *(PRINTER.doprint(step.chain(side)[-1]) for side in (step.left, step.right))
