"""Jobs in several processes: one core and one thread each."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from benchmarks.children import THREADS


def pool(workers: int) -> ProcessPoolExecutor:
    """Fresh processes whose libraries use one thread and no GPU; each stays on a core of its own where the system can tie
    it (Linux)."""
    os.environ.update({**dict.fromkeys(THREADS, "1"), "CUDA_VISIBLE_DEVICES": ""})
    context = multiprocessing.get_context("spawn")
    cores = context.Queue()
    for core in range(workers):
        cores.put(core)
    return ProcessPoolExecutor(workers, context, begin, (cores,))


def begin(cores: Any) -> None:
    """Tie this process to the next core."""
    core = cores.get()
    if hasattr(os, "sched_setaffinity"):
        allowed = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, [allowed[core % len(allowed)]])
