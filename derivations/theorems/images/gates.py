"""I13: gates of operations and their slopes. I14: drop-path."""

from __future__ import annotations

import sympy as sp

from derivations.proof.assignments import Array, Assign
from derivations.proof.facts import heads, storage
from derivations.proof.notation import p, s
from derivations.proof.programs import Program
from derivations.proof.running import bars, run
from derivations.proof.stated import at
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.images import batch_norm as bn
from derivations.theorems.images import notation as n
from derivations.theorems.images.adjoints import only, stored_step, value_of

gate, limit, keep, w = sp.symbols("gate limit keep w", real=True)
dgate = sp.Symbol("dgate")
given = n.plane("given", (s, n.c, n.r, n.q), "op(x), what an operation gives")
dgiven = n.plane("dgiven", (s, n.c, n.r, n.q), "∂ℓ/∂op(x)")
passed = n.plane("passed", (s, n.c, n.r, n.q), "g(w) op(x), what the gate lets through")
dpassed = n.plane("dpassed", (s, n.c, n.r, n.q), "∂ℓ/∂ of what the gate lets through")
hat_sum = bn.per_channel("hat_sum", "A = Σ ȳ x̂, before the gate")
bar_sum = bn.per_channel("bar_sum", "B = Σ ȳ, before the gate")
EVERYTHING = (s, n.c, n.r, n.q)

GATE = Program(
    "gate",
    "an operation's output times its gate; 1 where the gate's weight is positive, else 0",
    ("I13",),
    (given, passed),
    (Assign(passed.element, gate * given.element),),
    scalars=("gate",),
)
GATE_ADJOINT = Program(
    "gate_adjoint",
    "adjoint of a gate, and the slope of its weight",
    ("I13",),
    (given, dpassed, dgiven),
    (
        Assign(dgate, dpassed.element * given.element, over=EVERYTHING),
        Assign(dgiven.element, gate * dpassed.element),
    ),
    scalars=("gate",),
    result="dgate",
)
GATE_SLOPE = Program(
    "gate_slope",
    "slope of a gate behind a batch norm, from the two sums of its adjoint",
    ("I13",),
    (bn.gamma, bn.beta, hat_sum, bar_sum, bn.dgamma, bn.dbeta),
    (
        Assign(dgate, bn.gamma.element * hat_sum.element + bn.beta.element * bar_sum.element, over=(n.c,)),
        Assign(bn.dgamma.element, gate * hat_sum.element),
        Assign(bn.dbeta.element, gate * bar_sum.element),
    ),
    scalars=("gate",),
    result="dgate",
)
weights = Array("weights", (p,), "argument", "w, weights of gates")
clamped = Array("clamped", (p,), "argument", "w within the limit", store="weights")
CLAMP = Program(
    "clamp",
    "weights of gates within -limit and limit",
    ("I13",),
    (weights, clamped),
    (Assign(clamped.element, sp.Max(-limit, sp.Min(limit, weights.element))),),
    scalars=("limit",),
)
OPEN = sp.Piecewise((1, w > 0), (0, True))


def slope_from_sums(proof: Proof, program: Program) -> None:
    """⟨ȳ, op(x)⟩ where op ends in a batch norm, op(x) = γ x̂ + β."""
    hat = n.plane("hat", (s, n.c, n.r, n.q), "x̂").element
    lines = (
        Assign(hat_sum.element, dpassed.element * hat, over=(s, n.r, n.q)),
        Assign(bar_sum.element, dpassed.element, over=(s, n.r, n.q)),
        *program.assignments,
    )
    values = run(lines)
    direct = (Assign(dgate, dpassed.element * (bn.gamma.element * hat + bn.beta.element), over=EVERYTHING),)
    proof.equal("w̄ = Σ_c γ A + β B is ⟨ȳ, γ x̂ + β⟩", values["dgate"], run(direct)["dgate"], "program", ["I8"])
    own = (
        Assign(bn.dgamma.element, gate * dpassed.element * hat, over=(s, n.r, n.q)),
        Assign(bn.dbeta.element, gate * dpassed.element, over=(s, n.r, n.q)),
    )
    truth = run(own)
    for name in ("dgamma", "dbeta"):
        proof.equal(f"{name} is that of I8 for the bar g ȳ", values[name], truth[name], "program", ["I8"])


def clamping(proof: Proof, program: Program) -> None:
    """A weight goes to the nearest of what is within the limit; its sign, so its gate, stays."""
    bound = sp.Symbol("limit", positive=True)
    proof.same("each weight is set once, in place", storage(program), ["", "weights"])
    proof.same("by itself", heads(program.assignments), [(clamped.element, (), "sum", False)])
    clamp = at(value_of(only(program)), {weights.element: w})
    up, down = sp.symbols("up down", nonnegative=True)
    proof.equal("limit + up is clamped to the limit", at(clamp, {limit: bound, w: bound + up}), bound)
    proof.equal("-limit - down is clamped to -limit", at(clamp, {limit: bound, w: -bound - down}), -bound)
    within = {limit: (up + down) / 2, w: (up - down) / 2}
    proof.equal(
        "up to the limit nothing changes: w = (up - down)/2, limit = (up + down)/2",
        at(clamp, within),
        within[w],
    )


def gate_argument(
    proof: Proof,
    value: Program = GATE,
    adjoint: Program = GATE_ADJOINT,
    slope: Program = GATE_SLOPE,
    clamp: Program = CLAMP,
) -> None:
    """The slope is the definition: the derivative by the gate's value, taken for that of its weight."""
    stored_step(proof, value, adjoint, slope)
    proof.equal("passed = g op(x)", value_of(only(value)), gate * given.element)
    truth = bars(value.assignments, {"passed": dpassed.element})
    claimed = run(adjoint.assignments)
    claim = "w̄ = ⟨ȳ, op(x)⟩ is the derivative by the value of the gate"
    proof.equal(claim, claimed["dgate"], truth["gate"], "reverse accumulation")
    proof.equal("the operation's bar is g ȳ", claimed["dgiven"], truth["given"], "reverse accumulation")
    positive, other = sp.Symbol("w", positive=True), sp.Symbol("w", nonpositive=True)
    for where, symbol, level in (("w > 0", positive, 1), ("w <= 0", other, 0)):
        proof.equal(
            f"{where}: the gate itself is constant, {level}",
            at(OPEN, {w: symbol}),
            sp.Integer(level),
            "convention",
        )
    slope_from_sums(proof, slope)
    clamping(proof, clamp)
    proof.reads(clamp)
    # One operation left in front of a batch norm.
    a, sigma, g = bn.scale.element, bn.deviation.element, sp.Symbol("gate", positive=True)
    left = a * bn.dgamma.element * bn.epsilon / sigma / g
    claim = "one open operation, u = g op(x), in front of a batch norm with ε = 0: ⟨ū, op(x)⟩ = ⟨ū, u⟩ / g = 0"
    proof.equal(claim, at(left, {bn.epsilon: 0}), n.ZERO, cites=["I8"])
    scale_of_a_node(proof, value)


def scale_of_a_node(proof: Proof, value: Program) -> None:
    """All eigenvalues of a node times α > 0: its batch norm does not see it. So their squares can be kept at mean 1."""
    alpha = sp.Symbol("alpha", positive=True)
    line = value_of(only(value))
    claim = "every λ of a node times α: every term of u = Σ λ op(x) is, so u is, and BN(α u) = BN(u) for ε = 0"
    proof.equal(claim, at(line, {gate: alpha * gate}), alpha * line, cites=["I8"])
    slope = bn.scale.element * bn.dgamma.element * bn.epsilon / bn.deviation.element
    proof.equal("Σ λ λ̄ = ⟨ū, u⟩ = a γ̄ ε/σ, 0 for ε = 0", at(slope, {bn.epsilon: 0}), n.ZERO, cites=["I8"])


I13 = Theorem(
    id="I13",
    title="gate",
    states=14,
    words="passed = g(w) op(x), g = 1 for w > 0, else 0; op(x) gets g ȳ; defined slope w̄ = ⟨ȳ, op(x)⟩, the derivative by the gate's value; "
    "behind a batch norm w̄ = Σ_c γ A + β B, γ̄ = g A, β̄ = g B with A = Σ ȳ x̂, B = Σ ȳ; with one operation left in front of a "
    "batch norm with ε = 0, w̄ = 0; all λ of a node times α > 0 leave its batch norm as it is for ε = 0, where Σ λ λ̄ = 0",
    method="reverse accumulation, sums of a batch norm",
    argument=gate_argument,
    assumptions=("the slope of w is defined to be that of the gate's value: g has none of its own",),
    reference="Geada and McGough, CVPR-NAS 2022, without its saw of height 1e-9; the slope from the sums is this project's",
    scope="every size",
)

# --- I14: drop-path ---------------------------------------------------------------------------------------------------

kept = n.plane("kept", (s,), "1 where the operation is kept for the sample, else 0", "argument")

DROP_PATH = Program(
    "drop_path",
    "an operation left out for some samples, the others scaled",
    ("I14",),
    (given, kept, passed),
    (Assign(passed.element, kept.element * given.element / keep),),
    scalars=("keep",),
)
DROP_PATH_ADJOINT = Program(
    "drop_path_adjoint",
    "adjoint of drop-path: the same factor",
    ("I14",),
    (dpassed, kept, dgiven),
    (Assign(dgiven.element, kept.element * dpassed.element / keep),),
    scalars=("keep",),
)


def drop_argument(proof: Proof, value: Program = DROP_PATH, adjoint: Program = DROP_PATH_ADJOINT) -> None:
    """A factor for each sample, with mean 1."""
    truth = bars(value.assignments, {"passed": dpassed.element})
    proof.equal(
        "the operation's bar has the same factor", value_of(only(adjoint)), truth["given"], "reverse accumulation"
    )
    proof.same("one line for every element", heads(adjoint.assignments), [(dgiven.element, (), "sum", False)])
    stored_step(proof, value, adjoint)
    own = value_of(only(value))
    mean = keep * at(own, {kept.element: 1}) + (1 - keep) * at(own, {kept.element: 0})
    proof.equal("kept with probability keep: the mean is op(x)", mean, given.element, "rational")


I14 = Theorem(
    id="I14",
    title="drop-path",
    states=2,
    words="passed[s] = (m_s / keep) op(x)[s], m_s = 1 with probability keep, else 0; the adjoint has the same factor; the mean is op(x)",
    method="reverse accumulation, mean of two cases",
    argument=drop_argument,
    reference="Larsson, Maire and Shakhnarovich, ICLR 2017",
    scope="every size",
)
