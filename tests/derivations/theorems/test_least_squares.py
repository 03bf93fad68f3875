"""Leave-one-out, steps and saliencies: broken formulas are refused, true ones agree with brute force."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product as cartesian

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from derivations.codegen.cpu import layers as cpu
from derivations.proof.assignments import Assign
from derivations.proof.matrices import inverse, transpose
from derivations.proof.programs import Program
from derivations.proof.theorem import Proof, ProofError
from derivations.theorems.scalar import losses
from derivations.theorems.spectral import curvature, factors, leave_one_out, projection, saliency
from derivations.theorems.spectral.leave_one_out import REMOVAL, turned
from tests.derivations.mutants import mutants, structural_mutants
from tests.derivations.printed import SPACE

# --- M17 --------------------------------------------------------------------------------------------------------------

Formula = Callable[..., sp.Expr]


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("increase", lambda b, schur: 2 * turned(b) * schur * b),
        ("increase", lambda b, schur: turned(b) * b),
        ("increase", lambda b, schur: -turned(b) * schur * b),
        ("increase", lambda b, schur: turned(b) * leave_one_out.G_gg * b),
        ("weights", lambda b_r, k_rg, schur, b_g: b_r),
        ("weights", lambda b_r, k_rg, schur, b_g: b_r + k_rg * schur * b_g),
        ("weights", lambda b_r, k_rg, schur, b_g: b_r - k_rg * b_g),
        ("inverse", lambda k_rr, k_rg, schur, k_gr: k_rr),
        ("inverse", lambda k_rr, k_rg, schur, k_gr: k_rr + k_rg * schur * k_gr),
        ("inverse", lambda k_rr, k_rg, schur, k_gr: k_rr - k_rg * k_gr),
        ("outside", lambda a, projection: a),
        ("outside", lambda a, projection: a + projection * a),
        ("outside", lambda a, projection: projection * a),
        ("gain", lambda r, a: turned(r) * a * turned(a) * r),
        ("gain", lambda r, a: turned(r) * r),
        ("gain", lambda r, a: 2 * turned(r) * a * inverse(turned(a) * a) * turned(a) * r),
    ],
)
def test_a_wrong_formula_of_a_removal_is_refused(name: str, wrong: Formula) -> None:
    leave_one_out.argument(Proof("M17"))
    with pytest.raises(ProofError):
        leave_one_out.argument(Proof("M17"), replace(REMOVAL, **{name: wrong}))


@settings(deadline=None)
@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_the_rise_without_columns_is_that_of_a_fit_without_them(kept: int, gone: int, outputs: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    columns, target = generator.normal(size=(20, kept + gone)), generator.normal(size=(20, outputs))

    def loss(z: np.ndarray) -> float:
        return float(((target - z @ np.linalg.lstsq(z, target)[0]) ** 2).sum())

    gram_inverse = np.linalg.inv(columns.T @ columns)
    removed = np.linalg.lstsq(columns, target)[0][kept:]
    rise = np.trace(removed.T @ np.linalg.inv(gram_inverse[kept:, kept:]) @ removed)
    assert rise == pytest.approx(loss(columns[:, :kept]) - loss(columns), rel=1e-8, abs=1e-9)


# --- M20 --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bar", [projection.V.element, projection.E.element, sp.Integer(1)])
def test_output_weights_that_are_not_refitted_are_seen_by_the_gradient(bar: sp.Expr) -> None:
    projection.projection(Proof("M20"))
    with pytest.raises(ProofError):
        projection.projection(Proof("M20"), bar)


def test_a_step_along_the_gradient_goes_up() -> None:
    projection.levenberg_marquardt(Proof("M20"))
    with pytest.raises(ProofError):
        projection.levenberg_marquardt(Proof("M20"), sign=1)


def factor_argument(program: Program) -> None:
    """The argument about one program of the factors."""
    if program.name == factors.SOFTMAX.name:
        factors.softmax_column(Proof("M20.factor"), program)
    else:
        item = next(item for item in losses.ELEMENTWISE if program.name == f"factor_{item.name}")
        factors.elementwise_argument(Proof("M20.factor"), item, program)


def alike(left: sp.Expr, right: sp.Expr) -> bool:
    """Both take the same values: e/(1+e)² is the same for exp(z) and exp(-z), whichever a change makes of the other."""
    if left.free_symbols != right.free_symbols or left.has(factors.total):
        return False
    for place in (-0.7, 0.9):
        numbers = {factors.at_output: place, factors.target.element: 0.2, factors.hit: 1}
        sides = [side.subs(numbers).subs({factors.weight.element: 1.3, factors.scale: 0.4}) for side in (left, right)]
        if not all(side.is_number for side in sides) or abs(sp.N(sides[0] - sides[1])) > 1e-12:
            return False
    return True


@pytest.mark.parametrize("program", factors.PROGRAMS, ids=lambda program: program.name)
def test_every_broken_column_of_a_factor_is_refused(program: Program) -> None:
    factor_argument(program)
    survivors, tried = [], 0
    for what, position, assign in mutants(program):
        if alike(assign.value, program.assignments[position].value):
            continue
        tried += 1
        try:
            factor_argument(program.with_assignment(position, assign))
        except (ProofError, ValueError, LookupError):
            continue
        survivors.append(f"{what}: {assign}")
    assert survivors == []
    assert tried >= 4


@pytest.mark.parametrize("program", factors.PROGRAMS, ids=lambda program: program.name)
def test_the_printed_columns_make_the_second_derivative_of_the_loss(program: Program) -> None:
    """Σ_m F_hm F_km against the Jacobian of the loss's printed gradient, both as plain Python; smoothed labels change nothing."""
    space = dict(SPACE)
    exec(cpu.function(program), space)
    loss = program.name.removeprefix("factor_")
    z = np.array([[0.3, -1.2, 0.7], [2.0, 0.1, -0.4]])
    y, labels, weight = np.array([[0.5, 0.9, 0.0], [0.2, 1.0, 3.0]]), np.array([2, 0]), np.array([0.7, 1.9])
    aim, smoothing = (labels, (0.1, 0.1 / 3)) if loss == "cross_entropy" else (y, ())

    def gradient(moved: np.ndarray) -> np.ndarray:
        result = moved.copy()
        space[loss](result, aim, weight, 0.25, *smoothing)
        return result

    columns = []
    for m in range(3):
        column = z.copy()
        given = {"output": column, "target": y, "label": np.full(2, m), "weight": weight}
        space[program.name](*[given[a.name] for a in program.arrays if a.name in given], 0.25)
        columns.append(column)
    for k in range(3):
        step = np.zeros((2, 3))
        step[:, k] = 1e-6
        truth = (gradient(z + step) - gradient(z - step)) / 2e-6
        claimed = sum(column * column[:, [k]] for column in columns)
        np.testing.assert_allclose(claimed, truth, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(
    "columns",
    [
        lambda root, u: root,
        lambda root, u: root + root * u * transpose(u),
        lambda root, u: root - 2 * root * u * transpose(u),
        lambda root, u: root - u * transpose(u),
    ],
    ids=["diagonal alone", "sum", "doubled", "no root"],
)
def test_a_wrong_softmax_factor_is_refused(columns: Callable[..., sp.Expr]) -> None:
    with pytest.raises(ProofError):
        factors.factor(Proof("M20.factor"), columns)


# --- M22 --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "claimed",
    [
        saliency.x.element * saliency.squares.element,
        2 * saliency.x.element**2 * saliency.squares.element,
        saliency.squares.element,
        saliency.x.element**2 * saliency.squares.element**2,
    ],
    ids=["x not squared", "doubled", "no x", "squared twice"],
)
def test_a_wrong_diagonal_of_the_gauss_newton_matrix_is_refused(claimed: sp.Expr) -> None:
    saliency.diagonal(Proof("M22"))
    with pytest.raises((ProofError, ValueError)):
        saliency.diagonal(Proof("M22"), claimed)


@pytest.mark.parametrize(
    "spread",
    [
        lambda second, first: second,
        lambda second, first: second + first**2,
        lambda second, first: second - 2 * first**2,
        lambda second, first: 2 * (second - first**2),
    ],
)
def test_a_wrong_spread_of_the_outgoing_weights_is_refused(spread: Callable[..., sp.Expr]) -> None:
    saliency.one_hidden_layer(Proof("M22"))
    with pytest.raises(ProofError):
        saliency.one_hidden_layer(Proof("M22"), spread)


@pytest.mark.parametrize("program", [curvature.JACOBIAN, curvature.CURVATURE], ids=lambda program: program.name)
def test_every_broken_program_of_squared_gradients_is_refused(program: Program) -> None:
    """A kernel printed from these programs rests on M8 only if each line passes on what the adjoint passes on."""
    name = {"jacobian_direct": "jacobian", "curvature_direct": "squared"}[program.name]
    saliency.programs(Proof("M22"))
    survivors = []
    for what, position, assign in mutants(program):
        try:
            saliency.programs(Proof("M22"), **{name: program.with_assignment(position, assign)})
        except (ProofError, ValueError, LookupError):
            continue
        survivors.append(f"{what}: {assign}")
    for what, make in structural_mutants(program):
        if what.startswith(("reversed", "sources", "not only", "hidden only", "last only", "sender hidden only")):
            try:
                broken = make()
                saliency.programs(Proof("M22"), **{name: broken})
            except (ProofError, ValueError, LookupError):
                continue
            if steps(broken) != steps(program):  # "hidden only" inside of "hidden" is no change
                survivors.append(what)
    assert survivors == []


def steps(program: Program) -> list[tuple[Assign, ...]]:
    """What a program does in every kind of layer."""
    return [program.step(hidden=a, sender_hidden=b) for a, b in cartesian((True, False), repeat=2)]
