"""Export to ONNX: a dense network becomes a graph of matrix products with its blocks W_ij. Needs onnx (extra `onnx`)."""

from __future__ import annotations

import json
import math
import os
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from spectral_core import checks
from spectral_core.errors import InvalidInputError
from spectral_core.files.onnx_graph import OnnxGraph, class_outputs
from spectral_core.kernels.support.activations import of_layer
from spectral_core.networks.compact import CompactNetwork
from spectral_core.networks.predictor import Predictor
from spectral_core.networks.spectral import SpectralNetwork

if TYPE_CHECKING:
    from spectral_core.networks.compact_image import CompactImageNetwork
    from spectral_core.networks.image import ImageNetwork
    from spectral_core.networks.image_model import ImageModel

OPERATORS = {"identity": "Identity", "relu": "Relu", "tanh": "Tanh", "sigmoid": "Sigmoid"}
"""Activations that are one operator; runtimes have it in float32 and float64."""
Exportable: TypeAlias = "SpectralNetwork | CompactNetwork | Predictor | ImageModel | ImageNetwork | CompactImageNetwork"


def export_onnx(model: Exportable, path: str | os.PathLike[str], *, double: bool = False) -> None:
    """Write a network, or a model with its scaling, as an ONNX model (opset 17) that can be used alone.

    Input ``X`` (samples, features): of a network in its own type; of a predictor float32, with `double` float64, in the units of
    the data. Outputs of a network: ``z`` (samples, outputs), the raw z_K. Of a regression predictor: ``variable`` (samples,
    outputs) in the units of the data. Of a classifier: ``label`` (samples,), a class as it stands in the data, and
    ``probabilities`` (samples, classes), the softmax of z_K. The metadata of a predictor hold `task`, `feature_names`,
    `target_names` and `classes`, the lists as JSON.

    A predictor that encodes raw columns is exported without its encoder: the input has the encoded features, which
    `feature_names` names, and the metadata have the key `encoder`.

    Of an image model, `ImageModel.to_onnx` says what is written. An image network, or its compact form, takes images as its
    `forward` does and gives ``z``, the logits (samples, classes); both are float32.

    Raises
    ------
    MissingDependencyError : onnx is not installed.
    InvalidInputError : `model` is neither a network nor a model; `double` is given with a network or a model of images.
    """
    if isinstance(model, (SpectralNetwork, CompactNetwork, Predictor)):
        _write_dense(model, path, checks.boolean(double, "double"))
    else:
        _write_images(model, path, checks.boolean(double, "double"))


def _write_dense(
    model: SpectralNetwork | CompactNetwork | Predictor, path: str | os.PathLike[str], double: bool
) -> None:
    """Write a dense network or its predictor."""
    graph, metadata = OnnxGraph(), {}
    if isinstance(model, Predictor):
        _predictor(graph, model, np.dtype(np.float64 if double else np.float32))
        metadata = _metadata(model)
    else:
        graph.input("X", model.dtype, ["samples", model.n_features])
        graph.output("z", _network(graph, model, "X"), model.dtype, ["samples", model.widths[-1]])
    graph.write(path, metadata)


def _write_images(model: Any, path: str | os.PathLike[str], double: bool) -> None:
    """Write an image network or its model; refuse everything else."""
    from spectral_core.networks.compact_image import CompactImageNetwork  # these import Numba
    from spectral_core.networks.image import ImageNetwork
    from spectral_core.networks.image_model import ImageModel
    from spectral_core.networks.image_onnx import write_image_onnx

    if not isinstance(model, (ImageModel, ImageNetwork, CompactImageNetwork)):
        raise InvalidInputError(
            f"only networks, predictors and image models can be exported; got {type(model).__name__}"
        )
    if double:
        raise InvalidInputError("double=True is not for images: runtimes have convolutions in float32 alone")
    if isinstance(model, ImageModel):
        model.to_onnx(path)
    else:
        write_image_onnx(model, path)


def _predictor(graph: OnnxGraph, model: Predictor, outer: np.dtype[Any]) -> None:
    """Add a predictor whose input and numeric outputs are of the type `outer`; between them it scales in float64."""
    network, double = model.network, np.dtype(np.float64)
    graph.input("X", outer, ["samples", network.n_features])
    # Scale and predict.
    x = "X" if outer == double else graph.cast("X", double)
    x = graph.add("Sub", x, graph.constant(model.inputs.mean))
    x = graph.add("Div", x, graph.constant(model.inputs.divisor))
    z = _network(graph, network, graph.cast(x, network.dtype))
    # The outputs, in the units of the data.
    if model.task == "classification":
        class_outputs(graph, z, model.classes, outer)
    elif model.task == "multilabel":
        _label_outputs(graph, model, z, outer)
    else:
        z = graph.add("Mul", graph.cast(z, double), graph.constant(model.outputs.deviation))
        z = graph.cast(graph.add("Add", z, graph.constant(model.outputs.mean)), outer)
        graph.output("variable", z, outer, ["samples", network.widths[-1]])


def _label_outputs(graph: OnnxGraph, model: Predictor, z: str, outer: np.dtype[Any]) -> None:
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


def _network(graph: OnnxGraph, network: SpectralNetwork | CompactNetwork, x: str) -> str:
    """z_K of the features x: z_i = Σ_{j<i} W_ij x_j, x_i = f(z_i)."""
    if isinstance(network, CompactNetwork):
        direct, features = network.direct, network.neurons[0]
        constant = network.original_widths[0] > network.n_features
    else:
        direct, features, constant = network, np.arange(network.widths[0]), network.bias
    if constant:
        one = graph.constant(np.ones(1, network.dtype))
        # A column of ones as long as x. It comes from the shape: 0 · (first feature) + 1 is NaN for infinite inputs.
        shape = graph.add("Concat", graph.length(x), graph.constant(np.array([1])), axis=0)
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
        values[i] = z if i == layers else _activation(graph, of_layer(direct.activation, i), z, direct.dtype)
    return values[layers]


def _activation(graph: OnnxGraph, name: str, z: str, dtype: np.dtype[Any]) -> str:
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
