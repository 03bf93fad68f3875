"""Growth, compensation, merging: broken statements are refused, true ones agree with brute force; certificates as text."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from derivations import formula_printer, readable
from derivations.proof.algebra import eigenvalues, phi
from derivations.proof.assignments import Assign
from derivations.proof.theorem import Proof, ProofError
from derivations.theorems.catalogue import THEOREMS
from derivations.theorems.spectral import compensation, growth, merging
from tests import oracles

Parts = tuple[list[np.ndarray], list[np.ndarray]]

# --- what is broken is refused ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "new",
    [
        lambda i, below: phi(i) * phi(i - 1),
        lambda i, below: -2 * phi(i) * phi(i - 1),
        lambda i, below: -phi(i) * phi(i - 1) + phi(i) * phi(i - 1) * eigenvalues(i - 1),
    ],
    ids=["other sign", "doubled", "with a further term"],
)
def test_a_wrong_shortcut_does_not_collapse(new: Callable[..., sp.Expr]) -> None:
    with pytest.raises(ProofError):
        growth.collapse_argument(Proof("M12"), new)


@pytest.mark.parametrize(
    ("new", "own"),
    [
        (sp.Integer(1), eigenvalues),
        (sp.Integer(-2), eigenvalues),
        (sp.Integer(-1), lambda i: eigenvalues(i + 1)),
        (sp.Integer(-1), lambda i: eigenvalues(i) + 1),
        (sp.Integer(-1), lambda i: eigenvalues(i) + sp.KroneckerDelta(i, 1)),
    ],
    ids=["+I", "-2I", "eigenvalues of the layer after", "eigenvalues shifted", "shifted behind layer 1 alone"],
)
def test_a_wrong_new_layer_changes_the_function(new: sp.Expr, own: Callable[[sp.Expr], sp.Expr]) -> None:
    with pytest.raises(ProofError):
        growth.depth_argument(Proof("M14"), new, own)


def test_wrong_normal_equations_are_refused() -> None:
    for position, assign in enumerate(compensation.NORMAL):
        for wrong in (replace(assign, value=-assign.value), replace(assign, value=2 * assign.value)):
            broken = (*compensation.NORMAL[:position], wrong, *compensation.NORMAL[position + 1 :])
            with pytest.raises((ProofError, ValueError)):
                compensation.argument(Proof("M15"), broken)
    no_ridge = (
        *compensation.NORMAL[:3],
        Assign(compensation.slope.element, -2 * compensation.cross.element, accumulate=True),
    )
    with pytest.raises(ProofError):
        compensation.argument(Proof("M15"), no_ridge)


@pytest.mark.parametrize("factor", [1 / merging.c, merging.c**2, sp.Integer(1), -merging.c])
def test_a_wrong_factor_does_not_merge(factor: sp.Expr) -> None:
    with pytest.raises(ProofError):
        merging.argument(Proof("M16"), factor)


def test_only_positively_homogeneous_activations_merge() -> None:
    assert [activation.name for activation in merging.POSITIVELY_HOMOGENEOUS] == ["identity", "relu", "leaky_relu"]


# --- what is true agrees with brute force -----------------------------------------------------------------------------


def fractions(generator: np.random.Generator, *shape: int) -> np.ndarray:
    """Small exact numbers."""
    whole = generator.integers(-6, 7, shape).astype(object)
    return np.vectorize(lambda n: Fraction(n, 2), otypes=[object])(whole)


def output(phi_blocks: list[np.ndarray], lam: list[np.ndarray], x: np.ndarray) -> np.ndarray:
    widths = [len(values) for values in lam]
    return oracles.forward(oracles.global_blocks(phi_blocks, lam), lambda z: oracles.activation("relu", z), x, widths)[
        0
    ]


@given(st.lists(st.integers(1, 3), min_size=3, max_size=6), st.integers(0, 2**32 - 1), st.data())
def test_layers_and_neurons_come_and_go_exactly(widths: list[int], seed: int, data: st.DataObject) -> None:
    generator = np.random.default_rng(seed)
    blocks = [fractions(generator, rows, columns) for columns, rows in pairwise(widths)]
    lam = [fractions(generator, width) for width in widths]
    x = fractions(generator, 2, widths[0])
    i = data.draw(st.integers(1, len(widths) - 2), label="hidden layer")
    # M12: layers i and i-1 share one eigenvalue; layer i goes.
    flat = [*lam]
    flat[i - 1], flat[i] = (np.full(widths[k], Fraction(3, 2), dtype=object) for k in (i - 1, i))
    collapsed = ([*blocks[: i - 1], -blocks[i] @ blocks[i - 1], *blocks[i + 1 :]], [*flat[:i], *flat[i + 1 :]])
    assert (output(blocks, flat, x) == output(*collapsed, x)).all()
    # M13: a new neuron in layer i, unheard.
    wider = [*blocks]
    wider[i - 1] = np.concatenate([blocks[i - 1], fractions(generator, 1, widths[i - 1])])
    wider[i] = np.concatenate([blocks[i], 0 * fractions(generator, widths[i + 1], 1)], axis=1)
    longer = [*lam[:i], np.concatenate([lam[i], fractions(generator, 1)]), *lam[i + 1 :]]
    assert (output(blocks, lam, x) == output(wider, longer, x)).all()
    # M14: a new layer behind any layer but the last.
    j = data.draw(st.integers(0, len(widths) - 2), label="inserted behind")
    identity = np.eye(widths[j], dtype=int).astype(object)
    deeper = ([*blocks[:j], -identity, *blocks[j:]], [*lam[: j + 1], lam[j], *lam[j + 1 :]])
    assert (output(blocks, lam, x) == output(*deeper, x)).all()


@given(st.integers(0, 2**32 - 1), st.floats(1e-3, 10))
def test_the_normal_equations_give_the_least_sum(seed: int, ridge: float) -> None:
    generator = np.random.default_rng(seed)
    wanted, kept = generator.normal(size=(9, 2)), generator.normal(size=(9, 3))
    weights = np.linalg.solve(kept.T @ kept + ridge * np.eye(3), kept.T @ wanted).T

    def loss(moved: np.ndarray) -> float:
        return float(((wanted - kept @ moved.T) ** 2).sum() + ridge * (moved**2).sum())

    for change in generator.normal(size=(20, 2, 3)):
        grown = loss(weights) + ((kept @ change.T) ** 2).sum() + ridge * (change**2).sum()
        assert loss(weights + change) == pytest.approx(grown, rel=1e-12)


@pytest.mark.parametrize("name", ["identity", "relu", "leaky_relu"])
def test_neurons_with_proportional_rows_are_one(name: str) -> None:
    generator = np.random.default_rng(3)
    x, row, first, second = generator.normal(size=(7, 4)), generator.normal(size=4), 0.7, -1.3
    for c in (0.5, 1.0, 4.0):
        both = first * oracles.activation(name, x @ row) + second * oracles.activation(name, x @ (c * row))
        np.testing.assert_allclose(both, (first + c * second) * oracles.activation(name, x @ row), rtol=1e-13)


# --- certificates as text ---------------------------------------------------------------------------------------------

CERTIFICATES = [theorem.prove() for theorem in THEOREMS]


@pytest.mark.parametrize("certificate", CERTIFICATES, ids=lambda certificate: certificate.id)
def test_every_step_of_a_certificate_can_be_checked_again(certificate: Any) -> None:
    assert all(step.remainder() == 0 for step in certificate.steps)


@pytest.mark.parametrize("certificate", CERTIFICATES, ids=lambda certificate: certificate.id)
def test_the_text_of_a_proof_holds_every_claim_and_formula(certificate: Any) -> None:
    page, tex = readable.markdown(certificate, ["kernel"]), readable.latex(certificate, ["kernel"])
    assert tex.isascii()
    assert tex.count(r"\item {}") >= len(certificate.steps)
    assert tex.count("{") - tex.count(r"\{") == tex.count("}") - tex.count(r"\}")
    assert (tex.count("$") - tex.count(r"\$")) % 2 == 0
    for number, step in enumerate(certificate.steps, 1):
        assert f"**{number}.** {step.claim} *(" in page
        for text in (formula_printer.formula(step), *formula_printer.forms(step), *formula_printer.lines_of(step)):
            assert text in page
            assert text in tex
            # Nothing is printed under a name that the notation does not know.
            assert not re.search(r"Σ|Dummy|Piecewise\(|Scalar|Block", text)


def test_sums_come_first_and_one_step_paths_are_blocks() -> None:
    j = sp.Symbol("j", integer=True, positive=True)
    printer = formula_printer.Formula()
    assert printer.doprint(phi(j)) == r"\varphi^{(j)}"
    s, h = sp.symbols("s h")
    term = -sp.Symbol("Σ_s") * sp.IndexedBase("u")[s, h]
    assert printer.doprint(term) == r"- \sum_{s} u_{s h}"
    assert (
        readable.plain("z̄ = ū ∘ f'(z), W_ij and Φ⁻¹")
        == r"$\bar{z}$ = $\bar{u}$ $\circ $ f'(z), $W_{ij}$ and $\Phi ^{-1}$"
    )
