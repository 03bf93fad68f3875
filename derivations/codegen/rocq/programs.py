"""The file of all programs in Rocq: for each a module with its lines and, where it has layers, the loop over them."""

from __future__ import annotations

from collections.abc import Iterable

from derivations.codegen.rocq.definitions import Definitions, definitions
from derivations.codegen.rocq.expressions import FUNCTIONS, UnprintableError, wrapped
from derivations.codegen.rocq.loops import SIZES, loop
from derivations.proof.assignments import Layers, conditions
from derivations.proof.programs import Program

HEAD = """(* Printed by `python -m derivations` from the programs that are printed for Numba and CUDA. Do not edit.
   programs_agree.v proves that they are the recursions of the theorems. Arrays are functions of natural numbers; a name
   that is assigned again gets a number. In a layer, n_out neurons receive and n_in send; layers are counted from 0. *)
From mathcomp Require Import all_ssreflect all_algebra.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory Num.Theory.
Local Open Scope ring_scope.

(* layer i of a memory is overwritten; the layers up to i are *)
Definition put T (memory : nat -> T) i a := fun l => if l == i then a else memory l.
Definition put_upto T (memory : nat -> T) i a := fun l => if (l <= i)%N then a l else memory l.
"""


def programs_file(programs: Iterable[Program]) -> str:
    """The text of `programs.v`. Raises `UnprintableError` for what has no term in Rocq."""
    return HEAD + "".join(f"\n{module(program)}" for program in programs)


def module(program: Program) -> str:
    """One program: the lines of a hidden and of the last layer and the loop, or its lines alone."""
    around = program.body[0]
    if isinstance(around, Layers):
        if len(program.body) != 1:
            raise UnprintableError(f"{program.name}: something stands beside the loop over layers")
        kinds = [
            definitions(program, around.body, kind, conditions(kind == "hidden_", True))
            for kind in ("hidden_", "last_")
        ]
        _check_first_layers(program, around, kinds)
    else:
        kinds = [definitions(program, program.body, "")]
    text = [f"(* {program.summary} *)", f"Module {program.name}.", *section(kinds)]
    text += loop(program, around.reverse, *kinds) if isinstance(around, Layers) else []
    return "\n".join(part for line in [*text, f"End {program.name}."] for part in wrapped(line)) + "\n"


def _check_first_layers(program: Program, around: Layers, kinds: list[Definitions]) -> None:
    """Behind the input the lines are the same, without those that carry something to the layer of senders."""
    for kind in kinds:
        behind = definitions(program, around.body, kind.kind, conditions(kind.kind == "hidden_", False))
        if not set(behind.text) <= set(kind.text):
            raise UnprintableError(f"{program.name}: other lines behind the input layer than behind a hidden one")


def section(kinds: list[Definitions]) -> list[str]:
    """The definitions, with what they do not define as variables."""
    given = {name: count for kind in kinds for name, count in kind.given.items()}
    used = set().union(*(uses for kind in kinds for uses in kind.uses.values()))
    whole = set().union(*(kind.integers for kind in kinds))
    ring = "rcfType" if any(kind.field_needed for kind in kinds) else "comRingType"
    text = ["Section Lines.", f"Variable R : {ring}."]
    functions = [name for name in FUNCTIONS.values() if name in used]
    text += [f"Variables {' '.join(functions)} : R -> R."] if functions else []
    text += ["Variable greatest : nat -> (nat -> R) -> R."] if "greatest" in used else []
    sizes = [name for name in SIZES if name in used]
    text += [f"Variables {' '.join(sizes)} : nat."] if sizes else []
    text += ["Variable n : nat -> nat."] if "n" in used else []
    for count, integer in sorted({(count, name in whole) for name, count in given.items()}):
        names = [name for name in sorted(given) if (given[name], name in whole) == (count, integer)]
        text.append(f"Variables {' '.join(names)} : {'nat -> ' * count}{'nat' if integer else 'R'}.")
    return [*text, *(line for kind in kinds for line in kind.text), "End Lines."]
