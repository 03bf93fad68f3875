"""Brute force from the definitions, for any number type; matrices are lists of rows.

Φ = I + N is written out, inverted by elimination, A = ΦΛΦ⁻¹ multiplied out and cut into blocks, and every layer sums
over all blocks before it. Layers count from 1; x_i and z_i are (neurons, samples), as on paper. The 0 and 1 that stand
in a matrix by definition are plain integers: multiplying by them costs nothing and leaves degrees alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from derivations.recheck.field import Number

Vector = list[Number]
Matrix = list[Vector]
Blocks = dict[tuple[int, int], Matrix]
Function = Callable[[Number], Number]


def zeros(rows: int, columns: int) -> Matrix:
    return [[0] * columns for _ in range(rows)]


def identity(size: int) -> Matrix:
    return [[int(row == column) for column in range(size)] for row in range(size)]


def diagonal(entries: Vector) -> Matrix:
    return [[entries[row] * int(row == column) for column in range(len(entries))] for row in range(len(entries))]


def product(*factors: Matrix) -> Matrix:
    """The matrix product from left to right."""
    result = factors[0]
    for factor in factors[1:]:
        columns = list(zip(*factor, strict=True))
        result = [[sum_of_products(row, column) for column in columns] for row in result]
    return result


def sum_of_products(left: Sequence[Number], right: Sequence[Number]) -> Number:
    total: Number = 0
    for a, b in zip(left, right, strict=True):
        if not (structural_zero(a) or structural_zero(b)):
            total = total + a * b
    return total


def structural_zero(number: Number) -> bool:
    """A 0 by definition, not the result of a computation."""
    return number.__class__ is int and number == 0


def transpose(matrix: Matrix) -> Matrix:
    return [list(column) for column in zip(*matrix, strict=True)]


def plus(left: Matrix, right: Matrix) -> Matrix:
    return [[a + b for a, b in zip(*rows, strict=True)] for rows in zip(left, right, strict=True)]


def times(factor: Number, matrix: Matrix) -> Matrix:
    return [[factor * entry for entry in row] for row in matrix]


def minus(left: Matrix, right: Matrix) -> Matrix:
    return plus(left, times(-1, right))


def inner(left: Matrix, right: Matrix) -> Number:
    """Σ left ∘ right over all entries."""
    total: Number = 0
    for a, b in zip(left, right, strict=True):
        total = total + sum_of_products(a, b)
    return total


def inverse(matrix: Matrix) -> Matrix:
    """Gauss and Jordan without exchange of rows: a pivot that vanishes at the point refuses it."""
    size = len(matrix)
    rows = [[*row, *unit] for row, unit in zip(matrix, identity(size), strict=True)]
    for column in range(size):
        pivot = rows[column][column]
        if not (pivot.__class__ is int and pivot == 1):
            rows[column] = [entry / pivot for entry in rows[column]]
        for row in range(size):
            factor = rows[row][column]
            if row != column and not structural_zero(factor):
                rows[row] = [
                    a if structural_zero(b) else a - factor * b for a, b in zip(rows[row], rows[column], strict=True)
                ]
    return [row[size:] for row in rows]


def determinant(matrix: Matrix) -> Number:
    """By expansion along the first row, without any division."""
    if not matrix:
        return 1
    total: Number = 0
    for column, entry in enumerate(matrix[0]):
        if not structural_zero(entry):
            minor = [row[:column] + row[column + 1 :] for row in matrix[1:]]
            total = total + (-1) ** column * entry * determinant(minor)
    return total


# --- the network ------------------------------------------------------------------------------------------------------


def widths_of(phi: Sequence[Matrix]) -> list[int]:
    return [len(phi[0][0]), *(len(block) for block in phi)]


def starts(widths: Sequence[int]) -> list[int]:
    """First neuron of each layer, and the number of all neurons."""
    return [sum(widths[:layer]) for layer in range(len(widths) + 1)]


def nilpotent(phi: Sequence[Matrix]) -> Matrix:
    """N: φ^(i) on the first block sub-diagonal, 0 elsewhere."""
    at = starts(widths_of(phi))
    matrix = zeros(at[-1], at[-1])
    for i, block in enumerate(phi):
        for row, entries in enumerate(block):
            matrix[at[i + 1] + row][at[i] : at[i + 1]] = entries
    return matrix


def eigenvector_matrix(phi: Sequence[Matrix]) -> Matrix:
    """Φ = I + N."""
    matrix = nilpotent(phi)
    for entry in range(len(matrix)):
        matrix[entry][entry] = 1
    return matrix


def adjacency(phi: Sequence[Matrix], lam: Sequence[Vector]) -> Matrix:
    """A = Φ Λ Φ⁻¹."""
    matrix = eigenvector_matrix(phi)
    return product(matrix, diagonal([value for layer in lam for value in layer]), inverse(matrix))


def cut(matrix: Matrix, widths: Sequence[int]) -> Blocks:
    """{(i, j): the block of layers i and j} for all pairs of layers."""
    at = starts(widths)
    layers = range(1, len(widths) + 1)
    return {(i, j): [row[at[j - 1] : at[j]] for row in matrix[at[i - 1] : at[i]]] for i in layers for j in layers}


def transfer_blocks(phi: Sequence[Matrix], lam: Sequence[Vector]) -> Blocks:
    """{(i, j): W_ij}, the strictly lower blocks of A."""
    return {(i, j): block for (i, j), block in cut(adjacency(phi, lam), widths_of(phi)).items() if i > j}


def layerwise_blocks(phi: Sequence[Matrix], lam: Sequence[tuple[Vector, Vector]]) -> Blocks:
    """{(i+1, i): W}: every pair of layers is a network of its own with two layers and its own eigenvalues."""
    return {(i + 2, i + 1): transfer_blocks([phi[i]], list(lam[i]))[2, 1] for i in range(len(phi))}


def forward(
    blocks: Blocks, f: Function | Sequence[Function], x: Matrix, widths: Sequence[int]
) -> tuple[list[Matrix], list[Matrix]]:
    """All x_i (but the last) and all z_i (from layer 2): z_i = Σ_{j<i} W_ij x_j, x_i = f(z_i); one f, or one for each hidden layer."""
    states, sums = [x], []
    for i in range(2, len(widths) + 1):
        z = zeros(widths[i - 1], len(x[0]))
        for j in range(1, i):
            if (i, j) in blocks:
                z = plus(z, product(blocks[i, j], states[j - 1]))
        sums.append(z)
        if i < len(widths):
            own = f if callable(f) else f[i - 2]
            states.append([[own(entry) for entry in row] for row in z])
    return states, sums


def relaxation(blocks: Blocks, f: Function, x: Matrix, widths: Sequence[int]) -> list[Matrix]:
    """All z_i, found without any order of layers: the whole state is put through the whole matrix K-1 times.

    The blocks below the diagonal make one large matrix; what a layer receives is right once all before it are.
    """
    at = starts(widths)
    whole = zeros(at[-1], at[-1])
    for (i, j), block in blocks.items():
        for row, entries in enumerate(block):
            whole[at[i - 1] + row][at[j - 1] : at[j]] = entries
    hidden = [[0] * len(x[0]) for _ in range(at[-2] - at[1])]
    for _ in range(len(widths) - 1):
        sums = product(whole, x + hidden + zeros(widths[-1], len(x[0])))[at[1] :]
        hidden = [[f(entry) for entry in row] for row in sums[: at[-2] - at[1]]]
    return [sums[at[i] - at[1] : at[i + 1] - at[1]] for i in range(1, len(widths))]
