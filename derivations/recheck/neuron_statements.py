"""The formulas under test for single weights and neurons, M18, M19 and M21, written by hand as the theorems state them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

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


# --- M18: neurons that others replace ---------------------------------------------------------------------------------


def joined(
    blocks: Blocks, layer: int, neuron: int, twin: int, factor: Number, parity: Number, linear: Number
) -> Blocks:
    """M18: the twin's row is -c times the neuron's, f(-c t) = c (p f(t) - κ t): its column goes to the neuron and past the layer."""
    moved = past(blocks, layer, neuron, twin, -linear * factor)
    for (_, j), block in moved.items():
        for row in block if j == layer else ():
            row[neuron] = row[neuron] + factor * parity * row[twin]
    return without(moved, layer, twin)


def past(blocks: Blocks, layer: int, neuron: int, sender: int, slope: Number) -> Blocks:
    """M18: ΔW_hk = slope v_h w_k past the layer: w the row of `neuron`, v the column of `sender`."""
    moved = {pair: [list(row) for row in block] for pair, block in blocks.items()}
    for (i, j), block in moved.items():
        for h, row in enumerate(block if j < layer and i > layer else ()):
            through = slope * blocks[i, layer][h][sender]
            for k, weight in enumerate(blocks[layer, j][neuron]):
                row[k] = row[k] + through * weight
    return moved


def absorbed(blocks: Blocks, layer: int, neuron: int, slope: Number) -> Blocks:
    """M18: f(z) = slope z for this neuron: it goes, and ΔW_hk = slope v_h w_k past the layer."""
    return without(past(blocks, layer, neuron, neuron, slope), layer, neuron)


def mirrored(name: str, value: Number, z: Number) -> Number:
    """M18: f(-z) from f(z)."""
    if name in ("identity", "tanh"):
        return -value
    return value - (Fraction(101, 100) if name == "leaky_relu" else 1) * z


def box_range(row: Vector, lo: Vector, hi: Vector) -> tuple[Number, Number]:
    """M18: the least and the greatest w·x over lo <= x <= hi, Σ min(w lo, w hi) and Σ max(w lo, w hi)."""
    ends = [(w * a, w * b) for w, a, b in zip(row, lo, hi, strict=True)]
    return sum(min(pair) for pair in ends), sum(max(pair) for pair in ends)


def wedge(slope: Number, a: Number, b: Number) -> Number:
    """M18: f(a) + f(b) - f(a + b) = (1 - slope) min(|a|, |b|) where a b < 0, else 0; `slope` is f' below 0."""
    return (1 - slope) * min(abs(a), abs(b)) if a * b < 0 else 0


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
