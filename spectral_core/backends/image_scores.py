"""What scores of architectures read of a batch: sizes of operations, gradients of each image, patterns of relu (S1, S2, S5, G8).

Scores are computed once a round, for one batch. Training does not use this module.
"""

from __future__ import annotations

import numpy as np

from spectral_core.backends.cpu_images import ALL_KEPT
from spectral_core.backends.image_passes import LINK, SCALE, SHIFT, ImagePass, forward_node
from spectral_core.kernels.support.image_layout import ImageLayout, ImageTables

MEAN, DEVIATION = 0, 1
"""Rows of the statistics of a value."""


def forward(net: ImageTables, parameters: np.ndarray, x: np.ndarray) -> ImagePass:
    """One batch (samples, channels, pixels) in training mode; running statistics stay."""
    batch = ImagePass(net, parameters, x, ALL_KEPT)
    batch.forward(training=True)
    return batch


def operation_sizes(net: ImageTables, parameters: np.ndarray, x: np.ndarray) -> dict[int, float]:
    """‖op_e(x_i)‖² over the batch, by the place of λ_e in the parameters (G8).

    By hand: a sum of squares, for scores alone. Checked by test_train_free.test_the_slope_score_is_that_of_its_definition.
    """
    batch, sizes = forward(net, parameters, x), {}
    for operation in batch.operations:
        if operation["kind"] < LINK or operation["gate"] < 0:
            continue
        alone = np.zeros_like(batch.z[operation["receiver"]])
        one, affine = np.ones(len(x), parameters.dtype), batch.affine(operation["sender"])
        given = operation["kind"], *batch.source(operation), operation["stride"], *affine
        forward_node(*given, one, alone)
        sizes[operation["gate"]] = float(np.sum(alone.astype(np.float64) ** 2))
    return sizes


class FrozenPass(ImagePass):
    """One image of a batch, its statistics those of the whole batch and constant (S5)."""

    def __init__(self, whole: ImagePass, sample: int) -> None:
        super().__init__(whole.net, whole.parameters, whole.images[sample : sample + 1], ALL_KEPT)
        for own, other in zip(self.z, whole.z, strict=True):
            own[...] = other[sample : sample + 1]
        self.statistics = whole.statistics

    def norm_back(self, value: int, bar: np.ndarray, gradient: np.ndarray) -> None:
        """x̄ = a ȳ, γ̄ = Σ ȳ x̂, β̄ = Σ ȳ.

        By hand: S5, for scores alone. Checked by test_train_free.test_the_tiny_network_has_its_frozen_kernel.
        """
        statistics, (dgamma, dbeta) = self.statistics[value], self.scale_and_shift(value, gradient)
        mean, deviation, scale = (statistics[row][:, None] for row in (MEAN, DEVIATION, SCALE))
        dgamma[...] = (bar * ((self.z[value] - mean) / deviation)).sum((0, 2))
        dbeta[...] = bar.sum((0, 2))
        bar *= scale.astype(bar.dtype)


def counted_parameters(layout: ImageLayout) -> np.ndarray:
    """Which parameters the kernel of S1 counts: kernels, weights, towers, γ, gates and eigenvalues, as the authors do."""
    counted = np.zeros(layout.size, bool)
    for name, group in layout.groups.items():
        if name.startswith(("kernels", "weights", "towers[", "scales", "gates", "eigenvalues")):
            counted[group.start : group.stop] = True
    return counted


def sample_gradients(layout: ImageLayout, parameters: np.ndarray, x: np.ndarray, frozen: bool) -> np.ndarray:
    """∂f_i/∂θ (samples, counted parameters), f_i the sum of the last tower's logits of image i (S1, S5).

    Parameters
    ----------
    x : (samples, channels, pixels), one batch in training mode.
    frozen : the statistics of the batch are constants, and each image has a pass of its own. Otherwise f_i depends on all
        images of the batch, and each has a pass of the whole batch.
    """
    assert layout.tables is not None
    net, counted = layout.tables, counted_parameters(layout)
    rows, gradient = np.empty((len(x), int(counted.sum())), parameters.dtype), np.empty_like(parameters)
    whole = forward(net, parameters, x)
    for sample in range(len(x)):
        one = FrozenPass(whole, sample) if frozen else whole
        one.pooled.clear()
        bars = [np.zeros_like(one.logits(tower)) for tower in range(len(net.towers))]
        bars[-1][0 if frozen else sample] = 1
        one.adjoint(bars, gradient)
        rows[sample] = gradient[counted]
    return rows


def patterns(net: ImageTables, parameters: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Which outputs of relu are positive, in bits packed to bytes (samples, bytes), in training mode (S2).

    By hand: signs, for scores alone. Checked by test_train_free.test_the_tiny_network_has_its_linear_regions.
    """
    batch, bits = forward(net, parameters, x), []
    for operation in batch.operations:
        if operation["relu"]:
            statistics, z = batch.statistics[operation["sender"]], batch.z[operation["sender"]]
            active = z * statistics[SCALE][:, None] + statistics[SHIFT][:, None] > 0
            bits.append(active.reshape(len(x), -1))
    if not bits:
        return np.zeros((len(x), 1), np.uint8)
    return np.packbits(np.concatenate(bits, 1), axis=1)
