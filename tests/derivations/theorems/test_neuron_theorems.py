"""Masks, dead ends, kinks and identities of neurons: broken statements are refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sympy as sp

from derivations.proof.theorem import Proof, ProofError
from derivations.theorems.scalar import optimizers
from derivations.theorems.spectral import identities, kinks, masking

# --- M21 --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("program", optimizers.PROGRAMS, ids=lambda program: program.name)
def test_a_mask_on_the_moments_alone_does_not_keep_a_weight_away(program: masking.Program) -> None:
    masking.masked_step(Proof("M21"), program)
    for masked in ("first", "parameter"):
        with pytest.raises(ProofError):
            masking.masked_step(Proof("M21"), program, masked)


def test_an_optimizer_that_adds_a_constant_wakes_what_is_gone() -> None:
    last = optimizers.SGD.assignments[-1]
    noisy = optimizers.SGD.with_assignment(1, replace(last, value=last.value + optimizers.rate))
    with pytest.raises(ProofError, match="from t to t"):
        masking.masked_step(Proof("M21"), noisy)


def test_a_decay_towards_another_number_than_0_wakes_what_is_gone() -> None:
    masking.besides(Proof("M21"), masking.DECAY)
    last = masking.DECAY.assignments[-1]
    towards = masking.DECAY.with_assignment(1, replace(last, value=last.value + optimizers.rate))
    with pytest.raises(ProofError, match="value that is 0 stays 0"):
        masking.besides(Proof("M21"), towards)


@pytest.mark.parametrize("folded", [sp.S.Zero, masking.own.element, 2 * masking.f(masking.own.element)])
def test_a_constant_neuron_is_not_folded_by_another_number(folded: sp.Expr) -> None:
    masking.cleaning(Proof("M21"))
    with pytest.raises(ProofError):
        masking.cleaning(Proof("M21"), folded)


# --- M19 --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "term",
    [
        kinks.step
        * kinks.on.element
        * kinks.out.element
        * kinks.side.element
        * kinks.size.element
        * kinks.normal.element,
        kinks.on.element * kinks.out.element * kinks.size.element * kinks.normal.element,
        kinks.step * kinks.out.element * kinks.size.element * kinks.normal.element,
        kinks.step * kinks.on.element * kinks.size.element * kinks.normal.element,
        kinks.step * kinks.on.element * kinks.out.element * kinks.row.element,
    ],
    ids=["c in place of |c|", "no step", "every neuron", "no outgoing weight", "w in place of |c| n"],
)
def test_a_wrong_jump_of_the_gradient_is_refused(term: sp.Expr) -> None:
    kinks.whole_jump(Proof("M19"))
    with pytest.raises(ProofError):
        kinks.whole_jump(Proof("M19"), lambda: term)


def test_the_bound_is_for_activations_with_one_kink_and_straight_pieces() -> None:
    assert [activation.name for activation in kinks.KINKED] == ["relu", "leaky_relu"]


# --- M18 --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("relu", (1, 2)),
        ("relu", (-1, 1)),
        ("leaky_relu", (1, 1)),
        ("leaky_relu", (1, sp.Rational(99, 100))),
        ("tanh", (1, 0)),
        ("gelu", (1, 0)),
        ("swish", (1, -1)),
        ("elu", (1, 1)),
        ("elu", (-1, 0)),
        ("sigmoid", (1, 1)),
        ("sigmoid", (-1, 0)),
    ],
)
def test_a_wrong_identity_of_opposite_signs_is_refused(name: str, wrong: tuple[int, sp.Expr]) -> None:
    identities.opposite(Proof("M18"))
    with pytest.raises(ProofError):
        identities.opposite(Proof("M18"), {name: wrong})


GONE, ROW = identities.gone.element, identities.row.element


@pytest.mark.parametrize(
    "change",
    [
        sp.S.Zero,
        identities.kappa * identities.c * GONE * ROW,
        -identities.kappa * GONE * ROW,
        -identities.c * GONE * ROW,
        -identities.kappa * identities.c * identities.kept.element * ROW,
    ],
    ids=["nothing", "other sign", "no c", "no kappa", "the other's column"],
)
def test_a_wrong_change_past_the_layer_is_refused(change: sp.Expr) -> None:
    identities.one_of_two(Proof("M18"))
    with pytest.raises(ProofError):
        identities.one_of_two(Proof("M18"), change)


def test_a_box_has_its_least_value_at_the_right_ends() -> None:
    identities.box(Proof("M18"))
    for wrong in (("hi", "lo"), ("lo", "lo"), ("hi", "hi")):
        with pytest.raises(ProofError):
            identities.box(Proof("M18"), wrong)


def test_the_error_of_a_merge_is_the_wedge_and_not_twice_it() -> None:
    identities.wedge(Proof("M18"))
    with pytest.raises(ProofError):
        identities.wedge(Proof("M18"), sp.Integer(2))
