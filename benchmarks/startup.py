"""How long until the first step? Import, first training with an empty kernel cache, and with a warm one."""

import os
import statistics
import subprocess
import sys
import tempfile
import time

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


def measure() -> list[dict[str, object]]:
    """Rows of question, figure, unit, target."""
    with tempfile.TemporaryDirectory() as cache:
        imports = statistics.median(seconds(IMPORT, cache) for _ in range(7))
        process = statistics.median(whole_process("import spectral_core") - whole_process("pass") for _ in range(7))
        cold = seconds(FIRST_TRAINING, cache)
        warm = statistics.median(seconds(FIRST_TRAINING, cache) for _ in range(5))
    return [
        {"question": "import spectral_core, inside the process", "figure": imports, "unit": "s", "target": "0.15"},
        {
            "question": "import spectral_core, process against an empty one",
            "figure": process,
            "unit": "s",
            "target": "0.15",
        },
        {"question": "first training, cold kernel cache", "figure": cold, "unit": "s", "target": "8"},
        {"question": "first training, warm kernel cache", "figure": warm, "unit": "s", "target": "1"},
    ]
