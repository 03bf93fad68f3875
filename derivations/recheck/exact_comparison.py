"""Comparing the results of a compiled kernel with exact numbers, and the record of it."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from time import perf_counter
from typing import Any

import mpmath
import numpy as np

from derivations.recheck.dense import Vector
from derivations.recheck.point import Refused

DIGITS = 50


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

    def whole(self) -> int:
        """1 or 2 with either sign: no 0, so that few neurons are dead, and small enough for products of many."""
        return self.values.choice((-2, -1, 1, 2))

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

    def close(
        self, what: str, got: float, truth: Any, ulps: float, least: float = 0.0, kind: type[np.floating] = np.float64
    ) -> None:
        """Checks the distance to the truth in units in the last place of the truth, or of `least` where the truth is smaller."""
        self.approximations += 1
        ulp = float(np.spacing(kind(max(abs(float(truth)), least))))
        error = float(abs(mpmath.mpf(float(got)) - truth) / ulp)
        self.allowed, self.worst = max(self.allowed, ulps), max(self.worst, error)
        if not error <= ulps:
            raise Refused(f"{what}: {got!r} is {error:.1f} ulp from {mpmath.nstr(truth, 20)}, {ulps} are allowed")


Check = Callable[[Comparison], None]


@dataclass(frozen=True)
class KernelEvidence:
    """The result of comparing one compiled kernel with exact numbers.

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


def run(kernel: str, check: Check, seed: int) -> KernelEvidence:
    """Run a check, which need not stand in a table; deterministic for a seed but for the seconds."""
    start, comparison, failure = perf_counter(), Comparison(random.Random(f"{kernel} {seed}")), None
    try:
        with mpmath.workdps(DIGITS):
            check(comparison)
    except Refused as refused:
        failure = str(refused)
    exact = [f"== on {comparison.equalities} exact rationals"] * (comparison.equalities > 0)
    near = [f"within {comparison.allowed:g} ulp of mpmath at {DIGITS} digits"] * (comparison.approximations > 0)
    return KernelEvidence(
        kernel,
        ", ".join(exact + near),
        comparison.equalities,
        comparison.approximations,
        comparison.allowed,
        comparison.worst,
        perf_counter() - start,
        failure,
    )


def floats(numbers: Any) -> np.ndarray:
    """Rationals as float64; raises if one is not exact."""
    exact = np.array(numbers, dtype=object)
    result = exact.astype(np.float64)
    if any(Fraction(got) != want for got, want in zip(result.ravel().tolist(), exact.ravel().tolist(), strict=True)):
        raise ValueError("a number of the check is no float64")
    return result
