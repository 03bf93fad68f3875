"""Some epochs of a search, with a count of the batches in which each published gate was open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spectral_core.backends.cpu_images import ImageStepper, tables_of
from spectral_core.backends.problem import Problem
from spectral_core.backends.threads import blas_threads
from spectral_core.networks.image import ImageNetwork
from spectral_core.training.loop import SampleOrder, Stopping, TrainingLoop
from spectral_core.training.mini_batches import check_image_batches
from spectral_core.training.options import StepOptions
from spectral_core.training.results import Progress, TrainingResult, TrainingState
from spectral_core.training.step_arrays import step_arrays


@dataclass(eq=False)
class CountingStepper(ImageStepper):
    """An `ImageStepper` that counts in how many batches each gate was open."""

    def __post_init__(self) -> None:
        super().__post_init__()
        begin, end = tables_of(self.arrays.layout).gates
        self.opened = np.zeros(end - begin, np.int64)

    def batch_done(self) -> None:
        """Add the gates that are open after this step."""
        begin, end = tables_of(self.arrays.layout).gates
        self.opened += self.parameters[begin:end] > 0


def check_rounds(net: ImageNetwork, images: int, batch_size: int) -> None:
    """Raise `InvalidInputError` where a batch of an epoch has one value of a channel, as `train` does."""
    check_image_batches(net.layout, min(batch_size, images), images, "another batch_size avoids it")


def train_round(
    net: ImageNetwork,
    problem: Problem,
    step: StepOptions,
    epochs: int,
    seed: int,
    callbacks: Sequence[Callable[[Progress[ImageNetwork]], Any]] = (),
) -> tuple[TrainingResult[ImageNetwork], np.ndarray]:
    """Train for some epochs with the schedule of this round alone.

    Returns
    -------
    The result, and the share of batches in which each gate was open, in the order of the parameters.

    By hand: a share of batches. Checked by test_image_search.test_gates_that_were_closed_go_as_published.
    """
    check_rounds(net, len(problem.x), step.batch_size)
    arrays, state = step_arrays(net, problem, step), TrainingState.fresh(net.parameters)
    stepper = CountingStepper(arrays, net.parameters.copy(), state.first_moment, state.second_moment)
    rows = len(problem.x)
    batches = -(-rows // arrays.batch_size)
    order, stopping = SampleOrder(seed, 0, rows, rows, True), Stopping(epochs, None, None)
    loop = TrainingLoop(net, stepper, None, stopping, order, step.rate_schedule(epochs * batches))
    with blas_threads(1):
        loop.run(callbacks, None)
    return loop.result(), stepper.opened / stepper.step
