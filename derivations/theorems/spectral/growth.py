"""M12, M13, M14: how layers and neurons come and go without a jump in the function.

A network with one layer less or more has other paths and other signs, so its blocks are computed anew: a block is
(-1)^(steps - 1) [φ L - L φ] P with the last step's φ and eigenvalues. Layer m is the one that is removed or inserted;
b = j below it and a = m + 1 or above. Blocks between two layers on one side of m contain nothing that changes.
"""

from collections.abc import Callable

import sympy as sp

from derivations.proof.algebra import DISTANCE as d
from derivations.proof.algebra import LAYER as j
from derivations.proof.algebra import activation, eigenvalues, path, phi, sign
from derivations.proof.assignments import Array
from derivations.proof.notation import W, entries_of_difference, f, h, k, lam_in, lam_out, u_in, x_in, x_source
from derivations.proof.notation import phi as phi_array
from derivations.proof.programs import Program
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.spectral import propagation
from derivations.theorems.spectral.blocks import transfer

c = sp.Symbol("c")
e = sp.Symbol("e", integer=True, nonnegative=True)
m = j + d + 1  # a hidden layer above j
ZERO_AT_ZERO = "f(0) = 0"


def block(steps: sp.Expr, last: sp.Expr, sender: sp.Expr, receiver: sp.Expr, before: sp.Expr) -> sp.Expr:
    """W = (-1)^(steps - 1) [last · sender - receiver · last] · before, for a path of `steps` steps."""
    return sign(steps - 1) * (last * sender - receiver * last) * before


def constant(expression: sp.Expr, *layers: sp.Expr) -> sp.Expr:
    """All eigenvalues of these layers are c: L = c I."""
    return sp.expand(expression).subs({eigenvalues(sp.expand(layer)): c for layer in layers})


def silent(proof: Proof) -> None:
    zero = sp.S.Zero
    proof.equal(
        "x_m = f(0) = 0: a silent layer sends nothing", f(zero).subs(f(zero), zero), zero, "convention", ["M10"]
    )


Shortcut = Callable[[sp.Expr, sp.Expr], sp.Expr]


def shortcut(i: sp.Expr, below: sp.Expr) -> sp.Expr:
    """φ' = -φ^(i) φ^(i-1), the block that replaces layer i."""
    return -phi(i) * phi(i - 1)


def collapse_argument(proof: Proof, new: Shortcut = shortcut) -> None:
    """Layer m is removed; the block of paths from m-1 to m+1 is `new`."""
    replacement = new(m, j)
    proof.equal("W_mj = 0: layer m is silent", constant(transfer(m, j), m, m - 1), sp.S.Zero, cites=["M4"])
    silent(proof)
    above = m + 2 + e
    through = path(above - 1, m + 1) * replacement * path(m - 1, j)
    proof.equal(
        "a > m + 1 > m > b: one step less, one sign more",
        constant(block(above - j - 1, phi(above - 1), eigenvalues(above - 1), eigenvalues(above), through), m, m - 1),
        constant(transfer(above, j), m, m - 1),
        cites=["M4"],
    )
    proof.equal(
        "a = m + 1, b < m: φ' is the last step",
        constant(block(m - j, replacement, eigenvalues(m - 1), eigenvalues(m + 1), path(m - 1, j)), m, m - 1),
        constant(transfer(m + 1, j), m, m - 1),
        cites=["M4"],
    )
    same_sums(proof)


def same_sums(proof: Proof) -> None:
    proof.equal(
        "z_a is the same sum over all b but m, layer after layer: the term of m is W_am x_m = 0",
        (transfer(m + 1, m) * activation(m)).subs(activation(m), 0),
        sp.S.Zero,
        "induction",
    )


def depth_argument(proof: Proof, new: sp.Expr = -sp.S.One, own: Callable[[sp.Expr], sp.Expr] = eigenvalues) -> None:
    """Layer n is inserted between i and i + 1: φ_new = -I, then the old φ^(i); L_n = `own(i)`.

    b = j lies below i = m, or is i = j itself, which may be layer 1.
    """
    for where, i in (("b < i", m), ("b = i", j)):
        arriving = block(i + 1 - j, new, eigenvalues(i), own(i), path(i, j))
        proof.equal(f"W_nb = 0 for {where}: the new layer is silent", arriving, sp.S.Zero)
        for what, top, sender in (("a = i + 1", i + 1, own(i)), ("a > i + 1", i + 2 + e, eigenvalues(i + 1 + e))):
            through = path(top - 1, i) * new * path(i, j)
            proof.equal(
                f"{what}, {where}: one step more, one sign more",
                block(top - j + 1, phi(top - 1), sender, eigenvalues(top), through),
                transfer(top, j),
                cites=["M4"],
            )
    silent(proof)
    same_sums(proof)
    # The first step away from silence: the weights of layer n are differences of eigenvalues.
    proof.equal(
        "W_ni = λ_new - λ^(i) on the diagonal: it wakes continuously",
        entries_of_difference().subs(phi_array.at(h, k), -sp.KroneckerDelta(h, k)),
        sp.KroneckerDelta(h, k) * (lam_out.at(h) - lam_in.at(k)),
    )


Variant = tuple[Program, tuple[Array, ...], sp.Expr]
WEIGHTS = (phi_array, lam_in, lam_out)
WIDTH_VARIANTS: tuple[Variant, ...] = (
    (propagation.GLOBAL, (*WEIGHTS, u_in), phi_array.element),
    (propagation.LAYERWISE, (*WEIGHTS, x_in), phi_array.element),
    (propagation.DIRECT, (W, x_source), W.element),
)
"""The programs of the propagation, what they read of the layer before, and the outgoing weight of neuron k."""


def width_argument(proof: Proof, variants: tuple[Variant, ...] = WIDTH_VARIANTS) -> None:
    """The terms of a new neuron k in every program of the propagation."""
    for program, known, outgoing in variants:
        for where, _, values in propagation.every_layer(program, known):
            terms = [name for name in ("z", "v") if name in values]
            for name in terms:
                quotient = sp.expand(values[name] / outgoing)
                proof.equal(
                    f"{program.name}, {where}: what sender k adds to {name} is a multiple of {outgoing}",
                    values[name],
                    outgoing * quotient,
                    "program",
                    ["M7"],
                )
                claim = "the other factor does not contain it, so a column 0 adds nothing"
                proof.true(claim, not quotient.has(outgoing), rule="computed")
            read = {str(leaf.base) for name in terms for leaf in values[name].atoms(sp.Indexed)}
            proof.same(f"{program.name}: nothing else is read of the layer before", read, {a.name for a in known})


M12 = Theorem(
    id="M12",
    title="collapse",
    statement="all eigenvalues of a hidden layer i and of layer i-1 equal to one c: layer i is silent, and the network "
    "without it, with φ' = -φ^(i) φ^(i-1) and all other eigenvalues kept, computes the same function",
    method="path products, cases",
    argument=collapse_argument,
    assumptions=(ZERO_AT_ZERO,),
)
M13 = Theorem(
    id="M13",
    title="width growth",
    statement="new neurons in a hidden layer with outgoing column 0 leave the function unchanged, whatever their "
    "eigenvalues and incoming φ",
    method="evaluation on symbols",
    argument=width_argument,
)
M14 = Theorem(
    id="M14",
    title="depth growth",
    statement="a layer n inserted after layer i, with φ_new = -I and λ_new = λ^(i), the old φ^(i) behind it, leaves the "
    "function unchanged; its weights grow continuously with λ_new - λ^(i)",
    method="path products, cases",
    argument=depth_argument,
    assumptions=(ZERO_AT_ZERO,),
)
