"""Training, validation and test rows: the only place that draws them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spectral_core import checks
from spectral_core.data.dataset import Dataset
from spectral_core.errors import DataFileError, InvalidInputError
from spectral_core.wording import counted

LEFT_OUT = "; rows of weight 0 are left out"
"""Ends a message on the rows that are left."""


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
        several = f", one of each of its {len(present)} classes" if len(present) > 1 else ""
        hint = "; if the classes are measurements, the task is regression" if several else ""
        raise InvalidInputError(
            f"{counted(rows, 'sample')} cannot be split: all are needed for training{several}{hint}"
        )
    count = min(max(1, round(fraction * rows)), rows - len(present))
    mask = np.zeros(rows, dtype=bool)
    mask[order[np.argsort(place, kind="stable")[:count]]] = True
    return mask


def held_out_with_weight(
    labels: np.ndarray | None, weights: np.ndarray | None, rows: int, fraction: float, generator: np.random.Generator
) -> np.ndarray:
    """`held_out` among the samples that have a weight: the others stay outside of the mask and do not count."""
    used = np.arange(rows) if weights is None else np.flatnonzero(weights)
    mask = np.zeros(rows, dtype=bool)
    try:
        mask[used] = held_out(None if labels is None else labels[used], len(used), fraction, generator)
    except InvalidInputError as error:
        raise InvalidInputError(f"{error}{LEFT_OUT if len(used) < rows else ''}") from None
    return mask


def split_rows(
    labels: np.ndarray | None, weights: np.ndarray | None, rows: int, fraction: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the training and of the validation rows, both ascending; with labels, in proportion by class.

    Rows of weight 0 are in neither.
    """
    judging = held_out_with_weight(labels, weights, rows, fraction, np.random.default_rng((seed, 1)))
    training = ~judging if weights is None else ~judging & (weights > 0)
    return np.flatnonzero(training), np.flatnonzero(judging)


def train_test_split(dataset: Dataset, test_fraction: float, seed: int) -> tuple[Dataset, Dataset]:
    """Train and test part at random, in the order of the rows; for classification with each class in proportion.

    The test part has `test_fraction` of the rows, rounded, and at least one; each class keeps at least one row for
    training. Rows of weight 0 do not count: drawn at random, no test row is one of them. Data with groups put whole groups
    aside; data with times put the last rows aside. The encoder of a table is fitted to the training part.
    """
    fraction = checks.real_number(test_fraction, "test_fraction", 0, 1, open_low=True, open_high=True)
    generator = np.random.default_rng(checks.integer(seed, "seed", 0))
    return divided(dataset, put_aside(dataset, fraction, generator))


def put_aside(dataset: Dataset, fraction: float, generator: np.random.Generator) -> np.ndarray:
    """A mask of the rows that are put aside: by groups, by time, or at random."""
    labels = dataset.y if dataset.task == "classification" else None
    try:
        if dataset.group is not None:
            return _whole_groups(dataset.group, fraction, generator)
        if dataset.time is not None:
            return _last_rows(dataset.time, fraction)
        return held_out_with_weight(labels, dataset.weight, len(dataset.x), fraction, generator)
    except InvalidInputError as error:
        raise DataFileError(f"{dataset.name}: {error}") from None


def divided(dataset: Dataset, mask: np.ndarray) -> tuple[Dataset, Dataset]:
    """The rows outside of a mask and those inside; the encoder of a table is fitted to the former alone."""
    if dataset.task == "classification" and len(np.unique(dataset.y[~mask])) < len(np.unique(dataset.y)):
        gone = sorted(set(dataset.y.tolist()) - set(dataset.y[~mask].tolist()))
        raise DataFileError(f"{dataset.name}: the training part has no row of the class {dataset.classes[gone[0]]!r}")
    training, other = dataset.take(np.flatnonzero(~mask)), dataset.take(np.flatnonzero(mask))
    training, other = encoded_alike(training, other)
    return training, other


def encoded_alike(training: Dataset, *others: Dataset) -> tuple[Dataset, ...]:
    """Parts of one table, encoded by its encoder fitted to the training part; other data as they are."""
    if training.encoder is None or training.encoder.is_identity or training.table is None:
        return training, *others
    encoder = training.encoder.refitted(training.table)
    return tuple(
        replace(part, x=encoder.transform(part.table), encoder=encoder, feature_names=encoder.feature_names)
        for part in (training, *others)
    )


def _whole_groups(groups: np.ndarray, fraction: float, generator: np.random.Generator) -> np.ndarray:
    """A mask of whole groups, drawn at random until the share of the rows is reached; at least one group stays outside."""
    names, sizes = np.unique(groups, return_counts=True)
    if len(names) < 2:
        raise InvalidInputError(f"a split by groups needs at least two; all rows are of the group {str(names[0])!r}")
    order = generator.permutation(len(names))[:-1]
    before = np.cumsum(sizes[order]) - sizes[order]
    return np.isin(groups, names[order[before < fraction * len(groups)]])


def _last_rows(times: np.ndarray, fraction: float) -> np.ndarray:
    """A mask of the last rows by time; rows of one time stay on one side."""
    order = np.sort(times)
    first = order[len(times) - min(max(1, round(fraction * len(times))), len(times) - 1)]
    mask = times >= first
    if mask.all():
        mask = times > first
    if not mask.any():
        raise InvalidInputError("a split by time needs different times; all rows have the same")
    return mask
