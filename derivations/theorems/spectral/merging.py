"""M16: neurons of one layer whose incoming rows are positive multiples of each other are one neuron."""

import sympy as sp

from derivations.proof.assignments import Array, Assign
from derivations.proof.notation import elements, f, k, s
from derivations.proof.rules import evaluate
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.scalar.activations import ACTIVATIONS, Activation, on_piece, z

c = sp.Symbol("c", positive=True)
first, second = sp.symbols("first second")  # outgoing weights of the two neurons
row = Array("row", (k,), "argument", "the incoming weights of the first neuron, of all layers before it")
x = Array("x", (s, k), "argument", "the activations of all layers before it")
pre = Array("pre", (s,), "argument", "the pre-activation of a neuron")


def pieces(activation: Activation) -> tuple[sp.Expr, sp.Expr]:
    """f for z <= 0 and for z > 0."""
    return on_piece(activation.function, False), on_piece(activation.function, True)


def homogeneous(activation: Activation) -> bool:
    """f(c z) = c f(z) for every c > 0: piece by piece, since c > 0 leaves the sign of z as it is."""
    return all(sp.expand(value.subs(z, c * z) - c * value) == 0 for value in pieces(activation))


POSITIVELY_HOMOGENEOUS = tuple(activation for activation in ACTIVATIONS if homogeneous(activation))


def argument(proof: Proof, factor: sp.Expr = c) -> None:
    """`factor` is what the second neuron's outgoing column is multiplied with before it is added to the first."""

    def weighted(weight: sp.Expr) -> sp.Expr:
        return evaluate((Assign(pre.element, weight * x.element, over=(k,)),), elements((row, x)))["pre"]

    proof.equal("z' = c z for the row c w", weighted(c * row.element), c * weighted(row.element), "program")
    for sign, name in ((1, ">"), (-1, "<")):
        sample = sp.Symbol("z", **{"positive" if sign > 0 else "negative": True})
        proof.true(f"c z {name} 0 where z {name} 0: the piece of f stays", (sign * c * sample).is_positive)
    for activation in POSITIVELY_HOMOGENEOUS:
        for number, value in enumerate(pieces(activation), 1):
            proof.equal(f"{activation.name}, piece {number}: f(c z) = c f(z)", value.subs(z, c * z), c * value)
    both = first * f(z) + second * f(c * z)
    proof.equal("a f(z) + b f(c z) = (a + c b) f(z)", both.subs(f(c * z), c * f(z)), (first + factor * second) * f(z))


M16 = Theorem(
    id="M16",
    title="merging",
    statement="incoming rows w and c w with c > 0, f(c z) = c f(z): x' = c x, so the outgoing columns add, the second "
    f"times c; f is one of {', '.join(activation.name for activation in POSITIVELY_HOMOGENEOUS)}",
    method="evaluation on symbols, pieces of f",
    argument=argument,
    assumptions=("f(c z) = c f(z) for every c > 0, shown piece by piece for the activations named",),
)
