"""Image networks on a GPU: the launches of a batch, planned once, forward and back; epochs (I16).

Parameters, moments, planes and statistics stay on the device. Images are changed in this process and copied batch by batch.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from spectral_core.backends import cpu, gpu
from spectral_core.backends.cpu_images import ALL_KEPT, BATCH, LIMIT, MOMENTUM, SHARE, drawn, shrunk_nodes, tables_of
from spectral_core.backends.cuda import CudaStepper, scale_of
from spectral_core.backends.problem import Problem
from spectral_core.data.augmentation import changed
from spectral_core.kernels import formulas, tables
from spectral_core.kernels.cuda import images as kernels
from spectral_core.kernels.cuda import wide
from spectral_core.kernels.support.image_layout import KINDS, OPERATION_COLUMNS, VALUE_COLUMNS, ImageLayout, ImageTables

STEM, LINK, MAX = KINDS["stem"], KINDS["link"], KINDS["max"]


class ImageStorage:
    """The arrays on the device for a batch of `samples` images, and the programs planned on them.

    learning : with the arrays of gradients. dropping : drop-path leaves operations out.
    """

    def __init__(
        self, net: ImageTables, parameters: Any, samples: int, *, learning: bool = True, dropping: bool = False
    ) -> None:
        """By hand: sizes of arrays. Checked by test_cuda.test_trainings_on_the_device_are_those_of_the_processor."""
        library = self.library = gpu.array_module()
        self.net, self.parameters, self.samples, self.dropping = net, parameters, samples, dropping
        self.values = [dict(zip(VALUE_COLUMNS, row, strict=True)) for row in net.values.tolist()]
        self.operations = [dict(zip(OPERATION_COLUMNS, row, strict=True)) for row in net.operations.tolist()]
        real, (colours, rows, columns) = parameters.dtype, net.image
        # Planes, statistics and classifiers.
        self.z = self._planes()
        self.statistics = [library.zeros(3 * value["channels"], np.float64) for value in self.values]
        self.affine = [library.zeros((2, value["channels"]), real) for value in self.values]
        towers = [self.values[value]["channels"] for value in net.towers[:, 0].tolist()]
        self.pooled = [library.zeros((samples, width), real) for width in towers]
        self.logits = [library.zeros((samples, net.classes), real) for _ in towers]
        # What a batch brings.
        self.images = library.zeros((samples, colours, rows * columns), real)
        self.labels, self.weights = library.zeros(samples, np.int64), library.zeros(samples, real)
        self.keeps = library.ones(max(net.droppable, 1) * samples, np.uint8)
        # Scratch planes: what is read, what an operation makes of it, and their bars.
        largest = samples * max(9 * colours * rows * columns, *(value["reach"] for value in self.values))
        names = ("held", "part", "dpart", "dheld") if learning else ("held", "part")
        self.scratch = {name: library.zeros(largest, real) for name in names}
        self.winner = library.zeros(largest, np.int32)
        self.factors, self.kept = (library.zeros((len(self.operations), samples), real) for _ in range(2))
        if learning:
            self.dz, self.gradient = self._planes(), library.zeros_like(parameters)
            widest = max(9 * colours, *(value["channels"] for value in self.values))
            self.products = library.zeros(samples * widest * widest, real)
            self.shares = library.zeros(gpu.BLOCKS, real)
            self.nothing = library.zeros(1, real)

    def _planes(self) -> list[Any]:
        """An array (samples, channels, pixels) for each value, on the device."""
        flat, planes = self.library.zeros(self.samples * self.net.numbers_of_a_sample, self.parameters.dtype), []
        for value in self.values:
            begin, size = self.samples * value["start"], self.samples * value["reach"]
            planes.append(flat[begin : begin + size].reshape(self.samples, value["channels"], -1))
        return planes

    def load(self, x: np.ndarray, labels: np.ndarray, weights: np.ndarray, kept: np.ndarray) -> None:
        """Copy a batch to the device."""
        gpu.write(self.images, x.reshape(self.images.shape))
        gpu.write(self.labels, labels)
        gpu.write(self.weights, weights)
        if kept.size:
            gpu.write(self.keeps, np.ascontiguousarray(kept).reshape(-1))

    # --- where things stand -----------------------------------------------------------------------

    def matrix(self, flat: Any, start: int, *shape: int) -> Any:
        """A group of a flat vector, not a copy."""
        return flat[start : start + math.prod(shape)].reshape(shape)

    def shared(self, name: str, channels: int, pixels: int) -> Any:
        """A scratch array as planes."""
        return self.matrix(self.scratch[name], 0, self.samples, channels, pixels)

    def scale_and_shift(self, value: int, flat: Any) -> tuple[Any, Any]:
        """γ and β of a value, or their gradients."""
        start, channels = self.values[value]["norm"], self.values[value]["channels"]
        return flat[start : start + channels], flat[start + channels : start + 2 * channels]

    def window(self, operation: dict[str, int]) -> tuple[int, int, int, int]:
        """Rows and columns of what an operation reads, and of what it gives."""
        sender, receiver = self.values[operation["sender"]], self.values[operation["receiver"]]
        return sender["rows"], sender["columns"], receiver["rows"], receiver["columns"]

    def weights_of(self, operation: dict[str, int], flat: Any) -> tuple[Any, Any]:
        """Depthwise kernels (none for one tap) and the matrix of a convolution, or their gradients.

        By hand: a size. Checked by test_cuda.test_trainings_on_the_device_are_those_of_the_processor.
        """
        into, out_of = (self.values[operation[end]]["channels"] for end in ("receiver", "sender"))
        taps = operation["taps"] ** 2 if operation["taps"] > 1 else 0
        depthwise = self.matrix(flat, operation["kernel"], out_of, taps) if taps else flat[:0]
        return depthwise, self.matrix(flat, operation["matrix"], into, out_of)

    # --- forward ----------------------------------------------------------------------------------

    def forward(self, plan: gpu.Plan, training: bool) -> None:
        """Plan all values; in training by the statistics of the batch, and the running ones move."""
        for number, z in enumerate(self.z):
            arriving = [(k, row) for k, row in enumerate(self.operations) if row["receiver"] == number]
            if not arriving or arriving[0][1]["kind"] >= LINK:
                plan.clear(z)  # no convolution writes it
            for k, operation in arriving:
                self._arrive(plan, k, operation, z)
            self._read_through(plan, number, training)

    def _read_through(self, plan: gpu.Plan, number: int, training: bool) -> None:
        """Plan the scale and shift through which a value is read (I8, I9)."""
        value = self.values[number]
        start, channels = self.net.running + 2 * value["first"], value["channels"]
        running = [self.parameters[start + k * channels : start + (k + 1) * channels] for k in (0, 1)]
        given = (
            self.samples,
            self.z[number].shape[2],
            channels,
            training,
            MOMENTUM if training else 0.0,
            self.z[number],
        )
        norm = (*self.scale_and_shift(number, self.parameters), *running, self.statistics[number], *self.affine[number])
        plan.launch_blocks(kernels.image_norm, channels, (*given, *norm))

    def _arrive(self, plan: gpu.Plan, number: int, operation: dict[str, int], z: Any) -> None:
        """Plan one operation forward."""
        if operation["kind"] >= LINK:
            part, gates = self._given(plan, operation), (operation["gate"], self.net.published)
            drop = operation["drop"] if self.dropping else -1
            keep = self.parameters.dtype.type(1.0 - self.net.drop_path)
            rows = self.factors[number], self.kept[number]
            plan.launch(
                kernels.image_factors,
                self.samples,
                (self.samples, self.parameters, *gates, self.keeps, drop, keep, *rows),
            )
            plan.launch(kernels.image_arrive, z.size, (z.size, z.size // self.samples, rows[0], part, z))
            return
        matrix, part = self._product(plan, operation)
        plan.product(matrix, part, z)

    def _product(self, plan: gpu.Plan, operation: dict[str, int]) -> tuple[Any, Any]:
        """Plan what the matrix of a convolution multiplies; returns the matrix and that.

        By hand: sizes of planes. Checked by test_cuda.test_trainings_on_the_device_are_those_of_the_processor.
        """
        if operation["kind"] == STEM:
            colours, rows, columns = self.net.image
            patches = self.shared("part", 9 * colours, rows * columns)
            plan.launch(
                kernels.image_patches, patches.size, (patches.size, rows, columns, colours, self.images, patches)
            )
            into = self.values[operation["receiver"]]["channels"]
            return self.matrix(self.parameters, operation["matrix"], into, 9 * colours), patches
        depthwise, matrix = self.weights_of(operation, self.parameters)
        held = self._read(plan, operation)
        if operation["taps"] == 1:
            return matrix, self._picked(plan, operation, held)
        rows, columns, out_rows, out_columns = self.window(operation)
        mid = self.shared("part", held.shape[1], out_rows * out_columns)
        given = (mid.size, rows, columns, out_rows, out_columns, held.shape[1])
        window = operation["taps"], operation["dilation"], operation["stride"]
        plan.launch(kernels.image_window, mid.size, (*given, *window, held, depthwise, mid))
        return matrix, mid

    def _read(self, plan: gpu.Plan, operation: dict[str, int]) -> Any:
        """Plan what an operation reads of its sender: a x + b, with relu if it has one."""
        source = self.z[operation["sender"]]
        held = self.shared("held", *source.shape[1:])
        given = (held.size, held.shape[2], held.shape[1], bool(operation["relu"]), source)
        plan.launch(kernels.image_read, held.size, (*given, *self.affine[operation["sender"]], held))
        return held

    def _picked(self, plan: gpu.Plan, operation: dict[str, int], held: Any) -> Any:
        """Plan every stride-th pixel of what is read."""
        if operation["stride"] == 1:
            return held
        part = self.shared("part", held.shape[1], self.z[operation["receiver"]].shape[2])
        given = (part.size, *self.window(operation), operation["stride"], held, part)
        plan.launch(kernels.image_pick, part.size, given)
        return part

    def _given(self, plan: gpu.Plan, operation: dict[str, int]) -> Any:
        """Plan what a link or a pool gives; a max pool notes its winners."""
        held = self._read(plan, operation)
        if operation["kind"] == LINK:
            return self._picked(plan, operation, held)
        part = self.shared("part", held.shape[1], self.z[operation["receiver"]].shape[2])
        how = operation["stride"], operation["kind"] == MAX
        plan.launch(kernels.image_pool, part.size, (part.size, *self.window(operation), *how, held, part, self.winner))
        return part

    def classify(self, plan: gpu.Plan, tower: int) -> None:
        """Plan the logits of a tower."""
        value, matrix, bias = self.net.towers[tower].tolist()
        size, pooled, logits = self.values[value], self.pooled[tower], self.logits[tower]
        given = (pooled.size, size["rows"], size["columns"], size["channels"], self.z[value])
        plan.launch(kernels.image_mean, pooled.size, (*given, *self.affine[value], pooled))
        weights = self.matrix(self.parameters, matrix, self.net.classes, size["channels"])
        plan.product(pooled, weights.T, logits)
        biases = self.matrix(self.parameters, bias, self.net.classes)
        plan.launch(kernels.image_logits, logits.size, (logits.size, self.net.classes, biases, logits))

    def loss(self, plan: gpu.Plan, smoothing: Any, scales: Any, losses: list[Any]) -> None:
        """Plan logits and losses of all towers; the bars replace the logits, those of all towers but the last times their share."""
        for tower, logits in enumerate(self.logits):
            self.classify(plan, tower)
            kind = tables.LOSSES.index("cross_entropy")
            given = (self.samples, self.net.classes, kind, smoothing, logits.reshape(-1), self.nothing, self.labels)
            plan.launch_block(wide.wide_loss, (*given, self.weights, scales, losses[tower]), numbered=True)
            if tower < len(self.logits) - 1:
                share = self.parameters.dtype.type(SHARE)
                plan.launch(kernels.image_share, logits.size, (logits.size, share, logits))

    # --- backward ---------------------------------------------------------------------------------

    def adjoint(self, plan: gpu.Plan) -> None:
        """Plan the gradient for the bars that stand in the places of the logits."""
        plan.clear(self.gradient)
        for planes in self.dz:
            plan.clear(planes)
        for tower in range(len(self.logits)):
            self._classifier_back(plan, tower)
        at = len(self.operations) - 1
        for number in reversed(range(len(self.z))):
            z, gradients = self.z[number], self.scale_and_shift(number, self.gradient)
            given = (self.samples, z.shape[2], z.shape[1], z, self.statistics[number], self.dz[number])
            plan.launch_blocks(kernels.image_norm_adjoint, z.shape[1], (*given, *gradients))
            while at >= 0 and self.operations[at]["receiver"] == number:
                self._give_back(plan, at, self.operations[at], self.dz[number])
                at -= 1

    def _classifier_back(self, plan: gpu.Plan, tower: int) -> None:
        """Plan the gradients of a tower, and the bar of its planes (I11, I12)."""
        value, matrix, bias = self.net.towers[tower].tolist()
        size, bars, pooled = self.values[value], self.logits[tower], self.pooled[tower]
        weights, dweights = (
            self.matrix(flat, matrix, self.net.classes, size["channels"]) for flat in (self.parameters, self.gradient)
        )
        plan.product(bars.T, pooled, dweights)
        dbias = self.matrix(self.gradient, bias, self.net.classes)
        plan.launch(kernels.image_bias, self.net.classes, (self.samples, self.net.classes, bars, dbias))
        dpooled, dz = self.matrix(self.scratch["part"], 0, *pooled.shape), self.dz[value]
        plan.product(bars, weights, dpooled)
        plan.launch(kernels.image_mean_adjoint, dz.size, (dz.size, size["rows"], size["columns"], dpooled, dz))

    def _give_back(self, plan: gpu.Plan, number: int, operation: dict[str, int], bar: Any) -> None:
        """Plan one operation backward: its gradients, and the bar of its sender, added."""
        if operation["kind"] >= LINK:
            self._node_back(plan, number, operation, bar)
            return
        matrix, part = self._product(plan, operation)
        dmatrix = self.matrix(self.gradient, operation["matrix"], *matrix.shape)
        products = self.matrix(self.products, 0, self.samples, *matrix.shape)
        plan.product(bar, part.transpose(0, 2, 1), products)
        plan.launch(kernels.image_samples, matrix.size, (self.samples, matrix.size, products, dmatrix))
        if operation["kind"] == STEM:
            return  # the images need no bar
        dpart = self.shared("dpart", *part.shape[1:])
        plan.product(matrix.T, bar, dpart)
        dheld = (
            self._window_back(plan, operation, dpart)
            if operation["taps"] > 1
            else self._put_back(plan, operation, dpart)
        )
        source, dx = self.z[operation["sender"]], self.dz[operation["sender"]]
        given = (dx.size, dx.shape[2], dx.shape[1], bool(operation["relu"]), source, *self.affine[operation["sender"]])
        plan.launch(kernels.image_give, dx.size, (*given, dheld, dx))

    def _window_back(self, plan: gpu.Plan, operation: dict[str, int], dpart: Any) -> Any:
        """Plan the adjoint of a depthwise convolution and the gradient of its kernels; returns the bar of what was read."""
        depthwise, _ = self.weights_of(operation, self.parameters)
        dkernels, _ = self.weights_of(operation, self.gradient)
        channels, sizes = dpart.shape[1], self.window(operation)
        window = operation["taps"], operation["dilation"], operation["stride"]
        held, dheld = (self.shared(name, channels, sizes[0] * sizes[1]) for name in ("held", "dheld"))
        plan.launch_blocks(
            kernels.image_window_weights,
            depthwise.size,
            (self.samples, *sizes, channels, *window, held, dpart, dkernels),
        )
        given = (dheld.size, *sizes, channels, *window, depthwise, dpart, dheld)
        plan.launch(kernels.image_window_adjoint, dheld.size, given)
        return dheld

    def _put_back(self, plan: gpu.Plan, operation: dict[str, int], bars: Any) -> Any:
        """Plan the adjoint of `_picked`."""
        if operation["stride"] == 1:
            return bars
        dheld = self.shared("dheld", bars.shape[1], self.z[operation["sender"]].shape[2])
        given = (dheld.size, *self.window(operation), operation["stride"], bars, dheld)
        plan.launch(kernels.image_put_back, dheld.size, given)
        return dheld

    def _node_back(self, plan: gpu.Plan, number: int, operation: dict[str, int], bar: Any) -> None:
        """Plan the slope of a gate, and what a link or a pool gives back to its sender (I13, I15)."""
        part = self._given(plan, operation)
        if operation["gate"] >= 0:
            given = (part.size, part.size // self.samples, self.kept[number], bar, part, self.shares)
            plan.launch(kernels.image_slope, part.size, given)
            blocks = gpu.blocks_for(part.size)
            plan.launch_block(wide.wide_total, (blocks, self.shares, True, self.gradient, operation["gate"]))
        dx = self.dz[operation["sender"]]
        if operation["kind"] == LINK:
            dheld = self._put_back(plan, operation, bar)
        else:
            dheld, how = self.shared("dheld", *dx.shape[1:]), (operation["stride"], operation["kind"] == MAX)
            pool = (dheld.size, *self.window(operation), *how, self.winner, bar, dheld)
            plan.launch(kernels.image_pool_adjoint, dheld.size, pool)
        plan.launch(kernels.image_arrive, dx.size, (dx.size, dx.size // self.samples, self.factors[number], dheld, dx))


def predict(layout: ImageLayout, parameters: Any, x: np.ndarray) -> np.ndarray:
    """Logits (samples, classes) of the last tower, with running statistics; the parameters are on the device."""
    net, last = tables_of(layout), len(tables_of(layout).towers) - 1
    result, parts = np.empty((len(x), net.classes), x.dtype), dict[int, tuple[ImageStorage, gpu.Plan]]()
    for start in range(0, len(x), BATCH):
        batch = x[start : start + BATCH]
        if len(batch) not in parts:
            storage, plan = ImageStorage(net, parameters, len(batch), learning=False), gpu.Plan()
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
        storage = ImageStorage(net, gpu.to_device(parameters), samples, dropping=kept.size > 0)
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
            storage = ImageStorage(net, self.device[0], samples, dropping=net.drop_path > 0)
            plan.steps.append(lambda batch: self.load(storage, batch))
            storage.forward(plan, training=True)
            smoothing = self.arrays.settings[tables.SETTINGS.index("smoothing")]
            storage.loss(plan, smoothing, self.scales, [*self.others, self.losses])
            storage.adjoint(plan)
            self._penalise(plan, storage.gradient)
            self._limit_norm(plan, storage.gradient)
            self._update(plan, storage.gradient)
            self._shrink(plan)
            starts, places = map(gpu.to_device, shrunk_nodes(self.arrays))
            if len(places):
                size = len(starts) - 1
                plan.launch(kernels.image_keep_norms, size, (size, starts, places, self.device[0]))
            if net.published:
                begin, end = net.gates
                gates = end - begin, self.parameters.dtype.type(LIMIT), self.device[0][begin:end]
                plan.launch(kernels.image_clamp, end - begin, gates)
            self.plans[samples] = plan
        return self.plans[samples]

    def load(self, storage: ImageStorage, batch: int) -> None:
        """Change the images of a mini-batch and copy them to the device."""
        start, problem = batch * self.arrays.batch_size, self.arrays.problem
        rows = self.rows[start : start + storage.samples]
        seen = problem.x[rows]
        if problem.augmentation is not None:
            own = self.changes[start : start + storage.samples]
            seen = changed(seen, own, tables_of(self.arrays.layout).image[1:])
        kept = self.drawn[:, start : start + storage.samples]
        storage.load(seen, problem.labels[rows], problem.weights[rows], kept)
