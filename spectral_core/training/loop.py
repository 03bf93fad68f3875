"""One training between its epochs: what it holds, what a callback sees, what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from spectral_core.backends import cpu
from spectral_core.errors import DivergenceError
from spectral_core.networks.compact import CompactNetwork
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.training.checkpoint import Best, Checkpoint, History

Network = TypeVar("Network", bound=SpectralNetwork | CompactNetwork)


@dataclass(frozen=True)
class Progress(Generic[Network]):
    """What a callback sees between epochs; `network` is a copy, made when it is asked for."""

    epoch: int
    epochs: int
    history: History
    snapshot: Callable[[], Network]

    @property
    def network(self) -> Network:
        return self.snapshot()


@dataclass(frozen=True, eq=False)
class TrainingState:
    """What a later call of `train` continues from: the optimizer's moments (n_parameters,), its steps, the epochs done."""

    first_moment: np.ndarray
    second_moment: np.ndarray
    step: int
    epoch: int


@dataclass(frozen=True)
class TrainingResult(Generic[Network]):
    """The trained `network` and its `epoch`; `best_network` of all epochs and its `best_epoch`; why it `stopped`.

    With `patience` both are the best of all epochs; with `best_of_last` the network is the best of the last ones.
    `state` is that of the last epoch.
    """

    network: Network
    epoch: int
    best_network: Network
    best_epoch: int
    history: History
    stopped: str
    state: TrainingState


@dataclass(frozen=True)
class Order:
    """The order of samples: `before` epochs were done earlier; `used` of the `rows` take part in each."""

    seed: int
    before: int
    rows: int
    used: int
    shuffle: bool

    def of(self, epoch: int) -> np.ndarray:
        if not self.shuffle:
            return np.arange(self.used)
        from spectral_core.kernels.support import shuffling  # with it comes Numba

        return shuffling.shuffled(shuffling.key_of(self.seed), self.before + epoch, self.rows, self.used)

    def description(self) -> list[Any]:
        shuffle = "counter-based" if self.shuffle else False
        return [self.seed, shuffle, *([self.before, self.used] if self.before or self.used < self.rows else [])]


class Run:
    """The state of one training between epochs."""

    def __init__(
        self,
        net: SpectralNetwork,
        present: Callable[[SpectralNetwork], Any],
        stepper: cpu.Stepper,
        validation: cpu.Problem | None,
        epochs: int,
        patience: int | None,
        best_of_last: int | None,
        order: Order,
    ) -> None:
        self.net, self.present, self.stepper, self.validation = net, present, stepper, validation
        self.epochs, self.patience, self.best_of_last, self.order = epochs, patience, best_of_last, order
        self.history = History()
        self.best = self.late = Best(net.parameters.copy(), np.inf, 0)
        self.stopped = "epochs"

    def description(self) -> list[Any]:
        return [self.net.record(), self.epochs, self.patience, self.best_of_last, *self.order.description()]

    def network(self, parameters: np.ndarray) -> Any:
        return self.present(self.net.with_parameters(parameters))

    def run(self, callbacks: Sequence[Callable[[Progress[Any]], Any]], store: Checkpoint | None) -> None:
        while self.stopped == "epochs" and len(self.history) < self.epochs:
            epoch = len(self.history) + 1
            if self.patience is not None and epoch - 1 - self.best.epoch >= self.patience:
                self.stopped = "patience"
                return
            self._epoch(epoch)
            progress = Progress(epoch, self.epochs, self.history, lambda: self.network(self.stepper.parameters))
            answers = [callback(progress) for callback in callbacks]
            if any(isinstance(answer, (bool, np.bool_)) and answer for answer in answers):
                self.stopped = "callback"
            if store is not None:  # behind the callbacks: an epoch they did not see is done again
                store.epoch_done()

    def _epoch(self, epoch: int) -> None:
        before = self.stepper.parameters.copy()
        loss, penalty = self.stepper.epoch(self.order.of(epoch))
        judged = self.stepper.evaluate(self.validation) if np.isfinite(loss) and self.validation is not None else loss
        norms = self._eigenvalue_norms()
        if not np.isfinite([judged, *norms]).all() or not np.isfinite(self.stepper.parameters).all():
            what = "validation loss" if np.isfinite(loss) and not np.isfinite(judged) else "loss"
            raise DivergenceError(
                f"the {what} diverged in epoch {epoch} ({judged}); the best network is that of "
                f"{f'epoch {self.best.epoch}' if self.best.epoch else 'the start'}; a smaller learning_rate may help",
                epoch,
                self.network(self.best.parameters),
            )
        self.history.training_loss.append(loss)
        self.history.penalty.append(penalty)
        if self.validation is not None:
            self.history.validation_loss.append(judged)
        self.history.eigenvalue_norms.append(norms)
        # A training loss was measured on the way from the parameters before, so it says nothing of those after.
        of, at = (self.stepper.parameters.copy(), epoch) if self.validation is not None else (before, epoch - 1)
        if judged < self.best.loss:
            self.best = Best(of, judged, at)
        begun = self.best_of_last is not None and epoch > self.epochs - self.best_of_last
        if begun and judged < self.late.loss:
            self.late = Best(of, judged, at)

    def _eigenvalue_norms(self) -> list[float]:
        """‖λ^(i)‖₂ for the history.

        By hand: once an epoch. Checked by test_trainer.test_history_has_one_entry_an_epoch.
        """
        groups = self.net.layout.groups.items()
        eigenvalues = [group.view(self.stepper.parameters) for name, group in groups if name.startswith("eigenvalues")]
        with np.errstate(over="ignore", invalid="ignore"):  # what overflows has diverged, and is reported as that
            return [float(np.linalg.norm(values)) for values in eigenvalues]

    def result(self) -> TrainingResult[Any]:
        last = Best(self.stepper.parameters, np.inf, len(self.history))
        chosen = self.best if self.patience is not None else last
        if self.best_of_last is not None and self.late.epoch:
            chosen = self.late
        stepper, done = self.stepper, len(self.history)
        stepper.fetch_moments()
        return TrainingResult(
            self.network(chosen.parameters), chosen.epoch, self.network(self.best.parameters), self.best.epoch,
            self.history, self.stopped,
            TrainingState(stepper.first_moment, stepper.second_moment, stepper.step, self.order.before + done),
        )  # fmt: skip
