"""Image networks against their definition, node by node: outputs, losses, running statistics."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from spectral_core.data import counters
from spectral_core.data.images import load_images
from spectral_core.networks.image import ImageNetwork
from spectral_core.training.results import Progress
from spectral_core.training.trainer import train
from tests import oracles_images as oracle

OPTIONS: list[dict[str, Any]] = [{}, {"scaled_first": True}, {"published": True}, {"drop_path": 0.4}]
GENERATOR = np.random.default_rng(2)
IMAGES, LABELS, WEIGHTS = GENERATOR.normal(size=(7, 2, 8, 4)), GENERATOR.integers(0, 3, 7), GENERATOR.random(7)


def grown(**options: Any) -> ImageNetwork:
    """Three cells, two of them split, no group at its start."""
    net = ImageNetwork.initialize(2, 2, 3, image=(2, 8, 4), dtype="float64", seed=3, **options)
    net = net.split_edge(1, (0, 2), seed=1).split_edge(0, (0, 1), seed=2)
    generator = np.random.default_rng(0)
    for name, values in net.groups.items():
        family = name.split("[")[0]
        if family in ("scales", "shifts", "eigenvalues", "running_means"):
            values += generator.uniform(-0.4, 0.4, values.shape)
        elif family == "gates":
            values[...] = generator.uniform(-0.01, 0.01, values.shape)
        elif family == "running_variances":
            values *= generator.uniform(0.4, 2, values.shape)
    return net


def masks(net: ImageNetwork, step: int) -> np.ndarray | None:
    """Drop-path of an epoch that begins at this step."""
    structure = net.structure
    if not structure.drop_path:
        return None
    count = sum(name != "identity" for cell in structure.cells for _, names in cell.edges for name in names)
    words = counters.words(counters.key_of(structure.seed, step, 1), 0, count * len(IMAGES))
    return (words >= structure.drop_path * 2.0**32).reshape(count, len(IMAGES)).astype(float)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_outputs_and_losses_are_those_of_the_definition(options: dict[str, Any]) -> None:
    net = grown(**options)
    judged = oracle.NetworkByDefinition(net.structure, net.groups, training=False).logits(IMAGES)
    np.testing.assert_allclose(net.forward(IMAGES), judged[-1], rtol=0, atol=1e-12)
    expected = oracle.weighted_cross_entropy(judged[-1], LABELS, WEIGHTS)
    assert abs(net.loss(IMAGES, LABELS, WEIGHTS) - expected) < 1e-13
    learning = oracle.NetworkByDefinition(net.structure, net.groups, training=True, kept=masks(net, 0)).logits(IMAGES)
    loss, _ = net.loss_and_gradients(IMAGES, LABELS, WEIGHTS, seed=net.structure.seed)
    assert abs(loss - oracle.training_loss(learning, LABELS, WEIGHTS)) < 1e-12


@pytest.mark.parametrize(
    ("options", "changes"),
    [
        ({}, {"crop": 2}),
        ({"scaled_first": True}, {"flip": True}),
        ({"published": True}, {"cutout": 3}),
        ({"drop_path": 0.4}, {}),
        ({"drop_path": 0.4, "published": True}, {"crop": 1, "flip": True, "cutout": 2}),
    ],
)
def test_epochs_see_what_the_definition_sees(options: dict[str, Any], changes: dict[str, Any]) -> None:
    """Losses and running statistics of two epochs of one batch, with their drop-path and random changes."""
    data, networks = load_images((IMAGES, LABELS), standardise=False, seed=5, **changes), [grown(**options)]

    def keep(progress: Progress[ImageNetwork]) -> None:
        networks.append(progress.network)

    result = train(
        networks[0], data, LABELS, loss="cross_entropy", epochs=2, batch_size=7, shuffle=False, callbacks=[keep],
        sample_weight=WEIGHTS,
    )  # fmt: skip
    for step, (before, after) in enumerate(pairwise(networks)):
        images = data.images.astype(np.float64)
        if data.augmentation is not None:
            images = oracle.augmented(images, data.augmentation.changes(step, 7, (8, 4)))
        truth = oracle.NetworkByDefinition(before.structure, before.groups, training=True, kept=masks(before, step))
        expected = oracle.training_loss(truth.logits(images), LABELS, WEIGHTS)
        assert abs(result.history.training_loss[step] - expected) < 1e-12
        for name, values in oracle.moved_statistics(before.groups, truth.seen).items():
            np.testing.assert_allclose(after.groups[name], values, rtol=0, atol=1e-12, err_msg=name)
