"""I15: nodes. I16: value and cotangents of every graph, and the order after a split. C1: the live part of a graph.

Nodes are numbered so that every operation runs from a lower to a higher number. `Incoming` is the loop over the operations
that arrive at a node, as `Sources` is that over the earlier layers of a direct network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import sympy as sp

from derivations.proof.assignments import Array, Assign, Incoming
from derivations.proof.facts import loops, read, whole
from derivations.proof.notation import s
from derivations.proof.programs import Program
from derivations.proof.rules import marker
from derivations.proof.running import bars, run
from derivations.proof.stated import at
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.images import batch_norm as bn
from derivations.theorems.images import notation as n
from derivations.theorems.images.adjoints import only, value_of
from derivations.theorems.images.gates import dgiven, given
from derivations.theorems.images.pointwise import W, z

INCOMING = "`Incoming` runs over every operation that arrives, and += over it is the sum over them"

# --- I15: nodes -------------------------------------------------------------------------------------------------------

factor = Array("factor", (s,), "argument", "gate times m_s / keep, the factor of an operation for a sample")
node = n.plane("node", (s, n.c, n.r, n.q), "u, the sum of what arrives at a node")
dnode = n.plane("dnode", (s, n.c, n.r, n.q), "∂ℓ/∂u")
sender = n.plane("dx", (s, n.c, n.r, n.q), "∂ℓ/∂x of the sender, a sum over its readers")
part = n.plane("part", (s, n.c, n.r, n.q), "what one reader gives back")

NODE = Program(
    "node",
    "sum of what arrives at a node, each operation with its factor",
    ("I15",),
    (given, factor, node),
    (
        Assign(node.element, sp.S.Zero),
        Incoming((Assign(node.element, factor.element * given.element, accumulate=True),)),
    ),
)
NODE_ADJOINT = Program(
    "node_adjoint",
    "adjoint of a node: its bar, times the factor, for each operation that arrives",
    ("I15",),
    (dnode, factor, replace(dgiven, kind="scratch")),
    (Incoming((Assign(dgiven.element, factor.element * dnode.element),)),),
)
FAN_OUT = Program(
    "fan_out",
    "the bar of a sender: the sum of what its readers give back",
    ("I15",),
    (part, sender),
    (
        Assign(sender.element, sp.S.Zero),
        Incoming((Assign(sender.element, part.element, accumulate=True),)),
    ),
)


operation = sp.Symbol("m", integer=True, nonnegative=True)
"""The number of an operation among those that arrive at a node."""


def of_each(array: Array) -> Array:
    """The array with one more index, the operation."""
    return replace(array, indices=(*array.indices, operation))


def over_all(line: Assign, *arrays: Array) -> Assign:
    """A line inside of `Incoming` for all operations at once: += is the sum over them, = one value for each."""
    each = {array.element: of_each(array).element for array in arrays}
    over = (*line.over, operation) if line.accumulate else line.over
    return Assign(line.target.xreplace(each), line.value.xreplace(each), over)


def node_argument(
    proof: Proof, value: Program = NODE, adjoint: Program = NODE_ADJOINT, fan_out: Program = FAN_OUT
) -> None:
    """The adjoint of a sum is a copy, and that of a copy is a sum, over any number of operations."""
    for program in (value, adjoint, fan_out):
        proof.reads(program)
    # The sum.
    first, added = value.assignments
    proof.same("u begins at 0", whole((first,)), [Assign(node.element, n.ZERO)])
    proof.same("then all that arrives", loops(value), ["Assign", "Incoming"])
    own = Assign(node.element, factor.element * given.element, accumulate=True)
    proof.same("is added to it", whole((added,)), [own])
    forward = (over_all(added, factor, given),)
    every = of_each(factor).element * of_each(given).element
    claim = "u = Σ factor op(x), over every operation that arrives"
    proof.equal(claim, run(forward)["node"], marker(operation) * every, "program", ["I13", "I14"])
    # Its adjoint.
    truth = bars(forward, {"node": dnode.element})
    back = only(adjoint)
    mine = value_of(over_all(back, factor, dgiven))
    proof.equal("the bar of each operation", mine, truth["given"], "reverse accumulation")
    proof.same("is set for each that arrives", loops(adjoint), ["Incoming"])
    proof.same("once", whole((back,)), [Assign(dgiven.element, factor.element * dnode.element)])
    # A sender that any number of operations read: operation m reads a copy of x.
    copied = n.plane("x", node.indices, "")
    copies = (Assign(of_each(n.plane("copy", node.indices, "")).element, copied.element),)
    seed = {"copy": of_each(part).element}
    zero, more = fan_out.assignments
    whole_bar = run((over_all(more, part),))["dx"]
    proof.equal(
        "the bar of a sender is the sum over its readers", whole_bar, bars(copies, seed)["x"], "reverse accumulation"
    )
    proof.same("which begins at 0", whole((zero,)), [Assign(sender.element, n.ZERO)])
    proof.same("and to which each reader", loops(fan_out), ["Assign", "Incoming"])
    proof.same("adds its part", whole((more,)), [Assign(sender.element, part.element, accumulate=True)])


I15 = Theorem(
    id="I15",
    title="node",
    states=3,
    words="u = Σ factor op(x) over the operations that arrive; each gets factor ū; x̄ of a sender is the sum over its readers",
    method="reverse accumulation",
    argument=node_argument,
    assumptions=(INCOMING,),
    scope="every number of operations",
)

# --- I16: graphs ------------------------------------------------------------------------------------------------------

earlier = sp.Symbol("i", integer=True, nonnegative=True)  # a value of a node before node j
bar = Array("bar", (earlier,), "state", "what the readers above j gave back to earlier values")
new_bar = Array("new_bar", (earlier,), "state", "with what node j gives back", store="bar")
change = Array("change", (earlier,), "state", "any change of the earlier values")
jacobian = Array("jacobian", (earlier,), "scratch", "slope of a value of node j by an earlier one")
bar_j, change_j, own_j, loss = sp.symbols("bar_j change_j own_j loss")
BACK = Assign(new_bar.element, bar.element + jacobian.element * bar_j)


def graph_argument(
    proof: Proof, back: Assign = BACK, moved: Callable[[sp.Expr], sp.Expr] = lambda node: node + 1
) -> None:
    """One step of the induction over nodes from the last to the first, and the numbers after a split."""
    # Claim: d loss = Σ over nodes up to j of bar · change + Σ over parameters of nodes above j. Node j's values change by its
    # slopes times the changes of earlier ones, plus own_j for its own parameters.
    with_j = (
        Assign(change_j, jacobian.element * change.element, over=(earlier,)),
        Assign(loss, bar.element * change.element, over=(earlier,)),
        Assign(loss, bar_j * (change_j + own_j), accumulate=True),
    )
    without = (
        back,
        Assign(loss, new_bar.element * change.element, over=(earlier,)),
        Assign(loss, bar_j * own_j, accumulate=True),
    )
    proof.equal(
        "node j done: what it read has its share, its parameters bar_j · own_j",
        run(with_j)["loss"],
        run(without)["loss"],
        "program",
        ["I15"],
    )
    proof.equal(
        "no reader above the last node: its bar is the loss's own",
        at(bar_j * change_j, {change_j: 0}),
        n.ZERO,
        "induction",
    )
    # A split of i → l puts a node at the number j of the receiver; all from j on move up by one.
    low = sp.Symbol("low", integer=True, nonnegative=True)
    gap, far = (sp.Symbol(name, integer=True, positive=True) for name in ("gap", "far"))
    j = low + gap  # the number of the new node, above i = low
    edges = (
        ("both before j", low, low + gap),
        ("from before j to j or above", low, moved(j)),
        ("both from j on", moved(j), moved(j + far)),
        ("the sender to the new node", low, j),
        ("the new node to the receiver", j, moved(j)),
    )
    for what, start, end in edges:
        proof.compare(f"an edge {what} still runs upwards", end, ">", start)
    proof.compare("the receiver is above the new node", moved(j), ">", j)
    proof.compare("and no number is left out between them", moved(j), "<", j + 2)


I16 = Theorem(
    id="I16",
    title="graph",
    states=9,
    words="for every graph whose edges run from lower to higher numbers: values in order, cotangents in reverse order; when node j is "
    "reached, x̄_j is complete; a split gives the new node the receiver's number, all from there on move up by 1, and every "
    "edge still runs upwards",
    method="induction over nodes, sums over earlier values",
    argument=graph_argument,
    assumptions=(INCOMING,),
    scope="every acyclic graph",
)

# --- C1: live part ----------------------------------------------------------------------------------------------------


def live_argument(proof: Proof, constant: sp.Expr = bn.beta.element) -> None:
    """What nobody reads, and what nothing reaches."""
    # Nobody reads it: the program of a node reads what arrives and nothing else.
    proof.same("a node reads what arrives at it alone", read(NODE.assignments), {"given", "factor"})
    unread = bars(NODE.assignments[1:], {"node": n.ZERO})
    proof.equal(
        "no reader: its bar is 0, and so is what it gives back",
        unread["given"],
        n.ZERO,
        "reverse accumulation",
        ["I16"],
    )
    # Nothing reaches it: a batch norm of 0.
    silent = {n.x.element: n.ZERO, bn.mean.element: n.ZERO, bn.squares.element: n.ZERO}
    _, scale, shift = (line.value for line in bn.COEFFICIENTS.assignments)
    normed = at(at(value_of(only(bn.VALUE)), {bn.shift.element: shift}), {bn.scale.element: scale})
    proof.equal("no operation arrives: u = 0, and the batch norm gives β", at(normed, silent), constant, cites=["I8"])
    # A reader that begins with a pointwise convolution, and a batch norm behind it.
    beta = Array("beta", (n.c,), "parameter", "")
    mixed = (Assign(z.element, W.element * beta.element, over=(n.c,)),)
    for what, index in (("row", n.r), ("column", n.q)):
        proof.without(
            f"a pointwise convolution makes of β a constant W β of each channel: no {what}", run(mixed)["z"], index
        )
    level = sp.Symbol("level", real=True)
    distance = n.x.element - bn.mean.element
    moved = at(distance, {n.x.element: n.x.element + level, bn.mean.element: bn.mean.element + level})
    proof.equal(
        "which the next batch norm takes away: μ moves with x",
        moved,
        distance,
        cites=["I8"],
    )
    zero = run(mixed, {"beta": n.ZERO})["z"]
    proof.equal("β = 0: a node that nothing reaches adds nothing", zero, n.ZERO, "program")


C1 = Theorem(
    id="C1",
    title="live part of a graph",
    states=6,
    words="a node without a path to the output changes nothing and has gradients 0; a node that nothing reaches is the constant β, not 0: it may go if "
    "β = 0, or if every reader is a pointwise convolution with a batch norm in training behind it",
    method="cases",
    argument=live_argument,
    assumptions=("every node is a sum with a batch norm behind it (I15, I8)",),
    scope="every acyclic graph",
)
