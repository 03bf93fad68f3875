"""One training of the first SPARCS experiment (P1): 3-300-1, 300 epochs of 10,000 points, batch 100, Adam, one core."""

from benchmarks.children import python
from benchmarks.rows import Row, timed

TRAINING = """
import time
from spectral_core import SpectralNetwork, train
from spectral_core.data.datasets import sparcs
data = sparcs(1.0, 5.0)
net = SpectralNetwork.initialize([2, 300, 1])
options = dict(batch_size=100, penalty_strength=1e-4)
train(net, data.x, data.y, epochs=1, **options)
start = time.perf_counter()
train(net, data.x, data.y, epochs=300, **options)
print(time.perf_counter() - start)
"""


def measure() -> list[Row]:
    """Five whole trainings, the kernels compiled before."""
    runs = [float(python(["-c", TRAINING])) for _ in range(5)]
    return [
        timed("P1 training, one core", runs, "s", at_most=3),
        timed("P1 step within `train`, one core", [seconds / 30_000 for seconds in runs], "µs", at_most=100),
    ]
