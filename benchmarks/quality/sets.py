"""The sets of data: four built-in ones, friedman1, the real tables, Fashion-MNIST; their splits and sizes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine, make_friedman1
from sklearn.model_selection import train_test_split

FOLDER = Path(__file__).parents[1] / ".data"
"""Where `benchmarks.quality.real_tables` writes; git ignores it."""
BUILT_IN = {"digits": load_digits, "wine": load_wine, "breast_cancer": load_breast_cancer, "diabetes": load_diabetes}
CHOOSING = (*BUILT_IN, "friedman1")
"""The half of the sets on which defaults are chosen."""
TABLES = ("concrete", "cells", "leaves", "churn", "houses", "credit", "spam", "bicycles", "diamonds")
FASHIONS = {"fashion_10000": 10_000, "fashion_60000": 60_000}
JUDGING = (*TABLES, *FASHIONS)
"""The other half: looked at only when the defaults are fixed."""
SETS = (*CHOOSING, *JUDGING)
SPLITS = {"diamonds": 2, "fashion_10000": 2, "fashion_60000": 1}
"""Random splits of each set, eight where nothing is said; the test rows of Fashion-MNIST are always the same."""
LARGE = 10_000
"""Training rows from which the peers take batches of 128 and 30 epochs, as one training takes minutes there."""
SIZES = (5, 10, 25, 50, 100, 150, 250, 400, 800, 1600, 4000, 8000)


@dataclass(frozen=True, eq=False)
class Split:
    """Rows to fit and rows to test: x (rows, inputs), y (rows,) real or class numbers from 0; `task` as in `search`."""

    x: np.ndarray
    y: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    task: str

    @property
    def classifies(self) -> bool:
        return self.task == "classification"

    @property
    def outputs(self) -> int:
        """Classes, or 1."""
        return int(self.y.max()) + 1 if self.classifies else 1

    def scaled(self) -> Split:
        """Inputs, and the target of a regression, of mean 0 and deviation 1 on the training rows."""
        mean, deviation = self.x.mean(axis=0), self.x.std(axis=0)
        deviation = np.where(deviation > 0, deviation, 1)
        x, x_test = (((part - mean) / deviation).astype(np.float32) for part in (self.x, self.x_test))
        if self.classifies:
            return Split(x, self.y, x_test, self.y_test, self.task)
        center, spread = self.y.mean(), self.y.std()
        return Split(x, (self.y - center) / spread, x_test, (self.y_test - center) / spread, self.task)

    def score(self, output: np.ndarray) -> float:
        """Accuracy of outputs (rows, outputs) on the test rows, or R²."""
        if self.classifies:
            return float((output.argmax(axis=1) == self.y_test).mean())
        rest, spread = (self.y_test - output.ravel()) ** 2, (self.y_test - self.y_test.mean()) ** 2
        return float(1 - rest.sum() / spread.sum())


def available(name: str) -> bool:
    """Whether the files of a set are here."""
    if name in FASHIONS:
        return (FOLDER / "fashion.npz").exists()
    return name in CHOOSING or (FOLDER / f"{name}.npz").exists()


@cache
def table(name: str) -> tuple[np.ndarray, np.ndarray, str]:
    """x, y and the task of a set."""
    if name in BUILT_IN:
        x, y = BUILT_IN[name](return_X_y=True)
        return x, y, "regression" if name == "diabetes" else "classification"
    if name == "friedman1":
        return *make_friedman1(2000, n_features=20, noise=1.0, random_state=0), "regression"
    with np.load(FOLDER / f"{name}.npz") as file:
        return file["x"], file["y"], str(file["task"])


@cache
def fashion() -> dict[str, np.ndarray]:
    """x, y, x_test, y_test of Fashion-MNIST."""
    with np.load(FOLDER / "fashion.npz") as file:
        return dict(file)


def split(name: str, number: int) -> Split:
    """A split in the ratio 80 to 20, stratified by class; of Fashion-MNIST a part of its training rows, and its test rows."""
    if name in FASHIONS:
        data, count = fashion(), FASHIONS[name]
        x, x_test = (data[part].reshape(-1, 784).astype(np.float32) / 255 for part in ("x", "x_test"))
        rows = np.sort(np.random.default_rng(number).permutation(len(x))[:count])
        return Split(x[rows], data["y"][rows].astype(int), x_test, data["y_test"].astype(int), "classification")
    x, y, task = table(name)
    parts = train_test_split(x, y, test_size=0.2, stratify=y if task == "classification" else None, random_state=number)
    return Split(parts[0], parts[2], parts[1], parts[3], task)


def sizes(name: str, hidden: int) -> list[int]:
    """The sizes at which networks are compared: up to a third of an MLP's weights, and from two for each class on."""
    data = split(name, 0)
    least = 2 * data.outputs if data.outputs > 2 else 5
    full = hidden * (data.x.shape[1] + data.outputs)
    return [size for size in SIZES if least <= size <= full / 3]
