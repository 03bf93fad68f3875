"""The options of a search and the keywords of `search` are one list with one set of defaults."""

import inspect
import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spectral_core import InvalidInputError, search
from spectral_core.architecture.image_options import ImageSearchOptions
from spectral_core.architecture.options import SearchOptions
from spectral_core.architecture.result import SearchResult

OF_THE_DATA = {
    "X", "y", "task", "validation_data", "validation_fraction", "standardize", "sample_weight", "class_weight", "verbose",
}  # fmt: skip


def test_search_has_the_keywords_and_defaults_of_its_options() -> None:
    keywords = {name: p.default for name, p in inspect.signature(search).parameters.items() if name not in OF_THE_DATA}
    assert keywords == {field.name: field.default for field in fields(SearchOptions)}


WRONG = {
    "hidden": [(0,), (3, -1), (2.5,), 0, 2.5, np.array([2.5])],
    "tolerance": [-1.0, "0.1"], "epochs": [0], "seed": [-1], "sizes": [(-1,), 3], "eigenvector_penalties": [(-1.0,), 2.0, np.array(2.0), np.array(["a"])],
    "batch_size": [0, "8", 8.5], "learning_rate": [0.0, -1.0, "fast", np.array([0.1])], "eigenvalue_learning_rate": [0.0], "penalty_strength": [-1.0],
    "activation": ["sigmoid", np.array(["sigmoid"])], "penalty": ["none"], "strategy": ["big"], "keep": ["all"], "dtype": ["int8"],
    "backend": ["tpu"], "bias": ["yes", "no", 1], "int8": ["no"], "keep_checkpoint": [1], "patience": [0, "3"], "flash": [1.5],
    "name": [3], "feature_names": ["ab", ("a", 1)], "target_names": [np.array([1])], "checkpoint": [3], "progress": [3],
}  # fmt: skip


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_an_error_names_the_keyword_that_was_given(name: str, value: Any) -> None:
    x = np.random.default_rng(0).normal(size=(30, 2))
    options: dict[str, Any] = {"strategy": "seed", "epochs": 1, "hidden": (3,)}
    if name == "sizes":
        options["strategy"] = "smallest"
    with pytest.raises(InvalidInputError, match=rf"\b{name}\b"):
        search(x, x[:, 0], **(options | {name: value}))


AS_NUMPY: dict[str, tuple[Any, Any]] = {
    "hidden": (np.array([4, 3]), (4, 3)),
    "activation": (np.array(["relu", "tanh"]), ("relu", "tanh")),
    "bias": (np.False_, False),
    "tolerance": (np.float32(0.5), 0.5),
    "epochs": (np.int64(3), 3),
    "batch_size": (np.int64(16), 16),
    "learning_rate": (np.float32(0.25), 0.25),
    "eigenvalue_learning_rate": (np.float32(0.25), 0.25),
    "penalty": (np.str_("l1"), "l1"),
    "penalty_strength": (np.float32(0.25), 0.25),
    "eigenvector_penalties": (np.array([0, 0.5]), (0.0, 0.5)),
    "patience": (np.int64(3), 3),
    "keep": (np.str_("last"), "last"),
    "strategy": (np.str_("grow"), "grow"),
    "sizes": (np.array([3, 5]), (3, 5)),
    "flash": (np.int64(10**6), 10**6),
    "ram": (np.int64(10**6), 10**6),
    "operations": (np.int64(10**6), 10**6),
    "int8": (np.True_, True),
    "dtype": (np.float64, "float64"),
    "seed": (np.int64(3), 3),
    "backend": (np.str_("cpu"), "cpu"),
    "name": (np.str_("wine"), "wine"),
    "feature_names": (np.array(["a", "b"]), ("a", "b")),
    "target_names": (np.array(["t"]), ("t",)),
    "keep_checkpoint": (np.True_, True),
}
"""An option as NumPy has it, and as Python does."""
NEEDS: dict[str, dict[str, Any]] = {
    "activation": {"hidden": (4, 3)},
    "patience": {"strategy": "seed"},
    "eigenvector_penalties": {"strategy": "seed"},
    "int8": {"flash": 10**6},
}


@pytest.mark.parametrize("name", [field.name for field in fields(SearchOptions)])
def test_an_option_of_numpy_is_an_option_of_python(name: str) -> None:
    if name in ("progress", "checkpoint"):
        return
    given, expected = AS_NUMPY[name]
    own, other = (SearchOptions(**NEEDS.get(name, {}) | {name: value}) for value in (given, expected))
    for option, value in vars(own).items():
        twin = getattr(other, option)
        assert repr(value) == repr(twin), option
    assert type(getattr(own, name)) is type(expected)
    assert json.loads(json.dumps(own.chosen())) == own.chosen() == other.chosen()


@pytest.mark.parametrize("strategy", ["smallest", "seed"])
def test_a_search_by_numbers_of_numpy_is_saved(strategy: str, tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(40, 2))
    names = ["hidden", "bias", "tolerance", "epochs", "batch_size", "learning_rate", "eigenvalue_learning_rate"]
    names += ["penalty_strength", "dtype", "seed", "feature_names", "target_names", "name"]
    names += ["sizes"] if strategy == "smallest" else ["patience", "eigenvector_penalties"]
    one, other = (
        search(x, x[:, 0], strategy=strategy, **{name: AS_NUMPY[name][kind] for name in names}) for kind in (0, 1)
    )
    one.save(tmp_path)
    assert SearchResult.load(tmp_path).report == one.report
    assert replace(one.report, seconds=0.0).to_json() == replace(other.report, seconds=0.0).to_json()


OF_IMAGES = {
    "channels": (np.int64(4), 4), "reductions": (np.int64(1), 1), "rounds": (np.int64(2), 2), "epochs": (np.int64(1), 1),
    "final_epochs": (np.int64(2), 2), "score": (np.str_("ntk"), "ntk"), "statistics": (np.str_("batch"), "batch"),
    "gates": (np.str_("spectral"), "spectral"), "restart": (np.True_, True), "published": (np.False_, False),
    "memory": (np.int64(10**9), 10**9), "parameters": (np.int64(5000), 5000), "time": (np.float32(60), 60.0),
    "batch_size": (np.int64(16), 16), "learning_rate": (np.float32(0.25), 0.25), "momentum": (np.float32(0.5), 0.5),
    "weight_decay": (np.float32(0.25), 0.25), "penalty_strength": (np.float32(0.25), 0.25),
    "drop_path": (np.float32(0.25), 0.25), "score_images": (np.int64(64), 64), "seed": (np.int64(3), 3),
}  # fmt: skip


def test_options_for_images_of_numpy_are_options_of_python() -> None:
    own = ImageSearchOptions(**{name: given for name, (given, _) in OF_IMAGES.items()})
    other = ImageSearchOptions(**{name: expected for name, (_, expected) in OF_IMAGES.items()})
    assert {field.name for field in fields(own)} == {*OF_IMAGES, "train_free"}
    assert repr(own) == repr(other)
    for name, value in {
        "channels": 1.5,
        "reductions": "2",
        "restart": "no",
        "weight_decay": "0",
        "rounds": True,
    }.items():
        with pytest.raises(InvalidInputError, match=rf"\b{name}\b.*{value}"):
            ImageSearchOptions(**{name: value})  # type: ignore[arg-type]
