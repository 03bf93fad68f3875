"""Architecture search from the linear seed (SPARCS): train, trim, report."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import Any

from spectral_core.architecture.candidates import Stores, grow_all, train_all
from spectral_core.architecture.options import SearchOptions
from spectral_core.architecture.report import SearchReport
from spectral_core.architecture.result import SearchResult
from spectral_core.architecture.selection import simplest
from spectral_core.architecture.validation import ValidationLoss
from spectral_core.checks import sequence
from spectral_core.data.preparation import PreparedData, prepare
from spectral_core.errors import InvalidInputError
from spectral_core.networks.predictor import Predictor
from spectral_core.networks.spectral import SpectralNetwork

PUBLISHED: dict[str, Any] = {
    "standardize": False,
    "batch_size": 100,
    "penalty_strength": 1e-4,
    "eigenvalue_learning_rate": 1e-3,
    "eigenvector_penalties": (0.0,),
    "keep": "last",
}
"""The settings of the published protocol (arXiv 2504.00885, first experiment) that differ from the defaults of `search`.

One difference remains: `search` keeps the best of the last tenth of the epochs, the paper keeps the last epoch. With a
constant learning rate the loss of the last epoch fluctuates.
"""


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
    eigenvector_penalties: Sequence[float] | None = None,
    patience: int | None = None,
    keep: str = "simplest",
    strategy: str = "seed",
    dtype: str = "float32",
    seed: int = 0,
    backend: str = "auto",
    name: str = "",
    feature_names: Sequence[str] = (),
    target_names: Sequence[str] = (),
    progress: Callable[[int, int, str], object] | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    keep_checkpoint: bool = False,
) -> SearchResult:
    """Find an architecture: start linear, train, and keep only what the task needs.

    1. Start with λ = 0, ..., 0, 1 by layer: an exactly linear network (Xavier uniform φ).
    2. Minimise loss + penalty; hidden layers and skip connections switch on as λ departs from 0.
    3. Remove neurons in the order of their path score (M6), then whole blocks, as long as the validation loss
       stays within the limit; compact the network (M10, M11).

    ``strategy="grow"`` works the other way round. It starts with the linear perceptron, adds neurons and layers where the
    gradient is largest for each new weight, and trims the network after each training, until the validation loss stops
    falling.

    Parameters
    ----------
    X : (samples, features), any units.
    y : (samples,) or (samples, outputs) numbers, or (samples,) class labels.
    hidden : greatest width of each hidden layer; () searches nothing and fits a linear model.
    task : ``regression``, ``classification``, or ``auto``: text, booleans, and whole numbers with at most 20 different
        values are classes.
    tolerance : how much the validation loss may rise by trimming, as a share of the loss. A thousandth of the constant
        predictor's loss is added to the loss first, so that a loss near zero is not judged by its noise.
    validation_data : (X, y) for trimming and early stopping; by default `validation_fraction` of the samples, drawn by
        `seed` (class by class for classification).
    standardize : scale features and regression targets to mean 0 and deviation 1 of the training part; undone in
        predictions and kept in the saved model.
    eigenvector_penalties : strengths of Σ ‖φ‖₂² (of a grown network: Σ ‖W_ij‖₂²) to try, one training each; by default those
        of `options.STRENGTHS`.
    keep : ``simplest``: each training gives two candidates, the best of all its epochs and the best of its last tenth
        (eigenvalues that are not needed fall to zero long after the loss has fallen). Of the candidates whose validation
        loss is within one standard error of the least loss, the search keeps the one with the fewest weights after
        trimming. ``last``: only the best of the last tenth of each training.
    strategy : ``seed`` or ``grow``; a grown network is direct, and each stage of growth is a candidate of `keep`.
    batch_size : by default 32, and 100 from 10,000 training samples on.
    epochs, learning_rate, eigenvalue_learning_rate, penalty, penalty_strength, patience : see `train`. Eigenvalues learn
        faster by default, so that hidden layers can switch on before the linear path has learned the data by heart.
        `PUBLISHED` holds the settings of the paper where they differ.
        With `patience` a training stops early and gives its best epoch only.
    backend : ``cpu``, ``cuda`` or ``auto``, as in `train`; trimming and scores are computed on the CPU.
    progress : called with (epochs done, epochs in all, a line of text).
    checkpoint : a file name. An interrupted search leaves its state in files of that name with a number appended. The same
        call continues from them, and removes them at the end unless `keep_checkpoint`.

    Returns
    -------
    SearchResult : `.network`, `.compact`, `.report`, `.predict(X)`, `.plot(path)`, `.save(directory)`.

    Raises
    ------
    InvalidInputError : data or options break a rule, or a classification has one class only.
    BackendError : ``backend="cuda"`` where no GPU can be used.
    DivergenceError : every training diverged.

    References
    ----------
    Peri, Chicchi, Fanelli, Giambagli, arXiv 2504.00885.

    Examples
    --------
    >>> import numpy as np
    >>> from spectral_core import search
    >>> X = np.linspace(-1, 1, 200).reshape(-1, 1)
    >>> found = search(X, np.abs(X), hidden=(10,), epochs=100, seed=0)
    >>> found.predict([[0.5], [-0.5]]).round(1).tolist()
    [[0.5], [0.5]]
    """
    options = SearchOptions(
        hidden=hidden,
        activation=activation,
        bias=bias,
        tolerance=tolerance,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        eigenvalue_learning_rate=eigenvalue_learning_rate,
        penalty=penalty,
        penalty_strength=penalty_strength,
        eigenvector_penalties=eigenvector_penalties,
        patience=patience,
        keep=keep,
        strategy=strategy,
        dtype=dtype,
        seed=seed,
        backend=backend,
        name=name,
        feature_names=feature_names,
        target_names=target_names,
        progress=progress,
        checkpoint=checkpoint,
        keep_checkpoint=keep_checkpoint,
    )
    return search_prepared(prepare(X, y, task, validation_data, validation_fraction, standardize, seed), options)


def search_prepared(data: PreparedData, options: SearchOptions) -> SearchResult:
    """The search of `search` on data that are checked, split and scaled."""
    start = time.perf_counter()
    # Names and networks, checked before the first training.
    n_targets = 1 if data.task == "classification" else data.n_outputs
    names = (
        column_names(options.feature_names, "feature_names", "x", data.x.shape[1]),
        column_names(options.target_names, "target_names", "y", n_targets),
    )
    net = _initial([data.x.shape[1], *options.hidden, data.n_outputs], data, options)
    linear = _initial([data.x.shape[1], data.n_outputs], data, options)
    # Candidates, and the choice among them.
    stores, validation_loss = Stores(options.checkpoint), ValidationLoss(data, net)
    if options.strategy == "grow":
        candidates = grow_all(linear, data, validation_loss, options, stores)
    else:
        candidates = train_all(net, data, validation_loss, options, stores)
    chosen, trimmed = simplest(candidates, data, validation_loss, options.loss_tolerance(data))
    # The result in the units of the data.
    rows = {"training": data.training_rows, "validation": data.validation_rows}
    predictor, compact_predictor = (
        Predictor(network, data.task, data.inputs, data.outputs, data.classes, *names, rows=rows)
        for network in (chosen.network, trimmed.compact)
    )
    scores = (predictor.score(*data.validation), compact_predictor.score(*data.validation))
    report = SearchReport.of(data, options, candidates, chosen, trimmed, scores, time.perf_counter() - start)
    if not options.keep_checkpoint:
        stores.remove()
    return SearchResult(chosen.network, trimmed.compact, report, chosen.history, predictor, compact_predictor)


def _initial(widths: Sequence[int], data: PreparedData, options: SearchOptions) -> SpectralNetwork:
    """The linear seed of these widths; features that do not vary in the training part have no weight, now or later."""
    net = SpectralNetwork.initialize(
        widths, activation=options.activation, bias=options.bias, dtype=options.dtype, seed=options.seed
    )
    net.eigenvectors[0][:, data.inputs.constant.nonzero()[0]] = 0
    return net


def column_names(names: Sequence[str], what: str, letter: str, count: int) -> tuple[str, ...]:
    """The names of columns, x1, x2, ... by default (a single target is plain y)."""
    names = tuple(sequence(names, what))
    if not names:
        return (letter,) if letter == "y" and count == 1 else tuple(f"{letter}{i + 1}" for i in range(count))
    if len(names) != count or len(set(names)) != count or not all(isinstance(name, str) for name in names):
        raise InvalidInputError(f"{what} must hold {count} different name(s); got {list(names)}")
    return names
