"""The number of threads of the linear algebra library, set here so that results do not depend on the environment."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def blas_threads(count: int) -> Iterator[None]:
    """Matrix products use `count` threads inside the block.

    A library splits a large product by its number of threads, and each split rounds differently. The last bits depend on
    the number, whatever sets it (OPENBLAS_NUM_THREADS, the cores of the machine). Small products are never split.
    """
    from threadpoolctl import threadpool_limits

    # Numba takes its matrix products from this module, which must be loaded before it can be limited.
    importlib.import_module("scipy.linalg.cython_blas")
    with threadpool_limits(limits=count, user_api="blas"):
        yield


@contextmanager
def one_thread() -> Iterator[None]:
    """Matrix products use one thread, for work that several threads of one process do at the same time.

    No thread may lift the limit of the others, so outside of the main thread the limit stays.
    """
    from threadpoolctl import threadpool_limits

    if threading.current_thread() is threading.main_thread():
        with blas_threads(1):
            yield
    else:
        importlib.import_module("scipy.linalg.cython_blas")
        threadpool_limits(1)
        yield
