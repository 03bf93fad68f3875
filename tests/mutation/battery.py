"""Kernels compared with brute force; `check` raises at the first difference.

The kernels run as plain Python (see `plain`), so a changed kernel needs no compiler. Losses, penalties, activations
and optimizers come from the tables of the module itself; the truth comes from `oracles`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from types import CodeType
from typing import Any

import mpmath
import numpy as np

from spectral_core.kernels import tables
from spectral_core.kernels.support.layout import Layout
from tests import oracles
from tests.mutation.plain import MIXED, OPTIONS, OVERLOADS, Single, Singles, load

Space = dict[str, Any]
ROWS = 7
BATCH = 3
STEP = 2
"""Optimizer steps done before an epoch."""
FACTORS = np.array([1.0, 0.5, 0.75])
"""Of rates and thresholds in the steps of an epoch; dyadic, so that float32 has them exactly."""
SETTINGS = {"beta1": 0.8, "beta2": 0.9, "epsilon": 0.01, "momentum": 0.7, "nesterov": 0.0, "smoothing": 0.0}
SETTINGS |= {"clip_norm": 0.0}


# --- cases ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """A network, a loss and data by a seed."""

    parametrization: str
    widths: tuple[int, ...]
    activation: str | tuple[str, ...]
    bias: bool
    pairs: tuple[tuple[int, int], ...]
    loss: str
    labelled: bool
    one_hidden: bool = False
    """Runs by the kernels for one hidden layer."""

    @property
    def runner(self) -> str:
        return f"{self.widths[0]}_{self.widths[-1]}" if self.one_hidden else self.parametrization

    @property
    def trained(self) -> bool:
        """Epochs are compared for this case."""
        return self.one_hidden or len(self.widths) == 4

    @property
    def model(self) -> oracles.Model:
        return oracles.Model(self.parametrization, self.widths, self.activation, self.bias, self.pairs)

    @property
    def layout(self) -> Layout:
        return Layout(self.parametrization, self.widths, self.pairs)


@dataclass(frozen=True)
class Data:
    theta: np.ndarray
    x: np.ndarray
    y: np.ndarray
    labels: np.ndarray
    weights: np.ndarray
    order: np.ndarray

    def wanted(self, case: Case) -> np.ndarray:
        return self.labels if case.labelled else self.y


@cache
def data(case: Case, zero_weights: bool = False) -> Data:
    """Numbers that float32 holds too; the order is no identity, and three rows may weigh nothing (one whole batch)."""
    generator = np.random.default_rng([sum(case.widths), len(case.widths)])
    outputs = case.widths[-1]

    def uniform(*shape: int) -> np.ndarray:
        return generator.uniform(-1, 1, shape).astype(np.float32).astype(np.float64)

    order = np.array([4, 0, 6, 2, 1, 5, 3])
    weights = np.array([1.0, 2.0, 0.5, 1.5, 0.25, 3.0, 0.75])
    if zero_weights:
        weights[order[BATCH : 2 * BATCH]] = 0
    labels = generator.integers(0, outputs, ROWS)
    labels[:2] = 0, outputs - 1
    y = uniform(ROWS, outputs)
    if case.loss in ("poisson", "binary_cross_entropy"):
        y = oracles.targets(case.loss, generator, ROWS, outputs)
    return Data(uniform(case.model.size), uniform(ROWS, case.model.n_features), y, labels, weights, order)


def labelled(space: Space, loss: str) -> bool:
    """Does the loss want class labels? Its own argument says so."""
    return "label" in inspect.signature(space[loss]).parameters


def cases(space: Space) -> list[Case]:
    """Every parametrization in three depths, with and without the constant neuron, with missing direct blocks."""
    losses = [(name, labelled(space, name)) for name in space["LOSSES"]]
    result = []
    for parametrization in ("global", "layerwise", "direct"):
        for number, (widths, bias) in enumerate((((3, 5, 4, 2), True), ((3, 3, 3, 3, 3), False), ((2, 3), False))):
            everything = [(i, j) for i in range(2, len(widths) + 1) for j in range(1, i)]
            gone = {(3, 1), (4, 2)} if number == 0 else set()
            # From the last block to the first: the block at position 0 comes from a hidden layer.
            pairs = tuple(pair for pair in everything[::-1] if pair not in gone) if parametrization == "direct" else ()
            activation: str | tuple[str, ...] = (("tanh", "swish"), ("swish", "tanh", "swish"), "relu")[number]
            everywhere = [loss for loss in losses if loss[0] in ("squared_error", "cross_entropy")]
            chosen = losses if (parametrization, number) == ("global", 0) else everywhere
            result += [Case(parametrization, widths, activation, bias, pairs, *loss) for loss in chosen]
    return result


def one_hidden_cases(space: Space) -> list[Case]:
    """Networks of one hidden layer with kernels of their own, with and without the constant neuron."""
    result = []
    for number, (inputs, outputs) in enumerate(tables.ONE_HIDDEN_SIZES):
        loss = "squared_error" if number < 3 else "cross_entropy"
        bias, activation = number != 1, ("tanh", "swish", "elu", "gelu")[number]
        result.append(
            Case("global", (inputs, 5, outputs), activation, bias, (), loss, labelled(space, loss), one_hidden=True)
        )
    return result


@cache
def truth(case: Case, rows: tuple[int, ...]) -> tuple[float, np.ndarray]:
    """Loss and gradient over some rows."""
    d, model, at = data(case), case.model, list(rows)

    def loss(theta: np.ndarray) -> Any:
        return model.loss(theta, d.x[at], d.wanted(case)[at], case.loss, d.weights[at])

    return float(loss(d.theta)), oracles.gradient(loss, d.theta)


def close(what: str, got: Any, wanted: Any, tolerance: float = 1e-11) -> None:
    got, wanted = np.asarray(got, dtype=np.float64), np.asarray(wanted, dtype=np.float64)
    scale = max(1.0, float(np.abs(wanted).max(initial=0)))
    if got.shape != wanted.shape or not np.allclose(got, wanted, rtol=0, atol=tolerance * scale):
        raise AssertionError(f"{what}: {got}, not {wanted}")


def same(what: str, got: object, wanted: object) -> None:
    if got != wanted:
        raise AssertionError(f"{what}: {got}, not {wanted}")


# --- the module's tables ----------------------------------------------------------------------------------------------


def check_tables(space: Space) -> None:
    for family in ("ACTIVATIONS", "LOSSES", "PENALTIES", "OPTIMIZERS"):
        same(family, space[family], getattr(tables, family))
    for family in ("LOSSES", "PENALTIES", "OPTIMIZERS"):
        for number, name in enumerate(space[family]):
            same(name, space[name.upper()], number)
    for number, name in enumerate(tables.SETTINGS):
        same(name, space[name.upper()], number)
    plain = {"cache": True, "nogil": True, "error_model": "numpy", "fastmath": {"contract", "reassoc", "nsz"}}
    for name, options in OPTIONS.items():
        runner = name.startswith(("predict_", "gradient_", "jacobian_", "epoch_"))
        same(name, options, plain if runner else {**plain, "forceinline": True})
    same("chosen by type", list(OVERLOADS), ["exponential"])
    asked, choose = OVERLOADS["exponential"]
    uncached = {name: value for name, value in plain.items() if name != "cache"}
    same("exponential", asked, {**uncached, "fastmath": {"contract"}, "forceinline": True})
    for kind in ("float32", "float64"):
        same(kind, choose(kind), space[f"exponential_{kind}"])


def check_workspace(space: Space) -> None:
    """Room for every layer of a batch, for the widest layer, and for two blocks of weights between neighbours."""
    for widths in ((2, 5, 3), (4, 1, 5), (2, 3, 5), (1, 1)):
        layout = Layout("global", widths)
        rooms = space["workspace"](np.zeros(1), layout.table, 3)
        largest = max(a * b for a, b in pairwise(widths))
        same("sizes", [len(room) for room in rooms], [3 * sum(widths)] * 3 + [3 * max(widths), 2 * largest])


def check_views(space: Space) -> None:
    flat = np.arange(20.0)
    close("matrix", space["matrix"](flat, 3, 2, 4), [[3, 4, 5, 6], [7, 8, 9, 10]], 0)
    close("vector", space["vector"](flat, 3, 2), [3, 4], 0)
    space["matrix"](flat, 3, 2, 4)[1, 2], space["vector"](flat, 3, 2)[0] = -1, -2
    close("no copies", flat[[3, 9]], [-2, -1], 0)


# --- the parts --------------------------------------------------------------------------------------------------------

POINTS = np.array([[-30.0, -3.5, -1.0, -1e-9], [0.0, 1e-9, 0.5, 1.0], [-0.0, 2.0, 3.5, 30.0]])


@cache
def slopes(name: str) -> np.ndarray:
    moved = POINTS + 1j * oracles.STEP
    return np.imag(oracles.activation(name, moved)) / oracles.STEP


def check_activations(space: Space) -> None:
    """Value and slope at both tails, at the kink, and where f(z) is tiny."""
    for number, name in enumerate(space["ACTIVATIONS"]):
        pre, post = POINTS.copy(), np.full(POINTS.shape, np.nan)
        space["activate"](number, pre, post)
        wanted = oracles.activation(name, POINTS)
        close(f"{name}: slope", pre, slopes(name), 1e-14)
        if not np.allclose(post, wanted, rtol=1e-12, atol=1e-300):
            raise AssertionError(f"{name}: {post}, not {wanted}")


def check_loading(space: Space) -> None:
    """Rows in the given order; the columns beyond the data are 1; both layouts."""
    x, rows, flat = np.arange(12.0).reshape(4, 3), np.array([1, 0]), np.full(12, np.nan)
    space["load_rows"](x, rows, 5, flat)
    close("rows", flat[:10], [*x[1], 1, 1, *x[0], 1, 1])
    same("nothing behind them", bool(np.isnan(flat[10:]).all()), True)
    columns = np.full((5, 3), np.nan)
    space["load_columns"](x, rows, columns)
    close("columns", columns[:, :2].T, [[*x[1], 1, 1], [*x[0], 1, 1]])
    same("no other column", bool(np.isnan(columns[:, 2]).all()), True)
    singles = Singles(np.zeros((5, 3)))
    space["load_columns"](Singles(x), rows, singles)
    close("single columns", singles.numbers()[:, :2], columns[:, :2])


ENDS = {"float32": (-104.0, 89.0, -87.33, 88.72), "float64": (-746.0, 710.0, -708.39, 709.78)}
"""Where exp is cut, and where it is a normal number."""
BOUNDS = {"float32": (24, 1.7, 3.6), "float64": (53, 1.6, 3.5)}
"""Digits, and the bounds of theorem E in units of the last place."""
COEFFICIENTS = {"float32": 7, "float64": 13}


@cache
def exponentials(kind: str) -> tuple[list[float], list[Any], list[Any]]:
    """Points, exp and expm1 there; halfway between the powers of two, at both ends, and near 0."""
    low, high, normal, greatest = ENDS[kind]
    halves = [(n + 0.5 + shift) * np.log(2) for n in (-60, -7, -2, -1, 0, 1, 6, 60) for shift in (-1e-3, 1e-3)]
    points = [*np.linspace(normal, greatest, 60), *np.linspace(-1, 1, 40), *halves, 0.0, -0.0, 1e-30, -1e-9, low, high]
    points = [float(np.dtype(kind).type(point)) for point in points]
    points += [float(np.dtype(kind).type(low * t + normal * (1 - t))) for t in (0.1, 0.4, 0.8, 0.99)]
    with mpmath.workprec(180):
        return points, [mpmath.exp(point) for point in points], [mpmath.expm1(point) for point in points]


def check_exponential(space: Space) -> None:
    """The bounds of theorem E; beyond the ends infinite or 0; NaN stays; all in the type of the argument."""
    for kind in ("float32", "float64"):
        digits, of_exp, of_expm1 = BOUNDS[kind]
        low, high, normal, _ = ENDS[kind]
        make: Callable[[Any], Any] = Single if kind == "float32" else np.float64
        half_smallest = mpmath.mpf(float(np.finfo(kind).smallest_subnormal)) / 2
        before = MIXED[0]
        for x, exp, expm1 in zip(*exponentials(kind), strict=True):
            results = space["exponential"](make(x))
            same(f"{kind}: type", [type(result) for result in results], [make, make])
            for name, result, truth, bound in zip(
                ("exp", "expm1"), results, (exp, expm1), (of_exp, of_expm1), strict=True
            ):
                if np.isinf(float(result)):
                    same(f"{kind}: {name}({x}) is too great", truth > float(np.finfo(kind).max) * (1 - 1e-7), True)
                    continue
                error = abs(mpmath.mpf(float(result)) - truth)
                allowed = bound * 2.0**-digits * abs(truth) + (half_smallest if name == "exp" and x < normal else 0)
                if not error <= allowed:
                    raise AssertionError(f"{kind}: {name}({x}) is {result}, not {truth}")
        for far in (low, low - 1, -np.inf):
            same(f"{kind}: at {far}", [float(r) for r in space["exponential"](make(far))], [0.0, -1.0])
        for far in (high, high + 1, np.inf):
            same(f"{kind}: at {far}", [float(r) for r in space["exponential"](make(far))], [np.inf, np.inf])
        same(f"{kind}: NaN", [np.isnan(float(r)) for r in space["exponential"](make(np.nan))], [True, True])
        same(f"{kind}: no other type takes part", MIXED[0], before)
        # The last coefficients hardly show in any result, the limits in none: they are compared as numbers.
        numbers = {float(c) for c in space[f"exponential_{kind}"].__code__.co_consts if isinstance(c, float)}
        real = np.dtype(kind).type
        factorials = [float(real(1 / mpmath.factorial(n))) for n in range(2, COEFFICIENTS[kind] + 1)]
        with mpmath.workprec(180):
            log2e, ln2 = float(real(1 / mpmath.ln(2))), mpmath.ln(2)
            rest = numbers - {*factorials, log2e, abs(low), high}
            same(f"{kind}: coefficients", {*factorials, log2e, high} <= numbers, True)
            magic, above, below = sorted(rest - {low}, reverse=True)
            same(f"{kind}: magic number", magic, 1.5 * 2.0 ** (digits - 1))
            # n ln2_high is exact for every n with 8 (11) digits; both parts together are ln 2.
            same(
                f"{kind}: trailing zeros of ln2_high", (above * 2.0 ** (digits - (8 if digits == 24 else 11))) % 1, 0.0
            )
            same(f"{kind}: ln2", below, float(real(ln2 - mpmath.mpf(above))))


def check_losses(space: Space) -> None:
    """Value and gradient of a mini-batch; outputs far from 0 and targets on both sides; no weight, no loss."""
    generator = np.random.default_rng(3)
    weights = np.array([1.0, 2.0, 0.5, 1.5, 0.25, 3.0, 0.75])
    labels = np.array([0, 2, 1, 0, 1, 2, 2])
    rows, two = np.array([6, 2, 1, 5]), np.array([1])
    for number, name in enumerate(space["LOSSES"]):
        y = np.zeros((ROWS, 3)) if labelled(space, name) else oracles.targets(name, generator, ROWS, 3)
        for far in (0.0, 800.0, -800.0) if name != "poisson" else (0.0, 5.0, -20.0):
            output = generator.normal(size=(4, 3)) + far
            if name == "huber" and not far:  # near and beyond on both sides
                output = y[rows] + np.array([[0.5, -0.5, 1.5], [-1.5, 0.99, 1.01], [-0.99, -1.01, 4], [-4, 0, 0.1]])
            wanted = labels[rows] if labelled(space, name) else y[rows]

            def loss(flat: np.ndarray, name: str = name, wanted: Any = wanted) -> Any:
                return oracles.loss(name, flat.reshape(4, 3), wanted, weights[rows])

            start, kept = output.ravel().copy(), output.copy()
            value, weight = space["output_loss"](y, labels, weights, rows, number, 0.0, kept)
            scale = max(1.0, far * far)
            close(f"{name}: loss", value, loss(start.astype(complex)).real, 1e-13 * scale)
            close(f"{name}: gradient", kept.ravel(), oracles.gradient(loss, start), 1e-12)
            close(f"{name}: weight of the batch", weight, weights[rows].sum(), 1e-15)
        output = np.ones((4, 3))
        value, weight = space["output_loss"](y, labels, 0 * weights, rows, number, 0.0, output)
        same(f"{name}: without weight", (value, weight, output.any()), (0.0, 0.0, np.False_))
        # Fewer rows than outputs.
        output = np.ones((1, 3))
        value, _ = space["output_loss"](y[:2], labels[:2], weights[:2], two, number, 0.0, output)
        wanted = labels[1:2] if labelled(space, name) else y[1:2]
        close(f"{name}: one row", value, oracles.loss(name, np.ones((1, 3)) + 0j, wanted, weights[1:2]).real, 1e-13)
        # Single precision inside a row: only the sums over rows and the normalisation are in double precision.
        for sign in (1.0, -1.0):
            output = Singles(sign * generator.uniform(0.1, 3, size=(4, 3)))
            targets = labels[:4] if labelled(space, name) else Singles(y[:4])
            before = MIXED[0]
            soft = (Single(0.2), Single(0.1)) if labelled(space, name) else ()
            space[name](output, targets, Singles(weights[:4]), Single(0.5), *soft)
            same(f"{name}: rows in single precision", MIXED[0] - before <= 4, True)


def check_smoothing(space: Space) -> None:
    """A smoothed label is a mean of labels, and so is its loss: over all classes, or of the label and 1/2; no other loss."""
    generator = np.random.default_rng(13)
    weights, rows = np.array([1.0, 2.0, 0.5]), np.array([2, 0])
    y, labels = generator.integers(0, 2, (3, 4)).astype(float), np.array([3, 0, 1])
    for number, name in enumerate(space["LOSSES"]):
        start = generator.normal(size=(2, 4))

        def loss(flat: np.ndarray, name: str = name) -> Any:
            z = flat.reshape(2, 4)
            if name == "cross_entropy":
                every = [oracles.loss(name, z, np.full(2, h), weights[rows]) for h in range(4)]
                return 0.7 * oracles.loss(name, z, labels[rows], weights[rows]) + 0.3 * sum(every) / 4
            wanted = 0.7 * y[rows] + 0.15 if name == "binary_cross_entropy" else y[rows]
            return oracles.loss(name, z, wanted, weights[rows])

        output = start.copy()
        value, _ = space["output_loss"](y, labels, weights, rows, number, 0.3, output)
        close(f"{name}: smoothed loss", value, loss(start.ravel().astype(complex)).real, 1e-13)
        close(f"{name}: smoothed gradient", output.ravel(), oracles.gradient(loss, start.ravel()), 1e-12)
    single, before = Singles([[0.0, 1.0]]), MIXED[0]
    space["smooth_targets"](single, Single(0.2))
    same("smoothed labels in single precision", MIXED[0], before)


def check_tiny_slopes(space: Space) -> None:
    """exp(z)/(1 + exp(z)) is tiny, not 0, where exp(-z) is infinite."""
    output = np.array([[-715.0]])
    space["binary_cross_entropy"](output, np.zeros((1, 1)), np.ones(1), 1.0)
    close("binary_cross_entropy: a tiny slope", output[0, 0] / np.exp(-715.0), 1.0, 1e-3)


def check_penalties(space: Space) -> None:
    values, before = np.array([0.5, -2.0, 0.0, 1.5, 1e-3]), np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    for name in space["PENALTIES"]:
        gradient, nothing = before.copy(), before.copy()
        total = space[f"penalty_{name}"](values, gradient, 0.3)
        zero = space[f"penalty_{name}"](np.zeros(5), nothing, 0.3)
        slope = oracles.gradient(lambda moved, name=name: oracles.penalty(name, moved, 0.3), values)
        close(f"{name}: gradient", gradient, before + slope, 1e-14)
        close(f"{name}: penalty", total, oracles.penalty(name, values, 0.3), 1e-14)
        close(f"{name}: at zero", (zero, *nothing), (0.0, *before), 1e-300)
        single = space[f"penalty_{name}"](Singles(values), Singles(before), Single(0.3))
        same(f"{name}: in single precision", type(single), Single)


def check_proximal(space: Space) -> None:
    """The least value of the objective, exact numbers, exact zeros, and nothing moved by the threshold 0."""
    generator = np.random.default_rng(5)
    steps = [generator.normal(0, size, 4) for size in (1e-3, 0.1, 1.0) for _ in range(10)]
    for name in space["PENALTIES"]:
        for v in (np.array([0.5, -2.0, 0.0, 1.5]), np.array([0.1, -0.2, 0.0, 0.15]), np.array([0.3, 0.3, -0.3, -0.31])):
            x = v.copy()
            space[f"proximal_{name}"](x, 0.3)
            length = np.linalg.norm(v)
            exact = {
                "group": v * (1 - 0.3 / length) if length > 0.3 else 0 * v,
                "l1": np.sign(v) * np.maximum(abs(v) - 0.3, 0),
                "l2": v / 1.6,
            }
            close(f"proximal {name}", x, exact[name], 1e-15)
            if name != "l2":
                same(f"proximal {name}: exact zeros", list(x == 0), list(exact[name] == 0))
            least = oracles.objective(name, x, v, 0.3)
            same(f"proximal {name}: least", all(oracles.objective(name, x + s, v, 0.3) >= least for s in steps), True)
            kept = v.copy()
            space[f"proximal_{name}"](kept, 0.0)
            close(f"proximal {name}: threshold 0", kept, v, 0)
        nothing = np.zeros(3)
        space[f"proximal_{name}"](nothing, 0.0)
        close(f"proximal {name}: zero", nothing, np.zeros(3), 0)
        single, before = Singles([0.5, -2.0, 0.0, 0.1]), MIXED[0]
        space[f"proximal_{name}"](single, Single(0.3))
        same(f"proximal {name}: in single precision", MIXED[0], before)


# --- the optimizers, step by step -------------------------------------------------------------------------------------

State = tuple[np.ndarray, np.ndarray, np.ndarray]


def step_of_adam(state: State, g: np.ndarray, t: int, rate: np.ndarray, s: dict[str, float]) -> State:
    """Kingma and Ba, algorithm 1, from step t - 1 to t."""
    theta, m, v = state
    m, v = s["beta1"] * m + (1 - s["beta1"]) * g, s["beta2"] * v + (1 - s["beta2"]) * g * g
    m_hat, v_hat = m / (1 - s["beta1"] ** t), v / (1 - s["beta2"] ** t)
    return theta - rate * m_hat / (np.sqrt(v_hat) + s["epsilon"]), m, v


def step_of_sgd(state: State, g: np.ndarray, t: int, rate: np.ndarray, s: dict[str, float]) -> State:
    theta, b, v = state
    b = s["momentum"] * b + g
    return theta - rate * (g + s["momentum"] * b if s["nesterov"] else b), b, v


REFERENCE = {"adam": step_of_adam, "sgd": step_of_sgd}


def settings(space: Space, values: dict[str, float], make: Callable[[Any], Any] = np.array) -> Any:
    """In the module's order; a setting that this file does not know must be added to `SETTINGS`."""
    return make([values[name] for name in tables.SETTINGS])


def check_updates(space: Space) -> None:
    """Groups at rates of their own, what is in no group stays, moments included."""
    generator = np.random.default_rng(5)
    groups, rates = np.array([[1, 3], [4, 8]]), np.array([0.1, 0.3])
    chosen = np.zeros(9, dtype=bool)
    rate = np.zeros(9)
    for (start, stop), r in zip(groups, rates, strict=True):
        chosen[start:stop], rate[start:stop] = True, r
    for number, name in enumerate(space["OPTIMIZERS"]):
        for nesterov in (0.0, 1.0):
            values = {**SETTINGS, "nesterov": nesterov}
            theta, m, g = generator.normal(size=(3, 9))
            v = generator.uniform(size=9)
            got = [part.copy() for part in (theta, m, v)]
            given = (got[0], g.copy(), got[1], got[2], 3, settings(space, values))
            space["update"](number, groups, rates, np.array([0.0, 0.4]), 0.5, *given)
            shrunk = np.where(np.arange(9) >= 4, 1 - 0.5 * 0.3 * 0.4, 1.0) * theta
            wanted = REFERENCE[name]((shrunk, m, v), g, 3, 0.5 * rate, values)
            for part, after, before, now in zip("θmv", wanted, (theta, m, v), got, strict=True):
                close(f"{name}: {part}", now, np.where(chosen, after, before), 1e-14)


def check_clipping(space: Space) -> None:
    """The norm of all groups together; what is in no group neither counts nor changes; 0 is no limit."""
    groups, before = np.array([[1, 3], [4, 6]]), np.array([9.0, 3.0, -4.0, 9.0, 0.0, 12.0, 9.0])
    inside = np.array([0, 1, 1, 0, 1, 1, 0], dtype=bool)
    for limit, factor in ((6.5, 0.5), (13.0, 1.0), (20.0, 1.0), (0.0, 1.0)):
        gradient = before.copy()
        space["limit_norm"](limit, groups, gradient)
        close(f"clipped at {limit}", gradient, np.where(inside, factor * before, before), 1e-15)
    close("a gradient of 0", (space["limit_norm"](1.0, groups, zero := np.zeros(7)), zero)[1], np.zeros(7), 0)
    single, mixed = Singles(before), MIXED[0]
    space["limit_norm"](Single(6.5), groups, single)
    same("clipped in single precision", MIXED[0] - mixed <= 2, True)


# --- the runners ------------------------------------------------------------------------------------------------------


def arguments(case: Case, d: Data, make: Callable[[Any], Any]) -> tuple[Any, ...]:
    return make(d.x), make(d.y), d.labels, make(d.weights)


def function_of(space: Space, case: Case) -> Any:
    """The number of the activation for each layer; of a network with kernels of its own, the number alone."""
    names = oracles.names_of(case.activation, len(case.widths) - 2)
    numbers = [space["ACTIVATIONS"].index(name) for name in names]
    return numbers[0] if case.one_hidden else np.array([0, *numbers, 0])


def check_gradients(space: Space) -> None:
    for case in cases(space):
        d, rows = data(case), np.array([5, 2, 0, 6])
        gradient, number = np.full(case.model.size, 7.0), space["LOSSES"].index(case.loss)
        run = space[f"gradient_{case.parametrization}"]
        f = function_of(space, case)
        theta = d.theta.copy()
        value = run(*arguments(case, d, np.copy), rows, case.layout.table, f, number, theta, gradient)
        wanted, slope = truth(case, tuple(rows))
        close(f"{case}: loss", value, wanted)
        close(f"{case}: gradient", gradient, slope)
        close("the parameters stay", theta, d.theta, 0)


def check_predictions(space: Space) -> None:
    for case in cases(space):
        if case.loss != space["LOSSES"][0]:
            continue
        d, f = data(case), function_of(space, case)
        for batch, rows in ((BATCH, ROWS), (1, 2), (BATCH, ROWS - 1), (ROWS, ROWS)):
            order = d.order[:rows]
            result = np.full((rows, case.widths[-1]), np.nan)
            space[f"predict_{case.parametrization}"](d.x, order, batch, case.layout.table, f, d.theta, result)
            close(f"{case}: outputs", result, case.model.output(d.theta, d.x)[order])


def check_jacobians(space: Space) -> None:
    """Each row is the gradient of one sample's outputs, each output counted as often as `bars` says."""
    for case in cases(space):
        if case.loss != space["LOSSES"][0]:
            continue
        d, f, order = data(case), function_of(space, case), np.array([5, 2, 0])
        bars = np.random.default_rng(3).normal(size=(3, case.widths[-1]))
        rows = np.full((3, case.model.size), 7.0)
        space[f"jacobian_{case.parametrization}"](d.x, bars, order, case.layout.table, f, d.theta, rows)
        for row, bar, sample in zip(rows, bars, order, strict=True):

            def counted(theta: np.ndarray, x: np.ndarray = d.x[[sample]], bar: np.ndarray = bar) -> Any:
                return (case.model.output(theta, x)[0] * bar).sum()  # noqa: B023

            close(f"{case}: row of the Jacobian", row, oracles.gradient(counted, d.theta))


@dataclass(frozen=True)
class Training:
    """The part of an epoch that is no data."""

    optimizer: str
    penalties: tuple[str, ...]
    proximal: tuple[str, ...] = ()
    nesterov: float = 0.0
    zero_weights: bool = False


def segments(size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Trainable groups with rates, penalised groups with strengths: they overlap, touch and leave gaps."""
    a, b, c = size // 4, size // 2, 3 * size // 4
    trainable, rates = np.array([[1, a], [a, b], [c, size]]), np.array([0.05, 0.02, 0.1])
    penalised = np.array([[0, a], [a + 1, c], [c, size - 1], [2, b]])
    return trainable, rates, penalised, np.array([0.3, 0.2, 0.5, 0.125])


def shrunk_segments(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Groups that a proximal step follows, with thresholds; the second lies in the first, the third stands alone."""
    a, b = size // 3, 2 * size // 3
    return np.array([[1, b], [2, a], [b + 1, size]]), np.array([0.02, 0.01, 0.03])


@cache
def epoch_truth(case: Case, training: Training, single: bool) -> tuple[Any, ...]:
    """θ, moments, mean loss, mean penalty and steps after one epoch, batch by batch."""
    d, model = data(case, training.zero_weights), case.model
    trainable, rates, penalised, strengths = segments(model.size)
    shrunk, thresholds = shrunk_segments(model.size)
    values = {**SETTINGS, "nesterov": training.nesterov}
    if single:
        rates, strengths, thresholds = (np.float32(part).astype(float) for part in (rates, strengths, thresholds))
        values = {name: float(np.float32(value)) for name, value in values.items()}
    rate, chosen = np.zeros(model.size), np.zeros(model.size, dtype=bool)
    for (start, stop), r in zip(trainable, rates, strict=True):
        rate[start:stop], chosen[start:stop] = r, True
    state: State = (d.theta, *moments(case))
    losses, shares, punished, step = [], [], [], STEP
    for start in range(0, ROWS, BATCH):
        at = d.order[start : start + BATCH]
        share = d.weights[at].sum()
        if share == 0:
            continue

        def loss(theta: np.ndarray, at: Any = at) -> Any:
            return model.loss(theta, d.x[at], d.wanted(case)[at], case.loss, d.weights[at])

        def extra(theta: np.ndarray) -> Any:
            pairs = zip(training.penalties, penalised, strengths, strict=True)
            return sum(oracles.penalty(name, theta[start:stop], strength) for name, (start, stop), strength in pairs)

        step += 1
        losses, shares, punished = [*losses, loss(state[0])], [*shares, share], [*punished, extra(state[0])]
        slope = oracles.gradient(lambda theta, loss=loss: loss(theta) + extra(theta), state[0])
        factor = FACTORS[len(losses) - 1]
        after = REFERENCE[training.optimizer](state, slope, step, factor * rate, values)
        state = tuple(np.where(chosen, new, old) for new, old in zip(after, state, strict=True))  # type: ignore[assignment]
        moved = state[0].copy()
        for name, (start, stop), threshold in zip(training.proximal, shrunk, thresholds):  # noqa: B905  (none, or all)
            moved[start:stop] = oracles.proximal(name, moved[start:stop], factor * threshold)
        state = (moved, *state[1:])
    return *state, np.average(losses, weights=shares), np.mean(punished), step


@cache
def moments(case: Case) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(8)
    numbers = generator.uniform(0.5, 1, (2, case.model.size)).astype(np.float32).astype(float)
    return numbers[0], numbers[1]


def trainings(space: Space) -> Iterator[Training]:
    """Every optimizer with every penalty, in four places."""
    names = space["PENALTIES"]
    for turn, optimizer in enumerate(space["OPTIMIZERS"]):
        mixed = tuple(names[(turn + at) % len(names)] for at in range(4))
        yield Training(optimizer, mixed, mixed[1:])
        yield Training(optimizer, mixed[::-1], nesterov=1.0, zero_weights=True)


def shrinking(space: Space, training: Training, size: int, make: Callable[[Any], Any]) -> tuple[np.ndarray, Any]:
    """The rows and thresholds of the proximal steps."""
    shrunk, thresholds = shrunk_segments(size)
    count = len(training.proximal)
    kinds = np.array([space["PENALTIES"].index(name) for name in training.proximal], dtype=np.int64)
    return np.column_stack([shrunk[:count], kinds]), make(thresholds[:count])


def run_epoch(space: Space, case: Case, training: Training, make: Callable[[Any], Any]) -> tuple[Any, ...]:
    d, model = data(case, training.zero_weights), case.model
    trainable, rates, penalised, strengths = segments(model.size)
    kinds = [space["PENALTIES"].index(name) for name in training.penalties]
    parameters, first, second = make(d.theta), *map(make, moments(case))
    gradient = make(np.full(model.size, 7.0))
    result = space[f"epoch_{case.runner}"](
        *arguments(case, d, make),
        d.order,
        BATCH,
        case.layout.table,
        function_of(space, case),
        space["LOSSES"].index(case.loss),
        np.column_stack([penalised, kinds]),
        make(strengths),
        *shrinking(space, training, model.size, make),
        space["OPTIMIZERS"].index(training.optimizer),
        trainable,
        make(rates),
        make(np.zeros(len(rates))),
        make(FACTORS),
        parameters,
        gradient,
        first,
        second,
        STEP,
        settings(space, {**SETTINGS, "nesterov": training.nesterov}, make),
    )
    return parameters, first, second, *result


def check_epochs(space: Space) -> None:
    for case in cases(space) + one_hidden_cases(space):
        if case.trained:
            for training in trainings(space):
                got = run_epoch(space, case, training, np.array)
                for what, now, wanted in zip(PARTS, got, epoch_truth(case, training, False), strict=True):
                    close(f"{case} {training}: {what}", now, wanted)


PARTS = ("θ", "first moment", "second moment", "mean loss", "mean penalty", "steps")


def check_overflow(space: Space) -> None:
    """A loss that is not finite stops the epoch before its step: nothing is averaged, or what there was before."""
    for case in cases(space) + [
        replace(case, loss="squared_error", labelled=False) for case in one_hidden_cases(space)
    ]:
        if not case.trained or case.loss != "squared_error":
            continue
        training = next(trainings(space))
        good = data(case)
        for batch in (0, 1, 2):
            y = good.y.copy()
            y[good.order[batch * BATCH]] = np.inf
            space_data = replace(good, y=y)
            got = _with_data(space, case, training, space_data)
            same("steps", got[5], STEP + batch)
            same("loss", got[3], np.inf)
            same("penalty", bool(got[4] == 0), batch == 0)
            if batch > 0:
                before = replace(good, order=good.order[: batch * BATCH])
                wanted = _with_data(space, case, training, before)
                close("penalty so far", got[4], wanted[4])
                close("θ so far", got[0], wanted[0])
            else:
                close("θ", got[0], good.theta, 0)


def _with_data(space: Space, case: Case, training: Training, d: Data) -> tuple[Any, ...]:
    model = case.model
    trainable, rates, penalised, strengths = segments(model.size)
    kinds = [space["PENALTIES"].index(name) for name in training.penalties]
    parameters, first, second = d.theta.copy(), *(part.copy() for part in moments(case))
    result = space[f"epoch_{case.runner}"](
        d.x,
        d.y,
        d.labels,
        d.weights,
        d.order,
        BATCH,
        case.layout.table,
        function_of(space, case),
        space["LOSSES"].index(case.loss),
        np.column_stack([penalised, kinds]),
        strengths,
        *shrinking(space, training, model.size, np.array),
        space["OPTIMIZERS"].index(training.optimizer),
        trainable,
        rates,
        np.zeros(len(rates)),
        FACTORS,
        parameters,
        np.zeros(model.size),
        first,
        second,
        STEP,
        settings(space, SETTINGS),
    )
    return parameters, first, second, *result


# --- one hidden layer -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Hidden:
    """Data for the kernels of one hidden layer: rows at the kink, in both tails, and in between."""

    case: Case
    theta: np.ndarray
    x: np.ndarray
    weight: np.ndarray
    output: np.ndarray
    slope: np.ndarray
    gradient: np.ndarray


@cache
def hidden(inputs: int, outputs: int, activation: str) -> Hidden:
    case = Case("global", (inputs, 5, outputs), activation, False, (), "squared_error", False, one_hidden=True)
    generator, model = np.random.default_rng([inputs, outputs]), case.model
    theta = generator.uniform(-1, 1, model.size).astype(np.float32).astype(float)
    x = generator.uniform(-1, 1, (6, inputs)).astype(np.float32).astype(float)
    x[1], x[2], x[3] = 0, 20 * x[2], -20 * x[2]
    weight = generator.uniform(-1, 1, (6, outputs)).astype(np.float32).astype(float)
    _, (z,) = model.run(theta, x)
    slope = np.imag(oracles.activation(activation, z + 1j * oracles.STEP)) / oracles.STEP

    def paired(moved: np.ndarray) -> Any:
        return (weight * model.output(moved, x)).sum()

    return Hidden(case, theta, x, weight, model.output(theta, x), slope, oracles.gradient(paired, theta))


def check_one_hidden(space: Space) -> None:
    """Outputs, slopes and gradient of every activation.

    Every storage has a row and two columns more, full of NaN (the inputs' columns of numbers, so that a result of them
    would show), and the parameters begin behind three other numbers.
    """
    for inputs, outputs in tables.ONE_HIDDEN_SIZES:
        for number, activation in enumerate(space["ACTIVATIONS"]):
            d = hidden(inputs, outputs, activation)
            n, table = len(d.x), d.case.layout.table.copy()
            table[1:, space["PHI"] : space["LAMBDA_OUT"] + 1] += 3
            for make, digits in ((np.array, 1e-12), (Singles, 2e-5)):
                before, theta = MIXED[0], make(np.append([5.0, 6.0, 7.0], d.theta))
                storage = [np.full((size + 1, n + 2), np.nan) for size in (inputs, 5, 5, outputs)]
                storage[0][:inputs] = np.column_stack([d.x.T, np.full((inputs, 2), 0.5)])
                rows = [make(part) for part in storage]
                _, z_rows, _, output_rows = rows
                space[f"propagate_{inputs}_{outputs}"](table, number, n, theta, *rows)
                what = f"{inputs}, {outputs}, {activation}"
                close(f"{what}: output", numbers(output_rows)[:outputs, :n].T, d.output, digits)
                close(f"{what}: slope", numbers(z_rows)[:5, :n].T, d.slope, 1e-14 if make is np.array else 1e-6)
                gradient = make(np.full(d.case.model.size + 3, 7.0))
                output_rows[:outputs, :n] = make(d.weight.T)
                space[f"adjoint_{inputs}_{outputs}"](table, n, theta, gradient, *rows)
                close(f"{what}: gradient", numbers(gradient), np.append([0.0] * 3, d.gradient), digits)
                same(f"{what}: one type", MIXED[0], before)
                same(f"{what}: nothing behind the rows", all(np.isnan(numbers(p)[:, n:]).all() for p in rows[1:]), True)
                same(f"{what}: nothing below them", all(np.isnan(numbers(p)[-1]).all() for p in rows), True)


def numbers(array: Any) -> np.ndarray:
    return array.numbers() if isinstance(array, Singles) else array


# --- single precision -------------------------------------------------------------------------------------------------


def check_single(space: Space) -> None:
    """In float32 every number that is stored was computed in float32, and the results have its digits."""
    for number, name in enumerate(space["ACTIVATIONS"]):
        pre, post = Singles(POINTS), Singles(np.full(POINTS.shape, np.nan))
        space["activate"](number, pre, post)
        close(f"{name}: slope", pre.numbers(), slopes(name), 1e-6)
        close(f"{name}: value", post.numbers(), oracles.activation(name, POINTS), 1e-6)
    for case in cases(space) + one_hidden_cases(space):
        if case.trained:
            for training in trainings(space):
                if (case.parametrization, case.loss) == ("global", space["LOSSES"][0]) or not training.nesterov:
                    got = run_epoch(space, case, training, Singles)
                    for what, now, wanted in zip(PARTS, got, epoch_truth(case, training, True), strict=True):
                        now = now.numbers() if isinstance(now, Singles) else now
                        close(f"{case} {training}: {what}", now, wanted, 1e-5)


def check_corrections(space: Space) -> None:
    """1 - β^t keeps its digits in float32, with a β near 1 and a small t."""
    values = {**SETTINGS, "beta1": 0.999, "beta2": 0.999, "epsilon": 1e-8}
    held = {name: float(np.float32(value)) for name, value in values.items()}
    for number, name in enumerate(space["OPTIMIZERS"]):
        for t in (3, 4, 5, 6):
            theta, g = np.zeros(2), np.array([0.5, -0.25])
            m, v = np.array([0.25, 0.5]), np.array([0.125, 0.25])
            kept = [Singles(part) for part in (theta, m, v)]
            space["update"](
                number,
                np.array([[0, 2]]),
                Singles([1.0]),
                Singles([0.0]),
                Single(1.0),
                kept[0],
                Singles(g),
                kept[1],
                kept[2],
                t,
                settings(space, values, Singles),
            )
            wanted = REFERENCE[name]((theta, m, v), g, t, np.ones(2), held)
            close(f"{name}: θ after step {t}", kept[0].numbers() / wanted[0], np.ones(2), 1e-6)


CHECKS = (
    check_tables,
    check_views,
    check_workspace,
    check_exponential,
    check_activations,
    check_loading,
    check_losses,
    check_tiny_slopes,
    check_penalties,
    check_proximal,
    check_updates,
    check_clipping,
    check_smoothing,
    check_one_hidden,
    check_gradients,
    check_predictions,
    check_jacobians,
    check_epochs,
    check_overflow,
    check_single,
    check_corrections,
)
"""Cheap checks first."""
ONE_HIDDEN_NAMES = tuple(f"{kind}_{a}_{b}" for kind in ("propagate", "adjoint") for a, b in tables.ONE_HIDDEN_SIZES)


def check(codes: Sequence[CodeType], function: str = "") -> None:
    """All checks of a kernel module; the exception says what is wrong. The checks made for a function come first."""
    space = load(*codes)
    first = [check_one_hidden] if function in ONE_HIDDEN_NAMES else []
    first += [check_exponential] if function.startswith("exponential") else []
    with np.errstate(all="ignore"):
        for one in (*first, *(one for one in CHECKS if one not in first)):
            one(space)
