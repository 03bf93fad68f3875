"""The options of a search, checked once."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.architecture.budget import Budget
from spectral_core.backends import choice
from spectral_core.checks import one_of, sequence
from spectral_core.data.preparation import PreparedData
from spectral_core.errors import InvalidInputError
from spectral_core.kernels.support import activations
from spectral_core.kernels.support.activations import Activation
from spectral_core.kernels.tables import ZERO_AT_ZERO
from spectral_core.resizing.trimming import NOISE, Tolerance
from spectral_core.training.options import StepOptions

STRATEGIES = ("smallest", "neurons", "seed", "grow")
TRIMMING = 0.01
"""The share of the validation loss that trimming may cost, for ``seed`` and ``grow``."""
EIGENVALUE_RATES = {"smallest": 1e-2, "neurons": 1e-2, "seed": 5e-2, "grow": 5e-2}
"""Default learning rates of eigenvalues. With rates that fall to 0 the smaller one trains without spikes."""
STRENGTHS = {"seed": (0.0, 1e-3, 1e-2, 3e-2), "grow": (0.0, 3e-5, 1e-4, 3e-4, 1e-3, 1e-2, 3e-2)}
"""Penalties on eigenvectors, or weights, that a search tries. Weights need smaller penalties, since no eigenvalue can
compensate for them."""
MANY_SAMPLES = 10_000
"""From this number of training samples on the default batch size is 100 instead of 32."""


@dataclass(frozen=True, eq=False)
class SearchOptions:
    """The keywords of `search` that are not about its data, with the same defaults; raises `InvalidInputError`."""

    hidden: Sequence[int] = (300,)
    activation: Activation = "relu"
    bias: bool = True
    tolerance: float | None = None
    epochs: int = 300
    batch_size: int | None = None
    learning_rate: float = 1e-3
    eigenvalue_learning_rate: float | None = None
    penalty: str = "group"
    penalty_strength: float = 1e-3
    eigenvector_penalties: Sequence[float] | None = None
    patience: int | None = None
    keep: str = "simplest"
    strategy: str = "smallest"
    sizes: Sequence[int] | None = None
    flash: int | None = None
    ram: int | None = None
    operations: int | None = None
    int8: bool = False
    dtype: str = "float32"
    seed: int = 0
    backend: str = "auto"
    name: str = ""
    feature_names: Sequence[str] = ()
    target_names: Sequence[str] = ()
    progress: Callable[[int, int, str], object] | None = None
    checkpoint: str | os.PathLike[str] | None = None
    keep_checkpoint: bool = False

    def __post_init__(self) -> None:
        for name, value in self._checked().items():
            object.__setattr__(self, name, value)
        self._check_together()

    def _checked(self) -> dict[str, Any]:
        """Each value for itself, checked, as Python's own: NumPy's numbers are not for JSON, and their arrays have no truth value."""
        given = _members(self.activation)
        names = given if isinstance(given, (list, tuple)) else (given,)
        if any(not isinstance(name, str) or name not in ZERO_AT_ZERO for name in names):
            known = ", ".join(ZERO_AT_ZERO)
            raise InvalidInputError(f"the search needs f(0) = 0 ({known}); got activation={self.activation!r}")
        hidden = widths_of(self.hidden)
        # What the spectral training will refuse is refused before the work.
        step = StepOptions(
            batch_size=1 if self.batch_size is None else self.batch_size,
            learning_rate=self.learning_rate,
            eigenvalue_learning_rate=self.eigenvalue_learning_rate,
            penalty=self.penalty,
            penalty_strength=self.penalty_strength,
        )
        choice.resolve(self.backend, 0)
        penalties, tolerance = self.eigenvector_penalties, self.tolerance
        return {
            "hidden": hidden,
            "activation": activations.checked(given, len(hidden)),
            **{name: checks.boolean(getattr(self, name), name) for name in ("bias", "int8", "keep_checkpoint")},
            "tolerance": None if tolerance is None else checks.real_number(tolerance, "tolerance", 0),
            "epochs": checks.integer(self.epochs, "epochs", 1),
            "batch_size": None if self.batch_size is None else step.batch_size,
            **{name: getattr(step, name) for name in ("learning_rate", "eigenvalue_learning_rate", "penalty_strength")},
            "penalty": str(step.penalty),
            "eigenvector_penalties": None if penalties is None else _strengths(penalties),
            **{name: _optional_count(getattr(self, name), name) for name in ("patience", *vars(self.budget))},
            "keep": str(one_of(self.keep, ("simplest", "last"), "keep")),
            "strategy": str(one_of(self.strategy, STRATEGIES, "strategy")),
            "sizes": None if self.sizes is None else _whole_numbers(self.sizes, "sizes", 0),
            "dtype": checks.real_type(self.dtype).name,
            "seed": checks.integer(self.seed, "seed", 0),
            "backend": str(self.backend),
            "name": _text(self.name, "name"),
            **{name: _texts(getattr(self, name), name) for name in ("feature_names", "target_names")},
        }

    def _check_together(self) -> None:
        """Refuse files and functions of another kind, and options that exclude each other."""
        if not isinstance(self.activation, str):
            self._check_several(activations.written(self.activation))
        if self.strategy in STRENGTHS and not self.strengths:
            raise InvalidInputError("eigenvector_penalties must name at least one strength")
        if self.progress is not None and not callable(self.progress):
            raise InvalidInputError(f"progress must be a function; got {self.progress!r}")
        if self.checkpoint is not None and not isinstance(self.checkpoint, (str, os.PathLike)):
            raise InvalidInputError(f"checkpoint must be the name of a file; got {self.checkpoint!r}")
        if self.strategy != "seed" and self.patience is not None:
            raise InvalidInputError(f"patience belongs to strategy='seed'; the strategy is {self.strategy!r}")
        if self.strategy != "smallest" and self.sizes is not None:
            raise InvalidInputError(f"sizes belong to strategy='smallest'; the strategy is {self.strategy!r}")
        if self.budget and self.strategy not in ("smallest", "neurons"):
            raise InvalidInputError(
                f"flash, ram and operations belong to strategy='smallest' or 'neurons'; the strategy is {self.strategy!r}"
            )
        if self.int8 and not self.budget:
            raise InvalidInputError("int8 says how flash, ram or operations are counted; none of them is given")

    @property
    def budget(self) -> Budget:
        """What the network may cost a chip."""
        return Budget(self.flash, self.ram, self.operations)

    def _check_several(self, names: str) -> None:
        """Raise `InvalidInputError` where the hidden layers cannot have different activations."""
        if self.strategy == "grow":
            raise InvalidInputError(
                f"strategy='grow' adds layers one by one and has one activation for all; got {names}"
            )
        if self.budget:
            raise InvalidInputError(
                f"flash, ram and operations are those of a C file, which has one activation for all layers; got {names}"
            )

    def chosen(self) -> dict[str, Any]:
        """The options that differ from their defaults, without names, files and functions, ready for JSON."""
        silent = ("name", "feature_names", "target_names", "progress", "checkpoint", "keep_checkpoint")
        given = {one.name: (getattr(self, one.name), one.default) for one in fields(self) if one.name not in silent}
        changed = {name: value for name, (value, default) in given.items() if value is not None and value != default}
        return {name: list(value) if isinstance(value, (tuple, list)) else value for name, value in changed.items()}

    @property
    def strengths(self) -> list[float]:
        """The penalties that are tried, one training or growth each."""
        given = self.eigenvector_penalties
        return list(STRENGTHS[self.strategy] if given is None else given)

    @property
    def eigenvalue_rate(self) -> float:
        """The learning rate of eigenvalues."""
        own = self.eigenvalue_learning_rate
        return EIGENVALUE_RATES[self.strategy] if own is None else own

    @property
    def best_of_last(self) -> int | None:
        """Epochs at the end of a training among which the best is taken; None where it stops early."""
        return max(self.epochs // 10, 1) if self.patience is None else None

    def batch_size_for(self, samples: int) -> int:
        """The batch size for a number of training samples."""
        if self.batch_size is not None:
            return self.batch_size
        return 32 if samples < MANY_SAMPLES else 100

    @property
    def trimming(self) -> float:
        """The share of the validation loss that trimming may cost."""
        return TRIMMING if self.tolerance is None else self.tolerance

    def loss_tolerance(self, data: PreparedData) -> Tolerance:
        """How much the validation loss may rise, on the scale of the data.

        By hand: a share of a loss. Checked by test_loss_scale.test_a_larger_tolerance_allows_a_larger_loss.
        """
        return Tolerance(self.trimming, NOISE * data.constant_loss())

    def report_progress(self, done: int, total: int, text: str) -> None:
        """Call `progress` where it was given."""
        if self.progress is not None:
            self.progress(done, total, text)


def _members(values: Any) -> Any:
    """A NumPy array as a list of Python's values; anything else as it is."""
    return values.tolist() if isinstance(values, np.ndarray) else values


def _whole_numbers(values: Any, name: str, low: int) -> tuple[int, ...]:
    """Whole numbers of at least `low`; an error names the keyword and the position."""
    return tuple(checks.integer(v, f"{name}[{i}]", low) for i, v in enumerate(sequence(_members(values), name)))


def _strengths(values: Any) -> tuple[float, ...]:
    """Penalties, none negative."""
    name = "eigenvector_penalties"
    return tuple(checks.real_number(v, f"{name}[{i}]", 0) for i, v in enumerate(sequence(_members(values), name)))


def _optional_count(value: Any, name: str) -> int | None:
    """A whole number of at least 1, or None."""
    return None if value is None else checks.integer(value, name, 1)


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise InvalidInputError(f"{name} must be text; got {value!r}")
    return str(value)


def _texts(values: Any, name: str) -> tuple[str, ...]:
    """Names of columns; None are none."""
    members = () if values is None else sequence(_members(values), name)
    if not all(isinstance(member, str) for member in members):
        raise InvalidInputError(f"{name} must hold text; got {members!r}")
    return tuple(map(str, members))


def widths_of(hidden: Any) -> tuple[int, ...]:
    """The widths of the hidden layers; a number is one layer."""
    hidden = _members(hidden)
    if isinstance(hidden, (int, np.integer)) and not isinstance(hidden, bool):
        hidden = (int(hidden),)
    return _whole_numbers(hidden, "hidden", 1)
