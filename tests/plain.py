"""Networks in the order of the printed C: one rounded operation after the other, for all samples side by side.

NumPy rounds each operation on float32 or float64 arrays once, so these are the numbers that a compiler has to give. Exponential and
activations are the printed plain reference, scalar by scalar.
"""

from __future__ import annotations

import math
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np

from derivations.codegen.javascript.module import plain_text
from spectral_core.exchange.c_trainable import TrainableForm
from spectral_core.exchange.rows import Rows
from spectral_core.kernels.tables import ACTIVATIONS


@cache
def printed(form: str) -> dict[str, Any]:
    """The functions of the plain reference with all operations in `float32` or `float64`, also those of erfc."""
    real, bits = np.dtype(form).type, {"float32": (np.uint32, 12), "float64": (np.uint64, 32)}[form]

    def half_of_the_digits(x: Any) -> Any:
        unsigned = real(x).view(bits[0])
        return ((unsigned >> bits[1]) << bits[1]).view(real)

    space: dict[str, Any] = {"np": np, "float32": half_of_the_digits}
    exec(plain_text(), space)
    space["exponential"] = space["exponential_float64"] = space[f"exponential_{form}"]
    others = {name: getattr(math, name) for name in ("inf", "nan", "log", "log1p", "isfinite")}
    space["math"] = SimpleNamespace(erfc=space["erfc"], **others)
    return space


def exponentials(x: np.ndarray) -> np.ndarray:
    """exp(x)."""
    exponential = printed(x.dtype.name)["exponential"]
    return np.array([exponential(value)[0] for value in x.ravel()], x.dtype).reshape(x.shape)


def activation(name: str, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """f(z) and f'(z)."""
    pre, post = z.ravel().copy(), np.zeros(z.size, z.dtype)
    printed(z.dtype.name)["activate"](ACTIVATIONS.index(name), pre, post, z.size)
    return post.reshape(z.shape), pre.reshape(z.shape)


def forward(rows: Rows, x: np.ndarray, sparse: bool) -> np.ndarray:
    """z_K (samples, outputs) of features (samples, n_features), in the type of the rows."""
    buffer = [x[:, feature] for feature in rows.features]
    if rows.shift is not None:
        buffer = [column + shift for column, shift in zip(buffer, rows.shift, strict=True)]
    forms: list[tuple[Any, Any]] = list(zip(rows.weights, rows.senders, strict=True))
    if not sparse:
        pairs = zip(rows.layers, rows.dense(), strict=True)
        forms = [(row, np.arange(layer.first, layer.last)) for layer, matrix in pairs for row in matrix]
        for k in range(rows.n_hidden, rows.n_hidden + rows.n_constant_outputs):
            forms[k] = (forms[k][0][:0], forms[k][1][:0])
    outputs = []
    for k, (weights, senders) in enumerate(forms):
        z = np.full(len(x), rows.bias[k])
        for weight, sender in zip(weights, senders, strict=True):
            value = buffer[sender]
            z = np.where(value == 0, z, z + weight * value)
        if k < rows.n_hidden:
            buffer.append(activation(rows.activation, z)[0])
        else:
            outputs.append(z)
    return np.stack(outputs, axis=1)


def softmax(z: np.ndarray) -> np.ndarray:
    """Probabilities (samples, classes) in the order of `NAME_predict`."""
    greatest = z[:, 0]
    for column in z.T[1:]:
        greatest = np.where(column > greatest, column, greatest)
    powers = [exponentials(column - greatest) for column in z.T]
    total = z.dtype.type(0)
    for power in powers:
        total = total + power
    return np.stack([power * (z.dtype.type(1) / total) for power in powers], axis=1)


def classes(z: np.ndarray) -> np.ndarray:
    """The first of the greatest values of each sample, -1 where a value is not finite."""
    return np.where(np.isfinite(z).all(axis=1), np.argmax(np.where(np.isfinite(z), z, 0), axis=1), -1)


def scaled_inputs(form: TrainableForm, x: np.ndarray) -> np.ndarray:
    """The numbers of one sample that the network reads, as the file scales them."""
    read = x[form.rows.features]
    if form.inputs is None:
        return read
    shift, factor = (-form.inputs.mean).astype(x.dtype), (1 / form.inputs.divisor).astype(x.dtype)
    return (read + shift) * factor


def gradient(form: TrainableForm, z: np.ndarray, target: Any) -> np.ndarray:
    """∂ℓ/∂z_K of one sample by the plain programs."""
    space, real, n = printed(z.dtype.name), z.dtype.type, len(z)
    dz, weight = z.copy(), np.ones(1, z.dtype)
    if form.task == "classification":
        space["cross_entropy"](dz, np.array([target]), weight, 1.0, 0.0, 0.0, 1, n)
        return dz
    y = np.asarray(target, z.dtype)
    if form.outputs is not None:
        y = (y - form.outputs.mean.astype(z.dtype)) * (1 / form.outputs.divisor).astype(z.dtype)
    name = "squared_error" if form.task == "regression" else "binary_cross_entropy"
    space[name](dz, y, weight, real(1 / n), 1, n)
    return dz


def propagated(form: TrainableForm, w: np.ndarray, x: np.ndarray) -> tuple[list[Any], list[Any], np.ndarray]:
    """Activations of all neurons, slopes of the hidden ones and z_K of one sample."""
    rows, starts = form.rows, starts_of(form)
    values, slopes, z = list(scaled_inputs(form, x)), [], []
    for k, senders in enumerate(rows.senders):
        total = w[starts[k]]
        for weight, sender in zip(w[starts[k] + 1 : starts[k + 1]], senders, strict=True):
            total = total if values[sender] == 0 else total + weight * values[sender]
        if k < rows.n_hidden:
            value, slope = activation(rows.activation, np.array([total]))
            values.append(value[0])
            slopes.append(slope[0])
        else:
            z.append(total)
    return values, slopes, np.array(z)


def starts_of(form: TrainableForm) -> np.ndarray:
    """Where the numbers of each row begin."""
    return np.cumsum([0, *(len(row) + 1 for row in form.rows.weights)])


def trained(form: TrainableForm, w: np.ndarray, x: np.ndarray, target: Any, rate: float, every: bool) -> np.ndarray:
    """The weights after one step for one sample: rows from the last to the first, senders in their order."""
    rows, real, starts, w = form.rows, x.dtype.type, starts_of(form), w.copy()
    values, slopes, z = propagated(form, w, x)
    dz, dx = gradient(form, z, target), np.zeros(rows.n_hidden, x.dtype)
    for k in reversed(range(0 if every else rows.n_hidden, len(rows.bias))):
        delta = dx[k] * slopes[k] if k < rows.n_hidden else dz[k - rows.n_hidden]
        for place, sender in enumerate(rows.senders[k].tolist(), starts[k] + 1):
            if sender >= rows.n_used:
                dx[sender - rows.n_used] += w[place] * delta
            w[place] = -real(rate) * (delta * values[sender]) + w[place]
        if form.constant:
            w[starts[k]] = -real(rate) * delta + w[starts[k]]
    return w
