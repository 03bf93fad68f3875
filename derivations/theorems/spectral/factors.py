"""M20.factor: the second derivative of every loss by the output, as a product F Fᵀ, and the columns of F.

The columns are programs: they write column `label` of F over the output, sample by sample, as the losses write their
gradient. A kernel printed from one of them is an output bar for the adjoint M8, and the sums of squares of what comes
back are the diagonal of the Gauss-Newton matrix (M22). For softmax, column m of F is √p_m (e_m - p): minus the gradient of
cross entropy at the label m, with the sample weight √p_m.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import sympy as sp

from derivations.proof.assignments import Array, Assign, Rows
from derivations.proof.claims import Claim
from derivations.proof.facts import pick, pieces, whole
from derivations.proof.matrices import matrix, transpose
from derivations.proof.notation import h, s
from derivations.proof.programs import Program
from derivations.proof.running import bars, run
from derivations.proof.running import slope as slope_of
from derivations.proof.stated import at, definition, meaning
from derivations.proof.theorem import Proof, Theorem
from derivations.theorems.scalar import losses
from derivations.theorems.scalar.losses import (
    chosen,
    label,
    number,
    output,
    peak,
    scale,
    shifted,
    target,
    total,
    weight,
)
from derivations.theorems.scalar.losses import z as at_output

CURVATURES: dict[str, tuple[sp.Expr, ...]] = {
    "squared_error": (sp.Integer(2),),
    "huber": (sp.Integer(0), sp.Integer(0), sp.Integer(1)),
    "poisson": (sp.exp(at_output),),
    "binary_cross_entropy": (
        sp.exp(at_output) / (1 + sp.exp(at_output)) ** 2,
        sp.exp(-at_output) / (1 + sp.exp(-at_output)) ** 2,
    ),
}
"""ρ'' on each region of the elementwise losses, in the order of their regions."""
hit = sp.KroneckerDelta(h, label.element)
"""1 at the column of the factor that is asked for."""
column = replace(losses.d_output, meaning="column `label` of F, written over the output")


def elementwise_column(item: losses.Elementwise) -> Program:
    """Column m of F for a loss Σ w_s ρ(z_sh): √(scale w ρ''(z_m)) e_m."""
    curvatures = CURVATURES[item.name]
    pieces = [(value, region.where) for value, region in zip(curvatures, item.regions, strict=True)]
    curvature = sp.Piecewise(*pieces) if len(pieces) > 1 else curvatures[0]
    # Kept as they stand: SymPy would take √2 out of the root, a constant that no kernel has a name for.
    radicand = sp.Mul(scale, weight.element, curvature, evaluate=False)
    body = (Assign(column.element, sp.Mul(hit, sp.Pow(radicand, losses.half, evaluate=False), evaluate=False)),)
    return Program(
        f"factor_{item.name}",
        f"column of the factor F of the second derivative of {item.name.replace('_', ' ')}",
        ("M20.factor",),
        (output, *[target] * sp.sympify(curvature).has(target.element), label, weight, column),
        (Rows(body),),
        scalars=("scale",),
    )


SOFTMAX = Program(
    "factor_cross_entropy",
    "column of the factor F of the second derivative of cross entropy",
    ("M20.factor",),
    (output, label, weight, column, shifted),
    (
        Rows(
            (
                Assign(peak, at_output, over=(h,), reduce="max"),
                Assign(shifted.element, sp.exp(at_output - peak)),
                Assign(total, shifted.element, over=(h,)),
                Assign(chosen, hit * shifted.element, over=(h,)),
                Assign(
                    column.element,
                    sp.sqrt(scale * weight.element * chosen / total) * (hit - shifted.element / total),
                ),
            )
        ),
    ),
    scalars=("scale",),
)
PROGRAMS = (*map(elementwise_column, losses.ELEMENTWISE), SOFTMAX)

y = Array("y", (s, h), "argument", "any direction of the output")
mixed = Array("mixed", (s,), "argument", "Σ_h y_h shifted_h").element
sent = Array("sent", (s,), "argument", "Σ_h y_h t_h").element
slope = Array("slope", (s,), "argument", "yᵀ ∂ℓ/∂z").element


def elementwise_argument(proof: Proof, item: losses.Elementwise, program: Program) -> None:
    """ρ'' is the derivative of the proven ρ', and the square of the column's entry; no other entry is there."""
    w, positive, real = sp.Symbol("w", nonnegative=True), sp.Symbol("scale", positive=True), sp.Symbol("z", real=True)
    entry = program.assignments[-1].value
    truth = slope_of(pick([region.slope for region in item.regions], number), at_output)
    here = at(on_piece(entry, item, number), {weight.element: w, scale: positive})
    own = at(here, {hit: 1})
    inside = (pieces(item.program.assignments[0].value) - number,)
    regions = [{number: sp.Integer(at)} for at in range(1, len(item.regions) + 1)]
    claim = f"{item.name}: the square of the diagonal entry is scale w ρ''"
    square = Claim(claim, own**2, positive * w * truth, (number,), inside, f"{claim}:")
    proof.case(square, *regions, rule="rational", cites=(f"L.{item.name}",))
    claim = f"{item.name}: the diagonal entry is a root of what is not negative"
    root = at(own, {at_output: real}), sp.S.Zero
    proof.case(Claim(claim, *root, (number,), inside, f"{claim}:", ">="), *regions, rule="decided")
    claim = f"{item.name}: the other entries are 0"
    proof.case(Claim(claim, at(here, {hit: 0}), sp.S.Zero, (number,), inside, f"{claim}:"), *regions)


@definition("on_region", r"\left({0}\right)_{{\mathrm{{region}}\,{2}}}", "({0}, region {2})", commutative=True)
def _on_region(expression: sp.Expr, wheres: tuple[sp.Basic, ...], number: sp.Integer) -> sp.Expr:
    """The expression where the condition of that number holds, counted from 1, and no other one does."""
    truth = {where: sp.sympify(at == number) for at, where in enumerate(wheres, 1)}
    return meaning(expression).xreplace(truth)


def on_piece(expression: sp.Expr, item: losses.Elementwise, number: sp.Expr) -> sp.Expr:
    """The expression on the region of that number, counted from 1; the last region is everywhere else."""
    return _on_region(expression, tuple(region.where for region in item.regions[:-1]), number)


def second_derivative(proof: Proof) -> None:
    """H y for cross entropy: the gradient's product with y, differentiated by the output; the targets drop out."""
    for what, aim in (("a label", hit), ("targets that sum to 1, as label smoothing makes them", target.element)):
        gradient = scale * weight.element * (shifted.element / total - aim)
        claimed = at(losses.CROSS_ENTROPY.assignments[-1].value, {losses.hit: aim})
        proof.equal(f"{what}: ∂ℓ/∂z = scale w (p - t)", claimed, gradient, cites=["L.cross_entropy"])
        along = (
            Assign(mixed, y.element * shifted.element, over=(h,)),
            Assign(sent, y.element * aim, over=(h,)),
            Assign(slope, scale * weight.element * (mixed / total - sent)),
        )
        by_entries = (Assign(slope, y.element * gradient, over=(h,)),)
        values = run(along, {"shifted": shifted.element, "y": y.element, "total": total})["slope"]
        proof.equal(f"{what}: yᵀ ∂ℓ/∂z", values, run(by_entries, {})["slope"], "program")
        sums = (Assign(shifted.element, sp.exp(at_output - peak)), Assign(total, shifted.element, over=(h,)), *along)
        truth = bars(sums, {"slope": sp.S.One}, fixed=(s,))
        power = {shifted.element: sp.expand(sp.exp(at_output - peak))}
        product = scale * weight.element * shifted.element / total * (y.element - mixed / total)
        proof.equal(
            f"{what}: (H y)_h = scale w p_h (y_h - Σ_k p_k y_k)",
            truth["output"],
            at(product, power),
            "reverse accumulation",
        )


def factor(proof: Proof, columns: Callable[..., sp.Expr] = lambda root, u: root - root * u * transpose(u)) -> None:
    """`columns` is F in terms of diag(√p) and the vector √p."""
    root, u = matrix("S"), matrix("u")
    product = columns(root, u) * transpose(columns(root, u), {root})
    proof.equal(
        "F Fᵀ = diag(p) - p pᵀ for F = S (I - u uᵀ), S = diag(√p), u = √p, S u = p, uᵀu = Σ p = 1",
        unit_length(product, u),
        root * root - root * u * transpose(root * u, {root}),
    )
    ones = matrix("ones")
    constant = transpose(columns(root, u), {root}) * ones
    claim = "Fᵀ 1 = 0 with S 1 = u: a constant added to the output is not seen"
    proof.equal(claim, kernel(constant, root, ones, u), sp.S.Zero)


@definition("unit_length", "{0}", "{0} with {1}ᵀ {1} = 1")
def unit_length(product: sp.Expr, u: sp.Symbol) -> sp.Expr:
    """uᵀ u = 1."""
    return sp.expand(product).subs(transpose(u) * u, 1)


@definition("kernel", "{0}", "{0} with {1} {2} = {3}, {3}ᵀ {3} = 1")
def kernel(product: sp.Expr, root: sp.Symbol, ones: sp.Symbol, u: sp.Symbol) -> sp.Expr:
    """S 1 = u, uᵀ u = 1."""
    return sp.expand(product).subs(root * ones, u).subs(transpose(u) * u, 1)


def softmax_column(proof: Proof, program: Program = SOFTMAX) -> None:
    """The printed column is that of F: on the diagonal and off it."""
    p_m, p_h, w = sp.symbols("p_m p_h w", positive=True)
    entry = at(program.assignments[-1].value, {weight.element: w})
    for what, here, own in (("h = m", 1, p_m), ("h != m", 0, p_h)):
        value = at(at(entry, {hit: here}), {shifted.element: own * total, chosen: p_m * total})
        truth = sp.sqrt(scale * w) * (sp.sqrt(own) * here - sp.sqrt(own) * sp.sqrt(own) * sp.sqrt(p_m))
        proof.equal(f"{what}: √(scale w) √p_h (δ_hm - √p_h √p_m) = √(scale w p_m) (δ_hm - p_h)", value, truth)
    lines = tuple(a for a in program.assignments if a.target != column.element)
    expected = [
        Assign(peak, at_output, (h,), reduce="max"),
        Assign(shifted.element, sp.exp(at_output - peak)),
        Assign(total, shifted.element, over=(h,)),
        Assign(chosen, hit * shifted.element, over=(h,)),
    ]
    proof.same("p_h = shifted_h / total, p_m = chosen / total", whole(lines), expected)


def argument(proof: Proof, programs: tuple[Program, ...] = PROGRAMS) -> None:
    for program in programs:
        proof.reads(program)
    for item, program in zip(losses.ELEMENTWISE, programs, strict=False):
        elementwise_argument(proof, item, program)
    second_derivative(proof)
    factor(proof)
    softmax_column(proof, programs[-1])


M20_FACTOR = Theorem(
    id="M20.factor",
    title="Gauss-Newton factors",
    states=22,
    words="∂²ℓ/∂z² = F Fᵀ: scale w diag(ρ'') for the elementwise losses, ρ'' = 2 (squared error), 1 or 0 (Huber), exp z "
    "(Poisson), p(1-p) (binary cross entropy); scale w (diag(p) - p pᵀ) for cross entropy with F = √(scale w) "
    "diag(√p)(I - √p √pᵀ), whose column m is √(scale w p_m) (e_m - p), whatever targets that sum to 1",
    method="differentiation by regions, reverse accumulation, words of matrices",
    argument=argument,
    assumptions=("p >= 0 and Σ p = 1 for the softmax p", "at a boundary of two regions ρ'' is that of one of them"),
    reference="standard",
    scope="every batch size and width",
)
