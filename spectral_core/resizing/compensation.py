"""M15, compensation: the weights between kept neurons are refitted, so that they replace the removed ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from spectral_core.backends.problem import Problem
from spectral_core.errors import InvalidInputError
from spectral_core.networks.layer_values import ROWS, layer_values, with_constant
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.resizing.output_losses import curvatures, fit_outputs

Parts = dict[tuple[int, int], np.ndarray]


def compensate(
    net: SpectralNetwork,
    parts: Parts,
    keep: Sequence[np.ndarray],
    x: np.ndarray,
    ridge: float = 1e-8,
    loss: str = "squared_error",
    skip_connections: bool = False,
) -> Parts:
    """Refit, layer after layer, the weights between kept neurons to the pre-activations of the whole network.

    For each layer i, with T its pre-activations in `net`, X the values of the kept senders in the network that is being
    refitted, and W₀ their present weights, W = W₀ + D with

        D (XᵀX + R) = (T - X W₀ᵀ)ᵀ X,      R = ridge · the diagonal of XᵀX

    (M15 for the remainder: the ridge draws W to W₀, and nothing changes where nothing was removed). Each sender has the
    ridge of its own size, so the units of an input and the scale of a relu neuron do not matter. A sender that is 0 on the
    data keeps its weights. For each output the samples are weighted by ∂²ℓ/∂z² there (`output_losses.curvatures`): an error
    of an output counts as much as it raises the loss.

    Parameters
    ----------
    net : the network before.
    parts : {(i, j): W_ij} of the network after, in the shapes of `net`, 0 where something was removed; blocks that are
        0 stay so, unless `skip_connections` join each layer to all layers before it.
    keep : a mask of the kept neurons for each layer; all of layer 1 are kept.
    x : (samples, features) float64, checked.

    Returns
    -------
    dict : new blocks; neither `net` nor `parts` is changed.

    By hand: SciPy's Cholesky solver. Checked by test_pruning.test_compensation_is_the_least_squares_fit_layer_after_layer.
    """
    blocks = {pair: block.astype(np.float64) for pair, block in net.transfer_blocks().items()}
    result = {pair: block.astype(np.float64) for pair, block in parts.items()}
    weighted = loss not in ("squared_error", "huber")
    for i in range(2, net.n_layers + 1):
        lost = not all(mask.all() for mask in keep[1 : i - 1])  # without a loss there is nothing to replace
        joint = _Joint.of(result, keep, i, skip_connections and lost)
        if joint is None:
            continue
        # XᵀX and (T - X W₀ᵀ)ᵀ X, in chunks; weighted, one of them for each output.
        rows, present = keep[i - 1], joint.weights(result)
        separate = weighted and i == net.n_layers
        gram = np.zeros((len(present) if separate else 1, joint.size, joint.size))
        cross = np.zeros(present.shape)
        for chunk, values in joint.values(net, result, x):
            whole = layer_values(blocks, net.widths, net.activation, with_constant(x[chunk], net.widths[0]))[0][i - 1]
            weights = curvatures(whole, loss)[:, rows].T if separate else np.ones((1, len(whole)))
            with np.errstate(over="ignore", invalid="ignore"):  # `_solution` finds overflows
                rest = whole[:, rows] - values @ present.T
                cross += (weights.T * rest).T @ values
                for place, root in enumerate(np.sqrt(weights)):
                    scaled = values * root[:, None]
                    gram[place] += scaled.T @ scaled  # a product with itself takes half the time
        # One solution for all neurons of the layer, or one for each output.
        groups = np.split(np.arange(len(present)), len(gram))
        for matrix, chosen in zip(gram, groups, strict=True):
            change = _solution(matrix, cross[chosen], ridge, i)
            if change is not None:
                present[chosen] += change
        joint.place(result, present)
    return result


def fit_targets(
    net: SpectralNetwork, parts: Parts, keep: Sequence[np.ndarray], x: np.ndarray, problem: Problem, ridge: float = 1e-8
) -> Parts:
    """Refit the weights into the output to the targets of a problem, by `output_losses.fit_outputs`; all others stay.

    Parameters are those of `compensate`; x are the features of the problem in float64.

    By hand: SciPy's solver in `fit_outputs`. Checked by test_output_losses.test_pruning_towards_the_targets_fits_the_outputs_to_them.
    """
    result = {pair: block.astype(np.float64) for pair, block in parts.items()}
    joint = _Joint.of(result, keep, net.n_layers, every=False)  # a refit has joined what it may
    if joint is None:
        return result
    exact = replace(problem, y=problem.y.astype(np.float64), weights=problem.weights.astype(np.float64))
    fitted = fit_outputs(joint.weights(result), lambda: joint.values(net, result, x), exact, ridge)
    joint.place(result, fitted)
    return result


@dataclass(frozen=True, eq=False)
class _Joint:
    """The present weights of a layer's kept neurons, those of all its senders side by side."""

    layer: int
    keep: Sequence[np.ndarray]
    senders: list[int]

    @classmethod
    def of(cls, blocks: Parts, keep: Sequence[np.ndarray], layer: int, every: bool) -> _Joint | None:
        """None where the layer has no neuron or no sender left; `every` layer before it sends, or those that do so already."""
        senders = [j for j in range(1, layer) if every or ((layer, j) in blocks and blocks[layer, j].any())]
        if not senders or not keep[layer - 1].any():
            return None
        return cls(layer, keep, senders)

    @property
    def rows(self) -> np.ndarray:
        """The mask of the layer's kept neurons."""
        return self.keep[self.layer - 1]

    @property
    def columns(self) -> list[np.ndarray]:
        """The masks of the kept neurons of each sender."""
        return [self.keep[j - 1] for j in self.senders]

    @property
    def size(self) -> int:
        """The number of kept senders."""
        return sum(int(mask.sum()) for mask in self.columns)

    def weights(self, blocks: Parts) -> np.ndarray:
        """W₀ (kept neurons, kept senders), 0 from a layer that does not send yet."""
        parts = []
        for j, mask in zip(self.senders, self.columns, strict=True):
            block = blocks.get((self.layer, j), np.zeros((len(self.rows), len(mask))))
            parts.append(block[np.ix_(self.rows, mask)])
        return np.hstack(parts)

    def values(self, net: SpectralNetwork, blocks: Parts, x: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
        """The rows of a chunk of samples and the values (samples, kept senders) in the network of the blocks.

        Only kept neurons are computed.
        """
        small = {(i, j): block[np.ix_(self.keep[i - 1], self.keep[j - 1])] for (i, j), block in blocks.items()}
        widths = tuple(int(mask.sum()) for mask in self.keep)
        for start in range(0, len(x), ROWS):
            chunk = slice(start, min(start + ROWS, len(x)))
            values = layer_values(small, widths, net.activation, with_constant(x[chunk], widths[0]))[1]
            yield chunk, np.hstack([values[j - 1] for j in self.senders])

    def place(self, blocks: Parts, weights: np.ndarray) -> None:
        """Write weights (kept neurons, kept senders) into new blocks."""
        ends = np.cumsum([int(mask.sum()) for mask in self.columns])
        for j, mask, part in zip(self.senders, self.columns, np.split(weights, ends[:-1], axis=1), strict=True):
            blocks[self.layer, j] = np.zeros((len(self.rows), len(mask)))
            blocks[self.layer, j][np.ix_(self.rows, mask)] = part


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
