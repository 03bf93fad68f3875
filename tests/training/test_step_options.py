"""Weight decay, clipping and label smoothing against loops written from the papers; numbers that a type cannot hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from spectral_core.errors import InvalidInputError
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.training.trainer import train
from tests import oracles
from tests.builders import PARAMETRIZATIONS, SAMPLES, Truth, data, eigenvalues, model_of, network
from tests.oracles import Model

CHECK = settings(
    deadline=None,
    derandomize=True,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@given(
    st.sampled_from([*PARAMETRIZATIONS, (3, 1), (3, 2)]),
    st.sampled_from(["squared_error", "binary_cross_entropy", "cross_entropy"]),
    st.sampled_from(["adam", "plain", "nesterov"]),
    st.sampled_from([0.0, 0.5, "eigenvalues"]),
    st.sampled_from([None, 0.1, 100.0]),
    st.sampled_from([0.0, 0.3, 1.0]),
    st.booleans(),
    st.integers(1, SAMPLES),
    st.integers(0, 2**16),
)
@CHECK
def test_steps_are_those_of_the_loop_from_the_papers(
    form: Any, loss: str, optimizer: str, decay: Any, limit: float | None, smoothing: float, weighted: bool, batch: int,
    seed: int,
) -> None:  # fmt: skip
    assume(loss != "cross_entropy" or isinstance(form, str) or form[1] > 1)
    smoothing = 0.0 if loss == "squared_error" else smoothing
    model = (
        model_of(form, widths=(4, 3, 2)) if isinstance(form, str) else Model("global", (3, 5, form[1]), "tanh", True)
    )
    assume(decay != "eigenvalues" or model.parametrization != "direct")
    theta, x, y = data(model, seed, loss)
    weight = np.random.default_rng(seed).uniform(0.5, 2, SAMPLES) if weighted else None
    rates = np.where(eigenvalues(model), 0.02, 0.05)
    truth = Truth(model, x, y, batch, loss, "l2", 0.3, weight)
    truth.limit, truth.smoothing = limit or np.inf, smoothing
    steps = 2 * len(truth.rows)
    truth.factors = np.array([oracles.rate_factor("cosine", 0.3, 0.0, steps, step) for step in range(steps)])
    decays = 0.5 * eigenvalues(model) if decay == "eigenvalues" else decay * ~eigenvalues(model)
    options: dict[str, Any] = {"schedule": "cosine", "warmup": 0.3, "clip_norm": limit, "label_smoothing": smoothing}
    options["weight_decay"] = {"eigenvalues": 0.5} if decay == "eigenvalues" else decay

    def rate(step: int) -> np.ndarray:
        return truth.factors[step] * rates

    if optimizer == "adam":
        options |= {"betas": (0.8, 0.95), "epsilon": 1e-3}
        ends = oracles.adam(theta, truth.slope, steps, rate, 0.8, 0.95, 1e-3, decay=decays)
    else:
        momentum, nesterov = (0.0 if optimizer == "plain" else 0.7), optimizer == "nesterov"
        options |= {"optimizer": "sgd", "momentum": momentum, "nesterov": nesterov}
        ends = oracles.sgd(theta, truth.slope, steps, rate, momentum, nesterov, decay=decays)
    result = train(
        network(model, theta), x, y, loss=loss, epochs=2, batch_size=batch, shuffle=False, learning_rate=0.05,
        eigenvalue_learning_rate=0.02, penalty="l2", penalty_strength=0.3, sample_weight=weight, **options,
    )  # fmt: skip
    np.testing.assert_allclose(result.network.parameters, ends, rtol=0, atol=1e-11)
    weights = [len(rows) if weight is None else weight[rows].sum() for rows in truth.rows]
    losses = np.reshape(truth.losses, (2, -1)) @ weights / sum(weights)
    np.testing.assert_allclose(result.history.training_loss, losses, rtol=1e-11)


@pytest.mark.parametrize("parametrization", PARAMETRIZATIONS)
def test_frozen_groups_neither_decay_nor_count_in_the_norm(parametrization: str) -> None:
    """The step of the free groups is that of a network whose frozen groups are constants: the norm is theirs alone."""
    model = model_of(parametrization)
    theta, x, y = data(model, 2)
    first = next(iter(network(model, theta).layout.groups))
    net = network(model, theta, frozen=(first,))
    result = train(
        net, x, y, epochs=1, batch_size=SAMPLES, optimizer="sgd", learning_rate=0.1, clip_norm=0.01, weight_decay=0.5
    )
    group = net.layout.groups[first]
    held = np.zeros(model.size, dtype=bool)
    held[group.start : group.stop] = True
    slope = Truth(model, x, y, SAMPLES, "squared_error", "l2", 0.0, None).slope(theta, 0)
    slope *= 0.01 / np.linalg.norm(slope[~held])
    expected = theta - 0.1 * slope - 0.1 * 0.5 * ~eigenvalues(model) * theta
    assert result.network.parameters[held].tobytes() == theta[held].tobytes()
    np.testing.assert_allclose(result.network.parameters[~held], expected[~held], rtol=0, atol=1e-13)


def test_the_validation_loss_is_not_smoothed() -> None:
    model = model_of("global")
    theta, x, y = data(model, 3, "cross_entropy")
    result = train(
        network(model, theta), x, y, loss="cross_entropy", epochs=2, label_smoothing=0.4, validation_data=(x, y)
    )
    assert result.history.validation_loss[-1] == pytest.approx(
        result.network.loss(x, y, loss="cross_entropy"), rel=1e-12
    )


OFF = {"clip_norm": None, "fixed_ends": False}


@pytest.mark.parametrize(
    "option", [{"weight_decay": 0.1}, {"clip_norm": 0.1}, {"label_smoothing": 0.1}, {"fixed_ends": True}], ids=str
)
def test_an_option_that_is_off_changes_no_bit(option: dict[str, float]) -> None:
    model = model_of("global")
    theta, x, y = data(model, 4, "cross_entropy")
    net, common = network(model, theta, dtype="float32"), {"loss": "cross_entropy", "epochs": 2, "batch_size": 3}
    (name,) = option
    plain = train(net, x, y, **common).network.parameters
    off = train(net, x, y, **common, **{name: OFF.get(name, 0.0)}).network.parameters
    assert plain.tobytes() == off.tobytes()
    assert plain.tobytes() != train(net, x, y, **common, **option).network.parameters.tobytes()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"weight_decay": -1}, "weight_decay must be at least 0; got -1"),
        ({"weight_decay": {"eigenvectors": -1}}, r"weight_decay\['eigenvectors'\] must be at least 0"),
        ({"weight_decay": {"blocks": 0.1}}, "no parameter group 'blocks'"),
        ({"clip_norm": 0}, "clip_norm must be more than 0; got 0"),
        ({"label_smoothing": 1.5, "loss": "cross_entropy"}, "label_smoothing must be at least 0 and at most 1; got 1.5"),
        ({"label_smoothing": 0.1}, "label_smoothing is for cross_entropy and binary_cross_entropy; the loss is squared_error"),
        ({"fixed_ends": 1}, "fixed_ends must be True or False; got 1"),
        ({"shuffle": "no"}, "shuffle must be True or False; got 'no'"),
    ],
    ids=str,
)  # fmt: skip
def test_step_options_that_are_refused(options: dict[str, Any], words: str) -> None:
    model = model_of("global")
    theta, x, y = data(model, 1, options.get("loss", "squared_error"))
    with pytest.raises(InvalidInputError, match=words):
        train(network(model, theta), x, y, **options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"betas": (0.9, 0.99999999)}, r"betas\[1\] must be less than 1 in float32; 0.99999999 is 1 there"),
        ({"betas": (0.99999999, 0.9)}, r"betas\[0\] must be less than 1 in float32"),
        ({"epsilon": 1e-50}, "epsilon must be a number of float32, and 1e-50 is 0 there"),
        ({"learning_rate": 1e-50}, "a learning rate must be a number of float32, and 1e-50 is 0 there"),
        ({"eigenvalue_learning_rate": 1e39}, "a learning rate must be a number of float32, and 1e\\+39 is inf there"),
        ({"penalty_strength": 1e39}, "a penalty's strength must be a number of float32, and 1e\\+39 is inf there"),
        ({"penalty_strength": 1e-45, "proximal": True}, "learning rate times penalty_strength must be a number of float32"),
        ({"weight_decay": 1e-50}, "weight_decay must be a number of float32, and 1e-50 is 0 there"),
        ({"clip_norm": 1e39}, "clip_norm must be a number of float32, and 1e\\+39 is inf there"),
    ],
    ids=str,
)  # fmt: skip
def test_numbers_are_checked_in_the_type_of_the_network(options: dict[str, Any], words: str) -> None:
    """They were checked in float64, and a training in float32 blamed the learning rate."""
    x, y = np.ones((3, 2)), np.arange(3.0)
    with pytest.raises(InvalidInputError, match=words):
        train(SpectralNetwork.initialize([2, 3, 1], seed=0), x, y, epochs=1, **options)
    train(
        SpectralNetwork.initialize([2, 3, 1], seed=0, dtype="float64"), x, y, epochs=1, **options | {"optimizer": "sgd"}
    )
