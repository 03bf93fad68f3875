"""SymPy expressions as scalar Python source that keeps the precision of its arrays, and lines of source.

A plain `0.5 * x` would turn float32 work into float64 in Numba, so every number becomes a named constant
of the kernel's own type (`half = real(0.5)`), defined once at the top of the function.
"""

from __future__ import annotations

import sympy as sp
from sympy.printing.precedence import PRECEDENCE
from sympy.printing.str import StrPrinter

NAMES = {
    "0": "zero",
    "1": "one",
    "2": "two",
    "4": "four",
    "1/2": "half",
    "1/100": "hundredth",
    "sqrt(2)/2": "half_root_two",
    "sqrt(2)/(2*sqrt(pi))": "inverse_root_two_pi",
}


class RealPrinter(StrPrinter):
    """Prints a scalar expression and remembers the constants it needs."""

    _functions = {"log": "math.log", "log1p": "math.log1p"}

    def __init__(self) -> None:
        super().__init__()
        self.constants: dict[str, str] = {}

    def constant(self, number: sp.Expr) -> str:
        """The name of a number, in the kernel's own type."""
        if str(number) not in NAMES:
            raise ValueError(f"the constant {number} has no name; add one to the table")
        name = NAMES[str(number)]
        self.constants[name] = repr(float(number))
        return name

    def name_irrationals(self, e: sp.Expr) -> sp.Expr:
        """Irrational factors as symbols, so that no rewriting of the expression takes them apart."""
        if e.is_Mul:
            numbers = sp.Mul(*[a for a in e.args if a.is_number])
            rest = sp.Mul(*[self.name_irrationals(a) for a in e.args if not a.is_number])
            return (numbers if numbers.is_rational else sp.Symbol(self.constant(numbers))) * rest
        return e.func(*map(self.name_irrationals, e.args)) if e.args else e

    def _print_Rational(self, e: sp.Rational) -> str:
        return self.constant(e) if e >= 0 else f"-{self.constant(-e)}"

    _print_Half = _print_Integer = _print_int = _print_Zero = _print_One = _print_NegativeOne = _print_Rational

    def _print_Mul(self, e: sp.Mul) -> str:
        numbers = [a for a in e.args if a.is_number]
        rest = [a for a in e.args if not a.is_number]
        number = sp.Mul(*numbers)
        over = [a for a in rest if a.is_Pow and a.exp.is_negative]
        up = [a for a in rest if a not in over]
        sign, number = ("-", -number) if number.is_negative else ("", number)
        factors = ([self.constant(number)] if number != 1 else []) + [
            self.parenthesize(a, PRECEDENCE["Mul"]) for a in up
        ]
        text = sign + " * ".join(factors or [self.constant(sp.S.One)])
        for power in over:
            text += f" / {self.parenthesize(power.base**-power.exp, PRECEDENCE['Pow'])}"
        return text

    def _print_Pow(self, e: sp.Pow) -> str:
        if e.exp == 2 and not e.base.is_number:
            base = self.parenthesize(e.base, PRECEDENCE["Pow"])
            return f"{base} * {base}"
        if e.exp == sp.Rational(1, 2):
            return f"math.sqrt({self._print(e.base)})"
        if e.exp.is_negative:
            return f"{self.constant(sp.S.One)} / {self.parenthesize(e.base**-e.exp, PRECEDENCE['Pow'])}"
        if e.exp.is_Symbol and e.exp.is_integer:
            return f"{self.parenthesize(e.base, PRECEDENCE['Pow'])} ** {self._print(e.exp)}"
        raise ValueError(f"no code for the power {e}")

    def _print_Function(self, e: sp.Function) -> str:
        return f"{self._functions[type(e).__name__]}({', '.join(map(self._print, e.args))})"

    def _print_normal_cdf(self, e: sp.Expr) -> str:
        half, root = self.constant(sp.Rational(1, 2)), self.constant(sp.sqrt(2) / 2)
        return f"({half} * math.erfc(-{root} * {self.parenthesize(*e.args, PRECEDENCE['Mul'])}))"

    _print_log = _print_log1p = _print_Function

    def _print_exp(self, e: sp.exp) -> str:
        return f"exponential({self._print(e.args[0])})[0]"

    def _print_Min(self, e: sp.Min) -> str:
        number, other = sorted(e.args, key=lambda a: not a.is_number)
        return f"({self._print(other)} if {self._print(other)} <= {self._print(number)} else {self._print(number)})"

    def _print_Abs(self, e: sp.Abs) -> str:
        return f"abs({self._print(*e.args)})"

    def _print_sign(self, e: sp.Expr) -> str:
        argument, zero, one = self._print(*e.args), self.constant(sp.S.Zero), self.constant(sp.S.One)
        return f"({one} if {argument} > {zero} else (-{one} if {argument} < {zero} else {argument}))"

    def _print_KroneckerDelta(self, e: sp.KroneckerDelta) -> str:
        a, b = sorted(map(self._print, e.args), key=len)
        return f"({self.constant(sp.S.One)} if {a} == {b} else {self.constant(sp.S.Zero)})"

    def _print_Piecewise(self, e: sp.Piecewise) -> str:
        (first, condition), *others = e.args
        rest = sp.Piecewise(*others) if len(others) > 1 else others[0][0]
        return f"({self._print(first)} if {self._print(condition)} else {self._print(rest)})"

    def _print_Relational(self, e: sp.Rel) -> str:
        return f"{self._print(e.lhs)} {e.rel_op} {self._print(e.rhs)}"

    def _print_Symbol(self, e: sp.Symbol) -> str:
        return e.name


def indent(lines: list[str], depth: int = 1) -> list[str]:
    """Lines of source, indented; empty lines stay empty."""
    return [f"{'    ' * depth}{line}" if line else "" for line in lines]


def choice(name: str, value: object, number: int, count: int) -> str:
    """The head of branch `number` of `count`; the last one takes all that is left."""
    if number == count - 1:
        return "else:"
    return f"{'elif' if number else 'if'} {name} == {value}:"


def add(target: str, value: str) -> str:
    """`target += value`, a leading minus written as `-=`."""
    if value.startswith("-") and " + " not in value and " - " not in value:
        return f"{target} -= {value[1:]}"
    return f"{target} += {value}"


def typed_constants(constants: dict[str, str], array: str) -> list[str]:
    """Numbers in the type of an array, so that float32 work stays float32."""
    return [f"{name} = {array}.dtype.type({value})" for name, value in sorted(constants.items())]
