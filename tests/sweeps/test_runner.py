"""Sweeps in parts, killed and continued, on clusters and on a GPU."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spectral_core import sweep
from spectral_core.backends import choice
from spectral_core.errors import DataFileError, InvalidInputError
from spectral_core.sweeps import runner
from spectral_core.sweeps.store import Store, merge
from tests.builders import ROOT
from tests.sweeps.small import experiment, measure_batch


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


KILLED = """
import os, signal, sys
from tests.sweeps.small import experiment
from spectral_core.sweeps import runner

left = int(sys.argv[2])


def die(done, total, text):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)


runner.run(experiment(1, 2, 3, 4), jobs=2, store=sys.argv[1], progress=die)
"""


def test_killed_at_three_moments_and_continued(tmp_path: Path) -> None:
    """A result that was reported is on the disk when the process dies; the first report is that of the start."""
    whole, store = runner.run(experiment(1, 2, 3, 4), jobs=1), tmp_path / "s.sqlite"
    counts = []
    for reports in (3, 1, 4):
        command = [sys.executable, "-c", KILLED, str(store), str(reports)]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, env=environment, capture_output=True, start_new_session=True, check=False)
        assert done.returncode == -signal.SIGKILL, done.stderr
        with Store(store) as kept:
            counts.append(len(kept.finished()))
    assert counts == [2, 2, 5]
    result = runner.run(experiment(1, 2, 3, 4), jobs=2, store=store)
    assert result.content == whole.content
    assert result.rows == whole.rows


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
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    x = np.random.default_rng(0).uniform(-1, 1, (200, 2))
    grid = {"hidden": [5, 10], "penalty_strength": [0.0, 1e-3], "epochs": 20}
    here = sweep((x, np.maximum(x[:, 0], x[:, 1])), grid, runs=3, jobs=1)
    assert done.stdout.split() == ["12", here.content]
    with Store(tmp_path / "cluster.sqlite") as store:
        assert store.content() == here.content


def test_gpu_batches_give_what_workers_give(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
