"""The few names of numba-cuda that kernels need, and the sizes of their blocks."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from typing import Any

# By name, since which module it is that Numba puts there, and so what a type checker would see, is a matter of installation.
cuda: Any = importlib.import_module("numba.cuda")


types: Any = importlib.import_module("numba").types


SIMULATED = bool(importlib.import_module("numba").config.ENABLE_CUDASIM)
"""Whether kernels run in numba-cuda's simulator."""


def overload(function: Callable[..., Any]) -> Any:
    """The decorator that chooses an implementation by types; in the simulator the function is called as it stands."""
    if SIMULATED:
        return lambda other: other
    return importlib.import_module("numba.cuda.extending").overload(function)


def kernel(threads: int, blocks: int = 1) -> Callable[..., Any]:
    """The decorator of kernels for blocks of at most so many threads, so many of them on a multiprocessor."""
    return cuda.jit if SIMULATED else cuda.jit(launch_bounds=(threads, blocks))


LINES, LANES = (2, 2) if SIMULATED else (8, 32)
"""Lines of a matrix that a block sums, threads that share one."""


THREADS = LINES * LANES
"""Of a block, at most: the launch bounds of the kernels, but of those for one hidden layer (`ONE_HIDDEN_THREADS`)."""


ONE_HIDDEN_THREADS = 192
"""Two such blocks share the registers of a multiprocessor."""


REDUCTION_SLOTS = 256
"""Numbers in the shared memory in which the threads of a block sum their shares: as many as there can be."""
