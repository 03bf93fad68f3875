"""Which backend computes: the CPU or a GPU. Modules for a GPU are imported only when this module returns them."""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import os
import sys
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from spectral_core import checks
from spectral_core.backends import cpu
from spectral_core.backends.problem import Backend, Stepper
from spectral_core.checks import one_of
from spectral_core.errors import BackendError
from spectral_core.kernels.support.image_layout import KINDS, OPERATION_COLUMNS, VALUE_COLUMNS, ImageLayout, ImageTables
from spectral_core.kernels.support.layout import Layout

BACKENDS = ("auto", "cpu", "cuda")
WORTH_A_GPU = 2 * 10**8
"""Multiply-adds of a step from which ``auto`` uses a GPU. A step makes about fifty launches of 20 µs, a millisecond; two
cores need three milliseconds for this work, at 60 billion multiply-adds a second. An estimate; not measured."""


WORTH_A_GPU_FOR_IMAGES = 10**9
"""The same for image networks, whose step makes about a thousand launches: 67 to 126 ms on an H200, however small the network, where one
core needs 70 ms for 4·10⁸ multiply-adds."""


def unavailable_because() -> str:
    """Why no GPU can be used on this machine; empty if one can."""
    if importlib.util.find_spec("numba_cuda") is None:
        return "numba-cuda is not installed: pip install '.[cuda]' in the sources"
    simulated = os.environ.get("NUMBA_ENABLE_CUDASIM", "0") not in ("", "0")
    if not simulated and not _driver():
        return "there is no driver for a CUDA device"
    from spectral_core.backends import gpu

    return gpu.unavailable_because()


def _driver() -> bool:
    """Whether the system has NVIDIA's driver. Checked first, since importing numba-cuda takes 40 MiB."""
    names = ("nvcuda.dll",) if sys.platform == "win32" else ("libcuda.so.1", "libcuda.so")
    for name in (*names, *filter(None, [os.environ.get("NUMBA_CUDA_DRIVER")])):
        with contextlib.suppress(OSError):
            ctypes.CDLL(name)
            return True
    return False


def resolve(backend: str, work: float = float("inf"), enough: float = WORTH_A_GPU) -> str:
    """``cpu`` or ``cuda``. ``auto`` is ``cuda`` if there is a GPU and the `work` of a step is at least `enough`.

    Raises
    ------
    BackendError : ``cuda``, and no GPU can be used; the message gives the reason.
    """
    if one_of(backend, BACKENDS, "backend") == "cpu" or (backend == "auto" and work < enough):
        return "cpu"
    why = unavailable_because()
    if not why:
        return "cuda"
    if backend == "auto":
        return "cpu"
    raise BackendError(f"backend 'cuda' cannot be used: {why}")


def multiply_adds(widths: Sequence[int], samples: int) -> float:
    """Multiply-adds of one step: two products with each block forward, four back (M7, M8).

    By hand: a count of products. Checked by test_cuda.test_auto_is_the_processor_where_there_is_no_gpu_or_little_to_do.
    """
    return 6.0 * samples * sum(a * b for a, b in pairwise(widths))


def image_multiply_adds(net: ImageTables, samples: int) -> float:
    """Multiply-adds of one step of an image network: the convolutions once forward and twice back.

    By hand: a count of products. Checked by test_cuda.test_auto_is_the_processor_where_there_is_no_gpu_or_little_to_do.
    """
    channels, rows, columns = (VALUE_COLUMNS.index(name) for name in ("channels", "rows", "columns"))
    count = 0
    for row in net.operations.tolist():
        operation = dict(zip(OPERATION_COLUMNS, row, strict=True))
        receiver = net.values[operation["receiver"]]
        if operation["kind"] == KINDS["stem"]:
            products = 9 * net.image[0] * receiver[channels]
        elif operation["kind"] == KINDS["convolution"]:
            sending = net.values[operation["sender"]][channels]
            products = sending * (receiver[channels] + (operation["taps"] ** 2 if operation["taps"] > 1 else 0))
        else:
            continue
        count += int(products * receiver[rows] * receiver[columns])
    return 3.0 * samples * count


def module_of(backend: str) -> Backend:
    """The module of a resolved backend, ``cpu`` or ``cuda``."""
    if backend == "cpu":
        return cpu
    from spectral_core.backends import cuda

    return cuda


def stepper_of(backend: str, layout: Layout) -> Callable[..., Stepper]:
    """What makes a stepper of a resolved backend, for a network of layers or an image network."""
    if backend == "cuda" and isinstance(layout, ImageLayout):
        from spectral_core.backends import cuda_images

        return cuda_images.CudaImageStepper
    return module_of(backend).stepper


def backend_of(X: Any) -> Backend:
    """The module that computes where X is: on the GPU if X is there (`__cuda_array_interface__`), else on the CPU."""
    return module_of(resolve("cuda") if checks.is_device_array(X) else "cpu")
