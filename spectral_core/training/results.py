"""The state of a training between epochs, the view of a callback, and the result of a training."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np

from spectral_core import checks
from spectral_core.errors import InvalidInputError
from spectral_core.networks.trainable import Trainable
from spectral_core.wording import counted

Network = TypeVar("Network", bound=Trainable)


@dataclass
class History:
    """One entry for each epoch. Training losses are measured during the epoch, validation losses after it.

    L-BFGS and Levenberg-Marquardt have an entry for each iteration, and measure both losses after it.
    """

    training_loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    penalty: list[float] = field(default_factory=list)
    eigenvalue_norms: list[list[float]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.training_loss)

    def first(self, epochs: int) -> History:
        """A copy of the first `epochs` entries."""
        return History(**{name: entries[:epochs] for name, entries in asdict(self).items()})

    def plot(self, path: str | os.PathLike[str] | None = None, *, ax: Any = None, **options: Any) -> Any:
        """Draw losses, penalty and norms of eigenvalues against the epoch; returns the figure.

        Parameters
        ----------
        path : the picture, PNG unless it ends in .svg or .pdf. Without it no file is written.
        ax : axes of matplotlib to draw the losses into.
        options : of `training_picture`: title, labels, kept.

        Examples
        --------
        >>> from spectral_core.training.results import History
        >>> history = History([0.5, 0.2], [0.6, 0.3], [0.0, 0.0], [[1.0], [1.1]])
        >>> history
        History(2 epochs, training loss 0.5 to 0.2, validation loss 0.6 to 0.3)
        >>> len(history.plot("training.svg", kept=2).axes)
        2
        """
        from spectral_core.reports.curves import training_picture

        return training_picture(path, self, ax=ax, **options)

    def __repr__(self) -> str:
        losses = (("training", self.training_loss), ("validation", self.validation_loss))
        texts = [f", {name} loss {values[0]:.4g} to {values[-1]:.4g}" for name, values in losses if values]
        return f"History({counted(len(self), 'epoch')}{''.join(texts)})"


@dataclass(frozen=True, eq=False)
class Best:
    """The parameters with the smallest loss so far, that loss, and their epoch (0 is the start)."""

    parameters: np.ndarray
    loss: float
    epoch: int


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A training between two epochs.

    history : of the first `epochs` epochs; a list that grows later is cut to this length.
    best, best_of_last : the best of all epochs, and of the last epochs that `best_of_last` names.
    stopped : why the training ended, ``epochs`` if it goes on.
    """

    parameters: np.ndarray
    first_moment: np.ndarray
    second_moment: np.ndarray
    step: int
    epochs: int
    history: History
    best: Best
    best_of_last: Best
    stopped: str


@dataclass(frozen=True)
class Progress(Generic[Network]):
    """The view of a callback between epochs. `network` is a copy, made each time it is read."""

    epoch: int
    epochs: int
    history: History
    snapshot: Callable[[], Network]

    @property
    def network(self) -> Network:
        return self.snapshot()


@dataclass(frozen=True, eq=False)
class TrainingState:
    """Where a later call of `train` continues: the optimizer's moments (n_parameters,), its steps, the epochs done."""

    first_moment: np.ndarray
    second_moment: np.ndarray
    step: int
    epoch: int

    @classmethod
    def fresh(cls, parameters: np.ndarray) -> TrainingState:
        """The state before the first step."""
        return cls(np.zeros_like(parameters), np.zeros_like(parameters), 0, 0)

    def __repr__(self) -> str:
        return f"TrainingState(epoch {self.epoch}, step {self.step}, {counted(len(self.first_moment), 'parameter')})"


def initial_state(state: TrainingState | None, net: Trainable) -> TrainingState:
    """A copy of the given state, checked; without one the state before the first step."""
    if state is None:
        return TrainingState.fresh(net.parameters)
    if not isinstance(state, TrainingState):
        raise InvalidInputError(f"state must be the .state of a training result; got {type(state).__name__}")
    checks.integer(state.step, "state.step", 0)
    checks.integer(state.epoch, "state.epoch", 0)
    for name, moment in (("first_moment", state.first_moment), ("second_moment", state.second_moment)):
        if not isinstance(moment, np.ndarray):
            raise InvalidInputError(f"state.{name} must be an array; got {type(moment).__name__}")
        if moment.shape != net.parameters.shape or moment.dtype != net.dtype:
            raise InvalidInputError(
                f"state.{name} must be {net.dtype} of shape {net.parameters.shape}, as the network's parameters; got "
                f"{moment.dtype} {moment.shape}"
            )
    return TrainingState(state.first_moment.copy(), state.second_moment.copy(), int(state.step), int(state.epoch))


@dataclass(frozen=True)
class TrainingResult(Generic[Network]):
    """The trained `network` and its `epoch`; `best_network` of all epochs and its `best_epoch`; why training `stopped`.

    With `patience`, `network` is `best_network`. With `best_of_last`, it is the best of the last epochs. Without validation
    data, `best_network` is the start of the epoch with the least training loss, since that loss is measured while the
    parameters change; it is never the network of the last epoch, and its `best_epoch` (0 is the start) is one less.
    That is different for L-BFGS and Levenberg-Marquardt, which measure the loss after each iteration. `state` is the state
    after the last epoch.
    """

    network: Network
    epoch: int
    best_network: Network
    best_epoch: int
    history: History
    stopped: str
    state: TrainingState

    def plot(self, path: str | os.PathLike[str] | None = None, *, ax: Any = None, **options: Any) -> Any:
        """As `History.plot`, with the epoch of `network` marked."""
        return self.history.plot(path, ax=ax, **{"kept": self.epoch or None} | options)

    def __repr__(self) -> str:
        return (
            f"TrainingResult({self.network!r},\n  epoch {self.epoch}, best epoch {self.best_epoch}, stopped by {self.stopped},\n"
            f"  {self.history!r})"
        )
