"""M16, merging: neurons that compute the same function, up to a positive factor, become one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from spectral_core.errors import InvalidInputError
from spectral_core.kernels.support.activations import Activation, of_layer
from spectral_core.kernels.tables import POSITIVELY_HOMOGENEOUS
from spectral_core.networks.layer_values import layer_values_in_chunks
from spectral_core.networks.paths import Blocks
from spectral_core.networks.spectral import SpectralNetwork


def merge(
    blocks: Blocks,
    widths: tuple[int, ...],
    activation: Activation,
    tolerance: float = 0.0,
    layers: Sequence[int] | None = None,
    sizes: Sequence[np.ndarray] | None = None,
) -> tuple[dict[tuple[int, int], np.ndarray], list[np.ndarray]]:
    """Add the outgoing columns of neurons whose incoming rows are positive multiples of each other.

    Neuron h with row c·w is removed and its outgoing columns, times c, are added to those of the neuron with row w
    (f(c z) = c f(z), M16). Rows count as multiples where the sine of their angle is at most `tolerance` (and rounding);
    then c = ‖row of h‖ / ‖w‖. Exact for tolerance 0. The neuron with the largest path score of a group stays.

    Parameters
    ----------
    blocks : {(i, j): W_ij (n_i, n_j)}; left as they are.
    layers : the hidden layers, counted from 2, whose neurons may merge; by default all.
    sizes : for each layer the size (n_i,) of its neurons' values on data, such as `activity_sizes` gives. The angle is then
        that between rows whose weights are times these sizes, so the units of an input do not change it. By default 1.

    Returns
    -------
    blocks, keep : new blocks, 0 at removed neurons; for each layer which neurons are kept.

    Raises
    ------
    InvalidInputError : a layer whose neurons may merge has an activation that is not positively homogeneous.

    By hand: compares rows of neurons, once. Checked by test_pruning.test_copies_of_neurons_merge_and_the_function_stays.
    """
    merging = range(2, len(widths)) if layers is None else layers
    _check_homogeneous(activation, merging)
    result = {pair: block.copy() for pair, block in blocks.items()}
    keep = [np.ones(width, dtype=bool) for width in widths]
    for i in merging:
        incoming = [result[i, j] for j in range(1, i) if (i, j) in result]
        outgoing = [pair for pair in result if pair[1] == i]
        if not incoming or not outgoing:
            continue
        # How long the incoming row of each neuron is, and its path score.
        rows = np.hstack(incoming).astype(np.float64)
        if sizes is not None:
            rows *= np.concatenate([sizes[j - 1] for j in range(1, i) if (i, j) in result])
        lengths = np.linalg.norm(rows, axis=1)
        outgoing_sizes = np.sqrt(sum(np.square(result[pair], dtype=np.float64).sum(axis=0) for pair in outgoing))
        rounding = 4 * np.finfo(incoming[0].dtype).eps
        # The first neuron of each group takes over the outgoing columns of the others.
        for first, others in _multiples(rows, lengths, lengths * outgoing_sizes, tolerance + rounding):
            for h in others:
                factor = lengths[h] / lengths[first]
                for pair in outgoing:
                    result[pair][:, first] += (factor * result[pair][:, h]).astype(result[pair].dtype)
                    result[pair][:, h] = 0
                for j in range(1, i):
                    if (i, j) in result:
                        result[i, j][h] = 0
                keep[i - 1][h] = False
    return result, keep


def _check_homogeneous(activation: Activation, layers: Sequence[int]) -> None:
    """Raise `InvalidInputError` where the activation of one of the layers is not positively homogeneous."""
    names = {None: activation} if isinstance(activation, str) else {i: of_layer(activation, i) for i in layers}
    for layer, name in names.items():
        if name not in POSITIVELY_HOMOGENEOUS:
            where = "" if layer is None else f" in layer {layer}; layers= can leave it out"
            known = ", ".join(POSITIVELY_HOMOGENEOUS)
            raise InvalidInputError(f"merging needs f(c z) = c f(z) for c > 0 ({known}); got {name}{where}")


def activity_sizes(net: SpectralNetwork, x: np.ndarray) -> list[np.ndarray]:
    """The root mean square (n_i,) of the values of each layer over checked x (samples, features); 1 where it is 0.

    By hand: once per merging, outside of training. Checked by test_pruning.test_merging_does_not_depend_on_the_units_of_an_input.
    """
    squares = [np.zeros(width) for width in net.widths]
    for _, values in layer_values_in_chunks(net, x):
        squares = [
            square + np.square(value).mean(axis=0) * len(value) for square, value in zip(squares, values, strict=True)
        ]
    sizes = [np.sqrt(square / len(x)) for square in squares]
    return [np.where(size > 0, size, 1.0) for size in sizes]


def _multiples(
    rows: np.ndarray, lengths: np.ndarray, scores: np.ndarray, tolerance: float
) -> Iterator[tuple[int, np.ndarray]]:
    """Groups of rows that are positive multiples of each other: the one with the largest score, and the others.

    By hand: compares rows of neurons, once. Checked by test_pruning.test_copies_of_neurons_merge_and_the_function_stays.
    """
    directions = rows / np.where(lengths > 0, lengths, 1)[:, None]
    order = np.argsort(-scores, kind="stable")
    order = order[lengths[order] > 0]
    while len(order):
        first, others = order[0], order[1:]
        cosines = directions[others] @ directions[first]
        # The sine by the part across the direction: 1 - cos² would lose half of the digits.
        across = np.linalg.norm(directions[others] - cosines[:, None] * directions[first], axis=1)
        same = (cosines > 0) & (across <= tolerance)
        yield int(first), others[same]
        order = others[~same]
