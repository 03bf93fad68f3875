"""The oracle for image networks against numbers that were compared with PyTorch, and what the theorems say of it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.oracles_images import OPERATIONS, TinyNetwork, cross_entropy, tiny_images, tiny_parameters

WEIGHTS = ("kernel", "matrix", "gamma", "gates")
"""Parameters that the published score counts."""


@pytest.fixture(scope="module")
def gradients() -> dict[str, np.ndarray]:
    (x, labels), p, network = tiny_images(), tiny_parameters(), TinyNetwork()
    return network.derivatives(lambda q: cross_entropy(network.logits(x, q), labels), p)


def rows(network: TinyNetwork, p: dict[str, np.ndarray]) -> np.ndarray:
    """J: the slopes of each sample's sum of logits in the parameters called weight."""
    x = tiny_images()[0]
    slopes = network.derivatives(lambda q: network.logits(x, q).sum(1), p)
    return np.concatenate([part for name, part in slopes.items() if name.endswith(WEIGHTS)], axis=1)


def test_value_and_gradients_are_the_reference_numbers(gradients: dict[str, np.ndarray]) -> None:
    (x, labels), p = tiny_images(), tiny_parameters()
    assert cross_entropy(TinyNetwork().logits(x, p), labels) == pytest.approx(1.354872232651312, abs=1e-12)
    norms = {
        "stem.kernel": 0.176163834563,
        "sep1.kernel": 0.0185907130551,
        "sep2.matrix": 0.0171702388968,
        "dil.kernel": 0.0498799974488,
        "tower.matrix": 0.114542805837,
    }
    assert {name: np.linalg.norm(gradients[name]) for name in norms} == pytest.approx(norms, abs=1e-12)
    assert list(OPERATIONS) == ["identity", "max", "mean", "sep", "dil"]
    gates = [0.0122646552323, 0.0188664382323, 0.00879826079102, 0.0187347696905, 0.0165383008106]
    assert np.abs(gradients["gates"]) == pytest.approx(gates, abs=1e-12)


def test_the_train_free_numbers_are_the_reference_numbers() -> None:
    x, p = tiny_images()[0], tiny_parameters()
    network = TinyNetwork()
    exact = rows(network, p)
    eigenvalues = [0.018267908491, 0.0391363187423, 0.0877081078318, 0.1874598134, 0.505564083644, 10.4280114256]
    assert np.linalg.eigvalsh(exact @ exact.T) == pytest.approx(eigenvalues, abs=1e-10)
    assert np.trace(exact @ exact.T) == pytest.approx(11.266147657754827, abs=1e-12)
    network.logits(x, p)
    frozen = rows(TinyNetwork(frozen={name: s for name, s in network.seen.items() if name != "relu"}), p)
    eigenvalues = [0.0285209092833, 0.0817109237121, 0.121329759586, 0.386557157005, 2.34986561993, 11.6626120457]
    assert np.linalg.eigvalsh(frozen @ frozen.T) == pytest.approx(eigenvalues, abs=1e-10)
    assert np.trace(frozen @ frozen.T) == pytest.approx(14.630596415242358, abs=1e-12)
    network.logits(x, p)
    patterns = (network.seen["relu"] > 0).reshape(6, -1)
    assert (len(np.unique(patterns, axis=0)), patterns.shape[1], patterns.sum()) == (6, 108, 267)


def test_a_shift_that_a_sum_and_a_norm_take_away_has_no_gradient(gradients: dict[str, np.ndarray]) -> None:
    """I8: behind sep2 and dil stand a sum and the norm of the output node, which takes a constant away."""
    for name in ("sep2.beta", "dil.beta", "stem.beta"):
        assert np.abs(gradients[name]).max() < 1e-16, name
    # γ in front of a norm: only ε is left of its slope (G2).
    assert np.abs(gradients["stem.gamma"]).max() < 1e-5 < 1e-3 < np.abs(gradients["sep1.gamma"]).max()


def test_the_rows_of_a_batch_add_up_to_nothing_where_every_shift_is_0() -> None:
    """S6: no weight has a part in the sum of all logits; with the shift of the output norm, V alone has."""
    p = {name: np.zeros_like(a) if name.endswith("beta") else a for name, a in tiny_parameters().items()}
    jacobian = rows(TinyNetwork(), p)
    assert np.abs(jacobian.sum(0)).max() < 1e-12
    assert np.linalg.norm(jacobian) > 1
    shifted = rows(TinyNetwork(), tiny_parameters()).sum(0)
    assert np.abs(shifted).max() > 0.1
