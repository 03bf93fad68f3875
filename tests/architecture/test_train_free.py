"""Scores of splits: the slope score from its definition, tangent kernels and linear regions of the tiny network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from spectral_core.architecture import train_free
from spectral_core.architecture.train_free import TrainFree
from spectral_core.backends import image_scores
from spectral_core.errors import InvalidInputError
from spectral_core.networks.image import ImageNetwork
from tests import oracles_images as oracle
from tests.networks.test_image_network import batch, grown, tiny


def rows(frozen: bool) -> np.ndarray:
    net, (x, _) = tiny(), oracle.tiny_images()
    return image_scores.sample_gradients(net.layout, net.parameters, net.images(x), frozen)


def test_the_tiny_network_has_its_frozen_kernel() -> None:
    found = rows(frozen=True)
    assert abs(np.sum(found**2) - 14.630596415242358) < 1e-11
    truth = [0.0285209092833, 0.0817109237121, 0.121329759586, 0.386557157005, 2.34986561993, 11.6626120457]
    np.testing.assert_allclose(np.linalg.eigvalsh(found @ found.T), truth, rtol=1e-10)
    assert abs(train_free.condition(found) - 408.91445394938) < 1e-6


def test_the_tiny_network_has_its_exact_kernel() -> None:
    found = rows(frozen=False)
    assert abs(np.sum(found**2) - 11.266147657754827) < 1e-11
    assert abs(train_free.condition(found) - 570.83773058999) < 1e-6


def test_the_tiny_network_has_its_linear_regions() -> None:
    net, (x, _) = tiny(), oracle.tiny_images()
    assert net.layout.tables is not None
    bits = image_scores.patterns(net.layout.tables, net.parameters, net.images(x))
    assert train_free.linear_regions(net, x) == 6
    assert (bits.shape, int(np.unpackbits(bits).sum())) == ((6, 14), 267)
    assert train_free.linear_regions(net, np.concatenate([x, x[:2]])) <= 8
    assert train_free.linear_regions(net, np.repeat(x[:1], 4, 0)) == 1


def test_the_published_kernel_is_singular_at_its_own_start() -> None:
    """S6: with β = 0 the rows of each batch add up to 0, so the smallest eigenvalues are 0, one for each batch."""
    net = ImageNetwork.initialize(2, 1, 3, image=(2, 8, 8), dtype="float64", seed=2)
    x, _ = batch(8)
    found = image_scores.sample_gradients(net.layout, net.parameters, net.images(x), False)
    assert np.abs(found.sum(0)).max() < 1e-12 * np.linalg.norm(found)
    assert train_free.condition(found) == np.inf
    assert 1 < train_free.kernel_condition(net, [x[:4], x[4:]], "batch") < 1e6
    assert 1 < train_free.kernel_condition(net, [x[:4], x[4:]], "frozen") < 1e6


def test_the_slope_score_is_that_of_its_definition() -> None:
    """Each split alone: slopes at λ = 0 by differences of the loss, sizes from the sum that an operation adds."""
    net, (x, y) = grown(), batch(5)
    wide, names = train_free.with_every_split(net, seed=7)
    assert net.loss_and_gradients(x, y)[0] == wide.loss_and_gradients(x, y)[0]
    assert len(names) == len(train_free.splits_of(net)) == len(set(names.values()))
    scores = train_free.slope_scores(net, x, y, seed=7)
    assert wide.layout.tables is not None
    for split in [(0, (0, 1)), (1, (3, 4)), (1, (0, 3))]:
        values, truth = wide.groups[names[split]], 0.0
        before = image_scores.forward(wide.layout.tables, wide.parameters, wide.images(x))
        receiver = next(o["receiver"] for o in before.operations if o["gate"] == wide.layout.groups[names[split]].start)
        for k in range(len(values)):
            h = 1e-6
            losses = []
            for sign in (1, -1):
                values[k] = sign * h
                losses.append(wide.loss_and_gradients(x, y)[0])
            values[k] = 1.0
            after = image_scores.forward(wide.layout.tables, wide.parameters, wide.images(x))
            size = np.sum((after.z[receiver] - before.z[receiver]) ** 2)
            values[k] = 0.0
            truth += ((losses[0] - losses[1]) / (2 * h)) ** 2 / size
        assert scores[split] == pytest.approx(truth, rel=1e-4), split


def test_pairs_have_the_same_draw() -> None:
    """With and without a split, every other number is equal; the score depends on the seed alone."""
    net, (x, _) = grown("float32"), batch(12)
    off = train_free.rebuilt(net, 2, (2, 8, 8), 4)
    on = train_free.opened(off, (1, (2, 3)), 4)
    assert (on.groups["kernels[stem]"] == off.groups["kernels[stem]"]).all()
    assert (on.groups["towers[1]"] == off.groups["towers[1]"]).all()
    assert (on.groups["eigenvalues[1,3,4]"] == 1).all()
    splits = [(0, (0, 1)), (1, (2, 3))]
    small = TrainFree(channels=1, samples=4, batches=1, repeats=2, regions=40)
    images = x.astype(np.float32)
    first = train_free.kernel_scores(net, splits, images, small, "frozen", 3)
    assert first == train_free.kernel_scores(net, splits, images, small, "frozen", 3)
    # Nearly constant images share patterns of relu; where each has its own, no split could change the number.
    flat = (np.linspace(-1, 1, len(x))[:, None, None, None] + 0.01 * x).astype(np.float32)
    regions = train_free.region_scores(net, splits, flat, small, 3)
    assert {split: len(values) for split, values in regions.items()} == dict.fromkeys(splits, 2)
    side = train_free.region_side(net.structure.reductions)
    crops = train_free._crops(flat, side, small.regions, 3)
    for draw in range(2):
        off = train_free.rebuilt(net, small.region_channels, (1, side, side), 3 + draw)
        before = train_free.linear_regions(off, crops)
        for split in splits:
            after = train_free.linear_regions(train_free.opened(off, split, 3 + draw), crops)
            assert regions[split][draw] == (after - before) / before
    assert all(value > 0 for values in regions.values() for value in values)
    off = train_free.rebuilt(net, 1, net.structure.image, 3)
    before, after = (
        train_free.kernel_condition(one, [images[:4]]) for one in (off, train_free.opened(off, splits[0], 3))
    )
    assert first[splits[0]][0] == (after - before) / before


def test_a_condition_that_is_infinite_has_a_change() -> None:
    """No score is NaN, and the smallest one never is that of a split whose kernel becomes singular."""
    infinite = float("inf")
    assert train_free.change(4.0, 5.0) == 0.25
    assert train_free.change(infinite, 5.0) == -1
    assert train_free.change(infinite, infinite) == 0
    assert 4.0 < train_free.change(4.0, infinite) < infinite
    net, (x, _) = grown(), batch(8)
    x[4:] = x[:4]
    sizes = TrainFree(channels=1, samples=4, batches=2, repeats=2, regions=4)
    for found in train_free.kernel_scores(net, train_free.splits_of(net), x, sizes, "frozen", 0).values():
        assert found == [0.0, 0.0]


@pytest.mark.parametrize("sizes", [{"samples": 1}, {"batches": 0}, {"repeats": 1.5}, {"regions": "all"}])
def test_sizes_are_whole_numbers(sizes: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError, match=rf"train_free\.{next(iter(sizes))} must be a whole number"):
        TrainFree(**sizes)


def test_the_published_choice_by_hand() -> None:
    a, b, c = (0, (0, 1)), (0, (1, 2)), (1, (0, 2))
    kernels = {a: [-0.2, -0.4], b: [-0.1], c: [0.5]}
    regions = {a: [0.1], b: [0.3], c: [0.9]}
    assert train_free.published_choice(kernels, regions) == {a: pytest.approx(0.5), b: pytest.approx(0.5)}
    assert train_free.published_choice({a: [-0.2], b: [-0.1]}, {a: [0.2], b: [0.2]}) == {a: 0.0, b: 0.5}
    assert set(train_free.published_choice({a: [0.1], b: [0.2]}, {a: [0.1], b: [0.1]})) == {a, b}
