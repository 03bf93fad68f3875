"""The engine of sweeps: many trainings, each with a seed of its own, in parallel, into one store that a killed run continues from.

A task is named by its point of the grid and the number of its run, written as canonical JSON; its seed is the first 63
bits of the SHA-256 of that name. So the numbers depend neither on the number of workers, nor on their order, nor on which
part of the sweep runs where. Workers compute; only the process that started them writes.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import math
import os
import platform
import signal
import threading
import time
import uuid
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

from spectral_core import __version__, checks
from spectral_core.backends import choice
from spectral_core.backends.threads import one_thread
from spectral_core.errors import BackendError, DivergenceError, InvalidInputError, MissingDependencyError
from spectral_core.files.tables import write_csv, write_parquet
from spectral_core.sweeps.export import rows_of
from spectral_core.sweeps.store import Session, Store, TaskResult, canonical

Measure = Callable[[dict[str, Any], int], Mapping[str, Any]]
Report = Callable[[int, int, str], object]
Together = Callable[
    [Sequence[Mapping[str, Any]], Sequence[int], Callable[[int, int], object]], Sequence[Mapping[str, Any] | str]
]

WAVE = 1056
"""Trainings that a GPU is given at once: two blocks for each of 132 multiprocessors, four times. A sweep that is stopped loses
at most these."""

ORPHAN_SECONDS = 0.5
"""How often a worker looks whether the process that started it is still there."""


@dataclass(frozen=True)
class Task:
    """One training: a point of the grid, the number of its run, its name and its seed."""

    point: dict[str, Any]
    run: int
    name: str
    seed: int


@dataclass(frozen=True, eq=False)
class Experiment:
    """What a sweep computes.

    Parameters
    ----------
    name : of the experiment.
    settings : what is the same for all trainings; a store with others is refused.
    points : of the grid, values by name; plain numbers, text, booleans, None, lists of them.
    runs : trainings of each point, which differ in their seed alone.
    measure : what a training gives, numbers by name, from a point and a seed. It is sent to other processes.
    rehearse : called once before the work and before a store is made: to say what cannot be, and to compile kernels,
        which workers then load instead of compiling them all at the same time.
    seed : of the whole sweep.
    together : what many trainings at once give on a GPU, in their order: a row as of `measure`, or a text that says why there
        is none; from points, seeds, and a function that is told (epochs done, epochs in all). None: not on a GPU.
    """

    name: str
    settings: Mapping[str, Any]
    points: Sequence[Mapping[str, Any]]
    runs: int
    measure: Measure
    rehearse: Callable[[], object]
    seed: int = 0
    together: Together | None = None

    def description(self, place: str = "cpu") -> dict[str, Any]:
        """What must be the same for a store to be continued; sums are rounded in another way on a GPU."""
        named = {"experiment": self.name, "seed": self.seed, "settings": plain(self.settings), "version": __version__}
        return named if place == "cpu" else named | {"backend": place}

    def tasks(self) -> list[Task]:
        """All trainings, run after run, so that an unfinished sweep has covered the grid evenly."""
        return [self.task(point, run) for run in range(self.runs) for point in self.points]

    def task(self, point: Mapping[str, Any], run: int) -> Task:
        named = plain(point)
        name = canonical({**named, "run": run})
        return Task(named, run, name, seed_of(self.name, self.seed, name))


def plain(value: Any) -> Any:
    """A value as JSON has it; a float that is a whole number becomes one, so that 5 and 5.0 name the same task."""
    value = value.item() if hasattr(value, "item") and not isinstance(value, type) else value
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if isinstance(value, Mapping):
        return {str(name): plain(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    raise InvalidInputError(f"a sweep takes finite numbers, text, True, False, None and lists of them; got {value!r}")


def seed_of(experiment: str, seed: int, name: str) -> int:
    """The first 63 bits of SHA-256 of experiment, seed of the sweep and name of the task."""
    digest = hashlib.sha256(canonical([experiment, seed, name]).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


@dataclass(frozen=True, eq=False)
class SweepResult:
    """What is finished of a sweep.

    Attributes
    ----------
    rows : one dictionary for each finished training: the point, `run`, `seed`, what was measured, `failure`.
    missing : how many trainings of the sweep are not done (other shards have them).
    content : SHA-256 of the results, equal for equal results.
    seconds : wall time of all sessions that worked on the store.
    """

    rows: list[dict[str, Any]]
    missing: int
    content: str
    seconds: float
    sessions: int

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the rows as CSV; floats with all their digits, nothing where there is no value."""
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
    """Do what is not yet done of a sweep, in parallel, one transaction for each finished training.

    Parameters
    ----------
    store : the SQLite file; an unfinished one is continued. None keeps the results in memory.
    jobs : worker processes; all cores by default. Within ``joblib.parallel_config(backend=...)`` the sweep runs there
        (Dask, Ray), by default on all the workers it has. Each worker computes on one thread.
    shard : (i, N), the i-th of N parts, 1 <= i <= N; together they are the whole sweep, and their stores merge.
    backend : ``cuda``: all trainings in this process, so many at a time, on a GPU (`jobs` does not matter then); ``auto``:
        there if there is one and the experiment can, or where the store was begun; ``cpu``.
    progress : called with (trainings done, trainings in all, a line of text).

    Raises
    ------
    DataFileError : the store holds another sweep.
    BackendError : a worker process died, or no GPU can be used where one was asked for.
    MissingDependencyError : joblib is not installed.
    """
    if backend == "cuda" and experiment.together is None:
        raise InvalidInputError(f"{experiment.name} runs on the processor; got backend='cuda'")
    place = choice.resolve(backend) if experiment.together is not None else "cpu"
    if backend == "auto" and store is not None and Path(store).exists():
        with Store(store) as kept:  # what was begun elsewhere is continued as it was begun
            begun_on = kept.description.get("backend", "cpu")
        place = choice.resolve(begun_on) if begun_on != place else place
    _require_joblib()
    workers = -1 if jobs is None else checks.integer(jobs, "jobs", 1)
    tasks = experiment.tasks()
    twice = len(tasks) - len({task.name for task in tasks})
    if not tasks or twice:
        raise InvalidInputError(f"a sweep needs different tasks; got {len(tasks)}, {twice} of them twice")
    mine = _part(tasks, shard)
    begun = time.perf_counter()
    experiment.rehearse()
    with Store(store, experiment.description(place)) as kept:
        finished = kept.finished()
        left = [task for task in mine if task.name not in finished]
        session = Session(
            uuid.uuid4().hex, datetime.datetime.now(datetime.UTC).isoformat(" ", "seconds"), _count(workers)
        )
        if progress is not None and left:
            progress(len(mine) - len(left), len(mine), "starting")
        if place == "cuda":
            done = len(mine) - len(left)
            work = _waves(experiment, left, lambda n, text: progress and progress(done + n, len(mine), text))
        else:
            work = _outcomes(experiment.measure, left, workers)
        with contextlib.closing(work) as outcomes:
            for outcome in outcomes:
                session.trainings += 1
                session.seconds = time.perf_counter() - begun
                kept.add([outcome], session)
                if progress is not None:
                    progress(len(mine) - len(left) + session.trainings, len(mine), outcome.task)
        wanted = {task.name: place for place, task in enumerate(tasks)}
        outcomes_here = [outcome for outcome in kept.outcomes() if outcome.task in wanted]
        outcomes_here.sort(key=lambda outcome: wanted[outcome.task])
        sessions = kept.sessions()
        return SweepResult(
            rows_of(outcomes_here), len(tasks) - len(outcomes_here), kept.content(),
            sum(session.seconds for session in sessions), len(sessions),
        )  # fmt: skip


def _part(tasks: list[Task], shard: tuple[int, int] | None) -> list[Task]:
    if shard is None:
        return tasks
    if not isinstance(shard, tuple) or len(shard) != 2:
        raise InvalidInputError(f"shard must be (i, N), the i-th of N parts; got {shard!r}")
    i, n = checks.integer(shard[0], "shard[0]", 1), checks.integer(shard[1], "shard[1]", 1)
    if i > n:
        raise InvalidInputError(f"shard must be i/N with i at most N; got {i}/{n}")
    return tasks[i - 1 :: n]


def _require_joblib() -> None:
    try:
        import joblib  # noqa: F401
    except ImportError as error:
        raise MissingDependencyError(f"sweeps need {error.name}: pip install 'spectral-core[full]'") from None


def _count(workers: int) -> int:
    """How many workers joblib's active backend has, if -1 stands for all."""
    import joblib

    return int(joblib.effective_n_jobs(workers))


def _outcomes(measure: Measure, tasks: Sequence[Task], workers: int) -> Generator[TaskResult, None, None]:
    """The results as they come, from joblib's active backend."""
    import joblib
    from joblib.externals.loky import get_reusable_executor
    from joblib.parallel import BACKENDS, get_active_backend

    backend, _ = get_active_backend()
    ours = isinstance(backend, BACKENDS["loky"]) and bool(tasks) and _count(workers) > 1
    options = {"initializer": _follow, "initargs": (os.getpid(),)} if ours else {}
    calls = [joblib.delayed(compute)(measure, task) for task in tasks]
    # Backends of multiprocessing's kind (Ray) give lists only: there results are safe by the handful.
    streams = backend.supports_return_generator
    size = max(len(calls), 1) if streams else 4 * _count(workers)
    kind = "generator_unordered" if streams else "list"
    try:
        for start in range(0, len(calls), size):
            parallel = joblib.Parallel(workers, batch_size=1, return_as=kind, **options)
            with _deaf() if ours else contextlib.nullcontext():
                results = parallel(calls[start : start + size])
            try:
                for outcome in results:  # noqa: UP028  (`yield from` would close `results` before we do)
                    yield outcome
            finally:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", UserWarning)  # joblib's, that what we stop is stopped
                    getattr(results, "close", list)()
    except BrokenExecutor as error:
        raise BackendError(
            f"a worker process died ({' '.join(str(error).split())[:160]}); what is finished is kept, and the same call "
            "continues"
        ) from None
    finally:
        if ours:  # idle workers would end later, and a sweep that came at that moment would wait for them for ever
            get_reusable_executor().shutdown(wait=True)


def _waves(
    experiment: Experiment, tasks: Sequence[Task], tell: Callable[[int, str], object]
) -> Generator[TaskResult, None, None]:
    """The results from a GPU, so many trainings at a time."""
    assert experiment.together is not None
    for start in range(0, len(tasks), WAVE):
        wave = tasks[start : start + WAVE]

        def told(done: int, total: int, start: int = start, wave: Sequence[Task] = wave) -> None:
            tell(start + len(wave) * done // total, f"epoch {done} of {len(wave)} trainings")

        begun = time.perf_counter()
        with one_thread():
            rows = experiment.together([task.point for task in wave], [task.seed for task in wave], told)
        seconds = (time.perf_counter() - begun) / len(wave)
        for task, row in zip(wave, rows, strict=True):
            failure = row if isinstance(row, str) else ""
            measured = {} if isinstance(row, str) else {name: _number(value) for name, value in row.items()}
            yield TaskResult(task.name, task.seed, measured, failure, seconds, platform.node())


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    """Processes started here do not hear the Ctrl-C that a terminal sends to all; this one hears it a moment later."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # which would lift the mask when it starts
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _follow(parent: int) -> None:
    """In a worker: leave Ctrl-C to the process that started it, and end when that is gone, however it went."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # where there is no mask to inherit

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(ORPHAN_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def compute(measure: Measure, task: Task) -> TaskResult:
    """Do one task, in whatever process; a training that diverges is a result too."""
    start = time.perf_counter()
    measured: dict[str, Any] = {}
    failure = ""
    with one_thread():
        try:
            measured = {name: _number(value) for name, value in measure(task.point, task.seed).items()}
        except DivergenceError as error:
            failure = str(error)
    return TaskResult(task.name, task.seed, measured, failure, time.perf_counter() - start, platform.node())


def _number(value: Any) -> Any:
    """A measured value for JSON, which has no infinity."""
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value
