"""Many small trainings on a GPU: one block of threads for each, with thousands of steps in a launch.

A block keeps parameters, gradient, moments and its mini-batch in shared memory if they fit. It finds its mini-batches
itself (`kernels.support.shuffling`).
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spectral_core.backends import gpu
from spectral_core.backends.cpu import corrections, has_one_hidden_kernel
from spectral_core.backends.problem import Problem, StepArrays
from spectral_core.kernels import tables
from spectral_core.kernels.cuda import ensemble, one_hidden
from spectral_core.kernels.support import device, shuffling
from spectral_core.kernels.support.layout import Layout


@dataclass(frozen=True, eq=False)
class Schedule:
    """The loop that all trainings share: epochs, the order of samples in each, the factor of the rates in each step."""

    epochs: int
    shuffle: bool
    drop_last: bool
    factors: np.ndarray

    def used(self, rows: int, batch_size: int) -> int:
        """Samples of an epoch."""
        return rows - rows % batch_size if self.drop_last else rows


def data_sets(problems: Sequence[Problem]) -> dict[str, Any]:
    """The data of one problem for each training, by the kernels' names. The same object is copied once.

    x_data (x sets, rows, features), y_data (y sets, rows, outputs), labels (y sets, rows), weights (rows,); `x_of` and
    `y_of` (trainings,) say which set is whose.
    """
    send, weights = gpu.to_device, problems[0].weights
    x_sets = {id(problem.x): problem.x for problem in problems}
    y_sets = {id(problem): problem for problem in problems}
    x_numbers = {key: number for number, key in enumerate(x_sets)}
    y_numbers = {key: number for number, key in enumerate(y_sets)}
    return {
        "x_data": send(np.stack(list(x_sets.values()))),
        "y_data": send(np.stack([problem.y for problem in y_sets.values()])),
        "labels": send(np.stack([problem.labels for problem in y_sets.values()])),
        "weights": send(weights),
        "weighted": bool((weights != 1).any()),
        "x_of": send(np.array([x_numbers[id(problem.x)] for problem in problems])),
        "y_of": send(np.array([y_numbers[id(problem)] for problem in problems])),
    }


@dataclass(frozen=True)
class Storage:
    """Where a block keeps its numbers, and the kernel for it.

    sizes : of the parts of the storage behind parameters, gradient and moments.
    numbers : in all parts together; `inside`, they fit into shared memory.
    """

    kernel: Any
    threads: int
    sizes: list[int]
    numbers: int
    inside: bool

    @classmethod
    def of(cls, layout: Layout, batch_size: int, itemsize: int) -> Storage:
        """The kernel for one hidden layer if there is one and its numbers fit, else the general one."""
        if has_one_hidden_kernel(layout):
            threads = gpu.threads_of(layout.widths[1], device.ONE_HIDDEN_THREADS)
            sizes = _one_hidden_sizes(layout, batch_size, threads)
            numbers = 4 * layout.size + sum(sizes)
            if numbers * itemsize <= gpu.SHARED_BYTES:
                kernel = getattr(one_hidden, f"train_{layout.widths[0]}_{layout.widths[-1]}")
                return cls(kernel, threads, sizes, numbers, True)
        threads = gpu.threads_of(batch_size * max(layout.widths), device.THREADS)
        sizes = _general_sizes(layout, batch_size)
        numbers = 4 * layout.size + sum(sizes)
        kernel = getattr(ensemble, f"train_{layout.parametrization}")
        return cls(kernel, threads, sizes, numbers, numbers * itemsize <= gpu.SHARED_BYTES)


class CudaEnsemble:
    """The trainings on the device, between launches."""

    def __init__(self, steps: Sequence[StepArrays], starts: Sequence[np.ndarray], schedule: Schedule) -> None:
        first, start = steps[0], np.stack(starts)
        self.trainings, self.real, self.rows = len(steps), start.dtype, len(first.problem.x)
        self.used = schedule.used(self.rows, first.batch_size)
        bits = shuffling.bits_of(self.rows)
        self.shuffle = (shuffling.rounds_of(bits), bits) if schedule.shuffle else (0, -1)
        self.storage = Storage.of(first.layout, first.batch_size, start.dtype.itemsize)
        self.state = self._state(start, first.batch_size)
        self.constants = self._constants(steps, schedule)

    def _state(self, start: np.ndarray, batch_size: int) -> dict[str, Any]:
        """The arguments of the kernel that a launch changes."""
        storage, trainings, send = self.storage, self.trainings, gpu.to_device
        return {
            "parameters": send(start),
            "first": send(np.zeros_like(start)),
            "second": send(np.zeros_like(start)),
            "steps": send(np.zeros(trainings, np.int64)),
            "alive": send(np.ones(trainings, np.int64)),
            "work": send(np.zeros((1, 1) if storage.inside else (trainings, storage.numbers), start.dtype)),
            "chosen": send(np.zeros((trainings, batch_size), np.int64)),
            "label_work": send(np.zeros((trainings, batch_size), np.int64)),
        }

    def _constants(self, steps: Sequence[StepArrays], schedule: Schedule) -> dict[str, Any]:
        """The arguments of the kernel that are the same in all launches."""
        first, send = steps[0], gpu.to_device
        all_steps = schedule.epochs * -(-self.used // first.batch_size)
        return {
            **data_sets([step.problem for step in steps]),
            "batch_size": first.batch_size,
            "layout": send(first.layout.table),
            "activation": tables.ACTIVATIONS.index(first.activation),
            "loss": tables.LOSSES.index(first.problem.loss),
            "penalised": send(np.ascontiguousarray(first.penalised)),
            "strengths": send(np.stack([step.strengths for step in steps])),
            "shrunk": send(np.ascontiguousarray(first.shrunk)),
            "thresholds": send(np.stack([step.thresholds for step in steps])),
            "optimizer": tables.OPTIMIZERS.index(first.optimizer),
            "trainable": send(first.trainable),
            "rates": send(np.stack([step.rates for step in steps])),
            "decays": send(np.stack([step.decays for step in steps])),
            "factors": send(schedule.factors.astype(first.settings.dtype)),
            "settings": send(first.settings),
            "corrections": send(corrections(first.settings, np.arange(1, all_steps + 1))),
            "places": send(np.cumsum([0, *self.storage.sizes[:-1]])),
            "inside": self.storage.inside,
        }

    def run(self, keys: np.ndarray, epochs: int) -> tuple[np.ndarray, np.ndarray]:
        """`epochs` epochs of every training: losses and penalties (trainings, epochs)."""
        return self._launch(keys, epochs, self.used, self.shuffle, learning=True)

    def evaluate(self) -> np.ndarray:
        """The loss of each network on all its samples (trainings,)."""
        no_keys = np.zeros((self.trainings, 1, 1), np.uint32)
        return self._launch(no_keys, 1, self.rows, (0, -1), learning=False)[0][:, 0]

    def parameters(self) -> np.ndarray:
        """The parameters of all trainings (trainings, n_parameters)."""
        return gpu.to_host(self.state["parameters"])

    def _launch(
        self, keys: np.ndarray, epochs: int, used: int, shuffle: tuple[int, int], *, learning: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        storage = self.storage
        losses, penalties = (gpu.to_device(np.full((self.trainings, epochs), np.nan, self.real)) for _ in range(2))
        given = self.constants | self.state
        given |= {"keys": gpu.to_device(keys), "rounds": shuffle[0], "bits": shuffle[1], "used": used}
        given |= {"learning": learning, "losses": losses, "penalties": penalties}
        names = inspect.signature(storage.kernel.py_func).parameters
        shared_bytes = storage.numbers * self.real.itemsize if storage.inside else 0
        arguments = tuple(given[name] for name in names)
        gpu.launch(storage.kernel, self.trainings, storage.threads, shared_bytes, arguments)
        return gpu.to_host(losses).astype(np.float64), gpu.to_host(penalties).astype(np.float64)


def _general_sizes(layout: Layout, samples: int) -> list[int]:
    """Numbers in u, z, ∂ℓ/∂u of all layers, M and ∂ℓ/∂M, one layer's scratch, targets, weights of a mini-batch."""
    widths, blocks = layout.widths, 2 * layout.largest_block
    return [*[samples * sum(widths)] * 3, blocks, samples * max(widths), samples * widths[-1], samples]


def _one_hidden_sizes(layout: Layout, samples: int, threads: int) -> list[int]:
    """Numbers in inputs, outputs, shares of outputs, targets, weights of a mini-batch.

    By hand: a size of storage. Checked by test_cuda.test_an_ensemble_is_its_trainings_one_by_one.
    """
    inputs, outputs = layout.widths[0], layout.widths[-1]
    return [samples * inputs, samples * outputs, max(4 * threads, samples) * outputs, samples * outputs, samples]
