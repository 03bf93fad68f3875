"""Programs of scalars: one assignment, one result.

A template of the printers calls such a program by its name, `sample_scale(total)`, and the printer writes its formula in the
place of the call; so kernels for the CPU, for CUDA and functions for the host compute the same formula.
"""

import sympy as sp

from derivations.proof.assignments import Assign
from derivations.proof.programs import Program
from derivations.proof.running import run
from derivations.proof.stated import Term, at

RESULT = sp.Symbol("result")


def scalar_program(name: str, summary: str, theorem: str, scalars: tuple[sp.Symbol, ...], result: sp.Expr) -> Program:
    """The program that returns one expression of its scalars."""
    if unknown := result.free_symbols - set(scalars):
        raise ValueError(f"{name} does not take {sorted(map(str, unknown))}")
    names = tuple(map(str, scalars))
    return Program(name, summary, (theorem,), (), (Assign(RESULT, result),), scalars=names, result=str(RESULT))


def result_of(program: Program, **given: sp.Expr) -> Term:
    """What a program of scalars returns, some of its scalars given, unevaluated."""
    symbols = {str(symbol): symbol for assign in program.assignments for symbol in assign.value.free_symbols}
    places = {symbols[name]: sp.sympify(e) for name, e in given.items()}
    result = run(program.assignments)[program.result]
    return at(result, places) if places else result
