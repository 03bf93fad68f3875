"""The kernels of activations, penalties, proximal maps and optimizers against exact numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
from numba import njit

from derivations.recheck import dense
from derivations.recheck.dense import Vector
from derivations.recheck.exact_comparison import Comparison, floats
from derivations.recheck.exact_networks import ACTIVATIONS
from derivations.recheck.field import Dual, slope_of, value_of
from derivations.recheck.point import structure
from spectral_core.kernels.cpu import dense as cpu

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
"""The error allowed for f', in ulp of max(1, |f'|): those of swish and gelu cancel where they vanish."""


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
    relative_errors(comparison)


RELATIVE = {"tanh": (7.1, 11.8), "sigmoid": (5.4, 9.1), "swish": (6.4, None)}
"""The relative errors claimed for f and f', in halves of an ulp of 1; less than as many ulp of the result."""


def relative_errors(comparison: Comparison) -> None:
    """Both formats, places from tiny to far out, where f' is tiny: no ulp of 1 is forgiven."""
    for kind in (np.float32, np.float64):
        places = [comparison.values.uniform(-18, 18) for _ in range(60)]
        places += [comparison.values.choice((-1, 1)) * 2.0 ** comparison.values.uniform(-20, 0) for _ in range(60)]
        for name, bounds in RELATIVE.items():
            value, slope = activated(name, places, kind)
            for z, *got in zip(np.array(places, kind), value, slope, strict=True):
                x = mpmath.mpf(float(z))
                e = mpmath.exp(-abs(x))
                rising = logistic(x)
                exact = {
                    "tanh": (mpmath.tanh(x), 1 / mpmath.cosh(x) ** 2),
                    "sigmoid": (rising, e / (1 + e) ** 2),
                    "swish": (x * rising, None),
                }[name]
                for what, number, truth, bound in zip(("f", "f'"), got, exact, bounds, strict=True):
                    if bound is not None:
                        comparison.close(f"{what} of {name} at {z!r}", number, truth, bound, kind=kind)


def activated(
    name: str, places: Sequence[float], kind: type[np.floating] = np.float64
) -> tuple[np.ndarray, np.ndarray]:
    """f and f' from the kernel."""
    before, after = np.array([places], kind), np.empty((1, len(places)), kind)
    cpu.activate(cpu.ACTIVATIONS.index(name), before, after)
    return after[0], before[0]


def exponential(
    kernel: Callable[[Any], tuple[Any, Any]], kind: type[np.floating], reach: int, exp: float, expm1: float
) -> Callable[[Comparison], None]:
    """exp and expm1 over the whole range in which exp is a normal number, within the proven bounds; exact at 0.

    A relative error of e halves of an ulp of 1 is less than e ulp of the result.
    """

    def check(comparison: Comparison) -> None:
        compiled = njit(fastmath={"contract"}, error_model="numpy")(kernel)
        comparison.equal("at 0", compiled(kind(0)), (1, 0))
        small = [2.0**-k for k in range(1, 40, 3)]
        spread = [comparison.values.uniform(-reach, reach) for _ in range(400)]
        for place in (*small, *(-x for x in small), *spread):
            x = kind(place)
            power, difference = compiled(x)
            comparison.close(f"exp({x})", power, mpmath.exp(float(x)), exp, kind=kind)
            comparison.close(f"expm1({x})", difference, mpmath.expm1(float(x)), expm1, kind=kind)

    return check


exponential_float32 = exponential(cpu.exponential_float32, np.float32, 87, 1.7, 3.6)
exponential_float64 = exponential(cpu.exponential_float64, np.float64, 708, 1.6, 3.5)

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


def proximal_group(comparison: Comparison) -> None:
    """Beyond the threshold v shrinks by a dyadic share; at it and within, every entry becomes exactly 0."""
    for direction, length in PYTHAGOREAN:
        for share in (Fraction(1, 8), Fraction(3, 4), Fraction(1), Fraction(2)):
            array = floats([Fraction(entry) for entry in direction])
            cpu.proximal_group(array, float(share * length))
            kept = max(1 - share, Fraction(0))
            comparison.equal(f"{share} of the norm", array, [kept * entry for entry in direction])


def proximal_l1(comparison: Comparison) -> None:
    for threshold in (Fraction(0), Fraction(1, 2), Fraction(3, 2)):
        value = [*comparison.vector(6), threshold, -threshold, Fraction(0)]
        array = floats(value)
        cpu.proximal_l1(array, float(threshold))
        comparison.equal("x", array, [max(v - threshold, 0) + min(v + threshold, 0) for v in value])


def proximal_l2(comparison: Comparison) -> None:
    for halvings in (0, 1, 2, 3):
        value = comparison.vector(5)
        array = floats(value)
        cpu.proximal_l2(array, float(Fraction(2**halvings - 1, 2)))  # 1 + 2t is a power of two
        comparison.equal("x", array, [v / 2**halvings for v in value])


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


def decay(comparison: Comparison) -> None:
    for share in (Fraction(0), Fraction(1, 8), Fraction(1, 2), Fraction(1)):
        value = comparison.vector(5)
        array = floats(value)
        cpu.decay(array, float(share))
        comparison.equal("θ", array, [(1 - share) * entry for entry in value])


def squared_norm(comparison: Comparison) -> None:
    for size in range(16):
        value = comparison.vector(size)
        comparison.equal("‖g‖²", cpu.squared_norm(floats(value)), dense.sum_of_products(value, value))


def clip(comparison: Comparison) -> None:
    """A dyadic share of the norm as the limit; at the norm and above it, nothing changes."""
    for direction, length in PYTHAGOREAN:
        for share in (Fraction(1, 8), Fraction(3, 4), Fraction(1), Fraction(2)):
            array = floats([Fraction(entry) for entry in direction])
            cpu.clip(array, float(length * length), float(share * length))
            comparison.equal(f"{share} of the norm", array, [min(share, Fraction(1)) * entry for entry in direction])
