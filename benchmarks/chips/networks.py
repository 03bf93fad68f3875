"""The networks that are measured on chips: four of scikit-learn, and what a search finds."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from spectral_core import Predictor
from spectral_core.architecture.result import SearchResult
from spectral_core.data import datasets, splitting
from spectral_core.exchange import from_sklearn

HIDDEN = {"digits": 20, "wine": 10, "breast_cancer": 8, "sensor": 16}


@dataclass(frozen=True, eq=False)
class Measured:
    """A network with rows that calibrate it and rows that judge it.

    layers : weights (senders, receivers) and biases by layer for the peers, of inputs in the units of the data; none of a found
    network.
    """

    name: str
    model: Predictor
    training: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]
    layers: list[tuple[np.ndarray, np.ndarray]]
    activation: str


def sensor(rows: int = 1000) -> tuple[np.ndarray, np.ndarray]:
    """A task like that of a sensor: six channels, two smooth effects, a little noise."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(rows, 6))
    return x, np.tanh(x[:, 0] - x[:, 1]) + np.sin(x[:, 2]) + 0.02 * generator.normal(size=rows)


def parts(name: str) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Training and test rows."""
    if name == "sensor":
        x, y = sensor()
        return (x[:700], y[:700]), (x[700:], y[700:])
    training, test = splitting.train_test_split(datasets.load(name), 0.3, 0)
    return (training.x, training.labels), (test.x, test.labels)


def of_sklearn(name: str) -> Measured:
    """A dense network of scikit-learn, its standardisation folded into the first layer for the peers."""
    training, test = parts(name)
    kind = MLPRegressor if name == "sensor" else MLPClassifier
    activation = "tanh" if name == "sensor" else "relu"
    mlp = kind(hidden_layer_sizes=(HIDDEN[name],), activation=activation, max_iter=1000, random_state=0)
    pipeline = make_pipeline(StandardScaler(), mlp)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        pipeline.fit(*training)
    scaler, mlp = pipeline[0], pipeline[1]
    weights, biases = [w.copy() for w in mlp.coefs_], [b.copy() for b in mlp.intercepts_]
    biases[0] -= (scaler.mean_ / scaler.scale_) @ weights[0]
    weights[0] /= scaler.scale_[:, None]
    return Measured(name, from_sklearn(pipeline), training, test, list(zip(weights, biases, strict=True)), activation)


def found(name: str, folder: Path, weights: int | None = None) -> Measured:
    """What `spectral-core search NAME --out FOLDER/NAME` found, or its largest network of at most so many weights."""
    training, test = parts(name)
    result = SearchResult.load(folder / name)
    model = result.compact_predictor if weights is None else result.at(weights=weights)
    title = f"{name}, found" + ("" if weights is None else f", at most {weights} weights")
    return Measured(title, model, training, test, [], model.network.activation)
