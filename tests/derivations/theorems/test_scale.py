"""Gauge and scale, M23 and M24: broken statements are refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sympy as sp

from derivations.proof.algebra import path
from derivations.proof.notation import lam_in, lam_out
from derivations.proof.theorem import Proof, ProofError
from derivations.theorems.spectral import scale


@pytest.mark.parametrize(
    "moved",
    [
        scale.weight / (lam_out.element - scale.new),
        scale.weight / (lam_in.element + scale.new),
        scale.weight,
    ],
    ids=["own eigenvalue", "sum", "no quotient"],
)
def test_another_quotient_does_not_keep_the_last_layer(moved: sp.Expr) -> None:
    scale.last_layer(Proof("M23"))
    with pytest.raises(ProofError, match="last layer"):
        scale.last_layer(Proof("M23"), moved)


@pytest.mark.parametrize("inner", [sp.S.One, 1 / scale.scale, scale.scale**2])
def test_a_common_scale_does_not_leave_skip_connections(inner: sp.Expr) -> None:
    scale.common_scale(Proof("M23"))
    with pytest.raises(ProofError, match="P'"):
        scale.common_scale(Proof("M23"), inner)


@pytest.mark.parametrize("factor", [lambda i: path(i, i), lambda i: sp.Function("D", commutative=False)(i)])
def test_the_scale_of_a_neuron_is_undone_behind_it(factor: Callable[[sp.Expr], sp.Expr]) -> None:
    scale.neuron_scale(Proof("M23"))
    with pytest.raises(ProofError, match="P'"):
        scale.neuron_scale(Proof("M23"), factor)


@pytest.mark.parametrize("least", [scale.norm**2, scale.norm / 2, sp.S.One])
def test_rows_are_least_where_the_norms_are_equal(least: sp.Expr) -> None:
    scale.rows(Proof("M24"))
    with pytest.raises(ProofError, match="2 ‖w_h‖"):
        scale.rows(Proof("M24"), least)


def test_another_slope_of_an_output_is_refused() -> None:
    w, own, t = sp.symbols("w lambda t", real=True)
    scale.outputs(Proof("M24"))
    for wrong in (w**2 / (t - own) ** 3, w**2 / (own - t) ** 2, w / (own - t) ** 3):
        with pytest.raises(ProofError, match="each term"):
            scale.outputs(Proof("M24"), wrong)
