"""What image networks are given: images of another shape or on a GPU, data of `load_images`, batches of one value."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from spectral_core.backends import choice
from spectral_core.data.images import load_images
from spectral_core.errors import BackendError, InvalidInputError
from spectral_core.networks.cells import Cell
from spectral_core.networks.image import ImageNetwork
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.training.ensemble import train_ensemble
from spectral_core.training.trainer import train

CELL = Cell(1, 2, {(0, 1): ("identity", "max3", "dil3")})
NET = ImageNetwork.initialize(2, 0, 3, image=(1, 4, 6), cells=[CELL])
GENERATOR = np.random.default_rng(0)
X, Y = GENERATOR.normal(size=(9, 1, 4, 6)), np.arange(9) % 3
THERE = SimpleNamespace(__cuda_array_interface__={"shape": X.shape, "typestr": "<f4", "data": (0, False), "version": 3})


def trained(x: Any = X, y: Any = Y, net: ImageNetwork = NET, **options: Any) -> Any:
    return train(net, x, y, **({"loss": "cross_entropy", "epochs": 1, "batch_size": 4} | options))


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        (X.reshape(9, 24), r"X.reshape\(-1, 1, 4, 6\) makes images of flat pixels"),
        (X[:, 0], r"X\[:, None\] gives images without channels one"),
        (X[0], r"X\[None\] makes one image a batch"),
        (X.transpose(0, 2, 3, 1), r"X.transpose\(0, 3, 1, 2\) brings channels to the front"),
        (X[:, :, :3], r"got \(9, 1, 3, 6\)$"),
        (X[0, 0, 0], r"got \(6,\)$"),
    ],
)
def test_another_shape_is_named_with_what_mends_it(given: np.ndarray, hint: str) -> None:
    for call in (NET.forward, lambda x: NET.loss(x, Y), lambda x: trained(x)):
        with pytest.raises(InvalidInputError, match=rf"X must have shape \(samples, 1, 4, 6\).*{hint}"):
            call(given)


def test_a_network_takes_data_as_its_images() -> None:
    data = load_images((X, Y), standardise=False)
    assert (NET.forward(data) == NET.forward(X)).all()
    assert NET.loss(data, data.labels) == NET.loss(X, Y)
    assert NET.loss_and_gradients(data, Y)[0] == NET.loss_and_gradients(X, Y)[0]
    assert (trained(data).network.parameters == trained().network.parameters).all()


def test_image_networks_take_no_arrays_on_a_gpu() -> None:
    for call in (
        lambda: NET.forward(THERE),
        lambda: trained(THERE),
        lambda: trained(y=THERE),
        lambda: trained(sample_weight=THERE),
        lambda: trained(validation_data=(THERE, Y)),
        lambda: load_images((THERE, Y)),
        lambda: load_images((X, THERE)),
    ):
        with pytest.raises(InvalidInputError, match="lies on a GPU; image networks take arrays here: copy it first"):
            call()
    if why := choice.unavailable_because():
        with pytest.raises(BackendError, match=re.escape(f"backend 'cuda' cannot be used: {why}")):
            trained(backend="cuda")


SMALL = ImageNetwork.initialize(2, 0, 3, image=(1, 1, 1), cells=[CELL])
PIXELS = GENERATOR.normal(size=(9, 1, 1, 1))


@pytest.mark.parametrize(
    ("batch_size", "message"),
    [
        (
            4,
            "the last batch of an epoch has one image, and the last planes have one pixel; another batch_size or drop_last=True avoids it",
        ),
        (1, "batch_size=1 gives batches of one image, and the last planes have one pixel"),
    ],
)
def test_a_batch_of_one_value_is_refused_before_the_training(batch_size: int, message: str) -> None:
    with pytest.raises(InvalidInputError, match=f"a batch norm needs two values of a channel: {message}"):
        trained(PIXELS, Y, SMALL, batch_size=batch_size)


def test_one_image_can_be_judged_and_batches_of_more_can_be_learned() -> None:
    """Evaluation has the running statistics, whatever the batch."""
    assert np.isfinite(SMALL.loss(PIXELS[:1], Y[:1]))
    result = trained(PIXELS, Y, SMALL, drop_last=True, validation_data=(PIXELS[:1], Y[:1]))
    assert np.isfinite([*result.history.training_loss, *result.history.validation_loss]).all()
    assert np.isfinite(
        trained(X, Y, batch_size=4).history.training_loss
    ).all()  # 9 images of 24 pixels: the last is alone


def test_an_ensemble_is_of_spectral_networks() -> None:
    for nets, message in ((NET, "nets must be a sequence"), ([NET, NET], r"nets\[0\] must be a SpectralNetwork")):
        with pytest.raises(InvalidInputError, match=message):
            train_ensemble(nets, X, Y, seeds=[0, 1], loss="cross_entropy", epochs=1)  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match=r"nets\[1\] must be a SpectralNetwork; got ImageNetwork"):
        train_ensemble([SpectralNetwork.initialize([2, 3, 1]), NET], X, Y, seeds=[0, 1])  # type: ignore[list-item]
