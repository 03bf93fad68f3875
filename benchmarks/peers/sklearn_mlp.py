"""scikit-learn's MLP of the same widths. Not the same model: no skip connections, no spectrum, no penalty on it, and
an intercept in every layer."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from sklearn.neural_network import MLPClassifier, MLPRegressor

from benchmarks.tasks import Task


class Mlp:
    """A `partial_fit` is one epoch of mini-batches in a new order."""

    def __init__(self, task: Task) -> None:
        self.task, self.model = task, network(task, solver="adam", learning_rate_init=1e-3)

    def run(self, epochs: int) -> float:
        x, y = data(self.task)
        start = time.perf_counter()
        for _ in range(epochs):
            self.model.partial_fit(x, y)
        return time.perf_counter() - start

    def loss_and_gradients(self) -> tuple[float, list[np.ndarray]]:
        """By one step of plain gradient descent at rate 1, scaled to our squared error: a mean over outputs, no half."""
        other = network(self.task, solver="sgd", learning_rate_init=1.0, momentum=0.0, nesterovs_momentum=False)
        for weight, value in zip(other.coefs_, self.model.coefs_, strict=True):
            weight[...] = value
        x, y = data(self.task)
        other.partial_fit(x[: self.task.batch], y[: self.task.batch])
        loss_scale, scale = (2, 2 / self.task.widths[-1]) if self.task.loss == "squared_error" else (1, 1)
        steps = [(old - new).T for old, new in zip(self.model.coefs_, other.coefs_, strict=True)]
        return loss_scale * other.loss_, [scale * step for step in steps]

    def parameters(self) -> list[np.ndarray]:
        return [weight.T.copy() for weight in self.model.coefs_]


def data(task: Task) -> tuple[np.ndarray, np.ndarray]:
    x, y = task.data
    return x, y.ravel() if task.widths[-1] == 1 else y


def network(task: Task, **options: Any) -> MLPClassifier | MLPRegressor:
    """With the start of the task: a first `partial_fit` makes the arrays, which are then overwritten."""
    home = MLPClassifier if task.loss == "cross_entropy" else MLPRegressor
    model = home(hidden_layer_sizes=task.widths[1:-1], batch_size=task.batch, alpha=0.0, random_state=0, **options)
    x, y = data(task)
    labels = {"classes": np.arange(task.widths[-1])} if task.loss == "cross_entropy" else {}
    model.partial_fit(x[: task.batch], y[: task.batch], **labels)
    phi, lam = task.start
    for i, (weight, intercept) in enumerate(zip(model.coefs_, model.intercepts_, strict=True)):
        weight[...] = (phi[i] * (lam[i] - lam[i + 1][:, None])).T
        intercept[...] = 0
    return model


def make(task: Task) -> Mlp:
    return Mlp(task)
