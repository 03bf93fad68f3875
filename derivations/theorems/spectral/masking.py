"""M21: what is gone stays gone while the rest is trained, and the dead ends that it leaves may be cleaned away.

A step is masked: the gradient is multiplied by the mask, 0 for a weight that is gone and 1 for one that is kept, and
so are the moments and the weight when it goes. Every optimizer is asked, whatever states it keeps: each state has the
place (`store`) of the array that its new value is written to.
"""

from __future__ import annotations

import sympy as sp

from derivations.proof.assignments import Array, Assign
from derivations.proof.claims import Assumption
from derivations.proof.facts import left_out
from derivations.proof.notation import elements, f, h, k, p, s
from derivations.proof.programs import Program
from derivations.proof.running import run
from derivations.proof.stated import at
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.scalar import optimizers
from derivations.theorems.scalar.decay_and_clipping import CLIP, DECAY
from derivations.theorems.spectral.silence import ZERO_AT_ZERO

mask = Array("mask", (p,), "argument", "1 for a kept weight, 0 for one that is gone")
step = sp.Symbol("t", integer=True, nonnegative=True)


def states(program: Program) -> dict[str, str]:
    """The arrays that a step updates -> the arrays of their new values."""
    return {array.store: array.name for array in program.arrays if array.store}


def masked_step(proof: Proof, program: Program, masked: str = "gradient") -> None:
    """`masked` is the array that the mask multiplies before the step."""
    values = run(program.assignments, {})
    arrays = {array.name: array for array in program.arrays}
    through = arrays[masked].element
    after = {name: at(values[new], {through: mask.element * through}) for name, new in states(program).items()}
    gone = {arrays[name].element: sp.S.Zero for name in after} | {mask.element: sp.S.Zero}
    for name, value in after.items():
        claim = f"{program.name}: {name} of a weight that is gone is 0"
        proof.equal(f"{claim}: t = 0", at(arrays[name].element, gone), sp.S.Zero, "induction")
        proof.equal(f"{claim}: from t to t + 1", at(value, gone), sp.S.Zero, "induction", [f"O.{program.name}"])
        kept = at(value, {mask.element: sp.S.One})
        proof.equal(
            f"{program.name}: {name} of a kept weight steps as without a mask", kept, values[states(program)[name]]
        )
    proof.same(f"{program.name}: its weight is one of the states", left_out(("parameter",), tuple(after)), [])


def besides(proof: Proof, program: Program) -> None:
    """What a step does besides, decay and clipping, leaves a 0 at 0, before or after the optimizer's own step."""
    values = run(program.assignments, {})
    arrays = {array.name: array for array in program.arrays}
    for name, new in states(program).items():
        gone = at(values[new], {arrays[name].element: sp.S.Zero})
        proof.equal(f"{program.name}: {name} that is 0 stays 0", gone, sp.S.Zero, "program", [f"O.{program.name}"])


def grown_weight(proof: Proof) -> None:
    """Adam, θ = 0, m = 0, v = g²: v stays g², and the first step is at most the rate."""
    o = optimizers
    g, size = o.gradient.element, sp.Symbol("g", positive=True)
    values = run(o.ADAM.assignments, {})
    start = {o.parameter.element: sp.S.Zero, o.first.element: sp.S.Zero, o.second.element: g**2}
    proof.equal("adam: v = g² stays", at(values["second_new"], start), g**2, cites=["O.adam"])
    # The corrections of step t >= 1: 1 - β1^t = 1 - β1 + extra with extra >= 0, and the root of 1 - β2^t is r <= 1.
    extra = sp.Symbol("extra", nonnegative=True)
    r, gap, share = sp.symbols("r gap share", positive=True)
    values_there = {g: size, o.correction1: share + extra, o.beta1: 1 - share, o.correction2: r**2}
    room = o.rate + at(at(values["updated"], start), values_there)
    enough = o.rate * (share * size * gap + extra * size + (share + extra) * o.epsilon * r)
    claim = "adam: rate - |step| = rate ((1-β1) |g| (1-r) + extra |g| + (1-β1^t) ε r) / ((1-β1^t) (|g| + ε r)), r = √(1-β2^t)"
    bound = at(enough, {gap: 1 - r}) / ((share + extra) * (size + o.epsilon * r))
    proof.equal(claim, room, bound, "rational")
    proof.compare("each term is at least 0 as r <= 1: the first step is at most the rate", enough, ">=")


W = Array("W", (h, k), "argument", "weights from neuron k to neuron h")
x = Array("x", (s, k), "argument", "the activations before the cleaning")
heard = Array("heard", (k,), "argument", "0 for a neuron without an outgoing weight, else 1")
fed = Array("fed", (k,), "argument", "0 for a neuron without an incoming weight, else 1")
own = Array("own", (k,), "argument", "the bias of neuron k")
bias = Array("bias", (h,), "argument", "the bias of neuron h")
z = Array("z", (s, h), "argument", "what neuron h receives")


HEARD = Assumption(heard.element**2, heard.element, "heard_k is 0 or 1")


def received(weights: sp.Expr, values: sp.Expr, constant: sp.Expr = sp.S.Zero) -> sp.Expr:
    """z_h = bias_h + Σ_k (weight · value) + Σ_k constant."""
    program = (
        Assign(z.element, bias.element),
        Assign(z.element, weights * values + constant, over=(k,), accumulate=True),
    )
    return run(program, elements((W, x, heard, fed, own, bias)))["z"]


def cleaning(proof: Proof, folded: sp.Expr | None = None) -> None:
    """`folded` is what the next bias takes for a neuron without input: the constant it sends."""
    zero = sp.S.Zero
    keeps = heard.element * W.element
    cleaned, claim = received(keeps, heard.element * x.element), "a neuron without output: z is the same without it"
    proof.equal(claim, received(keeps, x.element), cleaned, "program", given=(HEARD,))
    constant = f(own.element)
    sent = fed.element * x.element + (1 - fed.element) * constant
    left = received(
        W.element, fed.element * x.element, (1 - fed.element) * W.element * (constant if folded is None else folded)
    )
    proof.equal(
        "a neuron without input is the constant f(b): W f(b) goes into the next bias",
        received(W.element, sent),
        left,
        "program",
    )
    for value in (0, 1):
        case = {heard.element: value}
        proof.equal(f"heard² = heard for {value}", at(heard.element**2, case), at(heard.element, case))
    claim = "without a bias it is f(0) = 0: nothing goes anywhere"
    proof.equal(claim, W.element * f(zero), zero, "convention", ["M10"], (ZERO_AT_ZERO,))


def argument(proof: Proof) -> None:
    for program in optimizers.PROGRAMS:
        masked_step(proof, program)
    for program in (DECAY, CLIP):
        besides(proof, program)
    grown_weight(proof)
    cleaning(proof)


M21 = Theorem(
    id="M21",
    title="masked steps and cleaning",
    states=25,
    words="with the gradient times a mask, a weight that is gone and its moments stay 0 under every optimizer, with "
    "decoupled decay and clipping too, and a kept one steps as without a mask; an Adam step of a weight grown with θ = 0, m = 0, v = g² is at most the rate; a neuron "
    "without output goes, a neuron without input is the constant f(b), which W f(b) in the next bias replaces, f(0) = 0 "
    "without a bias",
    method="evaluation on symbols, induction over steps, termwise",
    argument=argument,
    assumptions=(
        "the gradient is finite, so that 0 times it is 0",
        "weight, moments and mask are 0 when a weight goes",
        ZERO_AT_ZERO,
        HEARD,
        "neurons are cleaned away one after another, so that each cleaning is one of the two steps proven",
    ),
    scope="every number of parameters, samples and neurons",
)
