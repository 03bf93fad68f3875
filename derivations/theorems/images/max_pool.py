"""I7: max pools: the first greatest value of a window, row by row, wins."""

from __future__ import annotations

import sympy as sp

from derivations.proof.assignments import Array, Assign
from derivations.proof.facts import heads
from derivations.proof.notation import s
from derivations.proof.programs import Program
from derivations.proof.stated import at
from derivations.proof.theorem import Proof, Theorem
from derivations.proof.windows import sums
from derivations.theorems.images import convolution as conv
from derivations.theorems.images import notation as n
from derivations.theorems.images.adjoints import adjoint_step, only, value_of
from derivations.theorems.images.convolution import TAPS

SCALARS = (*n.WINDOW_SCALARS, "taps")

low = Array("x", (s, n.c, n.r, n.q), "state", "x, -∞ outside", outside=-sp.oo)
winner = n.plane("winner", (s, n.c, n.i, n.j), "ρ taps + κ of the first greatest value of the window", "state")
selected = n.plane("selected", (s, n.c, n.i, n.j, n.rho, n.kappa), "1 at the winner, 0 at every other tap", "scratch")
NUMBER = n.taps * n.rho + n.kappa
"""The number of a tap, row by row."""

MAX_POOL = Program(
    "max_pool",
    "greatest value of each window",
    ("I7",),
    (low, n.y),
    (Assign(n.y.element, conv.AT_WINDOW, over=TAPS, reduce="max"),),
    scalars=SCALARS,
)
MAX_POOL_WINNER = Program(
    "max_pool_winner",
    "the tap of the first greatest value of each window, row by row",
    ("I7",),
    (low, winner),
    (Assign(winner.element, conv.AT_WINDOW, over=TAPS, reduce="argmax"),),
    scalars=SCALARS,
)
MAX_POOL_ADJOINT = Program(
    "max_pool_adjoint",
    "adjoint of the max pool at stride 1: a pixel gets dy of every window that it wins",
    ("I7",),
    (n.dy, winner, n.dx),
    (
        Assign(
            n.dx.element,
            sp.KroneckerDelta(NUMBER, winner.at(s, n.c, n.r - n.rho + n.padding, n.q - n.kappa + n.padding))
            * n.dy.at(s, n.c, n.r - n.rho + n.padding, n.q - n.kappa + n.padding),
            over=TAPS,
        ),
    ),
    scalars=("padding", "taps"),
)
FROM = (n.a - n.quotient(n.rho), n.b - n.quotient(n.kappa))
MAX_POOL_PHASES_ADJOINT = Program(
    "max_pool_phases_adjoint",
    "adjoint of the max pool for every stride: what each tap gives to its phase where it wins",
    ("I7",),
    (n.dy, winner, n.dx_phase),
    (
        Assign(
            n.dx_phase.element,
            sp.KroneckerDelta(n.e, n.rest(n.rho))
            * sp.KroneckerDelta(n.g, n.rest(n.kappa))
            * sp.KroneckerDelta(NUMBER, winner.at(s, n.c, *FROM))
            * n.dy.at(s, n.c, *FROM),
            over=TAPS,
        ),
    ),
    scalars=SCALARS,
)


best, value, number, tap = sp.symbols("best value number tap", real=True)
SCAN = Program(
    "greatest_scan",
    "the greatest value so far and the first tap that has it, one tap further",
    ("I7",),
    (),
    (
        Assign(number, sp.Piecewise((tap, value > best), (number, True))),
        Assign(best, sp.Piecewise((value, value > best), (best, True))),
    ),
    scalars=("best", "value", "number", "tap"),
)
"""How `reduce` is printed: "max" is the second line over all taps, "argmax" both."""


def comparisons(line: Assign) -> dict[sp.Expr, sp.Expr]:
    """Each comparison of the winner's number, and the array that is 1 at the winner."""
    return {
        delta: selected.at(*next(e for e in delta.args if isinstance(e, sp.Indexed)).indices, *TAPS)
        for delta in line.value.atoms(sp.KroneckerDelta)
        if delta.has(sp.Indexed)
        and (delta.args[0] - delta.args[1]).xreplace(dict.fromkeys(delta.atoms(sp.Indexed), n.ZERO))
        in (NUMBER, -NUMBER)
    }


def choosing(line: Assign) -> Assign:
    """The line with the comparison of the winner's number replaced by the array that is 1 at the winner."""
    return Assign(line.target, line.value.xreplace(comparisons(line)), line.over, line.accumulate, line.reduce)


def first_greatest(proof: Proof, scan: Program) -> None:
    """Induction over the taps: after each, `best` is the greatest value so far and `number` the first tap that has it."""
    above = sp.Symbol("above", positive=True)
    below = sp.Symbol("below", nonnegative=True)
    place, kept = map(value_of, scan.assignments)
    proof.same(
        "the tap is set before the value",
        heads(scan.assignments),
        [(number, (), "sum", False), (best, (), "sum", False)],
    )
    proof.equal("no tap before: any value inside takes the place from -∞", at(place, {best: -sp.oo}), tap, "induction")
    greater, other = {value: best + above}, {value: best - below}
    proof.equal("a greater value becomes the best", at(kept, greater), best + above, "induction")
    proof.equal("and its tap the number", at(place, greater), tap, "induction")
    earlier = sp.Symbol("earlier", nonnegative=True)  # an earlier tap's value is best - earlier
    claim = "every earlier value is below it, so its tap is the first"
    proof.compare(claim, at(kept, greater), ">", best - earlier)
    proof.equal("a value that is at most the best leaves it", at(kept, other), best, "induction")
    proof.equal("and leaves the number, an equal value too", at(place, other), number, "induction")
    proof.compare("the best is at least the new value", at(kept, other), ">=", best - below)
    u, v, w = sp.symbols("u v w", real=True)
    grouped = at(sp.Max(u, w), {w: sp.Max(v, w)}), at(sp.Max(u, w), {u: sp.Max(u, v)})
    proof.equal("max(u, max(v, w)) = max(max(u, v), w): rows first, or all taps in turn", *grouped)


def max_argument(
    proof: Proof,
    greatest: Program = MAX_POOL,
    first: Program = MAX_POOL_WINNER,
    adjoint: Program = MAX_POOL_ADJOINT,
    phased: Program = MAX_POOL_PHASES_ADJOINT,
    scan: Program = SCAN,
) -> None:
    """The scan; with the winner's place known, y is a sum with one term that is not 0."""
    first_greatest(proof, scan)
    for program in (greatest, first, adjoint, phased, scan):
        proof.reads(program)
    place = n.x.at(
        s, n.c, n.stride * n.i + n.dilation * n.rho - n.padding, n.stride * n.j + n.dilation * n.kappa - n.padding
    )
    for program, target, kind in ((greatest, n.y, "max"), (first, winner, "argmax")):
        line = only(program)
        proof.equal(f"{program.name}: over the window of (i, j)", value_of(line), place)
        own = [(target.element, TAPS, kind, False)]
        proof.same(f"{program.name}: of all taps, row by row", heads((line,)), own)
    # Where the greatest value is single, its place stays when x changes a little: y is x there, a selection.
    chosen = Assign(n.y.element, selected.element * conv.AT_WINDOW, over=TAPS)
    at_one = chosen.value.subs({n.stride: 1, n.dilation: 1})
    one = Program("selection", "", (), (), (Assign(n.y.element, at_one, over=TAPS),))
    back = Program("selection_adjoint", "", (), (), (choosing(only(adjoint)),))
    adjoint_step(proof, "stride 1: ⟨ȳ, v at the winner⟩ = ⟨x̄, v⟩", one, n.x, back)
    on_phases = Program("selection", "", (), (), (Assign(n.y.element, selected.element * conv.AT_PHASE, over=TAPS),))
    back = Program("selection_adjoint", "", (), (), (choosing(only(phased)),))
    adjoint_step(
        proof, "every stride, on phases: ⟨ȳ, v at the winner⟩ = ⟨x̄_phase, v⟩", on_phases, n.x_phase, back, ("I2",)
    )
    for line in map(only, (adjoint, phased)):
        claim = f"{line.name}: the comparison with the winner is 1 there, and 0 at every other tap"
        proof.equal(claim, at(value_of(line), comparisons(line)), choosing(line).value)
    # Each window gives its ȳ away once, also where values are equal.
    total = sums(*n.dx.indices, *TAPS) * choosing(only(adjoint)).value
    whole = sums(*n.y.indices, *TAPS) * selected.element * n.dy.element
    proof.equal("Σ x̄ = Σ ȳ Σ_taps selected, and one tap is selected", total, whole, "reindexing")


I7 = Theorem(
    id="I7",
    title="max pool",
    states=15,
    words="y[i,j] = max x[R(i,ρ),Q(j,κ)], -∞ outside; the winner is the first greatest value, row by row; x̄[r,q] = Σ ȳ[i,j] over the "
    "windows whose winner lies at (r,q); Σ x̄ = Σ ȳ for every x, equal values too; the max of the rows' max is the max",
    method="induction over taps, adjoint identity of the selection",
    argument=max_argument,
    assumptions=(
        "the slope at equal values is that of the first of them",
        "every window has a tap inside the plane (I1)",
    ),
    scope="every size, stride, dilation and padding",
)
