"""The options of a step in the form of the kernels: rows of (start, stop) in the flat parameters, rates, strengths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from spectral_core.backends.problem import Problem, StepArrays
from spectral_core.errors import InvalidInputError
from spectral_core.kernels.formulas import threshold_of
from spectral_core.kernels.support.image_layout import ImageLayout
from spectral_core.kernels.support.layout import Layout
from spectral_core.kernels.tables import PENALTIES, SETTINGS
from spectral_core.networks.trainable import Trainable
from spectral_core.training.options import StepOptions

Penalty = tuple[str, str, float]
"""A penalty of one parameter group: group, kind, strength."""


SMOOTHED = ("cross_entropy", "binary_cross_entropy")
"""The losses that know label smoothing."""


def step_arrays(net: Trainable, problem: Problem, options: StepOptions) -> StepArrays:
    """The arrays that a step reads, for this network, data and options.

    Raises
    ------
    InvalidInputError : a number has no use in the type of the parameters, the loss knows no label smoothing, the network
        has no eigenvalues to hold, or an option would move nothing of an image network.
    """
    _check_spectral(net.layout, options)
    if options.label_smoothing and problem.loss not in SMOOTHED:
        raise InvalidInputError(f"label_smoothing is for {' and '.join(SMOOTHED)}; the loss is {problem.loss}")
    gradient_penalties, proximal_penalties = _penalties(net, options)
    penalised, strengths = _penalty_rows(net.layout, gradient_penalties)
    shrunk, thresholds = _penalty_rows(net.layout, proximal_penalties)
    trainable, rates, decays = _rate_rows(net, options)
    return StepArrays(
        layout=net.layout,
        activation=net.activation,
        problem=problem,
        batch_size=min(options.batch_size, len(problem.x)),
        penalised=penalised,
        strengths=in_type(strengths, net.dtype, "a penalty's strength"),
        shrunk=shrunk,
        thresholds=in_type(thresholds, net.dtype, "learning rate times penalty_strength"),
        optimizer=options.optimizer,
        trainable=trainable,
        rates=in_type(rates, net.dtype, "a learning rate"),
        decays=in_type(decays, net.dtype, "weight_decay"),
        settings=_settings(options, net.dtype),
    )


def in_float64(arrays: StepArrays) -> StepArrays:
    """The same arrays, data included, with all real numbers in float64."""
    problem = arrays.problem
    x, y, weights = (array.astype(np.float64) for array in (problem.x, problem.y, problem.weights))
    numbers = ("strengths", "thresholds", "rates", "decays", "settings")
    cast = {name: getattr(arrays, name).astype(np.float64) for name in numbers}
    return replace(arrays, problem=replace(problem, x=x, y=y, weights=weights), **cast)


def _check_spectral(layout: Layout, options: StepOptions) -> None:
    """Refuse options of eigenvalues that do nothing to an image network, where nothing would tell so."""
    if not isinstance(layout, ImageLayout):
        return
    if options.proximal and options.penalty == "l2" and options.penalty_strength:
        raise InvalidInputError(
            "penalty='l2' with proximal=True shrinks all eigenvalues of a node alike, which its batch norm does not see; "
            "penalty='l1' makes some of them 0"
        )
    if layout.spectral_groups():
        return
    for name in ("penalty_strength", "proximal", "eigenvalue_learning_rate"):
        if getattr(options, name):
            raise InvalidInputError(
                f"{name} is for eigenvalues; a network with published gates has none, gates='spectral' has them"
            )


def in_type(numbers: list[float], dtype: np.dtype, name: str) -> np.ndarray:
    """The numbers in the type of the parameters.

    Raises
    ------
    InvalidInputError : a number that is not 0 becomes 0 or infinite in this type.
    """
    with np.errstate(over="ignore"):
        cast = np.array(numbers, np.float64).astype(dtype)
    for number, became in zip(numbers, cast, strict=True):
        if not np.isfinite(became) or (number and not became):
            raise InvalidInputError(f"{name} must be a number of {dtype}, and {number:g} is {became:g} there")
    return cast


def _penalties(net: Trainable, options: StepOptions) -> tuple[list[Penalty], list[Penalty]]:
    """The penalties in the gradient, and those taken by proximal steps with thresholds as strengths."""
    kind, strength = options.penalty, options.penalty_strength
    spectral = [(name, kind, strength) for name in net.layout.spectral_groups()]
    others = [(name, "l2", value) for name, value in _by_group(net.layout, options.eigenvector_penalty)]
    if not options.proximal:
        return spectral + others, []
    frozen = _not_trained(net, options)
    thresholds = [
        (name, kind, threshold_of(_rate_of(name, options), strength)) for name, _, _ in spectral if name not in frozen
    ]
    return others, thresholds


def _not_trained(net: Trainable, options: StepOptions) -> set[str]:
    """The groups that stay: those that are frozen, and with `fixed_ends` the eigenvalues of the first and the last layer."""
    layout, last = net.layout, len(net.layout.widths) - 1
    fixed: list[str] = []
    if options.fixed_ends:
        if layout.parametrization not in ("global", "layerwise"):
            raise InvalidInputError(
                f"fixed_ends is for layers with eigenvalues; this network is {layout.parametrization}"
            )
        ends = ["eigenvalues[0]", f"eigenvalues[{last}]"]
        fixed = ends if layout.parametrization == "global" else ["eigenvalues_in"]
    return {*layout.select(net.frozen), *layout.select(fixed)}


def _by_group(layout: Layout, values: float | Mapping[str, float]) -> list[tuple[str, float]]:
    """Groups and numbers: one number for all but eigenvalues and gates, or a mapping from families of groups.

    Raises
    ------
    InvalidInputError : the mapping names running statistics.
    """
    if not isinstance(values, Mapping):
        return [(name, values) for name in layout.groups if not name.startswith(("eigenvalues", "gates", "running"))]
    for family in values:
        if isinstance(layout, ImageLayout) and family.startswith("running"):
            raise InvalidInputError(f"no optimizer moves {family}, the statistics of batch norms; leave the group out")
    return [(name, value) for family, value in values.items() for name in layout.select([family])]


def _penalty_rows(layout: Layout, penalties: list[Penalty]) -> tuple[np.ndarray, list[float]]:
    """Rows (start, stop, kind) and strengths; a penalty of strength 0 has none."""
    active = [(name, kind, strength) for name, kind, strength in penalties if strength]
    rows = [[*layout.segments([name])[0], PENALTIES.index(kind)] for name, kind, _ in active]
    return np.array(rows, dtype=np.int64).reshape(-1, 3), [strength for _, _, strength in active]


def _rate_rows(net: Trainable, options: StepOptions) -> tuple[np.ndarray, list[float], list[float]]:
    """Rows (start, stop), learning rates and weight decays of the groups that are not frozen.

    Adjacent groups of one rate and one decay share a row.
    """
    frozen, decays = _not_trained(net, options), dict.fromkeys(net.layout.groups, 0.0)
    for name, decay in _by_group(net.layout, options.weight_decay):
        decays[name] += decay
    rows: list[list[int]] = []
    numbers: list[tuple[float, float]] = []
    for name, group in net.layout.groups.items():
        own = _rate_of(name, options), decays[name]
        if name in frozen:
            continue
        if rows and rows[-1][1] == group.start and numbers[-1] == own:
            rows[-1][1] = group.stop
        else:
            rows.append([group.start, group.stop])
            numbers.append(own)
    return np.array(rows, dtype=np.int64).reshape(-1, 2), [rate for rate, _ in numbers], [decay for _, decay in numbers]


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
        "smoothing": options.label_smoothing,
        "clip_norm": options.clip_norm or 0.0,
    }
    spelled = {"beta1": "betas[0]", "beta2": "betas[1]", "smoothing": "label_smoothing"}
    cast = {name: in_type([named[name]], dtype, spelled.get(name, name))[0] for name in SETTINGS}
    for name in ("beta1", "beta2"):  # the bias correction divides by 1 - β^t
        if cast[name] == 1:
            raise InvalidInputError(f"{spelled[name]} must be less than 1 in {dtype}; {named[name]!r} is 1 there")
    return np.array([cast[name] for name in SETTINGS], dtype)
