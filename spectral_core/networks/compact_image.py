"""`CompactImageNetwork`: an image network in evaluation form, batch norms folded away, without what is dead (I9, G3, G5, C1)."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from types import ModuleType
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.backends.image_passes import forward_node
from spectral_core.errors import InvalidInputError, ModelFileError
from spectral_core.files import model_file as files
from spectral_core.kernels.support.image_layout import KINDS
from spectral_core.wording import counted

KIND = "compact image network"
BATCH = 64
"""Images propagated at a time."""
ABSENT = -1


@dataclass(frozen=True)
class Step:
    """One operation, which adds to a plane.

    kind : a number of `KINDS`. sender, receiver : planes; the sender of the stem is the image.
    kernel, matrix, bias, scale, shift : numbers of arrays, or -1: depthwise kernels (channels, taps²), the matrix of a
        pointwise convolution, its bias, and the a and b through which the sender is read.
    factor : of an identity or a pool.
    """

    kind: int
    sender: int
    receiver: int
    taps: int = 1
    dilation: int = 1
    stride: int = 1
    relu: bool = False
    kernel: int = ABSENT
    matrix: int = ABSENT
    bias: int = ABSENT
    scale: int = ABSENT
    shift: int = ABSENT
    factor: float = 1.0


@dataclass(frozen=True, eq=False)
class CompactImageNetwork:
    """The same function as an image network in evaluation, with fewer numbers.

    Attributes
    ----------
    image, classes : channels, rows and columns of an image; number of classes.
    planes : channels, rows, columns of each plane that is stored.
    steps : in order. arrays : the numbers, the classifier's matrix and bias last. output : the plane that it reads.

    Examples
    --------
    >>> from spectral_core import ImageNetwork
    >>> net = ImageNetwork.initialize(4, 1, 3, image=(1, 8, 8))
    >>> net.compact()
    CompactImageNetwork(48 steps, 3 classes, images 1×8×8, 4,747 parameters, float32)
    """

    image: tuple[int, int, int]
    classes: int
    planes: tuple[tuple[int, int, int], ...]
    steps: tuple[Step, ...]
    arrays: tuple[np.ndarray, ...]
    output: int

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.arrays[-1].dtype

    @property
    def n_parameters(self) -> int:
        """All numbers, the factors of identities and pools included."""
        return sum(array.size for array in self.arrays) + sum(step.factor != 1 for step in self.steps)

    @property
    def multiply_adds(self) -> int:
        """Products of convolutions and of the classifier for one image.

        By hand: a count. Checked by test_compact_image.test_products_are_counted.
        """
        count = self.classes * self.planes[self.output][0]
        for step in self.steps:
            rows, columns = self.planes[step.receiver][1:]
            if step.matrix != ABSENT:
                count += self.arrays[step.matrix].size * rows * columns
            if step.kernel != ABSENT:
                count += self.arrays[step.kernel].size * rows * columns
        return count

    def forward(self, X: Any) -> np.ndarray:
        """Logits (samples, classes) of images (samples, channels, rows, columns)."""
        channels, rows, columns = self.image
        array = checks.real_array(X, "X", self.dtype, 4)
        if array.shape[1:] != self.image:
            raise InvalidInputError(
                f"X must have shape (samples, {channels}, {rows}, {columns}): channels, rows, columns; got {array.shape}"
            )
        x, result = (
            array.reshape(len(array), channels, rows * columns),
            np.empty((len(array), self.classes), self.dtype),
        )
        for start in range(0, len(x), BATCH):
            part = CompactPass(self, x[start : start + BATCH])
            for step in self.steps:
                part.run(step)
            result[start : start + BATCH] = part.logits()
        return result

    # --- files ------------------------------------------------------------------------------------

    def record(self) -> dict[str, Any]:
        """All but the arrays, for JSON."""
        steps = [asdict(step) for step in self.steps]
        return {
            "image": list(self.image), "classes": self.classes, "planes": [list(plane) for plane in self.planes],
            "steps": steps, "output": self.output, "arrays": len(self.arrays),
        }  # fmt: skip

    def stored(self) -> dict[str, np.ndarray]:
        """The arrays by name."""
        return {f"arrays[{k}]": array for k, array in enumerate(self.arrays)}

    @classmethod
    def from_record(cls, record: dict[str, Any], stored: dict[str, np.ndarray]) -> CompactImageNetwork:
        """The network of a record and its arrays; raises what a wrong record makes raise."""
        arrays = tuple(stored[f"arrays[{k}]"] for k in range(record["arrays"]))
        steps = tuple(Step(**step) for step in record["steps"])
        planes = tuple((c, r, q) for c, r, q in record["planes"])
        net = cls(tuple(record["image"]), record["classes"], planes, steps, arrays, record["output"])
        checks.real_type(net.dtype)
        if not all(0 <= step.receiver < len(planes) and step.sender < len(planes) for step in steps):
            raise ValueError("a step names a plane that is not there")
        return net

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the network to a model file."""
        files.save_model(path, KIND, self.record(), self.stored())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> CompactImageNetwork:
        """Read a network from a model file; raises `ModelFileError`."""
        _, record, stored = files.load_model(path, (KIND,))
        try:
            return cls.from_record(record, stored)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise ModelFileError(f"{path} does not hold a compact image network: {error}") from None

    def __repr__(self) -> str:
        return (
            f"CompactImageNetwork({counted(len(self.steps), 'step')}, {self.classes} classes, images "
            f"{'×'.join(map(str, self.image))}, {counted(self.n_parameters, 'parameter')}, {self.dtype})"
        )


class CompactPass:
    """The planes of one batch (samples, channels, pixels)."""

    def __init__(self, net: CompactImageNetwork, x: np.ndarray) -> None:
        from spectral_core.kernels.cpu import images as kernels  # imports Numba

        self.kernels: ModuleType = kernels
        self.net, self.x = net, x
        self.planes = [np.zeros((len(x), c, rows * columns), net.dtype) for c, rows, columns in net.planes]

    def array(self, number: int, absent: np.ndarray) -> np.ndarray:
        """An array of the network, or what stands for an absent one."""
        return absent if number == ABSENT else self.net.arrays[number]

    def read(self, step: Step) -> tuple[Any, ...]:
        """Planes, rows and columns of the sender, and the a and b through which it is read."""
        channels, rows, columns = self.net.planes[step.sender]
        real = self.net.dtype
        scale, shift = (
            self.array(number, filled(channels, real))
            for number, filled in ((step.scale, np.ones), (step.shift, np.zeros))
        )
        return (self.planes[step.sender], rows, columns), (scale, shift)

    def run(self, step: Step) -> None:
        """Add what a step gives to its plane."""
        target = self.planes[step.receiver]
        if step.kind >= KINDS["link"]:
            source, affine = self.read(step)
            factor = np.full(len(self.x), step.factor, self.net.dtype)
            forward_node(step.kind, *source, step.stride, *affine, factor, target)
            return
        target += self.convolved(step, self.net.arrays[step.matrix], target.shape[1])
        if step.bias != ABSENT:
            target += self.net.arrays[step.bias][:, None]

    def convolved(self, step: Step, matrix: np.ndarray, channels: int) -> np.ndarray:
        """The convolution of a step with this matrix (channels, sending channels)."""
        _, rows, columns = self.net.planes[step.receiver]
        result = np.empty((len(self.x), channels, rows * columns), self.net.dtype)
        if step.kind == KINDS["stem"]:
            self.kernels.forward_stem(self.x, *self.net.image[1:], matrix, result)
            return result
        source, affine = self.read(step)
        if step.taps == 1:
            self.kernels.forward_pointwise(*source, step.stride, *affine, matrix, result)
            return result
        kernel = getattr(self.kernels, f"forward_window_{step.taps}")
        kernel(*source, step.dilation, step.stride, step.relu, *affine, self.net.arrays[step.kernel], matrix, result)
        return result

    def logits(self) -> np.ndarray:
        """Logits (samples, classes)."""
        net = self.net
        channels, rows, columns = net.planes[net.output]
        matrix, bias = net.arrays[-2:]
        one, nothing = np.ones(channels, net.dtype), np.zeros(channels, net.dtype)
        pooled, result = np.empty((len(self.x), channels), net.dtype), np.empty((len(self.x), net.classes), net.dtype)
        self.kernels.forward_tower(self.planes[net.output], rows, columns, one, nothing, matrix, bias, pooled, result)
        return result
