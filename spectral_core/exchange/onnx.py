"""Export to ONNX: every network becomes a graph of matrix products with its blocks W_ij. Needs onnx (extra `onnx`)."""

from __future__ import annotations

import json
import math
import os
from typing import Any

import numpy as np

from spectral_core import __version__, checks
from spectral_core.errors import InvalidInputError
from spectral_core.files import atomic
from spectral_core.networks.compact import CompactNetwork
from spectral_core.networks.predictor import Predictor
from spectral_core.networks.spectral import SpectralNetwork

OPSET = 17
IR_VERSION = 8
"""Versions of operators and format, old enough for the runtimes of some years."""
OPERATORS = {"identity": "Identity", "relu": "Relu", "tanh": "Tanh", "sigmoid": "Sigmoid"}
"""Activations that are one operator; runtimes have it in float32 and float64."""


def export_onnx(
    model: SpectralNetwork | CompactNetwork | Predictor, path: str | os.PathLike[str], *, double: bool = False
) -> None:
    """Write a network, or a predictor with its scaling, as an ONNX model (opset 17) that can be used alone.

    Input ``X`` (samples, features): of a network in its own type; of a predictor float32, with `double` float64, in the units of
    the data. Outputs of a network: ``z`` (samples, outputs), the raw z_K. Of a regression predictor: ``variable`` (samples,
    outputs) in the units of the data. Of a classifier: ``label`` (samples,), a class as it stands in the data, and
    ``probabilities`` (samples, classes), the softmax of z_K. The metadata of a predictor hold `task`, `feature_names`,
    `target_names` and `classes`, the lists as JSON.

    A predictor that encodes raw columns is exported without its encoder: the input has the encoded features, which
    `feature_names` names, and the metadata have the key `encoder`.

    Raises
    ------
    MissingDependencyError : onnx is not installed.
    InvalidInputError : `model` is neither a network nor a predictor.
    """
    if not isinstance(model, (SpectralNetwork, CompactNetwork, Predictor)):
        raise InvalidInputError(f"only networks and predictors can be exported; got {type(model).__name__}")
    graph = _Graph(checks.optional("onnx", "ONNX export", "onnx"))
    if isinstance(model, Predictor):
        proto = _predictor(graph, model, np.dtype(np.float64 if checks.boolean(double, "double") else np.float32))
    else:
        graph.input("X", model.dtype, ["samples", model.n_features])
        graph.output("z", _network(graph, model, "X"), model.dtype, ["samples", model.widths[-1]])
        proto = graph.model({})
    atomic.write_atomically(path, lambda file: file.write(proto.SerializeToString()))


def _predictor(graph: _Graph, model: Predictor, outer: np.dtype[Any]) -> Any:
    """The model of a predictor whose input and numeric outputs are of the type `outer`; between them it scales in float64."""
    network, double = model.network, np.dtype(np.float64)
    graph.input("X", outer, ["samples", network.n_features])
    # Scale and predict.
    x = "X" if outer == double else graph.cast("X", double)
    x = graph.add("Sub", x, graph.constant(model.inputs.mean))
    x = graph.add("Div", x, graph.constant(model.inputs.divisor))
    z = _network(graph, network, graph.cast(x, network.dtype))
    # The outputs, in the units of the data.
    if model.task == "classification":
        _class_outputs(graph, model, z, outer)
    elif model.task == "multilabel":
        _label_outputs(graph, model, z, outer)
    else:
        z = graph.add("Mul", graph.cast(z, double), graph.constant(model.outputs.deviation))
        z = graph.cast(graph.add("Add", z, graph.constant(model.outputs.mean)), outer)
        graph.output("variable", z, outer, ["samples", network.widths[-1]])
    return graph.model(_metadata(model))


def _class_outputs(graph: _Graph, model: Predictor, z: str, outer: np.dtype[Any]) -> None:
    """The label of the greatest z, as in `Predictor.predict`, and the softmax of z.

    By hand: another runtime's language. Checked by test_onnx.test_a_classifier_gives_labels_and_probabilities.
    """
    labels = np.asarray(model.classes)
    labels = labels.astype(object) if labels.dtype.kind == "U" else labels
    best = graph.add("ArgMax", z, axis=1, keepdims=0)
    graph.output("label", graph.add("Gather", graph.constant(labels), best, axis=0), labels.dtype, ["samples"])
    probabilities = graph.add("Softmax", graph.cast(z, np.dtype(np.float64)), axis=1)
    graph.output("probabilities", graph.cast(probabilities, outer), outer, ["samples", len(model.classes)])


def _label_outputs(graph: _Graph, model: Predictor, z: str, outer: np.dtype[Any]) -> None:
    """Of each label 1 where z > 0, as in `Predictor.predict`, and 1/(1 + exp(-z)).

    By hand: another runtime's language. Checked by test_onnx.test_several_labels_have_an_output_each.
    """
    whole, sizes = np.dtype(np.int64), ["samples", model.network.widths[-1]]
    above = graph.add("Greater", z, graph.constant(np.zeros(1, model.network.dtype)))
    graph.output("label", graph.cast(above, whole), whole, sizes)
    probabilities = graph.add("Sigmoid", graph.cast(z, np.dtype(np.float64)))
    graph.output("probabilities", graph.cast(probabilities, outer), outer, sizes)


def _metadata(model: Predictor) -> dict[str, str]:
    """What a user of the file must know, by name."""
    record = {"feature_names": model.feature_names, "target_names": model.target_names, "classes": model.classes}
    texts = {"task": model.task} | {name: json.dumps(list(value), ensure_ascii=False) for name, value in record.items()}
    encoder = getattr(model, "encoder", None)
    if encoder is not None:
        texts["encoder"] = json.dumps(encoder.record(), ensure_ascii=False)
    return texts


def _network(graph: _Graph, network: SpectralNetwork | CompactNetwork, x: str) -> str:
    """z_K of the features x: z_i = Σ_{j<i} W_ij x_j, x_i = f(z_i)."""
    if isinstance(network, CompactNetwork):
        direct, features = network.direct, network.neurons[0]
        constant = network.original_widths[0] > network.n_features
    else:
        direct, features, constant = network, np.arange(network.widths[0]), network.bias
    if constant:
        one = graph.constant(np.ones(1, network.dtype))
        # A column of ones as long as x. It comes from the shape: 0 · (first feature) + 1 is NaN for infinite inputs.
        rows = graph.add("Slice", graph.add("Shape", x), *(graph.constant(np.array([n])) for n in (0, 1)))
        shape = graph.add("Concat", rows, graph.constant(np.array([1])), axis=0)
        x = graph.add("Concat", x, graph.add("Expand", one, shape), axis=1)
    if not np.array_equal(features, np.arange(network.n_features + constant)):
        x = graph.add("Gather", x, graph.constant(np.asarray(features, np.int64)), axis=1)
    values = {1: x}
    blocks, layers = direct.transfer_blocks(), direct.n_layers
    for i in range(2, layers + 1):
        terms = [
            graph.add("MatMul", values[j], graph.constant(np.ascontiguousarray(blocks[i, j].T)))
            for j in range(1, i)
            if (i, j) in blocks
        ]
        if not terms:  # a layer without incoming blocks is f(0)
            zeros = np.zeros((direct.widths[0], direct.widths[i - 1]), direct.dtype)
            terms = [graph.add("MatMul", x, graph.constant(zeros))]
        z = terms[0]
        for term in terms[1:]:
            z = graph.add("Add", z, term)
        values[i] = z if i == layers else _activation(graph, direct.activation, z, direct.dtype)
    return values[layers]


def _activation(graph: _Graph, name: str, z: str, dtype: np.dtype[Any]) -> str:
    """The activation of z in the operators of ONNX.

    By hand: another runtime's language. Checked by test_onnx.test_every_network.
    """
    if name in OPERATORS:
        return graph.add(OPERATORS[name], z)
    if name == "leaky_relu":  # the operator LeakyRelu keeps its slope in float32
        return graph.add("Max", z, graph.add("Mul", z, graph.constant(np.array(0.01, dtype))))
    if name == "elu":  # max(z, 0) + exp(min(z, 0)) - 1
        zero, one = graph.constant(np.array(0, dtype)), graph.constant(np.array(1, dtype))
        below = graph.add("Sub", graph.add("Exp", graph.add("Min", z, zero)), one)
        return graph.add("Add", graph.add("Relu", z), below)
    if name == "swish":
        return graph.add("Mul", z, graph.add("Sigmoid", z))
    half, one, root = (graph.constant(np.array(v, dtype)) for v in (0.5, 1.0, math.sqrt(0.5)))
    # gelu: z (1 + erf(z/√2)) / 2. Runtimes have erf in float32 only, so it has seven digits in a float64 network too.
    erf = graph.add("Erf", graph.cast(graph.add("Mul", z, root), np.dtype(np.float32)))
    one_plus_erf = graph.add("Add", one, graph.cast(erf, dtype))
    return graph.add("Mul", half, graph.add("Mul", z, one_plus_erf))


class _Graph:
    """Nodes and constants, each with its own name."""

    def __init__(self, onnx: Any) -> None:
        self.onnx = onnx
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.inputs: list[Any] = []
        self.outputs: list[Any] = []

    def constant(self, value: np.ndarray) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(self.onnx.numpy_helper.from_array(np.asarray(value), name))
        return name

    def add(self, operator: str, *inputs: str, result: str = "", **attributes: Any) -> str:
        name = result or f"n{len(self.nodes)}"
        self.nodes.append(self.onnx.helper.make_node(operator, inputs, [name], **attributes))
        return name

    def cast(self, name: str, dtype: np.dtype[Any]) -> str:
        return self.add("Cast", name, to=self.kind(dtype))

    def kind(self, dtype: np.dtype[Any]) -> int:
        return int(self.onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def input(self, name: str, dtype: np.dtype[Any], shape: list[Any]) -> None:
        self.inputs.append(self.onnx.helper.make_tensor_value_info(name, self.kind(dtype), shape))

    def output(self, name: str, value: str, dtype: np.dtype[Any], shape: list[Any]) -> None:
        """Call a value an output of the model."""
        self.add("Identity", value, result=name)
        self.outputs.append(self.onnx.helper.make_tensor_value_info(name, self.kind(dtype), shape))

    def model(self, metadata: dict[str, str]) -> Any:
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
