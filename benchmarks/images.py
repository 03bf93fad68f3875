"""How long is a training step of a whole image network, beside PyTorch in both of its layouts? One thread, batch 64.

The network is the first one of a search, three cells with nine edges. A step is the loss and all gradients. Turns alternate, and
processor seconds of this process count; the least of the turns stands in the table.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks.rows import Row, row
from spectral_core.backends.threads import blas_threads
from spectral_core.networks.image import ImageNetwork

SIZES = ((16, 4), (16, 8), (16, 16), (32, 8))
"""Rows of the images, channels of the stem."""
WANTED = {4: 3.0, 8: 2.0, 16: 1.5}
BATCH, TURNS = 64, 5


def measure(arguments: Sequence[str] = ()) -> list[Row]:
    """A row for each size; `arguments` are sizes, such as 16x8."""
    sizes = [(int(rows), int(channels)) for rows, _, channels in (text.partition("x") for text in arguments)] or SIZES
    return [row_of(size, channels) for size, channels in sizes]


def row_of(size: int, channels: int) -> Row:
    """How many times ours goes into PyTorch's faster layout; the milliseconds beside it."""
    import torch

    from benchmarks.peers.torch_images import TorchImages

    torch.set_num_threads(1)
    net, generator = ImageNetwork.initialize(channels, 2, 10, image=(3, size, size)), np.random.default_rng(0)
    x = generator.normal(size=(BATCH, 3, size, size)).astype(np.float32)
    y = generator.integers(0, 10, BATCH)
    steps: dict[str, Callable[[Any, Any], Any]] = {
        "ours": net.loss_and_gradients,
        "channels last": TorchImages(net, channels_last=True).loss_and_gradients,
        "channels first": TorchImages(net).loss_and_gradients,
    }
    times: dict[str, list[float]] = {name: [] for name in steps}
    with blas_threads(1):
        for turn in range(TURNS + 1):
            for name, step in steps.items():
                taken = seconds(step, x, y)
                if turn:  # the first turn compiles
                    times[name].append(1e3 * taken)
    least = {name: min(values) for name, values in times.items()}
    ratio = min(least["channels last"], least["channels first"]) / least["ours"]
    note = ", ".join(f"{name} {value:.1f} ms" for name, value in least.items())
    return row(
        f"{size}×{size}, {channels} channels: PyTorch's faster layout",
        ratio,
        "× ours",
        note,
        at_least=WANTED.get(channels),
    )


def seconds(step: Callable[[Any, Any], Any], x: np.ndarray, y: np.ndarray) -> float:
    """Processor seconds of one step."""
    start = time.process_time()
    step(x, y)
    return time.process_time() - start
