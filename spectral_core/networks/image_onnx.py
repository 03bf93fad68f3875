"""Image networks as ONNX models: the compact network in operators of opset 17, in float32. Needs onnx (extra `onnx`)."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np

from spectral_core.data.images import ImageData
from spectral_core.files.onnx_graph import OnnxGraph, class_outputs
from spectral_core.kernels.support.image_layout import KINDS
from spectral_core.networks.compact_image import ABSENT, CompactImageNetwork, Step
from spectral_core.networks.image import ImageNetwork

REAL = np.dtype(np.float32)
"""onnxruntime has convolutions and mean pools in this type alone."""


def write_image_onnx(
    network: ImageNetwork | CompactImageNetwork, path: str | os.PathLike[str], reference: ImageData | None = None
) -> None:
    """Write an image network; `ImageModel.to_onnx` explains the file.

    reference : gives classes and scale. Without it the images are taken as they are, and the output is ``z``, the logits.
    """
    net = network if isinstance(network, CompactImageNetwork) else network.compact()
    graph, metadata = OnnxGraph(), {}
    graph.input("X", REAL, ["samples", *net.image])
    z = _Pass(graph, net, "X" if reference is None else _scaled(graph, reference)).logits()
    if reference is None:
        graph.output("z", z, REAL, ["samples", net.classes])
    else:
        class_outputs(graph, z, reference.classes, REAL)
        named = {"classes": list(reference.classes), "image": list(net.image), "divisor": reference.divisor}
        texts = {name: json.dumps(value, ensure_ascii=False) for name, value in named.items()}
        metadata = {"task": "classification", **texts}
    graph.write(path, metadata)


def _scaled(graph: OnnxGraph, reference: ImageData) -> str:
    """The images in the scale of the reference, as `load_images` brings them to it."""
    x = "X"
    if reference.divisor not in (None, 1):
        x = graph.add("Div", x, graph.constant(np.array(reference.divisor, REAL)))
    if len(reference.means):
        means, deviations = (values.astype(REAL)[:, None, None] for values in (reference.means, reference.deviations))
        x = graph.add("Div", graph.add("Sub", x, graph.constant(means)), graph.constant(deviations))
    return x


class _Pass:
    """The planes (samples, channels, rows, columns) of a compact network as values of a graph; compare `CompactPass`."""

    def __init__(self, graph: OnnxGraph, net: CompactImageNetwork, x: str) -> None:
        self.graph, self.net, self.x = graph, net, x
        self.planes = [""] * len(net.planes)  # what has arrived so far; nothing is a plane of zeros
        self.readings: dict[tuple[str, int, int, bool], str] = {}

    def logits(self) -> str:
        """Logits (samples, classes): means of the planes, then a linear map."""
        for step in self.net.steps:
            term = self.pooled(step) if step.kind >= KINDS["link"] else self.convolved(step)
            before = self.planes[step.receiver]
            self.planes[step.receiver] = self.graph.add("Add", before, term) if before else term
        pooled = self.graph.add("ReduceMean", self.plane(self.net.output), axes=[2, 3], keepdims=0)
        matrix, bias = (self.constant(array) for array in self.net.arrays[-2:])
        return self.graph.add("Gemm", pooled, matrix, bias, transB=1)

    def constant(self, values: np.ndarray) -> str:
        """A constant in the type of the graph."""
        return self.graph.constant(np.ascontiguousarray(values, REAL))

    def plane(self, number: int) -> str:
        """What has arrived at a plane; zeros for each sample if nothing has."""
        if not self.planes[number]:
            sizes = self.graph.add("Concat", self.graph.length("X"), self.graph.constant(np.ones(3, np.int64)), axis=0)
            zeros = self.constant(np.zeros((1, *self.net.planes[number])))
            self.planes[number] = self.graph.add("Expand", zeros, sizes)
        return self.planes[number]

    def read(self, step: Step, relu: bool = False) -> str:
        """What a step reads of its sender: a x + b, with relu if asked for. Equal readings are one value."""
        x = self.plane(step.sender)
        key = (x, step.scale, step.shift, relu)
        if key not in self.readings:
            for operator, number in (("Mul", step.scale), ("Add", step.shift)):
                if number != ABSENT:
                    x = self.graph.add(operator, x, self.constant(self.net.arrays[number][:, None, None]))
            self.readings[key] = self.graph.add("Relu", x) if relu else x
        return self.readings[key]

    def convolved(self, step: Step) -> str:
        """The convolution of a step: of the image, or depthwise where there are taps, then pointwise.

        By hand: another runtime's language. Checked by test_image_onnx.test_every_network_is_the_same_function.
        """
        arrays, strides = self.net.arrays, [step.stride, step.stride]
        matrix = arrays[step.matrix]
        bias = [] if step.bias == ABSENT else [self.constant(arrays[step.bias])]
        if step.kind == KINDS["stem"]:
            kernels = self.constant(matrix.reshape(len(matrix), self.net.image[0], 3, 3))
            return self.graph.add("Conv", self.x, kernels, *bias, pads=[1, 1, 1, 1])
        if step.taps == 1:
            x = self.read(step)
        else:
            # Beyond the border what is read, not the plane, is 0.
            border, channels = step.dilation * (step.taps // 2), matrix.shape[1]
            kernels = self.constant(arrays[step.kernel].reshape(channels, 1, step.taps, step.taps))
            places: dict[str, Any] = {
                "pads": [border] * 4,
                "strides": strides,
                "dilations": [step.dilation, step.dilation],
            }
            x = self.graph.add("Conv", self.read(step, step.relu), kernels, group=channels, **places)
            strides = [1, 1]
        return self.graph.add("Conv", x, self.constant(matrix[:, :, None, None]), *bias, strides=strides)

    def pooled(self, step: Step) -> str:
        """The identity or the pool of a step, times its factor.

        A max pool takes pixels alone; a mean pool divides by 9 at the border too (I6, I7).
        """
        x, stride = self.read(step), step.stride
        window: dict[str, Any] = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "strides": [stride, stride]}
        if step.kind == KINDS["max"]:
            x = self.graph.add("MaxPool", x, **window)
        elif step.kind == KINDS["mean"]:
            x = self.graph.add("AveragePool", x, count_include_pad=1, **window)
        elif stride > 1:
            size = self.net.planes[step.sender][1:]
            places = ([0, 0], size, [2, 3], [stride, stride])
            x = self.graph.add("Slice", x, *(self.graph.constant(np.array(place)) for place in places))
        return x if step.factor == 1 else self.graph.add("Mul", x, self.constant(np.array(step.factor)))
