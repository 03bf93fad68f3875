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

from collections.abc import Callable
from dataclasses import replace
from itertools import product

import sympy as sp

from derivations import propagation
from derivations.codegen.ir import Array, Assign, Layers, Node, Program, Sources, When
from derivations.differentiation import cotangents, elements, evaluate
from derivations.notation import (
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
    g,
    h,
    k,
    lam_in,
    lam_out,
    phi,
    q,
    s,
    slope,
    u_in,
    x_in,
    x_source,
    z,
)
from derivations.propagation import MIX
from derivations.theorem import Proof, Theorem

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

PARAMETERS = {"phi": dphi, "lam_in": dlam_in, "lam_out": dlam_out, "W": dW}


def argument_for(forward: Program, backward: Program) -> Callable[[Proof], None]:
    """The argument for a pair of programs, so that tests can exchange an assignment in either."""

    def argument(proof: Proof) -> None:
        names = {array.name: array for array in forward.arrays}
        sender = next(array for array in (u_in, x_in, x_source) if array.name in names)
        receiver = "u" if "u" in names else "x"
        d_sender = next(a for a in (du_in, dx_in, dx_source) if a.name == f"d{sender.name}")
        d_receiver = du if receiver == "u" else dx
        leaves = elements(a for a in forward.arrays if a.kind == "parameter") | elements((sender,))

        for hidden, sender_hidden in product((True, False), repeat=2):
            where = f"{'hidden' if hidden else 'last'} layer, {'hidden' if sender_hidden else 'input'} layer before it"
            # The loss enters a hidden layer through u_i (or x_i), the last one through z_K.
            seed = {receiver: d_receiver.element} if hidden else {"z": dz.element}
            truth = cotangents(forward.step(hidden=hidden, sender_hidden=sender_hidden), seed)
            truth = {name: _inline(bar, forward) for name, bar in truth.items()}
            known = {**leaves, "slope": df(z.element)}
            if not hidden:
                known["dz"] = dz.element
            claimed = evaluate(
                backward.step(hidden=hidden, sender_hidden=sender_hidden),
                {**known, d_receiver.name: d_receiver.element},
            )
            for name, gradient in PARAMETERS.items():
                if name in names:
                    proof.equal(
                        f"{where}: ∂ℓ/∂{name}",
                        claimed.get(gradient.name, sp.Integer(0)),
                        truth.get(name, sp.Integer(0)),
                        rule="termwise",
                    )
            if sender_hidden:
                proof.equal(
                    f"{where}: ∂ℓ/∂{sender.name}",
                    claimed.get(d_sender.name, sp.Integer(0)),
                    truth[sender.name],
                    rule="termwise",
                )
        proof.same(
            "one loop over all layers, forward and then back",
            [*map(_order, forward.body), *map(_order, backward.body)],
            [(Layers, False), (Layers, True)],
            rule="induction over layers",
        )
        # What one step leaves is what the next one finds: x_i or u_i as its sender, ū_{i-1} as its receiver.
        last_state = [a.target for a in forward.assignments if str(a.target.base) in ("u", "x")][-1]
        ahead, back = ({array.name: place(array) for array in p.arrays} for p in (forward, backward))
        proof.same("a layer's result is the next layer's sender", [ahead[sender.name]], [ahead[str(last_state.base)]])
        proof.same("a sender's cotangent is the next receiver's", [back[d_sender.name]], [back[d_receiver.name]])
        proof.same("f'(z), then ∂ℓ/∂z, stand in the place of z", [back["slope"], back["dz"]], 2 * [ahead["z"]])
        both = sorted(ahead.keys() & back.keys())
        proof.same(
            "both programs keep the same arrays in the same place", [ahead[n] for n in both], [back[n] for n in both]
        )
        # Induction over layers. Step i reads layer i-1 only through the sender (any j < i in the direct network) and
        # the parameters of its own layers; so ∂ℓ/∂(sender) is complete once step i is done, and an array that two
        # steps share (λ^(i) as λ^out and as λ^in; x_j in every later layer) collects one contribution from each.
        read = {str(op.base) for a in forward.assignments for op in a.operands}
        made = {str(a.target.base) for a in forward.assignments}
        proof.same(
            "step i reads only the sender and its own parameters", read - made, leaves, rule="induction over layers"
        )
        shared = {"dlam_in", "dlam_out"} if "lam_in" in names else {"dx_source"}
        collected = {str(a.target.base) for a in backward.assignments if a.accumulate and str(a.target.base) != "du_in"}
        proof.same("what several steps share is accumulated", collected, shared, rule="induction over layers")

    return argument


def place(array: Array) -> tuple[str, str]:
    """Where an array is kept, its layer apart."""
    return array.store or array.name, array.kind


def _order(node: Node) -> tuple[type, bool]:
    return type(node), getattr(node, "reverse", False)


def _inline(expression: sp.Expr, forward: Program) -> sp.Expr:
    """Write M_hk by its definition."""
    if M not in forward.arrays:
        return expression
    mix = next(a for a in forward.assignments if a.target == M.element)
    return sp.expand(expression.subs(M.element, mix.value))


def published_form(proof: Proof) -> None:
    """M8 in its first form, v̄_i = -ū_i - L_i z̄_i, is the same: termwise before the sums over samples or neurons."""
    for where, bar_u in (("hidden", du.element), ("last", sp.Integer(0))):
        bar_z, bar_v = dz.element, -bar_u - lam_out.element * dz.element
        weight = phi.element * (lam_in.element - lam_out.element)
        proof.equal(
            f"{where} layer: v̄ uᵀ + z̄ (L u)ᵀ = M̄ ∘ (λ^in - λ^out) - ū uᵀ",
            bar_v * u_in.element + bar_z * lam_in.element * u_in.element,
            bar_z * u_in.element * (lam_in.element - lam_out.element) - bar_u * u_in.element,
            rule="termwise",
        )
        proof.equal(
            f"{where} layer: φᵀ v̄ + L φᵀ z̄ = Mᵀ z̄ - φᵀ ū",
            phi.element * bar_v + lam_in.element * phi.element * bar_z,
            weight * bar_z - phi.element * bar_u,
            rule="termwise",
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
