"""A result of one method on one split, and what methods are given."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

BYTES_A_NUMBER = 4
"""Weights and biases in float32."""


@dataclass(frozen=True)
class Job:
    """One method on one split of one set; `size` is the number of weights to reach, 0 where the method has no size."""

    set: str
    split: int
    method: str
    size: int = 0

    @classmethod
    def of(cls, line: dict[str, Any]) -> Job:
        return cls(*(line["job"][name] for name in ("set", "split", "method", "size")))


@dataclass(frozen=True)
class Result:
    """What one network, or other model, reached on the test rows.

    method, size : as asked for; a job may give several results, as our search does for each size of its curve.
    weights : numbers that a prediction multiplies. biases : numbers that it adds. neurons : live hidden ones.
    seconds : of the processor, for the whole fit on one core; other programs do not change them.
    """

    method: str
    size: int
    score: float
    seconds: float
    weights: float = math.nan
    biases: float = math.nan
    neurons: float = math.nan

    def line(self, job: Job) -> dict[str, Any]:
        """One line of the results file; what is not known is left out."""
        values = {name: value for name, value in asdict(self).items() if value == value}
        return {"job": asdict(job), **values}


@dataclass(frozen=True)
class Known:
    """What jobs that ran before found: seconds and neurons of our search on the same split."""

    seconds: float
    neurons: int
