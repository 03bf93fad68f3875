"""Architecture search from the linear seed (SPARCS): train, trim, report."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.architecture import growing
from spectral_core.architecture.candidates import Candidate, Stores, grow_all, train_all
from spectral_core.architecture.report import Block, SearchReport
from spectral_core.backends import choice
from spectral_core.checks import one_of, sequence
from spectral_core.data.preparation import PreparedData, prepare
from spectral_core.errors import InvalidInputError
from spectral_core.files import atomic
from spectral_core.kernels.tables import ZERO_AT_ZERO
from spectral_core.networks.compact import CompactNetwork
from spectral_core.networks.paths import path_norms
from spectral_core.networks.predictor import Predictor
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.resizing.trimming import Trimmed, as_direct, trim
from spectral_core.training.checkpoint import History

PUBLISHED: dict[str, Any] = {
    "standardize": False,
    "batch_size": 100,
    "penalty_strength": 1e-4,
    "eigenvalue_learning_rate": 1e-3,
    "eigenvector_penalties": (0.0,),
    "keep": "last",
}
"""What differs in the published protocol (arXiv 2504.00885, first experiment) from the defaults of `search`.

One thing stays different: the best of the last tenth of the epochs is kept, where the paper keeps the last one, whose
loss stands anywhere in the noise of a constant learning rate.
"""

STRENGTHS = {"seed": (0.0, 1e-3, 1e-2, 3e-2), "grow": (0.0, 3e-5, 1e-4, 3e-4, 1e-3, 1e-2, 3e-2)}
"""Penalties on eigenvectors, or weights, that a search tries. Weights bear less: there is no λ to take their part."""

MANY_SAMPLES = 10_000


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
        from spectral_core.reports.network import network_picture

        report, compact = self.report, self.compact
        network_picture(
            path,
            compact.widths,
            compact.blocks,
            layers=compact.layers,
            title=f"{report.data or 'network'}: {'-'.join(map(str, compact.widths))}",
            subtitle=f"{report.compact_parameters:,} weights, found in {report.spectral_parameters:,} spectral parameters",
        )

    def save(self, directory: str | os.PathLike[str]) -> None:
        """Write model.npz, compact.npz, report.json, report.txt and history.json."""
        home = Path(directory)
        texts = {
            "report.json": self.report.to_json(),
            "report.txt": self.report.to_text(),
            "history.json": json.dumps(asdict(self.history)) + "\n",
        }
        self.predictor.save(home / "model.npz")
        self.compact_predictor.save(home / "compact.npz")
        for name, text in texts.items():
            atomic.write_text(home / name, text)


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
       stays within the limit; compact what is left (M10, M11).

    With ``strategy="grow"`` the other way round: from the linear perceptron, neurons and layers are added where the gradient
    promises most for each new weight, what they do not need is trimmed, until the validation loss stops falling.

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
    eigenvector_penalties : strengths of Σ ‖φ‖₂² (of a grown network: Σ ‖W_ij‖₂²) to try, one training each; by default those
        of `STRENGTHS`.
    keep : ``simplest``: each training gives the best of all its epochs and the best of its last tenth (eigenvalues that
        are not needed fall to zero long after the loss has fallen); of those whose validation loss is within one
        standard error (that of the best one's loss) of the least, the one with the fewest weights after trimming.
        ``last``: only the best of the last tenth of each training.
    strategy : ``seed`` or ``grow``; a grown network is direct, and each stage of growth is a candidate of `keep`.
    batch_size : by default 32, and 100 from 10,000 training samples on.
    epochs, learning_rate, eigenvalue_learning_rate, penalty, penalty_strength, patience : see `train`. Eigenvalues learn
        faster by default, so that hidden layers can switch on before the linear path has learned the data by heart.
        `PUBLISHED` holds the settings of the paper where they differ.
        With `patience` a training stops early and gives its best epoch only.
    backend : ``cpu``, ``cuda`` or ``auto``, as in `train`; what follows the training runs on the processor.
    progress : called with (epochs done, epochs in all, a line of text).
    checkpoint : a file name; an interrupted search leaves its state in files of that name with a number behind, and
        the same call continues from them and removes them at the end, unless `keep_checkpoint`.

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
    """
    start = time.perf_counter()
    if activation not in ZERO_AT_ZERO:
        raise InvalidInputError(f"the search needs f(0) = 0 ({', '.join(ZERO_AT_ZERO)}); got activation={activation!r}")
    one_of(keep, ("simplest", "last"), "keep")
    one_of(strategy, ("seed", "grow"), "strategy")
    choice.resolve(backend, 0)
    tolerance = checks.real_number(tolerance, "tolerance", 0)
    epochs, seed = checks.integer(epochs, "epochs", 1), checks.integer(seed, "seed", 0)
    given = STRENGTHS[strategy] if eigenvector_penalties is None else eigenvector_penalties
    strengths = [
        checks.real_number(strength, f"eigenvector_penalties[{i}]", 0)
        for i, strength in enumerate(sequence(given, "eigenvector_penalties"))
    ]
    if not strengths:
        raise InvalidInputError("eigenvector_penalties must name at least one strength")
    data = prepare(X, y, task, validation_data, validation_fraction, standardize, seed)
    names = (
        _names(feature_names, "feature_names", "x", data.x.shape[1]),
        _names(target_names, "target_names", "y", 1 if data.task == "classification" else data.n_outputs),
    )
    widths = [data.x.shape[1], *sequence(hidden, "hidden"), data.n_outputs]
    net = SpectralNetwork.initialize(widths, activation=activation, bias=bias, dtype=dtype, seed=seed)
    if progress is not None and not callable(progress):
        raise InvalidInputError(f"progress must be a function; got {progress!r}")
    options = {
        "epochs": epochs,
        "batch_size": (32 if len(data.x) < MANY_SAMPLES else 100) if batch_size is None else batch_size,
        "learning_rate": learning_rate,
        "eigenvalue_learning_rate": eigenvalue_learning_rate,
        "penalty": penalty,
        "penalty_strength": penalty_strength,
        "patience": patience,
        "best_of_last": max(epochs // 10, 1) if patience is None else None,
        "seed": seed,
        "backend": backend,
    }
    stores = Stores(checkpoint)
    if strategy == "grow":
        if patience is not None:
            raise InvalidInputError("patience belongs to strategy='seed'; growing ends by itself")
        linear = SpectralNetwork.initialize(
            [widths[0], widths[-1]], activation=activation, bias=bias, dtype=dtype, seed=seed
        )
        candidates = grow_all(linear, tuple(widths[1:-1]), data, strengths, stores, options, tolerance, progress)
    else:
        candidates = train_all(net, data, strengths, stores, options, keep == "simplest", progress)
    chosen, trimmed = _simplest(candidates, data, tolerance)
    predictor, compact_predictor = (
        Predictor(n, data.task, data.inputs, data.outputs, data.classes, *names)
        for n in (chosen.network, trimmed.compact)
    )
    report = _report(data, candidates, chosen, trimmed)
    report.data, report.tolerance, report.seed = name, tolerance, seed
    report.validation_score_before = predictor.score(*data.validation)
    report.validation_score_after = compact_predictor.score(*data.validation)
    report.seconds = time.perf_counter() - start
    if not keep_checkpoint:
        stores.remove()
    history = chosen.history
    return SearchResult(chosen.network, trimmed.compact, report, history, predictor, compact_predictor)


def _names(given: Sequence[str], what: str, letter: str, count: int) -> tuple[str, ...]:
    """The names of columns, x1, x2, ... by default (a single target is plain y)."""
    names = tuple(sequence(given, what))
    if not names:
        return (letter,) if letter == "y" and count == 1 else tuple(f"{letter}{i + 1}" for i in range(count))
    if len(names) != count or len(set(names)) != count or not all(isinstance(name, str) for name in names):
        raise InvalidInputError(f"{what} must hold {count} different name(s); got {list(names)}")
    return names


def _simplest(candidates: list[Candidate], data: PreparedData, tolerance: float) -> tuple[Candidate, Trimmed]:
    """The candidate with the fewest weights after trimming, of those that chance may have kept from being the best.

    One standard error (Breiman et al. 1984): validation losses that differ by less do not tell networks apart, and
    of those the simplest is taken.
    """
    best = min(candidates, key=lambda candidate: candidate.loss)
    reach = best.loss + data.standard_error(best.network)
    fitting = [candidate for candidate in candidates if candidate.loss <= reach]
    trials = []
    for candidate in fitting:
        # The loss of the same weights multiplied in the order that the trimmed ones will be: rounding is no change.
        start = data.validation_loss(as_direct(candidate.network, candidate.network.transfer_blocks()))
        limit = start + tolerance * (start + growing.NOISE * data.constant_loss())
        trials.append((candidate, trim(candidate.network, data.validation_loss, limit)))
    return min(trials, key=lambda trial: (trial[1].compact.n_parameters, trial[0].loss))


def _report(data: PreparedData, candidates: list[Candidate], chosen: Candidate, trimmed: Trimmed) -> SearchReport:
    """norms and means for the report.

    By hand: a statistic of predictions, not part of the network. Checked by test_search.test_the_path_norm_agrees_with_the_published_implementation.
    """
    net, compact = chosen.network, trimmed.compact
    original = dict(enumerate(compact.layers, 1))
    eigenvalues = [np.asarray(values) for values in net.eigenvalues[:-1]]
    return SearchReport(
        task=data.task,
        activation=net.activation,
        bias=net.bias,
        standardized=data.standardized,
        training_samples=len(data.x),
        validation_samples=len(data.x_valid),
        widths=list(net.widths),
        live=list(compact.live),
        blocks=[
            Block(original[i], original[j], *_rows_and_columns(block), float(np.linalg.norm(block)))
            for (i, j), block in compact.blocks.items()
        ],
        spectral_parameters=net.n_parameters,
        all_pairs_parameters=sum(net.widths[i] * net.widths[j] for i in range(net.n_layers) for j in range(i)),
        compact_parameters=compact.n_parameters,
        validation_loss_before=trimmed.loss_before,
        validation_loss_after=trimmed.loss_after,
        validation_loss_limit=trimmed.limit,
        path_norms_before=path_norms(net.transfer_blocks(), net.widths),
        path_norms_after=path_norms(trimmed.network.transfer_blocks(), net.widths),
        mean_abs_eigenvalue=float(np.abs(np.concatenate(eigenvalues)).mean()) if eigenvalues else None,
        epochs=len(chosen.history),
        epoch=chosen.epoch,
        eigenvector_penalty=chosen.strength,
        candidates=[
            {
                "eigenvector_penalty": c.strength,
                "epoch": c.epoch,
                "validation_loss": c.loss,
                "parameters": c.network.n_parameters,
            }
            for c in candidates
        ],
    )


def _rows_and_columns(block: np.ndarray) -> tuple[int, int]:
    return block.shape[0], block.shape[1]
