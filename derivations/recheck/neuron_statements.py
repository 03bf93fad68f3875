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
