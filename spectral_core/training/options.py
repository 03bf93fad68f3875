"""The options of `train` in two frozen dataclasses. Each is checked once; defaults are stated only here."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from spectral_core import checks
from spectral_core.checks import one_of
from spectral_core.errors import InvalidInputError
from spectral_core.kernels.tables import OPTIMIZERS, PENALTIES
from spectral_core.training.results import Progress
from spectral_core.training.schedules import ONE_CYCLE_WARMUP, SCHEDULES, RateSchedule

FULL_BATCH = ("lbfgs", "levenberg_marquardt")
"""The optimizers that see all samples at once; the others take steps on mini-batches."""


@dataclass(frozen=True, eq=False)
class StepOptions:
    """The options that a step depends on; `train` explains them.

    Raises
    ------
    InvalidInputError : a value breaks a rule.
    """

    batch_size: int = 100
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    eigenvalue_learning_rate: float | None = None
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8
    momentum: float = 0.0
    nesterov: bool = False
    penalty: str = "group"
    penalty_strength: float = 0.0
    proximal: bool = False
    eigenvector_penalty: float | Mapping[str, float] = 0.0
    schedule: str = "constant"
    warmup: float | None = None
    final_rate: float = 0.0
    weight_decay: float | Mapping[str, float] = 0.0
    clip_norm: float | None = None
    label_smoothing: float = 0.0
    fixed_ends: bool = False

    def __post_init__(self) -> None:
        # NumPy's numbers become Python's, so that later products round as float64 on every path.
        checked = {
            "batch_size": checks.integer(self.batch_size, "batch_size", 1),
            "optimizer": one_of(self.optimizer, (*OPTIMIZERS, *FULL_BATCH), "optimizer"),
            "learning_rate": checks.real_number(self.learning_rate, "learning_rate", 0, open_low=True),
            "eigenvalue_learning_rate": _optional_positive(self.eigenvalue_learning_rate, "eigenvalue_learning_rate"),
            "betas": _checked_betas(self.betas),
            "epsilon": checks.real_number(self.epsilon, "epsilon", 0, open_low=True),
            "momentum": checks.real_number(self.momentum, "momentum", 0, 1),
            "nesterov": checks.boolean(self.nesterov, "nesterov"),
            "penalty": one_of(self.penalty, PENALTIES, "penalty"),
            "penalty_strength": checks.real_number(self.penalty_strength, "penalty_strength", 0),
            "proximal": checks.boolean(self.proximal, "proximal"),
            "eigenvector_penalty": _checked_strengths(self.eigenvector_penalty, "eigenvector_penalty"),
            "weight_decay": _checked_strengths(self.weight_decay, "weight_decay"),
            "clip_norm": _optional_positive(self.clip_norm, "clip_norm"),
            "label_smoothing": checks.real_number(self.label_smoothing, "label_smoothing", 0, 1),
            "fixed_ends": checks.boolean(self.fixed_ends, "fixed_ends"),
            "schedule": one_of(self.schedule, SCHEDULES, "schedule"),
            "warmup": None if self.warmup is None else checks.real_number(self.warmup, "warmup", 0, 1),
            "final_rate": checks.real_number(self.final_rate, "final_rate", 0, 1),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)
        if self.schedule == "constant" and self.final_rate:
            raise InvalidInputError(f"final_rate needs another schedule than 'constant'; got {self.final_rate!r}")

    @property
    def eigenvalue_rate(self) -> float:
        """The learning rate of eigenvalues."""
        own = self.eigenvalue_learning_rate
        return self.learning_rate if own is None else own

    def rate_schedule(self, steps: int) -> RateSchedule:
        """The schedule of a training of so many steps."""
        own = ONE_CYCLE_WARMUP if self.schedule == "one_cycle" else 0.0
        return RateSchedule(self.schedule, own if self.warmup is None else self.warmup, self.final_rate, steps)


@dataclass(frozen=True, eq=False)
class LoopOptions:
    """The options of the loop over epochs; `train` explains them.

    Raises
    ------
    InvalidInputError : a value breaks a rule, or two options exclude each other.
    """

    epochs: int = 100
    validation_data: tuple[Any, Any] | None = None
    patience: int | None = None
    best_of_last: int | None = None
    shuffle: bool = True
    drop_last: bool = False
    seed: int = 0
    threads: int = 1
    backend: str = "auto"
    callbacks: Sequence[Callable[[Progress[Any]], Any]] = ()
    checkpoint: str | os.PathLike[str] | None = None
    keep_checkpoint: bool = False

    def __post_init__(self) -> None:
        if self.validation_data is not None:
            checks.pair(self.validation_data, "validation_data")
        checked = {
            "epochs": checks.integer(self.epochs, "epochs", 1),
            "seed": checks.integer(self.seed, "seed", 0),
            "threads": checks.integer(self.threads, "threads", 1),
            "drop_last": checks.boolean(self.drop_last, "drop_last"),
            "shuffle": checks.boolean(self.shuffle, "shuffle"),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)
        for name, option in (("patience", self.patience), ("best_of_last", self.best_of_last)):
            if option is None:
                continue
            checks.integer(option, name, 1)
            if self.validation_data is None:
                raise InvalidInputError(f"{name} needs validation_data")
        if self.patience is not None and self.best_of_last is not None:
            raise InvalidInputError("patience already keeps the best of all epochs; leave out best_of_last")
        if not isinstance(self.callbacks, Sequence) or not all(map(callable, self.callbacks)):
            raise InvalidInputError(f"callbacks must be a sequence of functions; got {self.callbacks!r}")


STEP_OPTIONS = tuple(field.name for field in fields(StepOptions))
LOOP_OPTIONS = tuple(field.name for field in fields(LoopOptions))
TRAIN_OPTIONS = ("loss", "sample_weight", *STEP_OPTIONS, *LOOP_OPTIONS, "state")
"""The names of all options of `train`."""


def _optional_positive(value: Any, name: str) -> float | None:
    return None if value is None else checks.real_number(value, name, 0, open_low=True)


def _checked_betas(betas: Any) -> tuple[float, float]:
    if not isinstance(betas, Sequence) or len(betas) != 2:
        raise InvalidInputError(f"betas must be a pair (beta1, beta2); got {betas!r}")
    return _below_one(betas[0], "betas[0]"), _below_one(betas[1], "betas[1]")


def _below_one(value: Any, name: str) -> float:
    """β < 1: the bias correction divides by 1 - β^t."""
    checks.real_number(value, name, 0, 1, open_high=True)
    return float(value)


def _checked_strengths(given: Any, name: str) -> float | dict[str, float]:
    """One strength, or strengths by group; `step_arrays` checks the names of groups."""
    if not isinstance(given, Mapping):
        return checks.real_number(given, name, 0)
    return {group: checks.real_number(value, f"{name}[{group!r}]", 0) for group, value in given.items()}
