"""Random networks, and checks of a written picture."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("matplotlib")
from matplotlib.image import imread


def heavy_tailed(widths: list[int], which: str = "all", seed: int = 0) -> dict[tuple[int, int], np.ndarray]:
    generator = np.random.default_rng(seed)
    pairs = [(i, j) for i in range(2, len(widths) + 1) for j in range(1, i)]
    pairs = [pair for pair in pairs if which == "all" or (which == "skips" and pair[0] - pair[1] > 1)]
    return {(i, j): generator.standard_t(2, (widths[i - 1], widths[j - 1])) / (i - j) for i, j in pairs}


def pixels(path: Any) -> np.ndarray:
    image = imread(path)
    assert image.shape[0] > 200
    assert image.shape[1] > 600
    assert (image[..., :3].min(axis=2) < 0.6).sum() > 500, "the picture is blank"
    assert (image[:8, :, :3] == 1).all(), "something runs out of the top"
    assert (image[:, -8:, :3] == 1).all(), "something runs out on the right"
    assert (image[:, :8, :3] == 1).all(), "something runs out on the left"
    assert (image[-8:, :, :3] == 1).all(), "something runs out of the bottom"
    return image
