"""The losses and their derivatives with respect to the output z_K.

`weight` are sample weights and `scale` normalises them: 1 / (outputs · Σ weight) for the losses that sum over outputs,
1 / Σ weight for cross entropy, so that each loss is a weighted mean.

A loss that sums over samples and outputs is given by its terms on regions of the line, each with its derivative; at a
boundary both neighbours agree in value and slope, so it does not matter to which region the boundary belongs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial

import sympy as sp
from sympy.codegen.cfunctions import log1p

from derivations.proof.assignments import Array, Assign, Rows
from derivations.proof.claims import Claim
from derivations.proof.facts import conditions, fact, loops, pick, pieces, returned, storage, targets, whole
from derivations.proof.notation import df, f, h, s
from derivations.proof.programs import Program
from derivations.proof.rules import marker
from derivations.proof.running import bars
from derivations.proof.running import slope as slope_of
from derivations.proof.stated import at, definition, meaning
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.scalar import exponential_error

output = Array("output", (s, h), "argument", "z_K, the network's output")
d_output = Array("d_output", (s, h), "argument", "∂ℓ/∂z_K, written over the output", store="output")
target = Array("target", (s, h), "argument", "y, the targets")
label = Array("label", (s,), "argument", "y, the class of each sample", integer=True)
weight = Array("weight", (s,), "argument", "sample weights")
scale, loss, peak, total, chosen = sp.symbols("scale loss peak total chosen")
smoothing, spread = sp.symbols("smoothing spread", nonnegative=True)
shifted = Array("shifted", (s, h), "argument", "exp(z - max z), written over the output", store="output")

z, y = output.element, target.element
half = sp.Rational(1, 2)
number = sp.Symbol("n", integer=True, positive=True)
"""The number of a region."""


@dataclass(frozen=True)
class Region:
    """Where a term of the loss has this value and this derivative with respect to z; `True` is everywhere else."""

    where: sp.Expr
    value: sp.Expr
    slope: sp.Expr


@dataclass(frozen=True)
class Elementwise:
    """A loss Σ_sh w_s ρ(z_sh, y_sh) by the regions of ρ; `boundaries` are the z where two regions, by number, meet.

    `targets` are the least and the greatest y that it has a meaning for.
    """

    name: str
    summary: str
    statement: str
    regions: tuple[Region, ...]
    boundaries: tuple[tuple[sp.Expr, int, int], ...] = ()
    targets: tuple[float, float] = (-math.inf, math.inf)
    reference: str = "standard"

    @property
    def program(self) -> Program:
        def joined(values: list[sp.Expr]) -> sp.Expr:
            pairs = [(value, region.where) for value, region in zip(values, self.regions, strict=True)]
            return sp.Piecewise(*pairs) if len(pairs) > 1 else values[0]

        value, slope = joined([r.value for r in self.regions]), joined([r.slope for r in self.regions])
        body = (
            Assign(loss, scale * weight.element * value, over=(h,), accumulate=True),
            Assign(d_output.element, scale * weight.element * slope),
        )
        arrays = (output, target, weight, d_output)
        exponentials = [assign for assign in body if assign.value.has(sp.exp)]
        theorems = (f"L.{self.name}", *(theorem.id for theorem in exponential_error.THEOREMS if exponentials))
        return Program(self.name, self.summary, theorems, arrays, (Rows(body),), scalars=("scale",), result="loss")


EVERYWHERE = sp.true
SQUARED_ERROR = Elementwise(
    "squared_error",
    "weighted mean over samples and outputs of (z - y)^2, and its gradient",
    "ρ = (z - y)², ρ' = 2 (z - y)",
    (Region(EVERYWHERE, (z - y) ** 2, sp.Mul(2, z - y, evaluate=False)),),
)
HUBER = Elementwise(
    "huber",
    "weighted mean over samples and outputs of (z - y)^2 / 2 near y and |z - y| - 1/2 beyond a distance of 1",
    "ρ = (z - y)²/2 for |z - y| <= 1, |z - y| - 1/2 beyond, ρ' = z - y, clipped to [-1, 1]",
    (
        Region(z - y < -1, -(z - y) - half, sp.Integer(-1)),
        Region(z - y > 1, z - y - half, sp.Integer(1)),
        Region(EVERYWHERE, (z - y) ** 2 / 2, z - y),
    ),
    ((y - 1, 0, 2), (y + 1, 1, 2)),
    reference="Huber, Ann. Math. Statist. 35 (1964)",
)
POISSON = Elementwise(
    "poisson",
    "weighted mean over samples and outputs of exp(z) - y z for counts y of mean exp(z), and its gradient",
    "ρ = exp(z) - y z, ρ' = exp(z) - y: minus the log likelihood of the count y, up to log y!",
    (Region(EVERYWHERE, sp.exp(z) - y * z, sp.exp(z) - y),),
    targets=(0, math.inf),
)
BINARY_CROSS_ENTROPY = Elementwise(
    "binary_cross_entropy",
    "weighted mean over samples and labels of log(1 + exp(z)) - y z, without overflow, and its gradient",
    "ρ = log(1 + exp(z)) - y z, ρ' = 1/(1 + exp(-z)) - y; one output: two classes, several outputs: several labels",
    (
        Region(z <= 0, log1p(sp.exp(z)) - y * z, sp.exp(z) / (1 + sp.exp(z)) - y),
        Region(EVERYWHERE, z + log1p(sp.exp(-z)) - y * z, 1 / (1 + sp.exp(-z)) - y),
    ),
    ((sp.Integer(0), 0, 1),),
    targets=(0, 1),
)
ELEMENTWISE = (SQUARED_ERROR, HUBER, POISSON, BINARY_CROSS_ENTROPY)

hit = (1 - smoothing) * sp.KroneckerDelta(h, label.element) + spread
"""The share of class h in the soft label; `spread` is smoothing / classes, so that the shares of all classes sum to 1."""
CROSS_ENTROPY = Program(
    "cross_entropy",
    "weighted mean over samples of log sum_h exp(z_h) - sum_h q_h z_h, q = (1 - smoothing) onehot(label) + spread, and its gradient",
    ("L.cross_entropy", *(theorem.id for theorem in exponential_error.THEOREMS)),
    (output, label, weight, d_output, shifted),
    (
        Rows(
            (
                Assign(peak, z, over=(h,), reduce="max"),
                Assign(chosen, hit * z, over=(h,)),
                Assign(shifted.element, sp.exp(z - peak)),
                Assign(total, shifted.element, over=(h,)),
                Assign(loss, scale * weight.element * (sp.log(total) + peak - chosen), accumulate=True),
                Assign(d_output.element, scale * weight.element * (shifted.element / total - hit)),
            )
        ),
    ),
    scalars=("scale", "smoothing", "spread"),
    result="loss",
)

PROGRAMS = (*(item.program for item in ELEMENTWISE), CROSS_ENTROPY)


def takes_the_output(proof: Proof, program: Program) -> None:
    proof.reads(program)
    places = ["output" if array in (d_output, shifted) else "" for array in program.arrays]
    proof.same("∂ℓ/∂z takes the place of the output", storage(program), places)
    proof.same("one loop over the rows", loops(program), ["Rows"])
    proof.same("the loss is returned", returned(program), [str(loss)])


@definition("region", r"\left({0}\right)_{{\mathrm{{region}}\,{1}}}", "({0}, region {1})", commutative=True)
def region_of(expression: sp.Expr, number: sp.Integer) -> sp.Expr:
    """The expression on a region, counted from 1, as it is stated."""
    return on_region(meaning(expression), int(number) - 1)


@definition("by_log", "{0}", "{0}", commutative=True)
def by_log(expression: sp.Expr) -> sp.Expr:
    """log(1 + x) in place of log1p(x)."""
    return meaning(expression).replace(log1p, lambda e: sp.log(1 + e))


def on_region(expression: sp.Expr, number: int) -> sp.Expr:
    """The expression on one region: every piecewise function in it is its piece of that number."""
    return expression.replace(lambda e: isinstance(e, sp.Piecewise), lambda e: e.args[number][0])


@fact("boundaries", "where {0} change")
def boundaries(wheres: tuple[sp.Basic, ...]) -> list[tuple[sp.Expr, int, int]]:
    """Each z at which a condition changes, the region's number, and that of the last one, which is everywhere else."""
    return sorted(
        ((edge, number, len(wheres)) for number, w in enumerate(wheres) for edge in sp.solve(sp.Eq(w.lhs, w.rhs), z)),
        key=str,
    )


def elementwise_argument(proof: Proof, program: Program, item: Elementwise) -> None:
    takes_the_output(proof, program)
    proof.same("a sum, and its slope", targets(program.assignments), [loss, d_output.element])
    value, slope = program.assignments
    # The sum over samples and outputs, for any term ρ = f(z): the derivative at (s, h) keeps that term alone.
    truth = bars([replace(value, value=scale * weight.element * f(z))], {"loss": sp.S.One}, fixed=(s,))
    proof.equal("∂/∂z_sh scale Σ w ρ(z) = scale w ρ'(z_sh)", truth["output"], scale * weight.element * df(z))
    for expression in (value.value, slope.value):
        for piecewise in sorted(expression.atoms(sp.Piecewise), key=str):
            proof.same(
                "the regions are chosen as stated", conditions(piecewise), [region.where for region in item.regions]
            )
    # In every region that the program has; the theorem states as many.
    term, rate = region_of(value.value, number), region_of(slope.value, number)
    stated = scale * weight.element * pick([region.value for region in item.regions], number)
    inside = (pieces(value.value, slope.value) - number,)
    regions = [{number: sp.Integer(at)} for at in range(1, len(item.regions) + 1)]
    proof.case(Claim("scale w ρ is as stated", term, stated, (number,), inside, "scale w ρ in region n:"), *regions)
    its_slope = Claim("ρ' is its derivative", rate, slope_of(term, z), (number,), inside, "scale w ρ' there:")
    proof.case(its_slope, *regions, rule="rational")
    # Every condition is a comparison with one boundary, where its region meets the last one, which is everywhere else.
    wheres = tuple(region.where for region in item.regions[:-1])
    proof.same("every boundary of the regions is listed", boundaries(wheres), {*item.boundaries})
    for edge, left, right in item.boundaries:
        for what, expression in (("ρ", value.value), ("ρ'", slope.value)):
            below, above = (at(region_of(expression, number + 1), {z: edge}) for number in (left, right))
            proof.equal(f"{what} is continuous at z = {edge}", below, above, "convention")


def stable_argument(proof: Proof, program: Program, item: Elementwise) -> None:
    """Besides: both regions are log(1 + exp(z)) - y z, whose derivative they have, and whose value at 0."""
    elementwise_argument(proof, program, item)
    plain = sp.log(1 + sp.exp(z)) - y * z
    values, slopes = (pick([getattr(r, what) for r in item.regions], number) for what in ("value", "slope"))
    inside = (pieces(*(assign.value for assign in program.assignments)) - number,)
    regions = [{number: sp.Integer(at)} for at in range(1, len(item.regions) + 1)]
    same = "every region is log(1 + exp(z)) - y z"
    by_slope = Claim(f"{same}: the derivative", slopes, slope_of(plain, z), (number,), inside, "ρ' in region n:")
    proof.case(by_slope, *regions, rule="rational")
    at_zero = at(by_log(values), {z: 0}), at(plain, {z: 0})
    proof.case(Claim(f"{same}: the value at 0", *at_zero, (number,), inside, "ρ in region n:"), *regions)


def cross_entropy_argument(proof: Proof, program: Program = CROSS_ENTROPY) -> None:
    takes_the_output(proof, program)
    rows = list(program.assignments)
    greatest = rows[0]
    proof.same("peak is the greatest output of the row", whole([greatest]), [Assign(peak, z, (h,), reduce="max")])
    value = [a for a in rows if a is not greatest and a.target != d_output.element]
    proof.same("total = Σ exp(z - peak), chosen = Σ q z, ℓ = log total + peak - chosen", whole(value), DEFINITION)
    truth = bars(value, {"loss": sp.S.One}, fixed=(s,))
    # `total` stays a symbol on both sides: it is a sum, and stands in a denominator.
    power = {shifted.element: sp.expand(sp.exp(z - peak))}
    claimed = next(a for a in rows if a.target == d_output.element).value
    proof.equal(
        "∂ℓ/∂z = scale w (softmax - q)",
        at(claimed, power),
        at(truth["output"], power),
        rule="reverse accumulation",
    )
    by_peak = at(truth["peak"], {marker(h) * power[shifted.element]: total})
    proof.equal(
        "ℓ does not depend on the shift: Σ_h exp(z_h - peak) = total", by_peak, sp.S.Zero, "reverse accumulation"
    )


DEFINITION = (
    Assign(chosen, hit * z, over=(h,)),
    Assign(shifted.element, sp.exp(z - peak)),
    Assign(total, shifted.element, over=(h,)),
    Assign(loss, scale * weight.element * (sp.log(total) + peak - chosen), accumulate=True),
)
ARGUMENTS = {
    item.name: partial(stable_argument if item is BINARY_CROSS_ENTROPY else elementwise_argument, item=item)
    for item in ELEMENTWISE
} | {"cross_entropy": cross_entropy_argument}


def theorem_for(item: Elementwise) -> Theorem:
    return Theorem(
        id=f"L.{item.name}",
        states=3 + 2 * len(item.boundaries) + 2 * (item is BINARY_CROSS_ENTROPY),
        title=item.name.replace("_", " "),
        words=f"ℓ = scale Σ_sh w_s ρ(z_sh, y_sh), ∂ℓ/∂z_sh = scale w_s ρ'(z_sh, y_sh), {item.statement}",
        method="reverse accumulation, differentiation by regions",
        argument=lambda proof: ARGUMENTS[item.name](proof, program=item.program),
        scope="every batch size and width",
        reference=item.reference,
    )


L_CROSS_ENTROPY = Theorem(
    id="L.cross_entropy",
    title="softmax cross entropy",
    states=2,
    words="ℓ = scale Σ_s w_s (log Σ_h exp(z_sh) - Σ_h q_sh z_sh), ∂ℓ/∂z = scale w (softmax(z) - q), q = (1 - ε) onehot(label) + ε/classes",
    method="reverse accumulation, shift invariance",
    argument=cross_entropy_argument,
    scope="every batch size and class count",
    reference="standard",
)
THEOREMS = (*map(theorem_for, ELEMENTWISE), L_CROSS_ENTROPY)
