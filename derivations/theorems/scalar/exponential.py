"""exp and expm1 from one reduction, with a proven bound of the relative error.

    x = n ln 2 + r,  n the integer nearest to x log2 e,  |r| <= ln 2 / 2 and a little
    p = r + r² (1/2 + r/6 + ...) ≈ expm1(r)
    exp(x) = 2^n (1 + p),  expm1(x) = 2^n p + (2^n - 1)

so that expm1 keeps its relative accuracy around 0, where n = 0 and it is p. Adding `magic` = 1.5·2^(bits-1) rounds to an
integer and leaves it in the low bits of t, without a conversion (of a NaN it would be undefined). ln 2 is the sum of
two floats, the upper with so few bits that n · ln2_high is exact. 2^n is the product s1 s2 of two powers of two, so that
results near overflow and below the normal numbers are rounded once; q2 = 1 / s2. The comparisons let NaN through.

The lines below are printed into the kernels as they stand, and as they stand they are what the proof reads
(`exponential_error`). They hold without reassociation only: `(x - n * ln2_high) - n * ln2_low` regrouped is x - n ln 2
with one rounded ln 2.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from types import SimpleNamespace
from typing import Any

from derivations.proof.rounding import binade, ln2


def nearest(value: Fraction, bits: int) -> Fraction:
    """The closest number with the given number of significant bits."""
    unit = binade(abs(value)) / 2 ** (bits - 1)
    return round(value / unit) * unit


@dataclass(frozen=True)
class Format:
    """One floating-point format, and the program in it.

    `lowest` and `highest` clamp x; for x in `normal` exp(x) is a normal number. `exp`, `expm1` are the claimed bounds of
    the relative errors in units of u = 2^-bits, half an ulp of 1.
    """

    name: str
    integer: str
    codes: str
    bits: int
    exponent_bits: int
    degree: int
    lowest: Fraction
    highest: Fraction
    normal: tuple[Fraction, Fraction]
    exp: Fraction
    expm1: Fraction
    clamp: tuple[str, ...] = ("x = lowest if x < lowest else x", "x = highest if x > highest else x")
    reduction: tuple[str, ...] = ("t = x * log2e + magic", "n = t - magic")
    remainder: tuple[str, ...] = ("r = (x - n * ln2_high) - n * ln2_low",)
    result: tuple[str, ...] = ("a = s1 * p", "power = (s1 + a) * s2", "difference = ((s1 - q2) + a) * s2")

    @property
    def bias(self) -> int:
        return 2 ** (self.exponent_bits - 1) - 1

    @cached_property
    def constants(self) -> dict[str, Fraction]:
        """The floats the program uses, exactly."""
        low, _ = ln2()
        # |n| < 2^exponent_bits, so that n · ln2_high is a multiple of `unit` with at most `bits` bits.
        unit = Fraction(1, 2 ** (self.bits - self.exponent_bits))
        high = round(low / unit) * unit
        taylor = {f"c{k}": nearest(Fraction(1, math.factorial(k)), self.bits) for k in range(2, self.degree + 1)}
        return {
            "lowest": self.lowest,
            "highest": self.highest,
            "log2e": nearest(1 / low, self.bits),
            "magic": Fraction(3 * 2 ** (self.bits - 2)),
            "ln2_high": high,
            "ln2_low": nearest(low - high, self.bits),
            **taylor,
        }

    @property
    def polynomial(self) -> tuple[str, ...]:
        """Taylor's polynomial of expm1 by Horner's rule; w = expm1(r)/r - 1."""
        first = f"q = c{self.degree} * r + c{self.degree - 1}"
        steps = [f"q = q * r + c{k}" for k in range(self.degree - 2, 1, -1)]
        return (first, *steps, "w = q * r", "p = w * r + r")

    @cached_property
    def scaling(self) -> tuple[str, ...]:
        """s1 s2 = 2^n and q2 s2 = 1, from the bits of t."""
        real, integer, shift = f"np.{self.name}", f"np.{self.integer}", self.bits - 1
        magic_bits = struct.unpack(self.codes[0:2], struct.pack(self.codes[2:4], float(self.constants["magic"])))[0]
        return (
            f"k = {real}(t).view({integer}) - {magic_bits}",
            "half = k >> 1",
            "rest = k - half",
            f"s1 = {integer}((half + {self.bias}) << {shift}).view({real})",
            f"s2 = {integer}((rest + {self.bias}) << {shift}).view({real})",
            f"q2 = {integer}(({self.bias} - rest) << {shift}).view({real})",
        )

    @property
    def lines(self) -> tuple[str, ...]:
        """The program."""
        return (*self.clamp, *self.reduction, *self.remainder, *self.polynomial, *self.scaling, *self.result)


FLOAT32 = Format(
    name="float32",
    integer="int32",
    codes="<i<f",
    bits=24,
    exponent_bits=8,
    degree=7,
    lowest=Fraction(-104),
    highest=Fraction(89),
    normal=(Fraction(-8733, 100), Fraction(8872, 100)),
    exp=Fraction(17, 10),
    expm1=Fraction(36, 10),
)
FLOAT64 = Format(
    name="float64",
    integer="int64",
    codes="<q<d",
    bits=53,
    exponent_bits=11,
    degree=13,
    lowest=Fraction(-746),
    highest=Fraction(710),
    normal=(Fraction(-70839, 100), Fraction(70978, 100)),
    exp=Fraction(16, 10),
    expm1=Fraction(35, 10),
)
FORMATS = (FLOAT32, FLOAT64)


class _Scalar:
    """np.float32 and its like, as far as `view` goes."""

    def __init__(self, code: str) -> None:
        self.code = code

    def __call__(self, value: float) -> _Scalar:
        self.bytes = struct.pack(self.code, value)
        return self

    def view(self, other: _Scalar) -> float:
        return struct.unpack(other.code, self.bytes)[0]


def powers(form: Format, n: int) -> tuple[Fraction, Fraction, Fraction]:
    """s1, s2 and q2 for one n: the printed lines, run on the bits of magic + n."""
    scalars = {form.integer: _Scalar(form.codes[:2]), form.name: _Scalar(form.codes[2:])}
    space: dict[str, Any] = {"np": SimpleNamespace(**scalars), "t": float(form.constants["magic"] + n)}
    try:
        exec("\n".join(form.scaling), space)
        return Fraction(space["s1"]), Fraction(space["s2"]), Fraction(space["q2"])
    except (struct.error, OverflowError) as error:
        raise ValueError(f"2^{n}: {error}") from None
