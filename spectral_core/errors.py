"""The exceptions of the package. Each derives from `SpectralCoreError` and from the fitting standard exception."""

from __future__ import annotations

from typing import Any


class SpectralCoreError(Exception):
    """Base of all errors of this package."""


class InvalidInputError(SpectralCoreError, ValueError):
    """An argument breaks a rule; the message states the rule, the value and its place."""


class DataFileError(InvalidInputError):
    """A data file cannot be used; the message names the file, and the line or column if there is one."""


class ModelFileError(SpectralCoreError, OSError):
    """A model file is missing, truncated, or not a model file."""


class MissingDependencyError(SpectralCoreError, ImportError):
    """A library of an optional extra is not installed; the message names the extra."""


class BackendError(SpectralCoreError, RuntimeError):
    """The requested backend cannot be used on this machine."""


class DivergenceError(SpectralCoreError, ArithmeticError):
    """The loss became infinite or not a number.

    Attributes
    ----------
    epoch : the epoch (counted from 1) in which it happened.
    network : a `SpectralNetwork` or `CompactNetwork`, the best of the epochs before; the initial network if there was none.
    """

    def __init__(self, message: str, epoch: int, network: Any) -> None:
        super().__init__(message)
        self.epoch = epoch
        self.network = network

    def __reduce__(self) -> tuple[Any, ...]:
        # By default an exception is unpickled from its message alone; this would fail in process pools.
        return type(self), (str(self), self.epoch, self.network)
