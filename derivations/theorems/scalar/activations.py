"""The activation functions: f, and how f and f' are printed; proven piece by piece.

Every exponential comes from one call of the proven `exponential` (theorems E), at an argument g(z) <= 0 so that nothing
overflows: E = exp(g(z)) and m = expm1(g(z)). The printed forms subtract nothing from 1, so that value and slope keep a
relative accuracy where they vanish; the sums of gelu and swish cancel at the zero of their slope. Φ is printed through
erfc. NaN propagates: `z <= 0` is false for NaN, and the other branch contains z or E.
At a kink the derivative is the one from the left, so relu'(0) = 0: training starts exactly there.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from derivations.proof.claims import Claim
from derivations.proof.facts import conditions
from derivations.proof.stated import at, definition, meaning
from derivations.proof.theorem import Proof, Theorem

z = sp.Symbol("z", real=True)
E, m, d = sp.symbols("E m d", real=True)
half = sp.Rational(1, 2)
normal_density = sp.sqrt(2) / (2 * sp.sqrt(sp.pi))


class normal_cdf(sp.Function):
    """Φ(z) = erfc(-z/√2) / 2.

    A function of its own because SymPy turns erfc(-t) into 2 - erfc(t), which cancels in the negative tail;
    the proof goes through `rewrite(erf)`, the printers through erfc.
    """

    def _eval_rewrite_as_erf(self, z: sp.Expr, **_: object) -> sp.Expr:
        return (1 + sp.erf(z / sp.sqrt(2))) / 2


def kinked(below: sp.Expr, above: sp.Expr) -> sp.Expr:
    """`below` for z <= 0, `above` for z > 0."""
    return sp.Piecewise((below, z <= 0), (above, True))


@dataclass(frozen=True)
class Activation:
    """f with its printed value and slope; `at_zero` is f(0), which M10 and M12-M14 need to be 0.

    Parameters
    ----------
    function : f, a function of z.
    value, slope : f and f' as they are printed, in z and, with an `exponent`, in E, m and d.
    exponent : g(z).
    denominator : d is printed as 1 / denominator, once.
    """

    name: str
    function: sp.Expr
    value: sp.Expr
    slope: sp.Expr
    exponent: sp.Expr | None = None
    denominator: sp.Expr | None = None
    at_zero: sp.Expr = sp.S.Zero

    @property
    def kink(self) -> bool:
        """Whether f itself is given in pieces."""
        return isinstance(self.function, sp.Piecewise)

    def meaning(self, printed: sp.Expr) -> sp.Expr:
        """A printed form as a function of z."""
        if self.denominator is not None:
            printed = printed.subs(d, 1 / self.denominator)
        return (
            printed if self.exponent is None else printed.subs({E: sp.exp(self.exponent), m: sp.exp(self.exponent) - 1})
        )


def elementary(name: str, function: sp.Expr, slope: sp.Expr) -> Activation:
    """An activation that is printed as it is defined."""
    return Activation(name, function, function, slope)


sigmoid = 1 / (1 + sp.exp(-z))
logistic = {"exponent": -sp.Abs(z), "denominator": 1 + E}
ACTIVATIONS = (
    elementary("identity", z, sp.Integer(1)),
    elementary("relu", kinked(sp.Integer(0), z), kinked(sp.Integer(0), sp.Integer(1))),
    elementary("leaky_relu", kinked(z / 100, z), kinked(sp.Rational(1, 100), sp.Integer(1))),
    Activation("elu", kinked(sp.exp(z) - 1, z), kinked(m, z), kinked(E, sp.Integer(1)), exponent=sp.Min(z, 0)),
    Activation("tanh", sp.tanh(z), kinked(m * d, -m * d), 4 * E * d**2, exponent=-2 * sp.Abs(z), denominator=m + 2),
    Activation("sigmoid", sigmoid, kinked(E * d, d), E * d**2, **logistic, at_zero=half),
    Activation(
        "gelu", z * normal_cdf(z), z * normal_cdf(z), normal_cdf(z) + normal_density * z * E, exponent=-(z**2) / 2
    ),
    Activation("swish", z * sigmoid, z * kinked(E * d, d), kinked(E * d, d) + z * E * d**2, **logistic),
)


def on_piece(expression: sp.Expr, positive: bool) -> sp.Expr:
    """The expression for z > 0, or for z <= 0: |z|, min(z, 0) and the pieces resolved."""
    expression = expression.replace(lambda e: isinstance(e, sp.Piecewise), lambda e: e.args[1 if positive else 0][0])
    return expression.subs({sp.Abs(z): z if positive else -z, sp.Min(z, 0): sp.Integer(0) if positive else z})


BELOW, ABOVE = sp.Integer(1), sp.Integer(2)
"""The numbers of the pieces: z <= 0 and z > 0."""
WORDS = {BELOW: "z <= 0", ABOVE: "z > 0"}
number = sp.Symbol("n", integer=True, positive=True)


@definition("side", r"\left({0}\right)_{{\mathrm{{piece}}\,{1}}}", "({0}, piece {1})", commutative=True)
def piece(expression: sp.Expr, where: sp.Integer) -> sp.Expr:
    """The expression where z <= 0, number 1, or where z > 0, number 2, as it is stated."""
    return on_piece(meaning(expression), where == ABOVE)


@definition("derivative", r"\frac{{d}}{{d z}}\left({0}\right)", "d/dz ({0})", commutative=True)
def derivative(expression: sp.Expr) -> sp.Expr:
    """The derivative by z, as it is stated."""
    return sp.diff(meaning(expression).rewrite(sp.erf), z)


@definition("in_exponentials", "{0}", "{0}", commutative=True)
def in_exponentials(expression: sp.Expr) -> sp.Expr:
    """`one_exponential` of what is stated."""
    return one_exponential(meaning(expression))


@definition("by_erf", "{0}", "{0}", commutative=True)
def by_erf(expression: sp.Expr) -> sp.Expr:
    """Φ and erfc, written by erf."""
    return meaning(expression).rewrite(sp.erf)


def one_exponential(expression: sp.Expr) -> sp.Expr:
    """Rewritten in powers of one symbol for exp(z): equal functions become equal fractions.

    exp(g) with a g that is no integer multiple of z keeps a symbol of its own, as do erf and constants; such symbols
    are taken for independent, so that a difference is 0 only where that of the functions is.
    """
    rewritten = sp.expand_func(expression.rewrite(sp.erf)).rewrite(sp.exp)
    powers = {e: sp.Symbol("exp_z") ** (e.args[0] / z) for e in rewritten.atoms(sp.exp) if (e.args[0] / z).is_Integer}
    return rewritten.xreplace(powers)


def theorem_for(activation: Activation) -> Theorem:
    """The printed value is f and the printed slope f' on every smooth piece; f is continuous; f(0) is as stated."""

    def argument(proof: Proof) -> None:
        f, value, slope = activation.function, *map(activation.meaning, (activation.value, activation.slope))
        pieces = {*f.atoms(sp.Piecewise), *value.atoms(sp.Piecewise), *slope.atoms(sp.Piecewise)}
        for function in sorted(pieces, key=str):
            proof.same("two pieces, z <= 0 and z > 0", conditions(function), [z <= 0, sp.true])
        exact, both = piece(f, number), (2 - number,)
        sides = {number: BELOW}, {number: ABOVE}
        printed = in_exponentials(piece(value, number)), in_exponentials(exact)
        if value != f:  # else f is printed as it is defined
            proof.case(Claim("value is f", *printed, (number,), both, "f, n = 1 for z <= 0:"), *sides, rule="rational")
        rates = in_exponentials(piece(slope, number)), in_exponentials(derivative(exact))
        proof.case(Claim("slope is f'", *rates, (number,), both, "f', n = 1 for z <= 0:"), *sides, rule="rational")
        if activation.kink:
            left, right = piece(f, BELOW), piece(f, ABOVE)
            proof.equal("f is continuous at the kink", at(left, {z: 0}), at(right, {z: 0}), rule="convention")
            proof.equal(
                "f'(0) is the left derivative", at(slope, {z: 0}), at(derivative(left), {z: 0}), rule="convention"
            )
        if activation.exponent is not None:
            proof.compare("the exponent is nowhere positive", activation.exponent, "<=")
        if activation.value.has(normal_cdf):
            proof.equal("Φ(z) is printed as erfc(-z/√2)/2", by_erf(normal_cdf(z)), by_erf(sp.erfc(-z / sp.sqrt(2)) / 2))
        proof.equal("f(0)", at(f, {z: 0}), activation.at_zero, rule="convention")

    where = "" if activation.exponent is None else f", E = exp({activation.exponent}), m = E - 1"
    where += "" if activation.denominator is None else f", d = 1/({activation.denominator})"
    return Theorem(
        id=f"F.{activation.name}",
        states=2
        + (activation.value != activation.function)
        + 2 * activation.kink
        + (activation.exponent is not None)
        + activation.value.has(normal_cdf),
        title=f"activation {activation.name}",
        words=f"f(z) = {activation.function} = {activation.value}, f'(z) = {activation.slope}{where}",
        method="differentiation by pieces",
        argument=argument,
        scope="every real z",
        reference="standard",
    )


THEOREMS = tuple(map(theorem_for, ACTIVATIONS))
