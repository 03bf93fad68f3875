"""D1 and D2: integers of an exported network. No sum overflows, and each step rounds by half a unit at most."""

from __future__ import annotations

import sympy as sp

from derivations.proof.theorem import Proof, Theorem

a = sp.Symbol("a", integer=True)
bound, reach = sp.symbols("bound reach", integer=True, nonnegative=True)
unit = sp.Symbol("unit", integer=True, positive=True)
scale = sp.Symbol("scale", positive=True)


def nonnegative(name: str) -> sp.Symbol:
    return sp.Symbol(name, nonnegative=True)


def one_term(proof: Proof, size: sp.Expr, factor: sp.Expr, greatest: sp.Expr) -> None:
    """|factor| = size, |value| <= greatest: the sum with factor · value stays within bound + size · greatest."""
    for side in (1, -1):
        # bound - side · partial = slack and greatest - (± value) = rest, neither negative.
        slack, rest = nonnegative("slack"), nonnegative("rest")
        value = greatest - rest if sp.sign(factor / size) * side == 1 else rest - greatest
        before = side * (bound - slack)
        left = bound + size * greatest - side * (before + factor * value)
        proof.equal(f"what is left, factor {factor}, side {side}", left, slack + size * rest)
        proof.compare("and is not negative", slack + size * rest, ">=")


def no_overflow(proof: Proof) -> None:
    size = nonnegative("size")
    for factor in (size, -size):
        one_term(proof, size, factor, reach)


def rounding(proof: Proof) -> None:
    # A shift by s is the quotient q of a + 2^s/2 by 2^s, with a remainder r: 0 <= r <= 2^s - 1.
    rest, above = nonnegative("rest"), nonnegative("above")
    even = 2 * unit  # 2^s for s >= 1
    error = (a + unit - rest) / even - a / even
    proof.equal("q - a/2^s = 1/2 - r/2^s", error, sp.Rational(1, 2) - rest / even, "rational")
    proof.compare("r >= 0: at most 1/2", rest / even, ">=")
    least = (error + sp.Rational(1, 2)).subs(rest, even - 1 - above)
    proof.equal("r = 2^s - 1 - t: above -1/2 by (1 + t)/2^s", least, (1 + above) / even, "rational")
    proof.compare("which is positive", (1 + above) / even, ">")
    # Weights and biases rounded to the nearest integer.
    for error_of_weight in (nonnegative("size"), -nonnegative("size")):
        one_term(proof, nonnegative("size"), error_of_weight, reach)
    half, room = sp.Rational(1, 2), nonnegative("room")
    within = half * reach - (half - room) * reach
    proof.equal("|δ| = 1/2 - room: below |x|/2 by room |x|", within, room * reach)
    proof.compare("which is not negative", room * reach, ">=")
    proof.equal("in units of the accumulator", scale * (half * reach + half), scale * (reach + 1) / 2)
    # Two entries of a table weighed by f and 2^s - f: between them, so within the greatest entry.
    part, other, first, second = (nonnegative(name) for name in ("part", "other", "first", "second"))
    weighed = (reach - first) * other + (reach - second) * part
    proof.equal(
        "2^s · greatest less the weighed entries", (part + other) * reach - weighed, first * other + second * part
    )
    proof.compare("is not negative", first * other + second * part, ">=")


THEOREMS = (
    Theorem(
        id="D1",
        title="no overflow",
        states=8,
        words="|b + Σ_{j<=n} w_j x_j| <= |b| + Σ_j |w_j| X for every n, if |x_j| <= X",
        method="induction over the terms, one sign of the weight after the other",
        argument=no_overflow,
        scope="every number of terms; X = 2^15 for inputs in int16, 2047 for activations of 12 bits",
    ),
    Theorem(
        id="D2",
        title="rounding of a layer of integers",
        states=17,
        words="⌊(a + 2^s/2)/2^s⌋ is within 1/2 of a/2^s; weights and bias rounded to integers change a sum by at most "
        "(Σ_j |x_j| + 1)/2; a linear interpolation stays between its entries",
        method="quotient and remainder; induction over the terms",
        argument=rounding,
        assumptions=("rounding to nearest: every weight and bias moves by at most 1/2",),
        scope="every s >= 1 and every number of terms; an activation cut off at 2047 is not covered",
    ),
)
