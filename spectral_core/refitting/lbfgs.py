"""L-BFGS on the weights that a sparse network has: down to a minimum of the loss over all samples."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from spectral_core.networks.sparse import SparseNetwork
from spectral_core.refitting.samples import Samples

PAIRS = 20
"""Pairs of steps and gradient changes that the approximate inverse Hessian remembers."""


def polish(net: SparseNetwork, samples: Samples, iterations: int, l2: float) -> tuple[SparseNetwork, float]:
    """The network after some iterations of L-BFGS, and loss + l2/2 Σ w² over the weights that are no biases.

    By hand: the l2 term; losses and gradients come from the kernels. Checked by test_refitting.test_a_polish_ends_at_a_minimum.
    """
    small, kept = net.narrowed()
    here = samples.of_inputs(kept[: small.n_inputs])
    decayed = ~net.biases

    def objective(weights: np.ndarray) -> tuple[float, np.ndarray]:
        values = weights.astype(net.weights.dtype)
        loss, gradient = here.loss_and_gradient(small, values)
        shrunk = weights * decayed
        return loss + l2 / 2 * float(shrunk @ shrunk), gradient.astype(np.float64) + l2 * shrunk

    start = net.weights.astype(np.float64)
    if not len(start):
        return net, objective(start)[0]
    found = minimize(
        objective, start, jac=True, method="L-BFGS-B", options={"maxiter": iterations, "maxcor": PAIRS, "ftol": 1e-9}
    )
    return net.with_weights(found.x), float(found.fun)
