"""Where a cell is split: a number for each edge, by the score of the options."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spectral_core.architecture import train_free
from spectral_core.architecture.image_memory import step_bytes
from spectral_core.architecture.image_options import ImageSearchOptions
from spectral_core.architecture.train_free import Split
from spectral_core.data.images import ImageData
from spectral_core.errors import InvalidInputError
from spectral_core.networks.image import ImageNetwork
from spectral_core.networks.image_structure import ImageStructure
from spectral_core.wording import counted

BEHIND = 2.0
"""In the published choice, what an edge has that is no candidate: more than any candidate."""


def check_scores(own: ImageSearchOptions, data: ImageData) -> None:
    """Raise `InvalidInputError` where there are too few images for the score, or too small ones.

    By hand: a number of images. Checked by test_image_search.test_scores_without_training_are_refused_before_the_first_round.
    """
    if own.score not in ("ntk", "published"):
        return
    sizes, (_, rows, columns) = own.train_free, data.shape
    need, side = sizes.samples * sizes.batches, train_free.region_side(own.reductions)
    if len(data) < need:
        raise InvalidInputError(
            f"score {own.score} needs {need} training images, {counted(sizes.batches, 'batch', 'batches')} of "
            f"{sizes.samples} (train_free); there are {len(data)}"
        )
    if own.score == "published" and min(rows, columns) < side:
        raise InvalidInputError(
            f"score published counts linear regions on {side}×{side} pixels; the images have {rows}×{columns}"
        )


def score_bytes(net: ImageNetwork, images: int, own: ImageSearchOptions) -> int:
    """Bytes of the slope score, which sees all splits at once; 0 for other scores."""
    if own.score != "slope":
        return 0
    return step_bytes(_scored(net), _score_batch(net, images, own))


def split_scores(net: ImageNetwork, data: ImageData, own: ImageSearchOptions, turn: int) -> dict[Split, float]:
    """A number for each split; the smallest of a cell is chosen. The same seed and round give the same numbers.

    By hand: a mean over draws. Checked by test_image_search.test_the_split_with_the_best_score_is_made.
    """
    splits, seed = train_free.splits_of(net), own.seed + 7919 * (turn + 1)
    generator = np.random.default_rng((seed, 3))
    if own.score == "random":
        return dict(zip(splits, generator.random(len(splits)).tolist(), strict=True))
    rows = generator.permutation(len(data))
    if own.score == "slope":
        spectral = net if own.gates == "spectral" else as_spectral(net)
        batch = rows[: _score_batch(net, len(data), own)]
        found = train_free.slope_scores(spectral, data.images[batch], data.labels[batch], seed)
        return {split: -score for split, score in found.items()}
    images = data.images[rows]
    kernels = train_free.kernel_scores(net, splits, images, own.train_free, own.statistics, seed)
    if own.score == "ntk":
        return {split: float(np.mean(values)) for split, values in kernels.items()}
    regions = train_free.region_scores(net, splits, images, own.train_free, seed)
    chosen = train_free.published_choice(kernels, regions)
    # In a cell without a candidate the splits keep their order behind all candidates.
    return {split: chosen.get(split, BEHIND) for split in splits}


def _scored(net: ImageNetwork) -> ImageStructure:
    """What the slope score runs: eigenvalues for gates, and every edge split."""
    return train_free.structure_with_every_split(replace(net.structure, gates="spectral"))


def _score_batch(net: ImageNetwork, images: int, own: ImageSearchOptions) -> int:
    """How many images the network with all splits may see within the memory, at least 2."""
    count = min(own.score_images, images)
    if not isinstance(own.memory, int):
        return count
    structure = _scored(net)
    while count > 2 and step_bytes(structure, count) > own.memory:
        count //= 2
    return max(count, 2)


def as_spectral(net: ImageNetwork) -> ImageNetwork:
    """The same function with eigenvalues of 1 and 0 in the place of published gates."""
    structure = replace(net.structure, gates="spectral")
    spectral = ImageNetwork.of(structure, net.dtype, 0)
    for name, values in spectral.groups.items():
        if name.startswith("eigenvalues"):
            values[...] = net.groups[name.replace("eigenvalues", "gates")] > 0
        else:
            values[...] = net.groups[name]
    return spectral
