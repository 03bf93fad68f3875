"""The options of a search and the keywords of `search` are one list with one set of defaults."""

import inspect
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from spectral_core import InvalidInputError, search
from spectral_core.architecture.options import SearchOptions

OF_THE_DATA = {
    "X", "y", "task", "validation_data", "validation_fraction", "standardize", "sample_weight", "class_weight", "verbose",
}  # fmt: skip


def test_search_has_the_keywords_and_defaults_of_its_options() -> None:
    keywords = {name: p.default for name, p in inspect.signature(search).parameters.items() if name not in OF_THE_DATA}
    assert keywords == {field.name: field.default for field in fields(SearchOptions)}


WRONG = {
    "hidden": [(0,), (3, -1), (2.5,), 0, 2.5],
    "tolerance": [-1.0], "epochs": [0], "seed": [-1], "sizes": [(-1,), 3], "eigenvector_penalties": [(-1.0,), 2.0],
    "batch_size": [0], "learning_rate": [0.0, -1.0], "eigenvalue_learning_rate": [0.0], "penalty_strength": [-1.0],
    "activation": ["sigmoid"], "penalty": ["none"], "strategy": ["big"], "keep": ["all"], "dtype": ["int8"],
    "backend": ["tpu"], "bias": ["yes"],
}  # fmt: skip


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_an_error_names_the_keyword_that_was_given(name: str, value: Any) -> None:
    x = np.random.default_rng(0).normal(size=(30, 2))
    options: dict[str, Any] = {"strategy": "seed", "epochs": 1, "hidden": (3,)}
    if name == "sizes":
        options["strategy"] = "smallest"
    with pytest.raises(InvalidInputError, match=rf"\b{name}\b"):
        search(x, x[:, 0], **(options | {name: value}))
