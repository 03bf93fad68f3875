"""What a theorem says it holds for must be what its steps quantify over.

A scope is read word by word behind `every`, `any`, `all` and `each`. A word is filling, or says what must be free in the
steps; an unknown word is refused. Where a theorem has claims, only the steps that serve them count.
"""

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

DEPTH, INDICES = "depth", "indices"
ANY = (INDICES,)
NEEDS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("depth", "layers"), (DEPTH,)),
    **dict.fromkeys(("width", "widths", "neurons", "inputs", "receivers", "outputs", "batch", "class", "count"), ANY),
    **dict.fromkeys(("group", "groups", "parameter", "parameters", "weight", "weights", "removed", "kept"), ANY),
    "terms": (INDICES, "slack"),  # what the terms that are still to come may add
    "samples": ("index s", "matrices", "layer x", DEPTH),
    "rows": ("index r",),
    "columns": ("index q", "matrices"),
    **dict.fromkeys(("channel", "channels", "cell"), ("index c",)),
    "size": (INDICES, "rows", "mu"),  # μ is a mean over any number of values
    "values": ("index c",),
    "split": ("count_a",),
    "k": ("m",),
    **dict.fromkeys(("operations", "edge"), ("Σ_m",)),
    "graph": ("Σ_i", "Σ_m", "cites I16"),
    "steps": ("share", "steps", "rule induction"),
    "batches": ("rule induction",),
    "z": ("z",),
    "x": ("rule error analysis",),
    "s": ("unit",),  # 2^s
}
"""Words of a scope -> what must be free in the steps, one of several: layers; indices of arrays and matrices of any size; an
index, a symbol, a rule or a citation by its name."""
NEEDS |= {name: (name,) for name in ("stride", "dilation", "padding")}
FILLING = {
    *("number", "of", "and", "before", "it", "the", "a", "by", "itself", "one", "hidden", "layer", "strides"),
    *("odd", "acyclic", "candidate", "real", "float", "with", "for", "which", "exp", "g", "result", "are", "normal"),
    *("numbers", "mini", "every", "any", "all", "each"),
}
"""Words that quantify nothing by themselves."""
QUANTIFIER = re.compile(r"\b(?:every|any|all|each|arbitrary|whatever)\b([^;:]*)")


def quantified(steps: Iterable[Step], programs: Iterable[Program]) -> set[str]:
    """What the steps leave free: layers, sizes of arrays, indices and symbols by name; and by which rules and citations."""
    found = {DEPTH for program in programs if any(isinstance(node, Layers) for node in program.body)}
    found |= {INDICES for program in programs if any(array.indices for array in program.arrays)}
    every = list(steps)
    # A step beside the claims says nothing about what they hold for. Inductions alone are lemmas of a sentence.
    served = [step for step in every if step.part]
    for step in served if any(step.rule != "induction" for step in served) else every:
        found |= {f"rule {step.rule}", *(f"cites {name}" for name in step.cites)}
        for side in (step.left, step.right):
            found |= {need for form in step.chain(side) if isinstance(form, sp.Basic) for need in _of(form)}
    return found


def _of(form: Any) -> set[str]:
    found = {symbol.name for symbol in form.free_symbols if isinstance(symbol, sp.Symbol)}
    for call in form.atoms(AppliedUndef):
        if call.func.__name__ in ENDS and any(i.free_symbols for i in call.args):
            found |= {DEPTH, INDICES}
    elements = form.atoms(sp.Indexed)
    found |= {f"index {symbol}" for element in elements for index in element.indices for symbol in index.free_symbols}
    runs = any("[" in constant.key for constant in form.atoms(Constant))
    if any(not a.is_commutative for a in form.atoms(sp.Symbol)):
        found |= {INDICES, "matrices"}
    return found | ({INDICES} if runs or elements else set())


def unsupported(scope: str, found: set[str]) -> list[str]:
    """The words of a scope that no step supports, and those that have no meaning here."""
    words = {word for part in QUANTIFIER.findall(scope) for word in re.findall(r"[a-z]+", part)}
    return sorted(word for word in words - FILLING if word not in NEEDS or not found & {*NEEDS[word]})
