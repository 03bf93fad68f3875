"""How much memory does a training take beyond the interpreter and its libraries? In a fresh process, kernels compiled before.

The formula is what a training with Adam cannot do without: parameters, gradient and Adam's two moments, 4 bytes each;
the activations of one batch (u, z and the gradients of u); the data. No W_ij appears in it: for the deep chain the blocks
alone would be more than all the rest. Held besides: the network that was given, M and ∂M of the largest block, a sheet
of one layer's activations; by `train` also copies of the best parameters and of those before the epoch.

And how many times a large table does a search hold beyond the one that it is given?
"""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

from benchmarks.alternate import HOME
from benchmarks.children import python
from benchmarks.rows import Row, row
from benchmarks.tasks import LARGE, Task, chain

TRAINING = """
import json, sys
from benchmarks.children import forget_peak, resident
from benchmarks.peers.ours import Ours
from benchmarks.tasks import Task, chain
from spectral_core import SpectralNetwork, train

def run(task):
    net = SpectralNetwork.initialize(task.widths, bias=False)
    if sys.argv[2] == "train":
        train(net, *task.data, epochs=2, batch_size=task.batch)
    else:
        Ours(task, net).run(2)

run(chain(2, 8, 10))
before = resident("VmRSS")
forget_peak()
run(Task.of(json.loads(sys.argv[1])))
print(resident("VmHWM") - before)
"""

SEARCH = """
import sys
import numpy as np
from benchmarks.children import forget_peak, resident
from spectral_core import search

def run(rows, inputs):
    x = np.random.default_rng(0).random((rows, inputs), dtype=np.float32)
    y = x[:, : inputs // 2].sum(axis=1) > x[:, inputs // 2 :].sum(axis=1)
    before = resident("VmRSS")
    forget_peak()
    search(x, y, hidden=(10,), epochs=1, sizes=(400,), seed=0)
    return (resident("VmHWM") - before) / x.nbytes

run(6_000, 40)
print(run(*map(int, sys.argv[1:])))
"""
TABLE = 60_000, 784
"""Rows and inputs of a large table of two classes."""


def needed(task: Task) -> int:
    """Bytes by the formula."""
    n = task.widths
    parameters = sum(a * b for a, b in pairwise(n)) + sum(n)
    activations = 3 * task.batch * sum(n)
    data = task.rows * (n[0] + n[-1] + 1)  # with a weight for each sample
    return 4 * (4 * parameters + activations + data)


def blocks(task: Task) -> int:
    """Bytes of all W_ij."""
    n = task.widths
    return 4 * sum(n[i] * n[j] for i in range(len(n)) for j in range(i))


def measure() -> list[Row]:
    """Nothing where the system does not tell as Linux does."""
    if not Path("/proc/self/clear_refs").exists():
        return []
    rows = []
    for name, task in (("P2", LARGE), ("8 blocks of width 1000, batch 100", chain(8, 1000, steps=4))):
        for what in ("step", "train"):
            answer = python(["-c", TRAINING, json.dumps(task.record()), what], 1, {"PYTHONPATH": str(HOME.parent)})
            formula = needed(task) / 2**20
            note = f"4 x parameters + activations + data; all W_ij would be {blocks(task) / 2**20:.3g} more"
            text = f"{name}: peak memory of {'the steps alone' if what == 'step' else '`train`'}"
            rows.append(row(text, int(answer) / 2**20, "MiB", note, at_most=round(formula, 1)))
    share = float(python(["-c", SEARCH, *map(str, TABLE)], 2, {"PYTHONPATH": str(HOME.parent)}))
    note = "no copy was asked; the scaled rows sample by sample, input by input, and the latter for each part of the split, make 3"
    text = f"`search` in a table of {TABLE[0]:,} x {TABLE[1]} in float32: peak memory"
    return [*rows, row(text, share, "x the table", note)]
