"""The proximal maps of the penalties: x = argmin ½‖x - v‖² + t R(x), in place.

x is the minimum if s = (v - x)/t is a subgradient of R at x, R(y) >= R(x) + s·(y - x) for every y: then

    F(y) - F(x) = ½‖y - x‖² + t [R(y) - R(x) - s·(y - x)]  >=  ½‖y - x‖²,

so x is the only one. The maps of the group and the L1 penalty give exact zeros. t > 0; for t = 0 each map is v itself, as
the lines show.
"""

from collections.abc import Callable

import sympy as sp

from derivations.proof.assignments import Array, Assign
from derivations.proof.facts import conditions, heads, piece, storage, whole
from derivations.proof.notation import p
from derivations.proof.programs import Program
from derivations.proof.running import run
from derivations.proof.stated import at
from derivations.proof.theorem import Proof, Theorem

value = Array("value", (p,), "argument", "v, the parameters of one group, overwritten by x")
moved = Array("moved", (p,), "argument", "x, in the place of v", store="value")
threshold = sp.Symbol("threshold", positive=True)
squares, norm, factor = sp.symbols("squares norm factor", nonnegative=True)
v = value.element


def _program(name: str, summary: str, *body: Assign) -> Program:
    return Program(name, summary, (f"P.{name[9:]}",), (value, moved), body, scalars=("threshold",))


GROUP = _program(
    "proximal_group",
    "v (1 - threshold / |v|_2), and 0 where |v|_2 <= threshold",
    Assign(squares, v**2, over=(p,)),
    Assign(norm, sp.sqrt(squares)),
    Assign(factor, sp.Piecewise((1 - threshold / norm, norm > threshold), (0, True))),
    Assign(moved.element, factor * v),
)
L1 = _program(
    "proximal_l1",
    "v moved towards 0 by threshold, and 0 where |v| <= threshold",
    Assign(moved.element, sp.Piecewise((v - threshold, v > threshold), (v + threshold, v < -threshold), (0, True))),
)
L2 = _program(
    "proximal_l2",
    "v / (1 + 2 threshold)",
    Assign(factor, 1 / (1 + 2 * threshold)),
    Assign(moved.element, factor * v),
)
PROGRAMS = (GROUP, L1, L2)

x, y, s, a = sp.symbols("x y s a", real=True)
t = sp.Symbol("t", positive=True)


def minimum(proof: Proof) -> None:
    """The identity above, in one coordinate; sums over coordinates keep it."""
    proof.equal(
        "½(y - v)² - ½(x - v)² = ½(y - x)² - t s (y - x) for t s = v - x",
        ((y - x - t * s) ** 2 - (t * s) ** 2) / 2,
        (y - x) ** 2 / 2 - t * s * (y - x),
    )


def _result(proof: Proof, program: Program) -> sp.Expr:
    """The assignment that overwrites v."""
    proof.reads(program)
    proof.same("x takes the place of v", storage(program), ["", "value"])
    made = [assign for assign in program.assignments if assign.target == moved.element]
    proof.same("once, for every element", heads(made), [(moved.element, (), "sum", False)])
    return made[0].value


def group_argument(proof: Proof, program: Program = GROUP) -> None:
    minimum(proof)
    _result(proof, program)
    values = {a.target: a.value for a in program.assignments}
    proof.same(
        "|v|² and |v|",
        whole(program.assignments[:2]),
        [Assign(squares, v**2, over=(p,)), Assign(norm, sp.sqrt(squares))],
    )
    proof.same(
        "factor is what v is multiplied with", whole(program.assignments[-1:]), [Assign(moved.element, factor * v)]
    )
    shrunk, zero = (piece(values[factor], number) for number in (1, 2))
    proof.same("shrunk exactly where |v| > t", conditions(values[factor]), [sp.Gt(norm, threshold), sp.true])
    # Where |v| > t: x = c v with c = 1 - t/|v| > 0, and s = (v - x)/t = v/|v|, the gradient of |x| = c |v|.
    direction = v / norm
    proof.equal("s = (v - x)/t = v/|v|", (v - shrunk * v) / threshold, direction, "rational")
    proof.equal("|s|² = Σ v²/|v|² = 1", at(squares / norm**2, {norm: sp.sqrt(squares)}), sp.S.One)
    excess = sp.Symbol("excess", positive=True)
    proof.compare("c > 0 where |v| = t + excess", at(shrunk, {norm: threshold + excess}), ">")
    proof.equal(
        "R(x) = s·x: |x| = c |v| = s·(c v), from Σ v² = |v|²",
        shrunk * norm,
        at(shrunk * squares / norm, {squares: norm**2}),
        "rational",
    )
    # Elsewhere x = 0 and s = v/t with |s| <= 1.
    proof.equal("x = 0 where |v| <= t", zero, sp.S.Zero)
    proof.compare(
        "|s|² = |v|²/t² <= 1 where t = |v| + excess", at(threshold**2 - norm**2, {threshold: norm + excess}), ">="
    )


def l1_argument(proof: Proof, program: Program = L1) -> None:
    minimum(proof)
    result = _result(proof, program)
    up, down, zero = (piece(result, number) for number in (1, 2, 3))
    proof.same("three regions of v", conditions(result), [sp.Lt(threshold, v), sp.Lt(threshold, -v), sp.true])
    proof.equal("v > t: s = (v - x)/t = 1", at((v - x) / threshold, {x: up}), sp.S.One, "rational")
    proof.equal("v < -t: s = -1", at((v - x) / threshold, {x: down}), -sp.S.One, "rational")
    proof.equal("otherwise x = 0, s = v/t", zero, sp.S.Zero)
    excess = sp.Symbol("excess", positive=True)
    proof.compare("x > 0 where v = t + excess", at(up, {v: threshold + excess}), ">")
    proof.compare("x < 0 where v = -t - excess", at(down, {v: -threshold - excess}), "<")
    size = sp.Symbol("size", nonnegative=True)
    proof.compare(
        "|s| <= 1 where |v| = size, t = size + excess", at(threshold**2 - size**2, {threshold: size + excess}), ">="
    )
    for name, sample, rest in (("a = size", size, 0), ("a = -size", -size, 2 * size)):
        gap = sp.Abs(a) - s * a
        proof.equal(f"|a| - s a for s = 1 and {name}, not negative", at(gap, {s: 1, a: sample}), rest)
        proof.equal(f"|a| - s a for s = -1 and {name}, not negative", at(gap, {s: -1, a: sample}), 2 * size - rest)


def l2_argument(proof: Proof, program: Program = L2) -> None:
    minimum(proof)
    _result(proof, program)
    result = run(program.assignments, {})["moved"]
    proof.equal("s = (v - x)/t = 2x, the gradient of x²", (v - result) / threshold, 2 * result, "rational")
    proof.equal("y² = x² + 2x (y - x) + (y - x)²", y**2, x**2 + 2 * x * (y - x) + (y - x) ** 2)


ARGUMENTS = {"proximal_group": group_argument, "proximal_l1": l1_argument, "proximal_l2": l2_argument}


def _theorem(
    name: str, words: str, argument: Callable[[Proof], None], states: int, assumptions: tuple[str, ...] = ()
) -> Theorem:
    return Theorem(
        id=f"P.{name}",
        states=states,
        title=f"proximal map, {name}",
        words=words,
        method="subgradient of a convex function",
        argument=argument,
        assumptions=assumptions,
        scope="every group size",
        reference="Parikh and Boyd, Proximal Algorithms (2014)",
    )


THEOREMS = (
    _theorem(
        "group",
        "argmin ½‖x - v‖² + t‖x‖₂ = v (1 - t/‖v‖) where ‖v‖ > t, else 0",
        group_argument,
        7,
        ("Cauchy-Schwarz: ‖y‖ >= s·y for ‖s‖ <= 1",),
    ),
    _theorem("l1", "argmin ½‖x - v‖² + t‖x‖₁ = sign(v) max(|v| - t, 0)", l1_argument, 11),
    _theorem("l2", "argmin ½‖x - v‖² + t‖x‖₂² = v / (1 + 2t)", l2_argument, 3),
)
