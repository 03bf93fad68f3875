"""Every program is proven, and every broken one is refused; the code of those that are refused computes wrong numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import FunctionType

import numpy as np
import pytest

from derivations.codegen.cpu import layers as cpu
from derivations.codegen.programs import PROGRAMS
from derivations.proof.assignments import Layers, Rows
from derivations.proof.programs import Program
from derivations.proof.theorem import Proof, ProofError
from derivations.theorems.scalar import losses, optimizers, penalties
from derivations.theorems.spectral import propagation
from tests.derivations.mutants import arguments, mutants, refused, structural_mutants
from tests.derivations.printed import SPACE, agrees, runs_alike


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_every_program_is_proven(program: Program) -> None:
    for argument in arguments(program):
        argument(Proof(program.name))


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_every_broken_assignment_is_refused(program: Program) -> None:
    survivors = [
        f"{what}: {assign}"
        for what, position, assign in mutants(program)
        if not refused(lambda position=position, assign=assign: program.with_assignment(position, assign))
    ]
    assert survivors == []


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_printed_code_is_right_and_broken_code_is_wrong(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every mutant that can be printed is run as plain Python and compared with the oracle."""
    assert agrees(program)
    unnoticed, ran = [], 0
    for what, position, assign in mutants(program):
        if runs_alike(program, what, position):
            continue
        try:
            text = cpu.function(program.with_assignment(position, assign))
        except (ValueError, KeyError):
            continue  # no program, or no code for it
        with monkeypatch.context() as patch, np.errstate(all="ignore"):
            space = dict(SPACE)
            exec(text, space)
            broken = FunctionType(space[program.name].__code__, SPACE, program.name)
            patch.setitem(SPACE, program.name, broken)
            ran += 1
            try:
                if agrees(program):
                    unnoticed.append(f"{what}: {assign}")
            except (ArithmeticError, ValueError, TypeError, NameError):
                continue  # wrong loudly
    assert unnoticed == []
    assert ran >= 3
    assert agrees(program)


def _prints_right(make: Callable[[], Program]) -> bool:
    """The mutant's own code, run as plain Python, gives the oracle's numbers."""
    program = make()
    space = dict(SPACE)
    with pytest.MonkeyPatch.context() as patch, np.errstate(all="ignore"):
        exec(cpu.function(program), space)
        patch.setitem(SPACE, program.name, FunctionType(space[program.name].__code__, SPACE, program.name))
        return agrees(program)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_every_broken_structure_is_refused_or_runs_right(program: Program) -> None:
    """A program that the proofs accept must be another way to write the same: its code agrees with the oracle."""
    survivors, tried = [], 0
    for what, make in structural_mutants(program):
        tried += 1
        if refused(make):
            continue
        try:
            right = _prints_right(make)
        except (ArithmeticError, ValueError, TypeError, NameError):
            continue  # not printed, or wrong loudly: another signature, a name not yet set
        if not right:
            survivors.append(what)
    assert survivors == []
    assert tried > 0 or len(program.assignments) == len(program.arrays) == 1, "one line on one array has no structure"


def test_a_formula_that_reads_what_was_overwritten_is_no_program() -> None:
    """b = μ b + g in place, then the old b read for θ: equal on paper, wrong in memory."""
    o = optimizers
    stale = o.parameter.element - o.rate * (o.momentum * o.first.element + o.gradient.element)
    with pytest.raises(ValueError, match="first was overwritten by first_new"):
        o.SGD.with_assignment(1, replace(o.SGD.assignments[1], value=stale))


def test_programs_that_return_or_repeat_the_wrong_thing_are_refused() -> None:
    p, lo = penalties, losses
    wrong: list[tuple[Callable[[Proof, Program], None], Callable[[], Program]]] = [
        (p.l2_argument, lambda: replace(p.L2, body=(*p.L2.body, p.L2.body[-1]))),
        (p.l1_argument, lambda: replace(p.L1, body=(p.L1.body[0], *p.L1.body))),
        (p.group_argument, lambda: replace(p.GROUP, result="norm")),
        (p.l2_argument, lambda: replace(p.L2, result="")),
        (p.l2_argument, lambda: replace(p.L2, body=p.L2.body[:1])),
        (lo.ARGUMENTS["squared_error"], lambda: replace(lo.SQUARED_ERROR.program, result="")),
        (
            lo.cross_entropy_argument,
            lambda: replace(lo.CROSS_ENTROPY, body=tuple(Rows((a,)) for a in lo.CROSS_ENTROPY.assignments)),
        ),
    ]
    for argument, make in wrong:
        with pytest.raises((ProofError, ValueError)):
            argument(Proof("mutant"), program=make())
    with pytest.raises(ValueError, match="inside another loop"):
        replace(propagation.DIRECT, body=(Layers(propagation.DIRECT.body),))
