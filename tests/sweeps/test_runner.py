"""Sweeps: seeds from names, the same bits for any number of workers, killed and continued, in parts, on a cluster."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest

from spectral_core import sweep
from spectral_core.backends import choice
from spectral_core.errors import BackendError, DataFileError, DivergenceError, InvalidInputError, MissingDependencyError
from spectral_core.files.tables import columns_of
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.sweeps import runner
from spectral_core.sweeps.experiment import Experiment, json_value, seed_of
from spectral_core.sweeps.export import export
from spectral_core.sweeps.grid import TRAINING_OPTIONS, grid_points
from spectral_core.sweeps.store import Store, merge
from tests.builders import ROOT

GRID = {"hidden": [4, [5, 3]], "penalty_strength": [0.0, 1e-3], "epochs": 2}


def line(rows: int = 60) -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(0).uniform(-1, 1, (rows, 2))
    return x, x[:, 0] - 2 * x[:, 1] + np.maximum(x.sum(axis=1), 0)


def nothing() -> None:
    """No dry run."""


def measure(point: dict[str, Any], seed: int) -> dict[str, Any]:
    time.sleep(point.get("seconds", 0))
    if point["a"] == "diverge":
        raise DivergenceError("the loss diverged in epoch 1 (inf)", 1, SpectralNetwork.initialize([1, 1]))
    if point["a"] == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    return {"value": np.random.default_rng(seed).random(), "infinite": np.inf, "threads": threads()}


def threads() -> int:
    from threadpoolctl import threadpool_info

    return max(library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas")


def experiment(*values: Any, runs: int = 3, **others: Any) -> Experiment:
    return Experiment("test", {}, [{"a": value, **others} for value in values], runs, measure, nothing)


# --- names and seeds --------------------------------------------------------------------------------------------------


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


# --- workers ----------------------------------------------------------------------------------------------------------


def test_one_worker_and_two_give_the_same_bits(tmp_path: Path) -> None:
    results = [sweep(line(), GRID, runs=2, jobs=jobs, store=tmp_path / str(jobs)) for jobs in (1, 2)]
    assert results[0].content == results[1].content
    assert results[0].rows == results[1].rows
    for jobs, result in enumerate(results, 1):
        result.to_csv(tmp_path / f"{jobs}.csv")
        result.to_parquet(tmp_path / f"{jobs}.parquet")
    for suffix in ("csv", "parquet"):
        assert (tmp_path / f"1.{suffix}").read_bytes() == (tmp_path / f"2.{suffix}").read_bytes()


def test_every_worker_computes_on_one_thread() -> None:
    for jobs in (1, 2):
        assert {row["threads"] for row in runner.run(experiment(1, 2), jobs=jobs).rows} == {1}


SHARED = """
import joblib
from tests.sweeps.test_runner import experiment
from spectral_core.sweeps import runner as engine
with joblib.parallel_config(backend="threading"):
    print({row["threads"] for row in engine.run(experiment(*range(9), seconds=0.01), jobs=3).rows})
"""


def test_trainings_that_share_a_process_share_the_limit() -> None:
    """As on a Dask worker of several threads; in a process of its own, since the limit stays there."""
    command = [sys.executable, "-c", SHARED]
    done = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True
    )
    assert done.stdout == "{1}\n"


def test_the_limit_ends_with_the_sweep() -> None:
    before = threads()
    runner.run(experiment(1), jobs=1)
    assert threads() == before


def test_without_joblib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "joblib", None)
    with pytest.raises(MissingDependencyError, match=r"sweeps need joblib: pip install 'spectral-core\[full\]'"):
        runner.run(experiment(1))


def test_large_data_reach_the_workers_unchanged() -> None:
    """Beyond a megabyte joblib hands over read-only files in place of arrays."""
    grid = {"hidden": 3, "epochs": 1}
    contents = {sweep(line(60_000), grid, runs=2, jobs=jobs).content for jobs in (1, 2)}
    assert len(contents) == 1


def test_a_backend_that_only_gives_lists(tmp_path: Path) -> None:
    """As Ray's does, which derives from the same class."""
    whole = runner.run(experiment(*range(5)), jobs=1)
    with joblib.parallel_config(backend="multiprocessing"):
        assert runner.run(experiment(*range(5)), jobs=2, store=tmp_path / "s").content == whole.content


def test_a_training_that_diverges_is_a_result(tmp_path: Path) -> None:
    result = runner.run(experiment(1, "diverge", runs=1), jobs=1, store=tmp_path / "s")
    assert [row["failure"] for row in result.rows] == [None, "the loss diverged in epoch 1 (inf)"]
    assert result.rows[0]["infinite"] is None
    again = runner.run(experiment(1, "diverge", runs=1), jobs=1, store=tmp_path / "s")
    assert (again.content, again.sessions) == (result.content, 1)


def test_a_worker_that_dies_is_one_error_and_leaves_what_is_finished(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match=r"a worker process died .* the same call continues"):
        runner.run(experiment(1, 2, 3, "die", runs=1), jobs=2, store=tmp_path / "s")
    assert runner.run(experiment(1, 2, 3, runs=1), jobs=2, store=tmp_path / "s").missing == 0


def test_progress_counts_what_was_done_before(tmp_path: Path) -> None:
    runner.run(experiment(1, 2, runs=1), jobs=1, store=tmp_path / "s")
    seen: list[tuple[int, int]] = []
    runner.run(
        experiment(1, 2), jobs=1, store=tmp_path / "s", progress=lambda done, total, text: seen.append((done, total))
    )
    assert seen == [(2, 6), (3, 6), (4, 6), (5, 6), (6, 6)]
    seen.clear()
    runner.run(
        experiment(1, 2), jobs=1, store=tmp_path / "s", progress=lambda done, total, text: seen.append((done, total))
    )
    assert seen == []


# --- parts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("parts", [2, 5])
def test_shards_merged_are_the_whole(tmp_path: Path, parts: int) -> None:
    whole = runner.run(experiment(1, 2), jobs=1, store=tmp_path / "whole")
    for i in range(1, parts + 1):
        part = runner.run(experiment(1, 2), jobs=1, store=tmp_path / str(i), shard=(i, parts))
        assert len(part.rows) + part.missing == 6
    with merge(tmp_path / "all", [tmp_path / str(i) for i in range(1, parts + 1)]) as store:
        assert store.content() == whole.content
    merged = runner.run(experiment(1, 2), jobs=1, store=tmp_path / "all")
    assert merged.rows == whole.rows
    assert merged.sessions == parts


def test_a_part_has_the_trainings_of_the_whole_and_grows_into_it(tmp_path: Path) -> None:
    whole = runner.run(experiment(1, 2, 3), jobs=1)
    part = runner.run(experiment(3, 1, runs=2), jobs=1, store=tmp_path / "s")
    assert all(row in whole.rows for row in part.rows)
    assert runner.run(experiment(1, 2, 3), jobs=1, store=tmp_path / "s").rows == whole.rows
    assert runner.run(experiment(3, 1, runs=2), jobs=1, store=tmp_path / "s").rows == part.rows


# --- killed and continued ---------------------------------------------------------------------------------------------

KILLED = """
import sys
from tests.sweeps.test_runner import experiment
from spectral_core.sweeps import runner as engine
from spectral_core.cli.console import lines
engine.run(experiment(1, 2, 3, 4, seconds=0.05), jobs=2, store=sys.argv[1], progress=lines("sweep"))
"""


def child(store: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", KILLED, str(store)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, stderr=subprocess.PIPE, env=environment, start_new_session=True)


def test_killed_at_three_random_moments_and_continued(tmp_path: Path) -> None:
    whole = runner.run(experiment(1, 2, 3, 4, seconds=0.05), jobs=1)
    store, moments = tmp_path / "s.sqlite", random.Random(5)
    counts = []
    for _ in range(3):
        with child(store) as process:
            assert process.stderr is not None
            for _ in range(moments.randint(2, 4)):  # each is about another training
                process.stderr.readline()
            time.sleep(moments.uniform(0, 0.05))
            process.kill()
            process.stderr.close()
        with Store(store) as kept:
            counts.append(len(kept.finished()))
    assert 0 < counts[0] <= counts[1] <= counts[2]
    assert counts[0] < 12, "it was killed before the end"
    result = runner.run(experiment(1, 2, 3, 4, seconds=0.05), jobs=2, store=store)
    assert result.content == whole.content
    assert result.rows == whole.rows


# --- the grid ---------------------------------------------------------------------------------------------------------


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


# --- export -----------------------------------------------------------------------------------------------------------


def test_what_is_exported_is_what_was_found(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="Parquet needs pyarrow")
    result = sweep(line(), GRID | {"patience": [None, 5]}, runs=2, jobs=1, store=tmp_path / "s")
    for name in ("a.csv", "a.parquet"):
        assert export(tmp_path / "s", tmp_path / name) == 16
    result.to_parquet(tmp_path / "b.parquet")
    result.to_csv(tmp_path / "b.csv")
    columns = columns_of(result.rows)
    assert parquet.read_table(tmp_path / "b.parquet").to_pydict() == columns
    assert set(columns["hidden"]) == {"4", "5x3"}
    exported = parquet.read_table(tmp_path / "a.parquet").to_pylist()
    assert sorted(map(str, exported)) == sorted(map(str, parquet.read_table(tmp_path / "b.parquet").to_pylist()))
    with open(tmp_path / "b.csv", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [float(row["validation_loss"]) for row in lines] == columns["validation_loss"]
    assert {row["patience"] for row in lines} == {"", "5"}
    with pytest.raises(InvalidInputError, match=r"\.csv or \.parquet"):
        export(tmp_path / "s", tmp_path / "a.txt")


def test_columns_are_of_one_kind() -> None:
    rows = [{"a": 1, "b": True, "c": [1, 2]}, {"a": 0.5, "b": "x", "d": None}]
    assert columns_of(rows) == {"a": [1.0, 0.5], "b": ["True", "x"], "c": ["1x2", None], "d": [None, None]}


# --- clusters ---------------------------------------------------------------------------------------------------------


def test_the_recipe_for_a_dask_cluster(tmp_path: Path) -> None:
    """The one in docs/sweeps.md, word for word, on a local cluster of two processes."""
    pytest.importorskip("distributed", reason="the extra `cluster` (dask) is not installed")
    text = (ROOT / "docs" / "sweeps.md").read_text(encoding="utf-8")
    recipe = next(code for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "LocalCluster" in code)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", recipe],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    x = np.random.default_rng(0).uniform(-1, 1, (200, 2))
    grid = {"hidden": [5, 10], "penalty_strength": [0.0, 1e-3], "epochs": 20}
    here = sweep((x, np.maximum(x[:, 0], x[:, 1])), grid, runs=3, jobs=1)
    assert done.stdout.split() == ["12", here.content]
    with Store(tmp_path / "cluster.sqlite") as store:
        assert store.content() == here.content


# --- on a GPU, of which only the engine's part is here ----------------------------------------------------------------


def measure_batch(points: Any, seeds: Any, tell: Any) -> list[Any]:
    tell(1, 2)
    return [measure(point, seed) for point, seed in zip(points, seeds, strict=True)]


def test_waves_give_what_workers_give_and_are_kept_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "unavailable_because", lambda: "")
    monkeypatch.setattr(runner, "GPU_BATCH", 4)
    asked: list[int] = []

    def counted(points: Any, seeds: Any, tell: Any) -> list[Any]:
        asked.append(len(points))
        if len(asked) == 2:
            raise KeyboardInterrupt
        return measure_batch(points, seeds, tell)

    told: list[tuple[int, int, str]] = []
    chosen, store = replace(experiment(1, 2, 3), measure_batch=counted), tmp_path / "sweep.sqlite"
    with pytest.raises(KeyboardInterrupt):
        runner.run(chosen, store=store, backend="cuda", progress=lambda *line: told.append(line))
    assert asked == [4, 4]
    assert (2, 9, "epoch 1 of 4 trainings") in told
    result = runner.run(chosen, store=store, backend="auto")
    assert asked == [4, 4, 4, 1]
    here = runner.run(experiment(1, 2, 3), jobs=1)
    assert result.rows == here.rows
    assert result.missing == 0


def test_a_training_that_diverges_on_a_gpu_is_a_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "unavailable_because", lambda: "")
    chosen = replace(
        experiment(1, runs=2), measure_batch=lambda points, seeds, tell: ["it diverged", {"value": np.float32(2)}]
    )
    first, second = runner.run(chosen, backend="cuda").rows
    assert first["failure"] == "it diverged"
    assert (second["failure"], second["value"]) == (None, 2.0)


def test_a_sweep_is_continued_where_it_was_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runner.run(experiment(1), store=tmp_path / "sweep.sqlite", jobs=1)
    monkeypatch.setattr(choice, "unavailable_because", lambda: "")
    assert (
        runner.run(
            replace(experiment(1), measure_batch=measure_batch), store=tmp_path / "sweep.sqlite", backend="auto"
        ).sessions
        == 1
    )
    with pytest.raises(DataFileError, match="backend"):
        runner.run(replace(experiment(1), measure_batch=measure_batch), store=tmp_path / "sweep.sqlite", backend="cuda")
    with pytest.raises(InvalidInputError, match="test runs on the processor; got backend='cuda'"):
        runner.run(experiment(1), backend="cuda")
