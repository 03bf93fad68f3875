"""M7: propagation at linear cost. No weight W_ij is formed, and z_i is exact.

With u = Φ⁻¹ x (a forward substitution), z_i = Σ_{j<i} W_ij x_j needs two products with φ per layer:

    z_i = M_i u_{i-1},   v_i = φ^(i-1) u_{i-1},   u_i = f(z_i) - v_i,   M_i = φ^(i-1) ∘ (λ^(i-1) - λ^(i)).
"""

from collections.abc import Callable, Iterator
from itertools import product

import sympy as sp

from derivations.proof.algebra import DISTANCE as d
from derivations.proof.algebra import LAYER as j
from derivations.proof.algebra import activation, lower, path, phi, sign
from derivations.proof.assignments import Array, Assign, Layers, Sources, When
from derivations.proof.notation import (
    M,
    W,
    df,
    elements,
    entries_of_difference,
    f,
    k,
    lam_in,
    lam_out,
    slope,
    u,
    u_in,
    v,
    x,
    x_in,
    x_source,
    z,
)
from derivations.proof.notation import phi as phi_array
from derivations.proof.programs import Program
from derivations.proof.rules import evaluate, marker
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.spectral.blocks import difference, transfer

MIX = Assign(M.element, phi_array.element * (lam_in.element - lam_out.element))
ACTIVATE = (Assign(x.element, f(z.element)), Assign(slope.element, df(z.element)))

GLOBAL = Program(
    "propagate_global",
    "z_i = sum over j < i of W_ij x_j for every layer, without forming W_ij",
    ("M7",),
    (phi_array, lam_in, lam_out, M, u_in, z, v, x, slope, u),
    (
        Layers(
            (
                MIX,
                Assign(z.element, u_in.element * M.element, over=(k,)),
                When(
                    "hidden",
                    (
                        Assign(v.element, u_in.element * phi_array.element, over=(k,)),
                        *ACTIVATE,
                        Assign(u.element, x.element - v.element),
                    ),
                ),
            )
        ),
    ),
)

LAYERWISE = Program(
    "propagate_layerwise",
    "z_i = (phi o (lam_in - lam_out)) x_{i-1} for every layer",
    ("M7.layerwise",),
    (phi_array, lam_in, lam_out, M, x_in, z, x, slope),
    (Layers((MIX, Assign(z.element, x_in.element * M.element, over=(k,)), When("hidden", ACTIVATE))),),
)

DIRECT = Program(
    "propagate_direct",
    "z_i = sum over j < i of W_ij x_j for every layer, every W_ij free",
    ("M7.direct",),
    (W, x_source, z, x, slope),
    (
        Layers(
            (
                Assign(z.element, sp.Integer(0)),
                Sources((Assign(z.element, x_source.element * W.element, over=(k,), accumulate=True),)),
                When("hidden", ACTIVATE),
            )
        ),
    ),
)


def substitution(i: sp.Expr, j: sp.Expr) -> sp.Expr:
    """The term of x_j in u_i = Σ_{j<=i} (Φ⁻¹)_ij x_j."""
    return lower(lambda i, j: sign(i - j) * path(i, j))(i, j) * activation(j)


def output_stays(proof: Proof, program: Program) -> None:
    """In the last layer nothing is written over z_K, as f'(z) is over the z of a hidden layer."""
    places = {array.name: array.store or array.name for array in program.arrays}
    made = [a.name for a in program.step(hidden=False, sender_hidden=False) if places[a.name] == places["z"]]
    proof.same("z_K stays in its place", set(made), {"z"})


def every_layer(program: Program, known: tuple[Array, ...]) -> Iterator[tuple[str, bool, dict[str, sp.Expr]]]:
    """The step of each kind of layer, hidden or last, behind the input or a hidden layer: its name and its values."""
    for hidden, sender_hidden in product((True, False), repeat=2):
        where = f"{'hidden' if hidden else 'last'} layer, {'hidden' if sender_hidden else 'input'} layer before it"
        yield where, hidden, evaluate(program.step(hidden=hidden, sender_hidden=sender_hidden), elements(known))


def argument_for(program: Program) -> Callable[[Proof], None]:
    """The argument of M7 for a program, so that tests can exchange an assignment."""

    def argument(proof: Proof) -> None:
        # u = Φ⁻¹ x solves Φ u = x, that is u_i = x_i - φ^(i-1) u_{i-1}: compare the coefficients of each x_j.
        proof.equal("u_i: term of x_i", activation(j), substitution(j, j), rule="induction")
        proof.equal(
            "u_i = x_i - φ^(i-1) u_{i-1}: term of x_j, j < i",
            -phi(j + d) * substitution(j + d, j),
            substitution(j + d + 1, j),
            rule="induction",
        )
        proof.equal(
            "Σ_{j<i} W_ij x_j = [φ L_{i-1} - L_i φ] u_{i-1}: term of x_j",
            transfer(j + d + 1, j) * activation(j),
            difference(j + d + 1) * substitution(j + d, j),
            cites=("M4",),
        )
        # From blocks to elements: the program computes these formulas, layer by layer.
        proof.true(
            "layers run upwards", [type(n) is Layers and n.reverse for n in program.body] == [False], rule="computed"
        )
        weighted, linear = (marker(k) * u_in.element * e for e in (entries_of_difference(), phi_array.element))
        for where, hidden, step in every_layer(program, (phi_array, lam_in, lam_out, u_in)):
            proof.equal(f"{where}: [φ L_{{i-1}} - L_i φ]_hk = M_hk", entries_of_difference(), step["M"])
            proof.equal(f"{where}: z = M u_{{i-1}}", step["z"], weighted, rule="program")
            if hidden:
                proof.equal(
                    f"{where}: u_i = f(z_i) - φ^(i-1) u_{{i-1}}", step["u"], f(step["z"]) - linear, rule="program"
                )
                proof.equal(f"{where}: slope = f'(z_i)", step["slope"], df(step["z"]), rule="program")
        output_stays(proof, program)

    return argument


def simple_argument_for(
    program: Program, senders: Array, weights: tuple[Array, ...], block: sp.Expr
) -> Callable[[Proof], None]:
    """z_i is the (sum of the) block times the sender's activations, x_i = f(z_i)."""

    def argument(proof: Proof) -> None:
        proof.true(
            "layers run upwards", [type(n) is Layers and n.reverse for n in program.body] == [False], rule="computed"
        )
        weighted = sp.expand(marker(k) * senders.element * block)
        for where, hidden, step in every_layer(program, (*weights, senders)):
            proof.equal(f"{where}: z = weights times {senders.name}", step["z"], weighted, rule="program")
            if hidden:
                proof.equal(f"{where}: x_i = f(z_i)", step["x"], f(weighted), rule="program")
                proof.equal(f"{where}: slope = f'(z_i)", step["slope"], df(weighted), rule="program")
        output_stays(proof, program)

    return argument


M7 = Theorem(
    id="M7",
    title="linear-cost propagation",
    statement="u_1 = x_1, z_i = M_i u_{i-1}, u_i = f(z_i) - φ^(i-1) u_{i-1} gives z_i = Σ_{j<i} W_ij x_j",
    method="induction over layers, index sums",
    argument=argument_for(GLOBAL),
)
M7_LAYERWISE = Theorem(
    id="M7.layerwise",
    title="layerwise propagation",
    statement="z_i = [φ ∘ (λ^in - λ^out)] x_{i-1}, x_i = f(z_i)",
    method="index sums, evaluation on symbols",
    argument=simple_argument_for(LAYERWISE, x_in, (phi_array, lam_in, lam_out), entries_of_difference()),
    reference="Nat. Commun. 12, 1330 (2021)",
)
M7_DIRECT = Theorem(
    id="M7.direct",
    title="direct propagation",
    statement="z_i = Σ_{j<i} W_ij x_j, x_i = f(z_i)",
    method="evaluation on symbols",
    argument=simple_argument_for(DIRECT, x_source, (W,), W.element),
    assumptions=("`Sources` runs over every j < i, and += over it is the sum over j",),
)
