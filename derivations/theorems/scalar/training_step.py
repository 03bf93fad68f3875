"""One step of a training as a program: the order of its parts, which loops over mini-batches follow.

Each part is a function of which nothing is known here; what it computes is proven by itself. `step_order` compares the
loops of all targets with this program.
"""

import sympy as sp

from derivations.proof.assignments import Assign
from derivations.proof.programs import Program
from derivations.proof.running import run
from derivations.proof.theorem import Proof, Theorem

theta, moments, factor, rows = sp.symbols("theta moments factor rows", real=True)
inputs, outputs, bars, slope, penalised, limited, moved, updated = sp.symbols(
    "inputs outputs bars slope penalised limited moved updated", real=True
)
gather, propagate, loss, adjoint, penalty, limit, step, shrink = (
    sp.Function(name, real=True)
    for name in ("gather", "propagate", "loss", "adjoint", "penalty", "limit", "step", "shrink")
)

STEP = Program(
    "training_step",
    "θ after one mini-batch, from θ before it",
    ("O.step",),
    (),
    (
        Assign(inputs, gather(rows)),
        Assign(outputs, propagate(theta, inputs)),
        Assign(bars, loss(outputs, rows)),
        Assign(slope, adjoint(theta, inputs, bars)),
        Assign(penalised, slope + penalty(theta)),
        Assign(limited, limit(penalised)),
        Assign(moved, step(theta, limited, moments, factor)),
        Assign(updated, shrink(moved, factor)),
    ),
    scalars=tuple(map(str, (theta, moments, factor, rows))),
    result=str(updated),
)


def step_argument(proof: Proof, program: Program = STEP) -> None:
    """By running the program: gradients at θ before the step, the limit for their sum, the proximal map behind the step."""
    proof.reads(program)
    x = gather(rows)
    gradient = adjoint(theta, x, loss(propagate(theta, x), rows))
    published = shrink(step(theta, limit(gradient + penalty(theta)), moments, factor), factor)
    proof.equal("θ after the step", run(program.assignments)[program.result], published, rule="program")


THEOREMS = (
    Theorem(
        id="O.step",
        title="the order of a training step",
        states=1,
        words="θ' = prox(step(θ, limit(∂ℓ(θ) + ∂R(θ)))): both gradients at θ before the step, the limit for their sum",
        method="running the program of a step",
        argument=step_argument,
        scope="one mini-batch",
        reference="Parikh and Boyd, Proximal Algorithms (2014)",
    ),
)
