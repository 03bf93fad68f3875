"""A small experiment for the tests of sweeps; workers import it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np

from spectral_core.errors import DivergenceError, InvalidInputError
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.sweeps.experiment import Experiment

GRID = {"hidden": [4, [5, 3]], "penalty_strength": [0.0, 1e-3], "epochs": 2}


def line(rows: int = 60) -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(0).uniform(-1, 1, (rows, 2))
    return x, x[:, 0] - 2 * x[:, 1] + np.maximum(x.sum(axis=1), 0)


def nothing() -> None:
    """No dry run."""


def leave_pid(path: str, other: str) -> None:
    """A file that holds the number of this process; it ends when another process has left its own."""
    Path(path).write_text(str(os.getpid()), encoding="utf-8")
    while not Path(other).exists():
        time.sleep(0.01)


def die() -> None:
    os._exit(3)


def refuse() -> None:
    raise InvalidInputError("rows must be even; got 3")


def measure(point: dict[str, Any], seed: int) -> dict[str, Any]:
    time.sleep(point.get("seconds", 0))
    if point["a"] == "diverge":
        raise DivergenceError("the loss diverged in epoch 1 (inf)", 1, SpectralNetwork.initialize([1, 1]))
    if point["a"] == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    return {"value": np.random.default_rng(seed).random(), "infinite": np.inf, "threads": threads()}


def threads() -> int:
    from threadpoolctl import threadpool_info

    return max(library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas")


def experiment(*values: Any, runs: int = 3, **others: Any) -> Experiment:
    return Experiment("test", {}, [{"a": value, **others} for value in values], runs, measure, nothing)


def measure_batch(points: Any, seeds: Any, tell: Any) -> list[Any]:
    tell(1, 2)
    return [measure(point, seed) for point, seed in zip(points, seeds, strict=True)]
