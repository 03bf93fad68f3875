"""Numbers modulo a random prime that know how complicated they are, and dual numbers over any number type.

A `Residue` stands for a quotient P/Q of two polynomials with integer coefficients in the random variables of a point,
known by its value at that point modulo a prime. Beside the value it carries upper bounds of both degrees and of both
sums of absolute coefficients (in bits), so what a vanishing value proves is computed, not guessed:

Let R = P/Q be a residual that is not zero as a function. Then P has a coefficient c != 0, |c| < 2^bits. The modulus
is drawn from the more than 2^54 primes between 2^60 and 2^61, of which at most bits/60 divide c. For every other one P is
not zero modulo p, and by Schwartz and Zippel it vanishes at a point drawn from (1 .. p-1)^n with a probability of at
most degree/(p-1) <= degree/2^60. Hence

    Pr[R looks like 0] <= degree / 2^60 + (bits / 60) / 2^54.

No event is conditioned on: nothing is drawn again, and a denominator that vanishes refuses the point.
"""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

LOW, HIGH = 2**60, 2**61
WITNESSES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)
"""Enough for Miller and Rabin's test to be a proof below 3.18e23 (Sorenson and Webster 2015)."""
PRIMES = 2**54
"""Fewer than there are between LOW and HIGH: x/ln x (1 + 1/ln x) <= π(x) <= x/ln x (1 + 1.2762/ln x), Dusart 1999,
gives more than 2.7e16 of them."""

Number = Any
"""`int`, `Fraction`, `Residue` or `Dual`: the formulas below this module are written for all of them."""


def is_prime(n: int) -> bool:
    """Miller and Rabin's test, which is a proof for n < 3.18e23."""
    if n < 2:
        return False
    for small in WITNESSES:
        if n % small == 0:
            return n == small
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    return all(_passes(pow(witness, odd, n), n, twos) for witness in WITNESSES)


def _passes(power: int, n: int, twos: int) -> bool:
    """Whether the squares of `power` reach 1 only by way of -1."""
    if power in (1, n - 1):
        return True
    for _ in range(twos - 1):
        power = power * power % n
        if power == n - 1:
            return True
    return False


def random_prime(values: random.Random) -> int:
    """A prime between LOW and HIGH, each with the same probability."""
    while not is_prime(candidate := values.randrange(LOW + 1, HIGH, 2)):
        pass
    return candidate


class Residue:
    """P/Q modulo p: value, degrees of P and Q, bits of the sums of their absolute coefficients (upper bounds)."""

    __slots__ = ("bottom", "bottom_bits", "modulus", "top", "top_bits", "value")

    def __init__(
        self, value: int, modulus: int, top: int = 0, bottom: int = 0, top_bits: int = 0, bottom_bits: int = 0
    ) -> None:
        self.value = value % modulus
        self.modulus = modulus
        self.top = top
        self.bottom = bottom
        self.top_bits = top_bits
        self.bottom_bits = bottom_bits

    def _lift(self, other: Number) -> Residue | None:
        """Another number as a residue; constants have degree 0 and their own size."""
        if isinstance(other, Residue):
            if other.modulus != self.modulus:
                raise ValueError(f"residues modulo {self.modulus} and {other.modulus}")
            return other
        if isinstance(other, int):
            return Residue(other, self.modulus, top_bits=other.bit_length())
        if isinstance(other, Fraction):
            top, bottom = other.numerator, other.denominator
            value = top * pow(bottom, -1, self.modulus)
            return Residue(value, self.modulus, 0, 0, top.bit_length(), bottom.bit_length())
        return None

    def __add__(self, other: Number) -> Any:
        if other.__class__ is int and other == 0:
            return self
        b = self._lift(other)
        if b is None:
            return NotImplemented
        # P/Q + R/S = (PS + RQ)/(QS); over one constant denominator 1 this is the greater degree.
        return Residue(
            self.value + b.value,
            self.modulus,
            max(self.top + b.bottom, b.top + self.bottom),
            self.bottom + b.bottom,
            max(self.top_bits + b.bottom_bits, b.top_bits + self.bottom_bits) + 1,
            self.bottom_bits + b.bottom_bits,
        )

    __radd__ = __add__

    def __neg__(self) -> Residue:
        return Residue(-self.value, self.modulus, self.top, self.bottom, self.top_bits, self.bottom_bits)

    def __sub__(self, other: Number) -> Any:
        return self + (-other)

    def __rsub__(self, other: Number) -> Any:
        return -self + other

    def __mul__(self, other: Number) -> Any:
        if other.__class__ is int and other in (0, 1):
            return self if other else 0
        b = self._lift(other)
        if b is None:
            return NotImplemented
        return Residue(
            self.value * b.value,
            self.modulus,
            self.top + b.top,
            self.bottom + b.bottom,
            self.top_bits + b.top_bits,
            self.bottom_bits + b.bottom_bits,
        )

    __rmul__ = __mul__

    def inverse(self) -> Residue:
        if self.value == 0:
            raise ZeroDivisionError("a denominator vanishes at this point")
        value = pow(self.value, -1, self.modulus)
        return Residue(value, self.modulus, self.bottom, self.top, self.bottom_bits, self.top_bits)

    def __truediv__(self, other: Number) -> Any:
        b = self._lift(other)
        return NotImplemented if b is None else self * b.inverse()

    def __rtruediv__(self, other: Number) -> Any:
        return self.inverse() * other

    def __pow__(self, exponent: int) -> Any:
        return power(self, exponent)

    def __repr__(self) -> str:
        return f"{self.value} (mod {self.modulus}, degree <= {self.top}/{self.bottom})"


class Dual:
    """value + ε·slope with ε² = 0: arithmetic on it differentiates, forwards and by the definition of the product."""

    __slots__ = ("slope", "value")

    def __init__(self, value: Number, slope: Number) -> None:
        self.value = value
        self.slope = slope

    def __add__(self, other: Number) -> Any:
        if isinstance(other, Dual):
            return Dual(self.value + other.value, self.slope + other.slope)
        return Dual(self.value + other, self.slope)

    __radd__ = __add__

    def __neg__(self) -> Dual:
        return Dual(-self.value, -self.slope)

    def __sub__(self, other: Number) -> Any:
        return self + (-other)

    def __rsub__(self, other: Number) -> Any:
        return -self + other

    def __mul__(self, other: Number) -> Any:
        if other.__class__ is int and other in (0, 1):
            return self if other else 0
        if isinstance(other, Dual):
            return Dual(self.value * other.value, self.value * other.slope + self.slope * other.value)
        return Dual(self.value * other, self.slope * other)

    __rmul__ = __mul__

    def __truediv__(self, other: Number) -> Any:
        if isinstance(other, Dual):
            quotient = self.value / other.value
            return Dual(quotient, (self.slope - quotient * other.slope) / other.value)
        return Dual(self.value / other, self.slope / other)

    def __rtruediv__(self, other: Number) -> Any:
        return Dual(other, 0 * self.slope) / self

    def __pow__(self, exponent: int) -> Any:
        return power(self, exponent)

    def __repr__(self) -> str:
        return f"{self.value} + ε {self.slope}"


def power(base: Number, exponent: int) -> Number:
    """base^exponent as the product it stands for, exponent >= 0."""
    result: Number = 1
    for _ in range(exponent):
        result = result * base
    return result


def value_of(number: Number) -> Number:
    """The value of a dual number, any other number itself."""
    return number.value if isinstance(number, Dual) else number


def slope_of(number: Number) -> Number:
    """The slope of a dual number, 0 for any other."""
    return number.slope if isinstance(number, Dual) else 0
