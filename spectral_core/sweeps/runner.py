"""Run a sweep: compute the trainings that a store lacks, on processors or on a GPU, and write each result at once."""

from __future__ import annotations

import contextlib
import datetime
import os
import platform
import time
import uuid
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spectral_core import checks
from spectral_core.backends import choice
from spectral_core.backends.threads import one_thread
from spectral_core.errors import InvalidInputError
from spectral_core.files.tables import write_csv, write_parquet
from spectral_core.sweeps.experiment import Experiment, Report, Task
from spectral_core.sweeps.export import rows_of
from spectral_core.sweeps.store import Session, Store, TaskResult
from spectral_core.sweeps.workers import call_in_processes, finite_number, results_in_processes, worker_count
from spectral_core.wording import counted

GPU_BATCH = 1056
"""Trainings that a GPU computes at once: two blocks for each of 132 multiprocessors, four times. A sweep that is stopped
loses at most one batch."""


@dataclass(frozen=True, eq=False)
class SweepResult:
    """The finished part of a sweep.

    Attributes
    ----------
    rows : one dictionary for each finished training: the point, `run`, `seed`, the measured numbers, `failure`.
    missing : the number of trainings that are not done (other shards have them).
    content : SHA-256 of the results, equal for equal results.
    seconds : wall time of all sessions that worked on the store.
    """

    rows: list[dict[str, Any]]
    missing: int
    content: str
    seconds: float
    sessions: int

    def __repr__(self) -> str:
        columns = ", ".join(self.rows[0]) if self.rows else "none"
        return f"SweepResult({counted(len(self.rows), 'row')}, {self.missing} missing, {self.seconds:.1f} s;\n  columns: {columns})"

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the rows as CSV; floats with all their digits, an empty cell for a missing value."""
        write_csv(path, self.rows)

    def to_parquet(self, path: str | os.PathLike[str]) -> None:
        """Write the rows as Parquet; needs pyarrow."""
        write_parquet(path, self.rows)


def run(
    experiment: Experiment,
    *,
    store: str | os.PathLike[str] | None = None,
    jobs: int | None = None,
    shard: tuple[int, int] | None = None,
    backend: str = "cpu",
    progress: Report | None = None,
) -> SweepResult:
    """Do the unfinished trainings of a sweep, in parallel, one transaction for each finished training.

    Parameters
    ----------
    store : the SQLite file; an unfinished one is continued. None keeps the results in memory.
    jobs : worker processes; all cores by default. Within ``joblib.parallel_config(backend=...)`` the sweep runs there
        (Dask, Ray), by default on all the workers it has. Each worker computes on one thread.
    shard : (i, N), the i-th of N parts, 1 <= i <= N; together they are the whole sweep, and their stores merge.
    backend : ``cuda`` computes in this process on a GPU, many trainings at a time (`jobs` does not matter then); ``auto``
        uses a GPU if there is one and the experiment can, except for a store begun on the CPU; ``cpu``.
    progress : called with (trainings done, trainings in all, a line of text).

    Raises
    ------
    DataFileError : the store holds another sweep.
    BackendError : a worker process died, or `backend` is ``cuda`` and no GPU can be used.
    """
    # Errors come before the work and before a store is made.
    backend = _resolved_backend(experiment, backend, store)
    workers = -1 if jobs is None else checks.integer(jobs, "jobs", 1)
    tasks = experiment.tasks()
    twice = len(tasks) - len({task.name for task in tasks})
    if not tasks or twice:
        raise InvalidInputError(f"a sweep needs different tasks; got {len(tasks)}, {twice} of them twice")
    part = _part(tasks, shard)
    begun = time.perf_counter()
    description = experiment.description(backend)
    if backend == "cpu" and not _is_finished(store, description, part):
        call_in_processes(experiment.ahead, workers)
    experiment.dry_run()
    with Store(store, description) as opened:
        # A result is written as soon as it is there, with the session's time.
        finished = opened.finished()
        left = [task for task in part if task.name not in finished]
        session = _new_session(workers)
        tell = _progress_from(len(part) - len(left), len(part), progress)
        if left:
            tell(0, "starting")
        work = (
            _results_on_gpu(experiment, left, tell)
            if backend == "cuda"
            else results_in_processes(experiment.measure, left, workers)
        )
        with contextlib.closing(work) as results:
            for result in results:
                session.trainings += 1
                session.seconds = time.perf_counter() - begun
                opened.add([result], session)
                tell(session.trainings, result.task)
        return _sweep_result(opened, tasks)


def _is_finished(store: str | os.PathLike[str] | None, description: dict[str, Any], part: Sequence[Task]) -> bool:
    """Whether a store is there and has the results of all these tasks."""
    if store is None or not Path(store).exists():
        return False
    with Store(store, description) as opened:
        return opened.finished() >= {task.name for task in part}


def _new_session(workers: int) -> Session:
    started = datetime.datetime.now(datetime.UTC).isoformat(" ", "seconds")
    return Session(uuid.uuid4().hex, started, worker_count(workers))


def _resolved_backend(experiment: Experiment, backend: str, store: str | os.PathLike[str] | None) -> str:
    """``cpu`` or ``cuda``; with ``auto`` a store is continued on the backend on which it was begun."""
    if experiment.measure_batch is None:
        if backend == "cuda":
            raise InvalidInputError(f"{experiment.name} runs on the processor; got backend='cuda'")
        resolved = "cpu"
    else:
        resolved = choice.resolve(backend)
    if backend == "auto" and store is not None and Path(store).exists():
        with Store(store) as opened:
            begun_on = opened.description.get("backend", "cpu")
        return choice.resolve(begun_on) if begun_on != resolved else resolved
    return resolved


def _progress_from(done: int, total: int, progress: Report | None) -> Callable[[int, str], object]:
    """A function to call with (trainings of this session, a line of text), which adds those that were done before."""
    return lambda count, text: None if progress is None else progress(done + count, total, text)


def _sweep_result(store: Store, tasks: Sequence[Task]) -> SweepResult:
    """The results of these tasks, in their order."""
    position = {task.name: number for number, task in enumerate(tasks)}
    results = [result for result in store.outcomes() if result.task in position]
    results.sort(key=lambda result: position[result.task])
    sessions = store.sessions()
    seconds = sum(session.seconds for session in sessions)
    return SweepResult(rows_of(results), len(tasks) - len(results), store.content(), seconds, len(sessions))


def _part(tasks: list[Task], shard: tuple[int, int] | None) -> list[Task]:
    """Every N-th task from the i-th on, for the shard (i, N)."""
    if shard is None:
        return tasks
    if not isinstance(shard, tuple) or len(shard) != 2:
        raise InvalidInputError(f"shard must be (i, N), the i-th of N parts; got {shard!r}")
    i, n = checks.integer(shard[0], "shard[0]", 1), checks.integer(shard[1], "shard[1]", 1)
    if i > n:
        raise InvalidInputError(f"shard must be i/N with i at most N; got {i}/{n}")
    return tasks[i - 1 :: n]


def _results_on_gpu(
    experiment: Experiment, tasks: Sequence[Task], tell: Callable[[int, str], object]
) -> Generator[TaskResult, None, None]:
    """Compute tasks on a GPU, `GPU_BATCH` trainings at a time."""
    assert experiment.measure_batch is not None
    for start in range(0, len(tasks), GPU_BATCH):
        batch = tasks[start : start + GPU_BATCH]

        def tell_epoch(done: int, total: int, start: int = start, batch: Sequence[Task] = batch) -> None:
            tell(start + len(batch) * done // total, f"epoch {done} of {counted(len(batch), 'training')}")

        begun = time.perf_counter()
        with one_thread():
            rows = experiment.measure_batch([task.point for task in batch], [task.seed for task in batch], tell_epoch)
        seconds = (time.perf_counter() - begun) / len(batch)
        for task, row in zip(batch, rows, strict=True):
            failure = row if isinstance(row, str) else ""
            measured = {} if isinstance(row, str) else {name: finite_number(value) for name, value in row.items()}
            yield TaskResult(task.name, task.seed, measured, failure, seconds, platform.node())
