"""The activation functions: value and derivative, proven piece by piece.

Each value is written in the form that loses no digits to cancellation (expm1, erfc, no 1 + erf in the tail);
the slopes of tanh and sigmoid, 1 - f² and f (1 - f), keep an absolute, not a relative error where they vanish. NaN
passes: the first piece of a kinked function is chosen by `z <= 0`, which a NaN fails.
At a kink the derivative is the one from the left, so relu'(0) = 0: training starts exactly there.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp
from sympy.codegen.cfunctions import expm1

from derivations.theorem import Proof, Theorem

z = sp.Symbol("z", real=True)
half = sp.Rational(1, 2)
sigmoid = 1 / (1 + sp.exp(-z))
normal_pdf = sp.exp(-(z**2) / 2) / sp.sqrt(2 * sp.pi)


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
    """f and f' as they are printed into the kernels; `at_zero` is f(0), which M10 and M12-M14 need to be 0."""

    name: str
    value: sp.Expr
    slope: sp.Expr
    at_zero: sp.Expr = sp.S.Zero

    @property
    def pieces(self) -> tuple[tuple[sp.Expr, sp.Expr], ...]:
        """Smooth pieces as (value, slope), from left to right."""
        if isinstance(self.value, sp.Piecewise):
            slopes = self.slope.args if isinstance(self.slope, sp.Piecewise) else [(self.slope,)] * 2
            return tuple((v[0], d[0]) for v, d in zip(self.value.args, slopes, strict=True))
        return ((self.value, self.slope),)


ACTIVATIONS = (
    Activation("identity", z, sp.Integer(1)),
    Activation("relu", kinked(sp.Integer(0), z), kinked(sp.Integer(0), sp.Integer(1))),
    Activation("leaky_relu", kinked(z / 100, z), kinked(sp.Rational(1, 100), sp.Integer(1))),
    Activation("elu", kinked(expm1(z), z), kinked(sp.exp(z), sp.Integer(1))),
    Activation("tanh", sp.tanh(z), 1 - sp.tanh(z) ** 2),
    Activation("sigmoid", sigmoid, sigmoid * (1 - sigmoid), at_zero=half),
    Activation("gelu", z * normal_cdf(z), normal_cdf(z) + z * normal_pdf),
    Activation("swish", z * sigmoid, sigmoid * (1 + z * (1 - sigmoid))),
)


def theorem_for(activation: Activation) -> Theorem:
    """f' is the derivative of f on every smooth piece, f is continuous, and f(0) is as stated."""

    def argument(proof: Proof) -> None:
        pieces = activation.pieces
        for function in (activation.value, activation.slope):
            if isinstance(function, sp.Piecewise):
                proof.same("two pieces, z <= 0 and z > 0", [c for _, c in function.args], [z <= 0, sp.true])
        for number, (value, slope) in enumerate(pieces):
            derivative = sp.diff(value.rewrite(sp.erf), z)
            claimed = slope.rewrite(sp.erf)
            proof.equal(
                f"f' on piece {number + 1}",
                derivative.rewrite(sp.exp),
                claimed.rewrite(sp.exp),
                rule="rational",
            )
        if len(pieces) == 2:
            (left, left_slope), (right, _) = pieces
            proof.equal("f is continuous at the kink", left.subs(z, 0), right.subs(z, 0), rule="convention")
            proof.equal(
                "f'(0) is the left derivative", activation.slope.subs(z, 0), left_slope.subs(z, 0), rule="convention"
            )
        if activation.value.has(normal_cdf):
            printed = sp.erfc(-z / sp.sqrt(2)) / 2
            proof.equal("Φ(z) is printed as erfc(-z/√2)/2", normal_cdf(z).rewrite(sp.erf), printed.rewrite(sp.erf))
        proof.equal("f(0)", activation.value.subs(z, 0), activation.at_zero, rule="convention")

    return Theorem(
        id=f"F.{activation.name}",
        title=f"activation {activation.name}",
        statement=f"f(z) = {sp.sstr(activation.value)}, f'(z) = {sp.sstr(activation.slope)}",
        method="differentiation by pieces",
        argument=argument,
        scope="every real z",
        reference="standard",
    )


THEOREMS = tuple(map(theorem_for, ACTIVATIONS))
