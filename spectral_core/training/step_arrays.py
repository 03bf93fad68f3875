"""The options of a step in the form of the kernels: rows of (start, stop) in the flat parameters, rates, strengths."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from spectral_core.backends.problem import Problem, StepArrays
from spectral_core.kernels.support.layout import Layout
from spectral_core.kernels.tables import PENALTIES, SETTINGS
from spectral_core.networks.trainable import Trainable
from spectral_core.training.options import StepOptions

Penalty = tuple[str, str, float]
"""A penalty of one parameter group: group, kind, strength."""


def step_arrays(net: Trainable, problem: Problem, options: StepOptions) -> StepArrays:
    """The arrays that a step reads, for this network, data and options."""
    gradient_penalties, proximal_penalties = _penalties(net, options)
    penalised, strengths = _penalty_rows(net.layout, gradient_penalties)
    shrunk, thresholds = _penalty_rows(net.layout, proximal_penalties)
    trainable, rates = _rate_rows(net, options)
    return StepArrays(
        layout=net.layout,
        activation=net.activation,
        problem=problem,
        batch_size=min(options.batch_size, len(problem.x)),
        penalised=penalised,
        strengths=np.array(strengths, net.dtype),
        shrunk=shrunk,
        thresholds=np.array(thresholds, net.dtype),
        optimizer=options.optimizer,
        trainable=trainable,
        rates=np.array(rates, net.dtype),
        settings=_settings(options, net.dtype),
    )


def _penalties(net: Trainable, options: StepOptions) -> tuple[list[Penalty], list[Penalty]]:
    """The penalties in the gradient, and those taken by proximal steps with thresholds as strengths."""
    kind, strength = options.penalty, options.penalty_strength
    spectral = [(name, kind, strength) for name in net.layout.spectral_groups()]
    others = _eigenvector_penalties(net.layout, options.eigenvector_penalty)
    if not options.proximal:
        return spectral + others, []
    frozen = net.layout.select(net.frozen)
    thresholds = [(name, kind, strength * _rate_of(name, options)) for name, _, _ in spectral if name not in frozen]
    return others, thresholds


def _eigenvector_penalties(layout: Layout, strengths: float | Mapping[str, float]) -> list[Penalty]:
    """The squared penalties by group."""
    if not isinstance(strengths, Mapping):
        return [(name, "l2", strengths) for name in layout.groups if not name.startswith("eigenvalues")]
    return [(name, "l2", strength) for family, strength in strengths.items() for name in layout.select([family])]


def _penalty_rows(layout: Layout, penalties: list[Penalty]) -> tuple[np.ndarray, list[float]]:
    """Rows (start, stop, kind) and strengths; a penalty of strength 0 has none."""
    active = [(name, kind, strength) for name, kind, strength in penalties if strength]
    rows = [[*layout.segments([name])[0], PENALTIES.index(kind)] for name, kind, _ in active]
    return np.array(rows, dtype=np.int64).reshape(-1, 3), [strength for _, _, strength in active]


def _rate_rows(net: Trainable, options: StepOptions) -> tuple[np.ndarray, list[float]]:
    """Rows (start, stop) and learning rates of groups that are not frozen; adjacent groups of one rate share a row."""
    frozen = net.layout.select(net.frozen)
    rows: list[list[int]] = []
    rates: list[float] = []
    for name, group in net.layout.groups.items():
        rate = _rate_of(name, options)
        if name in frozen:
            continue
        if rows and rows[-1][1] == group.start and rates[-1] == rate:
            rows[-1][1] = group.stop
        else:
            rows.append([group.start, group.stop])
            rates.append(rate)
    return np.array(rows, dtype=np.int64).reshape(-1, 2), rates


def _rate_of(group: str, options: StepOptions) -> float:
    return options.eigenvalue_rate if group.startswith("eigenvalues") else options.learning_rate


def _settings(options: StepOptions, dtype: np.dtype) -> np.ndarray:
    """The optimizer's numbers in the order of `tables.SETTINGS`."""
    named = {
        "beta1": options.betas[0],
        "beta2": options.betas[1],
        "epsilon": options.epsilon,
        "momentum": options.momentum,
        "nesterov": float(options.nesterov),
    }
    return np.array([named[name] for name in SETTINGS], dtype)
