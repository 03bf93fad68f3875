"""The formulas under test for changes of a network, M10 to M16, written by hand as the theorems state them."""

from __future__ import annotations

from collections.abc import Sequence

from derivations.recheck.dense import (
    Blocks,
    Matrix,
    Vector,
    identity,
    inner,
    inverse,
    minus,
    plus,
    product,
    times,
    transpose,
)
from derivations.recheck.field import Number
from derivations.recheck.statements import neighbour_matrix


def silence(phi: Matrix, lam_in: Vector, lam_out: Vector, neuron: int, by_phi: Sequence[bool]) -> tuple[Matrix, Vector]:
    """M10: φ and λ^in with φ_hk (λ_k - λ_h) = 0 for every k: φ_hk = 0 where `by_phi[k]`, else λ_k = λ_h."""
    silenced = [list(row) for row in phi]
    for k, by in enumerate(by_phi):
        if by:
            silenced[neuron][k] = 0
    return silenced, [value if by else lam_out[neuron] for value, by in zip(lam_in, by_phi, strict=True)]


def remaining_weights(phi_row: Vector, lam_in: Vector) -> Vector:
    """M10: the incoming neighbour weights that λ_h = 0 alone leaves, φ_hk λ_k."""
    return [a * b for a, b in zip(phi_row, lam_in, strict=True)]


def linear_path(phi: Sequence[Matrix], lam: Sequence[Vector], layer: int) -> Matrix:
    """M10: W_{i+1,i-1} = -[φ^(i) L_i - L_{i+1} φ^(i)] φ^(i-1), which a silent neuron of layer i still carries."""
    across = neighbour_matrix(phi[layer - 1], lam[layer - 1], lam[layer])
    return times(-1, product(across, phi[layer - 2]))


def compact(blocks: Blocks, live: Sequence[Sequence[bool]]) -> Blocks:
    """M11: the blocks among live neurons; a block with no live end is gone."""
    return {
        (i, j): [
            [entry for entry, sends in zip(row, live[j - 1], strict=True) if sends]
            for row, receives in zip(block, live[i - 1], strict=True)
            if receives
        ]
        for (i, j), block in blocks.items()
        if any(live[i - 1]) and any(live[j - 1])
    }


def compact_size(live: Sequence[int]) -> int:
    """M11: the number of weights, Σ_{i>j} live_i live_j."""
    return sum(live[i] * live[j] for i in range(len(live)) for j in range(i))


def collapse(phi: Sequence[Matrix], lam: Sequence[Vector], layer: int) -> tuple[list[Matrix], list[Vector]]:
    """M12: without layer i, φ' = -φ^(i) φ^(i-1) in the place of both, all other eigenvalues unchanged."""
    joined = times(-1, product(phi[layer - 1], phi[layer - 2]))
    return [*phi[: layer - 2], joined, *phi[layer:]], [*lam[: layer - 1], *lam[layer:]]


def widen(
    phi: Sequence[Matrix], lam: Sequence[Vector], layer: int, incoming: Matrix, values: Vector
) -> tuple[list[Matrix], list[Vector]]:
    """M13: new neurons in layer i, with any incoming φ and any eigenvalues, and outgoing columns 0."""
    new_phi, new_lam = list(phi), list(lam)
    new_phi[layer - 2] = phi[layer - 2] + incoming
    new_phi[layer - 1] = [row + [0] * len(values) for row in phi[layer - 1]]
    new_lam[layer - 1] = lam[layer - 1] + values
    return new_phi, new_lam


def deepen(phi: Sequence[Matrix], lam: Sequence[Vector], layer: int) -> tuple[list[Matrix], list[Vector]]:
    """M14: a new layer after layer i with φ_new = -I and λ_new = λ^(i), the old φ^(i) behind it."""
    new = times(-1, identity(len(lam[layer - 1])))
    return [*phi[: layer - 1], new, *phi[layer - 1 :]], [*lam[:layer], lam[layer - 1], *lam[layer:]]


def refit(weights: Matrix, states: Matrix, kept: Matrix, ridge: Number) -> Matrix:
    """M15: the W that solves W (X_kept X_keptᵀ + ridge I) = W_all X_all X_keptᵀ."""
    gram = plus(product(kept, transpose(kept)), times(ridge, identity(len(kept))))
    return product(weights, states, transpose(kept), inverse(gram))


def refit_gradient(target: Matrix, kept: Matrix, weights: Matrix, ridge: Number) -> Matrix:
    """M15: ∂/∂W of ‖W_all X_all - W X_kept‖² + ridge ‖W‖²."""
    residual = minus(product(weights, kept), target)
    return times(2, plus(product(residual, transpose(kept)), times(ridge, weights)))


def refit_increase(change: Matrix, kept: Matrix, ridge: Number) -> Number:
    """M15: loss(W + D) - loss(W) = ‖D X_kept‖² + ridge ‖D‖² at the solution W."""
    sent = product(change, kept)
    return inner(sent, sent) + ridge * inner(change, change)


def merge(blocks: Blocks, layer: int, neuron: int, twin: int, factor: Number) -> Blocks:
    """M16: a neuron and its twin, whose incoming rows are c times the neuron's, become one: outgoing columns add."""
    merged = {}
    for (i, j), block in blocks.items():
        rows = [list(row) for h, row in enumerate(block) if not (i == layer and h == twin)]
        if j == layer:
            for row in rows:
                row[neuron] = row[neuron] + factor * row[twin]
                del row[twin]
        merged[i, j] = rows
    return merged
