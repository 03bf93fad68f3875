"""The formulas under test for graphs, gradients of samples, channels and growth, I15 to I17, C1, S5, S6, G1 to G8."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from derivations.recheck.dense import Matrix, Vector, inner, sum_of_products, transpose
from derivations.recheck.field import Number
from derivations.recheck.planes import added, flat, scaled

Edge = tuple[int, int]
Edges = Mapping[Edge, Number]


def dot(left: Sequence, right: Sequence) -> Number:
    """Σ left · right over all entries of two nested lists of one shape."""
    total: Number = 0
    for a, b in zip(flat(left), flat(right), strict=True):
        total = total + a * b
    return total


def operation_bar(factors: Vector, bars: Matrix) -> Matrix:
    """I15: an operation's bar, with the factor of each sample."""
    return [[factor * bar for bar in row] for factor, row in zip(factors, bars, strict=True)]


def sender_bar(parts: Sequence[Matrix]) -> Matrix:
    """I15: the sum of what the readers give back."""
    total = parts[0]
    for part in parts[1:]:
        total = [[a + b for a, b in zip(*rows, strict=True)] for rows in zip(total, part, strict=True)]
    return total


def cotangents(jacobians: Mapping[Edge, Matrix], own: Sequence[Vector]) -> list[Vector]:
    """I16: x̄ of every node, from the last to the first; what its readers give back is complete when it is reached."""
    bars = [list(bar) for bar in own]
    for j in reversed(range(len(bars))):
        for (i, to), jacobian in jacobians.items():
            if to == j:
                back = [inner([column], [bars[j]]) for column in transpose(jacobian)]
                bars[i] = [a + b for a, b in zip(bars[i], back, strict=True)]
    return bars


def renumbered(node: int, new: int) -> int:
    """I16: a split gives the number `new` away; what stood there, and above, moves up."""
    return node + 1 if node >= new else node


def heard(edges: Edges, nodes: Sequence[int], last: int) -> set[int]:
    """C1: the nodes with a path to the last one."""
    found = {last}
    for i in reversed(nodes):
        if any(start == i and end in found for start, end in edges):
            found.add(i)
    return found


def reached(edges: Edges, nodes: Sequence[int], first: int) -> set[int]:
    """C1: the nodes with a path from the first one."""
    found = {first}
    for j in nodes:
        if any(end == j and start in found for start, end in edges):
            found.add(j)
    return found


def sample_gradient(x: Sequence, bars: Sequence) -> Matrix:
    """I17: of one sample, bars[o] and x[c] planes: W̄[o][c] = Σ z̄ x over its pixels alone."""
    return [[dot(bar, plane) for plane in x] for bar in bars]


def frozen_adjoint(scale: Number, bars: Vector) -> Vector:
    """S5: x̄ = a ȳ."""
    return [scale * bar for bar in bars]


def sum_of_logits(weights: Matrix, beta: Vector, bias: Vector, samples: int) -> Number:
    """S6: Σ_s f_s = samples Σ_o (Σ_c V β + e)."""
    total = sum(bias)
    for row in weights:
        total = total + inner([row], [beta])
    return samples * total


# --- channels ---------------------------------------------------------------------------------------------------------


def spectral_weights(phi: Matrix, lam_in: Vector, lam_out: Vector) -> Matrix:
    """G1: φ ∘ (λ_in - λ_out)."""
    return [
        [entry * (k - h) for entry, k in zip(row, lam_in, strict=True)] for row, h in zip(phi, lam_out, strict=True)
    ]


def spectral_gradients(phi: Matrix, lam_in: Vector, lam_out: Vector, bars: Matrix) -> tuple[Matrix, Vector, Vector]:
    """G1: φ̄, λ̄_in, λ̄_out."""
    shares = [[bar * entry for bar, entry in zip(*rows, strict=True)] for rows in zip(bars, phi, strict=True)]
    d_out = [-sum(row) for row in shares]
    return spectral_weights(bars, lam_in, lam_out), [sum(column) for column in transpose(shares)], d_out


def hidden_slope(gamma: Number, d_gamma: Number, epsilon: Number, sigma: Number) -> Number:
    """G2: λ̄ λ = γ γ̄ ε/σ²."""
    return gamma * d_gamma * epsilon / (sigma * sigma)


def border_difference(kernel: Matrix, beta: Number) -> Number:
    """G3: what a constant plane loses in the first row, 3 taps and padding 1."""
    return beta * sum(kernel[0])


def read_channels(weights: Sequence[Matrix]) -> set[int]:
    """G4: the channels with a column that is not 0 in one of the readers."""
    return {
        c for matrix in weights for c, column in enumerate(transpose(matrix)) if any(entry != 0 for entry in column)
    }


def compact(weights: Matrix, scale: Vector, shift: Vector, factor: Number) -> tuple[Matrix, Vector]:
    """G5: λ diag(a) W and λ b."""
    matrix = [[factor * a * entry for entry in row] for a, row in zip(scale, weights, strict=True)]
    return matrix, [factor * b for b in shift]


# --- growth -----------------------------------------------------------------------------------------------------------


def node_sum(eigenvalues: Vector, outputs: Sequence[Matrix]) -> Matrix:
    """G6: Σ_e λ_e op_e(x)."""
    return added([scaled(value, plane) for value, plane in zip(eigenvalues, outputs, strict=True)])


def edge_slope(bars: Matrix, output: Matrix) -> Number:
    """G6: λ̄ = ⟨ū, op(x_m)⟩."""
    return dot(bars, output)


def new_column_slope(bars: Sequence, hidden: Sequence) -> Vector:
    """G7: W̄ of the new column, Σ z̄ h."""
    return [dot(bar, hidden) for bar in bars]


def score(slopes: Vector, squares: Vector) -> Number:
    """G8: Σ λ̄²/‖op‖²."""
    return sum_of_products(slopes, [slope / square for slope, square in zip(slopes, squares, strict=True)])


def best_move(slopes: Vector, squares: Vector) -> Vector:
    """G8: δ = -λ̄/‖op‖²."""
    return [-slope / square for slope, square in zip(slopes, squares, strict=True)]
