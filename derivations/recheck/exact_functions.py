"""The kernels of activations, losses, penalties and optimizers against exact numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np

from derivations.recheck import dense
from derivations.recheck.dense import Matrix, Vector
from derivations.recheck.exact_comparison import Comparison, floats
from derivations.recheck.exact_networks import ACTIVATIONS, WEIGHTS, mean_square
from derivations.recheck.field import Dual, slope_of, value_of
from derivations.recheck.point import structure
from spectral_core.kernels import cpu

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
