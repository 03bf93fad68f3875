"""The schedules of learning rates: the factor of all rates in a step, by the share u of the steps done, 0 <= u <= 1.

`spectral_core.training.schedules` computes the factors outside of the kernels; the kernels multiply rates and thresholds
by them. The optimizers' steps are linear in the rate, so a factor scales the step, and a factor of 1 changes nothing.
"""

import sympy as sp

from derivations.proof.programs import Program
from derivations.proof.running import run
from derivations.proof.stated import at, definition, meaning
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.scalar import optimizers
from derivations.theorems.scalar.scalar_programs import result_of, scalar_program

share, final, start = sp.symbols("share final start", real=True)
step, steps = sp.symbols("step steps", positive=True)
factor = sp.Symbol("factor", positive=True)

FALL = final + (1 - final) * (1 + sp.cos(sp.pi * share)) / 2
"""The factor of `cosine`, and of `one_cycle` after its rise."""
RISE = start + (1 - start) * (1 - sp.cos(sp.pi * share)) / 2
"""The factor of `one_cycle` while it rises."""
WARMUP = (step + 1) / steps
"""The factor of the other schedules while they rise: of step 0, 1, ..., steps - 1."""

COSINE_FALL = scalar_program(
    "cosine_fall", "final + (1 - final) (1 + cos(pi share))/2", "S.cosine", (share, final), FALL
)
COSINE_RISE = scalar_program(
    "cosine_rise", "start + (1 - start) (1 - cos(pi step/steps))/2", "S.rise", (step, steps, start),
    RISE.subs(share, step / steps),
)  # fmt: skip
WARM_UP = scalar_program("warm_up", "(step + 1) / steps", "S.rise", (step, steps), WARMUP)
STEP_RATE = scalar_program(
    "step_rate", "factor rate, in one step", "S.rate", (factor, optimizers.rate), factor * optimizers.rate
)
PROGRAMS = (COSINE_FALL, COSINE_RISE, WARM_UP, STEP_RATE)

SINE = "sin x >= 0 for 0 <= x <= π"


@definition("by_exp", "{0}", "{0}", commutative=True)
def by_exp(expression: sp.Expr) -> sp.Expr:
    """Sines and cosines, written by exp."""
    return meaning(expression).rewrite(sp.exp)


def _between(proof: Proof, curve: sp.Expr, low: sp.Expr, rises: bool) -> None:
    """curve = low + (1 - low) square and 1 - curve = (1 - low) (1 - square): it lies in [low, 1] for low <= 1."""
    half = sp.pi * share / 2
    up, down = (sp.sin(half), sp.cos(half)) if rises else (sp.cos(half), sp.sin(half))
    for claim, left, right in (
        ("above its least value by (1 - low) times a square", curve - low, (1 - low) * up**2),
        ("below 1 by (1 - low) times a square", 1 - curve, (1 - low) * down**2),
    ):
        proof.equal(claim, by_exp(left), by_exp(right))
    room = sp.Symbol("room", nonnegative=True)
    square = sp.Symbol("square", nonnegative=True)
    proof.compare("both are not negative for low = 1 - room", at((1 - low) * square, {low: 1 - room}), ">=")


def _monotone(proof: Proof, curve: sp.Expr, low: sp.Expr, sign: int) -> None:
    """The difference of two places: a product of two sines of angles between 0 and π."""
    earlier, later = sp.symbols("earlier later", real=True)
    left = sign * (at(curve, {share: later}) - at(curve, {share: earlier}))
    right = (1 - low) * sp.sin(sp.pi * (later + earlier) / 2) * sp.sin(sp.pi * (later - earlier) / 2)
    proof.equal("the change from `earlier` to `later`", by_exp(left), by_exp(right))


def cosine_argument(proof: Proof, program: Program = COSINE_FALL) -> None:
    proof.reads(program)
    proof.equal("the program is the formula", result_of(program), FALL, "program")
    proof.equal("the first factor is 1", at(FALL, {share: 0}), sp.S.One)
    proof.equal("the last factor is `final`", at(FALL, {share: 1}), final)
    _between(proof, FALL, final, rises=False)
    _monotone(proof, FALL, final, -1)


def rise_argument(proof: Proof, cosine: Program = COSINE_RISE, warm_up: Program = WARM_UP) -> None:
    proof.reads(cosine)
    proof.reads(warm_up)
    of_share = result_of(cosine, step=share * steps)
    proof.equal("the program of one cycle is the formula at u = step/steps", of_share, RISE, "program")
    proof.equal("the program of the warm-up is the formula", result_of(warm_up), WARMUP, "program")
    proof.equal("one cycle begins at `start`", at(RISE, {share: 0}), start)
    proof.equal("one cycle rises to 1", at(RISE, {share: 1}), sp.S.One)
    _between(proof, RISE, start, rises=True)
    _monotone(proof, RISE, start, 1)
    proof.equal("the last step of the warm-up has the factor 1", at(WARMUP, {step: steps - 1}), sp.S.One, "rational")
    proof.compare("the warm-up is positive", WARMUP, ">")
    rise = at(WARMUP, {step: step + 1}) - WARMUP
    proof.equal("every step adds 1/steps", rise, 1 / steps, "rational")
    proof.compare("which is positive", 1 / steps, ">")


def rate_argument(
    proof: Proof, programs: tuple[Program, ...] = optimizers.PROGRAMS, of_step: Program = STEP_RATE
) -> None:
    proof.reads(of_step)
    proof.equal("the rate of the step", result_of(of_step), factor * optimizers.rate, "program")
    for program in programs:
        values = run(program.assignments, {})
        moved = values["updated"] - optimizers.parameter.element
        scaled = at(moved, {optimizers.rate: factor * optimizers.rate})
        proof.equal(f"{program.name}: the step at factor · rate", scaled, factor * moved, "rational")
        proof.equal(f"{program.name}: a factor of 1", at(scaled, {factor: 1}), moved, "rational")
        for name in sorted({"first_new", "second_new"} & values.keys()):
            changed = at(values[name], {optimizers.rate: factor * optimizers.rate})
            proof.equal(f"{program.name}: {name} does not depend on the rate", changed, values[name])


THEOREMS = (
    Theorem(
        id="S.cosine",
        title="cosine schedule",
        states=7,
        words="F + (1 - F)(1 + cos πu)/2 falls from 1 at u = 0 to F at u = 1 and lies in [F, 1], for F <= 1",
        method="half angles, a product of sines",
        argument=cosine_argument,
        assumptions=(SINE,),
        scope="every number of steps",
        reference="Loshchilov and Hutter, ICLR 2017",
    ),
    Theorem(
        id="S.rise",
        title="warm-up and the rise of one cycle",
        states=12,
        words="S + (1 - S)(1 - cos πu)/2 rises from S to 1, for S <= 1; (t + 1)/W rises from 1/W to 1 at t = W - 1",
        method="half angles, a product of sines",
        argument=rise_argument,
        assumptions=(SINE,),
        scope="every number of steps",
        reference="Smith and Topin, arXiv 1708.07120",
    ),
    Theorem(
        id="S.rate",
        title="a factor of the rate",
        states=8,
        words="a step of Adam or SGD at factor · rate is factor times the step at the rate; moments do not change",
        method="linearity in the rate",
        argument=rate_argument,
        scope="every number of parameters",
    ),
)
