"""Theorems E: how far the computed exp and expm1 are from the truth.

Four steps, each on the lines of `exponential`, in exact rational arithmetic: what the lines say where nothing rounds; the
reduction, n by n; Taylor's remainder and the running error of the polynomial on small intervals of r; the two results,
for every n. For n = 0, r is x without error and the error of expm1 is followed relative to r.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from typing import Any

import sympy as sp

from derivations.proof.facts import fact
from derivations.proof.rounding import Arithmetic, Real, down, ln2, up
from derivations.proof.stated import definition
from derivations.proof.steps import Step
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.scalar.exponential import FORMATS, Format, powers


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


@definition("lines", r"\mathrm{{{0}}}", "{0} of ({1})", commutative=True)
def result_of(name: str, lines: tuple[str, ...], symbols: tuple[tuple[str, Any], ...]) -> Any:
    """What lines of a kernel compute, run on symbols."""
    space: dict[str, Any] = dict(symbols)
    exec("\n".join(lines), space)
    return space[name]


@fact("set twice", "the names that the lines of {0} set twice")
def set_twice(form: Format) -> set[str]:
    """Names that several lines set, or that are constants too."""
    names = [line.split(" = ")[0] for line in form.lines]
    return {name for name in names if names.count(name) > 1} | ({*names} & {*form.constants})


@fact("bounds", "{4} of {1} in {0} by ({2}) at {3}")
def bounds(
    form: Format, name: str, lines: tuple[str, ...], values: tuple[tuple[str, Real], ...], what: str
) -> list[Fraction]:
    """What error analysis of lines says of a name."""
    analysis = Analysis(form)
    result = analysis.arithmetic.run(lines, analysis.given | dict(values))[name]
    return [getattr(result, word) for word in what.split()]


@fact("wrong powers", "the n of {0} from {1} to {2} for which s1 s2 = 2^n and q2 s2 = 1 fails")
def wrong_powers(form: Format, first: int, last: int) -> list[int]:
    """The whole numbers whose powers of two are not exact."""
    products = {n: powers(form, n) for n in range(int(first), int(last) + 1)}
    return [n for n, (s1, s2, q2) in products.items() if (s1 * s2, q2 * s2) != (Fraction(2) ** n, 1)]


class Analysis:
    """The argument, step by step; every step reads the lines of the program."""

    def __init__(self, form: Format, proof: Proof | None = None) -> None:
        self.form, self.proof = form, Proof(form.name) if proof is None else proof
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
        """The result of the lines without rounding; the bounds below are distances from it."""
        x, n, r, p, s1, s2, q2, high, low = sp.symbols("x n r p s1 s2 q2 ln2_high ln2_low", real=True)
        log2e, magic = sp.symbols("log2e magic", real=True)
        lines = (
            (self.form.reduction, {"x": x, "log2e": log2e, "magic": magic}, {"t": magic + x * log2e, "n": x * log2e}),
            (self.form.remainder, {"x": x, "n": n, "ln2_high": high, "ln2_low": low}, {"r": x - n * (high + low)}),
            (
                self.form.polynomial,
                {"r": r} | {f"c{k}": 1 / sp.factorial(k) for k in range(2, self.form.degree + 1)},
                {"p": sum(r**k / sp.factorial(k) for k in range(1, self.form.degree + 1))},
            ),
            (
                self.form.result,
                {"p": p, "s1": s1, "s2": s2, "q2": q2},
                {"power": s1 * s2 * (1 + p), "difference": s1 * s2 * (1 + p) - s2 * q2},
            ),
        )
        for part, symbols, truths in lines:
            for name, truth in truths.items():
                self.proof.equal(f"{name} = {truth}", result_of(name, part, symbols), truth, rule="program")
        self.proof.same("no name is set twice but x, clamped, and Horner's q", set_twice(self.form), {"x", "q"})

    def integers(self) -> tuple[range, Fraction]:
        """All n there are, and the greatest |x - n ln 2|."""
        form, proof = self.form, self.proof
        largest = Fraction(2) ** (form.bias + 1)
        lines, every = (*form.clamp, *form.reduction), {"x": Real(-largest, largest)}
        reduced = self.arithmetic.run(lines, self.given | every)
        x, t, n = (reduced[name] for name in "xtn")
        values = tuple(every.items())
        clamped = bounds(form, "x", lines, values, "low high")
        proof.same("x is clamped to lowest and highest", clamped, [form.lowest, form.highest])
        proof.at_most("n is an integer, since the last bit of t is 1", 1, n.grid, rule="error analysis")
        proof.same("t = magic + n: no further error", bounds(form, "n", lines, values, "error"), [t.error])
        proof.at_most("|n - x log2e| <= 1/2 and a little", n.error, Fraction(51, 100), rule="error analysis")
        stretch = max(abs(1 - form.constants["log2e"] * end) for end in ln2())
        reach = ln2()[1] * n.error + x.greatest * stretch
        proof.at_most("|x - n ln 2| <= ln 2 / 2 and a little", reach, Fraction(3535, 10000), rule="error analysis")
        return range(math.ceil(n.low - n.error), math.floor(n.high + n.error) + 1), reach

    def scaling(self, numbers: range) -> None:
        wrong = wrong_powers(self.form, numbers[0], numbers[-1])
        self.proof.same("s1 s2 = 2^n and q2 s2 = 1 for every n", wrong, [])
        least = min(powers(self.form, n)[0] for n in numbers)
        self.proof.at_most(
            "underflow of s1 p is below u³ s1", self.smallest / 2 / least, self.u**3, rule="error analysis"
        )

    def remainder(self, numbers: range, reach: Fraction) -> tuple[Fraction, Fraction]:
        """The greatest |r| that is computed, and its greatest error; r = x where n = 0."""
        greatest, error = Fraction(0), Fraction(0)
        for n in numbers:
            ends = sorted(n * end for end in ln2())
            x = Real(down(ends[0] - reach), up(ends[1] + reach))
            x = Real(x.low, x.high, grid=self.arithmetic.spacing(x))
            r = self.arithmetic.run(self.form.remainder, self.given | {"x": x, "n": Real.exactly(n)})["r"]
            if n == 0:
                at_zero = (("x", x), ("n", Real.exactly(0)))
                whole = bounds(self.form, "r", self.form.remainder, at_zero, "low high error grid")
                self.proof.same("r = x where n = 0", whole, [x.low, x.high, x.error, x.grid])
            greatest, error = max(greatest, r.greatest), max(error, r.error)
        # n · ln2_high and the difference from x must be exact for this: one rounding, of a number below 1/2.
        self.proof.at_most(
            "r is x - n ln 2 up to u/4 and a little", error, self.u * Fraction(26, 100), rule="error analysis"
        )
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
        power = self.arithmetic.run(self.form.result, {"p": piece.p, "s1": one, "s2": one, "q2": one})["power"]
        # u³ more, should s1 p underflow.
        return ((power.error + self.u**3 + piece.rest) / (power.low - piece.rest) + spread) * (1 + spread)

    def expm1(self, piece: Piece, spread: Fraction, s1: Real, q2: Real) -> Fraction:
        """Relative error of expm1 in units of s2, for one power of two or an interval of them, where n is not 0."""
        values = {"p": piece.p, "s1": s1, "q2": q2, "s2": Real.exactly(1)}
        result = self.arithmetic.run(self.form.result, values)["difference"]
        inexact = self.u**3 + s1.high * (piece.rest + spread * (1 + piece.p.high + piece.rest))
        least = max(result.low, -result.high) - inexact
        if least <= 0:
            raise ValueError("expm1 is not separated from 0 where n is not 0")
        return (result.error + inexact) / least

    def around_zero(self, piece: Piece) -> Fraction:
        """Relative error of expm1 where n = 0: r is x without error, and the result is p."""
        one = Real.exactly(1)
        result = self.arithmetic.run(self.form.result, {"p": piece.p, "s1": one, "s2": one, "q2": one})["difference"]
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
            exp = self.exp(piece, spread)
            ends = (1 + piece.p.low - piece.rest) * (1 - spread), (1 + piece.p.high + piece.rest) * (1 + spread)
            yield Cell(Fraction(0), *ends, exp, self.around_zero(piece))
            for s1, q2 in pairs:
                yield Cell(s1.low - q2.low, s1.low * ends[0], s1.high * ends[1], exp, self.expm1(piece, spread, s1, q2))

    def ends(self) -> None:
        """Results in `normal` are normal numbers; from `lowest` down exp is 0, from `highest` up it is infinite."""
        form, (low, high) = self.form, ln2()
        margin, largest = Fraction(1, 2**10), form.bias + 1
        # e^(2^-10) > 1 + 2^-10 leaves room for the errors above.
        first, last = form.normal
        self.proof.at_most("exp(x) is normal from below", (1 - form.bias) * low + margin, first, rule="error analysis")
        self.proof.at_most("exp(x) is normal from above", last, largest * low - margin, rule="error analysis")
        zero = (1 - form.bias - form.bits) * high - margin
        self.proof.at_most("exp(lowest) rounds to 0", form.lowest, zero, rule="error analysis")
        self.proof.at_most("exp(highest) is infinite", largest * high + margin, form.highest, rule="error analysis")


def analysed(form: Format) -> tuple[tuple[Cell, ...], tuple[Step, ...]]:
    """The cells of a format and the steps behind them; two theorems need them."""
    return _analysed(form, tuple(form.constants.items()))


@cache
def _analysed(form: Format, constants: tuple[tuple[str, Fraction], ...]) -> tuple[tuple[Cell, ...], tuple[Step, ...]]:
    """The same; `constants` are those of the form, which its fields do not tell."""
    proof = Proof(f"E.{form.name}")
    analysis = Analysis(form, proof)
    analysis.ends()
    return tuple(analysis.cells()), tuple(proof.steps)


def argument_for(form: Format) -> Callable[[Proof], None]:
    def argument(proof: Proof) -> None:
        analysis = Analysis(form, proof)
        cells, steps = analysed(form)
        for step in steps:  # a list of facts is no claim
            (proof.says if step.part else proof.step)(replace(step, part=""))
        exp, expm1 = max(cell.exp for cell in cells), max(cell.expm1 for cell in cells)
        proof.at_most(f"exp within {float(form.exp)} u", exp, form.exp * analysis.u, rule="error analysis")
        proof.at_most(f"expm1 within {float(form.expm1)} u", expm1, form.expm1 * analysis.u, rule="error analysis")

    return argument


def theorem_for(form: Format) -> Theorem:
    first, last = map(float, form.normal)
    return Theorem(
        id=f"E.{form.name}",
        states=17,
        title=f"exp and expm1 in {form.name}",
        words=f"|computed / exp(x) - 1| <= {float(form.exp)} u and |computed / expm1(x) - 1| <= {float(form.expm1)} u "
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
