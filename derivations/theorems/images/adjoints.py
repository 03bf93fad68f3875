"""The step that proves an adjoint: ⟨ȳ, derivative of y by x along v⟩ = ⟨x̄, v⟩ for every v."""

from __future__ import annotations

import sympy as sp

from derivations.proof.assignments import Array, Assign
from derivations.proof.facts import added as added_to
from derivations.proof.facts import kinds, named, reductions
from derivations.proof.programs import Program
from derivations.proof.stated import Term, definition
from derivations.proof.theorem import Proof
from derivations.proof.windows import along, pairing
from derivations.theorems.images.notation import plane


@definition("value", r"\mathrm{{value\ of}}\ \left({0}\right)", "value of ({0})", commutative=True)
def value_of(line: Assign) -> sp.Expr:
    """The right side of a line, without its sums."""
    return line.value


@definition("pairing", r"\langle {1},\ {0} \rangle", "⟨{1}, {0}⟩", commutative=True)
def _pairing(line: Assign, cotangent: Array) -> sp.Expr:
    return pairing(line, cotangent)


@definition(
    "change",
    r"\langle {1},\ {0}\ \mathrm{{along}}\ {3}\ \mathrm{{for}}\ {2} \rangle",
    "⟨{1}, change of {0} with {2} along {3}⟩",
    commutative=True,
)
def _change(line: Assign, cotangent: Array, array: Array, direction: Array) -> sp.Expr:
    return pairing(line, cotangent, along(line.value, array, direction))


def paired(line: Assign, cotangent: Array) -> Term:
    """⟨cotangent, target of the line⟩, unevaluated."""
    return _pairing(line, named(cotangent))


def only(program: Program) -> Assign:
    """The assignment of a program of one line."""
    (line,) = program.assignments
    return line


def change_of(array: Array) -> Array:
    """v, any change of an array: another array of its shape."""
    return plane(f"v{array.name}", array.indices, f"any change of {array.name}")


def adjoint_step(
    proof: Proof, claim: str, forward: Program, array: Array, back: Program, cites: tuple[str, ...] = ()
) -> None:
    """The program `back`, paired with any change v of the array, is ȳ paired with what v changes of y."""
    line, other, direction = only(forward), only(back), change_of(array)
    bar = plane(f"d{line.name}", line.free, f"∂ℓ/∂{line.name}")
    shape = f"{claim}: the adjoint is of the shape of {array.name}"
    proof.same(shape, kinds((other,)), [(f"d{array.name}", "sum")])
    change = _change(line, named(bar), named(array), named(direction))
    proof.equal(claim, change, paired(other, direction), "reindexing", cites)


def stored_step(proof: Proof, *programs: Program, added: tuple[str, ...] = ()) -> None:
    """Which lines add to what stands there; all others set their target."""
    lines = tuple(line for program in programs for line in program.assignments)
    for program in programs:
        proof.reads(program)
    claim = f"{', '.join(program.name for program in programs)}: what is added to"
    proof.same(claim, added_to(lines), added)
    proof.same("every line is a sum", reductions(lines), ["sum"] * len(lines))
