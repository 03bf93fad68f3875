"""Running error bounds: what floating point makes of straight-line Python, in exact rational arithmetic.

Standard model, numbers of p significant bits, rounding to nearest, u = 2^-p:

    fl(v) = v + δ,  |δ| <= u 2^⌊log2 |v|⌋,        and |δ| <= η more where a product may underflow.

Four cases do not round: a sum with 0, a product with 1 or (underflow apart) with a power of two, and a result known to be a multiple of some
2^g with at most p significant bits above it (`grid`). A fused multiply-add leaves out the rounding of the product,
so every bound holds for it too.

`Arithmetic.run` reads the very lines that are printed into a kernel. All bounds are rational numbers, rounded
outwards to multiples of 2^-FINE to keep them short.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

FINE = 256


def down(value: Fraction) -> Fraction:
    return Fraction((value.numerator << FINE) // value.denominator, 1 << FINE)


def up(value: Fraction) -> Fraction:
    return -down(-value)


def binade(value: Fraction) -> Fraction:
    """2^⌊log2 value⌋ of a positive value."""
    power = Fraction(2) ** (value.numerator.bit_length() - value.denominator.bit_length())
    return power if power <= value else power / 2


@cache
def ln2() -> tuple[Fraction, Fraction]:
    """An interval that holds ln 2 = Σ_{k>0} 1/(k 2^k); the terms after the K-th sum to less than 2^-K."""
    terms = FINE
    partial = sum((Fraction(1, k << k) for k in range(1, terms + 1)), Fraction(0))
    return down(partial), up(partial + Fraction(1, 1 << terms))


@dataclass(frozen=True)
class Real:
    """An exact number in [low, high], and a computed one at most `error` from it, a multiple of `grid` (0: unknown)."""

    low: Fraction
    high: Fraction
    error: Fraction = Fraction(0)
    grid: Fraction = Fraction(0)

    @classmethod
    def exactly(cls, value: Fraction | int, known_as: Fraction | None = None) -> Real:
        """A number given without error, or by the float `known_as`."""
        given = Fraction(value if known_as is None else known_as)
        # Every float is a multiple of one over its denominator, a power of two; an integer of its lowest bit.
        lowest = Fraction(given.numerator & -given.numerator, given.denominator)
        return cls(down(Fraction(value)), up(Fraction(value)), up(abs(given - value)), lowest)

    @property
    def greatest(self) -> Fraction:
        """No computed value is larger in magnitude."""
        return max(abs(self.low), abs(self.high)) + self.error

    @property
    def least(self) -> Fraction:
        """No computed value is smaller in magnitude."""
        return max(Fraction(0), self.low - self.error, -self.high - self.error)

    @property
    def point(self) -> Fraction | None:
        """The computed value where there is only one, and it is exact."""
        return self.low if self.low == self.high and self.error == 0 else None

    @property
    def power_of_two(self) -> bool:
        return self.point is not None and self.point > 0 and binade(self.point) == self.point


@dataclass(frozen=True)
class Arithmetic:
    """Numbers of `bits` significant bits; `underflow` bounds what a product loses below the normal numbers.

    With `scaled` the bounds hold for every common factor of the inputs, not for powers of two alone: |δ| <= u |v|, and
    nothing but a sum with 0 is exact.
    """

    bits: int
    underflow: Fraction
    scaled: bool = False

    @property
    def u(self) -> Fraction:
        return Fraction(1, 1 << self.bits)

    def spacing(self, among: Real) -> Fraction:
        """All numbers there are among these are multiples of this; 0: nothing is known."""
        return 2 * self.u * binade(among.least) if among.least else Fraction(0)

    def rounded(self, exact: Real, underflow: Fraction = Fraction(0)) -> Real:
        """`exact` after one rounding."""
        greatest = exact.greatest
        fits = exact.grid > self.underflow and greatest <= exact.grid * 2**self.bits and not self.scaled
        if greatest == 0 or fits:
            return exact
        error = up(exact.error + self.u * (greatest if self.scaled else binade(greatest)) + underflow)
        return Real(exact.low, exact.high, error, self.spacing(exact))

    def add(self, a: Real, b: Real) -> Real:
        if 0 in (a.point, b.point):
            return b if a.point == 0 else a
        return self.rounded(Real(a.low + b.low, a.high + b.high, a.error + b.error, min(a.grid, b.grid)))

    def multiply(self, a: Real, b: Real) -> Real:
        if 1 in (a.point, b.point) and not self.scaled:
            return b if a.point == 1 else a
        ends = [x * y for x in (a.low, a.high) for y in (b.low, b.high)]
        size_a, size_b = a.greatest - a.error, b.greatest - b.error
        error = size_a * b.error + size_b * a.error + a.error * b.error
        exact = Real(down(min(ends)), up(max(ends)), error, a.grid * b.grid)
        if (a.power_of_two or b.power_of_two) and not self.scaled:
            return Real(exact.low, exact.high, exact.error + self.underflow, exact.grid)
        return self.rounded(exact, self.underflow)

    def run(self, lines: tuple[str, ...], known: Mapping[str, Real]) -> dict[str, Real]:
        """Every name after the assignments in `lines`."""
        values = dict(known)
        for statement in parsed(lines):
            if not (isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)):
                raise ValueError(f"no assignment to a name: {ast.unparse(statement)}")
            values[statement.targets[0].id] = self.evaluate(statement.value, values)
        return values

    def evaluate(self, node: ast.expr, values: Mapping[str, Real]) -> Real:
        match node:
            case ast.Name(name):
                return values[name]
            case ast.BinOp(left, ast.Add(), right):
                return self.add(self.evaluate(left, values), self.evaluate(right, values))
            case ast.BinOp(left, ast.Sub(), right):
                return self.add(self.evaluate(left, values), negative(self.evaluate(right, values)))
            case ast.BinOp(left, ast.Mult(), right):
                return self.multiply(self.evaluate(left, values), self.evaluate(right, values))
            case ast.IfExp(ast.Compare(tested, [ast.Lt() | ast.Gt() as side], [limit]), body, orelse) if ast.dump(
                body
            ) == ast.dump(limit) and ast.dump(orelse) == ast.dump(tested):
                limited: Callable[..., Fraction] = max if isinstance(side, ast.Lt) else min
                x, end = self.evaluate(tested, values), self.evaluate(limit, values)
                return Real(limited(x.low, end.low), limited(x.high, end.high), max(x.error, end.error))
            case _:
                raise ValueError(f"no error bound for {ast.unparse(node)}")


@cache
def parsed(lines: tuple[str, ...]) -> list[ast.stmt]:
    return ast.parse("\n".join(lines)).body


def negative(value: Real) -> Real:
    return Real(-value.high, -value.low, value.error, value.grid)
