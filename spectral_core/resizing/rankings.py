"""Rankings: the importance of each hidden neuron, one function a ranking."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.linalg import qr

from spectral_core import checks
from spectral_core.checks import one_of
from spectral_core.errors import InvalidInputError
from spectral_core.kernels.tables import LOSSES
from spectral_core.networks.layer_values import layer_values_in_chunks
from spectral_core.networks.paths import Blocks, path_scores, whole_path_scores
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.resizing.leave_one_out import leave_one_out_scores

Scores = list[np.ndarray]


def neuron_scores(
    net: SpectralNetwork,
    by: str = "path",
    X: Any = None,
    loss: str = "squared_error",
    skip_connections: bool = False,
) -> Scores:
    """The score of each hidden neuron; the neuron with the least score is removed first.

    ``path`` : the root of the sum of the squared products over all paths from an input through the neuron to an output, where a
        product is that of the weights and the root mean square of the input on X. Neither the units of an input nor the scale
        of a relu neuron change it. For one hidden layer and inputs of root mean square 1, and without X, it is ``plain_path``.
    ``plain_path`` : ‖incoming row‖₂ ‖outgoing column‖₂ over all transfer blocks (M6), whatever X. Does not change with the
        scale of φ; changes with the units of an input, and with the scale of neurons in other hidden layers.
    ``eigenvalue`` : |λ_h|, λ^out for `layerwise` (Buffoni et al., Sci. Rep. 12, 2022). Changes with the scale of φ and of the
        neuron, and for `global` with the gauge (M9). For the balanced network (M24) of a `layerwise` one it is √‖w_h‖₂.
    ``scaled_eigenvalue`` : |λ_h| ‖φ_h,:‖₂ √n for a layer of n neurons (Giambagli et al., 2023). For `layerwise` with λ^in = 0
        it is ‖w_h‖₂ √n, whatever the scale of φ. Changes with the units of an input and the scale of the neuron, and for
        `global` with the gauge (M9).
    ``connectivity`` : Σ_k |W_hk| over all incoming weights. Changes with the units of an input and the scale of the neuron.
    ``pivoted_qr`` : |R_kk| of QR with column pivoting on the neuron's activations over X, per root sample, each column
        weighted by the norm of the neuron's outgoing weights: the part of a neuron's activations that the neurons ranked
        before it cannot express linearly. Changes neither with the units of an input nor with the scale of the neuron, but
        with the scale of the hidden neurons that it sends to.
    ``leave_one_out`` : the rise of the errors of the layers behind when this neuron goes and the remaining weights are
        refitted by least squares. All neurons of its layer with a lesser score went before. It is the sum over these removals
        of ‖b_h‖² / (G⁻¹)_hh, with G = XᵀX / samples of all senders and their refitted weights b (M17). For the output layer the
        samples are weighted by the second derivative of the loss there; an error of a hidden neuron counts by its paths to the
        outputs, the sum of their squared products of weights. The score does not depend on units or scale.

    Parameters
    ----------
    net : any parametrization; ``eigenvalue`` and ``scaled_eigenvalue`` need one with eigenvalues.
    X : (samples, features), for ``path``, ``pivoted_qr`` and ``leave_one_out``; the last two need it.
    loss : for ``leave_one_out``, as in `train`.
    skip_connections : for ``leave_one_out``: the refit joins each layer to all layers before it, as that of `prune`.

    Returns
    -------
    list of (n_i,) float64 arrays for the hidden layers i = 2..K-1.
    """
    if not isinstance(net, SpectralNetwork):
        raise InvalidInputError(f"net must be a SpectralNetwork; got {type(net).__name__}")
    ranked, loss = RANKINGS[one_of(by, tuple(RANKINGS), "by")], one_of(loss, LOSSES, "loss")
    return by_leave_one_out(net, X, loss, skip_connections) if ranked is by_leave_one_out else ranked(net, X, loss)


def by_path(net: SpectralNetwork, X: Any, loss: str) -> Scores:
    if X is None:
        return by_plain_path(net, X, loss)
    x = checks.features(X, np.float64, net.n_features)
    return whole_path_scores(net.transfer_blocks(), net.widths, input_sizes(x, net.widths[0]))


def by_plain_path(net: SpectralNetwork, X: Any, loss: str) -> Scores:
    return path_scores(net.transfer_blocks(), net.widths)


def by_eigenvalue(net: SpectralNetwork, X: Any, loss: str) -> Scores:
    _require_eigenvalues(net, "eigenvalue")
    return eigenvalue_scores(net, scaled=False)


def by_scaled_eigenvalue(net: SpectralNetwork, X: Any, loss: str) -> Scores:
    _require_eigenvalues(net, "scaled_eigenvalue")
    return eigenvalue_scores(net, scaled=True)


def by_connectivity(net: SpectralNetwork, X: Any, loss: str) -> Scores:
    return incoming_sums(net.transfer_blocks(), net.widths)


def by_pivoted_qr(net: SpectralNetwork, X: Any, loss: str) -> Scores:
    return pivoted_scores(net, _required_data(X, "pivoted_qr"))


def by_leave_one_out(net: SpectralNetwork, X: Any, loss: str, skip_connections: bool = False) -> Scores:
    x = checks.features(_required_data(X, "leave_one_out"), np.float64, net.n_features)
    return leave_one_out_scores(net, x, loss, skip_connections)


RANKINGS: dict[str, Callable[[SpectralNetwork, Any, str], Scores]] = {
    "path": by_path,
    "plain_path": by_plain_path,
    "eigenvalue": by_eigenvalue,
    "scaled_eigenvalue": by_scaled_eigenvalue,
    "connectivity": by_connectivity,
    "pivoted_qr": by_pivoted_qr,
    "leave_one_out": by_leave_one_out,
}
"""The rankings by name."""
BY_EIGENVALUE = ("eigenvalue", "scaled_eigenvalue")
"""The rankings that need eigenvalues."""


def _required_data(X: Any, by: str) -> Any:
    if X is None:
        raise InvalidInputError(f"by={by!r} ranks neurons by their activations and needs X")
    return X


def _require_eigenvalues(net: SpectralNetwork, by: str) -> None:
    if net.parametrization == "direct":
        raise InvalidInputError(f"by={by!r} needs eigenvalues, and a direct network has none; use path or connectivity")


def input_sizes(x: np.ndarray, width: int) -> np.ndarray:
    """The root mean square (width,) of each column of checked x (samples, features), and 1 for the constant neuron behind them.

    By hand: roots of mean squares. Checked by test_rankings.test_which_rankings_depend_on_units_and_scales.
    """
    sizes = np.ones(width)
    for column, values in enumerate(x.T):  # one by one: no second copy of all values
        own = np.abs(values)
        largest = own.max()
        shares = own / (largest or 1)  # their squares cannot overflow
        sizes[column] = largest * np.sqrt(np.square(shares).mean())
    return sizes


def incoming_sums(blocks: Blocks, widths: tuple[int, ...]) -> Scores:
    """Σ_k |W_hk| of each hidden neuron over all layers before it.

    By hand: once per pruning, outside of training. Checked by test_rankings.test_rankings_by_their_formulas.
    """
    sums = [np.zeros(width) for width in widths]
    for (i, _), block in blocks.items():
        sums[i - 1] += np.abs(block, dtype=np.float64).sum(axis=1)
    return sums[1:-1]


def eigenvalue_scores(net: SpectralNetwork, scaled: bool) -> Scores:
    """|λ_h|, or |λ_h| ‖φ_h,:‖₂ √n with the row of φ that leads into the neuron.

    By hand: once per pruning, outside of training. Checked by test_rankings.test_rankings_by_their_formulas.
    """
    own: list[Any] = list(net.eigenvalues)
    values = own[1:-1] if net.parametrization == "global" else [pair[1] for pair in own[:-1]]
    result = []
    for value, phi in zip(values, net.eigenvectors[:-1], strict=True):
        size = np.abs(value, dtype=np.float64)
        result.append(size * np.linalg.norm(phi.astype(np.float64), axis=1) * np.sqrt(len(size)) if scaled else size)
    return result


def pivoted_scores(net: SpectralNetwork, X: Any) -> Scores:
    """|R_kk| / √samples of QR with column pivoting on the weighted activations, for each hidden layer on its own.

    By hand: once per pruning, outside of training. Checked by test_rankings.test_pivoted_qr_is_greedy.
    """
    x = checks.features(X, np.float64, net.n_features)
    weights = outgoing_norms(net.transfer_blocks(), net.widths)
    triangles = [np.zeros((0, width)) for width in net.widths[1:-1]]
    for _, values in layer_values_in_chunks(net, x):
        for place, triangle in enumerate(triangles):
            triangles[place] = np.asarray(np.linalg.qr(np.vstack([triangle, values[place + 1]]), mode="r"))
    result = []
    for triangle, weight in zip(triangles, weights, strict=True):
        scores = np.zeros(len(weight))
        r, order = qr(triangle * weight, mode="r", pivoting=True)
        found = np.abs(np.diag(r)) / np.sqrt(len(x))
        scores[order[: len(found)]] = found
        result.append(scores)
    return result


def outgoing_norms(blocks: Blocks, widths: tuple[int, ...]) -> Scores:
    """‖outgoing column‖₂ of each hidden neuron over all layers behind it.

    By hand: once per pruning, outside of training. Checked by test_rankings.test_rankings_by_their_formulas.
    """
    squares = [np.zeros(width) for width in widths]
    for (_, j), block in blocks.items():
        squares[j - 1] += np.square(block, dtype=np.float64).sum(axis=0)
    return [np.sqrt(square) for square in squares[1:-1]]
