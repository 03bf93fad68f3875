"""M, W_ij, A and Φ as whole matrices (M2-M5), for users to look at."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from spectral_core.errors import InvalidInputError
from spectral_core.networks.parameters import Parameters


def neighbour_weights(parameters: Parameters) -> list[np.ndarray]:
    """M_i = φ ∘ (λ^in - λ^out) (n_{i+1}, n_i), the weights W_{i+1,i} between neighbours (M2).

    By hand: returns whole arrays for a user to look at; no training step needs them. Checked by test_spectral.test_transfer_blocks_are_those_of_the_dense_matrix.
    """
    parametrization = parameters.layout.parametrization
    if parametrization == "direct":
        raise InvalidInputError("a direct network has no eigenvectors; its weights are `blocks`")
    values: list[Any] = list(parameters.eigenvalues)
    pairs = list(pairwise(values)) if parametrization == "global" else values
    return [
        phi * (lam_in - lam_out[:, None]) for phi, (lam_in, lam_out) in zip(parameters.eigenvectors, pairs, strict=True)
    ]


def transfer_blocks(parameters: Parameters) -> dict[tuple[int, int], np.ndarray]:
    """{(i, j): W_ij (n_i, n_j)}, layers counted from 1 (M4); neighbours only for `layerwise`.

    W_ij = (-1)^{i-1-j} [φ^(i-1) L_{i-1} - L_i φ^(i-1)] φ^(i-2) ... φ^(j).

    By hand: returns whole arrays for a user to look at; no training step needs them. Checked by test_spectral.test_transfer_blocks_are_those_of_the_dense_matrix.
    """
    layout = parameters.layout
    if layout.parametrization == "direct":
        return {pair: block.copy() for pair, block in parameters.blocks.items()}
    weights, phi = neighbour_weights(parameters), parameters.eigenvectors
    if layout.parametrization == "layerwise":
        return {(i + 2, i + 1): block for i, block in enumerate(weights)}
    result = {}
    for j in range(1, len(layout.widths)):
        path = np.eye(layout.widths[j - 1], dtype=parameters.flat.dtype)  # (-1)^{i-1-j} φ^(i-2) ... φ^(j)
        for i in range(j + 1, len(layout.widths) + 1):
            result[i, j] = weights[i - 2] @ path
            path = -phi[i - 2] @ path
    return result


def adjacency(parameters: Parameters) -> np.ndarray:
    """A (Σn, Σn): the W_ij below the diagonal; for `global` the eigenvalues on it, A = Φ Λ Φ⁻¹.

    By hand: returns whole arrays for a user to look at; no training step needs them. Checked by test_spectral.test_adjacency_has_the_given_spectrum.
    """
    matrix = _assembled(parameters, transfer_blocks(parameters))
    if parameters.layout.parametrization == "global":
        np.fill_diagonal(matrix, np.concatenate([np.asarray(values) for values in parameters.eigenvalues]))
    return matrix


def eigenvector_matrix(parameters: Parameters) -> np.ndarray:
    """Φ = I + N (Σn, Σn), the φ^(i) on the first block sub-diagonal.

    By hand: returns whole arrays for a user to look at; no training step needs them. Checked by test_spectral.test_adjacency_has_the_given_spectrum.
    """
    if parameters.layout.parametrization == "direct":
        raise InvalidInputError("a direct network has no eigenvectors")
    matrix = _assembled(parameters, {(i + 2, i + 1): phi for i, phi in enumerate(parameters.eigenvectors)})
    np.fill_diagonal(matrix, 1)
    return matrix


def _assembled(parameters: Parameters, blocks: Mapping[tuple[int, int], np.ndarray]) -> np.ndarray:
    """The matrix (Σn, Σn) with the given blocks, 0 elsewhere."""
    at = np.cumsum((0, *parameters.layout.widths))
    matrix = np.zeros((at[-1], at[-1]), parameters.flat.dtype)
    for (i, j), block in blocks.items():
        matrix[at[i - 1] : at[i], at[j - 1] : at[j]] = block
    return matrix
