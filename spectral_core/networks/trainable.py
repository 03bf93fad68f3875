"""The methods that training needs of a network."""

from __future__ import annotations

from typing import Any, Protocol, Self, runtime_checkable

import numpy as np

from spectral_core.backends.problem import Problem
from spectral_core.kernels.support.activations import Activation
from spectral_core.kernels.support.layout import Layout


@runtime_checkable
class Trainable(Protocol):
    """A network whose parameters `train` can move: `SpectralNetwork`, `CompactNetwork`, `ImageNetwork`.

    layout, parameters : the trained parameters, a flat vector, and where each group starts. Behind those of an image network
        stand the running statistics of its batch norms, which are always frozen.
    activation, dtype, frozen : as in `SpectralNetwork`.
    """

    @property
    def layout(self) -> Layout: ...

    @property
    def parameters(self) -> np.ndarray: ...

    @property
    def activation(self) -> Activation: ...

    @property
    def dtype(self) -> np.dtype[Any]: ...

    @property
    def frozen(self) -> tuple[str, ...]: ...

    def problem(self, X: Any, y: Any, loss: str, sample_weight: Any = None) -> Problem:
        """Data checked and in the form of the kernels."""

    def with_parameters(self, flat: np.ndarray) -> Self:
        """The same network with a copy of other parameter values."""

    def trained_record(self) -> dict[str, Any]:
        """The structure of the trained parameters, for JSON: part of what identifies a checkpoint."""
