"""Activations and losses: the claimed derivative against dual numbers.

exp, log and the normal distribution function are elements of a differential field: exp(z) is a fresh variable E with
E' = E z', log t is a fresh L with L' = t'/t, Φ(z) is a fresh C with C' = G z', and its density G has G' = -z G z'. What
holds for such free elements holds for the functions. A free element knows nothing of orders, so the choice of a piece
and everything at a kink is checked on exact rationals.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from derivations.recheck import scalar_statements as claims
from derivations.recheck.dense import Matrix, Vector, inner
from derivations.recheck.field import Dual, Number, power, slope_of, value_of
from derivations.recheck.networks import Identity
from derivations.recheck.point import Point, structure

Piecewise = Callable[[Fraction], Fraction]
KINKS = (Fraction(-1), Fraction(0), Fraction(1), Fraction(-1, 1000), Fraction(1, 1000))


def exp(point: Point, z: Number) -> Dual:
    """A fresh E with E' = E z'."""
    e = point.number()
    return Dual(e, e * slope_of(z))


def log(point: Point, t: Number) -> Dual:
    """A fresh L with L' = t'/t."""
    return Dual(point.number(), slope_of(t) / value_of(t))


def variable(point: Point) -> Dual:
    """z with z' = 1."""
    return Dual(point.number(), 1)


def _activation(point: Point, claimed: tuple[Number, Number], truth: Dual) -> None:
    point.equal("f(z)", claimed[0], truth.value)
    point.equal("f'(z)", claimed[1], truth.slope)


def f_identity(point: Point) -> None:
    """f(z) = z, f'(z) = 1, f(0) = 0."""
    z = variable(point)
    _activation(point, claims.identity(z.value), z)
    point.equal("f(0)", claims.identity(0)[0], 0)


def _kinked(point: Point, claimed: Callable[[int, Fraction], tuple[Number, Number]], truth: Piecewise) -> None:
    """f, and f' as the quotient of differences to the left, which is exact within a straight piece."""
    for z in (*KINKS, point.rational(), point.positive(), -point.positive()):
        left = abs(z) / 2 if z else Fraction(1)
        value, slope = claimed(claims.sign_of(z), z)
        point.equal(f"f({z})", value, truth(z))
        point.equal(f"f'({z})", slope, (truth(z) - truth(z - left)) / left)


def f_relu(point: Point) -> None:
    """f(z) = max(z, 0); f' is the derivative from the left, so f'(0) = 0."""
    _kinked(point, claims.relu, lambda z: max(z, Fraction(0)))


def f_leaky_relu(point: Point) -> None:
    """f(z) = max(z, z/100); f'(0) = 1/100, from the left."""
    _kinked(point, claims.leaky_relu, lambda z: max(z, z / 100))


def f_elu(point: Point) -> None:
    """f(z) = z above 0, exp(z) - 1 below; continuous, and f'(0) = exp(0) = 1 from both sides."""
    z = variable(point)
    e = exp(point, z)
    _activation(point, claims.elu(-1, z.value, e.value), e - 1)
    _activation(point, claims.elu(1, z.value, e.value), z)
    for piece in (-1, 0, 1):
        point.equal(f"piece {piece} at 0", claims.elu(piece, Fraction(0), Fraction(1)), (0, 1))
    # At 0 itself it is the left piece: there exp(z) counts, and z does not.
    point.equal("the piece at 0", claims.elu(0, z.value, e.value), claims.elu(-1, z.value, e.value))


def f_tanh(point: Point) -> None:
    """f = (e^z - e^-z)/(e^z + e^-z) and its derivative, by e^(2z) for z <= 0 and e^(-2z) for z > 0."""
    e = exp(point, variable(point))
    truth = (e - 1 / e) / (e + 1 / e)
    _activation(point, claims.tanh(-1, (e * e).value), truth)
    _activation(point, claims.tanh(1, (1 / (e * e)).value), truth)
    for sign in (-1, 0, 1):
        point.equal(f"f(0) by piece {sign}", claims.tanh(sign, Fraction(1)), (0, 1))
    point.equal("the piece at 0", claims.tanh(0, (e * e).value), claims.tanh(-1, (e * e).value))


def f_sigmoid(point: Point) -> None:
    """f = e^z/(e^z + 1) and its derivative, by e^z for z <= 0 and e^-z for z > 0; f(0) = 1/2."""
    e = exp(point, variable(point))
    _activation(point, claims.sigmoid(-1, e.value), e / (e + 1))
    _activation(point, claims.sigmoid(1, (1 / e).value), e / (e + 1))
    for sign in (-1, 0, 1):
        point.equal(f"f(0) by piece {sign}", claims.sigmoid(sign, Fraction(1)), (Fraction(1, 2), Fraction(1, 4)))
    point.equal("the piece at 0", claims.sigmoid(0, e.value), claims.sigmoid(-1, e.value))


def f_gelu(point: Point) -> None:
    """f = z Φ(z), f' = Φ(z) + z φ(z), f(0) = 0."""
    z = variable(point)
    density = point.number()
    cdf = Dual(point.number(), density * z.slope)
    _activation(point, claims.gelu(z.value, cdf.value, density), z * cdf)
    point.equal("f(0)", claims.gelu(0, Fraction(1, 2), point.positive())[0], 0)


def f_swish(point: Point) -> None:
    """f = z e^z/(e^z + 1) and its derivative, by e^z for z <= 0 and e^-z for z > 0; f(0) = 0."""
    z = variable(point)
    e = exp(point, z)
    _activation(point, claims.swish(-1, z.value, e.value), z * e / (e + 1))
    _activation(point, claims.swish(1, z.value, (1 / e).value), z * e / (e + 1))
    for sign in (-1, 0, 1):
        point.equal(f"f(0) by piece {sign}", claims.swish(sign, Fraction(0), Fraction(1)), (0, Fraction(1, 2)))
    point.equal("the piece at 0", claims.swish(0, z.value, e.value), claims.swish(-1, z.value, e.value))


# --- losses: the weighted mean by its definition, and its change in a random direction --------------------------------


def _batch(point: Point) -> tuple[Matrix, Matrix, Vector]:
    """Moving outputs z, targets y and sample weights."""
    samples, outputs = point.size("batch", 1, 3), point.size("outputs", 1, 4)
    return point.moving(point.matrix(samples, outputs)), point.matrix(samples, outputs), point.vector(samples)


def _weighted_mean(terms: Matrix, weight: Vector, divisor: int) -> Number:
    total: Number = 0
    for w, row in zip(weight, terms, strict=True):
        total = total + w * sum(row) / divisor
    return total / sum(weight)


def _loss(point: Point, claimed: tuple[Number, Matrix], z: Matrix, truth: Number) -> None:
    point.equal("ℓ", claimed[0], value_of(truth))
    point.equal("dℓ", inner(claimed[1], structure(slope_of, z)), slope_of(truth))


def l_squared_error(point: Point) -> None:
    """The weighted mean over samples and outputs of (z - y)²."""
    z, y, weight = _batch(point)
    terms = [[(a - b) * (a - b) for a, b in zip(*rows, strict=True)] for rows in zip(z, y, strict=True)]
    _loss(point, claims.squared_error(structure(value_of, z), y, weight), z, _weighted_mean(terms, weight, len(z[0])))


def l_cross_entropy(point: Point) -> None:
    """The weighted mean over samples of log Σ exp(z) - (1 - ε) z_label - ε mean(z); the shifted sum is the same sum."""
    (z, _, weight), smoothing = _batch(point), point.number()
    label = [point.size(f"label {s}", 0, len(row) - 1) for s, row in enumerate(z)]
    exps = [[exp(point, entry) for entry in row] for row in z]
    logs = [log(point, sum(row)) for row in exps]
    terms = [[logs[s] - (1 - smoothing) * z[s][label[s]] - smoothing * sum(row) / len(row)] for s, row in enumerate(z)]
    plain_z, plain_exps, plain_logs = structure(value_of, (z, exps, logs))
    claimed = claims.cross_entropy(plain_z, plain_exps, plain_logs, label, weight, smoothing)
    _loss(point, claimed, z, _weighted_mean(terms, weight, 1))
    for row in plain_exps:
        for peak in range(len(row)):
            point.equal("exp of the shifted log-sum", claims.shifted_sum(row, peak), sum(row))


def l_huber(point: Point) -> None:
    """The weighted mean over samples and outputs of ∫_0^r clip(t, -1, 1) dt, r = z - y."""
    samples, outputs = point.size("batch", 1, 3), point.size("outputs", 1, 4)
    y = [[point.rational() for _ in range(outputs)] for _ in range(samples)]
    weight = [point.positive() for _ in range(samples)]
    chosen = (*KINKS, point.rational(), point.positive(), -point.positive())
    for r in chosen:
        z = [
            [b + (r if (s, h) == (0, 0) else point.rational(-3, 3)) for h, b in enumerate(y[s])] for s in range(samples)
        ]
        moving = structure(lambda entry: Dual(entry, point.rational()), z)
        terms = [[_huber(a - b) for a, b in zip(*rows, strict=True)] for rows in zip(moving, y, strict=True)]
        _loss(point, claims.huber(z, y, weight), moving, _weighted_mean(terms, weight, outputs))


def _huber(r: Dual) -> Dual:
    """½ m² + (|r| - m), m = min(|r|, 1): up to 1 the integrand is t, beyond it is 1."""
    size = r if r.value >= 0 else -r
    m = size if size.value <= 1 else Dual(Fraction(1), Fraction(0))
    return m * m / 2 + (size - m)


def l_poisson(point: Point) -> None:
    """The weighted mean over samples and outputs of exp(z) - y z."""
    z, y, weight = _batch(point)
    exps = [[exp(point, entry) for entry in row] for row in z]
    terms = [[e - b * a for a, e, b in zip(*rows, strict=True)] for rows in zip(z, exps, y, strict=True)]
    claimed = claims.poisson(structure(value_of, z), structure(value_of, exps), y, weight)
    _loss(point, claimed, z, _weighted_mean(terms, weight, len(z[0])))


def l_binary_cross_entropy(point: Point) -> None:
    """The weighted mean over samples and outputs of -y log σ(z) - (1-y) log(1-σ(z)) = log(1+exp(z)) - y z.

    log σ = log E - log(1+E) = z - log(1+E), log(1-σ) = -log(1+E); the stable form is compared after exp.
    """
    z, y, weight = _batch(point)
    exps = [[exp(point, entry) for entry in row] for row in z]
    logs = [[log(point, 1 + e) for e in row] for row in exps]
    terms = [
        [-(b * (a - log)) + (1 - b) * log for a, log, b in zip(*rows, strict=True)]
        for rows in zip(z, logs, y, strict=True)
    ]
    plain_z, plain_exps, plain_logs = structure(value_of, (z, exps, logs))
    claimed = claims.binary_cross_entropy(plain_z, plain_exps, plain_logs, y, weight)
    _loss(point, claimed, z, _weighted_mean(terms, weight, len(z[0])))
    for place in (*KINKS, point.positive(), -point.positive()):
        _stable(point, place)


def _stable(point: Point, z: Fraction) -> None:
    """exp(m) (1 + exp(a)) = 1 + exp(z), where m and a are whole multiples of z; exp(a) never overflows."""
    m, a = claims.stable_softplus(z)
    point.holds(f"the exponent {a} is not above 0", a <= 0)
    if z == 0:
        point.equal("the stable form at 0", (m, a), (z, z))
    else:
        e = point.number()
        point.equal(f"exp of the stable form at {z}", _whole_power(e, m / z) * (1 + _whole_power(e, a / z)), 1 + e)


def _whole_power(e: Number, exponent: Fraction) -> Number:
    """exp(n z) = E^n for a whole number n; ValueError for any other, which no relation of E expresses."""
    if exponent.denominator != 1:
        raise ValueError(f"the exponent {exponent} z is no whole multiple of z")
    return power(e, int(exponent)) if exponent >= 0 else 1 / power(e, -int(exponent))


FUNCTIONS: dict[str, Identity] = {
    "F.identity": f_identity,
    "F.relu": f_relu,
    "F.leaky_relu": f_leaky_relu,
    "F.elu": f_elu,
    "F.tanh": f_tanh,
    "F.sigmoid": f_sigmoid,
    "F.gelu": f_gelu,
    "F.swish": f_swish,
    "L.squared_error": l_squared_error,
    "L.cross_entropy": l_cross_entropy,
    "L.huber": l_huber,
    "L.poisson": l_poisson,
    "L.binary_cross_entropy": l_binary_cross_entropy,
}
