"""Our search: its chosen network, and its curve at the sizes compared."""

from __future__ import annotations

import time

from benchmarks.quality.records import Result
from benchmarks.quality.sets import Split
from spectral_core import search
from spectral_core.architecture.variants import sizes_below

MOST = 10**8
"""The usual sizes of a curve below this number are all asked for; the search uses those below its start."""


def ours(data: Split, sizes: list[int], seed: int) -> list[Result]:
    """`ours` is the chosen network, `ours, best` the one of the best validation score, `our curve` those of each size.

    `ours, one error` is the smallest network within a whole standard error of the best, where the search takes half of one.

    The curve has its usual sizes and those that are compared.
    """
    begin = time.process_time()
    least = data.outputs if data.outputs > 2 else 1
    all_sizes = sorted({*sizes, *sizes_below(MOST, least)})
    found = search(data.x, data.y, task=data.task, seed=seed, sizes=all_sizes)
    seconds = time.process_time() - begin
    curve = found.curve
    if curve is None:
        raise ValueError("the default strategy of search gives a curve")

    def result(method: str, size: int, index: int) -> Result:
        point = curve[index]
        score = float(found.at_sizes[index].score(data.x_test, data.y_test))
        return Result(method, size, score, seconds, point.weights, point.biases, point.neurons)

    best = curve[curve.best]
    near = next(i for i, point in enumerate(curve) if best.score - point.score <= point.error)
    chosen = {"ours": curve.chosen, "ours, best": curve.best, "ours, one error": near}
    results = [result(method, 0, index) for method, index in chosen.items()]
    return results + [result("our curve", size, curve.index(size)) for size in sizes if size >= curve[0].weights]
