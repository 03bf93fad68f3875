"""`sweep`: a grid over the options of a training, on any data."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.checks import sequence
from spectral_core.data import datasets
from spectral_core.data.dataset import Dataset
from spectral_core.data.preparation import PreparedData, prepare
from spectral_core.errors import DivergenceError, InvalidInputError
from spectral_core.networks.paths import mean_abs_eigenvalue, path_norms
from spectral_core.networks.predictor import Predictor
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.sweeps import runner
from spectral_core.sweeps.experiment import Experiment, json_value
from spectral_core.sweeps.runner import SweepResult
from spectral_core.sweeps.store import canonical
from spectral_core.training.options import TRAIN_OPTIONS
from spectral_core.training.trainer import train

NETWORK_OPTIONS = ("hidden", "activation", "bias", "parametrization", "dtype")
SET_BY_SWEEP = {"seed", "sample_weight", "validation_data", "callbacks", "checkpoint", "keep_checkpoint"}
TRAINING_OPTIONS = tuple(name for name in TRAIN_OPTIONS if name not in SET_BY_SWEEP)
"""Options of `train` that a grid may name; a sweep sets the others itself."""

HIDDEN = 100
"""Width of the hidden layer where a grid does not name one."""

SCORED = ("squared_error", "huber", "cross_entropy", "binary_cross_entropy")
"""Losses whose minimum is a prediction of y itself (the others predict logarithms)."""

DRY_RUN_SAMPLES = 16
"""Samples of the training step that tests each point of the grid before the sweep."""


def sweep(
    data: Any,
    grid: Mapping[str, Any],
    *,
    runs: int = 1,
    task: str = "auto",
    target: str | Sequence[str] | None = None,
    standardize: bool | None = None,
    validation_fraction: float = 0.2,
    seed: int = 0,
    store: str | os.PathLike[str] | None = None,
    jobs: int | None = None,
    shard: tuple[int, int] | None = None,
    progress: Callable[[int, int, str], object] | None = None,
) -> SweepResult:
    """Train once for every point of a grid and every run, in parallel, and keep the results of each training.

    Parameters
    ----------
    data : a built-in name, a file as for `datasets.load`, a pair (X, y), or a `Dataset`.
    grid : values, or one value, by the name of an option: ``hidden`` (a width, a list of widths, or None), ``activation``,
        ``bias``, ``parametrization``, ``dtype`` of the network, and those of `train`: ``epochs``, ``batch_size``,
        ``learning_rate``, ``penalty_strength`` and so on. Other options have the defaults of `train`; `hidden` is 100,
        `loss` fits the task.
    runs : trainings of each point; start and order of samples differ, the data and their split do not.
    task, standardize, validation_fraction : as in `search`; `standardize` by default as suits the data.
    target : the target column of a table, or several.
    seed : of the split and of the sweep; each training's own seed follows from it, its point and its run.
    store, jobs, shard, progress : see `spectral_core.sweeps.runner.run`.

    Returns
    -------
    SweepResult : `.rows`, `.to_csv(path)`, `.to_parquet(path)`, `.content`. Each row has the point, `run`, `seed`, and

        training_loss, validation_loss : of the trained network, in the scaled units of the targets.
        validation_score : accuracy or R²; None for losses whose outputs are not predictions of y.
        epoch : the epoch of the network.
        mean_abs_eigenvalue : mean |λ| of the penalised eigenvalues; None for `direct`.
        path_norm_i : ‖Γ‖ through hidden layer i = 2, ..., K-1.
        failure : the reason why the training diverged, or None.

    Raises
    ------
    InvalidInputError : data, grid or options break a rule; found before the work starts.
    DataFileError : the store holds another sweep.

    Examples
    --------
    >>> import numpy as np
    >>> from spectral_core import sweep
    >>> X = np.linspace(-1, 1, 200).reshape(-1, 1)
    >>> result = sweep((X, np.abs(X)), {"hidden": [2, 5], "epochs": 3}, runs=2, jobs=1)
    >>> [(row["hidden"], row["run"]) for row in result.rows]
    [(2, 0), (5, 0), (2, 1), (5, 1)]
    """
    seed = checks.integer(seed, "seed", 0)
    prepared, name = _data(data, task, target, standardize, validation_fraction, seed)
    points = grid_points(grid)
    training = Training(prepared)
    settings = {"data": name, "arrays": _fingerprint(prepared), "task": prepared.task}
    dry_run = partial(training.dry_run, points)
    experiment = Experiment("sweep", settings, points, checks.integer(runs, "runs", 1), training, dry_run, seed)
    return runner.run(experiment, store=store, jobs=jobs, shard=shard, progress=progress)


def _data(
    data: Any, task: str, target: str | Sequence[str] | None, standardize: bool | None, fraction: float, seed: int
) -> tuple[PreparedData, str]:
    if isinstance(data, tuple):
        if len(data) != 2:
            raise InvalidInputError(f"data must be a name, a file or a pair (X, y); got {len(data)} things")
        if target is not None:
            raise InvalidInputError(f"target names a column of a file; got {target!r} for a pair (X, y)")
        scaled = True if standardize is None else standardize
        return prepare(*data, task, None, fraction, scaled, seed), "arrays"
    if isinstance(data, Dataset) and (target is not None or task != "auto"):
        raise InvalidInputError("a Dataset has its target and its task already; give them to datasets.load")
    if isinstance(data, Dataset) and any(part is not None for part in (data.weight, data.group, data.time)):
        raise InvalidInputError("a sweep uses no column of weights, groups or times; load the data without them")
    found = data if isinstance(data, Dataset) else datasets.load(data, target=target, task=task)
    scaled = found.standardize if standardize is None else standardize
    return prepare(found.x, found.labels, found.task, None, fraction, scaled, seed), found.name


def _fingerprint(data: PreparedData) -> str:
    digest = hashlib.sha256()
    for array in (data.x, data.y, data.x_valid, data.y_valid):
        digest.update(repr((array.shape, array.dtype.str)).encode() + np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]


def grid_points(grid: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All combinations of a grid's values, the last name fastest."""
    if not isinstance(grid, Mapping):
        raise InvalidInputError(f"grid must map names of options to values; got {grid!r}")
    axes = {}
    for name, value_or_values in grid.items():
        known = (*NETWORK_OPTIONS, *TRAINING_OPTIONS)
        if name not in known:
            raise InvalidInputError(f"grid must name options of a training: {', '.join(known)}; got {name!r}")
        values = value_or_values.tolist() if isinstance(value_or_values, np.ndarray) else value_or_values
        values = list(values) if isinstance(values, Sequence) and not isinstance(values, str) else [values]
        values = [json_value(value) for value in values]
        twice = [value for k, value in enumerate(values) if any(_same(value, other) for other in values[:k])]
        if not values or twice:
            raise InvalidInputError(f"grid[{name!r}] must hold different values, at least one; got {value_or_values!r}")
        axes[name] = values
    return [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]


def _same(a: Any, b: Any) -> bool:
    return type(a) is type(b) and a == b  # True == 1


@dataclass(frozen=True, eq=False)
class Training:
    """The trainings on one data set; workers call it with a point of the grid and a seed."""

    data: PreparedData

    def start(self, point: Mapping[str, Any], seed: int) -> SpectralNetwork:
        options = {name: value for name, value in point.items() if name in NETWORK_OPTIONS}
        hidden = options.pop("hidden", HIDDEN)
        hidden = [hidden] if isinstance(hidden, int) else () if hidden is None else sequence(hidden, "hidden")
        widths = [self.data.x.shape[1], *hidden, self.data.n_outputs]
        return SpectralNetwork.initialize(widths, seed=seed, **options)

    def options(self, point: Mapping[str, Any]) -> dict[str, Any]:
        return {"loss": self.data.loss} | {name: v for name, v in point.items() if name in TRAINING_OPTIONS}

    def dry_run(self, points: Sequence[Mapping[str, Any]]) -> None:
        """One epoch on a few samples at each point; an error names the point."""
        for point in points:
            try:
                self._try(point)
            except InvalidInputError as error:
                raise InvalidInputError(f"grid point {canonical(point)}: {error}") from None

    def _try(self, point: Mapping[str, Any]) -> None:
        data, options, few = self.data, self.options(point), slice(None, DRY_RUN_SAMPLES)
        checks.integer(options.get("epochs", 1), "epochs", 1)
        net, validation = self.start(point, 0), (data.x_valid[few], data.y_valid[few])
        for x, y in ((data.x, data.y), (data.x_valid, data.y_valid)):
            net.problem(x, y, options["loss"])
        with contextlib.suppress(DivergenceError):  # other samples may not diverge
            train(net, data.x[few], data.y[few], validation_data=validation, **options | {"epochs": 1})

    def __call__(self, point: Mapping[str, Any], seed: int) -> dict[str, Any]:
        data, options = self.data, self.options(point)
        validation = (data.x_valid, data.y_valid)
        result = train(self.start(point, seed), data.x, data.y, validation_data=validation, seed=seed, **options)
        net, loss = result.network, options["loss"]
        predictor = Predictor(net, data.task, data.inputs, data.outputs, data.classes)
        measured = {
            "training_loss": net.loss(data.x, data.y, loss),
            "validation_loss": net.loss(*validation, loss),
            "validation_score": predictor.score(*data.validation) if loss in SCORED else None,
            "epoch": result.epoch,
            "mean_abs_eigenvalue": mean_abs_eigenvalue(net),
        }
        norms = path_norms(net.transfer_blocks(), net.widths)
        return measured | {f"path_norm_{layer}": norm for layer, norm in enumerate(norms, 2)}
