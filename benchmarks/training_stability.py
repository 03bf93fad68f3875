"""How far does the training loss rise above its least value so far, with which schedule?

The linear seed of `search` on the four built-in sets: 300 hidden neurons, group penalty 1e-3, 300 epochs, 70 % of the rows, inputs
(and targets of a regression) standardised. A row gives the worst rise of all splits: the training loss of an epoch over
the least of the epochs before. The note gives the mean test score.
"""

from typing import Any

import numpy as np

from benchmarks.rows import Row, row
from spectral_core import SpectralNetwork, train
from spectral_core.data.datasets import load
from spectral_core.data.preparation import prepare
from spectral_core.data.splitting import train_test_split

SEEDS = range(3)
SETS = ("digits", "wine", "breast_cancer", "diabetes")
LIMIT = 10.0
"""The worst rise that the recommended settings may show."""
SMOOTHED = "cosine, eigenvalues 0.01, label_smoothing 0.05"
SETTINGS: dict[str, dict[str, Any]] = {
    "constant, eigenvalues 0.05": {"eigenvalue_learning_rate": 0.05},
    "constant, eigenvalues 0.05, clip_norm 0.1": {"eigenvalue_learning_rate": 0.05, "clip_norm": 0.1},
    "cosine, eigenvalues 0.05": {"eigenvalue_learning_rate": 0.05, "schedule": "cosine"},
    "cosine, eigenvalues 0.01": {"eigenvalue_learning_rate": 0.01, "schedule": "cosine"},
    "cosine, eigenvalues 0.005": {"eigenvalue_learning_rate": 0.005, "schedule": "cosine"},
    SMOOTHED: {"eigenvalue_learning_rate": 0.01, "schedule": "cosine", "label_smoothing": 0.05},
}
RECOMMENDED = ("cosine, eigenvalues 0.005", SMOOTHED)


def worst_rise(losses: list[float]) -> float:
    """The greatest quotient of a loss and the least loss up to it."""
    return float(np.max(np.asarray(losses) / np.minimum.accumulate(losses)))


def one(name: str, options: dict[str, Any], seed: int) -> tuple[float, float]:
    """The worst rise of one training, and its score on the test rows: accuracy or R²."""
    training, test = train_test_split(load(name), 0.3, seed)
    classifies = training.task == "classification"
    labels = np.asarray(training.classes)
    target, truth = (labels[training.y], labels[test.y]) if classifies else (training.y, test.y)
    data = prepare(training.x, target, training.task, (test.x, truth), 0.2, True, seed)
    net = SpectralNetwork.initialize([data.x.shape[1], 300, data.n_outputs], bias=True, seed=seed)
    common = {"epochs": 300, "batch_size": 32, "penalty_strength": 1e-3, "seed": seed, "backend": "cpu"}
    result = train(net, data.x, data.y, loss=data.loss, **common, **options)
    output = result.network.forward(data.x_valid)
    if classifies:
        score = float((output.argmax(axis=1) == data.y_valid).mean())
    else:
        score = float(
            1 - ((output - data.y_valid) ** 2).sum() / ((data.y_valid - data.y_valid.mean(axis=0)) ** 2).sum()
        )
    return worst_rise(result.history.training_loss), score


def measure() -> list[Row]:
    """The worst rise by data set and setting."""
    rows = []
    for name in SETS:
        for setting, options in SETTINGS.items():
            if "label_smoothing" in options and load(name).task != "classification":
                continue
            rises, scores = zip(*(one(name, options, seed) for seed in SEEDS), strict=True)
            target = {"at_most": LIMIT} if setting in RECOMMENDED else {}
            rows.append(row(f"{name}: {setting}", max(rises), "", f"test score {np.mean(scores):.3f}", **target))
    return rows
