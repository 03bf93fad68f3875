"""M18: neurons that another neuron and the linear path can replace, exactly, and the error of an approximate merge.

f(z) - f(-z) is a multiple of z for relu, leaky_relu, swish, gelu (and identity and tanh are odd), so of two neurons with rows w
and -w one can go where weights past the layer are free. A neuron whose z has one sign is linear. Two neurons of relu whose
outgoing weights have one sign are one but for the wedge between their hyperplanes.
"""

from __future__ import annotations

import sympy as sp

from derivations.proof.assignments import Array, Assign
from derivations.proof.facts import left_out
from derivations.proof.notation import elements, f, h, k, s
from derivations.proof.running import run
from derivations.proof.stated import at
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.scalar.activations import (
    ABOVE,
    ACTIVATIONS,
    BELOW,
    WORDS,
    Activation,
    in_exponentials,
    piece,
    z,
)
from derivations.theorems.spectral.kinks import KINKED, slopes
from derivations.theorems.spectral.merging import POSITIVELY_HOMOGENEOUS

SYMMETRY = {
    "identity": (-1, 0),
    "relu": (1, 1),
    "leaky_relu": (1, sp.Rational(101, 100)),
    "tanh": (-1, 0),
    "gelu": (1, 1),
    "swish": (1, 1),
}
"""Activation -> (p, κ) with f(-z) = p f(z) - κ z; elu and sigmoid have no such identity."""

c = sp.Symbol("c", positive=True)
kappa, parity = sp.symbols("kappa parity")
row = Array("row", (k,), "argument", "w, incoming weights of the neuron that stays")
x = Array("x", (s, k), "argument", "activations of the layers before")
pre = Array("pre", (s,), "argument", "t = Σ_k w_k x_k")
gone = Array("gone", (h,), "argument", "v, outgoing weights of the neuron that goes")
kept = Array("kept", (h,), "argument", "outgoing weights of the neuron that stays")
skip = Array("skip", (h, k), "argument", "weights past the layer")
out = Array("out", (s, h), "argument", "what the receivers get of both neurons and past the layer")


def opposite(proof: Proof, symmetry: dict[str, tuple[int, sp.Expr]] = SYMMETRY) -> None:
    """f(-z) = p f(z) - κ z, piece by piece."""
    for activation in ACTIVATIONS:
        if activation.name in symmetry:
            sign, linear = symmetry[activation.name]
            for where, other in ((ABOVE, BELOW), (BELOW, ABOVE)):
                there = at(piece(activation.function, other), {z: -z})
                right = in_exponentials(sign * piece(activation.function, where) - linear * z)
                claim = f"{activation.name}, {WORDS[where]}: f(-z) = {sign} f(z) - {linear} z"
                proof.equal(claim, in_exponentials(there), right, "rational")


def received(weights: sp.Expr, past: sp.Expr, sent: sp.Expr) -> sp.Expr:
    """Σ_k past x_k + weights f(t) + gone · sent, at every receiver."""
    program = (
        Assign(pre.element, row.element * x.element, over=(k,)),
        Assign(out.element, past * x.element, over=(k,)),
        Assign(out.element, weights * f(pre.element) + sent, accumulate=True),
    )
    return run(program, elements((row, x, gone, kept, skip)))["out"]


def pre_activation() -> sp.Expr:
    """t of the neuron that stays."""
    return run((Assign(pre.element, row.element * x.element, over=(k,)),), elements((row, x)))["pre"]


def one_of_two(proof: Proof, change: sp.Expr = -kappa * c * gone.element * row.element) -> None:
    """The neuron with the row -c w goes; `change` is what a weight past the layer takes."""
    sign = sp.Symbol("z", positive=True)
    proof.compare(
        "c z has the sign of z: f(-c t) = c f(-t) where f is homogeneous; c = 1 for any other f", c * sign, ">"
    )
    both = received(kept.element, skip.element, sp.S.Zero)
    inner = pre_activation()
    other = c * gone.element * (parity * f(inner) - kappa * inner)
    fewer = received(kept.element + c * parity * gone.element, skip.element + change, sp.S.Zero)
    proof.equal(
        "v f(-c t) = c p v f(t) - c κ v t: the column goes to the other neuron, ΔW_hk = -κ c v_h w_k past the layer",
        both + other,
        fewer,
        "program",
        ["M16"],
    )


def one_sign(proof: Proof) -> None:
    """z of one sign on the data, on their convex hull, on a box."""
    for activation in KINKED:
        lower, upper = slopes(activation)
        for name, where, slope in (("z >= 0", ABOVE, upper), ("z <= 0", BELOW, lower)):
            claim = f"{activation.name}, {name} on the data: f(z) = {slope} z"
            proof.equal(claim, piece(activation.function, where), slope * z)
    slope = sp.Symbol("slope")
    linear = received(kept.element, skip.element, sp.S.Zero)
    inner = pre_activation()
    absorbed = received(sp.S.Zero, skip.element + slope * kept.element * row.element, sp.S.Zero)
    replaced = at(linear, {f(inner): slope * inner})
    proof.equal("v f(z) = slope v z: ΔW_hk = slope v_h w_k past the layer", replaced, absorbed, "program")
    share, rest, first, second = sp.symbols("share rest first second", nonnegative=True)
    claim = "between two samples with z >= 0: share z + rest z' >= 0, so on their convex hull"
    proof.compare(claim, share * first + rest * second, ">=")
    box(proof)


def box(proof: Proof, least: tuple[str, str] = ("lo", "hi")) -> None:
    """lo <= x <= hi: w x >= min(w lo, w hi); `least` are the ends at which w x is least for w >= 0 and w <= 0."""
    lo, size = sp.Symbol("lo", real=True), sp.Symbol("w", nonnegative=True)
    below, above = sp.symbols("below above", nonnegative=True)  # x - lo and hi - x
    place = lo + below
    ends = {"lo": lo, "hi": place + above}
    for weight, where, end in ((size, "w >= 0", least[0]), (-size, "w <= 0", least[1])):
        other = "hi" if end == "lo" else "lo"
        proof.compare(f"{where}: w x >= w {end}", weight * place, ">=", weight * ends[end])
        proof.compare(f"{where}: w x <= w {other}", weight * place, "<=", weight * ends[other])
    b, w, end = sp.Symbol("b", real=True), sp.Symbol("w", positive=True), sp.Symbol("end", real=True)
    t = sp.Symbol("t", real=True)
    claim = "one input, w > 0: w lo + b = w (lo - (-b/w)), not below 0 where the breakpoint -b/w is at most lo"
    proof.equal(claim, at(w * t + b, {t: end}), w * (end - (-b / w)), "rational")


def wedge(proof: Proof, scale: sp.Expr = sp.S.One) -> None:
    """f(a) + f(b) - f(a + b) by the signs of a, b and a + b; `scale` multiplies the claimed error."""
    u, v = sp.symbols("u v", positive=True)
    # The signs of a, b and a + b, and the least of |a| and |b| where the signs of a and b differ; pairs to read across.
    cases = (
        ("a > 0, b > 0", u, v, sp.S.Zero), ("a < 0, b < 0", -u, -v, sp.S.Zero),
        ("a > -b > 0", u + v, -v, v), ("-b > a > 0", u, -u - v, u),
        ("b > -a > 0", -v, u + v, v), ("-a > b > 0", -u - v, u, u),
    )  # fmt: skip
    for activation in KINKED:
        lower, upper = slopes(activation)

        def value(place: sp.Expr, activation: Activation = activation) -> sp.Expr:
            return at(piece(activation.function, ABOVE if place.is_positive else BELOW), {z: place})

        for name, a, b, least in cases:
            proof.compare(f"{activation.name}, {name}: a + b has one sign", a + b, "!=")
            error = value(a) + value(b) - value(sp.expand(a + b))
            claim = f"{activation.name}, {name}: f(a) + f(b) - f(a + b) = (f'(0+) - f'(0-)) {'min(|a|, |b|)' if least else '0'}"
            proof.equal(claim, error, scale * (upper - lower) * least)


def argument(proof: Proof) -> None:
    opposite(proof)
    one_of_two(proof)
    one_sign(proof)
    wedge(proof)
    names = [activation.name for activation in POSITIVELY_HOMOGENEOUS]
    extra = left_out(tuple(a.name for a in KINKED), tuple(names))
    proof.same("f of the wedge for which v f(z) = f(v z), v > 0, is not shown", extra, [])


M18 = Theorem(
    id="M18",
    title="identities of neurons",
    states=49,
    words="f(-z) = f(z) - z (relu, gelu, swish), f(z) - 1.01 z (leaky_relu), -f(z) (identity, tanh): of neurons with rows w and "
    "-c w one goes, its outgoing column, times c, to the other, ΔW_hk = -κ c v_h w_k past the layer (c = 1 but for relu, "
    "leaky_relu, identity); z of one sign on the data: f is linear, ΔW_hk = f' v_h w_k, on a box if Σ min(w lo, w hi) + b >= 0 "
    "or Σ max(w lo, w hi) + b <= 0; f(a) + f(b) - f(a + b) = (f'(0+) - f'(0-)) min(|a|, |b|) where a b < 0, else 0 (relu, "
    "leaky_relu)",
    method="pieces of f, evaluation on symbols, cases of signs",
    argument=argument,
    assumptions=(
        "weights past the layer, from every layer before to every receiver, are free",
        "z of one sign is a property of the data; the convex hull is that of the inputs, for the first hidden layer",
        "where a + b = 0 the wedge is the limit of both of its sides, as f is continuous",
    ),
    scope="every number of samples, neurons and receivers",
)
