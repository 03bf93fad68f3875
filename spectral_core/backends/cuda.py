"""The GPU backend for wide networks. Parameters, moments and data stay on the device.

Matrix products are cuBLAS calls, everything else is done by fused kernels (`kernels.cuda.wide`). Nothing is copied to the
host during an epoch: the losses and penalties of mini-batches are copied when it ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.backends import cpu, gpu
from spectral_core.backends.cuda_programs import DeviceData, Propagation, Storage, send
from spectral_core.backends.problem import Problem, Stepper
from spectral_core.errors import InvalidInputError
from spectral_core.kernels import formulas, tables
from spectral_core.kernels.cuda import wide
from spectral_core.kernels.support.activations import Activation
from spectral_core.kernels.support.layout import Layout

ON_GPU = True


def features(X: Any, dtype: Any, columns: int) -> Any:
    """X (samples, features) on the device, checked there; the same memory if its type and order are the network's."""
    library, given = gpu.array_module(), gpu.adopt(X)
    if given.dtype.kind not in "biuf":
        raise InvalidInputError(f"X must hold real numbers; got {given.dtype}")
    if given.ndim != 2 or given.size == 0 or given.shape[1] != columns:
        raise InvalidInputError(
            f"X must have {columns} feature column(s) and at least one row; got shape {given.shape}"
        )
    array = library.ascontiguousarray(given, dtype=dtype)
    if not bool(library.isfinite(array).all()):
        row, column = (int(i) for i in library.argwhere(~library.isfinite(array))[0])
        raise InvalidInputError(f"X must be finite; X[{row}, {column}] is {float(given[row, column])}")
    return array


def to_host(values: Any) -> Any:
    """An array on the device, copied to this process; anything else as it is."""
    return gpu.to_host(gpu.adopt(values)) if checks.is_device_array(values) else values


def predict(layout: Layout, activation: Activation, parameters: np.ndarray, x: Any) -> Any:
    """z_K (samples, outputs) of the rows of x, on the device; x may be on it already."""
    with gpu.in_order():
        return Propagation(layout, activation, gpu.to_device(parameters), send(x)).run()


def loss(layout: Layout, activation: Activation, parameters: np.ndarray, problem: Problem) -> float:
    """The loss over all samples: outputs from the device, compared with the targets in this process."""
    return cpu.output_loss(gpu.to_host(predict(layout, activation, parameters, problem.x)), problem)


def loss_and_gradient(
    layout: Layout, activation: Activation, parameters: np.ndarray, problem: Problem
) -> tuple[float, np.ndarray]:
    """The loss over all samples as one batch, and its gradient as a flat vector in this process."""
    with gpu.in_order():
        return _loss_and_gradient(layout, activation, parameters, problem)


def _loss_and_gradient(
    layout: Layout, activation: Activation, parameters: np.ndarray, problem: Problem
) -> tuple[float, np.ndarray]:
    """By hand: a sum of weights, once per call. Checked by test_cuda.test_trainings_on_the_device_are_those_of_the_processor."""
    library, data, rows = gpu.array_module(), DeviceData(problem), len(problem.x)
    storage, plan = Storage(layout, activation, rows, gpu.to_device(parameters)), gpu.Plan()
    scale = gpu.to_device(
        np.array([scale_of(float(_host(problem.weights).sum(dtype=float)), layout, problem.loss)], parameters.dtype)
    )
    losses = library.zeros(1, parameters.dtype)
    storage.load(plan, data, rows, library.arange(rows))
    storage.plan(plan, "propagate")
    storage.loss(plan, data, parameters.dtype.type(0), scale, losses)
    storage.plan(plan, "adjoint")
    plan.run(0)
    return float(gpu.to_host(losses)[0]), gpu.to_host(storage.arrays["gradient"])


def _host(values: Any) -> np.ndarray:
    return values if type(values) is np.ndarray else gpu.to_host(values)


def scale_of(weight: float, layout: Layout, loss: str) -> float:
    """1/Σ weight, divided by the number of outputs if the loss is a mean over them; 0 if all weights are 0."""
    if not weight:
        return 0.0
    if loss == "cross_entropy":
        return formulas.sample_scale(weight)
    return formulas.output_scale(weight, layout.widths[-1])


@dataclass(eq=False)
class CudaStepper(Stepper):
    """Runs epochs on the device. `parameters` are up to date after each epoch, the moments after `fetch_moments`."""

    def __post_init__(self) -> None:
        self.data = DeviceData(self.arrays.problem)
        self.weights = _host(self.arrays.problem.weights).astype(np.float64)
        self.sent: tuple[np.ndarray, ...] = ()
        self.device: list[Any] = []
        self.plans: dict[int, gpu.Plan] = {}
        self.validation: tuple[Problem, Propagation] | None = None

    def _send(self) -> None:
        """Copy parameters and moments to the device, unless it has these arrays."""
        state = (self.parameters, self.first_moment, self.second_moment)
        if len(self.sent) == 3 and all(a is b for a, b in zip(self.sent, state, strict=True)):
            return
        self.sent, self.device = state, [gpu.to_device(array) for array in state]
        self.plans, self.validation = {}, None  # both are bound to the arrays on the device

    def fetch_moments(self) -> None:
        """Copy both moments from the device."""
        for array, values in zip(self.sent[1:], self.device[1:], strict=True):
            array[...] = gpu.to_host(values)

    def evaluate(self, problem: Problem) -> float:
        """The loss of the current parameters on other data."""
        with gpu.in_order():
            self._send()
            if self.validation is None or self.validation[0] is not problem:
                x, arrays = send(problem.x), self.arrays
                self.validation = problem, Propagation(arrays.layout, arrays.activation, self.device[0], x)
            output = gpu.to_host(self.validation[1].run())
        return cpu.output_loss(output, problem)

    def epoch(self, order: np.ndarray, factors: np.ndarray) -> tuple[float, float]:
        """One pass over the rows in the given order: mean loss and mean penalty."""
        with gpu.in_order():
            return self._epoch(order, factors)

    def _epoch(self, order: np.ndarray, factors: np.ndarray) -> tuple[float, float]:
        """The weighted mean of the losses of mini-batches, and the mean of their penalties.

        By hand: a statistic of predictions, not part of the network. Checked by test_cuda.test_trainings_on_the_device_are_those_of_the_processor.
        """
        # What each mini-batch reads: its rows, the scale of its loss, Adam's corrections, the factor of its rates.
        self._send()
        rows, size, real = len(order), self.arrays.batch_size, self.parameters.dtype
        weights = np.add.reduceat(self.weights[order], np.arange(0, rows, size))
        steps = self.step + np.cumsum(weights > 0)
        self._buffers(rows, len(weights))
        gpu.write(self.order, order)
        scales = [scale_of(weight, self.arrays.layout, self.arrays.problem.loss) for weight in weights]
        gpu.write(self.scales, np.array(scales, real))
        gpu.write(self.corrections, cpu.corrections(self.arrays.settings, steps))
        gpu.write(self.factors, factors[np.maximum(steps - self.step - 1, 0)])
        # One step for each mini-batch that has a weight.
        self.losses.fill(0)
        self.penalties.fill(0)
        for batch, weight in enumerate(weights):
            if weight:
                self._plan(min(size, rows - batch * size)).run(batch)
        self.step = int(steps[-1])
        # What the epoch reports; a loss that is not finite is reported itself.
        losses, penalties = self._losses(), gpu.to_host(self.penalties).astype(np.float64)
        self.parameters[...] = gpu.to_host(self.device[0])
        broken = losses[~np.isfinite(losses)]
        if len(broken):
            return float(broken[0]), float(penalties.mean())
        mean = formulas.mean_of(losses @ weights, weights.sum())
        return float(mean), float(formulas.mean_of(penalties.sum(), np.count_nonzero(weights)))

    def _losses(self) -> np.ndarray:
        """The loss of each mini-batch of the epoch."""
        return gpu.to_host(self.losses).astype(np.float64)

    def _buffers(self, rows: int, batches: int) -> None:
        """Inputs and results of an epoch. All epochs use the same arrays, since plans are bound to them."""
        if self.plans:
            return
        library, real = gpu.array_module(), self.parameters.dtype
        self.order = library.zeros(rows, np.int64)
        self.scales, self.factors, self.losses, self.penalties = (library.zeros(batches, real) for _ in range(4))
        self.corrections = library.zeros((batches, 2), real)
        self.shares, self.totals = library.zeros(gpu.BLOCKS, real), library.zeros(1, real)
        self.numbers = gpu.to_device(self.arrays.settings)

    def _plan(self, samples: int) -> gpu.Plan:
        """The launches of one step on `samples` samples."""
        if samples not in self.plans:
            plan = gpu.Plan()
            storage = Storage(self.arrays.layout, self.arrays.activation, samples, self.device[0])
            storage.load(plan, self.data, self.arrays.batch_size, self.order)
            storage.plan(plan, "propagate")
            smoothing = self.arrays.settings[tables.SETTINGS.index("smoothing")]
            storage.loss(plan, self.data, smoothing, self.scales, self.losses)
            storage.plan(plan, "adjoint")
            self._penalise(plan, storage.arrays["gradient"])
            self._limit_norm(plan, storage.arrays["gradient"])
            self._update(plan, storage.arrays["gradient"])
            self._shrink(plan)
            self.plans[samples] = plan
        return self.plans[samples]

    def _squares(self, plan: gpu.Plan, kind: int, value: Any) -> None:
        """Plan |value|² if the kind of penalty needs it."""
        if tables.PENALTIES[kind] == "group":
            blocks = gpu.blocks_for(len(value))
            plan.launch(wide.wide_squares, len(value), (len(value), value, self.shares))
            plan.launch_block(wide.wide_total, (blocks, self.shares, False, self.totals, 0))

    def _penalise(self, plan: gpu.Plan, gradient: Any) -> None:
        for (begin, end, kind), strength in zip(self.arrays.penalised, self.arrays.strengths, strict=True):
            value, size = self.device[0][begin:end], int(end - begin)
            self._squares(plan, kind, value)
            given = (size, int(kind), value, gradient[begin:end], strength, self.totals, self.shares)
            plan.launch(wide.wide_penalty, size, given)
            plan.launch_block(wide.wide_total, (gpu.blocks_for(size), self.shares, True, self.penalties), numbered=True)

    def _limit_norm(self, plan: gpu.Plan, gradient: Any) -> None:
        """Plan the clipping of the gradient, if there is a limit: |g|² group by group, then the scaling."""
        limit = self.arrays.settings[tables.SETTINGS.index("clip_norm")]
        groups = [gradient[begin:end] for begin, end in self.arrays.trainable] if limit else []
        for number, group in enumerate(groups):
            plan.launch(wide.wide_squares, len(group), (len(group), group, self.shares))
            given = (gpu.blocks_for(len(group)), self.shares, number > 0, self.totals, 0)
            plan.launch_block(wide.wide_total, given)
        for group in groups:
            plan.launch(wide.wide_clip, len(group), (len(group), group, self.totals, limit))

    def _update(self, plan: gpu.Plan, gradient: Any) -> None:
        optimizer = tables.OPTIMIZERS.index(self.arrays.optimizer)
        rows = zip(self.arrays.trainable, self.arrays.rates, self.arrays.decays, strict=True)
        for (begin, end), rate, decay in rows:
            parts = [array[begin:end] for array in (self.device[0], gradient, *self.device[1:])]
            given = (int(end - begin), optimizer, *parts, rate, decay, self.factors, self.corrections, self.numbers)
            plan.launch(wide.wide_update, int(end - begin), given, numbered=True)

    def _shrink(self, plan: gpu.Plan) -> None:
        for (begin, end, kind), threshold in zip(self.arrays.shrunk, self.arrays.thresholds, strict=True):
            value = self.device[0][begin:end]
            self._squares(plan, kind, value)
            given = (int(end - begin), int(kind), value, threshold, self.factors, self.totals)
            plan.launch(wide.wide_shrink, int(end - begin), given, numbered=True)


stepper = CudaStepper
"""The name that all backends share."""
