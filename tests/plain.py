"""Networks in the order of the printed C: one rounded operation after the other, for all samples side by side.

NumPy rounds each operation on float32 or float64 arrays once, so these are the numbers that a compiler has to give.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spectral_core.exchange.rows import Rows
from spectral_core.kernels.cpu.dense import exponential_float32, exponential_float64


def exponentials(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """exp and expm1 by the printed lines, scalar by scalar."""
    form = exponential_float32 if x.dtype == np.float32 else exponential_float64
    pairs = np.array([form(value) for value in x.ravel()], x.dtype).reshape(-1, 2)
    return pairs[:, 0].reshape(x.shape), pairs[:, 1].reshape(x.shape)


def below(z: np.ndarray) -> np.ndarray:
    """z <= 0 by the sign bit: of the zeros only -0."""
    return (z < 0) | ((z == 0) & np.signbit(z))


def activation(name: str, z: np.ndarray) -> np.ndarray:
    """f(z), the operations of the theorems F in their order."""
    real = z.dtype.type
    one, two, negative = real(1), real(2), below(z)
    if name == "identity":
        return z
    if name == "relu":
        return np.where(negative, real(0), z)
    if name == "leaky_relu":
        return np.where(negative, real(0.01) * z, z)
    if name == "elu":
        return np.where(negative, exponentials(np.where(negative, z, real(0)))[1], z)
    if name == "tanh":
        m = exponentials(-two * np.abs(z))[1]
        product = one / (m + two) * m
        return np.where(negative, product, -product)
    e = exponentials(-np.abs(z))[0]
    d = one / (e + one)
    logistic = np.where(negative, e * d, d)
    return logistic if name == "sigmoid" else logistic * z


def forward(rows: Rows, x: np.ndarray, sparse: bool) -> np.ndarray:
    """z_K (samples, outputs) of features (samples, n_features), in the type of the rows."""
    buffer = [x[:, feature] for feature in rows.features]
    if rows.shift is not None:
        buffer = [column + shift for column, shift in zip(buffer, rows.shift, strict=True)]
    forms: list[tuple[Any, Any]] = list(zip(rows.weights, rows.senders, strict=True))
    if not sparse:
        pairs = zip(rows.layers, rows.dense(), strict=True)
        forms = [(row, np.arange(layer.first, layer.last)) for layer, matrix in pairs for row in matrix]
    outputs = []
    for k, (weights, senders) in enumerate(forms):
        z = np.full(len(x), rows.bias[k])
        for weight, sender in zip(weights, senders, strict=True):
            value = buffer[sender]
            z = np.where(value == 0, z, z + weight * value)
        if k < rows.n_hidden:
            buffer.append(activation(rows.activation, z))
        else:
            outputs.append(z)
    return np.stack(outputs, axis=1)


def softmax(z: np.ndarray) -> np.ndarray:
    """Probabilities (samples, classes) in the order of `NAME_predict`."""
    greatest = z[:, 0]
    for column in z.T[1:]:
        greatest = np.where(column > greatest, column, greatest)
    powers = [exponentials(column - greatest)[0] for column in z.T]
    total = z.dtype.type(0)
    for power in powers:
        total = total + power
    return np.stack([power * (z.dtype.type(1) / total) for power in powers], axis=1)


def classes(z: np.ndarray) -> np.ndarray:
    """The first of the greatest values of each sample, -1 where a value is not finite."""
    return np.where(np.isfinite(z).all(axis=1), np.argmax(np.where(np.isfinite(z), z, 0), axis=1), -1)
