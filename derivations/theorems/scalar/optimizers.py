"""The update equations of the optimizers, fused over a flat parameter vector.

Adam (Kingma and Ba, arXiv 1412.6980, algorithm 1) with the bias corrections 1 - β^t taken out of the loop;
SGD with momentum and Nesterov's form (Sutskever et al. 2013, as PyTorch writes it).
"""

from collections.abc import Callable
from typing import Any

import sympy as sp

from derivations.proof.assignments import Array, Assign
from derivations.proof.claims import Claim, Recursion
from derivations.proof.facts import storage
from derivations.proof.notation import p
from derivations.proof.programs import Program
from derivations.proof.running import run
from derivations.proof.stated import Definition, With, at
from derivations.proof.theorem import Proof, Theorem

parameter = Array("parameter", (p,), "argument", "θ, updated in place")
gradient = Array("gradient", (p,), "argument", "g = ∂ℓ/∂θ")
first = Array("first", (p,), "argument", "m, first moment, updated in place")
second = Array("second", (p,), "argument", "v, second moment, updated in place")
updated = Array("updated", (p,), "argument", "θ after the step", store="parameter")
first_new = Array("first_new", (p,), "argument", "m after the step", store="first")
second_new = Array("second_new", (p,), "argument", "v after the step", store="second")

rate, beta1, beta2, epsilon = sp.symbols("rate beta1 beta2 epsilon", positive=True)
correction1, correction2 = sp.symbols("correction1 correction2", positive=True)
momentum, nesterov = sp.symbols("momentum nesterov", nonnegative=True)
step_size, root = sp.symbols("step_size root", positive=True)

ADAM = Program(
    "adam",
    "m = beta1 m + (1-beta1) g, v = beta2 v + (1-beta2) g^2, theta -= rate m/c1 / (sqrt(v/c2) + epsilon)",
    ("O.adam",),
    (parameter, gradient, first, second, updated, first_new, second_new),
    (
        Assign(step_size, rate / correction1),
        Assign(root, 1 / sp.sqrt(correction2)),
        Assign(first_new.element, beta1 * first.element + (1 - beta1) * gradient.element),
        Assign(second_new.element, beta2 * second.element + (1 - beta2) * gradient.element**2),
        Assign(
            updated.element,
            parameter.element - step_size * first_new.element / (root * sp.sqrt(second_new.element) + epsilon),
        ),
    ),
    scalars=("rate", "beta1", "beta2", "epsilon", "correction1", "correction2"),
)
SGD = Program(
    "sgd",
    "b = momentum b + g, theta -= rate (g + momentum b) with nesterov = 1, rate b with nesterov = 0",
    ("O.sgd",),
    (parameter, gradient, first, updated, first_new),
    (
        Assign(first_new.element, momentum * first.element + gradient.element),
        Assign(
            updated.element,
            parameter.element
            - rate
            * (nesterov * (gradient.element + momentum * first_new.element) + (1 - nesterov) * first_new.element),
        ),
    ),
    scalars=("rate", "momentum", "nesterov"),
)
PROGRAMS = (ADAM, SGD)


def in_place(proof: Proof, program: Program) -> None:
    proof.reads(program)
    expected = {"updated": "parameter", "first_new": "first", "second_new": "second"}
    made = {assign.name for assign in program.assignments}
    own = [expected[array.name] if array.name in made else "" for array in program.arrays]
    proof.same("θ and the moments are updated in place", storage(program), own)


def adam_argument(proof: Proof, program: Program = ADAM) -> None:
    in_place(proof, program)
    values = run(program.assignments, {})
    g, m, v = gradient.element, first.element, second.element
    m_new, v_new = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
    published = parameter.element - rate * (m_new / correction1) / (sp.sqrt(v_new / correction2) + epsilon)
    proof.equal("m", values["first_new"], m_new, rule="program")
    proof.equal("v", values["second_new"], v_new, rule="program")
    proof.equal("θ", values["updated"], published, rule="program")
    # The corrections: for a constant gradient m_t = (1 - β1^t) g, so m_t / (1 - β1^t) = g without bias.
    for moment, new, beta, truth in ((m, m_new, beta1, g), (v, v_new, beta2, g**2)):
        _without_bias(proof, moment, new, beta, truth)


def zero() -> sp.Expr:
    """Where a sum or a moment begins."""
    return sp.S.Zero


def _next(moment: sp.Expr, new: sp.Expr, before: Callable[[], Any], _: Any) -> Any:
    return new.subs(moment, before())


def _part(beta: sp.Expr, limit: sp.Expr, t: Any) -> sp.Expr:
    return (1 - beta**t) * limit


def _without_bias(proof: Proof, moment: sp.Expr, new: sp.Expr, beta: sp.Expr, limit: sp.Expr) -> None:
    """The moment after t steps, for a constant gradient: it starts at 0, and each step is the new moment's own line."""
    name, t = str(moment.base), sp.Symbol("t", integer=True, nonnegative=True)
    steps = Recursion(
        f"{name}_t",
        f"{name}_{{{{{{0}}}}}}",
        f"{name}_{{0}}",
        zero,
        With(_next, (moment, new)),
        True,
    )
    closed = Definition(
        f"{name}_closed",
        With(_part, (beta, limit)),
        rf"(1 - {beta}^{{{{{{0}}}}}})\,{sp.latex(limit).replace('{', '{{').replace('}', '}}')}",
        f"(1 - {beta}^{{0}}) {limit}",
        True,
    )
    proof.induction(Claim(f"{name}_t for a constant gradient", steps(t), closed(t), (t,)), steps, closed, t)


def sgd_argument(proof: Proof, program: Program = SGD) -> None:
    in_place(proof, program)
    values = run(program.assignments, {})
    b = momentum * first.element + gradient.element
    proof.equal("b", values["first_new"], b, rule="program")
    heavy = parameter.element - rate * b
    looking_ahead = parameter.element - rate * (gradient.element + momentum * b)
    proof.equal("θ without Nesterov", at(values["updated"], {nesterov: 0}), heavy, rule="program")
    proof.equal("θ with Nesterov", at(values["updated"], {nesterov: 1}), looking_ahead, rule="program")
    proof.equal("no momentum: θ - rate g", at(heavy, {momentum: 0}), parameter.element - rate * gradient.element)


THEOREMS = (
    Theorem(
        id="O.adam",
        title="Adam step",
        states=5,
        words="m = β1 m + (1-β1) g, v = β2 v + (1-β2) g², θ -= rate m̂/(√v̂ + ε), m̂ = m/(1-β1^t), v̂ = v/(1-β2^t)",
        method="the published recurrence, induction",
        argument=adam_argument,
        scope="every number of parameters",
        reference="arXiv 1412.6980",
    ),
    Theorem(
        id="O.sgd",
        title="SGD step",
        states=4,
        words="b = μ b + g, θ -= rate b, or rate (g + μ b) in Nesterov's form",
        method="the published recurrence",
        argument=sgd_argument,
        scope="every number of parameters",
        reference="Sutskever et al., ICML 2013",
    ),
)
