"""Which weights of a sparse network go, and which come back: the Gauss-Newton saliency (M22)."""

from __future__ import annotations

import numpy as np

from spectral_core.networks.sparse import SparseNetwork
from spectral_core.refitting.samples import Samples


def saliencies(net: SparseNetwork, samples: Samples) -> np.ndarray:
    """The second-order rise of the loss (n,) when a weight goes; infinite for biases.

    ½ w² H_ww of the weight itself, or, where that is less, the share of a weight in the removal of a whole neuron at its
    ends: ½ mean (x - x̄)² (∂ℓ/∂x)² divided by the weights that leave with the neuron.

    By hand: shares of neurons; curvatures come from the kernels. Checked by test_removal.test_the_saliency_is_the_rise_of_the_quadratic_loss.
    """
    curvature, rise = samples.curvature(net)
    own = net.weights.astype(np.float64) ** 2 * curvature / 2
    products = ~net.biases
    leaving = np.bincount(net.senders[products], minlength=net.n_neurons)
    leaving += np.bincount(net.receivers[products], minlength=net.n_neurons)
    share = rise / (2 * np.maximum(leaving, 1))
    hidden = np.zeros(net.n_neurons, bool)
    hidden[net.n_inputs : net.n_neurons - net.n_outputs] = True
    share[~hidden] = np.inf
    result = np.minimum(own, np.minimum(share[net.senders], share[net.receivers]))
    result[net.biases] = np.inf
    return result


def remove(net: SparseNetwork, samples: Samples, count: int) -> SparseNetwork:
    """The network with at most `count` products left, those of the greatest saliency that act together.

    Weights that do not act after a removal go too; their place is given to the next weights.

    By hand: a number of weights. Checked by test_removal.test_what_stays_is_the_most_salient_that_acts.
    """
    net = net.cleaned()
    if net.n_products <= count:
        return net
    products = np.flatnonzero(~net.biases)
    order = products[np.argsort(-saliencies(net, samples)[products], kind="stable")]

    def first(number: int) -> SparseNetwork:
        kept = net.biases.copy()
        kept[order[:number]] = True
        return net.keep(kept)

    def fits(number: int) -> bool:
        trial = first(number)
        return int((trial.acting() & ~trial.biases).sum()) <= count

    # Most often no weight is dead: look near `count` first, then halve the range that is left.
    low, high, stride = count, net.n_products, 1
    while high - low > 1:  # first(low) has at most `count` acting products, first(high) has more
        trial = min(low + stride, (low + high) // 2)
        low, high = (trial, high) if fits(trial) else (low, trial)
        stride *= 2
    return first(low).cleaned()


def grow(
    net: SparseNetwork, samples: Samples, some: Samples, count: int, l2: float, pairs: set[tuple[int, int]]
) -> SparseNetwork:
    """The network with `count` further weights, all 0, where g²/2(H + l2 + 10⁻³ H̄) is greatest, H̄ the mean of all H (M22).

    samples, some : those that the gradient g and the curvature H are measured on.
    pairs : the pairs (receiver, sender) of layers, counted from 1, that may be joined. Hidden neurons without a weight stay
        without, and so do inputs that do not vary; where there is no bias, those that are always 0.

    By hand: a choice among neurons; gradients and curvatures come from the kernels. Checked by test_removal.test_growth_takes_the_greatest_gain.
    """
    senders, receivers = _absent(net, samples, pairs)
    if not len(senders):
        return net
    wide = net.with_more(senders, receivers)
    _, gradient = samples.loss_and_gradient(wide, wide.weights)
    curvature, _ = some.curvature(wide)
    scale = np.maximum(2 * (curvature + l2 + 1e-3 * curvature.mean()), np.finfo(curvature.dtype).tiny)
    gain = gradient.astype(np.float64) ** 2 / scale
    new = ~net.has(wide)
    gain[~new] = -1
    kept = ~new
    kept[np.argsort(-gain, kind="stable")[:count]] = True
    return wide.keep(kept)


def _absent(net: SparseNetwork, samples: Samples, pairs: set[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    """Senders and receivers of the weights that could be added between neurons in use."""
    used = np.zeros(net.n_neurons, bool)
    used[: net.n_inputs], used[net.live] = samples.varies if net.bias else samples.x_rows.any(axis=1), True
    outputs = np.unique(net.receivers[net.receivers >= net.n_neurons - net.n_outputs])
    used[outputs] = True
    present = np.zeros((net.n_neurons, net.n_neurons), bool)
    present[net.receivers, net.senders] = True
    if net.bias:
        present[:, net.n_inputs - 1] = True
    nothing = np.empty(0, np.int64)
    senders, receivers = [nothing], [nothing]
    for i, j in sorted(pairs):
        rows, columns = np.flatnonzero(used & (net.layers == i)), np.flatnonzero(used & (net.layers == j))
        a, b = np.nonzero(~present[np.ix_(rows, columns)])
        receivers.append(rows[a])
        senders.append(columns[b])
    return np.concatenate(senders), np.concatenate(receivers)
