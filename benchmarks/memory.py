"""How much memory does a training take beyond the interpreter and its libraries? In a fresh process, kernels compiled before.

The formula is what a training with Adam cannot do without: parameters, gradient and Adam's two moments, 4 bytes each;
the activations of one batch (u, z and their gradients); the data. No W_ij appears in it: for the deep chain the blocks
alone would be more than all the rest.
"""

from __future__ import annotations

import json
from itertools import pairwise

from benchmarks.alternate import HOME
from benchmarks.children import python
from benchmarks.rows import Row, row
from benchmarks.tasks import LARGE, Task, chain

TRAINING = """
import json, resource, sys
import numpy as np
from benchmarks.peers.ours import make, spectral
from benchmarks.tasks import Task, chain
from spectral_core import train
from spectral_core.kernels import cpu

def present():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

task, public = Task.of(json.loads(sys.argv[1])), sys.argv[2] == "train"
def run(task):
    if public:
        train(spectral(task), *task.data, epochs=2, batch_size=task.batch)
    else:
        make(task).run(2)
run(chain(2, 8, 10))
small = present()
run(task)
print(peak() - small)
"""


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
    rows = []
    for name, task in (("P2", LARGE), ("8 blocks of width 1000, batch 100", chain(8, 1000, steps=4))):
        for what in ("step", "train"):
            answer = python(["-c", TRAINING, json.dumps(task.record()), what], 1, {"PYTHONPATH": str(HOME.parent)})
            formula = needed(task) / 2**20
            note = f"4 x parameters + activations + data; all W_ij would be {blocks(task) / 2**20:.3g} more"
            text = f"{name}: peak memory of {'the steps alone' if what == 'step' else '`train`'}"
            rows.append(row(text, int(answer) / 2**20, "MiB", note, at_most=round(formula, 1)))
    return rows
