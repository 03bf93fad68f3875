"""Threads of the linear algebra library: a number chosen here, so that results do not depend on the environment."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def blas_threads(count: int) -> Iterator[None]:
    """Products of matrices run on so many threads inside the block.

    A library splits a large product by its number of threads, and each split rounds in its own way: the last bits
    follow the number, wherever it comes from (OPENBLAS_NUM_THREADS, the cores of the machine). Small products are never split.
    """
    from threadpoolctl import threadpool_limits

    importlib.import_module(
        "scipy.linalg.cython_blas"
    )  # Numba's products come from there; it must be loaded to be limited
    with threadpool_limits(limits=count, user_api="blas"):
        yield


@contextmanager
def one_thread() -> Iterator[None]:
    """Products on one thread, for work of which several may run on threads of one process.

    None of them may lift the limit of the others: outside of the main thread it stays.
    """
    from threadpoolctl import threadpool_limits

    if threading.current_thread() is threading.main_thread():
        with blas_threads(1):
            yield
    else:
        importlib.import_module("scipy.linalg.cython_blas")
        threadpool_limits(1)
        yield
