"""The parts of an exported C file of an image network: what is read of a pixel, windows, channels, pools, the classifier."""

from __future__ import annotations

import sympy as sp

from derivations.codegen.c.expressions import CPrinter, Real
from derivations.codegen.expressions import add
from derivations.proof.assignments import Assign, flatten
from derivations.proof.programs import Program
from derivations.theorems.images import batch_norm, convolution, evaluation, graph, mean_pool, pointwise, towers

PROGRAMS = (
    convolution.DEPTHWISE, pointwise.POINTWISE, pointwise.STEM, mean_pool.MEAN_POOL, graph.NODE, towers.GLOBAL_MEAN, towers.TOWER,
    batch_norm.VALUE, evaluation.LOAD,
)  # fmt: skip
"""The programs whose lines stand in the template."""


def value_of(program: Program, **places: str) -> sp.Expr:
    """The value of the first line of a program that is not a 0, its arrays at their places."""
    (line, *_) = (a for a in flatten(program.body) if isinstance(a, Assign) and a.value != 0)
    return line.value.xreplace({o: sp.Symbol(places.get(str(o.base), str(o.base))) for o in line.operands})


def added(real: Real, target: str, value: sp.Expr) -> str:
    """The line that adds a term of a sum."""
    return f"{add(target, CPrinter(real).doprint(value))};"


def words(real: Real) -> dict[str, str]:
    """What the words of the template stand for in one type."""
    affine, load = value_of(batch_norm.VALUE), value_of(evaluation.LOAD)
    mean = value_of(towers.GLOBAL_MEAN).xreplace({s: sp.Symbol(f"({real.name}){s}") for s in towers.SHARE.free_symbols})
    share = {s: sp.Integer(3) for s in mean_pool.SHARE.free_symbols}
    return {
        "AFFINE": CPrinter(real).doprint(affine),
        "RELU": CPrinter(real).doprint(load.xreplace({affine: sp.Symbol("z")})),
        "WINDOW": added(real, "y", value_of(convolution.DEPTHWISE)),
        "CHANNELS": added(real, "z", value_of(pointwise.POINTWISE)),
        "DENSE_WINDOW": added(real, "y", value_of(pointwise.STEM, kernel="w")),
        "MEAN_OF_NINE": added(real, "given", value_of(mean_pool.MEAN_POOL).xreplace(share)),
        "ARRIVE": added(real, "to[(c * out_rows + i) * out_columns + j]", value_of(graph.NODE)),
        "MEAN": CPrinter(real).doprint(mean),
        "LOGIT": added(real, "z", value_of(towers.TOWER)),
    }
