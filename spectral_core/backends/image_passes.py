"""One batch through an image network: values in order, cotangents in reverse order, each operation by its kernel (I16)."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import numpy as np

from spectral_core.kernels.support.image_layout import KINDS, OPERATION_COLUMNS, VALUE_COLUMNS, ImageTables

STEM, CONVOLUTION, LINK = KINDS["stem"], KINDS["convolution"], KINDS["link"]
SCALE, SHIFT = 2, 3
"""Rows of the statistics of a value: mean, deviation, scale, shift."""


def forward_node(kind: int, *given: Any) -> None:
    """Add what arrives at a node by a link or a pool: what `forward_link` and `forward_pool` have in common."""
    from spectral_core.kernels.cpu import images as kernels  # imports Numba

    if kind == LINK:
        kernels.forward_link(*given)
    else:
        kernels.forward_pool(kind, *given)


def adjoint_node(kind: int, *given: Any) -> float:
    """The adjoint of `forward_node`; returns the slope of the gate."""
    from spectral_core.kernels.cpu import images as kernels  # imports Numba

    return float(kernels.adjoint_link(*given) if kind == LINK else kernels.adjoint_pool(kind, *given))


class ImagePass:
    """The arrays of one batch, and its way forward and back.

    net, parameters : of the network. images : (samples, channels, pixels).
    kept : 1 where drop-path keeps an operation for a sample (operations, samples), or an empty array.
    """

    def __init__(self, net: ImageTables, parameters: np.ndarray, images: np.ndarray, kept: np.ndarray) -> None:
        from spectral_core.kernels.cpu import images as kernels  # imports Numba

        self.kernels: ModuleType = kernels
        self.net, self.parameters, self.images, self.kept = net, parameters, images, kept
        self.values = [dict(zip(VALUE_COLUMNS, row, strict=True)) for row in net.values.tolist()]
        self.operations = [dict(zip(OPERATION_COLUMNS, row, strict=True)) for row in net.operations.tolist()]
        self.arriving: list[list[dict[str, int]]] = [[] for _ in self.values]
        for row in self.operations:
            self.arriving[row["receiver"]].append(row)
        self.starts = [value["start"] for value in self.values]
        self.room = np.empty(len(images) * net.numbers_of_a_sample, parameters.dtype)
        self.bars = np.empty(0, parameters.dtype)
        self.z = self._planes(self.room, self.starts)
        self.statistics = [np.zeros((4, value["channels"])) for value in self.values]
        self.pooled: list[np.ndarray] = []

    def _planes(self, flat: np.ndarray, starts: list[int]) -> list[np.ndarray]:
        """An array (samples, channels, pixels) for each value, from where it starts for one sample."""
        samples, shapes = len(self.images), []
        for start, value in zip(starts, self.values, strict=True):
            begin, size = samples * start, samples * value["reach"]
            shapes.append(flat[begin : begin + size].reshape(samples, value["channels"], -1))
        return shapes

    def load(self, images: np.ndarray, kept: np.ndarray) -> None:
        """The next batch, of as many samples or fewer, in the same arrays."""
        self.images, self.kept, self.pooled = images, kept, []
        self.z = self._planes(self.room, self.starts)

    def part(self, flat: np.ndarray, start: int, *shape: int) -> np.ndarray:
        """A group of a flat vector, not a copy."""
        return flat[start : start + math.prod(shape)].reshape(shape)

    def scale_and_shift(self, value: int, flat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """γ and β of a value, or their gradients."""
        start, channels = self.values[value]["norm"], self.values[value]["channels"]
        return flat[start : start + channels], flat[start + channels : start + 2 * channels]

    def affine(self, value: int) -> tuple[np.ndarray, np.ndarray]:
        """Scale and shift through which a value is read."""
        scale, shift = self.statistics[value][SCALE : SHIFT + 1].astype(self.parameters.dtype)
        return scale, shift

    def factors(self, operation: dict[str, int]) -> tuple[np.ndarray, np.ndarray]:
        """Gate times m / keep for each sample, and m / keep alone (I13, I14).

        By hand: one number a sample and operation. Checked by test_image_network.test_gradients_of_a_grown_network_are_those_of_differences.
        """
        real, drop = self.parameters.dtype, operation["drop"]
        share = np.ones(len(self.images), real)
        if drop >= 0 and self.kept.size:
            share = (self.kept[drop] / (1.0 - self.net.drop_path)).astype(real)
        gate = self.parameters[operation["gate"]] if operation["gate"] >= 0 else real.type(1)
        if operation["gate"] >= 0 and self.net.published:
            gate = real.type(gate > 0)
        return gate * share, share

    def source(self, operation: dict[str, int]) -> tuple[Any, ...]:
        """The size of the input of an operation: planes, rows, columns."""
        sender = operation["sender"]
        return self.z[sender], self.values[sender]["rows"], self.values[sender]["columns"]

    def weights(self, operation: dict[str, int], flat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Depthwise kernels (none for one tap) and the matrix of a convolution, or their gradients."""
        into, out_of = self.values[operation["receiver"]]["channels"], self.values[operation["sender"]]["channels"]
        taps = {1: 0, 3: 9, 5: 25}[operation["taps"]]
        kernels = self.part(flat, operation["kernel"], out_of, taps) if taps else flat[:0]
        return kernels, self.part(flat, operation["matrix"], into, out_of)

    # --- forward ----------------------------------------------------------------------------------

    def forward(self, training: bool, theta: float = 0.0) -> None:
        """All values; in training by the statistics of the batch, and the running ones move by theta."""
        for number in range(len(self.z)):
            self.compute(number)
            self.read_through(number, training, theta)

    def compute(self, number: int) -> None:
        """One value, from those before it."""
        z, arriving = self.z[number], self.arriving[number]
        if not arriving or arriving[0]["kind"] >= LINK:
            z[...] = 0  # no convolution writes it
        for operation in arriving:
            self._arrive(operation, z)

    def read_through(self, number: int, training: bool, theta: float = 0.0) -> None:
        """The scale and shift through which a value is read (I8, I9)."""
        value = self.values[number]
        start, channels = self.net.running + 2 * value["first"], value["channels"]
        running = (
            self.parameters[start : start + channels],
            self.parameters[start + channels : start + 2 * channels],
        )
        self.kernels.forward_norm(
            self.z[number],
            theta,
            training,
            *self.scale_and_shift(number, self.parameters),
            *running,
            self.statistics[number],
        )

    def _arrive(self, operation: dict[str, int], z: np.ndarray) -> None:
        """One operation forward."""
        if operation["kind"] == STEM:
            _, rows, columns = self.net.image
            kernels = self.part(self.parameters, operation["matrix"], z.shape[1], 9 * self.images.shape[1])
            self.kernels.forward_stem(self.images, rows, columns, kernels, z)
            return
        source, affine = self.source(operation), self.affine(operation["sender"])
        if operation["kind"] >= LINK:
            factor, _ = self.factors(operation)
            forward_node(operation["kind"], *source, operation["stride"], *affine, factor, z)
            return
        kernels, matrix = self.weights(operation, self.parameters)
        if operation["taps"] == 1:
            self.kernels.forward_pointwise(*source, operation["stride"], *affine, matrix, z)
            return
        kernel = getattr(self.kernels, f"forward_window_{operation['taps']}")
        window = operation["dilation"], operation["stride"], bool(operation["relu"])
        kernel(*source, *window, *affine, kernels, matrix, z)

    def logits(self, tower: int) -> np.ndarray:
        """Logits (samples, classes) of a tower."""
        value, matrix, bias = self.net.towers[tower].tolist()
        size, classes = self.values[value], self.net.classes
        real = self.parameters.dtype
        pooled, result = (
            np.empty((len(self.images), size["channels"]), real),
            np.empty((len(self.images), classes), real),
        )
        weights = self.part(self.parameters, matrix, classes, size["channels"])
        scale, shift = self.affine(value)
        biases, planes = self.part(self.parameters, bias, classes), self.z[value]
        self.kernels.forward_tower(planes, size["rows"], size["columns"], scale, shift, weights, biases, pooled, result)
        self.pooled.append(pooled)
        return result

    # --- backward ---------------------------------------------------------------------------------

    def adjoint(self, dlogits: list[np.ndarray], gradient: np.ndarray) -> None:
        """The gradient for the bars of the logits of all towers, whose logits were computed in this order."""
        gradient[...] = 0
        starts, room, born = self.net.bars
        if self.bars.size < len(self.images) * room:
            self.bars = np.empty(len(self.images) * room, self.parameters.dtype)
        dz = self._planes(self.bars, starts)
        for value in born[-1]:
            dz[value][...] = 0
        for tower, bar in enumerate(dlogits):
            value, matrix, bias = self.net.towers[tower].tolist()
            size, classes = self.values[value], self.net.classes
            weights, dweights = (
                self.part(flat, matrix, classes, size["channels"]) for flat in (self.parameters, gradient)
            )
            given = size["rows"], size["columns"], weights, dz[value], dweights, self.part(gradient, bias, classes)
            self.kernels.adjoint_tower(bar, self.pooled[tower], *given)
        at = len(self.operations) - 1
        for number in reversed(range(len(self.z))):
            for value in born[number]:
                dz[value][...] = 0
            self.norm_back(number, dz[number], gradient)
            while at >= 0 and self.operations[at]["receiver"] == number:
                self._give_back(self.operations[at], dz[number], dz, gradient)
                at -= 1

    def touch_windows(self) -> None:
        """Each convolution of several taps and each pool, forward and back on what the arrays hold, so that its kernel is compiled."""
        bars, gradient = self._planes(np.zeros_like(self.room), self.starts), np.zeros_like(self.parameters)
        for operation in self.operations:
            if operation["kind"] > LINK or (operation["kind"] == CONVOLUTION and operation["taps"] > 1):
                receiver = operation["receiver"]
                self._arrive(operation, self.z[receiver])
                self._give_back(operation, bars[receiver], bars, gradient)

    def norm_back(self, value: int, bar: np.ndarray, gradient: np.ndarray) -> None:
        """The bar of a batch norm's output becomes that of its input, in place; gradients of γ and β (I8)."""
        self.kernels.adjoint_norm(self.z[value], bar, self.statistics[value], *self.scale_and_shift(value, gradient))

    def _give_back(
        self, operation: dict[str, int], bar: np.ndarray, dz: list[np.ndarray], gradient: np.ndarray
    ) -> None:
        """One operation backward: its gradients, and the bar of its sender, added."""
        if operation["kind"] == STEM:
            _, rows, columns = self.net.image
            dkernels = self.part(gradient, operation["matrix"], bar.shape[1], 9 * self.images.shape[1])
            self.kernels.adjoint_stem(self.images, rows, columns, bar, dkernels)
            return
        source, affine, dx = self.source(operation), self.affine(operation["sender"]), dz[operation["sender"]]
        if operation["kind"] >= LINK:
            factor, share = self.factors(operation)
            given = operation["kind"], *source, operation["stride"], *affine, factor, share, bar, dx
            slope = adjoint_node(*given)
            if operation["gate"] >= 0:
                gradient[operation["gate"]] += slope
            return
        kernels, matrix = self.weights(operation, self.parameters)
        dkernels, dmatrix = self.weights(operation, gradient)
        if operation["taps"] == 1:
            self.kernels.adjoint_pointwise(*source, operation["stride"], *affine, matrix, bar, dx, dmatrix)
            return
        kernel = getattr(self.kernels, f"adjoint_window_{operation['taps']}")
        window = operation["dilation"], operation["stride"], bool(operation["relu"])
        kernel(*source, *window, *affine, kernels, matrix, bar, dx, dkernels, dmatrix)
