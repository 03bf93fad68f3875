"""The jobs of the benchmark: which there are, in what order they run, and how one is run."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import numpy as np

from benchmarks.quality import baselines
from benchmarks.quality.records import Job, Known, Result
from benchmarks.quality.sets import SPLITS, Split, sizes, split

HIDDEN = 100
"""Hidden neurons of the networks that are pruned."""
FIRST = ("ours", "gradual magnitude", "gradual Fisher", "MLP 100", "linear")
SECOND = ("MLP 300", "gradient boosting")
THIRD = ("MLP, random search", "torch-pruning")
"""They need what our search found on the same split."""
METHODS = (*FIRST, *SECOND, *THIRD)
USUAL_SPLITS = 8
NEEDS = {"gradual magnitude": "torch", "gradual Fisher": "torch", "torch-pruning": "torch_pruning"}
"""Packages that are not installed with the project."""


def splits_of(name: str, wanted: int = USUAL_SPLITS) -> int:
    return min(wanted, SPLITS.get(name, USUAL_SPLITS))


def all_jobs(sets: Sequence[str], methods: Sequence[str], splits: int = USUAL_SPLITS) -> list[Job]:
    """The most valuable ones first: our search, the gradual peers and cheap references; the first split of every set before the second.

    The largest sets stand first among jobs of one kind, so that no worker is left alone with one at the end.
    """
    jobs = []
    for group in (FIRST, SECOND, THIRD):
        chosen = [method for method in group if method in methods]
        for number in range(splits):
            for name in reversed(sets):
                if number >= splits_of(name, splits):
                    continue
                for method in chosen:
                    wanted = sizes(name, HIDDEN) if method.startswith("gradual") else [0]
                    jobs += [Job(name, number, method, size) for size in wanted]
    return jobs


def runnable(methods: Sequence[str]) -> list[str]:
    """The methods whose packages are installed."""
    return [method for method in methods if method not in NEEDS or importlib.util.find_spec(NEEDS[method])]


def needs_ours(job: Job) -> bool:
    return job.method in THIRD


def run(job: Job, known: Known | None) -> list[Result]:
    """The results of a job. `known`: what our search found on the split, for the methods that need it."""
    data = split(job.set, job.split)
    name, seed = job.method, job.split
    if name == "ours":
        from benchmarks.quality.ours import ours

        return ours(data, sizes(job.set, HIDDEN), seed)
    if name.startswith("gradual "):
        from benchmarks.quality.gradual import gradual

        return gradual(data, job.size, name.split()[1], HIDDEN, seed)
    if name == "linear":
        return baselines.linear(data)
    if name == "gradient boosting":
        return baselines.boosting(data, seed)
    if name in ("MLP 100", "MLP 300"):
        return baselines.mlp(data, int(name.split()[1]), seed)
    if known is None:
        raise ValueError(f"{name} needs the result of our search on split {job.split} of {job.set}")
    if name == "torch-pruning":
        from benchmarks.quality import structured

        return structured.torch_pruning(data, known.neurons, HIDDEN, seed)
    return baselines.mlp_random_search(data, known.seconds, seed)


@cache
def warm(kind: str) -> None:
    """Compile and load what a kind of job needs, by tiny ones, so that no time holds it. Once in each process."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 3))
    y = x[:, 0] + 0.1 * rng.normal(size=80)
    for data in (
        Split(x, y, x, y, "regression"),
        Split(x, (y > 0).astype(int), x, (y > 0).astype(int), "classification"),
    ):
        if kind == "ours":
            from benchmarks.quality.ours import ours

            ours(data, [5], 0)
        elif kind == "gradual":
            from benchmarks.quality import gradual

            for saliency in ("magnitude", "Fisher"):
                gradual.gradual(data, 5, saliency, 10, 0, gradual.Effort(2, 32))


def kind_of(method: str) -> str:
    """What of `warm` a method needs."""
    return {"ours": "ours", "torch-pruning": "gradual"}.get(method, method.split()[0])


def known_from(lines: Iterable[dict[str, Any]]) -> dict[tuple[str, int], Known]:
    """Seconds and neurons of our search by set and split."""
    return {
        (line["job"]["set"], line["job"]["split"]): Known(line["seconds"], int(line["neurons"]))
        for line in lines
        if line["method"] == "ours"
    }
