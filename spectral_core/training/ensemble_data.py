"""What the trainings of an ensemble are given, checked: networks of one shape, options of steps, data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from spectral_core import checks
from spectral_core.backends.problem import Problem
from spectral_core.data.resolution import resolved_data
from spectral_core.errors import InvalidInputError
from spectral_core.networks.spectral import SpectralNetwork
from spectral_core.training.options import FULL_BATCH, STEP_OPTIONS, StepOptions


def check_shapes(nets: list[SpectralNetwork], seeds: int) -> None:
    """Raise `InvalidInputError` unless there are networks of one shape, and as many seeds."""
    if not nets or seeds != len(nets):
        raise InvalidInputError(f"an ensemble needs networks, and as many seeds; got {len(nets)} and {seeds}")
    for i, net in enumerate(nets):
        if not isinstance(net, SpectralNetwork):
            raise InvalidInputError(f"nets[{i}] must be a SpectralNetwork; got {type(net).__name__}")
    shapes = [(net.layout, net.activation, net.dtype, net.frozen, net.bias) for net in nets]
    for i, shape in enumerate(shapes):
        if shape != shapes[0]:
            raise InvalidInputError(
                f"the networks of an ensemble must be of one shape; nets[{i}] is {nets[i]}, nets[0] {nets[0]}"
            )


def step_options(options: Mapping[str, Any] | Sequence[Mapping[str, Any]], count: int) -> list[StepOptions]:
    """One for each training."""
    given = [options] * count if isinstance(options, Mapping) else list(options)
    for one in given:
        if unknown := sorted(set(one) - set(STEP_OPTIONS)):
            raise InvalidInputError(f"options must be of {', '.join(STEP_OPTIONS)}; got {unknown[0]!r}")
    if len(given) != count:
        raise InvalidInputError(f"options must be one mapping, or one for each of {count} networks; got {len(given)}")
    steps = [StepOptions(**one) for one in given]
    if refused := [step.optimizer for step in steps if step.optimizer in FULL_BATCH]:
        raise InvalidInputError(
            f"an ensemble is trained by mini-batches; optimizer={refused[0]!r} takes all samples at once"
        )
    return steps


def listed(values: Any, count: int, name: str) -> list[Any]:
    """One entry for each training."""
    if any(map(checks.is_device_array, (values, *(values if isinstance(values, (list, tuple)) else ())))):
        raise InvalidInputError(
            f"{name} lies on a GPU; an ensemble takes arrays of this process, and sends each of them once"
        )
    if not isinstance(values, (list, tuple)) or not values or not hasattr(values[0], "shape"):
        return [values] * count
    values = list(values)
    if len(values) != count:
        raise InvalidInputError(f"{name} must be one array, or a list of {count}; got {len(values)}")
    return values


def problems_of(net: SpectralNetwork, xs: list[Any], ys: list[Any], loss: str, weight: Any) -> list[Problem]:
    """One problem for each training. The same data give the same object, checked once."""
    checked: dict[tuple[int, int], Problem] = {}
    checked_x: dict[int, np.ndarray] = {}
    for x, y in zip(xs, ys, strict=True):
        if (id(x), id(y)) not in checked:
            problem = net.problem(x, y, loss, weight)
            resolved_data(x, y, loss, net.dtype)
            checked[id(x), id(y)] = replace(problem, x=checked_x.setdefault(id(x), problem.x))
    rows = {len(problem.x) for problem in checked.values()}
    if len(rows) > 1:
        raise InvalidInputError(f"the data sets of an ensemble must have as many rows each; got {sorted(rows)}")
    return [checked[id(x), id(y)] for x, y in zip(xs, ys, strict=True)]
