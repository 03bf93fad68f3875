"""Checked arrays of a data set, the names of their columns, and what was taken for what."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from spectral_core.data.encoding import Encoder
from spectral_core.data.reading.table import Table


@dataclass(frozen=True, eq=False)
class Dataset:
    """Checked arrays and the names of their columns.

    Attributes
    ----------
    x : float64 (samples, features).
    y : float64 (samples, outputs) for regression, int64 class indices (samples,) for classification, float64 (samples, labels) of
        0 and 1 for several labels.
    task : 'regression', 'classification' or 'multilabel'.
    target_names : one per output; a single name for classification.
    classes : the sorted labels as found, `classes[y]` gives them back; else empty.
    standardize : whether scaling the columns is sensible.
    fresh : other points of the same distribution, where the source can draw them.
    rows : row numbers in the data that this is a part of; None for whole data.
    table, encoder : of a table in a file: its raw features, and the encoder that gave `x`; None for arrays.
    remarks : sentences on what was taken for what.
    weight : sample weights (samples,), where a column of them was named.
    group, time : values of the columns by which rows are split, where they were named.
    """

    name: str
    x: np.ndarray
    y: np.ndarray
    task: str
    feature_names: tuple[str, ...]
    target_names: tuple[str, ...]
    classes: tuple[Any, ...] = ()
    standardize: bool = True
    fresh: Dataset | None = None
    rows: np.ndarray | None = None
    table: Table | None = None
    encoder: Encoder | None = None
    remarks: tuple[str, ...] = ()
    weight: np.ndarray | None = None
    group: np.ndarray | None = None
    time: np.ndarray | None = None

    @property
    def raw(self) -> Table | np.ndarray:
        """The features as `Predictor.predict` takes them: raw rows of a table, or `x`."""
        return self.x if self.table is None else self.table

    @property
    def labels(self) -> np.ndarray:
        """The targets as `Predictor.score` takes them: numbers or labels (samples, outputs), or class labels (samples,)."""
        return np.asarray(self.classes)[self.y] if self.task == "classification" else self.y

    def take(self, rows: np.ndarray) -> Dataset:
        """A part of the data, by row numbers, with the same encoding; `rows` counts those of the whole."""
        weight, group, time = (
            None if values is None else values[rows] for values in (self.weight, self.group, self.time)
        )
        table = None if self.table is None else self.table.take(rows)
        numbers = rows if self.rows is None else self.rows[rows]
        return replace(
            self, x=self.x[rows], y=self.y[rows], rows=numbers, table=table, weight=weight, group=group, time=time
        )
