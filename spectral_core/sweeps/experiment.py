"""An experiment for a sweep: its tasks, their names and their seeds.

A task is named by its point of the grid and the number of its run, written as canonical JSON. Its seed is the first 63
bits of the SHA-256 of that name. So the numbers depend neither on the number of workers, nor on their order, nor on which
part of the sweep runs where.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spectral_core import __version__
from spectral_core.errors import InvalidInputError
from spectral_core.sweeps.store import canonical

Measure = Callable[[dict[str, Any], int], Mapping[str, Any]]
Report = Callable[[int, int, str], object]
MeasureBatch = Callable[
    [Sequence[Mapping[str, Any]], Sequence[int], Callable[[int, int], object]], Sequence[Mapping[str, Any] | str]
]


@dataclass(frozen=True)
class Task:
    """One training: a point of the grid, the number of its run, its name and its seed."""

    point: dict[str, Any]
    run: int
    name: str
    seed: int


@dataclass(frozen=True, eq=False)
class Experiment:
    """The trainings of a sweep and what each of them measures.

    Parameters
    ----------
    name : of the experiment.
    settings : values that all trainings share; a store with other settings is refused.
    points : the grid; each point maps names to plain numbers, text, booleans, None or lists of them.
    runs : trainings of each point; they differ in their seed alone.
    measure : returns the numbers of one training by name, from a point and a seed. It is sent to other processes.
    dry_run : called once before the sweep, before a store is made. It raises errors for impossible settings and compiles
        the kernels, so that workers load them instead of compiling them all at the same time.
    ahead : parts of the compilation that workers share before the dry run, each called once. They are sent to other processes,
        and they too raise errors for impossible settings.
    seed : of the whole sweep.
    measure_batch : returns the numbers of many trainings on a GPU, in their order: a row as of `measure`, or a text that
        says why there is none. It takes points, seeds, and a function to call with (epochs done, epochs in all). None: the
        experiment cannot run on a GPU.
    """

    name: str
    settings: Mapping[str, Any]
    points: Sequence[Mapping[str, Any]]
    runs: int
    measure: Measure
    dry_run: Callable[[], object]
    seed: int = 0
    measure_batch: MeasureBatch | None = None
    ahead: Sequence[Callable[[], object]] = ()

    def description(self, backend: str = "cpu") -> dict[str, Any]:
        """Entries that must be equal for a store to be continued; the backend is one, since a GPU rounds differently."""
        entries = {
            "experiment": self.name,
            "seed": self.seed,
            "settings": json_value(self.settings),
            "version": __version__,
        }
        return entries if backend == "cpu" else entries | {"backend": backend}

    def tasks(self) -> list[Task]:
        """All trainings, run after run, so that an unfinished sweep has covered the grid evenly."""
        return [self.task(point, run) for run in range(self.runs) for point in self.points]

    def task(self, point: Mapping[str, Any], run: int) -> Task:
        values = json_value(point)
        name = canonical({**values, "run": run})
        return Task(values, run, name, seed_of(self.name, self.seed, name))


def json_value(value: Any) -> Any:
    """The value as JSON writes it; a whole float becomes an integer, so that 5 and 5.0 name the same task.

    By hand: a number as text. Checked by test_experiment.test_a_seed_follows_from_the_name_alone.
    """
    value = value.item() if hasattr(value, "item") and not isinstance(value, type) else value
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if isinstance(value, Mapping):
        return {str(name): json_value(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_value(entry) for entry in value]
    raise InvalidInputError(f"a sweep takes finite numbers, text, True, False, None and lists of them; got {value!r}")


def seed_of(experiment: str, seed: int, name: str) -> int:
    """The first 63 bits of the SHA-256 of experiment, seed of the sweep and name of the task."""
    digest = hashlib.sha256(canonical([experiment, seed, name]).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
