"""How long until the first step? Import, first training with an empty kernel cache, and with a warm one."""

import os
import subprocess
import sys
import tempfile
import time

from benchmarks.rows import Row, timed

FIRST_TRAINING = """
import time; start = time.perf_counter()
import numpy as np
from spectral_core import SpectralNetwork, train
x = np.random.default_rng(0).uniform(-1, 1, (1000, 2))
train(SpectralNetwork.initialize([2, 300, 1]), x, (x**2).mean(1), epochs=1, penalty_strength=1e-4)
print(time.perf_counter() - start)
"""
IMPORT = "import time; start = time.perf_counter(); import spectral_core; print(time.perf_counter() - start)"


def seconds(code: str, cache: str) -> float:
    """What the code prints, run by a fresh interpreter."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
    answer = subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True)
    return float(answer.stdout)


def whole_process(code: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - start


def measure() -> list[Row]:
    with tempfile.TemporaryDirectory() as cache:
        imports = [seconds(IMPORT, cache) for _ in range(7)]
        process = [whole_process("import spectral_core") - whole_process("pass") for _ in range(7)]
        cold = [seconds(FIRST_TRAINING, cache)]
        warm = [seconds(FIRST_TRAINING, cache) for _ in range(5)]
    return [
        timed("import spectral_core, inside the process", imports, "s", at_most=0.15),
        timed("import spectral_core, process against an empty one", process, "s", at_most=0.15),
        timed("first training, cold kernel cache", cold, "s", at_most=8),
        timed("first training, warm kernel cache", warm, "s", at_most=1),
    ]
