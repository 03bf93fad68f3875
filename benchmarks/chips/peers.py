"""Run by the Python of another environment: a network as the C of emlearn and of emx-onnx-cgen.

`python peers.py NETWORK.npz FOLDER`: coefficients and biases by layer (`w0`, `b0`, ...), `activation`, `classifies`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np


def emlearn_file(layers: list[tuple[np.ndarray, np.ndarray]], activation: str, classifies: bool, path: Path) -> None:
    """emlearn's `loadable` form, made of a scikit-learn model with these weights."""
    import emlearn
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    sizes = tuple(len(b) for _, b in layers[:-1])
    rows = np.zeros((4, layers[0][0].shape[0])), np.arange(4) % layers[-1][0].shape[1]
    kind = MLPClassifier if classifies else MLPRegressor
    model = kind(hidden_layer_sizes=sizes, activation=activation, max_iter=1).fit(rows[0], rows[1])
    model.coefs_, model.intercepts_ = [w for w, _ in layers], [b for _, b in layers]
    emlearn.convert(model, method="loadable", dtype="float").save(file=str(path), name="peer")


def emx_file(layers: list[tuple[np.ndarray, np.ndarray]], activation: str, classifies: bool, path: Path) -> None:
    """emx-onnx-cgen, of a graph of Gemm, activation, Gemm and Softmax."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    nodes, constants, x = [], [], "x"
    for i, (w, b) in enumerate(layers):
        constants += [numpy_helper.from_array(w, f"w{i}"), numpy_helper.from_array(b, f"b{i}")]
        nodes.append(helper.make_node("Gemm", [x, f"w{i}", f"b{i}"], [f"z{i}"]))
        x = f"z{i}"
        if i < len(layers) - 1:
            nodes.append(helper.make_node({"relu": "Relu", "tanh": "Tanh"}[activation], [x], [f"x{i}"]))
            x = f"x{i}"
    if classifies:
        nodes.append(helper.make_node("Softmax", [x], ["out"]))
        x = "out"
    n, outputs = layers[0][0].shape[0], layers[-1][0].shape[1]
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, n])],
        [helper.make_tensor_value_info(x, TensorProto.FLOAT, [1, outputs])], constants,
    )  # fmt: skip
    model = path.with_suffix(".onnx")
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(model))
    program = Path(sys.executable).parent / "emx-onnx-cgen"
    subprocess.run([program, "compile", str(model), str(path), "--model-name", "peer"], check=True)


def main() -> None:
    stored, folder = np.load(sys.argv[1]), Path(sys.argv[2])
    count = sum(name.startswith("w") for name in stored)
    layers = [(stored[f"w{i}"].astype(np.float32), stored[f"b{i}"].astype(np.float32)) for i in range(count)]
    given = layers, str(stored["activation"]), bool(stored["classifies"])
    emlearn_file(*given, folder / "emlearn.h")
    emx_file(*given, folder / "emx.c")


if __name__ == "__main__":
    main()
