"""I1: all operations of an edge give planes of one size. I18: windows on planes kept in one flat vector.

I18 is what kernels run. A plane is copied into a scratch plane of the same pitch, P = columns, with zeros before and behind it,
and read by one flat index. A window is then k² reads at fixed distances, and no loop knows where a row ends: `FLAT` at n = r P + q is
the output at (r, q). A read that leaves its row on the left or on the right ends in another row. So each column of taps has a
copy of the plane, in which everything that such a read could find is 0. The adjoint at stride 1 is the same program with the
turned kernel on copies of ȳ. Planes below one another in one scratch plane, with zeros between, are one plane with more rows.
"""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from derivations.proof.assignments import Array, Assign
from derivations.proof.facts import heads, whole
from derivations.proof.programs import Program
from derivations.proof.stated import at, definition, meaning
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.images import convolution as conv
from derivations.theorems.images import notation as n
from derivations.theorems.images.adjoints import only, value_of
from derivations.theorems.images.convolution import TAPS, ZERO_OUTSIDE

Padding = Callable[[sp.Expr, sp.Expr, sp.Expr], sp.Expr]
Rows = Callable[[sp.Expr, sp.Expr, sp.Expr, sp.Expr, sp.Expr], sp.Expr]

# --- I1: sizes --------------------------------------------------------------------------------------------------------

m = sp.Symbol("m", integer=True, nonnegative=True)
half_rows = sp.Symbol("half_rows", integer=True, positive=True)


@definition(
    "output_rows", r"\mathrm{{rows}}\left({0},{1},{2},{3},{4}\right)", "rows({0}, {1}, {2}, {3}, {4})", commutative=True
)
def output_rows(size: sp.Expr, taps: sp.Expr, dilation: sp.Expr, stride: sp.Expr, padding: sp.Expr) -> sp.Expr:
    """⌊(size + 2 padding - dilation (taps - 1) - 1) / stride⌋ + 1: the windows that lie inside the padded plane."""
    return sp.floor(sp.expand(size + 2 * padding - dilation * (taps - 1) - 1) / stride) + 1


@definition("own_padding", r"\mathrm{{padding}}\left({0},{1},{2}\right)", "padding({0}, {1}, {2})", commutative=True)
def own_padding(taps: sp.Expr, dilation: sp.Expr, stride: sp.Expr) -> sp.Expr:
    """⌈(dilation (taps - 1) + 1 - stride) / 2⌉, the padding of every operation."""
    return sp.ceiling(sp.expand(dilation * (taps - 1) + 1 - stride) / 2)


def geometry_argument(proof: Proof, choice: Padding = own_padding, size: Rows = output_rows) -> None:
    """k = 2 m + 1 taps; the padding is dilation · m for strides 1 and 2."""
    k, d = 2 * m + 1, n.dilation
    for stride in (1, 2):
        proof.equal(f"stride {stride}: the padding is dilation m", choice(k, d, sp.Integer(stride)), d * m)
    own = d * m
    proof.equal("stride 1: as many rows as before", size(n.rows, k, d, sp.Integer(1), own), n.rows)
    proof.equal("stride 2, 2 h rows: h rows", size(2 * half_rows, k, d, sp.Integer(2), own), half_rows)
    proof.equal("stride 2, 2 h - 1 rows: h rows", size(2 * half_rows - 1, k, d, sp.Integer(2), own), half_rows)
    proof.equal(
        "the middle tap of row i is row stride i of the input",
        at(n.WINDOW.at(n.i, m), {n.padding: own}),
        n.stride * n.i,
    )
    for stride, rows in ((1, n.rows), (2, 2 * half_rows), (2, 2 * half_rows - 1)):
        last = stride * (size(rows, k, d, sp.Integer(stride), own) - 1)
        proof.compare(f"stride {stride}, {rows} rows: the last middle tap lies inside", last, "<", rows)


I1 = Theorem(
    id="I1",
    title="window geometry",
    states=9,
    words="odd k, padding ⌈(dilation (k-1) + 1 - stride)/2⌉ = dilation (k-1)/2: stride 1 keeps the rows, stride 2 gives half of "
    "them, rounded up; so all operations of an edge agree in size, and every window has its middle inside the plane",
    method="floors of integers, cases",
    argument=geometry_argument,
    scope="every odd k, dilation and size, strides 1 and 2",
)

# --- I18: flat planes -------------------------------------------------------------------------------------------------

position = sp.Symbol("position", integer=True, nonnegative=True)
pitch, border = (sp.Symbol(name, integer=True, positive=True) for name in ("pitch", "border"))
flat = Array("flat", (position,), "scratch", "the scratch plane, flat", outside=n.ZERO)
dflat = Array("dflat", (position,), "scratch", "ȳ in a scratch plane, flat", outside=n.ZERO)
result = Array("result", (position,), "scratch", "y at position r pitch + q")
kernel = n.plane("kernel", TAPS, "the kernel of one channel", "parameter")
dkernel = n.plane("dkernel", TAPS, "its gradient", "gradient")
SHIFT = n.dilation * (n.rho * pitch + n.kappa)
"""The distance of a tap's read: the same for every position."""

FLAT = Program(
    "flat",
    "a convolution of stride 1 on a flat scratch plane: every tap is one read at a fixed distance",
    ("I18",),
    (flat, kernel, result),
    (Assign(result.element, kernel.element * flat.at(position + SHIFT), over=TAPS),),
    scalars=("dilation", "pitch"),
)
FLAT_WEIGHTS = Program(
    "flat_weights",
    "gradient of the kernel on flat scratch planes; dflat is 0 between planes",
    ("I18",),
    (flat, dflat, dkernel),
    (Assign(dkernel.element, dflat.element * flat.at(position + SHIFT), over=(position,), accumulate=True),),
    scalars=("dilation", "pitch"),
)
FLAT_GREATEST = Program(
    "flat_greatest",
    "the greatest value of each window on a flat scratch plane with a border of -infinity",
    ("I18",),
    (Array("flat", (position,), "scratch", "the scratch plane, flat", outside=-sp.oo), result),
    (Assign(result.element, flat.at(position + n.rho * pitch + n.kappa), over=TAPS, reduce="max"),),
    scalars=("pitch", "taps"),
)


flat_phase = Array("flat_phase", (n.e, n.g, position), "scratch", "the phases in scratch planes, flat", outside=n.ZERO)
dflat_phase = Array("dflat_phase", (n.e, n.g, position), "scratch", "∂ℓ/∂x_phase at position a pitch + b, flat")


def phase_shift(sign: int) -> sp.Expr:
    """The distance of a tap's read on a phase, forwards or back."""
    down, right = sign * n.quotient(n.rho), sign * n.quotient(n.kappa)
    return (border + down) * pitch + border + right


AT_FLAT_PHASE = flat_phase.at(n.rest(n.rho), n.rest(n.kappa), position + phase_shift(1))
PHASE_SCALARS = ("stride", "dilation", "padding", "border", "pitch")
FLAT_PHASES = Program(
    "flat_phases",
    "a convolution of any stride on the flat scratch planes of its phases",
    ("I18",),
    (flat_phase, kernel, result),
    (Assign(result.element, kernel.element * AT_FLAT_PHASE, over=TAPS),),
    scalars=PHASE_SCALARS,
)
FLAT_PHASES_ADJOINT = Program(
    "flat_phases_adjoint",
    "adjoint of a convolution of any stride: every tap adds to its phase, from the flat scratch plane of dy",
    ("I18",),
    (dflat, kernel, dflat_phase),
    (
        Assign(
            dflat_phase.element,
            sp.KroneckerDelta(n.e, n.rest(n.rho))
            * sp.KroneckerDelta(n.g, n.rest(n.kappa))
            * kernel.element
            * dflat.at(position + phase_shift(-1)),
            over=TAPS,
        ),
    ),
    scalars=PHASE_SCALARS,
)
FLAT_PHASES_WEIGHTS = Program(
    "flat_phases_weights",
    "gradient of the kernel on flat phases; dflat holds dy at r pitch + q and 0 between",
    ("I18",),
    (flat_phase, dflat, dkernel),
    (Assign(dkernel.element, dflat.element * AT_FLAT_PHASE, over=(position,), accumulate=True),),
    scalars=PHASE_SCALARS,
)


@definition("plain", "{0}", "({0}, indices multiplied out)", commutative=True)
def plain(expression: sp.Expr) -> sp.Expr:
    """The same with all indices multiplied out."""
    whole = meaning(expression)
    return whole.xreplace({e: e.base[tuple(map(sp.expand, e.indices))] for e in whole.atoms(sp.Indexed)})


def phases_argument(
    proof: Proof,
    value: Program = FLAT_PHASES,
    adjoint: Program = FLAT_PHASES_ADJOINT,
    weights: Program = FLAT_PHASES_WEIGHTS,
) -> None:
    """Each line is that of I2 on phases, with its element at the place where the scratch plane holds it."""

    def held(row: sp.Expr, column: sp.Expr) -> sp.Expr:
        return sp.expand((row + border) * pitch + column + border)

    cases = ((value, conv.DEPTHWISE_PHASES, n.i, n.j), (weights, conv.DEPTHWISE_PHASES_WEIGHTS, n.i, n.j))
    for program, truth, row, column in (*cases, (adjoint, conv.DEPTHWISE_PHASES_ADJOINT, n.a, n.b)):
        line, plain_line = only(program), only(truth)
        moved = {}
        for element in plain_line.operands:
            if str(element.base) == "w":
                moved[element] = kernel.element
            elif str(element.base) == "x_phase":
                _, _, e, g, a, b = element.indices
                moved[element] = flat_phase.at(e, g, held(a, b))
            elif program is weights:
                moved[element] = dflat.at(sp.expand(row * pitch + column))
            else:
                moved[element] = dflat.at(held(*element.indices[2:]))
        here = at(value_of(line), {position: row * pitch + column})
        claim = f"{program.name}: the line of I2 at r pitch + q"
        proof.equal(claim, plain(here), plain(at(value_of(plain_line), moved)), cites=["I2"])
        kept = {n.y.element: result, n.dx_phase.element: dflat_phase, n.dw.element: dkernel}[plain_line.target]
        over = (position,) if program is weights else TAPS
        own = [(kept.element, over, "sum", plain_line.accumulate)]
        proof.same(f"{program.name}: what it gives, and the sum", heads((line,)), own)
        proof.reads(program)


def flat_argument(
    proof: Proof, value: Program = FLAT, weights: Program = FLAT_WEIGHTS, greatest: Program = FLAT_GREATEST
) -> None:
    """The read at a fixed distance is the window's read."""
    here = n.r * pitch + n.q
    held = (n.r + n.dilation * n.rho) * pitch + n.q + n.dilation * n.kappa
    # Where the scratch plane holds x[R, Q]: row R + border, column Q + border, with the padding as border.
    row, column = n.r + n.dilation * n.rho - border, n.q + n.dilation * n.kappa - border
    place = (n.r + border) * pitch + n.q + border
    claim = "x[R,Q] is held at (R + border) pitch + Q + border"
    proof.equal(claim, at(place, {n.r: row, n.q: column}), held)
    for program, distance in ((value, n.dilation), (weights, n.dilation), (greatest, sp.S.One)):
        line = only(program)
        (read,) = [e for e in line.operands if str(e.base) == "flat"]
        proof.equal(
            f"{program.name}: the read at r pitch + q is that place",
            at(read.indices[0], {position: here}),
            held.subs(n.dilation, distance),
        )
    at_tap = flat.at(position + n.dilation * (n.rho * pitch + n.kappa))
    sums_of = (
        ("result is the sum over the taps", value, Assign(result.element, kernel.element * at_tap, TAPS)),
        (
            "the gradient is ȳ times what the tap reads",
            weights,
            Assign(dkernel.element, dflat.element * at_tap, (position,), True),
        ),
        (
            "the greatest of what the taps read",
            greatest,
            Assign(result.element, at_tap.subs(n.dilation, 1), TAPS, reduce="max"),
        ),
    )
    for claim, program, line in sums_of:
        proof.same(claim, whole(program.assignments), [line])
        proof.reads(program)


def column_read_from(column: sp.Expr, right: sp.Expr) -> sp.Expr:
    """The column that a tap which stands `right` of it reads this one from, if both lie in one row; the mask tests that it exists."""
    return column - right


def copies_argument(proof: Proof, mask: Callable[[sp.Expr, sp.Expr], sp.Expr] = column_read_from) -> None:
    """In the copy of a column of taps, a read from inside a row finds x[R,Q] or, beside the row, 0."""
    less, more, own = (sp.Symbol(name, integer=True, nonnegative=True) for name in ("less", "more", "own"))
    r, q, down, right, further = sp.symbols("r q down right further", integer=True)
    width = n.columns
    ended = q + right - further * width
    proof.equal(
        "a read from (r, q) at the distance down P + right ends `further` rows below row r + down, in column q + right - further P",
        r * width + q + down * width + right,
        (r + down + further) * width + ended,
    )
    inside = {q: own, n.columns: own + 1 + more}
    tested = mask(ended, right)
    proof.compare(
        "further = 0: it is one of the columns, so the read finds x[R,Q]", at(tested, {**inside, further: 0}), ">="
    )
    proof.compare("further = 0: below P", at(tested, {**inside, further: 0}), "<", own + 1 + more)
    beyond = at(tested, {q: width - 1 - less, further: 1 + more})
    proof.compare("further >= 1: it is below 0, so the read finds 0", beyond, "<")
    before = at(tested, {q: own, further: -1 - more})
    proof.compare("further <= -1: it is at least P, so the read finds 0", before, ">=", width)
    # Planes below one another.
    number, height = sp.symbols("number height", integer=True, nonnegative=True)
    here = n.r * pitch + n.q
    proof.equal(
        "plane g begins g · height · pitch further: a plane with more rows",
        at(here, {n.r: n.r + number * height}),
        here + number * height * pitch,
    )


def planes_argument(proof: Proof) -> None:
    flat_argument(proof)
    copies_argument(proof)
    phases_argument(proof)


I18 = Theorem(
    id="I18",
    title="flat planes",
    states=13,
    words="flat_κ[(r + h) P + q + h] = x[r,q] where 0 <= q - dilation κ + h < columns, 0 elsewhere, P = columns, h = padding: Σ w[ρ,κ] "
    "flat_κ[n + dilation (ρ P + κ)] at n = r P + q is y[r,q] of I2 at stride 1; for every stride, tap (ρ,κ) reads the "
    "scratch plane of phase (rest(ρ), rest(κ)), masked for quotient(κ), at n + (h + quotient(ρ)) P + h + quotient(κ), and the adjoint ȳ's at "
    "minus these quotients",
    method="integer arithmetic",
    argument=planes_argument,
    assumptions=(
        ZERO_OUTSIDE,
        "-h <= quotient(ρ) <= h, and P is the columns of a phase",
        "for the gradient of the kernel, ȳ is held as 0 between planes",
    ),
    scope="every size, dilation and padding",
)
