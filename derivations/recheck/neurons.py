"""M18, M19 and M21: what single neurons and weights do, and which of them may go."""

from __future__ import annotations

from fractions import Fraction

from derivations.recheck import dense
from derivations.recheck import neuron_statements as statements
from derivations.recheck import scalar_statements as claims
from derivations.recheck.dense import Function, Vector
from derivations.recheck.field import Number
from derivations.recheck.networks import Identity
from derivations.recheck.point import Point


def m21(point: Point) -> None:
    """Masked weights and moments stay 0, the others step as they would; dead ends go and the output stays."""
    size, steps = point.size("weights", 1, 4), point.size("steps", 1, 3)
    mask = [int(flag) for flag in point.flags("mask", size)]
    gradients = [point.vector(size) for _ in range(steps)]
    start = point.vector(size)
    hyper, root = point.vector(4), point.function(zero_at_zero=True)
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
    """Weight and moments of every weight after the steps; Adam where `nesterov` is None, else SGD."""
    beta1, beta2, rate, epsilon = hyper
    states: list[list[Number]] = [[theta, 0, 0] for theta in start]
    for t, gradient in enumerate(gradients, 1):
        for state, g in zip(states, gradient, strict=True):
            theta, m, v = state
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


NEURONS: dict[str, Identity] = {"M21": m21}
