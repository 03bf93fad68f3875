"""Names and seeds of the trainings of a sweep."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest

from spectral_core.errors import InvalidInputError
from spectral_core.sweeps.experiment import json_value, seed_of
from tests.sweeps.small import experiment


def test_a_seed_follows_from_the_name_alone() -> None:
    task = experiment(0.5, 2.0).tasks()[3]
    assert (task.name, task.run, task.point) == ('{"a":2,"run":1}', 1, {"a": 2})
    digest = hashlib.sha256(json.dumps(["test", 0, task.name], separators=(",", ":")).encode()).hexdigest()
    assert task.seed == int(digest, 16) >> (256 - 63)
    seeds = [task.seed for task in experiment(*range(100), runs=20).tasks()]
    assert len(set(seeds)) == 2000
    assert seed_of("test", 0, "x") != seed_of("test", 1, "x") != seed_of("other", 0, "x")


def test_equal_values_name_one_task() -> None:
    assert json_value({"a": 5.0, "b": np.float64(0.5), "c": (np.int64(1), -0.0), "d": True, "e": None}) == {
        "a": 5, "b": 0.5, "c": [1, 0], "d": True, "e": None,
    }  # fmt: skip
    assert type(json_value(5.0)) is int
    assert json_value(1e300) == 1e300
    for value in (float("inf"), object(), np.float32):
        with pytest.raises(InvalidInputError, match="finite numbers, text"):
            json_value(value)


def test_the_order_covers_the_grid_run_after_run() -> None:
    assert [(t.run, t.point["a"]) for t in experiment(1, 2, runs=2).tasks()] == [(0, 1), (0, 2), (1, 1), (1, 2)]
