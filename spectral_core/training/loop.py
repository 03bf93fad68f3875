"""The loop over epochs: history, best networks, early stopping, callbacks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic

import numpy as np

from spectral_core.backends.problem import Problem, Stepper
from spectral_core.errors import DivergenceError
from spectral_core.kernels.tables import OPTIMIZERS
from spectral_core.training.results import Best, History, Network, Progress, Snapshot, TrainingResult, TrainingState
from spectral_core.training.schedules import RateSchedule, of_steps


@dataclass(frozen=True)
class SampleOrder:
    """The order of samples. `before` epochs were done earlier; `used` of the `rows` are in each epoch."""

    seed: int
    before: int
    rows: int
    used: int
    shuffle: bool

    def of(self, epoch: int) -> np.ndarray:
        """The rows of an epoch, counted from 1, in their order."""
        if not self.shuffle:
            return np.arange(self.used)
        from spectral_core.kernels.support import shuffling  # imports Numba

        return shuffling.shuffled(shuffling.key_of(self.seed), self.before + epoch, self.rows, self.used)

    def description(self) -> list[Any]:
        """The values that identify the order, for JSON."""
        shuffle = "counter-based" if self.shuffle else False
        return [self.seed, shuffle, *([self.before, self.used] if self.before or self.used < self.rows else [])]


@dataclass(frozen=True)
class Stopping:
    """When the loop ends, and which network it returns: `epochs`, `patience` and `best_of_last` of `train`."""

    epochs: int
    patience: int | None
    best_of_last: int | None


class TrainingLoop(Generic[Network]):
    """One training: its state between epochs, and the function that runs them."""

    def __init__(
        self,
        net: Network,
        stepper: Stepper,
        validation: Problem | None,
        stopping: Stopping,
        order: SampleOrder,
        schedule: RateSchedule,
    ) -> None:
        self.net, self.stepper, self.validation = net, stepper, validation
        self.stopping, self.order, self.schedule = stopping, order, schedule
        self.history = History()
        self.best = self.best_of_last = Best(net.parameters.copy(), np.inf, 0)
        self.stopped = "epochs"

    def description(self) -> list[Any]:
        """The values that identify the training besides its data and step options, for JSON."""
        stopping = self.stopping
        lengths = [stopping.epochs, stopping.patience, stopping.best_of_last]
        return [self.net.trained_record(), *lengths, *self.order.description()]

    def snapshot(self) -> Snapshot:
        """The current state, with copies of the arrays that the next epoch changes."""
        stepper = self.stepper
        stepper.fetch_moments()
        return Snapshot(
            parameters=stepper.parameters.copy(),
            first_moment=stepper.first_moment.copy(),
            second_moment=stepper.second_moment.copy(),
            step=int(stepper.step),
            epochs=len(self.history),
            history=self.history,
            best=self.best,
            best_of_last=self.best_of_last,
            stopped=self.stopped,
        )

    def restore(self, snapshot: Snapshot) -> None:
        """Continue where a snapshot was made."""
        stepper = self.stepper
        stepper.parameters, stepper.step = snapshot.parameters, snapshot.step
        stepper.first_moment, stepper.second_moment = snapshot.first_moment, snapshot.second_moment
        self.history, self.stopped = snapshot.history, snapshot.stopped
        self.best, self.best_of_last = snapshot.best, snapshot.best_of_last

    def run(
        self, callbacks: Sequence[Callable[[Progress[Network]], Any]], keep: Callable[[Snapshot], None] | None
    ) -> None:
        """Run the epochs that are left; `keep` receives a snapshot after each of them."""
        while self.goes_on():
            self._epoch(len(self.history) + 1)
            self.report(callbacks)
            if keep is not None:  # after the callbacks: a resumed training repeats an epoch that they did not see
                keep(self.snapshot())

    def goes_on(self) -> bool:
        """Whether an epoch follows; where `patience` has run out, the training ends here."""
        patience, done = self.stopping.patience, len(self.history)
        if self.stopped != "epochs" or done >= self.stopping.epochs:
            return False
        if patience is not None and done - self.best.epoch >= patience:
            self.stopped = "patience"
        return self.stopped == "epochs"

    def report(self, callbacks: Sequence[Callable[[Progress[Network]], Any]]) -> None:
        """Call the callbacks; one that returns True ends the training."""
        progress = Progress(len(self.history), self.stopping.epochs, self.history, self._current_network)
        answers = [callback(progress) for callback in callbacks]
        if any(isinstance(answer, (bool, np.bool_)) and answer for answer in answers):
            self.stopped = "callback"

    def _current_network(self) -> Network:
        return self.net.with_parameters(self.stepper.parameters)

    def _epoch(self, epoch: int) -> None:
        """One epoch with all its measurements."""
        parameters_before = self.stepper.parameters.copy()
        order = self.order.of(epoch)
        loss, penalty = self.stepper.epoch(order, self._factors(order)) if self._has_weight(order) else self._no_step()
        # The training loss belongs to the parameters before the epoch: they changed while it was measured.
        self.record(loss, penalty, Best(parameters_before, loss, epoch - 1))

    def record(self, loss: float, penalty: float, measured: Best) -> None:
        """The row of an epoch in the history. `measured` are the parameters that the training loss belongs to.

        Raises
        ------
        DivergenceError : a number is not finite.
        """
        # Measure.
        epoch, candidate, validation_loss = len(self.history) + 1, measured, loss
        if self.validation is not None and np.isfinite(loss):
            validation_loss = self.stepper.evaluate(self.validation)
        norms = self._eigenvalue_norms()
        if not np.isfinite([validation_loss, *norms]).all() or not np.isfinite(self.stepper.parameters).all():
            raise self._divergence(epoch, loss, validation_loss)
        # Record.
        self.history.training_loss.append(loss)
        self.history.penalty.append(penalty)
        if self.validation is not None:
            self.history.validation_loss.append(validation_loss)
            candidate = Best(self.stepper.parameters.copy(), validation_loss, epoch)
        self.history.eigenvalue_norms.append(norms)
        # Keep the best parameters.
        if validation_loss < self.best.loss:
            self.best = candidate
        last = self.stopping.best_of_last
        if last is not None and epoch > self.stopping.epochs - last and validation_loss < self.best_of_last.loss:
            self.best_of_last = candidate

    def _has_weight(self, order: np.ndarray) -> bool:
        """Whether a sample of the epoch has a weight; `drop_last` can leave out all that have one."""
        return self.order.used == self.order.rows or bool(self.stepper.arrays.problem.weights[order].any())

    def _no_step(self) -> tuple[float, float]:
        """Loss and penalty of an epoch without weight: those of the epoch before, at first those of the start."""
        if len(self.history):
            return self.history.training_loss[-1], self.history.penalty[-1]
        return self.stepper.evaluate(self.stepper.arrays.problem), 0.0

    def _factors(self, order: np.ndarray) -> np.ndarray:
        """The factors of the learning rates in the steps of the next epoch, in the type of the parameters."""
        arrays = self.stepper.arrays
        batches = -(-len(order) // arrays.batch_size)
        begin = len(self.history) * batches
        losses = self.history.training_loss if self.validation is None else self.history.validation_loss
        factors = self.schedule.factors(begin, begin + batches, losses).astype(self.net.dtype)
        return of_steps(factors, arrays.problem.weights[order], arrays.batch_size)

    def _divergence(self, epoch: int, loss: float, validation_loss: float) -> DivergenceError:
        name = "validation loss" if np.isfinite(loss) and not np.isfinite(validation_loss) else "loss"
        best = f"epoch {self.best.epoch}" if self.best.epoch else "the start"
        rated = self.stepper.arrays.optimizer in OPTIMIZERS
        hint = "a smaller learning_rate may help" if rated else "smaller numbers in X, y or the start may help"
        return DivergenceError(
            f"the {name} diverged in epoch {epoch} ({validation_loss}); the best network is that of {best}; {hint}",
            epoch,
            self.net.with_parameters(self.best.parameters),
        )

    def _eigenvalue_norms(self) -> list[float]:
        """‖λ^(i)‖₂ for the history.

        By hand: once an epoch. Checked by test_trainer.test_history_has_one_entry_an_epoch.
        """
        groups = self.net.layout.groups.items()
        eigenvalues = [group.view(self.stepper.parameters) for name, group in groups if name.startswith("eigenvalues")]
        with np.errstate(over="ignore", invalid="ignore"):  # a norm that overflows is reported as divergence
            return [float(np.linalg.norm(values)) for values in eigenvalues]

    def result(self) -> TrainingResult[Network]:
        """The networks and the state after the last epoch."""
        stepper, done = self.stepper, len(self.history)
        chosen = self.best if self.stopping.patience is not None else Best(stepper.parameters, np.inf, done)
        if self.stopping.best_of_last is not None and self.best_of_last.epoch:
            chosen = self.best_of_last
        stepper.fetch_moments()
        return TrainingResult(
            network=self.net.with_parameters(chosen.parameters),
            epoch=chosen.epoch,
            best_network=self.net.with_parameters(self.best.parameters),
            best_epoch=self.best.epoch,
            history=self.history,
            stopped=self.stopped,
            state=TrainingState(stepper.first_moment, stepper.second_moment, stepper.step, self.order.before + done),
        )
