"""M16: neurons of one layer whose incoming rows are positive multiples of each other are one neuron."""

import sympy as sp

from derivations.proof.assignments import Array, Assign
from derivations.proof.claims import Assumption, Claim
from derivations.proof.notation import elements, f, k, s
from derivations.proof.running import run
from derivations.proof.stated import Definition, at
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.scalar.activations import ACTIVATIONS, Activation, on_piece, z

c = sp.Symbol("c", positive=True)
first, second = sp.symbols("first second")  # outgoing weights of the two neurons
row = Array("row", (k,), "argument", "the incoming weights of the first neuron, of all layers before it")
x = Array("x", (s, k), "argument", "the activations of all layers before it")
pre = Array("pre", (s,), "argument", "the pre-activation of a neuron")


def piece(activation: Activation, positive: bool) -> Definition:
    """f on one side of its kink, by name."""
    side = ">" if positive else "<="
    return Definition(
        f"{activation.name}, z {side} 0",
        lambda: on_piece(activation.function, positive),
        rf"\mathrm{{{{{activation.name}}}}}(z)".replace("_", r"\_"),
        f"{activation.name}(z)",
        commutative=True,
    )


def pieces(activation: Activation) -> tuple[sp.Expr, sp.Expr]:
    """f for z <= 0 and for z > 0."""
    return on_piece(activation.function, False), on_piece(activation.function, True)


def homogeneous(activation: Activation) -> bool:
    """f(c z) = c f(z) for every c > 0: piece by piece, since c > 0 leaves the sign of z as it is."""
    return all(sp.expand(value.subs(z, c * z) - c * value) == 0 for value in pieces(activation))


POSITIVELY_HOMOGENEOUS = tuple(activation for activation in ACTIVATIONS if homogeneous(activation))


def weighted(weight: sp.Expr) -> sp.Expr:
    """Σ_k weight x_k."""
    return run((Assign(pre.element, weight * x.element, over=(k,)),), elements((row, x)))["pre"]


HOMOGENEOUS = Assumption(f(c * z), c * f(z), "shown piece by piece for the activations named")
ROWS = Claim("rows", weighted(c * row.element), c * weighted(row.element), words="z' of the row c w:")
SIGNS = tuple(
    Claim(f"sign where z {name} 0", c * sp.Symbol("z", **{sign: True}), sp.S.Zero, relation=name, words=f"z {name} 0:")
    for sign, name in (("positive", ">"), ("negative", "<"))
)
PIECES = tuple(
    Claim(f"{activation.name}, z {'>' if positive else '<='} 0", at(piece(activation, positive)(), {z: c * z}),
          c * piece(activation, positive)(), words=f"{activation.name}, z {'>' if positive else '<='} 0:")
    for activation in POSITIVELY_HOMOGENEOUS for positive in (False, True)
)  # fmt: skip


def merged(factor: sp.Expr = c) -> Claim:
    """`factor` is what the second neuron's outgoing column is multiplied with before it is added to the first."""
    return Claim(
        "columns",
        first * f(z) + second * f(c * z),
        (first + factor * second) * f(z),
        words="both neurons send",
        assumes=(HOMOGENEOUS,),
    )


def argument(proof: Proof, factor: sp.Expr = c) -> None:
    proof.case(ROWS, rule="program")
    for claim in SIGNS:
        proof.case(claim, rule="decided")
    for claim in PIECES:
        proof.case(claim)
    proof.case(merged(factor), given=(HOMOGENEOUS,))


M16 = Theorem(
    id="M16",
    title="merging",
    claims=(ROWS, *SIGNS, *PIECES, merged()),
    method="evaluation on symbols, pieces of f",
    argument=argument,
    assumptions=(HOMOGENEOUS,),
    scope="every number of samples and of neurons before it",
)
