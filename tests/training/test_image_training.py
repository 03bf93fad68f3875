"""Training of image networks: it learns, resumes with the same bits, and moves the running statistics."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectral_core.backends.cpu_images import shrunk_nodes
from spectral_core.data.augmentation import Augmentation, changed
from spectral_core.data.images import ImageData, load_images
from spectral_core.errors import InvalidInputError
from spectral_core.kernels.cpu import images as kernels
from spectral_core.networks.cells import Cell
from spectral_core.networks.image import ImageNetwork
from spectral_core.training.options import StepOptions
from spectral_core.training.results import Progress, TrainingResult
from spectral_core.training.step_arrays import step_arrays
from spectral_core.training.trainer import train

CELL = Cell(1, 2, {(0, 1): ("identity", "max3", "mean3", "sep3", "dil3")})
OPTIONS: dict[str, Any] = {
    "loss": "cross_entropy",
    "optimizer": "sgd",
    "momentum": 0.9,
    "schedule": "cosine",
    "learning_rate": 0.05,
    "batch_size": 16,
}


def bars(samples: int = 96, **options: Any) -> ImageData:
    """Images of noise with a bright row, a bright column, or neither."""
    generator = np.random.default_rng(1)
    images, labels = generator.normal(size=(samples, 1, 6, 6)), np.arange(samples) % 3
    for image, label in zip(images, labels, strict=True):
        if label == 0:
            image[0, generator.integers(6)] += 3
        elif label == 1:
            image[0, :, generator.integers(6)] += 3
    return load_images((images, labels), **options)


def network(**options: Any) -> ImageNetwork:
    return ImageNetwork.initialize(3, 0, 3, image=(1, 6, 6), cells=[CELL], dtype="float64", **options)


def test_it_learns_rows_and_columns() -> None:
    data = bars()
    result = train(network(), data, data.labels, epochs=15, **OPTIONS)
    losses = result.history.training_loss
    assert losses[-1] < 0.35 * losses[0]
    found = result.network.forward(data.images).argmax(1)
    assert (found == data.labels).mean() > 0.9
    assert [len(norms) for norms in result.history.eigenvalue_norms] == [1] * 15


def interrupted(at: int) -> Any:
    def stop(progress: Progress[ImageNetwork]) -> None:
        if progress.epoch == at:
            raise KeyboardInterrupt

    return stop


def same(one: TrainingResult[ImageNetwork], other: TrainingResult[ImageNetwork]) -> bool:
    return one.history == other.history and bool((one.network.parameters == other.network.parameters).all())


def test_an_interrupted_training_goes_on_with_the_same_bits(tmp_path: Path) -> None:
    """With crops, flips, cutouts and drop-path, which all follow from the steps done."""
    data, net = bars(crop=1, flip=True, cutout=2, seed=3), network(drop_path=0.2, seed=2)
    options = OPTIONS | {"epochs": 4, "validation_data": (data.images, data.labels)}
    whole = train(net, data, data.labels, **options)
    assert same(whole, train(net, data, data.labels, **options))
    path = tmp_path / "training.npz"
    with pytest.raises(KeyboardInterrupt):
        train(net, data, data.labels, checkpoint=path, callbacks=[interrupted(2)], **options)
    assert path.exists()
    assert same(whole, train(net, data, data.labels, checkpoint=path, **options))
    other = train(net, bars(crop=1, flip=True, cutout=2, seed=4), data.labels, **options)
    assert not same(whole, other)


def test_running_statistics_follow_the_batches_and_no_optimizer_moves_them() -> None:
    data, net = bars(32), network()
    step = OPTIONS | {"batch_size": 32, "epochs": 1, "weight_decay": 0.1, "eigenvector_penalty": 0.1, "shuffle": False}
    after = train(net, data, data.labels, **step).network
    x = data.images.astype(np.float64)
    kernel = net.groups["kernels[stem]"]
    from tests import oracles_images as oracle

    mean, variance = oracle.statistics(oracle.dense_convolution(x, kernel, (1, 1, 1)))
    count = x[:, 0].size
    np.testing.assert_allclose(after.groups["running_means[stem]"], 0.1 * mean, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(
        after.groups["running_variances[stem]"], 0.9 + 0.1 * variance * count / (count - 1), rtol=1e-12
    )
    assert (after.groups["kernels[stem]"] != kernel).all()


@given(first=st.integers(0, 2), huge=st.booleans())
def test_a_batch_without_weight_is_as_if_it_were_not_there(first: int, huge: bool) -> None:
    """It takes no step, and moves no running statistic either."""
    data, net = bars(24), network()
    empty = np.arange(24) // 8 == first
    images = np.where(empty[:, None, None, None] & huge, 1e19, data.images)
    options = OPTIONS | {"batch_size": 8, "epochs": 1, "shuffle": False, "schedule": "constant"}
    weighted = train(net, images, data.labels, sample_weight=(~empty).astype(float), **options)
    without = train(net, data.images[~empty], data.labels[~empty], **options)
    np.testing.assert_allclose(weighted.network.parameters, without.network.parameters, rtol=1e-13, atol=1e-13)
    assert weighted.state.step == without.state.step == 2


def test_eigenvalues_of_a_node_keep_their_norm() -> None:
    """The squares of those that a penalty shrinks have mean 1 after each step; a node of zeros stays 0, others are free."""
    cells = [Cell(1, 3, {(0, 1): ("identity", "max3", "sep3"), (1, 2): ("identity", "mean3"), (0, 2): ("max3",)})]
    net = ImageNetwork.initialize(3, 0, 3, image=(1, 6, 6), cells=cells, dtype="float64", seed=2)
    net.groups["eigenvalues[0,0,1]"][...] = [0.3, 2.0, -1.0]
    shrunk = OPTIONS | {"penalty": "l1", "penalty_strength": 0.2, "proximal": True, "epochs": 2}
    data = bars()
    found = train(net, data, data.labels, **shrunk).network.groups
    into = {
        1: found["eigenvalues[0,0,1]"],
        2: np.concatenate([found["eigenvalues[0,1,2]"], found["eigenvalues[0,0,2]"]]),
    }
    for values in into.values():
        assert np.mean(values**2) == pytest.approx(1.0, abs=1e-12)
        assert len({float(abs(value)) for value in values}) > 1
    free = train(net, data, data.labels, **OPTIONS | {"epochs": 2}).network.groups
    assert abs(np.mean(free["eigenvalues[0,0,1]"] ** 2) - 1) > 1e-3
    net.groups["eigenvalues[0,0,1]"][...] = 0
    silent = train(net, data, data.labels, **shrunk | {"penalty_strength": 1e3, "epochs": 1}).network.groups
    assert not silent["eigenvalues[0,0,1]"].any()


def test_running_statistics_follow_the_scale_of_a_node() -> None:
    """Outputs in evaluation do not change where eigenvalues are scaled, up to ε."""
    cells = [Cell(1, 3, {(0, 1): ("identity", "max3", "sep3"), (1, 2): ("identity", "mean3"), (0, 2): ("max3",)})]
    data = bars()
    net = ImageNetwork.initialize(3, 0, 3, image=(1, 6, 6), cells=cells, dtype="float64", seed=2)
    net = train(net, data, data.labels, **OPTIONS | {"epochs": 2}).network
    options = StepOptions(
        **{k: v for k, v in OPTIONS.items() if k != "loss"}, penalty="l1", penalty_strength=0.1, proximal=True
    )
    starts, places, running = shrunk_nodes(step_arrays(net, net.problem(data, data.labels), options))
    assert sorted(np.diff(starts).tolist()) == [3, 3]
    scaled = net.with_parameters(net.parameters)
    scaled.parameters[places[:3]] *= 4
    kernels.keep_norms(scaled.parameters, starts, places, running)
    values = scaled.parameters[places].reshape(2, 3)
    np.testing.assert_allclose(np.mean(values**2, axis=1), 1)
    # The factor 4 was not followed by the statistics, so the same without it is what is kept.
    kept = net.with_parameters(net.parameters)
    kernels.keep_norms(kept.parameters, starts, places, running)
    np.testing.assert_allclose(kept.forward(data.images), net.forward(data.images), atol=1e-3)
    assert not np.allclose(kept.parameters, net.parameters)


def test_a_penalty_that_a_node_does_not_see_is_refused() -> None:
    data = bars()
    with pytest.raises(
        InvalidInputError, match="penalty='l2' with proximal=True shrinks all eigenvalues of a node alike"
    ):
        train(network(), data, data.labels, **OPTIONS, penalty="l2", penalty_strength=0.1, proximal=True)


def test_the_scale_of_a_nodes_eigenvalues_is_not_seen() -> None:
    """Outputs in training mode are those of ten times the eigenvalues, up to ε; the slopes are orthogonal to them (I13)."""
    data = bars(12)
    net = network(seed=1)
    values = net.groups["eigenvalues[0,0,1]"]
    values[...] = np.linspace(-1, 2, len(values))
    loss, slopes = net.loss_and_gradients(data, data.labels)
    values *= 10
    scaled, smaller = net.loss_and_gradients(data, data.labels)
    assert scaled == pytest.approx(loss, abs=1e-5)
    here, there = slopes["eigenvalues[0,0,1]"], smaller["eigenvalues[0,0,1]"]
    np.testing.assert_allclose(there, here / 10, rtol=1e-3, atol=1e-6)
    assert abs(here @ values) < 1e-4 * np.linalg.norm(here) * np.linalg.norm(values)


def test_published_gates_stay_within_their_limit() -> None:
    data = bars(32)
    result = train(network(gates="published"), data, data.labels, **(OPTIONS | {"epochs": 4, "learning_rate": 5.0}))
    gates = result.network.groups["gates[0,0,1]"]
    assert np.abs(gates).max() == 0.05


def test_augmentation_moves_flips_and_cuts() -> None:
    image = np.arange(12.0).reshape(1, 1, 12)
    result = changed(image, np.array([[1, 0, 0, 0, 0, 0, 0]]), (3, 4))
    assert result.reshape(3, 4).tolist() == [[4, 5, 6, 7], [8, 9, 10, 11], [0, 0, 0, 0]]
    result = changed(image, np.array([[0, 1, 1, 0, 1, 0, 2]]), (3, 4))
    assert result.reshape(3, 4).tolist() == [[0, 0, 2, 1], [0, 7, 6, 5], [0, 11, 10, 9]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"loss": "huber"}, "loss='cross_entropy'; got 'huber'"),
        ({"optimizer": "lbfgs"}, "an image network learns by mini-batches"),
        ({"fixed_ends": True}, "fixed_ends is for layers with eigenvalues; this network is image"),
    ],
)
def test_what_has_no_meaning_for_images_is_named(options: dict[str, Any], message: str) -> None:
    data = bars(8)
    with pytest.raises(InvalidInputError, match=message):
        train(network(), data, data.labels, **({"loss": "cross_entropy"} | options))


def test_data_tells_its_augmentation() -> None:
    assert bars(8, crop=2).augmentation == Augmentation(crop=2)
    assert bars(8).augmentation is None


@pytest.mark.parametrize("gates", ["spectral", "published"])
@pytest.mark.parametrize("option", ["weight_decay", "eigenvector_penalty"])
def test_a_single_decay_acts_on_all_but_gates_and_statistics(gates: str, option: str) -> None:
    """Decay would close published gates for no reason of the loss."""
    data, net = bars(16), network(gates=gates)
    arrays = step_arrays(net, net.problem(data, data.labels), StepOptions(**{option: 0.1}))
    values = np.zeros(net.parameters.size)
    rows, numbers = (
        (arrays.trainable, arrays.decays) if option == "weight_decay" else (arrays.penalised, arrays.strengths)
    )
    for row, number in zip(rows, numbers, strict=True):
        values[row[0] : row[1]] = number
    for name, group in net.layout.groups.items():
        expected = 0 if name.startswith(("gates", "eigenvalues", "running")) else 0.1
        assert (group.view(values) == expected).all(), name
    family = "gates" if gates == "published" else "eigenvalues"
    named = step_arrays(net, net.problem(data, data.labels), StepOptions(**{option: {family: 0.1}}))
    assert (named.decays if option == "weight_decay" else named.strengths).max() == 0.1


@pytest.mark.parametrize(
    ("gates", "options", "message"),
    [
        ("published", {"penalty_strength": 0.5}, "penalty_strength is for eigenvalues; a network with published gates has none"),
        ("published", {"proximal": True}, "proximal is for eigenvalues"),
        ("published", {"eigenvalue_learning_rate": 0.5}, "eigenvalue_learning_rate is for eigenvalues"),
        ("spectral", {"eigenvector_penalty": {"running_variances": 5.0}}, "no optimizer moves running_variances"),
        ("spectral", {"weight_decay": {"running_means[stem]": 5.0}}, r"no optimizer moves running_means\[stem\]"),
        ("published", {"weight_decay": {"running_means": 5.0, "gates": 0.1}}, "no optimizer moves running_means"),
    ],
)  # fmt: skip
def test_an_option_that_would_move_nothing_is_refused(gates: str, options: dict[str, Any], message: str) -> None:
    data = bars(8)
    with pytest.raises(InvalidInputError, match=message):
        train(network(gates=gates), data, data.labels, loss="cross_entropy", **options)
