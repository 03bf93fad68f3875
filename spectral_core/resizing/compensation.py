"""M15, compensation: the weights between kept neurons are refitted, so that they replace the removed ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from spectral_core.errors import InvalidInputError
from spectral_core.networks.layer_values import ROWS, layer_values, with_constant
from spectral_core.networks.spectral import SpectralNetwork

Parts = dict[tuple[int, int], np.ndarray]


def compensate(
    net: SpectralNetwork, parts: Parts, keep: Sequence[np.ndarray], x: np.ndarray, ridge: float = 1e-8
) -> Parts:
    """Refit, layer after layer, the weights between kept neurons to the pre-activations of the whole network.

    For each layer i, with T its pre-activations in `net`, X the values of the kept senders in the network that is being
    refitted, and W₀ their present weights, W = W₀ + D with

        D (XᵀX + R) = (T - X W₀ᵀ)ᵀ X,      R = ridge · the diagonal of XᵀX

    (M15 for the remainder: the ridge draws W to W₀, and nothing changes where nothing was removed). Each sender has the
    ridge of its own size, so the units of an input and the scale of a relu neuron do not matter. A sender that is 0 on the
    data keeps its weights.

    Parameters
    ----------
    net : the network before.
    parts : {(i, j): W_ij} of the network after, in the shapes of `net`, 0 where something was removed; blocks that are
        0 stay so.
    keep : a mask of the kept neurons for each layer.
    x : (samples, features) float64, checked.

    Returns
    -------
    dict : new blocks; neither `net` nor `parts` is changed.

    By hand: SciPy's Cholesky solver. Checked by test_pruning.test_compensation_is_the_least_squares_fit_layer_after_layer.
    """
    blocks = {pair: block.astype(np.float64) for pair, block in net.transfer_blocks().items()}
    result = {pair: block.astype(np.float64) for pair, block in parts.items()}
    widths, f = net.widths, net.activation
    for i in range(2, len(widths) + 1):
        senders = [j for j in range(1, i) if (i, j) in result and result[i, j].any()]
        if not senders or not keep[i - 1].any():
            continue
        # The present weights of layer i, those of all senders side by side.
        rows, columns = keep[i - 1], [keep[j - 1] for j in senders]
        size = sum(int(mask.sum()) for mask in columns)
        gram, cross = np.zeros((size, size)), np.zeros((int(rows.sum()), size))
        present = np.hstack([result[i, j][np.ix_(rows, mask)] for j, mask in zip(senders, columns, strict=True)])
        # XᵀX and (T - X W₀ᵀ)ᵀ X, in chunks.
        for start in range(0, len(x), ROWS):
            chunk = with_constant(x[start : start + ROWS], widths[0])
            wanted = layer_values(blocks, widths, f, chunk)[0][i - 1][:, rows]
            values = layer_values(result, widths, f, chunk)[1]
            senders_values = np.hstack([values[j - 1][:, mask] for j, mask in zip(senders, columns, strict=True)])
            with np.errstate(over="ignore", invalid="ignore"):  # `_solution` finds overflows
                gram += senders_values.T @ senders_values
                cross += (wanted - senders_values @ present.T).T @ senders_values
        change = _solution(gram, cross, ridge, i)
        if change is None:
            continue
        # Back into the blocks.
        present = present + change
        at = 0
        for j, mask in zip(senders, columns, strict=True):
            count = int(mask.sum())
            result[i, j] = np.zeros_like(result[i, j])
            result[i, j][np.ix_(rows, mask)] = present[:, at : at + count]
            at += count
    return result


def _solution(gram: np.ndarray, cross: np.ndarray, ridge: float, layer: int) -> np.ndarray | None:
    """D of D (gram + R) = cross, R = ridge · the diagonal of gram; None where all senders are 0 on the data.

    `gram` is changed.

    By hand: SciPy's Cholesky solver. Checked by test_pruning.test_compensation_is_the_ridge_formula_written_out.
    """
    if not np.isfinite(gram).all() or not np.isfinite(cross).all():
        raise InvalidInputError(f"X is too large for compensation: the products of layer {layer} are not finite")
    own = np.diag(gram).copy()
    if not own.any():
        return None
    # A sender that is 0 on the data has no equation; any number on its diagonal leaves its weights as they are.
    gram[np.diag_indices(len(gram))] += np.where(own > 0, ridge * own, own.mean())
    try:
        factor = cho_factor(gram, lower=True)
    except LinAlgError:
        raise InvalidInputError(
            f"ridge={ridge:g} is too small for layer {layer}, whose senders have nearly the same values; "
            "the default is 1e-8"
        ) from None
    return np.asarray(cho_solve(factor, cross.T).T)
