"""What a theorem says it holds for must be what its steps quantify over."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef

from derivations.proof.assignments import Layers
from derivations.proof.block_shapes import ENDS
from derivations.proof.programs import Program
from derivations.proof.stated import Constant
from derivations.proof.steps import Step

DEPTH, INDICES, ANY = "depth", "indices", "any"
NEEDS = {
    **dict.fromkeys(("depth", "layers"), DEPTH),
    **dict.fromkeys(
        (
            "width",
            "widths",
            "neurons",
            "inputs",
            "receivers",
            "outputs",
            "samples",
            "batch",
            "class",
            "group",
            "groups",
        ),
        INDICES,
    ),
    **dict.fromkeys(("parameters", "weights", "kept"), INDICES),
}
"""Words of a scope -> what the steps must quantify over: layers, or indices of arrays and matrices of any size."""


def quantified(steps: Iterable[Step], programs: Iterable[Program]) -> set[str]:
    """What the steps leave free: layers, and sizes of arrays."""
    found = {DEPTH for program in programs if any(isinstance(node, Layers) for node in program.body)}
    found |= {INDICES for program in programs if any(array.indices for array in program.arrays)}
    for step in steps:
        for side in (step.left, step.right):
            found |= {need for form in step.chain(side) if isinstance(form, sp.Basic) for need in _of(form)}
    return found


def _of(form: Any) -> set[str]:
    found = set()
    for call in form.atoms(AppliedUndef):
        if call.func.__name__ in ENDS and any(i.free_symbols for i in call.args):
            found |= {DEPTH, INDICES}
    runs = any("[" in constant.key for constant in form.atoms(Constant))
    if runs or form.has(sp.Indexed) or any(not a.is_commutative for a in form.atoms(sp.Symbol)):
        found.add(INDICES)
    return found


def unsupported(scope: str, found: set[str]) -> list[str]:
    """The words of a scope that no step supports."""
    every = re.findall(r"every ([^;:]*)", scope)
    words = {word for part in every for word in re.findall(r"[a-z]+", part)}
    return sorted(word for word in words if word in NEEDS and NEEDS[word] not in found)
