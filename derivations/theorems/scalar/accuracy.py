"""Bounds for the relative errors of tanh, sigmoid, swish and the slopes, from the errors of exp and expm1.

Their printed forms are products of E, m, z and d = 1 / (1 + E) or 1 / (m + 2), so relative errors are all there is to
follow, and the order of the factors does not matter. g(z) = -|z| or -2|z| is computed without error.
The slopes of swish and gelu are sums that cancel where they change sign: no relative bound holds for them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import sympy as sp

from derivations.proof.stated import definition
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.scalar.activations import ACTIVATIONS, E, d, m, z
from derivations.theorems.scalar.exponential import FORMATS, Format
from derivations.theorems.scalar.exponential_error import Analysis, Cell, analysed

CLAIMS = {
    ("tanh", "value"): Fraction(71, 10),
    ("tanh", "slope"): Fraction(118, 10),
    ("sigmoid", "value"): Fraction(54, 10),
    ("sigmoid", "slope"): Fraction(91, 10),
    ("swish", "value"): Fraction(64, 10),
}
"""Relative errors in units of u, for float32 and float64."""
EXACT_FACTORS = {"tanh": -2, "sigmoid": -1, "swish": -1}
"""g(z) / |z|: a power of two, so that g is computed without error."""


@dataclass(frozen=True)
class Relative:
    """Relative errors of printed products over one cell with exp(x) <= 1."""

    cell: Cell
    u: Fraction
    denominator: sp.Expr

    def of(self, expression: sp.Expr) -> Fraction:
        """The relative error of one printed form, one rounding for each multiplication but those by powers of two."""
        if isinstance(expression, sp.Piecewise):
            return max(self.of(value) for value, _ in expression.args)
        total, factors = Fraction(1), 0
        for factor in sp.Mul.make_args(expression):
            if factor in (-1, 4):
                continue
            base, power = factor.as_base_exp()
            if not (power.is_Integer and power > 0):
                raise ValueError(f"no product: {expression}")
            total *= (1 + self.factor(base)) ** int(power)
            factors += int(power)
        return total * (1 + self.u) ** (factors - 1) - 1

    def factor(self, base: sp.Expr) -> Fraction:
        if isinstance(base, sp.Piecewise):
            return self.of(base)
        known = {z: Fraction(0), E: self.cell.exp, m: self.cell.expm1}
        return self.reciprocal() if base == d else known[base]

    def reciprocal(self) -> Fraction:
        """1 / (m + 2) and 1 / (1 + E): a sum, in which the error of m or E counts by its share, and a division."""
        greatest, least = min(self.cell.high, Fraction(1)), self.cell.low
        # |m| / (m + 2) falls and E / (1 + E) grows with E = m + 1.
        shares = {m + 2: (1 - least) / (1 + least) * self.cell.expm1, 1 + E: greatest / (1 + greatest) * self.cell.exp}
        below = (1 - shares[self.denominator]) * (1 - self.u)
        return (1 + self.u) / below - 1


@definition("exponent", r"g_{{{0}}}(z)", "g of {0}", commutative=True)
def exponent_of(name: str) -> sp.Expr:
    """g of an activation, as its kernel computes it."""
    return next(item.exponent for item in ACTIVATIONS if item.name == name)


def argument_for(form: Format) -> Callable[[Proof], None]:
    def argument(proof: Proof) -> None:
        # The steps behind these cells are those of the theorem on exp, which is cited.
        analysis = Analysis(form, proof)
        cells = [cell for cell in analysed(form)[0] if cell.sign <= 0 and cell.low < 1]
        table = {item.name: item for item in ACTIVATIONS}
        for (name, what), claim in CLAIMS.items():
            item = table[name]
            factor = EXACT_FACTORS[name]
            exactly = f"g(z) of {name} is computed without error, as -|z| times a power of two"
            proof.equal(exactly, exponent_of(name), factor * sp.Abs(z))
            printed = {"value": item.value, "slope": item.slope}[what]
            worst = max(Relative(cell, analysis.u, item.denominator).of(printed) for cell in cells)
            proof.at_most(
                f"{what} of {name} within {float(claim)} u",
                worst,
                claim * analysis.u,
                "error analysis",
                [f"E.{form.name}"],
            )

    return argument


def theorem_for(form: Format) -> Theorem:
    errors = "; ".join(f"{name}, {what}: {float(claim)} u" for (name, what), claim in CLAIMS.items())
    return Theorem(
        id=f"E.{form.name}.activations",
        states=2 * len(CLAIMS),
        title=f"accuracy of activations in {form.name}",
        words=f"relative errors at most: {errors}; u = 2^-{form.bits}",
        method="relative errors of products, on small intervals of exp(g(z))",
        argument=argument_for(form),
        assumptions=("those of the exponential; reassociation and fused operations are allowed here",),
        scope="every z for which exp(g(z)) and the result are normal numbers",
    )


THEOREMS = tuple(map(theorem_for, FORMATS))
