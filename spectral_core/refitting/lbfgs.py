"""L-BFGS on the weights that a sparse network has: down to a minimum of the loss over all samples."""

from __future__ import annotations

from spectral_core.networks.sparse import SparseNetwork
from spectral_core.refitting.samples import Samples


def polish(
    net: SparseNetwork, samples: Samples, iterations: int, l2: float, still: float = 0.0
) -> tuple[SparseNetwork, float]:
    """The network after some iterations of L-BFGS, and loss + l2/2 Σ w² over the weights that are no biases.

    It ends where a step lowers that by less than `still`.
    """
    weights, loss = samples.minimise(net, ~net.biases, l2, iterations, still)
    return net.with_weights(weights), loss
