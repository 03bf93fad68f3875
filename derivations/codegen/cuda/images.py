"""IR -> Numba source for CUDA: the kernels of image networks, proven values in the places of a template's words."""

from __future__ import annotations

from pathlib import Path

import sympy as sp

from derivations.codegen import templates
from derivations.codegen.cuda.layers import KERNEL
from derivations.codegen.expressions import RealPrinter
from derivations.codegen.formulas import TypedPrinter
from derivations.proof.assignments import flatten
from derivations.proof.programs import Program
from derivations.theorems.images import (
    batch_norm,
    convolution,
    evaluation,
    gates,
    graph,
    max_pool,
    mean_pool,
    towers,
)

FOLDER = Path(__file__).parent
TEXT = """A value of planes (sample, channel, row · column) is flat. A thread takes every count-th element, a block one sum. Products
of matrices are calls of a library. Statistics of batch norms are sums in float64."""
IMPORTS = """import math

from spectral_core.kernels.cpu.images import (
    DEVIATION, EPSILON, MEAN_OF, SCALE, batch_norm_adjoint_coefficients, batch_norm_coefficients, batch_norm_evaluation,
    batch_norm_running,
)
from spectral_core.kernels.cuda.parts import gpu_sum
from spectral_core.kernels.support.device import REDUCTION_SLOTS, cuda, kernel"""
SIZES = {
    sp.Symbol(name, integer=True, positive=True): sp.Symbol(real)
    for name, real in (("rows", "height"), ("columns", "width"))
}
"""The sizes of a plane in the type of its numbers."""
WORDS: dict[str, tuple[Program, int]] = {
    "NORMED": (batch_norm.VALUE, 0),
    "LOADED": (evaluation.LOAD, 0),
    "MASKED": (evaluation.LOAD_ADJOINT, 0),
    "WINDOW": (convolution.DEPTHWISE, 0),
    "BACK": (convolution.DEPTHWISE_PHASES_ADJOINT, 0),
    "SLOPES": (convolution.DEPTHWISE_WEIGHTS, 0),
    "MEAN_OF_NINE": (mean_pool.MEAN_POOL, 0),
    "FIRST": (max_pool.SCAN, 0),
    "BEST": (max_pool.SCAN, 1),
    "DROPPED": (gates.DROP_PATH, 0),
    "ARRIVED": (graph.NODE, 1),
    "SLOPE_OF_A_GATE": (gates.GATE_ADJOINT, 0),
    "SUM": (batch_norm.SUMS, 0),
    "SQUARES": (batch_norm.SUMS, 1),
    "BETAS": (batch_norm.ADJOINT_SUMS, 0),
    "GAMMAS": (batch_norm.ADJOINT_SUMS, 1),
    "ADJOINT": (batch_norm.ADJOINT, 0),
    "SHARE_OF_A_PLANE": (towers.GLOBAL_MEAN, 0),
    "CLAMPED": (gates.CLAMP, 0),
}
"""Word of the template -> a program, and which of its lines."""
NAMES = {"MEAN_OF_NINE": {"x": "total"}, "SHARE_OF_A_PLANE": {"x": "total"}, "CLAMPED": {"weights": "w"}}
"""What an array of the program is called in the template, where it is not its own name."""


def word(name: str) -> str:
    """The value that stands in the place of a word."""
    program, number = WORDS[name]
    line = list(flatten(program.body))[number]
    names = NAMES.get(name, {})
    value = line.value.xreplace({e: sp.Symbol(names.get(str(e.base), str(e.base))) for e in line.operands})
    value = value.xreplace(SIZES).xreplace(dict.fromkeys(value.atoms(sp.KroneckerDelta), sp.S.One))
    if program is gates.CLAMP:
        return str(value.replace(sp.Min, sp.Function("min")).replace(sp.Max, sp.Function("max")))
    return RealPrinter().doprint(value)


def sources() -> list[str]:
    """All printed kernels."""
    words = {name: word(name) for name in sorted(WORDS, key=len, reverse=True)}
    written = templates.read(FOLDER, "images", TypedPrinter)
    return [templates.specialise(source, KERNEL, **words) for source in written.values()]


def functions() -> dict[str, tuple[str, ...]]:
    """Name of each printed kernel -> the theorems it rests on."""
    table = {}
    for name, source in templates.read(FOLDER, "images", TypedPrinter).items():
        stated = [line for line in source.splitlines() if line.startswith("    Theorem: ")]
        if stated:  # else it is written by hand
            table[name] = tuple(
                theorem for line in stated for theorem in line.removeprefix("    Theorem: ").split(", ")
            )
    return table
