"""Trainings in other processes: same bits, one thread, errors."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import joblib
import pytest

from spectral_core import sweep
from spectral_core.errors import BackendError, InvalidInputError
from spectral_core.sweeps import runner
from tests.builders import ROOT
from tests.sweeps.small import GRID, die, experiment, leave_pid, line, refuse, threads


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


def test_parts_of_the_compilation_run_in_two_processes(tmp_path: Path) -> None:
    """At the same time, before a store is made; not again where all is done, and not with one worker."""
    one, two = (str(tmp_path / name) for name in "ab")
    given = replace(experiment(1), ahead=[partial(leave_pid, one, two), partial(leave_pid, two, one)])
    runner.run(given, jobs=1)
    assert not list(tmp_path.iterdir())
    runner.run(given, jobs=2, store=tmp_path / "store")
    pids = {Path(path).read_text(encoding="utf-8") for path in (one, two)}
    assert len(pids | {str(os.getpid())}) == 3
    Path(one).unlink()
    runner.run(given, jobs=2, store=tmp_path / "store")
    assert not Path(one).exists()


@pytest.mark.parametrize(
    ("part", "kind", "message"),
    [(refuse, InvalidInputError, "rows must be even; got 3"), (die, BackendError, "a worker process died")],
)
def test_what_they_refuse_comes_before_a_store(
    part: Callable[[], None], kind: type[Exception], message: str, tmp_path: Path
) -> None:
    with pytest.raises(kind, match=message):
        runner.run(replace(experiment(1), ahead=[part]), jobs=2, store=tmp_path / "store")
    assert not (tmp_path / "store").exists()
    assert len(runner.run(experiment(1), jobs=2).rows) == 3


SHARED = """
import joblib
from tests.sweeps.small import experiment
from spectral_core.sweeps import runner
with joblib.parallel_config(backend="threading"):
    print({row["threads"] for row in runner.run(experiment(*range(9), seconds=0.01), jobs=3).rows})
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
