"""The launches of a batch through an image network on a GPU, planned once: values in order, cotangents in reverse order (I16)."""

from __future__ import annotations

from typing import Any

from spectral_core.backends import gpu
from spectral_core.backends.cpu_images import MOMENTUM, SHARE
from spectral_core.backends.cuda_image_arrays import ImageArrays
from spectral_core.kernels import tables
from spectral_core.kernels.cuda import images as kernels
from spectral_core.kernels.cuda import wide
from spectral_core.kernels.support.image_layout import KINDS

STEM, LINK, MAX = KINDS["stem"], KINDS["link"], KINDS["max"]


class ImagePrograms(ImageArrays):
    """The programs that are planned on the arrays of a batch: forward, losses, adjoint."""

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
