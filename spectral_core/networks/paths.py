"""Path scores of neurons and their norms (M6), and the mean eigenvalue."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from spectral_core.networks.spectral import SpectralNetwork

Blocks = Mapping[tuple[int, int], np.ndarray]


def path_scores(blocks: Blocks, widths: tuple[int, ...]) -> list[np.ndarray]:
    """Contribution of each hidden neuron, ‖incoming row‖₂ ‖outgoing column‖₂ over all its transfer blocks.

    For one hidden layer the squares sum to ‖Γ‖² (M6). Unlike |λ| the score does not change with the scale of φ, nor with a
    common shift of the eigenvalues (M9). It is exactly 0 for a silent neuron (M10) and for one that does not reach the output.

    Returns
    -------
    list of (n_i,) arrays for the hidden layers i = 2..K-1.

    By hand: once per trimming, outside of training. Checked by test_trimming.test_the_path_norm_is_the_norm_of_the_path_tensor.
    """
    incoming = [np.zeros(width) for width in widths]
    outgoing = [np.zeros(width) for width in widths]
    for (i, j), block in blocks.items():
        squares = np.square(block, dtype=np.float64)
        incoming[i - 1] += squares.sum(axis=1)
        outgoing[j - 1] += squares.sum(axis=0)
    return [np.sqrt(incoming[layer] * outgoing[layer]) for layer in range(1, len(widths) - 1)]


def whole_path_scores(blocks: Blocks, widths: tuple[int, ...], sizes: np.ndarray) -> list[np.ndarray]:
    """Contribution of each hidden neuron over all paths from an input through it to an output, each input times its size.

    The root of the sum of the squared products of (size of the input) · (weights of the path). With sizes 1 and one hidden
    layer that is M6. Unlike `path_scores` it stays the same where an input has other units (its weights divided by what its
    size is multiplied by), and where a neuron of any layer with f(c z) = c f(z) is c times as loud.

    Parameters
    ----------
    sizes : (n_1,) the size of each input's values on data, 1 for the constant.

    Returns
    -------
    list of (n_i,) arrays for the hidden layers i = 2..K-1.

    By hand: once per pruning, outside of training. Checked by test_paths.test_the_score_of_a_neuron_sums_over_its_paths.
    """
    # Weights times sizes, before anything is squared: neither alone says how large its square will be.
    weighed = {pair: block * sizes.astype(np.float64) for pair, block in blocks.items() if pair[1] == 1}
    largest = max((float(np.abs(block).max(initial=0)) for block in weighed.values()), default=0.0)
    scale = math.ldexp(1.0, math.frexp(largest)[1] - 1)  # a power of two rounds nothing
    shares = {**blocks, **{pair: block / scale for pair, block in weighed.items()}}
    incoming = [np.ones(widths[0]), *(np.zeros(width) for width in widths[1:])]
    # Layers from the bottom: all that a layer receives is complete before it sends.
    for (i, j), block in sorted(shares.items()):
        incoming[i - 1] += np.square(block, dtype=np.float64) @ incoming[j - 1]
    outgoing = squares_to_outputs(blocks, widths)
    return [scale * np.sqrt(incoming[layer] * outgoing[layer]) for layer in range(1, len(widths) - 1)]


def path_norms(blocks: Blocks, widths: tuple[int, ...]) -> list[float]:
    """‖Γ‖ through each hidden layer: the root of the sum of squared path scores.

    By hand: once per report. Checked by test_trimming.test_the_path_norm_is_the_norm_of_the_path_tensor.
    """
    return [float(np.linalg.norm(scores)) for scores in path_scores(blocks, widths)]


def input_scores(blocks: Blocks, widths: tuple[int, ...]) -> np.ndarray:
    """Path score of each input: the root of the sum, over all paths from it to an output, of the squared products of weights.

    A path goes upwards through any blocks, skip connections too. The score is 0 for an input that nothing depends on. With
    inputs of equal deviation it says how much of the network hangs on each; it is no statement about causes.

    Returns
    -------
    (n_1,) array, the constant neuron included.

    By hand: once per report. Checked by test_paths.test_the_score_of_an_input_sums_over_its_paths.

    Examples
    --------
    >>> import numpy as np
    >>> blocks = {(2, 1): np.array([[3.0, 0.0]]), (3, 2): np.array([[2.0]]), (3, 1): np.array([[8.0, 1.0]])}
    >>> input_scores(blocks, (2, 1, 1)).tolist()
    [10.0, 1.0]
    """
    return np.sqrt(squares_to_outputs(blocks, widths)[0])


def squares_to_outputs(blocks: Blocks, widths: tuple[int, ...]) -> list[np.ndarray]:
    """The sum of the squared products of weights over all paths from each neuron to an output, (n_i,) for i = 1..K.

    By hand: once per report. Checked by test_paths.test_the_score_of_an_input_sums_over_its_paths.
    """
    squares = [np.zeros(width) for width in widths]
    squares[-1] = np.ones(widths[-1])
    # Layers from the top: all that a layer sends to is complete before it is read.
    for (i, j), block in sorted(blocks.items(), reverse=True):
        squares[j - 1] += squares[i - 1] @ np.square(block, dtype=np.float64)
    return squares


def mean_abs_eigenvalue(net: SpectralNetwork) -> float | None:
    """Mean |λ| over the eigenvalues that penalties act on (`global`: input and hidden layers); None without eigenvalues.

    By hand: a statistic of predictions, not part of the network. Checked by test_grid.test_what_a_training_of_a_sweep_gives.
    """
    names = [name for name in net.layout.spectral_groups() if name.startswith("eigenvalues")]
    if not names:
        return None
    values = np.concatenate([net.layout.groups[name].view(net.parameters) for name in names])
    return float(np.abs(values).mean(dtype=np.float64))
