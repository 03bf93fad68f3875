"""Eigenvalues that a proximal penalty holds at 0 are exactly 0, and leave 0 when the step of the loss exceeds its strength."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_core import InvalidInputError, SpectralNetwork, train
from spectral_core.training.results import Progress
from tests.builders import random_network

CHECK = settings(deadline=None, max_examples=12)
seeds = st.integers(0, 2**32 - 1)
kinds = st.sampled_from(["group", "l1"])
EPOCHS = 12


def case(seed: int, kink: bool) -> tuple[SpectralNetwork, np.ndarray, np.ndarray]:
    """The linear seed, and a target that is linear or has a kink."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, (40, 2))
    y = x @ rng.normal(size=(2, 1)) + (2 * np.maximum(x[:, :1] + x[:, 1:], 0) if kink else 0)
    net = SpectralNetwork.initialize([2, 5, 1], dtype="float64", seed=seed)
    return net, x, y


def trained(net: SpectralNetwork, x: np.ndarray, y: np.ndarray, **options: Any) -> list[SpectralNetwork]:
    """The networks after each epoch."""
    found: list[SpectralNetwork] = []

    def note(progress: Progress[SpectralNetwork]) -> None:
        found.append(progress.network)

    train(net, x, y, epochs=EPOCHS, callbacks=[note], backend="cpu", **options)
    return found


def size(values: np.ndarray, kind: str) -> float:
    """What the penalty of a group compares with its strength: the dual norm."""
    return float(np.linalg.norm(values) if kind == "group" else abs(values).max())


@given(seeds, st.booleans(), kinds, st.booleans())
@CHECK
def test_sgd_leaves_0_exactly_when_the_gradient_is_larger_than_the_strength(
    seed: int, kink: bool, kind: str, pays: bool
) -> None:
    """Until then the training is that of a linear network with λ frozen at 0, whose gradients say what they would pay."""
    net, x, y = case(seed, kink)
    options = {"optimizer": "sgd", "learning_rate": 0.02, "batch_size": 40}
    frozen = net.with_parameters(net.parameters, frozen=["eigenvalues[0]", "eigenvalues[1]"])
    linear = [frozen, *trained(frozen, x, y, **options)]
    gradients = [one.loss_and_gradients(x, y)[1].eigenvalues[:-1] for one in linear[:-1]]
    needed = [[size(np.asarray(values), kind) for values in step] for step in gradients]
    strength = max(map(max, needed)) * (0.99 if pays else 1.01)
    first = next((number for number, step in enumerate(needed) if max(step) > strength), EPOCHS)
    networks = trained(net, x, y, penalty=kind, penalty_strength=strength, proximal=True, **options)
    for number, one in enumerate(networks):
        at_zero = not any(np.any(values) for values in one.eigenvalues[:-1])
        if number <= first:
            assert at_zero == (number < first)
        if number < first:
            assert np.array_equal(one.parameters, linear[number + 1].parameters)
    assert (first < EPOCHS) == pays


@given(seeds, kinds)
@CHECK
def test_adam_holds_all_eigenvalues_at_0_and_lets_them_go(seed: int, kind: str) -> None:
    """|m|/√v <= 7.3 for any gradients, and 1 in the first step; in the gradient the same penalty does not keep an exact 0."""
    net, x, y = case(seed, kink=True)
    scale = np.sqrt(5) if kind == "group" else 1.0
    options = {"learning_rate": 0.01, "batch_size": 7, "penalty": kind, "seed": seed}
    held = trained(net, x, y, penalty_strength=8 * scale, proximal=True, **options)
    assert not any(np.any(values) for one in held for values in one.eigenvalues[:-1])
    free = trained(net, x, y, penalty_strength=0.1, proximal=True, **options)
    assert np.any(free[0].eigenvalues[1])
    near = trained(net, x, y, penalty_strength=8 * scale, **options)
    assert all(np.all(one.eigenvalues[1] != 0) for one in near)


@pytest.mark.parametrize("kind", ["group", "l1"])
def test_what_a_linear_target_does_not_need_returns_to_exactly_0(kind: str) -> None:
    """With Adam and mini-batches: all eigenvalues leave 0 while the linear part is learned; only the kink's stay away."""
    for kink in (False, True):
        net, x, y = case(0, kink)
        strength = 0.05 * (np.sqrt(5) if kind == "group" else 1.0)
        options = {"learning_rate": 0.02, "batch_size": 10, "penalty": kind, "fixed_ends": True, "seed": 1}
        options |= {"epochs": 150, "penalty_strength": strength, "proximal": True, "schedule": "cosine"}
        result = train(net, x, y, **options)
        assert max(norms[1] for norms in result.history.eigenvalue_norms) > 0
        assert np.any(result.network.eigenvalues[1]) == kink
        assert not np.any(result.network.eigenvalues[0])
        assert result.network.eigenvalues[2].tolist() == [1]


@pytest.mark.parametrize("kind", ["global", "layerwise"])
def test_fixed_ends_are_not_trained_and_the_rest_is(kind: str) -> None:
    net = random_network(kind, [2, 3, 2], "tanh", 3)
    x = np.random.default_rng(0).normal(size=(9, 2))
    after = train(net, x, x, epochs=2, fixed_ends=True, penalty_strength=0.1, weight_decay=0.1).network
    fixed = {"eigenvalues[0]", "eigenvalues[2]"} if kind == "global" else {"eigenvalues_in[0]", "eigenvalues_in[1]"}
    for name, group in net.layout.groups.items():
        same = np.array_equal(group.view(net.parameters), group.view(after.parameters))
        assert same == (name in fixed), name
    assert after.frozen == net.frozen


def test_a_direct_network_has_no_ends_to_fix() -> None:
    x = np.ones((3, 2))
    with pytest.raises(InvalidInputError, match="fixed_ends is for layers with eigenvalues"):
        train(random_network("direct", [2, 3, 2], "tanh", 3), x, x, epochs=1, fixed_ends=True)
