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
    rows = []
    for what, peer, tasks, target, note in (
        ("depth, B = 2 to 16 blocks of width 64, batch 100: ours, exponent in B", "ours", depths, 1.15, ""),
        ("the same with every W_ij a parameter (`direct`)", "ours_direct", depths, None, "2 in the limit"),
        ("the same in PyTorch, published way", "torch_published", depths, None, ""),
        ("width, 64 to 1024, 3 blocks, batch 100: ours, exponent in the width", "ours", widths, None, "2 in the limit"),
        ("batch, 25 to 1600, 3 blocks of width 128: ours, exponent in the batch", "ours", batches, None, "1 in the limit"),
    ):  # fmt: skip
        power, medians = sweep(peer, tasks, repeats)
        rows.append(row(what, power, "", "; ".join(filter(None, (note, described(medians)))), at_most=target))
    return rows
