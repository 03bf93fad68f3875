"""M18, M19 and M21: what single neurons and weights do, and which of them may go."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from itertools import product as cartesian

from derivations.recheck import dense
from derivations.recheck import neuron_statements as statements
from derivations.recheck import scalar_statements as claims
from derivations.recheck.dense import Function, Vector, sum_of_products
from derivations.recheck.field import Number
from derivations.recheck.networks import Identity
from derivations.recheck.point import MirroredFunction, Point, structure


def m18(point: Point) -> None:
    """Opposite neurons become one, a neuron of one sign none, and a wedge is what an approximate merge leaves."""
    _opposite(point)
    _one_sign(point)
    _mirrors(point)
    size = point.size("box", 1, 3)
    row, lo = [point.rational() for _ in range(size)], [point.rational() for _ in range(size)]
    hi = [entry + point.positive() for entry in lo]
    corners = [sum_of_products(row, corner) for corner in cartesian(*zip(lo, hi, strict=True))]
    point.equal("least and greatest on a box", statements.box_range(row, lo, hi), (min(corners), max(corners)))
    slope = Fraction(point.values.choice((0, 1)), 100)
    a, b = point.rational(), point.rational()
    for first, second in ((a, b), (a, -b), (a, -a), (point.positive(), -point.positive()), (a, Fraction(0))):
        error = sum((_kinked(slope, entry) for entry in (first, second)), -_kinked(slope, first + second))
        point.equal("wedge", Fraction(statements.wedge(slope, first, second)), error)


def _kinked(slope: Fraction, z: Fraction) -> Fraction:
    return max(z, slope * z)


def _with_one_more(point: Point) -> tuple[list[int], list[int], int]:
    """The widths with one neuron more in a hidden layer, without it, and that layer."""
    fewer = point.widths(3, 5)
    layer = point.layer(2, len(fewer) - 1)
    return [width + (i + 1 == layer) for i, width in enumerate(fewer)], fewer, layer


def _opposite(point: Point) -> None:
    widths, fewer, layer = _with_one_more(point)
    neuron = point.size("neuron", 1, widths[layer - 1] - 1) - 1
    twin = point.size("twin", neuron + 2, widths[layer - 1]) - 1
    blocks, (c, parity, linear) = point.all_blocks(widths), point.vector(3)
    for j in range(1, layer):
        blocks[layer, j][twin] = [-c * entry for entry in blocks[layer, j][neuron]]
    f, x = MirroredFunction(point, c, parity, linear), point.matrix(widths[0], 2)
    smaller = statements.joined(blocks, layer, neuron, twin, c, parity, linear)
    truth = dense.forward(blocks, f, x, widths)[1][-1]
    point.equal("opposite rows", dense.forward(smaller, f, x, fewer)[1][-1], truth)


def _one_sign(point: Point) -> None:
    """Exact: a bias moves z of one neuron to one side on all samples; input 1 of layer 1 is the constant 1."""
    widths, fewer, layer = _with_one_more(point)
    neuron, sign = point.size("neuron", 1, widths[layer - 1]) - 1, point.values.choice((1, -1))
    slope = Fraction(point.values.choice((0, 1)), 100)
    blocks = structure(lambda _: point.rational(), point.all_blocks(widths))
    x = [[Fraction(1)] * 3, *([point.rational() for _ in range(3)] for _ in range(widths[0] - 1))]

    def f(z: Fraction) -> Fraction:
        return _kinked(slope, z)

    far = max(abs(z) for z in dense.forward(blocks, f, x, widths)[1][layer - 2][neuron])
    blocks[layer, 1][neuron][0] += sign * far
    smaller = statements.absorbed(blocks, layer, neuron, 1 if sign > 0 else slope)
    truth = dense.forward(blocks, f, x, widths)[1][-1]
    point.equal("z of one sign", dense.forward(smaller, f, x, fewer)[1][-1], truth)


def _mirrors(point: Point) -> None:
    """f(-z) from f(z) for every activation that has such an identity, by the elements that `functions` uses."""
    z, e, cdf = point.number(), point.number(), point.number()
    pairs = {
        "identity": (z, -z),
        "tanh": ((e - 1 / e) / (e + 1 / e), (1 / e - e) / (1 / e + e)),
        "gelu": (z * cdf, -z * (1 - cdf)),
        "swish": (z * e / (e + 1), -z * (1 / e) / (1 / e + 1)),
    }
    for name, (value, other) in pairs.items():
        point.equal(name, statements.mirrored(name, value, z), other)
    for place in (point.rational(), point.positive(), -point.positive(), Fraction(0)):
        for name, slope in (("relu", Fraction(0)), ("leaky_relu", Fraction(1, 100))):
            claimed = statements.mirrored(name, _kinked(slope, place), place)
            point.equal(name, claimed, _kinked(slope, -place))


def m21(point: Point) -> None:
    """Masked weights and moments stay 0, the others step as they would; dead ends go and the output stays."""
    size, steps = point.size("weights", 1, 4), point.size("steps", 1, 3)
    mask = [int(flag) for flag in point.flags("mask", size)]
    gradients = [point.vector(size) for _ in range(steps)]
    start = point.vector(size)
    hyper, root = point.vector(5), point.function(zero_at_zero=True)
    for nesterov in (None, False, True):
        whole = _train(start, gradients, hyper, root, nesterov)
        shown = [statements.masked(gradient, mask) for gradient in gradients]
        half = _train(statements.masked(start, mask), shown, hyper, root, nesterov)
        for kept, state, free in zip(mask, half, whole, strict=True):
            point.equal("a masked weight and its moments", state, free if kept else [0] * len(free))
    _grown(point)
    _dead_ends(point)


def _train(
    start: Vector, gradients: list[Vector], hyper: Vector, root: Function, nesterov: bool | None
) -> list[list[Number]]:
    """Weight and moments of every weight after the steps, with decay; Adam where `nesterov` is None, else SGD."""
    beta1, beta2, rate, epsilon, share = hyper
    states: list[list[Number]] = [[theta, 0, 0] for theta in start]
    for t, gradient in enumerate(gradients, 1):
        for state, g in zip(states, gradient, strict=True):
            theta, m, v = state
            [theta] = claims.decay([theta], share)
            if nesterov is None:
                m, v = claims.adam_moments(m, v, g, beta1, beta2)
                theta = claims.adam_step(theta, *claims.adam_corrected(m, v, beta1, beta2, t), rate, epsilon, root)
            else:
                theta, m = claims.sgd_step(theta, m, g, rate, beta1, nesterov)
            state[:] = theta, m, v
    return states


def _grown(point: Point) -> None:
    """A weight grown with θ = 0, m = 0, v = g² moves by at most the rate in its first step."""
    g, rate, epsilon, r = point.rational(), point.positive(), point.positive(), Fraction(1, point.values.randint(1, 9))
    t, beta1 = point.values.randint(1, 4), Fraction(1, point.values.randint(2, 9))
    m, v = claims.adam_moments(Fraction(0), g * g, g, beta1, 1 - r * r)
    point.equal("v", v, g * g)
    m_hat = claims.adam_corrected(m, v, beta1, 1 - r * r, t)[0]
    # r stands for √(1 - β2^t), so that v̂ = (g/r)² has a rational root.
    moved = claims.adam_step(Fraction(0), m_hat, (g / r) ** 2, rate, epsilon, lambda _: abs(g / r))
    point.holds("the first step is at most the rate", abs(moved) <= rate)


def _dead_ends(point: Point) -> None:
    """A neuron without output goes; one without input is a constant, which a bias takes over."""
    widths = point.widths(3, 5)
    layer = point.layer(2, len(widths) - 1)
    widths[layer - 1] += 1
    point.drawn["widths"] = tuple(widths)
    neuron = point.size("neuron", 1, widths[layer - 1]) - 1
    fewer = [width - (i + 1 == layer) for i, width in enumerate(widths)]
    x = [[1] * 2, *point.matrix(widths[0] - 1, 2)]
    unheard, unfed, f = point.all_blocks(widths), point.all_blocks(widths), point.function()
    for (i, j), block in unheard.items():
        for row in block if j == layer else ():
            row[neuron] = 0
        if i == layer:
            unfed[i, j][neuron] = [entry if (j, k) == (1, 0) else 0 for k, entry in enumerate(block[neuron])]
    truth = dense.forward(unheard, f, x, widths)[1][-1]
    point.equal("without output", dense.forward(statements.without(unheard, layer, neuron), f, x, fewer)[1][-1], truth)
    truth = dense.forward(unfed, f, x, widths)[1][-1]
    smaller = statements.folded(unfed, layer, neuron, f(unfed[layer, 1][neuron][0]))
    point.equal("without input", dense.forward(smaller, f, x, fewer)[1][-1], truth)


def m19(point: Point) -> None:
    """On a line through everything the function bends as often as hyperplanes have a jump, and by as much."""
    inputs, groups = point.size("inputs", 1, 3), point.size("hyperplanes", 1, 4)
    slope = Fraction(point.values.choice((0, 1)), 100)
    planes = [[point.rational() for _ in range(inputs + 1)] for _ in range(groups)]
    for plane in planes:
        if not any(plane[:-1]):
            plane[-2] = point.positive()
    planes += [list(planes[-1])] * point.values.choice((0, 1))  # perhaps one of them twice
    rows, outgoing, factors, owner = [], [], [], []
    for number, plane in enumerate(planes):
        for _ in range(point.values.choice((1, 1, 2))):
            c = point.positive() * point.values.choice((1, -1))
            rows.append([c * entry for entry in plane])
            outgoing.append(point.values.choice((Fraction(0), Fraction(1), Fraction(-1), point.rational())))
            factors.append(c)
            owner.append(number)
    if len(rows) > 1 and point.values.choice((True, False)):
        # A pair whose jumps cancel.
        outgoing[1] = -outgoing[0] * abs(factors[0] / factors[1]) if owner[1] == owner[0] else outgoing[1]
    start, direction = [point.rational() for _ in range(inputs)], [Fraction(1)]
    direction += [Fraction(1, point.values.randint(10**6, 10**7)) for _ in range(inputs - 1)]
    bends = _bends(rows, outgoing, slope, start, direction)
    point.equal("lower bound", Fraction(statements.lower_bound(rows, outgoing)), Fraction(len(bends)))
    for plane in planes:
        here = [m for m, row in enumerate(rows) if _unit(row) == _unit(plane)]
        place = _first(plane)
        scales = [rows[m][place] / plane[place] for m in here]
        jump = statements.gradient_jump(slope, [outgoing[m] for m in here], scales, plane[:-1])
        along = sum_of_products(plane[:-1], direction)
        at = -(sum_of_products(plane[:-1], start) + plane[-1]) / along
        # The line crosses from one side to the other, so its slope changes by ± the jump along it.
        change = sum_of_products(jump, direction) * (1 if along > 0 else -1)
        point.equal("jump of the gradient", Fraction(change), bends.get(at, Fraction(0)))


def _first(row: Vector) -> int:
    """The place of the first entry that is not 0."""
    return min(place for place, entry in enumerate(row) if entry)


def _unit(row: Vector) -> Vector:
    """The multiple of the row whose first entry that is not 0 is 1."""
    return [entry / row[_first(row)] for entry in row]


def _bends(
    rows: list[Vector], outgoing: Vector, slope: Fraction, start: Vector, direction: Vector
) -> dict[Fraction, Fraction]:
    """Place on the line -> change of the slope there, where there is one: from values of the function alone."""
    lines = [(sum_of_products(row[:-1], direction), sum_of_products(row[:-1], start) + row[-1]) for row in rows]

    def value(t: Fraction) -> Fraction:
        pre = [a * t + b for a, b in lines]
        return sum((v * max(z, slope * z) for v, z in zip(outgoing, pre, strict=True)), Fraction(0))

    places = sorted({-b / a for a, b in lines})
    gaps = [right - left for left, right in pairwise(places)]
    near = min(gaps, default=Fraction(1)) / 2
    found = {t: (value(t + near) - 2 * value(t) + value(t - near)) / near for t in places}
    return {t: change for t, change in found.items() if change != 0}


NEURONS: dict[str, Identity] = {"M18": m18, "M19": m19, "M21": m21}
