"""Training, validation and test rows: the only place that draws them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spectral_core import checks
from spectral_core.data.datasets import Dataset
from spectral_core.errors import DataFileError, InvalidInputError


def held_out(labels: np.ndarray | None, rows: int, fraction: float, generator: np.random.Generator) -> np.ndarray:
    """A mask of round(fraction · rows) samples, at least one, drawn at random; with labels, in proportion by class.

    One sample of each class always stays outside the mask. Raises `InvalidInputError` where none can be held out.
    """
    order = generator.permutation(rows)
    labels = np.zeros(rows, np.int64) if labels is None else labels[order]
    # Each class is spread evenly over (0, 1): the front of the common order then holds all classes in proportion.
    place = np.empty(rows)
    present = np.unique(labels)
    for label in present:
        members = np.flatnonzero(labels == label)
        place[members] = (np.arange(len(members)) + 0.5) / len(members)
        place[members[-1]] = np.inf
    if rows == len(present):
        raise InvalidInputError(f"{rows} sample(s) cannot be split: all are needed for training")
    count = min(max(1, round(fraction * rows)), rows - len(present))
    mask = np.zeros(rows, dtype=bool)
    mask[order[np.argsort(place, kind="stable")[:count]]] = True
    return mask


def split_rows(labels: np.ndarray | None, rows: int, fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the training and of the validation rows, both ascending; with labels, in proportion by class."""
    mask = held_out(labels, rows, fraction, np.random.default_rng((seed, 1)))
    return np.flatnonzero(~mask), np.flatnonzero(mask)


def train_test_split(dataset: Dataset, test_fraction: float, seed: int) -> tuple[Dataset, Dataset]:
    """Train and test part at random, in the order of the rows; for classification with each class in proportion.

    The test part has `test_fraction` of the rows, rounded, and at least one; each class keeps at least one row for
    training.
    """
    fraction = checks.real_number(test_fraction, "test_fraction", 0, 1, open_low=True, open_high=True)
    generator = np.random.default_rng(checks.integer(seed, "seed", 0))
    labels = dataset.y if dataset.task == "classification" else None
    try:
        test = held_out(labels, len(dataset.x), fraction, generator)
    except InvalidInputError as error:
        raise DataFileError(f"{dataset.name}: {error}") from None
    parts = (np.flatnonzero(~test), np.flatnonzero(test))
    training, testing = (replace(dataset, x=dataset.x[rows], y=dataset.y[rows], rows=rows) for rows in parts)
    return training, testing
