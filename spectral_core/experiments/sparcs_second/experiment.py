"""The second experiment of arXiv 2504.00885 (P2): a student four layers deep finds a teacher of three.

Teacher y = R relu(R x), R one random rotation of 20 dimensions; 100,000 training and 100,000 test points, uniform in
[-1, 1]^20. Student 20-2000-2000-20, relu, no constant, linear start with the input's eigenvalues fixed at 0; Adam, 100
epochs, batch 1024 without the last partial one, penalty 1e-4 ‖λ‖₂ on each hidden layer. Afterwards eigenvalues below 1e-3
are set to 0. We then measure how narrow the student can become, by ranking and compensation.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.training.results import Progress
from spectral_core.training.trainer import train

NAME = "sparcs-second"
FULL_WIDTH = 2000
SETTINGS: dict[str, Any] = {
    "dimensions": 20,
    "points": 100_000,
    "hidden": [FULL_WIDTH, FULL_WIDTH],
    "epochs": 100,
    "batch_size": 1024,
    "learning_rate": 1e-3,
    "penalty": "group",
    "penalty_strength": 1e-4,
    "threshold": 1e-3,
}


@dataclass(frozen=True)
class Data:
    """x (points, 20) uniform in [-1, 1], y = R relu(R x), for training and for testing."""

    x: np.ndarray
    y: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def rotation_teacher(dimensions: int = 20, points: int = 100_000, seed: int = 0) -> Data:
    """Points and targets of the teacher with a rotation drawn uniformly (Haar); `seed` sets both."""
    from scipy.stats import special_ortho_group

    checks.integer(seed, "seed", 0)
    rotation = special_ortho_group(dimensions, seed=np.random.default_rng((seed, 0))).rvs()
    x = np.random.default_rng((seed, 1)).uniform(-1, 1, (2 * points, dimensions)).astype(np.float32)
    y = (np.maximum(x @ rotation.T, 0) @ rotation.T).astype(np.float32)
    return Data(x[:points], y[:points], x[points:], y[points:])


def train_student(
    settings: Mapping[str, Any],
    data: Data,
    seed: int,
    *,
    threads: int = 1,
    backend: str = "auto",
    checkpoint: str | os.PathLike[str] | None = None,
    keep_checkpoint: bool = False,
    report: Callable[[Progress[SpectralNetwork]], Any] | None = None,
) -> SpectralNetwork:
    """Train the student; the keywords are those of `train`."""
    widths = [settings["dimensions"], *settings["hidden"], settings["dimensions"]]
    net = SpectralNetwork.initialize(widths, activation="relu", bias=False, seed=seed)
    net = net.with_parameters(net.parameters, frozen=("eigenvalues[0]",))
    names = ("epochs", "batch_size", "learning_rate", "penalty", "penalty_strength")
    return train(
        net,
        data.x,
        data.y,
        drop_last=True,
        seed=seed,
        threads=threads,
        backend=backend,
        checkpoint=checkpoint,
        keep_checkpoint=keep_checkpoint,
        callbacks=() if report is None else (report,),
        **{name: settings[name] for name in names},
    ).network


def without_small_eigenvalues(net: SpectralNetwork, threshold: float) -> tuple[SpectralNetwork, int]:
    """The published trimming: set eigenvalues of input and hidden layers below the threshold to 0; returns their number too."""
    copy = net.with_parameters(net.parameters)
    count = 0
    for values in copy.eigenvalues[:-1]:
        small = np.abs(values) < threshold
        np.asarray(values)[small] = 0
        count += int(small.sum())
    return copy, count
