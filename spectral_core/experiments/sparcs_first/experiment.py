"""The first experiment of arXiv 2504.00885 (P1): how much network emerges as the target goes from linear to quadratic.

10,000 points uniform in [-1, 1]², one draw for all trainings; 2 inputs, the constant 1, 300 hidden relu neurons, 1 output;
linear start; Adam, 300 epochs; penalty on the eigenvalues of the input and the hidden layer. For each α in 0, 0.05, ..., 1
and β in {5, 1000} 100 trainings, which differ in start and order of samples. Reported against α, as mean and standard
error, each divided by its largest mean: ‖Γ‖, and the mean of |λ^(1)|, |λ^(2)| together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.backends.threads import one_thread
from spectral_core.data.datasets import sparcs
from spectral_core.errors import InvalidInputError
from spectral_core.networks.paths import mean_abs_eigenvalue, path_norms
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.sweeps.experiment import Experiment, Report
from spectral_core.training.ensemble import train_ensemble
from spectral_core.training.trainer import train

NAME = "sparcs-first"
ALPHAS = tuple(round(0.05 * k, 2) for k in range(21))
BETAS = (5.0, 1000.0)
RUNS = 100
SHOWN_ALPHAS = (0.0, 0.3, 0.5, 0.7, 1.0)
"""The α whose networks are drawn, if the sweep has them."""
SETTINGS: dict[str, Any] = {
    "points": 10_000,
    "points_seed": 0,
    "hidden": 300,
    "activation": "relu",
    "epochs": 300,
    "batch_size": 100,
    "optimizer": "adam",
    "learning_rate": 1e-3,
    "penalty": "group",
    "penalty_strength": 1e-4,
}
STRONG_EDGE = 1e-2
"""Paths with |Γ_abc| and skip connections with |W_31| of at least this value are counted and drawn."""


def experiment(
    *,
    alphas: Sequence[float] = ALPHAS,
    betas: Sequence[float] = BETAS,
    runs: int = RUNS,
    epochs: int | None = None,
    points: int | None = None,
    hidden: int | None = None,
    seed: int = 0,
) -> Experiment:
    """The experiment or a part of it, for `spectral_core.sweeps.runner.run`; a part has the same trainings as the whole.

    Fewer `epochs`, `points` or `hidden` neurons than the published ones make another experiment, for quick tries.

    Raises
    ------
    InvalidInputError : an α outside [0, 1], a β that is not positive, a value named twice, no values.
    """
    grid = [
        {
            "alpha": checks.real_number(alpha, "alpha", 0, 1),
            "beta": checks.real_number(beta, "beta", 0, open_low=True),
        }
        for beta in _different(betas, "betas")
        for alpha in _different(alphas, "alphas")
    ]
    sizes = {"epochs": epochs, "points": points, "hidden": hidden}
    settings = SETTINGS | {name: checks.integer(size, name, 1) for name, size in sizes.items() if size is not None}
    short = settings | {"epochs": 1, "points": min(10 * settings["batch_size"], settings["points"])}
    return Experiment(
        name=NAME,
        settings=settings,
        points=grid,
        runs=checks.integer(runs, "runs", 1),
        measure=partial(measure, settings),
        dry_run=partial(measure, short, grid[0], 0),
        seed=checks.integer(seed, "seed", 0),
        measure_batch=partial(measure_batch, settings),
    )


def _different(values: Sequence[float], name: str) -> list[float]:
    listed = list(values)
    if not listed or len(set(listed)) < len(listed):
        raise InvalidInputError(f"{name} must hold different numbers, at least one; got {listed}")
    return listed


STEP_SETTINGS = ("batch_size", "optimizer", "learning_rate", "penalty", "penalty_strength")
"""Settings of an optimizer step; `train` takes `epochs` besides."""


def start_network(settings: Mapping[str, Any], seed: int) -> SpectralNetwork:
    """The network before training."""
    return SpectralNetwork.initialize([2, settings["hidden"], 1], activation=settings["activation"], seed=seed)


def train_network(settings: Mapping[str, Any], point: Mapping[str, float], seed: int) -> tuple[SpectralNetwork, Any]:
    """One network of the experiment, and the data it was trained on."""
    data = sparcs(point["alpha"], point["beta"], settings["points"], settings["points_seed"])
    options = {name: settings[name] for name in ("epochs", *STEP_SETTINGS)}
    return train(start_network(settings, seed), data.x, data.y, seed=seed, backend="cpu", **options).network, data


def measure(settings: Mapping[str, Any], point: Mapping[str, float], seed: int) -> dict[str, Any]:
    """Train once.

    Returns
    -------
    dict : path_norm, ‖Γ‖ of Γ_abc = W_32[c, b] W_21[b, a]; mean_abs_eigenvalue, over input (with the constant) and hidden
        layer; skip_norm, ‖W_31‖; loss, the mean squared error on all points at the end; hidden_neurons, the number of
        hidden neurons on a path with |Γ_abc| >= 0.01.
    """
    net, data = train_network(settings, point, seed)
    return _row(net, net.loss(data.x, data.y))


def measure_batch(
    settings: Mapping[str, Any],
    points: Sequence[Mapping[str, float]],
    seeds: Sequence[int],
    tell: Callable[[int, int], object],
    backend: str = "cuda",
) -> list[dict[str, Any] | str]:
    """`measure` at many points at once, one block of a GPU for each; a training that diverged gives a text."""
    data = {}
    for point in points:
        key = point["alpha"], point["beta"]
        if key not in data:
            data[key] = sparcs(*key, settings["points"], settings["points_seed"])
    x = next(iter(data.values())).x  # the same points for every target
    result = train_ensemble(
        [start_network(settings, seed) for seed in seeds],
        x,
        [data[point["alpha"], point["beta"]].y for point in points],
        seeds=seeds,
        epochs=settings["epochs"],
        options={name: settings[name] for name in STEP_SETTINGS},
        backend=backend,
        progress=tell,
    )
    return [
        failure if net is None else _row(net, float(loss))
        for net, loss, failure in zip(result.networks, result.loss, result.failures, strict=True)
    ]


def _row(net: SpectralNetwork, loss: float) -> dict[str, Any]:
    """The measured numbers of one network.

    By hand: a norm in a table. Checked by test_sparcs_first.test_what_one_training_gives.
    """
    return {
        "path_norm": path_norms(net.transfer_blocks(), net.widths)[0],
        "mean_abs_eigenvalue": mean_abs_eigenvalue(net),
        "skip_norm": float(np.linalg.norm(net.transfer_blocks()[3, 1])),
        "loss": loss,
        "hidden_neurons": int(strong_edges(net)[3, 2].any(axis=0).sum()),
    }


def strong_edges(net: SpectralNetwork, threshold: float = STRONG_EDGE) -> dict[tuple[int, int], np.ndarray]:
    """The blocks of a network with one hidden layer; edges on no path with |Γ_abc| or |W_31| >= threshold are 0.

    By hand: a choice of edges to draw. Checked by test_sparcs_first.test_drawn_edges_against_all_paths.
    """
    blocks = net.transfer_blocks()
    incoming, outgoing, skip = blocks[2, 1], blocks[3, 2], blocks[3, 1]
    strongest_out = np.abs(outgoing).max(axis=0)  # (hidden,): the largest factor that can still follow on a path
    strongest_in = np.abs(incoming).max(axis=1)
    return {
        (2, 1): np.where(np.abs(incoming) * strongest_out[:, None] >= threshold, incoming, 0),
        (3, 2): np.where(np.abs(outgoing) * strongest_in >= threshold, outgoing, 0),
        (3, 1): np.where(np.abs(skip) >= threshold, skip, 0),
    }


def emergent_edges(chosen: Experiment, point: Mapping[str, float]) -> dict[tuple[int, int], np.ndarray]:
    """The strong edges of run 0 at a point.

    The network is trained again by its seed on the processor, which gives the measured network; a GPU rounds differently.
    """
    task = chosen.task(point, 0)
    with one_thread():
        return strong_edges(train_network(chosen.settings, task.point, task.seed)[0])


def networks_to_draw(
    chosen: Experiment, progress: Report, total: int
) -> dict[tuple[float, float], dict[tuple[int, int], np.ndarray]]:
    """The strong edges at every β and every shown α, by (β, α); `progress` is called before each of them."""
    networks = {}
    for point in (point for point in chosen.points if point["alpha"] in SHOWN_ALPHAS):
        progress(total, total, "networks to draw")
        networks[point["beta"], point["alpha"]] = emergent_edges(chosen, point)
    return networks
