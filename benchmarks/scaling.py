"""How does a step grow with depth, width and batch? One core; all sizes take turns in one process."""

from __future__ import annotations

import statistics

from benchmarks.alternate import turns
from benchmarks.figures import exponent
from benchmarks.rows import Row, row
from benchmarks.tasks import Task, chain

DEPTHS = (2, 3, 4, 6, 8, 12, 16)
WIDTHS = (64, 128, 256, 512, 1024)
BATCHES = (25, 50, 100, 200, 400, 800, 1600)
PRODUCTS = exponent(DEPTHS, [chain(blocks, 64).flops for blocks in DEPTHS])
"""Above 1, since the ends are cheaper, 6B - 5 products for B blocks: layer 1 needs no ∂u, the output layer no v."""


def sweep(peer: str, tasks: dict[int, Task], repeats: int) -> tuple[float, dict[int, float]]:
    """The exponent, and the median seconds per step of each size."""
    seconds = turns({str(size): (peer, task) for size, task in tasks.items()}, 1, repeats, seconds=0.1)
    medians = {size: statistics.median(seconds[str(size)]) for size in tasks}
    return exponent(list(medians), list(medians.values())), medians


def described(medians: dict[int, float]) -> str:
    (first, low), *_, (last, high) = medians.items()
    return f"{low * 1e6:.3g} µs at {first}, {high * 1e6:.3g} µs at {last}"


def measure(repeats: int = 7) -> list[Row]:
    depths = {blocks: chain(blocks, 64) for blocks in DEPTHS}
    widths = {width: chain(3, width, steps=4) for width in WIDTHS}
    batches = {batch: chain(3, 128, batch, steps=4) for batch in BATCHES}
    depth = "exponent in depth (B = 2 to 16 blocks of width 64, batch 100)"
    products = f"its matrix products alone: {PRODUCTS:.3g}"
    rows = []
    for what, peer, tasks, target, note in (
        (f"{depth}: ours", "ours", depths, 1.15, products),
        (f"{depth}: every W_ij a parameter (`direct`)", "ours_direct", depths, None, "2 in the limit"),
        (f"{depth}: published way in PyTorch", "torch_published", depths, None, "2 in the limit"),
        ("exponent in width (64 to 1024, 3 blocks, batch 100): ours", "ours", widths, None, "2 in the limit"),
        ("exponent in batch (25 to 1600, 3 blocks of width 128): ours", "ours", batches, None, "1 in the limit"),
    ):
        power, medians = sweep(peer, tasks, repeats)
        rows.append(row(what, power, "", f"{note}; {described(medians)}", at_most=target))
    return rows
