"""How long is a step, beside other ways to take it? Three sizes, on one core and on two.

Within a size and a number of cores all peers take turns in one process. A target for one core compares there; the others
compare the best of one and two cores, each peer's with ours.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from benchmarks.alternate import turns
from benchmarks.children import cores
from benchmarks.figures import best, ratio
from benchmarks.peers import TITLES
from benchmarks.peers.gemm import FLOPS
from benchmarks.rows import Row, row, timed
from benchmarks.tasks import LARGE, MEDIUM, SMALL, Task

Times = dict[int, dict[str, list[float]]]
"""{threads: {peer: seconds per step, a turn each}}."""


@dataclass(frozen=True)
class Question:
    """A task, the peers beside ours, and what is wanted: {peer: least ratio}, at one core if `single`."""

    name: str
    task: Task
    peers: tuple[str, ...]
    wanted: dict[str, float]
    single: bool = False
    repeats: int = 9


SPECTRAL = ("torch_published", "torch_as_printed", "torch_m7", "jax_m7", "sklearn_mlp")
QUESTIONS = (
    Question(
        "P1 (3-300-1, batch 100)",
        SMALL,
        SPECTRAL,
        {"torch_published": 50, "torch_as_printed": 50, "jax_m7": 4},
        single=True,
    ),
    Question(
        "65-128-128-10, batch 100, cross entropy",
        MEDIUM,
        SPECTRAL,
        {"torch_published": 3.3, "torch_as_printed": 3.3, "jax_m7": 1.5},
    ),
    Question(
        "P2 (20-2000-2000-20, batch 1024)",
        LARGE,
        (*SPECTRAL, "torch_dense", "gemm"),
        {"torch_published": 9, "torch_as_printed": 9},
        repeats=5,
    ),
)
DENSE = 1.9
"""A spectral step has twice the large matrix products of a dense one."""


def measure(repeats: int | None = None) -> list[Row]:
    rows = []
    for question in QUESTIONS:
        runners = {name: (name, question.task) for name in ("ours", *question.peers)}
        times = {
            threads: turns(runners, threads, repeats or question.repeats) for threads in range(1, min(cores(), 2) + 1)
        }
        rows += table(question, times)
    return rows


def table(question: Question, times: Times) -> list[Row]:
    rows = []
    for threads, by_peer in times.items():
        where = f"{threads} core{'s' if threads > 1 else ''}"
        rows += [
            timed(f"{question.name}, {where}: {TITLES[name]}", seconds, "µs")
            for name, seconds in by_peer.items()
            if name != "gemm"
        ]
        if "gemm" in by_peer:
            rows += shares(f"{question.name}, {where}", question.task, by_peer)
    considered = {1: times[1]} if question.single else times
    where = "one core" if question.single else "each at its best"
    chosen = {name: considered[best({t: v[name] for t, v in considered.items()})][name] for name in times[1]}
    for name in question.peers:
        if name == "torch_dense":
            figure, spread = ratio(chosen["ours"], chosen[name])
            text = f"{question.name}: our step in those of a dense network of these widths in PyTorch, {where}"
            rows.append(row(text, figure, "×", at_most=DENSE, spread=spread))
        elif name != "gemm":
            figure, spread = ratio(chosen[name], chosen["ours"])
            note = "another model" if name == "sklearn_mlp" else "-"
            text = f"{question.name}: ours faster than {TITLES[name]}, {where}"
            rows.append(row(text, figure, "×", note, at_least=question.wanted.get(name), spread=spread))
    return rows


def shares(where: str, task: Task, by_peer: dict[str, list[float]]) -> list[Row]:
    """The machine's rate of matrix products, and the part of it that the products of our step reach, all else included."""
    rate = FLOPS / statistics.median(by_peer["gemm"])
    reached = task.flops / statistics.median(by_peer["ours"])
    return [
        row(f"{where}: rate of NumPy's float32 matrix product", rate / 1e9, "Gflop/s"),
        row(f"{where}: share of it in our step", reached / rate),
    ]
