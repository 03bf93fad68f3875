"""The parts of the data of a search: by another model, by the source itself, or at random."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from spectral_core import checks
from spectral_core.cli import data_options
from spectral_core.cli.model_data import known_rows, parts_of_fresh
from spectral_core.errors import InvalidInputError

if TYPE_CHECKING:
    import numpy as np

    from spectral_core.data.datasets import Dataset
    from spectral_core.data.fingerprints import Origin


@dataclass(frozen=True, eq=False)
class DataSplit:
    """Training data; validation data, or None if `search` draws them from the training data; test data.

    `validation_rows` : their row numbers in the whole data, where they are known and apart. Validation rows of weight 0 are
    left out.
    """

    training: Dataset
    validation: tuple[Any, ...] | None
    test: Dataset
    origin: Origin
    validation_rows: np.ndarray | None = None


def split_data(data: Dataset, options: argparse.Namespace) -> DataSplit:
    """The data in parts: by another model, by the source itself, or at random by the seed."""
    import numpy as np

    from spectral_core.data import splitting
    from spectral_core.data.fingerprints import origin_of

    origin = origin_of(options.data, data.x, data.labels, options.seed)
    if data.fresh is not None:
        if options.split is not None:
            raise InvalidInputError(
                f"--split belongs to files and data sets without test points of their own; got {data.name}"
            )
        return DataSplit(*parts_of_fresh(data), origin)
    if options.split is None:
        training, apart, test = data_options.parts(data, options.test_fraction, options.seed)
    else:
        rows, seed = split_of(options.split, origin, len(data.x))
        origin = replace(origin, seed=seed)
        training, apart, test = splitting.encoded_alike(
            *(data.take(rows.get(part, np.arange(0))) for part in ("training", "validation", "test"))
        )
    if apart is None or len(apart.x) == 0:
        return DataSplit(training, None, test, origin)
    if apart.weight is None:
        return DataSplit(training, (apart.x, apart.labels), test, origin, apart.rows)
    checks.sample_weights(apart.weight, float, len(apart.x), f"column {options.weight!r} of the validation rows")
    apart = apart.take(np.flatnonzero(apart.weight))
    return DataSplit(training, (apart.x, apart.labels, apart.weight), test, origin, apart.rows)


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
