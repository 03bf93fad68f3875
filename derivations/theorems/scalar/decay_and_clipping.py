"""Two things an optimizer's step can do besides: decay parameters, and limit the norm of the gradient.

Decay is decoupled (Loshchilov and Hutter): it multiplies the parameters before the step and does not enter the moments.
The norm is that of the whole gradient, so its square is summed over groups first.
"""

import sympy as sp

from derivations.proof.assignments import Array, Assign
from derivations.proof.facts import conditions, heads, piece, returned, storage, whole
from derivations.proof.notation import p
from derivations.proof.programs import Program
from derivations.proof.running import run, slope
from derivations.proof.stated import at
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.scalar.scalar_programs import result_of, scalar_program

value = Array("value", (p,), "argument", "θ, the parameters of one group")
decayed = Array("decayed", (p,), "argument", "θ after the decay", store="value")
gradient = Array("gradient", (p,), "argument", "g, the gradient of one group")
clipped = Array("clipped", (p,), "argument", "g of limited norm", store="gradient")
share, kept, squares, norm, factor = sp.symbols("share kept squares norm factor", nonnegative=True)
limit = sp.Symbol("limit", positive=True)

DECAY = Program(
    "decay",
    "theta -= share theta",
    ("O.decay",),
    (value, decayed),
    (Assign(kept, 1 - share), Assign(decayed.element, kept * value.element)),
    scalars=("share",),
)
SQUARED_NORM = Program(
    "squared_norm",
    "|g|_2^2 of one group",
    ("O.clip",),
    (gradient,),
    (Assign(squares, gradient.element**2, over=(p,)),),
    result="squares",
)
CLIP = Program(
    "clip",
    "g limit / |g|_2 where |g|_2 > limit, else g, for |g|_2^2 = squares of all groups",
    ("O.clip",),
    (gradient, clipped),
    (
        Assign(norm, sp.sqrt(squares)),
        Assign(factor, sp.Piecewise((limit / norm, norm > limit), (1, True))),
        Assign(clipped.element, factor * gradient.element),
    ),
    scalars=("squares", "limit"),
)
PROGRAMS = (DECAY, SQUARED_NORM, CLIP)
rate, strength = sp.symbols("rate strength", positive=True)
STEP_DECAY = scalar_program(
    "step_decay", "rate strength, the share of one step", "O.decay", (rate, strength), rate * strength
)


def decay_argument(proof: Proof, program: Program = DECAY, of_step: Program = STEP_DECAY) -> None:
    once = [(line.target, (), "sum", False) for line in DECAY.assignments]
    proof.same("θ is decayed in place", storage(program), ["", "value"])
    proof.same("once for every element", heads(program.assignments), once)
    proof.reads(of_step)
    proof.reads(program)
    result = run(program.assignments, {})["decayed"]
    rate_of = slope(share * value.element**2 / 2, value.element)
    proof.equal("θ - share · ∂/∂θ ½θ²", result, value.element - rate_of, "differentiation")
    at_rate = value.element - rate * slope(strength * value.element**2 / 2, value.element)
    proof.equal("θ - rate · ∂/∂θ ½ decay θ²", at(result, {share: result_of(of_step)}), at_rate, "differentiation")
    proof.equal("a share of 0 changes nothing", at(result, {share: 0}), value.element, rule="program")


def squares_argument(proof: Proof, program: Program = SQUARED_NORM) -> None:
    proof.reads(program)
    proof.same("‖g‖² = Σ g²", whole(program.assignments), [Assign(squares, gradient.element**2, over=(p,))])
    proof.same("it is returned", returned(program), [str(squares)])


def clip_argument(proof: Proof, program: Program = CLIP) -> None:
    proof.same("g is clipped in place", storage(program), ["", "gradient"])
    proof.reads(program)
    made = program.assignments
    proof.same("‖g‖ first", whole(made[:1]), [Assign(norm, sp.sqrt(squares))])
    proof.same("g is multiplied by the factor", whole(made[2:]), [Assign(clipped.element, factor * gradient.element)])
    proof.same("the factor is set once", heads(made[1:2]), [(factor, (), "sum", False)])
    scaling = made[1].value
    proof.same("g is scaled exactly where ‖g‖ > limit", conditions(scaling), [sp.Lt(limit, norm), sp.true])
    proof.equal("its norm is then the limit", at(factor * norm, {factor: piece(scaling, 1)}), limit, "rational")
    proof.equal("elsewhere it is unchanged", piece(scaling, 2), sp.S.One)


def _clipping(proof: Proof) -> None:
    squares_argument(proof)
    clip_argument(proof)


THEOREMS = (
    Theorem(
        id="O.decay",
        title="decoupled weight decay",
        states=3,
        words="θ -= share θ, a step of size share along the gradient of ½‖θ‖², beside the optimizer's own",
        method="differentiation",
        argument=decay_argument,
        scope="every number of parameters",
        reference="Loshchilov and Hutter, ICLR 2019",
    ),
    Theorem(
        id="O.clip",
        title="clipping by the global norm",
        states=2,
        words="g limit/‖g‖₂ where ‖g‖₂ > limit, of norm limit; else g",
        method="two cases",
        argument=_clipping,
        scope="every number of parameters and groups",
        reference="Pascanu et al., ICML 2013",
    ),
)
