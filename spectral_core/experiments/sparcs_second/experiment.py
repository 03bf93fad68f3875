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
    """x (points, 20) uniform in [-1, 1], y = R relu(R x): for training, for testing, and to choose among small networks."""

    x: np.ndarray
    y: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    x_valid: np.ndarray
    y_valid: np.ndarray


def rotation_teacher(dimensions: int = 20, points: int = 100_000, seed: int = 0) -> Data:
    """Points and targets of the teacher with a rotation drawn uniformly (Haar); `seed` sets both.

    By hand: the target of an experiment. Checked by test_sparcs_second.test_the_rotation_teacher.
    """
    from scipy.stats import special_ortho_group

    checks.integer(seed, "seed", 0)
    rotation = special_ortho_group(dimensions, seed=np.random.default_rng((seed, 0))).rvs()

    def drawn(stream: int, count: int) -> tuple[np.ndarray, np.ndarray]:
        x = np.random.default_rng((seed, stream)).uniform(-1, 1, (count, dimensions)).astype(np.float32)
        return x, (np.maximum(x @ rotation.T, 0) @ rotation.T).astype(np.float32)

    (x, y), validation = drawn(1, 2 * points), drawn(2, points)
    return Data(x[:points], y[:points], x[points:], y[points:], *validation)


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


def trimmable_eigenvalues(net: SpectralNetwork) -> list[int]:
    """The layers, from 0, whose eigenvalues the published trimming can remove: input and hidden ones that are not frozen."""
    fixed = net.layout.select(net.frozen)
    return [place for place in range(net.n_layers - 1) if f"eigenvalues[{place}]" not in fixed]


def without_small_eigenvalues(net: SpectralNetwork, threshold: float) -> tuple[SpectralNetwork, int]:
    """The published trimming: eigenvalues of input and hidden layers below the threshold become 0.

    Returns the number of those that were trained too. The protocol holds those of the input at 0; they are not counted.

    By hand: the threshold of an experiment. Checked by test_sparcs_second.test_small_eigenvalues_go_and_are_counted.
    """
    copy = net.with_parameters(net.parameters)
    counted = trimmable_eigenvalues(net)
    count = 0
    for place, values in enumerate(map(np.asarray, copy.eigenvalues[:-1])):
        small = np.abs(values) < threshold
        values[small] = 0
        count += int(small.sum()) if place in counted else 0
    return copy, count
