"""The formulas under test for gauge and scale, M23 and M24, written by hand as the theorems state them."""

from __future__ import annotations

from collections.abc import Sequence

from derivations.recheck.dense import Blocks, Matrix, Vector, inverse, product, times, transpose
from derivations.recheck.field import Number


def other_eigenvalues(phi: Matrix, lam: tuple[Vector, Vector], other: tuple[Vector, Vector]) -> Matrix:
    """M23: φ_hk (λ_k - λ_h) / (λ'_k - λ'_h), for the last block and for every block of a layerwise network."""
    return [
        [entry * (value - lam_out) / (new - new_out) for entry, value, new in zip(row, lam[0], other[0], strict=True)]
        for row, lam_out, new_out in zip(phi, lam[1], other[1], strict=True)
    ]


def common_scale(
    phi: Sequence[Matrix], lam: Sequence[Vector], scale: Number, shift: Number
) -> tuple[list[Matrix], list[Vector]]:
    """M23: φ → s φ, λ → λ/s + c."""
    return [times(scale, block) for block in phi], [[value / scale + shift for value in values] for values in lam]


def scaled_blocks(blocks: Blocks, scale: Number) -> Blocks:
    """M23: the blocks then, s^(i-1-j) W_ij."""
    return {(i, j): times(scale ** (i - 1 - j), block) for (i, j), block in blocks.items()}


def first_block(blocks: Blocks) -> Matrix:
    """M23: φ^(1) = -(W_32ᵀ W_32)⁻¹ W_32ᵀ W_31 where W_32 has full column rank."""
    turned = transpose(blocks[3, 2])
    return times(-1, product(inverse(product(turned, blocks[3, 2])), turned, blocks[3, 1]))


def neuron_scale(phi: Sequence[Matrix], scales: Sequence[Vector]) -> list[Matrix]:
    """M23: φ^(i) → C_{i+1} φ^(i) C_i⁻¹."""
    return [
        [
            [to * entry / own for own, entry in zip(scales[i], row, strict=True)]
            for to, row in zip(above, block, strict=True)
        ]
        for i, (block, above) in enumerate(zip(phi, scales[1:], strict=True))
    ]


def balanced_row(weights: Vector, root: Number) -> tuple[Vector, Number]:
    """M24: φ_h = -w_h / √‖w_h‖ and λ_h = √‖w_h‖, for λ^in = 0."""
    return [-weight / root for weight in weights], root


def least_row(root: Number) -> Number:
    """M24: the least ‖φ_h‖² + λ_h², 2 ‖w_h‖."""
    return 2 * root * root


def slope(squares: Vector, senders: Vector, t: Number) -> Number:
    """M24: half the derivative of Σ_k w_k² / (λ_k - t)² + t², Σ_k w_k² / (λ_k - t)³ + t."""
    total = t
    for square, value in zip(squares, senders, strict=True):
        total = total + square / (value - t) ** 3
    return total


def centred(values: Vector) -> Vector:
    """M24: λ_k + c with c = -mean λ."""
    mean = sum(values) / len(values)
    return [value - mean for value in values]
