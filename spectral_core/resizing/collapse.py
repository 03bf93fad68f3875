"""A layer less, the function unchanged (M12)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spectral_core import checks
from spectral_core.errors import InvalidInputError
from spectral_core.kernels.support.activations import of_layer, of_layers
from spectral_core.kernels.tables import ZERO_AT_ZERO
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.resizing.groups import Group, Values, carried, rebuilt, require_global, require_hidden, values_of
from spectral_core.training.results import TrainingState


def collapse_layer(net: SpectralNetwork, layer: int, *, tolerance: float = 0.0) -> SpectralNetwork:
    """The network without a silent hidden layer, the function unchanged (M12).

    All eigenvalues of layers i and i-1 are one constant c, so W_ij = 0 for every j: φ' = -φ^(i) φ^(i-1) joins the layers
    around it. `CollapseLayer` also carries the optimizer's moments.

    Parameters
    ----------
    layer : counted from 1; a hidden one, 2..K-1.
    tolerance : the greatest difference between the eigenvalues that counts as none.

    Returns
    -------
    SpectralNetwork : a new one; `net` stays as it is.

    Raises
    ------
    InvalidInputError : no hidden layer, one that is not silent, a layerwise network, or an activation with f(0) other than 0.

    Examples
    --------
    >>> from spectral_core import SpectralNetwork, collapse_layer
    >>> net = SpectralNetwork.initialize([2, 5, 4, 1], seed=0)
    >>> collapse_layer(net, layer=3).widths
    (3, 5, 1)
    """
    return CollapseLayer(layer, tolerance).apply(net)


@dataclass(frozen=True)
class CollapseLayer:
    """Remove hidden layer i, where all eigenvalues of layers i and i-1 are one constant c (M12).

    Layer i is silent then. φ' = -φ^(i) φ^(i-1) replaces its linear paths, and all other eigenvalues stay. In a `direct`
    network a layer without an incoming weight is removed with its blocks.

    Parameters
    ----------
    layer : counted from 1; a hidden one, 2..K-1.
    tolerance : the greatest difference between the eigenvalues. A difference beyond rounding changes the function in
        proportion to it and to the size of the eigenvectors.
    """

    layer: int
    tolerance: float = 0.0

    def apply(self, net: SpectralNetwork) -> SpectralNetwork:
        """The smaller network; `net` is left as it was.

        By hand: one product, once. Checked by test_insert.test_a_layer_with_one_eigenvalue_collapses.
        """
        i = self._check(net)
        values = self._kept(values_of(net.layout, net.parameters)) | self._silent_blocks(net)
        if net.parametrization == "global":
            phi = net.eigenvectors
            values[Group("eigenvectors", i)] = -phi[i - 1] @ phi[i - 2]
        others = [layer for layer in range(2, net.n_layers) if layer != i]
        return rebuilt(net, values, self._renumbered, of_layers(net.activation, others))

    def carry(self, state: TrainingState, net: SpectralNetwork) -> TrainingState:
        """The moments of a training of `net`, for the smaller network; those of φ' start at 0."""
        i = self._check(net)

        def change(moments: Values) -> dict[Group, np.ndarray]:
            kept = self._kept(moments) | self._silent_blocks(net)
            if net.parametrization == "global":
                kept[Group("eigenvectors", i)] = np.zeros((net.widths[i], net.widths[i - 2]), net.dtype)
            return kept

        return carried(state, net, change)

    def _check(self, net: SpectralNetwork) -> int:
        i = require_hidden(net, self.layer)
        tolerance = checks.real_number(self.tolerance, "tolerance", 0)
        checks.vanishing_at_zero(of_layer(net.activation, i), ZERO_AT_ZERO, "collapsing a layer")
        if net.parametrization == "direct":
            active = [pair for pair, block in net.blocks.items() if pair[0] == i and block.any()]
            if active:
                raise InvalidInputError(f"layer {i} is not silent: blocks {active} lead into it; prune it first")
            return i
        require_global(net, "a layer can be collapsed")
        values = np.concatenate([np.asarray(net.eigenvalues[i - 1]), np.asarray(net.eigenvalues[i - 2])])
        spread = float(values.max() - values.min())
        if spread > tolerance:
            raise InvalidInputError(
                f"all eigenvalues of layers {i - 1} and {i} must be equal for layer {i} to be silent (M12); they spread "
                f"over {spread:.3g}, more than tolerance={tolerance:g}"
            )
        return i

    def _renumbered(self, group: Group) -> Group | None:
        return None if group.touches(self.layer) else group.moved_behind(self.layer, -1)

    def _kept(self, values: Values) -> dict[Group, np.ndarray]:
        """The groups that stay, in their new places."""
        places = {group: self._renumbered(group) for group in values}
        return {place: values[group] for group, place in places.items() if place is not None}

    def _silent_blocks(self, net: SpectralNetwork) -> dict[Group, np.ndarray]:
        """Blocks of zeros for the layers of a direct network that only the collapsed layer led to: they keep their width."""
        if net.parametrization != "direct":
            return {}
        others = [layer for layer in range(2, net.n_layers + 1) if layer != self.layer]
        alone = [layer for layer in others if all(j == self.layer for i, j in net.blocks if i == layer)]
        return {
            Group("blocks", layer, 1).moved_behind(self.layer, -1): np.zeros(
                (net.widths[layer - 1], net.widths[0]), net.dtype
            )
            for layer in alone
        }
