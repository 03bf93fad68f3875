"""Spectral pruning (P3): the published arms of Buffoni et al. (Sci. Rep. 12, 2022), matched in retraining, and ours.

Layerwise networks with 500 neurons in each hidden layer, λ^in = 0, φ uniform in ±0.2, λ^out uniform in ±0.5, no constant;
softmax, Adam 1e-3, batch 200, 100 epochs. For each activation and depth, and for several percentiles of hidden neurons
trimmed over all layers together, the accuracy on held-out samples:

spectral : φ and λ trained, ranked by |λ|.
dense : an ordinary network, ranked by incoming connectivity; each layer for itself, as is path: with 64 inputs and 500
    hidden neurons the sums of two layers cannot be compared, and a common percentile would empty the first one.
alternate : λ alone trained on random φ, ranked by |λ|, the smaller network rebuilt with kept λ and the φ of the start, and
    all of it trained for 20 epochs.
``+ M15`` : weights of what stays refitted in closed form on the training samples. ``retrained`` : 20 epochs afterwards, as
    the alternate arm has them.
"""

from __future__ import annotations

import csv
import hashlib
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import resources
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.checks import one_of
from spectral_core.data import datasets
from spectral_core.data.splitting import held_out
from spectral_core.errors import InvalidInputError
from spectral_core.kernels.tables import ZERO_AT_ZERO
from spectral_core.networks.compact import CompactNetwork
from spectral_core.networks.parameters import xavier_uniform
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.resizing.pruning import prune
from spectral_core.resizing.rankings import neuron_scores
from spectral_core.sweeps.experiment import Experiment
from spectral_core.training.trainer import train

NAME = "pruning"
ACTIVATIONS = ("relu", "elu", "tanh")
DEPTHS = (1, 2)
RUNS = 5
PERCENTILES = (50, 80, 90, 95, 97, 99)
SETTINGS: dict[str, Any] = {
    "hidden": 500, "epochs": 100, "retraining_epochs": 20, "batch_size": 200, "learning_rate": 1e-3,
    "eigenvector_range": 0.2, "eigenvalue_range": 0.5, "test_fraction": 0.3, "percentiles": list(PERCENTILES),
}  # fmt: skip
ARMS = (
    "spectral", "dense", "spectral + M15", "path + M15", "pivoted_qr + M15", "dense + M15",
    "alternate", "spectral, retrained", "dense, retrained", "pivoted_qr + M15, retrained",
)  # fmt: skip
"""The first six without a step of gradient descent behind the trimming, the last four with 20 epochs."""


def experiment(
    data: str | os.PathLike[str] = "digits",
    *,
    test_data: str | os.PathLike[str] | None = None,
    activations: Sequence[str] = ACTIVATIONS,
    depths: Sequence[int] = DEPTHS,
    runs: int = RUNS,
    epochs: int | None = None,
    hidden: int | None = None,
    seed: int = 0,
) -> Experiment:
    """The experiment on a built-in data set or on files, for `spectral_core.sweeps.runner.run`.

    Parameters
    ----------
    data, test_data : as `datasets.load` takes them; without test data 30 % of the samples are held out.
    """
    points = [
        {"activation": one_of(activation, ZERO_AT_ZERO, "activation"), "layers": checks.integer(layers, "depth", 1)}
        for layers in depths
        for activation in activations
    ]
    if not points:
        raise InvalidInputError("the experiment needs at least one activation and one depth")
    settings = SETTINGS | {"data": _named(data), "test_data": None if test_data is None else _named(test_data)}
    # A file may change under its name; a store must not mix the two.
    settings["content"] = [_digest(name) for name in (settings["data"], settings["test_data"]) if name is not None]
    settings |= {} if epochs is None else {"epochs": checks.integer(epochs, "epochs", 1)}
    settings |= {} if hidden is None else {"hidden": checks.integer(hidden, "hidden", 1)}
    short = settings | {"epochs": 1, "retraining_epochs": 1, "hidden": min(settings["hidden"], 20), "percentiles": [50]}
    return Experiment(
        NAME, settings, points, checks.integer(runs, "runs", 1), partial(measured, settings),
        dry_run=partial(measured, short, points[0], 0), seed=checks.integer(seed, "seed", 0),
    )  # fmt: skip


def _named(data: Any) -> str:
    if not isinstance(data, (str, os.PathLike)):
        raise InvalidInputError(f"data must be a built-in name or a path; got {data!r}")
    return os.fspath(data)


def _digest(data: str) -> str:
    found = datasets.load(data, task="classification")
    return hashlib.sha256(found.x.tobytes() + found.y.tobytes()).hexdigest()[:16]


def prepared(settings: Mapping[str, Any], seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """x, labels, x_test, labels_test; inputs over the largest of the training part (255 for bytes, 16 for `digits`)."""
    found = datasets.load(settings["data"], task="classification")
    if settings["test_data"] is None:
        mask = held_out(found.y, len(found.x), settings["test_fraction"], np.random.default_rng(seed))
        parts = found.x[~mask], found.y[~mask], found.x[mask], found.y[mask]
    else:
        other = datasets.load(settings["test_data"], task="classification")
        if other.classes != found.classes or other.x.shape[1] != found.x.shape[1]:
            raise InvalidInputError(
                f"{settings['test_data']} has other classes or columns than {settings['data']}: {len(other.classes)} and "
                f"{other.x.shape[1]} against {len(found.classes)} and {found.x.shape[1]}"
            )
        parts = found.x, found.y, other.x, other.y
    scale = float(np.abs(parts[0]).max()) or 1.0
    return (parts[0] / scale).astype(np.float32), parts[1], (parts[2] / scale).astype(np.float32), parts[3]


def start(settings: Mapping[str, Any], widths: Sequence[int], activation: str, seed: int) -> SpectralNetwork:
    """The published start of the layerwise network."""
    generator = np.random.default_rng(seed)
    phi, pairs = [], []
    for rows, columns in zip(widths[1:], widths[:-1], strict=True):
        phi.append(generator.uniform(-1, 1, (rows, columns)) * settings["eigenvector_range"])
        pairs.append((np.zeros(columns), generator.uniform(-1, 1, rows) * settings["eigenvalue_range"]))
    return SpectralNetwork(
        phi, pairs, activation=activation, parametrization="layerwise", dtype="float32", frozen=("eigenvalues_in",)
    )


def dense_start(widths: Sequence[int], activation: str, seed: int) -> SpectralNetwork:
    """An ordinary network: Xavier blocks between neighbours."""
    generator = np.random.default_rng(seed)
    blocks = {
        (i + 2, i + 1): xavier_uniform(generator, widths[i + 1], widths[i]).astype(np.float32)
        for i in range(len(widths) - 1)
    }
    return SpectralNetwork(blocks=blocks, activation=activation, parametrization="direct", dtype="float32")


def rebuilt(net: SpectralNetwork, keep: Sequence[np.ndarray]) -> SpectralNetwork:
    """A layerwise network with the kept neurons alone: rows and columns of φ, entries of λ."""
    phi = [block[np.ix_(keep[i + 1], keep[i])] for i, block in enumerate(net.eigenvectors)]
    own: list[Any] = list(net.eigenvalues)
    pairs = [(lam_in[keep[i]], lam_out[keep[i + 1]]) for i, (lam_in, lam_out) in enumerate(own)]
    return SpectralNetwork(
        phi, pairs, activation=net.activation, parametrization="layerwise", frozen=("eigenvalues_in",)
    )


def kept(net: SpectralNetwork, by: str, percentile: float) -> list[np.ndarray]:
    """Masks of the neurons that stay when this percentage of all hidden neurons goes."""
    scores = neuron_scores(net, by)
    order = np.argsort(np.concatenate(scores), kind="stable")
    stays = np.ones(len(order), dtype=bool)
    stays[order[: int(np.floor(percentile / 100 * len(order) + 1e-9))]] = False
    parts = np.split(stays, np.cumsum([len(score) for score in scores])[:-1])
    return [np.ones(net.widths[0], dtype=bool), *parts, np.ones(net.widths[-1], dtype=bool)]


@dataclass(frozen=True, eq=False)
class Trained:
    """The three trainings that the arms begin with, on x (samples, features) and labels (samples,)."""

    settings: Mapping[str, Any]
    x: np.ndarray
    y: np.ndarray
    seed: int
    spectral: SpectralNetwork
    dense: SpectralNetwork
    values_alone: SpectralNetwork

    def untrimmed(self, arm: str) -> SpectralNetwork:
        return {"dense": self.dense, "alternate": self.values_alone}.get(arm.split(" ")[0].rstrip(","), self.spectral)

    def network(self, arm: str, percentile: float) -> SpectralNetwork | CompactNetwork | None:
        """The network of an arm with this percentage of hidden neurons gone; None if a layer of *alternate* is empty."""
        one_of(arm, ARMS, "arm")
        if arm == "alternate":
            keep = kept(self.values_alone, "eigenvalue", percentile)
            return self._retrained(rebuilt(self.values_alone, keep)) if all(mask.any() for mask in keep) else None
        name = arm.removesuffix(", retrained")
        by = {"spectral": "eigenvalue", "dense": "connectivity"}.get(
            name.removesuffix(" + M15"), name.removesuffix(" + M15")
        )
        small = prune(
            self.untrimmed(arm), by=by, fraction=percentile / 100, even=by in ("connectivity", "path"), X=self.x,
            compensate=name.endswith("M15"),
        ).compact  # fmt: skip
        return self._retrained(small) if arm.endswith("retrained") else small

    def _retrained(self, net: Any) -> Any:
        return train(net, self.x, self.y, seed=self.seed, **_options(self.settings, "retraining_epochs")).network


def _options(settings: Mapping[str, Any], epochs: str) -> dict[str, Any]:
    names = ("batch_size", "learning_rate")
    return {name: settings[name] for name in names} | {"loss": "cross_entropy", "epochs": settings[epochs]}


def trained(
    x: np.ndarray, y: np.ndarray, layers: int, activation: str, seed: int, settings: Mapping[str, Any] = SETTINGS
) -> Trained:
    """Train what the arms need: φ and λ, an ordinary network, λ alone on random φ.

    Parameters
    ----------
    x : (samples, features), best between 0 and 1; y : class indices (samples,).
    layers : number of hidden layers, of ``settings["hidden"]`` neurons each.
    """
    widths = [x.shape[1], *[settings["hidden"]] * layers, int(y.max()) + 1]
    options = _options(settings, "epochs")
    begun = start(settings, widths, activation, seed)
    fixed = begun.with_parameters(begun.parameters, frozen=("eigenvectors", "eigenvalues_in"))
    nets = (
        train(net, x, y, seed=seed, **options).network for net in (begun, dense_start(widths, activation, seed), fixed)
    )
    return Trained(settings, x, y, seed, *nets)


def recipe(
    arm: str,
    x: Any,
    y: Any,
    percentile: float,
    *,
    layers: int = 1,
    activation: str = "relu",
    seed: int = 0,
    **settings: Any,
) -> SpectralNetwork | CompactNetwork | None:
    """One of `ARMS` on data of your own: train as published, trim, and what else belongs to the arm.

    Parameters
    ----------
    arm : ``spectral``, ``dense``, ``alternate``, or one of ours; `ARMS` lists them.
    x, y : (samples, features), best between 0 and 1; class indices (samples,).
    percentile : of the hidden neurons that go.
    settings : that differ from `SETTINGS`, such as ``hidden=100`` or ``epochs=20``.

    Returns
    -------
    The trimmed network; None where nothing would be left of a layer that *alternate* builds anew.
    """
    unknown = [name for name in settings if name not in SETTINGS]
    if unknown:
        raise InvalidInputError(f"no setting {unknown[0]!r}; there are {', '.join(SETTINGS)}")
    one_of(arm, ARMS, "arm")
    features = checks.real_array(x, "x", np.float32, 2)
    labels = checks.class_indices(y, len(features), int(np.max(y)) + 1 if np.size(y) else 1)
    share = checks.real_number(percentile, "percentile", 0, 100)
    return trained(
        features, labels, checks.integer(layers, "layers", 1), one_of(activation, ZERO_AT_ZERO, "activation"),
        checks.integer(seed, "seed", 0), SETTINGS | settings,
    ).network(arm, share)  # fmt: skip


def measured(settings: Mapping[str, Any], point: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Accuracy of every arm at every percentile, as ``arm@percentile``, and untrimmed, as ``arm@0``."""
    x, y, x_test, y_test = prepared(settings, seed)
    nets = trained(x, y, point["layers"], point["activation"], seed, settings)

    def accuracy(network: SpectralNetwork | CompactNetwork) -> float:
        return float(np.mean(network.forward(x_test).argmax(axis=1) == y_test))

    found = {f"{arm}@0": accuracy(nets.untrimmed(arm)) for arm in ARMS[:7]}
    for percentile in settings["percentiles"]:
        for arm in ARMS:
            network = nets.network(arm, percentile)
            if network is not None:
                found[f"{arm}@{percentile}"] = accuracy(network)
    return found


def reference() -> dict[tuple[int, str, str, float], float]:
    """Accuracy in per cent of the authors on MNIST, by (hidden layers, activation, arm, percentile)."""
    text = resources.files(__package__).joinpath("reference.csv").read_text(encoding="utf-8")
    return {
        (int(row["hidden_layers"]), row["activation"], row["arm"], float(row["percentile_trimmed"])): float(
            row["accuracy_mean"]
        )
        for row in csv.DictReader(text.splitlines())
        if row["dataset"] == "MNIST"
    }


def summary(rows: Sequence[Mapping[str, Any]]) -> dict[tuple[int, str, str, int], tuple[float, float, int]]:
    """Mean, standard deviation (n - 1) in per cent and number of runs, by (hidden layers, activation, arm, percentile)."""
    values: dict[tuple[int, str, str, int], list[float]] = {}
    for row in rows:
        for name, value in row.items():
            arm, at, percentile = name.rpartition("@")
            if at and value is not None:
                values.setdefault((row["layers"], row["activation"], arm, int(percentile)), []).append(100 * value)
    return {
        key: (float(np.mean(v)), float(np.std(v, ddof=1)) if len(v) > 1 else math.nan, len(v))
        for key, v in values.items()
    }


def details(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The table for a program."""
    names = ("hidden_layers", "activation", "arm", "percentile", "mean", "deviation", "runs")
    return {"accuracy": [dict(zip(names, (*key, *value), strict=True)) for key, value in sorted(summary(rows).items())]}


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Every arm by percentile, ours and (MNIST) the authors'."""
    found, published = summary(rows), reference()
    percentiles = sorted({key[3] for key in found})
    text = "accuracy on held-out samples, %, mean ± standard deviation; 'MNIST' lines: the authors' values\n"
    for layers, activation in sorted({key[:2] for key in found}):
        runs = max(value[2] for key, value in found.items() if key[:2] == (layers, activation))
        text += f"\n{layers} hidden layer{'s' * (layers > 1)}, {activation}, {runs} run{'s' * (runs > 1)}\n"
        text += f"{'% trimmed':<30}" + "".join(f"{p:>14}" for p in percentiles) + "\n"
        for arm in ARMS:
            cells = []
            for percentile in percentiles:
                entry = found.get((layers, activation, arm, percentile))
                spread = "" if entry is None or math.isnan(entry[1]) else f" ± {entry[1]:.1f}"
                cells.append("-" if entry is None else f"{entry[0]:.1f}{spread}")
            text += f"{arm:<30}" + "".join(f"{cell:>14}" for cell in cells) + "\n"
        for arm in ("spectral", "dense", "alternate"):
            values = [published.get((layers, activation, arm, float(p))) for p in percentiles]
            if any(value is not None for value in values):
                shown = "".join(f"{'-' if value is None else f'{value:.1f}':>14}" for value in values)
                text += f"{f'MNIST, {arm}':<30}{shown}\n"
    return text


def figure(path: str | os.PathLike[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Accuracy against the percentile, a panel for each depth and activation; the authors' MNIST curves thin and dotted."""
    from spectral_core.reports.curves import COLOURS, MARKERS, figure_file, heading

    found, published = summary(rows), reference()
    depths = sorted({key[0] for key in found})
    activations = list(dict.fromkeys(key[1] for key in found))
    with figure_file(path, 3.4 * len(activations) + 1.4, 2.9 * len(depths) + 1, layout="constrained") as canvas:
        heading(canvas, "Accuracy against neurons trimmed")
        panels = canvas.subplots(len(depths), len(activations), squeeze=False, sharey=True)
        for r, layers in enumerate(depths):
            for c, activation in enumerate(activations):
                axes = panels[r][c]
                axes.set_title(f"{activation}, {layers} hidden layer{'s' * (layers > 1)}", fontsize=9)
                for k, arm in enumerate(ARMS[:7]):
                    points = sorted(
                        (key[3], value[0]) for key, value in found.items() if key[:3] == (layers, activation, arm)
                    )
                    if points:
                        axes.plot(*zip(*points, strict=True), color=COLOURS[k % len(COLOURS)], marker=MARKERS[k % len(MARKERS)], ms=3, lw=1.2, label=arm)  # fmt: skip
                for k, arm in ((0, "spectral"), (1, "dense"), (6, "alternate")):
                    curve = sorted(
                        (key[3], value) for key, value in published.items() if key[:3] == (layers, activation, arm)
                    )
                    if curve:
                        axes.plot(
                            *zip(*curve, strict=True), color=COLOURS[k], lw=0.8, ls=":", label=f"{arm}, MNIST, authors"
                        )
                axes.set(xlabel="% of hidden neurons trimmed" if r == len(depths) - 1 else "", ylabel="accuracy, %" if c == 0 else "", ylim=(0, 101))  # fmt: skip
        handles, labels = panels[0][0].get_legend_handles_labels()
        canvas.legend(handles, labels, loc="outside right center", fontsize=7.5)
