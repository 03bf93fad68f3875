"""The ranking `leave_one_out`: what the refitted errors rise by when neurons go one after the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from spectral_core.networks.layer_values import layer_values_in_chunks
from spectral_core.networks.paths import squares_to_outputs
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.resizing.output_losses import curvatures

RIDGE = 1e-8
"""Of each sender's own size, as in compensation: neurons that others express exactly have no inverse without it."""


@dataclass(eq=False)
class System:
    """Some receivers of a layer with one Gram matrix: G⁻¹ (neurons, neurons) and weights b (receivers, neurons), scaled.

    The scale of each sender is taken out of both, so G has ones on its diagonal.
    """

    inverse: np.ndarray
    weights: np.ndarray

    def rises(self) -> np.ndarray:
        """The rise of the least squares error without each neuron, all other senders refitted: ‖b_h‖² / (G⁻¹)_hh.

        By hand: once per removal, outside of training. Checked by test_leave_one_out.test_the_score_is_the_rise_of_the_refitted_error.
        """
        return np.square(self.weights).sum(axis=0) / np.diag(self.inverse)

    def remove(self, h: int) -> None:
        """Refit the others and delete neuron h: b -= b_h (G⁻¹)_h: / (G⁻¹)_hh, and the same for G⁻¹.

        By hand: once per removal, outside of training. Checked by test_leave_one_out.test_the_score_is_the_rise_of_the_refitted_error.
        """
        row = self.inverse[h] / self.inverse[h, h]
        self.weights = np.delete(self.weights - np.outer(self.weights[:, h], row), h, axis=1)
        smaller = self.inverse - np.outer(self.inverse[:, h], row)
        self.inverse = np.delete(np.delete(smaller, h, axis=0), h, axis=1)


def leave_one_out_scores(
    net: SpectralNetwork, x: np.ndarray, loss: str, skip_connections: bool = False
) -> list[np.ndarray]:
    """Scores of each hidden layer on its own, from the values of the network over checked x (samples, features).

    With `skip_connections` all layers before a receiver are refitted, also those that do not send to it yet.
    """
    layers = range(2, net.n_layers)
    systems = ([System(*pair) for pair in _systems(net, x, layer, loss, skip_connections)] for layer in layers)
    return [_scores(own) for own in systems]


def _scores(systems: list[System]) -> np.ndarray:
    """Remove the neuron with the least rise until none is left; its score is the sum of all rises up to its own.

    By hand: a sum of scores over layers. Checked by test_leave_one_out.test_the_score_is_the_rise_of_the_refitted_error.
    """
    if not systems:
        return np.zeros(0)
    left = list(range(systems[0].weights.shape[1]))
    scores, total = np.zeros(len(left)), 0.0
    while left:
        rises = np.sum([system.rises() for system in systems], axis=0)
        h = int(np.argmin(rises))
        total += max(float(rises[h]), 0.0)
        scores[left.pop(h)] = total
        for system in systems:
            system.remove(h)
    return scores


def _systems(
    net: SpectralNetwork, x: np.ndarray, layer: int, loss: str, every: bool
) -> list[tuple[np.ndarray, np.ndarray]]:
    """(G⁻¹, b) of a hidden layer's neurons for each layer behind it, for the output layer one for each output.

    The weights b of a receiver are times the root of its squared paths to the outputs, so its scale does not count.

    By hand: Gram matrices of values, once per ranking. Checked by test_leave_one_out.test_the_score_is_the_rise_of_the_refitted_error.
    """
    blocks = {pair: block.astype(np.float64) for pair, block in net.transfer_blocks().items()}
    weighted = loss not in ("squared_error", "huber")
    counting = [np.sqrt(squares) for squares in squares_to_outputs(blocks, net.widths)]
    found = []
    for i in range(layer + 1, net.n_layers + 1):
        if not blocks.get((i, layer), np.zeros(1)).any():
            continue
        # All senders of layer i, the layer's own neurons first.
        sending = [j for j in range(1, i) if every or ((i, j) in blocks and blocks[i, j].any())]
        senders = [layer, *(j for j in sending if j != layer)]
        size, receivers = sum(net.widths[j - 1] for j in senders), net.widths[i - 1]
        separate = weighted and i == net.n_layers
        grams = np.zeros((receivers if separate else 1, size, size))
        for z, values in layer_values_in_chunks(net, x):
            stacked = np.hstack([values[j - 1] for j in senders])
            weights = curvatures(z[-1], loss).T if separate else np.ones((1, len(stacked)))
            for place, root in enumerate(np.sqrt(weights / len(x))):
                scaled = stacked * root[:, None]
                grams[place] += scaled.T @ scaled  # a product with itself takes half the time
        groups = np.split(np.arange(receivers), len(grams))
        weights = blocks[i, layer] * counting[i - 1][:, None]
        found += [_scaled(gram, weights[group]) for gram, group in zip(grams, groups, strict=True)]
    if not found:
        return [(np.eye(net.widths[layer - 1]), np.zeros((1, net.widths[layer - 1])))]
    return found


def _scaled(gram: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """G⁻¹ of the first senders, and their weights, in units where every sender has size 1.

    By hand: SciPy's Cholesky solver. Checked by test_leave_one_out.test_the_score_is_the_rise_of_the_refitted_error.
    """
    count = weights.shape[1]
    sizes = np.sqrt(np.diag(gram))
    unit = np.where(sizes > 0, sizes, 1)
    scaled = gram / unit / unit[:, None]
    scaled[np.diag_indices(len(scaled))] = np.where(sizes > 0, 1 + RIDGE, 1)
    inverse = cho_solve(cho_factor(scaled, lower=True), np.eye(len(scaled), count))[:count]
    return inverse, weights * sizes[:count]
