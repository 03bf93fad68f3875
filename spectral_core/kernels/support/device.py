"""The few names of numba-cuda that kernels need, and the sizes of their blocks."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable
from typing import Any

# Imported by name: which module Numba finds depends on the installation, and a type checker must not look at it.
cuda: Any = importlib.import_module("numba.cuda")


types: Any = importlib.import_module("numba").types


SIMULATED = bool(importlib.import_module("numba").config.ENABLE_CUDASIM)
"""Whether kernels run in numba-cuda's simulator."""


if SIMULATED:
    # The simulator's main thread polls the threads of a block. With Python's interval of 5 ms it would keep them waiting
    # that long at every turn: the simulated checks take four times as much processor time.
    sys.setswitchinterval(1e-4)


def overload(function: Callable[..., Any]) -> Any:
    """The decorator that chooses an implementation by types; the simulator calls the function itself."""
    if SIMULATED:
        return lambda other: other
    return importlib.import_module("numba.cuda.extending").overload(function)


def kernel(threads: int, blocks: int = 1) -> Callable[..., Any]:
    """The decorator of kernels with at most `threads` threads in a block and `blocks` blocks on a multiprocessor."""
    return cuda.jit if SIMULATED else cuda.jit(launch_bounds=(threads, blocks))


LINES, LANES = (2, 2) if SIMULATED else (8, 32)
"""Lines of a matrix that a block sums, and threads for each line."""


THREADS = LINES * LANES
"""The most threads of a block: the launch bound of all kernels except those for one hidden layer."""


ONE_HIDDEN_THREADS = 192
"""The most threads of a block of kernels for one hidden layer; two such blocks fit on a multiprocessor."""


REDUCTION_SLOTS = 256
"""Numbers in the shared memory in which the threads of a block add their partial sums: one for each thread."""
