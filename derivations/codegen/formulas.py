"""Formulas of scalar programs, written into the templates of the printers.

A template calls a program of scalars by its name, `rate = step_rate(factor, rates[group])`. `written` puts the formula that
was proven in the place of the call, `rate = factor * rates[group]`, and names its theorem in the docstring of the function.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

import sympy as sp
from sympy.printing.precedence import PRECEDENCE

from derivations.codegen.expressions import RealPrinter
from derivations.proof.programs import Program
from derivations.theorems.images import towers
from derivations.theorems.scalar import decay_and_clipping, orchestration, schedules, smoothing

FORMULAS: dict[str, Program] = {
    program.name: program
    for program in (
        *orchestration.PROGRAMS,
        *schedules.PROGRAMS,
        decay_and_clipping.STEP_DECAY,
        smoothing.LABEL_SHARE,
        towers.TOWER_SHARE,
    )
}
"""The programs that templates may call, by name."""
ATOMS = (ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.Constant)
"""Arguments that need no parentheses inside a formula."""


class FormulaPrinter(RealPrinter):
    """Prints a formula with the texts of arguments in the places of its scalars, numbers as literals."""

    def __init__(self, texts: dict[str, str]) -> None:
        super().__init__()
        self.texts = texts

    def constant(self, number: sp.Expr) -> str:
        return repr(float(number))

    def _print_Symbol(self, e: sp.Symbol) -> str:
        return self.texts[e.name]

    def _print_Add(self, e: sp.Add) -> str:
        """Terms in the order of the scalars, numbers first."""
        first, *others = map(self._print, self.in_order(e.args))
        signed = [f" - {text[1:]}" if text.startswith("-") else f" + {text}" for text in others]
        return first + "".join(signed)

    def _print_Mul(self, e: sp.Mul) -> str:
        """Factors in the order of the scalars, numbers first, and one division at most."""
        below = [1 / a for a in e.args if a.is_Pow and a.exp.is_negative]
        above = [a for a in e.args if not (a.is_Pow and a.exp.is_negative)]
        negative = [a for a in above if a.is_number and a.is_negative]
        above = [*(-a for a in negative), *(a for a in above if a not in negative)]
        factors = [
            self._print(a) if a.is_number else self.parenthesize(a, PRECEDENCE["Mul"])
            for a in self.in_order(above)
            if a != 1 or len(above) == 1
        ] or [self.constant(sp.S.One)]
        text = "-" * (len(negative) % 2) + " * ".join(factors)
        if len(below) == 1:
            text += f" / {self.parenthesize(below[0], PRECEDENCE['Pow'])}"
        elif below:
            text += f" / ({' * '.join(self.parenthesize(a, PRECEDENCE['Mul']) for a in self.in_order(below))})"
        return text

    def in_order(self, parts: Iterable[sp.Expr]) -> list[sp.Expr]:
        names = list(self.texts)
        return sorted(parts, key=lambda part: min((names.index(x.name) for x in part.free_symbols), default=-1))


class TypedPrinter(FormulaPrinter):
    """Prints numbers by their names, `one`, which the template has in the type of its arrays."""

    def constant(self, number: sp.Expr) -> str:
        return RealPrinter.constant(self, number)


def written(source: str, printer: type[FormulaPrinter] = FormulaPrinter) -> str:
    """The source of a function with every call of a scalar program replaced by its formula, and their theorems named."""
    theorems: dict[str, None] = {}
    while calls := _calls(ast.parse(source)):
        # The last call comes first: where calls are nested it is the inner one.
        call, parent = max(calls, key=lambda pair: (pair[0].lineno, pair[0].col_offset))
        program = FORMULAS[call.func.id]  # type: ignore[attr-defined]
        text = _formula(program, call, source, printer)
        if isinstance(parent, ast.BinOp | ast.UnaryOp | ast.Compare) and not isinstance(_parsed(text), ATOMS):
            text = f"({text})"
        target = ast.get_source_segment(source, parent.targets[0]) if isinstance(parent, ast.Assign) else None
        if isinstance(parent, ast.Assign) and text.startswith(f"{target} + "):
            source = _replaced(source, parent, f"{target} += {text.removeprefix(f'{target} + ')}")
        else:
            source = _replaced(source, call, text)
        theorems |= dict.fromkeys(program.theorems)
    return _with_theorems(source, sorted(theorems)) if theorems else source


def theorems_of(source: str) -> tuple[str, ...]:
    """The theorems of the scalar programs that a template calls."""
    names = {call.func.id for call, _ in _calls(ast.parse(source))}  # type: ignore[attr-defined]
    return tuple(sorted({theorem for name in names for theorem in FORMULAS[name].theorems}))


def _calls(tree: ast.AST) -> list[tuple[ast.Call, ast.AST]]:
    """The calls of scalar programs, each with what stands around it."""
    return [
        (node, parent)
        for parent in ast.walk(tree)
        for node in ast.iter_child_nodes(parent)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FORMULAS
    ]


def _formula(program: Program, call: ast.Call, source: str, printer: type[FormulaPrinter]) -> str:
    if len(call.args) != len(program.scalars) or call.keywords:
        raise ValueError(f"{program.name} takes {', '.join(program.scalars)}; the template says {ast.unparse(call)}")
    (assign,) = program.assignments
    texts = {}
    for name, argument in zip(program.scalars, call.args, strict=True):
        text = ast.get_source_segment(source, argument) or ""
        texts[name] = text if isinstance(argument, ATOMS) else f"({text})"
    return printer(texts).doprint(assign.value)


def _parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _replaced(source: str, node: ast.expr | ast.stmt, text: str) -> str:
    """The source with another text in the place of an expression; positions of `ast` count bytes."""
    lines = source.encode().split(b"\n")
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    head, tail = lines[first][: node.col_offset], lines[last][node.end_col_offset :]
    return b"\n".join([*lines[:first], head + text.encode() + tail, *lines[last + 1 :]]).decode()


def _with_theorems(source: str, theorems: list[str]) -> str:
    """The function with a line `Theorem: ...` behind the first line of its docstring."""
    function = ast.parse(source).body[0]
    docstring = function.body[0]  # type: ignore[attr-defined]
    lines = source.split("\n")
    first, last = docstring.lineno - 1, docstring.end_lineno - 1
    line = f"    Theorem: {', '.join(theorems)}"
    if first == last:
        lines[first : first + 1] = [lines[first].removesuffix('"""'), "", line, '    """']
    else:
        lines[first + 1 : first + 1] = ["", line]
    return "\n".join(lines)
