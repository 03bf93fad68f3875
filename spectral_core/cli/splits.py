"""The parts of the data of a search: by another model, by the source itself, or at random."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from spectral_core.cli.model_data import known_rows, labels_of, parts_of_fresh
from spectral_core.errors import InvalidInputError

if TYPE_CHECKING:
    import numpy as np

    from spectral_core.data.datasets import Dataset
    from spectral_core.data.fingerprints import Origin


@dataclass(frozen=True, eq=False)
class DataSplit:
    """Training data; validation data, or None if `search` draws them from the training data; test data.

    `validation_rows` : their row numbers in the whole data, where they are known and apart.
    """

    training: Dataset
    validation: tuple[Any, Any] | None
    test: Dataset
    origin: Origin
    validation_rows: np.ndarray | None = None


def split_data(data: Dataset, options: argparse.Namespace) -> DataSplit:
    """The data in parts: by another model, by the source itself, or at random by the seed."""
    from spectral_core.data import splitting
    from spectral_core.data.fingerprints import origin_of

    origin = origin_of(options.data, data.x, labels_of(data), options.seed)
    if data.fresh is not None:
        if options.split is not None:
            raise InvalidInputError(
                f"--split belongs to files and data sets without test points of their own; got {data.name}"
            )
        return DataSplit(*parts_of_fresh(data), origin)
    if options.split is None:
        training, test = splitting.train_test_split(data, options.test_fraction, options.seed)
        return DataSplit(training, None, test, origin)
    rows, seed = split_of(options.split, origin, len(data.x))
    parts = {part: replace(data, x=data.x[at], y=data.y[at], rows=at) for part, at in rows.items()}
    judging = parts.get("validation")
    apart = judging is not None and len(judging.x) > 0
    validation = (judging.x, labels_of(judging)) if judging is not None and apart else None
    return DataSplit(
        parts["training"], validation, parts["test"], replace(origin, seed=seed), rows["validation"] if apart else None
    )


def split_of(path: str, origin: Origin, count: int) -> tuple[Mapping[str, np.ndarray], int | None]:
    """The row numbers by part of another model on the same data, and the seed that drew them; for `search --split`."""
    from spectral_core.networks.predictor import Predictor

    model = Predictor.load(path)
    rows = known_rows(model, origin, count)
    if not len(rows.get("test", ())):
        made_from = model.origin.source if model.origin is not None and model.origin.source else "other data"
        raise InvalidInputError(
            f"--split {path}: that model was made from {made_from}, which does not have the contents of {origin.source}, or "
            "without test rows of it"
        )
    return rows, model.origin.seed if model.origin is not None else None
