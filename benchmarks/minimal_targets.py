"""Targets that need a known number of hidden neurons, drawn anew for each seed.

The linear part is free: networks with all skip connections have it without a neuron. Kinks of one input lie at least 0.6/k
apart; outgoing weights have sizes from 0.5 to 1.5 and random signs; rows of a teacher are unit vectors.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

ROWS, FRESH_ROWS = 3000, 5000
NOISE = 20
"""Variance of a noisy target over the variance of its noise."""
Function = Callable[[np.ndarray], np.ndarray]
Draw = Callable[[np.random.Generator], Function]

SMOOTH: dict[str, Function] = {
    "tanh": np.tanh,
    "swish": lambda z: z / (1 + np.exp(-z)),
    "gelu": lambda z: z * ndtr(z),
}


@dataclass(frozen=True)
class Target:
    """A family of functions.

    group : the rows of the table that judge it.
    needed : hidden neurons. inputs : numbers of the input. relevant : how many of them, from the first on, matter.
    draw : one function (rows, inputs) -> (rows,), by a generator.
    cloud : how inputs are distributed, ``uniform`` on [-1, 1], ``normal``, or ``correlated`` normal.
    tolerance : of the search. layers : hidden layers of the search.
    """

    title: str
    group: str
    needed: int
    inputs: int
    draw: Draw
    cloud: str = "normal"
    activation: str = "relu"
    noisy: bool = False
    relevant: int | None = None
    tolerance: float | None = None
    layers: int = 1

    def data(self, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """x, y of the rows to fit, and x, y of fresh ones without noise."""
        rng = np.random.default_rng((seed, *self.title.encode()))
        function = self.draw(rng)
        points = self._points(rng)
        x, fresh = points[:ROWS], points[ROWS:]
        clean = function(x)
        noise = rng.normal(size=ROWS) * clean.std() / np.sqrt(NOISE) if self.noisy else 0.0
        return x, clean + noise, fresh, function(fresh)

    def _points(self, rng: np.random.Generator) -> np.ndarray:
        size = (ROWS + FRESH_ROWS, self.inputs)
        if self.cloud == "uniform":
            return rng.uniform(-1, 1, size)
        if self.cloud == "normal":
            return rng.normal(size=size)
        directions = rng.normal(size=(3, self.inputs)) / np.sqrt(3)
        return 0.9 * rng.normal(size=(size[0], 3)) @ directions + 0.45 * rng.normal(size=size)


def relu(z: np.ndarray) -> np.ndarray:
    return np.maximum(z, 0)


def outgoing(rng: np.random.Generator, count: int) -> np.ndarray:
    """Weights from 0.5 to 1.5 with random signs."""
    return rng.choice([-1, 1], count) * rng.uniform(0.5, 1.5, count)


def kinks(count: int) -> Draw:
    """A piecewise linear function of one input."""

    def draw(rng: np.random.Generator) -> Function:
        while True:
            places = np.sort(rng.uniform(-0.85, 0.85, count))
            if count == 1 or np.diff(places).min() > 0.6 / count:
                break
        weights, slope = outgoing(rng, count), rng.normal()
        return lambda x: relu(x - places) @ weights + slope * x[:, 0]

    return draw


def teacher(count: int, inputs: int, relevant: int | None = None, near: bool = False) -> Draw:
    """`count` relu neurons with unit rows over the relevant inputs, and a linear part; `near`: every kink near the middle."""

    def draw(rng: np.random.Generator) -> Function:
        used = inputs if relevant is None else relevant
        rows, linear = np.zeros((count, inputs)), np.zeros(inputs)
        rows[:, :used] = rng.normal(size=(count, used))
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        biases = rng.uniform(-0.4, 0.4, count) if near else 0.3 * rng.normal(size=count)
        weights = outgoing(rng, count)
        linear[:used] = 0.5 * rng.normal(size=used)
        return lambda x: relu(x @ rows.T + biases) @ weights + x @ linear

    return draw


def smooth_teacher(name: str, count: int, inputs: int) -> Draw:
    """`count` neurons of a smooth activation with rows of length 2."""

    def draw(rng: np.random.Generator) -> Function:
        rows = rng.normal(size=(count, inputs))
        rows *= 2 / np.linalg.norm(rows, axis=1, keepdims=True)
        biases, weights = 0.5 * rng.normal(size=count), outgoing(rng, count)
        return lambda x: SMOOTH[name](x @ rows.T + biases) @ weights

    return draw


def deep_teacher(first: int, second: int, inputs: int) -> Draw:
    """Two hidden layers of relu."""

    def draw(rng: np.random.Generator) -> Function:
        into = rng.normal(size=(first, inputs)) / np.sqrt(inputs)
        biases = 0.3 * rng.normal(size=first)
        between = rng.normal(size=(second, first)) * np.sqrt(2 / first)
        more_biases, weights = 0.2 * rng.normal(size=second), outgoing(rng, second)
        return lambda x: relu(relu(x @ into.T + biases) @ between.T + more_biases) @ weights

    return draw


def linear(inputs: int) -> Draw:
    """No neuron is needed."""

    def draw(rng: np.random.Generator) -> Function:
        weights = rng.normal(size=inputs)
        return lambda x: x @ weights

    return draw


def fixed(function: Function) -> Draw:
    """The same function for every seed."""
    return lambda rng: function


def targets() -> dict[str, Target]:
    """All targets by name."""
    found: dict[str, Target] = {}

    def add(name: str, *values: object, **more: object) -> None:
        found[name] = Target(*values, **more)  # type: ignore[arg-type]

    for k in (1, 2, 3, 5, 10):
        add(f"kinks-{k}", f"kinks of one input: {k}", "exact", k, 1, kinks(k), "uniform")
        add(f"folds-{k}", f"folds of three inputs: {k}", "exact", k, 3, teacher(k, 3, near=True), "uniform")
    two = fixed(lambda x: np.abs(x[:, 0] - x[:, 1]) + relu(x[:, 0] + x[:, 1] - 0.2))
    add("absolute", "|x|", "exact", 1, 1, fixed(lambda x: np.abs(x[:, 0])), "uniform")
    add("absolute-2", "|x₁ - x₂| and a fold", "exact", 2, 2, two, "uniform")
    for k, n in ((1, 5), (2, 5), (4, 8), (7, 12), (10, 15)):
        add(f"teacher-{k}", f"teacher of {k} in {n} inputs", "exact", k, n, teacher(k, n))
    for k, n in ((4, 8), (7, 12)):
        add(f"correlated-{k}", f"teacher of {k}, {n} correlated inputs", "exact", k, n, teacher(k, n), "correlated")
    add("linear", "linear in 5 inputs", "linear", 0, 5, linear(5))
    add("irrelevant-5", "1 of 6 inputs matters", "irrelevant", 1, 6, fixed(lambda x: relu(x[:, 0])), relevant=1)
    title = "teacher of 4, 5 of 15 inputs matter"
    add("irrelevant-10", title, "irrelevant", 4, 15, teacher(4, 15, 5), relevant=5)
    add("teacher-20", "teacher of 20 in 20 inputs", "twenty", 20, 20, teacher(20, 20))
    for name, k, n in (("tanh", 3, 4), ("tanh", 6, 8), ("swish", 3, 4), ("gelu", 3, 4)):
        title = f"{name} teacher of {k} in {n} inputs"
        add(f"{name}-{k}", title, "smooth", k, n, smooth_teacher(name, k, n), activation=name)
    for k in (3, 5):
        add(f"kinks-{k}-noise", f"kinks of one input with noise: {k}", "noise", k, 1, kinks(k), "uniform", noisy=True)
        add(
            f"folds-{k}-noise",
            f"folds of three inputs with noise: {k}",
            "noise",
            k,
            3,
            teacher(k, 3, near=True),
            "uniform",
            noisy=True,
        )
    for k, n in ((4, 8), (7, 12)):
        add(f"teacher-{k}-noise", f"teacher of {k} in {n} inputs, noise", "noise", k, n, teacher(k, n), noisy=True)
    for a, b, n in ((3, 2, 5), (6, 4, 8)):
        title = f"two layers, {a} and {b}, {n} inputs"
        add(f"deep-{a}-{b}", title, "deep", a + b, n, deep_teacher(a, b, n), layers=2)
    loose = {"tolerance": 1e-3}
    add("kinks-10-loose", "kinks of one input: 10, tolerance 0.001", "tolerance", 10, 1, kinks(10), "uniform", **loose)
    add(
        "folds-5-loose",
        "folds of three inputs: 5, tolerance 0.001",
        "tolerance",
        5,
        3,
        teacher(5, 3, near=True),
        "uniform",
        **loose,
    )
    add("teacher-7-loose", "teacher of 7, tolerance 0.001", "tolerance", 7, 12, teacher(7, 12), **loose)
    return found


TARGETS = targets()
