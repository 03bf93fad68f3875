"""The first experiment of arXiv 2504.00885 (P1): how much network emerges as the target goes from linear to quadratic.

10,000 points uniform in [-1, 1]², one draw for all trainings; 2 inputs, the constant 1, 300 hidden relu neurons, 1 output;
linear start; Adam, 300 epochs; penalty on the eigenvalues of the input and the hidden layer. For each α in 0, 0.05, ..., 1
and β in {5, 1000} 100 trainings, which differ in start and order of samples. Reported against α, as mean and standard
error, each divided by its largest mean: ‖Γ‖, and the mean of |λ^(1)|, |λ^(2)| together.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import resources
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.backends.threads import one_thread
from spectral_core.data.datasets import sparcs
from spectral_core.errors import InvalidInputError
from spectral_core.networks.paths import mean_abs_eigenvalue, path_norms
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.sweeps.experiment import Experiment
from spectral_core.training.ensemble import train_ensemble
from spectral_core.training.trainer import train

NAME = "sparcs-first"
ALPHAS = tuple(round(0.05 * k, 2) for k in range(21))
BETAS = (5.0, 1000.0)
RUNS = 100
SETTINGS: dict[str, Any] = {
    "points": 10_000, "points_seed": 0, "hidden": 300, "activation": "relu", "epochs": 300, "batch_size": 100,
    "optimizer": "adam", "learning_rate": 1e-3, "penalty": "group", "penalty_strength": 1e-4,
}  # fmt: skip
DRAWN = 1e-2
"""Paths with |Γ_abc| and skip connections with |W_31| of at least this are counted and drawn."""

QUANTITIES = {"path_norm": "‖Γ‖", "mean_abs_eigenvalue": "mean |λ|"}


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
    """The experiment or a part of it, for `spectral_core.sweeps.runner.run`; every part has the trainings of the whole.

    Fewer `epochs`, `points` or `hidden` neurons than the published ones make an experiment of its own, to try things on.

    Raises
    ------
    InvalidInputError : an α outside [0, 1], a β that is not positive, a value named twice, no values.
    """
    grid = []
    for beta in _different(betas, "betas"):
        for alpha in _different(alphas, "alphas"):
            grid.append(
                {
                    "alpha": checks.real_number(alpha, "alpha", 0, 1),
                    "beta": checks.real_number(beta, "beta", 0, open_low=True),
                }
            )
    sizes = {"epochs": epochs, "points": points, "hidden": hidden}
    settings = SETTINGS | {name: checks.integer(size, name, 1) for name, size in sizes.items() if size is not None}
    short = settings | {"epochs": 1, "points": min(10 * settings["batch_size"], settings["points"])}
    return Experiment(
        NAME, settings, grid, checks.integer(runs, "runs", 1), partial(measured, settings),
        dry_run=partial(measured, short, grid[0], 0), seed=checks.integer(seed, "seed", 0),
        measure_batch=partial(measured_batch, settings),
    )  # fmt: skip


def _different(values: Sequence[float], name: str) -> list[float]:
    listed = list(values)
    if not listed or len(set(listed)) < len(listed):
        raise InvalidInputError(f"{name} must hold different numbers, at least one; got {listed}")
    return listed


STEP = ("batch_size", "optimizer", "learning_rate", "penalty", "penalty_strength")
"""Settings of a step, of which `train` takes the number of epochs too."""


def begun(settings: Mapping[str, Any], seed: int) -> SpectralNetwork:
    return SpectralNetwork.initialize([2, settings["hidden"], 1], activation=settings["activation"], seed=seed)


def trained(settings: Mapping[str, Any], point: Mapping[str, float], seed: int) -> tuple[SpectralNetwork, Any]:
    """One network of the experiment, and the data it was trained on."""
    data = sparcs(point["alpha"], point["beta"], settings["points"], settings["points_seed"])
    options = {name: settings[name] for name in ("epochs", *STEP)}
    return train(begun(settings, seed), data.x, data.y, seed=seed, backend="cpu", **options).network, data


def measured(settings: Mapping[str, Any], point: Mapping[str, float], seed: int) -> dict[str, Any]:
    """Train once.

    Returns
    -------
    dict : path_norm, ‖Γ‖ of Γ_abc = W_32[c, b] W_21[b, a]; mean_abs_eigenvalue, over input (with the constant) and hidden
        layer; skip_norm, ‖W_31‖; loss, the mean squared error on all points at the end; hidden_neurons, how many lie on a
        path with |Γ_abc| >= 0.01.
    """
    net, data = trained(settings, point, seed)
    return _row(net, net.loss(data.x, data.y))


def measured_batch(
    settings: Mapping[str, Any],
    points: Sequence[Mapping[str, float]],
    seeds: Sequence[int],
    tell: Callable[[int, int], object],
    backend: str = "cuda",
) -> list[dict[str, Any] | str]:
    """`measured` of many points at once, one block of a GPU for each; a text where a training diverged."""
    data = {}
    for point in points:
        key = point["alpha"], point["beta"]
        if key not in data:
            data[key] = sparcs(*key, settings["points"], settings["points_seed"])
    x = next(iter(data.values())).x  # the same points for every target
    result = train_ensemble(
        [begun(settings, seed) for seed in seeds], x, [data[point["alpha"], point["beta"]].y for point in points],
        seeds=seeds, epochs=settings["epochs"], options={name: settings[name] for name in STEP}, backend=backend,
        progress=tell,
    )  # fmt: skip
    return [
        failure if net is None else _row(net, float(loss))
        for net, loss, failure in zip(result.networks, result.loss, result.failures, strict=True)
    ]


def _row(net: SpectralNetwork, loss: float) -> dict[str, Any]:
    return {
        "path_norm": path_norms(net.transfer_blocks(), net.widths)[0],
        "mean_abs_eigenvalue": mean_abs_eigenvalue(net),
        "skip_norm": float(np.linalg.norm(net.transfer_blocks()[3, 1])),
        "loss": loss,
        "hidden_neurons": int(drawn(net)[3, 2].any(axis=0).sum()),
    }


def drawn(net: SpectralNetwork, threshold: float = DRAWN) -> dict[tuple[int, int], np.ndarray]:
    """The blocks of a network with one hidden layer, without edges on no path with |Γ_abc| >= threshold or |W_31| >= it."""
    blocks = net.transfer_blocks()
    incoming, outgoing, skip = blocks[2, 1], blocks[3, 2], blocks[3, 1]
    heard = np.abs(outgoing).max(axis=0)  # (hidden,): what a path can still be multiplied with
    given = np.abs(incoming).max(axis=1)
    return {
        (2, 1): np.where(np.abs(incoming) * heard[:, None] >= threshold, incoming, 0),
        (3, 2): np.where(np.abs(outgoing) * given >= threshold, outgoing, 0),
        (3, 1): np.where(np.abs(skip) >= threshold, skip, 0),
    }


def emergent(point: Mapping[str, float], chosen: Experiment) -> dict[tuple[int, int], np.ndarray]:
    """The drawn edges of run 0 at a point: trained again by its seed, on the processor, which gives the network that was
    measured there (a GPU rounds in its own way)."""
    task = chosen.task(point, 0)
    with one_thread():
        return drawn(trained(chosen.settings, task.point, task.seed)[0])


# --- statistics -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Curve:
    """A quantity against α at one β: mean and standard error over the runs (NaN for one run), and the largest mean."""

    beta: float
    quantity: str
    alphas: np.ndarray
    means: np.ndarray
    errors: np.ndarray
    runs: np.ndarray
    largest: float


def curves(rows: Sequence[Mapping[str, Any]]) -> list[Curve]:
    """One curve for each β and quantity, from the rows of a sweep; trainings that diverged are left out.

    mean = Σ v / n, standard error = √(Σ (v - mean)² / (n - 1)) / √n, both over the n runs of one (α, β).
    """
    found = []
    for beta in sorted({row["beta"] for row in rows}):
        for quantity in QUANTITIES:
            values = _values(rows, quantity, beta)
            alphas = sorted(values)
            some = [values[alpha] for alpha in alphas]
            means = np.array([v.mean() for v in some])
            errors = np.array([v.std(ddof=1) / np.sqrt(len(v)) if len(v) > 1 else np.nan for v in some])
            runs = np.array([len(v) for v in some])
            found.append(
                Curve(beta, quantity, np.array(alphas, float), means, errors, runs, float(means.max(initial=0)))
            )
    return found


def _values(rows: Sequence[Mapping[str, Any]], quantity: str, beta: float) -> dict[float, np.ndarray]:
    """The runs' values at one β by α."""
    found: dict[float, list[float]] = {}
    for row in rows:
        if row["beta"] == beta and row.get(quantity) is not None:
            found.setdefault(row["alpha"], []).append(row[quantity])
    return {alpha: np.array(values) for alpha, values in found.items()}


def reference() -> list[dict[str, float]]:
    """What the authors' implementation gave: one run for each line, not seeded alike, nothing normalised."""
    text = resources.files(__package__).joinpath("reference.csv").read_text(encoding="utf-8")
    names = {
        "gamma_norm": "path_norm",
        "mean_abs_input_and_hidden_eigenvalue": "mean_abs_eigenvalue",
        "train_mse": "loss",
    }
    return [
        {names.get(name, name): float(value) for name, value in row.items() if name != "seed"}
        for row in csv.DictReader(text.splitlines())
    ]


@dataclass(frozen=True)
class Comparison:
    """One value of the reference beside our runs at the same α and β.

    `beyond` says that it is less or more than all of ours: for a value of the same distribution as our n the chance is
    2/(n + 1). `deviations` is its distance from our mean in standard deviations of our runs (NaN for one run).
    """

    beta: float
    alpha: float
    quantity: str
    reference: float
    runs: int
    least: float
    median: float
    mean: float
    greatest: float
    deviations: float
    beyond: bool


def comparisons(rows: Sequence[Mapping[str, Any]]) -> list[Comparison]:
    """Ours and the reference, wherever both have a value."""
    found = []
    for quantity in QUANTITIES:
        for line in reference():
            ours = _values(rows, quantity, line["beta"]).get(line["alpha"])
            if ours is not None:
                found.append(_compared(line, quantity, ours))
    return found


def _compared(line: Mapping[str, float], quantity: str, ours: np.ndarray) -> Comparison:
    value, spread = line[quantity], float(ours.std(ddof=1)) if len(ours) > 1 else 0.0
    return Comparison(
        beta=line["beta"],
        alpha=line["alpha"],
        quantity=quantity,
        reference=value,
        runs=len(ours),
        least=float(ours.min()),
        median=float(np.median(ours)),
        mean=float(ours.mean()),
        greatest=float(ours.max()),
        deviations=float((value - ours.mean()) / spread) if spread else np.nan,
        beyond=bool(value < ours.min() or value > ours.max()),
    )


def details(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Curves and comparisons, for a program."""
    return {"curves": [vars(curve) for curve in curves(rows)], "comparisons": [vars(one) for one in comparisons(rows)]}


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """The comparison as text, with the number of differences that chance alone would make."""
    found = comparisons(rows)
    if not found:
        return "no α and β in common with the reference\n"
    layout = "{:<10} {:>5} {:>5} {:>5} {:>10} {:>10} {:>10} {:>10} {:>10} {:>7}  {}\n"
    heads = (
        "quantity",
        "β",
        "α",
        "runs",
        "least",
        "median",
        "mean",
        "greatest",
        "reference",
        "(r-m)/s",
        "the reference is",
    )
    text = layout.format(*heads)
    for one in found:
        verdict = (
            "within ours" if not one.beyond else "below all ours" if one.reference < one.least else "above all ours"
        )
        numbers = (f"{v:.3g}" for v in (one.least, one.median, one.mean, one.greatest, one.reference))
        text += layout.format(
            QUANTITIES[one.quantity],
            f"{one.beta:g}",
            f"{one.alpha:g}",
            one.runs,
            *numbers,
            f"{one.deviations:.2f}",
            verdict,
        )
    beyond, chance = sum(one.beyond for one in found), sum(2 / (one.runs + 1) for one in found)
    return text + (
        f"{beyond} of {len(found)} values of the reference lie beyond the spread of our runs; chance alone would put "
        f"{chance:.2g} there\n"
    )
