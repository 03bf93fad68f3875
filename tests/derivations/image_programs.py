"""Running the programs of image networks on numbers: a small interpreter that knows nothing of what they mean.

An index of an assignment runs over the size that its arrays have there; an element outside of an array is the array's
value outside. What a printer must do is what is done here: read each index expression at numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
import sympy as sp

from derivations.proof.assignments import Array, Assign
from derivations.proof.programs import Program
from derivations.theorems.images import notation as n

Numbers = Mapping[str, Any]


def run(program: Program, arrays: Numbers, scalars: Numbers, sizes: Numbers) -> dict[str, np.ndarray]:
    """All targets; `arrays` and `scalars` by name, `sizes` of the indices by name."""
    held: dict[str, Any] = {**arrays}
    for line in program.assignments:
        held[line.name] = _line(program, line, held, scalars, sizes)
    return {line.name: held[line.name] for line in program.assignments}


def _line(program: Program, line: Assign, held: Numbers, scalars: Numbers, sizes: Numbers) -> Any:
    own = {array.name: array for array in program.arrays}
    given = {
        symbol: sp.Integer(scalars[str(symbol)])
        for symbol in line.value.free_symbols
        if str(symbol) in ("stride", "dilation", "padding", "taps", "pitch", "border")
    }
    value = n.numbers(line.value).xreplace(given)
    elements = sorted(value.atoms(sp.Indexed), key=str)
    places = [sp.Dummy(f"e{k}") for k in range(len(elements))]
    indices = [*line.free, *line.over]
    inner = value.xreplace(dict(zip(elements, places, strict=True)))
    names = [s for s in sorted(inner.free_symbols, key=str) if s not in places and s not in indices]
    function = sp.lambdify(
        [*places, *indices, *names], inner, modules=[{"KroneckerDelta": lambda a, b: int(a == b)}, "numpy"]
    )
    reads = [sp.lambdify(indices, list(e.indices), modules=["math"]) for e in elements]
    free, over = ([range(sizes[str(i)]) for i in part] for part in (line.free, line.over))
    shape = tuple(map(len, free))
    result = (
        np.array(held[line.name], dtype=object)
        if line.accumulate and line.name in held
        else np.zeros(shape, dtype=object)
    )
    for at in product(*free):
        terms = []
        for summed in product(*over):
            point = (*at, *summed)
            entries = [
                _entry(own[str(e.base)], held[str(e.base)], read(*point))
                for e, read in zip(elements, reads, strict=True)
            ]
            terms.append(function(*entries, *point, *[scalars[str(name)] for name in names]))
        if line.reduce == "sum":
            result[at] = result[at] + sum(terms)
        else:
            result[at] = max(terms) if line.reduce == "max" else terms.index(max(terms))
    return result if shape else result[()]


def _entry(array: Array, numbers: Any, at: list[int]) -> Any:
    """The number there; outside of the array what the program says of it, or an error."""
    numbers = np.asarray(numbers)
    if all(0 <= i < size for i, size in zip(at, numbers.shape, strict=True)):
        return numbers[tuple(at)]
    if array.outside is None:
        raise IndexError(f"{array.name} is read outside, at {at}")
    return -np.inf if array.outside == -sp.oo else int(array.outside)
