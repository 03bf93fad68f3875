"""Epochs of image networks against epochs by hand: optimizers, rates, penalties, decays, smoothing, weights, limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from spectral_core.networks.cells import Cell
from spectral_core.networks.image import ImageNetwork
from spectral_core.training.trainer import train
from tests import oracles_images as oracle

CELL = Cell(1, 2, {(0, 1): ("identity", "max3", "dil3")})
GENERATOR = np.random.default_rng(0)
X, Y, WEIGHTS = GENERATOR.normal(size=(10, 1, 4, 4)), np.arange(10) % 3, GENERATOR.random(10)
SIZE, EPOCHS = 4, 3


def network(gates: str) -> ImageNetwork:
    return ImageNetwork.initialize(2, 0, 3, image=(1, 4, 4), cells=[CELL], dtype="float64", gates=gates)


@dataclass
class Epochs:
    """Training by hand from the gradients of batches. The fields are the options of `train`; `limit` is that of gates."""

    optimizer: str = "adam"
    learning_rate: float = 1e-3
    eigenvalue_learning_rate: float | None = None
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8
    momentum: float = 0.0
    nesterov: bool = False
    penalty: str = "group"
    penalty_strength: float = 0.0
    proximal: bool = False
    eigenvector_penalty: float = 0.0
    weight_decay: float | dict[str, float] = 0.0
    clip_norm: float | None = None
    label_smoothing: float = 0.0
    sample_weight: np.ndarray | None = None
    limit: float = 0.05

    def __post_init__(self) -> None:
        self.first: dict[str, Any] = {}
        self.second: dict[str, Any] = {}
        self.step = 0

    def gradient(self, net: ImageNetwork, rows: slice) -> tuple[float, dict[str, np.ndarray]]:
        """Of the smoothed loss: (1 - ε) that of the labels, and ε/classes that of each class for all images."""
        weights = None if self.sample_weight is None else self.sample_weight[rows]
        total, slopes = 0.0, {name: np.zeros_like(values) for name, values in net.groups.items()}
        shares = [(Y[rows], 1 - self.label_smoothing)]
        shares += [(np.full(len(Y[rows]), k), self.label_smoothing / 3) for k in range(3)]
        for labels, share in shares:
            loss, gradients = net.loss_and_gradients(X[rows], labels, weights)
            total += share * loss
            slopes = {name: slopes[name] + share * gradients[name] for name in slopes}
        return total, slopes

    def penalised(self, name: str, values: np.ndarray) -> tuple[float, Any]:
        """Value and gradient of the penalty of a group."""
        if not name.startswith("eigenvalues"):
            strength = 0.0 if name.startswith("gates") else self.eigenvector_penalty
            return strength * (values**2).sum(), 2 * strength * values
        strength = 0.0 if self.proximal else self.penalty_strength
        if self.penalty == "l1":
            return strength * np.abs(values).sum(), strength * np.sign(values)
        if self.penalty == "l2":
            return strength * (values**2).sum(), 2 * strength * values
        norm = np.linalg.norm(values)
        return strength * norm, strength * values / norm

    def decay(self, name: str) -> float:
        if isinstance(self.weight_decay, dict):
            return self.weight_decay.get(name.split("[")[0], 0.0)
        return 0.0 if name.startswith(("eigenvalues", "gates")) else self.weight_decay

    def moved(self, name: str, values: np.ndarray, slope: np.ndarray) -> np.ndarray:
        """A group after the step of the optimizer, the proximal step and the limit."""
        eigenvalues = name.startswith("eigenvalues")
        rate = self.learning_rate
        if eigenvalues and self.eigenvalue_learning_rate is not None:
            rate = self.eigenvalue_learning_rate
        values = values - rate * self.decay(name) * values
        if self.optimizer == "adam":
            beta, gamma = self.betas
            self.first[name] = beta * self.first.get(name, 0) + (1 - beta) * slope
            self.second[name] = gamma * self.second.get(name, 0) + (1 - gamma) * slope**2
            mean, square = self.first[name] / (1 - beta**self.step), self.second[name] / (1 - gamma**self.step)
            values = values - rate * mean / (np.sqrt(square) + self.epsilon)
        else:
            self.first[name] = self.momentum * self.first.get(name, 0) + slope
            values = values - rate * (slope + self.momentum * self.first[name] if self.nesterov else self.first[name])
        threshold = rate * self.penalty_strength
        if eigenvalues and self.proximal and self.penalty == "l1":
            values = np.sign(values) * np.maximum(np.abs(values) - threshold, 0)
        elif eigenvalues and self.proximal:
            values = values * max(0.0, 1 - threshold / np.linalg.norm(values))
        return np.clip(values, -self.limit, self.limit) if name.startswith("gates") else values

    def keep_norm(self, net: ImageNetwork) -> None:
        """The squares of the eigenvalues of the one node get the mean 1, and its running statistics follow."""
        values = net.groups["eigenvalues[0,0,1]"]
        if values.any():
            factor = 1 / np.sqrt(np.mean(values**2))
            values *= factor
            net.groups["running_means[0,1]"][...] *= factor
            net.groups["running_variances[0,1]"][...] *= factor**2

    def batch(self, net: ImageNetwork, rows: slice) -> tuple[ImageNetwork, float, float]:
        """One step: the network after it, loss and penalty."""
        loss, slopes = self.gradient(net, rows)
        trained = {name: values for name, values in net.groups.items() if not name.startswith("running")}
        penalty = 0.0
        for name, values in trained.items():
            more, slope = self.penalised(name, values)
            penalty, slopes[name] = penalty + more, slopes[name] + slope
        length = np.sqrt(sum((slopes[name] ** 2).sum() for name in trained))
        if self.clip_norm is not None and length > self.clip_norm:
            slopes = {name: slope * self.clip_norm / length for name, slope in slopes.items()}
        self.step += 1
        truth = oracle.NetworkByDefinition(net.structure, net.groups, training=True)
        truth.logits(X[rows])
        after = net.with_parameters(net.parameters)
        for name, values in oracle.moved_statistics(net.groups, truth.seen).items():
            after.groups[name][...] = values
        for name, values in trained.items():
            after.groups[name][...] = self.moved(name, values, slopes[name])
        if self.proximal and self.penalty_strength:
            self.keep_norm(after)
        return after, float(loss), float(penalty)

    def run(self, net: ImageNetwork) -> tuple[ImageNetwork, list[float], list[float]]:
        """The network, the mean loss and the mean penalty of each epoch; losses by the weight of their batch."""
        losses, penalties = [], []
        for _ in range(EPOCHS):
            found = []
            for begin in range(0, len(X), SIZE):
                rows = slice(begin, begin + SIZE)
                net, loss, penalty = self.batch(net, rows)
                weight = len(X[rows]) if self.sample_weight is None else self.sample_weight[rows].sum()
                found.append((loss, penalty, weight))
            values = np.array(found)
            losses.append(float(np.average(values[:, 0], weights=values[:, 2])))
            penalties.append(float(values[:, 1].mean()))
        return net, losses, penalties


CASES: dict[str, dict[str, Any]] = {
    "adam": {"learning_rate": 0.01, "eigenvalue_learning_rate": 0.05, "weight_decay": 0.1},
    "adam's numbers": {"betas": (0.5, 0.7), "epsilon": 1e-3, "penalty": "l2", "penalty_strength": 0.2},
    "nesterov": {"optimizer": "sgd", "momentum": 0.9, "nesterov": True, "clip_norm": 0.5, "eigenvector_penalty": 0.1},
    "momentum": {"optimizer": "sgd", "momentum": 0.5, "learning_rate": 0.05, "penalty_strength": 0.4},
    "weights": {"optimizer": "sgd", "penalty": "l1", "penalty_strength": 0.3, "sample_weight": WEIGHTS},
    "smoothing": {"learning_rate": 0.02, "label_smoothing": 0.2, "clip_norm": 0.3, "sample_weight": WEIGHTS},
    "proximal l1": {"learning_rate": 0.05, "proximal": True, "penalty": "l1", "penalty_strength": 2.0},
    "proximal group": {"optimizer": "sgd", "learning_rate": 0.1, "proximal": True, "penalty_strength": 1.5},
    "decays by group": {"optimizer": "sgd", "learning_rate": 0.1, "weight_decay": {"eigenvalues": 0.3, "kernels": 0.2}},
}
GATED: dict[str, dict[str, Any]] = {
    "published": {"optimizer": "sgd", "learning_rate": 0.1, "momentum": 0.9, "weight_decay": 0.5},
    "published with decays": {"optimizer": "sgd", "weight_decay": {"gates": 3.0}},
    "published with Adam": {"learning_rate": 0.02, "eigenvector_penalty": 0.2},
}


@pytest.mark.parametrize("name", [*CASES, *GATED])
def test_epochs_are_those_by_hand(name: str) -> None:
    """Ten images in batches of four, so the last batch of an epoch has two.

    Adam divides slopes by their own size, so those that are 0 but for rounding move by up to 1e-9.
    """
    net, options = network("published" if name in GATED else "spectral"), (CASES | GATED)[name]
    result = train(net, X, Y, loss="cross_entropy", epochs=EPOCHS, batch_size=SIZE, shuffle=False, **options)
    expected, losses, penalties = Epochs(**options).run(net)
    for group, values in expected.groups.items():
        np.testing.assert_allclose(result.network.groups[group], values, rtol=0, atol=1e-8, err_msg=group)
    np.testing.assert_allclose(result.history.training_loss, losses, rtol=0, atol=1e-9)
    np.testing.assert_allclose(result.history.penalty, penalties, rtol=0, atol=1e-9)
