"""Scores of splits before training: slopes at λ = 0 (G8), the condition of the tangent kernel (S1, S5), linear regions (S2).

S6 proves that the published condition number is a rounding error at the initialisation it is used with: in training mode
the rows of J add up to 0 over each batch, so the smallest eigenvalue is 0 for every architecture.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from spectral_core import checks
from spectral_core.backends import image_scores
from spectral_core.networks.cells import Edge
from spectral_core.networks.image import ImageNetwork
from spectral_core.networks.image_growth import behind, renamed
from spectral_core.networks.image_structure import ImageStructure

Split = tuple[int, Edge]
"""A cell and an edge of it."""
NOT_FINITE = 1e5
"""What the authors put in the place of a condition that is not finite; here a change to one, too."""


@dataclass(frozen=True)
class TrainFree:
    """Sizes of the networks and data that the scores S1 to S3 use; the defaults are the authors'.

    channels, samples, batches : of the networks and images of the tangent kernel. repeats : draws of weights.
    regions, region_channels : images and channels of the networks whose linear regions are counted.

    Raises
    ------
    InvalidInputError : a size is no whole number of at least 1, 2 for samples.
    """

    channels: int = 3
    samples: int = 64
    batches: int = 3
    repeats: int = 3
    regions: int = 3000
    region_channels: int = 1

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            checks.integer(value, f"train_free.{name}", 2 if name == "samples" else 1)


def splits_of(net: ImageNetwork) -> list[Split]:
    """Every edge of every cell."""
    return [(number, edge) for number, cell in enumerate(net.structure.cells) for edge, _ in cell.edges]


def with_every_split(net: ImageNetwork, seed: int) -> tuple[ImageNetwork, dict[Split, str]]:
    """The network with every edge split at once, which has the same function (G6), and the eigenvalues of each new edge.

    Returns
    -------
    The network, and by split the name of the group of eigenvalues of m → j.
    """
    wide = net
    names: dict[Split, str] = {}
    for number, k, edge, (i, j) in _one_after_another(net.structure):
        wide = wide.split_edge(number, (i, j), seed=seed + k + 1000 * number)
        names = {split: str(renamed(name, number, behind(j))) for split, name in names.items()}
        names[number, edge] = f"eigenvalues[{number},{j},{j + 1}]"
    return wide, names


def structure_with_every_split(structure: ImageStructure) -> ImageStructure:
    """The structure of `with_every_split`, without a number of it drawn."""
    cells = list(structure.cells)
    for number, _, _, edge in _one_after_another(structure):
        cells[number] = cells[number].split(edge)
    return replace(structure, cells=tuple(cells))


def _one_after_another(structure: ImageStructure) -> Iterator[tuple[int, int, Edge, Edge]]:
    """Cell, number, name of every edge, and its name once the edges before it are split."""
    for number, cell in enumerate(structure.cells):
        now = {edge: edge for edge, _ in cell.edges}
        for k, edge in enumerate(list(now)):
            yield number, k, edge, now[edge]
            shift = behind(now[edge][1])
            now = {old: (shift(a), shift(b)) for old, (a, b) in now.items()}


def slope_scores(net: ImageNetwork, images: np.ndarray, labels: np.ndarray, seed: int) -> dict[Split, float]:
    """Σ_e λ̄_e²/‖op_e(x_m)‖² of the new edge m → j of every split, at λ = 0, from one pass forward and back (G8).

    images (samples, channels, rows, columns), labels (samples,). The larger, the more the loss falls.

    By hand: G8, for scores alone. Checked by test_train_free.test_the_slope_score_is_that_of_its_definition.
    """
    wide, names = with_every_split(net, seed)
    assert wide.layout.tables is not None
    _, slopes = wide.loss_and_gradients(images, labels)
    sizes = image_scores.operation_sizes(wide.layout.tables, wide.parameters, wide.images(images))
    scores = {}
    for split, name in names.items():
        start = wide.layout.groups[name].start
        size = np.array([sizes[start + k] for k in range(len(slopes[name]))])
        scores[split] = float(np.sum(slopes[name].astype(np.float64) ** 2 / np.where(size > 0, size, np.inf)))
    return scores


def condition(rows: np.ndarray, known_zeros: int = 0, float64: bool = True) -> float:
    """The condition number λ_max/λ_min of Θ = J Jᵀ for rows of J.

    Parameters
    ----------
    known_zeros : so many smallest eigenvalues are 0 by S6 and left out.
    float64 : Θ and its eigenvalues in float64, and infinity for a smallest one that rounding decides. Otherwise as published:
        in the type of J, 10⁵ for what is not finite, and a sign by chance.

    By hand: for scores alone. Checked by test_train_free.test_the_tiny_network_has_its_frozen_kernel.
    """
    wide = rows.astype(np.float64) if float64 else rows
    values = np.linalg.eigvalsh(wide @ wide.T)[known_zeros:]
    if not float64:
        with np.errstate(divide="ignore", invalid="ignore"):
            found = float(values[-1] / values[0])
        return found if np.isfinite(found) else NOT_FINITE
    rounding = len(rows) * float(np.finfo(rows.dtype).eps) * values[-1]
    return float(values[-1] / values[0]) if values[0] > rounding else np.inf


def kernel_condition(net: ImageNetwork, batches: list[np.ndarray], statistics: str = "frozen") -> float:
    """The condition of the tangent kernel over some batches of images, each (samples, channels, rows, columns).

    statistics : ``frozen`` (S5), ``batch`` without the zeros that S6 proves, or ``published`` with them, in float32.
    """
    frozen = statistics == "frozen"
    rows = [image_scores.sample_gradients(net.layout, net.parameters, net.images(x), frozen) for x in batches]
    zeros = len(batches) if statistics == "batch" else 0
    return condition(np.concatenate(rows), zeros, statistics != "published")


def linear_regions(net: ImageNetwork, images: np.ndarray) -> int:
    """The number of different patterns of relu among the images (S2)."""
    assert net.layout.tables is not None
    return len(np.unique(image_scores.patterns(net.layout.tables, net.parameters, net.images(images)), axis=0))


def kernel_scores(
    net: ImageNetwork, splits: list[Split], images: np.ndarray, options: TrainFree, statistics: str, seed: int
) -> dict[Split, list[float]]:
    """(κ with the split - κ without)/κ without, for each draw of weights; the smaller, the better (S3).

    By hand: S3, for scores alone. Checked by test_train_free.test_pairs_have_the_same_draw.
    """
    size = options.samples
    batches = [images[k * size : (k + 1) * size] for k in range(options.batches)]
    found: dict[Split, list[float]] = {split: [] for split in splits}
    for draw in range(options.repeats):
        off = rebuilt(net, options.channels, net.structure.image, seed + draw)
        before = kernel_condition(off, batches, statistics)
        for split in splits:
            after = kernel_condition(opened(off, split, seed + draw), batches, statistics)
            found[split].append(change(before, after))
    return found


def change(before: float, after: float) -> float:
    """The relative change of a condition: -1 from an infinite one to a finite one, 0 between two, `NOT_FINITE` to one.

    By hand: S3, for scores alone. Checked by test_train_free.test_a_condition_that_is_infinite_has_a_change.
    """
    if np.isinf(before):
        return 0.0 if np.isinf(after) else -1.0
    return NOT_FINITE if np.isinf(after) else (after - before) / before


def region_side(reductions: int) -> int:
    """Rows and columns of the crops whose linear regions are counted.

    By hand: a size. Checked by test_image_search.test_scores_without_training_are_refused_before_the_first_round.
    """
    return max(2**reductions, 4 if reductions else 3)


def region_scores(
    net: ImageNetwork, splits: list[Split], images: np.ndarray, options: TrainFree, seed: int
) -> dict[Split, list[float]]:
    """(regions with the split - without)/without, for each draw of weights; the larger, the better (S3).

    The images are crops of one channel, as small as the reductions allow and at least 3 × 3. The authors leave the stem out;
    here it is one more convolution from one channel.

    By hand: S3, for scores alone. Checked by test_train_free.test_pairs_have_the_same_draw.
    """
    side = region_side(net.structure.reductions)
    crops = _crops(images, side, options.regions, seed)
    found: dict[Split, list[float]] = {split: [] for split in splits}
    for draw in range(options.repeats):
        off = rebuilt(net, options.region_channels, (1, side, side), seed + draw)
        before = linear_regions(off, crops)
        for split in splits:
            after = linear_regions(opened(off, split, seed + draw), crops)
            found[split].append((after - before) / before)
    return found


def rebuilt(net: ImageNetwork, channels: int, image: tuple[int, int, int], seed: int) -> ImageNetwork:
    """A new draw of a network of the same cells with other channels and images; λ = 1 everywhere."""
    structure = replace(net.structure, channels=channels, image=image, drop_path=0.0)
    return ImageNetwork.of(structure, net.dtype, seed)


def opened(off: ImageNetwork, split: Split, seed: int) -> ImageNetwork:
    """The network with a split whose new operations all count; every old number is the same."""
    on = off.split_edge(split[0], split[1], seed=seed)
    for name, values in on.groups.items():
        if name.startswith("eigenvalues"):
            values[...] = 1
    return on


def published_choice(kernels: dict[Split, list[float]], regions: dict[Split, list[float]]) -> dict[Split, float]:
    """½ [(1 - minmax of ΔLRC) + minmax of ΔNTK] of the splits with ΔLRC > 0 and ΔNTK <= 0; the smallest is chosen (S3).

    If all ΔLRC are equal, the first part is 1 - ΔLRC/max. If no split meets the conditions, all splits are compared.

    By hand: S3. Checked by test_train_free.test_the_published_choice_by_hand.
    """
    changes = {split: (float(np.mean(kernels[split])), float(np.mean(regions[split]))) for split in kernels}
    chosen = {split: both for split, both in changes.items() if both[1] > 0 and both[0] <= 0} or changes
    ntk, lrc = (np.array([both[k] for both in chosen.values()]) for k in (0, 1))
    part = _minmax(lrc) if np.ptp(lrc) else lrc / (np.max(lrc) or 1)
    return dict(zip(chosen, (((1 - part) + _minmax(ntk)) / 2).tolist(), strict=True))


def _minmax(values: np.ndarray) -> np.ndarray:
    """The values moved to 0 to 1.

    By hand: S3. Checked by test_train_free.test_the_published_choice_by_hand.
    """
    return (values - values.min()) / (np.ptp(values) or 1)


def _crops(images: np.ndarray, side: int, count: int, seed: int) -> np.ndarray:
    """Squares of one channel, at random places of random images (count, 1, side, side)."""
    generator = np.random.default_rng((seed, 2))
    samples, channels, rows, columns = images.shape
    chosen = generator.integers(0, (samples, channels, rows - side + 1, columns - side + 1), (count, 4))
    return np.stack([images[s, c : c + 1, r : r + side, q : q + side] for s, c, r, q in chosen])
