"""The only module that uses numba-cuda and CuPy: arrays on the device, launches, products, and whether both can be used.

`choice` imports this module only when a GPU is asked for. With ``NUMBA_ENABLE_CUDASIM=1`` numba-cuda runs kernels as Python
threads; arrays and products are then NumPy's. Arrays of other libraries are accepted by `__cuda_array_interface__`.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import importlib.util
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np

from spectral_core.kernels.support.device import LINES, SIMULATED, THREADS, cuda

importlib.import_module("numba").config.CUDA_LOW_OCCUPANCY_WARNINGS = 0  # sums in one block are intended


BLOCKS = 1024
"""The largest number of blocks in a launch; for more elements each thread takes several."""
SHARED_BYTES = 40 * 1024
"""The most dynamic shared memory of a block. With `REDUCTION_SLOTS` it is below 48 KiB, which every device has."""


def unavailable_because() -> str:
    """Why no GPU can be used; empty if one can."""
    if SIMULATED:
        return ""
    if not cuda.is_available():
        return "numba-cuda finds no CUDA device"
    if importlib.util.find_spec("cupy") is None:
        return "CuPy is not installed: pip install '.[cuda]' in the sources"
    return _library_fails()


@functools.cache
def _library_fails() -> str:
    """The error of CuPy if it cannot multiply; it looks for cuBLAS only at the first product.

    By hand: whether cuBLAS is there. Checked by test_cuda.test_a_library_that_is_not_whole_is_named.
    """
    try:
        one = array_module().ones((1, 1), np.float32)
        array_module().matmul(one, one)
    except (ImportError, OSError, RuntimeError) as error:
        return f"CuPy cannot multiply matrices: {' '.join(str(error).split())[:200]}"
    return ""


def name() -> str:
    """The name of the device."""
    if SIMULATED:
        return "numba-cuda's simulator"
    found = cuda.get_current_device().name
    return found.decode() if isinstance(found, bytes) else str(found)


def array_module() -> Any:
    """The library of arrays on the device: CuPy, or NumPy in the simulator."""
    if SIMULATED:
        return np
    import cupy

    return cupy


def adopt(value: Any) -> Any:
    """The array of `__cuda_array_interface__`, not a copy."""
    if SIMULATED:  # the "device" is this process, and NumPy knows only `__array_interface__`
        return np.asarray(SimpleNamespace(__array_interface__=value.__cuda_array_interface__))
    return array_module().asarray(value)


def to_device(values: np.ndarray) -> Any:
    """A copy on the device."""
    return array_module().array(values)


def to_host(values: Any) -> np.ndarray:
    """A copy in this process; it waits for the device."""
    return values.copy() if SIMULATED else values.get()


def write(target: Any, values: np.ndarray) -> None:
    """Copy values into an array on the device."""
    if SIMULATED:
        target[...] = values
    else:
        target.set(np.ascontiguousarray(values, target.dtype))


def blocks_for(elements: int) -> int:
    """The number of blocks of a launch for `elements` elements."""
    return min(-(-int(elements) // THREADS), 2 if SIMULATED else BLOCKS)


def argument(value: Any) -> Any:
    """An array of `array_module()` in the form that a kernel takes: the same memory."""
    if not isinstance(value, array_module().ndarray):
        return value
    if SIMULATED:
        from numba.cuda.simulator.cudadrv.devicearray import FakeCUDAArray

        return FakeCUDAArray(value)
    return cuda.as_cuda_array(value)


def launch(kernel: Any, blocks: int, threads: int, shared_bytes: int, given: tuple[Any, ...]) -> None:
    """Run a kernel once."""
    kernel[blocks, threads, 0, shared_bytes](*map(argument, given))


def synchronize() -> None:
    """Wait until the device has finished."""
    if not SIMULATED:
        cuda.synchronize()


@contextlib.contextmanager
def in_order() -> Iterator[None]:
    """Launches and products inside run one after the other, after the caller's stream; all have finished at the end.

    Kernels run on the default stream. CuPy uses the current one, which a caller may have changed.
    """
    if SIMULATED:
        yield
        return
    stream = array_module().cuda.Stream
    array_module().cuda.get_current_stream().synchronize()
    with stream.null:
        yield
        stream.null.synchronize()


class Plan:
    """Launches and products in their order. They are bound to their arrays once and run for each mini-batch.

    The host functions of `kernels.cuda.wide` fill a plan by calling `view`, `launch`, `launch_lines`, `product` and
    `clear`.
    """

    def __init__(self) -> None:
        self.steps: list[Callable[[int], object]] = []

    def run(self, batch: int) -> None:
        """Run the plan for a mini-batch; returns before the device has finished."""
        for step in self.steps:
            step(batch)

    def view(self, flat: Any, at: int, *shape: int) -> Any:
        """The array at a position of flat storage."""
        return flat[at : at + int(np.prod(shape))].reshape(shape)

    def launch(self, kernel: Any, elements: int, given: tuple[Any, ...], *, numbered: bool = False) -> None:
        """A kernel on `elements` elements; a `numbered` one also takes the number of the mini-batch."""
        self.add(kernel, blocks_for(elements), THREADS, given, numbered)

    def launch_lines(self, kernel: Any, lines: int, given: tuple[Any, ...]) -> None:
        """A kernel that sums along `lines` lines."""
        self.add(kernel, -(-int(lines) // LINES), THREADS, given, False)

    def launch_block(self, kernel: Any, given: tuple[Any, ...], *, numbered: bool = False) -> None:
        """A kernel of one block."""
        self.add(kernel, 1, THREADS, given, numbered)

    def launch_blocks(self, kernel: Any, blocks: int, given: tuple[Any, ...]) -> None:
        """A kernel of so many blocks, each of which makes one sum."""
        self.add(kernel, int(blocks), THREADS, given, False)

    def add(self, kernel: Any, blocks: int, threads: int, given: tuple[Any, ...], numbered: bool) -> None:
        library = array_module()
        if not numbered:  # parts of a program take flat matrices
            given = tuple(value.reshape(-1) if isinstance(value, library.ndarray) else value for value in given)
        bound = tuple(map(argument, given))
        launcher = kernel[blocks, threads]
        if SIMULATED:  # the simulator stores the configuration in the kernel, not in the launch
            self.steps.append(lambda batch: kernel[blocks, threads](*bound, *([batch] if numbered else [])))
        elif numbered:
            self.steps.append(lambda batch: launcher(*bound, batch))
        else:
            self.steps.append(lambda batch: launcher(*bound))

    def product(self, left: Any, right: Any, out: Any, *, accumulate: bool = False) -> None:
        """out = left right, or out += left right, by the library (cuBLAS).

        By hand: cuBLAS; outside of the simulator no code of ours. Checked by test_cuda.test_trainings_on_the_device_are_those_of_the_processor.
        """
        library = array_module()
        if not accumulate:
            self.steps.append(lambda batch: library.matmul(left, right, out=out))
            return
        term = library.empty_like(out)

        def add(batch: int) -> None:
            library.matmul(left, right, out=term)
            library.add(out, term, out=out)

        self.steps.append(add)

    def clear(self, flat: Any) -> None:
        """Zeros."""
        self.steps.append(lambda batch: flat.fill(0))


def threads_of(elements: int, most: int) -> int:
    """Threads of a block for `elements` elements: whole warps, with about the same number of elements for each thread."""
    turns = -(-elements // most)
    return 3 if SIMULATED else 32 * -(-elements // (32 * turns))
