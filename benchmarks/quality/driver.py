"""Runs the jobs in several processes, one core each; every finished job adds its lines to the results file at once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path
from typing import Any

from benchmarks.children import cores
from benchmarks.processes import pool
from benchmarks.quality.jobs import kind_of, known_from, needs_ours, run, warm
from benchmarks.quality.records import Job, Known, Result

Line = dict[str, Any]


def read(path: Path) -> list[Line]:
    """The lines of a results file; none where it does not exist. A line that a stopped run left unfinished is left out."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]


def append(path: Path, job: Job, results: Sequence[Result]) -> list[Line]:
    """Add the lines of a job, all in one write."""
    lines = [result.line(job) for result in results]
    with path.open("a", encoding="utf-8") as file:
        file.write("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
    return lines


def run_all(jobs: Sequence[Job], path: Path, workers: int, minutes: float | None, say: Callable[[str], object]) -> None:
    """Run the jobs that the results file does not hold yet; start none after `minutes`."""
    start = time.monotonic()
    lines = read(path)
    rewrite(path, lines)
    done = {Job.of(line) for line in lines}
    waiting = [job for job in jobs if job not in done]
    say(f"{len(waiting)} of {len(jobs)} jobs are to run on {workers} cores")
    with pool(workers) as processes:
        kinds = sorted({kind_of(job.method) for job in waiting})
        processes.submit(compile_once, kinds).result()
        end = None if minutes is None else start + 60 * minutes
        failed = _run(processes, workers, waiting, known_from(lines), path, end, say)
    if failed:
        say(f"{len(failed)} jobs failed; the same command tries them again")
    if waiting:
        say(f"{len(waiting)} jobs are left; the same command goes on with them")


def _run(
    processes: ProcessPoolExecutor,
    workers: int,
    waiting: list[Job],
    known: dict[tuple[str, int], Known],
    path: Path,
    end: float | None,
    say: Callable[[str], object],
) -> list[Job]:
    """Run the waiting jobs, which leave the list as they start; the jobs that failed."""
    failed: list[Job] = []
    running: dict[Future[list[Result]], Job] = {}
    while waiting or running:
        while len(running) < workers and (job := next_job(waiting, known, end)) is not None:
            waiting.remove(job)
            running[processes.submit(run_job, job, known.get((job.set, job.split)))] = job
        if not running:
            break
        finished, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in finished:
            job = running.pop(future)
            if (failure := future.exception()) is not None:
                failed.append(job)
                say(f"{job} failed: {failure!r}")
                continue
            added = append(path, job, future.result())
            known |= known_from(added)
            say(f"{job.set} {job.split} {job.method} {job.size or ''}: {summary(added)}")
    return failed


def rewrite(path: Path, lines: Sequence[Line]) -> None:
    """Leave only whole lines, so that the next one begins on a line of its own."""
    if path.exists():
        path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")


def next_job(waiting: Sequence[Job], known: dict[tuple[str, int], Known], end: float | None) -> Job | None:
    """The first job whose needs are known; none after the end."""
    if end is not None and time.monotonic() >= end:
        return None
    return next((job for job in waiting if not needs_ours(job) or (job.set, job.split) in known), None)


def run_job(job: Job, known: Known | None) -> list[Result]:
    """The results of a job, on one thread."""
    from threadpoolctl import threadpool_limits

    if job.method.startswith(("gradual", "torch")):
        import torch

        torch.set_num_threads(1)
    with threadpool_limits(1):
        warm(kind_of(job.method))
        return run(job, known)


def compile_once(kinds: Sequence[str]) -> None:
    """Fill the cache of compiled kernels in one process, before all processes would do it beside each other."""
    for kind in kinds:
        warm(kind)


def default_workers() -> int:
    return cores()


def summary(lines: Sequence[Line]) -> str:
    """Scores and seconds of a job in few words."""
    first = lines[0]
    return f"{first['score']:.4f} with {first.get('weights', float('nan')):g} weights in {first['seconds']:.1f} s"
