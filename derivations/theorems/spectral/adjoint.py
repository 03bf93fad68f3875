"""M8: the adjoint of the propagation, the gradient of any loss with respect to every parameter.

From i = K down to 2, with bars for ∂ℓ/∂·, in the form of M_i = φ ∘ (λ^in - λ^out):

    z̄_i = ū_i ∘ f'(z_i)                       (hidden; z̄_K = ∂ℓ/∂z_K)
    M̄   = z̄_i u_{i-1}ᵀ
    φ̄   = M̄ ∘ (λ^in - λ^out) - ū_i u_{i-1}ᵀ   (second term hidden)
    λ̄^in += column sums of M̄ ∘ φ,   λ̄^out -= row sums of M̄ ∘ φ
    ū_{i-1} = Mᵀ z̄_i - φᵀ ū_i                  (second term hidden)

The programs below are these lines. Each is proven equal to what reverse accumulation makes of the
assignments of `propagation`, for the hidden and for the last layer; the chain of layers is an induction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product

import sympy as sp

from derivations.proof.notation import (
    M,
    W,
    df,
    dlam_in,
    dlam_out,
    dM,
    dphi,
    du,
    du_in,
    dW,
    dx,
    dx_in,
    dx_source,
    dz,
    elements,
    g,
    h,
    k,
    lam_in,
    lam_out,
    phi,
    q,
    s,
    slope,
    u,
    u_in,
    x,
    x_in,
    x_source,
    z,
)
from derivations.proof.programs import Array, Assign, Layers, Node, Program, Sources, When
from derivations.proof.rules import cotangents, evaluate
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.spectral import propagation
from derivations.theorems.spectral.propagation import MIX

EIGENVALUE_GRADIENTS = (
    Assign(dlam_in.element, dM.element * phi.element, over=(h,), accumulate=True),
    Assign(dlam_out.element, -dM.element * phi.element, over=(k,), accumulate=True),
)

GLOBAL = Program(
    "adjoint_global",
    "gradient of a loss with respect to every eigenvector block and eigenvalue",
    ("M8",),
    (phi, lam_in, lam_out, dphi, dlam_in, dlam_out, M, dM, g, u_in, slope, dz, du, du_in, q),
    (
        Layers(
            (
                When("hidden", (Assign(dz.element, du.element * slope.element),)),
                MIX,
                Assign(dM.element, dz.element * u_in.element, over=(s,)),
                When(
                    "hidden",
                    (
                        Assign(g.element, du.element * u_in.element, over=(s,)),
                        Assign(dphi.element, dM.element * (lam_in.element - lam_out.element) - g.element),
                    ),
                ),
                When("last", (Assign(dphi.element, dM.element * (lam_in.element - lam_out.element)),)),
                *EIGENVALUE_GRADIENTS,
                When(
                    "sender hidden",
                    (
                        Assign(du_in.element, dz.element * M.element, over=(h,)),
                        When(
                            "hidden",
                            (
                                Assign(q.element, du.element * phi.element, over=(h,)),
                                Assign(du_in.element, -q.element, accumulate=True),
                            ),
                        ),
                    ),
                ),
            ),
            reverse=True,
        ),
    ),
)

LAYERWISE = Program(
    "adjoint_layerwise",
    "gradient of a loss with respect to every eigenvector block and eigenvalue pair",
    ("M8.layerwise",),
    (phi, lam_in, lam_out, dphi, dlam_in, dlam_out, M, dM, x_in, slope, dz, dx, dx_in),
    (
        Layers(
            (
                When("hidden", (Assign(dz.element, dx.element * slope.element),)),
                MIX,
                Assign(dM.element, dz.element * x_in.element, over=(s,)),
                Assign(dphi.element, dM.element * (lam_in.element - lam_out.element)),
                *EIGENVALUE_GRADIENTS,
                When("sender hidden", (Assign(dx_in.element, dz.element * M.element, over=(h,)),)),
            ),
            reverse=True,
        ),
    ),
)

DIRECT = Program(
    "adjoint_direct",
    "gradient of a loss with respect to every weight W_ij",
    ("M8.direct",),
    (W, dW, x_source, slope, dz, dx, dx_source),
    (
        Layers(
            (
                When("hidden", (Assign(dz.element, dx.element * slope.element),)),
                Sources((Assign(dW.element, dz.element * x_source.element, over=(s,)),)),
                Sources((Assign(dx_source.element, dz.element * W.element, over=(h,), accumulate=True),), hidden=True),
            ),
            reverse=True,
        ),
    ),
)


@dataclass(frozen=True)
class Roles:
    """What a layer receives from (u_{i-1}, x_{i-1} or x_j), what it makes (u_i or x_i), and their cotangents."""

    sender: Array
    receiver: Array
    d_sender: Array
    d_receiver: Array

    @classmethod
    def of(cls, forward: Program) -> Roles:
        names = {array.name for array in forward.arrays}
        if "u" in names:
            return cls(u_in, u, du_in, du)
        return cls(x_in, x, dx_in, dx) if "x_in" in names else cls(x_source, x, dx_source, dx)


def argument_for(forward: Program, backward: Program) -> Callable[[Proof], None]:
    """The argument for a pair of programs, so that tests can exchange an assignment in either."""

    def argument(proof: Proof) -> None:
        for hidden, sender_hidden in product((True, False), repeat=2):
            one_layer(proof, forward, backward, hidden, sender_hidden)
        all_layers(proof, forward, backward)
        places(proof, forward, backward)

    return argument


def one_layer(proof: Proof, forward: Program, backward: Program, hidden: bool, sender_hidden: bool) -> None:
    """Each line of the adjoint is what reverse accumulation makes of the propagation of this layer."""
    where = f"{'hidden' if hidden else 'last'} layer, {'hidden' if sender_hidden else 'input'} layer before it"
    roles = Roles.of(forward)
    # The loss enters a hidden layer through u_i (or x_i), the last one through z_K.
    seed = {roles.receiver.name: roles.d_receiver.element} if hidden else {"z": dz.element}
    truth = cotangents(forward.step(hidden=hidden, sender_hidden=sender_hidden), seed)
    truth = {name: _inline(bar, forward) for name, bar in truth.items()}
    # A hidden layer computes its own z̄; the last one is given it by the loss.
    known = elements((*parameters(forward), roles.sender, roles.d_receiver, dz)) | {"slope": df(z.element)}
    claimed = evaluate(backward.step(hidden=hidden, sender_hidden=sender_hidden), known)
    pairs = [(array.name, f"d{array.name}") for array in parameters(forward)]
    if sender_hidden:  # the input layer's own cotangent is not asked for
        pairs.append((roles.sender.name, roles.d_sender.name))
    for name, bar in pairs:
        proof.equal(f"{where}: ∂ℓ/∂{name}", claimed[bar], truth[name], rule="reverse accumulation")


def all_layers(proof: Proof, forward: Program, backward: Program) -> None:
    """Induction over layers.

    Step i reads layer i-1 only through the sender (any j < i in the direct network) and the parameters of its own
    layers; so ∂ℓ/∂(sender) is complete once step i is done, and an array that two steps share (λ^(i) as λ^out and
    as λ^in; x_j in every later layer) collects one contribution from each.
    """
    roles = Roles.of(forward)
    loops = [*map(_order, forward.body), *map(_order, backward.body)]
    proof.same("one loop over all layers, forward and then back", loops, [("Layers", False), ("Layers", True)])
    read = {str(operand.base) for a in forward.assignments for operand in a.operands}
    made = {a.name for a in forward.assignments}
    own = {array.name for array in (*parameters(forward), roles.sender)}
    proof.same("step i reads only the sender and its own parameters", read - made, own)
    shared = {"dlam_in", "dlam_out"} if lam_in in forward.arrays else {"dx_source"}
    # ū_{i-1} is put together from two products inside one step.
    collected = {a.name for a in backward.assignments if a.accumulate} - {"du_in"}
    proof.same("what several steps share is accumulated", collected, shared)


def places(proof: Proof, forward: Program, backward: Program) -> None:
    """What one step leaves is what the next one finds."""
    roles = Roles.of(forward)
    ahead, back = ({array.name: place(array) for array in p.arrays} for p in (forward, backward))
    result = [a.name for a in forward.assignments if a.name in ("u", "x")][-1]
    proof.same("a layer's result is the next layer's sender", [ahead[roles.sender.name]], [ahead[result]])
    proof.same(
        "a sender's cotangent is the next receiver's", [back[roles.d_sender.name]], [back[roles.d_receiver.name]]
    )
    proof.same("f'(z), then ∂ℓ/∂z, stand in the place of z", [back["slope"], back["dz"]], 2 * [ahead["z"]])
    both = [name for name in ahead if name in back]
    proof.same("both programs keep an array in one place", [ahead[n] for n in both], [back[n] for n in both])


def parameters(program: Program) -> list[Array]:
    return [array for array in program.arrays if array.kind == "parameter"]


def place(array: Array) -> tuple[str, str]:
    """Where an array is kept, its layer apart."""
    return array.store or array.name, array.kind


def _order(node: Node) -> tuple[str, bool | None]:
    return type(node).__name__, getattr(node, "reverse", None)


def _inline(expression: sp.Expr, forward: Program) -> sp.Expr:
    """Write M_hk by its definition."""
    if M not in forward.arrays:
        return expression
    values = {a.target: a.value for a in forward.assignments}
    return sp.expand(expression.subs(M.element, values[M.element]))


def published_form(proof: Proof) -> None:
    """M8 in its first form, v̄_i = -ū_i - L_i z̄_i, is the same: termwise before the sums over samples or neurons."""
    for where, bar_u in (("hidden", du.element), ("last", sp.Integer(0))):
        bar_z, bar_v = dz.element, -bar_u - lam_out.element * dz.element
        weight = phi.element * (lam_in.element - lam_out.element)
        proof.equal(
            f"{where} layer: v̄ uᵀ + z̄ (L u)ᵀ = M̄ ∘ (λ^in - λ^out) - ū uᵀ",
            bar_v * u_in.element + bar_z * lam_in.element * u_in.element,
            bar_z * u_in.element * (lam_in.element - lam_out.element) - bar_u * u_in.element,
        )
        proof.equal(
            f"{where} layer: φᵀ v̄ + L φᵀ z̄ = Mᵀ z̄ - φᵀ ū",
            phi.element * bar_v + lam_in.element * phi.element * bar_z,
            weight * bar_z - phi.element * bar_u,
        )


def m8_argument(proof: Proof) -> None:
    argument_for(propagation.GLOBAL, GLOBAL)(proof)
    published_form(proof)


M8 = Theorem(
    id="M8",
    title="adjoint",
    statement="z̄ = ū ∘ f'(z), M̄ = z̄ uᵀ, φ̄ = M̄ ∘ (λ^in - λ^out) - ū uᵀ, λ̄^in = Σ_h M̄ ∘ φ, λ̄^out = -Σ_k M̄ ∘ φ, "
    "ū_{i-1} = Mᵀ z̄ - φᵀ ū",
    method="reverse accumulation, induction",
    argument=m8_argument,
    assumptions=("f is differentiable at every z_i, or f' is a chosen one-sided derivative there",),
)
M8_LAYERWISE = replace(
    M8,
    id="M8.layerwise",
    title="layerwise adjoint",
    statement="z̄ = x̄ ∘ f'(z), M̄ = z̄ xᵀ, φ̄ = M̄ ∘ (λ^in - λ^out), λ̄^in = Σ_h M̄ ∘ φ, λ̄^out = -Σ_k M̄ ∘ φ, x̄_{i-1} = Mᵀ z̄",
    argument=argument_for(propagation.LAYERWISE, LAYERWISE),
)
M8_DIRECT = replace(
    M8,
    id="M8.direct",
    title="direct adjoint",
    statement="z̄_i = x̄_i ∘ f'(z_i), W̄_ij = z̄_i x_jᵀ, x̄_j = Σ_{i>j} W_ijᵀ z̄_i",
    argument=argument_for(propagation.DIRECT, DIRECT),
    assumptions=(*M8.assumptions, "`Sources` runs over every j < i, and += over it is the sum over j"),
)
