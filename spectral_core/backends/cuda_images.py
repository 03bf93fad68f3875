"""Image networks on a GPU: outputs, gradients, epochs.

Parameters, moments, planes and statistics stay on the device. Images are changed in this process and copied batch by batch.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spectral_core.backends import cpu, gpu
from spectral_core.backends.cpu_images import ALL_KEPT, BATCH, LIMIT, SHARE, drawn, shrunk_nodes, tables_of
from spectral_core.backends.cuda import CudaStepper, scale_of
from spectral_core.backends.cuda_image_programs import ImagePrograms
from spectral_core.backends.problem import Problem
from spectral_core.data.augmentation import changed
from spectral_core.kernels import formulas, tables
from spectral_core.kernels.cuda import images as kernels
from spectral_core.kernels.support.image_layout import ImageLayout


def predict(layout: ImageLayout, parameters: Any, x: np.ndarray) -> np.ndarray:
    """Logits (samples, classes) of the last tower, with running statistics; the parameters are on the device."""
    net, last = tables_of(layout), len(tables_of(layout).towers) - 1
    result, parts = np.empty((len(x), net.classes), x.dtype), dict[int, tuple[ImagePrograms, gpu.Plan]]()
    for start in range(0, len(x), BATCH):
        batch = x[start : start + BATCH]
        if len(batch) not in parts:
            storage, plan = ImagePrograms(net, parameters, len(batch), learning=False), gpu.Plan()
            storage.forward(plan, training=False)
            storage.classify(plan, last)
            parts[len(batch)] = storage, plan
        storage, plan = parts[len(batch)]
        gpu.write(storage.images, batch)
        plan.run(0)
        result[start : start + BATCH] = gpu.to_host(storage.logits[last])
    return result


def loss_and_gradient(
    layout: ImageLayout, parameters: np.ndarray, problem: Problem, seed: int | None = None
) -> tuple[float, np.ndarray]:
    """What `cpu_images.loss_and_gradient` gives, computed on the device.

    By hand: a sum of weights, once per call. Checked by test_cuda.test_trainings_on_the_device_are_those_of_the_processor.
    """
    net, samples = tables_of(layout), len(problem.x)
    kept = ALL_KEPT if seed is None else drawn(net, samples, seed, 0)
    with gpu.in_order():
        library, plan = gpu.array_module(), gpu.Plan()
        storage = ImagePrograms(net, gpu.to_device(parameters), samples, dropping=kept.size > 0)
        losses = [library.zeros(1, parameters.dtype) for _ in storage.logits]
        scale = scale_of(float(problem.weights.sum(dtype=float)), layout, problem.loss)
        storage.load(problem.x, problem.labels, problem.weights, kept)
        storage.forward(plan, training=True)
        storage.loss(plan, parameters.dtype.type(0), gpu.to_device(np.array([scale], parameters.dtype)), losses)
        storage.adjoint(plan)
        plan.run(0)
        return float(all_towers([gpu.to_host(own) for own in losses])[0]), gpu.to_host(storage.gradient)


def all_towers(losses: list[np.ndarray]) -> np.ndarray:
    """The loss of each batch: that of the last tower, and `SHARE` times that of every other one."""
    *others, last = (own.astype(np.float64) for own in losses)
    for own in others:
        last = last + formulas.tower_share(SHARE, own)
    return last


class CudaImageStepper(CudaStepper):
    """Runs epochs of an image network on the device."""

    def __post_init__(self) -> None:
        self.weights = self.arrays.problem.weights.astype(np.float64)
        self.sent: tuple[np.ndarray, ...] = ()
        self.device: list[Any] = []
        self.plans: dict[int, gpu.Plan] = {}

    def evaluate(self, problem: Problem) -> float:
        """The loss of the last tower on other data, with running statistics."""
        assert isinstance(self.arrays.layout, ImageLayout)
        with gpu.in_order():
            self._send()
            return cpu.output_loss(predict(self.arrays.layout, self.device[0], problem.x), problem)

    def epoch(self, order: np.ndarray, factors: np.ndarray) -> tuple[float, float]:
        """One pass over the rows in the given order: mean loss and mean penalty."""
        net, problem = tables_of(self.arrays.layout), self.arrays.problem
        self.rows, self.drawn = order, drawn(net, len(order), net.seed, self.step)
        self.changes = np.empty((0, 7), np.int64)
        if problem.augmentation is not None:
            self.changes = problem.augmentation.changes(self.step, len(order), net.image[1:])
        return super().epoch(order, factors)

    def _buffers(self, rows: int, batches: int) -> None:
        """Those of every network, and the losses of the towers but the last."""
        if not self.plans:
            library, towers = gpu.array_module(), len(tables_of(self.arrays.layout).towers)
            self.others = [library.zeros(batches, self.parameters.dtype) for _ in range(towers - 1)]
        super()._buffers(rows, batches)

    def _losses(self) -> np.ndarray:
        """The loss of each batch, of all towers."""
        return all_towers([gpu.to_host(own) for own in (*self.others, self.losses)])

    def _plan(self, samples: int) -> gpu.Plan:
        """The launches of one step on `samples` samples."""
        if samples not in self.plans:
            plan, net = gpu.Plan(), tables_of(self.arrays.layout)
            storage = ImagePrograms(net, self.device[0], samples, dropping=net.drop_path > 0)
            plan.steps.append(lambda batch: self.load(storage, batch))
            storage.forward(plan, training=True)
            smoothing = self.arrays.settings[tables.SETTINGS.index("smoothing")]
            storage.loss(plan, smoothing, self.scales, [*self.others, self.losses])
            storage.adjoint(plan)
            self._penalise(plan, storage.gradient)
            self._limit_norm(plan, storage.gradient)
            self._update(plan, storage.gradient)
            self._shrink(plan)
            starts, places, running = shrunk_nodes(self.arrays)
            if len(places):
                size, nodes = len(starts) - 1, map(gpu.to_device, (starts, places, running))
                plan.launch(kernels.image_keep_norms, size, (size, *nodes, self.device[0]))
            if net.published:
                begin, end = net.gates
                gates = end - begin, self.parameters.dtype.type(LIMIT), self.device[0][begin:end]
                plan.launch(kernels.image_clamp, end - begin, gates)
            self.plans[samples] = plan
        return self.plans[samples]

    def load(self, storage: ImagePrograms, batch: int) -> None:
        """Change the images of a mini-batch and copy them to the device."""
        start, problem = batch * self.arrays.batch_size, self.arrays.problem
        rows = self.rows[start : start + storage.samples]
        seen = problem.x[rows]
        if problem.augmentation is not None:
            own = self.changes[start : start + storage.samples]
            seen = changed(seen, own, tables_of(self.arrays.layout).image[1:])
        kept = self.drawn[:, start : start + storage.samples]
        storage.load(seen, problem.labels[rows], problem.weights[rows], kept)
