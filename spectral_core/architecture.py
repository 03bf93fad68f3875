"""Architecture search from the linear seed (SPARCS): train, trim, report."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spectral_core import arrays, files
from spectral_core.compaction import CompactNetwork
from spectral_core.errors import InvalidInputError, one_of
from spectral_core.kernels.tables import ZERO_AT_ZERO
from spectral_core.network import SpectralNetwork
from spectral_core.predictor import TASKS, Predictor, Scaling
from spectral_core.pruning import Trimmed, path_norms, trim
from spectral_core.report import Block, SearchReport
from spectral_core.trainer import History, Progress, TrainingResult, train

PUBLISHED: dict[str, Any] = {
    "standardize": False,
    "batch_size": 100,
    "penalty_strength": 1e-4,
    "eigenvalue_learning_rate": 1e-3,
    "eigenvector_penalties": (0.0,),
    "patience": None,
}
"""What differs in the published protocol (arXiv 2504.00885, first experiment) from the defaults of `search`.

Without `patience` the best of the last tenth of the epochs is kept (the paper keeps the last one), not the best of all:
hidden eigenvalues that are not needed fall to zero long after the loss has fallen.
"""

NOISE = 1e-3
"""Losses are compared on the scale of this share of the constant predictor's loss, where the loss itself is less."""

MANY_SAMPLES = 10_000
CLASS_LIMIT = 20
"""Whole-number targets with at most this many values are classes, when the task is left to `auto`."""


@dataclass(frozen=True, eq=False)
class SearchResult:
    """`network` as trained, `compact` as trimmed; predictors undo the scaling; `history` of the training."""

    network: SpectralNetwork
    compact: CompactNetwork
    report: SearchReport
    history: History
    predictor: Predictor
    compact_predictor: Predictor

    def predict(self, X: Any) -> np.ndarray:
        """Predictions of the compact network in the units of the data."""
        return self.compact_predictor.predict(X)

    def plot(self, path: str | os.PathLike[str]) -> None:
        """A picture (PNG) of the network that was found."""
        from spectral_core.network_plot import network_picture

        report, compact = self.report, self.compact
        network_picture(
            path,
            compact.widths,
            compact.blocks,
            title=f"{report.data or 'network'}: {'-'.join(map(str, compact.widths))}",
            subtitle=f"{report.compact_parameters:,} weights, found in {report.spectral_parameters:,} spectral parameters",
        )

    def save(self, directory: str | os.PathLike[str]) -> None:
        """Write model.npz, compact.npz, report.json, report.txt and history.json."""
        home = Path(directory)
        self.predictor.save(home / "model.npz")
        self.compact_predictor.save(home / "compact.npz")
        files.write_text(home / "report.json", self.report.to_json())
        files.write_text(home / "report.txt", self.report.to_text())


def search(
    X: Any,
    y: Any,
    *,
    hidden: Sequence[int] = (300,),
    task: str = "auto",
    activation: str = "relu",
    bias: bool = True,
    tolerance: float = 0.01,
    validation_data: tuple[Any, Any] | None = None,
    validation_fraction: float = 0.2,
    standardize: bool = True,
    epochs: int = 300,
    batch_size: int | None = None,
    learning_rate: float = 1e-3,
    eigenvalue_learning_rate: float = 5e-2,
    penalty: str = "group",
    penalty_strength: float = 1e-3,
    eigenvector_penalties: Sequence[float] = (0.0, 1e-3, 1e-2),
    patience: int | None = 50,
    dtype: str = "float32",
    seed: int = 0,
    name: str = "",
    feature_names: Sequence[str] = (),
    target_names: Sequence[str] = (),
    progress: Callable[[int, int, str], object] | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
) -> SearchResult:
    """Find an architecture: start linear, train, and keep only what the task needs.

    1. Start with λ = 0, ..., 0, 1 by layer: an exactly linear network (Xavier uniform φ).
    2. Minimise loss + penalty; hidden layers and skip connections switch on as λ departs from 0.
    3. Remove neurons in the order of their path score (M6), then whole blocks, as long as the validation loss
       stays within the limit; compact what is left (M10, M11).

    Parameters
    ----------
    X : (samples, features), any units.
    y : (samples,) or (samples, outputs) numbers, or (samples,) class labels.
    hidden : greatest width of each hidden layer; () searches nothing and fits a linear model.
    task : ``regression``, ``classification``, or ``auto``: text, booleans, and whole numbers with at most 20 different
        values are classes.
    tolerance : how much the validation loss may rise by trimming, as a share of the loss; a thousandth of the constant
        predictor's loss is added to it first, so that a loss near zero is not judged by its noise.
    validation_data : (X, y) that trimming and early stopping are judged on; by default `validation_fraction` of the
        samples, drawn by `seed` (class by class for classification).
    standardize : scale features and regression targets to mean 0 and deviation 1 of the training part; undone in
        predictions and kept in the saved model.
    eigenvector_penalties : strengths of Σ ‖φ‖₂² to try; the one with the least validation loss is kept.
    batch_size : by default 32, and 100 from 10,000 training samples on.
    epochs, learning_rate, eigenvalue_learning_rate, penalty, penalty_strength, patience : see `train`. Eigenvalues learn
        faster by default, so that hidden layers can switch on before the linear path has learned the data by heart.
        `PUBLISHED` holds the settings of the paper where they differ.
        `patience=None` runs all epochs and keeps the best of their last tenth.
    progress : called with (epochs done, epochs in all, a line of text).
    checkpoint : a file name; an interrupted search leaves its state in files of that name with a number behind, and
        the same call continues from them.

    Returns
    -------
    SearchResult : `.network`, `.compact`, `.report`, `.predict(X)`, `.plot(path)`, `.save(directory)`.

    Raises
    ------
    InvalidInputError : data or options break a rule, or a classification has one class only.
    DivergenceError : every training diverged.

    References
    ----------
    Peri, Chicchi, Fanelli, Giambagli, arXiv 2504.00885.
    """
    start = time.perf_counter()
    if activation not in ZERO_AT_ZERO:
        raise InvalidInputError(f"the search needs f(0) = 0 ({', '.join(ZERO_AT_ZERO)}); got activation={activation!r}")
    tolerance = arrays.number(tolerance, "tolerance", 0)
    data = _prepare(X, y, task, validation_data, validation_fraction, standardize, seed)
    loss = "cross_entropy" if data.task == "classification" else "squared_error"
    if batch_size is None:
        batch_size = 32 if len(data.x) < MANY_SAMPLES else 100
    widths = [data.x.shape[1], *hidden, data.n_outputs]
    net = SpectralNetwork.initialize(widths, activation=activation, bias=bias, dtype=dtype, seed=seed)
    strengths = [arrays.number(s, f"eigenvector_penalties[{i}]", 0) for i, s in enumerate(eigenvector_penalties)]
    if not strengths:
        raise InvalidInputError("eigenvector_penalties must name at least one strength")

    def notify(index: int, epoch: int, text: str) -> None:
        if progress is not None:
            progress(index * epochs + epoch, len(strengths) * epochs, text)

    def watch(index: int, strength: float) -> Callable[[Progress], None]:
        return lambda p: notify(index, p.epoch, f"φ penalty {strength:g}, loss {p.history.validation_loss[-1]:.4g}")

    trained: list[tuple[float, TrainingResult]] = []
    stores = [Path(f"{checkpoint}.{index}") for index in range(len(strengths))] if checkpoint is not None else []
    for index, strength in enumerate(strengths):
        result = train(
            net, data.x, data.y, loss=loss, epochs=epochs, batch_size=batch_size, learning_rate=learning_rate,
            eigenvalue_learning_rate=eigenvalue_learning_rate, penalty=penalty, penalty_strength=penalty_strength,
            eigenvector_penalty=strength, validation_data=(data.x_valid, data.y_valid), patience=patience, best_of_last=max(epochs // 10, 1) if patience is None else None, seed=seed,
            checkpoint=stores[index] if stores else None, keep_checkpoint=True,
            callbacks=[watch(index, strength)],
        )  # fmt: skip
        notify(index, epochs, f"φ penalty {strength:g} done")
        trained.append((result.network.loss(data.x_valid, data.y_valid, loss), result))
    chosen = min(range(len(trained)), key=lambda index: trained[index][0])
    before, result = trained[chosen]
    limit = before + tolerance * (before + NOISE * data.constant_loss())
    trimmed = trim(result.network, lambda n: n.loss(data.x_valid, data.y_valid, loss), limit)
    predictor, compact_predictor = (
        Predictor(n, data.task, data.inputs, data.outputs, data.classes, tuple(feature_names), tuple(target_names))
        for n in (result.network, trimmed.compact)
    )
    report = _report(data, result, trimmed)
    report.validation_score_before = predictor.score(*data.validation)
    report.validation_score_after = compact_predictor.score(*data.validation)
    report.eigenvector_penalty, report.tolerance, report.seed, report.data = strengths[chosen], tolerance, seed, name
    report.validation_loss_by_penalty = {f"{s:g}": value for s, (value, _) in zip(strengths, trained, strict=True)}
    report.standardized, report.seconds = standardize, time.perf_counter() - start
    for store in stores:
        store.unlink(missing_ok=True)
    return SearchResult(result.network, trimmed.compact, report, result.history, predictor, compact_predictor)


@dataclass(frozen=True, eq=False)
class _Data:
    """Training and validation data in scaled units, and how they came from the data given."""

    task: str
    x: np.ndarray
    y: np.ndarray
    x_valid: np.ndarray
    y_valid: np.ndarray
    inputs: Scaling
    outputs: Scaling
    classes: tuple[Any, ...]
    validation: tuple[np.ndarray, np.ndarray]

    @property
    def n_outputs(self) -> int:
        return len(self.classes) if self.task == "classification" else self.y.shape[1]

    def constant_loss(self) -> float:
        """Validation loss of the best constant: class frequencies, or the mean target."""
        if self.task == "classification":
            counts = np.bincount(self.y, minlength=len(self.classes)) + 1.0  # a class may be missing on one side
            return float(-np.log(counts / counts.sum())[self.y_valid].mean())
        return float(np.square(self.y_valid - self.y.mean(axis=0)).mean())


def _prepare(
    X: Any, y: Any, task: str, validation_data: tuple[Any, Any] | None, fraction: float, standardize: bool, seed: int
) -> _Data:
    x = arrays.real_array(X, "X", np.float64, 2)
    _same_rows(x, y, "X", "y")
    task = _task(y, task)
    target, classes = _target(y, task, "y", None)
    if validation_data is None:
        held_out = _held_out(target, task, arrays.number(fraction, "validation_fraction", 0, 0.9, open_low=True), seed)
        x_valid, y_valid, x, target = x[held_out], target[held_out], x[~held_out], target[~held_out]
    else:
        if not isinstance(validation_data, tuple) or len(validation_data) != 2:
            raise InvalidInputError("validation_data must be a pair (X, y)")
        x_valid = arrays.features(validation_data[0], np.float64, x.shape[1], "validation X")
        _same_rows(x_valid, validation_data[1], "validation X", "validation y")
        y_valid, _ = _target(validation_data[1], task, "validation y", classes)
    regression = task == "regression"
    inputs = Scaling.of(x) if standardize else Scaling.none(x.shape[1])
    columns = target.shape[1] if regression else 1
    outputs = Scaling.of(target) if standardize and regression else Scaling.none(columns)
    scaled = (outputs.apply(target), outputs.apply(y_valid)) if regression else (target, y_valid)
    return _Data(
        task, inputs.apply(x), scaled[0], inputs.apply(x_valid), scaled[1], inputs, outputs, classes, (x_valid, y_valid)
    )


def _same_rows(x: np.ndarray, y: Any, x_name: str, y_name: str) -> None:
    rows = arrays.as_array(y, y_name).shape[:1]
    if rows != (len(x),):
        raise InvalidInputError(f"{x_name} and {y_name} must have equally many rows; got {len(x)} and {sum(rows)}")


def _task(y: Any, task: str) -> str:
    if one_of(task, ("auto", *TASKS), "task") != "auto":
        return task
    array = np.asarray(y)
    if array.dtype.kind in "OUSb":
        return "classification"
    whole = array.ndim == 1 and bool(np.isfinite(array).all()) and bool(np.all(np.mod(array, 1) == 0))
    return "classification" if whole and len(np.unique(array)) <= CLASS_LIMIT else "regression"


def _target(y: Any, task: str, name: str, classes: tuple[Any, ...] | None) -> tuple[np.ndarray, tuple[Any, ...]]:
    """Targets (samples, outputs) and no classes, or class indices (samples,) and the labels."""
    array = np.asarray(y)
    if task == "regression":
        return arrays.real_array(array.reshape(-1, 1) if array.ndim == 1 else array, name, np.float64, 2), ()
    if array.ndim != 1 or array.size == 0:
        raise InvalidInputError(f"{name} must be a vector of class labels; got shape {array.shape}")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise InvalidInputError(f"{name} must be finite; {name}[{int(np.argmin(np.isfinite(array)))}] is not")
    if classes is None:
        labels, indices = np.unique(array, return_inverse=True)
        if len(labels) < 2:
            raise InvalidInputError(
                f"classification needs at least two classes; all {len(array)} labels are {labels.tolist()[0]!r}"
            )
        return indices, tuple(labels.tolist())
    number = {label: index for index, label in enumerate(classes)}
    unknown = [label for label in array.tolist() if label not in number]
    if unknown:
        raise InvalidInputError(f"{name} has a class that the training labels lack: {unknown[0]!r}")
    return np.array([number[label] for label in array.tolist()]), classes


def _held_out(target: np.ndarray, task: str, fraction: float, seed: int) -> np.ndarray:
    """A mask of the validation samples: a share of all, or of each class (at least one stays in training)."""
    generator = np.random.default_rng((seed, 1))
    mask = np.zeros(len(target), dtype=bool)
    parts = (
        [np.flatnonzero(target == c) for c in np.unique(target)]
        if task == "classification"
        else [np.arange(len(target))]
    )
    for part in parts:
        count = min(round(fraction * len(part)), len(part) - 1)
        mask[generator.permutation(part)[:count]] = True
    if not mask.any():
        raise InvalidInputError(f"{len(target)} samples are too few to hold out {fraction:g} for validation")
    return mask


def _report(data: _Data, result: TrainingResult, trimmed: Trimmed) -> SearchReport:
    net, compact = result.network, trimmed.compact
    norms = {pair: float(np.linalg.norm(block)) for pair, block in compact.blocks.items()}
    original = dict(enumerate(compact.layers, 1))
    eigenvalues = np.concatenate([np.asarray(values) for values in net.eigenvalues[:-1]])
    return SearchReport(
        task=data.task,
        activation=net.activation,
        bias=net.bias,
        standardized=True,
        training_samples=len(data.x),
        validation_samples=len(data.x_valid),
        widths=list(net.widths),
        live=list(compact.live),
        blocks=[
            Block(original[i], original[j], len(block), block.shape[1], norms[i, j])
            for (i, j), block in compact.blocks.items()
        ],
        spectral_parameters=net.n_parameters,
        all_pairs_parameters=sum(net.widths[i] * net.widths[j] for i in range(net.n_layers) for j in range(i)),
        compact_parameters=compact.n_parameters,
        validation_loss_before=trimmed.loss_before,
        validation_loss_after=trimmed.loss_after,
        validation_loss_limit=trimmed.limit,
        validation_score_before=0.0,
        validation_score_after=0.0,
        path_norms_before=path_norms(net.transfer_blocks(), net.widths),
        path_norms_after=path_norms(trimmed.network.transfer_blocks(), net.widths),
        mean_abs_eigenvalue=float(np.abs(eigenvalues).mean()),
        epochs=len(result.history),
        best_epoch=result.best_epoch,
        eigenvector_penalty=0.0,
        validation_loss_by_penalty={},
        tolerance=0.0,
        seed=0,
        seconds=0.0,
    )
