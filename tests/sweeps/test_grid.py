"""Sweeps over a grid of options: points, errors, what a training measures."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spectral_core import sweep
from spectral_core.errors import DataFileError, InvalidInputError
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.sweeps.grid import TRAINING_OPTIONS, grid_points
from tests.sweeps.small import line


def test_grid_points() -> None:
    assert grid_points({"epochs": 5, "hidden": [3, (4, 2)], "activation": "tanh"}) == [
        {"epochs": 5, "hidden": 3, "activation": "tanh"},
        {"epochs": 5, "hidden": [4, 2], "activation": "tanh"},
    ]
    assert grid_points({"penalty_strength": np.array([0.1, 1.0])}) == [
        {"penalty_strength": 0.1},
        {"penalty_strength": 1},
    ]
    assert grid_points({"nesterov": [True, False], "momentum": [1 / 2]})[1] == {"nesterov": False, "momentum": 0.5}
    assert grid_points({}) == [{}]
    assert {"epochs", "batch_size", "learning_rate", "patience"} <= set(TRAINING_OPTIONS)
    assert not {"seed", "callbacks", "checkpoint", "validation_data", "net", "X"} & set(TRAINING_OPTIONS)


@pytest.mark.parametrize(
    ("grid", "words"),
    [
        ({"width": 3}, "must name options of a training: hidden, .*; got 'width'"),
        ({"epochs": []}, r"grid\['epochs'\] must hold different values, at least one"),
        ({"epochs": [1, 2, 1.0]}, "different values"),
        ({"epochs": [2, 0]}, r'grid point {"epochs":0}: epochs must be a whole number of at least 1; got 0'),
        (
            {"activation": ["relu", "sigmoid"]},
            r'grid point {"activation":"sigmoid"}: the linear start needs f\(0\) = 0',
        ),
        ({"learning_rate": -1.0}, 'grid point {"learning_rate":-1}: learning_rate must be more than 0'),
        ({"loss": "poisson"}, 'grid point {"loss":"poisson"}: y must lie in'),
        ({"hidden": "many"}, "hidden"),
        ([("epochs", 1)], "grid must map names"),
    ],
)
def test_what_cannot_be_is_said_before_the_work(tmp_path: Path, grid: Any, words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        sweep(line(), grid, store=tmp_path / "s", jobs=1)
    assert not (tmp_path / "s").exists()


def test_other_arguments_that_break_a_rule(tmp_path: Path) -> None:
    x, y = line()
    short = partial(sweep, grid={"epochs": 1, "hidden": 2}, jobs=1)
    for words, call in {
        "runs must be": lambda: short((x, y), runs=0),
        "jobs must be": lambda: sweep((x, y), {}, jobs=0),
        "pair": lambda: short((x, y, y)),
        "target names": lambda: short((x, y), target="y"),
        "shard must be i/N with i at most N; got 3/2": lambda: short((x, y), shard=(3, 2)),
        r"shard must be \(i, N\)": lambda: short((x, y), shard="1/2"),
        "no such file": lambda: short("missing.csv"),
        "equally many rows": lambda: short((x, y[:-1])),
    }.items():
        with pytest.raises(InvalidInputError, match=words):
            call()
    short((x, y), store=tmp_path / "s")
    with pytest.raises(DataFileError, match="arrays is"):
        short((x, y + x[:, 0]), store=tmp_path / "s")


def test_what_a_training_of_a_sweep_gives() -> None:
    from spectral_core import train
    from spectral_core.data.preparation import prepare
    from spectral_core.networks.paths import path_norms

    x, y = line()
    row = sweep(
        (x, y), {"hidden": 4, "epochs": 3, "batch_size": 20, "penalty_strength": 0.01}, runs=2, seed=3, jobs=1
    ).rows[1]
    data = prepare(x, y, "regression", None, 0.2, True, 3)
    net = SpectralNetwork.initialize([2, 4, 1], seed=row["seed"])
    net = train(net, data.x, data.y, epochs=3, batch_size=20, penalty_strength=0.01, seed=row["seed"]).network
    assert row["training_loss"] == net.loss(data.x, data.y)
    assert row["validation_loss"] == net.loss(data.x_valid, data.y_valid)
    assert row["path_norm_2"] == path_norms(net.transfer_blocks(), net.widths)[0]
    values = [abs(float(v)) for some in net.eigenvalues[:2] for v in some]
    assert row["mean_abs_eigenvalue"] == pytest.approx(sum(values) / 7, rel=1e-12)
    mean = data.y_valid.mean()
    of_constant = ((data.y_valid - mean) ** 2).mean()
    assert row["validation_score"] == pytest.approx(1 - row["validation_loss"] / of_constant, rel=1e-5)
    assert (row["epoch"], row["run"], row["failure"]) == (3, 1, None)


def test_every_kind_of_network_and_data() -> None:
    pytest.importorskip("sklearn", reason="the data set wine comes with scikit-learn")
    grid = {"parametrization": ["global", "layerwise", "direct"], "hidden": 5, "epochs": 2}
    rows = sweep("wine", grid, jobs=1).rows
    assert [row["mean_abs_eigenvalue"] is None for row in rows] == [False, False, True]
    assert all(0 <= row["validation_score"] <= 1 for row in rows)
    x, y = line()
    counts = np.round(np.exp(y)).clip(0)
    rows = sweep(
        (x, counts), {"loss": "poisson", "hidden": 3, "epochs": 2}, task="regression", standardize=False, jobs=1
    ).rows
    assert rows[0]["validation_score"] is None
