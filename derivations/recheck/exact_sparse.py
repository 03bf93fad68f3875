"""The kernels of sparse networks, weight by weight, and the columns of the factors, against exact numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np

from derivations.recheck.dense import Vector
from derivations.recheck.exact_comparison import Check, Comparison, floats
from derivations.recheck.exact_networks import (
    ACTIVATIONS,
    DRAWS,
    PATTERNS,
    WEIGHTS,
    mean_square,
    moving,
    names_of,
    numbers_of,
)
from derivations.recheck.field import Dual, Number, slope_of
from spectral_core.kernels.cpu import dense as cpu
from spectral_core.kernels.cpu import sparse

SHAPES = ((2, 1), (2, 3, 2), (2, 2, 2, 2))
"""Neurons by layer of the networks of the check."""


@dataclass(frozen=True)
class Graph:
    """A sparse network: for each receiver its senders, and their number; inputs first, outputs last."""

    shape: tuple[int, ...]
    senders: tuple[tuple[int, ...], ...]

    @property
    def size(self) -> int:
        return sum(map(len, self.senders))

    @property
    def hidden(self) -> range:
        return range(self.shape[0], sum(self.shape) - self.shape[-1])

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Senders and offsets in the form of the kernels."""
        flat = np.array([j for row in self.senders for j in row], np.int64)
        return flat, np.cumsum([0, *map(len, self.senders)])

    def values(self, f: Sequence[Callable[[Number], Number]], x: Vector, theta: Vector, bump: int = -1) -> list[Number]:
        """x of inputs and hidden neurons, then z_K, with an f for each neuron; the derivative by x of the neuron `bump` is carried along."""
        found: list[Number] = list(x)
        start = 0
        for place, row in enumerate(self.senders, self.shape[0]):
            z: Number = Fraction(0)
            for offset, j in enumerate(row):
                z = z + theta[start + offset] * found[j]
            start += len(row)
            found.append(f[place](z) if place in self.hidden else z)
            if place == bump:
                found[place] = found[place] + Dual(Fraction(0), Fraction(1))
        return found

    def outputs(self, f: Sequence[Callable[[Number], Number]], x: Vector, theta: Vector) -> list[Number]:
        return self.values(f, x, theta)[-self.shape[-1] :]


def graphs(comparison: Comparison) -> list[Graph]:
    """Networks in which about a third of the weights is missing, among all pairs of layers."""
    result = []
    for shape in SHAPES:
        layers = [layer for layer, width in enumerate(shape) for _ in range(width)]
        rows = []
        for place in range(shape[0], sum(shape)):
            before = [j for j in range(place) if layers[j] < layers[place]]
            rows.append(tuple(j for j in before if comparison.values.random() < 0.7) or (before[0],))
        result.append(Graph(shape, tuple(rows)))
    return result


def cases(comparison: Comparison, draw: Callable[[], Any]) -> list[tuple[list[str], Any, Graph, Vector, list[Vector]]]:
    """The activation of each neuron by name and as a function, network, weights and samples of one comparison, each number a draw."""
    found = []
    for pattern in PATTERNS * DRAWS:
        for graph in graphs(comparison):
            layers = zip(names_of(len(graph.shape), pattern), graph.shape, strict=True)
            names = [name for name, width in layers for _ in range(width)]
            theta = [draw() for _ in range(graph.size)]
            x = [[draw() for _ in range(graph.shape[0])] for _ in WEIGHTS]
            found.append((names, [ACTIVATIONS[name] for name in names], graph, theta, x))
    return found


def propagate(comparison: Comparison) -> None:
    """predict_sparse gives z_K, in chunks of two samples."""
    for names, f, graph, theta, x in cases(comparison, comparison.dyadic):
        senders, offsets = graph.arrays()
        result = np.empty((len(x), graph.shape[-1]))
        rows = np.ascontiguousarray(floats(x).T)
        sparse.predict_sparse(rows, numbers_of(names), senders, offsets, graph.shape[-1], 2, floats(theta), result)
        comparison.equal(f"{graph.shape} {names}: z_K", result, [graph.outputs(f, row, theta) for row in x])


def adjoint(comparison: Comparison) -> None:
    """gradient_sparse gives the loss and ∂ℓ/∂w of every weight, each by its own pass of dual numbers."""
    for names, f, graph, theta, x in cases(comparison, comparison.whole):
        senders, offsets = graph.arrays()
        y = [[comparison.whole() for _ in range(graph.shape[-1])] for _ in WEIGHTS]
        gradient = np.full(graph.size, np.nan)
        got = sparse.gradient_sparse(
            *(np.ascontiguousarray(floats(x).T), floats(y), np.zeros(0, np.int64), floats(WEIGHTS)),
            *(cpu.LOSSES.index("squared_error"), 0.0, numbers_of(names), senders, offsets),
            *(graph.shape[-1], len(x), floats(theta), gradient),
        )

        def loss(moved: Vector, f: Any = f, graph: Graph = graph, x: Any = x, y: Any = y) -> Number:
            return mean_square([graph.outputs(f, row, moved) for row in x], y)

        comparison.equal(f"{graph.shape} {names}: loss", got, loss(theta))
        truth = [slope_of(loss(moving(theta, place))) for place in range(graph.size)]
        comparison.equal(f"{graph.shape} {names}: gradient", gradient, truth)


def backward(which: str) -> Check:
    """The two passes that take an output bar of the caller's choice: rows of the Jacobian, or sums of squares."""

    def check(comparison: Comparison) -> None:
        for names, f, graph, theta, x in cases(comparison, comparison.whole):
            senders, offsets = graph.arrays()
            outputs, count = graph.shape[-1], sum(graph.shape)
            bars = [[comparison.whole() for _ in range(outputs)] for _ in x]
            u, z, du = (np.full((count, len(x)), np.nan) for _ in range(3))
            u[: graph.shape[0]] = floats(x).T
            sparse.propagate_sparse(numbers_of(names), senders, offsets, outputs, floats(theta), u, z)
            z[count - outputs :] = floats(bars).T

            def slopes(
                moved: Vector, bump: int = -1, f: Any = f, graph: Graph = graph, x: Any = x, bars: Any = bars
            ) -> list[Any]:
                """Σ_c bar_c ∂z_c for each sample."""
                found = (graph.values(f, row, moved, bump)[-graph.shape[-1] :] for row in x)
                return [
                    sum(bar * slope_of(z) for bar, z in zip(given, outputs, strict=True))
                    for given, outputs in zip(bars, found, strict=True)
                ]

            rows = [slopes(moving(theta, place)) for place in range(graph.size)]
            where = f"{graph.shape} {names}"
            if which == "jacobian":
                got = np.full((graph.size, len(x)), np.nan)
                sparse.jacobian_rows_sparse(senders, offsets, outputs, got, du, floats(theta), u, z)
                comparison.equal(f"{where}: rows", got, rows)
                continue
            means = [Fraction(comparison.whole()) for _ in range(count)]
            squares, rise = np.zeros(graph.size), np.zeros(count)
            given = (squares, du, floats(means), floats(theta), rise, u, z)
            sparse.curvature_squares_sparse(senders, offsets, outputs, *given)
            comparison.equal(f"{where}: squares", squares, [sum(one * one for one in row) for row in rows])
            activations = [graph.values(f, row, theta) for row in x]
            truth = [
                sum(
                    ((values[h] - means[h]) * slope) ** 2
                    for values, slope in zip(activations, slopes(theta, h), strict=True)
                )
                for h in graph.hidden
            ]
            comparison.equal(f"{where}: rises", rise[graph.hidden.start : graph.hidden.stop], truth)

    return check


CURVATURES: dict[str, Callable[[Any, Any], Any]] = {
    "squared_error": lambda z, y: 2,
    "huber": lambda z, y: int(abs(z - y) < 1),
    "poisson": lambda z, y: mpmath.exp(z),
    "binary_cross_entropy": lambda z, y: mpmath.exp(-abs(z)) / (1 + mpmath.exp(-abs(z))) ** 2,
}
"""ρ'' of the losses that are sums over outputs."""
ROOTS = {
    "squared_error": Fraction(1, 2),
    "huber": Fraction(1),
    "poisson": Fraction(1),
    "binary_cross_entropy": Fraction(4),
}
"""1/ρ''(0) for the target 0."""


def factor(loss: str) -> Check:
    """Column m of F of a loss that is a sum over outputs: √(scale w ρ''(z_m)) e_m, at 50 digits."""

    def check(comparison: Comparison) -> None:
        kernel = getattr(sparse, f"factor_{loss}")
        # At 0, with weights that make every root a rational number.
        weights = [Fraction(w) * ROOTS[loss] for w in (4, 16, 64, 0)]
        array = np.zeros((4, 4))
        kernel(array, *([np.zeros((4, 4))] if loss == "huber" else []), np.arange(4), floats(weights), 0.25)
        comparison.equal(
            "at 0", array, [[Fraction(r) * (h == s) for h in range(4)] for s, r in enumerate((1, 2, 4, 0))]
        )
        for column in range(3):
            z = [[Fraction(comparison.values.choice((-3, -1, 1, 3)), 4) for _ in range(3)] for _ in WEIGHTS]
            y = [[comparison.whole() for _ in range(3)] for _ in WEIGHTS]
            array, label = floats(z), np.full(len(WEIGHTS), column)
            target = [floats(y)] if loss == "huber" else []
            kernel(array, *target, label, floats(WEIGHTS), 0.25)
            for s, weight in enumerate(WEIGHTS):
                for h in range(3):
                    curvature = CURVATURES[loss](mpmath.mpf(float(z[s][h])), float(y[s][h]))
                    truth = mpmath.sqrt(mpmath.mpf(0.25) * float(weight) * curvature) if h == column else mpmath.mpf(0)
                    comparison.close(f"column {column}, entry {h}", array[s, h], truth, 4, least=2.0**-60)

    return check


def factor_of_softmax(comparison: Comparison) -> None:
    """Column m of F of cross entropy: √(scale w p_m) (e_m - p); equal outputs of four classes bit for bit, others at 50 digits."""
    array = np.zeros((4, 4))
    sparse.factor_cross_entropy(array, np.array([1, 2, 0, 3]), np.array([4.0, 16.0, 64.0, 0.0]), 1.0)
    columns = ((1, 1), (2, 2), (4, 0), (0, 3))
    truth = [[size * ((h == m) - Fraction(1, 4)) for h in range(4)] for size, m in columns]
    comparison.equal("equal outputs", array, truth)
    for column in range(3):
        z = [comparison.vector(3) for _ in WEIGHTS]
        array, label = floats(z), np.full(len(WEIGHTS), column)
        sparse.factor_cross_entropy(array, label, floats(WEIGHTS), 0.25)
        for s, weight in enumerate(WEIGHTS):
            powers = [mpmath.exp(mpmath.mpf(float(one))) for one in z[s]]
            shares = [power / sum(powers) for power in powers]
            size = mpmath.sqrt(mpmath.mpf(0.25) * float(weight) * shares[column])
            for h, share in enumerate(shares):
                truth = size * ((h == column) - share)
                comparison.close(f"column {column}, entry {h}", array[s, h], truth, 16, least=2.0**-3)
