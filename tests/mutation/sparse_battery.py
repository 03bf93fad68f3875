"""The kernels of sparse networks compared with brute force; `check` raises at the first difference.

They run as plain Python like those of `battery`. The truth comes from `oracles`, which add up single weights; that of L-BFGS
from its matrix form, and from line searches whose values are written down.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from types import CodeType
from typing import Any

import numpy as np

from spectral_core.kernels import tables
from spectral_core.kernels.support.activations import codes
from spectral_core.networks.sparse import SparseNetwork
from tests import oracles
from tests.builders import sparse_network, weights_of
from tests.mutation.battery import Space, close, numbers, same
from tests.mutation.plain import OPTIONS, Singles, load

ROWS = 7
CHUNKS = (1, 3, 7, 50)
POINTS = {"huber": 3.0}
"""Scale of the targets, so that errors lie on both sides of what a loss tells apart."""
Objective = Callable[[np.ndarray], tuple[float, np.ndarray]]


@dataclass(frozen=True)
class Case:
    """A sparse network, data and a loss."""

    net: SparseNetwork
    loss: str
    x: np.ndarray
    y: np.ndarray
    labels: np.ndarray
    weights: np.ndarray

    @property
    def wanted(self) -> np.ndarray:
        return self.labels if self.loss == "cross_entropy" else self.y

    @property
    def structure(self) -> tuple[Any, ...]:
        net = self.net
        numbers = np.repeat(codes(net.activation, len(net.widths)), net.widths)
        return numbers, net.senders, net.offsets, net.n_outputs

    @property
    def number(self) -> int:
        return tables.LOSSES.index(self.loss)


@cache
def cases() -> list[Case]:
    """Every loss, two and three layers of weights, neurons without weights; the rows weigh differently."""
    shapes = (((3, 2), 1.0), ((3, 2, 3), 0.7), ((3, 4, 2, 2), 0.6), ((2, 3, 1), 1.0), ((4, 3, 3), 0.8))
    result = []
    for number, (loss, (widths, density)) in enumerate(zip(tables.LOSSES, shapes, strict=True)):
        rng = np.random.default_rng(number)
        activation: Any = ("tanh", "swish", ("tanh", "relu"), "elu", "gelu")[number]
        net = sparse_network(number, widths, activation, number != 1, density)
        outputs = widths[-1]
        y = POINTS.get(loss, 1.0) * oracles.targets(loss, rng, ROWS, outputs)
        labelled = loss == "cross_entropy"
        x = rng.uniform(-1, 1, (net.n_inputs, ROWS))
        weights = np.array([1.0, 2.0, 0.5, 1.5, 0.25, 3.0, 0.75])
        weights[3:6] *= 0 if number == 2 else 1  # a chunk of 3 that weighs nothing
        nothing = np.empty((0, 1)), np.empty(0, np.int64)
        result.append(Case(net, loss, x, nothing[0] if labelled else y, y if labelled else nothing[1], weights))
    return result


INLINE = ("propagate", "adjoint", "jacobian_rows", "curvature_squares", "factor_", "load_chunk")
"""How the names of kernels begin that are compiled into those that call them."""


def check_options(space: Space) -> None:
    plain = {"cache": True, "nogil": True, "error_model": "numpy", "fastmath": {"contract", "reassoc", "nsz"}}
    for name in (name for name in OPTIONS if name.endswith("_sparse") or name.startswith(("factor_", "load_chunk"))):
        same(name, OPTIONS[name], {**plain, "forceinline": True} if name.startswith(INLINE) else plain)


def check_outputs(space: Space) -> None:
    for case in cases():
        net = case.net
        states = weights_of(net).run(net.weights, case.x)
        outputs = states[net.n_neurons - net.n_outputs :].T
        for chunk in CHUNKS:
            result = np.full((ROWS, net.n_outputs), np.nan)
            space["predict_sparse"](case.x, *case.structure, chunk, net.weights, result)
            close(f"{case.loss}: outputs", result, outputs)
            means = np.full(net.n_neurons, 7.0)
            total = float(case.weights.sum())
            space["means_sparse"](case.x, case.weights, total, *case.structure, chunk, net.weights, means)
            wanted = states @ case.weights / total
            wanted[net.n_neurons - net.n_outputs :] = 0
            close(f"{case.loss}: means", means, wanted)
        found = np.full((net.n_neurons, ROWS), np.nan)
        space["activations_sparse"](case.x, *case.structure, net.weights, found)
        close(f"{case.loss}: activations", found, states)


def check_gradients(space: Space) -> None:
    for case in cases():
        graph, net = weights_of(case.net), case.net
        for smoothing in (0.0, 0.2):

            def loss(theta: np.ndarray, graph: Any = graph, case: Case = case, smoothing: float = smoothing) -> Any:
                return graph.loss(theta, case.x, case.wanted, case.loss, case.weights, smoothing)

            value, slope = float(np.real(loss(net.weights))), oracles.gradient(loss, net.weights)
            for chunk in (3, ROWS):
                data = (case.x, case.y, case.labels, case.weights, case.number, smoothing)
                gradient = np.full(len(net.weights), 7.0)
                got = space["gradient_sparse"](*data, *case.structure, chunk, net.weights, gradient)
                close(f"{case.loss}: loss", got, value)
                close(f"{case.loss}: gradient", gradient, slope)
            check_objective(space, case, data, chunk, value, slope)


def check_objective(
    space: Space, case: Case, data: tuple[Any, ...], chunk: int, value: float, slope: np.ndarray
) -> None:
    """The loss with a penalty on some weights."""
    decayed = np.arange(len(slope)) % 2 == 0
    point = case.net.weights.copy()
    room = [np.full(len(slope), 7.0) for _ in range(3)]
    got = space["objective_sparse"](*data, *case.structure, chunk, decayed, 0.3, point, *room)
    close("objective", got, value + 0.15 * (point[decayed] ** 2).sum())
    close("slope of the objective", room[2], slope + 0.3 * point * decayed)
    close("the point stays", point, case.net.weights, 0)


def curvature_of(loss: str, z: np.ndarray, y: Any) -> np.ndarray:
    """∂²ℓ/∂z² of one sample (outputs, outputs), written out."""
    p = 1 / (1 + np.exp(-z))
    softmax = np.exp(z) / np.exp(z).sum()
    if loss == "cross_entropy":
        return np.diag(softmax) - np.outer(softmax, softmax)
    diagonal = {
        "squared_error": np.full(len(z), 2.0),
        "huber": 1.0 * (abs(z - y) <= 1) if loss == "huber" else None,
        "poisson": np.exp(z),
        "binary_cross_entropy": p * (1 - p),
    }[loss]
    return np.diag(diagonal) / len(z)


@cache
def curvatures(number: int) -> tuple[np.ndarray, np.ndarray]:
    """The Gauss-Newton matrix of a case, and mean (x - x̄)² (∂ℓ/∂x)² of its neurons."""
    case = cases()[number]
    net, graph = case.net, weights_of(case.net)
    share = case.weights / case.weights.sum()
    states = graph.run(net.weights, case.x)
    z = states[net.n_neurons - net.n_outputs :].T
    inner = [curvature_of(case.loss, z[s], case.wanted[s]) for s in range(ROWS)]
    units = np.eye(len(net.weights))
    slopes = np.stack(
        [oracles.derivative(lambda moved: graph.output(moved, case.x), net.weights, unit) for unit in units], axis=2
    )
    matrix = sum(share[s] * slopes[s].T @ inner[s] @ slopes[s] for s in range(ROWS))
    rises = np.zeros(net.n_neurons)
    for neuron in range(net.n_inputs, net.n_neurons - net.n_outputs):
        for s in range(ROWS):
            slope = oracles.moving(graph, net.weights, case.x[:, s : s + 1], neuron)[1]
            rises[neuron] += share[s] * (states[neuron, s] - states[neuron] @ share) ** 2 * slope @ inner[s] @ slope
    return np.asarray(matrix), rises


def check_curvatures(space: Space) -> None:
    for number, case in enumerate(cases()):
        net = case.net
        given = (case.x, case.y, case.weights, case.number, *case.structure)
        wanted, rises = curvatures(number)
        matrix = np.zeros_like(wanted)
        for column in range(net.n_outputs):
            rows = np.full((len(net.weights), ROWS), np.nan)
            space["jacobian_sparse"](*given, column, net.weights, rows)
            matrix += rows @ rows.T
        close(f"{case.loss}: Gauss-Newton matrix", matrix, wanted, 1e-10)
        for chunk in (2, 3, 50):
            diagonal, rise = np.full(len(net.weights), 7.0), np.full(net.n_neurons, 7.0)
            space["curvature_sparse"](*given, chunk, net.weights, diagonal, rise)
            close(f"{case.loss}: curvature", diagonal, wanted.diagonal(), 1e-10)
            close(f"{case.loss}: rises", rise, rises, 1e-10)


def check_factors(space: Space) -> None:
    """Columns of F with F Fᵀ = ∂²ℓ/∂z² where exp overflows, and where an error is exactly 1."""
    z = np.array([[800.0, -800.0], [-800.0, 800.0], [0.0, 0.0], [1.0, -3.0], [300.0, 300.0]])
    ones, label = np.ones(len(z)), np.zeros(len(z), np.int64)
    expected = {
        "factor_binary_cross_entropy": lambda v: 1 / (np.exp(abs(v) / 2) + np.exp(-abs(v) / 2)),
        "factor_poisson": lambda v: np.exp(np.minimum(v, 600) / 2),
    }
    for name, root in expected.items():
        output = np.clip(z, -700, 600 if name == "factor_poisson" else 700)
        with np.errstate(all="ignore"):
            wanted = np.stack([root(output[:, 0]), np.zeros(len(z))], axis=1)
            space[name](output, label, ones, 1.0)
        for got, right in zip(output, wanted, strict=True):
            close(name, got / max(right[0], 1e-300), right / max(right[0], 1e-300))
    output = z.copy()
    space["factor_cross_entropy"](output, label, 4.0 * ones, 0.25)
    exp = np.exp(z - z.max(axis=1, keepdims=True))
    p = exp / exp.sum(axis=1, keepdims=True)
    close("factor_cross_entropy", output, np.sqrt(p[:, :1]) * (np.array([[1.0, 0.0]]) - p))
    errors = np.array([[1.0, 0], [-1.0, 0], [1 + 1e-9, 0], [-1 - 1e-9, 0], [0.5, 0]])
    output = errors + 2.0
    space["factor_huber"](output, np.full(errors.shape, 2.0), label, 9.0 * ones, 1.0)
    close("factor_huber", output, np.array([[3.0, 0], [3.0, 0], [0, 0], [0, 0], [3.0, 0]]))
    output = errors.copy()
    space["factor_squared_error"](output, 1 + label, 2.0 * ones, 4.0)
    close("factor_squared_error", output, np.array([[0.0, 4.0]] * 5))


def check_single(space: Space) -> None:
    """In float32 every number that is stored was computed in float32, and the results have its digits."""
    for case in cases():
        net, structure = case.net, case.structure
        _, senders, offsets, n_outputs = structure
        x, y, weights, theta = (Singles(array) for array in (case.x, case.y, case.weights, net.weights))
        states = weights_of(net).run(net.weights, case.x)
        result = Singles(np.full((ROWS, n_outputs), np.nan))
        space["predict_sparse"](x, *structure, 3, theta, result)
        close(f"{case.loss}: single outputs", result.numbers(), states[net.n_neurons - n_outputs :].T, 1e-5)
        found = Singles(np.full((net.n_neurons, ROWS), np.nan))
        space["activations_sparse"](x, *structure, theta, found)
        close(f"{case.loss}: single activations", found.numbers(), states, 1e-5)
        gradients = []
        for make in (Singles, np.copy):
            data = (make(case.x), make(case.y), case.labels, make(case.weights), case.number, make([0.2])[0])
            gradient = make(np.full(len(net.weights), np.nan))
            value = space["gradient_sparse"](*data, *structure, 3, make(net.weights), gradient)
            gradients.append([float(value), *numbers(gradient)])
        close(f"{case.loss}: single gradient", *gradients, 1e-5)
        for column in range(n_outputs):
            rows = [make(np.full((len(net.weights), ROWS), np.nan)) for make in (Singles, np.copy)]
            space["jacobian_sparse"](x, y, weights, case.number, *structure, column, theta, rows[0])
            given = (case.x, case.y, case.weights, case.number, *structure, column)
            space["jacobian_sparse"](*given, net.weights, rows[1])
            close(f"{case.loss}: single Jacobian", rows[0].numbers(), rows[1], 1e-5)
        squares = []
        for make in (Singles, np.copy):
            states_of = make(states), make(np.cos(states)), make(states.mean(axis=1))
            diagonal, du, rise = (make(np.zeros(n)) for n in (len(net.weights), states.shape, net.n_neurons))
            space["curvature_squares_sparse"](
                senders, offsets, n_outputs, diagonal, du, states_of[2], make(net.weights), rise, *states_of[:2]
            )
            squares.append(np.concatenate([numbers(diagonal), numbers(rise)]))
        close(f"{case.loss}: single squares", *squares, 1e-5)


# --- L-BFGS -----------------------------------------------------------------------------------------------------------


def run(
    space: Space, objective: Objective, start: Sequence[float], iterations: int, pairs: int = 5, precision: float = 0.0
) -> tuple[np.ndarray, float, int, list[list[float]]]:
    """The last point, its value, the steps done, and every point whose value was asked for."""
    given = [object() for _ in range(13)]
    asked: list[list[float]] = []

    def exchanged(*arguments: Any) -> float:
        *same_as_given, point, _, _, slope = arguments
        if any(one is not other for one, other in zip(same_as_given, given, strict=True)):
            raise AssertionError("the objective has other data")
        asked.append(point.tolist())
        value, slope[:] = objective(point)
        return value

    given[0] = np.empty((1, 1))
    original, space["objective_sparse"] = space["objective_sparse"], exchanged
    try:
        point = np.array(start, dtype=np.float64)
        value, done = space["minimise_sparse"](*given, iterations, pairs, precision, point)
    finally:
        space["objective_sparse"] = original
    return point, value, done, asked


def direction_of(kept: Sequence[tuple[np.ndarray, np.ndarray]], slope: np.ndarray) -> np.ndarray:
    """-H slope, H by the BFGS formula on matrices from a multiple of the identity."""
    eye = np.eye(len(slope))
    matrix = eye
    if kept:
        step, change = kept[-1]
        matrix = eye * (step @ change) / (change @ change)
    for step, change in kept:
        turned = eye - np.outer(change, step) / (step @ change)
        matrix = turned.T @ matrix @ turned + np.outer(step, step) / (step @ change)
    return -matrix @ slope


def minima(objective: Objective, start: np.ndarray, pairs: int) -> Iterator[tuple[np.ndarray, float]]:
    """The iterates of L-BFGS with weak Wolfe steps by bisection."""
    point, kept = start, []
    value, slope = objective(point)
    while True:
        direction = direction_of(kept[-pairs:], slope)
        ends, length = [0.0, math.inf], 1.0 if kept else min(1.0, 1 / float(np.linalg.norm(slope)))
        while True:
            new, new_slope = objective(point + length * direction)
            if new > value + 1e-4 * length * (direction @ slope):
                ends[1] = length
            elif new_slope @ direction < 0.9 * (direction @ slope):
                ends[0] = length
            else:
                break
            length = 2 * ends[0] if ends[1] == math.inf else sum(ends) / 2
        kept.append((length * direction, new_slope - slope))
        point, value, slope = point + length * direction, new, new_slope
        yield point, value


def valley(point: np.ndarray) -> tuple[float, np.ndarray]:
    """A bent valley in four dimensions."""
    a, b, c, d = point
    value = (1 - a) ** 2 + 20 * (b - a * a) ** 2 + 3 * (c - b) ** 2 + 0.1 * d**4 + d * d / 2 + a * d / 5
    slope = [
        -2 * (1 - a) - 80 * a * (b - a * a) + d / 5, 40 * (b - a * a) - 6 * (c - b), 6 * (c - b), 0.4 * d**3 + d + a / 5,
    ]  # fmt: skip
    return float(value), np.array(slope)


def check_minima(space: Space) -> None:
    start = np.array([-1.2, 1.0, 0.5, 2.0])
    for pairs in (1, 2, 5):
        for number, (point, value) in zip(range(1, 12), minima(valley, start, pairs), strict=False):
            got = run(space, valley, start.tolist(), number, pairs)
            close(f"{pairs} pairs, iterate {number}", got[0], point, 1e-8)
            close(f"{pairs} pairs, value {number}", got[1], value, 1e-8)
            same("steps", got[2], number - 1)
    same("no step", run(space, valley, [0.0] * 4, 0)[1:3], (1.0, 0))
    flat = run(space, lambda point: (3.0, 0 * point), [1.0, 2.0], 5)
    same("without a slope", (flat[0].tolist(), *flat[1:3], len(flat[3])), ([1.0, 2.0], 3.0, 0, 1))


def script(values: Sequence[tuple[float, float]]) -> Objective:
    """Values and slopes in the order in which they are asked for; the last one again and again."""
    rest = list(values)

    def objective(point: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = rest.pop(0) if len(rest) > 1 else rest[0]
        return value, np.full(1, slope)

    return objective


def points_of(space: Space, values: Sequence[tuple[float, float]], iterations: int = 1, precision: float = 0.0) -> Any:
    """Where the search looked, where it ended, and the value there, from 0."""
    point, value, _, asked = run(space, script(values), [0.0], iterations, precision=precision)
    return [one[0] for one in asked], point[0], value


def check_line_search(space: Space) -> None:
    """One dimension: slope -1 at 0, so the first length is 1 and the objective must fall by 1e-4."""
    start, tiny = (0.0, -1.0), 1e-8
    enough, steep = -1e-4, -0.9
    same("a small fall", points_of(space, [start, (enough, 0.0)]), ([0, 1], 1.0, enough))
    same("too small", points_of(space, [start, (enough * (1 - tiny), 0.0), (-1.0, 0.0)]), ([0, 1, 0.5], 0.5, -1.0))
    same("flat enough", points_of(space, [start, (-1.0, steep)]), ([0, 1], 1.0, -1.0))
    same("too steep", points_of(space, [start, (-1.0, steep * (1 + tiny)), (-2.0, 0.0)]), ([0, 1, 2], 2.0, -2.0))
    between = [start, (-1.0, -1.0), (5.0, 0.0), (-1.5, 0.0)]
    same("between", points_of(space, between), ([0, 1, 2, 1.5], 1.5, -1.5))
    halving = [start, (5.0, 0.0), (-0.1, -1.0), (-0.2, 0.0)]
    same("after halving", points_of(space, halving), ([0, 1, 0.5, 0.75], 0.75, -0.2))
    asked, end, value = points_of(space, [start, (math.nan, 0.0)])
    same("never lower", (len(asked), end, value), (26, 0.0, 0.0))
    asked, end, value = points_of(space, [start, *((-(2.0**k), -1.0) for k in range(25))])
    same("always lower", (len(asked), end, value), (26, 2.0**24, -(2.0**24)))
    asked, end, value = points_of(space, [start, (-1.0, -1.0), (math.nan, 0.0)])
    same("lost at the end", (len(asked), end, value), (26, 0.0, 0.0))
    same("as high at the end", points_of(space, [start, (-1.0, -1.0), (0.0, 0.0)])[1:], (0.0, 0.0))
    same("a little lower, never enough", points_of(space, [start, (-1e-13, 0.0)])[1:], (0.0, 0.0))
    same("a steep start", points_of(space, [(0.0, -4.0), (-3.0, 0.0)]), ([0, 1], 1.0, -3.0))
    same("a flat start", points_of(space, [(0.0, -0.25), (-3.0, 0.0)]), ([0, 0.25], 0.25, -3.0))


def check_ends(space: Space) -> None:
    """Where a step lowers the objective by less than a share of its size; where a pair has no curvature."""
    for value, new, precision, stops in (
        (0.0, -0.5, 0.5, True), (0.0, -0.5, 0.499999, False), (0.0, -0.5000002, 0.5, False), (0.5, 0.0, 0.5, True), (0.5, 0.0, 0.49, False),
        (64.0, 32.0, 0.5, True), (64.0, 32.0, 0.499999, False), (-32.0, -64.0, 0.5, True), (-32.0, -64.0, 0.499999, False),
    ):  # fmt: skip
        values = [(value, -1.0), (new, -0.5), (new - 8, 0.0)]
        asked = points_of(space, values, 2, precision)[0]
        same(f"{value} to {new} at {precision}", len(asked), 2 if stops else 3)
    for change, kept in ((0.25e12 * (1 - 1e-8), True), (0.25e12, False), (0.25e12 * (1 + 1e-8), False)):
        values = [(0.0, -0.25), (-1.0, change - 0.25), (-1.0 - change, 0.0)]
        asked = points_of(space, values, 2)[0]
        close("the step behind a pair", asked[2], 0.25 - (0.25 if kept else 1.0), 1e-9)


CHECKS = (
    check_options,
    check_outputs,
    check_gradients,
    check_line_search,
    check_ends,
    check_minima,
    check_factors,
    check_single,
    check_curvatures,
)
"""Cheap checks first."""


def check(codes: Sequence[CodeType]) -> None:
    """All checks of the kernels of sparse networks; the exception says what is wrong."""
    space = load(*codes)
    with np.errstate(all="ignore"):
        for one in CHECKS:
            one(space)
