"""The interface of the backends: checked data with a loss, the arrays that a step reads, the state of an optimizer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from spectral_core import checks
from spectral_core.checks import one_of
from spectral_core.data.augmentation import Augmentation
from spectral_core.errors import InvalidInputError
from spectral_core.kernels.support.activations import Activation
from spectral_core.kernels.support.layout import Layout
from spectral_core.kernels.tables import LOSSES, TARGET_RANGES


@dataclass(frozen=True)
class Problem:
    """Data and loss in the form of the kernels: real targets or class labels, whichever the loss needs.

    `weights` : (samples,), of mean 1. `on_gpu` : x is an array on the device. `augmentation` : for images, the changes that
    each epoch makes to them; x is (samples, channels, pixels) then.
    """

    x: np.ndarray
    y: np.ndarray
    labels: np.ndarray
    weights: np.ndarray
    loss: str
    on_gpu: bool = False
    augmentation: Augmentation | None = None


@dataclass(frozen=True, eq=False)
class StepArrays:
    """Everything that a step reads and no step changes.

    penalised : (groups, 3), start and stop in the flat parameters and the number of the penalty; `strengths` (groups,).
    shrunk : (groups, 3), the same for penalties taken by proximal steps; `thresholds` (groups,), rate · strength.
    trainable : (groups, 2), start and stop; `rates` (groups,), learning rates; `decays` (groups,), weight decays.
    settings : the numbers named in `tables.SETTINGS`. All real numbers have the type of the parameters.
    """

    layout: Layout
    activation: Activation
    problem: Problem
    batch_size: int
    penalised: np.ndarray
    strengths: np.ndarray
    shrunk: np.ndarray
    thresholds: np.ndarray
    optimizer: str
    trainable: np.ndarray
    rates: np.ndarray
    decays: np.ndarray
    settings: np.ndarray


@dataclass(eq=False)
class Stepper(ABC):
    """Parameters, the optimizer's moments and step, and the functions that move them, in place.

    `parameters` and `step` are up to date after each epoch, the moments after `fetch_moments`.
    """

    arrays: StepArrays
    parameters: np.ndarray
    first_moment: np.ndarray
    second_moment: np.ndarray
    step: int = 0

    def fetch_moments(self) -> None:  # noqa: B027 - where they are in this process they always are
        """Bring `first_moment` and `second_moment` up to date."""

    @abstractmethod
    def evaluate(self, problem: Problem) -> float:
        """The loss of the current parameters on other data."""

    @abstractmethod
    def epoch(self, order: np.ndarray, factors: np.ndarray) -> tuple[float, float]:
        """One pass over the rows in the given order: mean loss and mean penalty.

        `factors` (steps,) multiply learning rates and thresholds in the first, second, ... step of the pass: one for each
        mini-batch that has a weight.
        """


class Backend(Protocol):
    """The functions that the modules `cpu` and `cuda` share; `ON_GPU` says where their arrays are."""

    ON_GPU: bool

    def features(self, X: Any, dtype: Any, columns: int) -> Any:
        """X (samples, features), checked, as an array of the backend."""

    def to_host(self, values: Any) -> Any:
        """Values in this process."""

    def predict(self, layout: Layout, activation: Activation, parameters: np.ndarray, x: Any) -> Any:
        """z_K (samples, outputs) as an array of the backend."""

    def loss(self, layout: Layout, activation: Activation, parameters: np.ndarray, problem: Problem) -> float:
        """The loss over all samples."""

    def loss_and_gradient(
        self, layout: Layout, activation: Activation, parameters: np.ndarray, problem: Problem
    ) -> tuple[float, np.ndarray]:
        """The loss over all samples and its gradient as a flat vector."""

    def stepper(
        self,
        arrays: StepArrays,
        parameters: np.ndarray,
        first_moment: np.ndarray,
        second_moment: np.ndarray,
        step: int = 0,
    ) -> Stepper:
        """A stepper that starts from the given state and changes its arrays in place."""


def of_mean_one(weights: np.ndarray) -> np.ndarray:
    """The weights divided by their mean: a common factor changes no loss, but its rounding would in float32.

    By hand: once for each data set. Checked by test_epochs.test_a_common_factor_of_the_weights_changes_nothing.
    """
    scaled = weights / weights.max()  # no sum overflows
    return scaled / scaled.mean()


def problem_of(
    backend: Backend, X: Any, y: Any, loss: str, sample_weight: Any, widths: tuple[int, int], dtype: Any
) -> Problem:
    """Data checked and in the form of the kernels.

    `widths` are the features and outputs of the network; y is (samples, outputs), or classes (samples,) for
    ``cross_entropy``.
    """
    one_of(loss, LOSSES, "loss")
    features, outputs = widths
    x, y, sample_weight = backend.features(X, dtype, features), backend.to_host(y), backend.to_host(sample_weight)
    weights = of_mean_one(checks.sample_weights(sample_weight, np.float64, len(x))).astype(dtype)
    if loss == "cross_entropy":
        if outputs < 2:
            raise InvalidInputError("cross_entropy needs at least two outputs; the network has one")
        labels = checks.class_indices(y, len(x), outputs)
        return Problem(x, np.empty((0, outputs), dtype), labels, weights, loss, backend.ON_GPU)
    within = TARGET_RANGES.get(loss, (-np.inf, np.inf))
    targets = checks.targets(y, dtype, len(x), outputs, within=within)
    return Problem(x, targets, np.empty(0, np.int64), weights, loss, backend.ON_GPU)
