"""The loop over layers as a recursion: what it makes of the memory that one layer writes and another reads."""

from __future__ import annotations

from dataclasses import dataclass

from derivations.codegen.rocq.definitions import Definitions
from derivations.codegen.rocq.expressions import FUNCTIONS, UnprintableError
from derivations.proof.assignments import Array
from derivations.proof.programs import Program

SIZES = ("n_samples", "n_out", "n_in", "size", "n_senders")
"""In the order in which a section declares them."""


def loop(program: Program, reverse: bool, hidden: Definitions, last: Definitions) -> list[str]:
    """The section with the recursion. Layer m sends to layer m + 1; the loop starts from a given memory."""
    arrays = {array.name: array for array in program.arrays}
    given = {name: count for kind in (hidden, last) for name, count in kind.given.items()}
    # What a layer reads of another one, and what it makes for another one, lie in one store.
    read = {arrays[n].store or n for n in given if _is_of_other_layer(arrays.get(n), reverse, reads=True)}
    made = [arrays[n] for n in hidden.made if _is_of_other_layer(arrays.get(n), reverse, reads=False)]
    carried = [array for array in made if (array.store or array.name) in read]
    if not carried:
        raise UnprintableError(f"{program.name}: no layer hands anything to the next")
    behind_input = {assign.name for assign in program.step(hidden=True, sender_hidden=False)}
    recursion = Recursion(arrays, given, carried[-1], reverse, carried[-1].name not in behind_input)
    return recursion.section(hidden, last)


def _is_of_other_layer(array: Array | None, reverse: bool, *, reads: bool) -> bool:
    """Whether a state is what other layers are read by (upwards the senders, downwards the receiver), or written by."""
    return array is not None and array.kind == "state" and (array.layer == "out") == (reverse == reads)


@dataclass(frozen=True)
class Recursion:
    """The recursion for one carried array; `leaves_input`: nothing is handed to the input layer."""

    arrays: dict[str, Array]
    given: dict[str, int]
    carried: Array
    reverse: bool
    leaves_input: bool

    @property
    def store(self) -> str:
        return self.carried.store or self.carried.name

    def section(self, hidden: Definitions, last: Definitions) -> list[str]:
        """Its variables and its definition."""
        kinds = (hidden, last) if self.reverse else (hidden,)
        needed = {name for kind in kinds for name in self._needs(kind)}
        families = {self._family(name): self._count(name) for name in needed if name in self.arrays}
        ring = "rcfType" if hidden.field_needed or last.field_needed else "comRingType"
        text = ["Section Loop.", f"Variable R : {ring}."]
        text += [f"Variable {name} : R -> R." for name in FUNCTIONS.values() if name in needed]
        text += ["Variable last : nat."] if self.reverse else []
        text += ["Variable n_samples : nat."] if "n_samples" in needed else []
        text += ["Variable n : nat -> nat."]
        text += [f"Variable {name} : {'nat -> ' * count}R." for name, count in sorted(families.items()) if name]
        text += ["Variable start : nat -> nat -> nat -> R."]
        return [*text, *(self._downwards(hidden, last) if self.reverse else self._upwards(hidden)), "End Loop."]

    def _upwards(self, hidden: Definitions) -> list[str]:
        return [
            f"(* {self.store} of every layer, once layers 1 to i are done *)",
            "Fixpoint loop (i : nat) : nat -> nat -> nat -> R :=",
            f"  if i is m.+1 then let memory := loop m in put memory i ({self._call(hidden)})",
            "  else start.",
        ]

    def _downwards(self, hidden: Definitions, last: Definitions) -> list[str]:
        choice = f"(if c is 0%N then {self._call(last)} else {self._call(hidden)})"
        to_one = f"{'if m is 0%N then memory else ' * self.leaves_input}put memory m {choice}"
        return [
            f"(* {self.store} of every layer, once d layers are done, the last one first *)",
            "Fixpoint loop (d : nat) : nat -> nat -> nat -> R :=",
            "  if d is c.+1 then let m := (last - c)%N in let memory := loop c in",
            f"    {f'put_upto memory m {choice}' if self.carried.layer == 'source' else to_one}",
            "  else start.",
        ]

    def _needs(self, kind: Definitions) -> list[str]:
        """What the last definition of the carried array depends on, in the order of the section's variables."""
        uses = kind.uses[kind.made[self.carried.name]]
        arrays = sorted(self.given, key=lambda name: (self.given[name], name))
        return [name for name in (*FUNCTIONS.values(), *SIZES, "n", *arrays) if name in uses]

    def _family(self, name: str) -> str:
        """The name of an array of all layers; empty for that which the recursion itself makes."""
        array = self.arrays[name]
        if array.kind != "state":
            return name
        return "" if (array.store or name) == self.store else name.removesuffix("_in").removesuffix("_source")

    def _count(self, name: str) -> int:
        """How many indices the array of all layers has: that of the senders has the layer as its first already."""
        array = self.arrays[name]
        return self.given[name] + (array.kind != "state" or array.layer != "source")

    def _call(self, kind: Definitions) -> str:
        """The last definition of the carried array, for the layer m that sends and the layer m + 1."""
        terms = []
        for name in self._needs(kind):
            array = self.arrays.get(name)
            if array is None:
                terms.append({"n_in": "(n m)", "n_out": "(n m.+1)", "n_senders": "m.+1"}.get(name, name))
                continue
            family = self._family(name) or "memory"
            layer = {"in": " m", "source": "", "out": " m.+1"}[array.layer] if array.kind == "state" else " m"
            terms.append(f"({family}{layer})" if layer else family)
        return " ".join([kind.made[self.carried.name], *terms])
