"""I8 to I14: batch norms, relu, means, towers, gates and drop-path against dual numbers through the definitions.

No root is extracted: σ is drawn, and ε = σ² - v is the constant that belongs to it; σ' = v'/(2σ) by σ² = v + ε.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product as choices

from derivations.recheck import norm_statements as claims
from derivations.recheck.dense import Vector, inner, sum_of_products
from derivations.recheck.field import Number, value_of
from derivations.recheck.networks import Identity
from derivations.recheck.planes import batch_norm, epsilon_of, flat, pair, slopes, statistics, tensor, values
from derivations.recheck.point import Point

ONE = Fraction(1)


def _channel(point: Point, at_least: int = 1) -> tuple[list, Number]:
    """A channel's numbers, as (sample, 1 channel, 1 row, columns), and a σ."""
    samples, columns = point.size("samples", at_least, 3), point.size("pixels", at_least, 3)
    return tensor(point.number, samples, 1, 1, columns), point.number()


def i8(point: Point) -> None:
    """Value, all gradients and the free checks; an affine change of x is not seen for ε = 0."""
    x, sigma = _channel(point)
    moving, gamma, beta = point.moving(x), point.moving([point.number()]), point.moving([point.number()])
    y = batch_norm(moving, gamma, beta, [sigma])
    numbers, bars = flat(x), [point.number() for _ in flat(x)]
    mean = statistics(numbers)[0]
    scale, shift = claims.affine(gamma[0].value, beta[0].value, mean, sigma)
    point.equal("y = a x + b", [scale * entry + shift for entry in numbers], flat(values(y)))
    d_gamma, d_beta = claims.norm_gradients(numbers, bars, mean, sigma)
    adjoint = claims.norm_adjoint(numbers, bars, scale, mean, sigma)
    claimed = pair(adjoint, flat(slopes(moving))) + d_gamma * gamma[0].slope + d_beta * beta[0].slope
    point.equal("Σ x̄ x' + γ̄ γ' + β̄ β'", claimed, pair(bars, flat(slopes(y))))
    point.equal("Σ x̄", sum(adjoint), 0)
    hats = [(entry - mean) / sigma for entry in numbers]
    epsilon = epsilon_of(x, 0, sigma)
    point.equal("Σ x̄ x̂", pair(adjoint, hats), claims.hat_sum(scale, d_gamma, epsilon, sigma))
    # α x + δ has the deviation α σ, and so the same y where ε = 0, that is where σ² = v.
    alpha, delta = point.number(), point.number()
    moved = [alpha * entry + delta for entry in numbers]
    a, b = claims.affine(gamma[0].value, beta[0].value, statistics(moved)[0], alpha * sigma)
    point.equal("y(α x + δ)", [a * entry + b for entry in moved], flat(values(y)))
    _rational(point)


def _rational(point: Point) -> None:
    """Half of a channel at μ + δ, half at μ - δ: v = δ², ε = 0, so that all is exact and ⟨x̄, x⟩ = 0."""
    mean, delta = point.rational(), point.positive()
    x = [mean + delta, mean - delta] * point.size("pairs", 1, 3)
    bars = [point.rational() for _ in x]
    scale, _ = claims.affine(point.positive(), ONE, mean, delta)
    point.equal("⟨x̄, x⟩ for ε = 0", sum_of_products(claims.norm_adjoint(x, bars, scale, mean, delta), x), Fraction(0))


def i8_blocks(point: Point) -> None:
    """Two parts against the whole, and the unbiased variance."""
    parts = [[point.number() for _ in range(point.size(f"part {k}", 1, 4))] for k in (1, 2)]

    def counted(numbers: Vector) -> tuple[int, Number, Number]:
        mean, variance = statistics(numbers)
        return len(numbers), mean, len(numbers) * variance

    whole = counted([*parts[0], *parts[1]])
    point.equal("count, mean, squares", claims.merged(counted(parts[0]), counted(parts[1]))[1:], whole[1:])
    old, theta = (point.number(), point.number()), point.number()
    m, u = claims.running(old, theta, whole[1], whole[2], whole[0])
    unbiased = sum((e - whole[1]) * (e - whole[1]) for e in (*parts[0], *parts[1])) / (whole[0] - 1)
    point.equal("m", m - old[0], theta * (whole[1] - old[0]))
    point.equal("u", u - old[1], theta * (unbiased - old[1]))


def i9(point: Point) -> None:
    """Both ways to fold, on one pixel."""
    channels, receivers = point.size("channels", 1, 3), point.size("receivers", 1, 3)
    weights, x = point.matrix(receivers, channels), point.vector(channels)

    def norm(entry: Number, gamma: Number, beta: Number, mean: Number, sigma: Number) -> Number:
        return gamma * (entry - mean) / sigma + beta

    for count, behind in ((receivers, True), (channels, False)):
        settings = [point.vector(4) for _ in range(count)]
        pairs = [claims.affine(*one) for one in settings]
        scale, shift = [a for a, _ in pairs], [b for _, b in pairs]
        if behind:
            z = [inner([row], [x]) for row in weights]
            truth = [norm(entry, *one) for entry, one in zip(z, settings, strict=True)]
            own = [inner([row], [x]) + b for row, b in zip(claims.folded(weights, scale), shift, strict=True)]
        else:
            y = [norm(entry, *one) for entry, one in zip(x, settings, strict=True)]
            truth = [inner([row], [y]) for row in weights]
            matrix, bias = claims.folded_reader(weights, scale, shift)
            own = [inner([row], [x]) + b for row, b in zip(matrix, bias, strict=True)]
        point.equal("behind" if behind else "in front", own, truth)


def i10(point: Point) -> None:
    """Signs chosen, 0 too."""
    scale, x = point.rational(), point.rational()
    for value in (point.positive(), -point.positive(), Fraction(0)):
        shift, bar = value - scale * x, point.rational()
        point.equal(f"relu({value})", claims.taken(x, scale, shift), value if value >= 0 else Fraction(0))
        step = abs(value) / 2 if value else ONE
        slope = (max(value, Fraction(0)) - max(value - step, Fraction(0))) / step  # from the left, as at the kink
        point.equal(f"its adjoint at {value}", claims.given_back(x, scale, shift, bar), bar * slope)


def i11(point: Point) -> None:
    """The mean of moving numbers."""
    x = point.moving(point.vector(point.size("pixels", 1, 6)))
    bar, mean = point.number(), sum(x[1:], x[0]) / len(x)
    point.equal("Σ x̄ x'", pair(claims.mean_adjoint(bar, len(x)), slopes(x)), bar * mean.slope)


def i12(point: Point) -> None:
    """Two towers, one with a share, on moving numbers."""
    samples, channels, classes = point.size("samples", 1, 3), point.size("channels", 1, 3), point.size("classes", 1, 3)
    total, claimed = 0, 0
    for share in (1, point.number()):
        x = point.moving(point.matrix(samples, channels))
        weights, bias = point.moving(point.matrix(classes, channels)), point.moving(point.vector(classes))
        bars = point.matrix(samples, classes)
        for s in range(samples):
            for k in range(classes):
                logit = inner([weights[k]], [x[s]]) + bias[k]
                total = total + share * bars[s][k] * logit.slope
        dx, d_weights, d_bias = claims.tower_gradients(values(weights), values(x), bars, share)
        claimed = claimed + pair(dx, slopes(x)) + pair(d_weights, slopes(weights)) + pair(d_bias, slopes(bias))
    point.equal("all gradients", claimed, total)


def i13(point: Point) -> None:
    """The gate as a moving number in front of an operation that ends in a batch norm; the clamp by cases."""
    channels, pixels = point.size("channels", 1, 3), point.size("pixels", 1, 3)
    hats, bars = point.matrix(channels, pixels), point.matrix(channels, pixels)
    gamma, beta, gate = (
        point.moving(point.vector(channels)),
        point.moving(point.vector(channels)),
        point.moving(point.number()),
    )
    passed = [pair([gate * (gamma[c] * hat + beta[c]) for hat in hats[c]], bars[c]) for c in range(channels)]
    sums = [pair(bars[c], hats[c]) for c in range(channels)], [sum(bars[c]) for c in range(channels)]
    own = claims.gate_slope(values(gamma), values(beta), *sums) * gate.slope
    for c in range(channels):
        own = own + gate.value * (sums[0][c] * gamma[c].slope + sums[1][c] * beta[c].slope)
    point.equal("w̄ and g A, g B", own, sum(passed[1:], passed[0]).slope)
    limit, more = point.positive(), point.positive()
    for weight, truth in (
        (limit + more, limit),
        (-limit - more, -limit),
        (limit / 2, limit / 2),
        (-limit / 3, -limit / 3),
    ):
        point.equal(f"clamped {weight}", claims.clamped(weight, limit), truth)


def i14(point: Point) -> None:
    """Every mask with its probability: the mean is what was given; the adjoint by dual numbers."""
    samples = point.size("samples", 1, 3)
    x, keep = point.moving(point.vector(samples)), point.number()
    mean: Vector = [0] * samples
    for kept in choices((True, False), repeat=samples):
        weight: Number = 1
        for here in kept:
            weight = weight * (keep if here else 1 - keep)
        out = claims.dropped(x, kept, keep)
        mean = [a + weight * value_of(b) for a, b in zip(mean, out, strict=True)]
        bars = point.vector(samples)
        back = claims.dropped(bars, kept, keep)
        point.equal(f"Σ x̄ x', {kept}", pair(back, slopes(x)), pair(bars, slopes(out)))
    point.equal("the mean", mean, values(x))


NORMS: dict[str, Identity] = {
    "I8": i8,
    "I8.blocks": i8_blocks,
    "I9": i9,
    "I10": i10,
    "I11": i11,
    "I12": i12,
    "I13": i13,
    "I14": i14,
}
