"""Random starts of image networks: of a whole network, and of the groups that a split adds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from spectral_core.kernels.support.image_layout import ImageLayout

PUBLISHED_GATE = 0.01


def drawn_whole(layout: ImageLayout, dtype: np.dtype[Any], seed: int) -> np.ndarray:
    """All parameters: kernels, weights and towers from one generator in the order of the groups."""
    flat, generator = np.zeros(layout.size, dtype), np.random.default_rng(seed)
    _draw(layout, flat, list(layout.groups), lambda name: generator)
    return flat


def draw_new(layout: ImageLayout, flat: np.ndarray, names: Sequence[str], seed: int, nodes: int) -> None:
    """Draw the groups that a split has added. The numbers of a group depend on seed, nodes of the grown cell and its name alone.

    So two groups never get the same numbers, and no group gets those of `drawn_whole` or of an earlier split.
    """
    _draw(layout, flat, names, lambda name: np.random.default_rng([seed, nodes, *name.encode()]))


def _draw(
    layout: ImageLayout, flat: np.ndarray, names: Sequence[str], generator: Callable[[str], np.random.Generator]
) -> None:
    """The start of these groups.

    By hand: a random start; drawn once. Checked by test_image_network.test_the_start_is_uniform_by_fan_in.
    """
    for name in names:
        group, family = layout.groups[name], name.split("[")[0]
        if family in ("kernels", "weights", "towers", "tower_biases"):
            # A bias is drawn as the numbers that it is added to.
            shape = layout.groups[name.replace("tower_biases", "towers")].shape
            bound = 1 / np.sqrt(float(np.prod(shape[1:])))
            group.view(flat)[...] = generator(name).uniform(-bound, bound, group.shape)
        elif family in ("scales", "eigenvalues", "running_variances"):
            group.view(flat)[...] = 1
        elif family == "gates":
            group.view(flat)[...] = PUBLISHED_GATE
