"""M7: propagation at linear cost. No weight W_ij is formed, and z_i is exact.

With u = Φ⁻¹ x (a forward substitution), z_i = Σ_{j<i} W_ij x_j needs two products with φ per layer:

    z_i = M_i u_{i-1},   v_i = φ^(i-1) u_{i-1},   u_i = f(z_i) - v_i,   M_i = φ^(i-1) ∘ (λ^(i-1) - λ^(i)).
"""

from collections.abc import Callable, Iterator

import sympy as sp

from derivations.proof.agreement import KINDS, name_of_kind
from derivations.proof.algebra import DISTANCE as d
from derivations.proof.algebra import LAYER as j
from derivations.proof.algebra import activation, phi
from derivations.proof.assignments import Array, Assign, Layers, Sources, When
from derivations.proof.block_shapes import SAMPLES
from derivations.proof.claims import Claim, Recursion
from derivations.proof.notation import (
    M,
    W,
    df,
    elements,
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
from derivations.proof.rules import marker
from derivations.proof.running import Values, run
from derivations.proof.stated import definition
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.spectral.blocks import difference, entries, transfer
from derivations.theorems.spectral.inversion import inverse

i = sp.Symbol("i", integer=True, positive=True)
n = sp.Symbol("n", integer=True, nonnegative=True)
Parts = tuple[Program, Array, tuple[Array, ...], sp.Expr]

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


@definition(
    "from_x", r"(\Phi^{{-1}})_{{{0},\,{1}}}\,x_{{{1}}}", "(Φ⁻¹)_{{{0},{1}}} x_{{{1}}}", ends=lambda i, j: (i, SAMPLES)
)
def substitution(i: sp.Expr, j: sp.Expr) -> sp.Expr:
    """The term of x_j in u_i = Σ_{j<=i} (Φ⁻¹)_ij x_j."""
    return inverse(i, j) * activation(j)


@definition(
    "after_x",
    r"(\Phi^{{-1}})_{{{1} + {0},\,{1}}}\,x_{{{1}}}",
    "(Φ⁻¹)_{{{1}+{0},{1}}} x_{{{1}}}",
    ends=lambda n, j: (j + n, SAMPLES),
)
def substitution_after(n: sp.Expr, j: sp.Expr) -> sp.Expr:
    """The same, n layers behind x_j."""
    return substitution(j + n, j)


U = Recursion(
    "u",
    r"[x_{{{1}}}]\,u_{{{1} + {0}}}",
    "[x_{1}] u_{{{1}+{0}}}",
    activation,
    lambda before, n, j: -phi(j + n) * before(j),
    ends=lambda n, j: (j + n, SAMPLES),
)
"""The term of x_j in u_{j+n}, with u_i = x_i - φ^(i-1) u_{i-1}: x_j itself, and from layer to layer -φ times it."""
SUBSTITUTION = Claim("u = Φ⁻¹ x", U(n, j), substitution_after(n, j), (n, j))
SUM = Claim(
    "z = Σ W x",
    transfer(i, j) * activation(j),
    difference(i) * substitution(i - 1, j),
    (i, j),
    (i - j - 1,),
    words="term of x_j:",
)


def output_stays(proof: Proof, program: Program) -> None:
    """In the last layer nothing is written over z_K, as f'(z) is over the z of a hidden layer."""
    places = {array.name: array.store or array.name for array in program.arrays}
    made = [a.name for a in program.step(hidden=False, sender_hidden=False) if places[a.name] == places["z"]]
    proof.same("z_K stays in its place", set(made), {"z"})


def every_layer(program: Program, known: tuple[Array, ...]) -> Iterator[tuple[str, tuple[bool, bool], Values]]:
    """The step of each kind of layer, hidden or last, behind the input or a hidden layer: its name, kind and values."""
    for hidden, sender_hidden in KINDS:
        yield (
            name_of_kind(hidden, sender_hidden),
            (hidden, sender_hidden),
            run(program.step(hidden=hidden, sender_hidden=sender_hidden), elements(known)),
        )


def upwards(proof: Proof, program: Program) -> None:
    proof.reads(program)
    proof.same("layers run upwards", [type(n) is Layers and n.reverse for n in program.body], [False])


def claims_for(program: Program) -> tuple[Claim, ...]:
    """What the program of M7 computes in each kind of layer."""
    weighted, linear = (marker(k) * u_in.element * e for e in (entries(), phi_array.element))
    claims: list[Claim] = []
    for where, kind, step in every_layer(program, (phi_array, lam_in, lam_out, u_in)):
        claims.append(Claim(f"M, {where}", step["M"], entries(), words="M_i is", kind=kind))
        claims.append(Claim(f"z, {where}", step["z"], weighted, words="z_i is", kind=kind))
        if kind[0]:
            claims.append(
                Claim(
                    f"u, {where}",
                    step["u"],
                    f(step["z"]) - linear,
                    words="u_i = f(z_i) - φ^(i-1) u_{i-1} is",
                    kind=kind,
                )
            )
            claims.append(Claim(f"slope, {where}", step["slope"], df(step["z"]), words="f'(z_i) is", kind=kind))
    return tuple(claims)


def argument_for(program: Program) -> Callable[[Proof], None]:
    """The argument of M7 for a program, so that tests can exchange an assignment."""

    def argument(proof: Proof) -> None:
        # u = Φ⁻¹ x solves Φ u = x, that is u_i = x_i - φ^(i-1) u_{i-1}: compare the coefficients of each x_j.
        proof.induction(SUBSTITUTION, U, substitution_after, n)
        proof.case(SUM, {i: j + d + 1}, cites=("M4",))
        # From blocks to elements: the program computes these formulas, layer by layer.
        upwards(proof, program)
        for claim in claims_for(program):
            proof.case(claim, rule="program")
        output_stays(proof, program)

    return argument


def simple_claims_for(
    program: Program, senders: Array, weights: tuple[Array, ...], block: sp.Expr
) -> tuple[Claim, ...]:
    """z_i is the (sum of the) block times the sender's activations, x_i = f(z_i)."""
    weighted = marker(k) * senders.element * block
    claims: list[Claim] = []
    for where, kind, step in every_layer(program, (*weights, senders)):
        claims.append(Claim(f"z, {where}", step["z"], weighted, words="z_i is", kind=kind))
        if kind[0]:
            claims.append(Claim(f"x, {where}", step["x"], f(weighted), words="x_i is", kind=kind))
            claims.append(Claim(f"slope, {where}", step["slope"], df(weighted), words="f'(z_i) is", kind=kind))
    return tuple(claims)


def simple_argument_for(
    program: Program, senders: Array, weights: tuple[Array, ...], block: sp.Expr
) -> Callable[[Proof], None]:
    """The argument for the two other programs."""

    def argument(proof: Proof) -> None:
        upwards(proof, program)
        for claim in simple_claims_for(program, senders, weights, block):
            proof.case(claim, rule="program")
        output_stays(proof, program)

    return argument


LAYERWISE_PARTS: Parts = (LAYERWISE, x_in, (phi_array, lam_in, lam_out), entries())
DIRECT_PARTS: Parts = (DIRECT, x_source, (W,), W.element)

M7 = Theorem(
    id="M7",
    title="linear-cost propagation",
    claims=(SUBSTITUTION, SUM, *claims_for(GLOBAL)),
    method="induction over layers, index sums",
    argument=argument_for(GLOBAL),
)
M7_LAYERWISE = Theorem(
    id="M7.layerwise",
    title="layerwise propagation",
    claims=simple_claims_for(*LAYERWISE_PARTS),
    method="index sums, evaluation on symbols",
    argument=simple_argument_for(*LAYERWISE_PARTS),
    reference="Nat. Commun. 12, 1330 (2021)",
    by_definition=True,
)
M7_DIRECT = Theorem(
    id="M7.direct",
    title="direct propagation",
    claims=simple_claims_for(*DIRECT_PARTS),
    method="evaluation on symbols",
    argument=simple_argument_for(*DIRECT_PARTS),
    by_definition=True,
    assumptions=("`Sources` runs over every j < i, and += over it is the sum over j",),
)
