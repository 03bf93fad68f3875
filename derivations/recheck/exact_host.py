"""The formulas of the host against fractions and rational cosines."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath

from derivations.recheck.exact_comparison import Check, Comparison
from spectral_core.kernels import formulas

F = Fraction
ANGLES: dict[Fraction, Any] = {F(0): 1, F(1, 3): F(1, 2), F(1, 2): 0, F(2, 3): F(-1, 2), F(1): -1}
"""Shares u and cos πu."""
HOST: dict[str, Callable[..., Any]] = {
    "sample_scale": lambda total: 1 / total,
    "output_scale": lambda total, outputs: 1 / (outputs * total),
    "mean_of": lambda summed, total: summed / total,
    "chunk_share": lambda part, total: part / total,
    "of_share": lambda value, share: share * value,
    "bias_correction": lambda beta, t: 1 - beta**t,
    "threshold_of": lambda rate, strength: strength * rate,
    "tower_share": lambda share, loss: share * loss,
    "warm_up": lambda step, steps: (step + 1) / steps,
}


def of_host(name: str) -> Check:
    """A rational formula of the host, given fractions."""

    def check(comparison: Comparison) -> None:
        function = getattr(formulas, name)
        count = HOST[name].__code__.co_argcount
        for _ in range(16):
            numbers = [comparison.dyadic(1, 9, 4) for _ in range(count)]
            if name == "bias_correction":
                numbers[1] = F(comparison.values.randint(1, 6))
            found, truth = function(*numbers), HOST[name](*numbers)
            comparison.equal(f"{name}{tuple(map(str, numbers))} - its truth", [float(found - truth)], [F(0)])

    return check


def cosine(name: str) -> Check:
    """Angles with a rational cosine, within ulps; both ends."""

    def check(comparison: Comparison) -> None:
        function = getattr(formulas, name)
        for share, c in ANGLES.items():
            for least in (F(0), F(1, 4), F(1, 25), F(1)):
                rising = name == "cosine_rise"
                given = (float(12 * share), 12, float(least)) if rising else (float(share), float(least))
                truth = least + (1 - least) * (1 - c if rising else 1 + c) / 2
                got = function(*given)
                comparison.close(f"at {share}", got, mpmath.mpf(truth.numerator) / truth.denominator, 4, least=1.0)
                if share in (0, 1) and least in (F(0), F(1, 4), F(1)):
                    comparison.equal(f"at {share}", [got], [truth])
        for least in (F(1, 8), F(1, 2), F(3, 4), F(3, 8), F(5, 8)):
            steps = ((0.0, 8), (8.0, 8)) if name == "cosine_rise" else ((1.0,), (0.0,))
            ends = [function(*place, float(least)) for place in steps]
            comparison.equal("ends", ends, [least, 1])

    return check


HOST_CHECKS: dict[str, Check] = {
    **{name: of_host(name) for name in HOST},
    "cosine_rise": cosine("cosine_rise"),
    "cosine_fall": cosine("cosine_fall"),
}
