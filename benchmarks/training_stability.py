"""How far does the training loss rise above its least value so far, with which schedule?

The linear seed of `search` on the four built-in sets: 300 hidden neurons, group penalty 1e-3, 300 epochs, 70 % of the rows, inputs
(and targets of a regression) standardised. A row gives the worst rise of all splits: the training loss of an epoch over
the least of the epochs before. The note gives the mean test score, the greatest eigenvalue of the output after any epoch, and
how many of the 300 eigenvalues of the hidden layer are not exactly 0 at the end.

The first rows are the trainings of `search` with its defaults: on the built-in sets, the target of the first experiment at α = 1, and,
where `benchmarks.quality.real_tables` has written it, 10,000 images of Fashion-MNIST.
"""

from typing import Any

import numpy as np

from benchmarks.quality import sets
from benchmarks.rows import Row, row
from spectral_core import SpectralNetwork, search, train
from spectral_core.data.datasets import load
from spectral_core.data.preparation import prepare
from spectral_core.data.splitting import train_test_split
from spectral_core.training.results import Progress

SEEDS = range(3)
SETS = ("digits", "wine", "breast_cancer", "diabetes")
LIMIT = 10.0
"""The worst rise that the recommended settings may show."""
SMOOTHED = "cosine, eigenvalues 0.01, label_smoothing 0.05"
EIGENVALUES_01: dict[str, Any] = {"eigenvalue_learning_rate": 0.01, "schedule": "cosine"}
EXACT_ZEROS: dict[str, Any] = {"proximal": True, "penalty": "l1", "penalty_strength": 0.2}
SETTINGS: dict[str, dict[str, Any]] = {
    "constant, eigenvalues 0.05": {"eigenvalue_learning_rate": 0.05},
    "constant, eigenvalues 0.05, fixed_ends": {"eigenvalue_learning_rate": 0.05, "fixed_ends": True},
    "constant, eigenvalues 0.05, clip_norm 0.1": {"eigenvalue_learning_rate": 0.05, "clip_norm": 0.1},
    "cosine, eigenvalues 0.05": {"eigenvalue_learning_rate": 0.05, "schedule": "cosine"},
    "cosine, eigenvalues 0.01": EIGENVALUES_01,
    "cosine, eigenvalues 0.01, fixed_ends": EIGENVALUES_01 | {"fixed_ends": True},
    "cosine, eigenvalues 0.01, fixed_ends, proximal l1 of 0.2": EIGENVALUES_01 | {"fixed_ends": True} | EXACT_ZEROS,
    "cosine, eigenvalues 0.005": {"eigenvalue_learning_rate": 0.005, "schedule": "cosine"},
    SMOOTHED: EIGENVALUES_01 | {"label_smoothing": 0.05},
}
RECOMMENDED = (
    "cosine, eigenvalues 0.005",
    "cosine, eigenvalues 0.01, fixed_ends",
    "cosine, eigenvalues 0.01, fixed_ends, proximal l1 of 0.2",
    SMOOTHED,
)


def worst_rise(losses: list[float]) -> float:
    """The greatest quotient of a loss and the least loss up to it."""
    return float(np.max(np.asarray(losses) / np.minimum.accumulate(losses)))


def one(name: str, options: dict[str, Any], seed: int) -> tuple[float, float, float, int]:
    """The worst rise of one training, its score on the test rows (accuracy or R²), the greatest |λ| of the output after
    any epoch, and the hidden neurons whose eigenvalue is not 0 at the end."""
    training, test = train_test_split(load(name), 0.3, seed)
    classifies = training.task == "classification"
    labels = np.asarray(training.classes)
    target, truth = (labels[training.y], labels[test.y]) if classifies else (training.y, test.y)
    data = prepare(training.x, target, training.task, (test.x, truth), 0.2, True, seed)
    net = SpectralNetwork.initialize([data.x.shape[1], 300, data.n_outputs], bias=True, seed=seed)
    common = {"epochs": 300, "batch_size": 32, "penalty_strength": 1e-3, "seed": seed, "backend": "cpu"}
    greatest: list[float] = []

    def note(progress: Progress[SpectralNetwork]) -> None:
        greatest.append(float(np.abs(progress.network.eigenvalues[-1]).max()))

    result = train(net, data.x, data.y, loss=data.loss, callbacks=[note], **(common | options))
    output = result.network.forward(data.x_valid)
    if classifies:
        score = float((output.argmax(axis=1) == data.y_valid).mean())
    else:
        score = float(
            1 - ((output - data.y_valid) ** 2).sum() / ((data.y_valid - data.y_valid.mean(axis=0)) ** 2).sum()
        )
    living = int(np.count_nonzero(result.network.eigenvalues[1]))
    return worst_rise(result.history.training_loss), score, max(greatest), living


def of_search(name: str, seed: int) -> float:
    """The worst rise of the spectral training of a search."""
    if name in sets.FASHIONS:
        data = sets.split(name, seed)
        return worst_rise(search(data.x, data.y, task=data.task, seed=seed, sizes=(1_600,)).history.training_loss)
    data = load(name, **({"alpha": 1.0, "beta": 5.0, "seed": seed} if name == "sparcs" else {}))
    target = np.asarray(data.classes)[data.y] if data.task == "classification" else data.y
    return worst_rise(search(data.x, target, task=data.task, seed=seed, sizes=(10,)).history.training_loss)


def measure() -> list[Row]:
    """The worst rise by data set and setting."""
    rows = []
    for name in (*SETS, "sparcs", "fashion_10000"):
        if name in SETS or name == "sparcs" or sets.available(name):
            rises = [of_search(name, seed) for seed in (SEEDS if name not in sets.FASHIONS else (0,))]
            rows.append(row(f"{name}: search", max(rises), "", spread=(min(rises), max(rises)), at_most=LIMIT))
    for name in SETS:
        for setting, options in SETTINGS.items():
            if "label_smoothing" in options and load(name).task != "classification":
                continue
            rises, scores, outputs, living = zip(*(one(name, options, seed) for seed in SEEDS), strict=True)
            target = {"at_most": LIMIT} if setting in RECOMMENDED else {}
            note = (
                f"test score {np.mean(scores):.3f}, |λ| of the output {max(outputs):.1f}, {np.mean(living):.0f} not 0"
            )
            rows.append(row(f"{name}: {setting}", max(rises), "", note, **target))
    return rows
