"""M23 and M24: what keeps the weights of a network, and which of these networks is the smallest."""

from __future__ import annotations

from fractions import Fraction

from derivations.recheck import dense
from derivations.recheck import scale_statements as statements
from derivations.recheck.dense import Vector, inner, sum_of_products
from derivations.recheck.networks import Identity
from derivations.recheck.point import HomogeneousFunction, Point
from derivations.recheck.training import on_sphere


def m23(point: Point) -> None:
    """The eigenvalues of the last layer are free, a common scale multiplies skips, neurons may be rescaled."""
    widths = point.widths(2, 5)
    phi, lam = point.eigenvectors(widths), point.eigenvalues(widths)
    blocks = dense.transfer_blocks(phi, lam)
    # The last layer, and every layer of a layerwise network.
    free = point.vector(widths[-1])
    last = statements.other_eigenvalues(phi[-1], (lam[-2], lam[-1]), (lam[-2], free))
    point.equal("W, other λ^(K)", dense.transfer_blocks([*phi[:-1], last], [*lam[:-1], free]), blocks)
    own = point.vector(widths[0]), point.vector(widths[1])
    alone = statements.other_eigenvalues(phi[0], (lam[0], lam[1]), own)
    truth = dense.layerwise_blocks(phi[:1], [(lam[0], lam[1])])
    point.equal("W, layerwise", dense.layerwise_blocks([alone], [own]), truth)
    # One scale for all.
    s = point.number()
    moved = dense.transfer_blocks(*statements.common_scale(phi, lam, s, point.number()))
    point.equal("W, common scale", moved, statements.scaled_blocks(blocks, s))
    # A scale for each neuron, 1 or c.
    c = point.number()
    scales: list[Vector] = [[1] * width for width in widths]
    for i in range(1, len(widths) - 1):
        scales[i] = [c if scaled else 1 for scaled in point.flags(f"scaled {i + 1}", widths[i])]
    x, f = point.matrix(widths[0], 1), HomogeneousFunction(point, c)
    output = dense.forward(blocks, f, x, widths)[1][-1]
    rescaled = dense.transfer_blocks(statements.neuron_scale(phi, scales), lam)
    point.equal("z_K, rescaled neurons", dense.forward(rescaled, f, x, widths)[1][-1], output)
    # Full column rank leaves nothing free.
    hidden = point.size("hidden", 1, 3)
    tall = [point.size("inputs", 1, 3), hidden, point.size("outputs", hidden, 4)]
    first = point.eigenvectors(tall)
    point.equal("φ^(1)", statements.first_block(dense.transfer_blocks(first, point.eigenvalues(tall))), first[0])


def m24(point: Point) -> None:
    """On exact rationals: no other eigenvalue and no other shift gives a smaller sum of squares."""
    size = point.size("size", 1, 4)
    root = point.positive()
    weights = on_sphere(root * root, [point.rational() for _ in range(size - 1)])
    phi, value = statements.balanced_row(weights, root)
    point.equal("w = -λ φ", [-value * entry for entry in phi], weights)
    point.equal("equal norms", inner([phi], [phi]), value * value)
    least = statements.least_row(root)
    point.equal("least sum", inner([phi], [phi]) + value * value, least)
    other = root + Fraction(point.values.choice((1, -1)), 1000) * root
    point.holds("another λ is worse", inner([weights], [weights]) / other**2 + other**2 > least)
    _output(point)
    # The shift.
    values = [point.rational() for _ in range(size)]
    best, c = statements.centred(values), Fraction(point.values.choice((1, -1)), 1000)
    gaps = [(a - b) - (values[0] - best[0]) for a, b in zip(values, best, strict=True)]
    point.equal("one shift for all", gaps, [Fraction(0)] * size)
    moved = [entry + c for entry in best]
    point.holds("another shift is worse", inner([moved], [moved]) > inner([best], [best]))


def _output(point: Point) -> None:
    """A point where the slope vanishes is the least on the interval between the eigenvalues around it."""
    t, count = point.rational(), point.size("senders", 1, 4)
    senders = [t + point.positive() * point.values.choice((1, -1)) for _ in range(count)]
    squares = [Fraction(point.values.randint(0, 9), 7) for _ in range(count)]
    # One square more makes the slope vanish at t.
    left = statements.slope(squares, senders, t)
    senders.append(t + point.positive() * (-1 if left > 0 else 1))
    squares.append(-left * (senders[-1] - t) ** 3)

    def total(at: Fraction) -> Fraction:
        return sum_of_products(squares, [1 / (value - at) ** 2 for value in senders]) + at * at

    reach = min(abs(value - t) for value in senders)
    for part in (Fraction(1, 1000), Fraction(1, 2), Fraction(9, 10)):
        for step in (part * reach, -part * reach):
            point.holds("another eigenvalue of the output is worse", total(t + step) > total(t))


SCALES: dict[str, Identity] = {"M23": m23, "M24": m24}
