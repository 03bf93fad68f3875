"""Data for a model that is there already: its features by name, its targets, its classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from spectral_core.data import datasets
from spectral_core.data.columns import Source
from spectral_core.data.dataset import Dataset
from spectral_core.data.encoding import Encoder, plain_features, refuse
from spectral_core.data.reading.form import FileForm
from spectral_core.data.reading.table import Table
from spectral_core.data.tables import BY_DEFAULT, ColumnChoice, targets_of
from spectral_core.data.targets import encode_labels, label_matrix, real_targets
from spectral_core.errors import DataFileError, InvalidInputError


class Model(Protocol):
    """What a predictor knows of its data."""

    @property
    def task(self) -> str: ...
    @property
    def classes(self) -> tuple[Any, ...]: ...
    @property
    def feature_names(self) -> tuple[str, ...]: ...
    @property
    def target_names(self) -> tuple[str, ...]: ...
    @property
    def encoder(self) -> Encoder | None: ...


def matching(model: Model, source: Source, form: FileForm, choice: ColumnChoice = BY_DEFAULT) -> Dataset:
    """The data of a file or a built-in set as this model takes them, with class indices into the model's classes.

    The target of a table is the model's, unless `choice` names another. `x` is encoded by the model's encoder, in the units of
    the data. Rows without a target are left out.

    Raises
    ------
    DataFileError : a column of the model is not there, a cell cannot be read, a label is none of the model's.
    """
    table = datasets.load_raw(source, form)
    if table is None:
        found = datasets.load(source, task=model.task)
        features = datasets.load_features(source, model.feature_names)
        return _with_targets(replace(found, x=features, feature_names=model.feature_names), model, found.labels)
    needed = model.feature_names if model.encoder is None else model.encoder.feature_names_in
    targets = choice.target or model.target_names
    table.require((*needed, *targets))
    table, y, weight, remarks = targets_of(table, replace(choice, target=tuple(targets)), model.task)
    inputs = table.select(needed)
    data = Dataset(
        datasets.name_of(table),
        _encoded(model, inputs),
        y,
        model.task,
        model.feature_names,
        tuple(targets),
        table=inputs,
        encoder=model.encoder,
        remarks=tuple(remark for remark in remarks if not remark.startswith("the target is ")),  # the model's own
        weight=weight,
    )
    return _with_targets(data, model, y)


def _encoded(model: Model, inputs: Table) -> np.ndarray:
    if model.encoder is None:
        return plain_features(inputs, model.feature_names)
    x, faults, _ = model.encoder.encode(inputs)
    refuse(inputs.source, faults)
    return x


def _with_targets(data: Dataset, model: Model, y: np.ndarray) -> Dataset:
    """The data with targets as the model has them."""
    if model.task == "regression":
        return replace(data, y=real_targets(y, "the target"))
    if model.task == "multilabel":
        try:
            return replace(data, y=label_matrix(y, "the target"))
        except InvalidInputError as error:
            raise DataFileError(f"{data.name}: {error}") from None
    try:
        indices = encode_labels(_like(y, model.classes), "the target", model.classes)[0]
    except InvalidInputError as error:
        raise DataFileError(f"{data.name}: {error}; the classes are {', '.join(map(repr, model.classes))}") from None
    return replace(data, y=indices, classes=model.classes)


def _like(y: np.ndarray, classes: Sequence[Any]) -> np.ndarray:
    """Labels of the type of the classes: 7 is '7' for a model whose labels are text."""
    if all(isinstance(label, str) for label in classes) and y.dtype.kind in "biuf":
        whole = y.dtype.kind != "f" or bool((np.mod(y, 1) == 0).all())
        return np.array([str(int(value)) if whole else str(value) for value in y.tolist()], dtype=object)
    return y
