"""The formulas under test for single weights and neurons, M18, M19 and M21, written by hand as the theorems state them."""

from __future__ import annotations

from collections.abc import Sequence

from derivations.recheck.dense import Blocks, Vector
from derivations.recheck.field import Number

# --- M21: masks and dead ends -----------------------------------------------------------------------------------------


def masked(values: Vector, mask: Sequence[int]) -> Vector:
    """M21: mask ∘ values."""
    return [kept * value for kept, value in zip(mask, values, strict=True)]


def without(blocks: Blocks, layer: int, neuron: int) -> Blocks:
    """M21: the network without a neuron (counted from 0) of a layer."""
    return {
        (i, j): [
            [entry for k, entry in enumerate(row) if (j, k) != (layer, neuron)]
            for h, row in enumerate(block)
            if (i, h) != (layer, neuron)
        ]
        for (i, j), block in blocks.items()
    }


def folded(blocks: Blocks, layer: int, neuron: int, constant: Number) -> Blocks:
    """M21: a neuron that always sends a constant is gone; W f(b) goes to the weights of neuron 0 of layer 1, which is 1."""
    moved = {pair: [list(row) for row in block] for pair, block in blocks.items()}
    for (i, j), block in blocks.items():
        for h, row in enumerate(block):
            if j == layer:
                moved[i, 1][h][0] = moved[i, 1][h][0] + row[neuron] * constant
    return without(moved, layer, neuron)


# --- M19: kinks -------------------------------------------------------------------------------------------------------


def gradient_jump(slope: Number, outgoing: Vector, factors: Vector, normal: Vector) -> Vector:
    """M19: (1 - slope) Σ v |c| n, one output, over the neurons on a hyperplane; `slope` is f' below 0."""
    total = sum(v * abs(c) for v, c in zip(outgoing, factors, strict=True))
    return [(1 - slope) * total * entry for entry in normal]


def same_hyperplane(row: Vector, other: Vector) -> bool:
    """M19: (w, b) and (w', b') are multiples of each other."""
    return all(row[i] * other[j] == row[j] * other[i] for i in range(len(row)) for j in range(i))


def lower_bound(rows: list[Vector], outgoing: Vector) -> int:
    """M19: how many hyperplanes w·x + b = 0 have a jump of the gradient; rows are (w, b), and no w is 0."""
    bound, done = 0, list[int]()
    for first, row in enumerate(rows):
        group = [other for other in range(len(rows)) if same_hyperplane(row, rows[other])]
        place = next(i for i, entry in enumerate(row) if entry != 0)
        jump = sum(outgoing[other] * abs(rows[other][place] / row[place]) for other in group)
        bound = bound + (1 if jump != 0 and first not in done else 0)
        done = done + group
    return bound
