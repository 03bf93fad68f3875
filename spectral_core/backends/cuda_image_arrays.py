"""The arrays of a batch of images on a GPU: planes, statistics, scratch, and the places of parameters."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from spectral_core.backends import gpu
from spectral_core.kernels.support.image_layout import OPERATION_COLUMNS, VALUE_COLUMNS, ImageTables


class ImageArrays:
    """The arrays on the device for a batch of `samples` images, and where groups of parameters stand.

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
