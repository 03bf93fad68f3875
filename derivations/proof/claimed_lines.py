"""Which lines of programs a theorem claims something about: a line that no claim holds may be printed wrong, and no step fails."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import sympy as sp

from derivations.proof.assignments import Assign
from derivations.proof.certificates import Certificate
from derivations.proof.facts import whole
from derivations.proof.programs import Program
from derivations.proof.stated import Constant, Definition, Term, With
from derivations.proof.steps import Step

Said = tuple[set[Assign], set[sp.Basic]]


def unclaimed(certificates: Iterable[Certificate], printed: Iterable[Program]) -> Iterator[str]:
    """Lines of programs that are printed, and stand in no claim of the theorems that the program names."""
    said = {certificate.id: _said(certificate.steps) for certificate in certificates}
    for program in dict.fromkeys(printed):
        known = [said[name] for name in program.theorems if name in said]
        for line in dict.fromkeys(program.assignments) if known else ():
            # A number or a single element stands in many claims; what is made of them speaks of this line.
            made = line.value.args and not isinstance(line.value, sp.Indexed)
            if not any(line in lines or (made and line.value in values) for lines, values in known):
                yield f"{program.name}: {', '.join(program.theorems)} claims nothing about the line {line}"


def _said(steps: Iterable[Step]) -> Said:
    """The lines and the expressions in the steps that serve claims, and in facts that are whole lines."""
    found: Said = (set(), set())
    for step in steps:
        facts = isinstance(step.left, Term) and step.left.definition == whole
        if step.part or facts:
            _look(step.left, found)
            _look(step.right, found)
    return found


def _look(part: Any, found: Said) -> None:
    lines, values = found
    if isinstance(part, (tuple, list)):
        for inner in part:
            _look(inner, found)
    elif isinstance(part, Assign):
        lines.add(part)
    elif isinstance(part, With):
        _look(part.given, found)
    elif isinstance(part, Program):
        lines.update(part.assignments)
    elif isinstance(part, (Definition, Constant)):
        _look(part.value, found)
    elif isinstance(part, sp.Basic) and part not in values:
        values.add(part)
        for inner in part.args:
            _look(inner, found)
