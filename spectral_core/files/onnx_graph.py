"""`OnnxGraph`: nodes and constants of an ONNX model (opset 17) while it is made. Needs onnx (extra `onnx`)."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from spectral_core import __version__, checks
from spectral_core.files import atomic

OPSET = 17
IR_VERSION = 8
"""Versions of operators and format, old enough for the runtimes of some years."""


class OnnxGraph:
    """Nodes and constants, each with its own name.

    Raises
    ------
    MissingDependencyError : onnx is not installed.
    """

    def __init__(self) -> None:
        self.onnx = checks.optional("onnx", "ONNX export", "onnx")
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.inputs: list[Any] = []
        self.outputs: list[Any] = []

    def constant(self, value: np.ndarray) -> str:
        """The name of a new constant."""
        name = f"c{len(self.constants)}"
        self.constants.append(self.onnx.numpy_helper.from_array(np.asarray(value), name))
        return name

    def add(self, operator: str, *inputs: str, result: str = "", **attributes: Any) -> str:
        """The name of what an operator gives."""
        name = result or f"n{len(self.nodes)}"
        self.nodes.append(self.onnx.helper.make_node(operator, inputs, [name], **attributes))
        return name

    def cast(self, name: str, dtype: np.dtype[Any]) -> str:
        """A value in another type."""
        return self.add("Cast", name, to=self.kind(dtype))

    def length(self, name: str) -> str:
        """How many samples a value has, as an array of one number."""
        return self.add("Slice", self.add("Shape", name), *(self.constant(np.array([n])) for n in (0, 1)))

    def kind(self, dtype: np.dtype[Any]) -> int:
        """The number of a type in ONNX."""
        return int(self.onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def input(self, name: str, dtype: np.dtype[Any], shape: list[Any]) -> None:
        """Declare an input of the model."""
        self.inputs.append(self.onnx.helper.make_tensor_value_info(name, self.kind(dtype), shape))

    def output(self, name: str, value: str, dtype: np.dtype[Any], shape: list[Any]) -> None:
        """Call a value an output of the model."""
        self.add("Identity", value, result=name)
        self.outputs.append(self.onnx.helper.make_tensor_value_info(name, self.kind(dtype), shape))

    def model(self, metadata: dict[str, str]) -> Any:
        """The checked model."""
        helper = self.onnx.helper
        graph = helper.make_graph(self.nodes, "spectral-core", self.inputs, self.outputs, self.constants)
        opset = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(
            graph,
            opset_imports=opset,
            ir_version=IR_VERSION,
            producer_name="spectral-core",
            producer_version=__version__,
        )
        helper.set_model_props(model, metadata)
        self.onnx.checker.check_model(model, full_check=True)
        return model

    def write(self, path: str | os.PathLike[str], metadata: dict[str, str]) -> None:
        """Write the checked model: the path holds the old file or the whole new one."""
        proto = self.model(metadata)
        atomic.write_atomically(path, lambda file: file.write(proto.SerializeToString()))


def class_outputs(graph: OnnxGraph, z: str, classes: tuple[Any, ...], outer: np.dtype[Any]) -> None:
    """`label`, the class of the greatest z, and `probabilities`, the softmax of z, in the type `outer`.

    By hand: another runtime's language. Checked by test_onnx.test_a_classifier_gives_labels_and_probabilities.
    """
    labels = np.asarray(classes)
    labels = labels.astype(object) if labels.dtype.kind == "U" else labels
    best = graph.add("ArgMax", z, axis=1, keepdims=0)
    graph.output("label", graph.add("Gather", graph.constant(labels), best, axis=0), labels.dtype, ["samples"])
    probabilities = graph.add("Softmax", graph.cast(z, np.dtype(np.float64)), axis=1)
    graph.output("probabilities", graph.cast(probabilities, outer), outer, ["samples", len(classes)])
