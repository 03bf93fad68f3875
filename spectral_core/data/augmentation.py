"""Random changes of images: crop, flip, cutout, each a function of a seed and a counter."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.data import counters


@dataclass(frozen=True)
class Augmentation:
    """What an epoch does to each image before it is seen.

    Parameters
    ----------
    crop : the image is moved by up to this many pixels in each direction; 0 comes in from outside.
    flip : left and right are exchanged with probability 1/2.
    cutout : a square of this side, around any pixel, is 0.
    seed : of the choices. They depend on it, on the optimizer's steps before the epoch and on the place in the epoch alone.

    Examples
    --------
    >>> from spectral_core.data.augmentation import Augmentation
    >>> Augmentation(crop=2, flip=True, cutout=8).changes(0, 3, (16, 16)).shape
    (3, 7)
    """

    crop: int = 0
    flip: bool = False
    cutout: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        checks.integer(self.crop, "crop", 0)
        checks.boolean(self.flip, "flip")
        checks.integer(self.cutout, "cutout", 0)
        checks.integer(self.seed, "seed", 0)

    def changes(self, step: int, samples: int, size: tuple[int, int]) -> np.ndarray:
        """For each image (samples, 7): rows and columns moved, 1 to flip, then of the cutout the first row and the row behind
        its last, and the same of columns; `changed` reads them."""
        bits = counters.words(counters.key_of(self.seed, step), 0, 5 * samples).reshape(samples, 5).astype(np.int64)
        result = np.zeros((samples, 7), np.int64)
        result[:, 0] = bits[:, 0] % (2 * self.crop + 1) - self.crop
        result[:, 1] = bits[:, 1] % (2 * self.crop + 1) - self.crop
        result[:, 2] = bits[:, 2] % 2 if self.flip else 0
        for column, extent, chosen in ((3, size[0], bits[:, 3]), (5, size[1], bits[:, 4])):
            first = chosen % extent - self.cutout // 2
            result[:, column], result[:, column + 1] = first, first + self.cutout
        return result

    def record(self) -> dict[str, Any]:
        """The options for JSON."""
        return asdict(self)


def changed(images: np.ndarray, changes: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The images (samples, channels, pixels) after a crop, a flip and a cutout; pixels from outside and cut ones are 0.

    A row of changes is one of `Augmentation.changes`.
    """
    samples, channels, _ = images.shape
    planes, places = images.reshape(samples, channels, *size), [np.arange(extent)[None, :] for extent in size]
    down, right, flip = (changes[:, k, None] for k in range(3))
    row, column = places[0] + down, np.where(flip, size[1] - 1 - places[1], places[1]) + right
    kept = [(place >= 0) & (place < extent) for place, extent in zip((row, column), size, strict=True)]
    cut = [(changes[:, k, None] <= places[k // 4]) & (places[k // 4] < changes[:, k + 1, None]) for k in (3, 5)]
    shown = (kept[0][:, :, None] & kept[1][:, None, :]) & ~(cut[0][:, :, None] & cut[1][:, None, :])
    inside = np.where(kept[0], row, 0), np.where(kept[1], column, 0)
    sample, channel = np.arange(samples)[:, None, None, None], np.arange(channels)[None, :, None, None]
    moved = planes[sample, channel, inside[0][:, None, :, None], inside[1][:, None, None, :]]
    return np.where(shown[:, None], moved, images.dtype.type(0)).reshape(images.shape)
