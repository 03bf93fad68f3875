"""Ours: the compiled epoch, as `train` calls it."""

from __future__ import annotations

import time

import numpy as np

from benchmarks.tasks import Task
from spectral_core import SpectralNetwork
from spectral_core.backends.cpu import CpuStepper
from spectral_core.backends.problem import StepArrays, Stepper
from spectral_core.kernels.cpu import dense
from spectral_core.kernels.tables import PENALTIES, SETTINGS

ADAM = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "momentum": 0.0, "nesterov": 0.0}
ADAM |= {"smoothing": 0.0, "clip_norm": 0.0}


class Ours:
    def __init__(self, task: Task, net: SpectralNetwork) -> None:
        x, y = task.data
        layout, x = net.layout, x[:, : net.n_features]
        groups = [layout.groups[f"eigenvalues[{i}]"] for i in task.penalised]
        rows = [(group.start, group.stop, PENALTIES.index("group")) for group in groups]
        self.task, self.net, self.first_batch = task, net, (x[: task.batch], y[: task.batch])
        self.arrays = StepArrays(
            layout=layout,
            activation=net.activation,
            problem=net.problem(x, y, task.loss),
            batch_size=task.batch,
            penalised=np.array(rows, np.int64).reshape(-1, 3),
            strengths=np.full(len(rows), task.strength, np.float32),
            shrunk=np.empty((0, 3), np.int64),
            thresholds=np.empty(0, np.float32),
            optimizer="adam",
            trainable=np.array([[0, layout.size]]),
            rates=np.array([1e-3], np.float32),
            decays=np.zeros(1, np.float32),
            settings=np.array([ADAM[name] for name in SETTINGS], np.float32),
        )
        self.stepper = self._stepper()

    def _stepper(self) -> Stepper:
        """A stepper at the start of the network, on the CPU."""
        return CpuStepper(self.arrays, *self._start())

    def _start(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        start = self.net.parameters
        return start.copy(), np.zeros_like(start), np.zeros_like(start)

    def run(self, epochs: int) -> float:
        generator = np.random.default_rng(0)
        factors = np.ones(-(-self.task.rows // self.task.batch), np.float32)
        start = time.perf_counter()
        for _ in range(epochs):
            self.stepper.epoch(generator.permutation(self.task.rows), factors)
        return time.perf_counter() - start

    def loss_and_gradients(self) -> tuple[float, list[np.ndarray]]:
        stepper = self.stepper
        net = self.net.with_parameters(stepper.parameters)
        loss, gradient = net.loss_and_gradients(*self.first_batch, loss=self.task.loss)
        loss += dense.add_penalty(self.arrays.penalised, self.arrays.strengths, stepper.parameters, gradient.flat)
        return loss, self._arrays(gradient.flat)

    def parameters(self) -> list[np.ndarray]:
        return self._arrays(self.stepper.parameters.copy())

    def _arrays(self, flat: np.ndarray) -> list[np.ndarray]:
        return [group.view(flat) for group in self.net.layout.groups.values()]


def spectral(task: Task) -> SpectralNetwork:
    phi, lam = task.start
    return SpectralNetwork(phi, lam, bias=task.bias)


def make(task: Task) -> Ours:
    return Ours(task, spectral(task))


def make_direct(task: Task) -> Ours:
    """Every W_ij a parameter of its own."""
    return Ours(
        task, SpectralNetwork(blocks=spectral(task).transfer_blocks(), parametrization="direct", bias=task.bias)
    )


def make_dense(task: Task) -> Ours:
    """The weights between neighbours alone: what a dense network of these widths computes."""
    weights = {(i + 2, i + 1): block for i, block in enumerate(spectral(task).neighbour_weights())}
    return Ours(task, SpectralNetwork(blocks=weights, parametrization="direct", bias=task.bias))
