"""M19: every hyperplane on which the gradient jumps needs a neuron of its own.

One hidden layer and a linear skip: y = A x + a + Σ_m v_m f(w_m·x + b_m), f with two straight pieces. A hyperplane P is
n·x + β = 0; neuron m lies on it where w_m = c_m n and b_m = c_m β with c_m != 0. Beside a point of P that lies on no other
hyperplane the sides differ only in the pieces of the neurons on P.
"""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from derivations.proof.assignments import Array, Assign
from derivations.proof.claims import Assumption, Claim, Recursion
from derivations.proof.notation import elements, h, k
from derivations.proof.rules import marker
from derivations.proof.running import run
from derivations.proof.stated import Definition, at
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.scalar.activations import (
    ABOVE,
    ACTIVATIONS,
    BELOW,
    Activation,
    derivative,
    on_piece,
    piece,
    z,
)

m = sp.Symbol("m", integer=True, nonnegative=True)  # neuron of the hidden layer
skip = Array("skip", (h, k), "argument", "A, weights from the input to the output")
out = Array("out", (h, m), "argument", "outgoing weights v")
row = Array("row", (m, k), "argument", "incoming weights w")
above = Array("above", (m,), "argument", "f'(z_m) where n·x + β > 0")
below = Array("below", (m,), "argument", "f'(z_m) where n·x + β < 0")
on = Array("on", (m,), "argument", "1 for a neuron on P, 0 for any other")
size = Array("size", (m,), "argument", "|c_m|")
side = Array("side", (m,), "argument", "the sign of c_m")
normal = Array("normal", (k,), "argument", "n")
up = Array("up", (h, k), "argument", "gradient of the output where n·x + β > 0")
down = Array("down", (h, k), "argument", "gradient of the output where n·x + β < 0")
jump = Array("jump", (h, k), "argument", "their difference")
step = sp.Symbol("step")  # f' above the kink less f' below it
c, other = sp.symbols("c other", nonzero=True)


def slopes(activation: Activation) -> tuple[sp.Expr, sp.Expr]:
    """f' for z <= 0 and for z > 0."""
    return sp.diff(on_piece(activation.function, False), z), sp.diff(on_piece(activation.function, True), z)


def bends(activation: Activation) -> bool:
    """f has two straight pieces that start at 0 and two slopes."""
    lower, upper = slopes(activation)
    straight = not lower.has(z) and not upper.has(z) and on_piece(activation.function, False).subs(z, 0) == 0
    return bool(activation.kink and straight and lower != upper)


KINKED = tuple(activation for activation in ACTIVATIONS if bends(activation))


def one_neuron(proof: Proof) -> None:
    """What a neuron on P adds to the gradient on either side, by the sign of c."""
    for activation in KINKED:
        lower, upper = slopes(activation)
        for sign in (1, -1):
            scale = sign * sp.Symbol("size", positive=True)
            where = f"{activation.name}, c {'>' if sign > 0 else '<'} 0"
            for way in (1, -1):
                place = way * sp.Symbol("distance", positive=True)
                claim = f"{where}: z = c (n·x + β) is {'above' if sign * way > 0 else 'below'} 0 where n·x + β {'>' if way > 0 else '<'} 0"
                proof.compare(claim, scale * place, ">" if sign * way > 0 else "<")
            after, before = (ABOVE, BELOW) if sign > 0 else (BELOW, ABOVE)
            rates = [derivative(piece(activation.function, where)) for where in (after, before)]
            change = scale * (rates[0] - rates[1])
            proof.equal(f"{where}: c f' jumps by (f'(0+) - f'(0-)) |c|", change, (upper - lower) * sign * scale)
        proof.compare(f"{activation.name}: f'(0+) - f'(0-) is not 0", upper, "!=", lower)


ON = Assumption(on.element**2, on.element, "on_m is 0 or 1")
SIDE = Assumption(side.element**2, sp.S.One, "side_m is 1 or -1")

Jump = Callable[[], sp.Expr]


def whole_jump(
    proof: Proof, term: Jump = lambda: step * on.element * out.element * size.element * normal.element
) -> None:
    """`term` is what neuron m adds to the jump of the gradient across P."""
    program = (
        Assign(up.element, skip.element),
        Assign(up.element, out.element * above.element * row.element, over=(m,), accumulate=True),
        Assign(down.element, skip.element),
        Assign(down.element, out.element * below.element * row.element, over=(m,), accumulate=True),
        Assign(jump.element, up.element - down.element),
    )
    values = run(program, elements((skip, out, row, above, below)))
    proof.equal(
        "the skip is the same on both sides: jump = Σ_m v_m (f' above - f' below) w_m",
        values["jump"],
        marker(m) * out.element * (above.element - below.element) * row.element,
        "program",
    )
    # Off P the piece stays; on P it changes by `step` in the direction of c, and w = c n.
    placed = {
        above.element: below.element + on.element * side.element * step,
        row.element: on.element * side.element * size.element * normal.element + (1 - on.element) * row.element,
    }
    found = at(values["jump"], placed)
    claim = "jump = (f'(0+) - f'(0-)) Σ_{m on P} v_m |c_m| n, as c = side |c|"
    proof.equal(claim, found, marker(m) * term(), given=(ON, SIDE))
    for value in (0, 1):
        case = {on.element: value}
        proof.equal(f"on² = on for {value}", at(on.element**2, case), at(on.element, case))
    for value in (1, -1):
        proof.equal(f"side² = 1 for {value}", at(side.element**2, {side.element: value}), sp.S.One)
    proof.equal("no neuron on P: no jump, so a jump needs a neuron on P", at(found, {on.element: 0}), sp.S.Zero)


count = sp.Symbol("k", integer=True, nonnegative=True)
NEEDED = Recursion(
    "needed",
    r"\mathrm{{needed}}_{{{0}}}",
    "needed_{0}",
    lambda: sp.S.Zero,
    lambda before, k: before() + 1,
    commutative=True,
)
"""Each hyperplane with a jump needs a neuron that is on none of those before."""
COUNT = Definition(
    "count", lambda k: k, r"\left|\{{P_1, \dots, P_{{{0}}}\}}\right|", "|{{P_1, ..., P_{0}}}|", commutative=True
)


def counting(proof: Proof) -> None:
    """A neuron lies on one hyperplane, so distinct hyperplanes have distinct neurons."""
    a, b, there = sp.symbols("n_k beta there")
    for name, mine in (("n", a), ("β", b)):
        theirs = c * mine / other
        proof.equal(f"c {name} = c' {name}' of one neuron", at(other * there, {there: theirs}), c * mine, "rational")
    x, first, second = sp.symbols("x n beta")
    claim = "n'·x + β' = (c/c')(n·x + β), termwise: both vanish at the same x, one hyperplane"
    proof.equal(claim, c * first / other * x + c * second / other, c / other * (first * x + second), "rational")
    proof.compare("c/c' is not 0", c / other, "!=")
    proof.induction(Claim("k hyperplanes need k neurons", NEEDED(count), COUNT(count), (count,)), NEEDED, COUNT, count)


def argument(proof: Proof) -> None:
    one_neuron(proof)
    whole_jump(proof)
    counting(proof)


M19 = Theorem(
    id="M19",
    title="lower bound",
    states=26,
    words="y = A x + a + Σ_m v_m f(w_m·x + b_m): across n·x + β = 0 the gradient jumps by (f'(0+) - f'(0-)) Σ v_m |c_m| nᵀ over "
    "the neurons with w_m = c_m n, b_m = c_m β, and nowhere else; so a function whose gradient jumps on k distinct "
    f"hyperplanes needs k neurons, and a network with k neurons that shows k of them is minimal; f is one of "
    f"{', '.join(activation.name for activation in KINKED)}",
    method="pieces of f, evaluation on symbols, counting",
    argument=argument,
    assumptions=(
        ON,
        SIDE,
        "finitely many other hyperplanes do not cover a hyperplane, nor the part of it in an open set that it meets",
        "beside a point where w_m·x + b_m is not 0 its sign stays",
        "two networks with one function on an open set have one gradient wherever both have one",
        "sets without a common member, each with at least one, have together as many members as there are sets, or more",
    ),
    scope="every number of inputs, neurons and outputs, one hidden layer",
)
