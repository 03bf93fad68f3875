"""How an image network becomes its compact form: batch norms and eigenvalues go into matrices, dead parts go (I9, G3, G5, C1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from spectral_core.kernels.cpu.images import batch_norm_evaluation
from spectral_core.kernels.support.image_layout import KINDS, OPERATION_COLUMNS, VALUE_COLUMNS, ImageLayout
from spectral_core.networks.compact_image import ABSENT, CompactImageNetwork, Step

EPSILON = 1e-5
LINK = KINDS["link"]


@dataclass(frozen=True, eq=False)
class _View:
    """A value as a x + b of a stored plane."""

    plane: int
    scale: np.ndarray
    shift: np.ndarray


@dataclass(frozen=True, eq=False)
class _Half:
    """A depthwise and a pointwise convolution with its batch norm folded in, not yet written anywhere.

    view : of its sender. matrix, bias : (receiving, sending), (receiving,).
    """

    operation: dict[str, int]
    view: _View
    kernel: np.ndarray
    matrix: np.ndarray
    bias: np.ndarray


@dataclass(eq=False)
class _Folder:
    """The planes, steps and arrays of a compact network while it is made, in float64."""

    layout: ImageLayout
    parameters: np.ndarray
    planes: list[tuple[int, int, int]] = field(default_factory=list)
    steps: list[dict[str, Any]] = field(default_factory=list)
    arrays: list[np.ndarray] = field(default_factory=list)
    known: dict[bytes, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        tables = self.layout.tables
        assert tables is not None
        self.tables, self.flat = tables, self.parameters.astype(np.float64)
        self.values = [dict(zip(VALUE_COLUMNS, row, strict=True)) for row in tables.values.tolist()]
        rows = [dict(zip(OPERATION_COLUMNS, row, strict=True)) for row in tables.operations.tolist()]
        self.arriving = [[row for row in rows if row["receiver"] == k] for k in range(len(self.values))]

    def part(self, start: int, *shape: int) -> np.ndarray:
        """A group of the parameters."""
        return self.flat[start : start + int(np.prod(shape))].reshape(shape)

    def gate(self, operation: dict[str, int]) -> float:
        """The factor of an operation."""
        if operation["gate"] < 0:
            return 1.0
        value = float(self.flat[operation["gate"]])
        return float(value > 0) if self.tables.published else value

    def norm(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """a and b of the batch norm of a value, with running statistics (I9)."""
        value = self.values[number]
        start, channels = self.tables.running + 2 * value["first"], value["channels"]
        gamma, beta = self.part(value["norm"], 2, channels)
        mean, variance = self.part(start, 2, channels)
        both = [batch_norm_evaluation(beta[c], EPSILON, gamma[c], mean[c], variance[c]) for c in range(channels)]
        return np.array([a for a, _ in both]), np.array([b for _, b in both])

    def needed(self, output: int) -> set[int]:
        """The values that the output depends on (C1)."""
        found, waiting = {output}, [output]
        while waiting:
            for operation in self.arriving[waiting.pop()]:
                sender = operation["sender"]
                if sender >= 0 and sender not in found and self.gate(operation) != 0:
                    found.add(sender)
                    waiting.append(sender)
        return found

    # --- writing ----------------------------------------------------------------------------------

    def plane(self, number: int, channels: int | None = None) -> int:
        """A new plane of the size of a value."""
        value = self.values[number]
        self.planes.append((value["channels"] if channels is None else channels, value["rows"], value["columns"]))
        return len(self.planes) - 1

    def array(self, values: np.ndarray, absent: float | None = None) -> int:
        """Store an array and return its number. An array whose numbers all are `absent` is not stored; its number is -1."""
        if absent is not None and bool((values == absent).all()):
            return ABSENT
        self.arrays.append(values)
        return len(self.arrays) - 1

    def shared(self, values: np.ndarray, absent: float) -> int:
        """The number of an array through which several operations read a value: it is stored once."""
        key = values.tobytes()
        if key not in self.known:
            self.known[key] = self.array(values, absent)
        return self.known[key]

    def step(self, operation: dict[str, int], receiver: int, view: _View | None, **more: Any) -> None:
        """Add a step."""
        named = {
            name: operation[name]
            for name in ("kind", "stride", "dilation", "taps")
            if name == "kind" or operation[name]
        }
        if view is None:
            self.steps.append({**named, "sender": ABSENT, "receiver": receiver, **more})
            return
        scale, shift = self.shared(view.scale, 1.0), self.shared(view.shift, 0.0)
        self.steps.append({**named, "sender": view.plane, "receiver": receiver, "scale": scale, "shift": shift, **more})

    def write(self, half: _Half, plane: int, relu: bool = False, factor: float = 1.0) -> None:
        """Write a half block to a plane, all but its bias.

        By hand: G5. Checked by test_compact_image.test_the_compact_network_is_the_same_function.
        """
        kernel = ABSENT if half.operation["taps"] == 1 else self.array(half.kernel)
        matrix = self.array(factor * half.matrix)
        self.step(half.operation, plane, half.view, relu=relu, kernel=kernel, matrix=matrix)


def folded(layout: ImageLayout, parameters: np.ndarray) -> CompactImageNetwork:
    """The compact form of an image network: the same function in evaluation, within rounding.

    It leaves out every tower but the last, operations whose eigenvalue is 0 or whose gate is closed, values that the output
    does not depend on (C1), and hidden channels of separable convolutions that change nothing (G3).

    By hand: I9, G5 by array. Checked by test_compact_image.test_the_compact_network_is_the_same_function.
    """
    own = _Folder(layout, parameters)
    output, matrix, bias = own.tables.towers[-1].tolist()
    needed = own.needed(output)
    views: dict[int, _View] = {}
    halves: dict[int, _Half] = {}
    for number in sorted(needed):
        first, (scale, shift) = own.arriving[number][0], own.norm(number)
        if first["kind"] == KINDS["stem"]:
            plane, size = own.plane(number), (own.values[number]["channels"], 9 * own.tables.image[0])
            own.step(first, plane, None, matrix=own.array(scale[:, None] * own.part(first["matrix"], *size)))
            views[number] = _View(plane, np.ones_like(shift), shift)
        elif first["kind"] == KINDS["convolution"]:
            halves[number] = _half(own, first, views, halves, (scale, shift))
        elif first["gate"] < 0 and first["stride"] == 1:
            seen = _seen(own, first["sender"], views, halves)
            views[number] = _View(seen.plane, scale * seen.scale, scale * seen.shift + shift)
        else:
            views[number] = _node(own, number, views, halves, (scale, shift))
    seen, classes = views[output], own.tables.classes
    weights = own.part(matrix, classes, own.values[output]["channels"])
    own.arrays += [weights * seen.scale, own.part(bias, classes) + weights @ seen.shift]
    arrays = tuple(np.ascontiguousarray(array, parameters.dtype) for array in own.arrays)
    steps = tuple(Step(**{**step, "relu": bool(step.get("relu", False))}) for step in own.steps)
    return CompactImageNetwork(own.tables.image, classes, tuple(own.planes), steps, arrays, seen.plane)


def _seen(own: _Folder, sender: int, views: dict[int, _View], halves: dict[int, _Half]) -> _View:
    """The view of a value; a half block that several operations may read is written first."""
    if sender not in views:
        half = halves.pop(sender)
        plane = own.plane(sender)
        own.write(half, plane)
        views[sender] = _View(plane, np.ones_like(half.bias), half.bias)
    return views[sender]


def _half(
    own: _Folder,
    operation: dict[str, int],
    views: dict[int, _View],
    halves: dict[int, _Half],
    norm: tuple[np.ndarray, np.ndarray],
) -> _Half:
    """A convolution with its batch norm folded in; a first half without the channels that change nothing is written.

    By hand: I9, G3 by array. Checked by test_compact_image.test_hidden_channels_that_change_nothing_go.
    """
    (scale, shift), sender = norm, operation["sender"]
    width, into = own.values[sender]["channels"], own.values[operation["receiver"]]["channels"]
    taps = operation["taps"]
    kernel = own.part(operation["kernel"], width, taps * taps) if taps > 1 else np.empty((width, 0))
    matrix = scale[:, None] * own.part(operation["matrix"], into, width)
    if taps == 1:
        # A pointwise convolution has no border, so both numbers of its sender go into it.
        seen = _seen(own, sender, views, halves)
        plain = _View(seen.plane, np.ones_like(seen.scale), np.zeros_like(seen.shift))
        return _Half(operation, plain, kernel, matrix * seen.scale, matrix @ seen.shift + shift)
    if not operation["relu"]:
        return _Half(operation, _seen(own, sender, views, halves), kernel, matrix, shift)
    first = halves.pop(sender)
    silent = (first.matrix == 0).all(1) & (first.bias <= 0)
    kept = np.flatnonzero((matrix != 0).any(0) & ~silent)
    plane = own.plane(sender, len(kept))
    if len(kept):
        part = _Half(first.operation, first.view, first.kernel, first.matrix[kept], first.bias[kept])
        own.write(part, plane)
    view = _View(plane, np.ones(len(kept)), first.bias[kept])
    return _Half(operation, view, kernel[kept], matrix[:, kept], shift)


def _node(
    own: _Folder, number: int, views: dict[int, _View], halves: dict[int, _Half], norm: tuple[np.ndarray, np.ndarray]
) -> _View:
    """The sum of what arrives at a node, its constants in the shift of its batch norm.

    By hand: G5 by array. Checked by test_compact_image.test_the_compact_network_is_the_same_function.
    """
    scale, shift = norm
    plane, constant = own.plane(number), np.zeros_like(shift)
    for operation in own.arriving[number]:
        gate, sender = own.gate(operation), operation["sender"]
        if gate == 0:
            continue
        if sender in halves and operation["stride"] == 1:
            half = halves.pop(sender)
            if half.matrix.shape[1]:
                own.write(half, plane, relu=bool(half.operation["relu"]), factor=gate)
            constant = constant + gate * half.bias
        elif operation["kind"] == LINK:
            seen = _seen(own, sender, views, halves)
            own.step(operation, plane, _View(seen.plane, seen.scale, np.zeros_like(seen.shift)), factor=gate)
            constant = constant + gate * seen.shift
        else:
            own.step(operation, plane, _seen(own, sender, views, halves), factor=gate)
    return _View(plane, scale, scale * constant + shift)
