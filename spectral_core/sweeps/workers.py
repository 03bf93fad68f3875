"""Trainings in other processes: workers compute, and only the process that started them writes."""

from __future__ import annotations

import contextlib
import math
import os
import platform
import signal
import threading
import time
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import BrokenExecutor
from multiprocessing import resource_tracker
from typing import Any

from spectral_core.backends.threads import one_thread
from spectral_core.errors import BackendError, DivergenceError
from spectral_core.sweeps.experiment import Measure, Task
from spectral_core.sweeps.store import TaskResult

PARENT_CHECK_SECONDS = 0.5
"""How often a worker looks whether the process that started it is still there."""


def worker_count(workers: int) -> int:
    """The number of workers of joblib's active backend; -1 stands for all of them."""
    import joblib

    return int(joblib.effective_n_jobs(workers))


def results_in_processes(measure: Measure, tasks: Sequence[Task], workers: int) -> Generator[TaskResult, None, None]:
    """Compute tasks on joblib's active backend and yield the results as they arrive.

    Raises
    ------
    BackendError : a worker process died.
    """
    import joblib
    from joblib.parallel import get_active_backend

    backend, _ = get_active_backend()
    calls = [joblib.delayed(compute)(measure, task) for task in tasks]
    # Some backends (Ray) return lists only. Short lists lose few results when the sweep is stopped.
    streams = backend.supports_return_generator
    size = max(len(calls), 1) if streams else 4 * worker_count(workers)
    kind = "generator_unordered" if streams else "list"
    try:
        for start in range(0, len(calls), size):
            yield from _results(calls[start : start + size], workers, kind)
    finally:
        if tasks and is_local(workers):
            _end_processes()


def call_in_processes(calls: Sequence[Callable[[], object]], workers: int) -> None:
    """Make all calls, where there are several workers on this machine; the processes stay for the tasks.

    Raises
    ------
    BackendError : a worker process died.
    """
    import joblib

    if not calls or not is_local(workers):
        return
    with contextlib.ExitStack() as after:
        after.callback(_end_processes)
        for _ in _results([joblib.delayed(call)() for call in calls], workers, "generator"):
            pass
        after.pop_all()


def _results(calls: Sequence[Any], workers: int, kind: str) -> Generator[Any, None, None]:
    """What joblib's calls return, as a stream or a list."""
    import joblib

    local, results = is_local(workers), None
    options = {"initializer": exit_with_parent, "initargs": (os.getpid(),)} if local else {}
    try:
        parallel = joblib.Parallel(workers, batch_size=1, return_as=kind, **options)
        with ignoring_interrupts() if local else contextlib.nullcontext():
            results = parallel(calls)
        for result in results:  # noqa: UP028  (`yield from` would close `results` before we do)
            yield result
    except BrokenExecutor as error:
        raise BackendError(
            f"a worker process died ({' '.join(str(error).split())[:160]}); what is finished is kept, and the same call "
            "continues"
        ) from None
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # joblib warns that unfinished tasks are cancelled
            getattr(results, "close", list)()


def _end_processes() -> None:
    """End the workers: a sweep that started while idle ones end would wait for them for ever."""
    from joblib.externals.loky import get_reusable_executor

    get_reusable_executor().shutdown(wait=True)


def is_local(workers: int) -> bool:
    """Whether joblib's active backend gives several processes of this machine, which are ours to end; those of a cluster are not."""
    from joblib.parallel import BACKENDS, get_active_backend

    backend, _ = get_active_backend()
    return isinstance(backend, BACKENDS["loky"]) and worker_count(workers) > 1


@contextlib.contextmanager
def ignoring_interrupts() -> Iterator[None]:
    """Block SIGINT while workers start, so that Ctrl-C reaches only this process."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # its start would lift the mask
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def exit_with_parent(parent: int) -> None:
    """Prepare a worker: it ignores Ctrl-C, and it exits when its parent process is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # for systems without a mask to inherit

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_CHECK_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def compute(measure: Measure, task: Task) -> TaskResult:
    """Compute one task, in any process; a training that diverges is a result too."""
    start = time.perf_counter()
    measured: dict[str, Any] = {}
    failure = ""
    with one_thread():
        try:
            measured = {name: finite_number(value) for name, value in measure(task.point, task.seed).items()}
        except DivergenceError as error:
            failure = str(error)
    return TaskResult(task.name, task.seed, measured, failure, time.perf_counter() - start, platform.node())


def finite_number(value: Any) -> Any:
    """A measured value for JSON; infinity and NaN become None."""
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value
