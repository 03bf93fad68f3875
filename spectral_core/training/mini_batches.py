"""Training by mini-batches: what a step reads, where it runs, the loop over epochs and its checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from spectral_core.backends import choice
from spectral_core.backends.cpu_images import check_batch, tables_of
from spectral_core.backends.problem import Problem
from spectral_core.backends.threads import blas_threads
from spectral_core.errors import DivergenceError, InvalidInputError
from spectral_core.kernels.support.image_layout import ImageLayout
from spectral_core.networks.trainable import Trainable
from spectral_core.training.checkpoint import Checkpoint, fingerprint, identity_of_steps
from spectral_core.training.loop import SampleOrder, Stopping, TrainingLoop
from spectral_core.training.options import LoopOptions, StepOptions
from spectral_core.training.results import Network, TrainingResult, TrainingState, initial_state
from spectral_core.training.step_arrays import step_arrays


def train(
    net: Network,
    problem: Problem,
    validation: Problem | None,
    step: StepOptions,
    loop: LoopOptions,
    state: TrainingState | None,
) -> TrainingResult[Network]:
    """Train by mini-batches on checked data and options, as `trainer.train` explains."""
    # What a step reads, and where it runs.
    arrays = step_arrays(net, problem, step)
    backend = _backend(net, problem, validation, arrays.batch_size, loop.backend)
    begun = initial_state(state, net)
    stepper = choice.stepper_of(backend, net.layout)(
        arrays, net.parameters.copy(), begun.first_moment, begun.second_moment, begun.step
    )
    # The loop over epochs.
    rows = len(problem.x)
    used = rows - rows % arrays.batch_size if loop.drop_last else rows
    if isinstance(net.layout, ImageLayout):
        check_image_batches(net.layout, arrays.batch_size, used, "another batch_size or drop_last=True avoids it")
    order = SampleOrder(loop.seed, begun.epoch, rows, used, loop.shuffle)
    stopping = Stopping(loop.epochs, loop.patience, loop.best_of_last)
    schedule = step.rate_schedule(loop.epochs * -(-used // arrays.batch_size))
    training = TrainingLoop(net, stepper, validation, stopping, order, schedule)
    # The checkpoint, identified by everything that the result depends on.
    checkpoint = None
    if loop.checkpoint is not None:
        options = [training.description(), arrays.optimizer, arrays.batch_size, loop.threads, backend]
        options += identity_of_steps(arrays, schedule)
        options += [problem.augmentation.record()] if problem.augmentation is not None else []
        given = [] if state is None else [begun.first_moment, begun.second_moment, begun.step]
        identity = fingerprint(net.parameters, problem, validation, options, *given)
        checkpoint = Checkpoint(Path(loop.checkpoint), identity)
    _run(training, loop, checkpoint)
    return training.result()


def _run(training: TrainingLoop[Any], loop: LoopOptions, checkpoint: Checkpoint | None) -> None:
    """Run the epochs; with a checkpoint, continue from it and leave one if interrupted."""
    if checkpoint is None:
        with blas_threads(loop.threads):
            training.run(loop.callbacks, None)
        return
    snapshot = checkpoint.load()
    if snapshot is not None:
        training.restore(snapshot)
    try:
        with blas_threads(loop.threads):
            training.run(loop.callbacks, checkpoint.epoch_done)
    except DivergenceError:
        checkpoint.remove()  # a continued training would diverge again
        raise
    except BaseException:
        checkpoint.save()
        raise
    if loop.keep_checkpoint:
        checkpoint.save()
    else:
        checkpoint.remove()


def check_image_batches(layout: ImageLayout, batch_size: int, used: int, hint: str) -> None:
    """Raise `InvalidInputError` where a batch of an epoch has one value of a channel; the hint says what to do."""
    one = "and the last planes have one pixel"
    check_batch(layout, batch_size, f"{batch_size=} gives batches of one image, {one}")
    if last := used % batch_size:
        check_batch(layout, last, f"the last batch of an epoch has one image, {one}; {hint}")


def _backend(net: Trainable, problem: Problem, validation: Problem | None, batch_size: int, wanted: str) -> str:
    """``cpu`` or ``cuda``. Data on a GPU can be used by ``cuda`` only."""
    if isinstance(net.layout, ImageLayout):
        work = choice.image_multiply_adds(tables_of(net.layout), batch_size)
        return choice.resolve(wanted, work, choice.WORTH_A_GPU_FOR_IMAGES)
    on_gpu = problem.on_gpu or (validation is not None and validation.on_gpu)
    work = np.inf if on_gpu else choice.multiply_adds(net.layout.widths, batch_size)
    backend = choice.resolve(wanted, work)
    if on_gpu and backend == "cpu":
        raise InvalidInputError(
            "X (or that of validation_data) lies on a GPU; use backend='cuda' or 'auto', or copy it"
        )
    return backend
