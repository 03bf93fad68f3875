"""exp and expm1 from one reduction, with a proven bound of the relative error.

    x = n ln 2 + r,  n the integer nearest to x log2 e,  |r| <= ln 2 / 2 and a little
    p = r + r² (1/2 + r/6 + ...) ≈ expm1(r)
    exp(x) = 2^n (1 + p),  expm1(x) = 2^n p + (2^n - 1)

so that expm1 keeps its relative accuracy around 0, where n = 0 and it is p. Adding `magic` = 1.5·2^(bits-1) rounds to an
integer and leaves it in the low bits of t, without a conversion (of a NaN it would be undefined). ln 2 is the sum of
two floats, the upper with so few bits that n · ln2_high is exact. 2^n is the product s1 s2 of two powers of two, so that
results near overflow and below the normal numbers are rounded once; q2 = 1 / s2. The comparisons let NaN through.

The lines below are printed into the kernels as they stand, and as they stand they are what the proof reads. They hold
without reassociation only: `(x - n * ln2_high) - n * ln2_low` regrouped is x - n ln 2 with one rounded ln 2.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from types import SimpleNamespace
from typing import Any

import sympy as sp

from derivations.rounding import Arithmetic, Real, binade, down, ln2, up
from derivations.theorem import Proof, Theorem

CLAMP = ("x = lowest if x < lowest else x", "x = highest if x > highest else x")
NEAREST = ("t = x * log2e + magic", "n = t - magic")
REMAINDER = ("r = (x - n * ln2_high) - n * ln2_low",)
RESULT = ("a = s1 * p", "power = (s1 + a) * s2", "difference = ((s1 - q2) + a) * s2")


def nearest(value: Fraction, bits: int) -> Fraction:
    """The closest number of so many significant bits."""
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
        return (*CLAMP, *NEAREST, *REMAINDER, *self.polynomial, *self.scaling, *RESULT)


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


@dataclass(frozen=True)
class Piece:
    """p = expm1(r) where r lies in one small interval.

    p : Taylor's polynomial and what is computed for it.
    rest : how far the polynomial is from expm1(r) at most.
    relative : the relative error of p as expm1(r), for r without error.
    """

    p: Real
    rest: Fraction
    relative: Fraction


@dataclass(frozen=True)
class Cell:
    """Relative errors of exp and expm1 for some n and some r.

    For n <= 0, `sign` <= 0, exp(x) itself lies in [low, high].
    """

    sign: Fraction
    low: Fraction
    high: Fraction
    exp: Fraction
    expm1: Fraction


class Analysis:
    """The argument, step by step; every step reads the lines of the program."""

    def __init__(self, form: Format, proof: Proof) -> None:
        self.form, self.proof = form, proof
        self.u = Fraction(1, 2**form.bits)
        self.arithmetic = Arithmetic(form.bits, underflow=self.u**3)
        self.smallest = Fraction(1, 2 ** (form.bias + form.bits - 2))
        self.given = self._given()

    def _given(self) -> dict[str, Real]:
        """The constants; ln2_low stands for the rest of ln 2, and each coefficient for its 1/k!."""
        constants = self.form.constants
        values = {name: Real.exactly(value) for name, value in constants.items()}
        for k in range(2, self.form.degree + 1):
            values[f"c{k}"] = Real.exactly(Fraction(1, math.factorial(k)), constants[f"c{k}"])
        rest = [end - constants["ln2_high"] for end in ln2()]
        miss = max(abs(end - constants["ln2_low"]) for end in rest)
        return values | {"ln2_low": Real(down(rest[0]), up(rest[1]), up(miss), values["ln2_low"].grid)}

    def meaning(self) -> None:
        """What the lines say where nothing rounds; the bounds below are distances from that."""
        x, n, r, p, s1, s2, q2, high, low = sp.symbols("x n r p s1 s2 q2 ln2_high ln2_low", real=True)
        log2e, magic = sp.symbols("log2e magic", real=True)
        lines = (
            (NEAREST, {"x": x, "log2e": log2e, "magic": magic}, {"t": magic + x * log2e, "n": x * log2e}),
            (REMAINDER, {"x": x, "n": n, "ln2_high": high, "ln2_low": low}, {"r": x - n * (high + low)}),
            (
                self.form.polynomial,
                {"r": r} | {f"c{k}": 1 / sp.factorial(k) for k in range(2, self.form.degree + 1)},
                {"p": sum(r**k / sp.factorial(k) for k in range(1, self.form.degree + 1))},
            ),
            (
                RESULT,
                {"p": p, "s1": s1, "s2": s2, "q2": q2},
                {"power": s1 * s2 * (1 + p), "difference": s1 * s2 * (1 + p) - s2 * q2},
            ),
        )
        for part, symbols, truths in lines:
            space: dict[str, Any] = dict(symbols)
            exec("\n".join(part), space)
            for name, truth in truths.items():
                self.proof.equal(f"{name} = {truth}", space[name], truth, rule="the lines, run on symbols")

    def integers(self) -> tuple[range, Fraction]:
        """All n there are, and the greatest |x - n ln 2|."""
        form, proof = self.form, self.proof
        largest = Fraction(2) ** (form.bias + 1)
        reduced = self.arithmetic.run((*CLAMP, *NEAREST), self.given | {"x": Real(-largest, largest)})
        x, t, n = (reduced[name] for name in "xtn")
        proof.true(
            "x is clamped to lowest and highest", (x.low, x.high) == (form.lowest, form.highest), rule="intervals"
        )
        proof.true("n is an integer, since the last bit of t is 1", n.grid >= 1, rule="magnitude of t")
        proof.true("t = magic + n without error", n.error == t.error, rule="magnitude of t")
        proof.at_most("|n - x log2e| <= 1/2 and a little", n.error, Fraction(51, 100), rule="rounding of t")
        stretch = max(abs(1 - form.constants["log2e"] * end) for end in ln2())
        reach = ln2()[1] * n.error + x.greatest * stretch
        proof.at_most("|x - n ln 2| <= ln 2 / 2 and a little", reach, Fraction(3535, 10000), rule="enclosure of ln 2")
        return range(math.ceil(n.low - n.error), math.floor(n.high + n.error) + 1), reach

    def scaling(self, numbers: range) -> None:
        products = {n: powers(self.form, n) for n in numbers}
        right = all((s1 * s2, q2 * s2) == (Fraction(2) ** n, 1) for n, (s1, s2, q2) in products.items())
        span = f"n = {numbers[0]}, ..., {numbers[-1]}"
        self.proof.true(f"s1 s2 = 2^n and q2 s2 = 1 for {span}", right, rule="every case")
        least = min(s1 for s1, _, _ in products.values())
        self.proof.at_most("underflow of s1 p is below u³ s1", self.smallest / 2 / least, self.u**3)

    def remainder(self, numbers: range, reach: Fraction) -> tuple[Fraction, Fraction]:
        """The greatest |r| that is computed, and its greatest error; r = x where n = 0."""
        greatest, error = Fraction(0), Fraction(0)
        for n in numbers:
            ends = sorted(n * end for end in ln2())
            x = Real(down(ends[0] - reach), up(ends[1] + reach))
            x = Real(x.low, x.high, grid=2 * self.u * binade(x.least) if x.least else Fraction(0))
            r = self.arithmetic.run(REMAINDER, self.given | {"x": x, "n": Real.exactly(n)})["r"]
            if n == 0:
                self.proof.true("r = x where n = 0", r == x, rule="sums with 0")
            greatest, error = max(greatest, r.greatest), max(error, r.error)
        # n · ln2_high and the difference from x must be exact for this: one rounding, of a number below 1/2.
        self.proof.at_most("r is x - n ln 2 up to u/4 and a little", error, self.u * Fraction(26, 100), rule="rounding")
        return greatest, error

    def pieces(self, reach: Fraction, count: int = 16) -> Iterator[Piece]:
        """p on small intervals of r that cover [-reach, reach]."""
        form, scaled = self.form, Arithmetic(self.form.bits, self.u**3, scaled=True)
        step = Fraction(math.ceil(reach * 2**20 / count), 2**20)
        for number in range(-count, count):
            r = Real(number * step, (number + 1) * step)
            values = self.arithmetic.run(form.polynomial, self.given | {"r": r})
            # |expm1(r) - T(r)| <= |r|^(degree+1) / (degree+1)! · e^|r|, and e^|r| <= 1 / (1 - |r|).
            rest = up(r.greatest**form.degree / math.factorial(form.degree + 1) / (1 - r.greatest))
            # p / r: the same line for r = 1, with bounds that hold for every common factor of r and p.
            ratio = scaled.run(form.polynomial[-1:], {"r": Real.exactly(1), "w": values["w"]})["p"]
            yield Piece(values["p"], rest * r.greatest, up((ratio.error + rest) / (ratio.low - rest)))

    def exp(self, piece: Piece, spread: Fraction) -> Fraction:
        """Relative error of exp, in units of the power of two 2^n; `spread` bounds exp(error of r) - 1."""
        one = Real.exactly(1)
        power = self.arithmetic.run(RESULT, {"p": piece.p, "s1": one, "s2": one, "q2": one})["power"]
        return ((power.error + piece.rest) / (power.low - piece.rest) + spread) * (1 + spread)

    def expm1(self, piece: Piece, spread: Fraction, s1: Real, q2: Real) -> Fraction:
        """Relative error of expm1 in units of s2, for one power of two or an interval of them, where n is not 0."""
        values = {"p": piece.p, "s1": s1, "q2": q2, "s2": Real.exactly(1)}
        result = self.arithmetic.run(RESULT, values)["difference"]
        inexact = s1.high * (piece.rest + spread * (1 + piece.p.high + piece.rest))
        least = max(result.low, -result.high) - inexact
        if least <= 0:
            raise ValueError("expm1 is not separated from 0 where n is not 0")
        return (result.error + inexact) / least

    def around_zero(self, piece: Piece) -> Fraction:
        """Relative error of expm1 where n = 0: r is x without error, and the result is p."""
        one = Real.exactly(1)
        result = self.arithmetic.run(RESULT, {"p": piece.p, "s1": one, "s2": one, "q2": one})["difference"]
        if result != piece.p:
            raise ValueError("expm1 is not p where n = 0")
        # The bound of p / r counts an underflow of w r as u³ |r|. Where |r| is too small for that, |w r| <= r² (q < 1),
        # and expm1(r) is r up to r² too.
        tiny = self.smallest / 2 / self.u**3
        return max(self.u + 3 * tiny, piece.relative)

    def cells(self) -> Iterator[Cell]:
        """Every n, by its powers of two, with every piece of r."""
        self.meaning()
        numbers, reach = self.integers()
        self.scaling(numbers)
        reach, error = self.remainder(numbers, reach)
        spread = up(error / (1 - error))
        one, tail = Real.exactly(1), Real(Fraction(0), Fraction(1, 2**8))
        fractions = [*(Real.exactly(Fraction(1, 2**n)) for n in range(1, 8)), tail]
        # (s1, q2) up to a common power of two: (1, 2^-n) for n > 0, (2^n, 1) for n < 0.
        pairs = [*((one, q2) for q2 in fractions), *((s1, one) for s1 in fractions)]
        for piece in self.pieces(reach):
            exp, ends = self.exp(piece, spread), (1 + piece.p.low - piece.rest, 1 + piece.p.high + piece.rest)
            yield Cell(Fraction(0), *ends, exp, self.around_zero(piece))
            for s1, q2 in pairs:
                yield Cell(s1.low - q2.low, s1.low * ends[0], s1.high * ends[1], exp, self.expm1(piece, spread, s1, q2))

    def ends(self) -> None:
        """Results in `normal` are normal numbers; from `lowest` down exp is 0, from `highest` up it is infinite."""
        form, (low, high) = self.form, ln2()
        margin, largest = Fraction(1, 2**10), form.bias + 1
        # e^(2^-10) > 1 + 2^-10 leaves room for the errors above.
        first, last = form.normal
        self.proof.at_most(
            "exp(x) is normal from below", (1 - form.bias) * low + margin, first, rule="enclosure of ln 2"
        )
        self.proof.at_most("exp(x) is normal from above", last, largest * low - margin, rule="enclosure of ln 2")
        zero = (1 - form.bias - form.bits) * high - margin
        self.proof.at_most("exp(lowest) rounds to 0", form.lowest, zero, rule="enclosure of ln 2")
        self.proof.at_most("exp(highest) is infinite", largest * high + margin, form.highest, rule="enclosure of ln 2")


def argument_for(form: Format) -> Callable[[Proof], None]:
    def argument(proof: Proof) -> None:
        analysis = Analysis(form, proof)
        analysis.ends()
        cells = list(analysis.cells())
        exp, expm1 = max(cell.exp for cell in cells), max(cell.expm1 for cell in cells)
        proof.at_most(f"exp within {float(form.exp)} u", exp, form.exp * analysis.u, rule="running error")
        proof.at_most(f"expm1 within {float(form.expm1)} u", expm1, form.expm1 * analysis.u, rule="running error")

    return argument


def theorem_for(form: Format) -> Theorem:
    first, last = map(float, form.normal)
    return Theorem(
        id=f"E.{form.name}",
        title=f"exp and expm1 in {form.name}",
        statement=f"|computed / exp(x) - 1| <= {float(form.exp)} u and |computed / expm1(x) - 1| <= {float(form.expm1)} u "
        f"with u = 2^-{form.bits}, half an ulp of 1",
        method="exact argument reduction, Taylor's remainder, running error bounds over the printed lines",
        argument=argument_for(form),
        assumptions=(
            "IEEE arithmetic, rounding to nearest, subnormal numbers kept, no reassociation",
            "a fused multiply-add may replace a product and a sum",
        ),
        scope=f"every {form.name} x with {first} <= x <= {last}; below, exp adds at most half the smallest number and is 0 "
        f"from {int(form.lowest)} on, while expm1 keeps its bound; above, both turn infinite before {int(form.highest)}",
        reference="standard; the lines and their bounds: this project",
    )


THEOREMS = tuple(map(theorem_for, FORMATS))
