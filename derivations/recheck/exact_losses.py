"""The kernels of the losses against exact numbers."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np

from derivations.recheck.dense import Matrix
from derivations.recheck.exact_comparison import Comparison, floats
from derivations.recheck.exact_networks import WEIGHTS, mean_square
from derivations.recheck.field import Dual, slope_of
from spectral_core.kernels.cpu import dense


def squared_error(comparison: Comparison) -> None:
    for outputs in (1, 2, 4):
        z, y = ([comparison.vector(outputs) for _ in WEIGHTS] for _ in range(2))
        array = floats(z)
        got = dense.squared_error(array, floats(y), floats(WEIGHTS), float(1 / (sum(WEIGHTS) * outputs)))
        comparison.equal("loss", got, mean_square(z, y))
        slopes = [[slope_of(mean_square(moved(z, s, h), y)) for h in range(outputs)] for s in range(len(z))]
        comparison.equal("gradient", array, slopes)


def moved(z: Matrix, sample: int, neuron: int) -> Matrix:
    """The outputs, one of them as a dual number."""
    rows = [list(row) for row in z]
    rows[sample][neuron] = Dual(z[sample][neuron], Fraction(1))
    return rows


def cross_entropy(comparison: Comparison) -> None:
    """Equal outputs of 2^k classes have probabilities 2^-k exactly; other outputs at 50 digits."""
    scale = float(1 / sum(WEIGHTS))
    for classes in (1, 2, 4, 8):
        array = np.full((len(WEIGHTS), classes), float(comparison.dyadic()))
        label = [comparison.values.randrange(classes) for _ in WEIGHTS]
        smoothing = Fraction(comparison.values.randrange(5), 4)
        given = (float(smoothing), float(smoothing / classes))
        got = dense.cross_entropy(array, np.array(label), floats(WEIGHTS), scale, *given)
        comparison.close("loss of equal outputs", got, mpmath.log(classes), 2, least=5e-324)
        truth = [
            [w / sum(WEIGHTS) * (1 - smoothing) * (Fraction(1, classes) - (h == chosen)) for h in range(classes)]
            for w, chosen in zip(WEIGHTS, label, strict=True)
        ]
        comparison.equal("gradient of equal outputs", array, truth)
    array = floats([comparison.vector(3)])
    exps = [mpmath.exp(z) for z in array[0]]
    first = float(array[0, 0])
    got = dense.cross_entropy(array, np.array([0]), np.array([1.0]), 1.0, 0.0, 0.0)
    comparison.close("loss", got, mpmath.log(sum(exps)) - first, 4, least=1.0)
    for h, (slope, e) in enumerate(zip(array[0], exps, strict=True)):
        comparison.close(f"slope {h}", slope, e / sum(exps) - (h == 0), 4, least=1.0)


def huber(comparison: Comparison) -> None:
    """Residuals in all three regions and at their boundaries, bit for bit."""
    residuals = [Fraction(r) for r in (-3, -1, 1, 2, 0)] + [Fraction(-1, 2), Fraction(3, 4), Fraction(5, 4)]
    for outputs in (1, 2, 4):
        y = [comparison.vector(outputs) for _ in WEIGHTS]
        r = [[comparison.values.choice(residuals) for _ in row] for row in y]
        array, share = (
            floats([[a + b for a, b in zip(*rows, strict=True)] for rows in zip(y, r, strict=True)]),
            Fraction(1, outputs),
        )
        got = dense.huber(array, floats(y), floats(WEIGHTS), float(share))
        terms = [[e * e / 2 if abs(e) <= 1 else abs(e) - Fraction(1, 2) for e in row] for row in r]
        comparison.equal("loss", got, share * sum(w * sum(row) for w, row in zip(WEIGHTS, terms, strict=True)))
        slopes = [
            [share * w * max(min(e, Fraction(1)), Fraction(-1)) for e in row] for w, row in zip(WEIGHTS, r, strict=True)
        ]
        comparison.equal("gradient", array, slopes)


PLACES = (-40.0, -6.5, -1.25, -0.03125, 0.0, 0.03125, 1.25, 6.5, 40.0)
"""Outputs at which the losses with exponentials are compared with 50 digits."""


def poisson(comparison: Comparison) -> None:
    """At 0 bit for bit, exp(0) = 1; elsewhere within ulps of the greater of the two terms."""
    _at_zero(comparison, dense.poisson, loss=lambda y: Fraction(1), slope=lambda y: 1 - y)
    for z in PLACES:
        for y in (0.0, 3.0):
            array = np.array([[z]])
            got = dense.poisson(array, np.array([[y]]), np.array([1.0]), 1.0)
            power = mpmath.exp(z)
            comparison.close(f"loss({z}, {y})", got, power - y * mpmath.mpf(z), 4, least=float(power) + abs(y * z))
            comparison.close(f"slope({z}, {y})", array[0, 0], power - y, 4, least=float(power) + y)


def binary_cross_entropy(comparison: Comparison) -> None:
    """At 0 the slopes bit for bit, σ(0) = 1/2; elsewhere at 50 digits, also where the label is met and the loss tiny."""
    _at_zero(comparison, dense.binary_cross_entropy, loss=None, slope=lambda y: Fraction(1, 2) - y)
    for z in PLACES:
        for y in (0.0, 0.5, 1.0):
            array = np.array([[z]])
            got = dense.binary_cross_entropy(array, np.array([[y]]), np.array([1.0]), 1.0)
            both = mpmath.log1p(mpmath.exp(-abs(z))) + max(z, 0.0) - mpmath.mpf(y) * z
            comparison.close(
                f"loss({z}, {y})", got, both, 4, least=max(abs(z), 2.0**-60) if y == 0 or z > 0 else abs(z)
            )
            comparison.close(f"slope({z}, {y})", array[0, 0], 1 / (1 + mpmath.exp(-z)) - y, 4, least=max(y, 2.0**-60))


def smooth_targets(comparison: Comparison) -> None:
    """Dyadic labels and smoothings, bit for bit."""
    for smoothing in (Fraction(0), Fraction(1, 8), Fraction(1)):
        y = [comparison.vector(3) for _ in WEIGHTS]
        array = floats(y)
        dense.smooth_targets(array, float(smoothing))
        comparison.equal("labels", array, [[(1 - smoothing) * e + smoothing / 2 for e in row] for row in y])


def _at_zero(
    comparison: Comparison,
    kernel: Callable[..., float],
    loss: Callable[[Fraction], Fraction] | None,
    slope: Callable[[Fraction], Any],
) -> None:
    """Outputs 0 and labels 0 or 1, weighted: every term is dyadic, apart from a log 2."""
    for outputs in (1, 2, 4):
        y = [[Fraction(comparison.values.randrange(2)) for _ in range(outputs)] for _ in WEIGHTS]
        array, share = np.zeros((len(WEIGHTS), outputs)), Fraction(1, outputs)
        got = kernel(array, floats(y), floats(WEIGHTS), float(share))
        if loss is not None:
            terms = [w * loss(e) for w, row in zip(WEIGHTS, y, strict=True) for e in row]
            comparison.equal("loss at 0", got, share * sum(terms))
        comparison.equal(
            "slopes at 0", array, [[share * w * slope(e) for e in row] for w, row in zip(WEIGHTS, y, strict=True)]
        )
