"""The printer for Rocq, without a compiler: what it prints, and what it refuses."""

from __future__ import annotations

import pytest
import sympy as sp

from derivations.__main__ import PROGRAMS, ROCQ, functions
from derivations.codegen.rocq.definitions import definitions
from derivations.codegen.rocq.expressions import TermPrinter, UnprintableError, wrapped
from derivations.codegen.rocq.goals import goals_file
from derivations.codegen.rocq.programs import module, programs_file
from derivations.proof.assignments import Assign, Layers, Rows
from derivations.proof.certificates import Certificate
from derivations.proof.notation import M, k, lam_in, s, u_in, x, z
from derivations.proof.programs import Program
from derivations.proof.steps import Step
from derivations.rocq.check import sources, steps_in

a, b, n = sp.symbols("a b n")


def printed(expression: sp.Expr) -> str:
    return TermPrinter(str).term(expression)


@pytest.mark.parametrize(
    ("expression", "term"),
    [
        (a - b, "a - b"),
        (-a - b, "- a - b"),
        (a * (b - 1), "a * (b - 1)"),
        (-(a**2) / 2, "- (1 / 2%:R) * (a ^+ 2)"),
        (a / (b * (1 + a)), "a / b / (1 + a)"),
        (1 / sp.sqrt(a), "(Num.sqrt a)^-1"),
        (sp.sqrt(a + b), "Num.sqrt (a + b)"),
        (sp.Abs(a - b), "`|a - b|"),
        (sp.exp(-a), "exp (- a)"),
        (sp.Piecewise((a, a > b), (-a, True)), "(if a > b then a else - a)"),
        (sp.KroneckerDelta(a, b) * n, "n * (a == b :> nat)%:R"),
    ],
)
def test_terms_have_the_brackets_that_rocq_needs(expression: sp.Expr, term: str) -> None:
    assert printed(expression) == term


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (a**n, r"the power a\*\*n"),
        (sp.sin(a), r"sin\(a\) has no term"),
        (sp.Piecewise((a, a > b)), "not everywhere else"),
        (sp.Piecewise((a, sp.Eq(a, b)), (b, True)), "the condition"),
        (sp.I * a, "I has no term"),
    ],
)
def test_what_has_no_term_is_refused_by_name(expression: sp.Expr, message: str) -> None:
    with pytest.raises(UnprintableError, match=message):
        printed(expression)


def test_every_program_of_a_kernel_is_printed_once() -> None:
    text = programs_file(PROGRAMS)
    assert [text.count(f"\nModule {program.name}.\n") for program in PROGRAMS] == [1] * len(PROGRAMS)
    assert {name for program in PROGRAMS for name in program.theorems} <= {
        i for ids in functions().values() for i in ids
    }
    assert (ROCQ / "programs.v").read_text(encoding="utf-8") == text
    assert all(len(line) <= 120 for line in text.splitlines())


def test_a_name_that_is_assigned_again_gets_a_number() -> None:
    again = (Assign(z.element, sp.S.Zero), Assign(z.element, u_in.element * M.element, (k,), accumulate=True))
    assert definitions(Program("twice", "", (), (z, u_in, M), again), again, "").text == [
        "Definition z (s h : nat) : R := 0.",
        "Definition z_2 (s h : nat) : R := z s h + \\sum_(k < n_in) M h k * u_in s k.",
    ]


def test_a_scalar_added_to_in_every_row_is_a_sum_over_the_rows() -> None:
    total = sp.Symbol("total")
    row = Rows((Assign(total, u_in.element, (k,), accumulate=True),))
    program = Program("rows", "", (), (u_in,), (row,), result="total")
    assert definitions(program, program.body, "").text == [
        "Definition total_2 : R := total + \\sum_(s < n_samples) \\sum_(k < n_in) u_in s k."
    ]
    assert s in u_in.indices


def test_a_loop_that_hands_nothing_on_is_refused() -> None:
    alone = Program("alone", "", (), (lam_in, x), (Layers((Assign(x.element, sp.S.One),)),))
    with pytest.raises(UnprintableError, match="alone: no layer hands anything to the next"):
        module(alone)


def certificate(left: sp.Expr, right: sp.Expr) -> Certificate:
    return Certificate("T", "", "", (), "", "", "", (Step("rational", "a claim *) with an end", left, right),))


def test_steps_are_counted_by_what_they_say() -> None:
    assert "1 of 1 steps" in steps_in(goals_file([certificate((a + b) * n, a * n + b * n)]))
    assert "0 of 0 steps" in (alike := steps_in(goals_file([certificate(a, a)])))
    assert "1 say X = X" in alike
    assert "1 need symbolic exponents" in steps_in(goals_file([certificate(a * (a**n + 1), a ** (n + 1) + a)]))
    assert "1 need numbers of many digits" in steps_in(goals_file([certificate(a * (b + 5040), a * b + 5040 * a)]))
    circle = certificate(sp.sin(a) ** 2 + sp.cos(a) ** 2, sp.S.One)
    assert "1 need rules for cos, sin" in steps_in(goals_file([circle]))


def test_a_step_that_does_not_hold_is_no_goal() -> None:
    with pytest.raises(ValueError, match="the step does not hold"):
        goals_file([certificate(a, a + b)])


def test_a_claim_cannot_end_the_comment_around_it() -> None:
    text = goals_file([certificate(a * (b + 1), a * b + a)])
    assert "a claim * ) with an end" in text


def test_each_denominator_is_assumed_not_to_be_zero() -> None:
    text = goals_file([certificate(1 / (1 + 1 / a), a / (a + 1))])
    assert "v0 != 0 -> " in text
    assert "1 + v0 != 0 -> " in text


def test_the_checked_in_goals_say_how_many_they_are() -> None:
    said = steps_in(sources()["rational.v"])
    assert int(said.split()[0]) == sources()["rational.v"].count("\nLemma ")
    assert "say X = X" in said


@pytest.mark.parametrize("count", [1, 30, 60, 200])
def test_long_lines_are_broken_between_words(count: int) -> None:
    parts = wrapped("  " + " ".join(["word"] * count))
    assert all(len(part) <= 120 and part.startswith("  word" if part is parts[0] else "    word") for part in parts)
    assert " ".join(parts).split() == ["word"] * count
