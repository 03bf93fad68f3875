"""SymPy expressions and straight-line Python as C99 source in one floating-point format.

Subtractions become additions of a number with the other sign bit: the same bits, and a chip without floating point does
not need a second routine of 800 bytes for them. Integers are unsigned, so that no step is undefined, whatever the input.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

import sympy as sp
from sympy.printing.precedence import PRECEDENCE

from derivations.codegen.expressions import RealPrinter
from derivations.theorems.scalar.exponential import FLOAT32, FLOAT64, Format

HALVED = 1 << 12
"""An even number that makes the exponent of the reduction positive before it is halved by a shift."""


@dataclass(frozen=True)
class Real:
    """A floating-point type of C: its name, the integer of its size, the suffix of its literals."""

    name: str
    bits: str
    suffix: str
    form: Format

    def literal(self, value: float) -> str:
        """The decimals of a constant of the derivations, given in its own precision."""
        text = repr(value)
        return f"{text if any(mark in text for mark in '.e') else text + '.0'}{self.suffix}"


FLOAT = Real("float", "uint32_t", "f", FLOAT32)
DOUBLE = Real("double", "uint64_t", "", FLOAT64)
REALS = (FLOAT, DOUBLE)


class CPrinter(RealPrinter):
    """Prints a scalar expression of z as C; numbers are literals of the type."""

    def __init__(self, real: Real) -> None:
        super().__init__()
        self.real = real

    def constant(self, number: sp.Expr) -> str:
        return self.real.literal(float(number))

    def _print_Piecewise(self, e: sp.Piecewise) -> str:
        (first, condition), *others = e.args
        rest = sp.Piecewise(*others) if len(others) > 1 else others[0][0]
        return f"({self._print(condition)} ? {self._print(first)} : {self._print(rest)})"

    def _print_Relational(self, e: sp.Rel) -> str:
        """`z <= 0`, the one condition of the activations, by the sign bit.

        At z = +0 it takes the other piece than the formula; both pieces have one value there (theorems F).
        """
        if e.rel_op != "<=" or e.rhs != 0 or not e.lhs.is_Symbol:
            raise ValueError(f"no C for the condition {e}")
        return f"below({e.lhs})"

    def _print_Min(self, e: sp.Min) -> str:
        number, other = sorted(e.args, key=lambda a: not a.is_number)
        if number != 0:
            raise ValueError(f"no C for {e}")
        return f"(below({self._print(other)}) ? {self._print(other)} : {self._print(number)})"

    def _print_Abs(self, e: sp.Abs) -> str:
        return f"magnitude({self._print(*e.args)})"

    def _print_normal_cdf(self, e: sp.Expr) -> str:
        return f"({self.real.literal(0.5)} * error_complement({self._print(-sp.sqrt(2) / 2 * e.args[0])}))"

    def _print_Mul(self, e: sp.Mul) -> str:
        if len(e.args) == 2 and e.args[0] == -1:
            return f"-{self.parenthesize(e.args[1], PRECEDENCE['Mul'])}"
        return super()._print_Mul(e)


def declared(printer: CPrinter, name: object, value: sp.Expr) -> str:
    """A local name for a value: a truth or a number."""
    kind = "int" if value.is_Boolean or value.is_Relational else printer.real.name
    return f"const {kind} {name} = {printer.doprint(value)};"


class Lines:
    """The lines of `Format`, plain Python on NumPy scalars, as C with the same bits.

    u - v is u + negative(v), and u - c with a constant c is negative(negative(u) + c): a negative constant would be turned
    back into a subtraction. Rounding to nearest is symmetric, so both are exact rewritings.
    """

    INTEGERS = ("k", "half", "rest")

    def __init__(self, real: Real) -> None:
        self.real = real
        self.constants = {name: real.literal(float(value)) for name, value in real.form.constants.items()}

    def statements(self, lines: tuple[str, ...]) -> list[str]:
        """One statement a line; a name is declared where it is first set."""
        known, result = {"x"}, []
        for line in lines:
            (node,) = ast.parse(line).body
            if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
                raise ValueError(f"no C for {line}")
            name = node.targets[0].id
            kind = self.real.bits if name in self.INTEGERS else self.real.name
            value = self.integer(node.value) if name in self.INTEGERS else self.number(node.value)
            result.append(f"{name} = {value};" if name in known else f"{kind} {name} = {value};")
            known.add(name)
        return result

    def number(self, node: ast.expr) -> str:
        """A floating-point expression."""
        match node:
            case ast.Name(id=name):
                return self.constants.get(name, name)
            case ast.IfExp(
                test=ast.Compare(left=left, ops=[op], comparators=[ast.Name(id=limit)]), body=body, orelse=rest
            ):
                if isinstance(op, ast.Lt) != (self.real.form.constants[limit] < 0):
                    raise ValueError(f"no C for {ast.unparse(node)}: the limit must be on the side of its sign")
                test = f"beyond({self.number(left)}, {self.constants[limit]})"
                return f"{test} ? {self.number(body)} : {self.number(rest)}"
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                return f"{self.factor(left)} * {self.factor(right)}"
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return f"{self.number(left)} + {self.number(right)}"
            case ast.BinOp(left=left, op=ast.Sub(), right=ast.Name(id=name)) if name in self.constants:
                return f"negative(negative({self.number(left)}) + {self.constants[name]})"
            case ast.BinOp(left=left, op=ast.Sub(), right=right):
                return f"({self.number(left)} + negative({self.number(right)}))"
            case ast.Call(func=ast.Attribute(value=ast.Call(args=[inner]), attr="view")):
                return f"number({self.integer(inner)})"
        raise ValueError(f"no C for {ast.unparse(node)}")

    def factor(self, node: ast.expr) -> str:
        text = self.number(node)
        return f"({text})" if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) else text

    def integer(self, node: ast.expr) -> str:
        """An integer expression, modulo a power of two; a right shift is that of a signed number of few bits."""
        match node:
            case ast.Name(id=name):
                return name
            case ast.Constant(value=int(value)):
                return f"{value}{'ull' if self.real is DOUBLE else 'u'}"
            case ast.BinOp(left=left, op=ast.RShift(), right=right):
                half = f"({self.integer(left)} + {HALVED}u) >> {ast.unparse(right)}"
                return f"({half}) - {HALVED // 2}u"
            case ast.BinOp(left=left, op=ast.LShift(), right=right):
                return f"({self.integer(left)}) << {ast.unparse(right)}"
            case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as op, right=right):
                return f"{self.integer(left)} {'+' if isinstance(op, ast.Add) else '-'} {self.integer(right)}"
            case ast.Call(func=ast.Attribute(value=ast.Call(args=[inner]), attr="view")):
                return f"bits({self.number(inner)})"
        raise ValueError(f"no C for {ast.unparse(node)}")
