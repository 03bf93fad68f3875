"""One training of the first SPARCS experiment (P1): 3-300-1, 300 epochs of 10,000 points, batch 100, Adam, one core."""

import os
import statistics
import subprocess
import sys

TRAINING = """
import time
from spectral_core import SpectralNetwork, train
from spectral_core.datasets import sparcs
data = sparcs(1.0, 5.0)
net = SpectralNetwork.initialize([2, 300, 1])
options = dict(batch_size=100, penalty_strength=1e-4)
train(net, data.x, data.y, epochs=1, **options)
start = time.perf_counter()
train(net, data.x, data.y, epochs=300, **options)
print(time.perf_counter() - start)
"""


def measure() -> list[dict[str, object]]:
    """Median of five whole trainings, the kernels compiled before, the process tied to one core where that is possible."""

    def tie() -> None:
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-c", TRAINING]
    runs = [
        float(
            subprocess.run(command, env=environment, check=True, capture_output=True, text=True, preexec_fn=tie).stdout
        )
        for _ in range(5)
    ]
    median = statistics.median(runs)
    return [
        {"question": "P1 training, one core", "figure": median, "unit": "s", "target": "3"},
        {"question": "P1 step, one core", "figure": median / 30_000 * 1e6, "unit": "µs", "target": "100"},
    ]
