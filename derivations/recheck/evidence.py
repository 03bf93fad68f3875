"""Running an identity at many points, and the record of what that shows.

Two points share each draw of sizes. At one draw of sizes the identity claims that certain quotients of polynomials are
0; should one of them not be, each of its points would overlook that with at most the probability derived in `field`
(plus that of a coincidence in an unknown function, derived in `point`), and both together with the product.

The probability is over the draws: the generators are seeded from the theorem's id and a seed by SHA-256, so a run can be
repeated, and the bound holds for seeds that were not chosen with the formula in view.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from hashlib import sha256
from math import log2
from time import perf_counter
from typing import Any

from derivations.recheck.identities import IDENTITIES
from derivations.recheck.networks import Identity
from derivations.recheck.point import Point, Refused
from derivations.recheck.proven_claims import identity_of, readable

FULL, QUICK = 64, 8
"""Points for each theorem."""
SHARING = 2
"""Points that share one draw of sizes."""
CLAIMS, STATED, CLAIMS_QUICK = 8, 2, 1
"""Points for the claims of each certificate, for those that its argument states, and for all in haste; each point checks
all kinds of layers, all neurons, and all pieces and regions that have numbers."""
MODULAR = "Schwartz-Zippel modulo random primes above 2^60"
EXACT = "exact rationals"
DIGITS = "50 digits"


@dataclass(frozen=True)
class Failure:
    """The first point that refused: number of the point, its sizes, and what did not hold."""

    point: int
    sizes: dict[str, object]
    message: str


@dataclass(frozen=True)
class Evidence:
    """The result of re-evaluating a theorem at random points.

    id : of the theorem. seed : as given to `recheck`.
    method : `MODULAR`, `EXACT`, `DIGITS`, joined by "and"; what is checked on rationals or digits carries no error bound.
    points : points that were evaluated. comparisons : residuals and conditions checked at all of them.
    sizes : the draws of sizes, each shared by two points.
    degree, bits : the greatest numerator of a residual: its degree and the size of its coefficients.
    log2_error : log2 of the probability that an identity which is false at one of these draws of sizes passes, the
        worst of all draws; None without modular residuals.
    log2_error_everywhere : the same for an identity which is false at every draw of sizes: all points multiply.
    seconds : wall time. failure : None if every residual vanished.
    """

    id: str
    seed: int
    method: str
    points: int
    comparisons: int
    sizes: tuple[dict[str, object], ...]
    degree: int
    bits: int
    log2_error: float | None
    log2_error_everywhere: float | None
    seconds: float
    failure: Failure | None


def recheck(identity_id: str, points: int = FULL, seed: int = 0) -> Evidence:
    """Evaluate the identity of a theorem; deterministic for a seed but for the seconds."""
    return evaluate(identity_id, IDENTITIES[identity_id], points, seed)


def recheck_claims(record: dict[str, Any], points: int, seed: int = 0) -> Evidence | None:
    """Evaluate the claims of a certificate as they were proven; None if this route reads none of them."""
    claims = [claim for claim in record["claims"] if readable(claim)]
    return evaluate(f"{record['id']} as proven", identity_of(claims), points, seed) if claims else None


def evaluate(identity_id: str, identity: Identity, points: int, seed: int) -> Evidence:
    """The same for a function that need not stand in the table."""
    start = perf_counter()
    done: list[Point] = []
    failure = None
    while len(done) < points and failure is None:
        number = len(done)
        point = Point(
            _generator(identity_id, seed, "sizes", number // SHARING), _generator(identity_id, seed, "point", number)
        )
        done.append(point)
        try:
            identity(point)
        except Refused as refused:
            failure = Failure(number, point.drawn, str(refused))
        except (ArithmeticError, LookupError, ValueError, TypeError) as error:
            # A formula that cannot even be evaluated (shapes, a denominator 0) is refused, and the others still run.
            failure = Failure(number, point.drawn, f"{type(error).__name__}: {error}")
    modular, exact, close = (sum(getattr(point, kind) for point in done) for kind in ("modular", "exact", "close"))
    worst, together = _errors(done) if modular else (None, None)
    return Evidence(
        id=identity_id,
        seed=seed,
        method=" and ".join([MODULAR] * (modular > 0) + [EXACT] * (exact > 0) + [DIGITS] * (close > 0)),
        points=len(done),
        comparisons=modular + exact + close,
        sizes=tuple(point.drawn for point in done[::SHARING]),
        degree=max((point.degree for point in done), default=0),
        bits=max((point.bits for point in done), default=0),
        log2_error=worst if failure is None else None,
        log2_error_everywhere=together if failure is None else None,
        seconds=perf_counter() - start,
        failure=failure,
    )


def _errors(points: list[Point]) -> tuple[float, float]:
    """log2 of the error bound: at the worst draw of sizes, and of all points together."""
    by_sizes: dict[str, float] = {}
    for point in points:
        key = str(point.drawn)
        # A point without any random residual excludes nothing.
        by_sizes[key] = by_sizes.get(key, 0.0) + (log2(point.error) if point.error else 0.0)
    return max(by_sizes.values()), sum(by_sizes.values())


def _generator(*name: object) -> random.Random:
    return random.Random(int.from_bytes(sha256(repr(name).encode()).digest(), "big"))
