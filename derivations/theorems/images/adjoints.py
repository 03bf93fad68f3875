"""The step that proves an adjoint: ⟨ȳ, derivative of y by x along v⟩ = ⟨x̄, v⟩ for every v."""

from __future__ import annotations

from derivations.proof.assignments import Array, Assign
from derivations.proof.programs import Program
from derivations.proof.theorem import Proof
from derivations.proof.windows import along, pairing
from derivations.theorems.images.notation import plane
from derivations.theorems.images.steps import equal


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
    proof.same(
        f"{claim}: the adjoint is of the shape of {array.name}", [other.name, other.reduce], [f"d{array.name}", "sum"]
    )
    change = along(line.value, array, direction)
    equal(proof, claim, pairing(line, bar, change), pairing(other, direction), "reindexing", cites)


def stored_step(proof: Proof, *programs: Program, added: tuple[str, ...] = ()) -> None:
    """Which lines add to what stands there; all others set their target."""
    lines = [line for program in programs for line in program.assignments]
    claim = f"{', '.join(program.name for program in programs)}: what is added to"
    proof.same(claim, [line.name for line in lines if line.accumulate], added)
    proof.same("every line is a sum", [line.reduce for line in lines], ["sum"] * len(lines))
