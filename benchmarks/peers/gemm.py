"""The machine's own rate of matrix products in float32, measured beside the steps."""

from __future__ import annotations

import time

import numpy as np

from benchmarks.tasks import Task

SIZE = 2048
FLOPS = 2 * SIZE**3


class Gemm:
    """A step is one product of two SIZE × SIZE matrices by NumPy."""

    def __init__(self, task: Task) -> None:
        self.steps = task.steps
        self.left, self.right = np.random.default_rng(0).normal(size=(2, SIZE, SIZE)).astype(np.float32)
        self.result = np.empty_like(self.left)

    def run(self, epochs: int) -> float:
        start = time.perf_counter()
        for _ in range(epochs * self.steps):
            np.dot(self.left, self.right, self.result)
        return time.perf_counter() - start


def make(task: Task) -> Gemm:
    return Gemm(task)
