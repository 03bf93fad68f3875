"""The data of a command that takes a saved model: its features, its target, and what the model knows of the rows."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spectral_core.cli import data_options
from spectral_core.errors import InvalidInputError

if TYPE_CHECKING:
    import numpy as np

    from spectral_core.data.fingerprints import Origin
    from spectral_core.networks.predictor import Predictor

    Scored = tuple[np.ndarray, np.ndarray, str, np.ndarray | None]
    """Features and targets of rows to score, a sentence on them, and their weights."""


@dataclass(frozen=True, eq=False)
class ModelData:
    """Rows in the units of the data.

    x : (samples, features), encoded. y : labels (samples,) or targets (samples, outputs). origin : of these data.
    rows : row numbers by part, where the model was made from these data; else none. fresh : further test rows (X, y), of a
    built-in set that has them apart. weights : of the rows (samples,), where a column of them was named.
    """

    x: np.ndarray
    y: np.ndarray
    origin: Origin
    rows: Mapping[str, np.ndarray]
    fresh: tuple[Any, Any] | None = None
    weights: np.ndarray | None = None

    def scored(self, sentence: str, rows: np.ndarray | slice = slice(None)) -> Scored:
        """These rows, by default all, with a sentence on them."""
        return self.x[rows], self.y[rows], sentence, None if self.weights is None else self.weights[rows]


def model_data(options: argparse.Namespace, model: Predictor) -> ModelData:
    """Read the features of a model and its target from the file or built-in set `options.data`; the features are encoded."""
    from spectral_core.data.fingerprints import origin_of

    source = options.data
    found = data_options.load_for(model, source, options)
    data_options.note(found.remarks, found.name)
    if getattr(options, "weight", "") and found.weight is None:
        raise InvalidInputError(f"--weight names a column of a table; {source} has none")
    x, y = found.x, found.labels
    origin = origin_of(source, found.x, y, None)
    rows = known_rows(model, origin, len(x))
    fresh = None
    if found.fresh is not None and rows:
        _, _, test = parts_of_fresh(found)
        fresh = (test.x, test.labels)
    return ModelData(x, y, origin, rows, fresh, found.weight)


def parts_of_fresh(data: Any) -> tuple[Any, tuple[Any, Any], Any]:
    """Training data, validation pair and test data of a set that draws further points of its own."""
    from dataclasses import replace

    half = len(data.fresh.x) // 2
    test = replace(data.fresh, x=data.fresh.x[half:], y=data.fresh.y[half:])
    return data, (data.fresh.x[:half], data.fresh.labels[:half]), test


def known_rows(model: Predictor, origin: Origin, count: int) -> Mapping[str, np.ndarray]:
    """The model's row numbers by part where it was made from these data.

    A model of an earlier version has no hash; then the data must have as many rows as its search had.
    """
    from spectral_core.resizing import predicting

    if model.origin is not None and model.origin.sha256:
        return model.rows if model.origin.sha256 == origin.sha256 else {}
    return predicting.known_rows(model, count)
