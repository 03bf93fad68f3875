"""The formulas under test for networks, M1 to M9, written by hand as the theorems state them.

φ is `phi[i-1]` for φ^(i), λ^(i) is `lam[i-1]`, as in the notation; matrices are (neurons, samples) lists of rows.
Nothing here inverts, differentiates or builds Φ: that is left to `dense`, which these formulas are compared with.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import comb

from derivations.recheck.dense import (
    Blocks,
    Function,
    Matrix,
    Vector,
    diagonal,
    identity,
    inner,
    minus,
    plus,
    product,
    times,
    transpose,
    widths_of,
    zeros,
)
from derivations.recheck.field import Number
from derivations.recheck.point import mapped


def path(phi: Sequence[Matrix], i: int, j: int) -> Matrix:
    """φ^(i-1) φ^(i-2) ... φ^(j), the identity for i = j."""
    result = identity(widths_of(phi)[j - 1])
    for step in range(j, i):
        result = product(phi[step - 1], result)
    return result


def power_block(phi: Sequence[Matrix], k: int, i: int, j: int) -> Matrix:
    """M1: (N^k)_ij."""
    widths = widths_of(phi)
    if i - j == k:
        return path(phi, i, j)
    return zeros(widths[i - 1], widths[j - 1])


def neighbour_weight(phi_ab: Number, lam_in: Number, lam_out: Number) -> Number:
    """M2: w_ab = (λ_b^in - λ_a^out) φ_ab."""
    return (lam_in - lam_out) * phi_ab


def neighbour_matrix(phi: Matrix, lam_in: Vector, lam_out: Vector) -> Matrix:
    """M2: W = φ L_in - L_out φ."""
    return minus(product(phi, diagonal(lam_in)), product(diagonal(lam_out), phi))


def two_layer_inverse(eigenvectors: Matrix) -> Matrix:
    """M2: Φ⁻¹ = 2I - Φ for two layers."""
    return minus(times(2, identity(len(eigenvectors))), eigenvectors)


def binomial_inverse(eigenvectors: Matrix, blocks: int) -> Matrix:
    """M3: Φ⁻¹ = Σ_{i=0}^{B} (-1)^i C(B+1, i+1) Φ^i."""
    total, factor = zeros(len(eigenvectors), len(eigenvectors)), identity(len(eigenvectors))
    for i in range(blocks + 1):
        total = plus(total, times((-1) ** i * comb(blocks + 1, i + 1), factor))
        factor = product(factor, eigenvectors)
    return total


def inverse_block(phi: Sequence[Matrix], i: int, j: int) -> Matrix:
    """M3: (Φ⁻¹)_ij = (-1)^{i-j} φ^(i-1) ... φ^(j) for i >= j."""
    return times((-1) ** (i - j), path(phi, i, j))


def transfer_block(phi: Sequence[Matrix], lam: Sequence[Vector], i: int, j: int) -> Matrix:
    """M4: W_ij = (-1)^{i-1-j} [φ^(i-1) L_{i-1} - L_i φ^(i-1)] φ^(i-2) ... φ^(j)."""
    return times(
        (-1) ** (i - 1 - j), product(neighbour_matrix(phi[i - 2], lam[i - 2], lam[i - 1]), path(phi, i - 1, j))
    )


def transfer_blocks(phi: Sequence[Matrix], lam: Sequence[Vector]) -> Blocks:
    """M4 for every i > j."""
    return {(i, j): transfer_block(phi, lam, i, j) for i in range(2, len(lam) + 1) for j in range(1, i)}


def eigenpair(phi: Sequence[Matrix], lam: Sequence[Vector], layer: int, neuron: int) -> tuple[Number, Vector]:
    """M5: the eigenvalue and the eigenvector of A that belong to a neuron (counted from 0) of a layer."""
    widths = widths_of(phi)
    column: Vector = []
    for i in range(1, len(widths) + 1):
        if i == layer:
            column += [int(h == neuron) for h in range(widths[i - 1])]
        elif i == layer + 1:
            column += [row[neuron] for row in phi[layer - 1]]
        else:
            column += [0] * widths[i - 1]
    return lam[layer - 1][neuron], column


def path_scores(outer: Matrix, inner_block: Matrix) -> Vector:
    """M6: ‖(W_32)_{:,h}‖² ‖(W_21)_{h,:}‖² for every hidden neuron h; their sum is ‖Γ‖²."""
    outgoing = [inner([column], [column]) for column in transpose(outer)]
    incoming = [inner([row], [row]) for row in inner_block]
    return [a * b for a, b in zip(outgoing, incoming, strict=True)]


# --- propagation ------------------------------------------------------------------------------------------------------


def propagate(
    phi: Sequence[Matrix], lam: Sequence[Vector], f: Function, x: Matrix
) -> tuple[list[Matrix], list[Matrix], list[Matrix]]:
    """M7: all u_i (from layer 1), v_i and z_i (from layer 2) without any W_ij."""
    u, v, z = [x], [], []
    for i in range(2, len(lam) + 1):
        block, sender = phi[i - 2], u[i - 2]
        v_i = product(block, sender)
        z_i = minus(product(block, diagonal(lam[i - 2]), sender), product(diagonal(lam[i - 1]), v_i))
        v.append(v_i)
        z.append(z_i)
        u.append(minus(mapped(f, z_i), v_i))
    return u, v, z


def propagate_layerwise(
    phi: Sequence[Matrix], lam: Sequence[tuple[Vector, Vector]], f: Function, x: Matrix
) -> tuple[list[Matrix], list[Matrix]]:
    """M7.layerwise: all x_i and z_i by z = [φ ∘ (λ^in - λ^out)] x."""
    states, sums = [x], []
    for block, (lam_in, lam_out) in zip(phi, lam, strict=True):
        z = product(difference_weights(block, lam_in, lam_out), states[-1])
        sums.append(z)
        states.append(mapped(f, z))
    return states, sums


def difference_weights(phi: Matrix, lam_in: Vector, lam_out: Vector) -> Matrix:
    """M_i = φ ∘ (λ^in - λ^out), entry by entry."""
    return [
        [neighbour_weight(entry, lam_in[k], lam_out[h]) for k, entry in enumerate(row)] for h, row in enumerate(phi)
    ]


def propagate_direct(blocks: Blocks, f: Function, x: Matrix, layers: int) -> tuple[list[Matrix], list[Matrix]]:
    """M7.direct: z_i = Σ_{j<i} W_ij x_j, x_i = f(z_i)."""
    states, sums = [x], []
    for i in range(2, layers + 1):
        z = product(blocks[i, 1], states[0])
        for j in range(2, i):
            z = plus(z, product(blocks[i, j], states[j - 1]))
        sums.append(z)
        states.append(mapped(f, z))
    return states, sums


# --- adjoints ---------------------------------------------------------------------------------------------------------


def adjoint(
    phi: Sequence[Matrix], lam: Sequence[Vector], u: list[Matrix], v: list[Matrix], slopes: list[Matrix], dz: Matrix
) -> tuple[list[Matrix], list[Vector], Matrix]:
    """M8 in its first form: φ̄, λ̄ and x̄_1 from z̄_K, with v̄ = -ū - L z̄."""
    layers = len(lam)
    dphi: list[Matrix] = [[] for _ in phi]
    dlam: list[Vector] = [[0] * len(values) for values in lam]
    du: Matrix = []
    for i in range(layers, 1, -1):
        block, sender = phi[i - 2], u[i - 2]
        if i < layers:
            dz = hadamard(du, slopes[i - 2])
        dv = times(-1, product(diagonal(lam[i - 1]), dz))
        if i < layers:
            dv = minus(dv, du)
        scaled = product(diagonal(lam[i - 2]), sender)
        dphi[i - 2] = plus(product(dv, transpose(sender)), product(dz, transpose(scaled)))
        back = product(transpose(block), dz)
        dlam[i - 1] = added(dlam[i - 1], negated(row_sums(hadamard(dz, v[i - 2]))))
        dlam[i - 2] = added(dlam[i - 2], row_sums(hadamard(sender, back)))
        du = plus(product(transpose(block), dv), product(diagonal(lam[i - 2]), back))
    return dphi, dlam, du


def adjoint_by_difference(
    phi: Sequence[Matrix], lam: Sequence[Vector], u: list[Matrix], slopes: list[Matrix], dz: Matrix
) -> tuple[list[Matrix], list[Vector], Matrix]:
    """M8 in its second form: M̄ = z̄ uᵀ, φ̄ = M̄ ∘ (λ^in - λ^out) - ū uᵀ, ū_{i-1} = Mᵀ z̄ - φᵀ ū."""
    layers = len(lam)
    dphi: list[Matrix] = [[] for _ in phi]
    dlam: list[Vector] = [[0] * len(values) for values in lam]
    du: Matrix = []
    for i in range(layers, 1, -1):
        block, sender = phi[i - 2], u[i - 2]
        if i < layers:
            dz = hadamard(du, slopes[i - 2])
        d_weights = product(dz, transpose(sender))
        dphi[i - 2] = difference_weights(d_weights, lam[i - 2], lam[i - 1])
        dlam[i - 2] = added(dlam[i - 2], row_sums(transpose(hadamard(d_weights, block))))
        dlam[i - 1] = added(dlam[i - 1], negated(row_sums(hadamard(d_weights, block))))
        back = product(transpose(difference_weights(block, lam[i - 2], lam[i - 1])), dz)
        if i < layers:
            dphi[i - 2] = minus(dphi[i - 2], product(du, transpose(sender)))
            back = minus(back, product(transpose(block), du))
        du = back
    return dphi, dlam, du


def adjoint_layerwise(
    phi: Sequence[Matrix],
    lam: Sequence[tuple[Vector, Vector]],
    states: list[Matrix],
    slopes: list[Matrix],
    dz: Matrix,
) -> tuple[list[Matrix], list[tuple[Vector, Vector]], Matrix]:
    """M8.layerwise: M̄ = z̄ xᵀ, φ̄ = M̄ ∘ (λ^in - λ^out), x̄_{i-1} = Mᵀ z̄."""
    dphi: list[Matrix] = [[] for _ in phi]
    dlam: list[tuple[Vector, Vector]] = [([], []) for _ in lam]
    dx: Matrix = []
    for i in range(len(phi), 0, -1):
        block, (lam_in, lam_out) = phi[i - 1], lam[i - 1]
        if i < len(phi):
            dz = hadamard(dx, slopes[i - 1])
        d_weights = product(dz, transpose(states[i - 1]))
        shares = hadamard(d_weights, block)
        dphi[i - 1] = difference_weights(d_weights, lam_in, lam_out)
        dlam[i - 1] = row_sums(transpose(shares)), negated(row_sums(shares))
        dx = product(transpose(difference_weights(block, lam_in, lam_out)), dz)
    return dphi, dlam, dx


def adjoint_direct(
    blocks: Blocks, states: list[Matrix], slopes: list[Matrix], dz: Matrix, layers: int
) -> tuple[Blocks, Matrix]:
    """M8.direct: W̄_ij = z̄_i x_jᵀ, x̄_j = Σ_{i>j} W_ijᵀ z̄_i; also x̄_1."""
    d_blocks: Blocks = {}
    dx = [zeros(len(state), len(state[0])) for state in states]
    for i in range(layers, 1, -1):
        if i < layers:
            dz = hadamard(dx[i - 1], slopes[i - 2])
        for j in range(1, i):
            d_blocks[i, j] = product(dz, transpose(states[j - 1]))
            dx[j - 1] = plus(dx[j - 1], product(transpose(blocks[i, j]), dz))
    return d_blocks, dx[0]


def hadamard(left: Matrix, right: Matrix) -> Matrix:
    return [[a * b for a, b in zip(*rows, strict=True)] for rows in zip(left, right, strict=True)]


def row_sums(matrix: Matrix) -> Vector:
    return [inner([row], [[1] * len(row)]) for row in matrix]


def negated(values: Vector) -> Vector:
    return [-value for value in values]


def added(left: Vector, right: Vector) -> Vector:
    return [a + b for a, b in zip(left, right, strict=True)]


def gauge(lam: Sequence[Vector], shift: Number) -> list[Vector]:
    """M9: λ^(i) + c for all layers at once."""
    return [[value + shift for value in values] for values in lam]
