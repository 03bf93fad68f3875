"""The compiled float64 kernels against exact arithmetic: `==`, not a tolerance, wherever the numbers allow it.

Small integers and their quotients by powers of two are exact in float64, and so is every sum and product of them that
needs no more than 53 bits. On such numbers a kernel computes without rounding, in whatever order the compiler
chooses, and its result must equal the brute force of `dense` on `Fraction`s to the last bit. Exponentials, logarithms
and the 0.01 of leaky_relu are no dyadic rationals: there the kernels are compared with mpmath at 50 digits, and the
evidence states the error allowed and the worst one seen, in units of the last place.

`KERNEL_CHECKS` has one entry for each kernel that names a theorem. A check takes a `Comparison` and calls its methods.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from time import perf_counter
from typing import Any

import mpmath
import numpy as np

from derivations.recheck import dense
from derivations.recheck.dense import Blocks, Matrix, Vector
from derivations.recheck.field import Dual, Number, slope_of, value_of
from derivations.recheck.point import Refused, structure
from spectral_core.kernels import cpu
from spectral_core.layout import Layout

DIGITS = 50
NETWORKS: tuple[tuple[tuple[int, ...], int], ...] = (
    ((2, 1), 0),
    ((2, 3, 2), 1),
    ((2, 2, 3, 2), 0),
    ((3, 1, 2, 2, 1), 1),
)
"""Widths, and how many neurons of layer 1 are the constant 1."""
DRAWS = 3
"""Draws of the parameters for each network and activation."""
WEIGHTS = (Fraction(3), Fraction(1), Fraction(0))
"""Sample weights with a power of two as their sum, so that the mean is dyadic."""


@dataclass
class Comparison:
    """Collects what one check compares; raises `Refused` at the first difference."""

    values: random.Random
    equalities: int = 0
    approximations: int = 0
    allowed: float = 0.0
    worst: float = 0.0
    kinds: set[str] = field(default_factory=set)

    def dyadic(self, least: int = -4, greatest: int = 4, denominator: int = 2) -> Fraction:
        return Fraction(self.values.randint(least, greatest), denominator)

    def whole(self) -> Fraction:
        """1 or 2 with either sign: no 0, so that few neurons are dead, and small enough for products of many."""
        return Fraction(self.values.choice((-2, -1, 1, 2)))

    def vector(self, size: int) -> Vector:
        return [self.dyadic() for _ in range(size)]

    def equal(self, what: str, got: Any, truth: Any) -> None:
        """Every float is the rational number, bit for bit (+0 and -0 count as one)."""
        numbers, exact = np.ravel(np.asarray(got)).tolist(), np.ravel(np.array(truth, dtype=object)).tolist()
        if len(numbers) != len(exact):
            raise Refused(f"{what}: {len(numbers)} numbers, not {len(exact)}")
        for place, (number, rational) in enumerate(zip(numbers, exact, strict=True)):
            self.equalities += 1
            if not math.isfinite(number) or Fraction(number) != rational:
                raise Refused(f"{what}[{place}]: {number!r} is not {rational}")

    def close(self, what: str, got: float, truth: Any, ulps: float, least: float = 0.0) -> None:
        """Within so many units in the last place of the truth, or of `least` where the truth is smaller."""
        self.approximations += 1
        error = float(abs(mpmath.mpf(float(got)) - truth) / math.ulp(max(abs(float(truth)), least)))
        self.allowed, self.worst = max(self.allowed, ulps), max(self.worst, error)
        if not error <= ulps:
            raise Refused(f"{what}: {got!r} is {error:.1f} ulp from {mpmath.nstr(truth, 20)}, {ulps} are allowed")


Check = Callable[[Comparison], None]


@dataclass(frozen=True)
class KernelEvidence:
    """What the comparison of one compiled kernel has shown.

    method : what was compared how. equalities : floats equal to exact rationals to the last bit.
    approximations : floats compared with 50 digits; `allowed` and `worst` are errors in units of the last place.
    failure : the first difference, None if there is none.
    """

    kernel: str
    method: str
    equalities: int
    approximations: int
    allowed: float
    worst: float
    seconds: float
    failure: str | None


def compare(kernel: str, seed: int = 0) -> KernelEvidence:
    """Run the check of one kernel; deterministic for a seed but for the seconds, most of which compile."""
    return run(kernel, KERNEL_CHECKS[kernel], seed)


def run(kernel: str, check: Check, seed: int) -> KernelEvidence:
    """The same for a check that need not stand in the table."""
    start, comparison, failure = perf_counter(), Comparison(random.Random(f"{kernel} {seed}")), None
    try:
        with mpmath.workdps(DIGITS):
            check(comparison)
    except Refused as refused:
        failure = str(refused)
    exact = [f"== on {comparison.equalities} exact rationals"] * (comparison.equalities > 0)
    near = [f"within {comparison.allowed:g} ulp of mpmath at {DIGITS} digits"] * (comparison.approximations > 0)
    return KernelEvidence(
        kernel, ", ".join(exact + near), comparison.equalities, comparison.approximations, comparison.allowed,
        comparison.worst, perf_counter() - start, failure,
    )  # fmt: skip


def floats(numbers: Any) -> np.ndarray:
    """Rationals as float64; raises if one is not exact."""
    exact = np.array(numbers, dtype=object)
    result = exact.astype(np.float64)
    if any(Fraction(got) != want for got, want in zip(result.ravel().tolist(), exact.ravel().tolist(), strict=True)):
        raise ValueError("a number of the check is no float64")
    return result


# --- networks: predict_* and gradient_* run propagate_* and adjoint_* -------------------------------------------------


def relu(z: Number) -> Number:
    return z if value_of(z) > 0 else 0 * z


ACTIVATIONS: dict[str, dense.Function] = {"identity": lambda z: z, "relu": relu}


def blocks_of(layout: Layout, theta: Vector) -> Blocks:
    """The blocks W_ij that a flat parameter vector stands for, by the dense definition."""

    def group(name: str) -> Any:
        place = layout.groups[name]
        part = theta[place.start : place.stop]
        if len(place.shape) == 1:
            return part
        return [part[row * place.shape[1] : (row + 1) * place.shape[1]] for row in range(place.shape[0])]

    steps = range(len(layout.widths) - 1)
    if layout.parametrization == "direct":
        return {(i, j): group(f"blocks[{i},{j}]") for i, j in layout.pairs}
    phi = [group(f"eigenvectors[{i}]") for i in steps]
    if layout.parametrization == "global":
        return dense.transfer_blocks(phi, [group(f"eigenvalues[{i}]") for i in range(len(layout.widths))])
    return dense.layerwise_blocks(phi, [(group(f"eigenvalues_in[{i}]"), group(f"eigenvalues_out[{i}]")) for i in steps])


def layouts(parametrization: str) -> list[tuple[Layout, int]]:
    """The networks of the check; the direct one with all blocks, and the last of them without its longest skip."""
    result = []
    for widths, constants in NETWORKS:
        pairs = [(i, j) for i in range(2, len(widths) + 1) for j in range(1, i)]
        if len(widths) == 5:
            pairs.remove((5, 1))
        result.append((Layout(parametrization, widths, tuple(pairs) if parametrization == "direct" else ()), constants))
    return result


def output(layout: Layout, theta: Vector, f: dense.Function, x: Matrix, constants: int) -> Matrix:
    """z_K, one row for each sample."""
    columns = dense.transpose([row + [Fraction(1)] * constants for row in x])
    return dense.transpose(dense.forward(blocks_of(layout, theta), f, columns, layout.widths)[1][-1])


def propagation(parametrization: str) -> Check:
    """predict_* gives the z_K of the dense network."""

    def check(comparison: Comparison) -> None:
        kernel = getattr(cpu, f"predict_{parametrization}")
        for layout, constants in layouts(parametrization):
            for name, f in [*ACTIVATIONS.items()] * DRAWS:
                theta = comparison.vector(layout.size)
                x = [comparison.vector(layout.widths[0] - constants) for _ in range(5)]
                result = np.empty((5, layout.widths[-1]))
                number = cpu.ACTIVATIONS.index(name)
                kernel(floats(x), np.arange(5), 2, layout.table, number, floats(theta), result)
                truth = output(layout, theta, f, x, constants)
                comparison.equal(f"{layout.widths} {name}: z_K", result, truth)

    return check


def adjoint(parametrization: str) -> Check:
    """gradient_* gives the loss and ∂ℓ/∂θ of every parameter, each by its own pass of dual numbers."""

    def check(comparison: Comparison) -> None:
        kernel = getattr(cpu, f"gradient_{parametrization}")
        for layout, constants in layouts(parametrization):
            for name, f in [*ACTIVATIONS.items()] * DRAWS:
                theta = [comparison.whole() for _ in range(layout.size)]
                x = [[comparison.whole() for _ in range(layout.widths[0] - constants)] for _ in WEIGHTS]
                y = [[comparison.whole() for _ in range(layout.widths[-1])] for _ in WEIGHTS]
                gradient = np.full(layout.size, np.nan)
                got = kernel(
                    floats(x), floats(y), np.zeros(len(x), np.int64), floats(WEIGHTS), np.arange(len(x)), layout.table,
                    cpu.ACTIVATIONS.index(name), cpu.LOSSES.index("squared_error"), floats(theta), gradient,
                )  # fmt: skip
                loss = partial(loss_at, layout, f, x, y, constants)
                comparison.equal(f"{layout.widths} {name}: loss", got, loss(theta))
                truth = [slope_of(loss(moving(theta, place))) for place in range(layout.size)]
                comparison.equal(f"{layout.widths} {name}: gradient", gradient, truth)

    return check


def loss_at(layout: Layout, f: dense.Function, x: Matrix, y: Matrix, constants: int, theta: Vector) -> Number:
    return mean_square(output(layout, theta, f, x, constants), y)


def moving(theta: Vector, place: int) -> Vector:
    """The parameters, of which one moves."""
    return [Dual(value, Fraction(1)) if p == place else value for p, value in enumerate(theta)]


def mean_square(z: Matrix, y: Matrix) -> Number:
    total: Number = 0
    for weight, outputs, targets in zip(WEIGHTS, z, y, strict=True):
        for a, b in zip(outputs, targets, strict=True):
            total = total + weight * (a - b) * (a - b)
    return total / (sum(WEIGHTS) * len(z[0]))


# --- activations ------------------------------------------------------------------------------------------------------

PLACES = (-6.5, -3.0, -1.25, -0.5, -0.03125, 0.0, 0.03125, 0.5, 1.25, 3.0, 6.5)


def logistic(z: Any) -> Any:
    return 1 / (1 + mpmath.exp(-z))


SMOOTH: dict[str, tuple[Callable[[Any], Any], float]] = {
    "leaky_relu": (lambda z: z if z > 0 else z / 100, 1.5),
    "elu": (lambda z: z if z > 0 else mpmath.expm1(z), 2.0),
    "tanh": (mpmath.tanh, 2.0),
    "sigmoid": (logistic, 4.0),
    "gelu": (lambda z: z * mpmath.ncdf(z), 64.0),
    "swish": (lambda z: z * logistic(z), 4.0),
}
"""f and the error allowed, in ulp of f(z). In gelu's tail the rounding of z/√2 counts z² times."""
SLOPE_ULPS = 4.0
"""The error allowed for f', in ulp of max(1, |f'|): 1 - f² and f (1 - f) cancel where they vanish."""


def activations(comparison: Comparison) -> None:
    """identity and relu bit for bit, the others at 50 digits; exact values at 0."""
    for name, f in ACTIVATIONS.items():
        value, slope = activated(name, PLACES)
        moved = [f(Dual(Fraction(z), Fraction(1))) for z in PLACES]
        comparison.equal(f"{name}: f", value, structure(value_of, moved))
        comparison.equal(f"{name}: f'", slope, structure(slope_of, moved))
    for name, (function, ulps) in SMOOTH.items():
        value, slope = activated(name, PLACES)
        for z, got, got_slope in zip(PLACES, value, slope, strict=True):
            comparison.close(f"{name}({z})", got, function(mpmath.mpf(z)), ulps, least=5e-324)
            # At a kink f' is the derivative from the left.
            truth = mpmath.diff(function, mpmath.mpf(z), direction=-1 if z == 0 else 0)
            comparison.close(f"{name}'({z})", got_slope, truth, SLOPE_ULPS, least=1.0)
        half = Fraction(1, 2)
        at_zero = {
            "sigmoid": (half, half / 2),
            "gelu": (0, half),
            "swish": (0, half),
            "leaky_relu": (0, Fraction(0.01)),
        }
        comparison.equal(f"{name} at 0", [a[0] for a in activated(name, [0.0])], at_zero.get(name, (0, 1)))


def activated(name: str, places: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """f and f' from the kernel."""
    before, after = np.array([places]), np.empty((1, len(places)))
    cpu.activate(cpu.ACTIVATIONS.index(name), before, after)
    return after[0], before[0]


# --- losses -----------------------------------------------------------------------------------------------------------


def squared_error(comparison: Comparison) -> None:
    for outputs in (1, 2, 4):
        z, y = ([comparison.vector(outputs) for _ in WEIGHTS] for _ in range(2))
        array = floats(z)
        got = cpu.squared_error(array, floats(y), floats(WEIGHTS), float(1 / (sum(WEIGHTS) * outputs)))
        comparison.equal("loss", got, mean_square(z, y))
        slopes = [[slope_of(mean_square(moved(z, s, h), y)) for h in range(outputs)] for s in range(len(z))]
        comparison.equal("gradient", array, slopes)


def moved(z: Matrix, sample: int, neuron: int) -> Matrix:
    """The outputs, of which one moves."""
    rows = [list(row) for row in z]
    rows[sample][neuron] = Dual(z[sample][neuron], Fraction(1))
    return rows


def cross_entropy(comparison: Comparison) -> None:
    """Equal outputs of 2^k classes have probabilities 2^-k exactly; other outputs at 50 digits."""
    scale = float(1 / sum(WEIGHTS))
    for classes in (1, 2, 4, 8):
        array = np.full((len(WEIGHTS), classes), float(comparison.dyadic()))
        label = [comparison.values.randrange(classes) for _ in WEIGHTS]
        got = cpu.cross_entropy(array, np.array(label), floats(WEIGHTS), scale)
        comparison.close("loss of equal outputs", got, mpmath.log(classes), 2, least=5e-324)
        truth = [
            [w / sum(WEIGHTS) * (Fraction(1, classes) - (h == chosen)) for h in range(classes)]
            for w, chosen in zip(WEIGHTS, label, strict=True)
        ]
        comparison.equal("gradient of equal outputs", array, truth)
    array = floats([comparison.vector(3)])
    exps = [mpmath.exp(z) for z in array[0]]
    first = float(array[0, 0])
    got = cpu.cross_entropy(array, np.array([0]), np.array([1.0]), 1.0)
    comparison.close("loss", got, mpmath.log(sum(exps)) - first, 4, least=1.0)
    for h, (slope, e) in enumerate(zip(array[0], exps, strict=True)):
        comparison.close(f"slope {h}", slope, e / sum(exps) - (h == 0), 4, least=1.0)


# --- penalties and optimizers -----------------------------------------------------------------------------------------

PYTHAGOREAN = (((3, 4), 5), ((-1, 2, 2), 3), ((2, -3, 6), 7), ((2, 4, -5, 6), 9), ((-8,), 8), ((0, 0), 0))
"""Integer vectors with integer norms."""


def penalty(kernel: Callable, value: Vector, strength: Fraction) -> tuple[float, np.ndarray, np.ndarray]:
    """The penalty, and the gradient before (what was there already) and after the kernel."""
    before = np.arange(1.0, len(value) + 1)
    after = before.copy()
    return kernel(floats(value), after, float(strength)), before, after


def penalty_group(comparison: Comparison) -> None:
    for direction, length in PYTHAGOREAN:
        for factor in (Fraction(1), Fraction(1, 4)):
            # A strength that is the norm times a power of two, so that strength/norm is dyadic.
            value, norm = [factor * entry for entry in direction], factor * length
            strength = norm / 8 if norm else Fraction(1, 8)
            got, before, after = penalty(cpu.penalty_group, value, strength)
            comparison.equal("penalty", got, strength * norm)
            added = [strength * entry / norm if norm else 0 for entry in value]
            comparison.equal("gradient", after - before, added)


def penalty_l1(comparison: Comparison) -> None:
    for _ in range(8):
        value, strength = [*comparison.vector(4), Fraction(0)], comparison.dyadic(1, 4)
        got, before, after = penalty(cpu.penalty_l1, value, strength)
        comparison.equal("penalty", got, strength * sum(map(abs, value)))
        comparison.equal("gradient", after - before, [strength * ((entry > 0) - (entry < 0)) for entry in value])


def penalty_l2(comparison: Comparison) -> None:
    for _ in range(8):
        value, strength = comparison.vector(4), comparison.dyadic(1, 4)
        got, before, after = penalty(cpu.penalty_l2, value, strength)
        comparison.equal("penalty", got, strength * dense.sum_of_products(value, value))
        comparison.equal("gradient", after - before, [2 * strength * entry for entry in value])


def sgd(comparison: Comparison) -> None:
    for nesterov in (0, 1):
        theta, g, b = (comparison.vector(5) for _ in range(3))
        rate, momentum = comparison.dyadic(1, 4, 8), comparison.dyadic(0, 3, 4)
        arrays = floats(theta), floats(g), floats(b)
        cpu.sgd(*arrays, float(rate), float(momentum), float(nesterov))
        new = [momentum * b_p + g_p for b_p, g_p in zip(b, g, strict=True)]
        step = [g_p + momentum * b_p for g_p, b_p in zip(g, new, strict=True)] if nesterov else new
        comparison.equal("b", arrays[2], new)
        comparison.equal("θ", arrays[0], [t - rate * s for t, s in zip(theta, step, strict=True)])


def adam(comparison: Comparison) -> None:
    """ε + √v̂ is a power of two: √v̂ = 2^k - ε by choice of v, and 1 - β2^t = 1/4 has the root 1/2."""
    beta1, beta2, rate, epsilon, correction1, correction2 = map(Fraction, (0.25, 0.5, 0.125, 0.5, 0.5, 0.25))
    roots = [2**k - epsilon for k in range(4)]
    g = [comparison.dyadic(-2, 2, 8) for _ in roots]
    # v̂ = (β2 v + (1-β2) g²) / correction2 is to be root².
    v = [(root * root * correction2 - (1 - beta2) * e * e) / beta2 for root, e in zip(roots, g, strict=True)]
    theta, m = comparison.vector(4), comparison.vector(4)
    arrays = floats(theta), floats(g), floats(m), floats(v)
    cpu.adam(*arrays, *map(float, (rate, beta1, beta2, epsilon, correction1, correction2)))
    m = [beta1 * a + (1 - beta1) * e for a, e in zip(m, g, strict=True)]
    v = [beta2 * a + (1 - beta2) * e * e for a, e in zip(v, g, strict=True)]
    comparison.equal("m", arrays[2], m)
    comparison.equal("v", arrays[3], v)
    comparison.equal("v̂", [a / correction2 for a in v], [root * root for root in roots])
    steps = [rate * (a / correction1) / (root + epsilon) for a, root in zip(m, roots, strict=True)]
    comparison.equal("θ", arrays[0], [t - step for t, step in zip(theta, steps, strict=True)])


KERNEL_CHECKS: dict[str, Check] = {
    "activate": activations,
    "propagate_global": propagation("global"),
    "propagate_layerwise": propagation("layerwise"),
    "propagate_direct": propagation("direct"),
    "adjoint_global": adjoint("global"),
    "adjoint_layerwise": adjoint("layerwise"),
    "adjoint_direct": adjoint("direct"),
    "squared_error": squared_error,
    "cross_entropy": cross_entropy,
    "penalty_group": penalty_group,
    "penalty_l1": penalty_l1,
    "penalty_l2": penalty_l2,
    "adam": adam,
    "sgd": sgd,
}
"""Name of a kernel -> its check. A new kernel that names a theorem needs an entry; a test compares the two lists."""
