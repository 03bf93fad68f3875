"""Turns: A B C A B C ... in one process, so that whatever else the machine does falls on all of them alike.

`python -m benchmarks.alternate` reads runners and settings from its input and prints the seconds of each turn; `turns`
starts it.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from benchmarks.children import python
from benchmarks.peers import make
from benchmarks.tasks import Task

HOME = Path(__file__).parent
PAUSE = 0.05
"""Seconds between turns: OpenMP and OpenBLAS threads go on spinning for some milliseconds after their work."""


def turns(
    runners: dict[str, tuple[str, Task]], threads: int = 1, repeats: int = 9, seconds: float = 0.3
) -> dict[str, list[float]]:
    """Seconds per step in each turn, for each label of {label: (peer, task)}; a turn is whole epochs, about `seconds`."""
    entries = {label: (name, task.record()) for label, (name, task) in runners.items()}
    order = json.dumps({"runners": entries, "repeats": repeats, "seconds": seconds})
    path = {"PYTHONPATH": str(HOME.parent)}
    answer = python(["-m", "benchmarks.alternate"], threads, path, order)
    return {label: list(map(float, values)) for label, values in json.loads(answer).items()}


def alternate(runners: dict[str, tuple[str, Task]], repeats: int, seconds: float) -> dict[str, list[float]]:
    built = {label: make(name, task) for label, (name, task) in runners.items()}
    epochs = {}
    for label, peer in built.items():
        peer.run(1)  # compiles, touches the memory
        epochs[label] = max(1, round(seconds / peer.run(1)))
    result: dict[str, list[float]] = {label: [] for label in runners}
    for _ in range(repeats):
        for label, peer in built.items():
            time.sleep(PAUSE)
            steps = epochs[label] * runners[label][1].steps
            result[label].append(peer.run(epochs[label]) / steps)
    return result


if __name__ == "__main__":
    order = json.load(sys.stdin)
    wanted = {label: (name, Task.of(record)) for label, (name, record) in order["runners"].items()}
    print(json.dumps(alternate(wanted, order["repeats"], order["seconds"])))
