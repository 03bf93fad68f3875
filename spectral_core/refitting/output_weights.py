"""The weights into the outputs as a least squares problem: their refit in closed form (M20)."""

from __future__ import annotations

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from spectral_core.networks.sparse import SparseNetwork
from spectral_core.refitting.samples import Samples

RIDGE = 1e-11
"""Added to the Gram matrix of columns of length 1, so that equal columns share a weight."""
LARGEST = 1e150
"""Activations below this can be squared."""


def refit(net: SparseNetwork, samples: Samples) -> SparseNetwork:
    """The network with the weights into each output that minimise the squared error, all others as they are.

    Columns are scaled to length 1 first, so the units of a sender change nothing.

    Raises
    ------
    LinAlgError : an activation is not finite, or too large to be squared.

    By hand: a library solves it once a step. Checked by test_refitting.test_the_refit_is_the_least_squares_solution.
    """
    activations = samples.activations(net)
    weights = net.weights.astype(np.float64)
    # Outputs with the same senders share one factorisation.
    groups: dict[bytes, list[tuple[int, np.ndarray]]] = {}
    for c in range(net.n_outputs):
        edges = np.flatnonzero(net.receivers == net.n_neurons - net.n_outputs + c)
        groups.setdefault(net.senders[edges].tobytes(), []).append((c, edges))
    share = samples.weights / samples.weights.sum()
    for members in groups.values():
        senders = net.senders[members[0][1]]
        if not len(senders):
            continue
        columns = activations[senders].astype(np.float64)
        if not abs(columns).max() < LARGEST:
            raise LinAlgError("the activations of a neuron are too large to be squared")
        length = np.sqrt((columns**2 * share).sum(axis=1))
        length[length == 0] = 1
        columns /= length[:, None]
        gram = (columns * share) @ columns.T
        gram[np.diag_indices(len(gram))] += RIDGE
        targets = samples.y[:, [c for c, _ in members]]
        solution = cho_solve(cho_factor(gram), (columns * share) @ targets) / length[:, None]
        for number, (_, edges) in enumerate(members):
            weights[edges] = solution[:, number]
    return net.with_weights(weights)
