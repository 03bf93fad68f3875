"""Where a computation runs: on the processor, or on a GPU by `gpu`, which nothing imports before it is asked for here."""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import os
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from spectral_core.checks import one_of
from spectral_core.errors import BackendError

BACKENDS = ("auto", "cpu", "cuda")
WORTH_A_GPU = 2 * 10**8
"""Multiply-adds of a step from which ``auto`` takes a GPU: some fifty launches of about 20 µs each, a millisecond, against
60 billion of them a second on two cores, three milliseconds. An estimate; not measured."""


def unavailable_because() -> str:
    """Why no GPU can be used on this machine; nothing where one can."""
    if importlib.util.find_spec("numba_cuda") is None:
        return "numba-cuda is not installed: pip install 'spectral-core[cuda]'"
    simulated = os.environ.get("NUMBA_ENABLE_CUDASIM", "0") not in ("", "0")
    if not simulated and not _driver():
        return "there is no driver for a CUDA device"
    from spectral_core.backends import gpu

    return gpu.unavailable_because()


def _driver() -> bool:
    """Whether the system has NVIDIA's driver; asked before numba-cuda, whose import takes 40 MiB."""
    names = ("nvcuda.dll",) if sys.platform == "win32" else ("libcuda.so.1", "libcuda.so")
    for name in (*names, *filter(None, [os.environ.get("NUMBA_CUDA_DRIVER")])):
        with contextlib.suppress(OSError):
            ctypes.CDLL(name)
            return True
    return False


def resolve(backend: str, work: float = float("inf")) -> str:
    """``cpu`` or ``cuda``. ``auto`` is a GPU where there is one and the `work` of a step is worth it.

    Raises
    ------
    BackendError : ``cuda`` where no GPU can be used; the message says why.
    """
    if one_of(backend, BACKENDS, "backend") == "cpu" or (backend == "auto" and work < WORTH_A_GPU):
        return "cpu"
    why = unavailable_because()
    if not why:
        return "cuda"
    if backend == "auto":
        return "cpu"
    raise BackendError(f"backend 'cuda' cannot be used: {why}")


def multiply_adds(widths: Sequence[int], samples: int) -> float:
    """Multiply-adds of one step: two products with each block forward, four back (M7, M8)."""
    return 6.0 * samples * sum(a * b for a, b in pairwise(widths))


def is_device_array(value: Any) -> bool:
    """Whether an array lies on a GPU, by `__cuda_array_interface__`."""
    return hasattr(value, "__cuda_array_interface__")
