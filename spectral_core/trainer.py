"""Training: mini-batches, one compiled function per epoch, early stopping, checkpoints."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from spectral_core import arrays, files, kernels
from spectral_core.errors import DivergenceError, InvalidInputError, ModelFileError, one_of
from spectral_core.kernels.tables import OPTIMIZERS, PENALTIES, SETTINGS
from spectral_core.layout import Layout
from spectral_core.network import SpectralNetwork

CHECKPOINT_SECONDS = 30.0
STATE = ("parameters", "first", "second", "best")


@dataclass
class History:
    """One entry for each epoch: what was measured while (training) and after (validation) it."""

    training_loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    penalty: list[float] = field(default_factory=list)
    eigenvalue_norms: list[list[float]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.training_loss)


@dataclass(frozen=True)
class Progress:
    """What a callback sees between epochs; `network` is a copy, made when it is asked for."""

    epoch: int
    epochs: int
    history: History
    snapshot: Callable[[], SpectralNetwork]

    @property
    def network(self) -> SpectralNetwork:
        return self.snapshot()


@dataclass(frozen=True)
class TrainingResult:
    """`network` is the trained one (the best epoch where early stopping was asked for), `best_epoch` its epoch."""

    network: SpectralNetwork
    history: History
    best_epoch: int
    stopped: str


def train(
    net: SpectralNetwork,
    X: Any,
    y: Any,
    *,
    loss: str = "squared_error",
    epochs: int = 100,
    batch_size: int = 100,
    optimizer: str = "adam",
    learning_rate: float = 1e-3,
    eigenvalue_learning_rate: float | None = None,
    betas: tuple[float, float] = (0.9, 0.999),
    epsilon: float = 1e-8,
    momentum: float = 0.0,
    nesterov: bool = False,
    penalty: str = "group",
    penalty_strength: float = 0.0,
    eigenvector_penalty: float = 0.0,
    sample_weight: Any = None,
    validation_data: tuple[Any, Any] | None = None,
    patience: int | None = None,
    best_of_last: int | None = None,
    shuffle: bool = True,
    seed: int = 0,
    callbacks: Sequence[Callable[[Progress], Any]] = (),
    checkpoint: str | os.PathLike[str] | None = None,
    keep_checkpoint: bool = False,
) -> TrainingResult:
    """Minimise loss + penalty by mini-batches; the given network is left as it was.

    Parameters
    ----------
    X, y : (samples, features); (samples, outputs) or class indices (samples,). Never rescaled here.
    loss : ``squared_error`` or ``cross_entropy``.
    epochs, batch_size : passes over the data; samples in a mini-batch (the last one may be smaller).
    optimizer : ``adam`` (`betas`, `epsilon`) or ``sgd`` (`momentum`, `nesterov`), with `learning_rate`; eigenvalues
        may learn at their own `eigenvalue_learning_rate`.
    penalty : ``group`` strength · Σ ‖λ^(i)‖₂, ``l1`` strength · Σ ‖λ^(i)‖₁, ``l2`` strength · Σ ‖λ^(i)‖₂²; over the
        input and hidden layers (`global`), λ^out of hidden layers (`layerwise`), each block (`direct`).
    eigenvector_penalty : strength of Σ ‖φ^(i)‖₂² (`direct`: Σ ‖W_ij‖₂²), added to it.
    validation_data : (X, y) on which the loss is measured after each epoch.
    patience : with validation data, stop after this many epochs without a better validation loss and
        return the best epoch's network.
    best_of_last : with validation data and without patience, return the best of this many last epochs instead of the
        last one, whose loss may stand anywhere in the noise that a constant learning rate leaves.
    shuffle, seed : the order of samples in epoch e depends on (seed, e) alone.
    callbacks : called with a `Progress` after each epoch; one that returns True ends the training.
    checkpoint : a file in which an interrupted run leaves its state (Ctrl-C, and every 30 s); the same call
        continues from it, with the same bits as an undisturbed run, and removes it at the end. With
        `keep_checkpoint` the file stays, and the same call returns the finished result at once.

    Returns
    -------
    TrainingResult : `.network`, `.history`, `.best_epoch` (from 1), `.stopped` (``epochs``, ``patience``, ``callback``).

    Raises
    ------
    InvalidInputError : data or options break a rule.
    DivergenceError : the loss is no longer finite; `.epoch`, and `.network`, the best one before.
    """
    if not isinstance(net, SpectralNetwork):
        raise InvalidInputError(f"net must be a SpectralNetwork; got {type(net).__name__}")
    problem = net.problem(X, y, loss, sample_weight)
    validation = None
    if validation_data is not None:
        if not isinstance(validation_data, tuple) or len(validation_data) != 2:
            raise InvalidInputError("validation_data must be a pair (X, y)")
        validation = net.problem(*validation_data, loss)
    epochs = arrays.whole(epochs, "epochs", 1)
    if patience is not None:
        patience = arrays.whole(patience, "patience", 1)
    if best_of_last is not None:
        best_of_last = arrays.whole(best_of_last, "best_of_last", 1)
    for name, option in (("patience", patience), ("best_of_last", best_of_last)):
        if option is not None and validation is None:
            raise InvalidInputError(f"{name} needs validation_data")
    if patience is not None and best_of_last is not None:
        raise InvalidInputError("patience already keeps the best of all epochs; leave out best_of_last")
    seed = arrays.whole(seed, "seed", 0)
    if not isinstance(betas, Sequence) or len(betas) != 2:
        raise InvalidInputError(f"betas must be a pair (beta1, beta2); got {betas!r}")
    if not isinstance(callbacks, Sequence) or not all(map(callable, callbacks)):
        raise InvalidInputError(f"callbacks must be a sequence of functions; got {callbacks!r}")
    rate = arrays.number(learning_rate, "learning_rate", 0, open_low=True)
    own = rate if eigenvalue_learning_rate is None else eigenvalue_learning_rate
    penalised, strengths = _penalties(
        net.layout,
        (one_of(penalty, PENALTIES, "penalty"), arrays.number(penalty_strength, "penalty_strength", 0)),
        arrays.number(eigenvector_penalty, "eigenvector_penalty", 0),
    )
    trainable, rates = _rates(net, rate, arrays.number(own, "eigenvalue_learning_rate", 0, open_low=True))
    settings = {
        "beta1": _below_one(betas[0], "betas[0]"),
        "beta2": _below_one(betas[1], "betas[1]"),
        "epsilon": arrays.number(epsilon, "epsilon", 0, open_low=True),
        "momentum": arrays.number(momentum, "momentum", 0, 1),
        "nesterov": float(bool(nesterov)),
    }
    stepper = kernels.Stepper(
        layout=net.layout,
        activation=net.activation,
        problem=problem,
        batch_size=min(arrays.whole(batch_size, "batch_size", 1), len(problem.x)),
        penalised=penalised,
        strengths=np.array(strengths, net.dtype),
        optimizer=one_of(optimizer, OPTIMIZERS, "optimizer"),
        trainable=trainable,
        rates=np.array(rates, net.dtype),
        settings=np.array([settings[name] for name in SETTINGS], net.dtype),
        parameters=net.parameters.copy(),
        first=np.zeros_like(net.parameters),
        second=np.zeros_like(net.parameters),
    )
    run = _Run(net, stepper, validation, epochs, patience, best_of_last, seed, bool(shuffle))
    store = None
    if checkpoint is not None:
        options = [run.description(), sorted(settings.items()), optimizer, stepper.batch_size, rates, strengths]
        options += [trainable.tolist(), penalised.tolist()]
        store = _Checkpoint(Path(checkpoint), run, _fingerprint(net, problem, validation, options))
        store.restore()
    try:
        run.run(callbacks, store)
    except DivergenceError:
        raise  # a continued run would only diverge again
    except BaseException:
        if store is not None:
            store.save()
        raise
    if store is not None:
        store.save() if keep_checkpoint else store.remove()
    return TrainingResult(run.result(), run.history, run.chosen_epoch, run.stopped)


def _below_one(value: Any, name: str) -> float:
    """β < 1: the bias correction divides by 1 - β^t."""
    if arrays.number(value, name, 0, 1) == 1:
        raise InvalidInputError(f"{name} must be less than 1; got {value!r}")
    return float(value)


def _penalties(layout: Layout, spectral: tuple[str, float], vectors: float) -> tuple[np.ndarray, list[float]]:
    """Rows (start, stop, kind) and strengths of every penalty that is switched on."""
    kind, strength = spectral
    wanted = [(name, kind, strength) for name in layout.spectral_groups()]
    wanted += [(name, "l2", vectors) for name in layout.groups if not name.startswith("eigenvalues")]
    wanted = [(name, kind, strength) for name, kind, strength in wanted if strength]
    rows = [[*layout.segments([name])[0], PENALTIES.index(kind)] for name, kind, _ in wanted]
    return np.array(rows, dtype=np.int64).reshape(-1, 3), [strength for _, _, strength in wanted]


def _rates(net: SpectralNetwork, vectors: float, eigenvalues: float) -> tuple[np.ndarray, list[float]]:
    """Rows (start, stop) and learning rates of what is not frozen, neighbours at one rate in one piece."""
    frozen = net.layout.select(net.frozen)
    rows: list[list[int]] = []
    rates: list[float] = []
    for name, group in net.layout.groups.items():
        rate = eigenvalues if name.startswith("eigenvalues") else vectors
        if name in frozen:
            continue
        if rows and rows[-1][1] == group.start and rates[-1] == rate:
            rows[-1][1] = group.stop
        else:
            rows.append([group.start, group.stop])
            rates.append(rate)
    return np.array(rows, dtype=np.int64).reshape(-1, 2), rates


class _Run:
    """The state of one training between epochs."""

    def __init__(
        self,
        net: SpectralNetwork,
        stepper: kernels.Stepper,
        validation: kernels.Problem | None,
        epochs: int,
        patience: int | None,
        best_of_last: int | None,
        seed: int,
        shuffle: bool,
    ) -> None:
        self.net, self.stepper, self.validation = net, stepper, validation
        self.epochs, self.patience, self.seed, self.shuffle = epochs, patience, seed, shuffle
        self.best_of_last = best_of_last
        self.history = History()
        self.best, self.best_loss, self.best_epoch = net.parameters.copy(), np.inf, 0
        self.stopped = "epochs"

    def description(self) -> list[Any]:
        return [self.net.record(), self.epochs, self.patience, self.best_of_last, self.seed, self.shuffle]

    def run(self, callbacks: Sequence[Callable[[Progress], Any]], store: _Checkpoint | None) -> None:
        while len(self.history) < self.epochs:
            epoch = len(self.history) + 1
            if self.patience is not None and epoch - 1 - self.best_epoch >= self.patience:
                self.stopped = "patience"
                return
            self._epoch(epoch)
            if store is not None:
                store.epoch_done()
            progress = Progress(
                epoch, self.epochs, self.history, lambda: self.net.with_parameters(self.stepper.parameters)
            )
            answers = [callback(progress) for callback in callbacks]
            if any(isinstance(answer, (bool, np.bool_)) and answer for answer in answers):
                self.stopped = "callback"
                return

    def _epoch(self, epoch: int) -> None:
        before = self.stepper.parameters.copy()
        rows = len(self.stepper.problem.x)
        order = np.random.default_rng((self.seed, epoch)).permutation(rows) if self.shuffle else np.arange(rows)
        loss, penalty = self.stepper.epoch(order)
        judged = self._validate() if np.isfinite(loss) and self.validation is not None else loss
        if not np.isfinite(judged) or not np.isfinite(self.stepper.parameters).all():
            raise DivergenceError(
                f"the loss diverged in epoch {epoch} (loss {judged}); the best network is that of "
                f"{f'epoch {self.best_epoch}' if self.best_epoch else 'the start'}; a smaller learning_rate may help",
                epoch,
                self.net.with_parameters(self.best),
            )
        self.history.training_loss.append(loss)
        self.history.penalty.append(penalty)
        if self.validation is not None:
            self.history.validation_loss.append(judged)
        groups = self.net.layout.groups.items()
        eigenvalues = [group.view(self.stepper.parameters) for name, group in groups if name.startswith("eigenvalues")]
        self.history.eigenvalue_norms.append([float(np.linalg.norm(values)) for values in eigenvalues])
        counting_begins = self.best_of_last is not None and epoch == max(self.epochs - self.best_of_last + 1, 1)
        if judged < self.best_loss or counting_begins:
            # A training loss was measured on the way from the parameters before, so it says nothing of those after.
            measured = (self.stepper.parameters.copy(), epoch) if self.validation is not None else (before, epoch - 1)
            (self.best, self.best_epoch), self.best_loss = measured, judged

    def _validate(self) -> float:
        assert self.validation is not None
        output = kernels.predict(self.net.layout, self.net.activation, self.stepper.parameters, self.validation.x)
        return kernels.output_loss(output, self.validation)

    @property
    def keeps_best(self) -> bool:
        if self.best_of_last is not None:
            return len(self.history) > self.epochs - self.best_of_last
        return self.patience is not None

    @property
    def chosen_epoch(self) -> int:
        return self.best_epoch if self.keeps_best else len(self.history)

    def result(self) -> SpectralNetwork:
        return self.net.with_parameters(self.best if self.keeps_best else self.stepper.parameters)


def _fingerprint(net: SpectralNetwork, *parts: Any) -> str:
    """Identifies a training by its start, data and options, so that a checkpoint continues that training only."""
    digest = hashlib.sha256(net.parameters.tobytes())
    for part in parts:
        if isinstance(part, kernels.Problem):
            for array in (part.x, part.y, part.labels, part.weights):
                digest.update(array.tobytes())
            digest.update(part.loss.encode())
        else:
            digest.update(json.dumps(part).encode())
    return digest.hexdigest()


class _Checkpoint:
    """The file of an unfinished run."""

    def __init__(self, path: Path, run: _Run, fingerprint: str) -> None:
        self.path, self.state, self.fingerprint = path, run, fingerprint
        self.saved_at = time.monotonic()
        self.committed: tuple[tuple[int, int, float, int], tuple[np.ndarray, ...]] | None = None

    def restore(self) -> None:
        """Continue where the file left off; another training's file is an error, no file a fresh start."""
        if not self.path.exists():
            return
        try:
            _, record, stored = files.load_model(self.path, ("checkpoint",))
        except ModelFileError as error:
            raise ModelFileError(f"{error}; delete it to start afresh") from None
        if record.get("fingerprint") != self.fingerprint:
            raise ModelFileError(f"{self.path} belongs to another training; delete it to start afresh")
        run, stepper = self.state, self.state.stepper
        stepper.parameters, stepper.first, stepper.second, run.best = (stored[name] for name in STATE)
        stepper.step, run.best_epoch = record["step"], record["best_epoch"]
        run.best_loss = np.inf if record["best_loss"] is None else record["best_loss"]
        run.history = History(**record["history"])

    def epoch_done(self) -> None:
        """Remember this epoch, since an interrupt may come in the middle of the next; write it when it is time."""
        run, stepper = self.state, self.state.stepper
        numbers = (int(stepper.step), run.best_epoch, float(run.best_loss), len(run.history))
        self.committed = numbers, (stepper.parameters.copy(), stepper.first.copy(), stepper.second.copy(), run.best)
        if time.monotonic() - self.saved_at >= CHECKPOINT_SECONDS:
            self.save()

    def save(self) -> None:
        """Write the last whole epoch."""
        if self.committed is None:
            return
        (step, best_epoch, best_loss, epochs), values = self.committed
        record = {
            "fingerprint": self.fingerprint,
            "step": step,
            "best_loss": best_loss if np.isfinite(best_loss) else None,
            "best_epoch": best_epoch,
            "history": {name: entries[:epochs] for name, entries in asdict(self.state.history).items()},
        }
        files.save_model(self.path, "checkpoint", record, dict(zip(STATE, values, strict=True)))
        self.saved_at = time.monotonic()

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
