"""Accuracy against trimmed neurons for the methods of `spectral_core.experiments.pruning.methods`.

For each activation and depth, and for several percentiles of trimmed hidden neurons, every run measures the accuracy of
each method on held-out samples.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.checks import one_of
from spectral_core.data import datasets
from spectral_core.data.splitting import held_out
from spectral_core.errors import InvalidInputError
from spectral_core.experiments.pruning.methods import METHODS, SETTINGS, published_width, train_networks
from spectral_core.experiments.pruning.results import compared_with
from spectral_core.kernels.tables import ZERO_AT_ZERO
from spectral_core.networks.compact import CompactNetwork
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.sweeps.experiment import Experiment

NAME = "pruning"
ACTIVATIONS = ("relu", "elu", "tanh")
DEPTHS = (1, 2)
RUNS = 5
UNTRIMMED = tuple(METHODS)[:7]
"""Methods whose accuracy is measured without trimming too; the others start from the same networks."""


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
        {
            "activation": one_of(activation, ZERO_AT_ZERO, f"activations[{j}]"),
            "layers": checks.integer(layers, f"depths[{i}]", 1),
        }
        for i, layers in enumerate(depths)
        for j, activation in enumerate(activations)
    ]
    if not points:
        raise InvalidInputError("the experiment needs at least one activation and one depth")
    settings = SETTINGS | {"data": _data_name(data), "test_data": None if test_data is None else _data_name(test_data)}
    # The content of a file may change; a store must not mix two contents.
    settings["content"] = [_digest(name) for name in (settings["data"], settings["test_data"]) if name is not None]
    settings |= {} if epochs is None else {"epochs": checks.integer(epochs, "epochs", 1)}
    settings |= {} if hidden is None else {"hidden": checks.integer(hidden, "hidden", 1)}
    short = settings | {
        "epochs": 1,
        "retraining_epochs": 1,
        "hidden": min(settings["hidden"] or 20, 20),
        "percentiles": [50],
    }
    return Experiment(
        name=NAME,
        settings=settings,
        points=points,
        runs=checks.integer(runs, "runs", 1),
        measure=partial(measure, settings),
        dry_run=partial(measure, short, points[0], 0),
        seed=checks.integer(seed, "seed", 0),
    )


def _data_name(data: Any) -> str:
    if not isinstance(data, (str, os.PathLike)):
        raise InvalidInputError(f"data must be a built-in name or a path; got {data!r}")
    return os.fspath(data)


def _digest(data: str) -> str:
    found = datasets.load(data, task="classification")
    return hashlib.sha256(found.x.tobytes() + found.y.tobytes()).hexdigest()[:16]


def prepare_data(settings: Mapping[str, Any], seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """x, labels, x_test, labels_test; inputs are divided by the largest training input (255 for bytes, 16 for `digits`).

    By hand: the scale of pictures. Checked by test_pruning.test_other_data_come_from_files.
    """
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


def measure(settings: Mapping[str, Any], point: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Accuracy of every method at every percentile, as ``method@percentile``, and untrimmed, as ``method@0``; the authors' data set, and neurons of a layer.

    By hand: the share of right answers. Checked by test_pruning.test_every_method_has_its_accuracy.
    """
    x, y, x_test, y_test = prepare_data(settings, seed)
    networks = train_networks(x, y, point["layers"], point["activation"], seed, settings)

    def accuracy(network: SpectralNetwork | CompactNetwork) -> float:
        return float(np.mean(network.forward(x_test).argmax(axis=1) == y_test))

    found = {f"{method}@0": accuracy(networks.untrimmed(method)) for method in UNTRIMMED}
    for percentile in settings["percentiles"]:
        for method in METHODS:
            network = networks.trimmed(method, percentile)
            if network is not None:
                found[f"{method}@{percentile}"] = accuracy(network)
    width = settings["hidden"] or published_width(point["layers"])
    return found | {"authors": compared_with(settings["data"]), "hidden": width}
