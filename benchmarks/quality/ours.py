"""Our search: its chosen network, and its curve at the sizes compared."""

from __future__ import annotations

import time

from benchmarks.quality.records import Result
from benchmarks.quality.sets import Split
from spectral_core import compact
from spectral_core.architecture.options import SearchOptions
from spectral_core.architecture.smallest import find_smallest
from spectral_core.data.preparation import prepare
from spectral_core.networks.predictor import Predictor


def ours(data: Split, sizes: list[int], seed: int) -> list[Result]:
    """The result `ours` of the chosen network, and `our curve` of the largest network of at most each size."""
    begin = time.perf_counter()
    options = SearchOptions(tolerance=None, seed=seed)
    prepared = prepare(data.x, data.y, data.task, None, 0.2, True, seed)
    found = find_smallest(prepared, options)
    seconds = time.perf_counter() - begin

    def result(method: str, size: int, index: int) -> Result:
        point, net = found.curve[index], compact(found.networks[index].direct())
        model = Predictor(net, prepared.task, prepared.inputs, prepared.outputs, prepared.classes)
        score = float(model.score(data.x_test, data.y_test))
        return Result(method, size, score, seconds, point.weights, point.biases, point.neurons)

    results = [result("ours", 0, found.curve.chosen), result("ours, best", 0, found.curve.best)]
    least = found.curve[0].weights
    return results + [result("our curve", size, found.curve.index(size)) for size in sizes if size >= least]
