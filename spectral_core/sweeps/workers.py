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

    # Processes of joblib's own backend end with this one; those of a cluster are not ours to end.
    backend, _ = get_active_backend()
    local = is_local(workers)
    options = process_options() if local else {}
    calls = [joblib.delayed(compute)(measure, task) for task in tasks]
    # Some backends (Ray) return lists only. Short lists lose few results when the sweep is stopped.
    streams = backend.supports_return_generator
    size = max(len(calls), 1) if streams else 4 * worker_count(workers)
    kind = "generator_unordered" if streams else "list"
    try:
        for start in range(0, len(calls), size):
            parallel = joblib.Parallel(workers, batch_size=1, return_as=kind, **options)
            with ignoring_interrupts() if local else contextlib.nullcontext():
                results = parallel(calls[start : start + size])
            try:
                for result in results:  # noqa: UP028  (`yield from` would close `results` before we do)
                    yield result
            finally:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", UserWarning)  # joblib warns that unfinished tasks are cancelled
                    getattr(results, "close", list)()
    except BrokenExecutor as error:
        raise BackendError(
            f"a worker process died ({' '.join(str(error).split())[:160]}); what is finished is kept, and the same call "
            "continues"
        ) from None


def call_in_processes(calls: Sequence[Callable[[], object]], workers: int) -> None:
    """Make all calls, where there are several workers on this machine; the processes stay for the tasks."""
    import joblib

    if calls and is_local(workers):
        parallel = joblib.Parallel(workers, batch_size=1, return_as="generator", **process_options())
        with ignoring_interrupts():
            results = parallel(joblib.delayed(call)() for call in calls)
        list(results)


@contextlib.contextmanager
def ending_processes(workers: int) -> Iterator[None]:
    """End the workers of this machine at last: a sweep that started while idle ones end would wait for them for ever."""
    from joblib.externals.loky import get_reusable_executor

    try:
        yield
    finally:
        if is_local(workers):
            get_reusable_executor().shutdown(wait=True)


def is_local(workers: int) -> bool:
    """Whether joblib's active backend gives several processes of this machine."""
    from joblib.parallel import BACKENDS, get_active_backend

    backend, _ = get_active_backend()
    return isinstance(backend, BACKENDS["loky"]) and worker_count(workers) > 1


def process_options() -> dict[str, Any]:
    """How workers of this machine begin; equal options let joblib use its processes again."""
    return {"initializer": exit_with_parent, "initargs": (os.getpid(),)}


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
