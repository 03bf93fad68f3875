"""The argument of M8 for a pair of programs: each line of the adjoint is what reverse accumulation makes of the propagation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import sympy as sp

from derivations.proof.agreement import KINDS, name_of_kind
from derivations.proof.assignments import Array, Node
from derivations.proof.claims import Claim
from derivations.proof.notation import (
    M,
    df,
    du,
    du_in,
    dx,
    dx_in,
    dx_source,
    dz,
    elements,
    lam_in,
    u,
    u_in,
    x,
    x_in,
    x_source,
    z,
)
from derivations.proof.programs import Program
from derivations.proof.running import bars, run
from derivations.proof.stated import at
from derivations.proof.theorem import Proof


@dataclass(frozen=True)
class Roles:
    """The array a layer reads (u_{i-1}, x_{i-1} or x_j), the one it computes (u_i or x_i), and their cotangents."""

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
        proof.reads(backward)
        proof.reads(forward)
        for claim in claims_for(forward, backward):
            proof.case(claim, rule="reverse accumulation")
        all_layers(proof, forward, backward)
        places(proof, forward, backward)

    return argument


def claims_for(forward: Program, backward: Program) -> tuple[Claim, ...]:
    """Each line of the adjoint is what reverse accumulation makes of the propagation, in each kind of layer."""
    return tuple(claim for kind in KINDS for claim in one_layer(forward, backward, *kind))


def one_layer(forward: Program, backward: Program, hidden: bool, sender_hidden: bool) -> Iterator[Claim]:
    where = name_of_kind(hidden, sender_hidden)
    roles = Roles.of(forward)
    # The loss enters a hidden layer through u_i (or x_i), the last one through z_K.
    seed = {roles.receiver.name: roles.d_receiver.element} if hidden else {"z": dz.element}
    truth = bars(forward.step(hidden=hidden, sender_hidden=sender_hidden), seed)
    # A hidden layer computes its own z̄; the last one is given it by the loss.
    known = elements((*parameters(forward), roles.sender, roles.d_receiver, dz)) | {"slope": df(z.element)}
    claimed = run(backward.step(hidden=hidden, sender_hidden=sender_hidden), known)
    pairs = [(array, f"d{array.name}") for array in parameters(forward)]
    if sender_hidden:  # the input layer's own cotangent is not asked for
        pairs.append((roles.sender, roles.d_sender.name))
    for array, bar in pairs:
        derivative = at(truth[array.name], weights(forward)) if M in forward.arrays else truth[array.name]
        yield Claim(
            f"∂ℓ/∂{array.name}, {where}",
            claimed[bar],
            derivative,
            words=f"{'hidden' if hidden else 'last'} layer:",
            kind=(hidden, sender_hidden),
        )


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
    """Each step finds its arrays where the step before it has left them."""
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


def weights(forward: Program) -> dict[sp.Expr, sp.Expr]:
    """M_hk by its definition."""
    values = {a.target: a.value for a in forward.assignments}
    return {M.element: values[M.element]}
