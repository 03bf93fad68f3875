"""The penalties on one group of parameters (for eigenvalues: the λ of one layer) and their gradients.

Each kernel adds to the gradient and returns the penalty. The gradient of the group
penalty at the zero vector, and of |λ| at 0, is taken as 0: both are subgradients.
"""

from collections.abc import Callable

import sympy as sp

from derivations.proof.assignments import Array, Assign
from derivations.proof.facts import added, conditions, piece, returned, targets, whole
from derivations.proof.notation import p
from derivations.proof.programs import Program
from derivations.proof.running import bars, slope
from derivations.proof.stated import at
from derivations.proof.theorem import Proof, Theorem

value = Array("value", (p,), "argument", "the parameters of one group, e.g. λ^(i)")
gradient = Array("gradient", (p,), "argument", "∂(ℓ + penalty)/∂value")
strength, penalty, squares, norm = sp.symbols("strength penalty squares norm", nonnegative=True)
inverse = sp.Symbol("inverse", nonnegative=True)


def _program(name: str, summary: str, *body: Assign) -> Program:
    return Program(name, summary, (f"R.{name[8:]}",), (value, gradient), body, scalars=("strength",), result="penalty")


GROUP = _program(
    "penalty_group",
    "strength |value|_2 (not squared), and its gradient, 0 at the zero vector",
    Assign(squares, value.element**2, over=(p,)),
    Assign(norm, sp.sqrt(squares)),
    Assign(penalty, strength * norm),
    Assign(inverse, sp.Piecewise((strength / norm, norm > 0), (0, True))),
    Assign(gradient.element, inverse * value.element, accumulate=True),
)
L1 = _program(
    "penalty_l1",
    "strength |value|_1, and its gradient, 0 at 0",
    Assign(penalty, strength * sp.Abs(value.element), over=(p,)),
    Assign(gradient.element, strength * sp.sign(value.element), accumulate=True),
)
L2 = _program(
    "penalty_l2",
    "strength |value|_2^2, and its gradient",
    Assign(penalty, strength * value.element**2, over=(p,)),
    Assign(gradient.element, 2 * strength * value.element, accumulate=True),
)
PROGRAMS = (GROUP, L1, L2)


def well_formed(proof: Proof, program: Program, expected: list[sp.Expr]) -> None:
    """Each target is set once, in this order, and the penalty is what the kernel returns."""
    proof.reads(program)
    proof.same("each target is set once, in this order", targets(program.assignments), expected)
    proof.same("the penalty is returned", returned(program), [str(penalty)])


def _claimed(proof: Proof, program: Program) -> sp.Expr:
    assign = next(a for a in program.assignments if a.target == gradient.element)
    proof.same("the gradient alone is added, to that of the loss", added(program.assignments), [gradient.name])
    return assign.value


def group_argument(proof: Proof, program: Program = GROUP) -> None:
    well_formed(proof, program, [squares, norm, penalty, inverse, gradient.element])
    values = {a.target: a.value for a in program.assignments}
    smooth = [a for a in program.assignments if a.target in (squares, norm, penalty)]
    rate = piece(values[inverse], 1)
    proof.same("the slope is used exactly where ‖λ‖ > 0", conditions(values[inverse]), [sp.Gt(norm, 0), sp.true])
    length = (
        Assign(squares, value.element**2, over=(p,)),
        Assign(norm, sp.sqrt(squares)),
        Assign(penalty, strength * norm),
    )
    proof.same("the penalty is ρ‖λ‖₂", whole(smooth), length)
    truth = at(bars(smooth, {"penalty": sp.Integer(1)})["value"], {sp.sqrt(squares): norm})
    claimed = at(_claimed(proof, program), {inverse: rate})
    proof.equal("∂/∂λ_p ρ‖λ‖ = ρ λ_p / ‖λ‖ where ‖λ‖ > 0", claimed, truth, rule="reverse accumulation")
    proof.equal(
        "the gradient at the zero vector is 0", at(values[inverse], {norm: 0}), sp.Integer(0), rule="convention"
    )
    # 0 is a subgradient there: ρ‖λ‖ >= ρ‖0‖ + 0·λ for every λ.
    proof.compare("ρ‖λ‖ >= 0 for every λ", values[penalty], ">=")


def l1_argument(proof: Proof, program: Program = L1) -> None:
    well_formed(proof, program, [penalty, gradient.element])
    total = next(a for a in program.assignments if a.target == penalty)
    proof.same(
        "the penalty is ρ Σ|λ_p|", whole([total]), [Assign(penalty, strength * sp.Abs(value.element), over=(p,))]
    )
    term, claimed = total.value, _claimed(proof, program)
    for name, sample in (("λ > 0", sp.Symbol("a", positive=True)), ("λ < 0", sp.Symbol("a", negative=True))):
        truth = slope(at(term, {value.element: sample}), sample)
        proof.equal(f"∂/∂λ_p ρ|λ_p| for {name}", at(claimed, {value.element: sample}), truth, rule="differentiation")
    proof.equal("the gradient at 0 is 0", at(claimed, {value.element: 0}), sp.Integer(0), rule="convention")
    proof.compare("ρ|λ| >= 0 for every λ", at(term, {value.element: sp.Symbol("a", real=True)}), ">=")


def l2_argument(proof: Proof, program: Program = L2) -> None:
    well_formed(proof, program, [penalty, gradient.element])
    total = [a for a in program.assignments if a.target == penalty]
    proof.same("the penalty is ρ Σ λ_p²", whole(total), [Assign(penalty, strength * value.element**2, over=(p,))])
    truth = bars(total, {"penalty": sp.Integer(1)})["value"]
    proof.equal("∂/∂λ_p ρ‖λ‖² = 2ρ λ_p", _claimed(proof, program), truth, rule="reverse accumulation")


def _theorem(name: str, words: str, argument: Callable[[Proof], None], states: int) -> Theorem:
    return Theorem(
        id=f"R.{name}",
        states=states,
        title=f"{name} penalty",
        words=words,
        method="reverse accumulation, subgradient",
        argument=argument,
        scope="every group size",
        reference="arXiv 2504.00885" if name == "group" else "standard",
    )


THEOREMS = (
    _theorem("group", "ρ‖λ‖₂ has the gradient ρ λ/‖λ‖₂, and the subgradient 0 at λ = 0", group_argument, 3),
    _theorem("l1", "ρ‖λ‖₁ has the gradient ρ sign(λ), and the subgradient 0 at 0", l1_argument, 4),
    _theorem("l2", "ρ‖λ‖₂² has the gradient 2ρ λ", l2_argument, 1),
)
