"""Arrays on the device and the programs planned on them: mini-batches, propagation, loss and gradient."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from spectral_core.backends import gpu
from spectral_core.backends.problem import Problem
from spectral_core.kernels import tables
from spectral_core.kernels.cuda import wide
from spectral_core.kernels.support import device
from spectral_core.kernels.support.activations import Activation, codes
from spectral_core.kernels.support.layout import Layout

CHUNK = 8192
"""Samples propagated at a time when only outputs are needed."""


class Storage:
    """The arrays on the device for a mini-batch of `samples` samples, and the programs planned on them."""

    def __init__(
        self, layout: Layout, activation: Activation, samples: int, parameters: Any, *, learning: bool = True
    ) -> None:
        library, widths = gpu.array_module(), layout.widths
        self.layout, self.activation, self.samples = layout, codes(activation, len(widths)), samples
        self.arrays, neurons = {"parameters": parameters}, samples * sum(widths)
        sizes = {"u_all": neurons, "z_all": neurons, "sample_scratch": samples * max(widths)}
        sizes |= {"block_scratch": layout.largest_block, "target": samples * widths[-1], "weight": samples}
        if learning:
            self.arrays["gradient"] = library.zeros_like(parameters)
            sizes |= {"du_all": neurons, "block_scratch": 2 * layout.largest_block}
        self.arrays |= {name: library.zeros(size, parameters.dtype) for name, size in sizes.items()}
        self.arrays["label"] = library.zeros(samples, np.int64)

    def plan(self, plan: gpu.Plan, program: str) -> None:
        """Plan ``propagate`` or ``adjoint``."""
        function: Callable[..., None] = getattr(wide, f"wide_{program}_{self.layout.parametrization}")
        given = {"layout": self.layout.table, "activation": self.activation, "n_samples": self.samples, **self.arrays}
        names = list(inspect.signature(function).parameters)[1:]
        function(plan, **{name: given[name] for name in names})

    @property
    def output(self) -> Any:
        """z_K, flat."""
        begin = self.samples * int(self.layout.table[-1, 1])
        return self.arrays["z_all"][begin : begin + self.samples * self.layout.widths[-1]]

    def load(self, plan: gpu.Plan, data: DeviceData, batch_size: int, order: Any) -> None:
        """Plan the gathering of a mini-batch."""
        loss, widths = tables.LOSSES.index(data.loss), self.layout.widths
        sets = (data.x, data.y, data.labels, data.weights)
        given = (self.samples, widths[0], widths[-1], batch_size, order, *sets, loss)
        places = tuple(self.arrays[name] for name in ("u_all", "target", "label", "weight"))
        plan.launch(wide.wide_load, self.samples * widths[0], (*given, *places), numbered=True)

    def loss(self, plan: gpu.Plan, data: DeviceData, smoothing: np.floating[Any], scales: Any, losses: Any) -> None:
        """Plan the loss of a mini-batch, its labels smoothed; its gradient replaces the output."""
        given = (self.samples, self.layout.widths[-1], tables.LOSSES.index(data.loss), smoothing, self.output)
        places = tuple(self.arrays[name] for name in ("target", "label", "weight"))
        plan.launch_block(wide.wide_loss, (*given, *places, scales, losses), numbered=True)


class DeviceData:
    """A problem on the device; arrays that are on it already are not copied."""

    def __init__(self, problem: Problem) -> None:
        arrays = (problem.x, problem.y, problem.labels, problem.weights)
        self.x, self.y, self.labels, self.weights = map(send, arrays)
        self.loss = problem.loss


def send(values: Any) -> Any:
    """A NumPy array copied to the device; an array on it as it is."""
    return gpu.to_device(values) if type(values) is np.ndarray and not device.SIMULATED else values


class Propagation:
    """z_K (samples, outputs) of rows on the device. It is planned once; each run uses the current parameters."""

    def __init__(self, layout: Layout, activation: Activation, parameters: Any, x: Any) -> None:
        library, rows = gpu.array_module(), len(x)
        self.result = library.empty((rows, layout.widths[-1]), parameters.dtype)
        nothing, labels = library.empty((0, layout.widths[-1]), parameters.dtype), library.zeros(rows, np.int64)
        weights = library.zeros(rows, parameters.dtype)
        data = DeviceData(Problem(x, nothing, labels, weights, "cross_entropy"))  # which reads no targets
        chunk = min(CHUNK, rows)
        order = library.arange(rows)
        self.sizes = [min(chunk, rows - start) for start in range(0, rows, chunk)]
        self.parts: dict[int, tuple[Storage, gpu.Plan]] = {}
        for samples in set(self.sizes):
            storage, plan = Storage(layout, activation, samples, parameters, learning=False), gpu.Plan()
            storage.load(plan, data, chunk, order)
            storage.plan(plan, "propagate")
            self.parts[samples] = storage, plan

    def run(self) -> Any:
        for number, samples in enumerate(self.sizes):
            storage, plan = self.parts[samples]
            plan.run(number)
            begin = number * self.sizes[0]
            self.result[begin : begin + samples] = storage.output.reshape(samples, -1)
        return self.result
