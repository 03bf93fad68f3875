"""How long is a training step of a whole image network, and what memory does it take, beside PyTorch in both of its layouts?

One thread, batch 64. The network is the first one of a search, three cells with nine edges. A step is the loss and all
gradients. Turns alternate, and processor seconds of this process count; the least of the turns stands in the table. Memory is
the peak of two steps in a process of its own, above that after two steps of a tiny network.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.children import forget_peak, python, resident
from benchmarks.rows import Row, row
from spectral_core.backends.threads import blas_threads
from spectral_core.networks.image import ImageNetwork

SIZES = ((16, 4), (16, 8), (16, 16), (32, 8), (16, 32), (16, 64))
"""Rows of the images, channels of the stem."""
WANTED = {4: 3.0, 8: 2.0, 16: 1.5}
BATCH, TURNS = 64, 5
NAMES = ("ours", "channels last", "channels first")
PEAK = "import sys; from benchmarks.images import peak; print(peak(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))"
Step = Callable[[Any, Any], Any]


def measure(arguments: Sequence[str] = ()) -> list[Row]:
    """Two rows for each size; `arguments` are sizes, such as 16x8."""
    sizes = [(int(rows), int(channels)) for rows, _, channels in (text.partition("x") for text in arguments)] or SIZES
    return [found for size in sizes for found in (time_of(*size), memory_of(*size)) if found is not None]


def problem(name: str, size: int, channels: int) -> tuple[Step, np.ndarray, np.ndarray]:
    """A step of one of `NAMES`, and the images and classes that it takes."""
    net, generator = ImageNetwork.initialize(channels, 2, 10, image=(3, size, size)), np.random.default_rng(0)
    x = generator.normal(size=(BATCH, 3, size, size)).astype(np.float32)
    y = generator.integers(0, 10, BATCH)
    if name == "ours":
        return net.loss_and_gradients, x, y
    from benchmarks.peers.torch_images import TorchImages

    return TorchImages(net, channels_last=name == "channels last").loss_and_gradients, x, y


def time_of(size: int, channels: int) -> Row:
    """How many times ours goes into PyTorch's faster layout; the milliseconds beside it."""
    import torch

    torch.set_num_threads(1)
    problems = {name: problem(name, size, channels) for name in NAMES}
    times: dict[str, list[float]] = {name: [] for name in NAMES}
    with blas_threads(1):
        for turn in range(TURNS + 1):
            for name, given in problems.items():
                taken = seconds(*given)
                if turn:  # the first turn compiles
                    times[name].append(1e3 * taken)
    least = {name: min(values) for name, values in times.items()}
    ratio = min(least["channels last"], least["channels first"]) / least["ours"]
    note = ", ".join(f"{name} {value:.1f} ms" for name, value in least.items())
    text = f"{size}×{size}, {channels} channels: PyTorch's faster layout"
    return row(text, ratio, "× ours", note, at_least=WANTED.get(channels))


def memory_of(size: int, channels: int) -> Row | None:
    """The share of PyTorch's smaller peak that a step of ours takes; None where the system does not tell as Linux does."""
    if not Path("/proc/self/clear_refs").exists():
        return None
    root = {"PYTHONPATH": str(Path(__file__).parents[1])}
    peaks = {name: int(python(["-c", PEAK, name, str(size), str(channels)], 1, root)) / 2**20 for name in NAMES}
    note = ", ".join(f"{name} {value:.0f} MiB" for name, value in peaks.items())
    share = peaks["ours"] / min(peaks["channels last"], peaks["channels first"])
    return row(f"{size}×{size}, {channels} channels: memory of a step", share, "× PyTorch", note, at_most=0.5)


def peak(name: str, size: int, channels: int) -> int:
    """Bytes of the peak of two steps above what a tiny network left behind."""
    step, x, y = problem(name, 8, 1)
    step(x, y)
    step(x, y)
    before = resident("VmRSS")
    forget_peak()
    step, x, y = problem(name, size, channels)
    step(x, y)
    step(x, y)
    return resident("VmHWM") - before


def seconds(step: Step, x: np.ndarray, y: np.ndarray) -> float:
    """Processor seconds of one step."""
    start = time.process_time()
    step(x, y)
    return time.process_time() - start
