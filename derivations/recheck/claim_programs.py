"""What programs in a claim are worth: their lines as loops, and derivatives by reverse accumulation as those of dual numbers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

from derivations.recheck.claim_trees import Tree, leaves, name_of
from derivations.recheck.claim_values import Setting, value
from derivations.recheck.field import Dual, Number


def run(parts: list[Tree], setting: Setting) -> Number:
    """A target after its lines."""
    name, lines, known = parts
    # What is known of an array is put in for it, if it is more than its element.
    given = [(leaf, tree) for other, tree in known for line in lines for leaf in leaves(line[4], other) if leaf != tree]
    arrays = after(lines, replace(setting, put=(*((old, new, setting) for old, new in given), *setting.put)))
    target = next(line[0] for line in lines if name_of(line[0]) == name)
    return arrays[(name, *(setting.names[i] for i in (target[2:] if isinstance(target, list) else [])))]


def after(lines: list[Any], setting: Setting) -> dict[tuple[Any, ...], Number]:
    """All elements that the lines set, loop by loop."""
    made: dict[tuple[Any, ...], Number] = {}
    for target, over, accumulate, _, right in lines:
        free = target[2:] if isinstance(target, list) else []
        for at in product(*(range(setting.sizes[i]) for i in free)):
            outer = setting.names | dict(zip(free, at, strict=True))
            total: Any = made.get((name_of(target), *at), 0) if accumulate else 0
            for inner in product(*(range(setting.sizes[i]) for i in over)):
                names = outer | dict(zip(over, inner, strict=True))
                total = total + value(right, _after_lines(setting, names, made))
            made[(name_of(target), *at)] = total
    return made


@dataclass(frozen=True)
class _Reading(Setting):
    """A setting in which the elements that lines have set are read before any other."""

    made: dict[tuple[Any, ...], Number] = field(default_factory=dict)

    def element(self, name: str, at: tuple[int, ...]) -> Number:
        return self.made[(name, *at)] if (name, *at) in self.made else super().element(name, at)


def _after_lines(setting: Setting, names: dict[str, Any], made: dict[tuple[Any, ...], Number]) -> _Reading:
    scalars = {key[0]: number for key, number in made.items() if len(key) == 1}
    return _Reading(**(setting.__dict__ | {"names": names | scalars, "made": made}))


def bar(parts: list[Tree], setting: Setting) -> Number:
    """∂ℓ/∂(an element) for ℓ = Σ seed · output: one element moves, as a dual number."""
    name, lines, seeds, fixed = parts
    for line in lines:  # so that every element is drawn before one of them moves
        list(leaves(line[4], name))
    after(lines, setting)
    place = next(leaf for line in lines for leaf in leaves(line[4], name))
    key = (name, *(setting.names[i] for i in place[2:])) if isinstance(place, list) else (name,)
    if isinstance(place, list):
        arrays = setting.arrays | {key: Dual(setting.element(name, key[1:]), 1)}
        moving = replace(setting, arrays=arrays)
    else:
        moving = replace(setting, names=setting.names | {name: Dual(setting.symbol(name), 1)})
    total: Any = 0
    places = {name_of(line[0]): line[0][2:] if isinstance(line[0], list) else [] for line in lines}
    for key_made, number in after(lines, moving).items():
        # An index of a loop around has one value.
        at = zip(places[key_made[0]], key_made[1:], strict=True)
        if any(index in fixed and place != setting.names[index] for index, place in at):
            continue
        for seeded, seed in seeds:
            if key_made[0] == seeded and isinstance(number, Dual):
                total = total + number.slope * _seed(seed, key_made[1:], setting)
    return total


def _seed(seed: Tree, at: tuple[int, ...], setting: Setting) -> Number:
    return setting.element(seed[1], at) if isinstance(seed, list) else value(seed, setting)
