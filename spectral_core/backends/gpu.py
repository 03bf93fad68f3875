"""Everything that touches numba-cuda and CuPy: whether they can be used, arrays on the device, launches, products.

Nothing imports this module before a GPU is asked for (`backends`). With ``NUMBA_ENABLE_CUDASIM=1`` numba-cuda runs kernels as
Python threads; arrays are NumPy's then, and so are the products. Arrays of others come in by `__cuda_array_interface__`.
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

importlib.import_module("numba").config.CUDA_LOW_OCCUPANCY_WARNINGS = 0  # sums in one block are meant so


BLOCKS = 1024
"""Of a launch, at most; threads take several elements where there are more."""
SHARED_BYTES = 40 * 1024
"""Dynamic shared memory of a block, at most; with `REDUCTION_SLOTS` below the 48 KiB that every device grants."""


def unavailable_because() -> str:
    """Why no GPU can be used; nothing where one can."""
    if SIMULATED:
        return ""
    if not cuda.is_available():
        return "numba-cuda finds no CUDA device"
    if importlib.util.find_spec("cupy") is None:
        return "CuPy is not installed: pip install 'spectral-core[cuda]'"
    return _library_fails()


@functools.cache
def _library_fails() -> str:
    """What CuPy says where it cannot multiply: it finds cuBLAS with the first product only.

    By hand: whether cuBLAS is there. Checked by test_cuda.test_a_library_that_is_not_whole_is_named.
    """
    try:
        one = array_module().ones((1, 1), np.float32)
        array_module().matmul(one, one)
    except (ImportError, OSError, RuntimeError) as error:
        return f"CuPy cannot multiply matrices: {' '.join(str(error).split())[:200]}"
    return ""


def name() -> str:
    """Of the device."""
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
    """The array behind `__cuda_array_interface__`, not a copy."""
    if SIMULATED:  # where the "device" is this process, and NumPy knows the other interface's name only
        return np.asarray(SimpleNamespace(__array_interface__=value.__cuda_array_interface__))
    return array_module().asarray(value)


def to_device(values: np.ndarray) -> Any:
    """A copy on the device."""
    return array_module().array(values)


def to_host(values: Any) -> np.ndarray:
    """A copy in this process; waits for the device."""
    return values.copy() if SIMULATED else values.get()


def write(target: Any, values: np.ndarray) -> None:
    """Copy values into an array on the device."""
    if SIMULATED:
        target[...] = values
    else:
        target.set(np.ascontiguousarray(values, target.dtype))


def blocks_for(elements: int) -> int:
    """Blocks of a launch whose threads share so many elements."""
    return min(-(-int(elements) // THREADS), 2 if SIMULATED else BLOCKS)


def argument(value: Any) -> Any:
    """What a kernel takes for an array of `array_module()`: the same memory."""
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
    """Wait until the device has done everything."""
    if not SIMULATED:
        cuda.synchronize()


@contextlib.contextmanager
def in_order() -> Iterator[None]:
    """Launches and products inside follow each other, and what the caller's stream did before; all is done at the end.

    Kernels run on the default stream. CuPy works on the current one, which a caller may have changed.
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
    """Launches and products in their order, bound to their arrays once and run for one mini-batch after the other.

    The functions of the host in `kernels.cuda_wide` write a plan as if they computed: `view`, `launch`, `launch_lines`,
    `product` and `clear` are what they ask of a device.
    """

    def __init__(self) -> None:
        self.steps: list[Callable[[int], object]] = []

    def run(self, batch: int) -> None:
        """Do it for a mini-batch; returns before the device is done."""
        for step in self.steps:
            step(batch)

    def view(self, flat: Any, at: int, *shape: int) -> Any:
        """The array that starts at a position of flat storage."""
        return flat[at : at + int(np.prod(shape))].reshape(shape)

    def launch(self, kernel: Any, elements: int, given: tuple[Any, ...], *, numbered: bool = False) -> None:
        """A kernel whose threads share so many elements; `numbered` ones take the number of the mini-batch too."""
        self.add(kernel, blocks_for(elements), THREADS, given, numbered)

    def launch_lines(self, kernel: Any, lines: int, given: tuple[Any, ...]) -> None:
        """A kernel that sums along so many lines."""
        self.add(kernel, -(-int(lines) // LINES), THREADS, given, False)

    def launch_block(self, kernel: Any, given: tuple[Any, ...], *, numbered: bool = False) -> None:
        """A kernel of one block."""
        self.add(kernel, 1, THREADS, given, numbered)

    def add(self, kernel: Any, blocks: int, threads: int, given: tuple[Any, ...], numbered: bool) -> None:
        library = array_module()
        if not numbered:  # the parts of a program take their matrices flat
            given = tuple(value.reshape(-1) if isinstance(value, library.ndarray) else value for value in given)
        bound = tuple(map(argument, given))
        launcher = kernel[blocks, threads]
        if SIMULATED:  # whose configuration is that of the kernel, not of the launch
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
    """Threads of a block that share so many elements: whole warps, as many elements for each as evenly as can be."""
    turns = -(-elements // most)
    return 3 if SIMULATED else 32 * -(-elements // (32 * turns))
